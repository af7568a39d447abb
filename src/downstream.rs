//! Do it: the only road to a tool.
//!
//! Whatever can have an effect goes through [`perform`], which takes a permit and the proof that the intention is
//! written down. Lists and other questions that change nothing go through [`Link::inquire`], a closed list. Nothing here
//! is ever sent twice: a call that may have reached a server and has no answer is [`Reply::Unknown`].

pub mod http;
pub mod oauth;

mod asking;
mod child;
mod connection;
mod handshake;
mod link;
mod opening;
mod options;
mod questions;
mod remote;
mod rest;
mod server;
mod sink;
mod speech;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue};

use crate::audit::receipt::Receipt;
use crate::call::Call;
use crate::credentials::lease::Lease;
use crate::permit::Permit;

pub use asking::{Asking, Broken, ClientProfile, Cursor, FromServer, Inquiry, Reply, Tell};
pub use link::Link;
use link::{Order, Purpose};
pub use options::{CommandOptions, Place, ServerOptions};
pub use server::Server;

/// All configured servers.
#[derive(Debug)]
pub struct Fleet {
    servers: BTreeMap<Arc<str>, Arc<Server>>,
}

impl Fleet {
    /// Servers that are started when they are first needed.
    pub fn new(servers: Vec<ServerOptions>) -> Arc<Self> {
        let servers = servers.into_iter().map(|options| (options.name.clone(), Server::new(options))).collect();
        Arc::new(Self { servers })
    }

    /// The server of this name.
    pub fn server(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.get(name)
    }

    /// All servers by name.
    pub fn servers(&self) -> impl Iterator<Item = &Arc<Server>> {
        self.servers.values()
    }

    /// Ends every connection and every child process. After `grace` what still runs is killed.
    pub async fn shutdown(&self, grace: Duration) {
        futures_util::future::join_all(self.servers.values().map(|server| server.shutdown(grace))).await;
    }
}

/// Why a server cannot be reached. Nothing was sent that could have an effect.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the server `{server}` cannot be reached: {why}")]
pub struct Unreachable {
    /// The server's configured name.
    pub server: Arc<str>,
    /// What happened and what to do.
    pub why: String,
}

/// Performs the call the permit is for, with the credentials it was decided with. The only road for everything that can have
/// an effect.
pub async fn perform(permit: Permit, lease: Option<Lease>, receipt: Receipt, link: &Link, asking: Asking) -> Reply {
    let mut call = permit.spend();
    if receipt.digest() != call.digest {
        return Reply::NotSent("the record was written for another call; nothing was sent".to_owned());
    }
    if link.server_name() != &*call.server {
        return Reply::NotSent("the call is meant for another server; nothing was sent".to_owned());
    }
    let headers = match armed(&mut call, lease.as_ref(), link) {
        Ok(headers) => headers,
        Err(why) => return Reply::NotSent(format!("{why}; nothing was sent")),
    };
    let method = call.action.method();
    let order = Order { method, params: call.params, purpose: Purpose::Effect, tool: call.tool.as_deref(), headers };
    let reply = link.send(order, &asking).await;
    // What came back goes to the agent, the record and people; the credential went to the server alone.
    match lease {
        Some(lease) => lease.scrub().reply(reply),
        None => reply,
    }
}

/// Puts credentials where they go; gives the headers of the request.
fn armed(call: &mut Call, lease: Option<&Lease>, link: &Link) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let Some(lease) = lease else {
        let lacks = !call.wanted.is_empty() || link.is_lent_to().is_some();
        return if lacks {
            Err("the credential the call was decided with is not there".to_owned())
        } else {
            Ok(headers)
        };
    };
    if lease.digest() != call.digest {
        return Err("the credential was made for another call".to_owned());
    }
    let placed = lease.placed();
    if placed.needs_process() && link.is_lent_to() != Some(call.digest) {
        return Err("the server's process was not started for this call".to_owned());
    }
    if !placed.headers.is_empty() && !link.has_headers() {
        return Err("the server is a process, and takes no headers".to_owned());
    }
    for (name, text) in &placed.headers {
        let value = HeaderValue::from_str(text.expose());
        let mut value = value.map_err(|_| format!("the credential for the header {name} cannot stand in a header"))?;
        value.set_sensitive(true);
        headers.insert(name.clone(), value);
    }
    placed.write_into(&mut call.params).map_err(|no_place| no_place.to_string())?;
    Ok(headers)
}

#[cfg(test)]
mod tests;
