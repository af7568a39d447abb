//! Where does this process die because a test wants it to?
//!
//! Only in builds with debug assertions: a release has none of these. `COUNTERSIGN_FAIL_AT` names the place, and the
//! process ends there as `kill -9` ends it, with nothing closed and nothing said.

/// The places between which a crash makes a difference to a call that waits for people, or to what is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failpoint {
    /// The approval is open and its client does not know yet.
    Opened,
    /// A use of a grant is taken and nothing was claimed.
    Covered,
    /// A person's answer is kept and they do not know yet.
    Voted,
    /// The call is claimed and not a byte of it was sent.
    Claimed,
    /// A credential is about to be made, and stands in the book of leases.
    Minting,
    /// A credential was made, and the book of leases does not say so yet.
    Minted,
    /// The server has answered and nothing of that is written down.
    Replied,
    /// What came of it is written down and the client has not heard.
    Recorded,
    /// An archive is whole and nothing says so.
    Archived,
    /// It is written down what is removed, and nothing was.
    Pruning,
}

impl Failpoint {
    #[cfg(debug_assertions)]
    const fn name(self) -> &'static str {
        match self {
            Self::Opened => "after_open",
            Self::Covered => "after_use",
            Self::Voted => "after_vote",
            Self::Claimed => "after_claim",
            Self::Minting => "before_mint",
            Self::Minted => "after_mint",
            Self::Replied => "after_reply",
            Self::Recorded => "after_outcome",
            Self::Archived => "after_archive",
            Self::Pruning => "after_pruning",
        }
    }

    /// The process is here.
    #[cfg(debug_assertions)]
    pub(crate) fn reached(self) {
        use std::sync::LazyLock;
        static WANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("COUNTERSIGN_FAIL_AT").ok());
        if WANTED.as_deref() == Some(self.name()) {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).ok();
            std::process::abort();
        }
    }

    /// The process is here.
    #[cfg(not(debug_assertions))]
    pub(crate) const fn reached(self) {}
}
