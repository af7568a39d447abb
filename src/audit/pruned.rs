//! What does an entry say was removed on purpose?

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::field::fields;
use super::leaf::Leaf;
use super::places::Places;
use crate::clock::Timestamp;

/// The event code of entries that say so.
pub const EVENT: &str = "pruned";

/// What one of them says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// The number of the entry that says it.
    pub entry: i64,
    /// When it was written.
    pub at: Timestamp,
    /// Whose bodies may be gone.
    pub places: Places,
    /// What the archive is called.
    pub archive: String,
    /// Names everything in the archive.
    pub digest: String,
    /// Who did it.
    pub by: String,
}

impl Pruning {
    /// Of a leaf at a place and the body it stands for. Nothing where it says nothing of the kind, and nobody speaks of what
    /// came after them.
    pub fn read(leaf: &Leaf, place: u64, body: &str) -> Option<Self> {
        if leaf.event != EVENT {
            return None;
        }
        let all = fields(body).ok()?;
        let value = |pointer: &str| all.iter().find(|field| field.pointer == pointer).map(|field| field.value);
        let word = |pointer| value(pointer).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let places = Places::parse(value("/places")?.strip_prefix('"')?.strip_suffix('"')?)?;
        if places.last()? >= place {
            return None;
        }
        let (archive, digest, by) = (word("/archive"), word("/digest"), word("/by"));
        Some(Self { entry: leaf.entry, at: Timestamp::from_micros(leaf.at), places, archive, digest, by })
    }

    /// That these are gone, and who proves them.
    pub fn words(&self, gone: &Places) -> String {
        let Self { entry, at, archive, digest, by, .. } = self;
        format!(
            "the bodies of {} entries, at the places {}, were removed when their time was over: entry {entry} of {at} says so, by \
             {by}; the archive {archive} ({digest}) proves them",
            gone.count(),
            gone.shown()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_speaks_of_what_came_before_it() {
        let leaf =
            Leaf { at: 7, entry: 9, event: EVENT.to_owned(), call: None, previous: None, root: Default::default() };
        let body = "{\"event\":\"pruned\",\"places\":\"0-3,5\",\"archive\":\"a\\nb\",\"by\":\"os:ada\"}";
        let read = Pruning::read(&leaf, 6, body).unwrap();
        assert_eq!((read.places.to_string().as_str(), read.archive.as_str(), read.entry), ("0-3,5", "a\nb", 9));
        assert!(read.words(&read.places).contains("5 entries, at the places 0-3,5"));
        assert_eq!(Pruning::read(&leaf, 5, body), None, "it cannot know of itself or of what comes later");
        assert_eq!(Pruning::read(&Leaf { event: "told".to_owned(), ..leaf.clone() }, 6, body), None);
        for bad in
            ["{\"places\":[\"0\"]}", "{\"places\":\"\\u0030\"}", "{}", "x", "{\"places\":\"0\",\"places\":\"1\"}"]
        {
            assert_eq!(Pruning::read(&leaf, 6, bad), None, "{bad}");
        }
    }
}
