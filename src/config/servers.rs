//! Which servers hold the tools, and how are they reached?

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;

use super::credentials::Taking;
use super::facts::{self, Fact};
use super::fault::Subject;
use super::measure::Period;
use super::reach::Reach;
use super::section::{Privacy, Reading, Section, Wanted};
use super::word::words;
use crate::facts::plan::Told;

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
    /// Whether arguments are checked against the schemas of the server's tools before they are judged.
    #[schemars(extend("default" = "checked"))]
    pub arguments: Arguments,
    /// Whether the model is asked why it calls tools of this server that a rule may hold, by one more argument
    /// (`countersign_reason`) that the server never sees.
    #[schemars(extend("default" = true))]
    pub rationale: bool,
    /// What its tools' arguments are, by their names or by JSON pointers, so that policies see what they say.
    #[schemars(with = "BTreeMap<String, Fact>", extend("default" = {}))]
    pub facts: Told,
    /// Where it takes credentials that are made for one call.
    #[schemars(extend("default" = []))]
    pub credentials: Vec<Taking>,
    /// Its tools, as far as there is something to say of one alone.
    #[schemars(extend("default" = {}))]
    pub tools: BTreeMap<String, Tool>,
}

/// What the operator says of one tool.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tool {
    /// What its arguments are; counts over what is said of the server.
    #[schemars(with = "BTreeMap<String, Fact>", extend("default" = {}))]
    pub facts: Told,
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

/// Whether arguments are checked before they are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// They are.
    Checked,
    /// They are not: for a server whose schemas cannot be used.
    Unchecked,
}

impl Server {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<BTreeMap<ServerName, Self>> {
        let read: Vec<Reading<(ServerName, Self)>> = root
            .named("servers")?
            .into_iter()
            .map(|(name, at, section)| {
                let name = ServerName::parse(&name).ok_or_else(|| {
                    let what = format!("`{name}` cannot be the name of a server");
                    let next = "a small letter first, then small letters, digits and `-`, at most 24 in all";
                    root.note(&at, what, next.to_owned(), Subject::Shown)
                });
                let server = section.and_then(|section| Self::read(&section));
                let (name, reading) = (name?, server?);
                Ok((name.clone(), Self { name, ..reading }))
            })
            .collect();
        read.into_iter().collect()
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let reach = Reach::read(section);
        let trust = section.word("trust", Trust::Claims);
        let labels = section.pairs("labels", Privacy::Open);
        let timeout = section.parsed("timeout", Wanted("a time with its unit", "120s"), "120s", Period::parse);
        let pins = section.word("pins", PinRule::FirstSight);
        let arguments = section.word("arguments", Arguments::Checked);
        let rationale = section.truth_or("rationale", true);
        let facts = facts::read(section);
        let credentials = Taking::read_all(section, reach.as_ref().ok());
        let tools = section.named("tools").and_then(|tools| {
            let read = tools.into_iter().map(|(name, _, section)| Ok((name, Tool::read(&section?)?)));
            read.collect::<Vec<Reading<_>>>().into_iter().collect()
        });
        section.close();
        Ok(Self {
            facts: facts?,
            credentials: credentials?,
            tools: tools?,
            name: ServerName("".into()),
            reach: reach?,
            trust: trust?,
            labels: labels?.into_iter().map(|(name, given)| (name, given.text)).collect(),
            timeout: timeout?,
            pins: pins?,
            arguments: arguments?,
            rationale: rationale?,
        })
    }
}

impl Tool {
    fn read(section: &Section<'_>) -> Reading<Self> {
        let facts = facts::read(section);
        section.close();
        Ok(Self { facts: facts? })
    }
}

words!(Trust: "claims" => Claims, "trusted" => Trusted);
words!(Arguments: "checked" => Checked, "unchecked" => Unchecked);
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

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).field("reach", &self.reach).finish_non_exhaustive()
    }
}
