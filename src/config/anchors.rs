//! Who outside keeps checkpoints of the record?

use std::collections::BTreeSet;
use std::path::PathBuf;

use schemars::JsonSchema;
use url::Url;

use super::fault::Subject;
use super::measure::Period;
use super::reach;
use super::section::{Privacy, Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::{Word as _, words};
use crate::audit::cosignature::Witness as Key;

/// One place outside that keeps checkpoints, so that the record cannot be rewritten behind them.
#[derive(Clone, Debug, JsonSchema)]
pub struct Anchor {
    /// Names it, also in the database.
    pub name: String,
    /// What it is.
    #[schemars(skip)]
    pub kind: Kind,
    /// How often it gets a checkpoint while the record grows. From two minutes without one on readiness warns.
    #[schemars(extend("default" = "1m"))]
    pub every: Period,
    /// Whether a critical call that waited for people is sent only once this anchor has everything that was said of it until
    /// then. Where several are named so, one of them is enough.
    #[schemars(extend("default" = false))]
    pub before_execute: bool,
    /// How long such a call waits for it. One that is not anchored by then is not sent.
    #[schemars(extend("default" = "15s"))]
    pub within: Period,
}

/// What an anchor is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A folder.
    Folder(Folder),
    /// A work tree of Git.
    Git(Git),
    /// A witness of C2SP.
    Witness(Box<Witness>),
    /// A time-stamping authority.
    Timestamp(Timestamp),
}

/// A folder on storage this machine cannot rewrite, such as a mounted object store with retention.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Folder {
    /// Where. It must be there.
    #[schemars(with = "String")]
    pub path: PathBuf,
}

/// A work tree of Git in which the file `checkpoint` is committed.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Git {
    /// The work tree.
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// The remote of it to push to, by its name in that work tree. What is not pushed whoever owns this machine can rewrite.
    pub remote: Option<String>,
}

/// A witness that signs only what goes on from what it signed before (C2SP `tlog-witness`).
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Witness {
    /// Where: `/add-checkpoint` is added to it.
    #[schemars(with = "String")]
    pub url: Url,
    /// Its public key, as it gives it out: NAME+8 hex digits+base64.
    #[schemars(with = "String")]
    pub key: Key,
    /// Lets private addresses through for this witness.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// A time-stamping authority (RFC 3161).
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Timestamp {
    /// Where it is asked.
    #[schemars(with = "String")]
    pub url: Url,
    /// Lets private addresses through for this authority.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// The word of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindWord {
    /// A folder.
    Folder,
    /// A work tree of Git.
    Git,
    /// A witness.
    Witness,
    /// A time-stamping authority.
    Timestamp,
}

const NAME: Wanted = Wanted("a small letter first, then small letters, digits and `-`, at most 24 in all", "worm");
const KIND: Wanted = Wanted("what the anchor is: `folder`, `git`, `witness` or `timestamp`", "folder");
const KEY: Wanted = Wanted(
    "the public key of a witness, NAME+8 hex digits+base64, of the kind for Ed25519 cosignatures",
    "witness.example+1a2b3c4d+BA...",
);

impl Anchor {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<Vec<Self>> {
        let read: Vec<Reading<Self>> = root.tables("anchors")?.iter().map(Self::read).collect();
        // Each of them is looked at, so that every fault is told at once.
        let all = read.into_iter().collect::<Reading<Vec<_>>>()?;
        let names: BTreeSet<&str> = all.iter().map(|anchor| anchor.name.as_str()).collect();
        if names.len() < all.len() {
            return Err(root.fault("two anchors have one name".to_owned(), "what an anchor has is kept under its name"));
        }
        Ok(all)
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let name = section.required("name", NAME, |text| ServerName::parse(text).map(|_| text.to_owned()));
        let every = section.parsed("every", Wanted("a time with its unit", "1m"), "1m", Period::parse);
        let before_execute = section.truth("before_execute");
        let within = section.parsed("within", Wanted("a time with its unit", "15s"), "15s", Period::parse);
        let kind = section.required("kind", KIND, KindWord::of)?;
        let kind = match kind {
            KindWord::Folder => path(section).map(|path| Kind::Folder(Folder { path })),
            KindWord::Git => Git::read(section).map(Kind::Git),
            KindWord::Witness => Witness::read(section).map(|witness| Kind::Witness(Box::new(witness))),
            KindWord::Timestamp => Timestamp::read(section).map(Kind::Timestamp),
        };
        section.close();
        Ok(Self { name: name?, kind: kind?, every: every?, before_execute: before_execute?, within: within? })
    }
}

impl Kind {
    /// Where it is asked over the network, and whether private addresses are let through.
    pub(super) const fn address(&self) -> Option<(&Url, bool)> {
        match self {
            Self::Folder(_) | Self::Git(_) => None,
            Self::Witness(witness) => Some((&witness.url, witness.allow_private)),
            Self::Timestamp(timestamp) => Some((&timestamp.url, timestamp.allow_private)),
        }
    }
}

fn path(section: &Section<'_>) -> Reading<PathBuf> {
    const PATH: Wanted = Wanted("the path of a folder", "/mnt/worm/countersign");
    let path = section.given("path", Privacy::Open)?.ok_or_else(|| section.missing("path", PATH))?;
    Ok(section.resolve(&path))
}

impl Git {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let path = path(section);
        let is_name = |text: &str| {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
            !text.is_empty() && text.chars().all(fits) && !text.starts_with(['-', '.'])
        };
        let remote = section.optional("remote", Wanted("the name of a remote", "origin"), |text| {
            is_name(text).then(|| text.to_owned())
        });
        Ok(Self { path: path?, remote: remote? })
    }
}

impl Witness {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let url = url(section);
        let given = section.given("key", Privacy::Open)?.ok_or_else(|| section.missing("key", KEY));
        let key = given.and_then(|given| Key::parse(&given.text).map_err(|_| section.bad(&given, KEY, Subject::Shown)));
        let allow_private = section.truth("allow_private");
        Ok(Self { url: url?, key: key?, allow_private: allow_private? })
    }
}

impl Timestamp {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let url = url(section);
        let allow_private = section.truth("allow_private");
        Ok(Self { url: url?, allow_private: allow_private? })
    }
}

fn url(section: &Section<'_>) -> Reading<Url> {
    if !section.has("url") {
        return Err(section.missing("url", Wanted("an https address", "https://witness.example/prefix")));
    }
    reach::address(section)
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness").field("key", &self.key).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timestamp").finish_non_exhaustive()
    }
}

words!(KindWord: "folder" => Folder, "git" => Git, "witness" => Witness, "timestamp" => Timestamp);

#[cfg(test)]
mod tests {
    use super::super::reading::alone;
    use super::*;

    fn read(text: &str) -> Result<Vec<Anchor>, String> {
        alone(text, Anchor::read_all)
    }

    #[test]
    fn anchors_are_read_and_what_is_wrong_is_told() {
        let all = read(
            "[[anchors]]\nname = \"worm\"\nkind = \"folder\"\npath = \"a\"\n[[anchors]]\nname = \"repo\"\nkind = \"git\"\n\
             path = \"b\"\nremote = \"origin\"\nevery = \"5m\"\n[[anchors]]\nname = \"time\"\nkind = \"timestamp\"\n\
             url = \"https://tsa.example/\"\n",
        );
        let all = all.unwrap();
        assert_eq!(all.iter().map(|anchor| anchor.name.as_str()).collect::<Vec<_>>(), ["worm", "repo", "time"]);
        assert!(all.iter().all(|anchor| anchor.every.duration().as_secs() >= 60 && !anchor.before_execute));
        let first =
            "[[anchors]]\nname = \"worm\"\nkind = \"folder\"\npath = \"a\"\nbefore_execute = true\nwithin = \"3s\"\n";
        let first = read(first).unwrap();
        assert!(first.iter().all(|anchor| anchor.before_execute && anchor.within.duration().as_secs() == 3));
        for (bad, why) in [
            ("name = \"x\"\nkind = \"folder\"", "path"),
            ("name = \"x\"\nkind = \"floppy\"\npath = \"a\"", "kind"),
            ("name = \"x\"\nkind = \"folder\"\npath = \"a\"\nremote = \"origin\"", "remote"),
            ("name = \"x\"\nkind = \"git\"\npath = \"a\"\nremote = \"--upload-pack=x\"", "remote"),
            ("name = \"x\"\nkind = \"witness\"\nurl = \"https://w.example\"\nkey = \"w+00000000+AAAA\"", "key"),
        ] {
            let told = read(&format!("[[anchors]]\n{bad}\n")).unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
        let twice = "[[anchors]]\nname = \"x\"\nkind = \"folder\"\npath = \"a\"\n".repeat(2);
        assert!(read(&twice).unwrap_err().contains("one name"));
    }
}
