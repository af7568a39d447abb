//! Can whoever has a person's files and keys, but neither their browser nor their passkey, say yes for them?

use reqwest::Method;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::world::{Told, event};

pub(crate) const STORIES: &[Story] = &[
    ("where_a_passkey_is_wanted_no_account_says_yes", passkey),
    ("where_a_browser_is_wanted_neither_a_key_nor_the_command_line_says_yes", session),
    ("a_yes_that_somebody_wrote_into_the_store_lets_nothing_run", forged),
];

const SIGNED: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {
	"id": "ask", "reason": "Somebody must sign.", "reviewers": ["role:reviewer"], "evidence": "passkey",
} if input.call.tool == "echo"
"#;

const SIGNED_IN: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {
	"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "evidence": "session",
} if input.call.tool == "echo"

limit contains {
	"id": "often", "reason": "Too many.", "key": ["die"], "max": 0, "per": "1m", "then": "hold",
	"reviewers": ["role:reviewer"], "evidence": "passkey",
} if input.call.tool == "die"
"#;

/// The user who owns the files is one of those who answer.
async fn office(policy: &'static str) -> Office {
    let office = Office::under(policy, "100ms").await;
    let name = countersign::identity::local::caller().principal;
    let config = std::fs::read_to_string(office.world.path("countersign.toml")).unwrap();
    let zoe = format!("{config}\n[people.zoe]\naccounts = [{name:?}]\nroles = [\"reviewer\"]\n");
    office.world.write("countersign.toml", &zoe);
    office
}

fn passkey() -> Told {
    // A21, A22, IDN-13
    Box::pin(async {
        let office = office(SIGNED).await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let id = path.trim_start_matches("/approvals/").to_owned();

        let (_, card) = office.get("ada", &path).await;
        assert_eq!((&card["you"]["needs"], &card["you"]["suffices"]), (&json!("passkey"), &json!("passkey")), "{card}");
        assert_eq!(card["agreement"]["all_of"][0]["evidence"], "passkey");
        assert!(card["lacking"][0].as_str().unwrap().ends_with("role:reviewer, with a passkey"), "{card}");
        let (_, shown) = office.world.run(&["approvals", "show", &id]).await;
        assert!(shown.contains("answer there with a passkey of yours"), "{shown}");

        let (code, said) = office.world.run(&["approvals", "approve", &id, "--reason", "it is me"]).await;
        assert_eq!(code, 5, "{said}");
        assert!(said.contains("with a passkey of yours"), "{said}");
        for (who, verb) in [("ada", "approve"), ("una", "break-glass"), ("uwe", "break-glass")] {
            let about = json!({ "digest": digest, "reason": "it is me" });
            let (status, told) = office.post(who, &format!("{path}/{verb}"), about).await;
            assert_eq!((status, &told["code"]), (403, &json!("evidence_required")), "{told}");
            assert_eq!(told["state"], "pending");
        }
        // What proves it is made at this gateway's pages, and not sent in by whoever likes to.
        for evidence in [json!("session"), json!({ "passkey": {} })] {
            let about = json!({ "digest": digest, "evidence": evidence });
            let (status, told) = office.post("ada", &format!("{path}/approve"), about).await;
            assert_eq!((status, &told["code"]), (400, &json!("malformed")), "{told}");
        }
        assert_eq!(class(&office.call(2, "echo", json!({})).await), "held", "it still waits");
        assert!(office.world.ledger().is_empty());
        assert!(!office.world.book().await.iter().any(|entry| event(entry) == "voted"), "none of it was counted");

        let (code, said) = office.world.run(&["approvals", "deny", &id, "--reason", "not mine"]).await;
        assert_eq!(code, 0, "{said}");
        let (_, card) = office.get("ada", &path).await;
        assert_eq!((&card["state"], &card["votes"][0]["evidence"]), (&json!("rejected"), &json!("account")), "{card}");
        let book = office.world.book().await;
        let no = book.iter().find(|entry| event(entry) == "voted").unwrap();
        assert_eq!((&no["word"], &no["evidence"], &no["assertion"]), (&json!("no"), &json!("account"), &Value::Null));
        assert!(office.world.ledger().is_empty());
    })
}

fn session() -> Told {
    // A21, A22
    Box::pin(async {
        let office = office(SIGNED_IN).await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let id = path.trim_start_matches("/approvals/").to_owned();
        let (code, said) = office.world.run(&["approvals", "approve", &id]).await;
        assert!(code != 0 && said.contains("sign in and answer there"), "{said}");
        let (status, told) = office.post("ada", &format!("{path}/approve"), json!({ "digest": digest })).await;
        assert_eq!((status, &told["code"]), (403, &json!("evidence_required")), "{told}");
        assert!(told["detail"].as_str().unwrap().contains("sign in and answer there"), "{told}");
        let no = json!({ "digest": digest, "reason": "no" });
        assert_eq!(office.post("ada", &format!("{path}/deny"), no).await.1["state"], "rejected");
        // A limit that has people asked may want more of them too.
        assert_eq!(class(&office.call(2, "die", json!({})).await), "held");
        let (path, _) = office.one().await;
        assert_eq!(office.get("ada", &path).await.1["you"]["needs"], "passkey");
        assert!(office.world.ledger().is_empty());
    })
}

fn forged() -> Told {
    // A22, IDN-13: at the claim everything is counted and every signature is checked again.
    Box::pin(async {
        let office = office(SIGNED).await;
        for evidence in [json!("account"), json!("session")] {
            assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
            let (path, digest) = office.one().await;
            let id = path.trim_start_matches("/approvals/");
            let store = rusqlite::Connection::open(office.world.path("book.db")).unwrap();
            store.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            let kept: String =
                store.query_row("SELECT body FROM approval WHERE id = ?1", [id], |row| row.get(0)).unwrap();
            let mut row: Value = serde_json::from_str(&kept).unwrap();
            let ada = json!({
                "person": "ada", "account": "key:ada", "accounts": ["key:ada"], "groups": [], "roles": ["reviewer"],
            });
            row["votes"] = json!([{
                "by": ada, "word": "yes", "part": "countersigns", "reason": null, "digest": digest, "at": row["opened"],
                "evidence": evidence,
            }]);
            row["state"] = json!({ "approved": { "until": row["deadline"] } });
            let set = "UPDATE approval SET body = ?2, state = 'approved', version = version + 1 WHERE id = ?1";
            store.execute(set, [id, &row.to_string()]).unwrap();
            let cast = "INSERT INTO vote (approval, person, at, digest, body) VALUES (?1, 'ada', 0, ?3, ?2)";
            store.execute(cast, [id, &row["votes"][0].to_string(), digest.as_str().unwrap()]).unwrap();
            let (_, card) = office.get("ada", &path).await;
            assert_eq!(card["state"], "approved", "it is as if somebody had agreed: {card}");
            let told = office.call(2, "echo", json!({})).await;
            assert_eq!(class(&told), "not_approved", "{told}");
            assert!(office.world.ledger().is_empty());
            let (_, card) = office.get("ada", &path).await;
            assert_eq!(card["state"], "approved", "it was never claimed: {card}");
            let request = office.world.request(Method::POST, &format!("/api/v1{path}/withdraw"));
            let given_up =
                request.bearer_auth(&office.keys["max"]).header("content-type", "application/json").body("{}");
            office.heard(given_up).await;
        }
    })
}
