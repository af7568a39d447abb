//! Where do people answer?
//!
//! What a person is shown of a call that waits, what they may say to it, and what they are told when it is not taken. Each
//! door reads and prints in its own way; what it reads and prints is made here, once, and what follows from an answer is
//! decided at the [`desk`](crate::gateway::desk). To add something people can say: a struct in [`answer`], its line in
//! [`answer::VERBS`], and its argument on the command line.
//!
//! Over HTTP (`/api/v1`) these rules hold besides those of the call itself:
//!
//! - **Who.** A proof as the MCP endpoint takes it, in the `Authorization` header, never a cookie, and never nobody: where
//!   `http.accept` is `anyone` nobody answers here. The proof must be a person's ([`People`](crate::approval::people::People)):
//!   not software's, not of whoever acts for somebody, not a key that is under nobody. No tool on the MCP side answers.
//! - **Who may see.** Those with the role `reviewer`, `auditor`, `operator` or `break-glass`; whoever the call asks by now; whoever asked for
//!   it; whoever has answered. For everybody else it does not exist: a foreign id is answered exactly as an unknown one.
//! - **Who may say what.** Yes and no: whom the rule asks. Taking back: the same. Giving up: whoever asked. What became of a
//!   call nobody knows the outcome of: whoever sees it; it is on record who said so, and nothing runs because of it.
//! - **By what.** A proof here is an account's and nothing more: where a rule wants a signed-in browser or a passkey for a yes,
//!   the yes is refused as `evidence_required`; see [`evidence`](crate::approval::evidence).
//! - **An answer is about what was shown.** It names the digest of that, and one that names another counts for nothing.
//! - **Nothing is answered twice.** The same answer sent again, or a double click, changes nothing and says `already_voted`
//!   with the state, so that no key is needed to make it safe.
//! - **A yes reaches as far as the rules let it.** With a `grant` it covers calls that are this one but for the places it
//!   leaves open; see [`grant`](crate::approval::grant). Who sees the call sees its grant, and whom the rule asks takes it back.
//! - **Credentials that are out** are seen by auditors and operators, and taken back by operators; see [`lease`].
//! - **One answer, one call.** Identical calls are listed as one, with their ids; each is still answered by itself.

pub mod answer;
pub mod card;
pub mod credential;
pub mod decided;
pub mod fault;
pub mod grant;
pub mod known;
pub mod lease;
pub mod openapi;
pub mod page;
pub mod pages;
pub mod past;
pub mod query;
pub mod reach;
pub mod risk;
pub mod route;
pub mod sentence;
pub mod sight;
pub mod wait;
pub mod why;
