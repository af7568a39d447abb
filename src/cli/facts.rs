//! What would a rule see of this text?

mod words;

use std::io::{self, Read as _};

use clap::{Args, Subcommand, ValueEnum};

use self::words::tell;
use super::Examples;
use super::exit::Exit;
use super::output::Output;
use crate::facts::{money, path, secret, shell, sql, url};
use crate::wire::{json, reader};

/// How much is read. No argument of a call is longer.
const MOST_BYTES: usize = 4 << 20;

/// Reads a text from standard input and prints its facts.
#[derive(Args, Debug)]
pub struct FactsArgs {
    #[command(subcommand)]
    kind: Kind,
    /// Print one JSON object: what a rule finds in input.facts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Kind {
    /// What SQL does, and to which relations
    #[command(after_help = SQL.text())]
    Sql {
        /// Whose SQL it is
        #[arg(long, value_name = "postgres|mysql|sqlite|mssql|snowflake|bigquery", hide_possible_values = true)]
        dialect: SqlDialect,
    },
    /// What a command line runs, reads, writes and reaches
    #[command(after_help = SHELL.text())]
    Shell {
        /// Whose language it is
        #[arg(long, value_name = "posix|bash|powershell|cmd", default_value = "posix", hide_possible_values = true)]
        dialect: ShellDialect,
    },
    /// Where a URL leads
    #[command(after_help = URL.text())]
    Url,
    /// Where a path leads, and under which root
    #[command(after_help = PATH.text())]
    Path {
        /// Whose rules hold
        #[arg(long, value_name = "posix|windows", default_value = "posix", hide_possible_values = true)]
        dialect: PathStyle,
        /// A folder it may be in; may be given several times
        #[arg(long, value_name = "FOLDER")]
        root: Vec<String>,
    },
    /// How much money the arguments of a call move
    #[command(after_help = MONEY.text())]
    Money {
        /// Where the amount is, as a JSON pointer
        #[arg(long, value_name = "POINTER", default_value = "/amount")]
        amount: String,
        /// Where the currency is, as a JSON pointer, or its code
        #[arg(long, value_name = "POINTER|CODE", default_value = "/currency")]
        currency: String,
        /// What the amount counts: cents, or euros
        #[arg(long, value_name = "minor|major", default_value = "minor", hide_possible_values = true)]
        unit: MoneyUnit,
    },
    /// Which secrets the arguments of a call give away
    #[command(after_help = SECRETS.text())]
    Secrets,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SqlDialect {
    Postgres,
    #[value(alias = "mariadb")]
    Mysql,
    Sqlite,
    Mssql,
    Snowflake,
    Bigquery,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShellDialect {
    Posix,
    Bash,
    #[value(name = "powershell")]
    PowerShell,
    Cmd,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PathStyle {
    Posix,
    Windows,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MoneyUnit {
    Minor,
    Major,
}

/// Shown at the end of `facts --help`.
pub const EXAMPLES: Examples = Examples([
    ("countersign facts sql --dialect postgres <<< 'DELETE FROM users'", "what would this do?"),
    ("countersign facts shell --json <<< 'curl example.com | sh'", "exactly what a rule sees"),
]);
const SQL: Examples = Examples([
    ("countersign facts sql --dialect postgres < migration.sql", "what would this do?"),
    ("countersign facts sql --dialect mysql --json < query.sql | jq .writes", "which relations change?"),
]);
const SHELL: Examples = Examples([
    ("countersign facts shell < deploy.sh", "what would this run?"),
    ("countersign facts shell --dialect bash --json < deploy.sh", "the same for a rule, as bash reads it"),
]);
const URL: Examples = Examples([
    ("countersign facts url <<< 'http://0x7f.1/'", "where does this lead?"),
    ("countersign facts url --json < link.txt | jq -r .host_kind", "public, private, metadata?"),
]);
const PATH: Examples = Examples([
    ("countersign facts path --root /srv/work <<< '/srv/work/../../etc/shadow'", "does it stay inside?"),
    ("countersign facts path --dialect windows --json < path.txt", "by the rules of Windows"),
]);
const MONEY: Examples = Examples([
    ("countersign facts money <<< '{\"amount\":1250,\"currency\":\"EUR\"}'", "how much is this?"),
    ("countersign facts money --amount /total --currency EUR --unit major < call.json", "an amount in euros"),
]);
const SECRETS: Examples = Examples([
    ("countersign facts secrets < arguments.json", "where are secrets, and which?"),
    ("countersign facts secrets --json < arguments.json | jq '.found[].at'", "the places alone"),
]);

/// Runs the command.
pub fn run(args: &FactsArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let text = given()?;
    let json = args.json;
    match &args.kind {
        Kind::Sql { dialect } => tell::<_, sql::Reason>(&sql::read(&text, (*dialect).into()), json, out)?,
        Kind::Shell { dialect } => tell::<_, shell::Reason>(&shell::read(&text, (*dialect).into()), json, out)?,
        Kind::Url => tell::<_, url::Reason>(&url::read(line(&text)), json, out)?,
        Kind::Path { dialect, root } => {
            let roots: Vec<&str> = root.iter().map(String::as_str).collect();
            tell::<_, path::Reason>(&path::read(line(&text), (*dialect).into(), &roots), json, out)?;
        }
        Kind::Money { amount, currency, unit } => {
            let json::Value::Object(arguments) = arguments(&text)? else {
                return Err(Exit::Failed.error("the arguments of a call are a JSON object; this is another value"));
            };
            let pointer = currency.starts_with('/');
            let currency = if pointer { money::Currency::At(currency) } else { money::Currency::Fixed(currency) };
            let source = money::Source { amount, currency, unit: (*unit).into() };
            tell::<_, money::Reason>(&money::read(&arguments, &source), json, out)?;
        }
        Kind::Secrets => tell::<_, secret::Reason>(&secret::read(&arguments(&text)?), json, out)?,
    }
    Ok(Exit::Done)
}

/// Standard input as text.
fn given() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_BYTES)?.saturating_add(1);
    io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    if bytes.len() > MOST_BYTES {
        let text = "standard input is longer than 4 MiB, which no argument of a call is; give one argument's text";
        return Err(Exit::Failed.error(text));
    }
    String::from_utf8(bytes).map_err(|fault| {
        let place = fault.utf8_error().valid_up_to();
        let byte = fault.as_bytes().get(place).copied().unwrap_or_default();
        Exit::Failed.error(format!(
            "standard input is not UTF-8: byte {place} (0x{byte:02x}) begins no character; \
             convert it, such as with `iconv -f LATIN1 -t UTF-8`, because a gateway refuses calls with such bytes"
        ))
    })
}

/// The text without the line's end that a pipe put behind it.
fn line(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// The arguments of a call, read as strictly as the gateway reads them.
fn arguments(text: &str) -> anyhow::Result<json::Value> {
    reader::strict(text.as_bytes(), &reader::Limits::REQUEST).map_err(|fault| {
        Exit::Failed.error(format!("standard input is no JSON that a gateway would take for arguments: {fault}"))
    })
}

impl From<SqlDialect> for sql::Dialect {
    fn from(dialect: SqlDialect) -> Self {
        match dialect {
            SqlDialect::Postgres => Self::Postgres,
            SqlDialect::Mysql => Self::Mysql,
            SqlDialect::Sqlite => Self::Sqlite,
            SqlDialect::Mssql => Self::Mssql,
            SqlDialect::Snowflake => Self::Snowflake,
            SqlDialect::Bigquery => Self::Bigquery,
        }
    }
}

impl From<ShellDialect> for shell::Dialect {
    fn from(dialect: ShellDialect) -> Self {
        match dialect {
            ShellDialect::Posix => Self::Posix,
            ShellDialect::Bash => Self::Bash,
            ShellDialect::PowerShell => Self::PowerShell,
            ShellDialect::Cmd => Self::Cmd,
        }
    }
}

impl From<PathStyle> for path::Style {
    fn from(style: PathStyle) -> Self {
        match style {
            PathStyle::Posix => Self::Posix,
            PathStyle::Windows => Self::Windows,
        }
    }
}

impl From<MoneyUnit> for money::Unit {
    fn from(unit: MoneyUnit) -> Self {
        match unit {
            MoneyUnit::Minor => Self::Minor,
            MoneyUnit::Major => Self::Major,
        }
    }
}
