//! What do the archives hold of bodies that are gone?
//!
//! An archive is a part of the record in the form of a [bundle](super::bundle), with the bodies that were removed after it was
//! written. What it holds is believed because its root stands in the leaf.

mod writing;

pub use self::writing::{Archived, write};

use std::fs;
use std::path::{Path, PathBuf};

use super::BookError;
use super::bundle::Line;
use super::bundle::files::{bad, bodies, get};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::commitment::Opened;
use crate::audit::leaf::Leaf;
use crate::audit::note::Note;
use crate::audit::verify::Body;

/// Leaves of one file.
const WIDTH: u64 = super::bundle::WIDTH;
/// What an archive is called until it is whole.
pub(super) const UNFINISHED: &str = "unfinished";

/// Archives that were brought along.
#[derive(Clone, Debug, Default)]
pub struct Archives(Vec<Archive>);

#[derive(Clone, Debug)]
struct Archive {
    folder: PathBuf,
    /// The bodies of the file that was read last, and its number.
    read: Option<(u64, Vec<String>)>,
}

impl Archives {
    /// The archive in this folder, or all archives in folders in it.
    pub fn add(&mut self, folder: &Path) -> Result<(), BookError> {
        let found = if is_archive(folder) { vec![folder.to_owned()] } else { inside(folder)? };
        if found.is_empty() {
            return Err(bad(folder, &"there is no archive in it: no folder with a file `checkpoint`"));
        }
        self.0.extend(found.into_iter().map(|folder| Archive { folder, read: None }));
        Ok(())
    }

    /// The checkpoint of each that is of this log, with what it is called. Those of a log that ended are of another tree, and
    /// what the archives hold of it is believed all the same.
    pub(super) fn notes(&self, origin: &str) -> Result<Vec<(String, String)>, BookError> {
        let note = |archive: &Archive| {
            let path = archive.folder.join("checkpoint");
            let note = fs::read_to_string(&path).map_err(|error| bad(&path, &error))?;
            Ok((format!("the checkpoint of the archive {}", archive.folder.display()), note))
        };
        let is_ours = |note: &str| {
            Note::parse(note).and_then(|note| Checkpoint::of(&note)).is_none_or(|said| said.origin == origin)
        };
        let all: Vec<(String, String)> = self.0.iter().map(note).collect::<Result<_, BookError>>()?;
        Ok(all.into_iter().filter(|(_, note)| is_ours(note)).collect())
    }

    /// The body of a leaf at this place: one that is right, where there is one.
    pub fn body(&mut self, place: u64, leaf: &Leaf) -> Option<Opened> {
        let all: Vec<Opened> = self.0.iter_mut().filter_map(|archive| archive.body(place, leaf.entry)).collect();
        let right = all.iter().find(|opened| opened.root().as_ref() == Ok(&leaf.root)).cloned();
        right.or_else(|| all.into_iter().next())
    }
}

impl Archive {
    fn body(&mut self, place: u64, entry: i64) -> Option<Opened> {
        let number = place.checked_div(WIDTH)?;
        if self.read.as_ref().is_none_or(|(read, _)| *read != number) {
            // What cannot be read proves nothing, and is missed where it is needed.
            let bytes = get(&self.folder, &bodies(number)).ok().flatten().unwrap_or_default();
            let lines = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
            self.read = Some((number, lines));
        }
        let (_, lines) = self.read.as_ref()?;
        let line = lines.get(usize::try_from(place.checked_rem(WIDTH)?).ok()?)?;
        match serde_json::from_str::<Line>(line).ok()?.open()? {
            (of, Body::Open(opened)) if of == entry => Some(opened),
            _ => None,
        }
    }
}

fn is_archive(folder: &Path) -> bool {
    folder.join("checkpoint").is_file()
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>, BookError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| bad(folder, &error))? {
        let path = entry.map_err(|error| bad(folder, &error))?.path();
        let unfinished = path.extension().is_some_and(|end| end == UNFINISHED);
        if !unfinished && is_archive(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
