//! Does every surface tell the same of a call: when all are used at once, when nobody answers, and when it is too much?

mod policies;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use policies::{AT_NIGHT, BY_TIERS, LOW, LOW_AND_HIGH, ROOMS, TIERS, TO_ONE, TO_ROOMS, TWO};
use serde_json::{Value, json};
use stage::{Stage, Way, asks, is_list, own_account, sent, ways};

use crate::Story;
use crate::reading::{labels, read};
use crate::visitor::{Seen, Visitor};
use crate::world::{Told, event};

pub(crate) const STORIES: &[Story] = &[
    ("one_decision_wins_on_all_surfaces_at_once", raced),
    ("the_same_click_five_times_votes_once", clicked),
    ("the_next_tier_hears_when_nobody_answered", escalated),
    ("a_storm_is_one_message", stormed),
    ("whoever_has_quiet_hours_is_let_alone_unless_it_is_bad", quiet),
];

/// In each room; more in a minute would be told at once.
const EACH: u64 = 4;

/// Who answers by what, and what becomes of the call if theirs is the word that counts.
struct Surface {
    person: &'static str,
    account: String,
    did: &'static str,
    state: &'static str,
    /// The same on pages, and in Slack.
    shown: (&'static str, &'static str),
}

fn surfaces() -> [Surface; 4] {
    let yes = |person, account: &str| {
        let shown = ("approved, not yet run", "Approved");
        Surface { person, account: account.to_owned(), did: "agreed", state: "approved", shown }
    };
    let no = |person, account: &str| {
        let shown = ("denied", "Denied");
        Surface { person, account: account.to_owned(), did: "said no", state: "rejected", shown }
    };
    [yes("ada", "slack:T1/U1"), no("ida", "link:ida"), yes("ben", "key:ben"), no("lea", &own_account())]
}

/// Something everybody was asked.
struct Asked {
    id: String,
    channel: String,
    address: String,
    way: Way,
}

fn raced() -> Told {
    // A26, A31, NOT-05
    Box::pin(async {
        let mut stage = Stage::open(ROOMS, TO_ROOMS, "100ms").await;
        stage.office.world.kill().await;
        stage.office.world.serve_so(&["--invite", "--set", "limits.approval_wait=100ms"]).await;
        stage.listened(2).await;
        let mut owner = Visitor::owner(&mut stage.office.world).await;
        let mut won: BTreeMap<String, &str> = BTreeMap::new();
        for round in 0..3 * EACH {
            let asked = asked(&mut stage, round).await;
            let heard = race(&mut stage, &asked, round).await;
            let all = surfaces();
            let winners: Vec<usize> = (0..all.len()).filter(|at| heard[*at].1).collect();
            let [winner] = winners.try_into().unwrap_or_else(|all| panic!("not one: {all:?} {heard:#?}"));
            let winner = &all[winner];
            let word = format!("{} {}", winner.person, winner.did);
            for (said, _) in heard.iter().filter(|(_, won)| !won) {
                assert!(said.contains(&word), "round {round}: {word} is not told: {said}");
            }
            same_everywhere(&mut stage, &mut owner, (&asked, winner)).await;
            won.insert(asked.id, winner.person);
        }
        let book = stage.office.world.book().await;
        for (id, person) in &won {
            let of_call = |kind: &str| {
                let is = |entry: &&Value| entry["call"] == **id && event(entry) == kind;
                book.iter().filter(is).collect::<Vec<_>>()
            };
            let [vote] = of_call("voted").try_into().unwrap();
            assert_eq!(vote["person"], *person);
            assert_ne!(vote["state"], "pending", "that word settled it");
            assert!(of_call("settled").is_empty(), "and nothing else did");
        }
        assert_eq!(won.len(), 12);
        assert!(stage.office.world.ledger().is_empty(), "an approved call runs when the agent comes back for it");
        stage.slack.is_content();
    })
}

/// A call that everybody was told of.
async fn asked(stage: &mut Stage, round: u64) -> Asked {
    let room = round / EACH + 1;
    let id = stage.held(round, json!({ "room": room, "round": round })).await;
    let (channel, address) = (format!("C{room}"), format!("ida{room}"));
    stage.message((&channel, &id), asks).await;
    stage.told("approval.requested", &id).await;
    let [way] = ways(&stage.letter(&address, "A call waits for you").await).try_into().unwrap();
    Asked { id, channel, address, way }
}

/// Everybody answers at the same moment: what each is told, and whether it counted.
async fn race(stage: &mut Stage, asked: &Asked, round: u64) -> [(String, bool); 4] {
    let Asked { id, channel, way, .. } = asked;
    let message = stage.message((channel, id), asks).await;
    let press = stage.press("U1", channel, &message);
    let mut visitor = Visitor::new(&stage.office.world);
    let opened = visitor.get(&way.path).await;
    assert!(opened.text.contains(id.as_str()), "the link is for this call: {}", opened.text);
    let page = opened.field("page");
    let digest = stage.card(id).await["digest"].clone();
    let (stage, path) = (&*stage, format!("/approvals/{id}"));
    // Whoever starts a program is not there first; so the others take another while in each round.
    let hesitate = async |looks: u64| {
        for _ in 0..looks {
            stage.office.get("ben", &path).await;
        }
    };
    let by_hand = ["approvals", "deny", id, "--reason", "by hand"];
    let before = stage.slack.whispers().len();
    let (pressed, linked, (status, over_http), (code, by_hand)) = tokio::join!(
        async {
            hesitate(round % EACH).await;
            stage.pushes(&format!("race-{round}"), &press);
            stage.whispered(before + 1).await
        },
        async {
            hesitate(round % EACH).await;
            sent(&mut visitor, (way, &page), "deny").await
        },
        async {
            hesitate(round % EACH).await;
            let yes = json!({ "digest": digest, "reason": "over HTTP" });
            stage.office.post("ben", &format!("{path}/approve"), yes).await
        },
        stage.office.world.run(&by_hand),
    );
    assert!([200, 409].contains(&status) && [0, 1].contains(&code), "{over_http} {by_hand}");
    let done = linked.text.contains("data-link=\"done\"");
    assert!(done || linked.code() == "not_open" || is_ended(&linked), "{}", linked.text);
    let agreed = pressed.contains("You agreed");
    [(pressed, agreed), (linked.text, done), (over_http.to_string(), status == 200), (by_hand, code == 0)]
}

fn is_ended(seen: &Seen) -> bool {
    seen.status == 410 && seen.text.contains("data-link=\"ended\"")
}

/// Whoever looks anywhere sees whose word counted.
async fn same_everywhere(stage: &mut Stage, owner: &mut Visitor, (asked, winner): (&Asked, &Surface)) {
    let (id, word) = (asked.id.as_str(), format!("{} {}", winner.person, winner.did));
    let card = stage.card(id).await;
    let votes = card["votes"].as_array().unwrap();
    assert_eq!((card["state"].as_str(), votes.len()), (Some(winner.state), 1), "{card}");
    let by = (&votes[0]["by"]["person"], &votes[0]["by"]["account"]);
    assert_eq!(by, (&json!(winner.person), &json!(winner.account)));

    let message = stage.message((&asked.channel, id), |message| labels(message) == ["Open"]).await;
    let shown = read(&message["blocks"]);
    let who = format!("{word} with the account {}", winner.account);
    assert!(shown.contains(winner.shown.1) && shown.contains(&who), "{shown}");

    let (own, open) = (owner.get("/inbox").await, owner.get("/inbox?show=open").await);
    let decided = owner.get("/inbox?show=decided").await;
    let row = format!("id=\"row-{id}\"");
    assert!(!own.text.contains(&row), "nobody is asked any more: {}", own.text);
    let (_, row) =
        [open.text, decided.text].concat().split_once(&row).map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (_, stands) = row.split_once("class=\"state\">").unwrap();
    assert!(stands.starts_with(winner.shown.0), "{stands}");

    // Whoever answered by it has used it up; to everybody else it says by whom it was decided.
    let over = Visitor::new(&stage.office.world).get(&asked.way.path).await;
    let says = if winner.person == "ida" { "It was used before" } else { word.as_str() };
    assert!(is_ended(&over) && over.text.contains(says), "{says}: {}", over.text);

    let told = stage.told(&format!("approval.{}", winner.state), id).await;
    assert_eq!(told["data"]["call"]["said"]["by"], winner.person, "{told}");
    let letter = stage.letter(&asked.address, &word).await;
    assert!(letter.contains("nothing to do about it") && ways(&letter).is_empty(), "{letter}");
}

fn clicked() -> Told {
    // NOT-05
    Box::pin(async {
        let mut stage = Stage::open(TWO, "\n[[routes]]\nto = [\"team\"]\n", "100ms").await;
        let id = stage.held(1, json!({ "a": 1 })).await;
        let message = stage.message(("C1", &id), asks).await;
        let press = stage.press("U1", "C1", &message);
        for _ in 0..5 {
            stage.pushes("same", &press);
        }
        stage.slack.until("five answers", |fake| (fake.heard().len() == 5).then_some(())).await;
        assert!(stage.slack.heard().iter().all(|answer| *answer == json!({ "envelope_id": "same" })));
        assert!(stage.whispered(1).await.contains("Your yes is written down"));
        stage.message(("C1", &id), |message| read(&message["blocks"]).contains("ada agreed")).await;
        // A gateway that has forgotten everything counts it no second time either.
        stage.office.world.kill().await;
        stage.office.world.serve().await;
        stage.listened(2).await;
        stage.pushes("same", &press);
        assert!(stage.whispered(2).await.contains("you answered already"));
        let card = stage.card(&id).await;
        assert_eq!((&card["state"], card["votes"].as_array().unwrap().len()), (&json!("pending"), 1), "{card}");
        let events = stage.office.world.events().await;
        assert_eq!(events.iter().filter(|event| *event == "voted").count(), 1);
        assert_eq!(stage.slack.whispers().len(), 2, "and it was told once");
        stage.slack.is_content();
    })
}

fn escalated() -> Told {
    // A33, A35
    Box::pin(async {
        let mut stage = Stage::open(TIERS, BY_TIERS, "100ms").await;
        let (saved, lost) = (stage.held(1, json!({ "a": 1 })).await, stage.held(2, json!({ "a": 2 })).await);
        let (status, early) = stage.says("una", &saved, "approve").await;
        assert_eq!((status, &early["code"]), (404, &json!("unknown")), "the next tier is not asked yet: {early}");
        for _ in 0..2 {
            stage.letter("ida", "A call waits for you").await;
        }
        assert!(stage.ops.all().is_empty() && stage.slack.messages("DU7").is_empty(), "nor told");

        for id in [&saved, &lost] {
            let told = stage.told("approval.escalated", id).await;
            assert_eq!(told["data"]["state"], "pending");
            stage.message(("DU7", id), asks).await;
        }
        let message = stage.message(("DU7", &saved), asks).await;
        let press = stage.press("U7", "DU7", &message);
        stage.pushes("una", &press);
        assert!(stage.whispered(1).await.contains("You agreed"));
        assert_eq!(stage.told("approval.approved", &saved).await["data"]["call"]["said"]["by"], "una");
        stage.letter("ida", "una agreed").await;

        // Where nobody of either tier answers, the time says no.
        let told = stage.told("approval.expired", &lost).await;
        assert_eq!(told["data"]["state"], "expired");
        let over = |message: &Value| labels(message) == ["Open"];
        let message = stage.message(("DU7", &lost), over).await;
        assert!(read(&message["blocks"]).contains("Expired: nobody agreed in time"), "{message}");
        stage.letter("ida", "Nobody decided about a call in time").await;
        assert_eq!(
            stage.heard("approval.reminded"),
            std::slice::from_ref(&lost),
            "before that they were reminded, and of that alone"
        );
        let book = stage.office.world.book().await;
        let settled: Vec<&Value> = book.iter().filter(|entry| event(entry) == "settled").collect();
        assert!(settled.len() == 1 && settled[0]["call"] == lost && settled[0]["state"] == "expired", "{settled:?}");
        let held = book.iter().find(|entry| event(entry) == "held" && entry["call"] == lost).unwrap();
        assert!(held["agreement"].to_string().contains("group:sec"), "who is asked later is on record: {held}");
        assert!(stage.office.world.ledger().is_empty());
        stage.slack.is_content();
    })
}

fn stormed() -> Told {
    // A36
    Box::pin(async {
        let mut stage = Stage::open(LOW, TO_ONE, "10ms").await;
        for number in 0..12 {
            stage.office.call(number, "echo", json!({ "n": number })).await;
        }
        let all = stage.pending().await;
        assert_eq!(all.len(), 12);
        let many = stage.letter("ida", "Several calls wait for you").await;
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while !stage.slack.messages("C1").iter().any(is_list) {
            looks.tick().await;
        }
        let (lists, messages): (Vec<Value>, Vec<Value>) = stage.slack.messages("C1").into_iter().partition(is_list);
        let [list] = lists.try_into().unwrap();
        let letters = stage.letters("A call waits for you");
        assert!((1..=5).contains(&messages.len()) && (1..=5).contains(&letters), "{} {letters}", messages.len());
        assert_eq!(stage.letters("Several calls"), 0, "one letter, and not two");
        // Each call is in one place, and nothing is pressed for several.
        let names = |message: &Value| all.iter().filter(|id| message.to_string().contains(*id)).cloned().collect();
        let listed: BTreeSet<String> = names(&list);
        let alone: Vec<BTreeSet<String>> = messages.iter().map(names).collect();
        assert!(labels(&list).is_empty() && alone.iter().all(|named| named.len() == 1), "{list}");
        assert!(alone.iter().all(|named| named.is_disjoint(&listed)));
        assert_eq!(listed.len() + alone.len(), 12);
        let by_letter = ways(&many);
        assert_eq!(by_letter.len() + letters, 12, "{many}");

        // One of a list by its own link, one over HTTP, one that was told alone by a press: each decides that one.
        let mut ida = Visitor::new(&stage.office.world);
        let page = ida.get(&by_letter[3].path).await;
        let [denied] = all.iter().filter(|id| page.text.contains(*id)).collect::<Vec<_>>().try_into().unwrap();
        let page = page.field("page");
        assert!(sent(&mut ida, (&by_letter[3], &page), "deny").await.text.contains("data-link=\"done\""));
        let mut left = all.clone();
        left.remove(denied);
        assert_eq!(stage.pending().await, left);
        let next = listed.iter().find(|id| left.contains(*id)).unwrap();
        assert_eq!(stage.says("ben", next, "approve").await.0, 200);
        left.remove(next);
        assert_eq!(stage.pending().await, left);
        let third = alone.iter().flatten().find(|id| left.contains(*id)).unwrap();
        let message = stage.message(("C1", third), asks).await;
        let press = stage.press("U1", "C1", &message);
        stage.pushes("one", &press);
        assert!(stage.whispered(1).await.contains("You agreed"));
        left.remove(third);
        assert_eq!(stage.pending().await, left, "the others still wait");
        stage.letter("ida", "ada agreed").await;
        let lists = stage.slack.messages("C1").iter().filter(|message| is_list(message)).count();
        assert_eq!((lists, stage.letters("Several calls")), (1, 0), "and nothing is told of all of them again");
        stage.slack.is_content();
    })
}

fn quiet() -> Told {
    // A35, A36
    Box::pin(async {
        let mut stage = Stage::open(LOW_AND_HIGH, AT_NIGHT, "100ms").await;
        let low = stage.held(1, json!({ "bad": false })).await;
        stage.message(("C1", &low), asks).await;
        let high = stage.held(2, json!({ "bad": true })).await;
        let letter = stage.letter("ida", "A call waits for you").await;
        assert!(letter.contains(&format!("/calls/{high}")) && ways(&letter).is_empty(), "{letter}");
        let message = stage.message(("C1", &high), |_| true).await;
        assert!(!asks(&message) && labels(&message).contains(&"Open to decide".to_owned()), "{message}");
        let (_, told) = stage.office.world.run(&["channels", "deliveries", "--json"]).await;
        let letters: Vec<&str> = told.lines().filter(|line| line.contains("ida@example.com")).collect();
        assert!(letters.len() == 1 && letters[0].contains(&high), "she hears of that one alone: {told}");
        stage.slack.is_content();
    })
}
