//! What do tests judge, and by what?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::bundle::{Bundle, Source, Sources};
use super::decision::{Decision, Judgement};
use super::input::{self, Input, Returned, Sitting, Surroundings, Totals, Trust};
use super::moment::Moment;
use super::problem::Problem;
use crate::call::caller::{Caller, Person, Proof};
use crate::call::{Action, Call, CallId, Parts};
use crate::catalogue::tool::{Pin, Tool};
use crate::clock::Timestamp;
use crate::digest::Naming;
use crate::object;
use crate::wire::json::Object;
use crate::wire::reader;

/// No time passes.
pub(crate) fn still() -> Duration {
    Duration::ZERO
}

/// Policies from one text each, named by their place.
pub(crate) fn sources(policies: &[&str], data: &str) -> Sources {
    let policies = policies.iter().enumerate();
    let policies = policies.map(|(at, text)| Source { path: format!("{at}.rego"), text: (*text).to_owned() }).collect();
    Sources { policies, data: vec![Source { path: "data.json".to_owned(), text: data.to_owned() }] }
}

/// One policy, compiled.
pub(crate) fn bundle(policy: &str) -> Bundle {
    Bundle::load(&sources(&[policy], "{}")).unwrap_or_else(|problems| panic!("{problems:#?}\n{policy}"))
}

/// Why these policies are not fit.
pub(crate) fn problems(policies: &[&str], data: &str) -> Vec<Problem> {
    Bundle::load(&sources(policies, data)).err().unwrap_or_default()
}

/// What a policy makes of a call.
pub(crate) fn judge(policy: &str, call: &Call) -> Judgement {
    bundle(policy).decide(&document(call), call.digest, &still)
}

/// One word for a decision.
pub(crate) fn word(judgement: &Judgement) -> String {
    match &judgement.decision {
        Decision::Allow(_) => "allow".to_owned(),
        Decision::Hold(_) => "hold".to_owned(),
        Decision::Deny(denial) => format!("{:?}", denial.code),
    }
}

/// A call of a tool of the server `shop`, with arguments as JSON.
pub(crate) fn call(tool: &str, arguments: &str) -> Call {
    call_at("shop", Action::Tool(tool.to_owned()), arguments)
}

/// Any call.
pub(crate) fn call_at(server: &str, action: Action, arguments: &str) -> Call {
    let tool = match &action {
        Action::Tool(name) => Some(Arc::new(tool(name, object! {}, Pin::Agreed))),
        _ => None,
    };
    let arguments = reader::strict(arguments.as_bytes(), &reader::Limits::REQUEST).unwrap();
    let caller = Caller {
        principal: "os:ada".to_owned(),
        agent: Some("crm-helper".to_owned()),
        user: Some(Person { id: "ada".to_owned(), name: None }),
        groups: vec!["sales".to_owned()],
        proof: Proof::Os { uid: 1000 },
    };
    Call::new(Parts {
        id: CallId::new(Timestamp::default(), [7; 10]),
        caller: Arc::new(caller),
        server: server.into(),
        action,
        params: object! { "arguments" => arguments },
        tool,
        arrived: Timestamp::default(),
        naming: Naming::new([5; 32]),
    })
}

/// A tool of the server `shop`.
pub(crate) fn tool(name: &str, annotations: Object, pin: Pin) -> Tool {
    let definition = object! { "name" => name, "annotations" => annotations };
    Tool::new(&"shop".into(), definition, pin).unwrap()
}

/// What stands around every call of the tests: noon on a Saturday, in production.
pub(crate) fn around(server: &str) -> Surroundings {
    let caller = &call_at("shop", Action::Prompt(String::new()), "{}").caller;
    Surroundings {
        principal: input::principal(caller),
        client: input::client(&object! { "name" => "test", "version" => "1" }, "2025-11-25", "http"),
        server: input::server(server, "stdio", Trust::Claims, &BTreeMap::from([("zone".to_owned(), "eu".to_owned())])),
        session: input::session(Sitting {
            id: "s",
            started: Timestamp::default(),
            calls: 3,
            labels: &BTreeSet::new(),
            recent: &[],
            totals: &Totals::default(),
        }),
        intent: input::no_intent(),
        environment: "production".to_owned(),
        zone: "eu".to_owned(),
        now: Moment::of(Timestamp::from_micros(1_795_262_400_000_000), &TimeZone::UTC),
    }
}

/// The document for a call.
pub(crate) fn document(call: &Call) -> Input {
    Input::for_call(call, &around(&call.server), Trust::Claims, input::no_facts())
}

/// What came back of a call: two rows and a text.
pub(crate) fn answered(call: &Input) -> Input {
    let json = |text: &str| reader::strict(text.as_bytes(), &reader::Limits::REQUEST).unwrap();
    let result = input::result(Returned {
        is_error: false,
        content: &json(r#"[{"type": "text", "text": "a"}, {"type": "image", "data": "", "mimeType": "image/png"}]"#),
        structured: Some(&json(r#"{"rows": [1, 2]}"#)),
        text: "a",
        bytes: 80,
        rows: 2,
        facts: &input::no_result_facts(),
    });
    Input::for_result(call, result)
}
