//! What is a person told of a call that waits?

use std::sync::Arc;
use std::time::Duration;

use super::Place;
use crate::approval::Approval;
use crate::approval::edit::{Edit, Stands};
use crate::approval::state::State;
use crate::approval::vote::Voter;
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::clock::Timestamp;
use crate::gateway::desk::Desk;
use crate::identity::local;
use crate::policy::finding::evidence::Needed;
use crate::review::card::{Card, Preview, Shown};
use crate::review::page;
use crate::review::sentence::joined;
use crate::review::why::Why;
use crate::store::approvals::KeptApproval;

/// How often it is looked whether an edit was tried, and how many times.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 30;

/// So many are looked up at a time.
const AT_ONCE: i64 = 200;
/// So many characters of an id name it among those that wait.
pub(super) const SHORT: usize = 18;

pub(super) async fn list(
    (store, desk): Place<'_>,
    all: bool,
    json: bool,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let states: &[&str] = if all { &[] } else { &page::OPEN };
    let (now, me) = (desk.now().await?, desk.people.load().voter(&local::caller()));
    let mut rows = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let ids = store.approvals_in(states, after.as_deref(), AT_ONCE).await?;
        for id in &ids {
            let kept = desk.kept(id).await?;
            // The time may have been over when it was looked at.
            if !all && !kept.approval.is_open() && kept.approval.state != State::Unknown {
                continue;
            }
            if json {
                out.json_line(&Card::of(&kept, me.as_ref(), now)?)?;
            } else {
                rows.push(row(&kept, now)?);
            }
        }
        match ids.into_iter().next_back() {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    if !json && rows.is_empty() {
        out.line("Nobody waits.")?;
    } else if !json {
        out.table(&["call", "state", "who asks", "what", "left", "why"], &rows)?;
    }
    Ok(Exit::Done)
}

pub(super) fn show(
    (kept, shown): (&KeptApproval, Shown),
    (now, me): (Timestamp, Option<&Voter>),
    json: bool,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    if json {
        out.json(&Card { shown, ..Card::of(kept, me, now)? })?;
        return Ok(Exit::Done);
    }
    let approval = &kept.approval;
    let for_whom = approval.asker.person.as_deref().map(|person| format!(", for {person}")).unwrap_or_default();
    let what = format!("{}/{}", shown.server, shown.target);
    out.line(&format!("{}  {what}", approval.state.word().to_uppercase()))?;
    out.line(&format!("  asked by   {}{for_whom}", approval.asker.principal))?;
    out.line(&format!("  because    {}", shown.reason.as_deref().unwrap_or_default()))?;
    out.line(&format!("  must agree {}", terms(kept)))?;
    for asked in &approval.seen {
        out.line(&format!("  {}", Preview::of(asked).text))?;
    }
    for vote in &approval.votes {
        let why = vote.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let reach = vote.bounds.as_ref().map(|bounds| format!(", for {bounds}")).unwrap_or_default();
        let by = vote.evidence.claims().suffix();
        out.line(&format!("  {:<10} {} {}{reach}{by}{why}", vote.part.text(), vote.by.person, vote.word.text()))?;
    }
    for question in &approval.questions {
        let said = question.answer.as_ref().map_or_else(
            || "not answered yet".to_owned(),
            |said| format!("it says, and nobody has checked: {}", said.text),
        );
        out.line(&format!("  asked      {}: {} ({said})", question.by, question.text))?;
    }
    for edit in &approval.edits {
        out.line(&format!("  edit       {}: {}", edit.by, edit_in_words(edit)))?;
    }
    why(&shown, out)?;
    lent(&shown, out)?;
    stands(approval, now, out)?;
    out.line(&format!("  digest     {}", approval.summary()))?;
    out.line("  what would be sent:")?;
    for line in serde_json::to_string_pretty(&shown.params)?.lines() {
        out.line(&format!("    {line}"))?;
    }
    let changed = [(shown.masked, "covered here and in the record"), (shown.redacted, "taken out before it is sent")];
    for (places, what) in changed {
        if !places.is_empty() {
            out.line(&format!("  {what}: {}", places.join(", ")))?;
        }
    }
    if approval.state == State::Pending {
        let may = me.map(|me| approval.may_vote(me, now));
        let needs = me.and_then(|me| approval.needs(me, now)).unwrap_or_default();
        let words = match may {
            Some(Ok(())) if needs > Needed::Account => {
                format!("To approve, {}. To say no: countersign approvals deny {}", needs.advice(), approval.id)
            }
            Some(Ok(())) => {
                format!("To answer: countersign approvals approve|deny {} --digest {}", approval.id, approval.summary())
            }
            Some(Err(why)) => format!("You cannot answer: {why}."),
            None => "You cannot answer: this account stands for nobody who may.".to_owned(),
        };
        out.line(&words)?;
    }
    Ok(Exit::Done)
}

fn row(kept: &KeptApproval, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let (approval, shown) = (&kept.approval, Shown::of(kept)?);
    let left = match approval.wakes().filter(|_| approval.state == State::Pending) {
        Some(deadline) => minutes(deadline, now),
        None => String::new(),
    };
    Ok(vec![
        approval.id.as_str().chars().take(SHORT).collect(),
        approval.state.word().to_owned(),
        approval.asker.principal.clone(),
        format!("{}/{}", shown.server, shown.target),
        left,
        shown.reason.unwrap_or_default(),
    ])
}

/// What it was asked for; apart from what a rule says.
fn why(shown: &Shown, out: &mut Output<'_>) -> anyhow::Result<()> {
    let Some(why) = Why::of(shown) else { return Ok(()) };
    out.line(&format!("  prompt     {}", why.prompt_is))?;
    for line in why.prompt.iter().flat_map(|words| words.lines()) {
        out.line(&format!("    | {line}"))?;
    }
    if let Some((name, known)) = &why.model {
        out.line(&format!("  model      {name} ({known})"))?;
    }
    if let Some(words) = &why.rationale {
        out.line(&format!("  the model says of itself, and nobody has checked it: {words}"))?;
    }
    Ok(())
}

/// What it would run with.
fn lent(shown: &Shown, out: &mut Output<'_>) -> anyhow::Result<()> {
    for credential in &shown.credentials {
        out.line(&format!("  if agreed  {}", credential.lead()))?;
        for (name, words) in credential.rows() {
            out.line(&format!("    {:<10} {}", name.to_lowercase(), joined(&words)))?;
        }
    }
    Ok(())
}

/// What is missing, or why nothing is.
fn stands(approval: &Approval, now: Timestamp, out: &mut Output<'_>) -> anyhow::Result<()> {
    if let Some(under) = &approval.under {
        out.line(&format!("  runs under grant {}: nobody was asked about this call", under.grant))?;
    }
    if approval.is_glass_broken() {
        out.line("  GLASS BROKEN: those whom the rules ask did not agree")?;
    }
    if approval.state == State::Pending {
        if let Some(widest) = approval.widest() {
            out.line(&format!("  may grant  at most {widest}"))?;
        }
        out.line(&format!("  missing    {}", approval.lacking(now).join("; ")))?;
        out.line(&format!("  ends       {} ({})", approval.deadline, minutes(approval.deadline, now)))?;
    }
    Ok(())
}

fn terms(kept: &KeptApproval) -> String {
    let of = kept.approval.agreement.all_of.iter().map(|said| {
        let reviewers: Vec<String> = said.terms.reviewers.iter().map(ToString::to_string).collect();
        let evidence = said.terms.needs().suffix();
        format!("{} of {}{evidence} ({})", said.terms.quorum, reviewers.join(", "), said.finding)
    });
    of.collect::<Vec<_>>().join(", and ")
}

/// Time left, in words.
pub(super) fn minutes(deadline: Timestamp, now: Timestamp) -> String {
    let seconds = deadline.seconds().saturating_sub(now.seconds());
    match seconds {
        ..=0 => "over".to_owned(),
        1..=119 => format!("{seconds} s left"),
        _ => format!("{} min left", seconds / 60),
    }
}

fn edit_in_words(edit: &Edit) -> String {
    let changes = edit.changes.iter().map(|change| match &change.to {
        Some(to) => format!("{} = {to}", change.at),
        None => format!("without {}", change.at),
    });
    let changes = changes.collect::<Vec<_>>().join(", ");
    match &edit.stands {
        Stands::Proposed => format!("{changes} ({}); not tried yet", edit.reason),
        Stands::Made { .. } => format!("{changes} ({})", edit.reason),
        Stands::Refused { why } => format!("{changes}; refused: {why}"),
    }
}

/// Says what became of an edit, if whoever has the call looks at it within moments.
pub(super) async fn edited(desk: &Arc<Desk>, id: &str, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut looks = tokio::time::interval(LOOK);
    for _ in 0..LOOKS {
        looks.tick().await;
        let approval = desk.look(id).await?;
        if approval.proposed_edit().is_some() && approval.state == State::Pending {
            continue;
        }
        let Some(edit) = approval.edits.last() else { break };
        return match &edit.stands {
            Stands::Made { .. } => {
                out.marked(Mark::Ok, &format!("It would be sent like this now: {}", approval.summary()))?;
                Ok(Exit::Done)
            }
            Stands::Refused { why } => {
                out.marked(Mark::Fail, why)?;
                Ok(Exit::Failed)
            }
            Stands::Proposed => break,
        };
    }
    out.line("It is tried when the agent asks, or waits, for the call again.")?;
    Ok(Exit::Done)
}
