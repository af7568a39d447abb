//! Which past calls would a grant have covered?
//!
//! Read from the record, which may have covered arguments: where what is pinned is covered in it, nobody can tell. What is
//! compared is who asked, for which tool with which definition, and the arguments; what the rules said of each is another
//! matter, and they judge every use anew.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::fault::Fault;
use crate::approval::Approval;
use crate::approval::scope::{Pins, Scope};
use crate::clock::Timestamp;
use crate::digest::Naming;
use crate::policy::finding::grant::{GrantTerms, TooWide};
use crate::policy::finding::pointer::Pointer;
use crate::store::Store;
use crate::store::entries::Wanted;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// How far back is looked.
const BACK_MICROS: i64 = 7 * 86_400_000_000;
/// So many calls are looked at, the newest.
const MOST: i64 = 20_000;
/// Read at once. Arguments may be large.
const BATCH: i64 = 100;
/// So many are told one by one, the newest.
const EXAMPLES: usize = 5;

/// The past calls a grant would have covered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reach {
    /// The widest grant the rules allow.
    pub widest: GrantTerms,
    /// The places that were taken to be free.
    pub free: BTreeSet<Pointer>,
    /// Since when calls were looked at.
    #[schemars(extend("format" = "date-time"))]
    pub since: String,
    /// How many calls of the same caller to the same tool there were, beside this one.
    pub calls: u64,
    /// How many of them it would have covered.
    pub covered: u64,
    /// Of how many nobody can tell, because the record covers what is pinned.
    pub cannot_tell: u64,
    /// Some of those it would have covered, the newest first.
    pub examples: Vec<PastCall>,
}

/// A call that was made before.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PastCall {
    /// Names it.
    pub id: String,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Its arguments as the record holds them.
    pub arguments: serde_json::Value,
}

/// What a past call is to a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Covered,
    Not,
    CannotTell,
}

/// Looks through the record.
pub async fn reach(
    store: &Store,
    approval: &Approval,
    free: BTreeSet<Pointer>,
    now: Timestamp,
) -> Result<Reach, Fault> {
    let (Some(widest), Some(scope)) = (approval.widest(), &approval.scope) else { return Err(TooWide::None.into()) };
    approval.may_grant(&GrantTerms { free: free.clone(), ..widest.clone() })?;
    let since = Timestamp::from_micros(now.micros().saturating_sub(BACK_MICROS));
    // From the end, so that it costs the same however long the record is.
    let first = store.newest_of("arrived", MOST).await?;
    let wanted = Wanted { events: vec!["arrived".to_owned()], ..Wanted::default() };
    let mut found =
        Reach { widest, free, since: since.to_string(), calls: 0, covered: 0, cannot_tell: 0, examples: vec![] };
    let (mut after, mut known) = (first.saturating_sub(1), BTreeSet::from([approval.id.clone()]));
    loop {
        let lines = store.following(&wanted, after, BATCH).await?;
        let Some(last) = lines.last() else { break };
        after = last.seq;
        for line in lines.iter().filter(|line| line.at >= since) {
            let (Some(call), Ok(Value::Object(entry))) = (&line.call, lenient(line.body.as_bytes(), &Limits::REPLY))
            else {
                continue;
            };
            // Who comes back with a call that waits arrives again.
            if !is_of(scope, &entry) || !known.insert(call.clone()) {
                continue;
            }
            found.calls = found.calls.saturating_add(1);
            match seen((approval, &store.keys().naming), scope, &entry, &found.free) {
                Seen::Not => {}
                Seen::CannotTell => found.cannot_tell = found.cannot_tell.saturating_add(1),
                Seen::Covered => {
                    found.covered = found.covered.saturating_add(1);
                    let arguments = entry.object("params").and_then(|params| params.get("arguments"));
                    let arguments = serde_json::to_value(arguments).unwrap_or_default();
                    found.examples.push(PastCall { id: call.to_string(), at: line.at.to_string(), arguments });
                }
            }
        }
        let old = found.examples.len().saturating_sub(EXAMPLES);
        found.examples.drain(..old);
    }
    found.examples.reverse();
    Ok(found)
}

fn is_of(scope: &Scope, entry: &Object) -> bool {
    entry.str("principal") == Some(&scope.principal)
        && entry.str("agent") == scope.agent.as_deref()
        && entry.str("server") == Some(&scope.server)
        && entry.str("method") == Some("tools/call")
        && entry.str("target") == Some(&scope.tool)
}

fn seen((approval, naming): (&Approval, &Naming), scope: &Scope, entry: &Object, free: &BTreeSet<Pointer>) -> Seen {
    let definition = scope.definition.to_string();
    let Some(params) = entry.object("params").filter(|_| entry.str("definition") == Some(&definition)) else {
        return Seen::Not;
    };
    let pins = Pins::of(params, (&approval.id, naming), scope.places().cloned());
    if scope.pins.are_kept_by(&pins, free).is_ok() {
        return Seen::Covered;
    }
    let masked = entry.get("masked").and_then(Value::as_array).unwrap_or_default();
    let is_free = |place: &Value| {
        let place = place.as_str().and_then(|place| place.strip_prefix("/call/arguments"));
        place.is_some_and(|place| free.iter().any(|free| is_below(place, &free.to_string())))
    };
    if masked.iter().all(is_free) { Seen::Not } else { Seen::CannotTell }
}

fn is_below(place: &str, whole: &str) -> bool {
    place.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
