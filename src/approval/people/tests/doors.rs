//! Who comes by the doors of channels, and are they still the same person?

use super::*;

#[test]
fn an_account_of_a_channel_is_a_persons_only_where_the_list_says_so() {
    // NOT-06, A56
    let slack = "slack:T1/U1";
    let list = |accounts: &[&str]| {
        let others = [listed("Bob@Example.com", &["os:bob"], &["dba"], &[]), listed("eve", &["os:eve"], &[], &[])];
        People::new(others.into_iter().chain([listed("ada", accounts, &[], &["reviewer"])]))
    };
    let people = list(&["os:ada", slack, "https://login.example.com#ada@example.com"]);
    let ada = people.of_account(slack).unwrap();
    assert_eq!((ada.person.as_str(), ada.account.as_str()), ("ada", slack));
    assert_eq!(people.now(&ada), Some(ada.clone()));
    assert_eq!(list(&["os:ada"]).now(&ada), None, "an account that was taken away votes no more");
    assert_eq!((people.of_account("slack:T1/U2"), people.of_account("slack:T2/U1")), (None, None));

    let bob = people.of_address("slack:T1/U2", "bob@example.com").unwrap();
    assert_eq!(
        (bob.person.as_str(), bob.account.as_str(), &bob.groups),
        ("Bob@Example.com", "slack:T1/U2", &set(&["dba"]))
    );
    assert_eq!(people.now(&bob), Some(bob.clone()), "it is counted again by the same address");
    assert_eq!(people.of_address("slack:T1/U3", "ADA@example.com").unwrap().person, "ada");
    assert_eq!(people.of_address("slack:T1/U3", "nobody@example.com"), None);
    assert_eq!(people.of_address(slack, "bob@example.com"), None, "an account that the list has is nobody else's");
    let twice = People::new([listed("a@e.com", &["os:a"], &[], &[]), listed("A@e.com", &["os:b"], &[], &[])]);
    assert_eq!(twice.of_address("slack:T1/U2", "a@e.com"), None, "an address of two is nobody's");
    assert_eq!(People::new([listed("eve", &["os:eve"], &[], &[])]).now(&bob), None, "whoever is gone votes no more");
    let moved = People::new([
        listed("bob@example.com", &["os:bob"], &[], &[]),
        listed("eve", &["os:eve", "slack:T1/U2"], &[], &[]),
    ]);
    assert_eq!(moved.now(&bob), None, "nobody becomes somebody else");
}

#[test]
fn who_answers_by_a_link_is_the_listed_person_as_long_as_they_are_listed() {
    let people = people();
    let ada = people.by_link("ada").unwrap();
    assert_eq!((ada.person.as_str(), ada.account.as_str()), ("ada", "link:ada"));
    assert_eq!((&ada.groups, &ada.roles), (&set(&["dba", "ops"]), &set(&["reviewer"])));
    assert!(ada.is_same_person(&people.voter(&os("ada")).unwrap()), "she is one person however she answers");
    assert_eq!(people.now(&ada), Some(ada.clone()));
    let fewer = People::new([listed("ada", &["os:ada"], &[], &[])]);
    let now = fewer.now(&ada).unwrap();
    assert!(now.roles.is_empty() && now.groups.is_empty() && now.accounts.contains("key:ada-laptop"));
    assert_eq!(People::new([listed("bob", &["os:bob"], &[], &[])]).now(&ada), None);
    // Nobody answers by a link who could not answer otherwise, or under another name.
    for name in ["gone", "eve", "mallory", "nobody", "", "os:ada"] {
        assert_eq!(people.by_link(name), None, "{name}");
    }
    assert_eq!(people.now(&Voter { person: "bob".to_owned(), ..ada }), None);
    assert_eq!(people.voter(&caller("link:ada", Some("ada"), Proof::Nothing)), None);
}

#[test]
fn whoever_is_written_at_an_address_is_the_same_person_by_every_door() {
    // A21, A22: the list knows her by Slack and by mail, and not by the account she signs in with.
    let people = People::new([listed("ada", &["slack:T1/U1", "ada@example.com"], &["dba"], &["reviewer"])]);
    let doors = [
        people.of_account("slack:T1/U1").unwrap(),
        people.by_link("ada").unwrap(),
        people.of_address("slack:T1/U2", "Ada@example.com").unwrap(),
    ];
    let own = [key("ci", Some("Ada@Example.com")), token("9", Some("ADA@example.com"), &[])];
    for caller in &own {
        let asker = people.asker(caller);
        for voter in &doors {
            assert!(asker.is(voter), "{caller:?} by {voter:?}");
        }
    }
    let signed_in = people.voter(&own[1]).unwrap();
    for voter in &doors {
        assert!(voter.is_same_person(&signed_in), "{voter:?}");
        assert_eq!(people.now(voter).map(|now| now.person), Some("ada".to_owned()));
    }
    assert!(!people.asker(&key("ci", Some("eve@example.com"))).is(&doors[0]));
}
