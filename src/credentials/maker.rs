//! Which provider is it, and what does each of them do?

use std::sync::Arc;
use std::time::Duration;

use super::exec::Exec;
use super::fixed::Fixed;
use super::placing::Placement;
use super::postgres::Postgres;
use super::provider::{Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{About, Asked, Kind, Planned, Unfit, Wanted};
use crate::policy::finding::require::Credential;
use crate::policy::finding::span::Span;

/// One configured provider.
#[derive(Clone, Debug)]
pub struct Maker {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// How long anything it makes can be used at most.
    pub max_ttl: Span,
    /// What it is.
    pub provider: Provider,
}

/// What makes credentials.
#[derive(Clone, Debug)]
pub enum Provider {
    /// A role of a database.
    Postgres(Box<Postgres>),
    /// A command.
    Exec(Box<Exec>),
    /// A secret that stays.
    Fixed(Fixed),
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
            Provider::Fixed(fixed) => fixed.plan(&asked),
        }?;
        let into = placement.places.iter().map(|(place, _)| place.to_string()).collect();
        let (provider, kind) = (self.name.to_string(), self.kind());
        Ok(Wanted { findings: vec![finding.to_owned()], provider, kind, scope, reaches, ttl, standing, into, terms })
    }

    /// What kind of provider it is.
    pub const fn kind(&self) -> Kind {
        match &self.provider {
            Provider::Postgres(_) => Kind::Postgres,
            Provider::Exec(_) => Kind::Exec,
            Provider::Fixed(_) => Kind::Fixed,
        }
    }

    /// Makes what was planned.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let minting = async {
            match &self.provider {
                Provider::Postgres(postgres) => postgres.mint(order).await,
                Provider::Exec(exec) => exec.mint(order).await,
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
                Provider::Fixed(_) => Ok(Revoked::Stays),
            }
        };
        let revoked = tokio::time::timeout(PATIENCE, revoking).await;
        revoked.unwrap_or_else(|_| Err(NotRevoked(format!("`{}` did not answer in time", self.name))))
    }
}
