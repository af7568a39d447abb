//! What is a person told of a call that waits?

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Place;
use crate::approval::state::State;
use crate::approval::vote::Voter;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, harmless};
use crate::clock::Timestamp;
use crate::store::approvals::KeptApproval;

/// So many characters of an id name it among those that wait.
const SHORT: usize = 18;

pub(super) async fn list(
    (store, desk): Place<'_>,
    all: bool,
    json: bool,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let states: &[&str] = if all { &[] } else { &["pending", "approved", "executing", "outcome_unknown"] };
    let now = desk.now().await?;
    let mut rows = Vec::new();
    for id in store.approvals_in(states, None, super::MOST).await? {
        let kept = desk.kept(&id).await?;
        if !all && !kept.approval.is_open() && kept.approval.state != State::Unknown {
            continue;
        }
        if json {
            out.json_line(&describe(&kept, now)?)?;
            continue;
        }
        let card: Value = serde_json::from_str(&kept.shown).context("what is shown of a call is no JSON")?;
        let text = |name: &str| card.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let left = match kept.approval.wakes().filter(|_| kept.approval.state == State::Pending) {
            Some(deadline) => minutes(deadline, now),
            None => String::new(),
        };
        rows.push(vec![
            id.chars().take(SHORT).collect(),
            kept.approval.state.word().to_owned(),
            kept.approval.asker.principal.clone(),
            format!("{}/{}", text("server"), text("target")),
            left,
            text("reason"),
        ]);
    }
    if !json && rows.is_empty() {
        out.line("Nobody waits.")?;
    } else if !json {
        out.table(&["call", "state", "who asks", "what", "left", "why"], &rows)?;
    }
    Ok(Exit::Done)
}

pub(super) fn show(
    kept: &KeptApproval,
    (now, me): (Timestamp, Option<&Voter>),
    json: bool,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    if json {
        out.json(&describe(kept, now)?)?;
        return Ok(Exit::Done);
    }
    let approval = &kept.approval;
    let card: Value = serde_json::from_str(&kept.shown).context("what is shown of a call is no JSON")?;
    let text = |name: &str| card.get(name).and_then(Value::as_str).map(harmless).unwrap_or_default();
    let for_whom = approval.asker.person.as_deref().map(|person| format!(", for {person}")).unwrap_or_default();
    let what = format!("{}/{}", text("server"), text("target"));
    out.line(&format!("{}  {what}", approval.state.word().to_uppercase()))?;
    out.line(&format!("  asked by   {}{for_whom}", approval.asker.principal))?;
    out.line(&format!("  because    {}", text("reason")))?;
    out.line(&format!("  must agree {}", terms(kept)))?;
    for vote in &approval.votes {
        let why = vote.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        out.line(&format!("  {:<10} {} {}{why}", vote.part.text(), vote.by.person, vote.word.text()))?;
    }
    if approval.state == State::Pending {
        out.line(&format!("  missing    {}", approval.lacking(now).join("; ")))?;
        out.line(&format!("  ends       {} ({})", approval.deadline, minutes(approval.deadline, now)))?;
    }
    out.line(&format!("  digest     {}", approval.digest))?;
    out.line("  what would be sent:")?;
    let params = card.get("params").cloned().unwrap_or_default();
    for line in serde_json::to_string_pretty(&params)?.lines() {
        out.line(&format!("    {line}"))?;
    }
    for (name, what) in [("masked", "covered here and in the record"), ("redacted", "taken out before it is sent")] {
        let places = card.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        if !places.is_empty() {
            let places: Vec<&str> = places.iter().filter_map(Value::as_str).collect();
            out.line(&format!("  {what}: {}", places.join(", ")))?;
        }
    }
    if approval.state == State::Pending {
        let may = me.map(|me| approval.may_vote(me, now));
        let words = match may {
            Some(Ok(())) => {
                format!("To answer: countersign approvals approve|deny {} --digest {}", approval.id, approval.digest)
            }
            Some(Err(why)) => format!("You cannot answer: {why}."),
            None => "You cannot answer: this account stands for nobody who may.".to_owned(),
        };
        out.line(&words)?;
    }
    Ok(Exit::Done)
}

fn terms(kept: &KeptApproval) -> String {
    let of = kept.approval.agreement.all_of.iter().map(|said| {
        let reviewers: Vec<String> = said.terms.reviewers.iter().map(ToString::to_string).collect();
        format!("{} of {} ({})", said.terms.quorum, reviewers.join(", "), said.finding)
    });
    of.collect::<Vec<_>>().join(", and ")
}

/// Time left, in words.
fn minutes(deadline: Timestamp, now: Timestamp) -> String {
    let seconds = deadline.seconds().saturating_sub(now.seconds());
    match seconds {
        ..=0 => "over".to_owned(),
        1..=119 => format!("{seconds} s left"),
        _ => format!("{} min left", seconds / 60),
    }
}

fn describe(kept: &KeptApproval, now: Timestamp) -> anyhow::Result<Value> {
    let approval = &kept.approval;
    let card: Value = serde_json::from_str(&kept.shown).context("what is shown of a call is no JSON")?;
    Ok(json!({
        "version": 1,
        "id": approval.id,
        "state": approval.state.word(),
        "digest": approval.digest,
        "asker": approval.asker,
        "agreement": approval.agreement,
        "votes": approval.votes,
        "lacking": if approval.state == State::Pending { approval.lacking(now) } else { Vec::new() },
        "opened": approval.opened.to_string(),
        "deadline": approval.deadline.to_string(),
        "shown": card,
    }))
}
