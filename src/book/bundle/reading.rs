//! Is what stands in these files the log that was signed? Needs nothing else.

use std::fs;
use std::path::Path;

use super::files::{bad, bodies, entries, get, tile};
use super::{Line, WIDTH};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::leaf::Leaf;
use crate::audit::note::{Note, Verifier as Key};
use crate::audit::tree::{At, Hash, leaf_hash};
use crate::audit::verify::{Body, Claims, Item, Report, Trust, Verifier};
use crate::book::BookError;
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
    let trust = Trust { keys: brought.keys.clone(), listed: listed(folder)? };
    let mut verifier = Verifier::new(&said.origin, Claims::of(&said.origin, notes, &trust), 0);
    let mut place = 0_u64;
    while place < said.size {
        let wide = WIDTH.min(said.size.saturating_sub(place));
        let number = place.saturating_div(WIDTH);
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
            let item = item(place, text, (lines.next(), kept));
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
    let body = match opened {
        Some((_, Some(opened))) => Body::Open(opened),
        Some((_, None)) => Body::Gone,
        None => Body::Closed("its line is not there, or is not one of ours".to_owned()),
    };
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

/// Whether the tile above has the hash that the leaves below it make.
fn compare(folder: &Path, (size, at): (u64, At), hash: &Hash, verifier: &mut Verifier) -> Result<(), BookError> {
    let level = at.level.saturating_div(STEP);
    let (number, within) = (at.place.saturating_div(WIDTH), at.place % WIDTH);
    let all = size >> at.level;
    let wide = WIDTH.min(all.saturating_sub(number.saturating_mul(WIDTH)));
    let kept = get(folder, &tile(level, number, wide))?.unwrap_or_default();
    let kept = kept.as_chunks::<32>().0.get(usize::try_from(within).unwrap_or(usize::MAX)).copied();
    if kept != Some(*hash) {
        let what = format!("the tile of hashes {} is not there, or was changed", tile(level, number, wide).display());
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
