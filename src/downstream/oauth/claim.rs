//! Who may renew these tokens now? One gateway at a time.
//!
//! Many authorization servers give a new refresh token with every renewal, and take one that comes a second time for
//! stolen: two gateways that share a file and renew at once would sign each other out. The lock is on a file of its own,
//! because the file with the tokens is replaced as a whole. The system lets go of it when its holder dies.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another gateway may take: it asks an authorization server a few questions.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether the other is done.
const PAUSE: Duration = Duration::from_millis(20);

/// The right to renew; it ends with this value.
#[derive(Debug)]
pub(super) struct Claim(#[expect(dead_code, reason = "holds the lock until it is dropped")] File);

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoClaim {
    /// Somebody else renews.
    #[error("another gateway has been renewing the tokens in {} for a minute; end it if it hangs", .0.display())]
    Busy(PathBuf),
    /// There is no lock to be had there.
    #[error("{0}")]
    Unusable(#[from] io::Error),
}

impl Claim {
    /// Waits for the right to renew the tokens in this file.
    pub(super) async fn wait(file: &Path) -> Result<Self, NoClaim> {
        let place = file.with_extension("lock");
        let opened = tokio::task::spawn_blocking(move || open(&place));
        let lock = opened.await.map_err(io::Error::other)??;
        let held = tokio::time::timeout(PATIENCE, async {
            loop {
                match lock.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        });
        held.await.map_err(|_| NoClaim::Busy(file.to_owned()))??;
        Ok(Self(lock))
    }
}

/// The folder is for its owner alone: whoever may write there could leave tokens of their own for us to use.
fn open(lock: &Path) -> io::Result<File> {
    if let Some(folder) = lock.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        if folder.metadata()?.permissions().mode() & 0o022 != 0 {
            let what = format!("others may write to {}; take that right away with `chmod go-w`", folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
    }
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock)
}
