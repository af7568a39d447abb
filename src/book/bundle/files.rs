//! Which file holds what?

use std::fs;
use std::path::{Path, PathBuf};

use super::WIDTH;
use crate::book::BookError;

/// A number in the way of `tlog-tiles`: three digits a folder, an `x` before all but the last.
fn number(mut number: u64) -> String {
    let mut text = format!("{:03}", number % 1000);
    while number >= 1000 {
        number = number.saturating_div(1000);
        text = format!("x{:03}/{text}", number % 1000);
    }
    text
}

/// A tile of hashes, whole or with this many in it.
pub(in crate::book) fn tile(level: u32, place: u64, width: u64) -> PathBuf {
    partial(format!("tile/{level}/{}", number(place)), width)
}

/// Which tiles of leaves are there, where not all are.
pub(in crate::book) const PART: &str = "part";

/// A tile of leaves.
pub(in crate::book) fn entries(place: u64, width: u64) -> PathBuf {
    partial(format!("tile/entries/{}", number(place)), width)
}

/// The bodies of a tile of leaves.
pub(in crate::book) fn bodies(place: u64) -> PathBuf {
    PathBuf::from(format!("bodies/{}.jsonl", number(place)))
}

fn partial(path: String, width: u64) -> PathBuf {
    if width < WIDTH { PathBuf::from(format!("{path}.p/{width}")) } else { PathBuf::from(path) }
}

/// Writes a file and the folders it stands in.
pub(in crate::book) fn put(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), BookError> {
    let path = folder.join(path);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(&path, bytes)).map_err(|error| bad(&path, &error))
}

/// Reads a file; nothing where there is none.
pub(in crate::book) fn get(folder: &Path, path: &Path) -> Result<Option<Vec<u8>>, BookError> {
    let path = folder.join(path);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(bad(&path, &error)),
    }
}

pub(in crate::book) fn bad(path: &Path, why: &impl std::fmt::Display) -> BookError {
    BookError::File { place: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_others_call_them() {
        assert_eq!(tile(0, 1_234_067, WIDTH), Path::new("tile/0/x001/x234/067"));
        assert_eq!(tile(1, 0, 7), Path::new("tile/1/000.p/7"));
        assert_eq!(entries(5, 200), Path::new("tile/entries/005.p/200"));
        assert_eq!(bodies(1000), Path::new("bodies/x001/000.jsonl"));
    }
}
