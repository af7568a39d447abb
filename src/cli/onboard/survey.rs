//! Which clients' files are there, and what do they say?

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde_json::{Value, json};

use super::files;
use crate::cli::output::Output;
use crate::clients::entry::Original;
use crate::clients::place::{Ground, Place, System};
use crate::clients::{Client, Found, Scope, found};

/// Which of the clients' servers are meant.
#[derive(Args, Clone, Debug, Default)]
pub struct Meant {
    /// Only this client's: claude-code, claude-desktop, cursor, vscode, windsurf, zed, codex, gemini, goose, junie
    #[arg(long = "client", value_name = "CLIENT", value_parser = client)]
    pub clients: Vec<Client>,
    /// Only of this scope: user, local, project
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub scopes: Vec<Scope>,
    /// Only the server the client calls so
    #[arg(long = "server", value_name = "NAME")]
    pub servers: Vec<String>,
}

/// A client, as it is written.
pub fn client(word: &str) -> Result<Client, String> {
    let known = || Client::ALL.map(Client::word).join(", ");
    Client::from_word(word).ok_or_else(|| format!("there are: {}", known()))
}

fn scope(word: &str) -> Result<Scope, String> {
    let known = || Scope::ALL.map(Scope::word).join(", ");
    Scope::from_word(word).ok_or_else(|| format!("there are: {}", known()))
}

impl Meant {
    /// Whether a client's files are.
    pub fn client(&self, client: Client) -> bool {
        self.clients.is_empty() || self.clients.contains(&client)
    }

    /// Whether a server is.
    pub fn server(&self, client: Client, scope: Scope, name: &str) -> bool {
        self.client(client)
            && (self.scopes.is_empty() || self.scopes.contains(&scope))
            && (self.servers.is_empty() || self.servers.iter().any(|wanted| wanted == name))
    }
}

/// A file that names servers.
#[expect(missing_debug_implementations, reason = "files hold secrets")]
pub struct Seen {
    /// Whose, and by which name.
    pub place: Place,
    /// The file itself, behind every link.
    pub target: PathBuf,
    /// What it says.
    pub text: String,
    /// The servers that are meant.
    pub found: Vec<Found>,
}

/// What was found.
#[expect(missing_debug_implementations, reason = "files hold secrets")]
pub struct Survey {
    /// Files that were understood.
    pub seen: Vec<Seen>,
    /// Files that were not, and why.
    pub blind: Vec<(Place, String)>,
}

/// Where this user's files are.
pub fn ground() -> anyhow::Result<Ground> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("HOME").ok_or_else(|| anyhow!("HOME is not set, so nobody's clients can be found"))?;
    let system = if cfg!(target_os = "macos") { System::Mac } else { System::Linux };
    Ok(Ground {
        system,
        config: set("XDG_CONFIG_HOME").filter(|_| system == System::Linux).unwrap_or_else(|| home.join(".config")),
        appdata: home.join("AppData/Roaming"),
        project: std::env::current_dir()?,
        home,
    })
}

/// Looks at every file.
pub fn survey(ground: &Ground, meant: &Meant) -> Survey {
    let mut survey = Survey { seen: Vec::new(), blind: Vec::new() };
    for place in ground.places().into_iter().filter(|place| meant.client(place.client)) {
        let text = match files::read(&place.file) {
            Ok(None) => continue,
            Ok(Some(text)) => text,
            Err(why) => {
                survey.blind.push((place, why.to_string()));
                continue;
            }
        };
        match (found(place.client, place.scope, &text), files::target(&place.file)) {
            (Ok(mut found), Ok(target)) => {
                found.retain(|found| meant.server(found.client, found.scope, &found.name));
                survey.seen.push(Seen { place, target, text, found });
            }
            (Err(why), _) => survey.blind.push((place, why.to_string())),
            (_, Err(why)) => survey.blind.push((place, why.to_string())),
        }
    }
    survey
}

/// Whether the gateway stands before a server, or why it cannot.
pub fn standing(found: &Found) -> String {
    match &found.original {
        Original::Guarded(_) => "yes".to_owned(),
        Original::Odd(why) => format!("cannot be: {why}"),
        Original::Program(_) | Original::Remote(_) if found.scope == Scope::Managed => {
            "cannot be: an organisation gave it out".to_owned()
        }
        Original::Program(_) | Original::Remote(_) => "no".to_owned(),
    }
}

impl Survey {
    /// Every server that is meant, and its file.
    pub fn servers(&self) -> impl Iterator<Item = (&Seen, &Found)> {
        self.seen.iter().flat_map(|seen| seen.found.iter().map(move |found| (seen, found)))
    }

    /// For people.
    pub fn print(&self, out: &mut Output<'_>) -> anyhow::Result<()> {
        let row = |(seen, found): (&Seen, &Found)| {
            let cells = [found.client.label(), found.scope.word(), &found.name, found.original.transport()];
            let mut cells = cells.map(str::to_owned).to_vec();
            let standing = standing(found);
            let standing = standing.split_once(':').map_or(standing.as_str(), |(short, _)| short).to_owned();
            cells.extend([standing, seen.place.file.display().to_string()]);
            cells
        };
        let rows: Vec<Vec<String>> = self.servers().map(row).collect();
        if rows.is_empty() {
            out.line("No client's file names a server.")?;
        } else {
            out.table(&["CLIENT", "SCOPE", "SERVER", "TRANSPORT", "GUARDED", "FILE"], &rows)?;
        }
        for (place, why) in &self.blind {
            out.line(&format!("{} was left alone, it cannot be read: {why}", place.file.display()))?;
        }
        Ok(())
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let server = |(seen, found): (&Seen, &Found)| {
            json!({
                "client": found.client.word(),
                "scope": found.scope.word(),
                "server": found.name,
                "path": found.path,
                "transport": found.original.transport(),
                "guarded": matches!(found.original, Original::Guarded(_)),
                "standing": standing(found),
                "file": seen.place.file,
            })
        };
        let blind = self.blind.iter().map(|(place, why)| json!({ "file": place.file, "why": why }));
        json!({ "servers": self.servers().map(server).collect::<Vec<_>>(), "unread": blind.collect::<Vec<_>>() })
    }
}
