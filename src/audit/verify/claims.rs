//! What was signed, remembered or kept elsewhere, and which of it is believed?
//!
//! A key counts for the sizes it was told to sign for. It is believed when whoever verifies named it; or when a key that is
//! believed signed the same checkpoint with it, which is how a key is changed for another.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::checkpoint::Checkpoint;
use crate::audit::note::{Note, Signed, Verifier as Key};
use crate::audit::tree::Hash;

/// Something that says which root a size has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The size.
    pub size: u64,
    /// The root.
    pub root: Hash,
    /// What says so.
    pub from: String,
}

/// Whom whoever verifies believes, and what else is known of keys.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys that are believed.
    pub keys: Vec<Key>,
    /// From which size on keys signed, as the log itself says: not believed for that alone.
    pub listed: Vec<(u64, Key)>,
}

/// Everything that was signed, in the order of sizes.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    by_size: BTreeMap<u64, Vec<Claim>>,
    faults: Vec<String>,
    strangers: BTreeSet<String>,
    any: bool,
}

impl Claims {
    /// From notes, each with what it is called.
    pub fn of(origin: &str, notes: Vec<(String, String)>, trust: &Trust) -> Self {
        let mut claims = Self::default();
        let read: Vec<_> = notes.into_iter().filter_map(|(from, note)| claims.read(origin, from, &note)).collect();
        let believed = believed(&read, trust);
        let mut roots: BTreeMap<u64, (Hash, String, String)> = BTreeMap::new();
        for (from, note, said) in read {
            claims.any = true;
            match standing(&note, said.size, (&believed, trust)) {
                Standing::Believed => {}
                Standing::Forged(key) => {
                    claims.faults.push(format!("{from} claims to be signed by {key}, and is not"));
                    continue;
                }
                Standing::OutOfTime(key) => {
                    claims.faults.push(format!(
                        "{from} for {} leaves is signed by {key}, which signs for other sizes",
                        said.size
                    ));
                    continue;
                }
                Standing::Stranger => {
                    claims.strangers.insert(from);
                    continue;
                }
            }
            // AUD-04: both are shown, because together they prove who signed two histories.
            match roots.get(&said.size) {
                Some((root, first, other)) if *root != said.root => claims.faults.push(format!(
                    "{first} and {from} were both signed for {} leaves, with different roots:\n{other}\n{}",
                    said.size, note.text
                )),
                _ => drop(roots.insert(said.size, (said.root, from.clone(), note.text.clone()))),
            }
            claims.by_size.entry(said.size).or_default().push(Claim { size: said.size, root: said.root, from });
        }
        claims
    }

    /// What was signed for exactly this size.
    pub(super) fn at(&mut self, size: u64) -> Vec<Claim> {
        self.by_size.remove(&size).unwrap_or_default()
    }

    /// What was signed for more.
    pub(super) fn beyond(&self, size: u64) -> Vec<(Claim, String)> {
        let more = self.by_size.range(size.saturating_add(1)..).flat_map(|(_, claims)| claims);
        more.map(|claim| (claim.clone(), claim.from.clone())).collect()
    }

    /// What was signed for sizes nobody came by, up to this one.
    pub(super) fn passed(&self, size: u64) -> impl Iterator<Item = &Claim> {
        self.by_size.range(..size).flat_map(|(_, claims)| claims)
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.faults.clone()
    }

    /// Whether there was anything to compare with.
    pub(super) const fn any(&self) -> bool {
        self.any
    }

    pub(super) fn unchecked(&self) -> Vec<String> {
        let count = self.strangers.len();
        let first = self.strangers.iter().next();
        first
            .map(|first| {
                format!(
                    "{count} checkpoints signed by keys nobody here believes, such as {first}; name a key with --key"
                )
            })
            .into_iter()
            .collect()
    }

    fn read(&mut self, origin: &str, from: String, note: &str) -> Option<(String, Note, Checkpoint)> {
        let read = Note::parse(note).and_then(|note| Checkpoint::of(&note).map(|said| (note, said)));
        match read {
            None => {
                self.faults.push(format!("{from} is no checkpoint: it was changed"));
                None
            }
            Some((_, said)) if said.origin != origin => {
                self.faults.push(format!("{from} is of the log {}, not of {origin}", said.origin));
                None
            }
            Some((note, said)) => Some((from, note, said)),
        }
    }
}

enum Standing {
    Believed,
    Stranger,
    Forged(String),
    OutOfTime(String),
}

fn standing(note: &Note, size: u64, (believed, trust): (&BTreeSet<Key>, &Trust)) -> Standing {
    let mut standing = Standing::Stranger;
    for key in believed {
        match key.signed(note) {
            Signed::Well if in_time(key, size, trust) => return Standing::Believed,
            Signed::Well => standing = Standing::OutOfTime(key.to_string()),
            Signed::Badly => return Standing::Forged(key.to_string()),
            Signed::Not => {}
        }
    }
    standing
}

/// AUD-06: a key that was changed for another signs no more. The one size both signed is the last of the old and the first of
/// the new.
fn in_time(key: &Key, size: u64, Trust { listed, .. }: &Trust) -> bool {
    let Some((first, _)) = listed.iter().find(|(_, listed)| listed == key) else { return true };
    let until = listed.iter().map(|(next, _)| *next).filter(|next| next > first).min();
    size >= *first && until.is_none_or(|until| size <= until)
}

/// The keys that were named, and those they handed over to or took over from.
fn believed(notes: &[(String, Note, Checkpoint)], trust: &Trust) -> BTreeSet<Key> {
    let mut believed: BTreeSet<Key> = trust.keys.iter().cloned().collect();
    loop {
        let before = believed.len();
        for (_, note, _) in notes {
            if believed.iter().any(|key| key.signed(note) == Signed::Well) {
                let with = trust.listed.iter().map(|(_, key)| key).filter(|key| key.signed(note) == Signed::Well);
                let with: Vec<_> = with.cloned().collect();
                believed.extend(with);
            }
        }
        if believed.len() == before {
            return believed;
        }
    }
}
