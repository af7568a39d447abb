//! What does a client's own hook do?
//!
//! `countersign hook CLIENT` is what clients start: it must be quick, and must never stop anybody's work. It has 40 ms for
//! everything and says nothing; when something is wrong that a person can mend, one line on stderr and the code 1, which
//! clients show and go on. Never 2: that is how a hook blocks. The other verbs are for people.

pub mod admit;
pub mod device;
pub mod enroll;
pub mod install;
pub mod listed;
pub mod report;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use self::device::Words;
use self::report::Given;
use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global};
use crate::intent::client::Client;
use crate::intent::report::schema;

/// What `hook` takes.
#[derive(Args, Debug)]
pub struct HookArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Report what Claude Code's hook is given on standard input
    #[command(after_help = REPORT.text())]
    ClaudeCode(ReportArgs),
    /// Report what Codex's hook is given
    #[command(after_help = REPORT.text())]
    Codex(ReportArgs),
    /// Report what Gemini CLI's hook is given
    #[command(after_help = REPORT.text())]
    Gemini(ReportArgs),
    /// Report what Cursor's hook is given
    #[command(after_help = REPORT.text())]
    Cursor(ReportArgs),
    /// Report what VS Code's hook is given
    #[command(after_help = REPORT.text())]
    Vscode(ReportArgs),
    /// Report what stands on standard input in our own form, for a framework on this device
    #[command(after_help = OWN.text())]
    Report(ReportArgs),
    /// Let this device report prompts
    #[command(after_help = ENROLL.text())]
    Enroll(enroll::EnrollArgs),
    /// Let a device report prompts whose key was made there
    #[command(after_help = ADMIT.text())]
    Admit(admit::AdmitArgs),
    /// Show what a client's settings need, or put it there
    #[command(after_help = INSTALL.text())]
    Install(install::InstallArgs),
    /// List the devices that were enrolled
    #[command(after_help = DEVICES.text())]
    Devices(listed::DevicesArgs),
    /// Take a device back; what it reported counts no more
    #[command(after_help = REVOKE.text())]
    Revoke(listed::RevokeArgs),
    /// Print the JSON schema of what is sent to POST /hooks/v1
    #[command(after_help = SCHEMA.text())]
    Schema,
}

/// What a client starts.
#[derive(Args, Clone, Debug)]
struct ReportArgs {
    /// The device's own file [default: the user's countersign/device.json]
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,
    /// Milliseconds after which it gives up and says nothing
    #[arg(long, value_name = "MS", default_value_t = 40)]
    within: u64,
}

/// A client, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Named {
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// VS Code.
    Vscode,
}

impl From<Named> for Client {
    fn from(named: Named) -> Self {
        match named {
            Named::ClaudeCode => Self::ClaudeCode,
            Named::Codex => Self::Codex,
            Named::Gemini => Self::Gemini,
            Named::Cursor => Self::Cursor,
            Named::Vscode => Self::Vscode,
        }
    }
}

/// Shown at the end of its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign hook enroll --name laptop-7", "let this device report what is asked of agents"),
    ("countersign hook install claude-code", "what to put into Claude Code's settings"),
]);
const REPORT: Examples = Examples([
    ("countersign hook install claude-code", "where it belongs; a client starts it, nobody types it"),
    ("countersign hook claude-code < tests/hooks/claude_code_prompt.json", "by hand, to see whether it complains"),
]);
const OWN: Examples = Examples([
    ("countersign hook report < report.json", "`countersign hook schema` says what stands in it"),
    ("countersign hook report --device agent.json < report.json", "with a key of the framework's own"),
]);
const ENROLL: Examples = Examples([
    ("countersign hook enroll --name laptop-7", "the gateway runs on this machine"),
    (
        "countersign hook enroll --name laptop-7 --gateway https://gate.example.com --elsewhere",
        "it runs elsewhere; prints the command to type there",
    ),
]);
const ADMIT: Examples = Examples([
    ("countersign hook admit laptop-7 whpk_… --for key:alice-laptop", "reports the calls of that key"),
    ("countersign hook admit build-3 whpk_… --for key:ci --for key:release", "of two keys"),
]);
const INSTALL: Examples = Examples([
    ("countersign hook install claude-code --write", "into ~/.claude/settings.json; `countersign undo` takes it out"),
    ("countersign hook install cursor --device /etc/countersign/device.json", "with a file of its own; only prints"),
]);
const DEVICES: Examples = Examples([
    ("countersign hook devices", "who reports, and whose calls"),
    ("countersign hook devices --json | jq -r 'select(.revoked == null).name'", "those that count"),
]);
const REVOKE: Examples = Examples([
    ("countersign hook revoke laptop-7", "by its name"),
    ("countersign hook revoke 3f9a1c0b7d24 --json", "by its id"),
]);
const SCHEMA: Examples = Examples([
    ("countersign hook schema > hook-report.schema.json", "for a framework of your own"),
    ("countersign hook schema | jq .properties", "what a report may say"),
]);

/// Runs the command.
pub fn run(args: &HookArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::ClaudeCode(args) => Ok(heard(Client::ClaudeCode, args)),
        Verb::Codex(args) => Ok(heard(Client::Codex, args)),
        Verb::Gemini(args) => Ok(heard(Client::Gemini, args)),
        Verb::Cursor(args) => Ok(heard(Client::Cursor, args)),
        Verb::Vscode(args) => Ok(heard(Client::Vscode, args)),
        Verb::Report(args) => Ok(own(args)),
        Verb::Enroll(args) => enroll::run(args, global, out),
        Verb::Admit(args) => admit::run(args, global, out),
        Verb::Install(args) => install::run(args, out),
        Verb::Devices(args) => listed::devices(args, global, out),
        Verb::Revoke(args) => listed::revoke(args, global, out),
        Verb::Schema => {
            let text = serde_json::to_string_pretty(&schema())?;
            out.exact(&text)?;
            out.exact("\n")?;
            Ok(Exit::Done)
        }
    }
}

fn heard(client: Client, args: &ReportArgs) -> Exit {
    let told =
        report::within(Given::ByClient(client), args.device.clone(), std::time::Duration::from_millis(args.within));
    end(client, told.err().map(|fault| fault.to_string()))
}

/// Nobody who starts this takes a failure for a no, so it says every one.
fn own(args: &ReportArgs) -> Exit {
    let told = report::within(Given::Ours, args.device.clone(), std::time::Duration::from_millis(args.within));
    end(Client::ClaudeCode, told.err().map(|fault| fault.to_string()))
}

/// Ends a hook: with what its client has to read, and one line where a person can mend something.
fn end(client: Client, trouble: Option<String>) -> Exit {
    // Where nobody listens any more there is nobody to tell.
    drop(std::io::stdout().write_all(client.nothing().as_bytes()));
    let Some(trouble) = trouble else { return Exit::Done };
    let line = crate::visible::harmless(trouble.lines().next().unwrap_or_default()).into_owned();
    drop(std::io::stderr().write_all(format!("countersign hook: {line}\n").as_bytes()));
    if client.bears_failure() { Exit::Failed } else { Exit::Done }
}

/// The end of a command line that is a hook's and cannot be understood; nothing for the others. clap's own code for that is 2.
pub(super) fn misused(arguments: &[OsString], refusal: &clap::Error) -> Option<Exit> {
    let words: Vec<&str> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let at = words.iter().position(|word| *word == "hook")?;
    let client = words.iter().skip(at).find_map(|word| Client::from_word(word));
    let text = refusal.to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Some(end(client.unwrap_or(Client::ClaudeCode), Some(format!("{line}; see `countersign hook --help`"))))
}

/// What leaves the device of a prompt, as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WordsAsked {
    /// Its words, without secrets.
    #[default]
    Text,
    /// What names its words.
    Digest,
    /// Nothing.
    Off,
}

impl From<WordsAsked> for Words {
    fn from(asked: WordsAsked) -> Self {
        match asked {
            WordsAsked::Text => Self::Text,
            WordsAsked::Digest => Self::Digest,
            WordsAsked::Off => Self::Off,
        }
    }
}
