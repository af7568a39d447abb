//! Who hears what a remote server says, and who answers it? On the stream of a request, and on the session's own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::downstream::asking::FromServer;
use crate::downstream::http::{Event, HttpFault, HttpServer};
use crate::downstream::questions::{self, Questions};
use crate::downstream::sink::{Patience, Sink};
use crate::wire::json::Object;
use crate::wire::message::{Answer, Id, Message, Notification, Request, Response};

/// What a session's tasks have in common.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) name: Arc<str>,
    pub(super) http: Arc<HttpServer>,
    pub(super) protocol: String,
    /// What a legacy server may ask for; nothing for a modern one.
    pub(super) declared: Option<Object>,
    pub(super) session: Mutex<Option<Arc<str>>>,
    pub(super) questions: Questions,
    /// Hears what belongs to no request.
    pub(super) sink: Arc<Sink>,
}

/// Whether something was a sign of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Progress,
    Other,
}

impl Ear {
    pub(super) fn session(&self) -> Option<Arc<str>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_session(&self, session: Option<Arc<str>>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }

    /// Sends what expects no answer.
    pub(super) async fn post(&self, message: &Message) -> Result<(), HttpFault> {
        self.http.post(self.session().as_deref(), Some(&self.protocol), message).await
    }

    /// Passes a notification on; the sink counts what its receiver misses.
    pub(super) async fn notify(&self, notification: Notification, sink: &Sink) {
        sink.deliver(FromServer::Notification(notification), Patience::Wait).await;
    }

    /// Puts a question to the client and its answer to the server, without waiting for either.
    pub(super) async fn question(self: &Arc<Self>, request: Request, sink: &Arc<Sink>) {
        if request.method == "ping" {
            return self.answer_later(request.id, async { Ok(Object::new().into()) });
        }
        let place = match self.questions.admit(&request.method, self.declared.as_ref()) {
            Ok(place) => place,
            Err(error) => return self.answer_later(request.id, async { Err(error) }),
        };
        let id = request.id.clone();
        match questions::put(request, Some(sink.clone())).await {
            Ok(answered) => self.answer_later(id, async move {
                let answer = questions::hear(answered).await;
                drop(place);
                answer
            }),
            Err(error) => self.answer_later(id, async { Err(error) }),
        }
    }

    fn answer_later(self: &Arc<Self>, id: Id, answer: impl Future<Output = Answer> + Send + 'static) {
        if self.declared.is_none() {
            tracing::warn!(server = %self.name, "a modern server asked a question, which it must not; ignored");
            return;
        }
        let ear = self.clone();
        tokio::spawn(async move {
            let response = Message::Response(Response::to(id, answer.await));
            if let Err(fault) = ear.post(&response).await {
                tracing::warn!(server = %ear.name, %fault, "the client's answer did not reach the server");
            }
        });
    }

    /// What the server says on the session's own stream.
    async fn hear(self: &Arc<Self>, event: Event) {
        match event {
            Event::Notification(notification) => self.notify(*notification, &self.sink).await,
            Event::Request(request) => self.question(*request, &self.sink).await,
        }
    }

    fn deaf(&self, done: Result<(), HttpFault>) {
        if let Err(fault) = done {
            tracing::debug!(server = %self.name, %fault, "the server has no stream of its own");
        }
    }

    /// Tells a legacy server that the session is over, once.
    pub(super) async fn end(&self) {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(session) = session {
            self.http.end(&session, Some(&self.protocol)).await;
        }
    }
}

/// Listens on the session's own stream until the session ends. Many servers have none.
pub(super) async fn listen(ear: Arc<Ear>, ended: CancellationToken) {
    let (said, mut hears) = mpsc::channel(16);
    let session = ear.session();
    let listening = ear.http.listen(session.as_deref(), Some(&ear.protocol), &said);
    tokio::pin!(listening);
    loop {
        tokio::select! {
            biased;
            () = ended.cancelled() => return,
            Some(event) = hears.recv() => ear.hear(event).await,
            done = &mut listening => return ear.deaf(done),
        }
    }
}
