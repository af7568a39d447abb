//! Which Vault or `OpenBao` is asked, as whom, and for what?

use schemars::JsonSchema;
use url::Url;

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::section::{Noted, Privacy, Reading, Section, Wanted};
use super::super::word::words;
use super::spelling;
use crate::policy::finding::span::Span;
use crate::secret::Secret;

/// A dynamic secret of Vault or `OpenBao`.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Vault {
    /// Where it is.
    #[schemars(with = "String")]
    pub url: Url,
    /// The namespace.
    pub namespace: Option<String>,
    /// What the gateway signs in with: a token, or `role_id` and `secret_id` of an `AppRole`.
    pub token: Option<Secret>,
    /// The name of the `AppRole`.
    pub role_id: Option<String>,
    /// The secret that goes with it.
    pub secret_id: Option<Secret>,
    /// Where the `AppRole` engine is mounted.
    #[schemars(extend("default" = "approle"))]
    pub login: String,
    /// What is asked for, without `v1/`: `database/creds/{scope}`. `{scope}` is what the rule names.
    pub path: String,
    /// How: `read` it, or `write` to it with the time it is to live as `ttl`.
    #[schemars(extend("default" = "read"))]
    pub method: Method,
    /// What rules may name, where `path` has `{scope}`.
    #[schemars(extend("default" = []))]
    pub scopes: Vec<String>,
    /// Which field of the answer is the credential where it is one text. Every field is a part under its own name.
    #[schemars(extend("default" = "value"))]
    pub value: String,
    /// Fields that are no secrets.
    #[schemars(extend("default" = ["username", "access_key"]))]
    pub open: Vec<String>,
    /// How long what is read lives, where that is longer than what rules ask for. It is taken back before.
    pub lifetime: Option<Span>,
    /// How long an answer may take, 30 s at most.
    #[schemars(extend("default" = "10s"))]
    pub timeout: Period,
    /// Lets private addresses through for this provider.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// How a secret is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By reading.
    Read,
    /// By writing how long it is to live.
    Write,
}

/// What stands in a path for what the rule names.
pub const HOLE: &str = "{scope}";

const PATH: Wanted = Wanted("a path without `v1/`, of letters, digits and `-_./`", "database/creds/{scope}");
const NAME: Wanted = Wanted("a text", "token");

impl Vault {
    pub(in crate::config) fn read(section: &Section<'_>) -> Reading<Self> {
        let url = spelling::address(section, "https://vault.example.com:8200");
        let namespace = section.optional("namespace", Wanted("a namespace", "team/orders"), path);
        let token = spelling::secret(section, "token");
        let role_id = section.optional("role_id", NAME, spelling::name);
        let secret_id = spelling::secret(section, "secret_id");
        let login = section.parsed("login", Wanted("the path of a mount", "approle"), "approle", path);
        let path = section.required("path", PATH, |text| path(&text.replace(HOLE, "scope")).map(|_| text.to_owned()));
        let method = section.word("method", Method::Read);
        let scopes = segments(section);
        let value = section.parsed("value", NAME, "value", spelling::name);
        let open = section.texts("open", &["username", "access_key"], Privacy::Open);
        let lifetime = spelling::lifetime(section);
        let timeout = spelling::timeout(section);
        let allow_private = section.truth("allow_private");
        let read = Self {
            url: url?,
            namespace: namespace?,
            token: token?,
            role_id: role_id?,
            secret_id: secret_id?,
            login: login?,
            path: path?,
            method: method?,
            scopes: scopes?,
            value: value?,
            open: open?.into_iter().map(|given| given.text).collect(),
            lifetime: lifetime?,
            timeout: timeout?,
            allow_private: allow_private?,
        };
        read.check(section).map(|()| read)
    }

    fn check(&self, section: &Section<'_>) -> Reading<()> {
        let fault = |what: &str, next| Err::<(), Noted>(section.fault(what.to_owned(), next));
        match (&self.token, &self.role_id, &self.secret_id) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            _ => {
                return fault("nothing says how to sign in", "add `token`, or `role_id` and `secret_id`, and not both");
            }
        }
        if self.url.path() != "/" || self.url.query().is_some() {
            return fault("`url` has a path or a query", "write the address alone, and what is asked for as `path`");
        }
        match (self.path.contains(HOLE), self.scopes.is_empty()) {
            (true, true) => fault("nothing can stand in the place of `{scope}`", "list `scopes` that rules may name"),
            (false, false) => {
                fault("`scopes` are listed and used nowhere", "put `{scope}` into `path`, or take them away")
            }
            _ => Ok(()),
        }
    }
}

/// One path of plain segments.
fn path(text: &str) -> Option<String> {
    let segment = |part: &str| !matches!(part, "" | "." | "..") && plain(part);
    (text.len() <= 512 && text.split('/').all(segment) && !text.starts_with("v1/")).then(|| text.to_owned())
}

fn plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Words that are one segment each.
fn segments(section: &Section<'_>) -> Reading<Vec<String>> {
    let scopes = spelling::scopes(section)?;
    match scopes.iter().find(|scope| path(scope).is_none() || scope.contains('/')) {
        None => Ok(scopes),
        Some(scope) => {
            let at = section.node("scopes").map_or_else(|| section.at().clone(), |node| node.at.clone());
            let what = format!("`{scope}` cannot stand in a path");
            Err(section.note(&at, what, "write letters, digits and `-_.`".to_owned(), Subject::Shown))
        }
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("host", &self.url.host_str()).field("path", &self.path).finish_non_exhaustive()
    }
}

words!(Method: "read" => Read, "write" => Write);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::alone;

    const LEAST: &str = "url = \"https://vault.example.com:8200\"\ntoken = \"hvs.4711hush4711\"\n";

    #[test]
    fn what_is_written_is_read() {
        let text = format!("{LEAST}path = \"database/creds/{{scope}}\"\nscopes = [\"readonly\"]");
        let read = alone(&text, Vault::read).unwrap();
        assert_eq!((read.path.as_str(), read.method), ("database/creds/{scope}", Method::Read));
        assert!(!format!("{read:?}").contains("hush"));
        for (text, why) in [
            (format!("{LEAST}path = \"../sys/x\""), "path"),
            (format!("{LEAST}path = \"v1/a\""), "v1/"),
            (format!("{LEAST}path = \"a?b\""), "path"),
            (format!("{LEAST}path = \"a/{{scope}}\""), "list `scopes`"),
            (format!("{LEAST}path = \"a\"\nscopes = [\"x\"]"), "used nowhere"),
            (format!("{LEAST}path = \"a/{{scope}}\"\nscopes = [\"..\"]"), "cannot stand"),
            (format!("{LEAST}path = \"a/{{scope}}\"\nscopes = [\"a/b\"]"), "cannot stand"),
            (format!("{LEAST}path = \"a\"\nrole_id = \"x\""), "how to sign in"),
            ("url = \"https://v.example.com\"\npath = \"a\"".to_owned(), "how to sign in"),
            (
                "url = \"https://v.example.com/v1\"\ntoken = \"hvs.hush4711x\"\npath = \"a\"".to_owned(),
                "path or a query",
            ),
        ] {
            let told = alone(&text, Vault::read).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
