//! How does a file grow, record by record?
//!
//! What was written is synced before it counts. A record that was not finished, because the machine stopped, is cut off: it is
//! told again. A file that is large enough is renamed after the last record in it, and a new one begins; what was put aside is
//! never touched again, and never removed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

use super::Told;

/// Bytes that are read at once when the end of the last whole record is looked for.
const STEP: u64 = 64 << 10;

/// Writes to one file, one write at a time.
#[derive(Debug)]
pub(super) struct Pen {
    path: PathBuf,
    rotate: u64,
    head: &'static str,
    /// What is being written. A disk that hangs is waited for, and never by a second thread.
    busy: Option<JoinHandle<Result<(), String>>>,
}

impl Pen {
    pub(super) const fn new(path: PathBuf, rotate: u64, head: &'static str) -> Self {
        Self { path, rotate, head, busy: None }
    }

    pub(super) async fn write(&mut self, told: &[Told]) -> Result<(), String> {
        if let Some(busy) = &mut self.busy {
            // What became of it does not matter: the same is written again.
            drop(busy.await);
            self.busy = None;
        }
        let text: String = told.iter().map(|told| told.text.as_str()).collect();
        let last = told.last().map_or(0, |told| told.record.seq);
        let (path, rotate, head) = (self.path.clone(), self.rotate, self.head);
        let busy = self.busy.insert(tokio::task::spawn_blocking(move || {
            append(&path, (head, &text), rotate, last).map_err(|error| format!("{}: {error}", path.display()))
        }));
        let done = busy.await.unwrap_or_else(|error| Err(error.to_string()));
        self.busy = None;
        done
    }
}

fn append(path: &Path, (head, text): (&str, &str), rotate: u64, last: i64) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mut end = whole(&mut file)?;
    if end < file.metadata()?.len() {
        file.set_len(end)?;
    }
    file.seek(SeekFrom::Start(end))?;
    if end == 0 {
        file.write_all(head.as_bytes())?;
        end = length(head);
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    if end.saturating_add(length(text)) >= rotate {
        let mut name = path.as_os_str().to_owned();
        // Sorted by name they are sorted by place.
        name.push(format!(".{last:012}"));
        std::fs::rename(path, &name)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

/// Behind the last whole record.
fn whole(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let from = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        io::Read::by_ref(file).take(end.saturating_sub(from)).read_to_end(&mut bytes)?;
        if let Some(place) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from.saturating_add(u64::try_from(place).unwrap_or(0)).saturating_add(1));
        }
        end = from;
    }
    Ok(0)
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_record_is_cut_off_and_a_large_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        append(&path, ("", "{\"seq\":1}\n"), 1000, 1).unwrap();
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(b"{\"seq\":2,\"half").unwrap();
        append(&path, ("", "{\"seq\":2}\n"), 1000, 2).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"seq\":1}\n{\"seq\":2}\n");
        append(&path, ("", "{\"seq\":3}\n"), 25, 3).unwrap();
        assert!(!path.exists());
        let aside = std::fs::read_to_string(folder.path().join("audit.jsonl.000000000003")).unwrap();
        assert_eq!(aside.lines().count(), 3);
        append(&path, ("head\n", "{\"seq\":4}\n"), 1000, 4).unwrap();
        append(&path, ("head\n", "{\"seq\":5}\n"), 1000, 5).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "head\n{\"seq\":4}\n{\"seq\":5}\n");
    }

    #[test]
    fn a_last_record_longer_than_one_look_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let long = format!("{}\n", "x".repeat(200_000));
        append(&path, ("", &long), u64::MAX, 1).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all("y".repeat(150_000).as_bytes()).unwrap();
        append(&path, ("", "z\n"), u64::MAX, 2).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{long}z\n"));
    }
}
