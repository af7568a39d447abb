//! What does a server say when nobody asked it?
//!
//! A connection's own messages are attended to by one task per connection. Lists that changed are forgotten here before
//! the client hears of it, so that it never fetches the old one; questions without a call go to the client the
//! connection belongs to.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Gateway;
use super::answer::Refusal;
use super::lists::{unavailable, unrecorded};
use super::reach::{Listing, Reach};
use super::session::{Session, not_declared};
use crate::audit::entry::{Asked, Entry, Event};
use crate::downstream::{Asking, FromServer, Inquiry, Link};
use crate::gateway::exchange::Exchange;
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Message, Notification, Request};

impl Gateway {
    /// The connection of a session to a server, made if there is none and then attended to.
    pub(super) async fn attach(self: &Arc<Self>, session: &Arc<Session>, reach: &Reach) -> Result<Arc<Link>, Refusal> {
        let (link, arriving) =
            reach.link(&session.client.profile).await.map_err(|error| unavailable(reach, &error.to_string()))?;
        if let Some(arriving) = arriving {
            self.attend(session, reach, &link, arriving);
        }
        Ok(link)
    }

    fn attend(
        self: &Arc<Self>,
        session: &Arc<Session>,
        reach: &Reach,
        link: &Arc<Link>,
        mut arriving: mpsc::Receiver<FromServer>,
    ) {
        let (gateway, session) = (Arc::clone(self), Arc::clone(session));
        let server: Arc<str> = reach.server().name().into();
        let ended = session.ended.clone();
        if link.era() == Era::Modern && session.client.era == Era::Legacy {
            gateway.follow(&session, &server, link);
        }
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = ended.cancelled() => return,
                    event = arriving.recv() => match event {
                        None | Some(FromServer::Closed(_)) => return,
                        Some(FromServer::Notification(notification)) => {
                            session.hear(&server, notification);
                        }
                        Some(FromServer::Request { request, answer }) => {
                            let (gateway, session) = (Arc::clone(&gateway), Arc::clone(&session));
                            gateway.tasks.clone().spawn(async move {
                                drop(answer.send(gateway.ask_session(&session, request).await));
                            });
                        }
                    },
                }
            }
        });
    }

    /// A question that belongs to no call goes to the client's own stream; a modern client has none that carries questions.
    async fn ask_session(&self, session: &Session, request: Request) -> Answer {
        if request.method == "ping" {
            return Ok(Value::Object(Object::new()));
        }
        if session.client.era == Era::Modern {
            return Err(not_declared(&request.method));
        }
        let (id, heard) = session.question();
        session.listeners.send(Message::Request(Request { id: id.clone(), ..request }));
        let answer = tokio::select! {
            answer = heard => answer.unwrap_or_else(|_| Err(not_declared("a question"))),
            () = session.ended.cancelled() => Err(not_declared("a question: the session has ended")),
        };
        session.forget(&id);
        answer
    }

    /// Hands a legacy client's own notification to the servers it concerns.
    pub async fn client_says(&self, session: &Session, notification: Notification) {
        match notification.method.as_str() {
            "notifications/cancelled" => {
                if let Some(id) = notification.params.get("requestId") {
                    session.cancel(id);
                }
            }
            "notifications/roots/list_changed" => {
                for reach in session.reaches.values() {
                    if let Some(link) = reach.live()
                        && let Err(error) = link.tell(crate::downstream::Tell::RootsChanged).await
                    {
                        tracing::debug!(server = reach.server().name(), error = %error, "a server did not hear that roots changed");
                    }
                }
            }
            other => tracing::debug!(method = other, "a client's notification concerns nobody"),
        }
    }

    /// Sets the level of log messages at every server of the session that logs.
    pub(super) async fn set_level(self: &Arc<Self>, session: &Arc<Session>, level: &str) -> Answer {
        for reach in session.reaches.values() {
            let Ok(link) = self.attach(session, reach).await else { continue };
            if link.capabilities().contains("logging") {
                let answer = link.inquire(Inquiry::SetLevel(level.to_owned()), self.asking(session)).await;
                match answer {
                    Ok(Err(error)) if session.reaches.len() == 1 => return Err(error),
                    Ok(_) => {}
                    Err(broken) => tracing::warn!(server = reach.server().name(), error = %broken, "log level not set"),
                }
            }
        }
        Ok(Value::Object(Object::new()))
    }

    /// The tasks a legacy server keeps for this client. Among several servers there is no such list.
    pub(super) async fn list_tasks(self: &Arc<Self>, session: &Arc<Session>) -> Answer {
        let mut reaches = session.reaches.values();
        let (Some(reach), None) = (reaches.next(), reaches.next()) else {
            return Ok(Value::Object(crate::object! { "tasks" => Vec::<Value>::new() }));
        };
        let link = match self.attach(session, reach).await {
            Ok(link) => link,
            Err(refusal) => return refusal.answer(None, None),
        };
        match link.inquire(Inquiry::ListTasks(None), self.asking(session)).await {
            Ok(answer) => answer,
            Err(broken) => unavailable(reach, &broken.to_string()).answer(None, None),
        }
    }

    /// What every question that needs no permit is asked with.
    pub(super) fn asking(&self, session: &Session) -> Asking {
        let (events, _nobody_listens) = mpsc::channel(1);
        Asking {
            cancelled: session.ended.child_token(),
            timeout: self.settings.list_timeout,
            ..Asking::new(Arc::clone(&session.client.profile), events)
        }
    }

    /// Writes down, without making anybody wait, that a server asked the client something.
    pub(super) fn note_question(&self, exchange: &Exchange, server: &str, method: &str) {
        let asked = Asked {
            server: server.to_owned(),
            method: method.to_owned(),
            principal: exchange.session.caller.principal.clone(),
        };
        let entry = Entry { call: None, at: self.clock.now(), event: Event::Asked(asked) };
        let recorder = self.recorder.clone();
        self.tasks.spawn(async move {
            if let Err(error) = recorder.write(vec![entry]).await {
                drop(unrecorded(&error));
            }
        });
    }
}

impl Session {
    /// Acts on what a server said on its own, and tells whoever wants to hear it.
    pub(super) fn hear(&self, server: &Arc<str>, notification: Notification) {
        let listing = match notification.method.as_str() {
            "notifications/tools/list_changed" => Some(Listing::Tools),
            "notifications/prompts/list_changed" => Some(Listing::Prompts),
            "notifications/resources/list_changed" => Some(Listing::Resources),
            _ => None,
        };
        if let (Some(listing), Some(reach)) = (listing, self.reaches.get(server)) {
            reach.changed(listing);
        }
        self.listeners.tell(notification);
    }
}
