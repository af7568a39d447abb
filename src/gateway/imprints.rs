//! Which parts of an input were kept before?
//!
//! Spelling out who asks and which tool it is about costs more than the rest of an entry, and both come again with every
//! call. What is remembered here is always held against the input before it is used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::Refusal;
use super::exchange::Exchange;
use super::session::Session;
use super::weigh::Weighed;
use super::{Gateway, entries};
use crate::audit::entry::{Entry, Event};
use crate::call::Call;
use crate::policy::imprint::{Imprint, Shared};
use crate::policy::input::Input;

/// More tools, addresses and prompts than this are spelled out each time anew.
const MOST: usize = 4096;

/// Tools by name, as they were last seen; without a name, what is no tool.
type Tools = BTreeMap<String, Arc<Shared>>;

/// The tools of every server.
#[derive(Debug, Default)]
pub(super) struct Imprints(Mutex<BTreeMap<Arc<str>, Tools>>);

impl Gateway {
    /// The entry about a call's decision, with what the rules saw.
    pub(super) fn decided(&self, exchange: &Exchange, weighed: &Weighed, refusal: Option<&Refusal>) -> Entry {
        let Weighed { call, input, judgement, .. } = weighed;
        let imprint = self.imprints.of(&exchange.session, call, input);
        let catalogue = self.known.load().digest;
        self.entry(&call.id, Event::Decided(entries::decided(judgement, imprint, refusal, (catalogue, &call.wanted))))
    }
}

impl Imprints {
    /// What the entry about this call's decision says of its input.
    pub(super) fn of(&self, session: &Session, call: &Call, input: &Input) -> Imprint {
        let who = session.parts.shared.get_or_init(|| Shared::who(input));
        let what = self.what(call, input);
        if who.fits(input) { Imprint::of(input, who, &what) } else { Imprint::of(input, &Shared::who(input), &what) }
    }

    fn what(&self, call: &Call, input: &Input) -> Arc<Shared> {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Addresses and task ids have no end; the tool is null for all of them.
        let target = if call.tool.is_some() { call.action.target() } else { "" };
        let known = servers.get(&call.server).and_then(|server| server.get(target));
        if let Some(known) = known.filter(|known| known.fits(input)) {
            return Arc::clone(known);
        }
        let fresh = Arc::new(Shared::what(input));
        let server = servers.entry(Arc::clone(&call.server)).or_default();
        if server.len() < MOST || server.contains_key(target) {
            server.insert(target.to_owned(), Arc::clone(&fresh));
        }
        fresh
    }
}
