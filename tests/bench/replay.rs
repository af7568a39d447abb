//! What does keeping inputs cost a call, and how fast are recorded calls judged again?
//!
//!     cargo bench --bench replay                   # under a minute
//!     cargo bench --bench replay -- --calls 2000   # briefly

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use countersign::audit::entry::{Arrived, Decided, Dispatched, Ending, Entry, Event, Finished, Heard, Verdict};
use countersign::call::caller::{Caller, Person, Proof};
use countersign::call::{Action, Call, CallId, Parts};
use countersign::catalogue::tool::{Pin, Tool};
use countersign::clock::Timestamp;
use countersign::facts::Risk;
use countersign::gateway::judge::Judge;
use countersign::gateway::recorder::Recorder;
use countersign::object;
use countersign::policy::bundle::Bundle;
use countersign::policy::decision::{Decision, Finding};
use countersign::policy::files::{Include, read};
use countersign::policy::imprint::{Imprint, Shared};
use countersign::policy::input::{self, Input, Recent, Sitting, Surroundings, Totals, Trust};
use countersign::policy::moment::Moment;
use countersign::replay::Replay;
use countersign::replay::history::{History, Span};
use countersign::store::entries::Line;
use countersign::store::{Durability, Store, StoreOptions};
use countersign::wire::reader::{Limits, strict};
use jiff::tz::TimeZone;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench replay`");
        return;
    }
    let calls = words.iter().position(|word| word == "--calls").and_then(|at| words.get(at + 1)?.parse().ok());
    // As large as the stacks policies are judged on.
    let work = std::thread::Builder::new().stack_size(32 << 20).spawn(move || {
        for before in [0, 50] {
            imprint(before);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(replay(calls.unwrap_or(20_000)));
    });
    work.unwrap().join().unwrap();
}

fn bundle() -> Bundle {
    let sources = read(&[PathBuf::from("policies")], Include::Policies).unwrap();
    Bundle::load(&sources).unwrap()
}

/// The median time to spell out a decision, with what was judged.
fn imprint(before: u64) {
    let call = call(7);
    let input = document(&call, before);
    let (who, what) = (Shared::who(&input), Shared::what(&input));
    let decided = || Entry {
        call: Some(call.id.clone()),
        at: call.arrived,
        event: Event::Decided(decided(Verdict::Allow, Vec::new(), Imprint::of(&input, &who, &what))),
    };
    let text = serde_json::to_string(&Imprint::of(&input, &who, &what)).unwrap();
    println!("an imprint after {before} calls: {} bytes", text.len());
    let rounds = 2000_u32;
    let micros = |work: &dyn Fn()| {
        let mut took: Vec<f64> = (0..21)
            .map(|_| {
                let begun = Instant::now();
                (0..rounds).for_each(|_| work());
                begun.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
            })
            .collect();
        took.sort_by(f64::total_cmp);
        took.get(10).copied().unwrap_or_default()
    };
    let spelled = micros(&|| drop(Line::of(&decided()).unwrap()));
    let alone = micros(&|| {
        assert!(who.fits(&input) && what.fits(&input));
        drop(serde_json::to_string(&Imprint::of(&input, &who, &what)).unwrap());
    });
    println!(
        "  holding the parts against the input and spelling it out: {alone:.2} µs of {spelled:.2} µs for the entry"
    );
}

async fn replay(calls: u64) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("book.db").display());
    let store = Store::open(&StoreOptions::new(&url, Durability::Process).unwrap()).await.unwrap();
    let recorder = Recorder::start(store.clone());
    let judge = Judge::new(bundle());
    for number in 0..calls {
        let call = call(number);
        let input = document(&call, number.min(5));
        let judgement = judge.decide(&input, call.digest);
        let outcome = match &judgement.decision {
            Decision::Allow(_) => Verdict::Allow,
            Decision::Hold(_) => Verdict::Hold,
            Decision::Deny(_) => Verdict::Deny,
        };
        let imprint = Imprint::of(&input, &Shared::who(&input), &Shared::what(&input));
        let decided = decided(outcome, judgement.findings, imprint);
        let entry = |event| Entry { call: Some(call.id.clone()), at: call.arrived, event };
        let dispatched = Dispatched { server: call.server.to_string() };
        let finished = Finished { outcome: Ending::Succeeded, digest: None, bytes: Some(7), error: None, micros: 9 };
        let before = vec![entry(arrived(&call)), entry(Event::Decided(decided)), entry(Event::Dispatched(dispatched))];
        recorder.write(before).await.unwrap();
        recorder.write(vec![entry(Event::Finished(finished))]).await.unwrap();
    }
    let begun = Instant::now();
    let span = Span { since: Timestamp::default(), until: None, limit: None };
    let mut history = History::open(&store, span).await.unwrap();
    let mut replay = Replay::by(bundle());
    let mut reading = 0.0;
    loop {
        let asked = Instant::now();
        let past = history.next().await.unwrap();
        reading += asked.elapsed().as_secs_f64();
        if past.is_empty() {
            break;
        }
        for past in &past {
            replay.judge(past);
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let tally = replay.end();
    println!(
        "replay of {} calls by policies/: {:.0} a second ({:.1} µs to read each, {:.1} µs to judge it); {:?}, inexact {:?}",
        tally.judged,
        tally.judged as f64 / took,
        reading * 1e6 / calls as f64,
        (took - reading) * 1e6 / calls as f64,
        tally.kinds,
        tally.inexact,
    );
}

fn call(number: u64) -> Call {
    let tool = ["list_orders", "read_file", "query", "search", "drop_table"];
    let name = tool.get(usize::try_from(number % 5).unwrap()).copied().unwrap_or_default();
    let definition =
        object! { "name" => name, "title" => "A tool", "annotations" => object! { "readOnlyHint" => true } };
    let tool = Tool::new(&"shop".into(), definition, Pin::Agreed).unwrap();
    let arguments = format!(
        r#"{{"query":"SELECT id, name FROM orders WHERE customer = {number} LIMIT 20","limit":20,"path":"/srv/work/a-{number}.txt"}}"#
    );
    let arguments = strict(arguments.as_bytes(), &Limits::REQUEST).unwrap();
    let at = Timestamp::from_micros(1_795_262_400_000_000 + i64::try_from(number).unwrap() * 250_000);
    let caller = Caller {
        principal: "key:crm-helper".to_owned(),
        agent: Some("crm-helper".to_owned()),
        user: Some(Person { id: "ada".to_owned(), name: Some("Ada".to_owned()) }),
        groups: vec!["sales".to_owned()],
        proof: Proof::Os { uid: 1000 },
    };
    let [high, low] = [number >> 8, number].map(|part| u8::try_from(part & 0xff).unwrap());
    Call::new(Parts {
        id: CallId::new(at, [1, 2, 3, 4, 5, 6, 7, 8, high, low]),
        caller: Arc::new(caller),
        server: "shop".into(),
        action: Action::Tool(name.to_owned()),
        params: object! { "arguments" => arguments },
        tool: Some(Arc::new(tool)),
        arrived: at,
        naming: countersign::digest::Naming::new([5; 32]),
    })
}

fn document(call: &Call, before: u64) -> Input {
    let recent = |number: u64| Recent {
        server: "shop".to_owned(),
        tool: Some(format!("tool{}", number % 4)),
        outcome: "succeeded".to_owned(),
        ago_s: number * 3,
        labels: BTreeSet::new(),
        risk: Risk::Low,
    };
    let recent: Vec<_> = (0..before).map(|number| input::before(&recent(number))).collect();
    let calls_by_tool = (0..before.min(4)).map(|tool| (format!("shop/tool{tool}"), before)).collect();
    let around = Surroundings {
        principal: input::principal(&call.caller),
        client: input::client(&object! { "name" => "agent", "version" => "1" }, "2025-11-25", "http"),
        server: input::server("shop", "stdio", Trust::Claims, &BTreeMap::new()),
        session: input::session(Sitting {
            id: "0f3a9bd24c1e5f77810b6c2d9e4f5a6b7c8d9e0f1a2b3c4d",
            started: Timestamp::from_micros(1_795_262_000_000_000),
            calls: before,
            labels: &BTreeSet::new(),
            recent: &recent,
            totals: &Totals { calls_by_tool, ..Totals::default() },
        }),
        intent: input::no_intent(),
        environment: "production".to_owned(),
        zone: String::new(),
        now: Moment::of(call.arrived, &TimeZone::get("Europe/Berlin").unwrap()),
    };
    Input::for_call(call, &around, Trust::Claims, input::no_facts())
}

fn decided(outcome: Verdict, findings: Vec<Finding>, input: Imprint) -> Decided {
    let policy = "sha256:0000000000000000000000000000000000000000000000000000000000000000".to_owned();
    let heard = Heard { code: None, detail: None, findings, shadow: Vec::new(), policy, micros: 40 };
    Decided { outcome, heard, exceeded: BTreeSet::new(), catalogue: None, credentials: Vec::new(), input }
}

fn arrived(call: &Call) -> Event {
    Event::Arrived(Box::new(Arrived {
        principal: call.caller.principal.clone(),
        proof: call.caller.proof.method(),
        agent: call.caller.agent.clone(),
        user: None,
        session: "0f3a9bd24c1e5f77810b6c2d9e4f5a6b7c8d9e0f1a2b3c4d".to_owned(),
        client: Some("agent 1".to_owned()),
        transport: "http",
        protocol: "2025-11-25".to_owned(),
        method: call.action.method().to_owned(),
        server: call.server.to_string(),
        target: call.action.target().to_owned(),
        params: call.params.clone(),
        redacted: BTreeSet::new(),
        masked: BTreeSet::new(),
        asked: None,
        digest: call.digest.to_string(),
        definition: call.tool.as_ref().map(|tool| tool.digest.to_string()),
        preview_of: None,
        intent: countersign::intent::Intent::default(),
        traceparent: None,
    }))
}
