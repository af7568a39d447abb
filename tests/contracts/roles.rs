//! Is a role of a real Postgres good for its call and for nothing else, and gone when the call is?

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::call::CallId;
use countersign::clock::{Clock as _, SystemClock, Timestamp};
use countersign::credentials::Credentials;
use countersign::credentials::lease;
use countersign::credentials::maker::{Maker, Makers, Provider};
use countersign::credentials::material::Material;
use countersign::credentials::placing::{Place as Goes, Placement};
use countersign::credentials::postgres::ceiling::{Ceiling, Relation, Verb};
use countersign::credentials::postgres::{Options, Postgres};
use countersign::credentials::provider::{Bearer, Gone, NotMinted, Order, Revoked};
use countersign::credentials::wanted::{Kind, Wanted};
use countersign::digest::Digest;
use countersign::policy::finding::span::Span;
use countersign::secret::Secret;
use countersign::store::leases::{KeptLease, LeaseState, Over};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::place::Place;

crate::promises!(
    a_role_reaches_what_was_agreed_and_nothing_beside_it,
    a_role_that_is_dropped_ends_its_sessions,
    a_login_that_may_not_do_everything_makes_and_drops_roles,
    many_roles_at_once_stand_in_nobodys_way,
    a_thousand_roles_somebody_left_are_gone_within_moments,
    no_password_is_in_a_statement,
);

const TABLES: &str = "
CREATE TABLE orders (id SERIAL PRIMARY KEY, paid BOOLEAN NOT NULL DEFAULT false);
CREATE TABLE keys (id INTEGER);
INSERT INTO orders (paid) VALUES (false);
INSERT INTO keys VALUES (1)";

async fn run(on: &mut PgConnection, text: &str) -> Result<u64, sqlx::Error> {
    on.execute(AssertSqlSafe(text.to_owned())).await.map(|done| done.rows_affected())
}

async fn tables(place: &Place) -> PgConnection {
    let mut admin = PgConnection::connect(&place.url).await.unwrap();
    sqlx::raw_sql(TABLES).execute(&mut admin).await.unwrap();
    admin
}

fn provider(url: &str) -> Postgres {
    let every = BTreeSet::from([Verb::Select, Verb::Insert, Verb::Update, Verb::Delete]);
    let line = |name: &str| (Relation::of(name, "public").unwrap(), every.clone());
    Postgres::new(Options {
        url: Secret::new(url.to_owned()),
        schema: "public".to_owned(),
        ceiling: Ceiling::new([line("orders"), line("keys")]),
        statement_timeout: Duration::from_secs(5),
        connections: 2,
    })
    .unwrap()
}

/// What is planned for a statement that does this.
fn wanted(verbs: &[&str]) -> Wanted {
    Wanted {
        findings: vec!["db/login".to_owned()],
        provider: "orders".to_owned(),
        kind: Kind::Postgres,
        scope: None,
        reaches: vec![format!("{} on public.orders", verbs.join(", "))],
        ttl: Span::of_seconds(60).unwrap(),
        standing: false,
        into: Vec::new(),
        terms: json!({ "on": { "public.orders": verbs } }),
        covered: false,
    }
}

fn bearer() -> Bearer {
    Bearer {
        call: CallId::from_record("call-1"),
        digest: Digest::of_bytes("call", b"1"),
        principal: "os:ada".to_owned(),
        agent: None,
        person: None,
        server: "shop".to_owned(),
        target: "query".to_owned(),
        token: None,
    }
}

async fn mint(provider: &Postgres, verbs: &[&str]) -> Result<(String, Material), NotMinted> {
    let now = SystemClock.now();
    let name = lease::name(now).unwrap();
    let expires = Timestamp::from_micros(now.micros() + 60_000_000);
    let order = Order { lease: &name, wanted: &wanted(verbs), bearer: &bearer(), now, expires };
    let minted = provider.mint(&order).await?;
    assert_eq!(minted.handle.as_deref(), Some(format!("countersign_{name}").as_str()));
    Ok((name, minted.material))
}

async fn log_in(material: &Material) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect(material.part("url").unwrap().expose()).await
}

fn refused<T>(done: Result<T, sqlx::Error>) -> bool {
    let code = |error: &sqlx::Error| {
        error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned))
    };
    done.is_err_and(|error| matches!(code(&error).as_deref(), Some("42501" | "25006")))
}

async fn a_role_reaches_what_was_agreed_and_nothing_beside_it(place: Arc<Place>) {
    // A42, B02
    let mut admin = tables(&place).await;
    let provider = provider(&place.url);
    let (update, material) = mint(&provider, &["select", "update"]).await.unwrap();
    let mut on = log_in(&material).await.unwrap();
    assert_eq!(run(&mut on, "UPDATE orders SET paid = true WHERE id = 1").await.unwrap(), 1);
    for more in [
        "SELECT * FROM keys",
        "DELETE FROM orders",
        "INSERT INTO orders (paid) VALUES (true)",
        "CREATE TABLE mine (id INT)",
    ] {
        assert!(refused(run(&mut on, more).await), "{more}");
    }
    let (read, material) = mint(&provider, &["select"]).await.unwrap();
    let mut on = log_in(&material).await.unwrap();
    assert_eq!(run(&mut on, "SELECT * FROM orders").await.unwrap(), 1);
    assert!(refused(run(&mut on, "UPDATE orders SET paid = false").await), "it reads only");
    let (insert, material) = mint(&provider, &["insert"]).await.unwrap();
    let mut on = log_in(&material).await.unwrap();
    assert_eq!(
        run(&mut on, "INSERT INTO orders (paid) VALUES (true)").await.unwrap(),
        1,
        "its numbers come from a sequence"
    );
    let slow = "SELECT pg_sleep(60)";
    let begun = Instant::now();
    assert!(run(&mut on, slow).await.is_err() && begun.elapsed() < Duration::from_secs(30), "a statement has its time");
    for lease in [update, read, insert] {
        provider.revoke(&Gone { lease: &lease, handle: None }).await.unwrap();
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relacl::text LIKE '%countersign\\_0%'")
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert_eq!(left, 0, "no right of theirs is left");
}

async fn a_role_that_is_dropped_ends_its_sessions(place: Arc<Place>) {
    // A43, B02
    let _tables = tables(&place).await;
    let provider = provider(&place.url);
    let (lease, material) = mint(&provider, &["select"]).await.unwrap();
    let mut on = log_in(&material).await.unwrap();
    run(&mut on, "SELECT * FROM orders").await.unwrap();
    let gone = Gone { lease: &lease, handle: None };
    assert_eq!(provider.revoke(&gone).await.unwrap(), Revoked::Now);
    assert!(run(&mut on, "SELECT * FROM orders").await.is_err(), "a session that was open is over");
    assert!(log_in(&material).await.is_err(), "and there is no other");
    assert_eq!(provider.revoke(&gone).await.unwrap(), Revoked::Now, "what is gone is gone");
    let never = Gone { lease: "never", handle: None };
    assert_eq!(provider.revoke(&never).await.unwrap(), Revoked::Now);
}

async fn a_login_that_may_not_do_everything_makes_and_drops_roles(place: Arc<Place>) {
    let mut admin = tables(&place).await;
    let name = format!("broker_{}", lease::name(SystemClock.now()).unwrap());
    for text in [
        format!("CREATE ROLE {name} LOGIN CREATEROLE NOSUPERUSER PASSWORD 'its-own-password'"),
        format!("GRANT SELECT, UPDATE ON orders TO {name} WITH GRANT OPTION"),
        format!("GRANT USAGE ON SCHEMA public TO {name} WITH GRANT OPTION"),
    ] {
        run(&mut admin, &text).await.unwrap();
    }
    let mut url = url::Url::parse(&place.url).unwrap();
    url.set_username(&name).unwrap();
    url.set_password(Some("its-own-password")).unwrap();
    let provider = provider(url.as_str());
    let (lease, material) = mint(&provider, &["select", "update"]).await.unwrap();
    let mut on = log_in(&material).await.unwrap();
    assert_eq!(run(&mut on, "UPDATE orders SET paid = true").await.unwrap(), 1);
    provider.revoke(&Gone { lease: &lease, handle: None }).await.unwrap();
    assert!(run(&mut on, "SELECT * FROM orders").await.is_err() && log_in(&material).await.is_err());
    // CRE-02: it cannot hand on what it does not have, and then there is no role at all.
    let more = mint(&provider, &["delete"]).await;
    let Err(NotMinted::Refused(why)) = more else { panic!("it handed on what it does not have") };
    assert!(why.contains("orders") || why.contains("permission"), "{why}");
    drop(provider);
    for text in [format!("DROP OWNED BY {name}"), format!("DROP ROLE {name}")] {
        run(&mut admin, &text).await.unwrap();
    }
}

async fn many_roles_at_once_stand_in_nobodys_way(place: Arc<Place>) {
    let mut admin = tables(&place).await;
    let provider = provider(&place.url);
    let begun = Instant::now();
    let made = join_all((0..50).map(|_| mint(&provider, &["select", "insert", "update"]))).await;
    let took = begun.elapsed();
    let made: Vec<(String, Material)> =
        made.into_iter().map(|made| made.unwrap_or_else(|why| panic!("{why}"))).collect();
    for (_, material) in made.iter().take(5) {
        let mut on = log_in(material).await.unwrap();
        run(&mut on, "INSERT INTO orders (paid) VALUES (true)").await.unwrap();
    }
    let gone = made.iter().map(|(lease, _)| async { provider.revoke(&Gone { lease, handle: None }).await.unwrap() });
    assert!(join_all(gone).await.iter().all(|revoked| *revoked == Revoked::Now));
    let mut single: Vec<Duration> = Vec::new();
    for _ in 0..40 {
        let begun = Instant::now();
        let (lease, _) = mint(&provider, &["select"]).await.unwrap_or_else(|why| panic!("{why}"));
        single.push(begun.elapsed());
        provider.revoke(&Gone { lease: &lease, handle: None }).await.unwrap();
    }
    single.sort();
    let left: Vec<String> =
        sqlx::query_scalar("SELECT rolname::text FROM pg_roles").fetch_all(&mut admin).await.unwrap();
    assert!(!made.iter().any(|(lease, _)| left.contains(&format!("countersign_{lease}"))), "{left:?}");
    let text = format!("50 roles at once in {took:?}; one takes {:?} at the median\n", single[20]);
    std::io::stdout().write_all(text.as_bytes()).unwrap();
    assert!(took < Duration::from_secs(20), "{took:?}");
}

async fn a_thousand_roles_somebody_left_are_gone_within_moments(place: Arc<Place>) {
    // A43
    let mut admin = tables(&place).await;
    let store = place.open().await;
    let now = SystemClock.now();
    let mut names = Vec::new();
    for _ in 0..1000 {
        let name = lease::name(now).unwrap();
        run(&mut admin, &format!("CREATE ROLE countersign_{name} LOGIN")).await.unwrap();
        run(&mut admin, &format!("GRANT SELECT ON orders TO countersign_{name}")).await.unwrap();
        let kept = KeptLease {
            id: name.clone(),
            call: "call-1".to_owned(),
            principal: "os:ada".to_owned(),
            server: "shop".to_owned(),
            provider: "orders".to_owned(),
            kind: "postgres".to_owned(),
            reaches: Vec::new(),
            handle: None,
            state: LeaseState::Minting,
            made: now,
            expires: now,
            tries: 0,
            trouble: None,
            ended: None,
        };
        store.open_lease(&kept, ("somebody who died", now)).await.unwrap();
        names.push(name);
    }
    let provider = Provider::Postgres(Box::new(provider(&place.url)));
    let maker = Maker { name: "orders".into(), max_ttl: Span::of_seconds(60).unwrap(), provider };
    let credentials =
        Credentials::beside(Makers { all: vec![maker], keys: None }, store.clone(), Span::of_seconds(5).unwrap());
    let begun = Instant::now();
    assert_eq!(credentials.reap().await.unwrap(), 1000);
    let took = begun.elapsed();
    std::io::stdout().write_all(format!("1000 roles were gone after {took:?}\n").as_bytes()).unwrap();
    assert!(store.list_leases(Over::LeftOut, 10).await.unwrap().is_empty());
    let left: Vec<String> =
        sqlx::query_scalar("SELECT rolname::text FROM pg_roles").fetch_all(&mut admin).await.unwrap();
    assert!(!names.iter().any(|name| left.contains(&format!("countersign_{name}"))));
    assert!(took < Duration::from_secs(30), "{took:?}");
    store.close().await;
}

async fn no_password_is_in_a_statement(place: Arc<Place>) {
    // A40: a database that logs its statements logs no password.
    let mut admin = tables(&place).await;
    let provider = provider(&place.url);
    let (lease, material) = mint(&provider, &["select"]).await.unwrap();
    let kept: String = sqlx::query_scalar("SELECT rolpassword FROM pg_authid WHERE rolname = $1")
        .bind(format!("countersign_{lease}"))
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert!(kept.starts_with("SCRAM-SHA-256$4096:"), "{kept}");
    log_in(&material).await.unwrap();
    let log = std::fs::read_to_string(std::env::var("COUNTERSIGN_TEST_POSTGRES_LOG").unwrap()).unwrap();
    let role = format!("countersign_{lease}");
    assert!(log.contains(&format!("CREATE ROLE \"{role}\"")), "the server logs statements");
    assert!(!log.contains(material.part("password").unwrap().expose()));
    provider.revoke(&Gone { lease: &lease, handle: None }).await.unwrap();
    // Lent by a gateway, it goes into the one place that was said.
    let maker = Maker {
        name: "orders".into(),
        max_ttl: Span::of_seconds(60).unwrap(),
        provider: Provider::Postgres(Box::new(provider)),
    };
    let store = place.open().await;
    let credentials =
        Credentials::beside(Makers { all: vec![maker], keys: None }, store.clone(), Span::of_seconds(5).unwrap());
    let goes = Placement {
        provider: "orders".into(),
        places: vec![(Goes::Variable("DATABASE_URL".to_owned()), "{url}".to_owned())],
    };
    let lent = credentials.lend(vec![wanted(&["select"])], vec![goes], bearer()).await.unwrap();
    assert!(lent.lease.placed().needs_process());
    lent.custody.end().await;
    assert!(store.list_leases(Over::LeftOut, 10).await.unwrap().is_empty());
    store.close().await;
}
