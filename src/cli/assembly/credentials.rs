//! How does the configuration of a provider of credentials become one?

use anyhow::Context as _;

use crate::config::credentials::{Credential, Kind, Program};
use crate::config::{Config, ServerName};
use crate::credentials::exec::{self, Exec};
use crate::credentials::fixed::Fixed;
use crate::credentials::maker::{Maker, Provider};
use crate::credentials::postgres::{Options, Postgres};

/// Every provider that is configured.
pub(in crate::cli) fn makers(config: &Config) -> anyhow::Result<Vec<Maker>> {
    config.credentials.iter().map(|(name, credential)| maker(name, credential)).collect()
}

fn maker(name: &ServerName, credential: &Credential) -> anyhow::Result<Maker> {
    let provider = match &credential.kind {
        Kind::Postgres(postgres) => {
            let options = Options {
                url: postgres.url.clone(),
                schema: postgres.schema.clone(),
                ceiling: postgres.ceiling.clone(),
                statement_timeout: postgres.statement_timeout.duration(),
                connections: postgres.connections,
            };
            let postgres = Postgres::new(options).with_context(|| format!("[credentials.{name}] cannot be used"))?;
            Provider::Postgres(Box::new(postgres))
        }
        Kind::Exec(exec) => {
            let program = |program: &Program| exec::Program {
                command: program.command.clone(),
                env: exec.env.clone().into_iter().collect(),
                cwd: program.cwd.clone(),
                timeout: exec.timeout.duration(),
            };
            Provider::Exec(Box::new(Exec {
                mint: program(&exec.mint),
                revoke: exec.revoke.as_ref().map(program),
                scopes: exec.scopes.clone(),
            }))
        }
        Kind::Fixed(fixed) => {
            Provider::Fixed(Fixed::new(vec![("value".to_owned(), fixed.value.clone())], fixed.scopes.clone()))
        }
    };
    Ok(Maker { name: name.shared(), max_ttl: credential.max_ttl, provider })
}
