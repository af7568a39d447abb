//! Would it work? Looks at the configuration, the policies and the machine, and starts nothing.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::assembly::{load_catalogue, providers};
use super::exit::Exit;
use super::output::{Mark, Output};
use super::{Examples, Global};
use crate::config::{self, Accept, Config, ConfigError, Database, Found, Program, Reach, ServerName, Surroundings};
use crate::policy::bundle::Bundle;
use crate::policy::files::{self, Include};

/// Checks the configuration and the policies.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shown at the end of `check --help`.
pub const EXAMPLES: Examples = Examples([
    ("countersign check", "before a restart: one line for each thing looked at"),
    ("countersign --config prod.toml check --json", "in a pipeline: exit code 1 when anything fails"),
]);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it stands.
    pub mark: Mark,
    /// What was looked at.
    pub about: String,
    /// What was seen.
    pub what: String,
    /// What to do about it, where something should be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Runs the command. `load_policies` compiles what the configuration names and gives a summary, or every problem.
pub fn run(
    args: &CheckArgs,
    global: &Global,
    out: &mut Output<'_>,
    load_policies: impl Fn(&Config) -> Result<String, Vec<String>>,
) -> anyhow::Result<Exit> {
    let around = Surroundings::of_this_process()?;
    let findings = match Config::load(&global.request(), &around) {
        Ok(config) => look(&config, &around, load_policies),
        Err(error) => vec![unusable(&error)],
    };
    let worst = findings.iter().map(|finding| finding.mark).max().unwrap_or(Mark::Ok);
    if args.json {
        out.json(&serde_json::json!({ "version": 1, "result": worst, "findings": findings }))?;
    } else {
        findings.iter().try_for_each(|finding| print(finding, out))?;
    }
    Ok(if worst == Mark::Fail { Exit::Failed } else { Exit::Done })
}

fn print(finding: &Finding, out: &mut Output<'_>) -> std::io::Result<()> {
    let mut lines = finding.what.lines();
    out.marked(finding.mark, &format!("{}: {}", finding.about, lines.next().unwrap_or_default()))?;
    lines.try_for_each(|line| out.line(line))?;
    finding.next.iter().try_for_each(|next| out.line(&format!("      {next}")))
}

fn look(
    config: &Config,
    around: &Surroundings,
    load_policies: impl Fn(&Config) -> Result<String, Vec<String>>,
) -> Vec<Finding> {
    let mut findings = vec![file(config)];
    findings.push(listener(config));
    if config.servers.is_empty() {
        let next = "add [servers.NAME] with `command` or `url`";
        findings.push(fail("servers", "none is configured, so there is nothing to offer", next));
    }
    for (name, server) in &config.servers {
        let about = format!("server {name}");
        match &server.reach {
            Reach::Program(wanted) => findings.push(program(&about, wanted, around)),
            Reach::Remote(remote) => {
                let host = remote.url.host_str().unwrap_or_default();
                let how = if remote.oauth.is_some() { ", signed in to by OAuth" } else { "" };
                findings.push(ok(&about, format!("at {host}{how}; not contacted")));
            }
        }
    }
    match load_policies(config) {
        Ok(summary) => findings.push(ok("policy", summary)),
        Err(problems) => findings.extend(problems.iter().map(|problem| Finding {
            mark: Mark::Fail,
            about: "policy".to_owned(),
            what: problem.clone(),
            next: None,
        })),
    }
    findings.extend(people(config));
    findings.extend(signing_in(config));
    findings.extend(credentials(config));
    findings.extend(catalogue(config));
    findings.push(store(config));
    findings.extend(tokens(config));
    findings
}

/// Who may be asked; nothing to say where nobody is listed.
fn people(config: &Config) -> Option<Finding> {
    let known = config.reviewers()?;
    let accounts: usize = config.people.values().map(|person| person.accounts.len()).sum();
    let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = |what: &str, names: &BTreeSet<String>| {
        if names.is_empty() { String::new() } else { format!("; {what} {}", list(names)) }
    };
    let (groups, roles) = (more("groups", &known.groups), more("roles", &known.roles));
    Some(ok("people", format!("{}, by {accounts} accounts{groups}{roles}", list(&known.people))))
}

/// With whom people sign in, and what those must know; nothing to say where there is no such provider.
fn signing_in(config: &Config) -> Option<Finding> {
    let (review, http) = (&config.review, config.http.as_ref()?);
    if review.providers.is_empty() {
        return None;
    }
    Some(match providers(review, http) {
        Ok(providers) => {
            let names: Vec<&str> = providers.all().map(|(_, label)| label).collect();
            let redirect = providers.callback();
            ok("sign-in", format!("{}, not contacted; its redirect address is {redirect}", names.join(", ")))
        }
        Err(error) => fail("sign-in", &error.to_string(), "look at [review.providers]"),
    })
}

/// Who makes credentials for single calls; nothing to say where nobody does.
fn credentials(config: &Config) -> Option<Finding> {
    let names: Vec<&str> = config.credentials.keys().map(ServerName::as_str).collect();
    (!names.is_empty()).then(|| ok("credentials", format!("made by {}; not asked for any", names.join(", "))))
}

fn catalogue(config: &Config) -> Option<Finding> {
    let files = &config.catalogue.files;
    let loaded = (!files.is_empty()).then(|| load_catalogue(files))?;
    Some(match loaded {
        Ok(_) => ok("catalogue", format!("{} files", files.len())),
        Err(faults) => {
            Finding { mark: Mark::Fail, about: "catalogue".to_owned(), what: faults.to_string(), next: None }
        }
    })
}

fn unusable(error: &ConfigError) -> Finding {
    Finding { mark: Mark::Fail, about: "configuration".to_owned(), what: error.to_string(), next: None }
}

fn file(config: &Config) -> Finding {
    let count = config.source.settings.len();
    match &config.source.found {
        Found::At(path) => ok("configuration", format!("{}, {count} settings", path.display())),
        Found::Nowhere(_) => Finding {
            mark: Mark::Warn,
            about: "configuration".to_owned(),
            what: "no file; only defaults, variables and flags count".to_owned(),
            next: Some(format!("write {}", config.source.place())),
        },
    }
}

fn listener(config: &Config) -> Finding {
    let Some(http) = &config.http else {
        return ok("http", "no [http]; `countersign run` works, `countersign serve` would not".to_owned());
    };
    if http.accept == Accept::Anyone {
        return Finding {
            mark: Mark::Warn,
            about: "http".to_owned(),
            what: format!("{} takes anyone on this machine at their word", http.listen),
            next: Some("write `accept = [\"keys\"]` when others use this machine too".to_owned()),
        };
    }
    if !http.listen.ip().is_loopback() && http.public_url.scheme() == "http" {
        return Finding {
            mark: Mark::Warn,
            about: "http".to_owned(),
            what: format!("keys and tokens reach {} in the clear", http.listen),
            next: Some("let TLS end in front of it, and say so in `public_url = \"https://…\"`".to_owned()),
        };
    }
    let issuers = config.identity.issuers.len();
    let tokens = if http.accept.tokens() { format!(", tokens of {issuers} issuers") } else { String::new() };
    let keys = if http.accept.keys() { ", keys" } else { "" };
    ok("http", format!("{}{keys}{tokens}", http.listen))
}

fn program(about: &str, program: &Program, around: &Surroundings) -> Finding {
    if !program.cwd.is_dir() {
        let what = format!("its directory {} does not exist", program.cwd.display());
        return fail(about, &what, "make it, or change `cwd`");
    }
    if let Some(path) = found(program, around) {
        return ok(about, format!("{}; not started", path.display()));
    }
    let what = format!("`{}` is no program that can be started", program.command);
    fail(about, &what, "install it, or name it with its full path in `command`")
}

/// As the system will look for it: a name on `PATH`, a path from the server's directory.
fn found(program: &Program, around: &Surroundings) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| path.metadata().is_ok_and(|file| can_start(&file));
    if program.command.contains('/') {
        return Some(program.cwd.join(&program.command)).filter(is_program);
    }
    let directories = around.variables.get("PATH")?;
    std::env::split_paths(directories).map(|directory| directory.join(&program.command)).find(is_program)
}

fn can_start(file: &Metadata) -> bool {
    file.is_file() && file.permissions().mode() & 0o111 != 0
}

fn store(config: &Config) -> Finding {
    match &config.store.url {
        Database::Postgres(_) => ok("store", format!("{}; not contacted", config.store.url)),
        Database::Memory => Finding {
            mark: Mark::Warn,
            about: "store".to_owned(),
            what: "the record is in memory and ends with the process".to_owned(),
            next: Some("write `url = \"sqlite:countersign.db\"` to keep it".to_owned()),
        },
        Database::Sqlite(path) => match path.parent() {
            Some(directory) if directory == Path::new("") || directory.is_dir() => {
                ok("store", config.store.url.to_string())
            }
            _ => fail("store", &format!("no directory for {}", path.display()), "make it, or change `url`"),
        },
    }
}

/// Where the tokens of servers that are signed in to are kept; nothing to say where there is no such server.
fn tokens(config: &Config) -> Option<Finding> {
    let by_oauth = |reach: &Reach| matches!(reach, Reach::Remote(remote) if remote.oauth.is_some());
    let names: Vec<&ServerName> =
        config.servers.values().filter(|server| by_oauth(&server.reach)).map(|server| &server.name).collect();
    let warn = |what: String, next: &str| Finding {
        mark: Mark::Warn,
        about: "tokens".to_owned(),
        what,
        next: Some(next.to_owned()),
    };
    if names.is_empty() {
        return None;
    }
    let Some(folder) = &config.store.tokens else {
        let next = "name a folder in `store.tokens` to keep them";
        return Some(warn("they are in memory: people sign in again after each restart".to_owned(), next));
    };
    if folder.metadata().is_ok_and(|folder| folder.permissions().mode() & 0o022 != 0) {
        let what = format!("others may write to {}, so it is not used", folder.display());
        return Some(warn(what, "take that right away with `chmod go-w`"));
    }
    // The folder is made when it is needed: what counts is the nearest that is there.
    let there = folder.ancestors().find(|place| place.exists()).unwrap_or(folder);
    if rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_err() || !there.is_dir() {
        let what = format!("{} cannot be made or written: people sign in again after each restart", folder.display());
        return Some(warn(what, "let this user write there, or name another folder in `store.tokens`"));
    }
    let files: Vec<String> = names.iter().map(|name| config::Store::token_file(name)).collect();
    Some(ok("tokens", format!("kept in {}: {}", folder.display(), files.join(", "))))
}

fn ok(about: &str, what: String) -> Finding {
    Finding { mark: Mark::Ok, about: about.to_owned(), what, next: None }
}

fn fail(about: &str, what: &str, next: &str) -> Finding {
    Finding { mark: Mark::Fail, about: about.to_owned(), what: what.to_owned(), next: Some(next.to_owned()) }
}

/// Compiles the policies as the gateway would, with reviewers and providers that are somebody.
pub fn compiled(config: &Config) -> Result<String, Vec<String>> {
    let read = files::read(&config.policy.paths, Include::Policies);
    match read.and_then(|sources| Bundle::load_among(&sources, &config.known())) {
        Ok(bundle) => {
            let (packages, rules) = (bundle.packages().len(), bundle.rules().len());
            Ok(format!("{packages} packages compiled, with {rules} effects"))
        }
        Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
    }
}
