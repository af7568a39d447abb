//! How does an archive come to be, so that nothing is removed that it does not hold?
//!
//! It is written under a name of its own, file by file onto the disk; read back and checked as whoever gets it would check it;
//! and called what it is called only then. What is named like an unfinished one was cut off: nothing was removed for it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{UNFINISHED, WIDTH};
use crate::audit::places::Places;
use crate::audit::tree::Hash;
use crate::audit::verify::{Body, Verdict};
use crate::book::BookError;
use crate::book::bundle::files::{PART, bad, bodies, entries, get, tile};
use crate::book::bundle::{self, Line};
use crate::book::reading::{Brought, found, signed};
use crate::clock::Timestamp;
use crate::digest::{hex, sha256};
use crate::store::Store;
use crate::store::log::checkpoints::KeptCheckpoint;
use crate::store::log::{STEP, unsigned};

/// An archive that is whole and on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Where it is.
    pub folder: PathBuf,
    /// What it is called.
    pub name: String,
    /// The SHA-256 of its file `files`, which lists all others with theirs.
    pub digest: String,
}

/// The list of an archive's files, as `sha256sum` writes and checks it.
const FILES: &str = "files";

/// Nobody writes an archive for longer.
const LONG_SECONDS: i64 = 86_400;

/// Writes the bodies at these places into a folder in this one, with everything that proves them under this checkpoint.
pub async fn write(
    store: &Store,
    (place, now): (&Path, Timestamp),
    wanted: &Places,
    newest: &KeptCheckpoint,
) -> Result<Archived, BookError> {
    let (first, last) = (wanted.iter().next().unwrap_or(0), wanted.last().unwrap_or(0));
    let name = format!("{}-{first}-{last}", now.to_string().replace(':', ""));
    let folder = place.join(&name);
    sweep(place, now);
    let mut out = Out::begin(&folder)?;
    let size = unsigned(newest.size);
    let tiles = tiles(wanted, size);
    for number in tiles.iter() {
        out.add(leaves(store, (number, size), wanted).await?).await?;
    }
    // The last file of leaves is there anyhow: it has no hash of its own.
    let whole = tiles.divide(&whole(size)).0;
    let mut files = vec![(PathBuf::from(PART), format!("{whole}\n").into_bytes())];
    if whole.count() == size.saturating_div(WIDTH) {
        files.clear();
    }
    let (mut level, mut count) = (1_u32, size.saturating_div(WIDTH));
    while count > 0 {
        let hashes = store.nodes(level.saturating_mul(STEP), count).await?;
        for (number, few) in (0_u64..).zip(hashes.chunks(usize::try_from(WIDTH).unwrap_or(usize::MAX))) {
            let wide = u64::try_from(few.len()).unwrap_or(0);
            files.push((tile(level, number, wide), few.as_flattened().to_vec()));
        }
        (level, count) = (level.saturating_add(1), count.saturating_div(WIDTH));
    }
    let (notes, trust) = signed(store, &Brought::default()).await?;
    // Those that two keys signed: whoever holds the older one is led to the newer one by them.
    let handing = notes.into_iter().map(|(_, note)| note).filter(|note| note.matches("\n\u{2014} ").count() > 1);
    for (number, note) in handing.enumerate() {
        files.push((PathBuf::from(format!("checkpoints/{number:06}")), note.into_bytes()));
    }
    let keys: Vec<String> = trust.listed.iter().map(|(first, key)| format!("{first} {key}\n")).collect();
    files.push((PathBuf::from("keys"), keys.concat().into_bytes()));
    files.push((PathBuf::from("checkpoint"), newest.note.clone().into_bytes()));
    out.add(files).await?;
    let brought = Brought { keys: vec![store.keys().signer().verifier()], ..Brought::default() };
    let (wanted, folder) = (wanted.count(), folder.clone());
    let done = tokio::task::spawn_blocking(move || out.end(&folder, (&brought, wanted)));
    let (folder, digest) = done.await.map_err(|_| BookError::Stopping)??;
    Ok(Archived { folder, name, digest })
}

/// Removes what was cut off long ago: nothing was removed for it, and it may hold what is to be gone.
fn sweep(place: &Path, now: Timestamp) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let unfinished = path.extension().is_some_and(|end| end == UNFINISHED);
        let since = fs::metadata(&path).and_then(|about| about.modified()).ok();
        let since = since.and_then(|since| since.duration_since(std::time::UNIX_EPOCH).ok());
        let is_old =
            since.is_some_and(|since| now.seconds().saturating_sub(since.as_secs().cast_signed()) > LONG_SECONDS);
        if unfinished
            && is_old
            && let Err(error) = fs::remove_dir_all(&path)
        {
            tracing::warn!(%error, path = %path.display(), "an archive that was cut off cannot be removed");
        }
    }
}

/// The files of leaves that are needed: those of what is wanted, and the last one where it is not full.
fn tiles(wanted: &Places, size: u64) -> Places {
    let mut tiles = Places::default();
    tiles.extend(wanted.iter().map(|place| place.saturating_div(WIDTH)));
    if !size.is_multiple_of(WIDTH) {
        tiles.push(size.saturating_div(WIDTH));
    }
    tiles
}

fn whole(size: u64) -> Places {
    let mut whole = Places::default();
    whole.extend(0..size.saturating_div(WIDTH));
    whole
}

/// A file of leaves, the hashes of it, and the bodies that are wanted.
async fn leaves(
    store: &Store,
    (number, size): (u64, u64),
    wanted: &Places,
) -> Result<Vec<(PathBuf, Vec<u8>)>, BookError> {
    let first = number.saturating_mul(WIDTH);
    let wide = WIDTH.min(size.saturating_sub(first));
    let rows = store.raw_leaves(first, i64::try_from(wide).unwrap_or(0)).await?;
    let (mut leaves, mut hashes, mut lines) = (Vec::new(), Vec::<Hash>::new(), String::new());
    for row in rows {
        let (entry, item) = (row.seq, found(row, store));
        let lost = |why: &str| BookError::Entry { seq: entry, why: format!("it cannot be archived: {why}") };
        let text = item.leaf.ok_or_else(|| lost("its row is not there"))?.text();
        leaves.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        leaves.extend_from_slice(text.as_bytes());
        hashes.push(item.hash);
        let line = match item.body {
            Body::Open(opened) if wanted.holds(item.place) => Line::of(entry, Some(opened)),
            Body::Closed(why) if wanted.holds(item.place) => return Err(lost(&why)),
            _ => Line::Left { entry },
        };
        lines.push_str(&serde_json::to_string(&line).map_err(|error| lost(&error.to_string()))?);
        lines.push('\n');
    }
    Ok(vec![
        (entries(number, wide), leaves),
        (tile(0, number, wide), hashes.as_flattened().to_vec()),
        (bodies(number), lines.into_bytes()),
    ])
}

/// An archive that is being written.
struct Out {
    folder: PathBuf,
    files: BTreeMap<String, String>,
}

impl Out {
    fn begin(folder: &Path) -> Result<Self, BookError> {
        let unfinished = folder.with_added_extension(UNFINISHED);
        if folder.exists() {
            return Err(bad(folder, &"there is something of that name already"));
        }
        let cleared = if unfinished.exists() { fs::remove_dir_all(&unfinished) } else { Ok(()) };
        cleared.and_then(|()| private(&unfinished)).map_err(|error| bad(&unfinished, &error))?;
        Ok(Self { folder: unfinished, files: BTreeMap::new() })
    }

    async fn add(&mut self, files: Vec<(PathBuf, Vec<u8>)>) -> Result<(), BookError> {
        for (path, bytes) in &files {
            self.files.insert(path.display().to_string(), hex(&sha256(bytes)));
        }
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || files.iter().try_for_each(|file| put(&folder, file)));
        written.await.map_err(|_| BookError::Stopping)?
    }

    /// Reads everything back, and gives the archive its name.
    fn end(self, folder: &Path, (brought, wanted): (&Brought, u64)) -> Result<(PathBuf, String), BookError> {
        let lines: Vec<String> = self.files.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect();
        let list = lines.concat();
        put(&self.folder, &(PathBuf::from(FILES), list.clone().into_bytes()))?;
        for (path, digest) in &self.files {
            let bytes = get(&self.folder, Path::new(path))?.unwrap_or_default();
            if hex(&sha256(&bytes)) != *digest {
                return Err(bad(&self.folder.join(path), &"it was read back as something else; nothing was removed"));
            }
        }
        let report = bundle::verify(&self.folder, brought, |_, _| ())?;
        let whole = matches!(report.verdict, Verdict::Verified | Verdict::Incomplete);
        if !whole || report.signed != report.leaves || report.bodies != wanted {
            let what = report.findings.first().map_or("not all of it is there", |finding| finding.what.as_str());
            return Err(bad(&self.folder, &format!("it does not prove what it should: {what}; nothing was removed")));
        }
        synced(&self.folder)?;
        fs::rename(&self.folder, folder).map_err(|error| bad(folder, &error))?;
        let above = folder.parent().unwrap_or(folder);
        File::open(above).and_then(|above| above.sync_all()).map_err(|error| bad(above, &error))?;
        Ok((folder.to_owned(), format!("sha256:{}", hex(&sha256(list.as_bytes())))))
    }
}

/// Bodies lie open in it.
fn private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Writes a file onto the disk.
fn put(folder: &Path, (path, bytes): &(PathBuf, Vec<u8>)) -> Result<(), BookError> {
    let path = folder.join(path);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut file = File::create(&path)?;
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| bad(&path, &error))
}

/// The names of files are on the disk as well.
fn synced(folder: &Path) -> Result<(), BookError> {
    for entry in fs::read_dir(folder).map_err(|error| bad(folder, &error))? {
        let path = entry.map_err(|error| bad(folder, &error))?.path();
        if path.is_dir() {
            synced(&path)?;
        }
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| bad(folder, &error))
}
