//! What is written down of a request that never became a call?

use super::Gateway;
use super::answer::{Refusal, Retry};
use super::exchange::Exchange;
use super::resolve::Astray;
use super::session::Session;
use super::{entries, lists};
use crate::audit::entry::{Entry, Event, Rejected};
use crate::wire::era::{self, Era};
use crate::wire::message::{Answer, RpcError, code};
use crate::wire::method::Method;

impl Gateway {
    /// A request that ends before it is judged is recorded all the same.
    pub(super) async fn turn_away(&self, exchange: &Exchange, method: Method, astray: Astray) -> Answer {
        let (event, action, answer) = match astray {
            Astray::Unknown(error) => {
                let refusal = Refusal::new("unknown_target", Retry::Useless, error.message.clone());
                let error = era::error_to_client(Era::Legacy, exchange.session.client.era, method.name(), *error);
                (entries::refused(&refusal), None, Err(error))
            }
            Astray::Refused(refusal, action) => {
                exchange.watched.refused(&refusal);
                let answer = refusal.answer(None, Some(&action));
                (entries::refused(&refusal), Some(action), answer)
            }
        };
        let Event::Refused(mut refused) = event else { return answer };
        refused.principal = Some(exchange.session.caller.principal.clone());
        refused.target = action.map(|action| action.target().to_owned());
        self.write(vec![Entry { call: None, at: self.clock.now(), event: Event::Refused(refused) }]).await?;
        answer.map(|result| era::result_to_client(Era::Legacy, exchange.session.client.era, "tools/call", result))
    }

    pub(super) async fn reject(&self, session: &Session, class: &'static str, method: &str, error: RpcError) -> Answer {
        self.write_rejected(Rejected {
            class,
            why: error.message.clone(),
            transport: session.door.word(),
            principal: Some(session.caller.principal.clone()),
            method: Some(method.chars().take(80).collect()),
        })
        .await?;
        Err(error)
    }

    /// Writes down something that never became a request.
    pub async fn write_rejected(&self, rejected: Rejected) -> Result<(), RpcError> {
        self.write(vec![Entry { call: None, at: self.clock.now(), event: Event::Rejected(rejected) }]).await
    }

    /// Writes entries, or says to the client why nothing runs.
    pub async fn write(&self, entries: Vec<Entry>) -> Result<(), RpcError> {
        let written = self.recorder.write(entries).await;
        written.map_err(|error| {
            let refusal = lists::unrecorded(&error);
            RpcError::new(code::UNAVAILABLE, refusal.reason)
        })
    }
}
