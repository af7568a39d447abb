//! Who may come to which page?
//!
//! The one place that says it. What a page shows of single calls and grants is another matter: there only what somebody may
//! see exists for them.

use super::super::lease;
use super::super::sight::SEEING;
use super::address::Address;
use crate::approval::vote::Voter;

/// Whom an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Everybody, also who is not signed in.
    Nothing,
    /// Whoever is signed in.
    SignedIn,
    /// Who has one of these roles.
    OneOf(&'static [&'static str]),
}

/// A page that can be gone to from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Names it in the page.
    pub here: &'static str,
    /// For people.
    pub name: &'static str,
    /// Where it is.
    pub href: &'static str,
}

/// Who looks after rules, servers and those who answer.
const CARING: [&str; 4] = ["reviewer", "author", "auditor", "operator"];

const TABS: [Tab; 8] = [
    Tab { here: "inbox", name: "Inbox", href: "/inbox" },
    Tab { here: "history", name: "History", href: "/history" },
    Tab { here: "grants", name: "Grants", href: "/grants" },
    Tab { here: "leases", name: "Credentials", href: "/leases" },
    Tab { here: "servers", name: "Servers", href: "/servers" },
    Tab { here: "channels", name: "Channels", href: "/channels" },
    Tab { here: "rules", name: "Rules", href: "/rules" },
    Tab { here: "numbers", name: "Numbers", href: "/numbers" },
];

impl Address {
    /// Whom it is for.
    pub const fn needs(&self) -> Needs {
        match self {
            Self::SignIn { .. }
            | Self::With { .. }
            | Self::Callback
            | Self::Link(_)
            | Self::UseLink
            | Self::BeginSignIn
            | Self::FinishSignIn
            | Self::Decision(_)
            | Self::Decide(_)
            | Self::Asset(_) => Needs::Nothing,
            Self::Home
            | Self::Inbox { .. }
            | Self::Call(_)
            | Self::Sent(_)
            | Self::Say(..)
            | Self::Sign(..)
            | Self::Me
            | Self::BeginPasskey
            | Self::AddPasskey
            | Self::RemovePasskey
            | Self::EndSignIns
            | Self::Events
            | Self::Grants(_)
            | Self::RevokeGrant(_)
            | Self::SignOut => Needs::SignedIn,
            Self::History(_) => Needs::OneOf(&SEEING),
            Self::Servers | Self::Channels | Self::Rules | Self::Numbers => Needs::OneOf(&CARING),
            Self::Leases => Needs::OneOf(&lease::SEEING),
            Self::TakeBack(_) => Needs::OneOf(&lease::TAKING),
            Self::Redeliver => Needs::OneOf(&["operator"]),
        }
    }
}

impl Address {
    /// Whether a page with a header is what comes of it.
    pub const fn is_page(&self) -> bool {
        !matches!(
            self,
            Self::Asset(_)
                | Self::Events
                | Self::Sent(_)
                | Self::Home
                | Self::Sign(..)
                | Self::BeginPasskey
                | Self::BeginSignIn
        )
    }
}

impl Needs {
    /// Whether this person may come.
    pub fn lets(self, voter: &Voter) -> bool {
        match self {
            Self::Nothing | Self::SignedIn => true,
            Self::OneOf(roles) => roles.iter().any(|role| voter.roles.contains(*role)),
        }
    }
}

impl Tab {
    /// Those this person may go to.
    pub fn all(voter: &Voter) -> Vec<Self> {
        let lets = |tab: &Self| {
            let address = Address::read(&http::Method::GET, tab.href, None);
            address.ok().flatten().is_some_and(|address| address.needs().lets(voter))
        };
        TABS.into_iter().filter(lets).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sees_the_pages_that_are_for_them() {
        for (role, seen) in [
            (None, "inbox grants"),
            (Some("reviewer"), "inbox history grants servers channels rules numbers"),
            (Some("auditor"), "inbox history grants leases servers channels rules numbers"),
            (Some("operator"), "inbox history grants leases servers channels rules numbers"),
            (Some("author"), "inbox grants servers channels rules numbers"),
            (Some("break-glass"), "inbox history grants"),
            (Some("reviewers"), "inbox grants"),
        ] {
            let voter = Voter { roles: role.into_iter().map(str::to_owned).collect(), ..Voter::default() };
            let tabs: Vec<_> = Tab::all(&voter).into_iter().map(|tab| tab.here).collect();
            assert_eq!(tabs.join(" "), seen, "{role:?}");
        }
    }
}
