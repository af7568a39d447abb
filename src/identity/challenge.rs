//! Why is this caller not let in, and what would let it in?
//!
//! Everything said here is fixed text: nothing of what the caller sent is repeated, so no token can end up in an answer,
//! the log or the record.

use http::StatusCode;

/// A refusal, ready to be answered and recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .why.text())]
pub struct Challenge {
    /// Why.
    pub why: Reason,
    /// See [`Challenge::header`].
    pub(super) www_authenticate: Option<String>,
}

impl Challenge {
    /// The HTTP status: 401, 403 for a token that may too little, 400 for a request that is itself malformed, 503
    /// when the proof could not be checked.
    pub fn status(&self) -> StatusCode {
        self.why.status()
    }

    /// The value of `WWW-Authenticate`; absent when no other proof would help.
    pub fn header(&self) -> Option<&str> {
        self.www_authenticate.as_deref()
    }

    /// One word for the record, never anything of the proof.
    pub const fn reason(&self) -> &'static str {
        self.why.class()
    }
}

/// Why a proof was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing was shown.
    Missing,
    /// Two `Authorization` headers.
    Ambiguous,
    /// A proof in the address, where logs and histories keep it.
    InQuery,
    /// `Authorization` is not `Bearer`.
    Scheme,
    /// Keys are not taken here.
    KeysNotTaken,
    /// Tokens are not taken here.
    TokensNotTaken,
    /// Not a key of ours, or mistyped.
    UnknownKey,
    /// The key was taken back.
    RevokedKey,
    /// Longer than any honest token.
    TooLarge,
    /// Not a signed token that means one thing.
    Malformed,
    /// Signed in a way we do not accept: none, HMAC, or unknown.
    Algorithm,
    /// Demands something of us we do not know, or is not an access token.
    Kind,
    /// The issuer is not configured.
    Issuer,
    /// The issuer has no such key.
    SigningKey,
    /// The signature does not hold.
    Signature,
    /// Made for somebody else.
    Audience,
    /// Over.
    Expired,
    /// Not yet good, or from the future.
    NotYet,
    /// Bound to a proof we cannot check, such as `DPoP` or a client certificate.
    Bound,
    /// The claims do not say who it is.
    Claims,
    /// Good, but may not come here.
    Scope,
    /// The issuer's keys cannot be had.
    IssuerAway,
    /// The book of keys cannot be read.
    BookAway,
}

impl Reason {
    /// One word for the record and for counting.
    pub const fn class(self) -> &'static str {
        self.entry().0
    }

    /// What happened and what to do.
    pub const fn text(self) -> &'static str {
        self.entry().1
    }

    /// The HTTP status that goes with it.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Ambiguous | Self::InQuery => StatusCode::BAD_REQUEST,
            Self::Scope => StatusCode::FORBIDDEN,
            Self::IssuerAway | Self::BookAway => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The error code of RFC 6750; none when nothing was shown or another proof would not help.
    pub const fn error(self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::Scheme | Self::IssuerAway | Self::BookAway => None,
            Self::Ambiguous | Self::InQuery => Some("invalid_request"),
            Self::Scope => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one table is easier to keep true than several")]
    const fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => {
                ("missing", "no proof of who you are; send the header Authorization: Bearer and a key or token")
            }
            Self::Ambiguous => ("ambiguous", "two Authorization headers; send one"),
            Self::InQuery => (
                "in_query",
                "a key or token stands in the address; revoke it, and send the next one in the Authorization header",
            ),
            Self::Scheme => (
                "scheme",
                "the Authorization header is not of the Bearer scheme; send Authorization: Bearer and a key or token",
            ),
            Self::KeysNotTaken => ("keys_not_taken", "API keys are not taken here; sign in for a token"),
            Self::TokensNotTaken => {
                ("tokens_not_taken", "tokens are not taken here; use an API key made with countersign keys make")
            }
            Self::UnknownKey => (
                "unknown_key",
                "this API key is not known; check that it was copied whole, or make one with countersign keys make",
            ),
            Self::RevokedKey => ("revoked_key", "this API key was revoked; ask the operator for another one"),
            Self::TooLarge => ("too_large", "the token is longer than 8 KiB; ask the issuer for one with fewer claims"),
            Self::Malformed => ("malformed", "this is not a signed token; sign in again"),
            Self::Algorithm => (
                "algorithm",
                "the token is not signed with RS, PS, ES or EdDSA; the issuer must sign with one of these",
            ),
            Self::Kind => {
                ("kind", "this is not an access token this gateway understands; send the access token, not an ID token")
            }
            Self::Issuer => {
                ("issuer", "the issuer of this token is not configured here; sign in where the resource metadata says")
            }
            Self::SigningKey => ("signing_key", "the issuer has no key by the name the token uses; sign in again"),
            Self::Signature => ("signature", "the signature of the token does not hold; sign in again"),
            Self::Audience => {
                ("audience", "the token was made for another service; ask for one with this gateway as its resource")
            }
            Self::Expired => ("expired", "the token is over; refresh it or sign in again"),
            Self::NotYet => {
                ("not_yet", "the token is not good yet; check the clocks of the issuer and of this gateway")
            }
            Self::Bound => {
                ("bound", "the token is bound to a proof this gateway cannot check; ask for a plain bearer token")
            }
            Self::Claims => (
                "claims",
                "the token does not say who it is for in the configured claims; the operator should compare identity.issuers.claims with it",
            ),
            Self::Scope => {
                ("scope", "the token lacks a scope this gateway asks for; sign in again with the scopes named")
            }
            Self::IssuerAway => (
                "issuer_away",
                "the keys of the issuer cannot be fetched, so the token cannot be checked; try again in a minute",
            ),
            Self::BookAway => {
                ("book_away", "the book of keys cannot be read, so the key cannot be checked; try again in a minute")
            }
        }
    }
}
