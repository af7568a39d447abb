//! Which commands are there, and what is each for?
//!
//! To add one: a variant of [`Command`], a line in [`dispatch`], and its name in [`GROUPS`].

pub mod approvals;
pub mod assembly;
pub mod audit;
pub mod channels;
pub mod check;
pub mod config;
pub mod demo;
pub mod exit;
pub mod facts;
mod help;
pub mod hook;
pub mod keys;
pub mod leases;
pub mod log;
pub mod onboard;
pub mod output;
pub mod pins;
pub mod policy;
pub mod run;
mod seclusion;
pub mod serve;
pub mod span;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, FromArgMatches as _, Parser, Subcommand};

pub use self::help::Examples;

use self::exit::Exit;
use self::output::{ColourChoice, Habits, Output, Paint, Terminal};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Anchor, Config, Policy, Request, Retention, Store, Surroundings};
use crate::store::StoreOptions;
use crate::visible::harmless;

/// The gateway that stands between an agent and its tools: every call judged by policy and recorded
#[derive(Parser, Debug)]
#[command(name = "countersign", version, disable_help_subcommand = true)]
struct CommandLine {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", help = CONFIG_HELP)]
    pub config: Option<PathBuf>,
    /// Set one setting over file and environment, such as log.level=debug
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Whether to use colours
    #[arg(long, global = true, value_name = "auto|always|never", default_value = "auto", hide_possible_values = true)]
    pub color: ColourChoice,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Listen for agents over HTTP
    #[command(after_help = serve::EXAMPLES.text())]
    Serve(serve::ServeArgs),
    /// Serve one agent on standard input and output
    #[command(after_help = run::EXAMPLES.text())]
    Run(run::RunArgs),
    /// See it work: a shop, an agent and the gateway between them
    #[command(after_help = demo::EXAMPLES.text())]
    Demo(demo::DemoArgs),
    /// Make a configuration, find the clients on this machine, and put the gateway before their servers
    #[command(after_help = onboard::init::EXAMPLES.text())]
    Init(onboard::init::InitArgs),
    /// Put the gateway before servers that clients' files name
    #[command(after_help = onboard::wrap::EXAMPLES.text())]
    Wrap(onboard::wrap::WrapArgs),
    /// Copy the servers of a client's file into the configuration
    #[command(after_help = onboard::import::EXAMPLES.text())]
    Import(onboard::import::ImportArgs),
    /// Make clients' files what they were before init and wrap
    #[command(after_help = onboard::undo::EXAMPLES.text())]
    Undo(onboard::undo::UndoArgs),
    /// Make, list and take back the keys agents come in with
    #[command(arg_required_else_help = true)]
    Keys(keys::KeysArgs),
    /// Report what people ask agents for, from the hooks of their clients
    #[command(after_help = hook::EXAMPLES.text(), arg_required_else_help = true)]
    Hook(hook::HookArgs),
    /// See which tool definitions changed, and agree to them
    #[command(after_help = pins::EXAMPLES.text(), arg_required_else_help = true)]
    Pins(pins::PinsArgs),
    /// See which calls wait for people, and answer
    #[command(after_help = approvals::EXAMPLES.text(), arg_required_else_help = true)]
    Approvals(approvals::ApprovalsArgs),
    /// See by which channels people are asked, and what became of each message
    #[command(after_help = channels::EXAMPLES.text(), arg_required_else_help = true)]
    Channels(channels::ChannelsArgs),
    /// See which credentials are out, and take them back
    #[command(after_help = leases::EXAMPLES.text(), arg_required_else_help = true)]
    Leases(leases::LeasesArgs),
    /// Wait until people have decided about a call
    #[command(after_help = approvals::wait::EXAMPLES.text())]
    Wait(approvals::wait::WaitArgs),
    /// Check and test the policies, or print what they see
    #[command(after_help = policy::EXAMPLES.text(), arg_required_else_help = true)]
    Policy(policy::PolicyArgs),
    /// Print what a rule would see of a text
    #[command(after_help = facts::EXAMPLES.text(), arg_required_else_help = true)]
    Facts(facts::FactsArgs),
    /// Read the record
    #[command(after_help = log::EXAMPLES.text(), arg_required_else_help = true)]
    Log(log::LogArgs),
    /// Prove what the record says, take it out, and report on it
    #[command(after_help = audit::EXAMPLES.text(), arg_required_else_help = true)]
    Audit(audit::AuditArgs),
    /// Check the configuration and the policies; starts nothing
    #[command(after_help = check::EXAMPLES.text())]
    Check(check::CheckArgs),
    /// Show the configuration, or print its schema
    #[command(after_help = config::EXAMPLES.text(), arg_required_else_help = true)]
    Config(config::ConfigArgs),
}

const CONFIG_HELP: &str =
    "The configuration file [default: COUNTERSIGN_CONFIG, ./countersign.toml, the user's, /etc/countersign]";

/// How the commands stand in the help. A name that is not there yet is left out; one that is missing here fails a test.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Run", &["serve", "run", "demo"]),
    ("Set up", &["init", "wrap", "import", "undo", "check", "config", "keys", "hook", "pins"]),
    ("Answer", &["approvals", "wait", "channels", "leases"]),
    ("Policy", &["policy", "facts"]),
    ("Log", &["log", "audit"]),
];

const EXAMPLES: Examples = Examples([
    ("countersign check", "is everything in place?"),
    ("countersign config show --origin", "what counts, and where is it from?"),
]);

fn dispatch(command: &Command, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(args, global, out),
        Command::Run(args) => run::run(args, global),
        Command::Demo(args) => demo::run(args, out),
        Command::Init(args) => onboard::init::run(args, global, out),
        Command::Wrap(args) => onboard::wrap::run(args, global, out),
        Command::Import(args) => onboard::import::run(args, global, out),
        Command::Undo(args) => onboard::undo::run(args, out),
        Command::Keys(args) => run_keys(args, global),
        Command::Hook(args) => hook::run(args, global, out),
        Command::Pins(args) => pins::run(args, global, out),
        Command::Leases(args) => leases::run(args, global, out),
        Command::Approvals(args) => approvals::run(args, global, out),
        Command::Channels(args) => channels::run(args, global, out),
        Command::Wait(args) => approvals::wait::run(args, global, out),
        Command::Policy(args) => policy::run(args, global, out),
        Command::Facts(args) => facts::run(args, out),
        Command::Log(args) => runtime()?.block_on(async {
            let store = crate::store::Store::open_reader(&StoreOptions::from(&global.store()?)).await?;
            log::run(args, &store, out).await
        }),
        Command::Audit(args) => audit::run(args, global, out),
        Command::Check(args) => check::run(args, global, out, check::compiled),
        Command::Config(args) => config::run(args, global, out),
    }
}

fn run_keys(args: &keys::KeysArgs, global: &Global) -> anyhow::Result<Exit> {
    let options = StoreOptions::from(&global.store()?);
    runtime()?.block_on(async {
        let store = crate::store::Store::open_beside(&options).await?;
        let mut args = args.clone();
        // Only for the words of the answer: a configuration that cannot be read is no reason to refuse a key.
        if let (keys::Verb::Make(make), Ok(config)) = (&mut args.verb, global.load())
            && let Some(http) = config.http
        {
            make.endpoint = format!("{}/mcp", http.public_url.as_str().trim_end_matches('/'));
        }
        let by = crate::identity::local::caller().principal;
        let noted = keys::noted::Noted { store: &store, by: &by };
        let done = keys::run(args, &noted, SystemClock.now(), &mut io::stdout()).await;
        store.close().await;
        done
    })
}

/// Where commands that wait for something wait. The workers' stacks are large because policies are evaluated on them.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(32 << 20).build()?)
}

/// Understands the arguments, runs the command, says what went wrong, and gives the code to end with.
pub fn enter(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = help::command(help::colour_asked(&arguments))
        .try_get_matches_from(&arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    let line = match parsed {
        Ok(line) => line,
        Err(refusal) => {
            if let Some(exit) = refusal.use_stderr().then(|| hook::misused(&arguments, &refusal)).flatten() {
                return exit;
            }
            let usage = if refusal.use_stderr() { Exit::Usage } else { Exit::Done };
            return if refusal.print().is_ok() { usage } else { Exit::Failed };
        }
    };
    let terminal = if io::stdout().is_terminal() { Terminal::Present } else { Terminal::Absent };
    let paint = Paint::decide(line.global.color, &Habits::of_this_process(), terminal);
    // Not locked: a command that speaks a protocol on stdout writes from its own tasks.
    let mut stdout = io::stdout();
    match dispatch(&line.command, &line.global, &mut Output::new(&mut stdout, paint)) {
        Ok(exit) => exit,
        Err(error) if is_closed_pipe(&error) => Exit::Done,
        Err(error) => complain(&error),
    }
}

impl Global {
    /// The configuration, for a command that needs one.
    pub fn load(&self) -> Result<Config, anyhow::Error> {
        Ok(Config::load(&self.request(), &Surroundings::of_this_process()?)?)
    }

    /// The store alone, for a command that only reads the record.
    pub fn store(&self) -> Result<Store, anyhow::Error> {
        Ok(Store::load(&self.request(), &Surroundings::of_this_process()?)?)
    }

    /// The anchors and the store alone.
    pub fn anchors(&self) -> Result<(Vec<Anchor>, Store), anyhow::Error> {
        Ok(Anchor::load(&self.request(), &Surroundings::of_this_process()?)?)
    }

    /// How long what is kept, and the store, alone.
    pub fn retention(&self) -> Result<(Retention, Store), anyhow::Error> {
        Ok(Retention::load(&self.request(), &Surroundings::of_this_process()?)?)
    }

    /// The policies alone, for a command that only judges.
    pub fn policy(&self) -> Result<Policy, anyhow::Error> {
        Ok(Policy::load(&self.request(), &Surroundings::of_this_process()?)?)
    }

    /// What these flags ask of the configuration.
    pub fn request(&self) -> Request {
        Request { file: self.config.clone(), flags: self.settings.clone() }
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, such as log.level=debug".to_owned()),
    }
}

/// One line that says what happened, and one for each cause.
fn complain(error: &anyhow::Error) -> Exit {
    let mut text = String::new();
    for (index, cause) in error.chain().enumerate() {
        let before = if index == 0 { "error: " } else { "  because: " };
        text.push_str(before);
        for line in cause.to_string().lines() {
            text.push_str(&harmless(line));
            text.push('\n');
        }
    }
    // Where nobody can be told, the code still tells.
    drop(io::stderr().write_all(text.as_bytes()));
    Exit::of(error)
}

/// Whoever read our output has enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}
