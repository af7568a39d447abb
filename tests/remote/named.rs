//! One authorization server, named in the configuration: what a tool server says about others does not count.

use std::sync::Arc;

use countersign::cli::assembly::{Tenure, assemble};
use countersign::config::{Config, Surroundings};
use countersign::downstream::ClientProfile;

use super::tokens::{LASTING, authority, form, grants};
use super::*;

const SECRET: &str = "p5J2m0Qx7Yv3Kd8f";

/// A tool server that asks for tokens and names these authorization servers. It also serves this document.
async fn guarded(named: Vec<String>, document: Option<String>) -> Server {
    let named = serde_json::to_string(&named).unwrap();
    Server::start(move |seen: Seen| {
        let (named, document) = (named.clone(), document.clone());
        async move {
            let base = format!("http://{}", seen.header("host").unwrap());
            let servers = named.replace("BASE", &base);
            match (seen.path.as_str(), document) {
                (path, _) if path.starts_with("/.well-known/oauth-protected-resource") => {
                    Say::json(format!(r#"{{"resource":"{base}/mcp","authorization_servers":{servers}}}"#))
                }
                ("/.well-known/mine" | "/.well-known/oauth-authorization-server", Some(document)) => {
                    Say::json(document.replace("BASE", &base))
                }
                ("/mcp", _) => Say::whole(401, "text/plain", "").with("WWW-Authenticate", "Bearer"),
                ("/token", _) => Say::json(r#"{"access_token":"t","token_type":"Bearer"}"#),
                _ => Say::whole(404, "text/plain", ""),
            }
        }
    })
    .await
}

fn address(server: &Server) -> String {
    format!("http://{}", server.address)
}

/// A gateway made from a file that names the issuer is told to use the server once. Gives what it says about that.
async fn used(server: &Server, issuer: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[servers.files]\nurl = \"{}\"\n\
         oauth = {{ client_id = \"gw\", client_secret = \"{SECRET}\", issuer = \"{issuer}\" }}\n\
         [policy]\npaths = [\"rules\"]\n",
        server.url()
    );
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let rule = "package countersign.a\n\nallow contains {\"id\": \"a\", \"reason\": \"b\"}\n";
    std::fs::write(folder.path().join("rules/a.rego"), rule).unwrap();
    let around = Surroundings { directory: folder.path().to_owned(), ..Surroundings::of_this_process().unwrap() };
    let gateway = assemble(&Config::from_text(&text, &around).unwrap(), Tenure::Alone).await.unwrap();
    let info = object! { "name" => "test", "version" => "1" };
    let profile = ClientProfile { capabilities: Object::new(), info, protocol: "2025-11-25".to_owned() };
    let files = Arc::clone(gateway.gateway.fleet.server("files").unwrap());
    let said = files.connect(Arc::new(profile), mpsc::channel(8).0).await.unwrap_err().to_string();
    gateway.leave().await;
    said
}

fn saw_the_secret(server: &Server) -> bool {
    server.seen().iter().any(|seen| seen.body.contains(SECRET) || seen.header("authorization").is_some())
}

#[tokio::test]
async fn the_named_issuer_is_asked_even_where_others_are_named_first() {
    let (ours, other) = (authority(LASTING).await, authority(LASTING).await);
    let server = guarded(vec![address(&other), address(&ours)], None).await;
    used(&server, &address(&ours)).await;
    assert_eq!(grants(&ours), ["client_credentials"]);
    let asked = ours.seen().into_iter().find(|seen| seen.path == "/token").unwrap().body;
    assert_eq!((form(&asked, "client_id").as_str(), form(&asked, "client_secret").as_str()), ("gw", SECRET));
    assert!(grants(&other).is_empty() && !saw_the_secret(&other));
}

#[tokio::test]
async fn another_issuer_is_refused_in_words() {
    let other = authority(LASTING).await;
    let server = guarded(vec![address(&other)], None).await;
    let said = used(&server, "https://login.example.com").await;
    assert!(said.contains("another authorization server than `oauth.issuer`"), "{said}");
    assert!(grants(&other).is_empty() && !saw_the_secret(&other));
}

#[tokio::test]
async fn nobody_else_speaks_in_the_name_of_the_issuer() {
    // A server serves metadata that bears the issuer's name and sends the secret to itself: from a place whose name
    // nobody checks, from its own root, and without naming anybody.
    let ours = authority(LASTING).await;
    let forged = format!(
        r#"{{"issuer":"{}","authorization_endpoint":"BASE/authorize","token_endpoint":"BASE/token",
        "response_types_supported":["code"],"grant_types_supported":["client_credentials"]}}"#,
        address(&ours)
    );
    for named in [vec!["BASE/.well-known/mine".to_owned()], vec!["BASE".to_owned()], Vec::new()] {
        let server = guarded(named, Some(forged.clone())).await;
        let said = used(&server, &address(&ours)).await;
        assert!(said.contains("`oauth.issuer`"), "{said}");
        assert!(server.seen().iter().all(|seen| seen.path != "/token") && !saw_the_secret(&server));
    }
    assert!(grants(&ours).is_empty());
}
