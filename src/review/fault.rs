//! Why is an answer not taken, and how is that said?

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::LONGEST_REASON;
use crate::approval::event::Refused;
use crate::channels::signature::Unbelievable;
use crate::clock::NoChance;
use crate::digest::Digest;
use crate::facts::Risk;
use crate::gateway::desk::DeskError;
use crate::identity::Challenge;
use crate::passkey::PasskeyError;
use crate::policy::finding::grant::TooWide;
use crate::store::StoreError;
use crate::store::append::AppendError;

/// Why it is not.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The request comes by a name, or from a page, that is not known.
    #[error("{1}")]
    Stranger(StatusCode, String),
    /// Whoever asks did not prove who they are.
    #[error(transparent)]
    Unproven(#[from] Challenge),
    /// Nobody here does.
    #[error(
        "nobody proves here who they are, because http.accept is \"anyone\", and only people answer; \
         set http.accept to [\"keys\"] or [\"tokens\"]"
    )]
    Anonymous,
    /// They did, and are no person.
    #[error("{account} is nobody who may answer: {why}")]
    NotAPerson {
        /// Who they are.
        account: String,
        /// Why that is nobody, and what to do.
        why: String,
    },
    /// There is no such address.
    #[error("there is nothing here; GET /api/v1/openapi.json says what there is")]
    NoRoute,
    /// The address is not asked like this.
    #[error("this is asked with {0}")]
    Method(&'static str),
    /// The body is not JSON.
    #[error("{0}")]
    Media(&'static str),
    /// The body is too large, too slow, or broke off.
    #[error("{1}")]
    Body(StatusCode, String),
    /// The body, or a part of it, or of the address, has not the form it must have.
    #[error("{}{why}", .key.as_ref().map(|key| format!("`{key}`: ")).unwrap_or_default())]
    Malformed {
        /// Which part.
        key: Option<String>,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such call, or not for whoever asks.
    #[error("there is no such call, or it is not for you to see")]
    Unknown,
    /// A call is given up by whoever asked for it.
    #[error("this call is not yours; `approvals deny` says no to it")]
    NotYours,
    /// More is written than anybody reads.
    #[error("the {0} has more than {LONGEST_REASON} characters; say it shorter, and put the rest where a link leads")]
    TooLong(&'static str),
    /// What became of a call is not believed without.
    #[error("say how you know; it is kept as the evidence")]
    NoEvidence,
    /// A yes reaches further than it may.
    #[error(transparent)]
    TooWide(#[from] TooWide),
    /// There is no such grant, or not for whoever asks.
    #[error("there is no such grant, or it is not for you to see")]
    UnknownGrant,
    /// There is no such credential.
    #[error("there is no such credential; GET /api/v1/leases and `leases list` name those there are")]
    UnknownLease,
    /// The grant stands where nothing can be taken back, or not by them.
    #[error("{0}")]
    Grant(Refused),
    /// The digest is none.
    #[error("this is no digest; `approvals show` prints it, and a card has it")]
    NoDigest,
    /// The call stands where this cannot be said, or not by them.
    #[error("{}", .0.why)]
    Refused(Box<Standing>),
    /// Something that could be bad is not agreed to in passing.
    #[error("look first: {0}")]
    LookFirst(String),
    /// A form that is not one of ours, or of another browser.
    #[error(
        "this did not come from a page of this gateway in this browser, or the page is too old; go back, reload it, try again"
    )]
    Forged,
    /// It is for those who have a role.
    #[error(
        "this is for those with the role {}; whoever runs the gateway gives roles under [people] or [review.roles]",
        .0.join(" or ")
    )]
    RoleRequired(&'static [&'static str]),
    /// Whoever asks is not signed in.
    #[error("sign in first")]
    SignedOut,
    /// Nobody is signed in by this.
    #[error("{0}")]
    NotSignedIn(String),
    /// The passkey it was answered with proves nothing.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// A message of a program is not believed.
    #[error(transparent)]
    Unbelievable(#[from] Unbelievable),
    /// A program says something about a call that is not for programs.
    #[error("`{name}` may not decide about a call of {} risk; a person has to, or its channel needs a higher `max_risk`", .risk.word())]
    TooRisky {
        /// Whose word it is.
        name: String,
        /// How dangerous the call could be.
        risk: Risk,
    },
    /// Too many wait at once.
    #[error("too many wait here for answers already; ask again in a while, without waiting")]
    Crowded,
    /// Too many want to change it at once.
    #[error("too many people and gateways changed it at the same moment; nothing was done, try again")]
    Busy,
    /// It cannot be read or written down, so nothing was done.
    #[error("the record cannot be read or written, so nothing was done; try again, and see the log of the gateway")]
    Away(#[source] DeskError),
}

/// Where a call stands to which something was said in vain.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Why it was in vain.
    pub why: Refused,
    /// They had answered before.
    pub again: bool,
    /// Where it stands.
    pub state: &'static str,
    /// Whose word decided, in words, where it was somebody's.
    pub by: Option<String>,
    /// What it is about.
    pub digest: Digest,
    /// What the answer was about.
    pub named: Option<Digest>,
}

/// An error as it leaves over HTTP (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:countersign:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem, in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// One stable word for programs.
    #[schemars(extend("enum" = codes()))]
    pub code: &'static str,
    /// What happened and what to do.
    pub detail: String,
    /// Which part of the request has not the form it must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where the call stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// The digest of the call as it is; decide about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The digest the answer named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
}

/// Every code, its status and its title.
pub const CODES: [(&str, u16, &str); 39] = [
    ("unauthenticated", 401, "Nobody is proven"),
    ("malformed_proof", 400, "The proof is ambiguous or in the wrong place"),
    ("insufficient_scope", 403, "The token may too little"),
    ("proof_unchecked", 503, "The proof cannot be checked now"),
    ("refused_origin", 403, "Host or origin is not known"),
    ("not_a_person", 403, "Only people answer"),
    ("no_such_route", 404, "There is nothing here"),
    ("method_not_allowed", 405, "It is asked in another way"),
    ("unsupported_media", 415, "The body is not JSON"),
    ("too_large", 413, "The body is too large"),
    ("too_slow", 408, "The body took too long"),
    ("malformed", 400, "The request has not the form it must have"),
    ("unknown", 404, "There is no such call"),
    ("not_yours", 403, "The call is somebody else's"),
    ("stale", 409, "The answer is about something else"),
    ("not_open", 409, "It is decided already"),
    ("late", 409, "Its time is over"),
    ("own_call", 403, "Nobody agrees to a call of their own"),
    ("not_eligible", 403, "Others are asked"),
    ("already_voted", 409, "You answered already"),
    ("evidence_required", 403, "An account alone is not enough"),
    ("evidence_invalid", 403, "The passkey does not prove it"),
    ("reason_required", 400, "A no needs a reason"),
    ("no_break_glass", 403, "Only few may break the glass"),
    ("nobody_later", 409, "There is nobody else to ask"),
    ("words_required", 400, "Something must be said"),
    ("nothing_asked", 409, "Nobody asked anything"),
    ("too_much", 409, "Too much was asked or changed"),
    ("too_wide", 400, "A yes reaches further than the rules let it"),
    ("quorum_gone", 409, "Those who agreed may not agree any more"),
    ("look_first", 400, "Look first"),
    ("forged", 403, "The form is not one of ours"),
    ("role_required", 403, "This is for others"),
    ("signed_out", 401, "Nobody is signed in"),
    ("not_signed_in", 403, "You were not signed in"),
    ("signature_invalid", 401, "The message is not believed"),
    ("too_risky", 403, "It is not for programs to decide"),
    ("busy", 503, "Too much at once"),
    ("unavailable", 503, "The record is away"),
];

impl Fault {
    /// One stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stranger(StatusCode::FORBIDDEN, _) => "refused_origin",
            Self::Anonymous => "unauthenticated",
            Self::Unproven(challenge) => match challenge.status() {
                StatusCode::BAD_REQUEST => "malformed_proof",
                StatusCode::FORBIDDEN => "insufficient_scope",
                StatusCode::SERVICE_UNAVAILABLE => "proof_unchecked",
                _ => "unauthenticated",
            },
            Self::NotAPerson { .. } => "not_a_person",
            Self::NoRoute => "no_such_route",
            Self::Method(_) => "method_not_allowed",
            Self::Media(_) => "unsupported_media",
            Self::Body(status, _) => match *status {
                StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                StatusCode::REQUEST_TIMEOUT => "too_slow",
                _ => "malformed",
            },
            Self::Stranger(..) | Self::Malformed { .. } | Self::TooLong(_) | Self::NoEvidence | Self::NoDigest => {
                "malformed"
            }
            Self::TooWide(_) => "too_wide",
            Self::LookFirst(_) => "look_first",
            Self::Forged => "forged",
            Self::RoleRequired(_) => "role_required",
            Self::SignedOut => "signed_out",
            Self::NotSignedIn(_) => "not_signed_in",
            Self::Unknown | Self::UnknownGrant | Self::UnknownLease => "unknown",
            Self::Grant(refused) => refused.code(),
            Self::NotYours => "not_yours",
            Self::Refused(standing) => standing.told().code(),
            Self::Passkey(_) => "evidence_invalid",
            Self::Unbelievable(_) => "signature_invalid",
            Self::TooRisky { .. } => "too_risky",
            Self::Crowded | Self::Busy => "busy",
            Self::Away(_) => "unavailable",
        }
    }

    /// As it leaves over HTTP.
    pub fn problem(&self) -> Problem {
        let code = self.code();
        let (_, status, title) = CODES.iter().find(|(known, ..)| *known == code).copied().unwrap_or((code, 500, code));
        let mut problem = Problem {
            kind: format!("urn:countersign:{code}"),
            title,
            status,
            code,
            detail: self.to_string(),
            key: None,
            state: None,
            digest: None,
            named: None,
        };
        match self {
            Self::Malformed { key, .. } => problem.key.clone_from(key),
            Self::TooLong(key) => problem.key = Some((*key).to_owned()),
            Self::NoEvidence => problem.key = Some("evidence".to_owned()),
            Self::TooWide(_) => problem.key = Some("grant".to_owned()),
            Self::NoDigest => problem.key = Some("digest".to_owned()),
            Self::Refused(standing) => {
                problem.detail = standing.text();
                problem.state = Some(standing.state);
                problem.digest = Some(standing.digest.to_string());
                problem.named = standing.named.as_ref().map(Digest::to_string);
            }
            _ => {}
        }
        problem
    }
}

impl Standing {
    /// In words, and by whom it was decided where that is why it was in vain.
    pub fn text(&self) -> String {
        match (self.told(), &self.by) {
            (why @ (Refused::Stands(_) | Refused::Late), Some(by)) => format!("{why}: {by}"),
            (why, _) => why.to_string(),
        }
    }

    /// Whoever answered already hears that, and not that it is over since.
    const fn told(&self) -> Refused {
        match self.why {
            Refused::Stands(_) | Refused::Late if self.again => Refused::Voted,
            why => why,
        }
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Unknown => Self::Unknown,
            DeskError::Busy => Self::Busy,
            DeskError::Passkey(error) => Self::Passkey(error),
            other => Self::Away(other),
        }
    }
}

impl From<NoChance> for Fault {
    fn from(error: NoChance) -> Self {
        Self::Away(AppendError::Broken(error.to_string()).into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Away(error.into())
    }
}

fn codes() -> Vec<&'static str> {
    CODES.iter().map(|(code, ..)| *code).collect()
}

#[cfg(test)]
mod tests;
