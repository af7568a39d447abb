//! Where is the record kept, and how surely?

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;

use super::fault::Subject;
use super::section::{Given, Privacy, Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::words;
use crate::secret::{HIDDEN, Secret};

/// The database.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Store {
    /// `sqlite:` and a path, or `postgres://user@host/database`.
    #[schemars(with = "String", extend("default" = "sqlite:countersign.db"))]
    pub url: Database,
    /// What an ordinarily allowed call's entries survive: the end of the process at once and power loss within a
    /// second, or power loss at once.
    #[schemars(extend("default" = "process"))]
    pub durability: Durability,
    /// The folder for tokens of the servers that are signed in to by OAuth, one file for each. Default: beside the
    /// database file and named after it (`countersign-tokens`), or beside this file when the record is in Postgres.
    #[schemars(with = "Option<String>")]
    pub tokens: Option<PathBuf>,
    /// The folder for the keys the record is sealed and signed with. All gateways of one database need the same. Default:
    /// beside the database file and named after it (`countersign-keys`), or beside this file when the record is in Postgres.
    #[schemars(with = "Option<String>")]
    pub keys: Option<PathBuf>,
    /// What the log over the record is called, for as long as there is one: a name no other log has, such as
    /// example.org/countersign/production. Default: one made of chance.
    pub origin: Option<String>,
}

/// Which database.
#[derive(Clone)]
pub enum Database {
    /// A file of `SQLite`.
    Sqlite(PathBuf),
    /// `SQLite` in memory: gone with the process.
    Memory,
    /// A Postgres address, which may hold a password.
    Postgres(Secret),
}

/// What a record must survive before the deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process.
    Process,
    /// The loss of power.
    Power,
}

impl Store {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let url = database(section);
        let durability = section.word("durability", Durability::Process);
        let tokens = section.given("tokens", Privacy::Open).and_then(|given| match given {
            Some(given) if given.text.is_empty() => {
                Err(section.bad(&given, Wanted("a folder", "countersign-tokens"), Subject::Hidden))
            }
            given => Ok(given.map(|given| section.resolve(&given))),
        });
        let keys = section.given("keys", Privacy::Open).and_then(|given| match given {
            Some(given) if given.text.is_empty() => {
                Err(section.bad(&given, Wanted("a folder", "countersign-keys"), Subject::Hidden))
            }
            given => Ok(given.map(|given| section.resolve(&given))),
        });
        let wanted = Wanted("a name without white space or a plus sign", "example.org/countersign/production");
        let is_name = |text: &str| !text.is_empty() && !text.contains([' ', '+', '\t', '\n']);
        let origin = section.optional("origin", wanted, |text| is_name(text).then(|| text.to_owned()));
        section.close();
        let (url, tokens, keys) = (url?, tokens?, keys?);
        let derived = |key: &'static str| {
            let folder = beside(&url, section.directory(), key)?;
            // As it would be written in the file.
            let shown = folder.strip_prefix(section.directory()).unwrap_or(&folder);
            section.derived(key, shown.display().to_string());
            Some(folder)
        };
        let tokens = tokens.or_else(|| derived("tokens"));
        let keys = keys.or_else(|| derived("keys"));
        Ok(Self { durability: durability?, tokens, keys, origin: origin?, url })
    }

    /// Where this server's tokens survive a restart; none keeps them in memory.
    pub fn tokens_of(&self, server: &ServerName) -> Option<PathBuf> {
        self.tokens.as_ref().map(|folder| folder.join(Self::token_file(server)))
    }

    /// The file of this server's tokens in their folder.
    pub fn token_file(server: &ServerName) -> String {
        format!("{server}.json")
    }
}

/// Whoever may have the record may have the tokens too, so they stand together; what is in memory leaves nothing behind.
fn beside(database: &Database, directory: &Path, what: &str) -> Option<PathBuf> {
    match database {
        Database::Sqlite(path) => Some(named_after(path, what)),
        Database::Memory => None,
        Database::Postgres(_) => Some(directory.join(format!("countersign-{what}"))),
    }
}

/// The folder for the keys of the record in this file.
pub fn keys_beside(database: &Path) -> PathBuf {
    named_after(database, "keys")
}

fn named_after(database: &Path, what: &str) -> PathBuf {
    let mut name = database.file_stem().unwrap_or_default().to_owned();
    name.push("-");
    name.push(what);
    database.with_file_name(name)
}

fn database(section: &Section<'_>) -> Reading<Database> {
    const WANTED: Wanted = Wanted("`sqlite:` and a path, or a postgres:// address", "sqlite:countersign.db");
    let Some(given) = section.given("url", Privacy::Secret)? else {
        section.derived("url", WANTED.1);
        return Ok(Database::Sqlite(section.directory().join("countersign.db")));
    };
    let found = parse(section, &given);
    match found {
        Some(database) => {
            section.reveal("url", &database.to_string());
            Ok(database)
        }
        None => Err(section.bad(&given, WANTED, Subject::Hidden)),
    }
}

fn parse(section: &Section<'_>, given: &Given) -> Option<Database> {
    if given.text == "sqlite::memory:" {
        return Some(Database::Memory);
    }
    if let Some(path) = given.text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        // Parameters would change how the file is opened behind the store's back.
        return (!path.is_empty() && !path.contains('?')).then(|| Database::Sqlite(section.relative(given, path)));
    }
    let url = url::Url::parse(&given.text).ok()?;
    let postgres = given.text.starts_with("postgres://") || given.text.starts_with("postgresql://");
    // A user or password that slipped into the path would be shown with it.
    let clean = !url.path().contains(['@', ':', '%']);
    (postgres && clean).then(|| Database::Postgres(Secret::new(given.text.clone())))
}

words!(Durability: "process" => Process, "power" => Power);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Database {
    /// Without user, password and parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::Postgres(address) => match url::Url::parse(address.expose()) {
                Ok(url) => write!(f, "postgres://{}{}", url.host_str().unwrap_or_default(), url.path()),
                Err(_) => write!(f, "postgres://{HIDDEN}"),
            },
        }
    }
}
