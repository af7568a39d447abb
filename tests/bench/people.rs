//! How do people answer? Beside a gateway, as the command line does, or at one, over HTTP.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use countersign::approval::people::{Listed, People};
use countersign::approval::vote::{Evidence, Voter, Word};
use countersign::clock::SystemClock;
use countersign::digest::Digest;
use countersign::gateway::desk::{self, Wish};
use countersign::identity::local;
use countersign::store::{Store, StoreOptions};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::net::TcpStream;

use crate::target::Place;

/// Where somebody answers.
pub(crate) struct Desk {
    store: Store,
    at: Arc<desk::Desk>,
    voter: Voter,
    /// The gateway that takes answers over HTTP, and the key that opens it.
    http: Option<(u16, String)>,
}

impl Desk {
    /// Beside whatever gateways there are.
    pub(crate) async fn open(options: StoreOptions) -> anyhow::Result<Self> {
        let store = Store::open_beside(&options).await?;
        let desk = desk::Desk::new(store.clone(), Arc::new(SystemClock));
        let accounts = BTreeSet::from([local::caller().principal, "key:ada".to_owned()]);
        let roles = BTreeSet::from(["reviewer".to_owned()]);
        let ada = Listed { name: "ada".to_owned(), accounts, groups: BTreeSet::new(), roles };
        desk.people.store(Arc::new(People::new([ada])));
        let voter = desk.people.load().voter(&local::caller()).context("whoever runs this is nobody")?;
        Ok(Self { store, at: desk, voter, http: None })
    }

    /// The same person at this gateway, if it takes answers.
    pub(crate) async fn door(&self, place: &Place, config: &Path, port: u16) -> anyhow::Result<Option<Self>> {
        let key = key(place, config, "ada")?;
        let (store, at, voter) = (self.store.clone(), Arc::clone(&self.at), self.voter.clone());
        let door = Self { store, at, voter, http: Some((port, key)) };
        let there = door.ask("GET", "/api/v1/me", String::new()).await?.0 == 200;
        Ok(there.then_some(door))
    }

    /// What an approval is about.
    pub(crate) async fn digest(&self, id: &str) -> anyhow::Result<Digest> {
        Ok(self.at.look(id).await?.digest)
    }

    /// Says yes, and when that was acknowledged.
    pub(crate) async fn approve(&self, id: &str, digest: Digest) -> anyhow::Result<Instant> {
        if self.http.is_some() {
            let said = json!({ "digest": digest.to_string(), "reason": "seen" }).to_string();
            let (status, told) = self.ask("POST", &format!("/api/v1/approvals/{id}/approve"), said).await?;
            ensure!(status == 200, "{status}: {told}");
        } else {
            let (by, reason) = (self.voter.clone(), Some("seen".to_owned()));
            self.at
                .act(id, Wish::Vote { by, word: Word::Yes, reason, digest, bounds: None, evidence: Evidence::Account })
                .await?;
        }
        Ok(Instant::now())
    }

    /// How many approvals wait.
    pub(crate) async fn waiting(&self) -> anyhow::Result<usize> {
        Ok(self.pending().await?.len())
    }

    /// The one that waits longest.
    pub(crate) async fn oldest(&self) -> anyhow::Result<String> {
        self.pending().await?.pop().context("nothing waits")
    }

    async fn pending(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.store.approvals_in(&["pending"], None, i64::MAX).await?)
    }

    async fn ask(&self, method: &str, path: &str, body: String) -> anyhow::Result<(u16, String)> {
        let (port, key) = self.http.as_ref().context("nobody takes answers over HTTP")?;
        let (mut sender, connection) = handshake(TokioIo::new(TcpStream::connect(("127.0.0.1", *port)).await?)).await?;
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header("host", format!("127.0.0.1:{port}"));
        let request =
            request.header("authorization", format!("Bearer {key}")).header("content-type", "application/json");
        let reply = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = reply.status().as_u16();
        let told = reply.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&told).into_owned()))
    }
}

/// A new key for a caller.
pub(crate) fn key(place: &Place, config: &Path, name: &str) -> anyhow::Result<String> {
    let folder = config.parent().context("a file is in a folder")?;
    let made = Command::new(&place.gateway).args(["keys", "make", name, "--json"]).current_dir(folder).output()?;
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).context("a key")?;
    Ok(made["key"].as_str().context("a key")?.to_owned())
}

/// A Postgres database of its own.
pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn make(server: &str) -> anyhow::Result<Self> {
        let name = format!("countersign_bench_{}", std::process::id());
        run(server, &format!("CREATE DATABASE {name}")).await?;
        let mut url = url::Url::parse(server)?;
        url.set_path(&name);
        Ok(Self { server: server.to_owned(), name, url: url.into() })
    }

    pub(crate) async fn remove(self, desk: Desk) -> anyhow::Result<()> {
        desk.store.close().await;
        run(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

async fn run(server: &str, sql: &str) -> anyhow::Result<()> {
    let mut admin = PgConnection::connect(server).await?;
    admin.execute(AssertSqlSafe(sql.to_owned())).await?;
    Ok(admin.close().await?)
}
