//! Which file is run, and is it the one that was agreed?

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt;

use crate::digest::Running;
use crate::downstream::options::CommandOptions;

/// Why a program is not run.
#[derive(Debug, thiserror::Error)]
pub(in crate::downstream) enum Unfit {
    /// Nothing of this name can be run.
    #[error("the program `{0}` is not on PATH; install it or write its whole path")]
    NotOnPath(String),
    /// The path leads nowhere, or to something that cannot be run.
    #[error("`{0}` is not a program that can be run")]
    NotAProgram(String),
    /// It could not be read to be checked.
    #[error("`{0}` cannot be read to check its sha256: {1}")]
    Unreadable(String, std::io::Error),
    /// It is another program than the one that was agreed.
    #[error(
        "`{path}` has changed: its sha256 is {found}, the configuration agreed to {agreed}; it is not started until \
         the configuration agrees to it again"
    )]
    Changed {
        /// The program file.
        path: String,
        /// What it hashes to now.
        found: String,
        /// What it should.
        agreed: String,
    },
}

/// The file a program name means. Names without a slash are looked for on the child's own PATH, never in `cwd`.
pub(super) fn find(options: &CommandOptions) -> Result<PathBuf, Unfit> {
    let name = &options.program;
    if name.contains('/') {
        let path = std::path::absolute(name).map_err(|_| Unfit::NotAProgram(name.clone()))?;
        return if can_run(&path) { Ok(path) } else { Err(Unfit::NotAProgram(name.clone())) };
    }
    let configured = options.env.iter().rev().find(|(key, _)| key == "PATH");
    let path = configured.map_or_else(|| std::env::var_os("PATH"), |(_, value)| Some(value.expose().into()));
    let path = path.unwrap_or_default();
    let mut folders = std::env::split_paths(OsStr::new(&path)).filter(|folder| folder.is_absolute());
    let found = folders.find_map(|folder| {
        let file = folder.join(name);
        (!name.is_empty() && can_run(&file)).then_some(file)
    });
    found.ok_or_else(|| Unfit::NotOnPath(name.clone()))
}

fn can_run(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Compares the program file with its pin, if there is one.
pub(super) async fn check(path: &Path, agreed: Option<&str>) -> Result<(), Unfit> {
    let Some(agreed) = agreed else { return Ok(()) };
    let found = hash(path).await.map_err(|error| Unfit::Unreadable(path.display().to_string(), error))?;
    if found.eq_ignore_ascii_case(agreed) {
        Ok(())
    } else {
        let agreed = agreed.to_owned();
        Err(Unfit::Changed { path: path.display().to_string(), found, agreed })
    }
}

async fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = tokio::fs::File::open(path).await?;
    let mut running = Running::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer).await?;
        match buffer.get(..read) {
            Some([]) | None => return Ok(running.hex()),
            Some(bytes) => running.update(bytes),
        }
    }
}
