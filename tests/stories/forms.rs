//! What does the interface for people say to what it cannot read, and does it do what it says of itself?

use reqwest::Method;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::granted::GRANTING;
use crate::office::{Office, PEOPLE};
use crate::world::Told;

pub(crate) const STORIES: &[Story] = &[
    ("what_is_not_written_as_it_must_be_names_the_part_that_is_not", malformed),
    ("a_reason_of_a_mebibyte_is_not_read", too_large),
    ("what_is_asked_in_another_way_is_told_how", astray),
    ("every_address_that_is_described_answers", described),
];

fn malformed() -> Told {
    // A17, PAR-01, PAR-15
    Box::pin(async {
        let office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let digest = digest.as_str().unwrap();
        let (yes, no) = (format!("/api/v1{path}/approve"), format!("/api/v1{path}/deny"));
        let say = |path: &str, body: String| {
            let request = office.world.request(Method::POST, path).bearer_auth(&office.keys["ada"]);
            office.heard(request.header("content-type", "application/json").body(body))
        };
        let long = "x".repeat(2001);
        for (path, body, key) in [
            (&yes, "{}".to_owned(), "digest"),
            (&yes, String::new(), ""),
            (&yes, format!(r#"["{digest}",null]"#), ""),
            (&yes, format!(r#"{{"digest":"{digest}"}} {{}}"#), ""),
            (&yes, format!(r#"{{"digest":"{digest}","digest":"{digest}"}}"#), "digest"),
            (&yes, r#"{"digest":7}"#.to_owned(), "digest"),
            (&yes, r#"{"digest":"sha256:00"}"#.to_owned(), "digest"),
            (&yes, format!(r#"{{"digest":"{digest}","reason":[]}}"#), "reason"),
            (&yes, format!(r#"{{"digest":"{digest}","reason":"{long}"}}"#), "reason"),
            (&yes, format!(r#"{{"digest":"{digest}","quorum":0}}"#), "quorum"),
            (&yes, format!(r#"{{"\u0064igest":"{digest}","digest":"{digest}"}}"#), "digest"),
            (&no, format!(r#"{{"digest":"{digest}"}}"#), "reason"),
        ] {
            let (status, told) = say(path, body.clone()).await;
            assert_eq!((status, &told["code"]), (400, &json!("malformed")), "{body}: {told}");
            assert_eq!(told["key"].as_str().unwrap_or_default(), key, "{body}: {told}");
        }
        let (_, told) = say(&yes, "{}".to_owned()).await;
        assert!(told["detail"].as_str().unwrap().contains("`digest`"), "what is missing is named: {told}");
        assert_eq!(office.get("ada", &path).await.1["votes"], json!([]), "nothing of this was an answer");
    })
}

fn too_large() -> Told {
    // PAR-15: announced and not, and the connection is not left with half of it.
    Box::pin(async {
        let office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let no = format!("/api/v1{path}/deny");
        let deny = || {
            let request = office.world.request(Method::POST, &no).bearer_auth(&office.keys["ada"]);
            request.header("content-type", "application/json")
        };
        let huge = format!(r#"{{"digest":{digest},"reason":"{}"}}"#, "x".repeat(1 << 20));
        let (status, told) = office.heard(deny().body(huge.clone())).await;
        assert_eq!((status, &told["code"]), (413, &json!("too_large")), "{told}");
        let pieces =
            huge.into_bytes().chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
        let unannounced = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        assert_eq!(office.heard(deny().body(unannounced)).await.0, 413);
        assert_eq!(office.get("ada", &path).await.1["votes"], json!([]));
    })
}

fn astray() -> Told {
    Box::pin(async {
        let office = Office::open("100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (path, _) = office.one().await;
        let yes = format!("/api/v1{path}/approve");
        let ask = |method: Method, path: &str| office.world.request(method, path).bearer_auth(&office.keys["ada"]);
        let form = ask(Method::POST, &yes).header("content-type", "application/x-www-form-urlencoded");
        let packed =
            ask(Method::POST, &yes).header("content-type", "application/json").header("content-encoding", "gzip");
        for (request, status, code) in [
            (form.body("digest=1"), 415, "unsupported_media"),
            (packed.body("{}"), 415, "unsupported_media"),
            (ask(Method::GET, &yes), 405, "method_not_allowed"),
            (ask(Method::DELETE, "/api/v1/approvals"), 405, "method_not_allowed"),
            (ask(Method::POST, &format!("/api/v1{path}/wait")), 405, "method_not_allowed"),
            (ask(Method::POST, &format!("/api/v1{path}/bless")), 404, "no_such_route"),
            (ask(Method::GET, "/api/v2/approvals"), 404, "no_such_route"),
            (ask(Method::GET, "/api/v1/approvals/"), 404, "no_such_route"),
            (ask(Method::GET, &format!("/api/v1{path}/wait/x")), 404, "no_such_route"),
            (ask(Method::GET, "/api/v1/approvals/..%2fme"), 404, "unknown"),
            (ask(Method::GET, "/api/v1/approvals/%00"), 404, "unknown"),
        ] {
            let (seen, told) = office.heard(request).await;
            assert_eq!((seen, told["code"].as_str().unwrap()), (status, code), "{told}");
        }
        for (query, key) in [
            ("state=open&state=all", "state"),
            ("state=pendign", "state"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("after=x'--", "after"),
            ("of=me", "of"),
        ] {
            let (status, told) = office.get("ada", &format!("/approvals?{query}")).await;
            assert_eq!((status, &told["key"]), (400, &json!(key)), "{query}: {told}");
        }
        for patience in ["1h", "0s", "soon", ""] {
            let (status, told) = office.get("ada", &format!("{path}/wait?for={patience}")).await;
            assert_eq!((status, &told["key"]), (400, &json!("for")), "{patience}: {told}");
        }
    })
}

fn described() -> Told {
    Box::pin(async {
        // ada looks after the gateway too: some addresses are for those who do.
        let people = PEOPLE.replacen("[\"reviewer\"]", "[\"reviewer\", \"operator\"]", 1);
        let office = Office::with(GRANTING, people.leak(), "100ms").await;
        let asking = office.world.request(Method::GET, "/api/v1/openapi.json");
        let (status, document) = office.heard(asking).await;
        assert_eq!((status, &document), (200, &countersign::review::openapi::document()), "anybody may read it");
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let (call, _) = office.one().await;
        let id = call.trim_start_matches("/approvals/");
        let root = document["servers"][0]["url"].as_str().unwrap();
        let mut asked = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                let address = format!("{root}{}", path.replace("{id}", id))
                    + if path.ends_with("/wait") { "?for=1ms" } else { "" };
                let method: Method = method.to_uppercase().parse().unwrap();
                let request = office.world.request(method.clone(), &address).bearer_auth(&office.keys["ada"]);
                let body = if method == Method::POST { "[]" } else { "" };
                let (status, told) = office.heard(request.header("content-type", "application/json").body(body)).await;
                let wanted = if method == Method::POST { (400, json!("malformed")) } else { (200, Value::Null) };
                assert_eq!((status, told["code"].clone()), wanted, "{method} {address}: {told}");
                asked += 1;
            }
        }
        assert_eq!(asked, 10 + countersign::review::answer::VERBS.len());
    })
}
