//! Which tokens do we hold for this server? One file for each, that only its owner may read.
//!
//! The file names the server's address: a server that moves in the configuration does not get the tokens of the old.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::transport::auth::{AuthError, CredentialStore, StoredCredentials};
use serde::{Deserialize, Serialize};

/// Tokens in memory, and in a file where one is given.
#[derive(Clone)]
pub(super) struct Vault(Arc<Inner>);

struct Inner {
    resource: String,
    file: Option<PathBuf>,
    held: Mutex<Held>,
}

enum Held {
    Unread,
    Known(Option<Box<StoredCredentials>>),
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    resource: String,
    credentials: Box<StoredCredentials>,
}

impl Vault {
    pub(super) fn new(resource: String, file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { resource, file, held: Mutex::new(Held::Unread) }))
    }

    /// What is held; a file that cannot be read counts as empty, and is said so.
    pub(super) async fn read(&self) -> Option<StoredCredentials> {
        if let Held::Known(credentials) = &*self.held() {
            return credentials.as_deref().cloned();
        }
        let credentials = self.read_file().await;
        *self.held() = Held::Known(credentials.clone().map(Box::new));
        credentials
    }

    async fn read_file(&self) -> Option<StoredCredentials> {
        let file = self.0.file.as_ref()?;
        let why = match tokio::fs::read(file).await {
            Ok(text) => match serde_json::from_slice::<OnDisk>(&text) {
                Ok(stored) if stored.resource == self.0.resource => return Some(*stored.credentials),
                Ok(_) => "they are for another address".to_owned(),
                // The error's own text could quote the file.
                Err(_) => "the file is damaged".to_owned(),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => error.to_string(),
        };
        tracing::warn!(file = %file.display(), why, "stored tokens cannot be used; new ones are needed");
        None
    }

    async fn write(&self, credentials: Option<StoredCredentials>) -> Result<(), AuthError> {
        let credentials = credentials.map(Box::new);
        *self.held() = Held::Known(credentials.clone());
        let Some(file) = self.0.file.clone() else { return Ok(()) };
        let resource = self.0.resource.clone();
        let written = tokio::task::spawn_blocking(move || match credentials {
            Some(credentials) => replace(&file, &serde_json::to_vec(&OnDisk { resource, credentials })?),
            None => std::fs::remove_file(&file).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }),
        });
        let bad = |error: &dyn std::error::Error| AuthError::CredentialStoreError(error.to_string());
        written.await.map_err(|error| bad(&error))?.map_err(|error| bad(&error))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole or not at all, and never readable by others, not even for a moment.
fn replace(file: &std::path::Path, text: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    // A leftover could have other permissions, so the file is always a fresh one.
    if let Err(error) = std::fs::remove_file(&beside)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    new.write_all(text)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, AuthError>> + Send + 'a>>;

impl CredentialStore for Vault {
    fn load<'a, 'b>(&'a self) -> Boxed<'b, Option<StoredCredentials>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move { Ok(self.read().await) })
    }

    fn save<'a, 'b>(&'a self, credentials: StoredCredentials) -> Boxed<'b, ()>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.write(Some(credentials)))
    }

    fn clear<'a, 'b>(&'a self) -> Boxed<'b, ()>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.write(None))
    }
}
