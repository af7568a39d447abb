//! Which name does the agent see?
//!
//! One endpoint that offers many servers prefixes each name with its server: `files__read_file`. Clients drop or cut
//! names that are long or have dots in them, so a name stays within 48 characters of `A-Z a-z 0-9 _ -`; one that does
//! not fit is cut and carries a hash of the full name, the same one every time. A server's name has no underscore, so
//! the first `__` always ends it and two different tools never share a name.

use crate::digest::Digest;

/// The longest name an agent sees.
pub const LONGEST: usize = 48;
/// Stands between a server's name and its tool's.
pub const SEPARATOR: &str = "__";

const HASH_DIGITS: usize = 8;

/// Whether a server's own name for a tool or prompt can be offered at all. Look-alikes, spaces and invisible characters cannot.
pub fn is_plain(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// The name under which a server's tool or prompt is offered among others.
pub fn prefixed(server: &str, name: &str) -> String {
    let full = format!("{server}{SEPARATOR}{name}");
    if full.len() <= LONGEST && !full.contains('.') {
        return full;
    }
    let hash = Digest::of_bytes("name", full.as_bytes()).to_string();
    let hash: String = hash.chars().skip("sha256:".len()).take(HASH_DIGITS).collect();
    let room = LONGEST.saturating_sub(HASH_DIGITS).saturating_sub(1);
    let kept: String = full.chars().map(|c| if c == '.' { '_' } else { c }).take(room).collect();
    format!("{kept}-{hash}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_short_plain_and_the_same_every_time() {
        assert_eq!(prefixed("files", "read_file"), "files__read_file");
        assert_eq!(prefixed("a", "_b"), "a___b");
        let long = prefixed("github", &"x".repeat(100));
        assert_eq!(long.len(), LONGEST);
        assert_eq!(long, prefixed("github", &"x".repeat(100)));
        assert!(!prefixed("a", "b.c").contains('.'));
        assert_ne!(prefixed("a", "b.c"), prefixed("a", "b_c"));
    }

    #[test]
    fn look_alikes_are_not_offered() {
        // TOO-07
        for name in ["read_f\u{0456}le", "read\u{200b}file", "\u{202e}elif", "", "a b", "a/b", "\u{ff52}ead"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("read-File_2.x"));
        assert!(!is_plain(&"x".repeat(129)));
    }

    proptest! {
        /// TOO-06: two different tools never get one name.
        #[test]
        fn the_mapping_is_injective(tools in prop::collection::vec(("[a-z][a-z0-9-]{0,23}", "[A-Za-z0-9_.-]{1,60}"), 1..50)) {
            let mut seen = BTreeMap::new();
            for (server, tool) in tools {
                let name = prefixed(&server, &tool);
                prop_assert!(name.len() <= LONGEST);
                let other = seen.insert(name, (server.clone(), tool.clone()));
                prop_assert!(other.is_none_or(|other| other == (server, tool)));
            }
        }
    }
}
