//! Which servers hold the tools, and how are they reached?

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use url::Url;

use super::measure::Period;
use super::secret::Secret;
use super::word::words;

/// One server.
#[derive(Clone, JsonSchema)]
pub struct Server {
    /// The table's name.
    #[schemars(skip)]
    pub name: ServerName,
    /// How it is reached.
    #[schemars(skip)]
    pub reach: Reach,
    /// Whether what it says about its own tools is a claim or believed.
    #[schemars(extend("default" = "claims"))]
    pub trust: Trust,
    /// Words for policies.
    #[schemars(extend("default" = {}))]
    pub labels: BTreeMap<String, String>,
    /// How long an answer may take.
    #[schemars(extend("default" = "120s"))]
    pub timeout: Period,
    /// Whether a definition seen for the first time is agreed to by being first, or waits.
    #[schemars(extend("default" = "first_sight"))]
    pub pins: PinRule,
}

/// How a server is reached.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are few and they are not moved about")]
pub enum Reach {
    /// As a child process over stdio.
    Program(Program),
    /// Over Streamable HTTP.
    Remote(Remote),
}

/// A program we start.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Program {
    /// The program: a name on `PATH`, or a path.
    pub command: String,
    /// Its arguments.
    #[schemars(extend("default" = []))]
    pub args: Vec<String>,
    /// Variables it gets, besides the few every program needs. Ours are not handed on.
    #[schemars(extend("default" = {}))]
    pub env: BTreeMap<String, Secret>,
    /// Where it runs. Default: the configuration file's directory.
    #[schemars(with = "Option<String>")]
    pub cwd: PathBuf,
    /// The SHA-256 of the program file, in 64 hex digits; any other file is not started.
    #[schemars(with = "Option<Fingerprint>")]
    pub sha256: Option<Fingerprint>,
}

/// A server elsewhere.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Remote {
    /// Its MCP endpoint.
    #[schemars(with = "String")]
    pub url: Url,
    /// Headers every request to it carries.
    #[schemars(extend("default" = {}))]
    pub headers: BTreeMap<String, Secret>,
    /// Signs in by OAuth. Absent: headers only.
    pub oauth: Option<Oauth>,
    /// The SHA-256 of its TLS certificate (DER), in 64 hex digits; any other is refused.
    #[schemars(with = "Option<Fingerprint>")]
    pub tls_sha256: Option<Fingerprint>,
    /// Lets plain http and private addresses through for this server.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// How to sign in to a remote server.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Oauth {
    /// Scopes to ask for. Empty: what the server says it needs.
    #[schemars(extend("default" = []))]
    pub scopes: Vec<String>,
    /// Our client id, where the server does not register clients itself.
    pub client_id: Option<String>,
    /// The secret that goes with it.
    pub client_secret: Option<Secret>,
}

/// Names a server: a small letter, then small letters, digits and `-`, at most 24 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Arc<str>);

/// What a server's own words are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Shown, never relied on.
    Claims,
    /// Believed.
    Trusted,
}

/// What happens to a definition seen for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinRule {
    /// It is agreed to by being first.
    FirstSight,
    /// It waits until somebody agrees to it.
    Agreed,
}

/// A SHA-256 somebody wrote down earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

words!(Trust: "claims" => Claims, "trusted" => Trusted);
words!(PinRule: "first_sight" => FirstSight, "agreed" => Agreed);

impl ServerName {
    /// No underscore, so that the first `__` of an offered name always ends it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let first = bytes.next()?.is_ascii_lowercase();
        let rest = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (first && rest && text.len() <= 24).then(|| Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, to share.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl Fingerprint {
    /// 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0_u8; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (place, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *place = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Borrow<str> for ServerName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => program.fmt(f),
            Self::Remote(remote) => remote.fmt(f),
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("command", &self.command).finish_non_exhaustive()
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Oauth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oauth").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl JsonSchema for Fingerprint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fingerprint".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" })
    }
}
