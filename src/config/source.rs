//! Which file is read, and what stands around it?

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The file's name, wherever it is.
pub const FILE_NAME: &str = "countersign.toml";
/// The variable that names the file.
pub const FILE_VARIABLE: &str = "COUNTERSIGN_CONFIG";

/// Nothing a configuration or a secret needs is longer.
const LONGEST: u64 = 1 << 20;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Flags that stand for settings: dotted name and value.
    pub flags: Vec<(String, String)>,
}

/// What a configuration may refer to.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "variables hold secrets")]
pub struct Surroundings {
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Where the program was started; paths in variables and flags are relative to it.
    pub directory: PathBuf,
    /// Reads a file.
    pub reader: fn(&Path) -> io::Result<String>,
}

/// Where a configuration was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Here.
    At(PathBuf),
    /// In none of these.
    Nowhere(Vec<PathBuf>),
}

impl Surroundings {
    /// This process's own. A variable that is not UTF-8 counts as not set. `PWD` is where the process is, which is not what
    /// whoever started it may have left in the variable.
    pub fn of_this_process() -> io::Result<Self> {
        let directory = std::env::current_dir()?;
        let mut variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        match directory.to_str() {
            Some(directory) => drop(variables.insert("PWD".to_owned(), directory.to_owned())),
            None => drop(variables.remove("PWD")),
        }
        Ok(Self { variables, directory, reader: read_short })
    }

    /// Reads a file.
    pub fn read(&self, path: &Path) -> io::Result<String> {
        (self.reader)(path)
    }

    /// The file that counts: the flag's, the variable's, or the first that exists of this directory's, the user's and
    /// the system's. One that was named counts even when it cannot be read.
    pub fn find(&self, named: Option<&Path>) -> Found {
        if let Some(named) = named.or_else(|| self.set(FILE_VARIABLE)) {
            return Found::At(self.directory.join(named));
        }
        let user = match (self.set("XDG_CONFIG_HOME"), self.set("HOME")) {
            (Some(directory), _) => Some(directory.join("countersign")),
            (None, Some(home)) => Some(home.join(".config/countersign")),
            (None, None) => None,
        };
        let directories = [Some(self.directory.clone()), user, Some(PathBuf::from("/etc/countersign"))];
        let places: Vec<PathBuf> =
            directories.into_iter().flatten().map(|directory| directory.join(FILE_NAME)).collect();
        match places.iter().find(|place| place.exists()) {
            Some(place) => Found::At(place.clone()),
            None => Found::Nowhere(places),
        }
    }

    fn set(&self, name: &str) -> Option<&Path> {
        self.variables.get(name).filter(|value| !value.is_empty()).map(Path::new)
    }
}

pub(super) fn read_short(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(path)?.take(LONGEST.saturating_add(1)).read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length <= LONGEST) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"))
    }
}
