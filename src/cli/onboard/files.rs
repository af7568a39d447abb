//! How is somebody's file read, and replaced without a chance that half of it is lost?
//!
//! The new text is written beside the old one, with its mode and owner, and takes its place in one step. A link stays a link:
//! the file it leads to is replaced. Whoever wrote to the file since it was read wins: then nothing is written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::clients::journal::named;
use crate::clock::chance;
use crate::digest::hex;

/// No client's file is longer; Claude Code keeps its history in one.
const LONGEST: u64 = 64 << 20;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Somebody else did.
    #[error("{0} was changed by somebody else just now; nothing was written, run the command again")]
    Changed(String),
    /// The system does not let us.
    #[error("{0}: {1}")]
    Refused(String, io::Error),
}

/// A file's text; nothing where there is no such file.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = String::new();
    file.take(LONGEST.saturating_add(1)).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length <= LONGEST) {
        Ok(Some(text))
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 64 MiB"))
    }
}

/// The file itself, behind every link.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path),
        found => found,
    }
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever could before; a new one is for its owner alone.
    AsBefore,
    /// Its owner alone.
    Owner,
}

/// Puts a text into a file's place, if the file still is what it was: `before` names that, nothing stands for no file.
pub fn replace(path: &Path, before: Option<&str>, text: &str, readers: Readers) -> Result<(), NotWritten> {
    let refused = |error: io::Error| NotWritten::Refused(path.display().to_string(), error);
    let unchanged = || -> Result<(), NotWritten> {
        let now = read(path).map_err(refused)?;
        if now.as_deref().map(named).as_deref() == before {
            Ok(())
        } else {
            Err(NotWritten::Changed(path.display().to_string()))
        }
    };
    unchanged()?;
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refused)?;
    }
    let beside = beside(path).map_err(refused)?;
    let done = write(path, &beside, text, readers).map_err(refused).and_then(|()| {
        unchanged()?;
        fs::rename(&beside, path).map_err(refused)
    });
    if done.is_err() {
        // What is left of it is nobody's.
        drop(fs::remove_file(&beside));
        return done;
    }
    // That the name is on disk matters less than that it is whole, and some systems cannot say.
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        drop(folder.sync_all());
    }
    Ok(())
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let chance: [u8; 6] = chance().map_err(|error| io::Error::other(error.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.countersign-{}", hex(&chance))))
}

fn write(path: &Path, beside: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        let ours = file.metadata()?;
        if (old.uid(), old.gid()) != (ours.uid(), ours.gid()) {
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        let mode = if readers == Readers::Owner { 0o600 } else { old.mode() & 0o7777 };
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_meanwhile_wins_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mcp.json");
        fs::write(&file, "theirs").unwrap();
        let refused = replace(&file, Some(&named("as we read it")), "ours", Readers::AsBefore).unwrap_err();
        assert!(matches!(refused, NotWritten::Changed(_)), "{refused}");
        let refused = replace(&file, None, "ours", Readers::AsBefore).unwrap_err();
        assert!(matches!(refused, NotWritten::Changed(_)), "somebody made it meanwhile: {refused}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        replace(&file, Some(&named("theirs")), "ours", Readers::AsBefore).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "ours");
        replace(&folder.path().join("deep/new"), None, "new", Readers::AsBefore).unwrap();
        let mode = fs::metadata(folder.path().join("deep/new")).unwrap().mode() & 0o777;
        assert_eq!((mode, fs::read_dir(folder.path()).unwrap().count()), (0o600, 2));
    }
}
