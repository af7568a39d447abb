//! What has to change so that the gateway stands before these servers?
//!
//! Everything is thought through before anything is written: each entry as it will be, each table of the configuration, and
//! whether the configuration still is one. What cannot be done for one server is said, and the others go on.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::files;
use super::survey::{Seen, Survey, standing};
use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::clients::entry::Original;
use crate::clients::gate::{Gate, fragment};
use crate::clients::journal::{Addition, Change, Kept, named};
use crate::clients::section::{Secrets, Section, Standing, name, section};
use crate::clients::{Client, Found, Scope};
use crate::config::{Config, Surroundings};

/// The configuration that servers are added to.
#[expect(missing_debug_implementations, reason = "a configuration may hold secrets")]
pub struct Ours {
    /// The file.
    pub file: PathBuf,
    /// As it is.
    pub before: String,
    /// As it will be.
    pub text: String,
    around: Surroundings,
}

/// A server that the gateway will stand before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Whose.
    pub client: Client,
    /// In which scope.
    pub scope: Scope,
    /// How the client calls it.
    pub name: String,
    /// Its name in the configuration.
    pub server: String,
    /// What its owner should know.
    pub notes: Vec<String>,
}

/// Everything that will change.
#[expect(missing_debug_implementations, reason = "files hold secrets")]
pub struct Plan {
    /// The configuration.
    pub ours: Ours,
    /// Clients' files: each with the change and the new text.
    pub changes: Vec<(Change, String)>,
    /// What is added to the configuration.
    pub additions: Vec<Addition>,
    /// Files of secrets beside it.
    pub secrets: Vec<(PathBuf, String)>,
    /// Servers that will be guarded.
    pub guarded: Vec<Guarded>,
    /// Servers that will not, and why.
    pub skipped: Vec<(Found, String)>,
    /// What is not shown.
    pub hidden: Vec<String>,
}

impl Ours {
    /// The configuration there is.
    pub fn find(global: &Global) -> anyhow::Result<Self> {
        let around = Surroundings::of_this_process()?;
        let crate::config::Found::At(file) = around.find(global.config.as_deref()) else {
            return Err(Exit::NotFound.error("there is no countersign.toml yet; make one with `countersign init`"));
        };
        let file = files::target(&file)?;
        let text = files::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let Some(text) = text else {
            let text = format!("there is no {}; make it with `countersign init --config {0}`", file.display());
            return Err(Exit::NotFound.error(text));
        };
        Self::of(file, text, around)
    }

    /// A configuration that is only thought of.
    pub fn of(file: PathBuf, text: String, around: Surroundings) -> anyhow::Result<Self> {
        let directory = file.parent().unwrap_or_else(|| Path::new("/")).to_owned();
        let ours = Self { file, before: text.clone(), text, around: Surroundings { directory, ..around } };
        ours.check(&ours.text).map_err(|why| anyhow!("{} has faults; mend it first: {why}", ours.file.display()))?;
        Ok(ours)
    }

    fn check(&self, text: &str) -> Result<(), String> {
        Config::from_text(text, &self.around).map(drop).map_err(|error| {
            let error = error.to_string();
            // On one line, and without the excerpts: no such text is in a file yet.
            let lines = error.lines().filter(|line| !line.contains(" | ") && !line.ends_with(':'));
            let lines = lines.map(|line| line.trim().trim_start_matches("= ")).filter(|line| !line.is_empty());
            lines.collect::<Vec<_>>().join("; ")
        })
    }

    /// Adds a server, under its own name or the next one that is free.
    pub fn add(&mut self, found: &Found, secrets: Secrets) -> Result<(Section, Option<String>), String> {
        let under = |name: &str, secrets| section(found, name, secrets);
        let taken = |name: &str| {
            let stays = [Secrets::Stay, Secrets::Move].map(|secrets| under(name, secrets));
            let mut stands = stays.iter().flatten().map(|section| section.stands_in(&self.text));
            stands.all(|standing| standing == Standing::Other)
        };
        let chosen = name(&found.name, taken);
        let there = [secrets, Secrets::Stay, Secrets::Move].into_iter().filter_map(|secrets| under(&chosen, secrets));
        if let Some(section) = there.into_iter().find(|section| section.stands_in(&self.text) == Standing::Same) {
            return Ok((section, None));
        }
        let (Some(section), Some(plain)) = (under(&chosen, secrets), under(&chosen, Secrets::Stay)) else {
            return Err("the gateway cannot stand before it".to_owned());
        };
        let from = format!("from {}, {}", found.client.label(), found.scope.word());
        let ended = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
        let text = format!("{ended}{}", section.text(&from));
        // With its secrets in it: their files are not there yet.
        self.check(&format!("{}{ended}{}", self.text, plain.text(&from)))?;
        self.text.push_str(&text);
        Ok((section, Some(text)))
    }
}

impl Plan {
    /// For everything in a survey that is not guarded yet.
    pub fn make(survey: &Survey, ours: Ours, secrets: Secrets, at: &str) -> anyhow::Result<Self> {
        let program = program()?;
        let mut plan = Self {
            ours,
            changes: Vec::new(),
            additions: Vec::new(),
            secrets: Vec::new(),
            guarded: Vec::new(),
            skipped: Vec::new(),
            hidden: Vec::new(),
        };
        for seen in &survey.seen {
            plan.file(seen, (secrets, &program), at);
        }
        Ok(plan)
    }

    fn file(&mut self, seen: &Seen, how: (Secrets, &str), at: &str) {
        let mut text = seen.text.clone();
        let mut entries = Vec::new();
        for found in &seen.found {
            self.hidden.extend(Section::hidden(found));
            if matches!(found.original, Original::Guarded(_)) {
                continue;
            }
            if standing(found) != "no" {
                self.skipped.push((found.clone(), standing(found)));
                continue;
            }
            match self.entry(found, &text, how) {
                Ok((changed, kept)) => {
                    text = changed;
                    entries.push(kept);
                }
                Err(why) => self.skipped.push((found.clone(), why)),
            }
        }
        if entries.is_empty() {
            return;
        }
        let change = Change {
            at: at.to_owned(),
            client: seen.place.client,
            file: seen.target.display().to_string(),
            before: named(&seen.text),
            after: named(&text),
            original: seen.text.clone(),
            existed: true,
            entries,
            hook: None,
        };
        self.changes.push((change, text));
    }

    /// One entry: the client's file with the gateway in its place, and what has to be known to take it back.
    fn entry(
        &mut self,
        found: &Found,
        text: &str,
        (secrets, program): (Secrets, &str),
    ) -> Result<(String, Kept), String> {
        let format = found.client.format();
        let original = fragment(format, text, &found.path).map_err(|why| why.to_string())?;
        let config = self.ours.file.display().to_string();
        let before = self.ours.text.clone();
        let (section, added) = self.ours.add(found, secrets)?;
        let gate = Gate {
            program: program.to_owned(),
            config: config.clone(),
            server: section.name.clone(),
            filled: section.filled.clone(),
            handed: section.handed.clone(),
        };
        let changed = gate.put(found.client, text, &found.path).map_err(|why| why.to_string());
        let ours = changed
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|changed| fragment(format, changed, &found.path).map_err(|why| why.to_string()));
        let (changed, ours) = match (changed, ours) {
            (Ok(changed), Ok(ours)) => (changed, ours),
            (Err(why), _) | (_, Err(why)) => {
                self.ours.text = before;
                return Err(why);
            }
        };
        let kept = Kept {
            name: found.name.clone(),
            scope: found.scope,
            path: found.path.clone(),
            original,
            ours,
            server: section.name.clone(),
            config: config.clone(),
        };
        self.guarded.push(Guarded {
            client: found.client,
            scope: found.scope,
            name: found.name.clone(),
            server: section.name.clone(),
            notes: notes(found, &section, added.is_some()),
        });
        if let Some(text) = added {
            self.added(section, text, config);
        }
        Ok((changed, kept))
    }

    fn added(&mut self, section: Section, text: String, config: String) {
        let folder = self.ours.file.parent().unwrap_or_else(|| Path::new("/")).to_owned();
        let files: Vec<(PathBuf, String)> =
            section.files.into_iter().map(|(name, secret)| (folder.join(name), secret)).collect();
        let names = files.iter().map(|(file, _)| file.display().to_string()).collect();
        self.additions.push(Addition { config, server: section.name, text, files: names });
        self.secrets.extend(files);
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let guarded = self.guarded.iter().map(|one| {
            json!({
                "client": one.client.word(), "scope": one.scope.word(), "name": one.name, "server": one.server,
                "notes": one.notes,
            })
        });
        let skipped = self.skipped.iter().map(|(found, why)| {
            json!({ "client": found.client.word(), "scope": found.scope.word(), "name": found.name, "why": why })
        });
        json!({
            "config": self.ours.file,
            "guarded": guarded.collect::<Vec<_>>(),
            "skipped": skipped.collect::<Vec<_>>(),
            "files": self.changes.iter().map(|(change, _)| &change.file).collect::<Vec<_>>(),
        })
    }
}

/// What its owner should know.
pub fn notes(found: &Found, section: &Section, added: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if !added {
        notes.push(format!("[servers.{}] is there already, just so", section.name));
    } else if section.name != found.name {
        notes.push(format!("it is [servers.{}] there", section.name));
    }
    match (section.literal, section.files.len()) {
        (0, 0) => {}
        (0, moved) => notes.push(format!("its secrets ({moved}) get files of their own in secrets/")),
        (literal, _) => notes.push(format!(
            "its secrets ({literal}) stand in countersign.toml, which is yours alone to read; --move-secrets gives them files"
        )),
    }
    if found.scope == Scope::Project {
        notes.push("whoever shares this project's file gets this entry too".to_owned());
    }
    if let Original::Remote(remote) = &found.original
        && remote.headers.is_empty()
        && remote.behind.is_empty()
    {
        notes.push(format!("if it asks for a sign-in, add `oauth = {{}}` to [servers.{}]", section.name));
    }
    notes
}

/// How this program is started for years to come: by a link on the `PATH` rather than by the file of one version behind it.
pub fn program() -> anyhow::Result<String> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let real = own.canonicalize()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let link = folders
        .map(|folder| folder.join("countersign"))
        .find(|link| link.canonicalize().is_ok_and(|file| file == real));
    Ok(link.unwrap_or(own).display().to_string())
}
