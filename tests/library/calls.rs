//! How does a call come before the policies without a gateway around it?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use countersign::call::caller::{Caller, Person, Proof};
use countersign::call::{Action, Call, CallId, Parts};
use countersign::catalogue::tool::{Pin, Tool};
use countersign::clock::Timestamp;
use countersign::digest::Naming;
use countersign::facts::automatic::Start;
use countersign::facts::plan::{Plan, Told};
use countersign::facts::reading::{self, Asked};
use countersign::facts::resource::Catalogue;
use countersign::object;
use countersign::policy::input::{self, Input, Sitting, Surroundings, Totals, Trust};
use countersign::policy::moment::Moment;
use countersign::wire::reader;
use jiff::tz::TimeZone;

/// No time passes.
pub(crate) fn still() -> Duration {
    Duration::ZERO
}

/// What is read of the calls of a server that is started like this.
pub(crate) fn plan(words: &[String]) -> Plan {
    let (program, arguments) = words.split_first().expect("a server is started by something");
    Plan::new(&Told::new(), &BTreeMap::new(), &Start::of_program(program, arguments, "/srv/work"))
}

/// A call of a tool that was agreed to.
pub(crate) fn call(server: &str, tool: &str, arguments: &str) -> Call {
    let arguments = reader::strict(arguments.as_bytes(), &reader::Limits::REQUEST).expect("the arguments are JSON");
    let name: Arc<str> = server.into();
    let definition = object! { "name" => tool, "inputSchema" => object! { "type" => "object" } };
    let caller = Caller {
        principal: "key:ada".to_owned(),
        agent: Some("helper".to_owned()),
        user: Some(Person { id: "ada".to_owned(), name: None }),
        groups: vec!["sales".to_owned()],
        proof: Proof::Os { uid: 1000 },
    };
    Call::new(Parts {
        id: CallId::new(Timestamp::default(), [7; 10]),
        caller: Arc::new(caller),
        tool: Tool::new(&name, definition, Pin::Agreed).map(Arc::new),
        server: name,
        action: Action::Tool(tool.to_owned()),
        params: object! { "arguments" => arguments },
        arrived: Timestamp::default(),
        naming: Naming::new([5; 32]),
    })
}

/// What stands around every call: noon on a Friday.
pub(crate) fn around(call: &Call, environment: &str) -> Surroundings {
    Surroundings {
        principal: input::principal(&call.caller),
        client: input::client(&object! { "name" => "claude-code", "version" => "2" }, "2025-11-25", "http"),
        server: input::server(&call.server, "stdio", Trust::Claims, &BTreeMap::new()),
        session: input::session(Sitting {
            id: "s",
            started: Timestamp::default(),
            calls: 3,
            labels: &BTreeSet::new(),
            recent: &[],
            totals: &Totals::default(),
        }),
        intent: input::no_intent(),
        environment: environment.to_owned(),
        zone: String::new(),
        now: Moment::of(Timestamp::from_micros(1_795_176_000_000_000), &TimeZone::UTC),
    }
}

/// The document rules see.
pub(crate) fn document(call: &Call, around: &Surroundings, plan: &Plan, catalogue: &Catalogue) -> Input {
    let asked = Asked {
        server: &call.server,
        tool: Some(call.action.target()),
        address: None,
        arguments: call.params.get("arguments"),
    };
    let facts = reading::read(&asked, plan.of_tool(call.action.target()), catalogue);
    Input::for_call(call, around, Trust::Claims, input::facts(&facts))
}
