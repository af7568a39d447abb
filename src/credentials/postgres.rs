//! A role of a Postgres database: made for one call, granted exactly what the call's statement names, dropped after it.
//!
//! What a statement reads and changes is known before anybody decides ([`plan`]); [`ceiling`] is what the configuration allows
//! at most. The role is made with a password of which the database is told only the verifier, so that no log of the server
//! ever has it. Dropping it first ends its sessions: a role that is gone has no use.

pub mod ceiling;
mod plan;
mod role;
mod verifier;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use self::ceiling::Ceiling;
use super::material::{Hush, Material};
use super::provider::{Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{About, Asked, Planned, Unfit};
use crate::secret::Secret;

/// What the configuration says of one database.
#[derive(Clone)]
pub struct Options {
    /// The login that may make roles and hand on what they get.
    pub url: Secret,
    /// Where names without a schema are looked for.
    pub schema: String,
    /// What any role may get at most.
    pub ceiling: Ceiling,
    /// How long one statement of a role may take.
    pub statement_timeout: Duration,
    /// How many connections one role may have.
    pub connections: u32,
}

/// One database.
#[derive(Clone, Debug)]
pub struct Postgres {
    pool: PgPool,
    place: Place,
    options: Options,
}

/// Where the database is, for whoever uses a role of it.
#[derive(Clone, Debug)]
struct Place {
    host: String,
    port: u16,
    database: String,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("schema", &self.schema).field("ceiling", &self.ceiling).finish_non_exhaustive()
    }
}

/// Roles are made one after the other, so that more connections only wait.
const CONNECTIONS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(5);

impl Postgres {
    /// Connects when the first role is made.
    pub fn new(options: Options) -> Result<Self, Unfit> {
        let unfit = || {
            Unfit("`url` is no address of a Postgres database: postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned())
        };
        let connect: PgConnectOptions = options.url.expose().parse().map_err(|_| unfit())?;
        let place = Place {
            host: connect.get_host().to_owned(),
            port: connect.get_port(),
            database: connect.get_database().unwrap_or_else(|| connect.get_username()).to_owned(),
        };
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(connect.application_name("countersign"));
        Ok(Self { pool, place, options })
    }

    /// What role would be made for this call.
    pub fn plan(&self, asked: &Asked<'_>, about: &About<'_>) -> Result<Planned, Unfit> {
        plan::plan(&self.options, asked, about)
    }

    /// Makes it.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let rights = plan::rights(&order.wanted.terms)?;
        let password = verifier::password().map_err(|error| NotMinted::Unavailable(error.to_string()))?;
        let name = role::name(order.lease);
        role::make(&self.pool, &self.options, (&name, &password, &rights), order.expires).await?;
        Ok(Minted {
            material: self.material(&name, &password),
            handle: Some(name),
            expires: order.expires,
            scope: None,
        })
    }

    /// Ends its sessions and drops it, with everything it was granted. What was never made is gone already.
    pub async fn revoke(&self, gone: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        role::drop(&self.pool, &role::name(gone.lease)).await?;
        Ok(Revoked::Now)
    }

    fn material(&self, name: &str, password: &Secret) -> Material {
        let Place { host, port, database } = &self.place;
        let port = port.to_string();
        // A directory of sockets has no place in the address itself.
        let (authority, query) = if host.starts_with('/') {
            (String::new(), format!("?host={host}&port={port}"))
        } else {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            (format!("{host}:{port}"), String::new())
        };
        let url = format!("postgresql://{name}:{}@{authority}/{database}{query}", password.expose());
        let open = |text: &str| Secret::new(text.to_owned());
        Material::empty()
            .with("username", open(name), Hush::Open)
            .with("password", password.clone(), Hush::Secret)
            .with("host", open(host), Hush::Open)
            .with("port", open(&port), Hush::Open)
            .with("database", open(database), Hush::Open)
            .with("url", Secret::new(url), Hush::Secret)
    }
}
