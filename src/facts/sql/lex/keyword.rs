//! Which words has the parser a name for?

use std::sync::LazyLock;

use sqlparser::keywords::{ALL_KEYWORDS, ALL_KEYWORDS_INDEX, Keyword};

/// What is no keyword.
pub(super) const NONE: Keyword = Keyword::NoKeyword;

/// No keyword is longer.
const LONGEST: usize = 40;

/// Keywords by first letter and length, which leaves a handful to compare.
static SHELVES: LazyLock<Vec<Vec<(&'static str, Keyword)>>> = LazyLock::new(|| {
    let mut shelves = vec![Vec::new(); LONGEST.saturating_mul(26)];
    for (text, keyword) in ALL_KEYWORDS.iter().zip(ALL_KEYWORDS_INDEX) {
        if let Some(shelf) = place(text).and_then(|place| shelves.get_mut(place)) {
            shelf.push((*text, *keyword));
        }
    }
    shelves
});

/// The keyword that an unquoted word is.
pub(super) fn of(word: &str) -> Keyword {
    let shelf = place(word).and_then(|place| SHELVES.get(place));
    shelf
        .and_then(|shelf| shelf.iter().find(|(text, _)| text.eq_ignore_ascii_case(word)))
        .map_or(NONE, |(_, keyword)| *keyword)
}

fn place(word: &str) -> Option<usize> {
    let first = word.bytes().next()?.to_ascii_uppercase().checked_sub(b'A').filter(|letter| *letter < 26)?;
    usize::from(first).checked_mul(LONGEST)?.checked_add(word.len()).filter(|_| word.len() < LONGEST)
}
