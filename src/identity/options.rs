//! Which proofs does a listener take, and whose?

use std::time::Duration;

use url::Url;

use super::claims::ClaimNames;
use super::discovery::Reach;

/// What a listener takes for a proof.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which proofs are taken.
    pub accept: Accept,
    /// Whose tokens are believed.
    pub issuers: Vec<IssuerOptions>,
    /// How clients reach this gateway.
    pub public_url: Url,
    /// Scopes every token must carry; usually none.
    pub scopes: Vec<String>,
}

/// Which proofs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// No proof is asked for, and none is looked at. For loopback listeners only; the configuration sees to that.
    Anyone,
    /// API keys.
    Keys,
    /// Bearer tokens.
    Tokens,
    /// Both.
    KeysAndTokens,
}

impl Accept {
    /// Whether API keys are taken.
    pub const fn keys(self) -> bool {
        matches!(self, Self::Keys | Self::KeysAndTokens)
    }

    /// Whether bearer tokens are taken.
    pub const fn tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::KeysAndTokens)
    }
}

/// One issuer whose tokens are believed.
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// Exactly as in the `iss` of its tokens.
    pub issuer: String,
    /// What it calls this gateway, besides our own addresses.
    pub audience: String,
    /// Where its keys are; by discovery when nothing is said.
    pub jwks_uri: Option<Url>,
    /// Where it may be.
    pub reach: Reach,
    /// Which claim says what.
    pub claims: ClaimNames,
    /// How far its clock may be from ours.
    pub clock_skew: Duration,
}

/// Options that cannot work together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    /// Tokens without anybody to sign them.
    #[error(
        "tokens are accepted but no issuer is configured; add [[identity.issuers]] or take tokens out of http.accept"
    )]
    NoIssuer,
    /// An issuer that is no plain address.
    #[error("the issuer `{0}` is not an address without query and fragment; write it as in the `iss` of its tokens")]
    Issuer(String),
    /// An issuer that stands twice.
    #[error("the issuer `{0}` is configured twice; keep one")]
    Twice(String),
    /// Nothing to fetch an issuer's keys with.
    #[error("issuers cannot be asked for their keys: {0}; look at this machine's certificates")]
    Client(String),
}
