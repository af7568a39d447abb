//! What does an auditor get, and is it what happened?

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::waiting::{id, people, waiting};
use crate::world::{Plan, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("an_export_is_every_entry_with_a_proof_and_is_itself_in_the_record", exported),
    ("every_form_has_one_record_for_every_entry", formed),
    ("a_timeline_tells_who_asked_who_agreed_and_what_ran", told),
    ("a_report_counts_what_happened_and_names_what_no_person_agreed_to", reported),
    ("what_cannot_be_written_down_is_not_given_out_unless_somebody_says_so", unrecorded),
];

/// Everything is allowed but what is held or denied.
pub(crate) const RULES: &str = r#"package countersign.audited

allow contains {"id": "all", "reason": "A story."}

deny contains {"id": "drop", "reason": "Tables are never dropped."} if input.call.tool == "drop_table"

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if {
	input.call.tool == "echo"
	input.call.arguments.ask
}
"#;

const NASTY: &str = "line\n{\"seq\":1,\"event\":\"forged\"}\r\n\"quoted\",=1+1|\\\u{1b}[2J\u{202e}";

/// A gateway on which everything happened. Gives the held call's id.
async fn audited(more: &str) -> (World, String) {
    let more: &'static str = Box::leak(format!("{}{more}", people()).into_boxed_str());
    let mut world = World::new(&Plan { policy: RULES, more, ..Plan::default() });
    world.serve_so(&["--set", "limits.approval_wait=30s"]).await;
    let call = everything(&world).await;
    (world, call)
}

/// A call each that is allowed, denied, dangerous, failing, and held and agreed to. Gives the last one's id.
pub(crate) async fn everything(world: &World) -> String {
    let session = world.session(json!({})).await;
    text(&session.call(1, "echo", json!({ "words": NASTY })).await);
    assert_eq!(class(&session.call(2, "drop_table", json!({})).await), "denied");
    text(&session.call(3, "echo", json!({ "command": "rm -rf / --no-preserve-root" })).await);
    session.call(4, "fail", json!({})).await;
    let asking = session.call(5, "echo", json!({ "ask": true, "words": "the-secret-argument" }));
    let answering = async {
        let waits = waiting(world, 1).await;
        let (code, said) = world.run(&["approvals", "approve", id(&waits[0]), "--reason", "I have looked."]).await;
        assert_eq!(code, 0, "{said}");
        id(&waits[0]).to_owned()
    };
    let (answer, call) = tokio::join!(asking, answering);
    text(&answer);
    call
}

/// The entries of an export, without their places in the log.
fn lines(path: &Path) -> Vec<Value> {
    let mut found = placed(path);
    for entry in &mut found {
        drop(entry.as_object_mut().unwrap().remove("leaf"));
    }
    found
}

fn placed(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn exported() -> Told {
    // A46, A51, AUD-18
    Box::pin(async {
        let (world, _) = audited("").await;
        let book = world.book().await;
        let (code, said) = world.run(&["audit", "export", "--out", "all.jsonl"]).await;
        assert!(code == 0 && said.contains(&format!("{} entries of 5 calls in all.jsonl", book.len())), "{said}");
        let places = placed(&world.path("all.jsonl"));
        assert!(
            places.iter().enumerate().all(|(place, entry)| entry["leaf"]["index"] == place),
            "no place is left out"
        );
        let all = lines(&world.path("all.jsonl"));
        assert_eq!(all, book, "the export is the record");
        let proof = read(&world.path("all.jsonl.proof.json"));
        let population = &proof["population"];
        assert_eq!((&population["entries"], &population["calls"]), (&json!(book.len()), &json!(5)));
        assert_eq!(
            (&population["first_seq"], &population["last_seq"]),
            (&book[0]["seq"], &book[book.len() - 1]["seq"])
        );
        let mut kinds = BTreeMap::<&str, u64>::new();
        for entry in &book {
            *kinds.entry(event(entry)).or_default() += 1;
        }
        assert_eq!(population["by_event"], json!(kinds));
        let bytes = std::fs::read(world.path("all.jsonl")).unwrap();
        let digest = countersign::digest::hex(&countersign::digest::sha256(&bytes));
        assert_eq!((&proof["sha256"], &proof["bytes"]), (&json!(digest), &json!(bytes.len())));
        let (before, after) = (&proof["standing"]["before"], &proof["standing"]["after"]);
        assert_eq!(
            (&before["size"], &after["size"]),
            (&json!(0), &json!(book.len())),
            "it is tied to the log at both ends"
        );
        assert!(after["checkpoint"].as_str().unwrap().contains("countersign.local/"), "{after}");
        assert_eq!((&proof["recorded"], &proof["settled"]), (&json!(true), &json!(true)));
        // It says in the record that it was taken, by whom and what.
        let last = world.book().await.pop().unwrap();
        assert_eq!((event(&last), last["what"].as_str()), ("operated", Some("exported")));
        let detail = last["detail"].as_str().unwrap();
        let by = countersign::identity::local::caller().principal;
        assert!(detail.starts_with(&by) && detail.contains("all.jsonl") && detail.contains(&digest), "{detail}");
        // A part of it: what is asked for, and no more.
        let some = ["audit", "export", "--event", "voted", "--event", "decided", "--out", "some.jsonl"];
        assert_eq!(world.run(&some).await.0, 0);
        let wanted: Vec<&Value> = book.iter().filter(|entry| ["voted", "decided"].contains(&event(entry))).collect();
        assert_eq!(lines(&world.path("some.jsonl")).iter().collect::<Vec<_>>(), wanted);
        let (first, last) = (&book[2], &book[book.len() - 1]);
        let between = (first["at"].as_str().unwrap(), last["at"].as_str().unwrap());
        let period = ["audit", "export", "--from", between.0, "--to", between.1, "--out", "part.jsonl"];
        assert_eq!(world.run(&period).await.0, 0);
        let inside = |entry: &&Value| (between.0..between.1).contains(&entry["at"].as_str().unwrap());
        let part = lines(&world.path("part.jsonl"));
        assert_eq!(part.iter().collect::<Vec<_>>(), book.iter().filter(inside).collect::<Vec<_>>());
        let (code, said) = world.run(&["audit", "export", "--from", "1h", "--to", "2h", "--out", "x"]).await;
        assert!(code == 2 && said.contains("ends before it begins"), "{said}");
        let names: Vec<String> = std::fs::read_dir(world.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains(".part"))
            .collect();
        assert_eq!(names, Vec::<String>::new(), "nothing half is left");
    })
}

fn formed() -> Told {
    // AUD-14, A51
    Box::pin(async {
        let (world, call) = audited("").await;
        let book = world.book().await;
        for form in ["jsonl", "csv", "ocsf", "cef"] {
            let file = format!("all.{form}");
            // Up to the last entry before the first export.
            let to = book.last().unwrap()["at"].as_str().unwrap().to_owned();
            let (code, said) = world.run(&["audit", "export", "--format", form, "--to", &to, "--out", &file]).await;
            assert_eq!(code, 0, "{said}");
            let text = std::fs::read_to_string(world.path(&file)).unwrap();
            let count = book.iter().filter(|entry| entry["at"].as_str().unwrap() < to.as_str()).count();
            let heads = usize::from(form == "csv");
            assert_eq!(text.lines().count(), count + heads, "{form}: one event is one record");
            assert!(!text.chars().any(|c| c != '\n' && c != '\r' && (c.is_control() || c == '\u{202e}')), "{form}");
            assert!(text.contains(&call), "{form} names the call");
            let proof = read(&world.path(&format!("{file}.proof.json")));
            assert_eq!((&proof["format"], &proof["population"]["entries"]), (&json!(form), &json!(count)));
        }
        for line in lines(&world.path("all.ocsf")) {
            assert_eq!(line["metadata"]["version"], "1.8.0");
            assert_eq!(line["unmapped"]["chain"]["seq"], line["metadata"]["sequence"]);
        }
        // To standard output there is no proof, and it is written down all the same.
        let output = world.command(&["audit", "export", "--event", "held", "--format", "csv"]).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("\"seq\",") && text.lines().count() == 2, "{text}");
        let last = world.book().await.pop().unwrap();
        assert!(last["detail"].as_str().unwrap().contains("to standard output"), "{last}");
    })
}

fn told() -> Told {
    // A50, A55
    Box::pin(async {
        let (world, call) = audited("").await;
        let (code, page) = world.run(&["audit", "timeline", &call]).await;
        assert_eq!(code, 0, "{page}");
        for words in [
            "asked for story/echo",
            "the-secret-argument",
            "hold by bundle sha256:",
            "waits for people until",
            "role:reviewer",
            "approved it (countersigns)",
            "I have looked.",
            "sent it to story",
            "succeeded after",
            "result sha256:",
            "everybody who must has agreed",
        ] {
            assert!(page.contains(words), "{words} is missing:\n{page}");
        }
        let entries = world.book().await.iter().filter(|entry| entry["call"] == call.as_str()).count();
        assert_eq!(page.lines().count(), entries + 1, "one line for each entry, and one above:\n{page}");
        let (code, page) = world.run(&["audit", "timeline", &call, "--redact"]).await;
        assert!(code == 0 && page.contains("approved it") && page.contains("result sha256:"), "{page}");
        assert!(!page.contains("the-secret-argument") && !page.contains("I have looked."), "{page}");
        let (code, json) = world.run(&["audit", "timeline", &call, "--redact", "--json"]).await;
        assert!(code == 0 && !json.contains("the-secret-argument") && !json.contains("I have looked."), "{json}");
        let first: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert!(first["left_out"].as_array().unwrap().contains(&json!("/params")), "{first}");
        let (code, said) = world.run(&["audit", "timeline", "ffff"]).await;
        assert!(code == 3 && said.contains("no call"), "{said}");
        let (code, said) = world.run(&["audit", "timeline", "01"]).await;
        assert!(code == 2 && said.contains("several calls"), "{said}");
    })
}

/// What stands in the page below this id.
fn within<'p>(page: &'p str, id: &str) -> &'p str {
    let rest = page.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("{id} is not there"));
    rest.split_once('>').unwrap().1.split('<').next().unwrap()
}

fn reported() -> Told {
    // A54, A51, AUD-18
    Box::pin(async {
        let (world, call) = audited("").await;
        let (code, said) = world.run(&["audit", "report", "--from", "1h", "--out", "report.html"]).await;
        assert!(code == 0 && said.contains("1 calls of high risk"), "{said}");
        let page = std::fs::read_to_string(world.path("report.html")).unwrap();
        // The dangerous call ran without a person's consent; the held one did not.
        assert_eq!(within(&page, "unreviewed-count"), "1");
        let book = world.book().await;
        let risky = book.iter().find(|entry| entry["params"].to_string().contains("no-preserve-root")).unwrap();
        assert!(page.contains(risky["call"].as_str().unwrap()) && !page.contains(&call), "who is named");
        assert!(page.contains("<bdi>ada</bdi>") && page.contains("no claim of compliance"));
        for never in ["<script", "http://", "https://", "no-preserve-root", "the-secret-argument"] {
            assert!(!page.contains(never), "{never}");
        }
        assert_eq!(event(book.last().unwrap()), "operated");
        assert_eq!(book.last().unwrap()["what"], "reported");
        // Every command of the page runs as it stands, and hands out as many entries as it says.
        let mut checked = 0;
        for row in page.split("<code class=\"query\">").skip(1) {
            let (command, rest) = row.split_once("</code>").unwrap();
            let number: String = rest.split("class=\"number\">").nth(1).unwrap().split('<').next().unwrap().into();
            let number: usize = number.replace('\u{202f}', "").parse().unwrap();
            let words: Vec<&str> = command.split(' ').skip(1).collect();
            let file = format!("evidence{checked}.jsonl");
            let (code, said) = world.run(&[&words[..], &["--out", &file]].concat()).await;
            assert_eq!(code, 0, "{command}: {said}");
            assert_eq!(lines(&world.path(&file)).len(), number, "{command}");
            checked += 1;
        }
        assert!(checked > 25, "{checked}");
    })
}

fn unrecorded() -> Told {
    // AUD-18
    Box::pin(async {
        let (mut world, _) = audited("").await;
        world.stop().await;
        let copy = tempfile::tempdir().unwrap();
        let before = std::fs::read(world.path("book.db")).unwrap();
        std::fs::write(copy.path().join("book.db"), &before).unwrap();
        // What entries say is sealed: whoever shall read a copy needs the keys.
        std::fs::create_dir(copy.path().join("book-keys")).unwrap();
        for key in ["data.key", "signing.key"] {
            std::fs::copy(world.path("book-keys").join(key), copy.path().join("book-keys").join(key)).unwrap();
        }
        let url = format!("store.url=sqlite:{}", copy.path().join("book.db").display());
        let out = ["audit", "export", "--unrecorded", "--set", &url, "--out", "copy.jsonl"];
        let (code, said) = world.run(&out).await;
        assert_eq!(code, 0, "{said}");
        assert_eq!(read(&world.path("copy.jsonl.proof.json"))["recorded"], false);
        let (_, listed) = world.run(&["log", "tail", "-n", "1000", "--json", "--set", &url]).await;
        assert!(!listed.contains("exported"), "nothing was written into the copy");
        // Where it cannot be written down, nothing is given out.
        let gone = ["audit", "export", "--set", "store.url=sqlite:missing/book.db", "--out", "none.jsonl"];
        assert_ne!(world.run(&gone).await.0, 0);
        assert!(!world.path("none.jsonl").exists());
    })
}
