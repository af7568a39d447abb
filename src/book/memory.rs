//! What was signed last, as it is remembered outside the database?

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::BookError;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::note::Note;
use crate::store::Store;
use crate::store::log::Head;

/// The file of the last checkpoint, beside the keys.
#[derive(Clone, Debug)]
pub struct Remembered(Option<PathBuf>);

impl Remembered {
    /// Beside the keys of this store; nowhere for a store in memory.
    pub fn of(store: &Store) -> Self {
        Self(store.keys().folder.as_ref().map(|folder| folder.join("checkpoint")))
    }

    /// The checkpoint, if there is one.
    pub fn read(&self) -> Result<Option<String>, BookError> {
        let Some(path) = &self.0 else { return Ok(None) };
        match fs::read_to_string(path) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(bad(path, &error)),
        }
    }

    /// Remembers nothing any more: that log ended.
    pub(super) fn forget(&self) -> Result<(), BookError> {
        match self.0.as_ref().map(|path| (path, fs::remove_file(path))) {
            Some((path, Err(error))) if error.kind() != ErrorKind::NotFound => Err(bad(path, &error)),
            _ => Ok(()),
        }
    }

    /// Remembers this one from now on.
    pub fn write(&self, note: &str) -> Result<(), BookError> {
        let Some(path) = &self.0 else { return Ok(()) };
        let new = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&new, note).and_then(|()| fs::rename(&new, path)).map_err(|error| bad(path, &error))
    }
}

/// Whether the log in the database goes on from this checkpoint. One of another name is of a log that ended.
pub async fn compare(store: &Store, head: &Head, note: &str) -> Result<(), BookError> {
    let said = Note::parse(note).and_then(|note| Checkpoint::of(&note));
    let Some(said) = said else {
        return Err(BookError::Diverged("the checkpoint remembered beside the keys cannot be read".to_owned()));
    };
    if said.origin != head.origin {
        let known = store.log_keys().await?.iter().any(|(_, origin, _)| *origin == said.origin);
        let other = format!("a checkpoint of the log {} is remembered, and this is {}", said.origin, head.origin);
        return if known { Ok(()) } else { Err(BookError::Diverged(other)) };
    }
    if said.size > head.size {
        return Err(BookError::Diverged(format!(
            "it ends at {} entries, and {} were signed for",
            head.size, said.size
        )));
    }
    let unlike = || BookError::Diverged(format!("its first {} entries are not those that were signed for", said.size));
    match store.edge(said.size).await {
        Ok(edge) if edge.root() == said.root => Ok(()),
        Ok(_) | Err(crate::store::StoreError::Unreadable(_)) => Err(unlike()),
        Err(error) => Err(error.into()),
    }
}

fn bad(path: &Path, why: &std::io::Error) -> BookError {
    BookError::Memory { place: path.display().to_string(), why: why.to_string() }
}
