//! How is somebody shown who they are here?

use askama::Template;

use super::super::sight::Me;
use super::frame::{Frame, When};
use super::seen::Seen;
use crate::store::passkeys::KeptPasskey;
use crate::store::sign_ins::KeptSignIn;

/// One's own account.
#[derive(Debug, Template)]
#[template(path = "me.html", config = "src/review/pages/askama.toml")]
pub struct MePage {
    /// What stands round it.
    pub frame: Frame,
    /// Who that is.
    pub me: Me,
    /// Their passkeys.
    pub passkeys: Vec<KeptPasskey>,
    /// Where they are signed in.
    pub browsers: Vec<Browser>,
    /// Why nobody can have a passkey here, where nobody can.
    pub no_passkeys: Option<String>,
}

/// A browser in which somebody is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Browser {
    /// Since when.
    pub made: When,
    /// When it was last used.
    pub used: When,
    /// Until when at most.
    pub ends: When,
    /// Whether it is this one.
    pub this: bool,
}

impl Browser {
    /// Of one that is kept.
    pub const fn of(kept: &KeptSignIn, this: bool) -> Self {
        Self { made: When(kept.made), used: When(kept.used), ends: When(kept.ends), this }
    }
}

impl MePage {
    /// Words with commas; what stands for none.
    #[expect(clippy::unused_self, reason = "templates ask the page")]
    fn listed<'a>(&self, words: impl IntoIterator<Item = &'a String>) -> Seen {
        let all: Vec<&str> = words.into_iter().map(String::as_str).collect();
        if all.is_empty() { Seen::from("none") } else { Seen(all.join(", ")) }
    }
}

impl KeptPasskey {
    /// Its name, as somebody gave it.
    fn called(&self) -> Seen {
        Seen(self.name.clone())
    }
}
