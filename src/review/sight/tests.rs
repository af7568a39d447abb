//! Who is let in, by which proof.

use super::*;
use crate::approval::people::Listed;
use crate::call::caller::Person;

const ISSUER: &str = "https://login.example.com";

fn people() -> People {
    let listed = |name: &str, accounts: &[&str]| Listed {
        name: name.to_owned(),
        accounts: accounts.iter().map(|account| (*account).to_owned()).collect(),
        ..Listed::default()
    };
    People::new([
        listed("ada", &["key:ada", "https://login.example.com#4711", "anyone"]),
        listed("ben", &["key:shared"]),
        listed("eve", &["key:shared"]),
    ])
}

fn key(name: &str, agent: Option<&str>) -> Caller {
    let agent = agent.map(str::to_owned);
    let proof = Proof::Key { id: "0".repeat(12) };
    Caller { principal: format!("key:{name}"), agent, user: None, groups: Vec::new(), proof }
}

fn token(subject: &str, agent: Option<&str>, acts_for: &[&str]) -> Caller {
    let delegation = acts_for.iter().map(|actor| (*actor).to_owned()).collect();
    Caller {
        principal: format!("{ISSUER}#{subject}"),
        agent: agent.map(str::to_owned),
        user: Some(Person { id: "ada@example.com".to_owned(), name: None }),
        groups: Vec::new(),
        proof: Proof::Token { issuer: ISSUER.to_owned(), scopes: Vec::new(), delegation, expires: 0 },
    }
}

#[test]
fn only_a_persons_own_proof_is_a_person_and_everybody_else_hears_why_not() {
    // A17, A21, A22, A25: agents' keys and tokens, delegation, strangers, and an account that two people have.
    let anyone = Caller { proof: Proof::Nothing, principal: "anyone".to_owned(), ..key("anyone", None) };
    let cases = [
        (key("ada", None), Ok("ada")),
        (token("4711", None, &[]), Ok("ada")),
        (key("ada", Some("nightly")), Err(("not_a_person", "held by software (`nightly`)"))),
        (token("4711", Some("claude"), &[]), Err(("not_a_person", "held by software (`claude`)"))),
        (token("4711", None, &["agent-7"]), Err(("not_a_person", "acts for somebody else"))),
        (key("bot", None), Err(("not_a_person", "[people.NAME] accounts = [\"key:bot\"]"))),
        (key("shared", None), Err(("not_a_person", "or under two"))),
        (anyone, Err(("unauthenticated", "http.accept"))),
    ];
    for (caller, wanted) in cases {
        match (person(&people(), &caller), wanted) {
            (Ok(voter), Ok(name)) => assert_eq!(voter.person, name),
            (Err(fault), Err((code, words))) => {
                assert_eq!(fault.code(), code, "{caller:?}");
                assert!(fault.to_string().contains(words), "{caller:?}: {fault}");
            }
            (seen, _) => panic!("{caller:?}: {seen:?}"),
        }
    }
}
