//! What must the gateway do or know first?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::Span;
use crate::intent::Provenance;

/// What must be there before a call is sent. What is not there denies the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// A credential made for this call.
    Credential(Credential),
    /// To know what the person said, at least as surely as this.
    Prompt(Provenance),
    /// To know why the model says it makes the call, at least as surely as this.
    Rationale(Provenance),
}

/// A credential for one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The configured name of who makes it.
    pub provider: String,
    /// What it may be used for, in the provider's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How long it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
}

/// A requirement as rules write it: one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// A credential made for this call.
    credential: Option<Credential>,
    /// To know what the person said: observed, captured, asserted or claimed, or anything surer.
    prompt: Option<Provenance>,
    /// To know why the model says it makes the call: it is always claimed.
    rationale: Option<Provenance>,
}

/// No name or scope is longer.
const LONGEST: usize = 512;

impl TryFrom<Written> for Requirement {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match (written.credential, written.prompt, written.rationale) {
            (Some(credential), None, None) => {
                let texts = [Some(&credential.provider), credential.scope.as_ref()];
                if texts.into_iter().flatten().any(|text| text.is_empty() || text.len() > LONGEST) {
                    return Err(format!("`provider` and `scope` have between 1 and {LONGEST} bytes"));
                }
                Ok(Self::Credential(credential))
            }
            (None, Some(prompt), None) => Ok(Self::Prompt(prompt)),
            (None, None, Some(Provenance::Claimed)) => Ok(Self::Rationale(Provenance::Claimed)),
            (None, None, Some(_)) => {
                Err("a `rationale` is the model's own words: it is `claimed`, never more".to_owned())
            }
            _ => Err("a require has one of `credential`, `prompt` and `rationale`".to_owned()),
        }
    }
}
