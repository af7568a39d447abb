//! What stands around a call when it is judged?

use std::sync::Arc;

use super::Gateway;
use super::exchange::Exchange;
use crate::call::{Action, Call};
use crate::catalogue::tool::Tool;
use crate::facts::plan::Plan;
use crate::facts::reading::{self, Asked};
use crate::facts::told::Facts;
use crate::policy::evaluate::Visibility;
use crate::policy::input::{self, Input, Part, Surroundings, Trust};
use crate::policy::moment::Moment;

impl Gateway {
    /// The document rules see for a call, with what came before it.
    pub(super) fn input(&self, exchange: &Exchange, call: &Call, past: Part) -> Input {
        let around = self.surroundings(exchange, &call.server, past);
        Input::for_call(call, &around, self.trust(&call.server), input::facts(&self.facts(call)))
    }

    /// What the arguments of a call say, and what is known of the things it touches.
    pub(super) fn facts(&self, call: &Call) -> Facts {
        let asked = Asked {
            server: &call.server,
            tool: match &call.action {
                Action::Tool(tool) => Some(tool),
                _ => None,
            },
            address: match &call.action {
                Action::Resource(address) | Action::Subscribe(address) | Action::Unsubscribe(address) => Some(address),
                _ => None,
            },
            arguments: call.params.get("arguments"),
        };
        let settings = self.settings.servers.get(&*call.server);
        let unplanned = Plan::default();
        let plan = settings.map_or(&unplanned, |settings| &settings.plan).of_tool(asked.tool.unwrap_or_default());
        reading::read(&asked, plan, &self.known.load().catalogue)
    }

    /// Whether a tool is listed for this caller.
    pub(super) fn visibility(&self, exchange: &Exchange, tool: &Tool) -> Visibility {
        let past = exchange.session.memory.part(&exchange.session.id, self.clock.now());
        let around = self.surroundings(exchange, &tool.server, past);
        self.judge.visible(&Input::for_listing(tool, &around, self.trust(&tool.server)))
    }

    fn surroundings(&self, exchange: &Exchange, server: &str, past: Part) -> Surroundings {
        let session = &exchange.session;
        let settings = self.settings.servers.get(server);
        Surroundings {
            principal: session.parts.principal.clone(),
            client: session.parts.client.clone(),
            server: settings.map_or_else(
                || input::server(server, "", Trust::Claims, &std::collections::BTreeMap::new()),
                |settings| settings.part.clone(),
            ),
            session: past,
            intent: input::intent(exchange.intent()),
            environment: self.settings.environment.clone(),
            zone: self.settings.compliance_zone.clone(),
            now: self.moment(),
        }
    }

    /// Now, broken down once a second: zones and calendars cost more than most rules.
    fn moment(&self) -> Moment {
        let now = self.clock.now();
        if let Some(moment) = self.moment.load().as_ref().and_then(|moment| moment.at(now)) {
            return moment;
        }
        let moment = Moment::of(now, &self.settings.zone);
        self.moment.store(Some(Arc::new(moment.clone())));
        moment
    }

    pub(super) fn trust(&self, server: &str) -> Trust {
        self.settings.servers.get(server).map_or(Trust::Claims, |settings| settings.trust)
    }
}
