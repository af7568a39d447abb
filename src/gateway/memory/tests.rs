use super::*;
use crate::policy::sample;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn note(memory: &Memory, tool: &str, seconds: i64, reached: Reached) {
    let call = sample::call(tool, r#"{"a":1}"#);
    let input = sample::document(&call);
    let outline = Outline { arrived: at(seconds), ..Outline::of(&call) };
    memory.note(Ended { outline, input: &input, outcome: "succeeded", reached, labels: BTreeSet::new() });
}

#[test]
fn rules_see_the_last_fifty_newest_first_and_sums_over_all() {
    // A15
    let memory = Memory::new(at(5));
    for number in 0..60 {
        note(&memory, &format!("t{number}"), number, Reached::Server);
    }
    note(&memory, "refused", 61, Reached::Nobody);
    let past = memory.past();
    let tools: Vec<&str> = past.recent.iter().filter_map(|before| before.call.tool.as_deref()).collect();
    assert_eq!((tools.len(), tools.first(), tools.last()), (50, Some(&"refused"), Some(&"t11")));
    assert_eq!(past.totals.calls_by_tool.len(), 60, "what never reached a server is in no sum");
    assert_eq!(past.totals.bytes_out, 60 * 7);
}

#[test]
fn what_rules_see_is_made_again_when_something_changed() {
    let memory = Memory::new(at(0));
    let seen = |memory: &Memory, seconds| {
        memory.part("s", at(seconds));
        memory.past().recent.iter().map(|before| before.call.ago_s).collect::<Vec<_>>()
    };
    note(&memory, "a", 10, Reached::Server);
    assert_eq!(seen(&memory, 12), [2]);
    assert!(memory.past().made.is_some(), "and kept as long as nothing did");
    note(&memory, "b", 12, Reached::Server);
    assert!(memory.past().made.is_none());
    assert_eq!(seen(&memory, 15), [3, 5]);
    assert_eq!(seen(&memory, 1), [0, 0], "a clock that jumps back makes nothing younger than now");
    memory.counting("s", at(15));
    assert!(memory.past().made.is_none(), "a call is one more");
    memory.labelled(&BTreeSet::from(["private".to_owned()]));
    assert!(memory.past().labels.contains("private"));
}

#[test]
fn a_task_is_known_until_too_many_came_after() {
    let memory = Memory::new(at(0));
    let input = sample::document(&sample::call("t", "{}"));
    for number in 0..MOST_TASKS {
        memory.began("shop", &format!("{number:04}"), &input);
    }
    assert!(memory.began_by("shop", "0000").is_some() && memory.began_by("other", "0000").is_none());
    memory.began("shop", "9999", &input);
    assert!(memory.began_by("shop", "0000").is_none() && memory.began_by("shop", "9999").is_some());
}
