//! How does a role come about, and how does it go?
//!
//! Both in one transaction, one after the other on the whole database: two grants on one relation at a time are an error to
//! Postgres, and would be a deadlock with several relations.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgPool, Postgres, Transaction};

use super::Options;
use super::ceiling::{Relation, Verb, words};
use super::plan::Rights;
use super::verifier::verifier;
use crate::clock::{Timestamp, chance};
use crate::credentials::provider::{NotMinted, NotRevoked};
use crate::secret::Secret;

/// Whoever is in by it is put out.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
/// Whoever makes or drops a role has this lock of the database until it is done.
const TURN: &str = "SELECT pg_advisory_xact_lock(7155240263912093801)";

/// The name of the role of a lease. Nobody else's role is ever called so.
pub(super) fn name(lease: &str) -> String {
    format!("countersign_{lease}")
}

/// Makes a role with these rights and no others.
pub(super) async fn make(
    pool: &PgPool,
    options: &Options,
    (name, password, rights): (&str, &Secret, &Rights),
    expires: Timestamp,
) -> Result<(), NotMinted> {
    let salt = chance::<16>().map_err(|error| NotMinted::Unavailable(error.to_string()))?;
    let verifier = verifier(password, &salt);
    let mut work = pool.begin().await.map_err(|error| NotMinted::Unavailable(unreachable(&error)))?;
    let role = quoted(name);
    let mut all = vec![
        TURN.to_owned(),
        format!(
            "CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS \
             CONNECTION LIMIT {} PASSWORD '{verifier}' VALID UNTIL '{expires}'",
            options.connections
        ),
    ];
    all.extend(settings(options, &role, rights));
    let grant = |(relation, verbs)| format!("GRANT {} ON TABLE {} TO {role}", words(verbs), full(relation));
    all.extend(rights.on.iter().map(grant));
    // Nothing that was done so far stays without the commit. All at once: each way there and back would be waited for.
    let refused = |error: sqlx::Error| match &error {
        sqlx::Error::Database(_) => NotMinted::Refused(format!("the database makes no such role: {}", told(&error))),
        _ => NotMinted::Unavailable(unreachable(&error)),
    };
    run(&mut work, &all.join(";")).await.map_err(refused)?;
    for (relation, _) in rights.on.iter().filter(|(_, verbs)| verbs.contains(&Verb::Insert)) {
        sequences(&mut work, relation, &role).await.map_err(refused)?;
    }
    holds(&mut work, name, rights).await.map_err(refused)?.map_err(NotMinted::Refused)?;
    // Whether a commit without an answer happened nobody knows.
    work.commit().await.map_err(|error| NotMinted::Unsure(unreachable(&error)))
}

/// Whether it got everything: to grant what one may not hand on is a warning to Postgres, and no error.
async fn holds(
    work: &mut Transaction<'_, Postgres>,
    name: &str,
    rights: &Rights,
) -> Result<Result<(), String>, sqlx::Error> {
    const LACKS: &str = "
SELECT verb || ' on ' || relation FROM unnest($2::text[], $3::text[], $4::text[]) AS wanted (relation, place, verb)
WHERE NOT has_table_privilege($1, place, verb) LIMIT 1";
    let (mut relations, mut places, mut verbs) = (Vec::new(), Vec::new(), Vec::new());
    for (relation, each) in &rights.on {
        for verb in each {
            relations.push(relation.to_string());
            places.push(full(relation));
            verbs.push(verb.word());
        }
    }
    let lacks = sqlx::query_scalar(LACKS).bind(name).bind(relations).bind(places).bind(verbs);
    let lacks: Option<String> = lacks.fetch_optional(&mut **work).await?;
    Ok(lacks.map_or(Ok(()), |lacks| {
        Err(format!("the login that makes roles may not hand on {lacks}; grant it that WITH GRANT OPTION"))
    }))
}

/// What a role is held to beside its rights.
fn settings(options: &Options, role: &str, rights: &Rights) -> Vec<String> {
    let timeout = options.statement_timeout.as_millis();
    let mut all = vec![
        // Whoever drops it later needs its rights, unless it may do everything anyway.
        format!("GRANT {role} TO CURRENT_USER"),
        format!("ALTER ROLE {role} SET statement_timeout = {timeout}"),
        format!("ALTER ROLE {role} SET idle_in_transaction_session_timeout = {timeout}"),
        format!("ALTER ROLE {role} SET search_path = {}", quoted(&options.schema)),
    ];
    if rights.on.values().flatten().all(|verb| *verb == Verb::Select) {
        all.push(format!("ALTER ROLE {role} SET default_transaction_read_only = on"));
    }
    let schemas: BTreeSet<&str> = rights.on.keys().map(|relation| relation.schema.as_str()).collect();
    all.extend(schemas.into_iter().map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {role}", quoted(schema))));
    all
}

/// Rows are numbered by sequences that belong to the relation's columns.
async fn sequences(work: &mut Transaction<'_, Postgres>, relation: &Relation, role: &str) -> Result<(), sqlx::Error> {
    const OWNED: &str = "
SELECT n.nspname::text, s.relname::text FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace n ON n.oid = s.relnamespace
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' AND d.refobjid = $1::regclass";
    let owned: Vec<(String, String)> = sqlx::query_as(OWNED).bind(full(relation)).fetch_all(&mut **work).await?;
    for (schema, name) in owned {
        let statement = format!("GRANT USAGE ON SEQUENCE {}.{} TO {role}", quoted(&schema), quoted(&name));
        run(work, &statement).await?;
    }
    Ok(())
}

/// Drops a role: first nobody comes in with it any more, then whoever is in goes, then it goes with all its rights. One that
/// is not there is dropped already.
pub(super) async fn drop(pool: &PgPool, name: &str) -> Result<(), NotRevoked> {
    let failed = |error: sqlx::Error| NotRevoked(format!("the role {name} could not be dropped: {}", told(&error)));
    let mut on = pool.acquire().await.map_err(failed)?;
    let there = sqlx::query_scalar("SELECT 1 FROM pg_roles WHERE rolname = $1").bind(name);
    let there: Option<i32> = there.fetch_optional(&mut *on).await.map_err(failed)?;
    if there.is_none() {
        return Ok(());
    }
    let role = quoted(name);
    let shut = on.execute(AssertSqlSafe(format!("ALTER ROLE {role} NOLOGIN"))).await;
    // Another gateway may have been faster.
    if let Err(error) = shut {
        return if is_gone(&error) { Ok(()) } else { Err(failed(error)) };
    }
    sqlx::query(END).bind(name).execute(&mut *on).await.map_err(failed)?;
    let mut work = on.begin().await.map_err(failed)?;
    run(&mut work, TURN).await.map_err(failed)?;
    match run(&mut work, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await {
        Ok(()) => {}
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    work.commit().await.map_err(failed)
}

/// Whether it says that there is no such role.
fn is_gone(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "42704")
}

async fn run(work: &mut Transaction<'_, Postgres>, statement: &str) -> Result<(), sqlx::Error> {
    // Names are quoted and rights are words of ours: nothing of a caller stands in a statement as it is.
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut **work).await.map(|_| ())
}

fn full(relation: &Relation) -> String {
    format!("{}.{}", quoted(&relation.schema), quoted(&relation.name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn unreachable(error: &sqlx::Error) -> String {
    format!("the database cannot be reached: {}", told(error))
}

/// What the database said, and nothing of an address or a statement.
fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::PoolTimedOut => "no connection within 5 s".to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(_) => "the encrypted connection failed".to_owned(),
        _ => "the connection failed".to_owned(),
    }
}
