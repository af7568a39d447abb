//! Which yes reaches beyond one call, how far would it, and how is it taken back?

use std::sync::Arc;

use clap::{Args, Subcommand};

use super::Place;
use super::told::minutes;
use crate::approval::state::State;
use crate::cli::exit::Exit;
use crate::cli::output::{Mark, Output};
use crate::gateway::desk::{Desk, Done};
use crate::identity::local;
use crate::policy::finding::grant::GrantTerms;
use crate::policy::finding::pointer::Pointer;
use crate::review::fault::Fault;
use crate::review::grant::{self, RevokeGrant};
use crate::review::reach::reach;
use crate::review::sight;
use crate::store::Store;
use crate::store::grants::Which;

/// How far a yes reaches beyond the call.
#[derive(Args, Debug)]
pub(super) struct GrantArgs {
    /// Agree to so many calls, this one among them, for as long as --grant-for says
    #[arg(long = "grant-uses", id = "grant_uses", value_name = "USES", requires = "grant_for")]
    uses: Option<u32>,
    /// For how long, such as 15m
    #[arg(long = "grant-for", id = "grant_for", value_name = "TIME", requires = "grant_uses")]
    period: Option<String>,
    /// A place of the arguments that may be anything; everything else stays as it is. May be given several times
    #[arg(long = "grant-free", id = "grant_free", value_name = "POINTER", requires = "grant_uses")]
    free: Vec<String>,
}

/// Which grants are listed, or what is done with one.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct GrantsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Also those that are over
    #[arg(long)]
    all: bool,
    /// Print JSON, one line each
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Take a grant back: it covers nothing any more
    #[command(
        after_help = "Examples:\n  countersign approvals grants revoke 01a1ff4e\n  countersign approvals grants revoke 01a1ff4e --reason \"the report is done\""
    )]
    Revoke {
        /// The grant, or how its id begins
        id: String,
        /// Why; kept
        #[arg(long)]
        reason: Option<String>,
    },
}

/// So many are listed.
const MOST: i64 = 1000;

impl GrantArgs {
    /// The bounds, if any were given.
    pub(super) fn bounds(&self) -> anyhow::Result<Option<GrantTerms>> {
        let (Some(uses), Some(period)) = (self.uses, &self.period) else { return Ok(None) };
        let written = serde_json::json!({ "uses": uses, "for": period, "free": self.free });
        let bounds = serde_json::from_value(written).map_err(|error| Exit::Usage.error(error.to_string()))?;
        Ok(Some(bounds))
    }
}

/// Says whether a grant came of an answer that has bounds.
pub(super) fn told(done: &Done, out: &mut Output<'_>) -> anyhow::Result<()> {
    let asked = done.approval.votes.last().and_then(|vote| vote.bounds.as_ref());
    let Some(bounds) = asked else { return Ok(()) };
    match &done.grant {
        Some(grant) => {
            let left = grant.left();
            out.line(&format!("Granted: {bounds}. This call is one of them; {left} more until {}.", grant.until))?;
        }
        None if done.approval.state == State::Pending => {
            out.line("A grant comes of it when enough people agree with exactly the same bounds.")?;
        }
        None => out.line("No grant came of it: too few of those who agreed gave the same bounds.")?,
    }
    Ok(())
}

/// Lists grants, or takes one back.
pub(super) async fn run(args: &GrantsArgs, place: Place<'_>, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match &args.verb {
        Some(Verb::Revoke { id, reason }) => revoke(place, id, reason.clone(), out).await,
        None => list(place, args, out).await,
    }
}

async fn list((store, desk): Place<'_>, args: &GrantsArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let me = sight::person(&desk.people.load(), &local::caller())?;
    let which = if args.all { Which::All } else { Which::Open };
    let now = desk.now().await?;
    let mut rows = Vec::new();
    for id in store.grants(which, MOST).await? {
        // Whoever may read the database sees what is in it, here as in `approvals list`.
        let grant = desk.grant(&id).await?;
        let card = grant::GrantCard::of(&grant, &me, now);
        if which == Which::Open && card.state != "open" {
            continue;
        }
        if args.json {
            out.json_line(&card)?;
            continue;
        }
        let left = if card.state == "open" { minutes(grant.until, now) } else { card.state.to_owned() };
        rows.push(vec![
            id.chars().take(super::told::SHORT).collect(),
            card.by.join(" "),
            card.principal.clone(),
            format!("{}/{}", card.server, card.tool),
            format!("{} of {}", card.left, card.bounds.uses),
            left,
            grant.bounds.places(),
        ]);
    }
    if !args.json && rows.is_empty() {
        out.line("Nothing is granted.")?;
    } else if !args.json {
        out.table(&["grant", "made by", "for", "what", "uses left", "time", "free"], &rows)?;
    }
    Ok(Exit::Done)
}

async fn revoke(
    (store, desk): Place<'_>,
    beginning: &str,
    reason: Option<String>,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let me = sight::person(&desk.people.load(), &local::caller())?;
    let id = match store.grants_beginning(beginning).await?.as_slice() {
        [] => {
            let text = format!("no grant's id begins with `{beginning}`; `countersign approvals grants` lists them");
            return Err(Exit::NotFound.error(text));
        }
        [id] => id.clone(),
        _ => anyhow::bail!("several grants begin with `{beginning}`; write more of it"),
    };
    match grant::revoke(desk, &id, me, RevokeGrant { reason }).await {
        Ok(card) => {
            out.marked(
                Mark::Ok,
                &format!("It covers nothing any more; {} of {} uses ran.", card.used, card.bounds.uses),
            )?;
            Ok(Exit::Done)
        }
        Err(Fault::Grant(why)) => {
            out.marked(Mark::Fail, &format!("{}: {why}", why.code()))?;
            Ok(if matches!(why.code(), "own_call" | "not_eligible") { Exit::NotPermitted } else { Exit::Failed })
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells which past calls a grant would have covered.
pub(super) async fn covered(
    (store, desk): (&Store, &Arc<Desk>),
    (id, free): (&str, &[String]),
    json: bool,
    out: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let places = free.iter().map(|place| Pointer::try_from(place.clone())).collect::<Result<_, _>>();
    let places = places.map_err(|error| Exit::Usage.error(error.to_string()))?;
    let approval = desk.look(id).await?;
    let found = match reach(store, &approval, places, desk.now().await?).await {
        Ok(found) => found,
        Err(Fault::TooWide(wide)) => {
            out.marked(Mark::Fail, &format!("too_wide: {wide}"))?;
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(error.into()),
    };
    if json {
        out.json(&found)?;
        return Ok(Exit::Done);
    }
    out.line(&format!("The rules allow at most {}.", found.widest))?;
    out.line(&format!(
        "Of {} other calls of this caller to this tool in the last 7 days it would have covered {}.",
        found.calls, found.covered
    ))?;
    if found.cannot_tell > 0 {
        out.line(&format!("Of {} nobody can tell: the record covers what is pinned.", found.cannot_tell))?;
    }
    for past in &found.examples {
        out.line(&format!("  {}  {}", past.at, past.arguments))?;
    }
    Ok(Exit::Done)
}
