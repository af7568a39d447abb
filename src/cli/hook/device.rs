//! What does a device know of itself?
//!
//! One file of the user's: its key, and where it reports. Whoever reads the key reports in its name, so the file is nobody
//! else's to read, and is not used while it is.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::channels::signature::Signer;
use crate::clock::chance;
use crate::intent::envelope::device_id;
use crate::secret::Secret;

/// The file's name, in the user's folder for countersign.
const FILE_NAME: &str = "device.json";
/// The variable that names another file.
pub const VARIABLE: &str = "COUNTERSIGN_DEVICE";
/// No such file is longer.
const LONGEST: u64 = 64 << 10;

/// What leaves the device of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// Its words, without secrets.
    Text,
    /// What names its words.
    Digest,
    /// Nothing.
    Off,
}

/// Where a device reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the gateway that takes in what lies in this folder.
    Folder(PathBuf),
    /// To the gateway at this address.
    Gateway(String),
}

/// A device.
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct Device {
    /// Names it, by its key.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Signs what it reports.
    pub key: Secret,
    /// Where it reports.
    pub way: Way,
    /// What leaves it of a prompt.
    pub prompts: Words,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    id: String,
    name: String,
    key: String,
    report_to: Way,
    prompts: Words,
}

/// Why there is no device.
#[derive(Debug, thiserror::Error)]
pub enum NoDevice {
    /// There is no file.
    #[error("this device is not enrolled: there is no {0}; run `countersign hook enroll --name NAME`")]
    Missing(String),
    /// Others may read it.
    #[error("others may read the key in {0}; run `chmod 600` on it, or enrol anew")]
    Open(String),
    /// It cannot be read or written.
    #[error("{path}: {why}")]
    Unusable {
        /// Which file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// It is no such file.
    #[error("{0} is not the file of a device; run `countersign hook enroll --name NAME --replace`")]
    Malformed(String),
    /// There is one.
    #[error("this device is enrolled already, by {0}; give --replace for a new key, or --device for another file")]
    Exists(String),
    /// Nobody's home.
    #[error("there is no place for the device's file: neither XDG_CONFIG_HOME nor HOME is set; give --device FILE")]
    Nowhere,
}

/// The file: the one that was named, the variable's, or the user's.
pub fn file(named: Option<PathBuf>) -> Result<PathBuf, NoDevice> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own = || set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let own = || own().map(|folder| folder.join("countersign").join(FILE_NAME));
    named.or_else(|| set(VARIABLE)).or_else(own).ok_or(NoDevice::Nowhere)
}

impl Device {
    /// A new one, with a key of its own.
    pub fn make(name: String, way: Way, prompts: Words) -> anyhow::Result<(Self, String)> {
        let mut bytes: [u8; 32] = chance()?;
        let seed = Zeroizing::new(bytes);
        bytes.zeroize();
        let key = Secret::new(format!("whsk_{}", STANDARD.encode(*seed)));
        let public = Signer::read(&key)?.public().unwrap_or_default();
        Ok((Self { id: device_id(&public), name, key, way, prompts }, public))
    }

    /// From its file.
    pub fn read(file: &Path) -> Result<Self, NoDevice> {
        let path = || file.display().to_string();
        let unusable = |why: io::Error| match why.kind() {
            io::ErrorKind::NotFound => NoDevice::Missing(path()),
            _ => NoDevice::Unusable { path: path(), why: why.to_string() },
        };
        let opened = fs::File::open(file).map_err(unusable)?;
        if opened.metadata().map_err(unusable)?.permissions().mode() & 0o077 != 0 {
            return Err(NoDevice::Open(path()));
        }
        let mut text = Zeroizing::new(String::new());
        opened.take(LONGEST).read_to_string(&mut text).map_err(unusable)?;
        let written: Written = serde_json::from_str(&text).map_err(|_| NoDevice::Malformed(path()))?;
        let Written { version: _, id, name, key, report_to, prompts } = written;
        Ok(Self { id, name, key: Secret::new(key), way: report_to, prompts })
    }

    /// Into a file that only its owner reads.
    pub fn write(&self, file: &Path) -> Result<(), NoDevice> {
        let unusable = |why: io::Error| NoDevice::Unusable { path: file.display().to_string(), why: why.to_string() };
        let written = Written {
            version: 1,
            id: self.id.clone(),
            name: self.name.clone(),
            key: self.key.expose().to_owned(),
            report_to: self.way.clone(),
            prompts: self.prompts,
        };
        let text = serde_json::to_string_pretty(&written).map(Zeroizing::new);
        let text = text.map_err(|why| unusable(io::Error::other(why)))?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(unusable)?;
        }
        put(file, text.as_bytes()).map_err(unusable)
    }
}

/// Puts a file there, whole or not at all, for its owner alone.
pub fn put(file: &Path, text: &[u8]) -> io::Result<()> {
    let mut beside = file.file_name().unwrap_or_default().to_owned();
    beside.push(".new");
    let beside = file.with_file_name(beside);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    new.write_all(text)?;
    fs::rename(&beside, file)
}
