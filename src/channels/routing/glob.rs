//! Is this one of the names that are meant?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

/// A name with stars: `db-*`. A star is any text, also none; all else is itself, and capitals count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob(String);

/// No name is longer.
const LONGEST: usize = 256;

impl Glob {
    /// A text without controls, and not an endless one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether the name is one of them.
    pub fn fits(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // The first place where a part fits is as good as every later one.
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }

    /// The one name it means, if it has no star.
    pub fn name(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (glob, fitting, other) in [
            ("db", vec!["db"], vec!["", "d", "dbx", "xdb", "DB"]),
            ("*", vec!["", "db", "a/b"], vec![]),
            ("db-*", vec!["db-", "db-eu"], vec!["db", "xdb-eu"]),
            ("*_write", vec!["_write", "a_write"], vec!["a_write_", "write"]),
            ("a*b*c", vec!["abc", "aXbYc", "abbc", "abcbc"], vec!["ab", "acb", "abcd"]),
            ("a*a", vec!["aa", "aba"], vec!["a", "ab"]),
            ("a**b", vec!["ab", "axb"], vec!["a"]),
        ] {
            let read = Glob::parse(glob).unwrap();
            assert!(fitting.iter().all(|name| read.fits(name)), "{glob}");
            assert!(!other.iter().any(|name| read.fits(name)), "{glob}");
        }
        assert!(Glob::parse("").is_none() && Glob::parse("a\nb").is_none() && Glob::parse(&"a".repeat(257)).is_none());
        assert_eq!(Glob::parse("db").unwrap().name(), Some("db"));
        assert_eq!(Glob::parse("db*").unwrap().name(), None);
    }

    /// As slow and as plain as it can be written.
    fn plainly(glob: &[u8], name: &[u8]) -> bool {
        match glob.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|cut| plainly(rest, &name[cut..])),
            Some((first, rest)) => name.first() == Some(first) && plainly(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_fits_what_a_plain_reading_fits(glob in "[ab*]{1,7}", name in "[ab]{0,9}") {
            let fits = Glob::parse(&glob).unwrap().fits(&name);
            prop_assert_eq!(fits, plainly(glob.as_bytes(), name.as_bytes()));
        }
    }
}
