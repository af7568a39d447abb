//! Whose tokens are believed, and which claim says what?

use schemars::JsonSchema;
use url::Url;

use super::measure::Period;

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
