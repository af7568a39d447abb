//! `countersign approvals`: which calls wait for people, what exactly they would do, and answering.
//!
//! An answer is about what was shown: `show` prints a digest, and an answer that names another one counts for nothing. Who
//! answers is whoever the operating system says runs this program. So an agent that runs programs as that person can
//! answer as that person; a rule that must not allow it asks somebody else (`by: other`), or names people who are not on
//! this machine.

mod grants;
mod told;
pub mod wait;

use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};

use self::grants::{GrantArgs, GrantsArgs};
use super::exit::Exit;
use super::output::{Mark, Output};
use super::{Examples, Global, assembly, runtime};
use crate::approval::Approval;
use crate::approval::event::Refused;
use crate::approval::state::State;
use crate::clock::SystemClock;
use crate::gateway::desk::Desk;
use crate::identity::local;
use crate::review::answer::{
    self, Answer, Approve, Ask, BreakGlass, Deny, Edit, Escalate, Reconcile, Revoke, Withdraw,
};
use crate::review::card::Shown;
use crate::review::fault::Fault;
use crate::review::openapi::document_text;
use crate::review::sight;
use crate::review::why::add_words;
use crate::store::{Store, StoreOptions};

/// What `approvals` takes.
#[derive(Args, Debug)]
pub struct ApprovalsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the calls that wait
    #[command(after_help = "Examples:\n  countersign approvals list\n  countersign approvals list --all --json")]
    List {
        /// Also those that are over
        #[arg(long)]
        all: bool,
        /// Print JSON, one line each
        #[arg(long)]
        json: bool,
    },
    /// Show one: who asks, what would run, who must agree, who has answered
    #[command(
        after_help = "Examples:\n  countersign approvals show 01a1ff4e\n  countersign approvals show 01a1ff4e --json"
    )]
    Show {
        /// The call, or how its id begins
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Agree that it runs, once, exactly as shown; or as often as a grant says
    #[command(
        after_help = "Examples:\n  countersign approvals approve 01a1ff4e --reason \"checked with the owner\"\n  countersign approvals approve 01a1ff4e --grant-uses 5 --grant-for 15m --grant-free /limit"
    )]
    Approve {
        #[command(flatten)]
        about: About,
        /// Why; kept with the answer
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        grant: GrantArgs,
    },
    /// List the grants, or take one back: a yes that covers more than one call
    #[command(
        after_help = "Examples:\n  countersign approvals grants --all\n  countersign approvals grants revoke 01a1ff4e"
    )]
    Grants(GrantsArgs),
    /// Tell which calls of the last 7 days a grant would have covered
    #[command(
        after_help = "Examples:\n  countersign approvals reach 01a1ff4e --free /limit\n  countersign approvals reach 01a1ff4e --json"
    )]
    Reach {
        /// The call, or how its id begins
        id: String,
        /// A place of the arguments that would be free; may be given several times
        #[arg(long, value_name = "POINTER")]
        free: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say no; the agent is told why
    #[command(
        after_help = "Examples:\n  countersign approvals deny 01a1ff4e --reason \"archive them instead\"\n  countersign approvals deny 01a1ff4e --reason no --digest sha256:9f2c..."
    )]
    Deny {
        #[command(flatten)]
        about: About,
        /// What the agent should do instead
        #[arg(long)]
        reason: String,
    },
    /// Ask the agent, or whoever sits before it, something first
    #[command(
        after_help = "Examples:\n  countersign approvals ask 01a1ff4e \"which ticket is this for?\"\n  countersign approvals show 01a1ff4e"
    )]
    Ask {
        /// The call, or how its id begins
        id: String,
        /// What you want to know
        question: String,
    },
    /// Have other arguments sent, if the tool and the rules take them; you cannot approve them then
    #[command(
        after_help = "Examples:\n  countersign approvals edit 01a1ff4e --put /limit=100 --reason \"fewer rows\"\n  countersign approvals edit 01a1ff4e --put '/table=\"archive\"' --remove /cc --reason \"not the live one\""
    )]
    Edit {
        #[command(flatten)]
        about: About,
        /// What shall stand where: a JSON pointer into the arguments, and JSON
        #[arg(long, value_name = "POINTER=JSON", value_parser = placed, required_unless_present = "remove")]
        put: Vec<(String, serde_json::Value)>,
        /// What shall be taken out: a JSON pointer into the arguments
        #[arg(long, value_name = "POINTER")]
        remove: Vec<String>,
        /// Why; the agent is told
        #[arg(long)]
        reason: String,
    },
    /// Have those asked at once who would be asked after a while
    #[command(
        after_help = "Examples:\n  countersign approvals escalate 01a1ff4e\n  countersign approvals show 01a1ff4e"
    )]
    Escalate {
        /// The call, or how its id begins
        id: String,
    },
    /// Agree where the rules ask others, in need: it takes two with that role, and is marked
    #[command(
        after_help = "Examples:\n  countersign approvals break-glass 01a1ff4e --reason \"outage 311, nobody of dba answers\"\n  countersign approvals show 01a1ff4e"
    )]
    BreakGlass {
        #[command(flatten)]
        about: About,
        /// What the need is; kept
        #[arg(long)]
        reason: String,
    },
    /// Take back what people agreed to, before it is used
    #[command(
        after_help = "Examples:\n  countersign approvals revoke 01a1ff4e\n  countersign approvals revoke 01a1ff4e --reason \"wrong table\""
    )]
    Revoke {
        /// The call, or how its id begins
        id: String,
        /// Why; kept
        #[arg(long)]
        reason: Option<String>,
    },
    /// Give up a call of your own that waits, or was agreed to and not used
    #[command(
        after_help = "Examples:\n  countersign approvals withdraw 01a1ff4e\n  countersign approvals withdraw 01a1ff4e --config team.toml"
    )]
    Withdraw {
        /// The call, or how its id begins
        id: String,
    },
    /// Write down what became of a call nobody knows the outcome of
    #[command(
        after_help = "Examples:\n  countersign approvals reconcile 01a1ff4e --happened --evidence \"order 4711 is there\"\n  countersign approvals reconcile 01a1ff4e --did-not-happen --evidence \"no row in the ledger\""
    )]
    Reconcile {
        /// The call, or how its id begins
        id: String,
        /// It happened
        #[arg(long, required_unless_present = "did_not_happen", conflicts_with = "did_not_happen")]
        happened: bool,
        /// It did not
        #[arg(long)]
        did_not_happen: bool,
        /// How you know
        #[arg(long)]
        evidence: String,
    },
    /// Print how programs see and answer calls over HTTP, as an `OpenAPI` document
    #[command(
        after_help = "Examples:\n  countersign approvals schema > openapi.json\n  countersign approvals schema | jq '.paths | keys'"
    )]
    Schema,
}

/// Which call an answer is about.
#[derive(Args, Debug)]
struct About {
    /// The call, or how its id begins
    id: String,
    /// Answer only for this, as `approvals show` printed it
    #[arg(long, value_name = "SHA256")]
    digest: Option<String>,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign approvals list", "who waits for me?"),
    ("countersign approvals approve 01a1ff4e", "let it run, once, exactly as shown"),
]);

/// Runs the command.
pub fn run(args: &ApprovalsArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if let Verb::Schema = args.verb {
        out.exact(&document_text())?;
        return Ok(Exit::Done);
    }
    at_the_desk(global, async |place| done(&args.verb, place, out).await)
}

type Place<'a> = (&'a Store, &'a Arc<Desk>);

fn at_the_desk(global: &Global, work: impl AsyncFnOnce(Place<'_>) -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let config = global.load()?;
    let options = StoreOptions::from(&config.store);
    runtime()?.block_on(async {
        // Who answers makes no database: where there is none, nothing waits, and they look in the wrong place.
        Store::must_exist(&options)?;
        let store = Store::open_beside(&options).await?;
        let desk = Desk::new(store.clone(), Arc::new(SystemClock));
        desk.people.store(Arc::new(assembly::people(&config)));
        let done = work((&store, &desk)).await;
        store.close().await;
        done
    })
}

async fn done(verb: &Verb, (store, desk): Place<'_>, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match verb {
        Verb::List { all, json } => told::list((store, desk), *all, *json, out).await,
        Verb::Show { id, json } => {
            let kept = desk.kept(&whole(store, id).await?).await?;
            let voter = desk.people.load().voter(&local::caller());
            let mut shown = Shown::of(&kept)?;
            add_words(store, &mut shown).await?;
            told::show((&kept, shown), (desk.now().await?, voter.as_ref()), *json, out)
        }
        Verb::Approve { about, reason, grant } => {
            let grant = grant.bounds()?;
            let (id, digest) = about.whole((store, desk)).await?;
            say(desk, &id, Approve { digest, reason: reason.clone(), grant }, out).await
        }
        Verb::Grants(args) => grants::run(args, (store, desk), out).await,
        Verb::Reach { id, free, json } => {
            let id = whole(store, id).await?;
            grants::covered((store, desk), (&id, free), *json, out).await
        }
        Verb::Deny { about, reason } => {
            let (id, digest) = about.whole((store, desk)).await?;
            say(desk, &id, Deny { digest, reason: reason.clone() }, out).await
        }
        Verb::Ask { id, question } => {
            let id = whole(store, id).await?;
            say(desk, &id, Ask { question: question.clone() }, out).await
        }
        Verb::Edit { about, put, remove, reason } => {
            let (id, digest) = about.whole((store, desk)).await?;
            let (set, remove) = (put.iter().cloned().collect(), remove.clone());
            let said = say(desk, &id, Edit { digest, set, remove, reason: reason.clone() }, out).await?;
            if said == Exit::Done { told::edited(desk, &id, out).await } else { Ok(said) }
        }
        Verb::Escalate { id } => {
            let id = whole(store, id).await?;
            say(desk, &id, Escalate {}, out).await
        }
        Verb::BreakGlass { about, reason } => {
            let (id, digest) = about.whole((store, desk)).await?;
            say(desk, &id, BreakGlass { digest, reason: reason.clone() }, out).await
        }
        Verb::Revoke { id, reason } => {
            let id = whole(store, id).await?;
            say(desk, &id, Revoke { reason: reason.clone() }, out).await
        }
        Verb::Withdraw { id } => {
            let id = whole(store, id).await?;
            say(desk, &id, Withdraw {}, out).await
        }
        Verb::Reconcile { id, happened, did_not_happen: _, evidence } => {
            let id = whole(store, id).await?;
            say(desk, &id, Reconcile { happened: *happened, evidence: evidence.clone() }, out).await
        }
        Verb::Schema => Ok(Exit::Done),
    }
}

impl About {
    /// The call, and what the answer is about: by default, whatever it is now.
    async fn whole(&self, (store, desk): Place<'_>) -> anyhow::Result<(String, String)> {
        let id = whole(store, &self.id).await?;
        let digest = match &self.digest {
            Some(digest) => digest.clone(),
            None => desk.look(&id).await?.summary().to_string(),
        };
        Ok((id, digest))
    }
}

async fn say(desk: &Arc<Desk>, id: &str, answer: impl Answer, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let me = sight::person(&desk.people.load(), &local::caller())?;
    match answer::say(desk, id, me, |by, approval| answer.wish(by, approval)).await {
        Ok(done) => {
            let now = desk.now().await?;
            out.marked(Mark::Ok, &after(&done.approval, &done.approval.lacking(now)))?;
            grants::told(&done, out)?;
            Ok(Exit::Done)
        }
        Err(Fault::Refused(standing)) => {
            let why = standing.why;
            let by = standing.by.filter(|_| matches!(why, Refused::Stands(_) | Refused::Late));
            let by = by.map(|by| format!(": {by}")).unwrap_or_default();
            out.marked(Mark::Fail, &format!("{}: {why}{by}", why.code()))?;
            Ok(if matches!(why, Refused::OwnCall | Refused::NotAsked | Refused::NoGlass | Refused::Evidence(_)) {
                Exit::NotPermitted
            } else {
                Exit::Failed
            })
        }
        Err(Fault::TooWide(wide)) => {
            out.marked(Mark::Fail, &format!("too_wide: {wide}"))?;
            Ok(Exit::Failed)
        }
        Err(error @ Fault::NotYours) => Err(Exit::NotPermitted.error(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn after(approval: &Approval, lacking: &[String]) -> String {
    match &approval.state {
        State::Pending => format!("It is kept. Still missing: {}.", lacking.join("; ")),
        State::Approved { until } => {
            format!("It may run, once, exactly as shown, until {until}. It runs when the agent asks, or waits, for it.")
        }
        other => format!("It is {}.", other.word()),
    }
}

/// A pointer and what shall stand there.
fn placed(text: &str) -> Result<(String, serde_json::Value), String> {
    let (at, to) = text.split_once('=').ok_or("write POINTER=JSON, such as /limit=100")?;
    let to =
        serde_json::from_str(to).map_err(|error| format!("`{to}` is no JSON ({error}); a text stands in quotes"))?;
    Ok((at.to_owned(), to))
}

/// The one id that begins like this.
async fn whole(store: &Store, beginning: &str) -> anyhow::Result<String> {
    match store.approvals_beginning(beginning).await?.as_slice() {
        [] => Err(Exit::NotFound.error(format!(
            "no call whose id begins with `{beginning}` waits or has waited; `countersign approvals list` shows those that do"
        ))),
        [id] => Ok(id.clone()),
        _ => bail!("several ids begin with `{beginning}`; write more of it"),
    }
}
