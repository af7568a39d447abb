//! How does the configuration of a provider of credentials become one?

use std::sync::Arc;

use anyhow::Context as _;

use crate::clock::SystemClock;
use crate::config::credentials::{Credential, Kind, Program};
use crate::config::{Config, ServerName};
use crate::credentials::aws_sts::AwsSts;
use crate::credentials::exec::{self, Exec};
use crate::credentials::fixed::Fixed;
use crate::credentials::jwt::keys::{Keys, USUAL_ROTATION};
use crate::credentials::jwt::{Jwt, Signing};
use crate::credentials::maker::{Maker, Makers, Provider};
use crate::credentials::postgres::{Options, Postgres};
use crate::credentials::token_exchange::TokenExchange;
use crate::credentials::vault::Vault;
use crate::store::Store;

/// Every provider that is configured.
pub(in crate::cli) fn makers(config: &Config, store: &Store) -> anyhow::Result<Makers> {
    let kinds = || config.credentials.values().map(|credential| &credential.kind);
    let rotations =
        kinds().filter_map(|kind| if let Kind::Jwt(jwt) = kind { Some(jwt.rotate.duration()) } else { None });
    let rotate = rotations.min().unwrap_or(USUAL_ROTATION);
    let keys = Arc::new(Keys::new(store.clone(), rotate));
    let public_url = config.http.as_ref().map(|http| http.public_url.as_str());
    let signing = Signing { public_url, keys: Arc::clone(&keys), clock: Arc::new(SystemClock) };
    let all = config.credentials.iter().map(|(name, credential)| maker(name, credential, &signing));
    let signs = kinds().any(|kind| matches!(kind, Kind::Jwt(_) | Kind::TokenExchange(_)));
    Ok(Makers { all: all.collect::<anyhow::Result<_>>()?, keys: signs.then_some(keys) })
}

fn maker(name: &ServerName, credential: &Credential, signing: &Signing<'_>) -> anyhow::Result<Maker> {
    let unusable = || format!("[credentials.{name}] cannot be used");
    let provider = match &credential.kind {
        Kind::Postgres(postgres) => {
            let options = Options {
                url: postgres.url.clone(),
                schema: postgres.schema.clone(),
                ceiling: postgres.ceiling.clone(),
                statement_timeout: postgres.statement_timeout.duration(),
                connections: postgres.connections,
            };
            let postgres = Postgres::new(options).with_context(unusable)?;
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
        Kind::Jwt(jwt) => Provider::Jwt(Jwt::new(jwt, signing).with_context(unusable)?),
        Kind::TokenExchange(exchange) => {
            Provider::TokenExchange(Box::new(TokenExchange::new(exchange, signing).with_context(unusable)?))
        }
        Kind::Vault(vault) => Provider::Vault(Box::new(Vault::new(vault))),
        Kind::AwsSts(sts) => Provider::AwsSts(Box::new(AwsSts::new(sts).with_context(unusable)?)),
        Kind::Fixed(fixed) => {
            Provider::Fixed(Fixed::new(vec![("value".to_owned(), fixed.value.clone())], fixed.scopes.clone()))
        }
    };
    Ok(Maker { name: name.shared(), max_ttl: credential.max_ttl, provider })
}
