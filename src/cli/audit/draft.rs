//! How does a file come about whole or not at all?
//!
//! It is written under another name beside its place, readable by its owner alone, synced, and renamed. What was not finished
//! is removed.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::exit::Exit;
use crate::digest::Running;

/// A file that is not there yet.
pub(super) struct Draft {
    place: PathBuf,
    path: PathBuf,
    file: Option<BufWriter<File>>,
    running: Running,
    bytes: u64,
}

/// A draft that is complete, and its digest in hex and length.
pub(super) struct Finished {
    draft: Draft,
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

impl Draft {
    /// For this place. What stands there stays until the draft takes its place.
    pub(super) fn new(place: &Path) -> anyhow::Result<Self> {
        let name = place.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Exit::Usage.error(format!("{} names no file", place.display())))?;
        let path = place.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("cannot write beside {}", place.display()))?;
        let file = Some(BufWriter::new(file));
        Ok(Self { place: place.to_owned(), path, file, running: Running::default(), bytes: 0 })
    }

    pub(super) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))?;
        }
        self.running.update(text.as_bytes());
        self.bytes = self.bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Everything is written.
    pub(super) fn finish(mut self) -> anyhow::Result<Finished> {
        let file = self.file.take();
        let synced = file.map(|file| file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all());
        synced.transpose().with_context(|| format!("cannot write {}", self.path.display()))?;
        let sha256 = std::mem::take(&mut self.running).hex();
        let bytes = self.bytes;
        Ok(Finished { draft: self, sha256, bytes })
    }
}

impl Finished {
    /// Puts it into its place.
    pub(super) fn publish(self) -> anyhow::Result<()> {
        let Draft { path, place, .. } = &self.draft;
        std::fs::rename(path, place).with_context(|| format!("cannot put {} into its place", place.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone when it was published.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Writes a small file whole or not at all.
pub(super) fn put(place: &Path, text: &str) -> anyhow::Result<()> {
    let mut draft = Draft::new(place)?;
    draft.write(text)?;
    draft.finish()?.publish()
}
