//! Where does a test keep its database?

use countersign::audit::entry::{Entry, Event, Fault, Operated};
use countersign::call::CallId;
use countersign::clock::{Timestamp, chance};
use countersign::store::{Durability, Store, StoreOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// Which database a promise is asked of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// A database of its own for one test.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    directory: tempfile::TempDir,
    name: Option<String>,
}

/// The server that Postgres databases are made on.
pub(crate) fn postgres() -> Option<String> {
    std::env::var("COUNTERSIGN_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// The proxies in front of it.
pub(crate) fn proxies() -> Vec<String> {
    let urls = std::env::var("COUNTERSIGN_TEST_PROXIES").unwrap_or_default();
    urls.split_whitespace().map(str::to_owned).collect()
}

impl Place {
    pub(crate) async fn make(database: Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        match database {
            Database::Sqlite => {
                Self { url: format!("sqlite:{}", directory.path().join("book.db").display()), directory, name: None }
            }
            Database::Postgres => {
                let name = format!("countersign_{:032x}", u128::from_be_bytes(chance().unwrap()));
                admin(&format!("CREATE DATABASE {name}")).await;
                let mut url = url::Url::parse(&postgres().unwrap()).unwrap();
                url.set_path(&name);
                Self { url: url.into(), directory, name: Some(name) }
            }
        }
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("book.db")
    }

    pub(crate) fn options(&self) -> StoreOptions {
        self.surely(Durability::Process)
    }

    pub(crate) fn surely(&self, durability: Durability) -> StoreOptions {
        StoreOptions::new(&self.url, durability).unwrap().with_keys(self.keys())
    }

    pub(crate) fn keys(&self) -> std::path::PathBuf {
        self.directory.path().join("keys")
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.options()).await.unwrap()
    }

    /// Runs one statement behind the store's back.
    pub(crate) async fn meddle(&self, sql: &str) {
        if self.name.is_some() {
            return run(&self.url, sql).await;
        }
        let options = SqliteConnectOptions::new().filename(self.file()).create_if_missing(true);
        let mut db = options.connect().await.unwrap();
        db.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        db.close().await.unwrap();
    }

    pub(crate) async fn remove(&self) {
        if let Some(name) = &self.name {
            admin(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

/// Runs one statement as whoever owns the server.
pub(crate) async fn admin(sql: &str) {
    run(&postgres().unwrap(), sql).await;
}

async fn run(url: &str, sql: &str) {
    let mut db = PgConnection::connect(url).await.unwrap();
    db.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    db.close().await.unwrap();
}

/// A call's id that only depends on its number.
pub(crate) fn call(number: u32) -> CallId {
    CallId::from_record(&format!("0199{number:04x}-0000-7000-8000-000000000000"))
}

/// An entry that says this.
pub(crate) fn said(what: &str) -> Entry {
    Entry { call: None, at: Timestamp::from_micros(1_000_000), event: Event::Fault(Fault { what: what.to_owned() }) }
}

/// An entry of a call.
pub(crate) fn of(id: &CallId, detail: &str) -> Entry {
    let event = Event::Operated(Operated { what: "started", detail: detail.to_owned() });
    Entry { call: Some(id.clone()), at: Timestamp::from_micros(2_000_000), event }
}
