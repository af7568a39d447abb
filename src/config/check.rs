//! What cannot work together?
//!
//! Each setting was right alone; this looks at them side by side. What needs a look at the machine (do the policies
//! exist, is the program on `PATH`) is not asked here.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use url::Url;

use super::channels::Kind;
use super::listen::Accept;
use super::reach::{Reach, Remote};
use super::sample::is_sample;
use super::store::Database;
use super::{Config, Http, routing, sinks};
use crate::address::{self, address_kind, host_kind, names_this_machine};
use crate::channels::routing::duty::Source;
use crate::sinks::Wire;

/// Something that cannot work, at the setting that should change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The setting's dotted name.
    pub setting: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub next: String,
}

/// Everything that cannot work.
pub fn conflicts(config: &Config) -> Vec<Conflict> {
    let mut all = Vec::new();
    if let Some(http) = &config.http {
        listener(config, http, &mut all);
    }
    issuers(config, &mut all);
    review(config, &mut all);
    for (name, server) in &config.servers {
        if let Reach::Remote(remote) = &server.reach {
            all.extend(reach(&format!("servers.{name}.url"), &remote.url, remote.allow_private));
            all.extend(signing_in(&format!("servers.{name}"), remote));
            all.extend(authority(&format!("servers.{name}.oauth.issuer"), remote));
        }
        for (at, taking) in server.credentials.iter().enumerate() {
            if !config.credentials.contains_key(taking.from.as_str()) {
                let what = format!("nothing is called `{}` in [credentials]", taking.from);
                let next = "name one of the providers in [credentials], or add it there";
                all.push(conflict(&format!("servers.{name}.credentials.{at}.from"), what, next));
            }
        }
    }
    for (name, channel) in &config.channels {
        match &channel.kind {
            // Each of these looks at its own address.
            Kind::Slack(_) | Kind::Teams(_) | Kind::Mail(_) => {}
            Kind::Webhook(said) => {
                let setting = format!("channels.{name}.url");
                let open =
                    said.url.scheme() != "https" && !said.url.host().is_some_and(|host| names_this_machine(&host));
                let plain = || {
                    let what = "messages would go openly, where everybody on the way reads them".to_owned();
                    conflict(&setting, what, "write https; only this machine is spoken to without")
                };
                let far = || reach(&setting, &said.url, said.allow_private);
                all.extend(if open { Some(plain()) } else { far() });
            }
        }
    }
    services(config, &mut all);
    sinks(config, &mut all);
    anchors(config, &mut all);
    all.extend(routing::conflicts(config));
    store(config, &mut all);
    limits(config, &mut all);
    telemetry(config, &mut all);
    all
}

/// The record goes openly only where nobody else is on the way.
fn sinks(config: &Config, all: &mut Vec<Conflict>) {
    for (place, sink) in config.sinks.iter().enumerate() {
        let open = "the record would go openly, where everybody on the way reads it".to_owned();
        match &sink.kind {
            sinks::Kind::File(_) => {}
            sinks::Kind::Http(http) => {
                let setting = format!("sinks.{place}.url");
                let local = http.url.host().is_some_and(|host| names_this_machine(&host));
                if http.url.scheme() != "https" && !local {
                    all.push(conflict(&setting, open, "write https; only this machine is spoken to without"));
                } else {
                    all.extend(reach(&setting, &http.url, http.allow_private));
                }
            }
            sinks::Kind::Syslog(syslog) => {
                let (Wire::Tcp(host, _) | Wire::Udp(host, _)) = &syslog.to else { continue };
                let url = Url::parse(&format!("http://{host}/")).ok();
                let local = url.and_then(|url| Some(names_this_machine(&url.host()?))).unwrap_or(false);
                if !local && !syslog.allow_private {
                    let next = "write tls://, or `allow_private = true` for a collector on a network of your own";
                    all.push(conflict(&format!("sinks.{place}.to"), open, next));
                }
            }
        }
    }
}

/// Who answers for an anchor is who the certificate says.
fn anchors(config: &Config, all: &mut Vec<Conflict>) {
    for (place, anchor) in config.anchors.iter().enumerate() {
        let Some((url, allow_private)) = anchor.kind.address() else { continue };
        let setting = format!("anchors.{place}.url");
        let local = url.host().is_some_and(|host| names_this_machine(&host));
        if url.scheme() != "https" && !local {
            let open = "whoever is on the way could keep checkpoints from this anchor".to_owned();
            all.push(conflict(&setting, open, "write https; only this machine is spoken to without"));
        } else {
            all.extend(reach(&setting, url, allow_private));
        }
    }
}

/// Who is asked who is on call: by https, or on this machine.
fn services(config: &Config, all: &mut Vec<Conflict>) {
    for (name, on_call) in &config.on_call {
        let Source::Service(service) = &on_call.source else { continue };
        let setting = format!("on_call.{name}.url");
        let local = service.url.host().is_some_and(|host| names_this_machine(&host));
        if service.url.scheme() != "https" && !local {
            all.push(conflict(
                &setting,
                format!("who is on call could be changed on the way over plain {}", service.url.scheme()),
                "write https; only on this machine may it be http",
            ));
        } else {
            all.extend(reach(&setting, &service.url, service.allow_private));
        }
    }
}

fn listener(config: &Config, http: &Http, all: &mut Vec<Conflict>) {
    if http.accept == Accept::Anyone && !http.listen.ip().is_loopback() {
        all.push(conflict(
            "http.accept",
            format!("`anyone` would let the whole network at {} use every tool", http.listen),
            "write `accept = [\"keys\"]`, or listen on 127.0.0.1",
        ));
    }
    if http.accept.tokens() && config.identity.issuers.is_empty() {
        all.push(conflict(
            "http.accept",
            "`tokens` are accepted, but no issuer is believed".to_owned(),
            "add [[identity.issuers]] with `issuer = \"https://…\"`, or take `tokens` away",
        ));
    }
}

fn issuers(config: &Config, all: &mut Vec<Conflict>) {
    for (index, issuer) in config.identity.issuers.iter().enumerate() {
        let table = format!("identity.issuers.{index}");
        if let Ok(url) = Url::parse(&issuer.issuer) {
            all.extend(reach(&format!("{table}.issuer"), &url, issuer.allow_private));
        }
        if let Some(url) = &issuer.jwks_uri {
            all.extend(reach(&format!("{table}.jwks_uri"), url, issuer.allow_private));
        }
        let same = |other: &&super::Issuer| other.issuer == issuer.issuer && other.audience == issuer.audience;
        if config.identity.issuers.iter().take(index).any(|other| same(&other)) {
            all.push(conflict(
                &format!("{table}.issuer"),
                format!("`{}` stands here twice with the same audience", issuer.issuer),
                "keep one of the two",
            ));
        }
    }
}

fn review(config: &Config, all: &mut Vec<Conflict>) {
    let review = &config.review;
    for (name, provider) in &review.providers {
        if let Ok(url) = Url::parse(&provider.issuer) {
            all.extend(reach(&format!("review.providers.{name}.issuer"), &url, provider.allow_private));
        }
    }
    let vouching = !review.providers.is_empty() || !config.identity.issuers.is_empty();
    if !vouching && let Some(role) = review.roles.by_role().keys().next() {
        all.push(conflict(
            &format!("review.roles.{role}"),
            "groups have roles, but nobody says who is in which group".to_owned(),
            "add [review.providers.NAME], or give the roles to people under [people]",
        ));
    }
    let Some(http) = &config.http else { return };
    if review.owner && !http.listen.ip().is_loopback() {
        all.push(conflict(
            "review.owner",
            format!("whoever finds the link could sign in as the owner from the whole network at {}", http.listen),
            "take it away and add [review.providers.NAME], or listen on 127.0.0.1",
        ));
    }
    // Browsers keep no cookie that must not be read on the way, and providers send no code.
    let local = http.public_url.host().is_some_and(|host| host_kind(&host) == address::Kind::Loopback);
    if !review.providers.is_empty() && http.public_url.scheme() != "https" && !local {
        all.push(conflict(
            "http.public_url",
            format!("people cannot sign in at {}: what comes back could be read on the way", http.public_url),
            "write the https address people reach this gateway by",
        ));
    }
}

/// Whether the gateway may connect there. What a name resolves to is judged again when it is connected.
fn reach(setting: &str, url: &Url, allow_private: bool) -> Option<Conflict> {
    let Some(host) = url.host() else {
        return Some(conflict(setting, "this address has no host".to_owned(), "write one such as https://example.com"));
    };
    match host_kind(&host) {
        address::Kind::Metadata => Some(conflict(
            setting,
            format!("`{host}` is a cloud's metadata service, which hands out credentials"),
            "name another host; this one is never connected",
        )),
        address::Kind::LinkLocal | address::Kind::Reserved => Some(conflict(
            setting,
            format!("`{host}` is a link-local or reserved address, where no server is"),
            "name another host; this one is never connected",
        )),
        address::Kind::Private | address::Kind::Shared if !allow_private => Some(conflict(
            setting,
            format!("`{host}` is a private address"),
            "add `allow_private = true` beside it if it is meant",
        )),
        address::Kind::Public | address::Kind::Name if url.scheme() != "https" && !allow_private => Some(conflict(
            setting,
            format!("plain {} to `{host}` can be read and changed on the way", url.scheme()),
            "write https, or add `allow_private = true` beside it if the network is yours",
        )),
        _ => None,
    }
}

fn signing_in(table: &str, remote: &Remote) -> Option<Conflict> {
    let oauth = remote.oauth.as_ref()?;
    if remote.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
        return Some(conflict(
            &format!("{table}.oauth"),
            "`oauth` and an `Authorization` header would fight over the same header".to_owned(),
            "keep one of the two",
        ));
    }
    (oauth.client_secret.is_some() && oauth.client_id.is_none()).then(|| {
        conflict(
            &format!("{table}.oauth.client_secret"),
            "a client secret without the client it belongs to".to_owned(),
            "add `client_id` beside it",
        )
    })
}

/// Whether tokens may be asked for there: the gateway asks by https only, and no further inside than the server is.
fn authority(setting: &str, remote: &Remote) -> Option<Conflict> {
    let issuer = remote.oauth.as_ref()?.issuer.as_ref()?;
    let kind = |url: &Url| url.host().map(|host| host_kind(&host));
    let local = (kind(issuer), kind(&remote.url));
    match local {
        (Some(address::Kind::Loopback), Some(address::Kind::Loopback)) => None,
        (Some(address::Kind::Loopback), _) if !remote.allow_private => Some(conflict(
            setting,
            "a server elsewhere cannot be signed in to on this machine".to_owned(),
            "write the issuer's own address, or add `allow_private = true` to the server if it is meant",
        )),
        (Some(address::Kind::Loopback), _) => None,
        _ if issuer.scheme() != "https" => Some(conflict(
            setting,
            format!("credentials sent over plain {} can be read on the way", issuer.scheme()),
            "write https; only on this machine may it be http",
        )),
        _ => reach(setting, issuer, remote.allow_private),
    }
}

fn store(config: &Config, all: &mut Vec<Conflict>) {
    let Database::Postgres(address) = &config.store.url else { return };
    let Ok(url) = Url::parse(address.expose()) else { return };
    let elsewhere = url.host().is_some_and(|host| database_kind(&host.to_string()) != Some(address::Kind::Loopback));
    if elsewhere && url.password().is_some_and(is_sample) {
        all.push(conflict(
            "store.url",
            "the password is one from a sample, which everybody knows".to_owned(),
            "give the database user a real one, behind `${VAR}` or `${file:/path}`",
        ));
    }
}

/// Postgres addresses are no web addresses: their hosts are not yet read as addresses.
fn database_kind(host: &str) -> Option<address::Kind> {
    address_kind(host)
}

fn limits(config: &Config, all: &mut Vec<Conflict>) {
    if config.limits.argument_bytes > config.limits.body_bytes {
        all.push(conflict(
            "limits.argument_bytes",
            "arguments longer than the whole body can never arrive".to_owned(),
            "make it at most `limits.body_bytes`",
        ));
    }
}

/// What is told of calls goes where nobody reads it on the way, and is told to whoever may know.
fn telemetry(config: &Config, all: &mut Vec<Conflict>) {
    let said = &config.telemetry;
    if let Some(url) = &said.otlp {
        let local = url.host().is_some_and(|host| names_this_machine(&host));
        if url.scheme() != "https" && !local {
            all.push(conflict(
                "telemetry.otlp",
                format!("what is told of calls could be read on the way over plain {}", url.scheme()),
                "write https, or send to a collector on this machine, such as http://localhost:4318; `off` to send nothing",
            ));
        } else {
            all.extend(reach("telemetry.otlp", url, said.allow_private));
        }
    }
    if let Some(listen) = said.listen.filter(|listen| !listen.ip().is_loopback() && said.metrics_token.is_none()) {
        all.push(conflict(
            "telemetry.listen",
            format!("whoever reaches {listen} could read which tools are called, and how often"),
            "add `metrics_token` beside it, or listen on 127.0.0.1",
        ));
    }
}

fn conflict(setting: &str, what: String, next: &str) -> Conflict {
    Conflict { setting: setting.to_owned(), what, next: next.to_owned() }
}
