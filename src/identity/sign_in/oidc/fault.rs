//! Why is somebody not signed in, and what should they do?
//!
//! Nothing the browser or the provider sent is repeated here, so nobody can put words on our page.

use crate::clock::NoChance;
use crate::identity::Reason;
use crate::store::StoreError;

/// Why somebody is not signed in. `String` is what people call the provider.
#[derive(Debug, thiserror::Error)]
pub enum SignInFault {
    /// No such provider, or no more.
    #[error("there is no such way to sign in; go back and choose one that is on the page")]
    Unknown,
    /// The provider cannot be asked, or answers nothing that can be used. Why is in the log.
    #[error("{0} cannot be reached; try again in a moment, and tell whoever runs this gateway if it stays so")]
    Away(String),
    /// The provider does not keep to what a safe sign-in needs.
    #[error("signing in with {0} is not possible: {1}; tell whoever runs this gateway")]
    Unfit(String, &'static str),
    /// A state nobody began with, or not any more.
    #[error("this sign-in is over: it was used already, took more than ten minutes, or began elsewhere; begin again")]
    NotBegun,
    /// The browser does not bring what the one that began was given.
    #[error("this sign-in was begun in another browser; begin again in this one, and keep its cookies")]
    OtherBrowser,
    /// The address the browser came back to says nothing, or says something twice.
    #[error("what came back from the provider cannot be read; begin again")]
    Unreadable,
    /// The answer of one provider to the question of another (RFC 9207).
    #[error(
        "the answer does not come from {0}, where it was asked for; begin again, and tell whoever runs this gateway"
    )]
    OtherIssuer(String),
    /// The provider says no.
    #[error("{0} did not sign you in: {1}")]
    Declined(String, &'static str),
    /// The provider does not give out an identity for the code it gave out, and says why.
    #[error("{0} did not tell who you are: {1}")]
    Refused(String, &'static str),
    /// What it says is not believed.
    #[error("what {0} says of you is not believed: {1}; tell whoever runs this gateway")]
    NotBelieved(String, Disbelief),
    /// The store cannot say.
    #[error("sign-ins cannot be kept just now; try again in a moment")]
    Store(#[from] StoreError),
    /// There are no random numbers.
    #[error(transparent)]
    Chance(#[from] NoChance),
}

/// Why an identity token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// For the same reasons as any other token.
    #[error("{}", of_token(*.0))]
    Token(Reason),
    /// Signed in a way the issuer does not announce.
    #[error("its token is signed in a way it does not announce")]
    Unannounced,
    /// Made for another sign-in.
    #[error("its token is for another sign-in")]
    Nonce,
    /// Handed out to somebody else.
    #[error("its token is for another party")]
    Party,
    /// Its access token was changed on the way.
    #[error("its two tokens do not belong together")]
    AccessToken,
    /// An extension that must be understood, or groups it keeps elsewhere.
    #[error("its token does not say who you are in the way that is configured")]
    Claims,
}

impl SignInFault {
    /// One word for the record and the log.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Away(_) => "away",
            Self::Unfit(..) => "unfit",
            Self::NotBegun => "not_begun",
            Self::OtherBrowser => "other_browser",
            Self::Unreadable => "unreadable",
            Self::OtherIssuer(_) => "other_issuer",
            Self::Declined(..) => "declined",
            Self::Refused(..) => "refused",
            Self::NotBelieved(..) => "not_believed",
            Self::Store(_) => "store",
            Self::Chance(_) => "chance",
        }
    }
}

/// Words for somebody who never saw the token.
const fn of_token(reason: Reason) -> &'static str {
    match reason {
        Reason::Audience => "its token is for another client; `client_id` must be this gateway's there",
        Reason::Issuer => "its token names another issuer; `issuer` must be exactly what it calls itself",
        Reason::Expired => "its token is over already; compare the clocks",
        Reason::NotYet => "its token is not good yet; compare the clocks",
        Reason::Algorithm => "its token is not signed in a way that can be checked without its secrets",
        Reason::SigningKey | Reason::Signature => "its token is not signed by one of its keys",
        Reason::TooLarge => "its token is longer than 64 KiB",
        _ => "its token cannot be read as one of an identity",
    }
}

/// What an error code of the authorisation endpoint means.
pub(super) fn declined(code: &str) -> &'static str {
    match code {
        "access_denied" => "you or it refused; begin again to try once more",
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "it needs you to sign in there first; do so and begin again"
        }
        "temporarily_unavailable" | "server_error" => "it is in trouble itself; try again in a moment",
        "unauthorized_client" | "invalid_client" => {
            "it does not let this gateway ask; tell whoever runs this gateway to look at `client_id`"
        }
        "invalid_scope" => "it does not know what it was asked for; tell whoever runs this gateway to look at `scopes`",
        "invalid_request" | "unsupported_response_type" => {
            "it did not like the question; tell whoever runs this gateway that its redirect address must be known there"
        }
        _ => "it did not say why in a way known here; begin again, and tell whoever runs this gateway if it stays so",
    }
}

/// What an error code of the token endpoint means.
pub(super) fn refused(code: &str) -> &'static str {
    match code {
        "invalid_grant" => "the code it gave was used, is too old or was not for this browser; begin again",
        "invalid_client" | "unauthorized_client" => {
            "it does not know this gateway; tell whoever runs it to look at `client_id` and `client_secret`"
        }
        _ => "it refused the code it gave; begin again, and tell whoever runs this gateway if it stays so",
    }
}
