//! Which keys does the book have, and where are they?
//!
//! Two files in a folder outside the database, for its owner alone: what bodies are sealed with, and what checkpoints are
//! signed with. Whoever has the database without them can neither read bodies nor sign; whoever loses them loses the bodies,
//! so they belong into the backup, apart from the database's.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::StoreError;
use super::seal::Sealer;
use crate::audit::note::Signer;
use crate::clock::chance;
use crate::digest::{Naming, hex};

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
    /// Names the parameters of calls, for this deployment alone.
    pub naming: Naming,
    /// Signs checkpoints. Changed for another while the gateway runs.
    signer: Arc<ArcSwap<Signer>>,
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
const NEXT: &str = "signing.key.next";
const PRIVATE: &str = "PRIVATE+KEY";

impl BookKeys {
    /// Reads the keys, or makes them. A book that has no name yet is called this.
    pub(super) fn open(place: &KeyPlace, making: Making, origin: Option<&str>) -> Result<Self, StoreError> {
        let folder = match place {
            KeyPlace::Nowhere => {
                let (key, seed) = (random()?, random()?);
                let signer = Signer::new(&name(origin)?, &seed).map_err(|error| bad(Path::new("memory"), &error))?;
                return Self::of(&key, signer, None);
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
        Self::of(&key, open_signer(&signing)?, Some(folder.clone()))
    }

    /// What signs now.
    pub fn signer(&self) -> Arc<Signer> {
        self.signer.load_full()
    }

    /// Makes the key that signs next, under this name. Whoever keeps the log takes it up when it signs.
    pub fn prepare(&self, name: &str) -> Result<Signer, StoreError> {
        let next = self.file(NEXT)?;
        make(&next, || {
            let seed = random()?;
            private(name, &seed)
        })?;
        open_signer(&next)
    }

    /// The key that was made to sign next, if one was.
    pub fn next_signer(&self) -> Result<Option<Signer>, StoreError> {
        match &self.folder {
            Some(folder) if folder.join(NEXT).exists() => open_signer(&folder.join(NEXT)).map(Some),
            _ => Ok(None),
        }
    }

    /// Signs with it from now on. The old one stays beside it under its own number: it signs no more, and is no secret to lose.
    pub fn change(&self, next: Signer) -> Result<(), StoreError> {
        let signing = self.file(SIGNING)?;
        let old = self.file(&format!("{SIGNING}.{}", hex(&self.signer().verifier().id())))?;
        let next_file = self.file(NEXT)?;
        let moved = fs::rename(&signing, &old).and_then(|()| fs::rename(next_file, &signing));
        moved.map_err(|error| bad(&signing, &error))?;
        self.signer.store(Arc::new(next));
        Ok(())
    }

    /// Takes up the key that another gateway put into the folder.
    pub fn reload(&self) -> Result<(), StoreError> {
        if self.folder.is_some() {
            self.signer.store(Arc::new(open_signer(&self.file(SIGNING)?)?));
        }
        Ok(())
    }

    fn file(&self, name: &str) -> Result<PathBuf, StoreError> {
        let nowhere = || StoreError::Keys { place: "memory".into(), why: "keys in memory are not changed".to_owned() };
        self.folder.as_ref().map(|folder| folder.join(name)).ok_or_else(nowhere)
    }

    fn of(key: &[u8; 32], signer: Signer, folder: Option<PathBuf>) -> Result<Self, StoreError> {
        let place = folder.clone().unwrap_or_default();
        let sealer = Sealer::new(key).ok_or_else(|| bad(&place, "it holds no key"))?;
        let naming = Naming::new(*key).under("countersign deployment", "");
        Ok(Self { sealer: Arc::new(sealer), naming, signer: Arc::new(ArcSwap::from_pointee(signer)), folder })
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

fn open_signer(path: &Path) -> Result<Signer, StoreError> {
    let text = read(path)?;
    parse(text.trim()).ok_or_else(|| bad(path, "it holds no private key"))
}

fn parse(text: &str) -> Option<Signer> {
    let mut parts = text.strip_prefix(PRIVATE)?.strip_prefix('+')?.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let key = Zeroizing::new(BASE64.decode(key).ok()?);
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(key.strip_prefix(&[1])?.try_into().ok()?);
    let signer = Signer::new(name, &seed).ok()?;
    (hex(&signer.verifier().id()) == id).then_some(signer)
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
    if mode.trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(bad(path, &"others than its owner may read it; run chmod 600 on it"))
    }
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
        assert_eq!(made.signer().verifier(), again.signer().verifier());
        assert_eq!(again.signer().verifier().name(), "example.org/log");
        let next = again.prepare("example.org/log").unwrap();
        assert_eq!(made.next_signer().unwrap().unwrap().verifier(), next.verifier());
        again.change(next).unwrap();
        let read = BookKeys::open(&place, Making::Refused, None).unwrap();
        assert_eq!(read.signer().verifier(), again.signer().verifier());
        assert_ne!(read.signer().verifier(), made.signer().verifier());
        assert!(made.next_signer().unwrap().is_none());
        made.reload().unwrap();
        assert_eq!(read.signer().verifier(), made.signer().verifier());
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
