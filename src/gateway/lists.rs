//! What does this session see? Lists of tools, prompts, resources and templates, fetched whole, pinned, filtered by
//! policy and named for the endpoint.

use std::sync::Arc;

use super::Gateway;
use super::answer::{Refusal, Retry};
use super::exchange::Exchange;
use super::reach::{Listing, Offer, Offers, Reach, Tools};
use super::session::{Scope, Session};
use super::tasks;
use crate::audit::entry::{Definition, Entry, Event, Listed};
use crate::catalogue::schema::Schema;
use crate::catalogue::tool::{Pin, Tool};
use crate::catalogue::{naming, pins};
use crate::downstream::Inquiry;
use crate::intent::rationale;
use crate::object;
use crate::policy::evaluate::Visibility;
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, code};
use crate::wire::method::Method;

/// Pages a server may spread one list over.
const MOST_PAGES: usize = 200;
/// What a caller sees of one server.
#[derive(Debug, Default)]
struct Seen {
    items: Vec<Value>,
    hidden: u64,
}

/// How long a list of a modern server is trusted without asking again, when it does not say.
const TRUSTED_MICROS: i64 = 30_000_000;

impl Gateway {
    /// Answers one of the list methods.
    pub(super) async fn list(self: &Arc<Self>, exchange: &Exchange, method: Method) -> Answer {
        let session = &exchange.session;
        // All servers at once: the slowest decides how long a list takes, not their number.
        let asked = session.reaches.values().map(async |reach| match method {
            Method::ListTools => self.visible_tools(exchange, reach).await,
            _ => self.visible_offers(session, reach, method).await,
        });
        let answers = futures_util::future::join_all(asked).await;
        let mut items = Vec::new();
        let mut hidden = 0_u64;
        let mut trouble = None;
        for (server, seen) in session.reaches.keys().zip(answers) {
            match seen {
                Ok(seen) => {
                    items.extend(seen.items);
                    hidden = hidden.saturating_add(seen.hidden);
                }
                Err(refusal) => {
                    tracing::warn!(server = &**server, reason = refusal.reason, "server left out of a list");
                    trouble = Some(refusal);
                }
            }
        }
        // One server that cannot be reached must not take the others with it; when it is the only one, say so.
        if let (Scope::One(_), Some(refusal)) = (&session.scope, trouble) {
            return refusal.answer(None, None);
        }
        if method == Method::ListTools && self.offers_wait(session) {
            items.push(tasks::definition());
        }
        let listed = Listed {
            principal: session.caller.principal.clone(),
            method: method.name().to_owned(),
            given: u64::try_from(items.len()).unwrap_or(u64::MAX),
            hidden,
        };
        self.write(vec![Entry { call: None, at: self.clock.now(), event: Event::Listed(listed) }]).await?;
        let key = match method {
            Method::ListTools => "tools",
            Method::ListPrompts => "prompts",
            Method::ListTemplates => "resourceTemplates",
            _ => "resources",
        };
        Ok(Value::Object(object! { key => items }))
    }

    async fn visible_tools(self: &Arc<Self>, exchange: &Exchange, reach: &Reach) -> Result<Seen, Refusal> {
        let session = &exchange.session;
        let mut seen = Seen::default();
        let tools = self.tools(session, reach).await?;
        for Offer { tool, .. } in &tools.list {
            let shown = tool.pin == Pin::Agreed && self.visibility(exchange, tool) == Visibility::Visible;
            if !shown {
                seen.hidden = seen.hidden.saturating_add(1);
                continue;
            }
            let mut definition = tool.definition.clone();
            if session.scope == Scope::All {
                definition.insert("name", naming::prefixed(&tool.server, &tool.name));
            }
            if self.asks_why(tool) {
                rationale::offer(&mut definition);
            }
            if session.knows_wanted_tasks() && self.judge.may_hold(Some((&tool.server, &tool.name))) {
                tasks::mark(&mut definition);
            }
            seen.items.push(Value::Object(definition));
        }
        Ok(seen)
    }

    async fn visible_offers(
        self: &Arc<Self>,
        session: &Arc<Session>,
        reach: &Reach,
        method: Method,
    ) -> Result<Seen, Refusal> {
        let mut seen = Seen::default();
        let listing = if method == Method::ListPrompts { Listing::Prompts } else { Listing::Resources };
        let offers = self.offers(session, reach, listing).await?;
        let chosen = if method == Method::ListTemplates { &offers.templates } else { &offers.items };
        for item in chosen {
            let mut item = item.clone();
            if listing == Listing::Prompts
                && session.scope == Scope::All
                && let Some(name) = item.str("name")
            {
                let prefixed = naming::prefixed(reach.server().name(), name);
                item.insert("name", prefixed);
            }
            seen.items.push(Value::Object(item));
        }
        Ok(seen)
    }

    /// The tools of one server, fetched if they are not known.
    pub(super) async fn tools(self: &Arc<Self>, session: &Arc<Session>, reach: &Reach) -> Result<Arc<Tools>, Refusal> {
        let now = self.clock.now();
        if let Some(tools) = reach.tools()
            && (reach.live().is_none_or(|link| link.era() == Era::Legacy)
                || now.micros().saturating_sub(tools.fetched.micros()) < TRUSTED_MICROS)
        {
            return Ok(tools);
        }
        // In a box: a call that finds what it needs does not carry the room for this.
        Box::pin(self.fetch_tools(session, reach)).await
    }

    async fn fetch_tools(self: &Arc<Self>, session: &Arc<Session>, reach: &Reach) -> Result<Arc<Tools>, Refusal> {
        let now = self.clock.now();
        let _one_at_a_time = reach.listing.lock().await;
        if let Some(tools) = reach.tools().filter(|tools| tools.fetched >= now) {
            return Ok(tools);
        }
        self.attach(session, reach).await?;
        let mark = reach.mark();
        let definitions = self.fetch(session, reach, "tools", Inquiry::ListTools).await?;
        let server: Arc<str> = reach.server().name().into();
        let known = self.pins(&server).await?;
        let first = self.settings.first_sight(&server);
        let mut list = Vec::with_capacity(definitions.len());
        let mut entries = Vec::new();
        for definition in definitions {
            let Some(mut tool) = Tool::new(&server, definition, Pin::Agreed) else { continue };
            if !naming::is_plain(&tool.name) {
                // A name with look-alike or invisible characters could pass for another tool.
                tracing::warn!(
                    server = &*server,
                    tool = tool.name.escape_unicode().to_string(),
                    "tool left out: its name is not plain"
                );
                continue;
            }
            let look = pins::look(known.get(&tool.name), tool.digest, first);
            tool.pin = look.pin;
            if let Some((change, pinned)) = look.change {
                let definition = Definition {
                    what: change.word(),
                    server: server.to_string(),
                    tool: tool.name.clone(),
                    digest: tool.digest.to_string(),
                    agreed: pinned.agreed.filter(|agreed| *agreed != tool.digest).map(|agreed| agreed.to_string()),
                    by: None,
                };
                self.keep_pin(&tool, &pinned).await?;
                entries.push(Entry { call: None, at: now, event: Event::Definition(definition) });
            }
            let schema = Arc::new(Schema::compile(tool.input_schema()));
            list.push(Offer { tool: Arc::new(tool), schema });
        }
        if !entries.is_empty() {
            self.recorder.write(entries).await.map_err(|error| unrecorded(&error))?;
            self.void_grants(&server, list.iter().map(|offer| &*offer.tool)).await;
        }
        let tools = Arc::new(Tools::new(list, self.clock.now()));
        reach.keep_tools(Arc::clone(&tools), mark);
        Ok(tools)
    }

    /// Prompts or resources of one server, fetched if they are not known.
    pub(super) async fn offers(
        self: &Arc<Self>,
        session: &Arc<Session>,
        reach: &Reach,
        listing: Listing,
    ) -> Result<Arc<Offers>, Refusal> {
        self.attach(session, reach).await?;
        let modern = reach.live().is_some_and(|link| link.era() == Era::Modern);
        if let Some(offers) = reach.offers(listing)
            && !modern
        {
            return Ok(offers);
        }
        let mark = reach.mark();
        let offers = if listing == Listing::Prompts {
            Offers { items: self.fetch(session, reach, "prompts", Inquiry::ListPrompts).await?, templates: Vec::new() }
        } else {
            Offers {
                items: self.fetch(session, reach, "resources", Inquiry::ListResources).await?,
                templates: self.fetch(session, reach, "resourceTemplates", Inquiry::ListTemplates).await?,
            }
        };
        let offers = Arc::new(offers);
        reach.keep_offers(listing, Arc::clone(&offers), mark);
        Ok(offers)
    }

    /// Fetches all pages of a list. A server that does not have the feature has an empty list.
    async fn fetch(
        self: &Arc<Self>,
        session: &Arc<Session>,
        reach: &Reach,
        key: &str,
        inquiry: impl Fn(Option<String>) -> Inquiry,
    ) -> Result<Vec<Object>, Refusal> {
        let link = self.attach(session, reach).await?;
        let feature = if key == "resourceTemplates" { "resources" } else { key };
        if !link.capabilities().contains(feature) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut cursor = None;
        for _ in 0..MOST_PAGES {
            let answer = link.inquire(inquiry(cursor.take()), self.asking(session)).await;
            let answer = answer.map_err(|broken| unavailable(reach, &broken.to_string()))?;
            let mut result = match answer {
                Ok(Value::Object(result)) => result,
                Ok(_) => return Err(unavailable(reach, "its list is not an object")),
                Err(error) if error.code == code::METHOD_NOT_FOUND => return Ok(found),
                Err(error) => return Err(unavailable(reach, &format!("it answered its list with an error: {error}"))),
            };
            let Some(Value::Array(page)) = result.remove(key) else {
                return Err(unavailable(reach, &format!("its list has no `{key}`")));
            };
            found.extend(page.into_iter().filter_map(|item| match item {
                Value::Object(item) => Some(item),
                _ => None,
            }));
            match result.remove("nextCursor") {
                Some(Value::String(next)) => cursor = Some(next),
                _ => return Ok(found),
            }
        }
        Err(unavailable(reach, "its list has no end"))
    }
}

/// A server that cannot be reached, in words for the agent.
pub(super) fn unavailable(reach: &Reach, why: &str) -> Refusal {
    let reason = format!("the server `{}` cannot be used right now: {why}", reach.server().name());
    Refusal::new("server_unavailable", Retry::Later, reason)
}

/// A record that cannot be written, in words for the agent.
pub(super) fn unrecorded(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(error = %error, "the record cannot be written; nothing runs");
    Refusal::new("audit_unavailable", Retry::Later, "the record of this gateway cannot be written, so nothing may run")
        .hint("whoever runs this gateway finds the cause in its log; a full disk, or a sink that takes nothing, is the usual one")
}
