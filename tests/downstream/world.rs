//! What does every story need? A fleet with one fake server, clients, and what they ask.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use countersign::downstream::{
    Asking, Broken, ClientProfile, CommandOptions, Fleet, FromServer, Inquiry, Link, Place, Server, ServerOptions,
    Unreachable,
};
use countersign::object;
use countersign::secret::Secret;
use countersign::wire::era::version;
use countersign::wire::json::{Object, Value};
use countersign::wire::message::Answer;
use tokio::sync::mpsc;

/// A story being told.
pub(crate) type Told = Pin<Box<dyn Future<Output = ()>>>;

/// The fake server playing this part, as the operator would configure it.
pub(crate) fn options(part: &str) -> CommandOptions {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let env = vec![("COUNTERSIGN_FAKE".to_owned(), Secret::new(part.to_owned()))];
    CommandOptions { program, env, ..CommandOptions::default() }
}

/// A fleet with one server.
pub(crate) fn fleet_of(command: CommandOptions) -> Arc<Fleet> {
    let timeout = Duration::from_secs(10);
    Fleet::new(vec![ServerOptions { name: "fake".into(), place: Place::Command(command), timeout }])
}

/// The one server of a fleet.
pub(crate) fn server(fleet: &Fleet) -> &Arc<Server> {
    fleet.server("fake").unwrap()
}

/// A client that speaks this version and can do everything.
pub(crate) fn client(protocol: &str) -> Arc<ClientProfile> {
    let capabilities = object! { "sampling" => Object::new(), "roots" => Object::new() };
    let info = object! { "name" => "story", "version" => "1" };
    Arc::new(ClientProfile { capabilities, info, protocol: protocol.to_owned() })
}

/// A legacy client.
pub(crate) fn old() -> Arc<ClientProfile> {
    client(version::V2025_06_18)
}

/// A modern client.
pub(crate) fn new() -> Arc<ClientProfile> {
    client(version::V2026_07_28)
}

/// A session and what it hears.
pub(crate) struct Session {
    pub(crate) link: Arc<Link>,
    pub(crate) profile: Arc<ClientProfile>,
    pub(crate) heard: mpsc::Receiver<FromServer>,
}

/// Connects a client to the server.
pub(crate) async fn try_connect(server: &Arc<Server>, profile: Arc<ClientProfile>) -> Result<Session, Unreachable> {
    let (events, heard) = mpsc::channel(64);
    let link = server.connect(profile.clone(), events).await?;
    Ok(Session { link, profile, heard })
}

/// Connects a client to a server that must be there.
pub(crate) async fn connect(server: &Arc<Server>, profile: Arc<ClientProfile>) -> Session {
    try_connect(server, profile).await.unwrap()
}

impl Session {
    /// A request and where its events arrive.
    pub(crate) fn asking(&self) -> (Asking, mpsc::Receiver<FromServer>) {
        let (events, heard) = mpsc::channel(64);
        let asking = Asking { timeout: Duration::from_secs(10), ..Asking::new(self.profile.clone(), events) };
        (asking, heard)
    }

    /// Asks what the part is about.
    pub(crate) async fn ask(&self) -> Result<Answer, Broken> {
        self.list("").await
    }

    /// The same, with a word the server gives back.
    pub(crate) async fn list(&self, cursor: &str) -> Result<Answer, Broken> {
        let (asking, _heard) = self.asking();
        self.link.inquire(Inquiry::ListTools(Some(cursor.to_owned())), asking).await
    }

    /// Everything the fake heard so far, in order.
    pub(crate) async fn heard_by_server(&self) -> Vec<Value> {
        let (asking, _heard) = self.asking();
        let answer = self.link.inquire(Inquiry::ListResources(None), asking).await.unwrap().unwrap();
        answer.get("heard").unwrap().as_array().unwrap().to_vec()
    }

    /// Where and as what the fake runs.
    pub(crate) async fn place(&self) -> Value {
        let (asking, _heard) = self.asking();
        self.link.inquire(Inquiry::ListPrompts(None), asking).await.unwrap().unwrap()
    }
}

/// The methods of what was heard.
pub(crate) fn methods(heard: &[Value]) -> Vec<&str> {
    heard.iter().map(|message| message.get("method").and_then(Value::as_str).unwrap_or("(answer)")).collect()
}
