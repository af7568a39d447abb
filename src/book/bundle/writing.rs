//! How is the log written into files?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::files::{bad, bodies, entries, put, tile};
use super::{Line, WIDTH};
use crate::audit::commitment::Opened;
use crate::audit::tree::Hash;
use crate::audit::verify::Body;
use crate::book::BookError;
use crate::book::reading::{Brought, found, signed};
use crate::store::Store;
use crate::store::log::unsigned;

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// How many leaves.
    pub size: u64,
    /// The newest checkpoint.
    pub checkpoint: String,
}

/// Writes everything under the newest checkpoint into a folder that is empty or not there.
pub async fn write(store: &Store, folder: &Path, mut told: impl FnMut(u64, u64)) -> Result<Written, BookError> {
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Err(bad(folder, &"there is something in it; give a folder that is empty or not there yet"));
    }
    let newest = store.newest_checkpoint().await?;
    let newest = newest.ok_or_else(|| BookError::Nothing("nothing was signed yet".to_owned()))?;
    let size = unsigned(newest.size);
    let mut tiles = Tiles::default();
    let mut place = 0;
    while place < size {
        let wide = WIDTH.min(size.saturating_sub(place));
        let rows = store.raw_leaves(place, i64::try_from(wide).unwrap_or(0)).await?;
        let (mut leaves, mut lines) = (Vec::new(), String::new());
        for row in rows {
            let seq = row.seq;
            let item = found(row, store);
            tiles.add(folder, 0, item.hash)?;
            let text = item.leaf.map(|leaf| leaf.text()).unwrap_or_default();
            leaves.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
            leaves.extend_from_slice(text.as_bytes());
            let body: Option<Opened> = match item.body {
                Body::Open(opened) => Some(opened),
                _ => None,
            };
            lines.push_str(&serde_json::to_string(&Line::of(seq, body)).map_err(|error| bad(folder, &error))?);
            lines.push('\n');
        }
        let tile = place.saturating_div(WIDTH);
        put(folder, &entries(tile, wide), &leaves)?;
        put(folder, &bodies(tile), lines.as_bytes())?;
        place = place.saturating_add(wide);
        told(place, size);
    }
    tiles.close(folder)?;
    let (notes, trust) = signed(store, &Brought::default()).await?;
    for (number, (_, note)) in notes.iter().enumerate() {
        put(folder, Path::new(&format!("checkpoints/{number:06}")), note.as_bytes())?;
    }
    let keys: Vec<String> = trust.listed.iter().map(|(first, key)| format!("{first} {key}\n")).collect();
    put(folder, Path::new("keys"), keys.concat().as_bytes())?;
    put(folder, Path::new("checkpoint"), newest.note.as_bytes())?;
    Ok(Written { size, checkpoint: newest.note })
}

/// Hashes on their way into files, by level.
#[derive(Default)]
struct Tiles(BTreeMap<u32, (u64, Vec<Hash>)>);

impl Tiles {
    fn add(&mut self, folder: &Path, level: u32, hash: Hash) -> Result<(), BookError> {
        let (place, hashes) = self.0.entry(level).or_default();
        hashes.push(hash);
        if u64::try_from(hashes.len()).unwrap_or(0) < WIDTH {
            return Ok(());
        }
        put(folder, &tile(level, *place, WIDTH), hashes.as_flattened())?;
        let above = root(hashes);
        (*place, *hashes) = (place.saturating_add(1), Vec::new());
        self.add(folder, level.saturating_add(1), above)
    }

    fn close(self, folder: &Path) -> Result<(), BookError> {
        for (level, (place, hashes)) in self.0 {
            if !hashes.is_empty() {
                let wide = u64::try_from(hashes.len()).unwrap_or(0);
                put(folder, &tile(level, place, wide), hashes.as_flattened())?;
            }
        }
        Ok(())
    }
}

fn root(hashes: &[Hash]) -> Hash {
    let mut edge = crate::audit::tree::Edge::default();
    for hash in hashes {
        edge.push(*hash, |_, _| ());
    }
    edge.root()
}
