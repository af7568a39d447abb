//! Who is signed in by a provider, who is not, and what is said about it: stories with a real provider on loopback.

use std::time::Duration;

use countersign::call::caller::{Caller, Person, Proof};
use countersign::clock::{Clock as _, SystemClock, Timestamp};
use countersign::identity::Reach;
use countersign::identity::sign_in::oidc::{
    Begun, Disbelief, EmailRule, Finished, PersonClaims, ProviderOptions, Providers, SignInFault,
};
use countersign::secret::Secret;
use countersign::store::{Durability, Store, StoreOptions};
use serde_json::{Value, json};

use crate::provider::Provider;
use crate::world::LOG;

struct World {
    provider: Provider,
    providers: Providers,
    store: Store,
    browser: reqwest::Client,
}

fn options(provider: &Provider) -> ProviderOptions {
    ProviderOptions {
        name: "acme".to_owned(),
        label: "Acme".to_owned(),
        issuer: provider.url.clone(),
        client_id: "countersign".to_owned(),
        client_secret: None,
        scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
        claims: PersonClaims { user: "email".to_owned(), name: "name".to_owned(), groups: "groups".to_owned() },
        email: EmailRule::Verified,
        reach: Reach::Public,
        clock_skew: Duration::from_mins(1),
    }
}

impl World {
    async fn new() -> Self {
        Self::with(|options| options).await
    }

    async fn with(change: impl Fn(ProviderOptions) -> ProviderOptions) -> Self {
        std::sync::LazyLock::force(&LOG);
        let provider = Provider::start(0).await;
        let options = change(options(&provider));
        let providers = Providers::new(&[options], &"https://gw.example.com".parse().unwrap()).unwrap();
        let store = Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap();
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { provider, providers, store, browser }
    }

    async fn script(&self, script: &Value) {
        let url = format!("{}/script", self.provider.url);
        let said = self.browser.post(url).body(script.to_string()).send().await.unwrap().text().await.unwrap();
        assert_eq!(said, "{}", "{script}");
    }

    async fn asked(&self, path: &str) -> u64 {
        let asked =
            self.browser.get(format!("{}/asked", self.provider.url)).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&asked).unwrap()[path].as_u64().unwrap_or(0)
    }

    async fn begin(&self) -> Begun {
        self.providers.begin("acme", "/calls/1", &self.store, now()).await.unwrap()
    }

    /// Goes where the browser is sent; yields the query it comes back with.
    async fn go(&self, begun: &Begun) -> String {
        let answer = self.browser.get(begun.to.clone()).send().await.unwrap();
        let back = answer.headers()["location"].to_str().unwrap();
        back.strip_prefix("https://gw.example.com/sign-in/callback?").unwrap().to_owned()
    }

    /// Comes back. Whatever the answer, nothing secret is left anywhere people look.
    async fn finish(&self, query: &str, browser: Option<&str>) -> Result<Finished, SignInFault> {
        let result = self.providers.finish(query, browser, &self.store, now()).await;
        let mut said = format!("{result:?} {:?}", self.providers);
        said.extend(result.as_ref().err().map(ToString::to_string));
        said.push_str(&String::from_utf8_lossy(&LOG.0.lock().unwrap()));
        for secret in [query.split('&').next(), browser, Some("hostile")].into_iter().flatten() {
            assert!(secret.len() < 6 || !said.contains(secret), "something secret was repeated: {secret}");
        }
        result
    }

    async fn sign_in(&self) -> Result<Finished, SignInFault> {
        let begun = self.begin().await;
        let query = self.go(&begun).await;
        self.finish(&query, Some(begun.browser.expose())).await
    }

    /// Signs in while the provider does something it should not; it behaves again afterwards.
    async fn sign_in_while(&self, script: Value) -> Result<Finished, SignInFault> {
        self.script(&script).await;
        let result = self.sign_in().await;
        let none = json!({ "answer": {}, "head": {}, "claims": {}, "tokens": {}, "signing": "own" });
        self.script(&none).await;
        result
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_micros(now().micros() + seconds * 1_000_000)
}

#[tokio::test]
async fn a_person_signs_in_and_goes_on_where_they_were() {
    let world = World::new().await;
    assert_eq!(world.providers.all().collect::<Vec<_>>(), [("acme", "Acme")]);
    let Finished { caller, return_to, provider } = world.sign_in().await.unwrap();
    assert_eq!((return_to.as_str(), provider.as_str()), ("/calls/1", "acme"));
    let Proof::Token { issuer, scopes, delegation, expires } = &caller.proof else { panic!("a token") };
    assert!(*issuer == world.provider.url && scopes.is_empty() && delegation.is_empty());
    assert!((200..500).contains(&(expires - now().seconds())), "{expires}");
    let expected = Caller {
        principal: format!("{}#4711", world.provider.url),
        agent: None,
        user: Some(Person { id: "ada@example.com".to_owned(), name: Some("Ada".to_owned()) }),
        groups: vec!["dba".to_owned()],
        proof: caller.proof.clone(),
    };
    assert_eq!(caller, expected);
    // What it says of itself is kept, and nobody asks for user info.
    world.sign_in().await.unwrap();
    assert_eq!((world.asked("/userinfo").await, world.asked("/token").await), (0, 2));
    assert!(world.asked("/.well-known/openid-configuration").await <= 2);
    assert_eq!(world.asked("/keys").await, 1);
}

#[tokio::test]
async fn the_question_has_all_that_makes_it_safe() {
    let world = World::new().await;
    let [one, other] = [world.begin().await, world.begin().await];
    let said = |begun: &Begun, name: &str| {
        begun.to.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "countersign"),
        ("redirect_uri", "https://gw.example.com/sign-in/callback"),
        ("code_challenge_method", "S256"),
        ("scope", "openid email profile"),
    ] {
        assert_eq!(said(&one, name), value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(said(&one, name).len() >= 43 && said(&one, name) != said(&other, name), "{name}");
        assert!(!one.to.as_str().contains(one.browser.expose()));
    }
    assert!(matches!(world.providers.begin("nobody", "/", &world.store, now()).await, Err(SignInFault::Unknown)));
}

/// IDN-01, IDN-02, as far as identity tokens go.
#[tokio::test]
async fn a_token_that_is_wrong_in_any_way_signs_nobody_in() {
    let world = World::new().await;
    let (past, future) = (now().seconds() - 3600, now().seconds() + 3600);
    let both = json!(["ES256", "HS256", "none"]);
    world.script(&json!({ "document": { "id_token_signing_alg_values_supported": both } })).await;
    let cases = [
        (json!({ "claims": { "aud": "another" } }), "audience"),
        (json!({ "claims": { "aud": null } }), "audience"),
        (json!({ "claims": { "aud": ["countersign", "another"] } }), "party"),
        (json!({ "claims": { "aud": ["countersign", "another"], "azp": "another" } }), "party"),
        (json!({ "claims": { "azp": "another" } }), "party"),
        (json!({ "claims": { "iss": "https://evil.example" } }), "issuer"),
        (json!({ "claims": { "iss": format!("{}/", world.provider.url) } }), "issuer"),
        (json!({ "claims": { "nonce": "another" } }), "nonce"),
        (json!({ "claims": { "nonce": null } }), "nonce"),
        (json!({ "claims": { "exp": past } }), "expired"),
        (json!({ "claims": { "exp": null } }), "unfit"),
        (json!({ "claims": { "nbf": future } }), "not_yet"),
        (json!({ "claims": { "iat": future, "exp": future + 60 } }), "not_yet"),
        (json!({ "claims": { "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" } }), "access_token"),
        (json!({ "claims": { "at_hash": 7 } }), "unfit"),
        (json!({ "claims": { "sub": "" } }), "claims"),
        (json!({ "claims": { "groups": { "dba": true } } }), "claims"),
        (json!({ "claims": { "groups": null, "_claim_names": { "groups": "src1" } } }), "claims"),
        (json!({ "signing": "none" }), "algorithm"),
        (json!({ "signing": "public" }), "algorithm"),
        (json!({ "signing": "other" }), "signature"),
        (json!({ "head": { "kid": "another" } }), "signing_key"),
        (json!({ "head": { "alg": "EdDSA" } }), "unannounced"),
        (json!({ "head": { "crit": ["x"] } }), "kind"),
    ];
    for (script, why) in cases {
        let result = world.sign_in_while(script.clone()).await;
        let class = match result.unwrap_err() {
            SignInFault::NotBelieved(_, Disbelief::Token(reason)) => reason.class(),
            SignInFault::NotBelieved(_, Disbelief::Unannounced) => "unannounced",
            SignInFault::NotBelieved(_, Disbelief::Nonce) => "nonce",
            SignInFault::NotBelieved(_, Disbelief::Party) => "party",
            SignInFault::NotBelieved(_, Disbelief::AccessToken) => "access_token",
            SignInFault::NotBelieved(_, Disbelief::Claims) => "claims",
            other => other.class(),
        };
        assert_eq!(class, why, "{script}");
    }
    // None of it stays: honest people are signed in, also where the clock is a little off or the token says more.
    for fine in [
        json!({}),
        json!({ "claims": { "at_hash": null } }),
        json!({ "claims": { "aud": ["countersign"], "azp": "countersign" } }),
        json!({ "claims": { "aud": ["countersign", "another"], "azp": "countersign" } }),
        json!({ "claims": { "exp": now().seconds() - 30, "nbf": now().seconds() + 30 } }),
        json!({ "claims": { "updated_at": "2026-11-22T03:00:00Z" } }),
    ] {
        assert!(world.sign_in_while(fine.clone()).await.is_ok(), "{fine}");
    }
}

/// Login CSRF: nobody is signed in to an account of somebody else by a link, and nothing is taken twice.
#[tokio::test]
async fn a_sign_in_counts_once_and_only_in_the_browser_that_began_it() {
    let world = World::new().await;
    let begun = world.begin().await;
    let query = world.go(&begun).await;
    assert!(world.finish(&query, Some(begun.browser.expose())).await.is_ok());
    assert!(matches!(world.finish(&query, Some(begun.browser.expose())).await, Err(SignInFault::NotBegun)), "twice");

    let [attacker, victim] = [world.begin().await, world.begin().await];
    let link = world.go(&attacker).await;
    let result = world.finish(&link, Some(victim.browser.expose())).await;
    assert!(matches!(result, Err(SignInFault::OtherBrowser)), "{result:?}");
    let result = world.finish(&link, Some(attacker.browser.expose())).await;
    assert!(matches!(result, Err(SignInFault::NotBegun)), "it is used up: {result:?}");
    let link = world.go(&world.begin().await).await;
    assert!(matches!(world.finish(&link, None).await, Err(SignInFault::OtherBrowser)));

    // A code from one sign-in under the state of another: the provider looks at the verifier (PKCE).
    let code = world.go(&world.begin().await).await.split('&').next().unwrap().to_owned();
    let mine = world.go(&victim).await;
    let swapped = format!("{code}&{}", mine.split_once('&').unwrap().1);
    let result = world.finish(&swapped, Some(victim.browser.expose())).await;
    assert!(matches!(result, Err(SignInFault::Refused(..))), "{result:?}");

    let slow = world.begin().await;
    let query = world.go(&slow).await;
    let late = world.providers.finish(&query, Some(slow.browser.expose()), &world.store, later(601)).await;
    assert!(matches!(late, Err(SignInFault::NotBegun)), "{late:?}");
    assert!(matches!(world.finish("state=x&code=y", None).await, Err(SignInFault::NotBegun)), "never begun");
    assert!(matches!(world.finish("code=y", None).await, Err(SignInFault::Unreadable)));
}

#[tokio::test]
async fn an_answer_of_another_provider_or_a_refusal_signs_nobody_in() {
    let world = World::new().await;
    for (answer, class, said) in [
        (json!({ "iss": "https://evil.example" }), "other_issuer", "does not come from Acme"),
        // It announced that it always says who answers (RFC 9207).
        (json!({ "iss": null }), "other_issuer", "does not come from Acme"),
        (json!({ "code": null, "error": "access_denied" }), "declined", "you or it refused"),
        (json!({ "code": null, "error": "temporarily_unavailable" }), "declined", "try again in a moment"),
        (json!({ "code": null, "error": "<b>hostile" }), "declined", "did not say why in a way known here"),
        (json!({ "error": "access_denied" }), "unreadable", "cannot be read"),
        (json!({ "code": "guessed" }), "refused", "begin again"),
    ] {
        let fault = world.sign_in_while(json!({ "answer": answer })).await.unwrap_err();
        assert!(fault.class() == class && fault.to_string().contains(said), "{answer}: {fault}");
    }
    for (tokens, class) in [(json!({ "id_token": null }), "unfit"), (json!({ "id_token": "x.y" }), "unfit")] {
        let fault = world.sign_in_while(json!({ "tokens": tokens })).await.unwrap_err();
        assert_eq!(fault.class(), class, "{tokens}: {fault}");
    }
    let fault = world.sign_in_while(json!({ "answer": {}, "secret": "it has one now" })).await.unwrap_err();
    assert!(fault.to_string().contains("look at `client_id` and `client_secret`"), "{fault}");
}

#[tokio::test]
async fn a_provider_without_the_answers_issuer_is_fine_when_it_never_promised_one() {
    let world = World::new().await;
    world.script(&json!({ "document": { "authorization_response_iss_parameter_supported": null }, "answer": { "iss": null } })).await;
    assert!(world.sign_in().await.is_ok());
}

#[tokio::test]
async fn a_secret_goes_where_the_provider_wants_it() {
    let with_secret = |options| ProviderOptions { client_secret: Some(Secret::new("p:5%J2+m0 Qx7".into())), ..options };
    for ways in [json!(null), json!(["client_secret_basic"]), json!(["client_secret_post"])] {
        let world = World::with(with_secret).await;
        let document = json!({ "token_endpoint_auth_methods_supported": ways });
        world.script(&json!({ "secret": "p:5%J2+m0 Qx7", "document": document })).await;
        assert!(world.sign_in().await.is_ok(), "{ways}");
        world.script(&json!({ "secret": "another" })).await;
        assert!(matches!(world.sign_in().await, Err(SignInFault::Refused(..))), "{ways}");
    }
}

#[tokio::test]
async fn a_person_is_named_by_what_is_verified() {
    let me = |world: &World| format!("{}#4711", world.provider.url);
    let world = World::new().await;
    for (person, named) in [
        (json!({ "sub": "4711", "email": "a@example.com", "email_verified": true }), Some("a@example.com")),
        (json!({ "sub": "4711", "email": "a@example.com", "email_verified": "true" }), Some("a@example.com")),
        (json!({ "sub": "4711", "email": "a@example.com", "email_verified": false }), None),
        (json!({ "sub": "4711", "email": "a@example.com", "email_verified": "false" }), None),
        (json!({ "sub": "4711", "email": "a@example.com" }), None),
        (json!({ "sub": "4711" }), None),
    ] {
        world.script(&json!({ "person": person })).await;
        let caller = world.sign_in().await.unwrap().caller;
        let expected = named.map_or_else(|| me(&world), str::to_owned);
        assert_eq!(caller.user.unwrap(), Person { id: expected, name: None }, "{person}");
        assert!(caller.groups.is_empty(), "{person}");
    }
    let trusting = World::with(|options| ProviderOptions { email: EmailRule::Trusted, ..options }).await;
    trusting.script(&json!({ "person": { "sub": "4711", "email": "a@example.com" } })).await;
    assert_eq!(trusting.sign_in().await.unwrap().caller.user.unwrap().id, "a@example.com");
    let claims = PersonClaims { user: "upn".into(), name: "given".into(), groups: "realm.roles".into() };
    let other = World::with(|options| ProviderOptions { claims: claims.clone(), ..options }).await;
    let person = json!({ "sub": "4711", "upn": "ada", "given": "Ada L", "groups": ["no"], "realm": { "roles": ["dba", "ops"] } });
    other.script(&json!({ "person": person })).await;
    let caller = other.sign_in().await.unwrap().caller;
    assert_eq!(caller.user, Some(Person { id: "ada".into(), name: Some("Ada L".into()) }));
    assert_eq!(caller.groups, ["dba", "ops"]);
    other.script(&json!({ "person": { "sub": "4711", "realm": { "roles": "dba" } } })).await;
    assert_eq!(other.sign_in().await.unwrap().caller.groups, ["dba"]);
}

#[tokio::test]
async fn a_new_key_is_known_at_once_and_an_old_one_no_more() {
    let world = World::new().await;
    let sign_in = async |seconds| {
        let begun = world.begin().await;
        let query = world.go(&begun).await;
        world.providers.finish(&query, Some(begun.browser.expose()), &world.store, later(seconds)).await
    };
    assert!(sign_in(0).await.is_ok());
    world.script(&json!({ "key": 2 })).await;
    assert!(sign_in(12).await.is_ok());
    assert_eq!(world.asked("/keys").await, 2);
    // The same name for another key is another key, once the old ones are too old to be believed.
    world.script(&json!({ "key": 3, "head": { "kid": "key-2" } })).await;
    assert!(matches!(sign_in(13).await, Err(SignInFault::NotBelieved(..))));
}

#[tokio::test]
async fn a_provider_that_is_away_or_unfit_is_told_and_asked_again_later() {
    let world = World::new().await;
    let start = async |seconds| world.providers.begin("acme", "/", &world.store, later(seconds)).await.map(drop);
    let document = "/.well-known/openid-configuration";
    world.script(&json!({ "away": true })).await;
    for _ in 0..3 {
        let fault = start(0).await.unwrap_err();
        assert!(fault.to_string().starts_with("Acme cannot be reached"), "{fault}");
    }
    assert_eq!(world.asked(document).await, 1, "it is left alone for a moment");
    world.script(&json!({ "away": false, "document": { "issuer": "https://evil.example" } })).await;
    assert!(matches!(start(10).await, Err(SignInFault::Away(_))), "it speaks for somebody else");
    let local = |path: &str| format!("{}{path}", world.provider.url);
    for (number, unfit) in (2..).zip([
        json!({ "id_token_signing_alg_values_supported": ["none", "HS256"] }),
        json!({ "id_token_signing_alg_values_supported": null }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "authorization_endpoint": null }),
        json!({ "token_endpoint": "http://10.0.0.1/token" }),
        json!({ "token_endpoint": "file:///etc/passwd" }),
    ]) {
        let all = json!({ "issuer": local(""), "token_endpoint": local("/token") });
        let mut script = json!({ "document": all });
        for (name, value) in unfit.as_object().unwrap() {
            script["document"][name] = value.clone();
        }
        world.script(&script).await;
        assert!(matches!(start(number * 10).await, Err(SignInFault::Unfit(..))), "{unfit}");
    }
    world.script(&json!({ "document": {} })).await;
    assert!(start(100).await.is_ok());
    // Once it is known, it may be away for a while; tokens are not to be had then.
    world.script(&json!({ "away": true })).await;
    assert!(start(4000).await.is_ok());
    let begun = world.begin().await;
    let result = world.finish("state=x&code=y", Some(begun.browser.expose())).await;
    assert!(matches!(result, Err(SignInFault::NotBegun)));
    world.script(&json!({ "away": false })).await;
    let query = world.go(&begun).await;
    world.script(&json!({ "away": true })).await;
    assert!(matches!(world.finish(&query, Some(begun.browser.expose())).await, Err(SignInFault::Away(_))));
}

#[tokio::test]
async fn somebody_in_many_groups_is_signed_in_with_all_of_them() {
    let world = World::new().await;
    let groups: Vec<String> = (0..300).map(|number| format!("aaaaaaaa-bbbb-cccc-dddd-{number:012}")).collect();
    world.script(&json!({ "person": { "sub": "4711", "groups": groups } })).await;
    assert_eq!(world.sign_in().await.unwrap().caller.groups, groups);
}
