//! Where do several gateways keep one book?

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::world::World;

/// A Postgres database of its own for one story.
pub(crate) struct Database {
    admin: PgConnection,
    name: String,
    /// What its gateways sign and seal with.
    keys: tempfile::TempDir,
    /// Where it is.
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn make(name: &str) -> Self {
        let mut url = url::Url::parse(&std::env::var("COUNTERSIGN_TEST_POSTGRES").unwrap()).unwrap();
        let name = format!("countersign_story_{}_{name}", std::process::id());
        let mut admin = PgConnection::connect(url.as_str()).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        url.set_path(&name);
        Self { admin, name, keys: tempfile::tempdir().unwrap(), url: url.into() }
    }

    /// Makes a gateway that does not run yet keep its book here.
    pub(crate) fn keeps(&self, world: &World) {
        let config = std::fs::read_to_string(world.path("countersign.toml")).unwrap();
        world.write(
            "countersign.toml",
            &config.replace("sqlite:book.db\"", &format!("{}\"\nkeys = {:?}", self.url, self.keys())),
        );
    }

    pub(crate) fn keys(&self) -> std::path::PathBuf {
        self.keys.path().join("keys")
    }

    pub(crate) async fn remove(mut self) {
        self.admin.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await.unwrap();
    }
}
