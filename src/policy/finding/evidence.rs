//! What must show that an answer is a person's own?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much it takes; each of these is also every one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Needed {
    /// An account of theirs: a key, a token, the user of this machine. Software that runs as them has that too.
    #[default]
    Account,
    /// A browser in which they have signed in.
    Session,
    /// A signature of their passkey over exactly this answer.
    Passkey,
}

impl Needed {
    /// For the record and for programs.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Session => "session",
            Self::Passkey => "passkey",
        }
    }

    /// What to do, for people.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Account => "answer with an account of your own",
            Self::Session => "open the call in a browser, sign in and answer there",
            Self::Passkey => "open the call in a browser and answer there with a passkey of yours",
        }
    }

    /// What is added where those are named who may agree.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Account => "",
            Self::Session => ", signed in at a browser",
            Self::Passkey => ", with a passkey",
        }
    }
}
