//! How does a configuration become a gateway?
//!
//! Everything that can be wrong is found here, before anything listens or starts.

mod anchors;
pub mod channels;
pub(super) mod credentials;
pub mod retention;
mod servers;
mod sinks;
pub mod telemetry;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::approval::people::{Listed, People};
use crate::book::BookKeeper;
use crate::book::anchors::Anchors;
use crate::channels::link::kept;
use crate::channels::on_call::Duties;
use crate::channels::outbox::Outbox;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Faults, resources};
use crate::downstream::Fleet;
use crate::front::pages::Doors;
use crate::gateway::Gateway;
use crate::gateway::judge::Judge;
use crate::gateway::known::Known;
use crate::gateway::recorder::Recorder;
use crate::gateway::settings::{Prompts, Reports, Settings};
use crate::identity::sign_in::Lasting;
use crate::identity::sign_in::oidc::{self, Providers};
use crate::identity::{self, Identity};
use crate::passkey::Site;
use crate::policy::bundle::{Bundle, Sources};
use crate::policy::files::{self, Include};
use crate::policy::problem::Problem;
use crate::reload::Reload;
use crate::sinks::Sinks;
use crate::store::{Store, StoreOptions};
use crate::telemetry::export::Exporting;
use crate::wire::reader::Limits;

/// How long a list of tools, prompts or resources may take.
const LIST_PATIENCE: Duration = Duration::from_secs(30);
/// How long children and open requests get when everything ends.
const GRACE: Duration = Duration::from_secs(5);
/// How often what nobody uses is looked for.
const SWEEP: Duration = Duration::from_secs(30);
/// How often is looked for calls that ended by themselves: people who were asked hear of it soon.
const SETTLE: Duration = Duration::from_secs(1);

/// A gateway that is ready for calls, and what has to be ended with it.
#[derive(Debug)]
pub struct Assembled {
    /// Takes calls.
    pub gateway: Arc<Gateway>,
    /// How much JSON is too much.
    pub limits: Limits,
    /// Ends everything.
    pub stop: CancellationToken,
    sources: Vec<PathBuf>,
    files: Vec<PathBuf>,
    outbox: OnceLock<Arc<Outbox>>,
    book: Arc<BookKeeper>,
    anchors: Arc<Anchors>,
    exporting: OnceLock<Exporting>,
    sinks: Arc<Sinks>,
}

/// Reads and compiles the policies a configuration names.
pub fn load_policies(paths: &[PathBuf]) -> Result<Bundle, Vec<Problem>> {
    Bundle::load(&files::read(paths, Include::Policies)?)
}

/// Reads the catalogue a configuration names.
pub fn load_catalogue(files: &[PathBuf]) -> Result<Known, Faults> {
    let read = resources::open(files)?;
    Ok(Known { catalogue: resources::read(&read)?, digest: resources::digest(&read) })
}

/// How the record is shared with other gateways on the same machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    /// One gateway owns its SQLite file; a second one is refused.
    Alone,
    /// Gateways that clients start, one each, write to one file.
    Shared,
}

/// Builds a gateway from a configuration.
pub async fn assemble(config: &Config, tenure: Tenure) -> anyhow::Result<Assembled> {
    let paths = config.policy.paths.clone();
    let bundle = load_policies(&paths).map_err(|problems| describe(&problems))?;
    let assembled = assemble_with(config, bundle, tenure).await?;
    Ok(Assembled { sources: paths, ..assembled })
}

/// Builds a gateway that judges by policies from elsewhere.
pub async fn assemble_from(config: &Config, sources: &Sources) -> anyhow::Result<Assembled> {
    let bundle = Bundle::load(sources).map_err(|problems| describe(&problems))?;
    assemble_with(config, bundle, Tenure::Alone).await
}

async fn assemble_with(config: &Config, bundle: Bundle, tenure: Tenure) -> anyhow::Result<Assembled> {
    let known = load_catalogue(&config.catalogue.files).map_err(|faults| {
        anyhow!("the catalogue cannot be used, so nothing would be known of what calls touch:\n{faults}")
    })?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = StoreOptions::from(&config.store);
    let store = match tenure {
        Tenure::Alone => Store::open(&options).await?,
        Tenure::Shared => Store::open_beside(&options).await?,
    };
    let book = BookKeeper::open(store.clone(), Arc::clone(&clock)).await?;
    let anchors = Anchors::open(store.clone(), Arc::clone(&clock), anchors::anchors(config)).await?;
    // A link that is out does not look at what the configuration says by now.
    if tenure == Tenure::Alone && !channels::makes_links(config) {
        kept::end_all(&store).await?;
    }
    // Whoever reads a decision later must be able to read what made it.
    store.keep(bundle.kept()).await?;
    let recorder = Recorder::start(store.clone());
    let sinks = Sinks::start(store.clone(), Arc::clone(&clock), sinks::sinks(config)).await?;
    recorder.guard(sinks.gate());
    recorder.anchor(Arc::clone(&anchors));
    let fleet =
        Fleet::new(config.servers.values().map(|server| servers::server_options(server, &config.store)).collect());
    let judge = Arc::new(Judge::new(bundle));
    let makers = credentials::makers(config, &store)?;
    if let Some(keys) = &makers.keys {
        // A key that others have read when the first token comes.
        keys.current(clock.now()).await.context("the keys that tokens are signed with cannot be had")?;
    }
    let gateway = Gateway::new(fleet, judge, (recorder, store), makers, (clock, settings(config)));
    gateway.known.store(Arc::new(known));
    gateway.desk.people.store(Arc::new(people(config)));
    let limits = Limits { bytes: config.limits.body_bytes.length(), depth: config.limits.depth, ..Limits::REQUEST };
    Ok(Assembled {
        gateway,
        limits,
        stop: CancellationToken::new(),
        sources: Vec::new(),
        files: config.catalogue.files.clone(),
        outbox: OnceLock::new(),
        book,
        anchors,
        exporting: OnceLock::new(),
        sinks,
    })
}

impl Assembled {
    /// Starts what runs beside calls: forgetting what nobody uses, and watching the policies.
    pub fn attend(&self, config: &Config) -> anyhow::Result<()> {
        if let Some(exporting) = telemetry::start(config, &self.gateway)? {
            drop(self.exporting.set(exporting));
        }
        let (gateway, stop) = (Arc::clone(&self.gateway), self.stop.clone());
        self.gateway.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(SWEEP);
            let mut settles = tokio::time::interval(SETTLE);
            settles.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    _ = ticks.tick() => gateway.sweep().await,
                    _ = settles.tick() => gateway.desk.settle().await,
                }
            }
        });
        self.gateway.tasks.spawn(self.outbox(config)?.run(self.stop.clone()));
        let (book, metrics) = (Arc::clone(&self.book), Arc::clone(&self.gateway.metrics));
        let anchoring = Arc::clone(&self.anchors).run(self.stop.clone(), (Arc::clone(&book), Arc::clone(&metrics)));
        self.gateway.tasks.spawn(anchoring);
        let (kept, keeper) = ((config.retention.clone(), self.gateway.store.clone()), Arc::clone(&book));
        let keeping = retention::watch(kept, (keeper, Arc::clone(&self.gateway.clock)), self.stop.clone());
        self.gateway.tasks.spawn(keeping);
        self.gateway.tasks.spawn(book.run(self.stop.clone(), metrics));
        self.gateway.tasks.spawn(Arc::clone(&self.sinks).run(self.stop.clone()));
        self.gateway.tasks.spawn(Arc::clone(&self.gateway.credentials).run(self.stop.clone()));
        if !self.sources.is_empty() {
            let reload = Reload::new(Arc::clone(&self.gateway), self.sources.clone(), self.files.clone());
            self.gateway.tasks.spawn(reload.watch(self.stop.clone()));
        }
        Ok(())
    }

    /// What tells people and programs of calls; made when it is first needed, after it is known where people find calls.
    pub fn outbox(&self, config: &Config) -> anyhow::Result<Arc<Outbox>> {
        if let Some(outbox) = self.outbox.get() {
            return Ok(Arc::clone(outbox));
        }
        let pages = self.gateway.pages.get().and_then(|pages| Url::parse(pages).ok());
        // A gateway that does not listen may stand beside one that does.
        let pages = pages.or_else(|| config.http.as_ref().map(|http| http.public_url.clone()));
        let channels = channels::channels(config, &self.gateway.store, pages.as_ref())?;
        let filters = channels.iter().map(|(name, channel)| (name.clone(), channel.filter.clone())).collect();
        let people = config.people.keys().cloned().collect();
        let duties = Duties::new(config.on_call.clone(), people, Arc::clone(&self.gateway.clock));
        let (desk, store) = (Arc::clone(&self.gateway.desk), self.gateway.store.clone());
        let outbox = Outbox::new((desk, store), channels, (config.routing(filters), duties), pages);
        Ok(Arc::clone(self.outbox.get_or_init(|| outbox)))
    }

    /// Lets open work have its moment.
    pub async fn wind_up(&self) {
        self.gateway.wind_up(GRACE).await;
    }

    /// Ends everything in order: no new work, open work gets a moment, children go, the last entry is committed.
    pub async fn leave(self) {
        self.stop.cancel();
        self.wind_up().await;
        self.gateway.close_all().await;
        self.gateway.tasks.close();
        if tokio::time::timeout(GRACE, self.gateway.tasks.wait()).await.is_err() {
            tracing::warn!("some requests did not end in time; what became of them is in the record or unknown");
        }
        self.gateway.fleet.shutdown(GRACE).await;
        if tokio::time::timeout(GRACE, self.gateway.credentials.finish()).await.is_err() {
            tracing::warn!("some credentials could not be taken back in time; the next gateway does it");
        }
        if let Err(error) = self.book.finish().await {
            tracing::warn!(%error, "the last entries are not signed for yet; the next gateway does it");
        }
        self.anchors.finish().await;
        if let Some(exporting) = self.exporting.into_inner() {
            exporting.end().await;
        }
        self.gateway.recorder.clone().close().await;
        self.gateway.store.close().await;
    }
}

/// Who may answer when a call waits.
pub fn people(config: &Config) -> People {
    let listed = People::new(config.people.iter().map(|(name, person)| Listed {
        name: name.clone(),
        accounts: person.accounts.iter().cloned().chain(channels::addresses(config, person)).collect(),
        groups: person.groups.clone(),
        roles: person.roles.clone(),
    }));
    listed.with_roles_by_group(config.review.roles.by_role()).with_automations(channels::automations(config))
}

/// With whom people sign in where they answer.
pub fn providers(review: &config::Review, http: &config::Http) -> anyhow::Result<Providers> {
    let all = review.providers.iter().map(|(name, provider)| oidc::ProviderOptions {
        name: name.clone(),
        label: provider.name.clone(),
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        scopes: provider.scopes.clone(),
        claims: oidc::PersonClaims {
            user: provider.claims.user.clone(),
            name: provider.claims.name.clone(),
            groups: provider.claims.groups.clone(),
        },
        email: match provider.email_verified {
            config::EmailVerified::Required => oidc::EmailRule::Verified,
            config::EmailVerified::Trusted => oidc::EmailRule::Trusted,
        },
        reach: if provider.allow_private { identity::Reach::Private } else { identity::Reach::Public },
        clock_skew: provider.clock_skew.duration(),
    });
    Ok(Providers::new(&all.collect::<Vec<_>>(), &http.public_url)?)
}

/// Where browsers find the pages. A port that the system picked is in no configuration.
pub fn reached(http: &config::Http, address: SocketAddr) -> Url {
    let mut url = http.public_url.clone();
    if http.listen.port() == 0 && url.port() == Some(0) {
        url.set_port(Some(address.port())).unwrap_or_default();
    }
    url
}

/// Who may come to the pages, and how.
pub fn doors(review: &config::Review, http: &config::Http, address: SocketAddr) -> anyhow::Result<Doors> {
    Ok(Doors {
        site: Site::at(&reached(http, address)),
        lasting: Lasting { idle: review.idle.duration(), longest: review.longest.duration() },
        owner: review.owner,
        look: review.look.map(config::Period::duration),
        secure: http.public_url.scheme() == "https",
        providers: providers(review, http)?,
    })
}

/// Who may come in over HTTP.
pub fn identity(http: &config::Http, issuers: &[config::Issuer], store: &Store) -> anyhow::Result<Identity> {
    let accept = match (&http.accept, http.accept.keys(), http.accept.tokens()) {
        (config::Accept::Anyone, ..) => identity::Accept::Anyone,
        (_, true, true) => identity::Accept::KeysAndTokens,
        (_, true, false) => identity::Accept::Keys,
        (_, false, _) => identity::Accept::Tokens,
    };
    let issuers = issuers.iter().map(|issuer| identity::IssuerOptions {
        issuer: issuer.issuer.clone(),
        audience: issuer.audience.clone(),
        jwks_uri: issuer.jwks_uri.clone(),
        reach: if issuer.allow_private { identity::Reach::Private } else { identity::Reach::Public },
        claims: identity::ClaimNames {
            principal: issuer.claims.principal.clone(),
            user: issuer.claims.user.clone(),
            name: issuer.claims.name.clone(),
            groups: issuer.claims.groups.clone(),
            agent: issuer.claims.agent.clone(),
        },
        clock_skew: issuer.clock_skew.duration(),
    });
    let options = identity::Options {
        accept,
        issuers: issuers.collect(),
        public_url: http.public_url.clone(),
        scopes: Vec::new(),
    };
    Ok(Identity::new(options, Arc::new(store.clone()))?)
}

fn settings(config: &Config) -> Settings {
    let servers = config.servers.iter().map(|(name, server)| (name.to_string(), servers::server_settings(server)));
    let waits = config.limits.approval_waits.iter().map(|(whose, wait)| (whose.clone(), wait.duration()));
    let minimum = config.http.as_ref().map_or("2024-11-05", |http| http.minimum_protocol.as_str());
    Settings {
        environment: config.environment.clone(),
        compliance_zone: config.zone.clone(),
        zone: TimeZone::system(),
        minimum_protocol: minimum.to_owned(),
        list_timeout: LIST_PATIENCE,
        argument_bytes: config.limits.argument_bytes.length(),
        streams_per_principal: config.limits.streams_per_principal,
        sessions_per_principal: config.limits.sessions_per_principal,
        approval_wait: config.limits.approval_wait.duration(),
        approval_waits: waits.collect(),
        waiting_per_caller: config.limits.waiting_per_caller,
        waiting: config.limits.waiting,
        reports: reports(&config.intent),
        lease_check: config.leases.check,
        servers: servers.collect(),
    }
}

fn reports(intent: &config::Intent) -> Reports {
    let prompts = match intent.prompts {
        config::Prompts::Text => Prompts::Text,
        config::Prompts::Digest => Prompts::Digest,
        config::Prompts::Off => Prompts::Off,
    };
    Reports { prompts, keep: intent.keep.duration(), folder: intent.folder.clone() }
}

fn describe(problems: &[Problem]) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow!("the policies cannot be used, so nothing would be allowed:\n{}", lines.join("\n"))
}
