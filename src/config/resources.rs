//! What do the files of the catalogue say?

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::fault::{Fault, Original, Place, Subject};
use super::section::{Given, Noted, Privacy, Reader, Reading, Section, Wanted};
use super::source::{Surroundings, read_short};
use super::tree::plant;
use super::{Faults, ServerName};
use crate::digest::Digest;
use crate::facts::resource::{Catalogue, Entry, Kind, Pattern, Tags, UNKNOWN, Unfit};

/// Files, each as it is shown in errors, and what it says.
pub type Files = BTreeMap<String, String>;

/// Keys of which an entry has exactly one.
const KINDS: [(&str, Kind); 5] = [
    ("table", Kind::Table),
    ("host", Kind::Host),
    ("path", Kind::Path),
    ("repository", Kind::Repository),
    ("tool", Kind::Tool),
];

/// Reads files from the disk.
pub fn open(files: &[PathBuf]) -> Result<Files, Faults> {
    let mut read = Files::new();
    let mut faults = Vec::new();
    for path in files {
        let name = path.display().to_string();
        match read_short(path) {
            Ok(text) => drop(read.insert(name, text)),
            Err(error) => faults.push(Fault {
                what: format!("{name} cannot be read: {error}"),
                place: Place::Default("catalogue.files".to_owned()),
                next: "name files that are there, relative to the folder of the configuration".to_owned(),
            }),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(Faults(faults)) }
}

/// Everything the files say, or every reason why it cannot be used.
pub fn read(files: &Files) -> Result<Catalogue, Faults> {
    let mut faults = Vec::new();
    let mut entries = Vec::new();
    for (name, text) in files {
        match of_file(name, text) {
            Ok(read) => entries.extend(read),
            Err(found) => faults.extend(Faults::sorted(found).0),
        }
    }
    let (entries, places): (Vec<Entry>, Vec<Place>) = entries.into_iter().unzip();
    let catalogue = Catalogue::new(entries).map_err(|clashes| {
        faults.extend(clashes.into_iter().filter_map(|(first, second)| clash(places.get(first)?, places.get(second)?)));
    });
    match catalogue {
        Ok(catalogue) if faults.is_empty() => Ok(catalogue),
        _ => Err(Faults(faults)),
    }
}

/// Names what the files say; nothing when there are none.
pub fn digest(files: &Files) -> Option<Digest> {
    let name =
        || Digest::of_object("catalogue", &files.iter().map(|(name, text)| (name.clone(), text.clone())).collect());
    (!files.is_empty()).then(name)
}

fn clash(first: &Place, second: &Place) -> Option<Fault> {
    let Place::File(excerpt) = first else { return None };
    Some(Fault {
        what: format!("{}:{} says something of the same resource", excerpt.file, excerpt.line),
        place: second.clone(),
        next: "keep one of the two".to_owned(),
    })
}

fn of_file(name: &str, text: &str) -> Result<Vec<(Entry, Place)>, Vec<Fault>> {
    let mut original = Original { name: name.to_owned(), text: text.to_owned(), strings: Vec::new() };
    let root = plant(&mut original).map_err(|fault| vec![*fault])?;
    // Nothing is read from the environment or from other files: what is written here is all there is.
    let around = Surroundings {
        variables: BTreeMap::new(),
        directory: PathBuf::new(),
        reader: |_| Err(io::ErrorKind::NotFound.into()),
    };
    let reader = Reader {
        original: &original,
        around: &around,
        directory: Path::new(""),
        faults: RefCell::default(),
        settings: RefCell::default(),
        places: RefCell::default(),
    };
    let section = Section::root(&reader, &root);
    let entries = section.tables("resource").map(|tables| {
        let entries: Vec<Reading<(Entry, Place)>> = tables.iter().map(of_table).collect();
        entries
    });
    section.close();
    let faults = reader.faults.take();
    match entries.and_then(|entries| entries.into_iter().collect()) {
        Ok(entries) if faults.is_empty() => Ok(entries),
        _ => Err(faults),
    }
}

fn of_table(section: &Section<'_>) -> Reading<(Entry, Place)> {
    let pattern = pattern(section);
    let server = section.optional("server", Wanted("the name of a server", "files"), |text| {
        ServerName::parse(text).map(|_| text.to_owned())
    });
    let word = |key| section.optional(key, Wanted("a word", "eu"), |text| (!text.is_empty()).then(|| text.to_owned()));
    let owner = word("owner");
    let sensitivity = word("sensitivity");
    let zone = word("zone");
    let environment = word("environment");
    let compliance = section.texts("compliance", &[], Privacy::Open);
    let tags = section.pairs("tags", Privacy::Open);
    section.close();
    let (pattern, given) = pattern?;
    let server = server?;
    if pattern.kind() == Kind::Tool && server.is_some() {
        let what = "a tool is named with its server already".to_owned();
        return Err(section.note(&given.at, what, "take `server` away".to_owned(), Subject::Shown));
    }
    let or_unknown = |word: Option<String>| word.unwrap_or_else(|| UNKNOWN.to_owned());
    let tags = Tags {
        owner: or_unknown(owner?),
        sensitivity: or_unknown(sensitivity?),
        zone: or_unknown(zone?),
        environment: or_unknown(environment?),
        compliance: compliance?.into_iter().map(|given| given.text).collect(),
        tags: tags?.into_iter().map(|(name, given)| (name, given.text)).collect(),
    };
    Ok((Entry { pattern, server, tags }, section.reader().place(&given.at, Subject::Shown)))
}

fn pattern(section: &Section<'_>) -> Reading<(Pattern, Given)> {
    let there: Vec<(&'static str, Kind)> = KINDS.into_iter().filter(|(key, _)| section.has(key)).collect();
    section.excuse(&KINDS.map(|(key, _)| key));
    let next = "give it one of `table`, `host`, `path`, `repository`, `tool`";
    match there.as_slice() {
        [(key, kind)] => {
            let given = section.given(key, Privacy::Open)?.ok_or(Noted)?;
            match Pattern::read(*kind, &given.text) {
                Ok(pattern) => Ok((pattern, given)),
                Err(Unfit(noun, example)) => Err(section.bad(&given, Wanted(noun, example), Subject::Shown)),
            }
        }
        [] => Err(section.fault("this entry does not say which resource it is about".to_owned(), next)),
        many => {
            let keys: Vec<&str> = many.iter().map(|(key, _)| *key).collect();
            Err(section.fault(format!("this entry is about `{}` at once", keys.join("` and `")), next))
        }
    }
}

#[cfg(test)]
mod tests;
