//! Who answers by a link from a message, and what does nobody do by one?

use std::sync::Arc;

use countersign::channels::link::LinkRule;
use countersign::channels::link::kept::{Leads, Links};
use countersign::channels::message::{Details, Matter};
use countersign::clock::{Clock as _, SystemClock};
use countersign::gateway::desk::Desk;
use countersign::store::{Durability, Store, StoreOptions};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::visitor::{Seen, Visitor};
use crate::world::{Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_link_lets_its_person_answer_once", answered),
    ("opening_a_link_changes_nothing", opened),
    ("who_opens_and_presses_everything_answers_nothing_by_a_link", pressed),
    ("a_link_is_void_when_the_call_is_another_or_waits_no_more", void),
    ("a_link_answers_nothing_that_its_person_may_not_answer", refused),
];

/// What wants more than an account, and what asks whoever the agent acts for.
const MORE: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "evidence": "session"} if {
	input.call.tool == "echo"
}

hold contains {"id": "other", "reason": "Somebody else must.", "reviewers": ["role:reviewer"]} if {
	input.call.tool == "die"
}
"#;

/// A link for somebody, as a channel makes it.
struct Sent {
    path: String,
    code: String,
    wrong: String,
}

async fn store(world: &World) -> Store {
    let url = format!("sqlite:{}", world.path("book.db").display());
    Store::open_beside(&StoreOptions::new(&url, Durability::Process).unwrap()).await.unwrap()
}

async fn sent(office: &Office, call: &str, person: &str) -> Sent {
    made(office, call, person).await.expect("a link is made")
}

/// The same, where there is one.
async fn made(office: &Office, call: &str, person: &str) -> Option<Sent> {
    let store = store(&office.world).await;
    let pages = Url::parse(&format!("http://{}/", office.world.address)).unwrap();
    let desk = Desk::new(store.clone(), Arc::new(SystemClock));
    let now = SystemClock.now();
    let matter = Matter::of(&desk.kept(call).await.unwrap(), Details::Thin, Some(&pages), now).unwrap();
    // What a rule wants more for gets no link; here it is what somebody forgot to look at.
    let matter = Matter { evidence: countersign::policy::finding::evidence::Needed::Account, ..matter };
    let links = Links::new(store, Some(pages.clone()), LinkRule::Medium);
    let Leads::ToAnswer { url, code } = links.lead(&matter, Some(person), now).await else { return None };
    let path = url.strip_prefix(pages.as_str().trim_end_matches('/')).unwrap().to_owned();
    let wrong = if *code == "0000" { "0001" } else { "0000" };
    Some(Sent { path, code: code.to_string(), wrong: wrong.to_owned() })
}

async fn held(office: &Office, number: u64, tool: &str, arguments: Value) -> String {
    assert_eq!(class(&office.call(number, tool, arguments).await), "held");
    office.one().await.0.trim_start_matches("/approvals/").to_owned()
}

/// What the page is; empty where it is none of a link.
fn stage(seen: &Seen) -> &str {
    seen.text.split_once("data-link=\"").map_or("", |(_, rest)| rest.split('"').next().unwrap())
}

async fn votes(office: &Office) -> usize {
    office.world.book().await.iter().filter(|entry| event(entry) == "voted").count()
}

async fn say(visitor: &mut Visitor, link: &Sent, (verb, code, reason): (&str, &str, &str)) -> Seen {
    let page = visitor.get(&link.path).await.field("page");
    let fields = [("page", page.as_str()), ("say", verb), ("code", code), ("reason", reason)];
    // As a browser sends it from a page that is named to nobody.
    let headers = [("origin", "null".to_owned()), ("sec-fetch-site", "same-origin".to_owned())];
    visitor.ask(Method::POST, &link.path, &headers, Some(&fields)).await
}

fn answered() -> Told {
    // A31
    Box::pin(async {
        let office = Office::open("100ms").await;
        let mut ada = Visitor::new(&office.world);
        let yes = sent(&office, &held(&office, 1, "echo", json!({ "a": 1 })).await, "ada").await;
        let again = say(&mut ada, &yes, ("approve", &yes.wrong, "")).await;
        assert_eq!((again.status, stage(&again)), (400, "open"), "{}", again.text);
        assert!(again.text.contains("4 tries are left"), "{}", again.text);
        let without = say(&mut ada, &yes, ("deny", &yes.code, "")).await;
        assert!(without.text.contains("say why"), "a no needs a reason: {}", without.text);
        assert_eq!(votes(&office).await, 0);

        let done = say(&mut ada, &yes, ("approve", &yes.code, "seen in the mail")).await;
        assert_eq!((done.status, stage(&done)), (200, "done"), "{}", done.text);
        let twice = ada.get(&yes.path).await;
        assert_eq!((twice.status, stage(&twice)), (410, "ended"), "it is used up");
        let book = office.world.book().await;
        let vote = book.iter().find(|entry| event(entry) == "voted").unwrap();
        assert_eq!((&vote["person"], &vote["account"]), (&json!("ada"), &json!("link:ada")), "{vote}");
        assert_eq!((&vote["word"], &vote["evidence"]), (&json!("yes"), &json!("account")), "{vote}");
        let told = office.call(2, "echo", json!({ "a": 1 })).await;
        assert_eq!(text(&told), r#"{"a":1}"#, "her word is counted when it runs: {told}");

        let no = sent(&office, &held(&office, 3, "echo", json!({ "a": 2 })).await, "ida").await;
        let done = say(&mut ada, &no, ("deny", &no.code, "use the copy")).await;
        assert!(done.text.contains("denied"), "{}", done.text);
        let told = office.call(4, "echo", json!({ "a": 2 })).await;
        assert!(text(&told).contains("use the copy"), "{told}");
        assert_eq!((votes(&office).await, office.world.ledger().len()), (2, 1));
    })
}

fn opened() -> Told {
    // NOT-01, NOT-03, REN-10
    Box::pin(async {
        let office = Office::open("100ms").await;
        let mut visitor = Visitor::new(&office.world);
        // NOT-10: a call that gives a secret away is too dangerous for a link, so that none shows it.
        let secret = json!({ "a": 1, "key": "ghp_16C7e42F292c6912E7710c838347Ae178B4a" });
        let secret = held(&office, 1, "echo", secret).await;
        assert!(made(&office, &secret, "ada").await.is_none());
        let no = json!({ "digest": office.one().await.1, "reason": "no" });
        assert_eq!(office.post("ada", &format!("/approvals/{secret}/deny"), no).await.0, 200);

        let hostile = json!({ "a": "<script>alert(1)</script>", "b": 17 });
        let call = held(&office, 2, "echo", hostile).await;
        let link = sent(&office, &call, "ada").await;
        let (before, votes_before) = (office.world.book().await.len(), votes(&office).await);
        for round in 0..3 {
            let page = visitor.get(&link.path).await;
            assert_eq!((page.status, stage(&page)), (200, "open"), "round {round}: {}", page.text);
            let head = visitor.ask(Method::HEAD, &link.path, &[], None).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
            for (name, value) in [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch")]
            {
                let fetched = visitor.ask(Method::GET, &link.path, &[(name, value.to_owned())], None).await;
                assert_eq!((fetched.status, stage(&fetched)), (200, "shown"), "{name}");
                assert!(!fetched.text.contains("<form") && !fetched.text.contains("<button"), "{}", fetched.text);
            }
        }
        let page = visitor.get(&link.path).await;
        let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("cache-control"), header("referrer-policy")),
            ("no-store".to_owned(), "no-referrer".to_owned())
        );
        assert!(header("x-robots-tag").starts_with("noindex") && header("x-frame-options") == "DENY");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert!(!page.headers.contains_key("set-cookie"), "nobody is signed in by a link");
        for outside in ["src=\"http", "href=\"http", "<nav", "sign-out", "hunter2", "<script>alert"] {
            assert!(!page.text.contains(outside), "{outside}: {}", page.text);
        }
        assert!(page.text.contains("What would be sent") && page.text.contains(">17<"), "{}", page.text);
        assert!(!page.text.contains(&link.code) || link.path.contains(&link.code), "the code is only in the message");
        // Whoever wants the whole call signs in: the link alone shows nothing of it.
        let away = visitor.get(&format!("/calls/{call}")).await;
        assert!(away.status == 303 && away.goes_to().starts_with("/sign-in"), "{}", away.status);
        assert_eq!(visitor.ask(Method::PUT, &link.path, &[], None).await.status, 405);
        assert_eq!(office.world.book().await.len(), before, "nothing was written down");
        assert_eq!(votes(&office).await, votes_before);
        let done = say(&mut visitor, &link, ("approve", &link.code, "")).await;
        assert_eq!(stage(&done), "done", "after all of that it still answers: {}", done.text);
    })
}

fn pressed() -> Told {
    // NOT-02
    Box::pin(async {
        let office = Office::open("100ms").await;
        let link = sent(&office, &held(&office, 1, "echo", json!({ "a": 1 })).await, "ada").await;
        let mut scanner = Visitor::new(&office.world);
        let page = scanner.get(&link.path).await.field("page");
        let no_code = [("page", page.as_str()), ("say", "approve")];
        let typed = [("page", page.as_str()), ("say", "approve"), ("code", "test")];
        let both =
            [("page", page.as_str()), ("say", "approve"), ("code", link.code.as_str()), ("code", link.wrong.as_str())];
        let no_page = [("say", "approve"), ("code", link.code.as_str())];
        let made_up = [("page", "1-00"), ("say", "approve"), ("code", link.code.as_str())];
        for fields in [&no_code[..], &typed, &both, &no_page, &made_up, &[]] {
            for _ in 0..3 {
                let seen = scanner.ask(Method::POST, &link.path, &[], Some(fields)).await;
                assert_eq!((seen.status, stage(&seen)), (400, "open"), "{fields:?}: {}", seen.text);
            }
        }
        // A page of elsewhere sends nothing, even with the code.
        let all = [("page", page.as_str()), ("say", "approve"), ("code", link.code.as_str())];
        for headers in [
            vec![("origin", "https://evil.example".to_owned())],
            vec![("origin", "null".to_owned()), ("sec-fetch-site", "cross-site".to_owned())],
            vec![("sec-fetch-site", "same-site".to_owned())],
        ] {
            let seen = scanner.ask(Method::POST, &link.path, &headers, Some(&all)).await;
            assert_eq!(seen.status, 403, "{headers:?}: {}", seen.text);
        }
        assert_eq!(votes(&office).await, 0);
        // Guessing ends the link.
        for left in (1..5).rev() {
            let seen = say(&mut scanner, &link, ("approve", &link.wrong, "")).await;
            assert!(seen.text.contains(&format!("{left} tries are left")), "{}", seen.text);
        }
        let last = say(&mut scanner, &link, ("approve", &link.wrong, "")).await;
        assert_eq!((last.status, stage(&last)), (410, "ended"), "{}", last.text);
        let seen = scanner.ask(Method::POST, &link.path, &[], Some(&all)).await;
        assert_eq!((seen.status, stage(&seen)), (410, "ended"), "the right code comes too late");
        assert_eq!(votes(&office).await, 0);
        let book = office.world.book().await;
        assert!(book.iter().any(|entry| entry["class"] == "rejected_answer"), "who guessed is on record");
        let nothing = scanner.get(&format!("/l/{}", "0".repeat(64))).await;
        assert_eq!((nothing.status, stage(&nothing)), (410, "ended"));

        // Of two who press at once, one answers.
        let link = sent(&office, office.one().await.0.trim_start_matches("/approvals/"), "ada").await;
        let (mut one, mut other) = (Visitor::new(&office.world), Visitor::new(&office.world));
        let both = tokio::join!(
            say(&mut one, &link, ("approve", &link.code, "")),
            say(&mut other, &link, ("approve", &link.code, ""))
        );
        let mut stages = [stage(&both.0), stage(&both.1)];
        stages.sort_unstable();
        assert_eq!(stages, ["done", "ended"]);
        assert_eq!(votes(&office).await, 1);
    })
}

fn void() -> Told {
    Box::pin(async {
        let office = Office::open("100ms").await;
        let call = held(&office, 1, "echo", json!({ "a": 1 })).await;
        let (link, path) = (sent(&office, &call, "ada").await, format!("/approvals/{call}"));
        let mut ada = Visitor::new(&office.world);
        let page = ada.get(&link.path).await.field("page");
        let (_, card) = office.get("max", &path).await;
        let edit = json!({ "digest": card["digest"], "set": { "/a": 2 }, "remove": [], "reason": "two" });
        assert_eq!(office.post("ida", &format!("{path}/edit"), edit).await.0, 200);
        office.call(2, "echo", json!({ "a": 1 })).await;
        let changed = ada.get(&link.path).await;
        assert_eq!((changed.status, stage(&changed)), (410, "ended"), "{}", changed.text);
        assert!(changed.text.contains("was changed since"), "{}", changed.text);
        let fields = [("page", page.as_str()), ("say", "approve"), ("code", link.code.as_str())];
        let seen = ada.ask(Method::POST, &link.path, &[], Some(&fields)).await;
        assert_eq!((seen.status, stage(&seen)), (410, "ended"), "{}", seen.text);
        assert_eq!(votes(&office).await, 0);

        let newer = sent(&office, &call, "ada").await;
        let (_, card) = office.get("ada", &path).await;
        let no = json!({ "digest": card["digest"], "reason": "no" });
        assert_eq!(office.post("max", &format!("{path}/deny"), no).await.0, 403, "max asked himself");
        let no = json!({ "digest": card["digest"], "reason": "not now" });
        assert_eq!(office.post("ada", &format!("{path}/deny"), no).await.0, 200);
        let over = ada.get(&newer.path).await;
        assert_eq!((over.status, stage(&over)), (410, "ended"), "{}", over.text);
        assert!(over.text.contains("waits for nobody"), "{}", over.text);
        assert_eq!(votes(&office).await, 1);
    })
}

fn refused() -> Told {
    // A22: a link is an account and no more.
    Box::pin(async {
        let office = Office::under(MORE, "100ms").await;
        let mut visitor = Visitor::new(&office.world);
        let call = held(&office, 1, "echo", json!({ "a": 1 })).await;
        let link = sent(&office, &call, "ada").await;
        let seen = say(&mut visitor, &link, ("approve", &link.code, "")).await;
        assert_eq!((seen.status, seen.code()), (403, "evidence_required"), "{}", seen.text);
        assert!(seen.text.contains("sign in and answer there"), "{}", seen.text);
        assert!(seen.text.contains(&format!("/calls/{call}")), "it leads to where she can: {}", seen.text);
        let (_, card) = office.get("ada", &format!("/approvals/{call}")).await;
        let no = json!({ "digest": card["digest"], "reason": "no" });
        assert_eq!(office.post("ada", &format!("/approvals/{call}/deny"), no).await.0, 200);

        let call = held(&office, 2, "die", json!({})).await;
        for (person, why) in [("max", "your own"), ("eve", "others")] {
            let link = sent(&office, &call, person).await;
            let seen = visitor.get(&link.path).await;
            assert_eq!((seen.status, stage(&seen)), (200, "shown"), "{person}: {}", seen.text);
            assert!(
                seen.text.contains("You cannot answer this") && !seen.text.contains("<form"),
                "{why}: {}",
                seen.text
            );
            let fields = [("say", "approve"), ("code", link.code.as_str())];
            let seen = visitor.ask(Method::POST, &link.path, &[], Some(&fields)).await;
            assert_eq!(stage(&seen), "shown", "{person}: {}", seen.text);
        }
        let gone = sent(&office, &call, "nobody").await;
        assert_eq!(stage(&visitor.get(&gone.path).await), "ended");
        // What cannot be seen at a glance is not agreed to in passing: REN-07.
        let no = office.get("ada", &format!("/approvals/{call}")).await.1["digest"].clone();
        let no = json!({ "digest": no, "reason": "no" });
        assert_eq!(office.post("ada", &format!("/approvals/{call}/deny"), no).await.0, 200);
        let long = held(&office, 3, "die", json!({ "text": "harmless ".repeat(2000) })).await;
        let link = sent(&office, &long, "ada").await;
        let seen = visitor.get(&link.path).await;
        assert!(
            seen.text.contains("Not all of this call can be seen") && !seen.text.contains("<form"),
            "{}",
            seen.text
        );
        assert!(office.world.ledger().is_empty());
        assert_eq!(votes(&office).await, 2);
    })
}
