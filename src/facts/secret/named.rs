//! Does a value stand under the name of a secret, and does it look like one?

use super::Class;

/// Ends of names that mean a password, letters only.
const PASSWORDS: [&str; 8] = ["password", "passwd", "passphrase", "pwd", "passcode", "masterkey", "userpass", "dbpass"];

/// Ends of names that mean a token or a key, letters only.
const TOKENS: [&str; 17] = [
    "token",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "sharedkey",
    "accountkey",
    "credential",
    "credentials",
    "authorization",
    "secretaccesskey",
    "sessionkey",
    "bearer",
];

/// Names that end as if they meant a secret and mean something else.
const HARMLESS: [&str; 5] = ["nextpagetoken", "pagetoken", "continuationtoken", "nexttoken", "maxtoken"];

/// Values that stand for a secret and are none.
const PLACEHOLDERS: [&str; 16] = [
    "password",
    "passwd",
    "changeme",
    "change_me",
    "example",
    "redacted",
    "placeholder",
    "required",
    "optional",
    "undefined",
    "disabled",
    "your_",
    "your-",
    "xxxx",
    "****",
    "....",
];

/// How many bytes of a value are weighed.
pub(super) const WEIGHED: usize = 64;

/// What a value under this name is, if it looks like a secret.
pub(super) fn class(name: &str) -> Option<Class> {
    // The end says what a name means, and is short.
    let mut tail = [0_u8; 32];
    let mut from = tail.len();
    for byte in name.bytes().rev() {
        if byte.is_ascii_alphanumeric() {
            let Some(place) = from.checked_sub(1) else { break };
            from = place;
            if let Some(place) = tail.get_mut(place) {
                *place = byte.to_ascii_lowercase();
            }
        } else if !byte.is_ascii() {
            // Letters that may take more room when they are made small.
            return folded(name);
        }
    }
    of_tail(std::str::from_utf8(tail.get(from..)?).ok()?)
}

fn folded(name: &str) -> Option<Class> {
    let tail: Vec<char> = name.chars().rev().filter(|c| c.is_alphanumeric()).take(32).collect();
    of_tail(&tail.into_iter().rev().flat_map(char::to_lowercase).collect::<String>())
}

fn of_tail(name: &str) -> Option<Class> {
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end));
    if ends(&HARMLESS) {
        None
    } else if ends(&PASSWORDS) {
        Some(Class::Password)
    } else if ends(&TOKENS) {
        Some(Class::NamedToken)
    } else {
        None
    }
}

/// Whether a value is long and mixed enough for a secret that a program made or a careful person chose.
pub(super) fn looks_secret(value: &str) -> bool {
    let value = value.trim();
    if !is_weighed(value) {
        return false;
    }
    let start = start(value);
    let digits = start.contains(|c: char| c.is_ascii_digit());
    let letters = start.contains(char::is_alphabetic);
    let cases = start.contains(char::is_lowercase) && start.contains(char::is_uppercase);
    let signs = start.contains(|c: char| c.is_ascii_punctuation());
    let kinds = [digits, letters, cases, signs].into_iter().filter(|there| *there).count();
    kinds >= 2 && entropy(start) >= 2.5 || entropy(start) >= 3.2
}

/// Whether a value is judged by how mixed it is, and not by its length or its beginning alone.
pub(super) fn is_weighed(value: &str) -> bool {
    let start = start(value);
    (8..=8192).contains(&value.len()) && !start.contains(char::is_whitespace) && !is_placeholder(start)
}

fn start(value: &str) -> &str {
    value.get(..value.floor_char_boundary(WEIGHED)).unwrap_or_default()
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['$', '<', '{', '%', '['])
        || value.contains("://")
        || PLACEHOLDERS.iter().any(|start| lower.starts_with(start))
}

/// Bits for each character, as often as each occurs.
fn entropy(text: &str) -> f64 {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    let count = |letters: &[char]| f64::from(u32::try_from(letters.len()).unwrap_or(u32::MAX));
    let all = count(&letters);
    letters.chunk_by(|one, other| one == other).map(|same| count(same) / all).map(|share| -share * share.log2()).sum()
}
