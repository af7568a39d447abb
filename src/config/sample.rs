//! Is this secret one that everybody knows?
//!
//! A sample somebody forgot to replace is the first thing an attacker tries.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt;

/// Why a secret is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It stands in manuals and samples.
    Sample,
    /// It cannot hold 128 bits.
    Short,
}

const SAMPLES: [&str; 26] = [
    "abc123", "admin", "apikey", "bearer", "changeit", "changeme", "default", "demo", "example", "foobar", "hunter2",
    "letmein", "mysecret", "none", "null", "pass", "passw0rd", "password", "postgres", "qwerty", "root", "sample",
    "secret", "test", "todo", "token",
];
const PARTS: [&str; 7] = ["changeme", "replaceme", "yourtoken", "yoursecret", "yourapikey", "yourkey", "insertyour"];

/// Whether a secret is a sample. For secrets that others check: what they are worth is not ours to say.
pub fn is_sample(secret: &str) -> bool {
    let secret = secret.trim();
    let plain: String = secret.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let placeholder = secret.starts_with('<') && secret.ends_with('>');
    let numbered = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let repeated = plain.chars().next().is_some_and(|first| plain.chars().all(|c| c == first));
    let counted = !plain.is_empty() && "01234567890123456789".contains(&plain);
    placeholder
        || repeated
        || counted
        || SAMPLES.iter().any(|sample| *sample == plain || *sample == numbered)
        || PARTS.iter().any(|part| plain.contains(part))
}

/// What is wrong with a secret that we check ourselves; none when it is good.
pub fn weakness(secret: &str) -> Option<Weakness> {
    if is_sample(secret) {
        return Some(Weakness::Sample);
    }
    // The most a text of this alphabet can hold: 4 bits a hex digit, 6 a base64 character.
    let hex = secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    let needed = if hex { 32 } else { 22 };
    (secret.len() < needed).then_some(Weakness::Short)
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sample => "this is a secret from a sample, which everybody knows",
            Self::Short => "this secret holds fewer than 128 bits",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_short_secrets_are_weak() {
        // IDN-15
        for secret in [
            "changeme",
            "Change-Me!",
            "secret",
            "password123",
            "<your token>",
            "xxxxxxxx",
            "12345678",
            "your_api_key_here",
        ] {
            assert_eq!(weakness(secret), Some(Weakness::Sample), "{secret}");
        }
        for secret in ["k3Jd8fQ", "0123456789abcdef0123456789abcde"] {
            assert_eq!(weakness(secret), Some(Weakness::Short), "{secret}");
        }
        for secret in ["9f86d081884c7d659a2feaa0c55ad015", "p5J2m0Qx7Yv3Kd8fLr1TzW"] {
            assert_eq!(weakness(secret), None, "{secret}");
        }
    }
}
