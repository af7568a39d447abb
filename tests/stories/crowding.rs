//! What happens when too many calls want to wait for people?

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::identity::{KEYS, make_key};
use crate::waiting::{HELD, id, people, waiting};
use crate::world::{Plan, Told, World, answer, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_flood_of_one_caller_leaves_room_for_others", flood),
    ("a_node_keeps_no_more_clients_waiting_than_it_was_told", full),
];

/// Two callers and a gateway that waits this long for people.
async fn world(settings: &[&str]) -> (World, String, String) {
    let mut world = World::new(&Plan { policy: HELD, more: people(), ..KEYS });
    world.serve_so(settings).await;
    let one = make_key(&world, "one", &[]).await;
    let two = make_key(&world, "two", &[]).await;
    (world, one, two)
}

async fn ask(world: &World, key: &str, number: u64) -> Value {
    let params = json!({ "name": "echo", "arguments": { "n": number } });
    let post = world.modern_post(number, "tools/call", params).bearer_auth(key);
    answer(&post.send().await.unwrap().text().await.unwrap())
}

fn flood() -> Told {
    // AVL-01; the calls come at the same moment, so that none of them could have been counted before the others came.
    Box::pin(async {
        let (world, one, two) = world(&["--set", "limits.approval_wait=100ms"]).await;
        let answers = join_all((1..=30).map(|number| ask(&world, &one, number))).await;
        let of = |wanted: &str| answers.iter().filter(|answer| class(answer) == wanted).collect::<Vec<_>>();
        assert_eq!((of("held").len(), of("too_many_waiting").len()), (20, 10), "{answers:?}");
        let said = text(of("too_many_waiting")[0]);
        assert!(said.contains("20 calls of this caller wait") && said.contains("ends by itself at 2"), "{said}");
        let refused = world.book().await;
        let refused = refused.iter().filter(|entry| event(entry) == "refused" && entry["class"] == "too_many_waiting");
        assert_eq!(refused.count(), 10, "what found no place is in the record");
        // Somebody else's call waits and is answered as if nobody were there.
        assert_eq!(class(&ask(&world, &two, 31).await), "held");
        let waits = waiting(&world, 21).await;
        let other = waits.iter().find(|waits| waits["shown"]["params"]["arguments"]["n"] == 31).unwrap();
        assert_eq!(world.run(&["approvals", "approve", id(other)]).await.0, 0);
        assert_eq!(text(&ask(&world, &two, 31).await), r#"{"n":31}"#);
        // An answer makes room for one more, and no more than one.
        let first = waits.iter().find(|waits| waits["shown"]["params"]["arguments"]["n"] != 31).unwrap();
        assert_eq!(world.run(&["approvals", "deny", id(first), "--reason", "too many"]).await.0, 0);
        let again = [class(&ask(&world, &one, 32).await).to_owned(), class(&ask(&world, &one, 33).await).to_owned()];
        assert_eq!(again, ["held", "too_many_waiting"]);
        assert_eq!(world.ledger().len(), 1);
    })
}

fn full() -> Told {
    // AVL-01, AVL-10
    Box::pin(async {
        let (world, one, two) = world(&["--set", "limits.approval_wait=30s", "--set", "limits.waiting=1"]).await;
        let other = async {
            let waits = waiting(&world, 1).await;
            let answer = ask(&world, &two, 2).await;
            assert_eq!(class(&answer), "gateway_full");
            let said = text(&answer);
            assert!(said.contains("1 calls wait") && said.contains("again in 30 s"), "{said}");
            assert_eq!(waiting(&world, 1).await.len(), 1, "nobody is asked about it");
            assert_eq!(world.run(&["approvals", "approve", id(&waits[0])]).await.0, 0);
        };
        let (answer, ()) = tokio::join!(ask(&world, &one, 1), other);
        assert_eq!(text(&answer), r#"{"n":1}"#);
        let (code, told) = world.run(&["log", "tail", "--json"]).await;
        assert!(code == 0 && told.contains("gateway_full"), "{told}");
        // There is room again.
        let answering = async {
            let waits = waiting(&world, 1).await;
            assert_eq!(world.run(&["approvals", "approve", id(&waits[0])]).await.0, 0);
        };
        let (answer, ()) = tokio::join!(ask(&world, &two, 2), answering);
        assert_eq!(text(&answer), r#"{"n":2}"#);
        assert_eq!(world.ledger().len(), 2);
    })
}
