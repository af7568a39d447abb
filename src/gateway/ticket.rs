//! What is a ticket, and what does somebody learn who has it, or who has only our database?
//!
//! A ticket says where it is good, and then 256 random bits. Its digest names it wherever it is kept, and a key made from
//! it closes what a server wants back: a server's state may hold anything, also a secret, and while a question is open
//! whoever has our database, or a backup of it, has only bytes, and whoever has the ticket has no bytes. The key also
//! closes over whom and what the ticket was made for, so that a row changed by hand opens nothing.
//!
//! A task's id is a ticket too: it closes the call that goes on without its client, and what came of it.
//!
//! A server's state is open again when its ticket comes back: then the state is among the parameters that are sent, and the record holds
//! those as they are sent, like the arguments beside it. A server that must hide its state from whoever reads the record
//! has to close it itself.

use std::sync::OnceLock;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::clock::{NoChance, chance};
use crate::digest::{Digest, hex};
use crate::gateway::session::{Scope, Session};
use crate::object;

/// Good at every gateway on the store.
const ANYWHERE: &str = "state";
/// Good at one process only, which is named next.
const HERE: &str = "call";
/// How the ids of our own tasks begin, so that no server's is taken for one.
pub(super) const TASK: &str = "countersign__";

/// What a client brings back. It opens something, so it is never printed.
pub(super) struct Ticket(String);

/// Where a ticket is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Good {
    /// What it stands for is in the store.
    Anywhere,
    /// The call it stands for runs, or ran, in this process.
    Here,
    /// That call runs, or ran, in another process.
    Elsewhere,
    /// It was never one of ours.
    Nowhere,
}

/// What a ticket closes. Each has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// What a server wants back.
    State,
    /// A call that goes on without its client.
    Call,
    /// What came of it.
    Answer,
}

impl Ticket {
    /// A new one for a call that goes on without its client: the id of a task.
    pub(super) fn for_task() -> Result<Self, NoChance> {
        Ok(Self(format!("{TASK}{}", hex(&chance::<24>()?))))
    }

    /// A new one for something in the store.
    pub(super) fn for_state() -> Result<Self, NoChance> {
        Ok(Self(format!("{ANYWHERE}-{}", hex(&chance::<32>()?))))
    }

    /// A new one for a call that runs in this process.
    pub(super) fn for_call() -> Result<Self, NoChance> {
        Ok(Self(format!("{HERE}-{}-{}", process(), hex(&chance::<32>()?))))
    }

    /// One that came back.
    pub(super) fn brought(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As the client gets it.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Where it says that it is good. Believed only for the choice of where to look and of what to say.
    pub(super) fn good(&self) -> Good {
        let mut parts = self.0.split('-');
        match (parts.next(), parts.next()) {
            (Some(ANYWHERE), Some(_)) => Good::Anywhere,
            (Some(HERE), Some(named)) if named == process() => Good::Here,
            (Some(HERE), Some(_)) => Good::Elsewhere,
            _ => Good::Nowhere,
        }
    }

    /// What it is kept under.
    pub(super) fn name(&self) -> Digest {
        Digest::of_bytes("ticket", self.0.as_bytes())
    }

    /// Closes a text for whom or what it belongs to. None if it is too long for the cipher, which is longer than any
    /// message.
    pub(super) fn seal(&self, closed: Closed, text: &str, request: Digest) -> Option<Vec<u8>> {
        let mut bytes = text.as_bytes().to_vec();
        self.key(closed)?.seal_in_place_append_tag(once(), Aad::from(request.as_bytes()), &mut bytes).ok()?;
        Some(bytes)
    }

    /// Opens it. None if it was not closed with this ticket for the same.
    pub(super) fn open(&self, closed: Closed, mut sealed: Vec<u8>, request: Digest) -> Option<String> {
        let state = self.key(closed)?.open_in_place(once(), Aad::from(request.as_bytes()), &mut sealed).ok()?;
        String::from_utf8(state.to_vec()).ok()
    }

    fn key(&self, closed: Closed) -> Option<LessSafeKey> {
        let what = match closed {
            Closed::State => "key of a ticket",
            Closed::Call => "key of a task's call",
            Closed::Answer => "key of a task's answer",
        };
        let key = Digest::of_bytes(what, self.0.as_bytes());
        UnboundKey::new(&CHACHA20_POLY1305, key.as_bytes()).ok().map(LessSafeKey::new)
    }
}

/// Every ticket has a key for each thing it closes, so that no number is ever used twice with one key.
fn once() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Names this process among all that share the store.
fn process() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    // Without chance there are no tickets, and the name says nothing.
    NAME.get_or_init(|| chance::<8>().map(|bytes| hex(&bytes)).unwrap_or_default())
}

/// Names a request together with whose it is and where it was sent: what a ticket belongs to. The endpoint counts because
/// a tool of the same name at another server must not be handed this server's state.
pub(super) fn belonging(session: &Session, fingerprint: Option<Digest>) -> Digest {
    let named = object! {
        "principal" => session.caller.principal.as_str(),
        "scope" => match &session.scope { Scope::All => "", Scope::One(server) => server },
        "request" => fingerprint.map(|fingerprint| fingerprint.to_string()),
    };
    Digest::of_object("round", &named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Digest {
        Digest::of_bytes("t", text.as_bytes())
    }

    #[test]
    fn only_the_ticket_opens_and_only_for_its_request() {
        let (one, two) = (Ticket::for_state().unwrap(), Ticket::for_state().unwrap());
        let sealed = one.seal(Closed::State, "the server's own", request("a")).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("server"));
        assert_eq!(one.open(Closed::State, sealed.clone(), request("a")).as_deref(), Some("the server's own"));
        assert_eq!(two.open(Closed::State, sealed.clone(), request("a")), None);
        assert_eq!(one.open(Closed::State, sealed.clone(), request("b")), None);
        assert_eq!(one.open(Closed::Answer, sealed.clone(), request("a")), None);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(one.open(Closed::State, bent, request("a")), None, "bit {at}");
        }
    }

    #[test]
    fn a_ticket_says_where_it_is_good() {
        let (anywhere, here) = (Ticket::for_state().unwrap(), Ticket::for_call().unwrap());
        let elsewhere = here.text().replace(process(), "0123456789abcdef");
        let cases = [
            (anywhere.text(), Good::Anywhere),
            (here.text(), Good::Here),
            (elsewhere.as_str(), Good::Elsewhere),
            ("", Good::Nowhere),
            ("call", Good::Nowhere),
            ("stately-1", Good::Nowhere),
            ("the server's own", Good::Nowhere),
        ];
        for (text, good) in cases {
            assert_eq!(Ticket::brought(text).good(), good, "{text}");
        }
    }
}
