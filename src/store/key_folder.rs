//! Which keys does the book have, and where are they?
//!
//! Two files in a folder outside the database, for its owner alone: what bodies are sealed with, and what checkpoints are
//! signed with. Whoever has the database without them can neither read bodies nor sign; whoever loses them loses the bodies,
//! so they belong into the backup, apart from the database's.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::StoreError;
use super::seal::Sealer;
use crate::audit::note::Signer;
use crate::clock::chance;
use crate::digest::hex;

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In this folder.
    Folder(PathBuf),
    /// Made now and gone with the process.
    Nowhere,
}

/// The keys of one book. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BookKeys {
    /// Closes and opens bodies.
    pub sealer: Arc<Sealer>,
    /// Signs checkpoints.
    pub signer: Arc<Signer>,
    /// Where they are, for what belongs beside them.
    pub folder: Option<PathBuf>,
}

/// Whether keys may be made where there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Making {
    /// There is no book yet.
    Allowed,
    /// There is a book that was written with other keys, or nothing may be changed.
    Refused,
}

const DATA: &str = "data.key";
const SIGNING: &str = "signing.key";
const PRIVATE: &str = "PRIVATE+KEY";

impl BookKeys {
    /// Reads the keys, or makes them. A book that has no name yet is called this.
    pub(super) fn open(place: &KeyPlace, making: Making, origin: Option<&str>) -> Result<Self, StoreError> {
        let folder = match place {
            KeyPlace::Nowhere => {
                let (key, seed) = (random()?, random()?);
                return Self::of(&key, &seed, &name(origin)?, None);
            }
            KeyPlace::Folder(folder) => folder,
        };
        let (data, signing) = (folder.join(DATA), folder.join(SIGNING));
        if making == Making::Allowed {
            make_folder(folder)?;
            make(&data, || Ok(BASE64.encode(random()?.as_slice())))?;
            make(&signing, || {
                let seed = random()?;
                private(&name(origin)?, &seed)
            })?;
        }
        let key = BASE64.decode(read(&data)?.trim()).ok().and_then(|key| key.try_into().ok());
        let key = Zeroizing::new(key.ok_or_else(|| bad(&data, "it holds no key"))?);
        let text = read(&signing)?;
        let (name, seed) = parse(text.trim()).ok_or_else(|| bad(&signing, "it holds no private key"))?;
        Self::of(&key, &seed, &name, Some(folder.clone()))
    }

    /// Puts a new signing key into the folder and keeps the old one beside it under the number it had.
    pub(super) fn renew(&self) -> Result<Self, StoreError> {
        let Some(folder) = &self.folder else {
            return Err(StoreError::Keys { place: "memory".into(), why: "keys in memory are not renewed".to_owned() });
        };
        let (signing, old) = (folder.join(SIGNING), hex(&self.signer.verifier().id()));
        let (name, seed) = (self.signer.verifier().name().to_owned(), random()?);
        let next = folder.join(format!("{SIGNING}.next"));
        make(&next, || private(&name, &seed))?;
        let kept = folder.join(format!("{SIGNING}.{old}"));
        let moved = fs::rename(&signing, &kept).and_then(|()| fs::rename(&next, &signing));
        moved.map_err(|error| bad(&signing, &error))?;
        let signer = Signer::new(&name, &seed).map_err(|error| bad(&signing, &error))?;
        Ok(Self { signer: Arc::new(signer), ..self.clone() })
    }

    fn of(key: &[u8; 32], seed: &[u8; 32], name: &str, folder: Option<PathBuf>) -> Result<Self, StoreError> {
        let place = folder.clone().unwrap_or_default();
        let sealer = Sealer::new(key).ok_or_else(|| bad(&place, "it holds no key"))?;
        let signer = Signer::new(name, seed).map_err(|error| bad(&place, &error))?;
        Ok(Self { sealer: Arc::new(sealer), signer: Arc::new(signer), folder })
    }
}

fn random() -> Result<Zeroizing<[u8; 32]>, StoreError> {
    chance().map(Zeroizing::new).map_err(|error| StoreError::Database(error.to_string()))
}

/// What a log is called that nobody named.
fn name(origin: Option<&str>) -> Result<String, StoreError> {
    let made = chance::<6>().map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(origin.map_or_else(|| format!("countersign.local/{}", hex(&made)), str::to_owned))
}

/// As Go's `note` package writes a private key.
fn private(name: &str, seed: &[u8; 32]) -> Result<String, StoreError> {
    let signer =
        Signer::new(name, seed).map_err(|error| StoreError::Keys { place: name.into(), why: error.to_string() })?;
    let key = Zeroizing::new([&[1], seed.as_slice()].concat());
    Ok(format!("{PRIVATE}+{name}+{}+{}", hex(&signer.verifier().id()), BASE64.encode(&*key)))
}

fn parse(text: &str) -> Option<(String, Zeroizing<[u8; 32]>)> {
    let mut parts = text.strip_prefix(PRIVATE)?.strip_prefix('+')?.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let key = Zeroizing::new(BASE64.decode(key).ok()?);
    let seed: [u8; 32] = key.strip_prefix(&[1])?.try_into().ok()?;
    let signer = Signer::new(name, &seed).ok()?;
    (hex(&signer.verifier().id()) == id).then(|| (name.to_owned(), Zeroizing::new(seed)))
}

fn read(path: &Path) -> Result<Zeroizing<String>, StoreError> {
    let opened = File::open(path).map_err(|error| bad(path, &error))?;
    private_alone(&opened, path)?;
    std::io::read_to_string(opened).map(Zeroizing::new).map_err(|error| bad(path, &error))
}

/// Whoever else can read it can sign.
#[cfg(unix)]
fn private_alone(file: &File, path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(|error| bad(path, &error))?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(bad(path, &"others than its owner may read it; run chmod 600 on it")) }
}

#[cfg(not(unix))]
fn private_alone(_: &File, _: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Writes a file whole, once: whoever comes second finds it.
fn make(path: &Path, text: impl FnOnce() -> Result<String, StoreError>) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    let new = path.with_extension(format!("{}.tmp", hex(&*random()?).get(..12).unwrap_or_default()));
    let text = Zeroizing::new(text()?);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|error| bad(path, &error))?;
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new).map_err(|error| bad(path, &error))?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(bad(path, &error)),
        _ => Ok(()),
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder).map_err(|error| bad(folder, &error))
}

fn bad(path: &Path, why: &(impl std::fmt::Display + ?Sized)) -> StoreError {
    StoreError::Keys { place: path.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = KeyPlace::Folder(folder.path().join("keys"));
        let missing = BookKeys::open(&place, Making::Refused, None).unwrap_err();
        assert!(missing.to_string().contains("data.key"), "{missing}");
        let made = BookKeys::open(&place, Making::Allowed, Some("example.org/log")).unwrap();
        let again = BookKeys::open(&place, Making::Allowed, Some("example.org/other")).unwrap();
        assert_eq!(made.sealer.id(), again.sealer.id());
        assert_eq!(made.signer.verifier(), again.signer.verifier());
        assert_eq!(again.signer.verifier().name(), "example.org/log");
        let renewed = again.renew().unwrap();
        let read = BookKeys::open(&place, Making::Refused, None).unwrap();
        assert_eq!(read.signer.verifier(), renewed.signer.verifier());
        assert_ne!(read.signer.verifier(), made.signer.verifier());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let data = folder.path().join("keys").join(DATA);
            fs::set_permissions(&data, fs::Permissions::from_mode(0o644)).unwrap();
            let open = BookKeys::open(&place, Making::Refused, None).unwrap_err();
            assert!(open.to_string().contains("chmod 600"), "{open}");
        }
    }
}
