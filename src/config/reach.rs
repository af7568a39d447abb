//! How is a server reached?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use url::Url;

use super::fault::Subject;
use super::sample::is_sample;
use super::section::{Given, Noted, Privacy, Reading, Section, Wanted};
use crate::secret::{HIDDEN, Secret};

/// How a server is reached.
#[derive(Clone)]
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
    /// The only authorization server that may be asked for tokens, as its metadata names it. Absent: the one that the
    /// server names, which then chooses who sees the client secret and where people sign in.
    #[schemars(with = "Option<String>")]
    pub issuer: Option<Url>,
}

/// A SHA-256 somebody wrote down earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

const PROGRAM_KEYS: [&str; 5] = ["command", "args", "env", "cwd", "sha256"];
const REMOTE_KEYS: [&str; 5] = ["url", "headers", "oauth", "tls_sha256", "allow_private"];
pub(super) const FINGERPRINT: Wanted =
    Wanted("64 hex digits", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");

/// Headers that are the gateway's own to set.
const OURS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header is the gateway's own to set.
pub(super) fn is_ours(name: &str) -> bool {
    OURS.contains(&name)
}

impl Reach {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let next = "a server has `command` (a program to start) or `url` (a server elsewhere), and not both";
        match (section.has("command"), section.has("url")) {
            (true, false) => {
                section.refuse(&REMOTE_KEYS, "servers with a `url`");
                Program::read(section).map(Self::Program)
            }
            (false, true) => {
                section.refuse(&PROGRAM_KEYS, "servers with a `command`");
                Remote::read(section).map(Self::Remote)
            }
            (both, _) => {
                section.excuse(&PROGRAM_KEYS);
                section.excuse(&REMOTE_KEYS);
                let what = if both { "has both `command` and `url`" } else { "has neither `command` nor `url`" };
                Err(section.fault(format!("[{}] {what}", section.name()), next))
            }
        }
    }
}

impl Program {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let command = section.required("command", Wanted("a program", "npx"), |text| {
            (!text.is_empty() && !text.contains('\0')).then(|| text.to_owned())
        });
        let args = section.texts("args", &[], Privacy::OpenAsWritten);
        let env = section.pairs("env", Privacy::Secret).and_then(|pairs| variables(section, pairs));
        let cwd = section.given("cwd", Privacy::Open);
        let sha256 = section.optional("sha256", FINGERPRINT, Fingerprint::parse);
        Ok(Self {
            command: command?,
            args: args?.into_iter().map(|given| given.text).collect(),
            env: env?,
            cwd: cwd?.map_or_else(|| section.directory().to_owned(), |given| section.resolve(&given)),
            sha256: sha256?,
        })
    }
}

impl Remote {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let url = address(section);
        let headers = section.pairs("headers", Privacy::Secret).and_then(|pairs| headers(section, pairs));
        let oauth = if section.has("oauth") {
            section.table("oauth").and_then(|section| Oauth::read(&section)).map(Some)
        } else {
            Ok(None)
        };
        let tls_sha256 = section.optional("tls_sha256", FINGERPRINT, Fingerprint::parse);
        let allow_private = section.truth("allow_private");
        section.excuse(&REMOTE_KEYS);
        Ok(Self { url: url?, headers: headers?, oauth: oauth?, tls_sha256: tls_sha256?, allow_private: allow_private? })
    }
}

impl Oauth {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let scopes = section.texts("scopes", &[], Privacy::Open);
        let client_id = section.optional("client_id", Wanted("a text", "countersign"), |text| Some(text.to_owned()));
        let client_secret = section.given("client_secret", Privacy::Secret).and_then(|given| match given {
            Some(given) if is_sample(&given.text) => Err(sample(section, &given)),
            given => Ok(given.map(Given::secret)),
        });
        let issuer = section.given("issuer", Privacy::Open).and_then(|given| match given {
            Some(given) => issuer(section, &given).map(Some),
            None => Ok(None),
        });
        section.close();
        Ok(Self {
            issuer: issuer?,
            scopes: scopes?.into_iter().map(|given| given.text).collect(),
            client_id: client_id?,
            client_secret: client_secret?,
        })
    }
}

/// RFC 8414, section 2: no query and no fragment. What does not belong there may be secret.
pub(super) fn issuer(section: &Section<'_>, given: &Given) -> Reading<Url> {
    const WANTED: Wanted = Wanted("an https address without user, query or fragment", "https://login.example.com");
    let subject = if given.text.contains(['@', '?', '#']) { Subject::Hidden } else { Subject::Shown };
    let url = Url::parse(&given.text).ok().filter(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(|| section.bad(given, WANTED, subject))
}

/// A user, a password or a query may be secret, and so may what stands behind a reference.
pub(super) fn address(section: &Section<'_>) -> Reading<Url> {
    const WANTED: Wanted =
        Wanted("an http or https address without user, password or fragment", "https://example.com/mcp");
    let privacy = if section.written("url", ['@', '?', '$']) { Privacy::Secret } else { Privacy::Open };
    let given = section.given("url", privacy)?.ok_or(Noted)?;
    let url = Url::parse(&given.text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    });
    let subject = if privacy == Privacy::Open { Subject::Shown } else { Subject::Hidden };
    let url = url.ok_or_else(|| section.bad(&given, WANTED, subject))?;
    let mut shown = url.clone();
    shown.set_query(None);
    let query = if url.query().is_some() { format!("?{HIDDEN}") } else { String::new() };
    section.reveal("url", &format!("{shown}{query}"));
    Ok(url)
}

fn variables(section: &Section<'_>, pairs: Vec<(String, Given)>) -> Reading<BTreeMap<String, Secret>> {
    let read = pairs.into_iter().map(|(name, given)| {
        if name.is_empty() || name.contains(['=', '\0']) || given.text.contains('\0') {
            return Err(section.bad(&given, Wanted("a variable a program can get", "TOKEN"), Subject::Hidden));
        }
        let upper = name.to_ascii_uppercase();
        let names_secret = ["TOKEN", "SECRET", "PASSWORD", "API_KEY"].iter().any(|part| upper.contains(part));
        if names_secret && is_sample(&given.text) {
            return Err(sample(section, &given));
        }
        Ok((name, given.secret()))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

pub(super) fn headers(section: &Section<'_>, pairs: Vec<(String, Given)>) -> Reading<BTreeMap<String, Secret>> {
    let mut seen = BTreeSet::new();
    let read = pairs.into_iter().map(|(name, given)| {
        let lower = name.to_ascii_lowercase();
        let hidden = |what: String, next: &str| section.note(&given.at, what, next.to_owned(), Subject::Hidden);
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(hidden(
                format!("`{name}` cannot be the name of a header"),
                "write one such as `Authorization`",
            ));
        }
        if OURS.contains(&lower.as_str()) || lower.starts_with("mcp-") {
            return Err(hidden(format!("`{name}` is set by the gateway itself"), "leave it out"));
        }
        if !seen.insert(lower) {
            return Err(hidden(
                format!("`{name}` stands here twice"),
                "header names do not tell small letters from big",
            ));
        }
        if HeaderValue::from_str(&given.text).is_err() {
            return Err(hidden(
                "this cannot be the value of a header".to_owned(),
                "write it on one line, without controls",
            ));
        }
        let (_, credential) = given.text.split_once(' ').unwrap_or(("", &given.text));
        if is_sample(credential) || is_sample(&given.text) {
            return Err(sample(section, &given));
        }
        Ok((name, given.secret()))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

pub(super) fn sample(section: &Section<'_>, given: &Given) -> Noted {
    section.note(
        &given.at,
        "this is a secret from a sample, which everybody knows".to_owned(),
        "put a real one behind `${VAR}` or `${file:/path}`".to_owned(),
        Subject::Hidden,
    )
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

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
        f.debug_struct("Remote").field("host", &self.url.host_str()).finish_non_exhaustive()
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
