//! Tokens: servers that ask for them, and an authorization server small enough for a test.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::downstream::oauth::{Grant, OauthOptions};

use super::*;

/// What the authorization server hands out: how long tokens live, and whether they can be refreshed.
#[derive(Clone, Copy)]
pub(crate) struct Tokens {
    seconds: u64,
    refresh: &'static str,
}

pub(crate) const LASTING: Tokens = Tokens { seconds: 3600, refresh: "" };

pub(crate) fn form(body: &str, name: &str) -> String {
    url::form_urlencoded::parse(body.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, it)| it.into_owned())
        .unwrap_or_default()
}

/// Authorization server: metadata, registration, tokens numbered as they are given.
pub(crate) async fn authority(tokens: Tokens) -> Server {
    let given = Arc::new(AtomicUsize::new(0));
    Server::start(move |seen: Seen| {
        let given = Arc::clone(&given);
        async move {
            let base = format!("http://{}", seen.header("host").unwrap());
            match seen.path.as_str() {
                "/.well-known/oauth-authorization-server" => Say::json(format!(
                    r#"{{"issuer":"{base}","authorization_endpoint":"{base}/authorize","token_endpoint":"{base}/token",
                    "registration_endpoint":"{base}/register","response_types_supported":["code"],
                    "code_challenge_methods_supported":["S256"],"scopes_supported":["read"]}}"#
                )),
                "/register" => {
                    let asked: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
                    let redirects = asked["redirect_uris"].clone();
                    Say::whole(
                        201,
                        "application/json",
                        format!(r#"{{"client_id":"registered","redirect_uris":{redirects}}}"#),
                    )
                }
                "/token" => {
                    let number = given.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                    let refresh = match tokens.refresh {
                        "" => String::new(),
                        refresh => format!(r#","refresh_token":"{refresh}""#),
                    };
                    Say::json(format!(
                        r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":{}{refresh}}}"#,
                        tokens.seconds
                    ))
                }
                _ => Say::whole(404, "text/plain", ""),
            }
        }
    })
    .await
}

/// An MCP server that takes one token and names the authorization server to everybody else.
pub(crate) async fn guarded(authority: &Server, accepts: &'static str) -> Server {
    let issuer = format!("http://{}", authority.address);
    Server::start(move |seen: Seen| {
        let issuer = issuer.clone();
        async move {
            let base = format!("http://{}", seen.header("host").unwrap());
            if seen.path.starts_with("/.well-known/oauth-protected-resource") {
                return Say::json(format!(r#"{{"resource":"{base}/mcp","authorization_servers":["{issuer}"]}}"#));
            }
            if seen.header("authorization") == Some(&format!("Bearer {accepts}")) {
                return Say::json(ANSWER);
            }
            let challenge =
                format!("Bearer resource_metadata=\"{base}/.well-known/oauth-protected-resource/mcp\", scope=\"read\"");
            Say::whole(401, "text/plain", "").with("WWW-Authenticate", challenge)
        }
    })
    .await
}

fn gateway(server: &Server, issuer: Option<String>, file: Option<PathBuf>) -> HttpServer {
    let grant = Grant::Gateway { client_id: "gw".to_owned(), client_secret: Secret::new("hunter2".to_owned()) };
    let issuer = issuer.map(|issuer| issuer.parse().unwrap());
    with(server, OauthOptions { scopes: Vec::new(), grant, issuer, file })
}

pub(crate) fn person(server: &Server, file: Option<PathBuf>) -> HttpServer {
    let grant = Grant::Person { client: None, port: 0 };
    with(server, OauthOptions { scopes: vec!["read".to_owned()], grant, issuer: None, file })
}

pub(crate) fn with(server: &Server, oauth: OauthOptions) -> HttpServer {
    HttpServer::new("files".into(), &HttpOptions { oauth: Some(Box::new(oauth)), ..options(server.url()) }).unwrap()
}

fn calls(server: &Server) -> Vec<Option<String>> {
    let calls = server.seen().into_iter().filter(|seen| seen.path == "/mcp");
    calls.map(|seen| seen.header("authorization").map(str::to_owned)).collect()
}

pub(crate) fn grants(authority: &Server) -> Vec<String> {
    let asked = authority.seen().into_iter().filter(|seen| seen.path == "/token");
    asked.map(|seen| form(&seen.body, "grant_type")).collect()
}

#[tokio::test]
async fn the_gateway_gets_a_token_of_its_own_and_keeps_it() {
    let authority = authority(LASTING).await;
    let server = guarded(&authority, "t1").await;
    let client = gateway(&server, Some(format!("http://{}", authority.address)), None);
    for _ in 0..3 {
        ask(&client).await.0.unwrap();
    }
    let bearer = Some("Bearer t1".to_owned());
    assert_eq!(calls(&server), [None, bearer.clone(), bearer.clone(), bearer]);
    let asked = authority.seen().into_iter().find(|seen| seen.path == "/token").unwrap().body;
    assert_eq!(form(&asked, "scope"), "read");
    assert_eq!(form(&asked, "resource"), server.url().as_str());
    assert_eq!(grants(&authority), ["client_credentials"]);
}

#[tokio::test]
async fn many_calls_that_are_refused_together_get_one_token() {
    let authority = authority(LASTING).await;
    let server = guarded(&authority, "t1").await;
    let client = gateway(&server, None, None);
    for (answer, _) in futures_util::future::join_all((0..8).map(|_| ask(&client))).await {
        answer.unwrap();
    }
    assert_eq!(grants(&authority).len(), 1);
}

#[tokio::test]
async fn a_token_the_server_keeps_refusing_is_not_sent_for_ever() {
    // EXE-12: one try without, one with; then the refusal is reported.
    let authority = authority(LASTING).await;
    let server = guarded(&authority, "never").await;
    let fault = ask(&gateway(&server, None, None)).await.0.unwrap_err();
    assert!(matches!(fault, HttpFault::Unauthorised { status: 401, .. }), "{fault:?}");
    assert_eq!(calls(&server).len(), 2);
}

#[tokio::test]
async fn another_authorization_server_never_sees_our_secret() {
    let authority = authority(LASTING).await;
    let server = guarded(&authority, "t1").await;
    let fault = ask(&gateway(&server, Some("https://login.example.com".to_owned()), None)).await.0.unwrap_err();
    assert!(matches!(&fault, HttpFault::Unauthorised { hint, .. } if hint.contains("issuer")), "{fault:?}");
    assert!(authority.seen().iter().all(|seen| !seen.body.contains("hunter2")));
}

#[tokio::test]
async fn metadata_that_points_inside_is_not_followed() {
    // SSR-07: the server names an authorization server in a private network, and one of cloud metadata.
    for inside in ["http://10.9.9.9", "https://169.254.169.254"] {
        let server = Server::start(move |seen: Seen| async move {
            let base = format!("http://{}", seen.header("host").unwrap());
            if seen.path.starts_with("/.well-known/oauth-protected-resource") {
                return Say::json(format!(r#"{{"resource":"{base}/mcp","authorization_servers":["{inside}"]}}"#));
            }
            Say::whole(401, "text/plain", "").with("WWW-Authenticate", "Bearer")
        })
        .await;
        let fault = ask(&gateway(&server, None, None)).await.0.unwrap_err();
        assert!(matches!(&fault, HttpFault::Unauthorised { hint, .. } if hint.contains("no token")), "{fault:?}");
    }
}

#[tokio::test]
async fn an_old_token_is_refreshed_and_the_new_one_kept_for_the_next_start() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens").join("files.json");
    let authority = authority(Tokens { seconds: 1, refresh: "r" }).await;
    // The first token is as good as expired when it comes, and is refreshed before it is sent at all.
    let server = guarded(&authority, "t2").await;
    ask(&gateway(&server, None, Some(file.clone()))).await.0.unwrap();
    assert_eq!(grants(&authority), ["client_credentials", "refresh_token"]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let again = gateway(&server, None, Some(file.clone()));
    drop(ask(&again).await);
    let renewal = authority.seen().into_iter().rfind(|seen| seen.path == "/token").unwrap().body;
    assert_eq!(
        (form(&renewal, "client_secret"), form(&renewal, "grant_type")),
        ("hunter2".into(), "refresh_token".into())
    );
    assert!(calls(&server).last().unwrap().is_some(), "the stored token's successor is sent at once");

    let text =
        std::fs::read_to_string(&file).unwrap().replace(&server.url().to_string(), "https://elsewhere.example/mcp");
    std::fs::write(&file, text).unwrap();
    drop(ask(&gateway(&server, None, Some(file))).await);
    assert!(calls(&server).contains(&None), "tokens of another address are not sent");
}

/// What a browser does with the address: the authorization server sends it straight back with a code.
pub(crate) async fn browse(address: &str, code: &str) -> u16 {
    let address = url::Url::parse(address).unwrap();
    let query = address.query().unwrap();
    assert_eq!((form(query, "code_challenge_method").as_str(), form(query, "scope").as_str()), ("S256", "read"));
    get(&format!("{}?code={code}&state={}", form(query, "redirect_uri"), form(query, "state"))).await
}

pub(crate) async fn sign_in_ended(client: &HttpServer) {
    let ended = async {
        while client.sign_in().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap();
}

async fn get(address: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url::Url::parse(address).unwrap();
    let mut stream = tokio::net::TcpStream::connect(address.authority()).await.unwrap();
    let target = &address[url::Position::BeforePath..];
    let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_person_signs_in_once_and_the_calls_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("files.json");
    let authority = authority(LASTING).await;
    let server = guarded(&authority, "t1").await;
    let client = person(&server, Some(file.clone()));
    assert_eq!(client.sign_in(), None);
    let fault = ask(&client).await.0.unwrap_err();
    assert!(matches!(&fault, HttpFault::Unauthorised { hint, .. } if hint.contains("sign in")), "{fault:?}");
    let address = client.sign_in().unwrap();
    assert!(!fault.to_string().contains(&address), "the agent is not the one to show the link");
    ask(&client).await.0.unwrap_err();
    assert_eq!(client.sign_in().as_ref(), Some(&address), "one sign-in at a time");

    let back = form(url::Url::parse(&address).unwrap().query().unwrap(), "redirect_uri");
    assert_eq!(get(&format!("{back}?code=c&state=guessed")).await, 400);
    assert_eq!(get(&format!("{back}?error=access_denied&state=guessed")).await, 400);
    assert_eq!(get(&back.replace("/callback", "/")).await, 404);
    assert_eq!(browse(&address, "good").await, 200);
    sign_in_ended(&client).await;
    ask(&client).await.0.unwrap();
    let token = authority.seen().into_iter().find(|seen| seen.path == "/token").unwrap().body;
    assert_eq!((form(&token, "code").as_str(), form(&token, "code_verifier").is_empty()), ("good", false));
    assert_eq!(form(&token, "resource"), server.url().as_str());

    ask(&person(&server, Some(file))).await.0.unwrap();
    assert_eq!(grants(&authority), ["authorization_code"], "after a restart the stored token is enough");
}

#[tokio::test]
async fn a_person_who_says_no_is_asked_again_by_the_next_call() {
    let authority = authority(LASTING).await;
    let server = guarded(&authority, "t1").await;
    let client = person(&server, None);
    ask(&client).await.0.unwrap_err();
    let address = client.sign_in().unwrap();
    let query = url::Url::parse(&address).unwrap().query().unwrap().to_owned();
    get(&format!("{}?error=access_denied&state={}", form(&query, "redirect_uri"), form(&query, "state"))).await;
    sign_in_ended(&client).await;
    ask(&client).await.0.unwrap_err();
    assert_ne!(client.sign_in().unwrap(), address);
    assert!(grants(&authority).is_empty());
}
