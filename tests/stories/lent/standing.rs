//! Does a lasting secret travel with the one request it is for, and is it called what it is?

use std::time::Duration;

use serde_json::{Value, json};

use super::{RULES, leases, of};
use crate::world::{Plan, Told, World, text};

pub(super) fn header() -> Told {
    // A02: behind the gateway is a server that lets nobody in without a key; here it is another gateway.
    Box::pin(async {
        let behind = World::serving(Plan { http: "accept = [\"keys\"]", ..Plan::default() }).await;
        let mut keys = Vec::new();
        for name in ["lister", "doer"] {
            let (code, told) = behind.run(&["keys", "make", name]).await;
            assert_eq!(code, 0, "{told}");
            keys.push(told.split_whitespace().find(|word| word.starts_with("csk_")).unwrap().to_owned());
        }
        let world = World::new(&Plan { policy: RULES, ..Plan::default() });
        world.write(
            "countersign.toml",
            &format!(
                "[http]\nlisten = \"127.0.0.1:0\"\naccept = [\"anyone\"]\n[policy]\npaths = [\"rules\"]\n\
                 [store]\nurl = \"sqlite:book.db\"\n[credentials.mint]\nkind = \"fixed\"\nvalue = {:?}\nscopes = [\"read\"]\n\
                 [servers.story]\nurl = \"http://{}/mcp/story\"\nallow_private = true\nheaders = {{ authorization = \"Bearer {}\" }}\n\
                 credentials = [{{ from = \"mint\", headers = {{ Authorization = \"Bearer {{value}}\" }} }}]\n",
                keys[1], behind.address, keys[0]
            ),
        );
        let mut world = world;
        world.serve().await;
        for (number, tool) in [(1, "echo"), (2, "hang"), (3, "echo")] {
            let asking = world.modern(number, "tools/call", json!({ "name": tool, "arguments": { "n": number } }));
            if tool == "hang" {
                // It is never answered: that it came is in the other record.
                drop(tokio::time::timeout(Duration::from_secs(1), asking).await);
            } else {
                let answer = asking.await;
                assert!(text(&answer).contains(&number.to_string()), "{answer}");
            }
        }
        let who = |entry: &Value| {
            (entry["target"].as_str().unwrap().to_owned(), entry["principal"].as_str().unwrap().to_owned())
        };
        let came: Vec<_> = behind.book().await.iter().filter(|entry| of(entry) == "arrived").map(who).collect();
        let expected = [("echo", "key:lister"), ("hang", "key:doer"), ("echo", "key:lister")];
        assert_eq!(came, expected.map(|(tool, key)| (tool.to_owned(), key.to_owned())));
        let leased = world.book().await.into_iter().find(|entry| of(entry) == "leased").unwrap();
        assert_eq!(leased["standing"], true, "a lasting secret is called one: {leased}");
        world.stop().await;
        let all = leases(&world, &["--all"]).await;
        assert!(all.len() == 1 && all[0]["state"] == "standing", "{all:?}");
        assert_eq!(leases(&world, &[]).await, Vec::<Value>::new());
    })
}

pub(super) fn signed() -> Told {
    // A02, A41: a token the gateway signs for one call is good at a server that reads its keys, and says whose call it is.
    Box::pin(async {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let issuer = format!("http://127.0.0.1:{port}");
        let trusts = format!(
            "[[identity.issuers]]\nissuer = {issuer:?}\njwks_uri = \"{issuer}/.well-known/jwks.json\"\n\
             audience = \"https://behind.example\"\nallow_private = true\n"
        );
        let behind = Plan { http: "accept = [\"keys\", \"tokens\"]", more: trusts.leak(), ..Plan::default() };
        let mut behind = World::new(&behind);
        behind.write("tools.json", &json!([{ "name": "whoami", "inputSchema": { "type": "object" } }]).to_string());
        behind.serve().await;
        let (_, told) = behind.run(&["keys", "make", "lister"]).await;
        let key = told.split_whitespace().find(|word| word.starts_with("csk_")).unwrap();
        let mut world = World::new(&Plan { policy: RULES, ..Plan::default() });
        world.write(
            "countersign.toml",
            &format!(
                "[http]\nlisten = \"127.0.0.1:{port}\"\naccept = [\"anyone\"]\n[policy]\npaths = [\"rules\"]\n\
                 [store]\nurl = \"sqlite:book.db\"\n[credentials.mint]\nkind = \"jwt\"\naudience = \"https://behind.example\"\n\
                 scopes = [\"read\"]\n[servers.story]\nurl = \"http://{}/mcp/story\"\nallow_private = true\n\
                 headers = {{ authorization = \"Bearer {key}\" }}\n\
                 credentials = [{{ from = \"mint\", headers = {{ Authorization = \"Bearer {{value}}\" }} }}]\n",
                behind.address
            ),
        );
        world.serve().await;
        let answer = world.modern(1, "tools/call", json!({ "name": "whoami", "arguments": {} })).await;
        assert!(text(&answer).contains("I am"), "{answer}");
        let keys =
            world.request(reqwest::Method::GET, "/.well-known/jwks.json").send().await.unwrap().text().await.unwrap();
        let keys: Value = serde_json::from_str(&keys).unwrap();
        let private = keys["keys"].as_array().unwrap().iter().any(|key| key.get("d").is_some());
        assert!(
            keys["keys"].as_array().unwrap().len() >= 2 && !private,
            "the next key is known before it signs: {keys}"
        );
        let came = behind.book().await.into_iter().find(|entry| of(entry) == "arrived").unwrap();
        assert_eq!(
            (&came["principal"], &came["proof"]),
            (&json!(format!("{issuer}#anyone")), &json!("token")),
            "{came}"
        );
        let book = world.book().await;
        let ended = book.iter().find(|entry| of(entry) == "lease_ended").unwrap();
        assert_eq!(ended["end"], "lapses", "nobody can take a token back: {ended}");
        assert_eq!(leases(&world, &[]).await[0]["state"], "lapsing", "and nobody says that it is gone before it is");
    })
}
