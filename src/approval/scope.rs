//! Which call would be the same again, but for what somebody leaves open?
//!
//! A person who answers may do so where the arguments themselves are not at hand, or are covered. So when a call is held
//! its arguments are named, never kept: each place that the rules let be free has a digest of its own, and everything else
//! has one together. The call's id goes into each, so that equal values of two calls have different digests, and a key of this
//! deployment, so that nobody finds a value by trying.
//!
//! Who asks is the principal, its agent and the person it acts for. The session is not among it: a client that speaks the
//! stateless protocol has none that lasts, and one that reconnects is still who it was proven to be.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::asker::Asker;
use crate::call::{Action, Call, CallId};
use crate::digest::{Digest, Naming};
use crate::facts::risk::Risk;
use crate::object;
use crate::policy::finding::pointer::{Pointer, Step};
use crate::wire::json::{Object, Value};

/// Everything about a call that a grant of it may pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Who asks.
    pub principal: String,
    /// The software acting, when proven.
    #[serde(deserialize_with = "super::row::nullable")]
    pub agent: Option<String>,
    /// The person it acts for.
    #[serde(deserialize_with = "super::row::nullable")]
    pub person: Option<String>,
    /// The configured name of the server.
    pub server: String,
    /// The tool, under the server's own name.
    pub tool: String,
    /// Names the tool's definition.
    pub definition: Digest,
    /// How bad it could be.
    pub risk: Risk,
    /// What it asks for.
    pub pins: Pins,
}

/// The parameters of a call, named in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The parameters without the places.
    rest: Digest,
    /// What stands at each place; nothing where nothing does.
    places: BTreeMap<Pointer, Option<Digest>>,
}

/// Where a call is not the one that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differs {
    /// Somebody else asks, or another tool is asked for.
    Whose,
    /// The tool is not what it was.
    Definition,
    /// It could do more harm.
    Risk,
    /// At a place that is pinned.
    Place(Pointer),
    /// Somewhere in the arguments that could not be free.
    Rest,
}

impl Scope {
    /// Of a call that is judged to be as bad as this; nothing of what nobody may grant: what is no tool, and what could do
    /// the worst.
    pub fn of(
        call: &Call,
        asker: &Asker,
        risk: Risk,
        (id, places): (&CallId, impl IntoIterator<Item = Pointer>),
    ) -> Option<Self> {
        let (Action::Tool(name), Some(tool)) = (&call.action, &call.tool) else { return None };
        if risk >= Risk::Critical {
            return None;
        }
        Some(Self {
            principal: call.caller.principal.clone(),
            agent: call.caller.agent.clone(),
            person: asker.person.clone(),
            server: call.server.to_string(),
            tool: name.clone(),
            definition: tool.digest,
            risk,
            pins: Pins::of(&call.params, (id, &call.naming), places),
        })
    }

    /// The places that can be left open.
    pub fn places(&self) -> impl Iterator<Item = &Pointer> {
        self.pins.places.keys()
    }

    /// Names who asks for which tool: grants are looked for by it.
    pub fn whose(&self) -> Digest {
        whose((&self.principal, self.agent.as_deref(), self.person.as_deref()), &self.server, &self.tool)
    }

    /// Whether another call is this one but for the free places. Both must have been named with the same id and places.
    pub fn is_again(&self, other: &Self, free: &BTreeSet<Pointer>) -> Result<(), Differs> {
        if other.whose() != self.whose() {
            return Err(Differs::Whose);
        }
        if other.definition != self.definition {
            return Err(Differs::Definition);
        }
        if other.risk > self.risk {
            return Err(Differs::Risk);
        }
        self.pins.are_kept_by(&other.pins, free)
    }
}

impl Pins {
    /// Of the parameters of a call that asks for the same as the one with this id, or may.
    pub fn of(params: &Object, (id, naming): (&CallId, &Naming), places: impl IntoIterator<Item = Pointer>) -> Self {
        let salt = naming.under("pin", id.as_str());
        let mut params = params.clone();
        let take = |place: Pointer| {
            let value = params.get_mut("arguments").and_then(|arguments| take(arguments, place.steps()));
            (place, value.map(|value| salt.of_value("value", &value)))
        };
        let places = places.into_iter().map(take).collect();
        Self { rest: salt.of_object("params", &params), places }
    }

    /// Whether other parameters are these but for the free places. Both must have been named with the same id and places.
    pub fn are_kept_by(&self, other: &Self, free: &BTreeSet<Pointer>) -> Result<(), Differs> {
        if other.rest != self.rest || !other.places.keys().eq(self.places.keys()) {
            return Err(Differs::Rest);
        }
        let mut pinned = self.places.iter().filter(|(place, _)| !free.contains(*place));
        match pinned.find(|(place, value)| other.places.get(*place) != Some(*value)) {
            None => Ok(()),
            Some((place, _)) => Err(Differs::Place(place.clone())),
        }
    }
}

/// Names who asks for which tool.
pub fn whose((principal, agent, person): (&str, Option<&str>, Option<&str>), server: &str, tool: &str) -> Digest {
    let named = object! {
        "principal" => principal, "agent" => agent, "person" => person, "server" => server, "tool" => tool,
    };
    Digest::of_object("whose", &named)
}

/// Takes out what stands at a place, if something does. Only members of objects are places.
fn take(value: &mut Value, way: &[Step]) -> Option<Value> {
    let Value::Object(members) = value else { return None };
    match way {
        [Step::Name(last)] => members.remove(last),
        [Step::Name(name), rest @ ..] => take(members.get_mut(name)?, rest),
        _ => None,
    }
}
