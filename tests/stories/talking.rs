//! What else can people do with a call that waits than say yes or no?

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::world::{Told, answer, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_reviewer_changes_the_arguments_and_somebody_else_agrees_to_them", edited),
    ("an_edit_that_the_tool_or_the_rules_do_not_take_changes_nothing", unfit),
    ("a_call_that_was_edited_is_found_again_by_the_call_as_it_was_made", found_again),
    ("a_question_reaches_the_agent_and_its_answer_those_who_decide", asked),
    ("a_client_that_can_be_asked_is_asked_what_people_want_to_know", elicited),
    ("who_would_be_asked_later_is_asked_at_once", escalated),
    ("two_break_the_glass_and_it_is_marked", glass),
];

/// Rows above ten wait for a reviewer, above a thousand for a boss too, and nothing goes to eve.
const ROWS: &str = r#"package countersign.rows

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "many", "reason": "Many rows.", "reviewers": ["role:reviewer"], "escalate": {"after": "10m", "to": ["role:auditor"]}} if {
	input.call.tool == "strict"
	input.call.arguments.n > 10
}

hold contains {"id": "masses", "reason": "Masses of rows.", "reviewers": ["role:boss"]} if {
	input.call.tool == "strict"
	input.call.arguments.n > 1000
}

deny contains {"id": "eve", "reason": "Nothing goes to eve."} if input.call.arguments.name == "eve"
"#;

async fn office(wait: &str) -> Office {
    Office::under(ROWS, wait).await
}

fn rows(count: u64) -> Value {
    json!({ "name": "x", "n": count })
}

async fn look(office: &Office, path: &str) -> Value {
    office.get("ada", path).await.1
}

/// Asks for other arguments, and says what became of it.
async fn edit(office: &Office, path: &str, mut wish: Value) -> Value {
    wish["digest"] = look(office, path).await["digest"].clone();
    let (status, card) = office.post("ada", &format!("{path}/edit"), wish).await;
    assert_eq!(status, 200, "{card}");
    let wanted = card["edits"].as_array().unwrap().len();
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    loop {
        looks.tick().await;
        let card = look(office, path).await;
        let last = card["edits"][wanted - 1].clone();
        if last["outcome"] != "proposed" {
            return card;
        }
    }
}

async fn approve(office: &Office, who: &str, path: &str) -> (u16, Value) {
    let digest = look(office, path).await["digest"].clone();
    office.post(who, &format!("{path}/approve"), json!({ "digest": digest })).await
}

fn edited() -> Told {
    // A32, B03
    Box::pin(async {
        let office = office("30s").await;
        let deciding = async {
            let (path, before) = office.one().await;
            let wish = json!({ "set": { "/n": 5 }, "reason": "five will do" });
            let card = edit(&office, &path, wish).await;
            assert_eq!(card["edits"][0]["outcome"], "made", "{card}");
            assert_eq!((&card["edits"][0]["from"], &card["shown"]["params"]["arguments"]["n"]), (&before, &json!(5)));
            assert_ne!(card["digest"], before, "it is another call now");
            let (status, own) = approve(&office, "ada", &path).await;
            assert_eq!(
                (status, &own["code"]),
                (403, &json!("own_call")),
                "who changed it does not countersign it: {own}"
            );
            let stale = office.post("ida", &format!("{path}/approve"), json!({ "digest": before })).await;
            assert_eq!((stale.0, &stale.1["code"]), (409, &json!("stale")), "{stale:?}");
            assert_eq!(approve(&office, "ida", &path).await.0, 200);
            path
        };
        let (told, path) = tokio::join!(office.call(1, "strict", rows(50)), deciding);
        let words = told["result"]["content"].to_string();
        assert!(words.contains("/n is 5") && words.contains("five will do"), "the agent is told: {told}");
        assert_eq!(told["result"]["_meta"]["dev.countersign/edited"], json!({ "/n": "5" }));
        let sent = office.world.ledger();
        assert_eq!((sent.len(), &sent[0]["params"]["arguments"]["n"]), (1, &json!(5)), "{sent:?}");
        let book = office.world.book().await;
        let edits: Vec<&Value> = book.iter().filter(|entry| event(entry) == "edited").collect();
        assert_eq!(edits.len(), 2);
        let made = edits[1];
        assert_eq!((&made["outcome"], &made["person"]), (&json!("made"), &json!("ada")), "{made}");
        assert!(made["from"] != made["digest"] && made["digest"] == look(&office, &path).await["digest"], "{made}");
    })
}

fn unfit() -> Told {
    Box::pin(async {
        let office = office("30s").await;
        let deciding = async {
            let (path, before) = office.one().await;
            for (set, why) in [
                (json!({ "/n": "five" }), "do not fit the tool"),
                (json!({ "/gone/deep": 1 }), "nothing at `/gone/deep`"),
                (json!({ "/n": 5000 }), "ask other people"),
                (json!({ "/name": "eve" }), "Nothing goes to eve"),
            ] {
                let card = edit(&office, &path, json!({ "set": set, "reason": "try" })).await;
                let last = card["edits"].as_array().unwrap().last().unwrap().clone();
                assert_eq!(last["outcome"], "refused", "{card}");
                assert!(last["why_not"].as_str().unwrap().contains(why), "{last}");
                assert_eq!(card["digest"], before, "nothing changed");
            }
            let nowhere = json!({ "digest": before, "set": { "n": 5 }, "reason": "x" });
            let nowhere = office.post("ada", &format!("{path}/edit"), nowhere).await;
            assert_eq!((nowhere.0, &nowhere.1["key"]), (400, &json!("set")), "it is said at once: {nowhere:?}");
            let empty = office.post("ada", &format!("{path}/edit"), json!({ "digest": before, "reason": "x" })).await;
            assert_eq!((empty.0, &empty.1["code"]), (400, &json!("words_required")), "{empty:?}");
            assert_eq!(approve(&office, "ada", &path).await.0, 200, "a refused wish makes nobody an editor");
        };
        let (told, ()) = tokio::join!(office.call(1, "strict", rows(50)), deciding);
        assert_eq!(office.world.ledger()[0]["params"]["arguments"]["n"], 50, "{told}");
    })
}

fn found_again() -> Told {
    Box::pin(async {
        let office = office("300ms").await;
        assert_eq!(class(&office.call(1, "strict", rows(50)).await), "held");
        let (path, before) = office.one().await;
        let wish = json!({ "digest": before, "set": { "/n": 20 }, "reason": "fewer" });
        assert_eq!(office.post("ada", &format!("{path}/edit"), wish).await.0, 200);
        let waits = look(&office, &path).await;
        assert_eq!(waits["edits"][0]["outcome"], "proposed", "nobody has the call right now");
        assert_eq!(class(&office.call(2, "strict", rows(50)).await), "held");
        let card = look(&office, &path).await;
        assert_eq!((&card["edits"][0]["outcome"], &card["state"]), (&json!("made"), &json!("pending")), "{card}");
        assert_eq!(approve(&office, "ida", &path).await.0, 200);
        let told = office.call(3, "strict", rows(50)).await;
        assert!(told["result"]["isError"] != json!(true), "{told}");
        assert_eq!(office.world.ledger()[0]["params"]["arguments"]["n"], 20);
        assert_eq!(office.world.ledger().len(), 1);
    })
}

fn asked() -> Told {
    // A34
    Box::pin(async {
        let office = office("300ms").await;
        // A client that cannot be asked anything.
        let call = async |number, tool: &str, arguments: Value| {
            let params = json!({ "name": tool, "arguments": arguments });
            let post = office.world.modern_post_as(&json!({}), number, "tools/call", params);
            answer(&post.bearer_auth(&office.keys["bot"]).send().await.unwrap().text().await.unwrap())
        };
        assert_eq!(class(&call(1, "strict", rows(50)).await), "held");
        let (path, _) = office.one().await;
        let ask = async |who: &str| {
            office.post(who, &format!("{path}/ask"), json!({ "question": "which ticket is it for?" })).await
        };
        assert_eq!(ask("eve").await.0, 404, "who has no part in it sees nothing");
        assert_eq!(ask("ada").await.0, 200);
        let pending = call(2, "strict", rows(50)).await;
        assert!(text(&pending).contains("which ticket is it for?"), "the agent reads it: {pending}");
        let reference = pending["result"]["_meta"]["dev.countersign/refusal"]["waits"]["reference"].clone();
        let said = json!({ "reference": reference, "answer": "OPS-311" });
        assert_eq!(class(&call(3, "countersign_wait", said).await), "held");
        let card = look(&office, &path).await;
        assert_eq!(
            (&card["questions"][0]["asserted"], &card["state"]),
            (&json!("OPS-311"), &json!("pending")),
            "{card}"
        );
        let told: Vec<Value> =
            office.world.book().await.into_iter().filter(|entry| event(entry) == "explained").collect();
        assert_eq!((told.len(), &told[0]["provenance"]), (1, &json!("asserted")));
    })
}

fn elicited() -> Told {
    // A34
    Box::pin(async {
        let office = office("30s").await;
        let bot = office.keys["bot"].clone();
        let params = json!({ "name": "strict", "arguments": rows(50) });
        let round = async |number, params: Value| {
            let post = office.world.modern_post(number, "tools/call", params).bearer_auth(&bot);
            answer(&post.send().await.unwrap().text().await.unwrap())
        };
        let asking = async {
            let (path, _) = office.one().await;
            let (status, card) =
                office.post("ada", &format!("{path}/ask"), json!({ "question": "why so many?" })).await;
            assert_eq!(status, 200, "{card}");
            path
        };
        let (asked, path) = tokio::join!(round(1, params.clone()), asking);
        let question = &asked["result"]["inputRequests"]["q"];
        assert_eq!(question["method"], "elicitation/create", "{asked}");
        assert!(question["params"]["message"].as_str().unwrap().contains("why so many?"), "{asked}");
        let mut again = params;
        again["requestState"] = asked["result"]["requestState"].clone();
        again["inputResponses"] = json!({ "q": { "action": "accept", "content": { "answer": "a report" } } });
        let answering = async {
            let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
            while look(&office, &path).await["questions"][0]["asserted"] != "a report" {
                looks.tick().await;
            }
            assert_eq!(approve(&office, "ida", &path).await.0, 200);
        };
        let (told, ()) = tokio::join!(round(2, again), answering);
        assert!(told["result"]["isError"] != json!(true), "the call went on waiting and ran: {told}");
        assert_eq!(office.world.ledger().len(), 1);
    })
}

fn escalated() -> Told {
    // A33
    Box::pin(async {
        let office = office("100ms").await;
        assert_eq!(class(&office.call(1, "strict", rows(50)).await), "held");
        let (path, _) = office.one().await;
        let (status, early) = approve(&office, "ben", &path).await;
        assert_eq!((status, &early["code"]), (403, &json!("not_eligible")), "{early}");
        let (status, card) = office.post("ada", &format!("{path}/escalate"), json!({})).await;
        assert!(status == 200 && card["escalated"].is_string(), "{card}");
        let (status, again) = office.post("ada", &format!("{path}/escalate"), json!({})).await;
        assert_eq!((status, &again["code"]), (409, &json!("nobody_later")), "{again}");
        let (status, card) = approve(&office, "ben", &path).await;
        assert_eq!((status, &card["state"]), (200, &json!("approved")), "{card}");
        assert!(office.world.events().await.contains(&"escalated".to_owned()));
    })
}

fn glass() -> Told {
    // A23
    Box::pin(async {
        let office = office("100ms").await;
        assert_eq!(class(&office.call(1, "strict", rows(50)).await), "held");
        let (path, digest) = office.one().await;
        let need = json!({ "digest": digest, "reason": "outage 311" });
        let break_it = async |who: &str| office.post(who, &format!("{path}/break-glass"), need.clone()).await;
        let (status, not_she) = break_it("ida").await;
        assert_eq!((status, &not_she["code"]), (403, &json!("no_break_glass")), "{not_she}");
        let silent = office.post("una", &format!("{path}/break-glass"), json!({ "digest": digest })).await;
        assert_eq!(silent.0, 400, "{silent:?}");
        let (_, one) = break_it("una").await;
        assert_eq!(
            (&one["state"], &one["glass_broken"]),
            (&json!("pending"), &json!(false)),
            "alone nobody does: {one}"
        );
        let (_, two) = break_it("uwe").await;
        assert_eq!((&two["state"], &two["glass_broken"]), (&json!("approved"), &json!(true)), "{two}");
        let told = office.call(2, "strict", rows(50)).await;
        assert!(told["result"]["isError"] != json!(true), "{told}");
        let claimed: Vec<Value> =
            office.world.book().await.into_iter().filter(|entry| event(entry) == "claimed").collect();
        assert_eq!((claimed.len(), &claimed[0]["break_glass"]), (1, &json!(true)), "the book says so");
    })
}
