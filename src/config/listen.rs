//! Where do clients connect, and who may?

use std::collections::BTreeSet;
use std::net::SocketAddr;

use schemars::JsonSchema;
use url::Url;

use super::fault::Subject;
use super::section::{Given, Noted, Privacy, Reading, Section, Wanted};
use super::word::{Word as _, words};

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

impl Http {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let address = Wanted("an address and a port", "127.0.0.1:4180");
        let listen = section.parsed("listen", address, address.1, |text| text.parse::<SocketAddr>().ok());
        let public_url = public_url(section, listen.ok());
        let allowed_hosts = section.texts("allowed_hosts", &[], Privacy::Open).and_then(|all| hosts(section, all));
        let allowed_origins =
            section.texts("allowed_origins", &[], Privacy::Open).and_then(|all| origins(section, all));
        let accept = section.texts("accept", &["keys"], Privacy::Open).and_then(|all| accept(section, &all));
        let minimum_protocol = section.word("minimum_protocol", Revision::Of20241105);
        section.close();
        Ok(Self {
            listen: listen?,
            public_url: public_url?,
            allowed_hosts: allowed_hosts?,
            allowed_origins: allowed_origins?,
            accept: accept?,
            minimum_protocol: minimum_protocol?,
        })
    }
}

fn public_url(section: &Section<'_>, listen: Option<SocketAddr>) -> Reading<Url> {
    let wanted = Wanted("an http or https address without path, user, query or fragment", "https://gw.example.com");
    if let Some(url) = section.optional("public_url", wanted, base)? {
        return Ok(url);
    }
    let url = base(&format!("http://{}", listen.ok_or(Noted)?)).ok_or(Noted)?;
    section.derived("public_url", url.as_str());
    Ok(url)
}

fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

/// Host names as they are compared later: small letters, no port.
fn hosts(section: &Section<'_>, all: Vec<Given>) -> Reading<Vec<String>> {
    let host = |given: Given| match url::Host::parse(&given.text) {
        Ok(host) => Ok(host.to_string()),
        Err(_) => Err(section.bad(&given, Wanted("a host name without port", "gw.example.com"), Subject::Shown)),
    };
    all.into_iter().map(host).collect::<Vec<_>>().into_iter().collect()
}

/// Origins as browsers write them.
fn origins(section: &Section<'_>, all: Vec<Given>) -> Reading<Vec<String>> {
    let origin = |given: Given| match base(&given.text) {
        Some(url) => Ok(url.origin().ascii_serialization()),
        None => Err(section.bad(&given, Wanted("an origin", "https://app.example.com"), Subject::Shown)),
    };
    all.into_iter().map(origin).collect::<Vec<_>>().into_iter().collect()
}

fn accept(section: &Section<'_>, all: &[Given]) -> Reading<Accept> {
    const WANTED: Wanted = Wanted("one of `keys`, `tokens` or `anyone`", "keys");
    let mut kinds = BTreeSet::new();
    let mut anyone = None;
    let mut wrong = None;
    for given in all {
        match ProofKind::of(&given.text) {
            Some(kind) => drop(kinds.insert(kind)),
            None if given.text == "anyone" => anyone = Some(given),
            None => wrong = Some(section.bad(given, WANTED, Subject::Shown)),
        }
    }
    match (wrong, anyone) {
        (Some(noted), _) => Err(noted),
        (None, Some(given)) if !kinds.is_empty() => Err(section.note(
            &given.at,
            "`anyone` beside proofs would make the proofs idle".to_owned(),
            "write `accept = [\"anyone\"]` alone, or leave `anyone` out".to_owned(),
            Subject::Shown,
        )),
        (None, Some(_)) => Ok(Accept::Anyone),
        (None, None) if kinds.is_empty() => {
            Err(section.fault(format!("[{}] accepts nobody", section.name()), "write `accept = [\"keys\"]`"))
        }
        (None, None) => Ok(Accept::Proofs(kinds)),
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
