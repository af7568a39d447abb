//! Where are the keys kept that tokens are signed with?

/// Keys in the order they sign in. Two gateways that make one at the same moment want the same place, and one of them gets it.
pub(super) const TOKEN_KEYS: &str = "
CREATE TABLE token_key (
    id TEXT {bytewise} PRIMARY KEY,
    place {integer} NOT NULL UNIQUE,
    starts {integer} NOT NULL,
    private_key {bytes} NOT NULL
) {strict};
";
