//! Does the shipped library stop what must not slip by, and nothing else?
//!
//! Calls as agents send them go the whole way: their arguments are read as a gateway would read them for servers that are
//! started like this, and the shipped rules decide.

#![expect(clippy::expect_used, clippy::panic, reason = "tests stop at the first surprise")]

#[path = "library/calls.rs"]
mod calls;

use std::collections::{BTreeMap, BTreeSet};

use countersign::facts::plan::Plan;
use countersign::facts::resource::{Catalogue, Entry, Kind, Pattern, Tags};
use countersign::policy::bundle::Bundle;
use countersign::policy::decision::{Decision, DenyCode, Judgement};
use countersign::policy::starter;
use serde::Deserialize;

#[derive(Deserialize)]
struct Harmless {
    servers: BTreeMap<String, Vec<String>>,
    calls: Vec<(String, String, serde_json::Value)>,
}

#[derive(Deserialize)]
struct Classes {
    servers: BTreeMap<String, Vec<String>>,
    catalogue: Vec<Thing>,
    calls: Vec<(String, Wanted, String, String, serde_json::Value)>,
}

#[derive(Deserialize)]
struct Thing {
    table: String,
    sensitivity: String,
    zone: String,
    owner: String,
    environment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Stopped,
    Runs,
}

#[test]
fn nothing_is_held_or_denied_that_only_does_everyday_work() {
    let corpus: Harmless = serde_json::from_str(include_str!("policies/benign.json")).expect("the corpus has its form");
    assert!(corpus.calls.len() >= 200, "{} calls", corpus.calls.len());
    let judge = Judge::new(&corpus.servers, Catalogue::default());
    let stopped: Vec<String> = corpus
        .calls
        .iter()
        .filter_map(|(server, tool, arguments)| {
            let judgement = judge.judge(server, tool, arguments);
            (outcome(&judgement) == Wanted::Stopped).then(|| told(server, tool, arguments, &judgement))
        })
        .collect();
    assert!(stopped.is_empty(), "{} of {} stopped:\n{}", stopped.len(), corpus.calls.len(), stopped.join("\n"));
}

/// A07: each class has calls that are stopped and near misses that run.
#[test]
fn sixteen_classes_are_stopped_and_their_near_misses_run() {
    let corpus: Classes = serde_json::from_str(include_str!("policies/classes.json")).expect("the corpus has its form");
    let entries = corpus.catalogue.iter().map(|thing| Entry {
        pattern: Pattern::read(Kind::Table, &thing.table).expect("a table's name"),
        server: None,
        tags: Tags {
            owner: thing.owner.clone(),
            sensitivity: thing.sensitivity.clone(),
            zone: thing.zone.clone(),
            environment: thing.environment.clone(),
            ..Tags::default()
        },
    });
    let catalogue = Catalogue::new(entries.collect()).expect("no two entries clash");
    let judge = Judge::new(&corpus.servers, catalogue);
    let mut seen: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (class, wanted, server, tool, arguments) in &corpus.calls {
        seen.entry(class).or_default().insert(*wanted == Wanted::Stopped);
        let judgement = judge.judge(server, tool, arguments);
        if outcome(&judgement) != *wanted {
            wrong.push(format!("{class}, wanted {wanted:?}: {}", told(server, tool, arguments, &judgement)));
        }
    }
    assert_eq!(seen.len(), 16, "{:?}", seen.keys());
    assert!(seen.values().all(|sides| sides.len() == 2), "{seen:?}");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), corpus.calls.len(), wrong.join("\n"));
}

struct Judge {
    bundle: Bundle,
    plans: BTreeMap<String, Plan>,
    catalogue: Catalogue,
}

impl Judge {
    fn new(servers: &BTreeMap<String, Vec<String>>, catalogue: Catalogue) -> Self {
        let bundle = Bundle::load(&starter::sources()).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let plans = servers.iter().map(|(name, words)| (name.clone(), calls::plan(words))).collect();
        Self { bundle, plans, catalogue }
    }

    fn judge(&self, server: &str, tool: &str, arguments: &serde_json::Value) -> Judgement {
        let plan = self.plans.get(server).unwrap_or_else(|| panic!("no server `{server}`"));
        let call = calls::call(server, tool, &arguments.to_string());
        let document = calls::document(&call, &calls::around(&call, "development"), plan, &self.catalogue);
        // On a busy machine an evaluation may be cut off; it is asked again, because time is not what is tested.
        loop {
            let judgement = self.bundle.decide(&document, call.digest, &calls::still);
            if !matches!(&judgement.decision, Decision::Deny(denial) if denial.code == DenyCode::PolicyTimeout) {
                return judgement;
            }
        }
    }
}

fn outcome(judgement: &Judgement) -> Wanted {
    match judgement.decision {
        Decision::Allow(_) => Wanted::Runs,
        Decision::Hold(_) | Decision::Deny(_) => Wanted::Stopped,
    }
}

fn told(server: &str, tool: &str, arguments: &serde_json::Value, judgement: &Judgement) -> String {
    let names: Vec<String> =
        judgement.findings.iter().map(|finding| format!("{} {}", finding.effect.word(), finding.name())).collect();
    format!("{server}/{tool} {arguments} -> {}", names.join(", "))
}
