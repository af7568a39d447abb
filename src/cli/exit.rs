//! With which code does a command end?

use std::process::ExitCode;

/// How a command ended, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked.
    Done,
    /// It did not.
    Failed,
    /// It was asked in a way it does not understand.
    Usage,
    /// What it was asked about does not exist.
    NotFound,
    /// The running gateway it needs does not answer.
    Unreachable,
    /// Whoever asked may not.
    NotPermitted,
    /// The policies that were tried would let something run that did not run before.
    NewlyAllowed,
    /// Nobody could be asked, and nobody said yes beforehand.
    Unasked,
    /// People said no.
    Denied,
    /// Nobody agreed in time, or nobody used it in time.
    Expired,
    /// People have not agreed yet.
    Pending,
    /// It was given up, taken back, or is not what it was.
    Cancelled,
}

/// An error that ends a command with a code of its own. Any other error ends it with [`Exit::Failed`].
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct Ended {
    /// With this code.
    pub exit: Exit,
    /// Says what happened and what to do.
    pub text: String,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Unreachable => 4,
            Self::NotPermitted => 5,
            Self::NewlyAllowed => 6,
            Self::Unasked => 7,
            Self::Denied => 20,
            Self::Expired => 21,
            Self::Pending => 22,
            Self::Cancelled => 23,
        }
    }

    /// The code an error asks for.
    pub fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(|cause| cause.downcast_ref::<Ended>()).map_or(Self::Failed, |ended| ended.exit)
    }

    /// An error that ends with this code.
    pub fn error(self, text: impl Into<String>) -> anyhow::Error {
        Ended { exit: self, text: text.into() }.into()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_code_of_an_error_is_found_under_what_was_said_around_it() {
        for (exit, code) in [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::NotFound, 3),
            (Exit::Unreachable, 4),
            (Exit::NotPermitted, 5),
            (Exit::NewlyAllowed, 6),
            (Exit::Unasked, 7),
            (Exit::Denied, 20),
            (Exit::Expired, 21),
            (Exit::Pending, 22),
            (Exit::Cancelled, 23),
        ] {
            let error = Err::<(), _>(exit.error("no key of that name")).context("cannot revoke").unwrap_err();
            assert_eq!((Exit::of(&error), exit.code()), (exit, code));
        }
        assert_eq!(Exit::of(&anyhow::anyhow!("anything else")), Exit::Failed);
    }
}
