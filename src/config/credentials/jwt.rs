//! For whom does the gateway sign tokens itself?

use schemars::JsonSchema;

use super::super::measure::Period;
use super::super::section::{Reading, Section, Wanted};
use super::spelling;

/// Tokens the gateway signs, one for each call.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Jwt {
    /// For whom the tokens are, as their `aud` says it.
    pub audience: String,
    /// Who signs, as their `iss` says it. Default: `http.public_url`. The keys are served at `/.well-known/jwks.json`.
    pub issuer: Option<String>,
    /// What rules may ask for. Empty: the tokens name no scope.
    #[schemars(extend("default" = []))]
    pub scopes: Vec<String>,
    /// After so long another key signs, an hour at least; the shortest of all providers counts. It is published as long
    /// before.
    #[schemars(extend("default" = "7d"))]
    pub rotate: Period,
}

impl Jwt {
    pub(in crate::config) fn read(section: &Section<'_>) -> Reading<Self> {
        let audience = section.required("audience", Wanted("a text", "https://orders.example.com"), spelling::name);
        let issuer = spelling::issuer(section, "issuer");
        let scopes = spelling::scopes(section);
        let rotate = section.parsed("rotate", Wanted("a time of at least an hour", "7d"), "7d", |text| {
            Period::parse(text).filter(|period| period.duration().as_secs() >= 3600)
        });
        Ok(Self { audience: audience?, issuer: issuer?, scopes: scopes?, rotate: rotate? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::alone;

    #[test]
    fn what_is_written_is_read() {
        let read = alone("audience = \"https://orders.example.com\"", Jwt::read).unwrap();
        assert_eq!((read.issuer, read.scopes, read.rotate.to_string().as_str()), (None, Vec::new(), "7d"));
        let text = "audience = \"orders\"\nissuer = \"https://gw.example.com\"\nscopes = [\"read\", \"write\"]\nrotate = \"1d\"";
        let read = alone(text, Jwt::read).unwrap();
        assert_eq!(read.issuer.as_deref(), Some("https://gw.example.com"));
        assert_eq!(read.scopes, ["read", "write"]);
        for (text, why) in [
            ("", "audience"),
            ("audience = \"\"", "is not a text"),
            ("audience = \"a\"\nissuer = \"gw\"", "https"),
            ("audience = \"a\"\nscopes = [\"a b\"]", "scope"),
            ("audience = \"a\"\nscopes = [\"a\", \"a\"]", "twice"),
            ("audience = \"a\"\nrotate = \"5m\"", "hour"),
        ] {
            let told = alone(text, Jwt::read).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
