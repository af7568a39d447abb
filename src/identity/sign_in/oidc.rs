//! How does a person sign in with an account they have elsewhere?
//!
//! By the authorisation code flow of `OpenID` Connect, with PKCE, a state and a nonce. What comes back counts only in the
//! browser that went: it brings a secret in a cookie of its own, and both the nonce and the PKCE verifier are made from that
//! secret and the state, so that a link somebody sends signs nobody in, and whoever reads the database redeems no code.
//! A state is taken once.
//!
//! The crate `openidconnect` writes the two requests and reads the answer of the token endpoint. It is handed neither the
//! network (every address is checked by [`discovery`](super::super::discovery)) nor the judgement of identity tokens: its
//! verifier has no skew, reads no `nbf`, takes weak keys and reads loosely what may be written twice, while this gateway has
//! a [reader of tokens](crate::identity::jwt) of its own, with keys that are kept fresh. See [`id_token`]. User info is never
//! asked for.

mod answer;
mod fault;
mod id_token;
mod provider;

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use self::answer::Answer;
pub use self::fault::{Disbelief, SignInFault};
use self::provider::{Flow, Provider};
use crate::call::caller::Caller;
use crate::clock::{Timestamp, chance};
use crate::digest::{Digest, hex};
use crate::identity::discovery::Clients;
use crate::identity::{BadOptions, Reach};
use crate::secret::Secret;
use crate::store::Store;
use crate::store::once::Once;

/// Where a provider sends people back to, below our own address.
pub const CALLBACK: &str = "/sign-in/callback";

/// How long somebody may take to sign in.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// Where people go who were going nowhere in particular.
const HOME: &str = "/";

const KIND: &str = "oidc";
/// Longer addresses are no address of ours.
const LONGEST_RETURN: usize = 2048;

/// All providers people may sign in with.
pub struct Providers {
    all: Vec<Provider>,
    callback: Url,
}

/// One provider.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct ProviderOptions {
    /// Names it in addresses.
    pub name: String,
    /// Names it for people.
    pub label: String,
    /// Exactly as in the `iss` of its tokens.
    pub issuer: String,
    /// What it calls this gateway.
    pub client_id: String,
    /// What this gateway proves itself with. Nothing: by PKCE alone.
    pub client_secret: Option<Secret>,
    /// What it is asked for.
    pub scopes: Vec<String>,
    /// Which claim says what.
    pub claims: PersonClaims,
    /// When an e-mail address is believed.
    pub email: EmailRule,
    /// Where it may be.
    pub reach: Reach,
    /// How far its clock may be from ours.
    pub clock_skew: Duration,
}

/// Which claim says what about a person. A name is looked up whole first, then as a path with dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonClaims {
    /// Names the person.
    pub user: String,
    /// The person's name, for people to read.
    pub name: String,
    /// The groups they are in.
    pub groups: String,
}

/// When the claim `email` names somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmailRule {
    /// Where the provider says that it verified it. Anybody can write the address of somebody else into a profile.
    #[default]
    Verified,
    /// Always: the provider gives addresses out itself.
    Trusted,
}

/// A sign-in that has begun.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Begun {
    /// Where the browser goes.
    pub to: Url,
    /// What this browser brings back, and no other can: the value of a cookie that lives for [`PATIENCE`].
    pub browser: Secret,
}

/// Somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Who.
    pub caller: Caller,
    /// Where they were going, below our own address.
    pub return_to: String,
    /// By which provider.
    pub provider: String,
}

/// What is kept of a sign-in that has begun. Nothing in it signs anybody in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    provider: String,
    /// Names the secret of the browser that began.
    browser: Digest,
    return_to: String,
}

impl Providers {
    /// Nothing is fetched yet: a provider that is away does not keep the gateway from starting.
    pub fn new(options: &[ProviderOptions], public_url: &Url) -> Result<Self, BadOptions> {
        let mut callback = public_url.clone();
        callback.set_path(CALLBACK);
        callback.set_query(None);
        callback.set_fragment(None);
        if options.is_empty() {
            return Ok(Self { all: Vec::new(), callback });
        }
        let clients = Clients::new().map_err(|error| BadOptions::Client(error.to_string()))?;
        let all = options.iter().map(|options| Provider::new(options.clone(), &clients)).collect::<Result<_, _>>()?;
        Ok(Self { all, callback })
    }

    /// The names of all, and what people call them.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all.iter().map(|provider| (provider.options.name.as_str(), provider.options.label.as_str()))
    }

    /// Where providers send people back to, as they must know it.
    pub const fn callback(&self) -> &Url {
        &self.callback
    }

    /// Sends a browser to a provider.
    pub async fn begin(
        &self,
        name: &str,
        return_to: &str,
        store: &Store,
        now: Timestamp,
    ) -> Result<Begun, SignInFault> {
        let provider = self.named(name).ok_or(SignInFault::Unknown)?;
        let (state, browser) = (unguessable()?, unguessable()?);
        let flow = self.flow(&browser, &state);
        let to = provider.send_to(&flow, &state, now).await?;
        let kept = Kept {
            provider: name.to_owned(),
            browser: Digest::of_bytes("oidc browser", browser.as_bytes()),
            return_to: own_path(return_to).to_owned(),
        };
        let body = serde_json::to_string(&kept).map_err(|_| SignInFault::NotBegun)?;
        let patience = i64::try_from(PATIENCE.as_micros()).unwrap_or(0);
        let ends = Timestamp::from_micros(now.micros().saturating_add(patience));
        store.put_once(Once { name: state_name(&state), kind: KIND, ends, body: &body }).await?;
        Ok(Begun { to, browser: Secret::new(browser.to_string()) })
    }

    /// Takes what a browser brings back: the query of its address, and its cookie.
    pub async fn finish(
        &self,
        query: &str,
        browser: Option<&str>,
        store: &Store,
        now: Timestamp,
    ) -> Result<Finished, SignInFault> {
        let answer = Answer::read(query)?;
        let kept = store.take_once(state_name(&answer.state), KIND, now).await?.ok_or(SignInFault::NotBegun)?;
        let kept: Kept = serde_json::from_str(&kept).map_err(|_| SignInFault::NotBegun)?;
        let browser = browser.unwrap_or_default();
        // The two are digests, so how long this takes tells nothing of the secret.
        if Digest::of_bytes("oidc browser", browser.as_bytes()) != kept.browser {
            return Err(SignInFault::OtherBrowser);
        }
        let provider = self.named(&kept.provider).ok_or(SignInFault::Unknown)?;
        let flow = self.flow(browser, &answer.state);
        let caller = provider.take_back(answer, &flow, now).await?;
        Ok(Finished { caller, return_to: kept.return_to, provider: kept.provider })
    }

    fn named(&self, name: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.options.name == name)
    }

    fn flow(&self, browser: &str, state: &str) -> Flow {
        let secret = Zeroizing::new(format!("{browser}.{state}"));
        let made = |tag| hex(Digest::of_bytes(tag, secret.as_bytes()).as_bytes());
        Flow {
            callback: self.callback.clone(),
            nonce: made("oidc nonce"),
            verifier: Zeroizing::new(made("oidc verifier")),
        }
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|provider| &provider.options.issuer)).finish()
    }
}

/// A text of 256 bits that nobody guesses and that needs no escape anywhere.
fn unguessable() -> Result<Zeroizing<String>, SignInFault> {
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(chance::<32>()?)))
}

fn state_name(state: &str) -> Digest {
    Digest::of_bytes("oidc state", state.as_bytes())
}

/// The path, when it is one of ours and nothing a browser would read as an address elsewhere: those drop tabs and line
/// ends, and take `\` for `/`.
fn own_path(path: &str) -> &str {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= LONGEST_RETURN
        && !path.chars().any(|letter| letter == '\\' || letter.is_control());
    if own { path } else { HOME }
}

#[cfg(test)]
mod tests;
