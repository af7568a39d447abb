//! What holds whatever the operator wrote.

use proptest::prelude::*;

use super::*;

fn persons() -> impl Strategy<Value = BTreeMap<String, Person>> {
    let address = prop::sample::select(vec!["slack:U1", "slack:U2", "mail:a@example.com", "gone:x"]);
    let delegate = prop::option::of(prop::sample::select(vec!["ada", "bob", "eve", "who"]));
    let one = (prop::collection::vec(address, 0..3), any::<bool>(), prop::option::of(delegate)).prop_map(
        |(reach, sleeps, absent)| {
            let reach = reach.into_iter().map(|text| Recipient::parse(text).unwrap()).collect();
            let person = Person { reach, quiet: sleeps.then(night), away: None };
            match absent {
                Some(delegate) => away(person, delegate),
                None => person,
            }
        },
    );
    prop::collection::btree_map(
        prop::sample::select(vec!["ada".to_owned(), "bob".to_owned(), "eve".to_owned()]),
        one,
        0..4,
    )
}

fn some_routes() -> impl Strategy<Value = Vec<Route>> {
    let to = prop::sample::select(vec!["asked", "slack", "slack:C1", "mail:x", "gone:x", "person:ada", "on_call:dba"]);
    let one = (prop::collection::vec(to, 1..4), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(to, elsewhere, office, last)| Route {
            servers: if elsewhere { globs(&["files"]) } else { vec![] },
            during: office.then(|| "office".to_owned()),
            last,
            ..route(&to)
        },
    );
    prop::collection::vec(one, 0..5)
}

fn whats() -> impl Strategy<Value = What> {
    prop::sample::select(What::ALL.to_vec())
}

fn risks() -> impl Strategy<Value = Risk> {
    prop::sample::select(vec![Risk::Low, Risk::Medium, Risk::High, Risk::Critical])
}

proptest! {
    #[test]
    fn somebody_hears_wherever_somebody_can(
        people in persons(),
        list in some_routes(),
        what in whats(),
        risk in risks(),
        asked in prop::collection::btree_set(prop::sample::select(vec!["ada", "bob", "eve", "who"]), 0..4),
        by_day in any::<bool>(),
    ) {
        let all = Routes { people, ..routes(list) };
        let asked = asks(&asked.into_iter().collect::<Vec<_>>());
        let now = if by_day { noon() } else { at(0) };
        let heard = heard(&all, (&matter("db", "x", risk), what), &asked, now);
        if what.asks() {
            prop_assert!(!heard.recipients.is_empty(), "{:?}", heard.beside);
        } else {
            prop_assert_eq!(heard.beside, None);
        }
        // Nothing goes to a channel that is not there.
        prop_assert!(heard.recipients.iter().all(|to| all.channels.contains_key(&to.channel)));
    }

    #[test]
    fn one_more_route_takes_nothing_away(list in some_routes(), more in some_routes(), risk in risks()) {
        let asked = asks(&["ada", "bob"]);
        let told = |list: Vec<Route>| {
            heard(&routes(list), (&matter("db", "x", risk), What::Approved), &asked, noon()).recipients
        };
        // Without any route every channel hears; that is what the first route ends.
        prop_assume!(!list.is_empty());
        let fewer = told(list.clone());
        prop_assert!(fewer.is_subset(&told([list, more].concat())));
    }
}
