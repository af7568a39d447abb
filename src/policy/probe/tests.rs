use super::*;
use crate::policy::bundle::Source;

const POLICY: &str = r#"package countersign.p

import future.keywords.not
import data.lib.words as w

deny contains {"id": "a", "reason": "r"} if {
	input.call.server == "db"
	some verb in verbs
	verb in {"drop", "truncate"}
	some amount
	amount > limit
	amount = input.call.arguments.amount
	not excepted
}

limit := 10

verbs contains verb if {
	some word in w.of(input.call.arguments.sql)
	verb := lower(word)
	known(verb, "x")
}

known(verb, _) if verb in {"drop", "select"}

known("truncate", kind) if {
	kind == "y"
}

excepted if input.call.arguments.force == "a \" b"

excepted if input.call.arguments.force == "c"

all_small if every name, n in input.call.arguments.list {
	n < 3
	is_number(n)
}

warn contains {"id": input.call.gone} if input.call.server == "db"
"#;
const LIB: &str = "package lib.words\n\nof(text) := split(text, \" \") if is_string(text)\n";

fn told(stops: &[Stop], indent: usize) -> String {
    let mut text = String::new();
    for stop in stops {
        let end = match &stop.end {
            End::Holds => "holds".to_owned(),
            End::Stopped(at) => format!("stopped at {at}"),
            End::Unsaid(at) => format!("unsaid {at}"),
            End::Broken(at) => format!("broken {at}"),
        };
        let values: Vec<String> = stop
            .values
            .iter()
            .map(|named| {
                let values: Vec<String> = named.values.iter().map(ToString::to_string).collect();
                format!("{}={}", named.name, values.join("|"))
            })
            .collect();
        text.push_str(&format!("{}{} {end} [{}]\n", "  ".repeat(indent), stop.place, values.join("; ")));
        text.push_str(&told(&stop.inside, indent + 1));
    }
    text
}

fn follow(name: &str, arguments: &str) -> String {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let probe =
        Probe::new(&Sources { policies: vec![source("p", POLICY), source("l", LIB)], data: Vec::new() }).unwrap();
    let input = format!(r#"{{"call": {{"server": "db", "arguments": {arguments}}}}}"#);
    let input = Value::from_json_str(&input).unwrap();
    let rules = Written::all(probe.modules());
    let rule = rules.iter().find(|rule| rule.name() == name).unwrap();
    told(&probe.follow(*rule, Some(&input)), 0)
}

#[test]
fn a_body_stops_where_it_stops() {
    for (name, arguments, wanted) in [
        ("deny", r#"{"sql": "DROP x", "amount": 11}"#, "p:7 holds []\n"),
        // Of two sides both are shown, and a statement is asked after the one it needs.
        ("deny", r#"{"sql": "DROP x", "amount": 10}"#, "p:11 stopped at amount > limit [amount=10; limit=10]\n"),
        (
            "deny",
            r#"{"sql": "DROP x"}"#,
            "p:12 stopped at amount = input.call.arguments.amount [input.call.arguments.amount=]\n",
        ),
        (
            "deny",
            r#"{"sql": "SELECT x", "amount": 1}"#,
            "p:9 stopped at verb in {\"drop\", \"truncate\"} [verb=\"select\"]\n",
        ),
        // Helpers, in the same file and in another, functions with what they were called with.
        (
            "deny",
            r#"{"sql": "Truncate x", "amount": 10}"#,
            r#"p:8 stopped at some verb in verbs [verbs=[]]
  p:21 stopped at known(verb, "x") [verb="truncate"|"x"]
    p:24 stopped at verb in {"drop", "select"} [verb="truncate"]
    p:27 stopped at kind == "y" [kind="x"]
    p:24 stopped at verb in {"drop", "select"} [verb="x"]
"#,
        ),
        (
            "deny",
            r#"{"sql": 3}"#,
            r"p:8 stopped at some verb in verbs [verbs=[]]
  p:19 stopped at some word in w.of(input.call.arguments.sql) [input.call.arguments.sql=3]
    l:3 stopped at is_string(text) [text=3]
",
        ),
        // Under a `not`, what holds is the reason.
        (
            "deny",
            r#"{"sql": "drop", "amount": 20, "force": "a \" b"}"#,
            "p:13 stopped at not excepted [excepted=true]\n  p:30 holds []\n",
        ),
        (
            "all_small",
            r#"{"list": [1, 2, 5, 7]}"#,
            "p:34 stopped at every name, n in input.call.arguments.list { … [input.call.arguments.list=[1,2,5,7]]\n  \
             p:35 stopped at n < 3 [n=5]\n",
        ),
        ("warn", "{}", "p:39 unsaid {\"id\": input.call.gone} []\n"),
    ] {
        assert_eq!(follow(name, arguments), wanted, "{name} {arguments}");
    }
}
