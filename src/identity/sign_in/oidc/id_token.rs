//! Whom does an identity token name, and is it for this sign-in?
//!
//! `OpenID` Connect Core 3.1.3.7 and 3.1.3.8, on top of what the [reader of tokens](crate::identity::jwt) asks of every
//! token. What is cheap is asked first; the signature, for which the provider may have to be asked, last.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use ring::digest::{SHA256, SHA384, SHA512, digest};

use super::fault::Disbelief;
use super::{EmailRule, ProviderOptions};
use crate::call::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::identity::challenge::Reason;
use crate::identity::claims::{self, ClaimNames};
use crate::identity::jwks::IssuerKeys;
use crate::identity::jwt::{Demands, IsUs, MAX_HANDED_BYTES, Token};
use crate::wire::json::{Object, Value};

/// What a token endpoint handed over, and what was expected of it.
pub(super) struct Handed<'a> {
    pub(super) id_token: &'a str,
    pub(super) access_token: &'a str,
    pub(super) nonce: &'a str,
    /// How the issuer says it signs.
    pub(super) algorithms: &'a [Algorithm],
}

/// The client an identity token must be for, and nobody else's name.
struct Client<'a>(&'a str);

impl Handed<'_> {
    /// Whom it names.
    pub(super) async fn caller(
        &self,
        options: &ProviderOptions,
        keys: &Arc<IssuerKeys>,
        now: Timestamp,
    ) -> Result<Caller, Disbelief> {
        let token = Token::read_within(self.id_token, MAX_HANDED_BYTES)?;
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Disbelief::Unannounced);
        }
        if token.issuer()? != options.issuer {
            return Err(Disbelief::Token(Reason::Issuer));
        }
        let skew = i64::try_from(options.clock_skew.as_secs()).unwrap_or(0);
        let expires = token.check(&Demands { audience: &Client(&options.client_id), skew, now })?;
        party(&token.claims, &options.client_id)?;
        if token.claims.str("nonce") != Some(self.nonce) {
            return Err(Disbelief::Nonce);
        }
        match token.claims.get("at_hash") {
            None => {}
            Some(Value::String(hash)) if *hash == half_hash(self.access_token, token.algorithm) => {}
            Some(_) => return Err(Disbelief::AccessToken),
        }
        let candidates = keys.for_token(&token, now).await?;
        if !candidates.iter().any(|key| token.is_signed_by(key)) {
            return Err(Disbelief::Token(Reason::Signature));
        }
        person(&token.claims, options, expires)
    }
}

/// Who else it may be for: nobody, unless it says that it was handed out to us.
fn party(claims: &Object, client: &str) -> Result<(), Disbelief> {
    let several = claims.get("aud").and_then(|audience| audience.as_array()).is_some_and(|all| all.len() > 1);
    match claims.get("azp") {
        None if several => Err(Disbelief::Party),
        None => Ok(()),
        Some(party) if party.as_str() == Some(client) => Ok(()),
        Some(_) => Err(Disbelief::Party),
    }
}

fn person(claims: &Object, options: &ProviderOptions, expires: i64) -> Result<Caller, Disbelief> {
    let names = ClaimNames {
        principal: "sub".to_owned(),
        user: options.claims.user.clone(),
        name: options.claims.name.clone(),
        groups: options.claims.groups.clone(),
        // `azp` is this gateway itself: nobody acts for the person at the browser.
        agent: String::new(),
    };
    let caller = claims::caller(claims, &options.issuer, &names, expires);
    let caller = caller.map_err(|claims::Unreadable| Disbelief::Claims)?;
    let (user, name) = match caller.user {
        Some(user) => (Some(user.id).filter(|_| is_believed(claims, options)), user.name),
        None => (None, None),
    };
    let id = user.unwrap_or_else(|| caller.principal.clone());
    Ok(Caller { user: Some(Person { id, name }), agent: None, ..caller })
}

/// Whether the claim that names the person does.
fn is_believed(claims: &Object, options: &ProviderOptions) -> bool {
    let verified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(verified)) => verified == "true",
        _ => false,
    };
    options.claims.user != "email" || options.email == EmailRule::Trusted || verified
}

/// The left half of the hash an algorithm goes with.
fn half_hash(text: &str, algorithm: Algorithm) -> String {
    let hash = match algorithm {
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => &SHA384,
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => &SHA512,
        _ => &SHA256,
    };
    let whole = digest(hash, text.as_bytes());
    let half = whole.as_ref().split_at(hash.output_len() / 2).0;
    URL_SAFE_NO_PAD.encode(half)
}

impl From<Reason> for Disbelief {
    fn from(reason: Reason) -> Self {
        Self::Token(reason)
    }
}

impl IsUs for Client<'_> {
    fn is_us(&self, audience: &str) -> bool {
        audience == self.0
    }
}

impl fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
