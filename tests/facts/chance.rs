//! What does chance make of a text, the same in every run?

/// What is put into texts.
const PIECES: [&str; 44] = [
    "'",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    ";",
    ",",
    ".",
    "--",
    "-- ",
    "#",
    "//",
    "/*",
    "*/",
    "/*!",
    "/*!50000",
    "$$",
    "$a$",
    "E'",
    "N'",
    "r'''",
    "\\",
    "\\'",
    "\0",
    "\u{a0}",
    "\u{2019}",
    "é",
    "\n",
    " as (",
    " with ",
    " begin ",
    " end ",
    " delete from ",
    " select ",
    " case when ",
    " then ",
    " explain analyze ",
    " copy ",
    " not ",
    " in (",
    "::",
    "@x",
];

/// A sequence that looks like chance.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The text with a few things put in, taken out, doubled, or taken from another.
pub(super) fn disturb(text: &str, other: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=chance.below(4) {
        let at = chance.below(letters.len() + 1);
        let end = (at + chance.below(8)).min(letters.len());
        match chance.below(4) {
            0 => drop(letters.drain(at..end)),
            1 => drop(letters.splice(at..at, chance.pick(&PIECES).chars())),
            2 => drop(letters.splice(at..end, other.chars().skip(chance.below(other.len())).take(40))),
            _ => {
                let again: Vec<char> = letters[at..end].to_vec();
                drop(letters.splice(at..at, again));
            }
        }
    }
    letters.into_iter().collect()
}
