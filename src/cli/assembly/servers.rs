//! How does the configuration of a server become what its connection and its calls need?

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::catalogue::pins::FirstSight;
use crate::config::{self, PinRule, Reach};
use crate::credentials::placing::Placement;
use crate::digest::hex;
use crate::downstream::http::HttpOptions;
use crate::downstream::http::guard::Private;
use crate::downstream::oauth::{Grant, OauthOptions};
use crate::downstream::{CommandOptions, Place, ServerOptions};
use crate::facts::automatic::Start;
use crate::facts::plan::Plan;
use crate::gateway::settings::{Arguments, ServerSettings};
use crate::policy::input::{self, Trust};

pub(super) fn server_settings(server: &config::Server) -> ServerSettings {
    let trust = match server.trust {
        config::Trust::Claims => Trust::Claims,
        config::Trust::Trusted => Trust::Trusted,
    };
    let transport = match &server.reach {
        Reach::Program(_) => "stdio",
        Reach::Remote(_) => "http",
    };
    let labels: BTreeMap<String, String> = server.labels.clone();
    ServerSettings {
        timeout: server.timeout.duration(),
        first_sight: match server.pins {
            PinRule::FirstSight => FirstSight::Agrees,
            PinRule::Agreed => FirstSight::Waits,
        },
        arguments: match server.arguments {
            config::Arguments::Checked => Arguments::Checked,
            config::Arguments::Unchecked => Arguments::Unchecked,
        },
        trust,
        plan: plan(server),
        rationale: server.rationale,
        credentials: server.credentials.iter().map(placement).collect(),
        part: input::server(server.name.as_str(), transport, trust, &labels),
    }
}

fn placement(taking: &config::credentials::Taking) -> Placement {
    Placement { provider: taking.from.as_str().into(), places: taking.places() }
}

/// What the operator says of arguments, and what the way a server is started says.
fn plan(server: &config::Server) -> Plan {
    let start = match &server.reach {
        Reach::Program(program) => {
            Start::of_program(&program.command, &program.args, &program.cwd.display().to_string())
        }
        Reach::Remote(remote) => Start::of_host(remote.url.host_str().unwrap_or_default()),
    };
    let tools = server.tools.iter().map(|(name, tool)| (name.clone(), tool.facts.clone())).collect();
    Plan::new(&server.facts, &tools, &start)
}

pub(super) fn server_options(server: &config::Server, store: &config::Store) -> ServerOptions {
    let place = match &server.reach {
        Reach::Program(program) => Place::Command(CommandOptions {
            program: program.command.clone(),
            args: program.args.clone(),
            secret_args: Vec::new(),
            scrub: None,
            env: program.env.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect(),
            cwd: Some(program.cwd.clone()),
            sha256: program.sha256.as_ref().map(|pin| hex(pin.as_bytes())),
        }),
        Reach::Remote(remote) => Place::Remote(HttpOptions {
            url: remote.url.clone(),
            headers: remote.headers.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect(),
            tls_sha256: remote.tls_sha256.as_ref().map(|pin| *pin.as_bytes()),
            private: if remote.allow_private { Private::Allowed } else { Private::Refused },
            timeout: server.timeout.duration(),
            oauth: remote.oauth.as_ref().map(|settings| Box::new(oauth(settings, store.tokens_of(&server.name)))),
        }),
    };
    ServerOptions { name: server.name.shared(), place, timeout: server.timeout.duration() }
}

fn oauth(oauth: &config::Oauth, file: Option<PathBuf>) -> OauthOptions {
    let grant = match (oauth.client_id.clone(), oauth.client_secret.clone()) {
        (Some(client_id), Some(client_secret)) => Grant::Gateway { client_id, client_secret },
        (client_id, _) => Grant::Person { client: client_id.map(|id| (id, None)), port: 0 },
    };
    OauthOptions { scopes: oauth.scopes.clone(), grant, issuer: oauth.issuer.clone(), file }
}
