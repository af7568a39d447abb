//! How does a file become a configuration?

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::channels::{self, Channel};
use super::fault::{Fault, Original, Place, Subject};
use super::origin::Setting;
use super::section::{Reader, Reading, Section};
use super::source::{Found, Request, Surroundings};
use super::tree::{At, Entries, graft_environment, graft_flag, plant};
use super::{
    Anchor, Catalogue, Config, ConfigError, Credential, Faults, GroupRoles, Http, Identity, Intent, Leases, Limits,
    Log, Person, Policy, Retention, Review, Server, Sink, Store, Telemetry, check, credentials, people, routing,
    standard,
};
use crate::policy::lint::Known;

/// Where a configuration is from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, or where it was looked for.
    pub found: Found,
    /// What its paths are relative to.
    pub directory: PathBuf,
    /// Every value that counts, with its origin.
    pub settings: Vec<Setting>,
}

impl Source {
    /// The file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.found {
            Found::At(path) => Some(path),
            Found::Nowhere(_) => None,
        }
    }

    /// The file, in words that also fit where there is none.
    pub fn place(&self) -> String {
        match &self.found {
            Found::At(path) => path.display().to_string(),
            Found::Nowhere(places) => {
                let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
                format!("{} (no such file yet; looked for {})", super::source::FILE_NAME, places.join(", "))
            }
        }
    }
}

impl Config {
    /// Finds, reads and checks the configuration. Touches nothing but the file and what it refers to.
    pub fn load(request: &Request, around: &Surroundings) -> Result<Self, ConfigError> {
        Self::read(&Ground::find(request, around)?, around)
    }

    /// Reads a configuration that is in no file, as if it stood in the directory of these surroundings, whose variables
    /// count over it.
    pub fn from_text(text: &str, around: &Surroundings) -> Result<Self, ConfigError> {
        let ground = Ground::new(Found::Nowhere(Vec::new()), text.to_owned(), &Request::default(), around)?;
        Self::read(&ground, around)
    }

    fn read(ground: &Ground, around: &Surroundings) -> Result<Self, ConfigError> {
        let reader = ground.reader(around);
        let source = Source { found: ground.found.clone(), directory: ground.directory.clone(), settings: Vec::new() };
        let read = sections(&reader, &ground.root, source);
        if let Ok(config) = &read {
            note_conflicts(&reader, config);
        }
        let settings = reader.settings.take();
        finish(reader, read).map(|config| Self { source: Source { settings, ..config.source }, ..config })
    }
}

impl Store {
    /// The store alone, for commands that read the record: the secrets of servers need not be at hand for them.
    pub fn load(request: &Request, around: &Surroundings) -> Result<Self, ConfigError> {
        part(request, around, |root| root.table("store").and_then(|section| Self::read(&section)))
    }
}

impl Intent {
    /// What is kept of prompts, and the record, for commands that enrol devices.
    pub fn load(request: &Request, around: &Surroundings) -> Result<(Self, Store), ConfigError> {
        part(request, around, |root| {
            let store = root.table("store").and_then(|section| Store::read(&section))?;
            let intent = root.table("intent").and_then(|section| Self::read(&section, Some(&store.url)))?;
            Ok((intent, store))
        })
    }
}

impl Anchor {
    /// The anchors and the record, for commands that look how they stand.
    pub fn load(request: &Request, around: &Surroundings) -> Result<(Vec<Self>, Store), ConfigError> {
        part(request, around, |root| {
            let store = root.table("store").and_then(|section| Store::read(&section));
            let anchors = Self::read_all(root);
            Ok((anchors?, store?))
        })
    }
}

impl Retention {
    /// How long what is kept, and the record, for the command that removes it.
    pub fn load(request: &Request, around: &Surroundings) -> Result<(Self, Store), ConfigError> {
        part(request, around, |root| {
            let store = root.table("store").and_then(|section| Store::read(&section))?;
            let retention = root.table("retention").and_then(|section| Self::read(&section, Some(&store.url)))?;
            Ok((retention, store))
        })
    }
}

impl Policy {
    /// The policies alone, for commands that only judge.
    pub fn load(request: &Request, around: &Surroundings) -> Result<Self, ConfigError> {
        part(request, around, |root| root.table("policy").and_then(|section| Self::read(&section)))
    }
}

impl Known {
    /// What the configuration says of it, for commands that only judge. Where no people are listed, anybody may be one; where
    /// there is no file at all, any provider.
    pub fn load(request: &Request, around: &Surroundings) -> Result<Self, ConfigError> {
        let found = matches!(around.find(request.file.as_deref()), Found::At(_));
        part(request, around, |root| {
            let people = Person::read_all(root);
            let issuers = root.table("identity").and_then(|section| section.tables("issuers"));
            let review = root.table("review");
            let providers = review.as_ref().map_err(|noted| *noted).and_then(|section| section.named("providers"));
            let roles = review.and_then(|section| GroupRoles::read_in(&section));
            let channels = Channel::read_all(root);
            let lenders = credentials::named(root);
            let vouching = issuers?.len().saturating_add(providers?.len());
            let reviewers = people::reviewers(&people?, vouching, &roles?, channels::automations(&channels?));
            Ok(Self { reviewers, lenders: Some(lenders?).filter(|_| found) })
        })
    }
}

/// What is read: the tree, and what its paths are relative to.
struct Ground {
    found: Found,
    directory: PathBuf,
    original: Original,
    root: Entries,
}

impl Ground {
    fn find(request: &Request, around: &Surroundings) -> Result<Self, ConfigError> {
        let found = around.find(request.file.as_deref());
        let text = match &found {
            Found::At(path) => around
                .read(path)
                .map_err(|why| ConfigError::Unreadable { path: path.display().to_string(), why: why.to_string() })?,
            Found::Nowhere(_) => String::new(),
        };
        Self::new(found, text, request, around)
    }

    fn new(found: Found, text: String, request: &Request, around: &Surroundings) -> Result<Self, ConfigError> {
        let (name, directory) = match &found {
            Found::At(path) => (shortened(path, &around.directory), path.parent().unwrap_or(path).to_owned()),
            Found::Nowhere(_) => (super::source::FILE_NAME.to_owned(), around.directory.clone()),
        };
        let mut original = Original { name, text, strings: Vec::new() };
        let mut root = plant(&mut original).map_err(|fault| ConfigError::Faulty(Faults(vec![*fault])))?;
        graft_environment(&mut root, &around.variables);
        for (path, value) in &request.flags {
            graft_flag(&mut root, path, value);
        }
        standard::graft(&mut root, &around.variables);
        Ok(Self { found, directory, original, root })
    }

    fn reader<'a>(&'a self, around: &'a Surroundings) -> Reader<'a> {
        Reader {
            original: &self.original,
            around,
            directory: &self.directory,
            faults: RefCell::default(),
            settings: RefCell::default(),
            places: RefCell::default(),
        }
    }
}

fn part<T>(
    request: &Request,
    around: &Surroundings,
    read: impl FnOnce(&Section<'_>) -> Reading<T>,
) -> Result<T, ConfigError> {
    let ground = Ground::find(request, around)?;
    let reader = ground.reader(around);
    let value = read(&Section::root(&reader, &ground.root));
    finish(reader, value)
}

/// Only what was read without a fault counts.
fn finish<T>(reader: Reader<'_>, read: Reading<T>) -> Result<T, ConfigError> {
    let faults = reader.faults.into_inner();
    match read {
        Ok(value) if faults.is_empty() => Ok(value),
        _ => Err(ConfigError::Faulty(Faults::sorted(faults))),
    }
}

fn sections<'a>(reader: &'a Reader<'a>, entries: &'a Entries, source: Source) -> Reading<Config> {
    let root = Section::root(reader, entries);
    let environment = root.text("environment", "development");
    let zone = root.text("zone", "");
    let http =
        if root.has("http") { root.table("http").and_then(|section| Http::read(&section)).map(Some) } else { Ok(None) };
    root.excuse(&["http"]);
    let public_url = http.as_ref().ok().and_then(Option::as_ref).map(|http| &http.public_url);
    let identity = root.table("identity").and_then(|section| Identity::read(&section, public_url));
    let people = Person::read_all(&root);
    let listen = http.as_ref().ok().and_then(Option::as_ref).map(|http| http.listen);
    let review = root.table("review").and_then(|section| Review::read(&section, listen));
    let channels = Channel::read_all(&root);
    let routes = routing::routes(&root);
    let hours = routing::hours(&root);
    let on_call = routing::on_call(&root);
    let servers = Server::read_all(&root);
    let credentials = Credential::read_all(&root);
    let leases = root.table("leases").and_then(|section| Leases::read(&section));
    let policy = root.table("policy").and_then(|section| Policy::read(&section));
    let catalogue = root.table("catalogue").and_then(|section| Catalogue::read(&section));
    let store = root.table("store").and_then(|section| Store::read(&section));
    let database = store.as_ref().ok().map(|store| &store.url);
    let intent = root.table("intent").and_then(|section| Intent::read(&section, database));
    let sinks = Sink::read_all(&root);
    let anchors = Anchor::read_all(&root);
    let retention = root.table("retention").and_then(|section| Retention::read(&section, database));
    let limits = root.table("limits").and_then(|section| Limits::read(&section));
    let log = root.table("log").and_then(|section| Log::read(&section));
    let telemetry = root.table("telemetry").and_then(|section| Telemetry::read(&section));
    root.close();
    Ok(Config {
        environment: environment?,
        zone: zone?,
        http: http?,
        identity: identity?,
        people: people?,
        routes: routes?,
        hours: hours?,
        on_call: on_call?,
        review: review?,
        channels: channels?,
        servers: servers?,
        credentials: credentials?,
        leases: leases?,
        policy: policy?,
        catalogue: catalogue?,
        intent: intent?,
        store: store?,
        sinks: sinks?,
        anchors: anchors?,
        retention: retention?,
        limits: limits?,
        log: log?,
        telemetry: telemetry?,
        source,
    })
}

fn note_conflicts(reader: &Reader<'_>, config: &Config) {
    for conflict in check::conflicts(config) {
        let known = reader.places.borrow().get(&conflict.setting).cloned();
        let (at, subject) = known.unwrap_or((At::Default, Subject::Hidden));
        let place = match reader.place(&at, subject) {
            Place::Nowhere => Place::Default(conflict.setting),
            place => place,
        };
        reader.faults.borrow_mut().push(Fault { what: conflict.what, place, next: conflict.next });
    }
}

/// As a person in this directory would name it.
fn shortened(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}

/// What one table alone says, or what is wrong with it.
#[cfg(test)]
pub(super) fn alone<T>(text: &str, read: impl FnOnce(&Section<'_>) -> Reading<T>) -> Result<T, String> {
    let around = super::tests::around(&[]);
    let ground = Ground::new(Found::Nowhere(Vec::new()), text.to_owned(), &Request::default(), &around);
    let ground = ground.map_err(|error| error.to_string())?;
    let reader = ground.reader(&around);
    let value = read(&Section::root(&reader, &ground.root));
    finish(reader, value).map_err(|error| error.to_string())
}
