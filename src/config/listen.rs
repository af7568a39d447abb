//! Where do clients connect, and who may?

use std::collections::BTreeSet;
use std::net::SocketAddr;

use schemars::JsonSchema;
use url::Url;

use super::word::words;

/// The HTTP listener. Without this section there is none.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Http {
    /// Address and port to listen on.
    #[schemars(with = "String", extend("default" = "127.0.0.1:4180"))]
    pub listen: SocketAddr,
    /// How clients reach this gateway: the audience of tokens and the base of metadata. Default: `http://` and the
    /// listen address.
    #[schemars(with = "Option<String>")]
    pub public_url: Url,
    /// Host names a request may carry, besides loopback names and the host of `public_url`.
    #[schemars(extend("default" = []))]
    pub allowed_hosts: Vec<String>,
    /// Origins browsers may call from. Empty: browsers from elsewhere are refused; loopback origins are allowed on
    /// loopback listeners.
    #[schemars(extend("default" = []))]
    pub allowed_origins: Vec<String>,
    /// What a caller may prove itself with.
    #[schemars(extend("default" = ["keys"]))]
    pub accept: Accept,
    /// The oldest protocol revision that is still spoken.
    #[schemars(extend("default" = "2024-11-05"))]
    pub minimum_protocol: Revision,
}

/// What a caller must prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accept {
    /// One of these.
    Proofs(BTreeSet<ProofKind>),
    /// Nothing. Only on a loopback address.
    Anyone,
}

/// A kind of proof the listener takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofKind {
    /// API keys made by `countersign keys`.
    Keys,
    /// Bearer tokens of the issuers under `[identity]`.
    Tokens,
}

/// A published revision of the protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the dates; see `as_str`")]
pub enum Revision {
    Of20241105,
    Of20250326,
    Of20250618,
    Of20251125,
    Of20260728,
}

impl Accept {
    /// Whether API keys are taken.
    pub fn keys(&self) -> bool {
        matches!(self, Self::Proofs(kinds) if kinds.contains(&ProofKind::Keys))
    }

    /// Whether bearer tokens are taken.
    pub fn tokens(&self) -> bool {
        matches!(self, Self::Proofs(kinds) if kinds.contains(&ProofKind::Tokens))
    }
}

words!(ProofKind: "keys" => Keys, "tokens" => Tokens);
words!(Revision:
    "2024-11-05" => Of20241105,
    "2025-03-26" => Of20250326,
    "2025-06-18" => Of20250618,
    "2025-11-25" => Of20251125,
    "2026-07-28" => Of20260728,
);

impl JsonSchema for Accept {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Accept".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string", "enum": ["keys", "tokens", "anyone"] },
            "minItems": 1,
        })
    }
}
