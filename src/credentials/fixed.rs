//! A secret that is there already, and stays: honestly called standing, on every card and in every list.
//!
//! Better than the same secret in the client's files: the agent does not have it, and it travels only with calls that were
//! allowed. Worse than everything else here: whoever copies it has it.

use super::material::{Hush, Material};
use super::provider::{Minted, NotMinted, Order};
use super::wanted::{Asked, Planned, Unfit, worded};
use crate::secret::Secret;

/// A secret the configuration refers to.
#[derive(Clone)]
pub struct Fixed {
    parts: Vec<(String, Secret)>,
    scopes: Vec<String>,
}

impl std::fmt::Debug for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fixed").finish_non_exhaustive()
    }
}

impl Fixed {
    /// Of these parts.
    pub const fn new(parts: Vec<(String, Secret)>, scopes: Vec<String>) -> Self {
        Self { parts, scopes }
    }

    /// What a call would get.
    pub fn plan(&self, asked: &Asked<'_>) -> Result<Planned, Unfit> {
        let scope = worded(asked, &self.scopes)?;
        let reaches = vec!["everything this lasting secret reaches; it does not end with the call".to_owned()];
        Ok(Planned { scope, reaches, ttl: asked.ttl, standing: true, terms: serde_json::Value::Null })
    }

    /// Hands it out.
    pub fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let material = self
            .parts
            .iter()
            .fold(Material::empty(), |material, (name, text)| material.with(name, text.clone(), Hush::Secret));
        Ok(Minted { material, handle: None, expires: order.expires, scope: None })
    }
}
