//! Who asks, and how do we know?

use std::fmt;

/// Whoever a request comes from, as far as it was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Names the caller for good: `os:alice`, `key:ci-bot`, `https://issuer.example#subject`.
    pub principal: String,
    /// The software acting, when the proof names it.
    pub agent: Option<String>,
    /// The person behind it, when the proof names one. Never taken from arguments or headers a client may set.
    pub user: Option<Person>,
    /// Groups the proof asserts, of the person or the key.
    pub groups: Vec<String>,
    /// How all of this was proven.
    pub proof: Proof,
}

/// A human being.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As the issuer or the operating system names them.
    pub id: String,
    /// For people to read.
    pub name: Option<String>,
}

/// How a caller was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The operating system started us as this user.
    Os {
        /// The numeric user id.
        uid: u32,
    },
    /// They signed in where this gateway was started, as whoever started it.
    Owner {
        /// The numeric user id.
        uid: u32,
    },
    /// A key we made.
    Key {
        /// The key's public part.
        id: String,
    },
    /// A token somebody we trust signed.
    Token {
        /// Who signed it.
        issuer: String,
        /// What it may be used for.
        scopes: Vec<String>,
        /// Who delegated to whom, outermost first, from `act`.
        delegation: Vec<String>,
        /// Seconds since 1970 after which it is worth nothing.
        expires: i64,
    },
    /// The listener asks for nothing. Only on loopback, and only when the configuration says so.
    Nothing,
}

impl Proof {
    /// One word for policies, the record and people.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Os { .. } => "os",
            Self::Owner { .. } => "owner",
            Self::Key { .. } => "key",
            Self::Token { .. } => "token",
            Self::Nothing => "none",
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.principal)
    }
}
