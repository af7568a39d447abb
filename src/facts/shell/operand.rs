//! Which words of a program are its operands, and which belong to its options?

use super::word::Word;

/// Programs and their short options that take a value.
const VALUED: [(&str, &str); 29] = [
    ("head", "nc"),
    ("tail", "nc"),
    ("grep", "efABCmdD"),
    ("egrep", "efABCmdD"),
    ("fgrep", "efABCmdD"),
    ("rg", "efABCmtTgjE"),
    ("cut", "dfbc"),
    ("sort", "ktSTo"),
    ("od", "AjNtw"),
    ("hexdump", "sne"),
    ("diff", "UWxI"),
    ("nl", "bdfhilnsvw"),
    ("xxd", "closg"),
    ("du", "dt"),
    ("ls", "IwT"),
    ("stat", "cf"),
    ("tree", "LPIo"),
    ("strings", "nte"),
    ("date", "dsrf"),
    ("touch", "drt"),
    ("mkdir", "m"),
    ("cp", "tS"),
    ("mv", "tS"),
    ("ln", "tS"),
    ("truncate", "sr"),
    ("install", "mogtS"),
    ("uniq", "fsw"),
    ("paste", "d"),
    ("column", "tsoc"),
];
/// Programs whose first operand is no file unless an option brings it.
const PATTERNS: [&str; 6] = ["grep", "egrep", "fgrep", "rg", "jq", "zgrep"];

/// The words that are neither options nor their values.
pub(super) fn operands<'w>(name: &str, words: &'w [Word]) -> Vec<&'w Word> {
    let valued = VALUED.iter().find(|(program, _)| *program == name).map_or("", |(_, letters)| letters);
    let mut found = Vec::new();
    let mut pattern = PATTERNS.contains(&name);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let text = word.text.as_str();
        if text == "--" {
            found.extend(rest.by_ref());
        } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            if pattern && name != "jq" && (letters.starts_with("-regexp") || letters.starts_with("-file")) {
                pattern = false;
            }
            if text.starts_with("--") {
                continue;
            }
            if let Some(place) = letters.find(|letter| valued.contains(letter)) {
                let letter = letters.get(place..).unwrap_or_default();
                let value = if letter.len() == 1 { rest.next() } else { None };
                if PATTERNS.contains(&name) && letter.starts_with(['e', 'f']) {
                    pattern = false;
                    found.extend(value.filter(|_| letter.starts_with('f')));
                }
            }
        } else {
            found.push(word);
        }
    }
    if pattern && !found.is_empty() {
        found.remove(0);
    }
    found
}

/// Whether an option stands among the words: a long one or its beginning, or a letter in a bundle.
pub(super) fn has(words: &[Word], options: &[&str]) -> bool {
    words.iter().any(|word| options.iter().any(|option| is(&word.text, option)))
}

/// Whether a word is this option, alone, with a value, or in a bundle.
pub(super) fn is(text: &str, option: &str) -> bool {
    if text.starts_with(option) {
        return true;
    }
    let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
    text.starts_with('-') && !text.starts_with("--") && letter.is_some_and(|letter| text.contains(letter))
}
