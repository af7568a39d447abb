//! Where is it written down what was changed?
//!
//! In one file of the user's data, for their eyes alone: it holds what stood in other files, secrets too. One command at a time
//! changes it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use rustix::fs::{FlockOperation, flock};

use super::files::{self, Readers};
use crate::clients::journal::{Journal, named};

/// The form of the file.
const VERSION: u32 = 1;

/// The journal, and the right to change it.
#[expect(missing_debug_implementations, reason = "it holds what stood in files, secrets too")]
pub struct Record {
    /// What it says.
    pub journal: Journal,
    file: PathBuf,
    before: Option<String>,
    /// Held until the command ends.
    _lock: File,
}

fn folder() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    let data =
        data.ok_or_else(|| anyhow!("there is no place for the journal: neither XDG_DATA_HOME nor HOME is set"))?;
    Ok(data.join("countersign"))
}

impl Record {
    /// Opens it, and makes the place for it.
    pub fn open() -> anyhow::Result<Self> {
        let folder = folder()?;
        let cannot = || format!("the folder {} cannot be made", folder.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(cannot)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(folder.join("changes.lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            anyhow!("another countersign changes clients' files just now; run this again when it has ended")
        })?;
        let file = folder.join("changes.json");
        let text = files::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let journal = match &text {
            None => Journal { version: VERSION, ..Journal::default() },
            Some(text) => serde_json::from_str(text).map_err(|why| {
                anyhow!("{} is not what we wrote ({why}); move it away to begin anew", file.display())
            })?,
        };
        let before = text.as_deref().map(named);
        Ok(Self { journal, file, before, _lock: lock })
    }

    /// Writes it down, before what it is about is done.
    pub fn save(&mut self) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(&self.journal)?;
        text.push('\n');
        files::replace(&self.file, self.before.as_deref(), &text, Readers::Owner)?;
        self.before = Some(named(&text));
        Ok(())
    }

    /// Where it is.
    pub fn place(&self) -> String {
        self.file.display().to_string()
    }
}
