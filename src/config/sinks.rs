//! Where else is the record told?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use url::Url;

use super::fault::Subject;
use super::measure::{Bytes, Period};
use super::reach::{self, Fingerprint};
use super::section::{Given, Privacy, Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::{Word as _, words};
use crate::audit::export::Format;
use crate::secret::Secret;
use crate::sinks::Wire;

/// One place the record is told, entry by entry.
#[derive(Clone, Debug, JsonSchema)]
pub struct Sink {
    /// Names it, also in the database: under another name it begins anew.
    pub name: String,
    /// What it is.
    #[schemars(skip)]
    pub kind: Kind,
    /// In which form: `jsonl`, `csv`, `ocsf` or `cef`.
    #[schemars(extend("default" = "jsonl"))]
    pub format: Format,
    /// Whether nothing may run while it is further behind than `max_lag`.
    #[schemars(extend("default" = false))]
    pub required: bool,
    /// By how much a required sink may be behind.
    #[schemars(extend("default" = "60s"))]
    pub max_lag: Period,
    /// How long one write may take, a minute at most.
    #[schemars(extend("default" = "10s"))]
    pub timeout: Period,
    /// Where a new sink begins: with what is written from `now` on, or with the `first` entry.
    #[schemars(extend("default" = "now"))]
    pub from: From,
}

/// What a sink is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A file.
    File(File),
    /// A collector that takes requests.
    Http(Http),
    /// A collector that takes messages.
    Syslog(Syslog),
}

/// A file that grows.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct File {
    /// Where. Its folder must be there.
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// From this size on it is put aside under its name and the place of its last entry, and a new one begins. What was put
    /// aside is never removed.
    #[schemars(extend("default" = "100MiB"))]
    pub rotate: Bytes,
}

/// A collector that takes several records in one request.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Http {
    /// Where to. It may be a secret as a whole: `${file:/run/secrets/url}`.
    #[schemars(with = "String")]
    pub url: Url,
    /// Headers every request carries.
    #[schemars(extend("default" = {}))]
    pub headers: BTreeMap<String, Secret>,
    /// Lets private addresses through for this sink.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// A collector that speaks RFC 5424.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Syslog {
    /// Where to: `tls://host:6514`, `tcp://host:601`, `udp://host:514` or `unix:/dev/log`. Without TLS only this machine, and
    /// private addresses with `allow_private`.
    #[schemars(with = "String")]
    pub to: Wire,
    /// The SHA-256 of its TLS certificate (DER), in 64 hex digits; any other is refused.
    #[schemars(with = "Option<Fingerprint>")]
    pub tls_sha256: Option<Fingerprint>,
    /// How long a record may be, 60 KiB at most; of a longer one the names, the size and the digest are told.
    #[schemars(extend("default" = "8KiB"))]
    pub longest: Bytes,
    /// Lets private addresses through for this sink.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// Where a new sink begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// With what is written from now on.
    Now,
    /// With the first entry.
    First,
}

/// The word of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindWord {
    /// A file.
    File,
    /// A collector that takes requests.
    Http,
    /// A collector that takes messages.
    Syslog,
}

const NAME: Wanted = Wanted("a small letter first, then small letters, digits and `-`, at most 24 in all", "siem");
const KIND: Wanted = Wanted("what the sink is: `file`, `http` or `syslog`", "file");
const PERIOD: Wanted = Wanted("a time with its unit", "60s");
const TO: Wanted =
    Wanted("`tls://`, `tcp://` or `udp://` with host and port, or `unix:` and a path", "tls://siem.example:6514");
const LONGEST: u64 = 60 << 10;
const SHORTEST: u64 = 1 << 10;

impl Sink {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<Vec<Self>> {
        let read: Vec<Reading<Self>> = root.tables("sinks")?.iter().map(Self::read).collect();
        // Each of them is looked at, so that every fault is told at once.
        let all = read.into_iter().collect::<Reading<Vec<_>>>()?;
        let names: BTreeSet<&str> = all.iter().map(|sink| sink.name.as_str()).collect();
        if names.len() < all.len() {
            return Err(
                root.fault("two sinks have one name".to_owned(), "how far a sink was told is kept under its name")
            );
        }
        Ok(all)
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let name = section.required("name", NAME, |text| ServerName::parse(text).map(|_| text.to_owned()));
        let format = section.word("format", Format::Jsonl);
        let required = section.truth("required");
        let max_lag = section.parsed("max_lag", PERIOD, "60s", Period::parse);
        let timeout = section.parsed("timeout", Wanted("a time of at most a minute", "10s"), "10s", |text| {
            Period::parse(text).filter(|period| period.duration().as_secs() <= 60)
        });
        let from = section.word("from", From::Now);
        let kind = section.required("kind", KIND, KindWord::of)?;
        let kind = match kind {
            KindWord::File => File::read(section).map(Kind::File),
            KindWord::Http => Http::read(section).map(Kind::Http),
            KindWord::Syslog => Syslog::read(section).map(Kind::Syslog),
        };
        section.close();
        Ok(Self {
            name: name?,
            kind: kind?,
            format: format?,
            required: required?,
            max_lag: max_lag?,
            timeout: timeout?,
            from: from?,
        })
    }
}

impl File {
    fn read(section: &Section<'_>) -> Reading<Self> {
        const PATH: Wanted = Wanted("the path of a file", "/var/log/countersign/audit.jsonl");
        let path = section.given("path", Privacy::Open)?.ok_or_else(|| section.missing("path", PATH));
        let rotate = section.parsed("rotate", Wanted("a size", "100MiB"), "100MiB", |text| {
            Bytes::parse(text).filter(|bytes| bytes.count() >= 4096)
        });
        Ok(Self { path: section.resolve(&path?), rotate: rotate? })
    }
}

impl Http {
    fn read(section: &Section<'_>) -> Reading<Self> {
        const URL: Wanted = Wanted("an https address", "https://siem.example.com/ingest");
        if !section.has("url") {
            return Err(section.missing("url", URL));
        }
        let url = reach::address(section);
        let headers = section.pairs("headers", Privacy::Secret).and_then(|pairs| reach::headers(section, pairs));
        let allow_private = section.truth("allow_private");
        Ok(Self { url: url?, headers: headers?, allow_private: allow_private? })
    }
}

impl Syslog {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let tls_sha256 = section.optional("tls_sha256", reach::FINGERPRINT, Fingerprint::parse);
        let to = section.given("to", Privacy::Open)?.ok_or_else(|| section.missing("to", TO))?;
        let pin = tls_sha256.as_ref().ok().and_then(|pin| pin.as_ref().map(|pin| *pin.as_bytes()));
        let wire = wire(section, &to, pin);
        let longest = section.parsed("longest", Wanted("a size from 1 KiB to 60 KiB", "8KiB"), "8KiB", |text| {
            Bytes::parse(text).filter(|bytes| (SHORTEST..=LONGEST).contains(&bytes.count()))
        });
        let allow_private = section.truth("allow_private");
        let (wire, tls_sha256) = (wire?, tls_sha256?);
        if tls_sha256.is_some() && !matches!(wire, Wire::Tls(..)) {
            return Err(
                section.fault("only TLS has a certificate".to_owned(), "write tls:// or leave `tls_sha256` out")
            );
        }
        Ok(Self { to: wire, tls_sha256, longest: longest?, allow_private: allow_private? })
    }
}

fn wire(section: &Section<'_>, given: &Given, pin: Option<[u8; 32]>) -> Reading<Wire> {
    let bad = || section.bad(given, TO, Subject::Shown);
    if let Some(path) = given.text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return if path.is_empty() { Err(bad()) } else { Ok(Wire::Unix(section.relative(given, path))) };
    }
    let (scheme, rest) = given.text.split_once("://").ok_or_else(bad)?;
    // What a web address may hold and a collector has not is refused.
    let url = Url::parse(&format!("http://{rest}")).map_err(|_| bad())?;
    let (Some(host), Some(port)) = (url.host_str(), rest.rsplit_once(':').and_then(|(_, port)| port.parse().ok()))
    else {
        return Err(bad());
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.path() == "/";
    if !plain || url.fragment().is_some() || rest.ends_with('/') {
        return Err(bad());
    }
    match scheme {
        "tls" => Ok(Wire::Tls(host.to_owned(), port, pin)),
        "tcp" => Ok(Wire::Tcp(host.to_owned(), port)),
        "udp" => Ok(Wire::Udp(host.to_owned(), port)),
        _ => Err(bad()),
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

words!(Format: "jsonl" => Jsonl, "csv" => Csv, "ocsf" => Ocsf, "cef" => Cef);
words!(From: "now" => Now, "first" => First);
words!(KindWord: "file" => File, "http" => Http, "syslog" => Syslog);

#[cfg(test)]
mod tests;
