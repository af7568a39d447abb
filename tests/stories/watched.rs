//! What does whoever watches the gateway hear of it, and what does watching cost those who are watched?

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Story;
use crate::channels::kept;
use crate::effects::class;
use crate::office::{Office, PEOPLE, POLICY};
use crate::receiver::{Came, Receiver, Says};
use crate::waiting::{HELD, id, people, waiting};
use crate::world::{Plan, Told, World, answer, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_call_is_a_span_on_either_side_and_says_nothing_of_what_was_said", spans_of_calls),
    ("people_are_an_event_and_the_call_they_agreed_to_is_linked", held),
    ("a_task_runs_in_a_trace_of_its_own_that_is_linked", task),
    ("a_trace_its_caller_does_not_keep_is_not_kept", not_kept),
    ("a_collector_that_hangs_or_is_gone_slows_nothing", hanging),
    ("metrics_are_for_whoever_has_the_token", metrics),
    ("whoever_watches_has_a_door_of_their_own", door),
];

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A collector, and what it was sent.
struct Collector(Receiver);

impl Collector {
    async fn start() -> Self {
        let receiver = Receiver::start().await;
        receiver.says(Says::Status(200, &[("content-type", "application/json")], "{}".to_owned()));
        Self(receiver)
    }

    /// The part of a configuration that sends there, often.
    fn config(&self) -> String {
        let base = self.0.url.split("/in?").next().unwrap();
        format!(
            "[telemetry]\notlp = {base:?}\ninterval = \"50ms\"\nheaders = {{ Authorization = \"Bearer kept-to-ourselves\" }}\n"
        )
    }

    /// Every span that was sent, once there are so many of this kind.
    async fn spans(&self, count: usize, counts: impl Fn(&Value) -> bool) -> Vec<Value> {
        for posts in 1.. {
            let spans: Vec<Value> = self.0.came(posts).await.iter().flat_map(spans).collect();
            if spans.iter().filter(|span| counts(span)).count() >= count {
                return spans;
            }
        }
        panic!("there is always another number")
    }
}

fn spans(came: &Came) -> Vec<Value> {
    if came.path != "/v1/traces" {
        return Vec::new();
    }
    assert_eq!(
        (came.header("content-type"), came.header("authorization")),
        ("application/json", "Bearer kept-to-ourselves")
    );
    came.json()["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

/// What is said of a span, an event or a point.
fn said(of: &Value) -> BTreeMap<String, String> {
    let all = of["attributes"].as_array().unwrap().iter();
    all.map(|one| (one["key"].as_str().unwrap().to_owned(), one["value"]["stringValue"].as_str().unwrap().to_owned()))
        .collect()
}

fn is(span: &Value, kind: u64, name: &str) -> bool {
    span["kind"] == kind && span["name"] == name
}

/// The span of this side and name.
fn named<'a>(spans: &'a [Value], kind: u64, name: &str) -> &'a Value {
    spans.iter().find(|span| is(span, kind, name)).unwrap_or_else(|| panic!("{name}: {spans:#?}"))
}

const SERVER: u64 = 2;
const CLIENT: u64 = 3;

fn spans_of_calls() -> Told {
    // OPS-05
    Box::pin(async {
        let collector = Collector::start().await;
        let world = World::serving(Plan { more: kept(collector.config()), ..Plan::default() }).await;
        let session = world.session(json!({})).await;
        let failing = json!({ "isError": true, "content": [{ "type": "text", "text": "canary-7291" }] });
        for (number, tool, arguments) in [
            (1, "echo", json!({ "password": "canary-7291" })),
            (2, "drop_table", json!({ "table": "canary-7291" })),
            (3, "reply", json!({ "result": failing })),
            (4, "fail", json!({ "message": "canary-7291" })),
            (5, "canary-7291", json!({})),
        ] {
            let meta = json!({ "traceparent": PARENT, "tracestate": "rojo=1" });
            session.ask(number, "tools/call", json!({ "name": tool, "arguments": arguments, "_meta": meta })).await;
        }
        let spans =
            collector.spans(5, |span| span["kind"] == SERVER && said(span)["mcp.method.name"] == "tools/call").await;
        let find = |kind, name| named(&spans, kind, name);
        let (server, client) = (find(SERVER, "tools/call echo"), find(CLIENT, "tools/call echo"));
        assert_eq!((&server["traceId"], &server["parentSpanId"]), (&json!(TRACE), &json!("00f067aa0ba902b7")));
        assert_eq!((&server["flags"], &server["traceState"]), (&json!(0x301), &json!("rojo=1")));
        assert_eq!((&client["traceId"], &client["parentSpanId"]), (&json!(TRACE), &server["spanId"]));
        assert_eq!((&server["status"], &client["status"]), (&json!({}), &json!({})));
        let (of_server, of_client) = (said(server), said(client));
        for (name, value) in [
            ("mcp.method.name", "tools/call"),
            ("mcp.protocol.version", "2025-06-18"),
            ("mcp.session.id", session.id.as_str()),
            ("jsonrpc.request.id", "1"),
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", "echo"),
            ("network.transport", "tcp"),
            ("network.protocol.name", "http"),
            ("countersign.decision", "allow"),
            ("countersign.server", "story"),
        ] {
            assert_eq!(of_server[name], value, "{name}");
        }
        assert!(of_server["countersign.policy"].starts_with("sha256:"));
        assert!(!of_server.contains_key("error.type") && !of_server.contains_key("countersign.hold.state"));
        assert_eq!((of_client["network.transport"].as_str(), of_client["gen_ai.tool.name"].as_str()), ("pipe", "echo"));
        // The call's name is that of the record, and the server was told where it stands in the trace.
        let arrived = world.book().await.into_iter().find(|entry| entry["event"] == "arrived").unwrap();
        assert_eq!(
            (&json!(of_server["countersign.call.id"]), &json!(of_client["countersign.call.id"])),
            (&arrived["call"], &arrived["call"])
        );
        let told = format!("00-{TRACE}-{}-01", client["spanId"].as_str().unwrap());
        let meta = &world.ledger()[0]["params"]["_meta"];
        assert_eq!((&meta["traceparent"], &meta["tracestate"]), (&json!(told), &json!("rojo=1")));
        went_wrong(&spans);
        for came in collector.0.all() {
            let text = String::from_utf8(came.body).unwrap();
            assert!(!text.contains("canary-7291"), "{text}");
        }
    })
}

/// What did not go well says how, on either side.
fn went_wrong(spans: &[Value]) {
    let denied = named(spans, SERVER, "tools/call drop_table");
    assert_eq!((&denied["status"]["code"], said(denied)["countersign.decision"].as_str()), (&json!(2), "deny"));
    assert_eq!(said(denied)["error.type"], "denied");
    assert!(!spans.iter().any(|span| is(span, CLIENT, "tools/call drop_table")), "{spans:#?}");
    for side in [SERVER, CLIENT] {
        assert_eq!(said(named(spans, side, "tools/call reply"))["error.type"], "tool_error");
        let fail = said(named(spans, side, "tools/call fail"));
        assert_eq!((fail["error.type"].as_str(), fail["rpc.response.status_code"].as_str()), ("-32000", "-32000"));
    }
    // A name nobody knows is no name of a span.
    assert_eq!(said(named(spans, SERVER, "tools/call"))["error.type"], "-32602");
}

async fn agree(office: &Office) {
    let (path, digest) = office.one().await;
    let yes = json!({ "digest": digest, "reason": "I looked." });
    assert_eq!(office.post("ada", &format!("{path}/approve"), yes).await.1["state"], "approved");
}

fn held() -> Told {
    Box::pin(async {
        let collector = Collector::start().await;
        let office = Office::with(POLICY, kept(format!("{PEOPLE}{}", collector.config())), "100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({ "a": 1 })).await), "held");
        agree(&office).await;
        assert_eq!(text(&office.call(2, "echo", json!({ "a": 1 })).await), r#"{"a":1}"#);
        let spans = collector.spans(2, |span| is(span, SERVER, "tools/call echo")).await;
        let servers: Vec<&Value> = spans.iter().filter(|span| is(span, SERVER, "tools/call echo")).collect();
        let [asked, ran] = servers[..] else { panic!("{spans:#?}") };
        assert_eq!(
            (said(asked)["error.type"].as_str(), said(asked)["countersign.hold.state"].as_str()),
            ("held", "pending")
        );
        assert_eq!(said(asked)["countersign.decision"], "hold");
        let event = &asked["events"][0];
        assert_eq!(event["name"], "countersign.held");
        let call = &said(event)["countersign.call.id"];
        assert!(said(event).contains_key("countersign.hold.deadline") && *call == said(asked)["countersign.call.id"]);
        assert_eq!(asked["links"], json!([]));
        assert_eq!(
            (&said(ran)["countersign.call.id"], said(ran)["countersign.hold.state"].as_str()),
            (call, "approved")
        );
        assert_ne!(ran["traceId"], asked["traceId"]);
        assert_eq!(ran["links"], json!([{ "traceId": asked["traceId"], "spanId": asked["spanId"] }]));
        assert!(ran["events"].as_array().unwrap().iter().any(|event| event["name"] == "countersign.agreed"), "{ran}");
        let sent: Vec<&Value> = spans.iter().filter(|span| is(span, CLIENT, "tools/call echo")).collect();
        assert_eq!((sent.len(), &sent[0]["parentSpanId"]), (1, &ran["spanId"]));
    })
}

fn task() -> Told {
    Box::pin(async {
        let collector = Collector::start().await;
        let more = kept(format!("{}{}", people(), collector.config()));
        let world = World::serving(Plan { policy: HELD, more, ..Plan::default() }).await;
        let capabilities = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
        let params = json!({ "name": "echo", "arguments": {} });
        let post = world.modern_post_as(&capabilities, 1, "tools/call", params).header("traceparent", PARENT);
        let made = answer(&post.send().await.unwrap().text().await.unwrap());
        assert_eq!(made["result"]["resultType"], "task", "{made}");
        let call = id(&waiting(&world, 1).await[0]).to_owned();
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert_eq!(code, 0, "{told}");
        let spans = collector.spans(1, |span| is(span, CLIENT, "tools/call echo")).await;
        let find = |kind| spans.iter().find(|span| is(span, kind, "tools/call echo")).unwrap();
        let (asked, ran) = (find(SERVER), find(CLIENT));
        // The HTTP request's own trace, where the message says nothing of one.
        assert_eq!((&asked["traceId"], &asked["parentSpanId"]), (&json!(TRACE), &json!("00f067aa0ba902b7")));
        assert_eq!((&ran["parentSpanId"], &said(ran)["countersign.call.id"]), (&Value::Null, &call));
        assert_ne!(ran["traceId"], asked["traceId"]);
        assert_eq!(ran["links"], json!([{ "traceId": asked["traceId"], "spanId": asked["spanId"] }]));
    })
}

fn not_kept() -> Told {
    Box::pin(async {
        let collector = Collector::start().await;
        let more = kept(collector.config().replace("interval", "sample = \"0%\"\ninterval"));
        let world = World::serving(Plan { more, ..Plan::default() }).await;
        let session = world.session(json!({})).await;
        let metas =
            [json!({ "traceparent": PARENT.replace("-01", "-00") }), json!({}), json!({ "traceparent": PARENT })];
        for (number, meta) in (1..).zip(metas) {
            session.ask(number, "tools/call", json!({ "name": "echo", "arguments": {}, "_meta": meta })).await;
        }
        let spans = collector.spans(2, |_| true).await;
        assert!(spans.iter().all(|span| said(span).get("jsonrpc.request.id").is_none_or(|id| id == "3")), "{spans:#?}");
        let told: Vec<String> = world
            .ledger()
            .iter()
            .map(|call| call["params"]["_meta"]["traceparent"].as_str().unwrap().to_owned())
            .collect();
        assert!(told[0].starts_with(&format!("00-{TRACE}-")) && told[0].ends_with("-00"), "{told:?}");
        assert!(!told[1].contains(TRACE) && told[1].ends_with("-00"), "{told:?}");
        assert!(told[2].starts_with(&format!("00-{TRACE}-")) && told[2].ends_with("-01"), "{told:?}");
    })
}

fn hanging() -> Told {
    Box::pin(async {
        let collector = Collector::start().await;
        collector.0.says(Says::Nothing);
        let gone = {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            format!("[telemetry]\notlp = \"http://{}\"\ninterval = \"50ms\"\n", socket.local_addr().unwrap())
        };
        for more in [collector.config(), gone] {
            let mut world = World::serving(Plan { more: kept(more), ..Plan::default() }).await;
            {
                let session = world.session(json!({})).await;
                // One export at a time waits for its answer, for ten seconds: nobody else may.
                let calls = async {
                    for number in 1..=200 {
                        let said = session.call(number, "echo", json!({ "n": number })).await;
                        assert!(text(&said).contains(&number.to_string()), "{said}");
                    }
                };
                tokio::time::timeout(Duration::from_secs(9), calls).await.expect("calls go on");
            }
            let stopped = tokio::time::timeout(Duration::from_secs(9), world.stop()).await;
            let log = stopped.expect("whoever hangs is not waited for at the end");
            assert!(log.matches("does not take what it is sent").count() <= 1, "{log}");
        }
    })
}

/// Reads the text form strictly: what each sample is, by its name and labels as they are written.
fn read(text: &str) -> BTreeMap<String, f64> {
    let (mut kinds, mut samples) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} is there twice");
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(kinds.contains_key(stem) || kinds.contains_key(name), "{line} has no type");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(samples.insert(sample.to_owned(), value).is_none(), "{sample} is there twice");
        }
    }
    samples
}

const TOKEN: &str = "3f1c5a07b2e94d6c";

fn metrics() -> Told {
    // OPS-06
    Box::pin(async {
        let office =
            Office::with(POLICY, kept(format!("{PEOPLE}[telemetry]\nmetrics_token = {TOKEN:?}\n")), "100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({ "a": "canary-7291" })).await), "held");
        agree(&office).await;
        office.call(2, "echo", json!({ "a": "canary-7291" })).await;
        office.call(3, "canary-7291", json!({})).await;
        let ask = |token: Option<&str>| {
            let request = office.world.request(Method::GET, "/metrics");
            let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
            request.send()
        };
        // No key of an agent, and none of a person, opens it.
        for token in
            [None, Some("3f1c5a07b2e94d6d"), Some(office.keys["bot"].as_str()), Some(office.keys["ada"].as_str())]
        {
            let reply = ask(token).await.unwrap();
            assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(reply.headers()["www-authenticate"], "Bearer");
        }
        let reply = ask(Some(TOKEN)).await.unwrap();
        assert_eq!(reply.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let told = reply.text().await.unwrap();
        assert!(!told.contains("canary-7291") && !told.contains("NaN"), "{told}");
        let samples = read(&told);
        let operation = r#"mcp_method_name="tools/call",countersign_server="story",gen_ai_tool_name="echo""#;
        for (sample, value) in [
            (format!("mcp_server_operation_duration_seconds_count{{{operation},error_type=\"held\",network_transport=\"tcp\"}}"), 1.0),
            (format!("mcp_server_operation_duration_seconds_count{{{operation},network_transport=\"tcp\"}}"), 1.0),
            (format!("mcp_client_operation_duration_seconds_count{{{operation},network_transport=\"pipe\"}}"), 1.0),
            (format!("mcp_client_operation_duration_seconds_bucket{{{operation},network_transport=\"pipe\",le=\"+Inf\"}}"), 1.0),
            ("mcp_server_operation_duration_seconds_count{mcp_method_name=\"tools/call\",error_type=\"-32602\",network_transport=\"tcp\"}".to_owned(), 1.0),
            ("countersign_calls_total{countersign_decision=\"hold\",countersign_server=\"story\"}".to_owned(), 2.0),
            ("countersign_hold_duration_seconds_count{countersign_hold_state=\"approved\"}".to_owned(), 1.0),
            ("countersign_votes_total{countersign_vote=\"yes\"}".to_owned(), 1.0),
            ("countersign_approvals_total{countersign_hold_state=\"succeeded\"}".to_owned(), 1.0),
            ("countersign_holds_open{countersign_hold_state=\"pending\"}".to_owned(), 0.0),
            ("countersign_store_write_failures_total".to_owned(), 0.0),
            ("countersign_clock_offset_seconds".to_owned(), 0.0),
            ("countersign_ready".to_owned(), 1.0),
            (format!("countersign_build_info{{version={:?}}}", env!("CARGO_PKG_VERSION")), 1.0),
        ] {
            assert_eq!(samples.get(&sample), Some(&value), "{sample}\n{told}");
        }
        for absent in ["anchor_lag", "deliveries"] {
            assert!(!told.contains(absent), "nobody said anything of it: {absent}");
        }
        let request = office.world.request(Method::GET, "/metrics").bearer_auth(TOKEN);
        let open = request.header("accept", "application/openmetrics-text; version=1.0.0").send().await.unwrap();
        assert_eq!(open.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert!(open.text().await.unwrap().ends_with("# EOF\n"));
    })
}

fn door() -> Told {
    // OPS-06
    Box::pin(async {
        let collector = Collector::start().await;
        let more = kept(format!("{}traces = false\nlisten = \"127.0.0.1:0\"\n", collector.config()));
        let mut world = World::new(&Plan { more, ..Plan::default() });
        world.serve().await;
        let line = world.logged("metrics and readiness are served here too").await;
        let address = line.split("address=").nth(1).unwrap().trim().to_owned();
        let session = world.session(json!({})).await;
        session.call(1, "echo", json!({})).await;
        let client = crate::client::http();
        let get = |path: &str| client.get(format!("http://{address}{path}"));
        assert_eq!(world.request(Method::GET, "/metrics").send().await.unwrap().status(), 404);
        let told = get("/metrics").send().await.unwrap().text().await.unwrap();
        assert!(read(&told).contains_key("countersign_sessions"), "{told}");
        assert_eq!(get("/healthz").send().await.unwrap().text().await.unwrap(), "alive\n");
        assert_eq!(get("/mcp").send().await.unwrap().status(), 404);
        for (header, value) in [("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")] {
            assert_eq!(get("/metrics").header(header, value).send().await.unwrap().status(), 403, "{header}");
        }
        let ready = get("/readyz").header("accept", "application/json").send().await.unwrap();
        assert_eq!(ready.status(), StatusCode::OK);
        assert_eq!(ready.headers()["content-type"], "application/json");
        let ready: Value = serde_json::from_str(&ready.text().await.unwrap()).unwrap();
        assert_eq!((&ready["status"], &ready["ready"], &ready["sessions"]), (&json!("ok"), &json!(true), &json!(1)));
        let names: Vec<&str> =
            ready["checks"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["record", "sinks", "policy", "database", "clock", "log", "anchor", "running"]);

        // The same numbers go to the collector, and no traces.
        for posts in 1.. {
            let came = collector.0.came(posts).await;
            assert!(came.iter().all(|came| came.path == "/v1/metrics"));
            let all = &came[posts - 1].json()["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
            let calls = all.as_array().unwrap().iter().find(|metric| metric["name"] == "countersign.calls");
            let Some(point) = calls.map(|calls| calls["sum"]["dataPoints"][0].clone()) else { continue };
            assert_eq!((&point["asInt"], said(&point)["countersign.decision"].as_str()), (&json!("1"), "allow"));
            break;
        }
    })
}
