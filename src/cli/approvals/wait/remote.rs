//! How does a script wait for a decision at a gateway elsewhere?
//!
//! It asks over the interface, with a key of somebody who may see the call, and asks again until it is decided or the time is
//! over. A gateway that is restarted meanwhile is asked again; one that says no is not.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use http::{Request, StatusCode};
use serde::Deserialize;
use url::Url;

use super::{Progress, WaitArgs};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::runtime;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};
use crate::secret::Secret;

/// How long one question may wait for its answer at the gateway.
const LOOK: Duration = Duration::from_secs(20);
/// How much longer it may take on its way.
const SLACK: Duration = Duration::from_secs(20);
/// How long is waited before a gateway is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(3);

/// What is read of a card.
#[derive(Debug, Deserialize)]
struct Card {
    state: String,
    #[serde(default)]
    lacking: Vec<String>,
    deadline: String,
}

/// What is read of a refusal.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

/// What a question came to.
enum Asked {
    Card(Card),
    /// Nothing yet, and why.
    Away(String),
}

/// Runs the command.
pub(super) fn run(args: &WaitArgs, url: &Url, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let key = std::env::var(&args.key).ok().filter(|key| !key.trim().is_empty()).map(Secret::new);
    let key = key.ok_or_else(|| {
        Exit::Usage.error(format!(
            "{} is not set; put a key there that may see the call, or name another with --key",
            args.key
        ))
    })?;
    let local = url.host().is_some_and(|host| crate::address::names_this_machine(&host));
    if url.scheme() != "https" && !(local && url.scheme() == "http") {
        return Err(Exit::Usage.error("the key would be sent openly; write the https address of the gateway"));
    }
    let plain = args.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain || args.id.is_empty() {
        return Err(Exit::Usage.error("this is no id of a call; the agent was told it, and the inbox shows it"));
    }
    runtime()?.block_on(Box::pin(wait(args, url, &key, out)))
}

async fn wait(args: &WaitArgs, url: &Url, key: &Secret, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let (begun, mut progress) = (Instant::now(), Progress::default());
    loop {
        let left = args.patience.saturating_sub(begun.elapsed());
        match ask(args, (url, key), left.min(progress.look(LOOK))).await? {
            Asked::Card(card) if card.state != "pending" || left.is_zero() => {
                out.line(&card.state)?;
                return Ok(exit(&card.state));
            }
            Asked::Card(card) => progress.tell(&card.lacking, &card.deadline),
            Asked::Away(why) if left.is_zero() => return Err(Exit::Unreachable.error(why)),
            Asked::Away(why) => {
                progress.say(&why);
                tokio::time::sleep(PAUSE.min(left)).await;
            }
        }
    }
}

async fn ask(args: &WaitArgs, (url, key): (&Url, &Secret), patience: Duration) -> anyhow::Result<Asked> {
    let root = url.as_str().trim_end_matches('/');
    let to = format!("{root}/api/v1/approvals/{}/wait?for={}ms", args.id, patience.as_millis().max(1));
    let mut proof =
        HeaderValue::from_str(&format!("Bearer {}", key.expose().trim())).context("the key holds what no key holds")?;
    proof.set_sensitive(true);
    let request = Request::get(to).header(AUTHORIZATION, proof).header(ACCEPT, "application/json").body(Vec::new())?;
    // Whoever runs this names the gateway, and theirs may well be inside.
    let reach = reach_of(url, Private::Allowed);
    let reply = match fetch(request, reach, patience.saturating_add(SLACK)).await {
        Ok(reply) => reply,
        Err(fault) => return Ok(Asked::Away(format!("the gateway does not answer: {fault}"))),
    };
    let refused = || {
        let told: Option<Problem> = serde_json::from_slice(reply.body()).ok();
        told.map_or_else(|| format!("the gateway answered {}", reply.status()), |told| told.detail)
    };
    match reply.status() {
        StatusCode::OK => Ok(Asked::Card(
            serde_json::from_slice(reply.body())
                .map_err(|_| Exit::Unreachable.error("what answers there is no gateway of this kind"))?,
        )),
        StatusCode::NOT_FOUND => Err(Exit::NotFound.error(refused())),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Exit::NotPermitted.error(refused())),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => Ok(Asked::Away(refused())),
        _ => Err(Exit::Failed.error(refused())),
    }
}

/// As where the store itself is asked.
fn exit(state: &str) -> Exit {
    match state {
        "pending" => Exit::Pending,
        "rejected" => Exit::Denied,
        "expired" | "lapsed" => Exit::Expired,
        "cancelled" | "superseded" | "revoked" => Exit::Cancelled,
        "approved"
        | "executing"
        | "outcome_unknown"
        | "succeeded"
        | "failed"
        | "reconciled_succeeded"
        | "reconciled_failed" => Exit::Done,
        // What is not known was agreed to by nobody.
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::state::State;

    #[test]
    fn every_state_ends_in_a_way_of_its_own() {
        for word in State::WORDS {
            assert_ne!(exit(word), Exit::Failed, "{word}");
        }
        for (word, code) in [
            ("approved", 0),
            ("succeeded", 0),
            ("rejected", 20),
            ("expired", 21),
            ("pending", 22),
            ("revoked", 23),
            ("new", 1),
        ] {
            assert_eq!(exit(word).code(), code, "{word}");
        }
    }
}
