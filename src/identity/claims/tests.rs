use super::*;
use crate::object;
use crate::wire::reader::{Limits, strict};

const ISSUER: &str = "https://login.example.com";

fn read(json: &str, names: &ClaimNames) -> Result<Caller, Unreadable> {
    caller(&claims(json), ISSUER, names, 99)
}

fn claims(json: &str) -> Object {
    strict(json.as_bytes(), &Limits::REQUEST).unwrap().as_object().unwrap().clone()
}

fn groups_of(json: &str, name: &str) -> Result<Vec<String>, Unreadable> {
    let names = ClaimNames { groups: name.into(), ..ClaimNames::default() };
    read(json, &names).map(|caller| caller.groups)
}

#[test]
fn the_usual_claims_name_principal_person_agent_and_groups() {
    let json = r#"{"sub":"u1","email":"alice@example.com","name":"Alice","azp":"claude","groups":["ops","dev"],
                   "scope":"mcp:call mcp:list"}"#;
    let caller = read(json, &ClaimNames::default()).unwrap();
    assert_eq!(caller.principal, "https://login.example.com#u1");
    assert_eq!(caller.agent.as_deref(), Some("claude"));
    assert_eq!(caller.user, Some(Person { id: "alice@example.com".into(), name: Some("Alice".into()) }));
    assert_eq!(caller.groups, ["dev", "ops"]);
    let Proof::Token { issuer, scopes, delegation, expires } = caller.proof else { panic!("not a token") };
    assert_eq!((issuer.as_str(), expires, delegation.len()), (ISSUER, 99, 0));
    assert_eq!(scopes, ["mcp:call", "mcp:list"]);
}

/// IDN-10: an agent that signs in as itself and says it acts for a manager has no person behind it.
#[test]
fn saying_on_behalf_of_proves_nothing() {
    let json =
        r#"{"sub":"agent-7","azp":"agent-7","on_behalf_of":"boss@example.com","obo":"boss","may_act":{"sub":"x"}}"#;
    let caller = read(json, &ClaimNames::default()).unwrap();
    assert_eq!(caller.user, None);
    assert_eq!(caller.principal, "https://login.example.com#agent-7");
}

#[test]
fn an_exchanged_token_names_the_person_and_the_chain_of_agents_outermost_first() {
    let json = r#"{"sub":"alice","azp":"portal","act":{"sub":"agent-7","iss":"https://agents.example",
                   "act":{"sub":"orchestrator","act":{"sub":"portal"}}}}"#;
    let caller = read(json, &ClaimNames::default()).unwrap();
    assert_eq!(caller.user, Some(Person { id: "alice".into(), name: None }));
    assert_eq!(caller.agent.as_deref(), Some("https://agents.example#agent-7"));
    let Proof::Token { delegation, .. } = caller.proof else { panic!("not a token") };
    assert_eq!(delegation, ["https://agents.example#agent-7", "orchestrator", "portal"]);
}

#[test]
fn what_does_not_say_who_it_is_is_refused() {
    let deep = (0..9).fold(r#"{"sub":"last"}"#.to_owned(), |inner, _| format!(r#"{{"sub":"a","act":{inner}}}"#));
    let deep = format!(r#"{{"sub":"u","act":{deep}}}"#);
    let long = format!(r#"{{"sub":"{}"}}"#, "x".repeat(513));
    let cases = [
        "{}",
        r#"{"sub":""}"#,
        r#"{"sub":"  "}"#,
        r#"{"sub":7}"#,
        r#"{"sub":"a\nb"}"#,
        r#"{"sub":"u","email":["a@example.com"]}"#,
        r#"{"sub":"u","act":"agent"}"#,
        r#"{"sub":"u","act":{}}"#,
        r#"{"sub":"u","act":{"sub":"a","act":[]}}"#,
        r#"{"sub":"u","groups":7}"#,
        r#"{"sub":"u","groups":["ops",7]}"#,
        r#"{"sub":"u","groups":{"ops":true}}"#,
        r#"{"sub":"u","_claim_names":{"groups":"src1"}}"#,
        r#"{"sub":"u","scope":7}"#,
        &deep,
        &long,
    ];
    for json in cases {
        assert_eq!(read(json, &ClaimNames::default()), Err(Unreadable), "{json}");
    }
}

#[test]
fn groups_are_found_where_the_mapping_says() {
    let cases: [(&str, &str, &[&str]); 8] = [
        (r#"{"sub":"u"}"#, "groups", &[]),
        (r#"{"sub":"u","groups":null}"#, "groups", &[]),
        (r#"{"sub":"u","groups":"ops dev  ops"}"#, "groups", &["dev", "ops"]),
        (r#"{"sub":"u","groups":"Domain Admins, Ops,"}"#, "groups", &["Domain Admins", "Ops"]),
        (r#"{"sub":"u","realm_access":{"roles":["a"]}}"#, "realm_access.roles", &["a"]),
        (r#"{"sub":"u","realm_access":"x"}"#, "realm_access.roles", &[]),
        (r#"{"sub":"u","https://example.com/groups":["b"]}"#, "https://example.com/groups", &["b"]),
        (r#"{"sub":"u","a.b":["whole"],"a":{"b":["path"]}}"#, "a.b", &["whole"]),
    ];
    for (json, name, expected) in cases {
        assert_eq!(groups_of(json, name).unwrap(), expected, "{json}");
    }
}

#[test]
fn scopes_may_come_as_a_list_under_the_other_name() {
    let claims = object! { "scp" => ["b", "a"].into_iter().map(Value::from).collect::<Value>() };
    assert_eq!(scopes(&claims).unwrap(), ["a", "b"]);
}
