//! Where people are sent after a sign-in, and what is read of an answer.

use super::*;

#[test]
fn people_go_on_only_to_a_path_of_ours() {
    for own in ["/", "/inbox", "/calls/ab?x=1&y=%2f#raw", "/ä"] {
        assert_eq!(own_path(own), own);
    }
    let long = format!("/{}", "a".repeat(LONGEST_RETURN));
    for foreign in [
        "",
        "inbox",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/a\\..\\b",
        "https://evil.example",
        &long,
    ] {
        assert_eq!(own_path(foreign), HOME, "{foreign}");
    }
}

#[test]
fn an_answer_says_each_thing_once() {
    let good = Answer::read("state=s&code=c%2B1&iss=https%3A%2F%2Flogin.example.com&session_state=x").ok().unwrap();
    assert_eq!(good.state, "s");
    assert!(matches!(good.outcome, answer::Outcome::Code(code) if *code == "c+1"));
    assert_eq!(good.issuer.as_deref(), Some("https://login.example.com"));
    for bad in [
        "",
        "state=s",
        "code=c",
        "state=&code=c",
        "state=s&code=",
        "state=s&code=c&error=access_denied",
        "state=s&code=c&code=d",
        "state=s&state=t&code=c",
        "state=s&code=c&iss=a&iss=a",
    ] {
        assert!(matches!(Answer::read(bad), Err(SignInFault::Unreadable)), "{bad}");
    }
    assert!(Answer::read(&format!("state=s&code={}", "c".repeat(20_000))).is_err());
}
