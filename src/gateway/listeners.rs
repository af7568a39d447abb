//! Who hears what belongs to no request: changed lists, updated resources, a server's own remarks?
//!
//! A legacy client has one place for it: the stream it opened by GET, or standard output. A modern client names what it
//! wants by `subscriptions/listen`, any number of times, and gets nothing else.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Id, Message, Notification};

/// What a legacy client may miss while it has no stream open.
const KEPT: usize = 64;

/// The meta key that ties a notification to the listen request it answers.
pub const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// What a modern client wants to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// `notifications/tools/list_changed`.
    pub tools: bool,
    /// `notifications/prompts/list_changed`.
    pub prompts: bool,
    /// `notifications/resources/list_changed`.
    pub resources: bool,
    /// `notifications/resources/updated`, for these.
    pub updates: BTreeSet<String>,
    /// `notifications/tasks`, for these.
    pub tasks: BTreeSet<String>,
}

impl Filter {
    /// Reads the `notifications` member of a listen request.
    pub fn read(wanted: Option<&Object>) -> Self {
        let yes = |name| wanted.and_then(|wanted| wanted.get(name)).and_then(Value::as_bool) == Some(true);
        let texts = |name| -> BTreeSet<String> {
            let texts = wanted.and_then(|wanted| wanted.get(name)).and_then(Value::as_array).unwrap_or_default();
            texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            tools: yes("toolsListChanged"),
            prompts: yes("promptsListChanged"),
            resources: yes("resourcesListChanged"),
            updates: texts("resourceSubscriptions"),
            tasks: texts("taskIds"),
        }
    }

    /// The filter as it is acknowledged.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        for (name, wanted) in [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
            ("resourcesListChanged", self.resources),
        ] {
            if wanted {
                object.insert(name, true);
            }
        }
        for (name, wanted) in [("resourceSubscriptions", &self.updates), ("taskIds", &self.tasks)] {
            if !wanted.is_empty() {
                object.insert(name, wanted.iter().map(Value::from).collect::<Value>());
            }
        }
        object
    }

    fn wants(&self, notification: &Notification) -> bool {
        match notification.method.as_str() {
            "notifications/tools/list_changed" => self.tools,
            "notifications/prompts/list_changed" => self.prompts,
            "notifications/resources/list_changed" => self.resources,
            "notifications/resources/updated" => {
                notification.params.str("uri").is_some_and(|uri| self.updates.contains(uri))
            }
            "notifications/tasks" => notification.params.str("taskId").is_some_and(|id| self.tasks.contains(id)),
            _ => false,
        }
    }
}

/// The listeners of one session.
#[derive(Debug)]
pub struct Listeners {
    era: Era,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    open: Vec<Listener>,
    kept: VecDeque<Message>,
}

#[derive(Debug)]
struct Listener {
    out: mpsc::Sender<Message>,
    /// For a modern listener: the id of its request and what it wants.
    wants: Option<(Id, Filter)>,
}

impl Listeners {
    /// Nobody listens yet.
    pub fn new(era: Era) -> Self {
        Self { era, inner: Mutex::default() }
    }

    /// A legacy stream opens: it hears everything, beginning with what was kept for it.
    pub fn attach(&self, out: mpsc::Sender<Message>) {
        let mut inner = self.inner();
        while let Some(message) = inner.kept.pop_front() {
            if let Err(error) = out.try_send(message) {
                inner.kept.push_front(error.into_inner());
                break;
            }
        }
        // The newest stream is the one a client reads: an older one may be dead without our knowing yet.
        inner.open.insert(0, Listener { out, wants: None });
    }

    /// A modern listener opens.
    pub fn subscribe(&self, id: Id, filter: Filter, out: mpsc::Sender<Message>) {
        self.inner().open.push(Listener { out, wants: Some((id, filter)) });
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        let mut inner = self.inner();
        inner.open.retain(|listener| !listener.out.is_closed());
        inner.open.len()
    }

    /// Tells everybody who wants to hear it. Never waits: a listener that does not read loses messages, not the server.
    pub fn tell(&self, notification: Notification) {
        match self.era {
            Era::Legacy => self.send(Message::Notification(notification)),
            Era::Modern => {
                let mut inner = self.inner();
                inner.open.retain(|listener| {
                    let Some((id, filter)) = &listener.wants else { return !listener.out.is_closed() };
                    if filter.wants(&notification) {
                        let tagged = tag(notification.clone(), id);
                        return !matches!(
                            listener.out.try_send(tagged.into()),
                            Err(mpsc::error::TrySendError::Closed(_))
                        );
                    }
                    !listener.out.is_closed()
                });
            }
        }
    }

    /// Sends a message to the one stream of a legacy client, or keeps it until there is one.
    pub fn send(&self, message: Message) {
        let mut inner = self.inner();
        let mut message = Some(message);
        inner.open.retain(|listener| {
            let Some(next) = message.take() else { return !listener.out.is_closed() };
            match listener.out.try_send(next) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(back)) => {
                    message = Some(back);
                    true
                }
                Err(mpsc::error::TrySendError::Closed(back)) => {
                    message = Some(back);
                    false
                }
            }
        });
        if let Some(message) = message
            && inner.kept.len() < KEPT
        {
            inner.kept.push_back(message);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ties a notification to the listen request it answers.
pub fn tag(mut notification: Notification, id: &Id) -> Notification {
    let mut meta = notification.params.object("_meta").cloned().unwrap_or_default();
    meta.insert(SUBSCRIPTION, id.to_value());
    notification.params.insert("_meta", meta);
    notification
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    fn notification(method: &str, params: Object) -> Notification {
        Notification { method: method.to_owned(), params }
    }

    #[test]
    fn a_modern_listener_hears_only_what_it_named_and_whose_request_it_was() {
        let listeners = Listeners::new(Era::Modern);
        let (out, mut heard) = mpsc::channel(8);
        let wanted = object! {
            "toolsListChanged" => true,
            "resourceSubscriptions" => vec![Value::from("a:1")],
            "taskIds" => vec![Value::from("t-1")],
        };
        let filter = Filter::read(Some(&wanted));
        assert_eq!(Filter::read(Some(&filter.to_object())), filter);
        listeners.subscribe(Id::from(7), filter, out);
        listeners.tell(notification("notifications/prompts/list_changed", Object::new()));
        listeners.tell(notification("notifications/resources/updated", object! { "uri" => "a:2" }));
        listeners.tell(notification("notifications/resources/updated", object! { "uri" => "a:1" }));
        let Message::Notification(first) = heard.try_recv().unwrap() else { panic!("not a notification") };
        assert_eq!(first.params.str("uri"), Some("a:1"));
        assert_eq!(first.params.object("_meta").and_then(|meta| meta.get(SUBSCRIPTION)), Some(&Value::from(7_u64)));
        listeners.tell(notification("notifications/tasks", object! { "taskId" => "t-2" }));
        listeners.tell(notification("notifications/tasks", object! { "taskId" => "t-1" }));
        let Message::Notification(second) = heard.try_recv().unwrap() else { panic!("not a notification") };
        assert_eq!(second.params.str("taskId"), Some("t-1"));
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn a_legacy_client_without_a_stream_finds_what_it_missed() {
        let listeners = Listeners::new(Era::Legacy);
        for _ in 0..100 {
            listeners.tell(notification("notifications/tools/list_changed", Object::new()));
        }
        let (out, mut heard) = mpsc::channel(KEPT);
        listeners.attach(out);
        assert_eq!(std::iter::from_fn(|| heard.try_recv().ok()).count(), KEPT);
        drop(heard);
        assert_eq!(listeners.open(), 0);
    }
}
