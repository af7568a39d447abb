//! Who sees which page, what stands on it, and what no form of elsewhere does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::granted::GRANTING;
use crate::provider::Provider;
use crate::visitor::{Seen, Visitor};
use crate::world::{Plan, Told, World, text};

pub(crate) const STORIES: &[Story] = &[
    ("each_page_is_for_those_it_is_for", for_whom),
    ("a_person_sees_only_the_calls_and_pages_that_are_theirs", theirs),
    ("a_form_of_elsewhere_decides_nothing", forged),
    ("a_grant_is_taken_back_by_its_form_and_once", taken_back),
    ("every_call_of_the_past_is_found_and_has_its_page", found),
    ("a_tool_that_changed_is_shown_beside_what_was_agreed_to", changed),
];

/// Pages with addresses of their own.
const PAGES: [&str; 9] = [
    "/inbox",
    "/inbox?show=decided",
    "/history",
    "/grants",
    "/grants?show=all",
    "/leases",
    "/servers",
    "/rules",
    "/numbers",
];

pub(crate) async fn open(more: &str) -> (World, Visitor) {
    let more = format!("[review]\nowner = true\n{more}");
    let mut world = World::new(&Plan { policy: GRANTING, more: Box::leak(more.into_boxed_str()), ..Plan::default() });
    world.serve_so(&["--invite", "--set", "limits.approval_wait=100ms"]).await;
    let owner = Visitor::owner(&mut world).await;
    (world, owner)
}

fn signing_in_with(provider: &Provider) -> String {
    format!(
        "[review.roles]\nauthor = [\"writers\"]\nauditor = [\"books\"]\n[review.providers.acme]\nissuer = {:?}\n\
         client_id = \"countersign\"\nallow_private = true\n",
        provider.url
    )
}

/// A call that waits: its id.
pub(crate) async fn held(world: &World, tool: &str, arguments: Value) -> String {
    let session = world.session(json!({})).await;
    let told = session.call(1, tool, arguments).await;
    assert_eq!(class(&told), "held", "{told}");
    crate::waiting::id(&crate::waiting::waiting(world, 1).await[0]).to_owned()
}

async fn events(world: &World, event: &str) -> usize {
    world.events().await.iter().filter(|found| *found == event).count()
}

/// What every page keeps to (IDN-09, REN-10).
fn is_guarded(path: &str, seen: &Seen) {
    let header = |name: &str| seen.headers[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("cache-control"), header("x-frame-options")),
        ("no-store".to_owned(), "DENY".to_owned()),
        "{path}"
    );
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    let policy = header("content-security-policy");
    for wanted in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'nonce-", "base-uri 'none'"] {
        assert!(policy.contains(wanted), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{path}: {policy}");
    let html = &seen.text;
    assert!(!html.contains(" style=\"") && !html.contains(" onclick=") && !html.contains("javascript:"), "{path}");
    assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/assets/").count(), "{path}");
    assert!(html.contains("<h1"), "{path} has a heading");
}

fn for_whom() -> Told {
    Box::pin(async {
        let (world, mut owner) = open("").await;
        let call = held(&world, "echo", json!({ "limit": 1 })).await;
        let card = format!("/calls/{call}");
        let mut nobody = Visitor::new(&world);
        for path in PAGES.into_iter().chain([card.as_str()]) {
            let seen = owner.get(path).await;
            assert_eq!((seen.status, seen.code()), (200, ""), "{path}: {}", seen.text);
            is_guarded(path, &seen);
            let away = nobody.get(path).await;
            assert_eq!(away.status, 303, "{path}");
            assert!(away.goes_to().starts_with("/sign-in?then=%2F"), "{}", away.goes_to());
            assert!(away.text.is_empty(), "{path}");
        }
        for path in ["/sign-in", "/history?state=nonsense", "/calls/0193-nothing", "/history?id=01"] {
            is_guarded(path, &owner.get(path).await);
        }
        assert_eq!(owner.get("/history?stray=1").await.status, 400);
        assert_eq!(owner.get("/history?what=a&what=b").await.code(), "malformed");
        // A browser that shows a cookie of its own making is nobody.
        let made_up = [("cookie", format!("countersign={}", "a".repeat(64)))];
        assert_eq!(nobody.ask(Method::GET, "/history", &made_up, None).await.status, 303);
        assert_eq!(nobody.post("/grants/0193/revoke", &[("form", "x")]).await.code(), "signed_out");
    })
}

fn theirs() -> Told {
    // IDN-10: a person without a part in it learns nothing.
    Box::pin(async {
        let provider = Provider::start(0).await;
        let (world, _) = open(&signing_in_with(&provider)).await;
        let session = world.session(json!({})).await;
        assert!(!text(&session.call(1, "drop_table", json!({ "a": 1 })).await).is_empty());
        let waits = held(&world, "echo", json!({ "limit": 1 })).await;
        let book = world.book().await;
        let ran =
            book.iter().find(|entry| entry["target"] == "drop_table").unwrap()["call"].as_str().unwrap().to_owned();
        let person = |sub: &str, groups: &[&str]| {
            let email = format!("{sub}@example.com");
            json!({ "sub": sub, "email": email, "email_verified": true, "name": sub, "groups": groups })
        };
        let (card, chain) = (format!("/calls/{waits}"), format!("/calls/{ran}"));
        for (name, groups, tabs, open) in [
            ("eve", &[][..], "Inbox Grants", ""),
            ("wim", &["writers"], "Inbox Grants Servers Channels Rules Numbers", "/servers /channels /rules /numbers"),
            (
                "ben",
                &["books"],
                "Inbox History Grants Credentials Servers Channels Rules Numbers",
                "/history /leases /servers /channels /rules /numbers card chain",
            ),
        ] {
            let mut visitor = Visitor::by_provider(&world, &provider, person(name, groups)).await;
            let inbox = visitor.get("/inbox").await;
            let nav = inbox.text.split_once("aria-label=\"Pages\">").unwrap().1.split("</nav>").next().unwrap();
            let shown: Vec<_> =
                nav.split("</a>").filter_map(|link| link.rsplit_once('>')).map(|(_, name)| name).collect();
            assert_eq!(shown.join(" "), tabs, "{name}");
            for path in ["/history", "/leases", "/servers", "/channels", "/rules", "/numbers"] {
                let seen = visitor.get(path).await;
                let wanted = if open.contains(path) { (200, "") } else { (403, "role_required") };
                assert_eq!((seen.status, seen.code()), wanted, "{name} at {path}");
                is_guarded(path, &seen);
                assert!(wanted.0 == 200 || seen.text.contains("auditor"), "it says which role: {}", seen.text);
            }
            for (what, path) in [("card", &card), ("chain", &chain)] {
                let seen = visitor.get(path).await;
                let wanted = if open.contains(what) { (200, "") } else { (404, "unknown") };
                assert_eq!((seen.status, seen.code()), wanted, "{name} at the {what}");
            }
            assert_eq!(visitor.get("/calls/0193-nothing").await.code(), "unknown");
            assert_eq!(visitor.get("/grants").await.status, 200);
        }
    })
}

fn forged() -> Told {
    // IDN-08
    Box::pin(async {
        let provider = Provider::start(0).await;
        let (world, mut owner) = open(&signing_in_with(&provider)).await;
        let mut other = Visitor::by_provider(&world, &provider, json!({ "sub": "eve" })).await;
        let call = held(&world, "echo", json!({ "limit": 1 })).await;
        let (card, yes) = (format!("/calls/{call}"), format!("/calls/{call}/approve"));
        let page = owner.get(&card).await;
        let (token, digest) = (page.field("form"), page.field("digest"));
        let good = [("form", token.as_str()), ("digest", digest.as_str()), ("read", "yes")];
        let own = format!("http://{}", world.address);
        let origin = |origin: &str| vec![("origin", origin.to_owned())];
        let foreign = other.get("/inbox").await.field("form");
        assert_ne!(foreign, token);
        for (headers, fields) in [
            (origin(&own), vec![("digest", digest.as_str()), ("read", "yes")]),
            (origin(&own), vec![("form", ""), good[1], good[2]]),
            (origin(&own), vec![("form", foreign.as_str()), good[1], good[2]]),
            (origin(&own), vec![good[0], good[0], good[1], good[2]]),
            (origin("https://evil.example"), good.to_vec()),
            (origin("null"), good.to_vec()),
            (vec![], good.to_vec()),
            (vec![("sec-fetch-site", "cross-site".to_owned())], good.to_vec()),
            ([origin(&own), vec![("sec-fetch-site", "same-site".to_owned())]].concat(), good.to_vec()),
        ] {
            let seen = owner.ask(Method::POST, &yes, &headers, Some(&fields)).await;
            assert_eq!(seen.status, 403, "{headers:?} {fields:?}: {}", seen.text);
            assert!(["forged", ""].contains(&seen.code()), "{}", seen.code());
        }
        // No address decides by being opened.
        for path in [yes.clone(), format!("{yes}?form={token}&digest={digest}"), format!("/calls/{call}/deny")] {
            assert_eq!(owner.get(&path).await.status, 405, "{path}");
            assert_eq!(owner.ask(Method::HEAD, &path, &[], None).await.status, 405, "{path}");
        }
        assert_eq!((events(&world, "voted").await, world.ledger().len()), (0, 0));
        assert!(world.book().await.iter().any(|entry| entry["class"] == "rejected_origin"), "who tried is on record");
        let done = owner.post(&yes, &good).await;
        assert_eq!(done.goes_to(), card);
        assert_eq!(events(&world, "voted").await, 1);
    })
}

fn taken_back() -> Told {
    // IDN-08, B12
    Box::pin(async {
        let (world, mut owner) = open("").await;
        let call = held(&world, "echo", json!({ "limit": 1, "note": "<b>bold</b>" })).await;
        let page = owner.get(&format!("/calls/{call}")).await;
        let (token, digest) = (page.field("form"), page.field("digest"));
        assert!(!page.text.contains("open</a>"), "no grant is open yet");
        let fields = [
            ("form", token.as_str()),
            ("digest", &digest),
            ("read", "yes"),
            ("grant", "yes"),
            ("uses", "3"),
            ("lasts", "15m"),
            ("free", "/limit"),
        ];
        owner.post(&format!("/calls/{call}/approve"), &fields).await.goes_to();
        let session = world.session(json!({})).await;
        let again = session.call(2, "echo", json!({ "limit": 2, "note": "<b>bold</b>" })).await;
        assert!(text(&again).contains("\"limit\":2"), "{again}");
        let grants = owner.get("/grants").await;
        assert!(grants.text.contains("1 grant open</a>") && grants.text.contains("data-until"), "{}", grants.text);
        assert!(grants.text.contains("may differ") && grants.text.contains("pinned"), "{}", grants.text);
        assert!(!grants.text.contains("<b>bold"), "{}", grants.text);
        assert!(owner.get("/rules").await.text.contains("1 grant open</a>"), "the header says so everywhere");

        let revoke = format!("/grants/{call}/revoke");
        let reason = ("reason", "enough of it");
        assert_eq!(owner.post(&revoke, &[reason]).await.code(), "forged");
        let evil = [("origin", "https://evil.example".to_owned())];
        assert_eq!(owner.ask(Method::POST, &revoke, &evil, Some(&[fields[0], reason])).await.status, 403);
        assert_eq!(owner.get(&revoke).await.status, 405);
        assert_eq!(owner.post("/grants/0193-nothing/revoke", &[fields[0], reason]).await.code(), "unknown");
        assert_eq!(events(&world, "grant_ended").await, 0);

        assert_eq!(owner.post(&revoke, &[fields[0], reason]).await.goes_to(), "/grants?show=all");
        let ended = world.book().await.into_iter().find(|entry| entry["event"] == "grant_ended").unwrap();
        assert_eq!((&ended["state"], &ended["why"]), (&json!("revoked"), &json!("enough of it")));
        let twice = owner.post(&revoke, &[fields[0], reason]).await;
        assert_eq!((twice.status, twice.code()), (409, "not_open"), "{}", twice.text);
        let all = owner.get("/grants?show=all").await;
        assert!(all.text.contains("taken back") && !all.text.contains("open</a>"), "{}", all.text);
        assert_eq!(class(&session.call(3, "echo", json!({ "limit": 2, "note": "<b>bold</b>" })).await), "held");
    })
}

fn found() -> Told {
    Box::pin(async {
        let (world, mut owner) = open("").await;
        let session = world.session(json!({})).await;
        for number in 1..60 {
            session.call(number, "drop_table", json!({ "n": number, "text": "<img src=x>" })).await;
        }
        let waits = held(&world, "echo", json!({ "limit": 1 })).await;
        let newest = owner.get("/history").await;
        let row = format!("data-call=\"{waits}\" data-state=\"waits\"");
        assert!(newest.text.contains(&row) && !newest.text.contains("<img src=x"), "{}", newest.text);
        assert_eq!(newest.text.matches("data-state=\"ran\"").count(), 49);
        let older = newest.text.split_once("href=\"/history?before=").unwrap().1.split('"').next().unwrap().to_owned();
        let rest = owner.get(&format!("/history?before={older}")).await;
        assert_eq!((rest.text.matches("<tr data-call=").count(), rest.text.contains("before=")), (10, false));
        for (query, count) in [
            ("what=echo", 1),
            ("what=STORY&state=ran", 50),
            ("state=waits", 1),
            ("state=denied", 0),
            ("who=nobody-such", 0),
            ("until=2020-01-01T00%3A00", 0),
            ("from=2020-01-01T00%3A00&state=waits", 1),
            (&format!("id={waits}"), 1),
            (&format!("id={waits}&state=ran"), 0),
        ] {
            let seen = owner.get(&format!("/history?{query}")).await;
            assert_eq!(seen.text.matches("<tr data-call=").count(), count, "{query}");
        }
        let ran = rest.text.split_once("<tr data-call=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let chain = owner.get(&format!("/calls/{ran}")).await;
        assert!(chain.text.contains("data-event=\"finished\"") && !chain.text.contains("<img src=x"), "{}", chain.text);
        assert_eq!(
            owner.get(&format!("/calls/{}", ran.get(..20).unwrap())).await.code(),
            "unknown",
            "a beginning names no call"
        );

        let card = owner.get(&format!("/calls/{waits}")).await;
        let (token, digest) = (card.field("form"), card.field("digest"));
        let no = [("form", token.as_str()), ("digest", &digest), ("reason", "not this")];
        owner.post(&format!("/calls/{waits}/deny"), &no).await.goes_to();
        assert!(owner.get("/history?state=denied").await.text.contains(&waits));
        let rules = owner.get("/rules").await.text;
        assert!(rules.contains("data-finding=\"held/ask\"") && rules.contains("policy replay"), "{rules}");
        let numbers = owner.get("/numbers").await.text;
        assert!(numbers.contains("<dd id=\"holds\">1</dd>") && numbers.contains("data-rule=\"held/ask\""), "{numbers}");
    })
}

fn changed() -> Told {
    // TOO-01
    Box::pin(async {
        let (world, mut owner) = open("").await;
        let definition = |words: &str| {
            json!([{ "name": "report", "description": words, "inputSchema": { "type": "object" } }]).to_string()
        };
        world.write("tools.json", &definition("reports orders"));
        drop(world.session(json!({})).await.ask(1, "tools/list", json!({})).await);
        let before = owner.get("/servers").await.text;
        assert!(
            before.contains("data-standing=\"agreed\"") && !before.contains("data-standing=\"changed\""),
            "{before}"
        );
        world.write("tools.json", &definition("reports orders <b>to everybody"));
        drop(world.session(json!({})).await.ask(2, "tools/list", json!({})).await);
        let after = owner.get("/servers").await.text;
        assert_eq!(after.matches("data-standing=\"changed\"").count(), 1, "{after}");
        assert!(after.contains("<ins>") && after.contains("everybody") && !after.contains("<b>to"), "{after}");
        let (_, command) = after.split_once("countersign pins agree story report --digest ").unwrap();
        let digest = command.get(..71).unwrap();
        assert_eq!(world.run(&["pins", "agree", "story", "report", "--digest", digest]).await.0, 0);
        let agreed = owner.get("/servers").await.text;
        assert!(!agreed.contains("data-standing=\"changed\""), "{agreed}");
    })
}
