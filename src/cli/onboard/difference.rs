//! What would change in a file? As a unified diff, without the secrets in it.

use similar::TextDiff;

use crate::secret::HIDDEN;

/// Shorter texts are only hidden where they stand in quotes: they would be found everywhere.
const SHORT: usize = 6;

/// The difference between two texts of one file.
pub fn difference(file: &str, before: &str, after: &str, hidden: &[String]) -> String {
    let (before, after) = (hide(before, hidden), hide(after, hidden));
    let diff = TextDiff::from_lines(&before, &after);
    diff.unified_diff().context_radius(3).header(file, file).missing_newline_hint(false).to_string()
}

/// A text without the secrets in it.
pub fn hide(text: &str, hidden: &[String]) -> String {
    let mut all: Vec<&String> = hidden.iter().collect();
    // The longest first: one may be a part of another.
    all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut text = text.to_owned();
    for secret in all {
        let escaped = serde_json::Value::from(secret.as_str()).to_string();
        text = text.replace(&escaped, &format!("\"{HIDDEN}\""));
        if secret.len() >= SHORT {
            text = text.replace(secret.as_str(), HIDDEN);
        }
    }
    text
}
