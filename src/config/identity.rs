//! Whose tokens are believed, and which claim says what?

use schemars::JsonSchema;
use url::Url;

use super::measure::Period;
use super::section::{Reading, Section, Wanted};

/// Who vouches for callers.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Identity {
    /// Issuers whose tokens are believed.
    #[schemars(extend("default" = []))]
    pub issuers: Vec<Issuer>,
}

/// One issuer of tokens.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Issuer {
    /// Exactly as it stands in the token's `iss`.
    pub issuer: String,
    /// What the token's `aud` must name. Default: `http.public_url`.
    #[schemars(with = "Option<String>")]
    pub audience: String,
    /// Where its signing keys are. Default: by discovery from the issuer.
    #[schemars(with = "Option<String>")]
    pub jwks_uri: Option<Url>,
    /// Lets plain http and private addresses through for this issuer.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
    /// Which claim says what.
    #[schemars(with = "Option<Claims>")]
    pub claims: Claims,
    /// How far its clock may be from ours.
    #[schemars(extend("default" = "60s"))]
    pub clock_skew: Period,
}

/// Names of claims.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Claims {
    /// Names the caller for good.
    #[schemars(extend("default" = "sub"))]
    pub principal: String,
    /// Names the person behind it.
    #[schemars(extend("default" = "email"))]
    pub user: String,
    /// The person's name, for people to read.
    #[schemars(extend("default" = "name"))]
    pub name: String,
    /// The groups it is in.
    #[schemars(extend("default" = "groups"))]
    pub groups: String,
    /// The software acting.
    #[schemars(extend("default" = "azp"))]
    pub agent: String,
}

impl Identity {
    /// `public_url` is the audience where an issuer names none.
    pub(super) fn read(section: &Section<'_>, public_url: Option<&Url>) -> Reading<Self> {
        let issuers = section.tables("issuers");
        section.close();
        let issuers: Vec<Reading<Issuer>> =
            issuers?.into_iter().map(|issuer| Issuer::read(&issuer, public_url)).collect();
        Ok(Self { issuers: issuers.into_iter().collect::<Reading<_>>()? })
    }
}

impl Issuer {
    fn read(section: &Section<'_>, public_url: Option<&Url>) -> Reading<Self> {
        let address = Wanted("an https address", "https://login.example.com");
        let is_url = |text: &str| Url::parse(text).is_ok_and(|url| url.has_host());
        let issuer = section.required("issuer", address, |text| is_url(text).then(|| text.to_owned()));
        let audience = section.optional("audience", Wanted("a text", "https://gw.example.com"), |text| {
            (!text.is_empty()).then(|| text.to_owned())
        });
        let audience = audience.and_then(|audience| match (audience, public_url) {
            (Some(audience), _) => Ok(audience),
            (None, Some(url)) => {
                let url = url.as_str().trim_end_matches('/');
                section.derived("audience", url);
                Ok(url.to_owned())
            }
            (None, None) => {
                Err(section.missing("audience", Wanted("what its tokens must name", "https://gw.example.com")))
            }
        });
        let jwks_uri = section.optional("jwks_uri", address, |text| Url::parse(text).ok().filter(Url::has_host));
        let allow_private = section.truth("allow_private");
        let claims = section.table("claims").and_then(|section| Claims::read(&section));
        let clock_skew = section.parsed("clock_skew", Wanted("a time with its unit", "60s"), "60s", Period::parse);
        section.close();
        Ok(Self {
            issuer: issuer?,
            audience: audience?,
            jwks_uri: jwks_uri?,
            allow_private: allow_private?,
            claims: claims?,
            clock_skew: clock_skew?,
        })
    }
}

impl Claims {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let principal = section.text("principal", "sub");
        let user = section.text("user", "email");
        let name = section.text("name", "name");
        let groups = section.text("groups", "groups");
        let agent = section.text("agent", "azp");
        section.close();
        Ok(Self { principal: principal?, user: user?, name: name?, groups: groups?, agent: agent? })
    }
}
