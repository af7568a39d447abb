//! How does a folder keep checkpoints, also one on storage that can only be added to?
//!
//! `checkpoint` is the newest one and is replaced where the storage lets us; `checkpoints/SIZE` is written once for each size
//! and never again. A file there that says something else stays and has the checkpoint put beside it, unless it is of the same
//! log: then that log has two histories.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::{Given, read};
use crate::audit::note::LONGEST;
use crate::digest::{hex, sha256};

/// So many of the largest are looked at for one of the log in question.
const LOOKED_AT: usize = 16;

/// Puts a checkpoint there.
pub(super) fn give(path: &Path, given: &Given) -> Result<String, String> {
    let all = path.join("checkpoints");
    match fs::create_dir(&all) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(bad(&all, &error)),
        _ => {}
    }
    let size = given.said.size.to_string();
    let digest: String = hex(&sha256(given.note.as_bytes())).chars().take(8).collect();
    let mut place = None;
    for name in [size.clone(), format!("{size}-{digest}")] {
        if kept(&all.join(&name), given)? {
            place = Some(name);
            break;
        }
    }
    let name = place.ok_or_else(|| format!("{} holds other files under the names of checkpoints", all.display()))?;
    let newest = path.join("checkpoint");
    let is_newer = look(&newest).ok().flatten().and_then(|note| read(&note));
    if is_newer.is_none_or(|has| has.origin != given.said.origin || has.size <= given.said.size) {
        let new = path.join(format!("checkpoint.{}.tmp", std::process::id()));
        if fs::write(&new, &given.note).and_then(|()| fs::rename(&new, &newest)).is_err() {
            // Storage that can only be added to has it under its size. What cannot be removed either stays.
            drop(fs::remove_file(&new));
        }
    }
    Ok(format!("checkpoints/{name}"))
}

/// Whether it is kept under this name; false where something else is.
fn kept(file: &Path, given: &Given) -> Result<bool, String> {
    match fs::OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut new) => {
            let written = new.write_all(given.note.as_bytes()).and_then(|()| new.sync_all());
            written.map(|()| true).map_err(|error| bad(file, &error))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let has = look(file).map_err(|error| bad(file, &error))?.and_then(|note| read(&note));
            match has {
                Some(has) if has.origin == given.said.origin && has.size == given.said.size => {
                    if has.root == given.said.root {
                        return Ok(true);
                    }
                    Err(format!("{} was signed for the same size of this log, with another root", file.display()))
                }
                _ => Ok(false),
            }
        }
        Err(error) => Err(bad(file, &error)),
    }
}

/// The checkpoints that say most of a log.
pub(super) fn newest(path: &Path, origin: &str) -> Result<Vec<String>, String> {
    fs::metadata(path).map_err(|error| bad(path, &error))?;
    let file = path.join("checkpoint");
    let mut notes: Vec<String> = look(&file).map_err(|error| bad(&file, &error))?.into_iter().collect();
    let all = path.join("checkpoints");
    let listed = match fs::read_dir(&all) {
        Ok(listed) => listed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(notes),
        Err(error) => return Err(bad(&all, &error)),
    };
    let mut sizes = Vec::new();
    for entry in listed {
        let name = entry.map_err(|error| bad(&all, &error))?.file_name();
        let name = name.to_string_lossy().into_owned();
        let size = name.split('-').next().and_then(|size| size.parse::<u64>().ok());
        sizes.extend(size.map(|size| (size, name)));
    }
    sizes.sort_unstable();
    for (_, name) in sizes.into_iter().rev().take(LOOKED_AT) {
        let file = all.join(name);
        // What was cut off while it was written says nothing.
        let Some(note) = look(&file).map_err(|error| bad(&file, &error))? else { continue };
        if read(&note).is_some_and(|said| said.origin == origin) {
            notes.push(note);
            break;
        }
    }
    Ok(notes)
}

/// The text of a file, if it is there. One that is too long for a checkpoint is none.
pub(super) fn look(file: &Path) -> std::io::Result<Option<String>> {
    let long = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    match fs::metadata(file) {
        Ok(about) if about.len() > long => Ok(Some(String::new())),
        Ok(_) => Ok(Some(String::from_utf8_lossy(&fs::read(file)?).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn bad(path: &Path, why: &std::io::Error) -> String {
    format!("{}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checkpoint::Checkpoint;
    use crate::audit::note::{Note, Signer};

    fn given(origin: &str, size: u64, root: u8) -> Given {
        let signer = Signer::new(origin, &[3; 32]).unwrap();
        let said = Checkpoint { origin: origin.to_owned(), size, root: [root; 32], at: None };
        let note = said.sign(&signer);
        let text = Note::parse(&note).unwrap().text;
        Given { note, said, text }
    }

    #[test]
    fn nothing_is_ever_overwritten_and_two_histories_are_refused() {
        // AUD-04
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let first = given("a", 5, 1);
        assert_eq!(give(path, &first).as_deref(), Ok("checkpoints/5"));
        assert_eq!(give(path, &first).as_deref(), Ok("checkpoints/5"), "twice is harmless");
        assert!(give(path, &given("a", 5, 2)).unwrap_err().contains("another root"));
        assert_eq!(look(&path.join("checkpoints/5")).unwrap().unwrap(), first.note);
        let second = given("b", 5, 2);
        assert!(give(path, &second).unwrap().starts_with("checkpoints/5-"), "of another log");
        assert_eq!(look(&path.join("checkpoint")).unwrap().unwrap(), second.note);
        give(path, &given("b", 7, 3)).unwrap();
        give(path, &given("b", 6, 3)).unwrap();
        assert_eq!(newest(path, "b").unwrap(), vec![given("b", 7, 3).note; 2]);
        assert_eq!(newest(path, "a").unwrap(), [given("b", 7, 3).note, first.note]);
        assert!(newest(&path.join("gone"), "a").is_err());
    }

    #[test]
    fn storage_that_can_only_be_added_to_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        // Nothing can take the place of a folder that is not empty.
        fs::create_dir_all(folder.path().join("checkpoint/kept")).unwrap();
        assert_eq!(give(folder.path(), &given("a", 5, 1)).as_deref(), Ok("checkpoints/5"));
    }
}
