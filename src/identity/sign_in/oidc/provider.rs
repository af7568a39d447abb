//! How is one provider asked?
//!
//! What it says of itself is fetched when it is first needed and again after an hour; while it is away the last word holds.
//! Nobody can make us hammer it: after a failure it is left alone for a moment.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreTokenResponse};
use openidconnect::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, IssuerUrl,
    JsonWebKeySet, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, TokenUrl,
};
use tokio::sync::Mutex;
use url::Url;
use zeroize::Zeroizing;

use super::ProviderOptions;
use super::answer::{Answer, Outcome};
use super::fault::{self, Disbelief, SignInFault};
use super::id_token::Handed;
use crate::call::caller::Caller;
use crate::clock::Timestamp;
use crate::identity::challenge::Reason;
use crate::identity::discovery::{Clients, Source, address_in};
use crate::identity::jwks::IssuerKeys;
use crate::identity::key_set::accepted;
use crate::identity::{BadOptions, is_plain};
use crate::wire::json::{Object, Value};

/// From this age on what it says of itself is asked for again.
const OLD: i64 = 3600;
/// Between a failure and the next question.
const PAUSE: i64 = 5;

/// One provider, and what is known of it.
pub(super) struct Provider {
    pub(super) options: ProviderOptions,
    source: Source,
    keys: Arc<IssuerKeys>,
    known: Mutex<Known>,
}

/// What belongs to one sign-in.
pub(super) struct Flow {
    pub(super) callback: Url,
    pub(super) nonce: String,
    pub(super) verifier: Zeroizing<String>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Timestamp)>,
    failed: Option<Timestamp>,
}

/// What a provider says of itself, as far as it matters here.
struct Metadata {
    authorization: Url,
    token: Url,
    /// Those it announces and we accept.
    algorithms: Vec<Algorithm>,
    auth: AuthType,
    /// Whether each of its answers says who gives it.
    names_itself: bool,
}

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

impl Provider {
    pub(super) fn new(options: ProviderOptions, clients: &Clients) -> Result<Self, BadOptions> {
        if !is_plain(&options.issuer) {
            return Err(BadOptions::Issuer(options.issuer));
        }
        let source = Source::new(&options.issuer, None, options.reach, clients);
        let keys = Arc::new(IssuerKeys::new(&options.issuer, None, options.reach, clients));
        Ok(Self { options, source, keys, known: Mutex::default() })
    }

    /// Where a browser goes to sign in.
    pub(super) async fn send_to(&self, flow: &Flow, state: &str, now: Timestamp) -> Result<Url, SignInFault> {
        let metadata = self.metadata(now).await?;
        let client = self.client(&metadata, &flow.callback)?;
        let (state, nonce) = (CsrfToken::new(state.to_owned()), Nonce::new(flow.nonce.clone()));
        let verifier = PkceCodeVerifier::new(flow.verifier.to_string());
        let scopes = self.options.scopes.iter().filter(|scope| *scope != "openid");
        let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce);
        let request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let (to, _, _) = request.add_scopes(scopes.map(|scope| Scope::new(scope.clone()))).url();
        Ok(to)
    }

    /// Who came back.
    pub(super) async fn take_back(&self, answer: Answer, flow: &Flow, now: Timestamp) -> Result<Caller, SignInFault> {
        let metadata = self.metadata(now).await?;
        match &answer.issuer {
            Some(issuer) if *issuer == self.options.issuer => {}
            None if !metadata.names_itself => {}
            _ => return Err(SignInFault::OtherIssuer(self.label())),
        }
        let code = match answer.outcome {
            Outcome::Code(code) => code,
            Outcome::Error(error) => return Err(SignInFault::Declined(self.label(), fault::declined(&error))),
        };
        let tokens = self.redeem(&code, &metadata, flow).await?;
        let Some(id_token) = tokens.extra_fields().id_token() else {
            return Err(SignInFault::Unfit(self.label(), "it gives out no identity token; `scopes` needs `openid`"));
        };
        let id_token = Zeroizing::new(id_token.to_string());
        let handed = Handed {
            id_token: &id_token,
            access_token: tokens.access_token().secret(),
            nonce: &flow.nonce,
            algorithms: &metadata.algorithms,
        };
        handed.caller(&self.options, &self.keys, now).await.map_err(|why| {
            tracing::warn!(issuer = self.options.issuer, %why, "somebody could not be signed in");
            match why {
                Disbelief::Token(Reason::IssuerAway) => SignInFault::Away(self.label()),
                why => SignInFault::NotBelieved(self.label(), why),
            }
        })
    }

    /// Changes the code for tokens. What was answered is not logged: it may hold them.
    async fn redeem(&self, code: &str, metadata: &Metadata, flow: &Flow) -> Result<CoreTokenResponse, SignInFault> {
        let client = self.client(metadata, &flow.callback)?;
        // What is handed over owns what it asks with: the crate wants it to be good for any lifetime.
        let source = self.source.clone();
        let send = move |request| {
            let source = source.clone();
            async move { source.send(request).await }
        };
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.to_string()));
        let issuer = &self.options.issuer;
        match request.request_async(&send).await {
            Ok(tokens) => Ok(tokens),
            Err(RequestTokenError::ServerResponse(answer)) => {
                let code = known_code(answer.error());
                tracing::warn!(issuer, code, "the provider did not take the code it gave");
                Err(SignInFault::Refused(self.label(), fault::refused(code)))
            }
            Err(RequestTokenError::Request(fault)) => {
                tracing::warn!(issuer, %fault, "the provider cannot be asked for tokens");
                Err(SignInFault::Away(self.label()))
            }
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                tracing::warn!(issuer, "the provider answered with something that is no tokens");
                Err(SignInFault::Unfit(self.label(), "its answer cannot be read"))
            }
        }
    }

    fn client(&self, metadata: &Metadata, callback: &Url) -> Result<Client, SignInFault> {
        let unfit = |_| SignInFault::Unfit(self.label(), "its issuer is no address");
        let issuer = IssuerUrl::new(self.options.issuer.clone()).map_err(unfit)?;
        // Signatures are not this client's to judge, so it gets no keys.
        let client = CoreClient::new(ClientId::new(self.options.client_id.clone()), issuer, JsonWebKeySet::default());
        let client = match &self.options.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        };
        Ok(client
            .set_auth_type(metadata.auth.clone())
            .set_redirect_uri(RedirectUrl::from_url(callback.clone()))
            .set_auth_uri(AuthUrl::from_url(metadata.authorization.clone()))
            .set_token_uri(TokenUrl::from_url(metadata.token.clone())))
    }

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, SignInFault> {
        let mut known = self.known.lock().await;
        let since = |then: Timestamp| now.seconds().saturating_sub(then.seconds());
        let kept = known.metadata.as_ref().map(|(metadata, _)| Arc::clone(metadata));
        let fresh = known.metadata.as_ref().is_some_and(|(_, fetched)| (0..OLD).contains(&since(*fetched)));
        let resting = known.failed.is_some_and(|failed| (0..PAUSE).contains(&since(failed)));
        if fresh || resting {
            return kept.ok_or_else(|| SignInFault::Away(self.label()));
        }
        match self.source.document().await {
            Ok(document) => {
                known.failed = Some(now);
                let metadata = Arc::new(self.understand(&document)?);
                *known = Known { metadata: Some((Arc::clone(&metadata), now)), failed: None };
                Ok(metadata)
            }
            Err(fault) => {
                tracing::warn!(issuer = self.options.issuer, %fault, "the provider does not say how to sign in with it");
                known.failed = Some(now);
                kept.ok_or_else(|| SignInFault::Away(self.label()))
            }
        }
    }

    fn understand(&self, document: &Object) -> Result<Metadata, SignInFault> {
        let unfit = |why| SignInFault::Unfit(self.label(), why);
        // A browser is sent to the one, the code and the secret to the other.
        let address = |name| address_in(document, name).filter(|url| self.source.may_ask(url));
        let authorization = address("authorization_endpoint");
        let token = address("token_endpoint");
        let (Some(authorization), Some(token)) = (authorization, token) else {
            return Err(unfit("its document names no `authorization_endpoint` and `token_endpoint` that may be used"));
        };
        let algorithms: Vec<Algorithm> =
            words(document, "id_token_signing_alg_values_supported").filter_map(accepted).collect();
        if algorithms.is_empty() {
            return Err(unfit("it announces no way of signing that can be checked without its secrets"));
        }
        let mut ways = words(document, "token_endpoint_auth_methods_supported").peekable();
        // Said nothing means the first of the two.
        let auth = if ways.peek().is_none() || ways.any(|way| way == "client_secret_basic") {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        };
        let names_itself = document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true));
        Ok(Metadata { authorization, token, algorithms, auth, names_itself })
    }

    fn label(&self) -> String {
        self.options.label.clone()
    }
}

fn words<'a>(document: &'a Object, name: &str) -> impl Iterator<Item = &'a str> {
    let list = document.get(name).and_then(|list| list.as_array());
    list.into_iter().flatten().filter_map(|word| word.as_str())
}

fn known_code(code: &CoreErrorResponseType) -> &'static str {
    match code {
        CoreErrorResponseType::InvalidClient => "invalid_client",
        CoreErrorResponseType::InvalidGrant => "invalid_grant",
        CoreErrorResponseType::UnauthorizedClient => "unauthorized_client",
        CoreErrorResponseType::InvalidRequest => "invalid_request",
        CoreErrorResponseType::InvalidScope => "invalid_scope",
        CoreErrorResponseType::UnsupportedGrantType => "unsupported_grant_type",
        CoreErrorResponseType::Extension(_) => "unknown",
    }
}
