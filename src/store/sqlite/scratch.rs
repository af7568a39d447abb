//! Where is a book kept that nobody wants to keep?
//!
//! In a directory of its own below the system's directory for such things, not in memory: the appending and the
//! reading connections have to see the same file.

use std::fs;
use std::path::PathBuf;

use super::unusable;
use crate::clock::chance;
use crate::digest::hex;
use crate::store::StoreError;

/// A directory that is removed with everything in it.
#[derive(Debug)]
pub(in crate::store) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn make() -> Result<Self, StoreError> {
        const PLACE: &str = "sqlite::memory:";
        let bytes = chance::<8>().map_err(|error| unusable(PLACE, &error))?;
        let path = std::env::temp_dir().join(format!("countersign-{}", hex(&bytes)));
        make_private(&path).map_err(|error| unusable(PLACE, &error))?;
        Ok(Self(path))
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("book.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "a book that was not to be kept is still there");
        }
    }
}

#[cfg(unix)]
fn make_private(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &std::path::Path) -> std::io::Result<()> {
    fs::create_dir(path)
}
