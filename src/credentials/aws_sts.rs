//! How does Amazon Web Services give a session for one call? By `AssumeRole` at its token service, with a policy that leaves of
//! the role's rights what this call needs.
//!
//! A session lives fifteen minutes at least, whatever the rule says, and cannot be taken back: the plan says so, and people see
//! it. Its name is the lease, so that `CloudTrail` and our record name the same thing.

mod answer;
pub mod policy;
mod signature;

use std::collections::BTreeMap;

use http::Request;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use super::issuer::{Errors, Issuer, Later, Step, ends, other, place};
use super::material::{Hush, Material};
use super::provider::{Bearer, Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{About, Asked, Planned, Unfit, worded};
use crate::config::credentials::aws_sts::AwsSts as Options;
use crate::downstream::http::guard::Private;
use crate::policy::finding::span::Span;
use answer::Session;
use policy::Template;
use signature::Signer;

/// No session is shorter, and none is longer.
const SECONDS: (u64, u64) = (900, 43_200);
const FORM: &str = "application/x-www-form-urlencoded";
/// Names of sessions are not longer; values of tags are.
const NAME: usize = 64;
const TAG: usize = 256;

const ERRORS: Errors = Errors {
    find: answer::error,
    known: &[
        ("AccessDenied", Later::Never),
        ("AccessDeniedException", Later::Never),
        ("ExpiredToken", Later::Never),
        ("ExpiredTokenException", Later::Never),
        ("IncompleteSignature", Later::Never),
        ("InvalidClientTokenId", Later::Never),
        ("MalformedPolicyDocument", Later::Never),
        ("PackedPolicyTooLarge", Later::Never),
        ("RegionDisabledException", Later::Never),
        ("RequestExpired", Later::Never),
        ("SignatureDoesNotMatch", Later::Never),
        ("ValidationError", Later::Never),
        ("Throttling", Later::May),
        ("ThrottlingException", Later::May),
        ("RequestLimitExceeded", Later::May),
        ("ServiceUnavailable", Later::May),
    ],
};

/// Assumes a role for each call.
pub struct AwsSts {
    options: Options,
    url: Url,
    names: Vec<String>,
    issuer: Issuer,
}

impl AwsSts {
    /// One role. The token service is the one of the region, unless the configuration names another.
    pub fn new(options: &Options) -> Result<Self, Unfit> {
        let usual = || Url::parse(&format!("https://sts.{}.amazonaws.com", options.region));
        let url = options.endpoint.clone().map_or_else(usual, Ok);
        let url =
            url.map_err(|_| Unfit(format!("`{}` is no region; write one such as eu-central-1", options.region)))?;
        let private = if options.allow_private { Private::Allowed } else { Private::Refused };
        let issuer =
            Issuer { who: "the token service of AWS", private, patience: options.timeout.duration(), errors: ERRORS };
        let names = options.policies.keys().cloned().collect();
        Ok(Self { options: options.clone(), url, names, issuer })
    }

    /// What would be asked for.
    pub fn plan(&self, asked: &Asked<'_>, about: &About<'_>) -> Result<Planned, Unfit> {
        let name = &asked.credential.provider;
        let scope = worded(asked, &self.names)?;
        let unfit = |why: String| Unfit(format!("`{name}`: {why}"));
        let (shortest, longest) = SECONDS;
        let seconds = asked.ttl.seconds().max(shortest);
        let ttl = Span::of_seconds(seconds).filter(|_| seconds <= longest);
        let ttl = ttl.ok_or_else(|| unfit(format!("no session lives {}; AWS gives 12h at most", asked.ttl)))?;
        let role = &self.options.role_arn;
        let mut terms = json!({ "Endpoint": place(&self.url), "Region": self.options.region, "RoleArn": role, "DurationSeconds": seconds });
        let mut reaches = vec![format!("a session of {role}")];
        if let Some(terms) = terms.as_object_mut() {
            if let Some(scope) = &scope {
                let policy = one(&self.options.policies, scope).map_err(unfit)?;
                let filled = policy.fill(about.call.arguments()).map_err(unfit)?;
                reaches.extend(filled.reaches);
                terms.insert("Policy".to_owned(), json!(filled.text));
            }
            if let Some(id) = &self.options.external_id {
                terms.insert("ExternalId".to_owned(), json!(id));
            }
            terms.insert("Tagged".to_owned(), json!(self.options.tagged));
        }
        if scope.is_none() {
            reaches.push("all that the role may do: there is no session policy".to_owned());
        }
        Ok(Planned { scope, reaches, ttl, standing: false, terms })
    }

    /// Asks for it.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let terms = &order.wanted.terms;
        let own = [("Endpoint", place(&self.url)), ("Region", self.options.region.clone())];
        if own.iter().any(|(name, value)| terms.get(name).and_then(Value::as_str) != Some(value)) {
            return Err(other());
        }
        let form = form(order).ok_or_else(other)?;
        let body = self.issuer.ask(&self.url, self.signed(order, form)?, Step::Making).await?;
        let session = Session::read(&body).map_err(|why| NotMinted::Unsure(why.to_owned()))?;
        let expires = ends(order, session.expires)
            .map_err(|why| NotMinted::Unsure(format!("{why}; it is not used, and cannot be taken back")))?;
        let material = Material::empty()
            .with("access_key_id", session.key_id, Hush::Open)
            .with("secret_access_key", session.secret, Hush::Secret)
            .with("session_token", session.token, Hush::Secret);
        Ok(Minted { material, handle: None, expires, scope: order.wanted.scope.clone() })
    }

    /// Nothing takes it back; it ends.
    #[expect(clippy::unused_async, reason = "every provider is asked alike")]
    pub async fn revoke(&self, _: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        Ok(Revoked::ByItself)
    }

    fn signed(&self, order: &Order<'_>, form: String) -> Result<Request<Vec<u8>>, NotMinted> {
        let options = &self.options;
        let (key_id, secret, region) = (&options.access_key_id, &options.secret_access_key, &options.region);
        let signer = Signer { key_id, secret, region, service: "sts", at: order.now };
        let date = signer.date();
        let mut headers = vec![("content-type", FORM), ("host", self.url.authority()), ("x-amz-date", date.as_str())];
        headers.extend(options.session_token.as_ref().map(|token| ("x-amz-security-token", token.expose())));
        let authorization = signer.authorization("POST", &headers, form.as_bytes());
        let request = headers
            .iter()
            .filter(|(name, _)| *name != "host")
            .fold(Request::post(self.url.as_str()), |request, (name, value)| request.header(*name, *value))
            .header("authorization", authorization)
            .body(form.into_bytes());
        request.map_err(|_| NotMinted::Refused("the keys or the endpoint of AWS cannot be used".to_owned()))
    }
}

/// The policy of a scope, which is one word.
fn one<'a>(policies: &'a BTreeMap<String, Template>, scope: &str) -> Result<&'a Template, String> {
    policies.get(scope).ok_or_else(|| format!("a session has one policy, and the rule names several: {scope}"))
}

/// What is asked for: what the plan says, and the names of lease, call and caller.
fn form(order: &Order<'_>) -> Option<String> {
    let terms = order.wanted.terms.as_object()?;
    let text = |key: &str| terms.get(key).and_then(Value::as_str);
    let seconds = terms.get("DurationSeconds").and_then(Value::as_u64)?.to_string();
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", "AssumeRole")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", text("RoleArn")?)
        .append_pair("RoleSessionName", &session_name(order.lease))
        .append_pair("DurationSeconds", &seconds);
    for key in ["Policy", "ExternalId"] {
        if let Some(value) = text(key) {
            form.append_pair(key, value);
        }
    }
    if terms.get("Tagged").and_then(Value::as_bool)? {
        tag(&mut form, order.bearer);
    }
    Some(form.finish())
}

/// Who acts and by which call, also in sessions that are made with this one.
fn tag(form: &mut Serializer<'_, String>, bearer: &Bearer) {
    form.append_pair("SourceIdentity", &plain(bearer.call.as_str(), NAME));
    let tags = [("countersign:call", bearer.call.as_str()), ("countersign:principal", bearer.principal.as_str())];
    for (number, (name, value)) in (1..).zip(tags) {
        form.append_pair(&format!("Tags.member.{number}.Key"), name)
            .append_pair(&format!("Tags.member.{number}.Value"), &plain(value, TAG))
            .append_pair(&format!("TransitiveTagKeys.member.{number}"), name);
    }
}

/// The lease as the name of a session.
fn session_name(lease: &str) -> String {
    plain(&format!("cs-{lease}"), NAME)
}

/// With another sign for every one that such names cannot hold.
fn plain(text: &str, most: usize) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || "_=,.@-".contains(c) { c } else { '_' };
    text.chars().take(most).map(fits).collect()
}

impl std::fmt::Debug for AwsSts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsSts").field("options", &self.options).finish_non_exhaustive()
    }
}
