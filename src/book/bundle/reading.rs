//! Is what stands in these files the log that was signed? Needs nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{PART, bad, bodies, entries, get, tile};
use super::{Line, WIDTH};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::leaf::Leaf;
use crate::audit::note::{Note, Verifier as Key};
use crate::audit::places::Places;
use crate::audit::tree::{At, Hash, leaf_hash};
use crate::audit::verify::{Body, Claims, Item, Report, Trust, Verifier};
use crate::book::BookError;
use crate::book::archives::Archives;
use crate::book::reading::Brought;
use crate::store::log::STEP;

/// Looks at the whole log in a folder.
pub fn verify(folder: &Path, brought: &Brought, mut told: impl FnMut(u64, u64)) -> Result<Report, BookError> {
    let Some(newest) = get(folder, Path::new("checkpoint"))? else {
        return Err(bad(folder, &"there is no file `checkpoint` in it, so it is no bundle of a log"));
    };
    let newest = String::from_utf8_lossy(&newest).into_owned();
    let said = Note::parse(&newest).and_then(|note| Checkpoint::of(&note));
    let said = said.ok_or_else(|| bad(&folder.join("checkpoint"), &"this is no checkpoint"))?;
    let mut notes = brought.notes.clone();
    notes.push(("the checkpoint of the bundle".to_owned(), newest));
    notes.extend(older(folder)?);
    notes.extend(brought.archives.notes(&said.origin)?);
    let trust = Trust { keys: brought.keys.clone(), listed: listed(folder)? };
    let mut verifier = Verifier::new(&said.origin, Claims::of(&said.origin, notes, &trust));
    let (part, mut archives) = (part(folder)?, brought.archives.clone());
    let mut place = 0_u64;
    while place < said.size {
        let wide = WIDTH.min(said.size.saturating_sub(place));
        let number = place.saturating_div(WIDTH);
        if wide == WIDTH && part.as_ref().is_some_and(|part| !part.holds(number)) {
            let Some(hash) = kept(folder, (said.size, At { level: STEP, place: number }))?.1 else {
                verifier.find(Some(place), format!("the leaves from {place} on are not there, nor is their hash"));
                break;
            };
            for (at, hash) in verifier.pass(STEP, hash, STEP) {
                compare(folder, (said.size, at), &hash, &mut verifier)?;
            }
            place = place.saturating_add(WIDTH);
            continue;
        }
        let (leaves, lines) = (get(folder, &entries(number, wide))?, get(folder, &bodies(number))?);
        let hashes = get(folder, &tile(0, number, wide))?.unwrap_or_default();
        let Some(leaves) = leaves.and_then(|bytes| split(&bytes)) else {
            verifier.find(Some(place), format!("the leaves from {place} on are not there, or were changed"));
            break;
        };
        let lines = String::from_utf8_lossy(&lines.unwrap_or_default()).into_owned();
        let mut lines = lines.lines();
        for (at, text) in leaves.iter().enumerate() {
            let kept = hashes.as_chunks::<32>().0.get(at);
            let item = archived(item(place, text, (lines.next(), kept)), &mut archives);
            for (at, hash) in verifier.look(&item, STEP) {
                compare(folder, (said.size, at), &hash, &mut verifier)?;
            }
            place = place.saturating_add(1);
        }
        if leaves.len() != usize::try_from(wide).unwrap_or(0) {
            verifier.find(Some(place), format!("there are {} leaves where {wide} were written", leaves.len()));
            break;
        }
        told(place, said.size);
    }
    Ok(verifier.end_of_files())
}

fn item(place: u64, text: &str, (line, kept): (Option<&str>, Option<&Hash>)) -> Item {
    let line: Option<Line> = line.and_then(|line| serde_json::from_str(line).ok());
    let opened = line.and_then(Line::open);
    let number = opened.as_ref().map(|(entry, _)| *entry);
    let name = opened.as_ref().map_or_else(|| format!("leaf {place}"), |(entry, _)| format!("entry {entry}"));
    let unread = || Body::Closed("its line is not there, or is not one of ours".to_owned());
    let body = opened.map_or_else(unread, |(_, body)| body);
    // Without a text only the hash of the tile speaks for the leaf.
    let hash = if text.is_empty() { kept.copied().unwrap_or_default() } else { leaf_hash(text.as_bytes()) };
    let leaf = Leaf::parse(text);
    let (body, name) = match &leaf {
        Some(leaf) if number != Some(leaf.entry) => {
            (Body::Closed("its line is that of another entry".to_owned()), format!("entry {}", leaf.entry))
        }
        _ => (body, name),
    };
    match (leaf, kept) {
        (Some(leaf), Some(kept)) => Item { place, name, hash: *kept, leaf: Some(leaf), body },
        (Some(leaf), None) => {
            Item { place, name, hash, leaf: Some(leaf), body: Body::Closed("its hash is not there".to_owned()) }
        }
        (None, _) => Item { place, name, hash, leaf: None, body },
    }
}

/// The same with the body an archive has of it, where it is gone here.
pub(in crate::book) fn archived(item: Item, archives: &mut Archives) -> Item {
    let found = match (&item.body, &item.leaf) {
        (Body::Gone, Some(leaf)) => archives.body(item.place, leaf),
        _ => None,
    };
    match found {
        Some(opened) => Item { body: Body::Archived(opened), ..item },
        None => item,
    }
}

/// Which tiles of leaves are there, where not all are.
fn part(folder: &Path) -> Result<Option<Places>, BookError> {
    let Some(bytes) = get(folder, Path::new(PART))? else { return Ok(None) };
    let text = String::from_utf8(bytes).ok();
    let places = text.as_deref().and_then(|text| text.strip_suffix('\n')).and_then(|list| match list {
        "" => Some(Places::default()),
        list => Places::parse(list),
    });
    places.map(Some).ok_or_else(|| bad(&folder.join(PART), &"it names no files of leaves"))
}

/// The hash a tile has for a subtree, and the tile.
fn kept(folder: &Path, (size, at): (u64, At)) -> Result<(PathBuf, Option<Hash>), BookError> {
    let level = at.level.saturating_div(STEP);
    let (number, within) = (at.place.saturating_div(WIDTH), at.place % WIDTH);
    let all = size >> at.level;
    let wide = WIDTH.min(all.saturating_sub(number.saturating_mul(WIDTH)));
    let tile = tile(level, number, wide);
    let kept = get(folder, &tile)?.unwrap_or_default();
    let kept = kept.as_chunks::<32>().0.get(usize::try_from(within).unwrap_or(usize::MAX)).copied();
    Ok((tile, kept))
}

/// Whether the tile above has the hash that the leaves below it make.
fn compare(folder: &Path, (size, at): (u64, At), hash: &Hash, verifier: &mut Verifier) -> Result<(), BookError> {
    let (tile, kept) = kept(folder, (size, at))?;
    if kept != Some(*hash) {
        let what = format!("the tile of hashes {} is not there, or was changed", tile.display());
        verifier.find(Some(at.place << at.level), what);
    }
    Ok(())
}

/// Leaves, each after its length.
fn split(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut leaves = Vec::new();
    while !bytes.is_empty() {
        let (long, rest) = bytes.split_first_chunk::<2>()?;
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*long)))?;
        leaves.push(String::from_utf8(leaf.to_vec()).ok()?);
        bytes = rest;
    }
    Some(leaves)
}

fn older(folder: &Path) -> Result<Vec<(String, String)>, BookError> {
    let folder = folder.join("checkpoints");
    let Ok(files) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut notes = Vec::new();
    for file in files {
        let path = file.map_err(|error| bad(&folder, &error))?.path();
        let note = fs::read_to_string(&path).map_err(|error| bad(&path, &error))?;
        notes.push((format!("the checkpoint {}", path.file_name().unwrap_or_default().to_string_lossy()), note));
    }
    notes.sort();
    Ok(notes)
}

fn listed(folder: &Path) -> Result<Vec<(u64, Key)>, BookError> {
    let text = get(folder, Path::new("keys"))?.unwrap_or_default();
    let read = |line: &str| {
        let (first, key) = line.split_once(' ')?;
        Some((first.parse().ok()?, Key::parse(key).ok()?))
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let keys: Option<Vec<_>> = text.lines().map(read).collect();
    keys.ok_or_else(|| bad(&folder.join("keys"), &"a line of it is no size and key"))
}
