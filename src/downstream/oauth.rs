//! May we use this server, and in whose name? Tokens of our own for servers that ask for them.
//!
//! The protocol work (discovery, registration, PKCE, issuer checks, refresh) is rmcp's `AuthorizationManager`, and this
//! is the only place of the gateway that uses it. It reaches the network only through our own guarded fetching. Two
//! grants: the gateway's own credentials, and a person who signs in once in a browser on the gateway's machine. The
//! person is asked in the log and by `sign_in`, never through the agent: an agent must not be the one to show a link
//! and say "sign in here".

mod callback;
mod claim;
mod guarded;
mod options;
mod store;

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use rmcp::transport::auth::{
    AuthError, AuthorizationManager, AuthorizationRequest, AuthorizationSession, ClientCredentialsConfig,
    OAuthClientConfig, WWWAuthenticateParams,
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use self::callback::{Brought, Callback};
use self::claim::NoClaim;
use self::guarded::Guarded;
pub use self::options::{Grant, OauthOptions};
use self::store::Vault;
use super::http::guard::Reach;
use crate::secret::Secret;

/// How long a person has to sign in.
const PATIENCE: Duration = Duration::from_mins(15);

/// Tokens for one server.
pub(super) struct Oauth {
    me: Weak<Self>,
    server: Arc<str>,
    url: Url,
    reach: Reach,
    options: OauthOptions,
    vault: Vault,
    state: Mutex<State>,
    sign_in: std::sync::Mutex<Option<String>>,
}

enum State {
    Nothing,
    Ready(Box<AuthorizationManager>),
    SigningIn {
        /// The stored token that was no good, so that another one is noticed.
        before: Option<String>,
        #[expect(dead_code, reason = "ends the waiting when it is dropped")]
        waiting: AbortOnDropHandle<()>,
    },
}

/// Why there is no token, for the person at the gateway.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoToken {
    #[error("a person must sign in; the gateway's log and `countersign` show the address")]
    Person,
    #[error("no token could be got: {0}")]
    Failed(String),
}

impl From<NoClaim> for NoToken {
    fn from(error: NoClaim) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<AuthError> for NoToken {
    /// The text may quote a stranger, so it is cut and cleaned.
    fn from(error: AuthError) -> Self {
        let text = error.to_string();
        Self::Failed(text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).take(300).collect())
    }
}

impl Oauth {
    pub(super) fn new(server: Arc<str>, url: &Url, reach: Reach, options: &OauthOptions) -> Arc<Self> {
        let mut url = url.clone();
        url.set_fragment(None);
        let vault = Vault::new(url.as_str().to_owned(), options.file.clone());
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            server,
            url,
            reach,
            options: options.clone(),
            vault,
            state: Mutex::new(State::Nothing),
            sign_in: std::sync::Mutex::new(None),
        })
    }

    /// The address a person must open now, if one is waited for.
    pub(super) fn sign_in(&self) -> Option<String> {
        self.sign_in.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The token to send, refreshed where it has grown old; none where the server has to ask first.
    pub(super) async fn token(&self) -> Result<Option<String>, NoToken> {
        match &*self.state.lock().await {
            State::Ready(_) => {
                if let Some(token) = self.vault.fresh() {
                    return Ok(Some(token));
                }
            }
            State::Nothing if self.vault.read().await.is_none() => return Ok(None),
            State::Nothing => {}
            State::SigningIn { .. } => return Ok(None),
        }
        self.to_the_end(|me| async move { me.renewed().await }).await
    }

    /// Gets another token after the server refused one, or asked for one. When it returns, the request may be tried
    /// once more.
    pub(super) async fn renew(&self, refused: Option<&str>, challenge: &str) -> Result<(), NoToken> {
        let (refused, challenge) = (refused.map(str::to_owned), challenge.to_owned());
        self.to_the_end(|me| async move { me.replace(refused.as_deref(), &challenge).await }).await
    }

    /// Does something even if nobody waits for it any more. A refresh token counts as used once it is sent: what comes
    /// back for it must be kept, or a person has to sign in again.
    async fn to_the_end<T, F>(&self, deed: impl FnOnce(Arc<Self>) -> F) -> Result<T, NoToken>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, NoToken>> + Send + 'static,
    {
        let ending = || NoToken::Failed("the gateway is about to end".to_owned());
        let me = self.me.upgrade().ok_or_else(ending)?;
        tokio::spawn(deed(me)).await.unwrap_or_else(|_| Err(ending()))
    }

    async fn renewed(&self) -> Result<Option<String>, NoToken> {
        let mut state = self.state.lock().await;
        let _claim = self.vault.claim().await?;
        self.catch_up(&mut state).await;
        let State::Ready(manager) = &*state else { return Ok(None) };
        match (manager.get_access_token().await, &self.options.grant) {
            (Ok(token), _) => Ok(Some(token)),
            (Err(AuthError::AuthorizationRequired), Grant::Person { .. }) => Ok(None),
            (Err(_), Grant::Gateway { client_id, client_secret }) => {
                let manager = self.as_gateway(None, client_id, client_secret).await?;
                let token = manager.get_access_token().await?;
                *state = State::Ready(Box::new(manager));
                Ok(Some(token))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    async fn replace(&self, refused: Option<&str>, challenge: &str) -> Result<(), NoToken> {
        let mut state = self.state.lock().await;
        let _claim = self.vault.claim().await?;
        self.catch_up(&mut state).await;
        let params = WWWAuthenticateParams::parse(challenge, &self.url);
        if let State::Ready(manager) = &*state
            && !params.is_insufficient_scope()
        {
            // Another call that was refused with the same token, or another gateway, has renewed it already.
            if manager.get_access_token().await.is_ok_and(|token| Some(token.as_str()) != refused) {
                return Ok(());
            }
            if manager.refresh_token().await.is_ok() {
                return Ok(());
            }
        }
        match &self.options.grant {
            Grant::Gateway { client_id, client_secret } => {
                let manager = self.as_gateway(Some(challenge), client_id, client_secret).await?;
                *state = State::Ready(Box::new(manager));
                Ok(())
            }
            Grant::Person { .. } if matches!(*state, State::SigningIn { .. }) => Err(NoToken::Person),
            Grant::Person { client, port } => {
                let before = self.stored_token().await;
                let waiting = self.as_person(challenge, client.as_ref(), *port).await?;
                *state = State::SigningIn { before, waiting };
                Err(NoToken::Person)
            }
        }
    }

    /// Takes up tokens that are stored and not yet in use: from before a restart, or because another gateway that
    /// shares the file got them. A person who signed in there need not sign in here.
    async fn catch_up(&self, state: &mut State) {
        let Some(token) = self.stored_token().await else { return };
        let known = match state {
            State::Nothing => false,
            State::Ready(manager) => {
                let own = manager.get_credentials().await.ok().map(|(client, _)| client);
                own == self.vault.read().await.map(|stored| stored.client_id)
            }
            State::SigningIn { before, .. } => before.as_ref() == Some(&token),
        };
        if !known && let Some(manager) = self.restored().await {
            *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = None;
            *state = State::Ready(Box::new(manager));
        }
    }

    async fn stored_token(&self) -> Option<String> {
        self.vault.read().await?.token_response.as_ref().map(store::secret)
    }

    async fn as_gateway(
        &self,
        challenge: Option<&str>,
        id: &str,
        secret: &Secret,
    ) -> Result<AuthorizationManager, NoToken> {
        let asked = challenge.and_then(|challenge| WWWAuthenticateParams::parse(challenge, &self.url).scope);
        let scopes = match asked {
            Some(asked) if self.options.scopes.is_empty() => asked.split_whitespace().map(str::to_owned).collect(),
            _ => self.options.scopes.clone(),
        };
        let config = self.credentials(id, secret, scopes);
        let mut manager = self.manager(challenge).await?;
        manager.validate_client_credentials_metadata(&config)?;
        manager.configure_client_credentials(&config)?;
        manager.exchange_client_credentials(&config).await?;
        Ok(manager)
    }

    fn credentials(&self, id: &str, secret: &Secret, scopes: Vec<String>) -> ClientCredentialsConfig {
        ClientCredentialsConfig::ClientSecret {
            client_id: id.to_owned(),
            client_secret: secret.expose().to_owned(),
            scopes,
            resource: Some(self.url.as_str().to_owned()),
        }
    }

    /// Asks a person to sign in and waits for that beside the calls.
    async fn as_person(
        &self,
        challenge: &str,
        client: Option<&(String, Option<Secret>)>,
        port: u16,
    ) -> Result<AbortOnDropHandle<()>, NoToken> {
        let no_port = |error| NoToken::Failed(format!("no port for the browser to come back to: {error}"));
        let callback = Callback::open(port).await.map_err(no_port)?;
        let manager = self.manager(Some(challenge)).await?;
        let mut request = AuthorizationRequest::new(&callback.address)
            .with_client_name("Countersign")
            .with_scopes(self.options.scopes.clone())
            .with_initial_scope_selection();
        if let Some((id, secret)) = client {
            request = request.with_preregistered_client(id);
            request = secret.iter().fold(request, |request, secret| request.with_client_secret(secret.expose()));
        }
        let session = AuthorizationSession::new(manager, request).await.map_err(|(_, error)| error)?;
        let address = self.presentable(session.get_authorization_url())?;
        tracing::warn!(server = %self.server, %address, "a person must sign in: open this address on this machine");
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.to_string());
        let state = address.query_pairs().find(|(key, _)| key == "state").map(|(_, value)| value.into_owned());
        let (me, vault) = (Weak::clone(&self.me), self.vault.clone());
        Ok(AbortOnDropHandle::new(tokio::spawn(async move {
            let (send, brought) = mpsc::channel(4);
            let waiting = tokio::time::timeout(PATIENCE, signed_in(session, vault, brought));
            let (signed_in, ()) = tokio::join!(waiting, callback.serve(state.unwrap_or_default(), send));
            let Some(me) = me.upgrade() else { return };
            me.finish(signed_in.unwrap_or_else(|_| Err("nobody came".to_owned()))).await;
        })))
    }

    async fn finish(&self, signed_in: Result<AuthorizationManager, String>) {
        let mut state = self.state.lock().await;
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let (news, next) = match signed_in {
            Ok(manager) => ("a person has signed in".to_owned(), State::Ready(Box::new(manager))),
            Err(why) => (format!("nobody signed in, and the next call asks again: {why}"), State::Nothing),
        };
        tracing::warn!(server = %self.server, "{news}");
        // Dropping the old state ends this very task, which has nothing left to wait for.
        *state = next;
    }

    /// Tokens that cannot be taken up now are as good as none: the server will ask, and new ones are got.
    async fn restored(&self) -> Option<AuthorizationManager> {
        self.restore().await.unwrap_or_else(|error| {
            tracing::warn!(server = %self.server, %error, "the stored tokens cannot be used now");
            None
        })
    }

    /// A manager for the stored tokens, if they are those of the client that is configured now.
    async fn restore(&self) -> Result<Option<AuthorizationManager>, NoToken> {
        let (client, secret) = match &self.options.grant {
            Grant::Gateway { client_id, .. } => (Some(client_id), None),
            Grant::Person { client, .. } => {
                (client.as_ref().map(|(id, _)| id), client.as_ref().and_then(|(_, s)| s.as_ref()))
            }
        };
        if client.is_some() && self.vault.read().await.map(|stored| stored.client_id).as_ref() != client {
            return Ok(None);
        }
        let mut manager = self.manager(None).await?;
        if !manager.initialize_from_store().await? {
            return Ok(None);
        }
        if let Grant::Gateway { client_id, client_secret } = &self.options.grant {
            manager.configure_client_credentials(&self.credentials(client_id, client_secret, Vec::new()))?;
        }
        if let Some((id, secret)) = client.zip(secret) {
            manager
                .configure_client(OAuthClientConfig::new(id, self.url.as_str()).with_client_secret(secret.expose()))?;
        }
        Ok(Some(manager))
    }

    /// A manager that knows the authorization server.
    async fn manager(&self, challenge: Option<&str>) -> Result<AuthorizationManager, NoToken> {
        let issuer = self.options.issuer.as_ref();
        let client = Arc::new(Guarded::new(self.reach, issuer.cloned()));
        let seen = Arc::clone(&client);
        let mut manager = AuthorizationManager::new_with_oauth_http_client(self.url.as_str(), client).await?;
        manager.set_credential_store(self.vault.clone());
        let another =
            || NoToken::Failed("the server names another authorization server than `oauth.issuer`".to_owned());
        let found = match manager.resolve_metadata_from_challenge(challenge).await {
            Err(_) if seen.hid_another() => return Err(another()),
            found => found?,
        };
        // The library lets a server name a document whose own name it does not check.
        let named = found.metadata.issuer.as_deref().and_then(|issuer| Url::parse(issuer).ok());
        if issuer.is_some() && issuer != named.as_ref() {
            return Err(another());
        }
        let gateway = matches!(self.options.grant, Grant::Gateway { .. });
        if gateway && !found.source.is_discovered() {
            return Err(NoToken::Failed(
                "the server names no authorization server, so ours sees no credentials".to_owned(),
            ));
        }
        manager.set_metadata(found.metadata);
        Ok(manager)
    }

    /// Only web addresses are shown to people: another scheme could start a program.
    fn presentable(&self, address: &str) -> Result<Url, NoToken> {
        let url = Url::parse(address).ok();
        let good = url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && self.reach != Reach::Public));
        good.ok_or_else(|| NoToken::Failed("the authorization server's address is not an https URL".to_owned()))
    }
}

async fn signed_in(
    session: AuthorizationSession,
    vault: Vault,
    mut brought: mpsc::Receiver<Brought>,
) -> Result<AuthorizationManager, String> {
    while let Some(news) = brought.recv().await {
        match news {
            Brought::Refusal(why) => return Err(why),
            Brought::Code(address) => match redeem(&session, &vault, &address).await {
                Ok(()) => return Ok(session.auth_manager),
                // An answer in another issuer's name is not the one that is waited for.
                Err(
                    AuthError::AuthorizationServerMismatch { .. } | AuthError::AuthorizationServerMissingIssuer { .. },
                ) => {}
                Err(error) => return Err(NoToken::from(error).to_string()),
            },
        }
    }
    Err("the browser did not come back".to_owned())
}

/// Turns the code the browser brought into tokens, while no other gateway touches the file.
async fn redeem(session: &AuthorizationSession, vault: &Vault, address: &str) -> Result<(), AuthError> {
    let claim = vault.claim().await.map_err(|busy| AuthError::CredentialStoreError(busy.to_string()))?;
    session.handle_callback_url(address).await?;
    drop(claim);
    Ok(())
}
