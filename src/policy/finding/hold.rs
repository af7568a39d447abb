//! Who must agree, how many of them, and until when?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Needed;
use super::grant::GrantTerms;
use super::pointer::Pointer;
use super::preview::{self, Preview};
use super::span::Span;
use crate::policy::schema::Fields;

/// What a hold asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct HoldTerms {
    /// Who may agree.
    pub reviewers: Vec<Reviewer>,
    /// How many different people must.
    pub quorum: u32,
    /// Whether each of the reviewers listed must be among them.
    pub each: bool,
    /// How long is waited; nothing: as long as the configuration says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
    /// Who is asked too when nobody has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalation>,
    /// What of the input reviewers are shown.
    pub show: Vec<Pointer>,
    /// Whose word counts.
    pub by: By,
    /// The widest grant a yes may be; nothing: it is for this call alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantTerms>,
    /// What the server is asked first, so that people see how much the call would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Box<Preview>>,
    /// What must show that a yes is a person's own; nothing: an account of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Needed>,
}

/// Somebody who may agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(user|(user|group|role|automation):.+)$"))]
pub enum Reviewer {
    /// `user`: the person the agent acts for.
    Owner,
    /// `user:…`: one person.
    User(String),
    /// `group:…`: anybody of a group.
    Group(String),
    /// `role:…`: anybody with a role.
    Role(String),
    /// `automation:…`: a program that may decide by a channel. A hold that names one names no people.
    Automation(String),
}

/// Whose word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Somebody else than the person the agent acts for: they countersign.
    Other,
    /// That person's own too: they confirm.
    Owner,
}

/// Asking more people after a while. It only adds people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// After how long.
    pub after: Span,
    /// Who is asked then.
    pub to: Vec<Reviewer>,
}

/// A text that names no reviewer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no reviewer; write \"user\", \"user:NAME\", \"group:NAME\", \"role:NAME\" or \"automation:NAME\"")]
pub struct NoReviewer(String);

/// A hold as rules write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Who may agree.
    pub(super) reviewers: Vec<Reviewer>,
    /// How many different people must; 1 if left out.
    pub(super) quorum: Option<u32>,
    /// Whether each of the reviewers listed must be among them; false if left out.
    pub(super) each: Option<bool>,
    /// How long is waited.
    pub(super) ttl: Option<Span>,
    /// Who is asked too when nobody has answered.
    pub(super) escalate: Option<Escalation>,
    /// What of the input reviewers are shown; all arguments if left out.
    pub(super) show: Option<Vec<Pointer>>,
    /// Whose word counts; `owner` if left out and the only reviewer is `user`, else `other`.
    pub(super) by: Option<By>,
    /// The widest grant a yes may be; if left out, a yes is for this call alone.
    pub(super) grant: Option<GrantTerms>,
    /// What the server is asked first, so that people see how much the call would do; asked again before it is sent.
    pub(super) preview: Option<preview::Written>,
    /// What must show that a yes is a person's own: `session`, a browser in which they are signed in, or `passkey`, a signature
    /// over exactly this answer; an account of theirs, `account`, is enough if left out.
    pub(super) evidence: Option<Needed>,
}

/// No rule lists more people or parts.
const MOST: usize = 64;
/// No name is longer.
const LONGEST: usize = 256;

impl TryFrom<Written> for HoldTerms {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { reviewers, quorum, each, ttl, escalate, show, by, grant, preview, evidence } = written;
        let listed: BTreeSet<&Reviewer> = reviewers.iter().collect();
        if listed.is_empty() {
            return Err("`reviewers` names nobody".to_owned());
        }
        let to = escalate.as_ref().map(|escalation| escalation.to.as_slice());
        if to.is_some_and(<[_]>::is_empty) {
            return Err("`escalate.to` names nobody".to_owned());
        }
        // A program beside people in one hold would count in the place of one of them.
        let programs = |all: &[Reviewer]| all.iter().filter(|reviewer| reviewer.is_automation()).count();
        let all = [reviewers.as_slice(), to.unwrap_or_default()];
        let (named, named_programs): (usize, usize) = all
            .iter()
            .fold((0, 0), |(all, found), some| (all.saturating_add(some.len()), found.saturating_add(programs(some))));
        if named_programs > 0 && named_programs < named {
            return Err("an `automation:` and people are asked by two holds, not by one".to_owned());
        }
        if named_programs > 0 && evidence > Some(Needed::Account) {
            return Err("an `automation:` has neither a browser nor a passkey; leave `evidence` out".to_owned());
        }
        let show = match show {
            Some(show) => show,
            None => vec![Pointer::try_from("/call/arguments".to_owned()).map_err(|error| error.to_string())?],
        };
        if [reviewers.len(), to.map_or(0, <[_]>::len), show.len()].iter().any(|count| *count > MOST) {
            return Err(format!("`reviewers`, `escalate.to` and `show` have at most {MOST} entries each"));
        }
        if let Some(nowhere) = show.iter().find(|pointer| !Fields::of_the_input().lead(pointer)) {
            return Err(format!("`show` has `{nowhere}`, and the input has no such field"));
        }
        let alone = listed.iter().all(|reviewer| **reviewer == Reviewer::Owner);
        let by = by.unwrap_or(if alone { By::Owner } else { By::Other });
        // How many people a group has is not known here; those who are named one by one can be counted.
        let countable = |reviewer: &&&Reviewer| !(by == By::Other && ***reviewer == Reviewer::Owner);
        let people = listed.iter().filter(countable).count();
        let open = listed.iter().any(|reviewer| matches!(reviewer, Reviewer::Group(_) | Reviewer::Role(_)));
        if people == 0 {
            return Err("`by` is \"other\" and nobody but \"user\" is listed, so nobody could agree".to_owned());
        }
        let each = each.unwrap_or(false);
        if each && by == By::Other && listed.contains(&Reviewer::Owner) {
            return Err("`each` wants \"user\" among those who agree, and `by` is \"other\"; write \"by\": \"owner\""
                .to_owned());
        }
        let quorum = quorum.unwrap_or(1);
        if quorum == 0 {
            return Err("`quorum` is 0, and a hold nobody must agree to is none".to_owned());
        }
        if !open && usize::try_from(quorum).is_ok_and(|quorum| quorum > people) {
            return Err(format!("`quorum` is {quorum}, but only {people} can agree"));
        }
        let preview = preview.map(Preview::try_from).transpose()?.map(Box::new);
        if grant.is_some() && preview.is_some() {
            return Err(
                "`grant` and `preview` do not go together: what a later call would do, nobody has seen".to_owned()
            );
        }
        // What is usual is written in one way, so that rules that say it and rules that do not ask for the same.
        let evidence = evidence.filter(|needed| *needed > Needed::default());
        Ok(Self { reviewers, quorum, each, ttl, escalate, show, by, grant, preview, evidence })
    }
}

impl HoldTerms {
    /// What must show that a yes is a person's own.
    pub fn needs(&self) -> Needed {
        self.evidence.unwrap_or_default()
    }
}

impl Reviewer {
    /// Whether it is a program.
    pub const fn is_automation(&self) -> bool {
        matches!(self, Self::Automation(_))
    }
}

impl TryFrom<String> for Reviewer {
    type Error = NoReviewer;

    fn try_from(text: String) -> Result<Self, NoReviewer> {
        let fits = |name: &str| {
            !name.is_empty() && name.len() <= LONGEST && name.trim() == name && !name.chars().any(char::is_control)
        };
        let read = match text.split_once(':') {
            None if text == "user" => Some(Self::Owner),
            Some(("user", name)) if fits(name) => Some(Self::User(name.to_owned())),
            Some(("group", name)) if fits(name) => Some(Self::Group(name.to_owned())),
            Some(("role", name)) if fits(name) => Some(Self::Role(name.to_owned())),
            Some(("automation", name)) if fits(name) => Some(Self::Automation(name.to_owned())),
            _ => None,
        };
        read.ok_or_else(|| NoReviewer(text.chars().take(80).collect()))
    }
}

impl From<Reviewer> for String {
    fn from(reviewer: Reviewer) -> Self {
        reviewer.to_string()
    }
}

impl std::fmt::Display for Reviewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Owner => f.write_str("user"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Automation(name) => write!(f, "automation:{name}"),
        }
    }
}
