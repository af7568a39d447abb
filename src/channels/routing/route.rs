//! Is this route for this notice, and to whom does it lead?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::filter::Filter;
use super::glob::Glob;
use super::hours::Hours;
use super::{Recipient, Told};
use crate::policy::finding::hold::Reviewer;

/// Who hears of some of the calls. Every route that applies counts; whoever two of them lead to is told once.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Route {
    /// The server is one of these; `*` is any text. Empty: any.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub servers: Vec<Glob>,
    /// The tool, prompt or address is one of these, under the server's own name; `*` is any text. Empty: any.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub tools: Vec<Glob>,
    /// The gateway stands in one of these environments. Empty: any.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub environments: Vec<Glob>,
    /// A rule that holds the call is one of these. Empty: any.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub rules: Vec<Glob>,
    /// One of these is asked by now: `group:dba`, `role:reviewer`, `user:ada`, or `user`, the person the agent acts for. So those
    /// who are asked after a while hear of it then. Empty: whoever is asked.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub asked: Vec<Reviewer>,
    /// What happened, and how bad it has to be.
    #[schemars(flatten)]
    pub filter: Filter,
    /// It is within these hours of `[hours]`. Absent: always.
    pub during: Option<String>,
    /// Who hears of it: `CHANNEL`, `CHANNEL:ADDRESS`, `person:NAME`, `on_call:NAME`, or `asked`, everybody the rules ask by now.
    /// Empty: nobody; they find it in the inbox.
    #[schemars(with = "Vec<String>")]
    pub to: Vec<Target>,
    /// No later route counts where this one applies.
    #[schemars(extend("default" = false))]
    pub last: bool,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a channel; without an address, to whoever it always goes to.
    Channel(Recipient),
    /// To whoever is on call.
    OnCall(String),
    /// To somebody.
    Person(String),
    /// To everybody the rules ask by now.
    Asked,
}

/// Names that mean something else before a colon, so that no channel may have them.
pub const RESERVED: [&str; 3] = ["asked", "on_call", "person"];
/// No address is longer.
const LONGEST: usize = 512;

impl Route {
    pub(super) fn applies(&self, told: &Told<'_>, hours: &BTreeMap<String, Hours>) -> bool {
        let matter = told.matter;
        let one_of = |globs: &[Glob], name: &str| globs.is_empty() || globs.iter().any(|glob| glob.fits(name));
        let by_rule = self.rules.is_empty() || matter.rules.iter().any(|rule| one_of(&self.rules, rule));
        let by_asked = self.asked.is_empty() || self.asked.iter().any(|reviewer| told.asked.is(reviewer));
        // Hours nobody has written down are never.
        let within = |name: &String| hours.get(name).is_some_and(|hours| hours.contain(told.now));
        self.filter.takes(told.what, matter.risk)
            && one_of(&self.servers, &matter.server)
            && one_of(&self.tools, &matter.target)
            && one_of(&self.environments, &matter.environment)
            && by_rule
            && by_asked
            && self.during.as_ref().is_none_or(within)
    }
}

impl Target {
    /// As it is written in the file.
    pub fn parse(text: &str) -> Option<Self> {
        let named = |name: &str| fits(name).then(|| name.to_owned());
        match text.split_once(':') {
            None if text == "asked" => Some(Self::Asked),
            None => (fits(text) && !RESERVED.contains(&text))
                .then(|| Self::Channel(Recipient { channel: text.to_owned(), to: String::new() })),
            Some(("on_call", name)) => named(name).map(Self::OnCall),
            Some(("person", name)) => named(name).map(Self::Person),
            Some(_) => Recipient::parse(text).map(Self::Channel),
        }
    }
}

impl Recipient {
    /// `CHANNEL:ADDRESS`.
    pub fn parse(text: &str) -> Option<Self> {
        let (channel, to) = text.split_once(':')?;
        let fits = fits(channel) && fits(to) && !RESERVED.contains(&channel);
        fits.then(|| Self { channel: channel.to_owned(), to: to.to_owned() })
    }
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.trim() == text && !text.chars().any(char::is_control)
}
