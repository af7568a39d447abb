//! How does what is pressed come back without an address of ours? Slack's Socket Mode.
//!
//! We open a connection, and Slack sends over it what it would send as requests; each is answered at once by its name. Slack
//! closes connections as it likes and says so before: then a new one is opened, and the old one is read until that stands. What
//! comes over two of them is the same press, and does something once. Nothing is lost when there is none for a while but time:
//! calls wait, and people answer elsewhere.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

use super::action::Interaction;
use super::answer::Room;
use super::{Mode, Slack, limits};
use crate::clock::chance;
use crate::downstream::http::fetch::connect;
use crate::secret::Secret;

/// A connection stands when Slack has said hello, and it does so soon.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent connection is asked whether it lives.
const ASKS: Duration = Duration::from_secs(15);
/// What says nothing for so long is dead.
const SILENCE: Duration = Duration::from_secs(50);
/// After a failure, and the more of them the longer, up to a minute.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_mins(1));
/// Connections that Slack closes one after the other before that is a failure too.
const MOST_AT_ONCE: u32 = 5;
/// A connection that stood for less was no success.
const STEADY: Duration = Duration::from_secs(10);

/// One message of Slack.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, rename = "envelope_id")]
    id: Option<String>,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    reason: Option<String>,
}

/// A connection that stands.
struct Line {
    /// Comes when Slack wants to close it, or when it is closed.
    leaving: oneshot::Receiver<Leaving>,
    /// Ends it.
    stop: CancellationToken,
    since: Instant,
}

/// Why there is none.
struct Failed {
    why: String,
    /// When Slack wants to be asked again.
    after: Option<Duration>,
}

/// Why a connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Leaving {
    /// Slack will close it soon, and wants another one before.
    Asked,
    /// It is gone.
    Gone(String),
}

impl Slack {
    /// Hears what is pressed until it is to stop. Nothing to do where presses come as requests.
    pub async fn listen(self: Arc<Self>, room: Room, stop: CancellationToken) {
        let Mode::Socket { app_token } = &self.options.mode else { return };
        let mut failures: u32 = 0;
        // What Slack will close soon is heard until another one stands.
        let mut old: Option<Line> = None;
        loop {
            let line = tokio::select! {
                () = stop.cancelled() => break,
                line = self.line(app_token, &room, &stop) => line,
            };
            let failed = match line {
                Ok(mut line) => {
                    self.note(None);
                    if let Some(old) = old.take() {
                        old.stop.cancel();
                    }
                    let leaving = tokio::select! {
                        () = stop.cancelled() => break,
                        leaving = &mut line.leaving => leaving.unwrap_or_else(|_| Leaving::Gone("it broke".to_owned())),
                    };
                    failures = if line.since.elapsed() < STEADY { failures.saturating_add(1) } else { 0 };
                    match leaving {
                        Leaving::Asked if failures < MOST_AT_ONCE => {
                            old = Some(line);
                            continue;
                        }
                        Leaving::Asked => {
                            old = Some(line);
                            Failed { why: "Slack closes every connection at once".to_owned(), after: None }
                        }
                        Leaving::Gone(why) => Failed { why, after: None },
                    }
                }
                Err(failed) => {
                    failures = failures.saturating_add(1);
                    failed
                }
            };
            let Failed { why, after } = failed;
            tracing::warn!(
                channel = self.options.name,
                why,
                failures,
                "no connection to hear what is pressed in Slack"
            );
            self.note(Some(why));
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(pause(failures).max(after.unwrap_or_default())) => {}
            }
        }
        self.tasks.close();
    }

    /// A connection over which Slack has said hello.
    async fn line(self: &Arc<Self>, token: &Secret, room: &Room, stop: &CancellationToken) -> Result<Line, Failed> {
        let url = self
            .api
            .socket(token)
            .await
            .map_err(|trouble| Failed { after: trouble.after(), why: trouble.to_string() })?;
        let made = async {
            let stream = connect(&url, self.api.reach()).await.map_err(|fault| fault.to_string())?;
            let config = WebSocketConfig::default()
                .max_message_size(Some(limits::PAYLOAD))
                .max_frame_size(Some(limits::PAYLOAD));
            let made = client_async_with_config(url.as_str(), stream, Some(config)).await;
            let (mut socket, _) = made.map_err(|error| error.to_string())?;
            hello(&mut socket).await?;
            Ok::<_, String>(socket)
        };
        let made = timeout(PATIENCE, made).await.unwrap_or_else(|_| Err("Slack does not say hello".to_owned()));
        let socket = made.map_err(|why| Failed { why, after: None })?;
        let (leaves, leaving) = oneshot::channel();
        let stop = stop.child_token();
        let (slack, room, stopped) = (Arc::clone(self), room.clone(), stop.clone());
        self.tasks.spawn(async move { slack.heed(socket, &room, (leaves, stopped)).await });
        Ok(Line { leaving, stop, since: Instant::now() })
    }

    /// Reads a connection until it is over.
    async fn heed<S: AsyncRead + AsyncWrite + Unpin>(
        self: Arc<Self>,
        mut socket: WebSocketStream<S>,
        room: &Room,
        (leaves, stop): (oneshot::Sender<Leaving>, CancellationToken),
    ) {
        let mut leaves = Some(leaves);
        let mut asks = interval(ASKS);
        asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let why = loop {
            let frame = tokio::select! {
                biased;
                () = stop.cancelled() => break "it is not needed any more".to_owned(),
                frame = socket.next() => frame,
                _ = asks.tick() => {
                    if heard.elapsed() > SILENCE {
                        break "it is silent".to_owned();
                    }
                    match socket.send(Frame::Ping(Vec::new().into())).await {
                        Ok(()) => continue,
                        Err(error) => break error.to_string(),
                    }
                }
            };
            heard = Instant::now();
            let text = match frame {
                Some(Ok(Frame::Text(text))) => text,
                Some(Ok(Frame::Close(_))) | None => break "Slack closed the connection".to_owned(),
                // A ping is answered by whoever reads.
                Some(Ok(_)) => continue,
                Some(Err(error)) => break error.to_string(),
            };
            let Ok(envelope) = serde_json::from_str::<Envelope>(&text) else { continue };
            if envelope.kind == "disconnect" {
                let reason = envelope.reason.unwrap_or_default();
                if matches!(reason.as_str(), "link_disabled" | "too_many_websockets") {
                    break format!(
                        "Slack wants no connection ({reason}); is Socket Mode on, and not used by ten others?"
                    );
                }
                if let Some(leaves) = leaves.take() {
                    drop(leaves.send(Leaving::Asked));
                }
                continue;
            }
            let Some(answer) = self.enveloped(envelope, room) else { continue };
            if let Err(error) = socket.send(Frame::text(answer.to_string())).await {
                break error.to_string();
            }
        };
        if let Some(leaves) = leaves {
            drop(leaves.send(Leaving::Gone(why)));
        }
        // Whether it hears that is its own affair.
        drop(timeout(Duration::from_secs(1), socket.close(None)).await);
    }

    /// What is answered to an envelope; nothing where it wants no answer.
    fn enveloped(self: &Arc<Self>, envelope: Envelope, room: &Room) -> Option<Value> {
        let id = envelope.id?;
        if envelope.kind != "interactive" {
            return Some(json!({ "envelope_id": id }));
        }
        let said = match Interaction::of(envelope.payload) {
            Ok(interaction) => self.heard(interaction, room),
            Err(why) => {
                tracing::warn!(channel = self.options.name, %why, "what Slack sent is not understood");
                None
            }
        };
        Some(match said {
            Some(said) => json!({ "envelope_id": id, "payload": said }),
            None => json!({ "envelope_id": id }),
        })
    }
}

/// Waits until Slack has said hello.
async fn hello<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> Result<(), String> {
    loop {
        let text = match socket.next().await {
            Some(Ok(Frame::Text(text))) => text,
            Some(Ok(Frame::Close(_))) | None => return Err("Slack closed the connection".to_owned()),
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Err(error.to_string()),
        };
        let envelope: Envelope = serde_json::from_str(&text).map_err(|_| "what came is no hello".to_owned())?;
        match envelope.kind.as_str() {
            "hello" => return Ok(()),
            other => return Err(format!("Slack says {} and not hello", super::words::cut(other, 40).text)),
        }
    }
}

/// How long nothing is tried: longer with every failure, and for each gateway at another time.
fn pause(failures: u32) -> Duration {
    let most = PAUSES.0.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(PAUSES.1);
    let share = chance::<1>().map_or(128, |[byte]| byte);
    let half = most.checked_div(2).unwrap_or(most);
    half.saturating_add(half.saturating_mul(u32::from(share)).checked_div(255).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::accept_async;

    use super::*;

    #[tokio::test]
    async fn an_address_with_tls_is_spoken_to_over_the_connection_that_was_made() {
        // The connection is encrypted before; nothing here may want to do that again, or refuse to.
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let slack = tokio::spawn(async move {
            let mut socket = accept_async(theirs).await.unwrap();
            socket.send(Frame::Ping(vec![1].into())).await.unwrap();
            socket.send(Frame::text(r#"{"type":"hello"}"#)).await.unwrap();
            socket.next().await.unwrap().unwrap()
        });
        let (mut socket, _) =
            client_async_with_config("wss://wss-primary.slack.com/link?ticket=1", ours, None).await.unwrap();
        hello(&mut socket).await.unwrap();
        socket.flush().await.unwrap();
        assert_eq!(slack.await.unwrap(), Frame::Pong(vec![1].into()), "a ping is answered by whoever reads");
    }

    #[test]
    fn a_pause_grows_and_ends_somewhere() {
        // NOT-07
        for failures in [0, 1, 5, 50, u32::MAX] {
            let most = PAUSES.0.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(PAUSES.1);
            let paused = pause(failures);
            assert!(paused <= most && paused >= most / 2 && most <= Duration::from_mins(1), "{failures}: {paused:?}");
        }
    }
}
