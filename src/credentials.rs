//! With which credential? One that did not exist before the decision, made for one call, gone when the call is.
//!
//! Policy says what is needed (`require`), [`wanted`] says before anybody decides what exactly will be made, and that is
//! part of the call's digest. After the decision is durable a [`provider`] makes it; it stands in the book of leases before
//! anybody uses it, goes where the agent never sees it ([`placing`]), is taken out of everything that comes back ([`scrub`]),
//! and is revoked at the end, however the call ends. What a dead gateway left behind is revoked by the next one.

// What would be made for this call?
pub mod wanted;

// What was made?
pub mod material;

// Who makes it, and who takes it back?
pub mod provider;

// Which provider is it?
pub mod maker;

// A role of a Postgres database.
pub mod postgres;

// What a command prints.
pub mod exec;

// A secret that is there already, and stays.
pub mod fixed;

// What did somebody who makes credentials answer?
mod issuer;

// How does the gateway vouch for one call itself?
pub mod jwt;

// How does somebody else's issuer give a token for this call?
pub mod token_exchange;

// How does Vault make a credential for one call?
pub mod vault;

// How does Amazon Web Services give a session for one call?
pub mod aws_sts;

// Who lends, and keeps count?
pub mod lending;

// What does a call have while it runs?
pub mod lease;

// Where does it go?
pub mod placing;

// What may not come back?
pub mod scrub;

// Who takes it back when the call is over?
pub mod custody;

// And who, when nobody did?
mod reaper;

pub use lending::Credentials;
pub use reaper::Ended;
