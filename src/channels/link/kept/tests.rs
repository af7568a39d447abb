use super::*;
use crate::channels::template::tests::matter;
use crate::facts::Risk;
use crate::store::{Durability, StoreOptions};

const NOW: Timestamp = Timestamp::from_micros(1_795_334_400_000_000);

async fn store() -> Store {
    Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap()
}

fn links(store: &Store, rule: LinkRule) -> Links {
    Links::new(store.clone(), Some(Url::parse("https://gw.example.com/").unwrap()), rule)
}

fn opened(leads: &Leads) -> (Token, String) {
    let Leads::ToAnswer { url, code } = leads else { panic!("{leads:?}") };
    let token = url.strip_prefix("https://gw.example.com/l/").unwrap();
    assert!(!url.contains(code.as_str()) || token.contains(code.as_str()), "the code is no part of the address");
    (Token::read(token).unwrap(), code.to_string())
}

#[tokio::test]
async fn a_link_answers_only_where_it_is_enough() {
    let store = store().await;
    for (rule, risk, evidence, state, person, answers) in [
        (LinkRule::Medium, Risk::Medium, Needed::Account, "pending", Some("ada"), true),
        (LinkRule::Low, Risk::Low, Needed::Account, "pending", Some("ada"), true),
        (LinkRule::Never, Risk::Low, Needed::Account, "pending", Some("ada"), false),
        (LinkRule::Low, Risk::Medium, Needed::Account, "pending", Some("ada"), false),
        (LinkRule::Medium, Risk::High, Needed::Account, "pending", Some("ada"), false),
        (LinkRule::Medium, Risk::Low, Needed::Session, "pending", Some("ada"), false),
        (LinkRule::Medium, Risk::Low, Needed::Passkey, "pending", Some("ada"), false),
        (LinkRule::Medium, Risk::Low, Needed::Account, "approved", Some("ada"), false),
        (LinkRule::Medium, Risk::Low, Needed::Account, "pending", None, false),
    ] {
        let asked = Matter { evidence, state: state.to_owned(), ..matter(risk) };
        let leads = links(&store, rule).lead(&asked, person, NOW).await;
        match &leads {
            Leads::ToAnswer { .. } => assert!(answers, "{rule:?} {risk:?} {evidence:?} {state} {person:?}"),
            Leads::ToCall(page) => {
                assert!(!answers, "{rule:?} {risk:?} {evidence:?} {state} {person:?}");
                assert_eq!(Some(page), asked.page.as_ref());
            }
            Leads::Nowhere => panic!("there are pages"),
        }
    }
    let late = Timestamp::from_micros(NOW.micros() + 86_400_000_000);
    let leads = links(&store, LinkRule::Low).lead(&matter(Risk::Low), Some("ada"), late).await;
    assert!(matches!(leads, Leads::ToCall(_)), "nothing is made that is over already");
    let page = Matter { page: None, ..matter(Risk::Low) };
    let leads = Links::new(store, None, LinkRule::Low).lead(&page, Some("ada"), NOW).await;
    assert!(matches!(leads, Leads::Nowhere));
}

#[tokio::test]
async fn a_code_is_tried_five_times_and_a_link_used_once() {
    // NOT-02
    let store = store().await;
    let links = links(&store, LinkRule::Low);
    let (token, code) = opened(&links.lead(&matter(Risk::Low), Some("ada"), NOW).await);
    let wrong = if code == "0000" { "0001" } else { "0000" };
    for _ in 0..10 {
        // NOT-01: looking changes nothing.
        let link = look(&store, &token, NOW).await.unwrap().unwrap();
        assert_eq!((link.person.as_str(), link.tried), ("ada", 0));
    }
    for left in (1..MOST_WRONG).rev() {
        assert_eq!(attempt(&store, &token, wrong, NOW).await.unwrap(), Tried::Wrong(left));
    }
    assert_eq!(attempt(&store, &token, wrong, NOW).await.unwrap(), Tried::Ended);
    assert_eq!(attempt(&store, &token, &code, NOW).await.unwrap(), Tried::Nothing, "the right one comes too late");
    assert_eq!(look(&store, &token, NOW).await.unwrap(), None);

    let (token, code) = opened(&links.lead(&matter(Risk::Low), Some("ada"), NOW).await);
    let Tried::Right(link) = attempt(&store, &token, &code, NOW).await.unwrap() else { panic!("it is right") };
    assert_eq!(link.call, matter(Risk::Low).id);
    let both = tokio::join!(use_up(&store, &token, NOW), use_up(&store, &token, NOW));
    assert!(both.0.unwrap() ^ both.1.unwrap(), "one of two uses it");
    assert_eq!(attempt(&store, &token, &code, NOW).await.unwrap(), Tried::Nothing);
}

#[tokio::test]
async fn nobody_tries_more_codes_by_trying_many_at_once() {
    let store = store().await;
    let leads = links(&store, LinkRule::Low).lead(&matter(Risk::Low), Some("ada"), NOW).await;
    let (token, code) = opened(&leads);
    let wrong: Vec<String> = (0..40).map(|n| format!("{n:04}")).filter(|guess| *guess != code).collect();
    let tries = wrong.iter().map(|guess| attempt(&store, &token, guess, NOW));
    let results = futures_util::future::join_all(tries).await;
    let looked_at =
        results.into_iter().map(Result::unwrap).filter(|tried| matches!(tried, Tried::Wrong(_) | Tried::Ended)).count();
    assert!(looked_at <= 5, "{looked_at} codes were looked at");
}

#[tokio::test]
async fn a_link_ends_with_the_call() {
    let store = store().await;
    let (token, code) = opened(&links(&store, LinkRule::Low).lead(&matter(Risk::Low), Some("ada"), NOW).await);
    let late = Timestamp::from_micros(NOW.micros() + 7_200_000_000);
    assert_eq!(look(&store, &token, late).await.unwrap(), None);
    assert_eq!(attempt(&store, &token, &code, late).await.unwrap(), Tried::Nothing);
}
