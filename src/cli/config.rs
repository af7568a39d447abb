//! What does the configuration say, and what may it say?

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::Exit;
use super::output::Output;
use super::{Examples, Global};
use crate::config::{Config, Setting, schema};

/// Prints the configuration or its schema.
#[derive(Args, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Show every setting that counts; secrets are dots
    #[command(after_help = SHOW.text())]
    Show {
        /// Say where each value is from
        #[arg(long)]
        origin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of countersign.toml
    #[command(after_help = SCHEMA.text())]
    Schema,
}

/// Shown at the end of `config --help`.
pub const EXAMPLES: Examples = Examples([
    ("countersign config show --origin", "which file, variable or flag each value is from"),
    ("countersign config schema > countersign.schema.json", "completion and checks in an editor"),
]);
const SHOW: Examples = Examples([
    ("countersign config show --origin", "which file, variable or flag each value is from"),
    ("countersign --config prod.toml config show --json | jq '.settings[].name'", "the same, for a script"),
]);
const SCHEMA: Examples = Examples([
    ("countersign config schema > countersign.schema.json", "keep it beside the configuration"),
    ("countersign config schema | jq '.definitions.Http.properties | keys'", "the keys of [http]"),
]);

/// Runs the command.
pub fn run(args: &ConfigArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match args.command {
        ConfigCommand::Schema => out.exact(&schema::schema_text())?,
        ConfigCommand::Show { origin, json } => {
            let config = global.load()?;
            match (json, origin) {
                (true, _) => as_json(&config, out)?,
                (false, true) => with_origins(&config, out)?,
                (false, false) => {
                    config.source.settings.iter().try_for_each(|setting| out.line(&assignment(setting)))?;
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn as_json(config: &Config, out: &mut Output<'_>) -> anyhow::Result<()> {
    let settings: Vec<_> = config.source.settings.iter().map(described).collect();
    Ok(out.json(&json!({ "version": 1, "file": config.source.file(), "settings": settings }))?)
}

fn described(setting: &Setting) -> serde_json::Value {
    json!({
        "name": setting.name,
        "value": setting.value,
        "origin": setting.origin.to_string(),
        "references": setting.references,
    })
}

fn with_origins(config: &Config, out: &mut Output<'_>) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = config
        .source
        .settings
        .iter()
        .map(|setting| {
            let through = match setting.references.as_slice() {
                [] => String::new(),
                names => format!(", through {}", names.join(", ")),
            };
            vec![assignment(setting), format!("{}{through}", setting.origin)]
        })
        .collect();
    Ok(out.table(&["SETTING", "FROM"], &rows)?)
}

fn assignment(setting: &Setting) -> String {
    format!("{} = {}", setting.name, setting.value)
}
