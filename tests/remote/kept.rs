//! Tokens that outlive a gateway: where they are kept, and what happens when two gateways keep them in one place.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use countersign::cli::assembly::{Tenure, assemble};
use countersign::config::{Config, Surroundings};
use countersign::downstream::ClientProfile;
use tokio::sync::Semaphore;

use super::tokens::{browse, form, grants, person, sign_in_ended};
use super::*;

/// How an authorization server behaves that takes every refresh token once, and a second time for theft.
struct Strict {
    /// How long the token lives that was got by signing in, and those after it.
    seconds: (u64, u64),
    /// Lets renewals be answered, one for each permit.
    gate: Arc<Semaphore>,
}

impl Strict {
    fn with(first: u64, later: u64) -> Self {
        Self { seconds: (first, later), gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }
}

/// Gives numbered tokens: the access token `t3` comes with the refresh token `r3`.
async fn authority(strict: Strict) -> Server {
    let valid = Arc::new(Mutex::new((0_u64, true)));
    let strict = Arc::new(strict);
    Server::start(move |seen: Seen| {
        let (valid, strict) = (Arc::clone(&valid), Arc::clone(&strict));
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
                    let redirects = &asked["redirect_uris"];
                    // Every registration is another client.
                    let client = format!("registered for {}", redirects[0].as_str().unwrap());
                    Say::whole(
                        201,
                        "application/json",
                        format!(r#"{{"client_id":"{client}","redirect_uris":{redirects}}}"#),
                    )
                }
                "/token" => {
                    let renewal = form(&seen.body, "grant_type") == "refresh_token";
                    if renewal {
                        strict.gate.acquire().await.unwrap().forget();
                    }
                    let mut valid = valid.lock().unwrap();
                    let known = form(&seen.body, "refresh_token") == format!("r{}", valid.0);
                    if renewal && !(known && valid.1) {
                        valid.1 = false;
                        return Say::whole(400, "application/json", r#"{"error":"invalid_grant"}"#);
                    }
                    *valid = (valid.0.saturating_add(1), true);
                    let (number, seconds) = (valid.0, if renewal { strict.seconds.1 } else { strict.seconds.0 });
                    Say::json(format!(
                        r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":{seconds},
                        "refresh_token":"r{number}"}}"#
                    ))
                }
                _ => Say::whole(404, "text/plain", ""),
            }
        }
    })
    .await
}

/// An MCP server that takes any token of the authority.
async fn guarded(authority: &Server) -> Server {
    let issuer = format!("http://{}", authority.address);
    Server::start(move |seen: Seen| {
        let issuer = issuer.clone();
        async move {
            let base = format!("http://{}", seen.header("host").unwrap());
            if seen.path.starts_with("/.well-known/oauth-protected-resource") {
                return Say::json(format!(r#"{{"resource":"{base}/mcp","authorization_servers":["{issuer}"]}}"#));
            }
            if seen.header("authorization").is_some_and(|sent| sent.starts_with("Bearer t")) {
                return Say::json(ANSWER);
            }
            let challenge =
                format!("Bearer resource_metadata=\"{base}/.well-known/oauth-protected-resource/mcp\", scope=\"read\"");
            Say::whole(401, "text/plain", "").with("WWW-Authenticate", challenge)
        }
    })
    .await
}

async fn sign_in(client: &HttpServer) {
    ask(client).await.0.unwrap_err();
    assert_eq!(browse(&client.sign_in().unwrap(), "good").await, 200);
    sign_in_ended(client).await;
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

struct World {
    folder: tempfile::TempDir,
    authority: Server,
    server: Server,
}

impl World {
    async fn new(strict: Strict) -> Self {
        let authority = authority(strict).await;
        let server = guarded(&authority).await;
        Self { folder: tempfile::tempdir().unwrap(), authority, server }
    }

    fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// A gateway that shares the file with all others.
    fn gateway(&self) -> HttpServer {
        person(&self.server, Some(self.tokens().join("files.json")))
    }
}

#[tokio::test]
async fn tokens_are_for_their_owner_alone() {
    let world = World::new(Strict::with(3600, 3600)).await;
    sign_in(&world.gateway()).await;
    assert_eq!(mode(&world.tokens()), 0o700);
    assert_eq!(names(&world.tokens()), ["files.json", "files.lock"]);
    for name in names(&world.tokens()) {
        assert_eq!(mode(&world.tokens().join(name)), 0o600);
    }
}

#[tokio::test]
async fn whoever_signs_in_at_one_gateway_has_signed_in_at_all() {
    let world = World::new(Strict::with(3600, 3600)).await;
    let (serve, run) = (world.gateway(), world.gateway());
    ask(&run).await.0.unwrap_err();
    assert!(run.sign_in().is_some());
    sign_in(&serve).await;
    ask(&run).await.0.unwrap();
    assert_eq!(run.sign_in(), None, "there is nothing left to sign in to");
    ask(&serve).await.0.unwrap();
    assert_eq!(grants(&world.authority), ["authorization_code"]);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_all_gateways() {
    let world = World::new(Strict::with(1, 3600)).await;
    sign_in(&world.gateway()).await;
    let gateways = [world.gateway(), world.gateway(), world.gateway()];
    let answers = futures_util::future::join_all(gateways.iter().map(ask)).await;
    assert!(answers.into_iter().all(|(answer, _)| answer.is_ok()));
    assert_eq!(grants(&world.authority), ["authorization_code", "refresh_token"]);
}

#[tokio::test]
async fn no_refresh_token_is_ever_sent_twice() {
    // Every token is as good as expired when it comes, so every call renews.
    let world = World::new(Strict::with(1, 1)).await;
    let (serve, run) = (world.gateway(), world.gateway());
    sign_in(&serve).await;
    for _ in 0..10 {
        let (one, other) = tokio::join!(ask(&serve), ask(&run));
        one.0.unwrap();
        other.0.unwrap();
    }
    let sent: Vec<String> = world.authority.seen().iter().map(|seen| form(&seen.body, "refresh_token")).collect();
    let mut sent: Vec<&String> = sent.iter().filter(|token| !token.is_empty()).collect();
    let all = sent.len();
    sent.sort();
    sent.dedup();
    assert_eq!((sent.len(), all), (20, 20));
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_no_token_along() {
    let gate = Arc::new(Semaphore::new(0));
    let world = World::new(Strict { seconds: (1, 3600), gate: Arc::clone(&gate) }).await;
    sign_in(&world.gateway()).await;
    let client = world.gateway();
    let (authority, sent) = (&world.authority, || grants(&world.authority).len() == 2);
    tokio::select! {
        _ = ask(&client) => unreachable!("nobody has answered yet"),
        () = async { while !sent() { tokio::task::yield_now().await } } => {}
    }
    gate.add_permits(1);
    ask(&client).await.0.unwrap();
    assert_eq!(grants(authority), ["authorization_code", "refresh_token"]);
}

#[tokio::test]
async fn tokens_that_cannot_be_kept_are_good_until_the_end() {
    let world = World::new(Strict::with(3600, 3600)).await;
    // Not a folder at all, and one that others may write to.
    let file = world.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let open = world.folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    for folder in [file, open.clone()] {
        let client = person(&world.server, Some(folder.join("files.json")));
        sign_in(&client).await;
        ask(&client).await.0.unwrap();
    }
    assert!(names(&open).is_empty());
}

#[tokio::test]
async fn a_damaged_file_costs_a_sign_in_and_nothing_else() {
    let world = World::new(Strict::with(3600, 3600)).await;
    let file = world.tokens().join("files.json");
    std::fs::create_dir(world.tokens()).unwrap();
    for text in ["", "{\"resource\":", "null"] {
        std::fs::write(&file, text).unwrap();
        sign_in(&world.gateway()).await;
        ask(&world.gateway()).await.0.unwrap();
    }
    // Whoever takes the file away signs out.
    std::fs::remove_file(&file).unwrap();
    ask(&world.gateway()).await.0.unwrap_err();
}

#[tokio::test]
async fn a_gateway_keeps_tokens_beside_its_record() {
    let world = World::new(Strict::with(3600, 3600)).await;
    let text = format!(
        "[servers.files]\nurl = \"{}\"\noauth = {{ client_id = \"gw\", client_secret = \"p5J2m0Qx7Yv3Kd8f\" }}\n\
         [policy]\npaths = [\"rules\"]\n[store]\nurl = \"sqlite:book.db\"\n",
        world.server.url()
    );
    let folder = world.folder.path();
    std::fs::create_dir(folder.join("rules")).unwrap();
    std::fs::write(
        folder.join("rules/a.rego"),
        "package countersign.a\n\nallow contains {\"id\": \"a\", \"reason\": \"b\"}\n",
    )
    .unwrap();
    let around = Surroundings { directory: folder.to_owned(), ..Surroundings::of_this_process().unwrap() };
    let config = Config::from_text(&text, &around).unwrap();
    let gateway = assemble(&config, Tenure::Alone).await.unwrap();
    assert!(!folder.join("book-tokens").exists(), "nothing is made before it is needed");
    let profile = ClientProfile {
        capabilities: Object::new(),
        info: object! { "name" => "test", "version" => "1" },
        protocol: "2025-11-25".to_owned(),
    };
    // The server speaks no MCP, but it does ask for a token first.
    let server = Arc::clone(gateway.gateway.fleet.server("files").unwrap());
    assert!(server.connect(Arc::new(profile), mpsc::channel(8).0).await.is_err());
    gateway.leave().await;
    assert_eq!(names(&folder.join("book-tokens")), ["files.json", "files.lock"]);
    assert_eq!(grants(&world.authority), ["client_credentials"]);
}
