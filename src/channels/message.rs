//! What is a channel told?
//!
//! One message is made for a change of a call, from what the store holds, and every channel says the same of it: the sentence,
//! the risk, what is known, and what names it. Words of the call stand apart from ours, so that each channel can show them
//! without obeying them. It holds no secret: arguments are as the record holds them, and there only where a channel wants them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::notice::What;
use crate::approval::Approval;
use crate::approval::vote::Word as Said;
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::policy::finding::evidence::Needed;
use crate::review::card::Shown;
use crate::review::credential::Credential;
use crate::review::known::{self, Tone};
use crate::review::risk::risk;
use crate::review::sentence::{Word, joined, sentence};
use crate::store::StoreError;
use crate::store::approvals::KeptApproval;

/// The most bytes of arguments a message carries; of more, what they are called and how many.
pub const MOST_ARGUMENTS: usize = 8 << 10;

/// What happened, and to which calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What happened.
    pub what: What,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// To which calls: one; several where many are told of at once; none in a test.
    pub matters: Vec<Matter>,
    /// To how many more, where there are too many to name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u64>,
}

/// One call, as far as channels are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// Names the call.
    pub id: String,
    /// How often it had changed. A receiver that has seen a higher one drops this message.
    pub revision: i64,
    /// Where it stood.
    pub state: String,
    /// How bad it could be.
    pub risk: Risk,
    /// What it would do, in words made by the gateway.
    pub sentence: Vec<Word>,
    /// Names everything that was judged and is shown. An answer names it too.
    pub digest: String,
    /// The configured name of the server.
    pub server: String,
    /// The tool, prompt or address, under the server's own name.
    pub target: String,
    /// Which environment the gateway says it stands in.
    pub environment: String,
    /// Who asks, as far as it is proven.
    pub asker: AskedBy,
    /// The rules that hold it.
    pub rules: Vec<String>,
    /// Why people are asked.
    pub reason: Option<String>,
    /// The credentials it would run with, made when it is agreed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
    /// What the gateway knows of it.
    pub known: Vec<Known>,
    /// Who still has to agree, in words.
    pub lacking: Vec<String>,
    /// When it ends by itself if nobody has agreed.
    #[schemars(extend("format" = "date-time"))]
    pub deadline: String,
    /// The strictest evidence any hold of it wants.
    pub evidence: Needed,
    /// What was said last.
    pub said: Option<Answer>,
    /// What was asked last.
    pub asked: Option<Asked>,
    /// Where people find all of it.
    pub page: Option<String>,
    /// The arguments as the record holds them, as JSON text; only where a channel wants them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Arguments>,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedBy {
    /// Names the caller.
    pub principal: String,
    /// The software that asks.
    pub agent: Option<String>,
    /// The person it acts for.
    pub user: Option<String>,
    /// What the client calls itself. Nobody has checked it.
    pub client: Option<String>,
}

/// Something the gateway knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What about.
    pub name: String,
    /// What.
    pub words: Vec<Word>,
    /// Whether it is a reason to look twice.
    pub warning: bool,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The person.
    pub by: String,
    /// The account they used.
    pub account: String,
    /// What.
    pub word: Said,
    /// Why.
    pub reason: Option<String>,
}

/// What somebody wanted to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The person.
    pub by: String,
    /// What.
    pub question: String,
    /// What the agent, or whoever sits before it, says. Nobody has checked it.
    pub asserted: Option<String>,
}

/// The arguments of a call, or why they are not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arguments {
    /// All of them, as one line of JSON.
    Whole(String),
    /// They are too long for a message: so many bytes.
    TooLong(usize),
}

/// How much of a call a message carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
    /// No arguments.
    #[default]
    Thin,
    /// The arguments too, as the record holds them.
    Full,
}

impl Message {
    /// About one call.
    pub fn of(what: What, at: Timestamp, matter: Matter) -> Self {
        Self { what, at: at.to_string(), matters: vec![matter], more: None }
    }

    /// One by which a channel is tried out.
    pub fn test(at: Timestamp) -> Self {
        Self { what: What::Test, at: at.to_string(), matters: Vec::new(), more: None }
    }

    /// About several calls that wait, and so many more.
    pub fn many(at: Timestamp, matters: Vec<Matter>, more: usize) -> Self {
        let more = u64::try_from(more).ok().filter(|more| *more > 0);
        Self { what: What::Many, at: at.to_string(), matters, more }
    }

    /// How many calls it is about, those it does not name among them.
    pub fn count(&self) -> usize {
        let more = self.more.and_then(|more| usize::try_from(more).ok()).unwrap_or(0);
        self.matters.len().saturating_add(more)
    }

    /// Where people find what it is about; several are found together in the inbox.
    pub fn page(&self) -> Option<String> {
        let page = self.matters.first()?.page.as_deref()?;
        let inbox = || page.split_once("/calls/").map(|(root, _)| format!("{root}/inbox"));
        if self.what == What::Many { inbox() } else { Some(page.to_owned()) }
    }

    /// The one call it is about; nothing in a test and where there are several.
    pub fn matter(&self) -> Option<&Matter> {
        if let [matter] = self.matters.as_slice() { Some(matter) } else { None }
    }
}

impl Matter {
    /// What is told of a call as it stands now.
    pub fn of(kept: &KeptApproval, details: Details, pages: Option<&Url>, now: Timestamp) -> Result<Self, StoreError> {
        let approval = &kept.approval;
        let shown = Shown::of(kept)?;
        let text = |key: &str| shown.more.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let pending = approval.is_open() && approval.state.word() == "pending";
        Ok(Self {
            id: approval.id.to_string(),
            revision: kept.version,
            state: approval.state.word().to_owned(),
            risk: risk(&shown),
            sentence: sentence(&shown),
            digest: approval.summary().to_string(),
            environment: text("environment").unwrap_or_default(),
            asker: AskedBy {
                principal: approval.asker.principal.clone(),
                agent: text("agent"),
                user: text("user"),
                client: text("client"),
            },
            rules: approval.agreement.all_of.iter().map(|hold| hold.finding.clone()).collect(),
            reason: shown.reason.clone(),
            credentials: shown.credentials.clone(),
            known: known(&shown),
            lacking: if pending { approval.lacking(now) } else { Vec::new() },
            deadline: approval.deadline.to_string(),
            evidence: approval.strictest(),
            said: said(approval),
            asked: asked(approval),
            page: pages.and_then(|pages| pages.join(&format!("/calls/{}", approval.id)).ok()).map(String::from),
            arguments: (details == Details::Full).then(|| Shown::sent(kept).map(Arguments::of)).transpose()?,
            server: shown.server,
            target: shown.target,
        })
    }

    /// What is known of it, line by line. What would be made comes first: there may be more than a channel has room for.
    pub fn facts(&self) -> impl Iterator<Item = Known> {
        let lent = self.credentials.iter().map(|credential| Known {
            name: "If you agree".to_owned(),
            words: credential.words(),
            warning: credential.standing,
        });
        lent.chain(self.known.iter().cloned())
    }

    /// The sentence as plain text.
    pub fn text(&self) -> String {
        joined(&self.sentence)
    }
}

impl Arguments {
    fn of(text: String) -> Self {
        if text.len() <= MOST_ARGUMENTS { Self::Whole(text) } else { Self::TooLong(text.len()) }
    }
}

fn known(shown: &Shown) -> Vec<Known> {
    let all = known::facts(shown).into_iter();
    let told =
        all.map(|fact| Known { name: fact.name.to_owned(), words: fact.words, warning: fact.tone == Tone::Warning });
    told.collect()
}

fn said(approval: &Approval) -> Option<Answer> {
    approval.votes.last().map(|vote| Answer {
        by: vote.by.person.clone(),
        account: vote.by.account.clone(),
        word: vote.word,
        reason: vote.reason.clone(),
    })
}

fn asked(approval: &Approval) -> Option<Asked> {
    approval.questions.last().map(|question| Asked {
        by: question.by.clone(),
        question: question.text.clone(),
        asserted: question.answer.as_ref().map(|said| said.text.clone()),
    })
}
