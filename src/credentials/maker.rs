//! Which provider is it, and what does each of them do?

use std::sync::Arc;
use std::time::Duration;

use super::aws_sts::AwsSts;
use super::exec::Exec;
use super::fixed::Fixed;
use super::jwt::Jwt;
use super::jwt::keys::Keys;
use super::placing::Placement;
use super::postgres::Postgres;
use super::provider::{Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::token_exchange::TokenExchange;
use super::vault::Vault;
use super::wanted::{About, Asked, Kind, Planned, Unfit, Wanted};
use crate::policy::finding::require::Credential;
use crate::policy::finding::span::Span;

/// One configured provider.
#[derive(Debug)]
pub struct Maker {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// How long anything it makes can be used at most.
    pub max_ttl: Span,
    /// What it is.
    pub provider: Provider,
}

/// What makes credentials.
#[derive(Debug)]
pub enum Provider {
    /// A role of a database.
    Postgres(Box<Postgres>),
    /// A command.
    Exec(Box<Exec>),
    /// A token the gateway signs itself.
    Jwt(Jwt),
    /// A token somebody else gives for another.
    TokenExchange(Box<TokenExchange>),
    /// A secret of Vault.
    Vault(Box<Vault>),
    /// A session of Amazon Web Services.
    AwsSts(Box<AwsSts>),
    /// A secret that stays.
    Fixed(Fixed),
}

/// Every provider that is configured, and what those of them sign with that sign.
#[derive(Debug, Default)]
pub struct Makers {
    /// The providers.
    pub all: Vec<Maker>,
    /// What they sign with; others check it at `/.well-known/jwks.json`.
    pub keys: Option<Arc<Keys>>,
}

/// A provider that takes longer is one that does not answer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Maker {
    /// What it would make for a call, and where that goes.
    pub fn plan(
        &self,
        (finding, credential): (&str, &Credential),
        placement: &Placement,
        about: &About<'_>,
    ) -> Result<Wanted, Unfit> {
        let ttl = credential.ttl.map_or(self.max_ttl, |ttl| ttl.min(self.max_ttl));
        let asked = Asked { credential, ttl };
        let Planned { scope, reaches, ttl, standing, terms } = match &self.provider {
            Provider::Postgres(postgres) => postgres.plan(&asked, about),
            Provider::Exec(exec) => exec.plan(&asked),
            Provider::Jwt(jwt) => jwt.plan(&asked, about),
            Provider::TokenExchange(exchange) => exchange.plan(&asked, about),
            Provider::Vault(vault) => vault.plan(&asked, about),
            Provider::AwsSts(sts) => sts.plan(&asked, about),
            Provider::Fixed(fixed) => fixed.plan(&asked),
        }?;
        let into = placement.places.iter().map(|(place, _)| place.to_string()).collect();
        let (provider, kind) = (self.name.to_string(), self.kind());
        let findings = vec![finding.to_owned()];
        Ok(Wanted { findings, provider, kind, scope, reaches, ttl, standing, into, terms, covered: false })
    }

    /// What kind of provider it is.
    pub const fn kind(&self) -> Kind {
        match &self.provider {
            Provider::Postgres(_) => Kind::Postgres,
            Provider::Exec(_) => Kind::Exec,
            Provider::Jwt(_) => Kind::Jwt,
            Provider::TokenExchange(_) => Kind::TokenExchange,
            Provider::Vault(_) => Kind::Vault,
            Provider::AwsSts(_) => Kind::AwsSts,
            Provider::Fixed(_) => Kind::Fixed,
        }
    }

    /// Whether it needs the token the caller came with.
    pub fn takes_tokens(&self) -> bool {
        matches!(&self.provider, Provider::TokenExchange(exchange) if exchange.takes_tokens())
    }

    /// Makes what was planned.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let minting = async {
            match &self.provider {
                Provider::Postgres(postgres) => postgres.mint(order).await,
                Provider::Exec(exec) => exec.mint(order).await,
                Provider::Jwt(jwt) => jwt.mint(order).await,
                Provider::TokenExchange(exchange) => exchange.mint(order).await,
                Provider::Vault(vault) => vault.mint(order).await,
                Provider::AwsSts(sts) => sts.mint(order).await,
                Provider::Fixed(fixed) => fixed.mint(order),
            }
        };
        let minted = tokio::time::timeout(PATIENCE, minting).await;
        minted.unwrap_or_else(|_| Err(NotMinted::Unsure(format!("`{}` did not answer in time", self.name))))
    }

    /// Takes it back.
    pub async fn revoke(&self, gone: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        let revoking = async {
            match &self.provider {
                Provider::Postgres(postgres) => postgres.revoke(gone).await,
                Provider::Exec(exec) => exec.revoke(gone).await,
                Provider::Jwt(jwt) => jwt.revoke(gone).await,
                Provider::TokenExchange(exchange) => exchange.revoke(gone).await,
                Provider::Vault(vault) => vault.revoke(gone).await,
                Provider::AwsSts(sts) => sts.revoke(gone).await,
                Provider::Fixed(_) => Ok(Revoked::Stays),
            }
        };
        let revoked = tokio::time::timeout(PATIENCE, revoking).await;
        revoked.unwrap_or_else(|_| Err(NotRevoked(format!("`{}` did not answer in time", self.name))))
    }
}
