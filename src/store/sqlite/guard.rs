//! Is this the only gateway on the file, and is the file where locks work?

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::unusable;
use crate::store::{Role, StoreError};

/// The claim on a database file, held through a lock on the file beside it. The operating system lets go of it when
/// the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Guard {
    #[expect(dead_code, reason = "the lock lasts as long as the open file")]
    file: File,
}

impl Guard {
    /// Claims the file, or says that somebody else has.
    pub(super) fn take(path: &Path, place: &str) -> Result<Self, StoreError> {
        let options = OpenOptions::new().create(true).truncate(false).write(true).to_owned();
        let file = options.open(beside(path, "lock")).map_err(|error| unusable(place, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Taken { place: place.to_owned() }),
            Err(TryLockError::Error(error)) => Err(unusable(place, &error)),
        }
    }
}

/// The path without links, so that two names of one file are one file; refused where it cannot be used.
pub(super) fn settle(path: &Path, place: &str, role: Role) -> Result<PathBuf, StoreError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let settled = match path.canonicalize() {
        Ok(there) => there,
        Err(_) if role == Role::Reader => return Err(StoreError::Missing { place: place.to_owned() }),
        Err(_) => {
            let name = path.file_name().ok_or(StoreError::Url)?;
            parent.canonicalize().map_err(|error| unusable(place, &format!("its directory: {error}")))?.join(name)
        }
    };
    if settled.is_dir() {
        return Err(unusable(place, &"it is a directory"));
    }
    if let Some(kind) = network(settled.parent().unwrap_or(&settled)) {
        return Err(StoreError::Network { place: place.to_owned(), kind });
    }
    Ok(settled)
}

/// A file next to the database that belongs to it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// The network file system a directory is on, if it is on one.
#[cfg(target_os = "linux")]
fn network(directory: &Path) -> Option<&'static str> {
    named(rustix::fs::statfs(directory).ok()?.f_type)
}

#[cfg(not(target_os = "linux"))]
fn network(_directory: &Path) -> Option<&'static str> {
    None
}

/// The numbers are Linux' own, from `linux/magic.h`.
#[cfg(target_os = "linux")]
fn named(magic: rustix::fs::FsWord) -> Option<&'static str> {
    Some(match magic & 0xffff_ffff {
        0x6969 => "nfs",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "smb",
        0x0102_1997 => "9p",
        0x5346_414f | 0x6b41_4653 => "afs",
        0x7375_7245 => "coda",
        0x00c3_6400 => "ceph",
        _ => return None,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::named;

    #[test]
    fn network_file_systems_are_known_by_their_number() {
        // STO-06
        let table = [
            (0x6969, Some("nfs")),
            (0xff53_4d42, Some("smb")),
            (-0x00ac_b2be, Some("smb")),
            (0xef53, None),
            (0x0102_1994, None),
        ];
        for (magic, kind) in table {
            assert_eq!(named(magic), kind, "{magic:x}");
        }
    }
}
