//! Who signs people in, in tests: a provider of `OpenID` Connect on loopback that asks nobody anything.
//!
//! It keeps to the rules a real one keeps: codes are good once, for the client, the redirect address and the verifier they
//! were asked for with. Its authorisation endpoint redirects at once, as whoever was put before it. Tests in any language
//! change it by `POST /script` with a JSON object, whose members replace those of [`Script`]; `GET /asked` counts requests
//! by path. The stories' own executable is this provider when it is started with `STORY_PROVIDER=PORT` (0: any): it prints
//! its address and ends with its standard input.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::clock::{Clock as _, SystemClock, chance};
use countersign::digest::hex;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use p256::ecdsa::signature::Signer as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;
use tokio::net::TcpListener;
use url::form_urlencoded::{byte_serialize, parse};

type Pairs = BTreeMap<String, String>;
type Reply = (StatusCode, Value);

/// A provider that runs until it is dropped.
pub(crate) struct Provider {
    pub(crate) url: String,
    task: tokio::task::JoinHandle<()>,
}

/// What it does. Objects are laid over what it would say; a member that is null takes one away.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    /// Claims of whoever signs in next.
    person: Value,
    /// The client it knows. Without a secret it is a public one.
    client: String,
    secret: Option<String>,
    /// Over its own document.
    document: Value,
    /// Over the answer it sends the browser back with.
    answer: Value,
    /// Over the head and the claims of the identity token.
    head: Value,
    claims: Value,
    /// Over the answer of the token endpoint.
    tokens: Value,
    /// How it signs: `own`, `other` (a key it does not publish), `none`, `public` (HMAC with its public key).
    signing: String,
    /// Counts its keys: another number is another key.
    key: u8,
    /// Answers 503 to everything but this door.
    away: bool,
}

struct State {
    url: String,
    script: Value,
    asked: BTreeMap<String, usize>,
    codes: BTreeMap<String, Pairs>,
    claims: BTreeMap<String, Value>,
}

impl Provider {
    /// Starts on this port of loopback, or on any.
    pub(crate) async fn start(port: u16) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let script = json!({
            "person": { "sub": "4711", "email": "ada@example.com", "email_verified": true, "name": "Ada", "groups": ["dba"] },
            "client": "countersign", "secret": null, "document": {}, "answer": {}, "head": {}, "claims": {}, "tokens": {},
            "signing": "own", "key": 1, "away": false,
        });
        let (asked, codes, claims) = <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
        let state = Arc::new(Mutex::new(State { url: url.clone(), script, asked, codes, claims }));
        Self { url, task: tokio::spawn(serve(socket, state)) }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        let (stream, _) = socket.accept().await.unwrap();
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| async {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                Ok::<_, Infallible>(state.lock().unwrap().answer(&head, &body))
            });
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

impl State {
    fn answer(&mut self, head: &http::request::Parts, body: &[u8]) -> Response<String> {
        let path = head.uri.path().to_owned();
        let query = pairs(head.uri.query().unwrap_or_default().as_bytes());
        if path == "/script" {
            return reply(self.learn(&serde_json::from_slice(body).unwrap_or_default()));
        }
        if path == "/asked" {
            return reply((StatusCode::OK, json!(self.asked)));
        }
        let script: Script = serde_json::from_value(self.script.clone()).unwrap();
        *self.asked.entry(path.clone()).or_default() += 1;
        match path.as_str() {
            _ if script.away => reply((StatusCode::SERVICE_UNAVAILABLE, json!({}))),
            "/.well-known/openid-configuration" => reply((StatusCode::OK, self.document(&script))),
            "/keys" => reply((StatusCode::OK, json!({ "keys": [jwk(script.key)] }))),
            "/authorize" => match self.authorize(&script, &query) {
                Ok(to) => moved(&to),
                Err(why) => reply((StatusCode::BAD_REQUEST, json!({ "error": why }))),
            },
            "/token" => {
                let given = head.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap());
                let refusal =
                    |(status, error)| (status, json!({ "error": error, "error_description": "hostile <b>text" }));
                reply(self.token(&script, &pairs(body), given).unwrap_or_else(refusal))
            }
            _ => reply((StatusCode::NOT_FOUND, json!({}))),
        }
    }

    /// Plays by another script, if it is one.
    fn learn(&mut self, change: &Value) -> Reply {
        let mut script = self.script.clone();
        lay_over(&mut script, change);
        match serde_json::from_value::<Script>(script.clone()) {
            Ok(_) => {
                self.script = script;
                (StatusCode::OK, json!({}))
            }
            Err(error) => (StatusCode::BAD_REQUEST, json!({ "error": error.to_string() })),
        }
    }

    fn document(&self, script: &Script) -> Value {
        let at = |path: &str| format!("{}{path}", self.url);
        let mut document = json!({
            "issuer": self.url,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        lay_over(&mut document, &script.document);
        document
    }

    /// Where the browser goes next.
    fn authorize(&mut self, script: &Script, query: &Pairs) -> Result<String, &'static str> {
        let said = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let asked = said("response_type") == "code" && said("client_id") == script.client;
        let proven = said("code_challenge_method") == "S256" && said("code_challenge").len() == 43;
        let scoped = said("scope").split(' ').any(|scope| scope == "openid");
        if !asked || !scoped || !proven || !said("redirect_uri").ends_with("/sign-in/callback") {
            return Err("invalid_request");
        }
        let code = unguessable();
        self.codes.insert(code.clone(), query.clone());
        self.claims.insert(code.clone(), script.person.clone());
        let mut answer = json!({ "code": code, "state": said("state"), "iss": self.url });
        lay_over(&mut answer, &script.answer);
        let answer: Vec<String> = answer
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                format!("{name}={}", byte_serialize(value.as_str().unwrap().as_bytes()).collect::<String>())
            })
            .collect();
        Ok(format!("{}?{}", said("redirect_uri"), answer.join("&")))
    }

    fn token(
        &mut self,
        script: &Script,
        form: &Pairs,
        proof: Option<&str>,
    ) -> Result<Reply, (StatusCode, &'static str)> {
        let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let known = match (&script.secret, proof) {
            (None, None) => said("client_id") == script.client && !form.contains_key("client_secret"),
            (Some(secret), Some(proof)) => {
                proof
                    == format!("Basic {}", STANDARD.encode(format!("{}:{}", escaped(&script.client), escaped(secret))))
            }
            (Some(secret), None) => said("client_id") == script.client && said("client_secret") == secret,
            (None, Some(_)) => false,
        };
        if !known {
            return Err((StatusCode::UNAUTHORIZED, "invalid_client"));
        }
        let asked = self.codes.remove(said("code")).ok_or((StatusCode::BAD_REQUEST, "invalid_grant"))?;
        let challenge = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(said("code_verifier").as_bytes()));
        let fits = said("grant_type") == "authorization_code"
            && said("redirect_uri") == asked["redirect_uri"]
            && challenge == asked["code_challenge"];
        if !fits {
            return Err((StatusCode::BAD_REQUEST, "invalid_grant"));
        }
        let access_token = unguessable();
        let now = SystemClock.now().seconds();
        let half = URL_SAFE_NO_PAD.encode(&sha2::Sha256::digest(access_token.as_bytes())[..16]);
        let mut claims = json!({
            "iss": self.url, "aud": script.client, "iat": now, "exp": now + 300, "nonce": asked["nonce"], "at_hash": half,
        });
        lay_over(&mut claims, &self.claims[said("code")]);
        lay_over(&mut claims, &script.claims);
        let mut tokens = json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": signed(script, &claims),
        });
        lay_over(&mut tokens, &script.tokens);
        Ok((StatusCode::OK, tokens))
    }
}

fn key(number: u8) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap()
}

fn jwk(number: u8) -> Value {
    let point = key(number).verifying_key().to_encoded_point(false);
    let [x, y] = [point.x(), point.y()].map(|part| URL_SAFE_NO_PAD.encode(part.unwrap()));
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": format!("key-{number}"), "x": x, "y": y })
}

fn signed(script: &Script, claims: &Value) -> String {
    let algorithm = match script.signing.as_str() {
        "none" => "none",
        "public" => "HS256",
        _ => "ES256",
    };
    let mut head = json!({ "alg": algorithm, "kid": format!("key-{}", script.key), "typ": "JWT" });
    lay_over(&mut head, &script.head);
    let [head, claims] = [head, claims.clone()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{head}.{claims}");
    let by = |number| -> String {
        let signature: p256::ecdsa::Signature = key(number).sign(message.as_bytes());
        URL_SAFE_NO_PAD.encode(signature.to_bytes())
    };
    let signature = match script.signing.as_str() {
        "none" => String::new(),
        "public" => {
            let secret = key(script.key).verifying_key().to_encoded_point(false);
            let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
            jsonwebtoken::crypto::sign(message.as_bytes(), &secret, jsonwebtoken::Algorithm::HS256).unwrap()
        }
        "other" => by(script.key + 100),
        _ => by(script.key),
    };
    format!("{message}.{signature}")
}

/// Members that are null are taken away; the secret is one that may be none.
fn lay_over(under: &mut Value, over: &Value) {
    let (Some(under), Some(over)) = (under.as_object_mut(), over.as_object()) else { return };
    for (name, value) in over {
        if value.is_null() && name != "secret" {
            under.remove(name);
        } else {
            under.insert(name.clone(), value.clone());
        }
    }
}

fn pairs(text: &[u8]) -> Pairs {
    parse(text).into_owned().collect()
}

fn unguessable() -> String {
    hex(&chance::<16>().unwrap())
}

fn reply((status, body): Reply) -> Response<String> {
    let reply = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    reply.body(body.to_string()).unwrap()
}

fn moved(to: &str) -> Response<String> {
    Response::builder().status(StatusCode::FOUND).header(header::LOCATION, to).body(String::new()).unwrap()
}
