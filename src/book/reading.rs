//! Is the database the log that was signed? And what proves one entry of it?

use super::BookError;
use super::archives::Archives;
use super::bundle::archived;
use super::memory::Remembered;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::commitment::Opened;
use crate::audit::leaf::Leaf;
use crate::audit::note::{Note, Verifier as Key};
use crate::audit::proof::Proof;
use crate::audit::tree::{Hash, consistency, inclusion};
use crate::audit::verify::{Body, Claims, Item, Report, Trust, Verifier};
use crate::clock::Timestamp;
use crate::store::log::rows::RawLeaf;
use crate::store::log::{STEP, unsigned};
use crate::store::seal::{Belongs, Sealer};
use crate::store::{Store, StoreError};

/// So many leaves at once.
const BATCH: i64 = 2048;

/// What whoever verifies brings along.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Keys that are believed; those beside the database when there are none.
    pub keys: Vec<Key>,
    /// Checkpoints from elsewhere, each with what it is called.
    pub notes: Vec<(String, String)>,
    /// Archives of what was removed when its time was over.
    pub archives: Archives,
}

/// Everything that was signed for this log, and the keys that may have.
pub async fn signed(store: &Store, brought: &Brought) -> Result<(Vec<(String, String)>, Trust), BookError> {
    let remembered = Remembered::of(store).read()?;
    let kept = store.checkpoints().await?;
    let head = store.log_head().await?;
    let mut notes = brought.notes.clone();
    // Those of a log that ended are of another tree.
    let known = store.log_keys().await?;
    let ended = |origin: &str| origin != head.origin && known.iter().any(|(_, known, _)| known == origin);
    let is_ours =
        |note: &str| Note::parse(note).and_then(|note| Checkpoint::of(&note)).is_none_or(|said| !ended(&said.origin));
    notes.extend(remembered.into_iter().map(|note| ("the checkpoint remembered beside the keys".to_owned(), note)));
    notes.extend(kept.into_iter().filter(|kept| is_ours(&kept.note)).map(|kept| {
        let at = Timestamp::from_micros(kept.at);
        let said = Note::parse(&kept.note).and_then(|note| Checkpoint::of(&note));
        let fits = said.is_some_and(|said| {
            said.size == unsigned(kept.size) && said.at.map(Timestamp::millis) == Some(at.millis())
        });
        let name = format!("the checkpoint kept as that of {at} over {} leaves", kept.size);
        // Under another size than it says it was put there by somebody else.
        (name, if fits { kept.note } else { String::new() })
    }));
    let anchored = store.anchored().await?.into_iter().filter(|has| !has.note.is_empty() && is_ours(&has.note));
    notes.extend(anchored.map(|has| (format!("the checkpoint kept by the anchor {}", has.anchor), has.note)));
    let mut listed = Vec::new();
    for (first, origin, key) in &known {
        if *origin == head.origin {
            let key = Key::parse(key).map_err(|error| BookError::Nothing(error.to_string()))?;
            listed.push((*first, key));
        }
    }
    let own = || vec![store.keys().signer().verifier()];
    let keys = if brought.keys.is_empty() { own() } else { brought.keys.clone() };
    Ok((notes, Trust { keys, listed }))
}

/// Looks at the whole log in the database.
pub async fn verify(store: &Store, brought: &Brought, mut told: impl FnMut(u64, u64)) -> Result<Report, BookError> {
    let (mut notes, trust) = signed(store, brought).await?;
    let head = store.log_head().await?;
    notes.extend(brought.archives.notes(&head.origin)?);
    let mut verifier = Verifier::new(&head.origin, Claims::of(&head.origin, notes, &trust));
    let mut archives = brought.archives.clone();
    if brought.keys.is_empty() {
        verifier.skip("who holds the key: it was taken from beside the database; give yours with --key".to_owned());
    }
    let mut next = store.raw_leaves(0, BATCH).await?;
    while !next.is_empty() {
        let rows = std::mem::take(&mut next);
        let after = rows.last().map_or(0, |last| unsigned(last.place)).saturating_add(1);
        let sealer = std::sync::Arc::clone(&store.keys().sealer);
        let work = tokio::task::spawn_blocking(move || {
            let mut completed = Vec::new();
            for row in rows {
                completed.append(&mut verifier.look(&archived(item(row, &sealer), &mut archives), STEP));
            }
            (verifier, archives, completed)
        });
        let (done, more) = tokio::join!(work, store.raw_leaves(after, BATCH));
        let (back, opened, completed) = done.map_err(|_| BookError::Stopping)?;
        (verifier, archives, next) = (back, opened, more?);
        for (at, hash) in completed {
            match store.subtree(at).await {
                Ok(kept) if kept == hash => {}
                Ok(_) | Err(StoreError::Unreadable(_)) => {
                    verifier.find(
                        Some(at.place << at.level),
                        format!("the hash kept for level {} of the tree was changed", at.level),
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        told(after, head.size);
    }
    let found = verifier.edge().size();
    if found < head.size {
        verifier
            .find(Some(found), format!("the database says that the log has {} leaves, and it has {found}", head.size));
    }
    let now = store.log_head().await?.size;
    if found > now {
        verifier.find(Some(now), format!("the database says that the log has {now} leaves, and it has {found}"));
    }
    let (waiting, since) = store.waits_for_log(0).await?;
    if waiting > 0 {
        let since = since.map(|since| format!(", the oldest of {since}")).unwrap_or_default();
        verifier
            .skip(format!("what is not in the log yet (entries: {waiting}{since}); a running gateway brings it in, or `countersign audit export --from 1h --out last.jsonl`"));
    }
    Ok(verifier.end())
}

/// A leaf of this store, as it is looked at.
pub(super) fn found(row: RawLeaf, store: &Store) -> Item {
    item(row, &store.keys().sealer)
}

fn item(row: RawLeaf, sealer: &Sealer) -> Item {
    let name = format!("entry {}", row.seq);
    let place = unsigned(row.place);
    let hash = |bytes: &[u8]| Hash::try_from(bytes).unwrap_or_default();
    let (Some(at), Some(event)) = (row.at, row.event) else {
        return Item { place, name, hash: hash(&row.hash), leaf: None, body: Body::Gone };
    };
    let body = match &row.sealed {
        // What was removed when its time was over leaves nothing there.
        Some(bytes) if bytes.is_empty() => Body::Gone,
        Some(bytes) => {
            let of = Belongs { event: &event, call: row.call.as_deref(), at };
            sealer.open(of, bytes).map_or_else(|closed| Body::Closed(closed.to_string()), Body::Open)
        }
        None => Body::Closed("it lies open, and was sealed when it came into the log".to_owned()),
    };
    let previous = row.previous.as_deref().map(hash);
    let leaf = Leaf { at, entry: row.seq, event, call: row.call, previous, root: hash(&row.root) };
    Item { place, name, hash: hash(&row.hash), leaf: Some(leaf), body }
}

/// One entry with what proves it.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The leaf's text.
    pub leaf: String,
    /// The body with all it takes to check it.
    pub body: Option<Opened>,
    /// Whether it was removed; an entry of the log must say so.
    pub gone: bool,
    /// That the leaf is in the log.
    pub proof: Proof,
}

/// What proves this entry under the newest checkpoint.
pub async fn prove(store: &Store, seq: i64) -> Result<Proven, BookError> {
    let nothing = |what: String| BookError::Nothing(what);
    let Some(row) = store.raw_leaf_of(seq).await? else {
        return Err(nothing(format!(
            "there is no entry {seq} in the log; entries come into it within a second while a gateway runs, and without one by \
             `countersign audit export --from 1h --out last.jsonl`"
        )));
    };
    let newest = store.newest_checkpoint().await?.ok_or_else(|| nothing("nothing was signed yet".to_owned()))?;
    let item = found(row, store);
    let leaf = item.leaf.ok_or_else(|| nothing(format!("entry {seq} was removed")))?;
    let size = unsigned(newest.size);
    if item.place >= size {
        return Err(nothing(format!(
            "entry {seq} is not signed for yet; try again in a second, or without a gateway that runs after `countersign audit \
             export --from 1h --out last.jsonl`"
        )));
    }
    let mut path = Vec::new();
    for span in inclusion(item.place, size) {
        path.push(store.span(&span).await?);
    }
    let gone = matches!(item.body, Body::Gone);
    let body = match item.body {
        Body::Open(opened) => Some(opened),
        _ => None,
    };
    Ok(Proven { leaf: leaf.text(), body, gone, proof: Proof { place: item.place, path, checkpoint: newest.note } })
}

/// What proves that the log of one size is the beginning of that of another.
pub async fn prove_growth(store: &Store, old: u64, new: u64) -> Result<Vec<Hash>, BookError> {
    let mut path = Vec::new();
    for span in consistency(old, new) {
        path.push(store.span(&span).await?);
    }
    Ok(path)
}
