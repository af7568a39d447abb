//! Which tokens do we hold for this server? One file for each, that only its owner may read.
//!
//! The file names the server's address: a server that moves in the configuration does not get the tokens of the old.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rmcp::transport::auth::{AuthError, CredentialStore, OAuthTokenResponse, StoredCredentials};
use serde::{Deserialize, Serialize};

use super::claim::{Claim, NoClaim};

/// A token that is about to expire is renewed before it is sent. The library renews at 30 seconds by itself: ours is
/// longer, so that nothing is renewed without a claim.
const MARGIN: Duration = Duration::from_secs(45);

/// Tokens in memory, and in a file where one is given.
#[derive(Clone)]
pub(super) struct Vault(Arc<Inner>);

struct Inner {
    resource: String,
    file: Option<PathBuf>,
    /// Whether the file can be used: found out by the last claim.
    usable: AtomicBool,
    held: Mutex<Held>,
}

enum Held {
    Unread,
    /// As in the file.
    Kept(Option<Box<StoredCredentials>>),
    /// Newer than the file, which could not be written.
    Ahead(Option<Box<StoredCredentials>>),
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    resource: String,
    credentials: Box<StoredCredentials>,
}

/// What was found in the file.
enum Found {
    Tokens(Box<StoredCredentials>),
    Nothing,
    Unusable,
}

impl Vault {
    pub(super) fn new(resource: String, file: Option<PathBuf>) -> Self {
        let held = Mutex::new(Held::Unread);
        Self(Arc::new(Inner { resource, file, usable: AtomicBool::new(true), held }))
    }

    /// Keeps other gateways from renewing these tokens, and learns what they have done to them. Whoever writes holds a
    /// claim. None where nothing is shared, because there is no file or none can be used.
    pub(super) async fn claim(&self) -> Result<Option<Claim>, NoClaim> {
        let Some(file) = &self.0.file else { return Ok(None) };
        let claim = match Claim::wait(file).await {
            Ok(claim) => claim,
            Err(NoClaim::Unusable(error)) => {
                if self.0.usable.swap(false, Ordering::SeqCst) {
                    self.warn_unkept(file, &error);
                }
                return Ok(None);
            }
            Err(busy) => return Err(busy),
        };
        self.0.usable.store(true, Ordering::SeqCst);
        let ahead = matches!(*self.held(), Held::Ahead(_));
        match self.read_file().await {
            // Ours are the newer ones.
            _ if ahead => {}
            Found::Tokens(credentials) => *self.held() = Held::Kept(Some(credentials)),
            Found::Nothing => *self.held() = Held::Kept(None),
            Found::Unusable => {}
        }
        Ok(Some(claim))
    }

    /// What is held; a file that cannot be read counts as empty, and is said so.
    pub(super) async fn read(&self) -> Option<StoredCredentials> {
        if let Held::Kept(credentials) | Held::Ahead(credentials) = &*self.held() {
            return credentials.as_deref().cloned();
        }
        let credentials = match self.read_file().await {
            Found::Tokens(credentials) => Some(credentials),
            Found::Nothing | Found::Unusable => None,
        };
        *self.held() = Held::Kept(credentials.clone());
        credentials.map(|credentials| *credentials)
    }

    /// The access token in memory, if it can be sent as it is.
    pub(super) fn fresh(&self) -> Option<String> {
        let held = self.held();
        let (Held::Kept(Some(credentials)) | Held::Ahead(Some(credentials))) = &*held else { return None };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let token = credentials.token_response.as_ref()?;
        let expires = lasting(token).zip(credentials.token_received_at).map(|(lasting, received)| {
            let margin = now.saturating_add(MARGIN);
            Duration::from_secs(received).saturating_add(lasting) <= margin
        });
        (expires != Some(true)).then(|| secret(token))
    }

    async fn read_file(&self) -> Found {
        let Some(file) = self.0.file.as_ref() else { return Found::Nothing };
        let why = match tokio::fs::read(file).await {
            Ok(text) => match serde_json::from_slice::<OnDisk>(&text) {
                Ok(stored) if stored.resource == self.0.resource => return Found::Tokens(stored.credentials),
                Ok(_) => "they are for another address".to_owned(),
                // The error's own text could quote the file.
                Err(_) => "the file is damaged".to_owned(),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => error.to_string(),
        };
        tracing::warn!(file = %file.display(), why, "stored tokens cannot be used; new ones are needed");
        Found::Unusable
    }

    /// Tokens that cannot be kept are good until the gateway ends: somebody has just signed in for them.
    async fn write(&self, credentials: Option<StoredCredentials>) {
        let credentials = credentials.map(Box::new);
        let Some(file) = self.0.file.clone().filter(|_| self.0.usable.load(Ordering::SeqCst)) else {
            *self.held() = Held::Ahead(credentials);
            return;
        };
        *self.held() = Held::Ahead(credentials.clone());
        let (resource, given) = (self.0.resource.clone(), credentials.clone());
        let place = file.clone();
        let written = tokio::task::spawn_blocking(move || match given {
            Some(credentials) => replace(&place, &serde_json::to_vec(&OnDisk { resource, credentials })?),
            None => std::fs::remove_file(&place).or_else(absent),
        });
        match written.await.map_err(std::io::Error::other).and_then(|written| written) {
            Ok(()) => *self.held() = Held::Kept(credentials),
            Err(error) => self.warn_unkept(&file, &error),
        }
    }

    fn warn_unkept(&self, file: &Path, error: &std::io::Error) {
        let (resource, file) = (&self.0.resource, file.display());
        tracing::warn!(%resource, %file, %error, "tokens cannot be kept and are needed anew after a restart");
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The access token itself.
pub(super) fn secret(token: &OAuthTokenResponse) -> String {
    use oauth2::TokenResponse as _;
    token.access_token().secret().clone()
}

fn lasting(token: &OAuthTokenResponse) -> Option<Duration> {
    use oauth2::TokenResponse as _;
    token.expires_in()
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Whole or not at all, and never readable by others, not even for a moment.
fn replace(file: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let beside = file.with_extension("new");
    // A leftover could have other permissions, so the file is always a fresh one.
    std::fs::remove_file(&beside).or_else(absent)?;
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    new.write_all(text)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    // A refresh token that was replaced is worth nothing: the new name has to outlast the power too.
    file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
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
        Box::pin(async move {
            self.write(Some(credentials)).await;
            Ok(())
        })
    }

    fn clear<'a, 'b>(&'a self) -> Boxed<'b, ()>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            self.write(None).await;
            Ok(())
        })
    }
}
