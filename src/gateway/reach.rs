//! How does this session reach one server, and what does it offer this session?
//!
//! A connection is made when it is first needed and again after it broke. What the server lists is fetched once and kept
//! until the server says that it changed, so that a call does not begin with a list.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::sync::mpsc;

use crate::catalogue::schema::Schema;
use crate::catalogue::tool::Tool;
use crate::clock::Timestamp;
use crate::downstream::{ClientProfile, FromServer, Link, Server, Unreachable};
use crate::wire::json::Object;

/// Messages a server may send on its own before it has to wait for us.
const WAITING: usize = 256;

/// The way from one session to one server.
#[derive(Debug)]
pub struct Reach {
    server: Arc<Server>,
    link: ArcSwapOption<Link>,
    /// One connection attempt at a time; the others wait for its result.
    connecting: tokio::sync::Mutex<()>,
    /// One listing of tools at a time; the others take its result.
    pub(super) listing: tokio::sync::Mutex<()>,
    tools: ArcSwapOption<Tools>,
    prompts: ArcSwapOption<Offers>,
    resources: ArcSwapOption<Offers>,
    /// Raised whenever the server says a list changed, so that a list fetched before is not kept after.
    changes: AtomicU64,
    subscribed: Mutex<BTreeMap<String, u32>>,
}

/// The tools of one server, as it listed them.
#[derive(Debug)]
pub struct Tools {
    /// In the server's order.
    pub list: Vec<Offer>,
    /// Found by the server's own name.
    pub by_name: BTreeMap<String, usize>,
    /// When they were listed.
    pub fetched: Timestamp,
}

/// One tool and the schema its arguments are checked with.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The definition and where it stands.
    pub tool: Arc<Tool>,
    /// Compiled once.
    pub schema: Arc<Schema>,
}

impl Tools {
    /// Makes tools findable.
    pub fn new(list: Vec<Offer>, fetched: Timestamp) -> Self {
        let by_name = list.iter().enumerate().map(|(at, offer)| (offer.tool.name.clone(), at)).collect();
        Self { list, by_name, fetched }
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Offer> {
        self.by_name.get(name).and_then(|at| self.list.get(*at))
    }
}

/// Prompts, or resources and their templates, as a server listed them.
#[derive(Debug, Default)]
pub struct Offers {
    /// Prompts or resources.
    pub items: Vec<Object>,
    /// Resource templates.
    pub templates: Vec<Object>,
}

/// Which list changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// `tools/list`.
    Tools,
    /// `prompts/list`.
    Prompts,
    /// `resources/list` and `resources/templates/list`.
    Resources,
}

impl Reach {
    /// A way that has not been used yet.
    pub fn new(server: Arc<Server>) -> Self {
        Self {
            server,
            link: ArcSwapOption::empty(),
            connecting: tokio::sync::Mutex::new(()),
            listing: tokio::sync::Mutex::new(()),
            tools: ArcSwapOption::empty(),
            prompts: ArcSwapOption::empty(),
            resources: ArcSwapOption::empty(),
            changes: AtomicU64::new(0),
            subscribed: Mutex::default(),
        }
    }

    /// The server at the end of it.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The connection, if there is a live one.
    pub fn live(&self) -> Option<Arc<Link>> {
        self.link.load_full().filter(|link| !link.is_closed())
    }

    /// The connection, made if there is none. A new one comes with the place its own messages arrive at.
    pub async fn link(
        &self,
        profile: &Arc<ClientProfile>,
    ) -> Result<(Arc<Link>, Option<mpsc::Receiver<FromServer>>), Unreachable> {
        if let Some(link) = self.live() {
            return Ok((link, None));
        }
        // In a box: who finds a connection does not carry the room for making one.
        Box::pin(self.connect(profile)).await
    }

    async fn connect(
        &self,
        profile: &Arc<ClientProfile>,
    ) -> Result<(Arc<Link>, Option<mpsc::Receiver<FromServer>>), Unreachable> {
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(link) = self.live() {
            return Ok((link, None));
        }
        // What an earlier connection offered may not be what this one does.
        for listing in [Listing::Tools, Listing::Prompts, Listing::Resources] {
            self.changed(listing);
        }
        let (events, arriving) = mpsc::channel(WAITING);
        let link = self.server.connect(Arc::clone(profile), events).await?;
        self.link.store(Some(Arc::clone(&link)));
        Ok((link, Some(arriving)))
    }

    /// Closes the connection, if there is one.
    pub async fn close(&self) {
        if let Some(link) = self.link.swap(None) {
            link.close().await;
        }
    }

    /// The server says a list changed, or we no longer trust ours.
    pub fn changed(&self, listing: Listing) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        match listing {
            Listing::Tools => self.tools.store(None),
            Listing::Prompts => self.prompts.store(None),
            Listing::Resources => self.resources.store(None),
        }
    }

    /// A mark to compare with when a list that is being fetched is kept.
    pub fn mark(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// The tools, if they are known.
    pub fn tools(&self) -> Option<Arc<Tools>> {
        self.tools.load_full()
    }

    /// Keeps tools that were fetched since `mark`, unless they changed meanwhile.
    pub fn keep_tools(&self, tools: Arc<Tools>, mark: u64) {
        if self.mark() == mark {
            self.tools.store(Some(tools));
        }
    }

    /// Prompts or resources, if they are known.
    pub fn offers(&self, listing: Listing) -> Option<Arc<Offers>> {
        match listing {
            Listing::Tools => None,
            Listing::Prompts => self.prompts.load_full(),
            Listing::Resources => self.resources.load_full(),
        }
    }

    /// Keeps prompts or resources that were fetched since `mark`, unless they changed meanwhile.
    pub fn keep_offers(&self, listing: Listing, offers: Arc<Offers>, mark: u64) {
        if self.mark() == mark {
            match listing {
                Listing::Tools => {}
                Listing::Prompts => self.prompts.store(Some(offers)),
                Listing::Resources => self.resources.store(Some(offers)),
            }
        }
    }

    /// One more listener for a resource; true when it is the first.
    pub fn add_subscriber(&self, uri: &str) -> bool {
        let mut subscribed = self.subscribed();
        let count = subscribed.entry(uri.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count == 1
    }

    /// One listener less; true when it was the last.
    pub fn drop_subscriber(&self, uri: &str) -> bool {
        let mut subscribed = self.subscribed();
        let Some(count) = subscribed.get_mut(uri) else { return false };
        *count = count.saturating_sub(1);
        let last = *count == 0;
        if last {
            subscribed.remove(uri);
        }
        last
    }

    fn subscribed(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
