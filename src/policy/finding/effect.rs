//! With which words can a rule speak, and when?

use schemars::JsonSchema;
use serde::Serialize;

use crate::policy::input::Phase;

/// The words a rule can speak with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// May run.
    Allow,
    /// May not run.
    Deny,
    /// May run once people agree.
    Hold,
    /// Not listed, and a deny when called by name.
    Hide,
    /// What passes is changed first.
    Redact,
    /// What is recorded and shown to people is changed; what passes is not.
    Mask,
    /// Something must be there first.
    Require,
    /// Counted, and too much is a deny or a hold.
    Limit,
    /// The agent does not get the result.
    Withhold,
    /// The session is called this from now on.
    Label,
    /// Recorded, nothing more.
    Warn,
}

impl Effect {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Allow,
        Self::Deny,
        Self::Hold,
        Self::Hide,
        Self::Redact,
        Self::Mask,
        Self::Require,
        Self::Limit,
        Self::Withhold,
        Self::Label,
        Self::Warn,
    ];

    /// The word a rule's name says.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hold => "hold",
            Self::Hide => "hide",
            Self::Redact => "redact",
            Self::Mask => "mask",
            Self::Require => "require",
            Self::Limit => "limit",
            Self::Withhold => "withhold",
            Self::Label => "label",
            Self::Warn => "warn",
        }
    }

    /// The effect a rule's name means, if it means one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.word() == word)
    }

    /// When it is asked.
    pub const fn phases(self) -> &'static [Phase] {
        match self {
            Self::Allow | Self::Deny | Self::Hold | Self::Require | Self::Limit => &[Phase::Call],
            Self::Hide => &[Phase::List, Phase::Call],
            Self::Redact | Self::Mask | Self::Warn => &[Phase::Call, Phase::Result],
            Self::Withhold | Self::Label => &[Phase::Result],
        }
    }
}
