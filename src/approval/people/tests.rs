//! Accounts, and who answers through them.

mod doors;

use proptest::prelude::*;

use super::*;
use crate::call::caller::Person;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn listed(name: &str, accounts: &[&str], groups: &[&str], roles: &[&str]) -> Listed {
    Listed { name: name.to_owned(), accounts: set(accounts), groups: set(groups), roles: set(roles) }
}

const LOGIN: &str = "https://login.example.com";
const ADA: [&str; 3] = ["os:ada", "key:ada-laptop", "https://login.example.com#4711"];

fn people() -> People {
    People::new([
        listed("ada", &ADA, &["dba", "ops"], &["reviewer"]),
        listed("bob", &["os:bob"], &["dba"], &[]),
        listed("eve", &["os:shared"], &["dba"], &["reviewer"]),
        listed("mallory", &["os:shared"], &[], &["reviewer"]),
        listed("gone", &[], &["dba"], &["reviewer"]),
    ])
}

fn os(login: &str) -> Caller {
    caller(&format!("os:{login}"), Some(login), Proof::Os { uid: 1000 })
}

fn key(name: &str, owner: Option<&str>) -> Caller {
    caller(&format!("key:{name}"), owner, Proof::Key { id: "00".to_owned() })
}

fn token(subject: &str, user: Option<&str>, delegation: &[&str]) -> Caller {
    let delegation = delegation.iter().map(|actor| (*actor).to_owned()).collect();
    let proof = Proof::Token { issuer: LOGIN.to_owned(), scopes: Vec::new(), delegation, expires: 0 };
    caller(&format!("{LOGIN}#{subject}"), user, proof)
}

fn caller(principal: &str, user: Option<&str>, proof: Proof) -> Caller {
    let user = user.map(|id| Person { id: id.to_owned(), name: None });
    Caller { principal: principal.to_owned(), agent: None, user, groups: Vec::new(), proof }
}

fn with_agent(caller: Caller) -> Caller {
    Caller { agent: Some("claude".to_owned()), ..caller }
}

fn with_groups(caller: Caller) -> Caller {
    Caller { groups: vec!["dba".to_owned(), "reviewer".to_owned()], ..caller }
}

fn anyone() -> Caller {
    caller("anyone", None, Proof::Nothing)
}

#[test]
fn only_a_person_answers_and_always_as_the_same_one() {
    // A21, A22, A25
    for (who, wanted) in [
        // The list says who somebody is, by whichever account.
        (os("ada"), Some("ada")),
        (key("ada-laptop", None), Some("ada")),
        (key("ada-laptop", Some("ada")), Some("ada")),
        (key("ada-laptop", Some("ada@example.com")), Some("ada")),
        (token("4711", None, &[]), Some("ada")),
        (token("4711", Some("somebody@example.com"), &[]), Some("ada")),
        // Whoever is not listed is who the proof says.
        (os("carol"), Some("carol")),
        (token("12", Some("carol@example.com"), &[]), Some("carol@example.com")),
        // Without a person there is no voter.
        (token("12", None, &[]), None),
        (anyone(), None),
        (caller("os:ada", Some("ada"), Proof::Nothing), None),
        // A key is software, unless the list says whose it is; and it cannot be two people's.
        (key("ci", None), None),
        (key("ci", Some("ada")), None),
        (key("ci", Some("carol")), None),
        (key("ada-laptop", Some("bob")), None),
        // Agents never answer, not even through a listed account.
        (with_agent(os("ada")), None),
        (with_agent(os("carol")), None),
        (with_agent(key("ada-laptop", None)), None),
        (with_agent(token("4711", Some("ada"), &[])), None),
        (token("4711", Some("ada"), &["agent-7"]), None),
        (token("12", Some("carol@example.com"), &["https://other.example#x"]), None),
        // A name of the list is not had by being called so elsewhere.
        (token("666", Some("ada"), &[]), None),
        (caller("os:#4711", Some("bob"), Proof::Os { uid: 4711 }), None),
        // An account of two people is nobody's.
        (os("shared"), None),
    ] {
        let voter = people().voter(&who);
        assert_eq!(voter.as_ref().map(|voter| voter.person.as_str()), wanted, "{who:?}");
        assert!(voter.is_none_or(|voter| voter.account == who.principal), "{who:?}");
    }
}

#[test]
fn groups_and_roles_are_those_of_the_list_or_those_that_were_proven() {
    // A22, A23
    for (who, groups, roles) in [
        (os("ada"), &["dba", "ops"][..], &["reviewer"][..]),
        (with_groups(token("4711", None, &[])), &["dba", "ops"], &["reviewer"]),
        (with_groups(key("ada-laptop", None)), &["dba", "ops"], &["reviewer"]),
        (with_groups(os("bob")), &["dba"], &[]),
        (with_groups(token("12", Some("carol@example.com"), &[])), &["dba", "reviewer"], &[]),
        (os("carol"), &[], &[]),
    ] {
        let voter = people().voter(&who).unwrap();
        assert_eq!((voter.groups, voter.roles), (set(groups), set(roles)), "{who:?}");
    }
}

#[test]
fn groups_give_roles_to_those_who_are_not_listed() {
    let roles =
        |pairs: &[(&str, &[&str])]| pairs.iter().map(|(role, groups)| ((*role).to_owned(), set(groups))).collect();
    let people = people().with_roles_by_group(roles(&[("reviewer", &["sec", "dba"]), ("auditor", &["audit"])]));
    let with = |caller: Caller, groups: &[&str]| Caller {
        groups: groups.iter().map(|&group| group.into()).collect(),
        ..caller
    };
    let roles_of = |caller: Caller| people.voter(&caller).map(|voter| voter.roles);
    let kim = || token("kim", Some("kim@example.com"), &[]);
    for (groups, expected) in [
        (&["dba"][..], &["reviewer"][..]),
        (&["audit", "sec"], &["auditor", "reviewer"]),
        (&["other", "reviewer"], &[]),
        (&[], &[]),
    ] {
        assert_eq!(roles_of(with(kim(), groups)), Some(set(expected)), "{groups:?}");
    }
    // The list is the whole truth about those in it, and a name of it is nobody else's.
    assert_eq!(roles_of(with(token("4711", None, &[]), &["audit"])), Some(set(&["reviewer"])));
    assert_eq!(roles_of(with(token("other", Some("ada"), &[]), &["audit"])), None);
    // Only an issuer's word counts, and never for software.
    assert_eq!(roles_of(with(os("kim"), &["audit"])), Some(set(&[])));
    assert_eq!(roles_of(with_agent(with(kim(), &["audit"]))), None);
    assert_eq!(roles_of(with(token("kim", Some("kim"), &["bot"]), &["audit"])), None);

    // A vote is counted again by today's mapping and the groups of then, whatever roles it says.
    let voted = people.voter(&with(kim(), &["dba", "audit"])).unwrap();
    assert_eq!(people.now(&voted), Some(voted.clone()));
    let today = self::people().with_roles_by_group(roles(&[("operator", &["dba"])]));
    assert_eq!(today.now(&voted).map(|now| now.roles), Some(set(&["operator"])));
    assert_eq!(self::people().now(&voted).map(|now| now.roles), Some(set(&[])));
}

#[test]
fn an_owner_has_the_roles_of_one_for_as_long_as_nobody_is_listed() {
    let owner = || caller("os:ada", Some("ada"), Proof::Owner { uid: 1000 });
    let voted = People::default().voter(&owner()).unwrap();
    assert_eq!(voted.roles, set(&OWNERS));
    assert_eq!(People::default().now(&voted), Some(voted.clone()));
    let others = People::new([listed("bob", &["os:bob"], &[], &["reviewer"])]);
    assert_eq!(others.now(&voted).map(|now| now.roles), Some(set(&[])));
    // Their login alone gives nothing, neither at once nor when it is counted again.
    let login = People::default().voter(&os("ada")).unwrap();
    assert_eq!((login.roles.clone(), People::default().now(&login)), (set(&[]), Some(login)));
}

#[test]
fn nobody_answers_for_a_call_of_their_own_by_another_account() {
    // A21, APR-06
    let voters = [os("ada"), key("ada-laptop", None), token("4711", Some("ada@example.com"), &[])];
    for asks in [
        os("ada"),
        key("ada-laptop", None),
        token("4711", None, &[]),
        // Through an agent that acts for her, or that she owns.
        with_agent(token("4711", Some("ada@example.com"), &["agent-7"])),
        with_agent(key("ci", Some("ada"))),
        key("ci", Some("os:ada")),
        token("12", Some("ada"), &[]),
        // By having delegated, whether the token names her, one of her accounts, or only the subject.
        token("12", Some("carol@example.com"), &["ada"]),
        token("12", Some("carol@example.com"), &["agent-7", "https://login.example.com#4711"]),
        token("12", Some("carol@example.com"), &["4711"]),
    ] {
        let asker = people().asker(&asks);
        for voter in &voters {
            let voter = people().voter(voter).unwrap();
            assert!(asker.is(&voter), "{asks:?} by {voter:?}: {asker:?}");
        }
        for other in [os("bob"), os("dora"), token("99", Some("dora@example.com"), &[])] {
            assert!(!asker.is(&people().voter(&other).unwrap()), "{asks:?} by {other:?}");
        }
    }
    let asks = [
        (os("carol"), os("carol")),
        (token("12", Some("c@e.com"), &[]), token("12", Some("c@e.com"), &[])),
        (key("ci", Some("carol")), os("carol")),
        (token("12", Some("c@e.com"), &["13"]), token("13", Some("d@e.com"), &[])),
        // Nobody listed her address, but both proofs call her by it.
        (key("ci", Some("ada@example.com")), token("4711", Some("ada@example.com"), &[])),
        (token("12", Some("ada@example.com"), &[]), key("ada-laptop", Some("ada@example.com"))),
        (token("4711", Some("ada@example.com"), &[]), token("12", Some("ada@example.com"), &[])),
    ];
    for (asks, votes) in asks {
        assert!(people().asker(&asks).is(&people().voter(&votes).unwrap()), "{asks:?} by {votes:?}");
    }
}

#[test]
fn one_human_being_is_one_voter_however_they_come_in() {
    // A22
    let carol = [os("carol"), token("12", Some("carol"), &[])];
    let ada = [os("ada"), key("ada-laptop", None), token("4711", Some("ada@example.com"), &[])];
    for (one, other, same) in [
        (&ada[0], &ada[1], true),
        (&ada[1], &ada[2], true),
        (&carol[0], &carol[1], true),
        (&ada[0], &carol[0], false),
        (&ada[0], &os("bob"), false),
        // Two issuers know her by one address, and only one of them is listed.
        (&ada[2], &token("12", Some("ada@example.com"), &[]), true),
    ] {
        let [one, other] = [one, other].map(|caller| people().voter(caller).unwrap());
        for (one, other) in [(&one, &other), (&other, &one)] {
            assert_eq!(one.is_same_person(other), same, "{one:?} {other:?}");
            let [one, other] = [one, other].map(|voter| people().now(voter).unwrap());
            assert_eq!(one.is_same_person(&other), same, "by today's list: {one:?} {other:?}");
        }
    }
}

#[test]
fn whoever_is_behind_a_call_is_told() {
    let (ada, shared) = (set(&ADA), set(&["os:shared", "shared"]));
    for (who, person, also, accounts) in [
        (os("ada"), Some("ada"), &[][..], &ada),
        (key("ci", None), None, &[], &set(&[])),
        (key("ci", Some("ada")), Some("ada"), &[], &ada),
        (key("ada-laptop", Some("bob")), Some("ada"), &["bob"], &(&ada | &set(&["os:bob"]))),
        (token("4711", Some("ada@example.com"), &[]), Some("ada"), &["ada@example.com"], &ada),
        (os("shared"), Some("shared"), &["eve", "mallory"], &shared),
        (
            token("12", Some("c@e.com"), &["x"]),
            Some("c@e.com"),
            &["x", "https://login.example.com#x"],
            &set(&["c@e.com", "x", "https://login.example.com#x"]),
        ),
        (anyone(), None, &[], &set(&[])),
    ] {
        let asker = Asker {
            principal: who.principal.clone(),
            person: person.map(str::to_owned),
            also: set(also),
            accounts: accounts.clone(),
        };
        assert_eq!(people().asker(&who), asker, "{who:?}");
    }
}

#[test]
fn a_voter_is_whoever_todays_list_says() {
    // A23: what was taken from somebody no longer counts, and an account that is gone counts for nobody.
    let listed_ada = people().voter(&os("ada")).unwrap();
    let carol = people().voter(&with_groups(token("12", Some("carol"), &[]))).unwrap();
    let person = |name, accounts: &[&str]| People::new([listed(name, accounts, &["ops"], &[])]);
    for (today, was, is) in [
        (people(), &listed_ada, Some("ada")),
        (person("ada", &ADA), &listed_ada, Some("ada")),
        (person("ada", &["key:ada-laptop"]), &listed_ada, None),
        (person("bob", &ADA), &listed_ada, None),
        (People::default(), &listed_ada, None),
        (People::default(), &carol, Some("carol")),
        (person("ada", &ADA), &carol, Some("carol")),
        // Her name was given to somebody else.
        (person("carol", &["os:other"]), &carol, None),
        (person("carol", &[&carol.account]), &carol, Some("carol")),
        (person("ada", &[&carol.account]), &carol, Some("ada")),
    ] {
        let now = today.now(was);
        assert_eq!(now.as_ref().map(|now| now.person.as_str()), is, "{today:?}");
        if let Some(now) = now.filter(|now| today != people() && now.accounts.contains(&now.account)) {
            assert_eq!((now.groups, now.roles), (set(&["ops"]), set(&[])), "{today:?}");
        }
    }
}

#[test]
fn a_hold_nobody_can_answer_is_known() {
    // APR-19
    for (reviewer, count) in [
        ("user", 1),
        ("user:ada", 1),
        ("user:carol", 0),
        ("user:os:ada", 0),
        ("group:dba", 2),
        ("group:ops", 1),
        ("group:reviewer", 0),
        ("role:reviewer", 1),
        ("role:dba", 0),
        // Nobody can answer as somebody without an account of their own.
        ("user:gone", 0),
        ("user:eve", 0),
    ] {
        let reviewer = Reviewer::try_from(reviewer.to_owned()).unwrap();
        assert_eq!(people().stands_for(&reviewer), count, "{reviewer}");
        // Where nobody is listed, whoever started the gateway answers as a reviewer.
        let alone = reviewer == Reviewer::Owner || reviewer == Reviewer::Role("reviewer".to_owned());
        assert_eq!(People::default().stands_for(&reviewer), usize::from(alone), "{reviewer}");
    }
}

proptest! {
    #[test]
    fn two_accounts_of_one_person_are_one_voter_and_never_answer_for_each_other(
        owned in proptest::collection::vec(0_usize..4, 1..8),
        one in 0_usize..8,
        other in 0_usize..8,
    ) {
        // A21, A22
        let list = (0..4).map(|person| {
            let accounts: Vec<String> =
                (0..8).filter(|at| owned.get(*at) == Some(&person)).map(|at| format!("os:{at}")).collect();
            let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
            listed(&format!("person {person}"), &accounts, &[], &[])
        });
        let people = People::new(list);
        let (asks, votes) = (os(&one.to_string()), os(&other.to_string()));
        let same = one == other || owned.get(one).is_some_and(|owner| owned.get(other) == Some(owner));
        let (first, second) = (people.voter(&asks).unwrap(), people.voter(&votes).unwrap());
        prop_assert_eq!(first.is_same_person(&second), same);
        prop_assert_eq!(people.asker(&asks).is(&second), same);
        prop_assert_eq!(people.now(&first), Some(first));
    }
}

#[test]
fn whoever_started_the_gateway_is_a_reviewer_only_when_they_signed_in_and_nobody_is_listed() {
    // A21: what runs under somebody's login cannot answer as them by that.
    let signed_in = caller("os:alice", Some("alice"), Proof::Owner { uid: 1000 });
    let login = caller("os:alice", Some("alice"), Proof::Os { uid: 1000 });
    let roles = |people: &People, caller: &Caller| people.voter(caller).unwrap().roles;
    assert!(roles(&People::default(), &signed_in).contains("reviewer"));
    assert!(roles(&People::default(), &login).is_empty());
    assert!(roles(&people(), &signed_in).is_empty(), "where people are listed, the list says who may what");
    assert!(!roles(&People::default(), &signed_in).contains("break-glass"));
}
