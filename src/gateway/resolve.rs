//! Which server is this request for, and which of its tools? Also: is the tool still the one we pinned, and do the
//! arguments fit it?

use std::sync::Arc;

use http::HeaderMap;

use super::Gateway;
use super::answer::{Refusal, Retry};
use super::exchange::Exchange;
use super::reach::{Listing, Offer, Reach};
use super::session::{Scope, Session};
use crate::call::{Action, Call};
use crate::catalogue::naming;
use crate::catalogue::tool::{Pin, Tool};
use crate::intent::Rationale;
use crate::object;
use crate::wire::era::Era;
use crate::wire::headers::{self, Annotations};
use crate::wire::json::Object;
use crate::wire::message::{Request, RpcError, code};
use crate::wire::method::Method;

/// A request that found its server.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// The way there.
    pub reach: &'a Reach,
    /// What is asked.
    pub action: Action,
    /// The parameters under the server's own names, without `_meta`.
    pub params: Object,
    /// The tool, when it is one.
    pub tool: Option<Arc<Tool>>,
    /// Why the model says it makes the call; it was taken out of the parameters.
    pub rationale: Option<Rationale>,
}

/// Why a request found none.
#[derive(Clone, Debug)]
pub enum Astray {
    /// The protocol has an error for this: an unknown tool, prompt or resource.
    Unknown(Box<RpcError>),
    /// It is known and must not be called.
    Refused(Box<Refusal>, Action),
}

impl Gateway {
    /// Finds the server and the action of a request that can have an effect.
    pub(super) async fn resolve<'a>(
        self: &Arc<Self>,
        exchange: &'a Exchange,
        method: Method,
        mut params: Object,
    ) -> Result<Resolved<'a>, Astray> {
        drop(params.remove("_meta"));
        let session = &exchange.session;
        match method {
            Method::CallTool => self.resolve_tool(session, params).await,
            Method::GetPrompt => {
                let (reach, name) =
                    self.find_named(session, Listing::Prompts, params.str("name").unwrap_or_default()).await?;
                params.insert("name", name.as_str());
                Ok(Resolved { reach, action: Action::Prompt(name), params, tool: None, rationale: None })
            }
            Method::ReadResource | Method::Subscribe | Method::Unsubscribe => {
                let uri = params.str("uri").unwrap_or_default().to_owned();
                let reach = self.find_resource(session, &uri).await?;
                let action = match method {
                    Method::Subscribe => Action::Subscribe(uri),
                    Method::Unsubscribe => Action::Unsubscribe(uri),
                    _ => Action::Resource(uri),
                };
                Ok(Resolved { reach, action, params, tool: None, rationale: None })
            }
            Method::Complete => self.resolve_completion(session, params).await,
            _ => resolve_task(session, method, params),
        }
    }

    /// Compares the headers that mirror arguments with the arguments, by the schema of the tool as far as it is known.
    pub fn check_mirrored(&self, session: &Session, headers: &HeaderMap, request: &Request) -> Option<RpcError> {
        if session.client.era == Era::Legacy || request.method != Method::CallTool.name() {
            return None;
        }
        let asked = request.params.str("name")?;
        let (reach, name) = match &session.scope {
            Scope::One(server) => (session.reaches.get(server)?, asked),
            Scope::All => {
                let (server, name) = asked.split_once(naming::SEPARATOR)?;
                (session.reaches.get(server)?, name)
            }
        };
        let tools = reach.tools()?;
        let annotations = Annotations::of(tools.get(name)?.tool.input_schema()?).ok()?;
        let mismatch = headers::check(headers, request, Some(&annotations)).err()?;
        Some(mismatch.to_error())
    }

    async fn resolve_tool<'a>(
        self: &Arc<Self>,
        session: &'a Arc<Session>,
        mut params: Object,
    ) -> Result<Resolved<'a>, Astray> {
        let asked = params.str("name").unwrap_or_default().to_owned();
        let (reach, name) = self.find_named(session, Listing::Tools, &asked).await?;
        let action = Action::Tool(name);
        let refuse = |refusal| Err(Astray::Refused(Box::new(refusal), action.clone()));
        let offer = match self.offer(session, reach, action.target()).await {
            Ok(Some(offer)) => offer,
            Ok(None) => return Err(unknown("tool", &asked)),
            Err(refusal) => return refuse(refusal),
        };
        if let Some(refusal) = not_as_pinned(&offer.tool) {
            return refuse(refusal);
        }
        if let Some(refusal) = self.too_large(&params) {
            return refuse(refusal);
        }
        let rationale = match self.take_rationale(&offer.tool, &mut params) {
            Ok(rationale) => rationale,
            Err(bad) => {
                let refusal = Refusal::new("arguments_invalid", Retry::Useless, bad.to_string())
                    .hint("say it in one sentence, or leave it out");
                return refuse(refusal);
            }
        };
        if self.settings.checks_arguments(&offer.tool.server)
            && let Err(unfit) = offer.schema.check(params.object("arguments"))
        {
            let refusal = Refusal::new("arguments_invalid", Retry::Useless, unfit.to_string())
                .hint("send arguments that fit the `inputSchema` of the tool");
            return refuse(refusal);
        }
        params.insert("name", action.target());
        Ok(Resolved { reach, action, params, tool: Some(offer.tool), rationale })
    }

    /// Whether changed arguments still are what the tool takes and not too large.
    pub(super) fn still_fits(&self, reach: &Reach, call: &Call) -> Result<(), String> {
        if let Some(refusal) = self.too_large(&call.params) {
            return Err(refusal.reason);
        }
        let Action::Tool(name) = &call.action else { return Ok(()) };
        if !self.settings.checks_arguments(&call.server) {
            return Ok(());
        }
        let tools = reach.tools();
        let Some(offer) = tools.as_ref().and_then(|tools| tools.get(name)) else {
            return Err("the tool is not listed any more, so the changed arguments cannot be checked".to_owned());
        };
        let unfit = |error| format!("the changed arguments do not fit the tool: {error}");
        offer.schema.check(call.arguments()).map_err(unfit)
    }

    /// Arguments have a limit of their own: whoever judges them must be able to see them whole.
    fn too_large(&self, params: &Object) -> Option<Refusal> {
        let limit = self.settings.argument_bytes;
        let length = params.get("arguments")?.weight();
        (length > limit).then(|| {
            let reason = format!("the arguments have {length} bytes, more than limits.argument_bytes = {limit}");
            Refusal::new("input_too_large", Retry::Useless, reason).hint("send less at once")
        })
    }

    /// The tool of this name. One that is not as it was pinned is looked at afresh: somebody may have agreed meanwhile.
    pub(super) async fn offer(
        self: &Arc<Self>,
        session: &Arc<Session>,
        reach: &Reach,
        name: &str,
    ) -> Result<Option<Offer>, Refusal> {
        let known = reach.tools().and_then(|tools| tools.get(name).cloned());
        match known {
            Some(offer) if offer.tool.pin == Pin::Agreed => Ok(Some(offer)),
            Some(_) => {
                reach.changed(Listing::Tools);
                Ok(self.tools(session, reach).await?.get(name).cloned())
            }
            None => Ok(self.tools(session, reach).await?.get(name).cloned()),
        }
    }

    /// Splits the name a client used into a server and that server's own name.
    async fn find_named<'a>(
        self: &Arc<Self>,
        session: &'a Arc<Session>,
        listing: Listing,
        asked: &str,
    ) -> Result<(&'a Reach, String), Astray> {
        let what = if listing == Listing::Tools { "tool" } else { "prompt" };
        if let Scope::One(server) = &session.scope {
            let reach = session.reaches.get(server).ok_or_else(|| unknown(what, asked))?;
            return Ok((reach, asked.to_owned()));
        }
        if let Some((server, name)) = asked.split_once(naming::SEPARATOR)
            && let Some(reach) = session.reaches.get(server)
            && naming::prefixed(server, name) == asked
        {
            return Ok((reach, name.to_owned()));
        }
        // A name that was cut or had a dot does not say what it was cut from: look through what was listed.
        for (server, reach) in &session.reaches {
            if !asked.starts_with(&**server) {
                continue;
            }
            let names: Vec<String> = match listing {
                Listing::Tools => match self.tools(session, reach).await {
                    Ok(tools) => tools.list.iter().map(|offer| offer.tool.name.clone()).collect(),
                    Err(_) => continue,
                },
                Listing::Prompts | Listing::Resources => match self.offers(session, reach, listing).await {
                    Ok(offers) => offers.items.iter().filter_map(|item| item.str("name")).map(str::to_owned).collect(),
                    Err(_) => continue,
                },
            };
            if let Some(name) = names.into_iter().find(|name| naming::prefixed(server, name) == asked) {
                return Ok((reach, name));
            }
        }
        Err(unknown(what, asked))
    }

    /// The server a resource belongs to: the one that lists it, the one with a template it fits, or the only one.
    async fn find_resource<'a>(self: &Arc<Self>, session: &'a Arc<Session>, uri: &str) -> Result<&'a Reach, Astray> {
        if let Some(only) = only(session) {
            return Ok(only);
        }
        let mut templated = None;
        for reach in session.reaches.values() {
            let Ok(offers) = self.offers(session, reach, Listing::Resources).await else { continue };
            if offers.items.iter().any(|item| item.str("uri") == Some(uri)) {
                return Ok(reach);
            }
            let fits =
                |template: &Object| template.str("uriTemplate").is_some_and(|template| fits_template(template, uri));
            if templated.is_none() && offers.templates.iter().any(fits) {
                templated = Some(reach);
            }
        }
        templated.ok_or_else(|| unknown("resource", uri))
    }

    async fn resolve_completion<'a>(
        self: &Arc<Self>,
        session: &'a Arc<Session>,
        mut params: Object,
    ) -> Result<Resolved<'a>, Astray> {
        let reference = params.object("ref").cloned().unwrap_or_default();
        if let Some(name) = reference.str("name") {
            let (reach, name) = self.find_named(session, Listing::Prompts, name).await?;
            let mut reference = reference.clone();
            reference.insert("name", name.as_str());
            params.insert("ref", reference);
            return Ok(Resolved { reach, action: Action::Complete(name), params, tool: None, rationale: None });
        }
        let uri = reference.str("uri").unwrap_or_default().to_owned();
        let mut found = only(session);
        if found.is_none() {
            for reach in session.reaches.values() {
                let Ok(offers) = self.offers(session, reach, Listing::Resources).await else { continue };
                if offers.templates.iter().any(|template| template.str("uriTemplate") == Some(&uri)) {
                    found = Some(reach);
                }
            }
        }
        let reach = found.ok_or_else(|| unknown("resource", &uri))?;
        Ok(Resolved { reach, action: Action::Complete(uri), params, tool: None, rationale: None })
    }
}

/// A task belongs to the server that made it. Among several servers its id is told apart by their name in front.
fn resolve_task(session: &Session, method: Method, mut params: Object) -> Result<Resolved<'_>, Astray> {
    let asked = params.str("taskId").unwrap_or_default().to_owned();
    let (reach, id) = match only(session) {
        Some(reach) => (reach, asked),
        None => match asked.split_once(naming::SEPARATOR).map(|(server, id)| (session.reaches.get(server), id)) {
            Some((Some(reach), id)) => (reach, id.to_owned()),
            _ => return Err(unknown("task", &asked)),
        },
    };
    params.insert("taskId", id.as_str());
    let action = Action::Task { method: method.name().to_owned(), id };
    Ok(Resolved { reach, action, params, tool: None, rationale: None })
}

/// The one server of a session that has only one.
fn only(session: &Session) -> Option<&Reach> {
    let mut reaches = session.reaches.values();
    match (reaches.next(), reaches.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn not_as_pinned(tool: &Tool) -> Option<Refusal> {
    let (class, what) = match tool.pin {
        Pin::Agreed => return None,
        Pin::Drifted => ("definition_drifted", "changed since it was agreed to, or nobody has agreed to it yet"),
        Pin::Flapping => ("definition_flapping", "keeps changing"),
    };
    let reason = format!("the definition of `{}` on `{}` {what}", tool.name, tool.server);
    let hint = format!(
        "whoever runs this gateway looks at the change with `countersign pins show {} {}` and agrees to it",
        tool.server, tool.name
    );
    Some(Refusal::new(class, Retry::Useless, reason).hint(hint))
}

fn unknown(what: &str, name: &str) -> Astray {
    let code = if what == "resource" { code::RESOURCE_NOT_FOUND } else { code::INVALID_PARAMS };
    let shown: String = name.chars().take(200).collect();
    Astray::Unknown(Box::new(
        RpcError::new(code, format!("Unknown {what}: {shown}")).with_data(object! { "uri" => shown }),
    ))
}

/// Whether an address could have been made from a template: the fixed parts stand in it in order.
fn fits_template(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut parts = template.split('{');
    let Some(found) = parts.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = found;
    for part in parts {
        let Some((_, fixed)) = part.split_once('}') else { return false };
        if fixed.is_empty() {
            continue;
        }
        let Some((value, after)) = rest.split_once(fixed) else { return false };
        if value.is_empty() {
            return false;
        }
        rest = after;
    }
    rest.is_empty() || template.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::fits_template;

    #[test]
    fn an_address_fits_the_template_it_was_made_from() {
        assert!(fits_template("test://template/{id}/data", "test://template/7/data"));
        assert!(fits_template("file:///{path}", "file:///a/b"));
        assert!(fits_template("a:1", "a:1"));
        assert!(!fits_template("test://template/{id}/data", "test://other/7/data"));
        assert!(!fits_template("test://template/{id}/data", "test://template/7/date"));
        assert!(!fits_template("a:1", "a:12"));
        assert!(!fits_template("a{", "a1"));
    }
}
