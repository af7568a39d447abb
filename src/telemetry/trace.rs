//! What does a trace say of a call?
//!
//! A request of a client is a `SERVER` span, which ends when its answer goes out; what a server is sent is a `CLIENT` span
//! below it, and its place in the trace is what the server finds as `traceparent` in `_meta`. That people are asked is an
//! event of the first, `countersign.held`: no span lasts as long as people do. When the call runs later, by the same call
//! made again, by its reference or as a task, that span is linked to the one of the request that was held. The link is
//! kept in memory, for the last few thousand calls: after a restart, or at another gateway, `countersign.call.id`
//! says the same.
//!
//! Names follow OpenTelemetry's conventions for MCP (semantic-conventions-genai, status Development). Of what they ask for,
//! three things are never said, because they are content: arguments and results, there is no setting for them; the
//! address of a resource, which may hold a password; and what an error says, which may repeat an argument. All of it is in
//! the record, as the rules want it covered, under `countersign.call.id`.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod context;

use crate::clock::Timestamp;
use crate::visible::harmless;
use context::Context;

/// What is said of a span.
pub mod name {
    #![expect(missing_docs, reason = "the names say what they are")]

    pub const METHOD: &str = "mcp.method.name";
    pub const PROTOCOL: &str = "mcp.protocol.version";
    pub const SESSION: &str = "mcp.session.id";
    pub const REQUEST: &str = "jsonrpc.request.id";
    pub const OPERATION: &str = "gen_ai.operation.name";
    pub const EXECUTE_TOOL: &str = "execute_tool";
    pub const TOOL: &str = "gen_ai.tool.name";
    pub const PROMPT: &str = "gen_ai.prompt.name";
    pub const TRANSPORT: &str = "network.transport";
    pub const NETWORK_PROTOCOL: &str = "network.protocol.name";
    pub const ERROR: &str = "error.type";
    pub const STATUS: &str = "rpc.response.status_code";
    pub const CALL: &str = "countersign.call.id";
    pub const DECISION: &str = "countersign.decision";
    pub const POLICY: &str = "countersign.policy";
    pub const SERVER: &str = "countersign.server";
    pub const HOLD_STATE: &str = "countersign.hold.state";
    pub const HOLD_DEADLINE: &str = "countersign.hold.deadline";
    pub const PREVIEW_OF: &str = "countersign.preview_of";
    /// The event of a call that waits for people.
    pub const HELD: &str = "countersign.held";
    /// The event of people having agreed.
    pub const AGREED: &str = "countersign.agreed";
}

/// Which side of a request a span is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client's request.
    Server,
    /// What a server is sent.
    Client,
}

/// What is said of a span, and its name.
pub type Attribute = (&'static str, String);

/// Something that takes time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its place.
    pub context: Context,
    /// The span it is part of.
    pub parent: Option<Parent>,
    /// See [`Kind`].
    pub kind: Kind,
    /// What it is, in few words of which there are few.
    pub name: String,
    /// When it began.
    pub begun: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
    /// What happened meanwhile.
    pub events: Vec<Event>,
    /// What it has to do with, and is no part of.
    pub links: Vec<Context>,
    /// Whether it went well.
    pub went: Went,
}

/// What a span is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// A span of ours.
    Here([u8; 8]),
    /// A span of whoever asked.
    Elsewhere([u8; 8]),
}

/// Whether something went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// Nothing says otherwise.
    Well,
    /// It has an `error.type`.
    Wrong,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub name: &'static str,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
}

/// Characters of what is said. Ids and names come from clients and servers, and may be anything.
const LONGEST: usize = 200;
/// A span remembers no more events and links than this.
const MOST: usize = 32;

impl Span {
    /// Begins one.
    pub fn begin((context, parent): (Context, Option<Parent>), kind: Kind, method: &str, now: Timestamp) -> Self {
        let mut span = Self {
            context,
            parent,
            kind,
            name: method.to_owned(),
            begun: now,
            ended: now,
            attributes: Vec::with_capacity(12),
            events: Vec::new(),
            links: Vec::new(),
            went: Went::Well,
        };
        span.say(name::METHOD, method);
        span
    }

    /// Says something of it; what was said under the same name before is not said any more.
    pub fn say(&mut self, name: &'static str, value: &str) {
        let value = told(value);
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.attributes.push((name, value)),
        }
    }

    /// It is about this tool.
    pub fn about_tool(&mut self, method: &str, tool: &str) {
        self.say(name::OPERATION, name::EXECUTE_TOOL);
        self.say(name::TOOL, tool);
        self.name = format!("{method} {}", told(tool));
    }

    /// It went wrong in this way.
    pub fn fail(&mut self, class: &str) {
        self.say(name::ERROR, class);
        self.went = Went::Wrong;
    }

    /// Something happened.
    pub fn event(&mut self, at: Timestamp, name: &'static str, attributes: &[(&'static str, &str)]) {
        if self.events.len() < MOST {
            let attributes = attributes.iter().map(|(name, value)| (*name, told(value))).collect();
            self.events.push(Event { at, name, attributes });
        }
    }

    /// It has to do with this one.
    pub fn link(&mut self, other: Context) {
        if self.links.len() < MOST && other.span != self.context.span && !self.links.contains(&other) {
            self.links.push(other);
        }
    }
}

fn told(text: &str) -> String {
    harmless(text).chars().take(LONGEST).collect()
}
