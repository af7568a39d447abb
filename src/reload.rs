//! How do changed policies, and what is known of resources, come into force while calls run?
//!
//! The files are looked at every second. What changed is compiled first and put in force only when it passed every
//! check; otherwise the old policies stay, loudly.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::audit::entry::{Entry, Event, Operated};
use crate::config::Faults;
use crate::config::resources::{self, Files};
use crate::gateway::Gateway;
use crate::gateway::known::Known;
use crate::policy::bundle::{Bundle, Sources};
use crate::policy::files::{self, Include};
use crate::policy::problem::Problem;

const PAUSE: Duration = Duration::from_secs(1);

/// Watches policies.
#[derive(Debug)]
pub struct Reload {
    gateway: Arc<Gateway>,
    paths: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Reload {
    /// Watches these files and folders of policies, and these files of the catalogue.
    pub const fn new(gateway: Arc<Gateway>, paths: Vec<PathBuf>, files: Vec<PathBuf>) -> Self {
        Self { gateway, paths, files }
    }

    /// Watches until `stop`.
    pub async fn watch(self, stop: CancellationToken) {
        // Nothing is taken as read before: what changed since the gateway was assembled must not be missed.
        let (mut last, mut known) = (None, None);
        let mut ticks = tokio::time::interval(PAUSE);
        let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hang_up.recv() => (last, known) = (None, None),
                _ = ticks.tick() => {}
            }
            self.look_up(&mut known).await;
            match self.read().await {
                Ok(sources) if last.as_ref() == Some(&sources) => {}
                Ok(sources) => {
                    self.consider(&sources).await;
                    last = Some(sources);
                }
                Err(problems) => {
                    if last.take().is_some() {
                        self.refuse(&problems).await;
                    }
                }
            }
        }
    }

    /// Looks at the catalogue; `last` is what it said before, good or bad.
    async fn look_up(&self, last: &mut Option<Result<Files, Faults>>) {
        if self.files.is_empty() {
            return;
        }
        let files = self.files.clone();
        let Ok(read) = tokio::task::spawn_blocking(move || resources::open(&files)).await else { return };
        if last.as_ref() == Some(&read) {
            return;
        }
        let known = read
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|files| Ok(Known { catalogue: resources::read(files)?, digest: resources::digest(files) }));
        *last = Some(read);
        match known {
            Ok(known) if known.digest == self.gateway.known.load().digest => {}
            Ok(known) => {
                let digest = known.digest.map_or_else(String::new, |digest| digest.to_string());
                self.gateway.known.store(Arc::new(known));
                tracing::info!(catalogue = digest, "a new catalogue is in force");
                self.record("catalogue_loaded", digest).await;
            }
            Err(faults) => {
                let detail = faults.to_string();
                tracing::error!(faults = detail, "the changed catalogue cannot be used; the old one stays in force");
                self.record("catalogue_refused", detail).await;
            }
        }
    }

    async fn read(&self) -> Result<Sources, Vec<Problem>> {
        let paths = self.paths.clone();
        let read = tokio::task::spawn_blocking(move || files::read(&paths, Include::Policies)).await;
        read.unwrap_or_else(|error| {
            Err(vec![Problem {
                place: "policies".to_owned(),
                rule: "unreadable",
                what: format!("could not be read: {error}"),
            }])
        })
    }

    async fn consider(&self, sources: &Sources) {
        let sources = sources.clone();
        let loaded = tokio::task::spawn_blocking(move || Bundle::load(&sources)).await;
        let loaded = loaded.unwrap_or_else(|error| {
            let what = format!("could not be compiled: {error}");
            Err(vec![Problem { place: "policies".to_owned(), rule: "unreadable", what }])
        });
        match loaded {
            Ok(bundle) => {
                if self.gateway.judge.digest() == Some(bundle.digest()) {
                    return;
                }
                let detail = format!("{} with {} packages", bundle.digest(), bundle.packages().len());
                let digest = bundle.digest();
                self.gateway.judge.swap(bundle);
                tracing::info!(policy = %digest, "new policies are in force");
                self.record("policy_loaded", detail).await;
            }
            Err(problems) => self.refuse(&problems).await,
        }
    }

    async fn refuse(&self, problems: &[Problem]) {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let detail = lines.join("; ");
        tracing::error!(problems = detail, "the changed policies cannot be used; the old ones stay in force");
        self.record("policy_refused", detail).await;
    }

    async fn record(&self, what: &'static str, detail: String) {
        let event = Event::Operated(Operated { what, detail });
        let entry = Entry { call: None, at: self.gateway.clock.now(), event };
        if let Err(error) = self.gateway.recorder.write(vec![entry]).await {
            tracing::error!(error = %error, "a change of policies or of the catalogue could not be recorded");
        }
    }
}
