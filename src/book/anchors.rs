//! Who outside keeps checkpoints, so that whoever holds the database and the keys cannot rewrite the record unseen?
//!
//! Each anchor gets the newest checkpoint every so often while the log grows, and now and then while it does not. What it said
//! is kept. An anchor that fails is tried again and again and never keeps a call from running; how long ago everything was
//! anchored anywhere is a metric, and readiness warns of it. What a folder or a repository has is compared with the database
//! before anything is added to it: one that is older than what was anchored, or different, is not used.
//! Several gateways may give the same checkpoint to the same anchor: twice is harmless.

mod before;
mod folder;
mod git;
mod timestamp;
mod witness;

pub use self::before::Unanchored;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{BookError, BookKeeper, compare};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::cosignature::Witness as Key;
use crate::audit::note::Note;
use crate::clock::{Clock, Timestamp};
use crate::digest::hex;
use crate::downstream::http::guard::Private;
use crate::store::Store;
use crate::store::log::anchored::Anchored;
use crate::store::log::checkpoints::KeptCheckpoint;
use crate::store::log::unsigned;
use crate::telemetry::metrics::Metrics;
use crate::visible::harmless;

/// How long one anchor may take for one checkpoint.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long when the gateway leaves.
const LEAVING: Duration = Duration::from_secs(5);
/// How often is looked whether everything is anchored.
const LOOK: Duration = Duration::from_secs(1);
/// An anchor that fails is tried again after this, then after twice as long, and so on.
const AGAIN: Duration = Duration::from_secs(1);
/// But not after longer than this: readiness warns after two minutes.
const LONGEST: Duration = Duration::from_mins(1);
/// An anchor gets a checkpoint this often also of a log that does not grow.
const HEARTBEAT_MICROS: i64 = 600_000_000;
/// How often the log of the gateway says how far the record is.
const LINE_MICROS: i64 = 60_000_000;
/// More of a reason nobody reads.
const WORDS: usize = 400;

/// One anchor.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Its name.
    pub name: String,
    /// How often it gets a checkpoint.
    pub every: Duration,
    /// How long a critical call waits for it before it is sent; none where it does not.
    pub before_execute: Option<Duration>,
    /// What it is.
    pub kind: Kind,
}

/// What an anchor is.
#[derive(Clone)]
pub enum Kind {
    /// A folder.
    Folder(PathBuf),
    /// A work tree of Git, and the remote to push to.
    Git(PathBuf, Option<String>),
    /// A witness with its key.
    Witness(Url, Key, Private),
    /// A time-stamping authority.
    Timestamp(Url, Private),
}

/// Gives checkpoints to every anchor there is.
#[derive(Debug)]
pub struct Anchors {
    store: Store,
    clock: Arc<dyn Clock>,
    all: Vec<Held>,
}

/// An anchor and what is going on with it.
#[derive(Debug)]
struct Held {
    anchor: Anchor,
    /// A write that hangs is not joined by another.
    writing: Arc<Mutex<()>>,
}

/// A checkpoint on its way to an anchor.
#[derive(Clone, Debug)]
struct Given {
    note: String,
    said: Checkpoint,
    /// What the note's signatures are over.
    text: String,
}

/// Why an anchor has no checkpoint.
#[derive(Debug, thiserror::Error)]
enum AnchorError {
    /// What it has is not what the database has, or that could not be looked at.
    #[error(transparent)]
    Book(#[from] BookError),
    /// It did not take it.
    #[error("{0}")]
    Failed(String),
}

impl Anchors {
    /// Looks whether the database is the one that was anchored. One that cannot be asked is told of later.
    pub async fn open(store: Store, clock: Arc<dyn Clock>, all: Vec<Anchor>) -> Result<Arc<Self>, BookError> {
        let all = all.into_iter().map(|anchor| Held { anchor, writing: Arc::default() }).collect();
        let anchors = Self { store, clock, all };
        for held in &anchors.all {
            let compared = tokio::time::timeout(DEADLINE, anchors.compare(held, Depth::Remote)).await;
            match compared {
                Ok(Err(AnchorError::Book(error))) => return Err(error),
                Ok(Err(AnchorError::Failed(why))) => {
                    tracing::warn!(anchor = %held.anchor.name, why, "what the anchor has could not be compared");
                }
                Err(_) => tracing::warn!(anchor = %held.anchor.name, "the anchor did not say what it has in time"),
                Ok(Ok(())) => {}
            }
        }
        Ok(Arc::new(anchors))
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Gives checkpoints until everything stops.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, (book, metrics): (Arc<BookKeeper>, Arc<Metrics>)) {
        let mut tasks = JoinSet::new();
        for place in 0..self.all.len() {
            tasks.spawn(Arc::clone(&self).keep(place, stop.clone()));
        }
        let mut reached = self.clock.now();
        let mut line = Timestamp::from_micros(0);
        let mut told = 0;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            let now = self.clock.now();
            // The database says so itself when it fails.
            let Ok(Some(newest)) = self.store.newest_checkpoint().await else { continue };
            if newest.size > told && now.micros().saturating_sub(line.micros()) >= LINE_MICROS {
                (told, line) = (newest.size, now);
                say(&newest);
            }
            if self.is_empty() {
                continue;
            }
            if let Ok(at) = self.reached(&newest, &book, now).await {
                reached = reached.max(at);
                metrics.anchor.caught_up(reached);
            }
        }
    }

    /// Gives the last checkpoint to each, when the gateway leaves.
    pub async fn finish(&self) {
        for held in &self.all {
            if let Err(why) = self.turn(held, LEAVING).await {
                let why = words(&why);
                tracing::warn!(anchor = %held.anchor.name, why, "the anchor does not have the last entries");
            }
        }
    }

    /// Everything up to this time is anchored somewhere.
    async fn reached(
        &self,
        newest: &KeptCheckpoint,
        book: &BookKeeper,
        now: Timestamp,
    ) -> Result<Timestamp, BookError> {
        let head = self.store.log_head().await?;
        let rows = self.store.anchored().await?;
        let ours = rows.iter().filter(|row| self.all.iter().any(|held| held.anchor.name == row.anchor));
        let said = ours.filter_map(|row| read(&row.note)).filter(|said| said.origin == head.origin);
        let Some(best) = said.max_by_key(|said| (said.size, said.at)) else { return Ok(Timestamp::from_micros(0)) };
        let whole = best.size >= head.size && best.size >= unsigned(newest.size) && book.lag().waits_since.is_none();
        Ok(if whole { now } else { best.at.unwrap_or(Timestamp::from_micros(0)) })
    }

    async fn keep(self: Arc<Self>, place: usize, stop: CancellationToken) {
        let Some(held) = self.all.get(place) else { return };
        let (mut trouble, mut pause) = (String::new(), AGAIN);
        loop {
            let given = self.turn(held, DEADLINE).await;
            let wait = match given {
                Ok(()) => {
                    if !trouble.is_empty() {
                        tracing::info!(anchor = %held.anchor.name, "the anchor takes checkpoints again");
                        trouble.clear();
                    }
                    pause = AGAIN;
                    held.anchor.every
                }
                Err(error) => {
                    self.troubled(held, &error, &mut trouble).await;
                    pause = pause.saturating_mul(2).min(LONGEST);
                    pause
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn troubled(&self, held: &Held, error: &AnchorError, before: &mut String) {
        let why = words(error);
        if let AnchorError::Book(BookError::Diverged(what)) = error {
            self.store.appender().refuse(what.clone());
        }
        if *before == why {
            return;
        }
        tracing::warn!(anchor = %held.anchor.name, why, "the anchor did not take the checkpoint; it is tried again");
        if let Err(error) = self.store.put_anchor_trouble(&held.anchor.name, &why).await {
            tracing::warn!(%error, "the anchor's trouble is not written down");
        }
        *before = why;
    }

    /// Gives an anchor the newest checkpoint, if it is time.
    async fn turn(&self, held: &Held, deadline: Duration) -> Result<(), AnchorError> {
        let Some(newest) = self.store.newest_checkpoint().await.map_err(BookError::from)? else { return Ok(()) };
        let unread = || BookError::Nothing("the newest checkpoint cannot be read".to_owned());
        let note = Note::parse(&newest.note).ok_or_else(unread)?;
        let said = Checkpoint::of(&note).ok_or_else(unread)?;
        let rows = self.store.anchored().await.map_err(BookError::from)?;
        let row = rows.into_iter().find(|row| row.anchor == held.anchor.name);
        let trouble = row.as_ref().is_some_and(|row| !row.trouble.is_empty());
        let had = row.and_then(|row| read(&row.note)).filter(|had| had.origin == said.origin);
        if !trouble && had.as_ref().is_some_and(|had| !is_due(had, &said)) {
            return Ok(());
        }
        let given = Given { note: newest.note.clone(), said, text: note.text };
        let giving = async {
            self.compare(held, Depth::Here).await?;
            self.give(held, &given, had.map_or(0, |had| had.size)).await
        };
        let late = |_| AnchorError::Failed(format!("it did not answer within {} seconds", deadline.as_secs()));
        let said = tokio::time::timeout(deadline, giving).await.map_err(late)??;
        let anchor = held.anchor.name.clone();
        let (at, trouble) = (self.clock.now().micros(), String::new());
        let has = Anchored { anchor, size: newest.size, at, note: newest.note, said, trouble };
        Ok(self.store.put_anchored(&has).await.map_err(BookError::from)?)
    }

    async fn give(&self, held: &Held, given: &Given, had: u64) -> Result<String, AnchorError> {
        let done = match &held.anchor.kind {
            Kind::Folder(path) => {
                let (path, given) = (path.clone(), given.clone());
                blocking(held, move || folder::give(&path, &given)).await
            }
            Kind::Git(path, remote) => git::give((path, remote.as_deref()), given).await,
            Kind::Witness(url, key, private) => {
                return witness::give((url, key, *private), given, (&self.store, had)).await;
            }
            Kind::Timestamp(url, private) => timestamp::give((url, *private), given).await,
        };
        done.map_err(AnchorError::Failed)
    }

    /// Whether the database goes on from what the anchor has.
    async fn compare(&self, held: &Held, depth: Depth) -> Result<(), AnchorError> {
        if let (Kind::Witness(url, key, private), Depth::Remote) = (&held.anchor.kind, depth) {
            return self.compare_with_witness((url, key, *private), &held.anchor.name).await;
        }
        let origin = self.store.log_head().await.map_err(BookError::from)?.origin;
        let notes = match &held.anchor.kind {
            Kind::Folder(path) => {
                let path = path.clone();
                blocking(held, move || folder::newest(&path, &origin)).await
            }
            Kind::Git(path, remote) => {
                let remote = remote.as_deref().filter(|_| depth == Depth::Remote);
                git::newest((path, remote)).await
            }
            Kind::Witness(..) | Kind::Timestamp(..) => Ok(Vec::new()),
        };
        // Only now: another gateway may have let the log grow and anchored it meanwhile.
        let now = self.store.log_head().await.map_err(BookError::from)?;
        for note in notes.map_err(AnchorError::Failed)? {
            compare(&self.store, &now, &note).await.map_err(|error| match error {
                BookError::Diverged(why) => {
                    let name = &held.anchor.name;
                    BookError::Diverged(format!("{why}; the anchor `{name}` has that checkpoint"))
                }
                other => other,
            })?;
        }
        Ok(())
    }
}

impl Anchors {
    /// Whether a witness signed more than the database has: then it was put back, and its keys with it.
    async fn compare_with_witness(&self, witness: (&Url, &Key, Private), name: &str) -> Result<(), AnchorError> {
        let Some(newest) = self.store.newest_checkpoint().await.map_err(BookError::from)? else { return Ok(()) };
        let Some(note) = Note::parse(&newest.note) else { return Ok(()) };
        let Some(said) = Checkpoint::of(&note) else { return Ok(()) };
        let has = witness::signed(witness, &Given { note: newest.note, said, text: note.text }, &self.store).await?;
        let size = self.store.log_head().await.map_err(BookError::from)?.size;
        if has <= size {
            return Ok(());
        }
        let why =
            format!("it ends at {size} entries, and {has} were signed for; the anchor `{name}` has that checkpoint");
        Err(BookError::Diverged(why).into())
    }
}

/// How far is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// At what this machine can see.
    Here,
    /// Also at what a remote has.
    Remote,
}

fn is_due(had: &Checkpoint, newest: &Checkpoint) -> bool {
    let micros = |at: Option<Timestamp>| at.map_or(0, Timestamp::micros);
    newest.size != had.size || micros(newest.at).saturating_sub(micros(had.at)) >= HEARTBEAT_MICROS
}

fn read(note: &str) -> Option<Checkpoint> {
    Note::parse(note).and_then(|note| Checkpoint::of(&note))
}

/// The line a collector of logs keeps: whoever has it knows more than the database.
fn say(newest: &KeptCheckpoint) {
    if let Some(said) = read(&newest.note) {
        tracing::info!(size = said.size, root = hex(&said.root), origin = said.origin, "checkpoint");
    }
}

/// Runs what may hang elsewhere, unless something still hangs there.
async fn blocking<T: Send + 'static>(
    held: &Held,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let writing = Arc::clone(&held.writing);
    let done = tokio::task::spawn_blocking(move || {
        let Ok(_alone) = writing.try_lock() else { return Err("the last attempt has not ended yet".to_owned()) };
        work()
    });
    done.await.map_err(|_| "the gateway is stopping".to_owned())?
}

fn words(error: &AnchorError) -> String {
    harmless(&error.to_string()).chars().take(WORDS).collect()
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Folder(_) => "Folder",
            Self::Git(..) => "Git",
            Self::Witness(..) => "Witness",
            Self::Timestamp(..) => "Timestamp",
        })
    }
}
