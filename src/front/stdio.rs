//! How does one agent speak to us over standard input and output?
//!
//! Standard output belongs to the protocol: nothing else is ever written there.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::{self, Unreadable};
use super::frames::{Frame, Frames};
use crate::audit::entry::Rejected;
use crate::call::caller::Caller;
use crate::gateway::Gateway;
use crate::gateway::exchange::Beside;
use crate::gateway::outlet::{Step, Steps};
use crate::gateway::session::{Door, Scope, Session};
use crate::wire::era::Era;
use crate::wire::message::{Answer, Id, Message, Notification, Request, Response, RpcError, code};
use crate::wire::method::Method;
use crate::wire::reader::Limits;

/// Lines that may wait for a slow agent.
const WAITING: usize = 256;
/// How long open requests may still run after the agent has closed its end.
const GRACE: Duration = Duration::from_secs(5);

/// One agent on standard input and output.
#[derive(Debug)]
pub struct Pipe {
    /// Takes requests.
    pub gateway: Arc<Gateway>,
    /// The operating-system user.
    pub caller: Arc<Caller>,
    /// What the agent sees.
    pub scope: Scope,
    /// How much JSON is too much.
    pub limits: Limits,
}

impl Pipe {
    /// Serves the agent until it closes its end or `stop`.
    pub async fn serve<R, W>(self, input: R, output: W, stop: CancellationToken)
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (out, lines) = mpsc::channel(WAITING);
        let writer = tokio::spawn(write_lines(output, lines));
        let gateway = Arc::clone(&self.gateway);
        let mut agent = Agent { pipe: self, out, session: None, carrying: TaskTracker::new() };
        let mut input = Frames::new(input, agent.pipe.limits.bytes);
        loop {
            let frame = tokio::select! {
                () = stop.cancelled() => break,
                frame = input.next() => frame,
            };
            match frame {
                Ok(Some(Frame::Line(line))) => agent.hear(&line).await,
                Ok(Some(Frame::TooLong)) => {
                    let limit = agent.pipe.limits.bytes;
                    agent
                        .refuse(
                            None,
                            RpcError::new(code::INVALID_REQUEST, format!("the message is longer than {limit} bytes")),
                        )
                        .await;
                }
                Ok(None) | Err(_) => break,
            }
        }
        agent.leave().await;
        drop(agent);
        gateway.close_all().await;
        if tokio::time::timeout(GRACE, writer).await.is_err() {
            tracing::warn!("the agent stopped reading; the last answers are lost, their calls are recorded");
        }
    }
}

async fn write_lines<W: AsyncWrite + Unpin>(mut output: W, mut lines: mpsc::Receiver<String>) {
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        let written = async {
            output.write_all(line.as_bytes()).await?;
            // Answers that are ready together leave together.
            while let Ok(mut line) = lines.try_recv() {
                line.push('\n');
                output.write_all(line.as_bytes()).await?;
            }
            output.flush().await
        };
        if written.await.is_err() {
            return;
        }
    }
}

struct Agent {
    pipe: Pipe,
    out: mpsc::Sender<String>,
    session: Option<Arc<Session>>,
    carrying: TaskTracker,
}

impl Agent {
    async fn hear(&mut self, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match client::read(line, &self.pipe.limits) {
            Ok(Message::Request(request)) => self.request(request).await,
            Ok(Message::Notification(notification)) => self.notification(notification).await,
            Ok(Message::Response(response)) => {
                if let Some(session) = &self.session {
                    session.answered(response.id.as_ref(), response.outcome);
                }
            }
            Err(Unreadable { id, error }) => self.refuse(id, error).await,
        }
    }

    async fn request(&mut self, request: Request) {
        let gateway = Arc::clone(&self.pipe.gateway);
        let session = if client::claimed_version(&request).is_some() {
            let said = client::from_meta(&request, &gateway.versions());
            let (caller, scope) = (Arc::clone(&self.pipe.caller), self.pipe.scope.clone());
            match said.and_then(|client| gateway.shared_session(caller, scope, Door::Stdio, client)) {
                Ok(session) => {
                    // The session a cancellation or a listener belongs to, for a client that never initialises.
                    if self.session.as_ref().is_none_or(|known| known.client.era == Era::Modern) {
                        self.session = Some(Arc::clone(&session));
                    }
                    session
                }
                Err(error) => return self.say(Some(request.id), Err(error)).await,
            }
        } else if request.method == "initialize" {
            return self.initialize(request).await;
        } else {
            match &self.session {
                Some(session) if session.client.era == Era::Legacy => Arc::clone(session),
                _ if request.method == "ping" => return self.say(Some(request.id), Ok(crate::object! {}.into())).await,
                _ => {
                    let error = RpcError::new(
                        code::INVALID_REQUEST,
                        "send `initialize` first, or the `_meta` of 2026-07-28 with every request",
                    );
                    return self.refuse(Some(request.id), error).await;
                }
            }
        };
        let id = request.id.clone();
        self.carry(id, gateway.take(&session, request, Beside::default()));
    }

    async fn initialize(&mut self, request: Request) {
        let Request { id, params, .. } = request;
        let gateway = &self.pipe.gateway;
        let answer = async {
            Method::Initialize.check(&params).map_err(|bad| RpcError::new(code::INVALID_PARAMS, bad.to_string()))?;
            let protocol = gateway.agree_on_version(params.str("protocolVersion").unwrap_or_default())?;
            let client = client::from_initialize(&params, protocol);
            let (caller, scope) = (Arc::clone(&self.pipe.caller), self.pipe.scope.clone());
            let session = gateway.open_session(caller, scope, Door::Stdio, client).await?;
            let welcome = gateway.welcome(&session).await?;
            Ok((session, welcome))
        };
        match answer.await {
            Ok((session, welcome)) => {
                let (listener, mut heard) = mpsc::channel::<Message>(WAITING);
                session.listeners.attach(listener);
                let out = self.out.clone();
                let ended = session.ended.clone();
                gateway.tasks.spawn(async move {
                    loop {
                        let message = tokio::select! {
                            () = ended.cancelled() => return,
                            message = heard.recv() => message,
                        };
                        let Some(message) = message else { return };
                        if out.send(message.to_line()).await.is_err() {
                            return;
                        }
                    }
                });
                if let Some(before) = self.session.replace(session) {
                    gateway.close_session(&before).await;
                }
                self.say(Some(id), Ok(welcome)).await;
            }
            Err(error) => self.say(Some(id), Err(error)).await,
        }
    }

    async fn notification(&self, notification: Notification) {
        if let Some(session) = &self.session {
            self.pipe.gateway.client_says(session, notification).await;
        }
    }

    /// Carries what a request says to standard output, without waiting for it.
    fn carry(&self, id: Id, mut steps: Steps) {
        let out = self.out.clone();
        self.carrying.spawn(async move {
            while let Some(step) = steps.recv().await {
                let (line, last) = match step {
                    Step::Say(message) => (message.to_line(), false),
                    Step::Answer(answer) => (Message::Response(Response::to(id.clone(), *answer)).to_line(), true),
                };
                if out.send(line).await.is_err() || last {
                    return;
                }
            }
        });
    }

    async fn refuse(&self, id: Option<Id>, error: RpcError) {
        let rejected = Rejected {
            class: "rejected_parse",
            why: error.message.clone(),
            transport: Door::Stdio.word(),
            principal: Some(self.pipe.caller.principal.clone()),
            method: None,
        };
        if let Err(error) = self.pipe.gateway.write_rejected(rejected).await {
            tracing::error!(error = %error, "a refusal could not be recorded");
        }
        self.say(id, Err(error)).await;
    }

    async fn say(&self, id: Option<Id>, outcome: Answer) {
        let line = Message::Response(Response { id, outcome }).to_line();
        if self.out.send(line).await.is_err() {
            tracing::debug!("the agent no longer reads");
        }
    }

    /// The agent has closed its end. What it asked before is still answered, but not waited for without end.
    async fn leave(&mut self) {
        self.carrying.close();
        if tokio::time::timeout(GRACE, self.carrying.wait()).await.is_err() {
            tracing::warn!("requests still ran when the agent left; they are cancelled and recorded");
        }
        if let Some(session) = self.session.take() {
            self.pipe.gateway.close_session(&session).await;
        }
    }
}
