//! What was this call asked for? Ties a call to what its client's hook reported of it, and takes the model's own words out of
//! its arguments.

use super::Gateway;
use super::exchange::Exchange;
use crate::audit::entry::Mismatched;
use crate::catalogue::tool::Tool;
use crate::clock::Timestamp;
use crate::intent::join::{self, Arrived, Found, LIKENESS_MICROS, Reported};
use crate::intent::meta::Named;
use crate::intent::rationale::{self, NoReason};
use crate::intent::report::Report;
use crate::intent::{Intent, Model, Prompt, Provenance, Rationale};
use crate::store::StoreError;
use crate::wire::json::Object;

/// What is known of why a call is made, and what must be written down about that.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Why.
    pub(super) intent: Intent,
    /// What was reported is not what arrived.
    pub(super) mismatched: Option<Mismatched>,
}

impl Gateway {
    /// Looks for what was reported of a call. What cannot be looked for is not known, and rules that want to know it deny.
    pub(super) async fn intent(&self, exchange: &Exchange, params: &Object) -> Known {
        let named = Named::of(&exchange.meta);
        let model = named.model.clone().map(|name| Model { name, provenance: Provenance::Asserted });
        let (tool_use, session) = (named.tool_use.clone(), named.session.clone());
        let mut known = Known { intent: Intent { model, tool_use, session, ..Intent::default() }, mismatched: None };
        self.take_in().await;
        if !self.is_reported_to().await {
            return known;
        }
        let nothing = Object::new();
        let arguments = Report::arguments(params.object("arguments").unwrap_or(&nothing));
        let call = Arrived { tool: params.str("name").unwrap_or_default(), arguments, named: &named };
        if let Err(error) = self.look_for(exchange, &call, &mut known).await {
            tracing::warn!(%error, "what hooks reported cannot be read; nothing is known of why a call is made");
        }
        known
    }

    async fn look_for(&self, exchange: &Exchange, call: &Arrived<'_>, known: &mut Known) -> Result<(), StoreError> {
        let caller = &exchange.session.caller;
        if let Some(id) = &call.named.tool_use {
            let mut reported = self.store.uses_by_id(id).await?;
            reported.retain(|one| one.covers(caller));
            match join::by_id(call, &reported) {
                Found::Exactly(one) => return self.told_by(one, one.surely(), &mut known.intent).await,
                Found::Altered(one) => {
                    known.intent.mismatch = true;
                    known.intent.source = Some(one.source());
                    let mismatched = mismatched(&caller.principal, (id, call), one);
                    tracing::warn!(
                        principal = mismatched.principal,
                        tool_use = mismatched.tool_use,
                        tool = mismatched.arrived_tool,
                        client = mismatched.client,
                        "a call is not the one that its client's hook reported under this id; something changed it on the way"
                    );
                    known.mismatched = Some(mismatched);
                    return Ok(());
                }
                Found::Alike(_) | Found::Nothing if call.named.surely => return Ok(()),
                Found::Alike(_) | Found::Nothing => {}
            }
        }
        let now = self.clock.now();
        let since = Timestamp::from_micros(now.micros().saturating_sub(LIKENESS_MICROS));
        let mut reported = self.store.uses_alike(call.arguments, since).await?;
        reported.retain(|one| one.covers(caller));
        let Found::Alike(alike) = join::by_likeness(call, &reported, now) else { return Ok(()) };
        let mut one: Option<Intent> = None;
        for reported in alike {
            let mut intent = known.intent.clone();
            self.told_by(reported, Provenance::Asserted, &mut intent).await?;
            if one.as_ref().is_some_and(|one| one.prompt != intent.prompt) {
                return Ok(());
            }
            one.get_or_insert(intent);
        }
        if let Some(intent) = one {
            known.intent = intent;
        }
        Ok(())
    }

    /// What a report says of why.
    async fn told_by(
        &self,
        reported: &Reported,
        provenance: Provenance,
        intent: &mut Intent,
    ) -> Result<(), StoreError> {
        let prompts = self.store.prompts_before(reported).await?;
        let prompt = join::prompt_of(reported, &prompts);
        intent.prompt = prompt.map(|prompt| Prompt { digest: prompt.digest.to_string(), provenance });
        intent.source = Some(reported.source());
        intent.session = Some(reported.session.clone());
        if let Some(name) = &reported.model {
            intent.model = Some(Model { name: name.clone(), provenance });
        }
        Ok(())
    }

    /// Whether the model is asked why it calls this tool: where people may have to decide, and nobody said no to it.
    pub(super) fn asks_why(&self, tool: &Tool) -> bool {
        self.settings.asks_why(&tool.server) && self.judge.may_hold(Some((&tool.server, &tool.name)))
    }

    /// Takes the model's own words out of the arguments of a tool to which we may have added them, whether it is asked for them
    /// now or was when the tools were listed.
    pub(super) fn take_rationale(&self, tool: &Tool, params: &mut Object) -> Result<Option<Rationale>, NoReason> {
        let added = self.settings.asks_why(&tool.server) && tool.input_schema().is_some_and(rationale::fits);
        if added { rationale::take(params) } else { Ok(None) }
    }
}

fn mismatched(principal: &str, (id, call): (&str, &Arrived<'_>), reported: &Reported) -> Mismatched {
    Mismatched {
        principal: principal.to_owned(),
        tool_use: id.to_owned(),
        client: reported.client.clone(),
        device: reported.device.clone(),
        reported_tool: reported.tool.clone(),
        reported: reported.arguments.to_string(),
        arrived_tool: call.tool.chars().take(256).collect(),
        arrived: call.arguments.to_string(),
    }
}
