//! How does a client hear of changes, across eras?
//!
//! A modern client names what it wants in one long request; a legacy server is subscribed to for it, a modern one is
//! listened to in turn. A legacy client's session follows each modern server it is connected to.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::exchange::Exchange;
use super::listeners::{Filter, SUBSCRIPTION, tag};
use super::session::Session;
use super::tasks;
use crate::downstream::{FromServer, Inquiry, Link};
use crate::object;
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Notification, RpcError, code};
use crate::wire::method::Method;

/// Messages that may wait for a slow listener before it loses some.
const WAITING: usize = 128;

impl Gateway {
    /// Serves `subscriptions/listen` until the client has enough.
    pub(super) async fn listen(self: &Arc<Self>, exchange: &Arc<Exchange>, params: Object) -> Answer {
        let session = &exchange.session;
        let limit = self.settings.streams_per_principal;
        if self.sessions.streams_of(&session.caller.principal) >= limit {
            // PRO-23: one agent's streams must not cost the others theirs.
            return Err(RpcError::new(
                code::REFUSED,
                format!("{limit} streams are open for this caller, which is the limit; close some"),
            ));
        }
        let mut filter = Filter::read(params.object("notifications"));
        if !filter.tasks.is_empty() && !session.takes_tasks() {
            return Err(tasks::not_declared());
        }
        for reach in session.reaches.values() {
            match self.attach(session, reach).await {
                Ok(link) if link.era() == Era::Modern => {
                    self.follow_for(exchange, &Arc::from(reach.server().name()), &link, &filter);
                }
                Ok(_) => {}
                Err(refusal) => tracing::warn!(reason = refusal.reason, "a listener does not hear this server"),
            }
        }
        let mut subscribed = Vec::new();
        for uri in filter.updates.clone() {
            // Each subscription is a call of its own: judged and recorded.
            let wish = object! { "uri" => uri.as_str() };
            match self.call(exchange, Method::Subscribe, wish).await {
                Ok(_) => subscribed.push(uri),
                Err(_) => drop(filter.updates.remove(&uri)),
            }
        }
        let (out, mut heard) = mpsc::channel(WAITING);
        session.listeners.subscribe(exchange.id.clone(), filter.clone(), out);
        let acknowledged = Notification {
            method: "notifications/subscriptions/acknowledged".to_owned(),
            params: object! { "notifications" => filter.to_object() },
        };
        exchange.outlet.say(tag(acknowledged, &exchange.id)).await;
        loop {
            tokio::select! {
                () = exchange.cancelled.cancelled() => break,
                message = heard.recv() => {
                    let Some(message) = message else { break };
                    if !exchange.outlet.say(message).await {
                        break;
                    }
                }
            }
        }
        drop(heard);
        for uri in subscribed {
            let wish = object! { "uri" => uri.as_str() };
            if let Err(error) = Box::pin(self.call(exchange, Method::Unsubscribe, wish)).await {
                tracing::debug!(uri, error = %error, "a subscription could not be taken back");
            }
        }
        Ok(Value::Object(object! { "_meta" => object! { SUBSCRIPTION => exchange.id.to_value() } }))
    }

    /// Listens to a modern server for a legacy session, for as long as the session lasts.
    pub(super) fn follow(self: &Arc<Self>, session: &Arc<Session>, server: &Arc<str>, link: &Arc<Link>) {
        let offers = |feature: &str| {
            let feature = link.capabilities().object(feature);
            feature.and_then(|feature| feature.get("listChanged")).and_then(Value::as_bool) == Some(true)
        };
        let filter = Filter {
            tools: offers("tools"),
            prompts: offers("prompts"),
            resources: offers("resources"),
            ..Filter::default()
        };
        if filter != Filter::default() {
            self.start_following((session, server, link), filter, session.ended.child_token());
        }
    }

    fn follow_for(self: &Arc<Self>, exchange: &Arc<Exchange>, server: &Arc<str>, link: &Arc<Link>, filter: &Filter) {
        let mut filter = filter.clone();
        // Updates of resources are subscribed to one by one, each judged.
        filter.updates.clear();
        filter.tasks.clear();
        if filter != Filter::default() {
            self.start_following((&exchange.session, server, link), filter, exchange.cancelled.clone());
        }
    }

    /// Follows the updates of one resource of a modern server, after policy allowed it.
    pub(super) fn follow_resource(
        self: &Arc<Self>,
        session: &Arc<Session>,
        server: &Arc<str>,
        link: &Arc<Link>,
        uri: &str,
    ) {
        let Some(until) = session.follow(uri) else { return };
        let filter = Filter { updates: [uri.to_owned()].into(), ..Filter::default() };
        self.start_following((session, server, link), filter, until);
    }

    fn start_following(
        self: &Arc<Self>,
        (session, server, link): (&Arc<Session>, &Arc<str>, &Arc<Link>),
        filter: Filter,
        until: CancellationToken,
    ) {
        let (gateway, session, server, link) =
            (Arc::clone(self), Arc::clone(session), Arc::clone(server), Arc::clone(link));
        self.tasks.spawn(async move {
            let (events, mut arriving) = mpsc::channel(WAITING);
            let mut asking = gateway.asking(&session);
            asking.events = events;
            asking.cancelled = until.clone();
            let listening = link.inquire(Inquiry::Listen(filter.to_object()), asking);
            tokio::pin!(listening);
            loop {
                tokio::select! {
                    () = until.cancelled() => return,
                    () = session.ended.cancelled() => return,
                    Some(event) = arriving.recv() => {
                        if let FromServer::Notification(mut notification) = event {
                            untag(&mut notification);
                            if notification.method != "notifications/subscriptions/acknowledged" {
                                session.hear(&server, notification);
                            }
                        }
                    }
                    ended = &mut listening => {
                        if let Err(broken) = ended {
                            tracing::debug!(server = &*server, error = %broken, "a server's subscription ended");
                        }
                        return;
                    }
                }
            }
        });
    }
}

/// The server's own subscription id means nothing to our client.
fn untag(notification: &mut Notification) {
    if let Some(Value::Object(meta)) = notification.params.get_mut("_meta") {
        drop(meta.remove(SUBSCRIPTION));
        if meta.is_empty() {
            drop(notification.params.remove("_meta"));
        }
    }
}
