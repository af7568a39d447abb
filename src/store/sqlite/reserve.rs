//! What is given up when the disk is full, so that what already happened can still be written down?

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::guard::beside;

/// Enough for the outcomes of a few hundred calls that are under way.
const SIZE: u64 = 8 * 1024 * 1024;

/// What has to be free besides before the room is taken up.
const SPARE: u64 = 1024 * 1024;

/// A file of nothing beside the database.
#[derive(Debug)]
pub(super) struct Reserve(PathBuf);

impl Reserve {
    /// The reserve of this database; it may not exist yet.
    pub(super) fn of(path: &Path) -> Self {
        Self(beside(path, "reserve"))
    }

    /// Takes up the room again, if it is there.
    pub(super) fn hold(&self) -> io::Result<()> {
        if fs::metadata(&self.0).is_ok_and(|found| found.len() == SIZE) {
            return Ok(());
        }
        // Filling and giving up again would take away the room that outcomes need meanwhile.
        let found = rustix::fs::statvfs(self.0.parent().unwrap_or(&self.0))?;
        if found.f_bavail.saturating_mul(found.f_frsize) < SIZE.saturating_add(SPARE) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let held = self.fill();
        if held.is_err() {
            self.release();
        }
        held
    }

    /// Gives up the room. There is nothing to be done when even that fails.
    pub(super) fn release(&self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the reserve was not there to be released");
        }
    }

    fn fill(&self) -> io::Result<()> {
        let mut file = File::create(&self.0)?;
        let zeros = [0_u8; 16 * 1024];
        let mut left = SIZE;
        while left > 0 {
            file.write_all(&zeros)?;
            left = left.saturating_sub(u64::try_from(zeros.len()).unwrap_or(left));
        }
        // Some file systems only find out here that there is no room.
        file.sync_data()
    }
}
