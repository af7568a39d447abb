//! How does a request's answer get back, and what may be said before it?
//!
//! A request runs in a task of its own and speaks through an outlet; whoever carries the client's transport holds the
//! other end. So a connection that breaks takes nothing with it: the task ends in its own time and is recorded.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::wire::message::{Answer, Message, Notification};

/// Messages that may wait for a slow client before the server is slowed down too.
const WAITING: usize = 64;

/// One thing a request has to say. Boxed, because a channel makes room for many at once.
#[derive(Debug)]
pub enum Step {
    /// Before the answer: progress, a log line, a question to the client.
    Say(Box<Message>),
    /// The answer. Nothing follows it.
    Answer(Box<Answer>),
}

/// Where a request speaks.
#[derive(Debug)]
pub struct Outlet {
    /// Swapped when a client leaves with a question and comes back with the reply: see `rounds`.
    steps: Mutex<mpsc::Sender<Step>>,
}

/// Where the transport listens.
pub type Steps = mpsc::Receiver<Step>;

impl Outlet {
    /// An outlet and its other end.
    pub fn new() -> (Self, Steps) {
        let (steps, heard) = mpsc::channel(WAITING);
        (Self { steps: Mutex::new(steps) }, heard)
    }

    /// Says something before the answer; waits while the client is slow. False when nobody listens any more.
    pub async fn say(&self, message: impl Into<Message>) -> bool {
        let steps = self.steps();
        steps.send(Step::Say(Box::new(message.into()))).await.is_ok()
    }

    /// Gives the answer.
    pub async fn answer(&self, answer: Answer) -> bool {
        let steps = self.steps();
        steps.send(Step::Answer(Box::new(answer))).await.is_ok()
    }

    /// Whether nobody listens any more.
    pub fn is_deserted(&self) -> bool {
        self.steps().is_closed()
    }

    /// Waits until nobody listens any more.
    pub async fn deserted(&self) {
        let mut steps = self.steps();
        loop {
            steps.closed().await;
            // The other end may have been handed over in the meantime.
            let now = self.steps();
            if now.same_channel(&steps) {
                return;
            }
            steps = now;
        }
    }

    /// Hands over to a new listener: what is said from now on is heard at the end returned here.
    pub fn hand_over(&self) -> (mpsc::Sender<Step>, Steps) {
        let (steps, heard) = mpsc::channel(WAITING);
        let mut place = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::replace(&mut *place, steps), heard)
    }

    fn steps(&self) -> mpsc::Sender<Step> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl From<Notification> for Message {
    fn from(notification: Notification) -> Self {
        Self::Notification(notification)
    }
}
