//! Did people agree to this call when they agreed to another one?
//!
//! Looked at before anybody is asked, and after the rules have judged the call: what they deny never comes here. A use that
//! was taken is an approval like any other from then on, so that it is claimed, performed and recovered like one.

use std::sync::Arc;

use super::Weighed;
use super::words::{changed, unkept};
use crate::approval::Approval;
use crate::approval::asker::Asker;
use crate::approval::grant::GrantState;
use crate::approval::scope::{Scope, whose};
use crate::call::{Action, CallId};
use crate::catalogue::tool::Tool;
use crate::digest::Digest;
use crate::gateway::Gateway;
use crate::gateway::answer::Refusal;
use crate::gateway::desk::grants::{Ending, TOOL_CHANGED, Use, is_over};
use crate::gateway::desk::{DeskError, Waiting};
use crate::gateway::entries;
use crate::gateway::exchange::Exchange;
use crate::gateway::failpoint::Failpoint;
use crate::policy::decision::{Agreement, Decision};
use crate::policy::finding::pointer::Pointer;
use crate::wire::json::{Object, Value};
use crate::wire::message::Answer;

/// Where programs find the grant a call ran under.
const GRANT: &str = "dev.countersign/grant";

impl Gateway {
    /// The place of a call that is a use of a grant, if there is one that covers it.
    pub(super) async fn granted(
        self: &Arc<Self>,
        exchange: &Exchange,
        weighed: &Weighed,
        repeat: Digest,
    ) -> Result<Option<Waiting>, Refusal> {
        let Decision::Hold(held) = &weighed.judgement.decision else { return Ok(None) };
        // Most holds let nobody grant anything, and cost no look at the database.
        let (Action::Tool(tool), Some(_)) = (&weighed.call.action, held.terms().widest()) else { return Ok(None) };
        let caller = &weighed.call.caller;
        let asker = self.desk.people.load().asker(caller);
        let who = (caller.principal.as_str(), caller.agent.as_deref(), asker.person.as_deref());
        let known = self.store.grants_for(&whose(who, &weighed.call.server, tool)).await;
        for id in known.map_err(|error| unkept(&error.into()))? {
            let taken = self.take_use(exchange, weighed, (&id, &asker, held.terms(), repeat)).await;
            if let Some(waiting) = taken.map_err(|error| unkept(&error))? {
                Failpoint::Covered.reached();
                return Ok(Some(waiting));
            }
        }
        Ok(None)
    }

    async fn take_use(
        self: &Arc<Self>,
        exchange: &Exchange,
        weighed: &Weighed,
        (id, asker, agreement, repeat): (&str, &Asker, &Agreement, Digest),
    ) -> Result<Option<Waiting>, DeskError> {
        let grant = match self.desk.grant(id).await {
            Ok(grant) if grant.state == GrantState::Open => grant,
            Ok(_) => return Ok(None),
            Err(error) if is_over(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let places = places(&grant.of);
        let Some(scope) = Scope::of(&weighed.call, asker, weighed.input.risk(), (grant.id(), places)) else {
            return Ok(None);
        };
        let Some(waiting) = self.desk.wait(weighed.call.id.as_str()) else { return Ok(None) };
        let wanted = Use {
            named: (weighed.call.id.clone(), weighed.call.digest, repeat),
            asker: asker.clone(),
            scope,
            agreement: agreement.clone(),
            shown: self.shown(exchange, weighed, agreement),
            entries: vec![entries::arrived(exchange, weighed), self.decided(exchange, weighed, None)],
        };
        match self.desk.take_use(id, wanted).await {
            Ok(taken) => Ok(taken.map(|_| waiting)),
            Err(error) if is_over(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the grant a call was let run under was taken back before it ran.
    pub(super) async fn is_still_granted(&self, approval: &Approval) -> Result<(), Refusal> {
        let Some(under) = &approval.under else { return Ok(()) };
        let kept = self.store.find_grant(under.grant.as_str()).await.map_err(|error| unkept(&error.into()))?;
        let state = kept.map_or(GrantState::Superseded, |kept| kept.grant.state);
        if matches!(state, GrantState::Revoked | GrantState::Superseded) {
            self.supersede(approval.id.as_str(), "the grant it ran under was taken back".to_owned()).await;
            return Err(changed("the grant that covered this call was taken back"));
        }
        Ok(())
    }

    /// Ends the grants that were made for other definitions of these tools.
    pub(in crate::gateway) async fn void_grants<'t>(
        &self,
        server: &str,
        tools: impl Iterator<Item = &'t Tool> + Clone,
    ) {
        let ended = async {
            for id in self.store.grants_of_server(server).await? {
                let grant = self.desk.grant(&id).await?;
                let Some(scope) = &grant.of.scope else { continue };
                let changed = |tool: &&Tool| tool.name == scope.tool && tool.digest != scope.definition;
                if grant.state == GrantState::Open && tools.clone().any(|tool| changed(&tool)) {
                    match self.desk.end_grant(&id, Ending::Superseded(TOOL_CHANGED)).await {
                        Ok(_) => {}
                        Err(error) if is_over(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok::<(), DeskError>(())
        };
        if let Err(error) = ended.await {
            // Each is looked at again before it is used.
            tracing::warn!(server, %error, "grants for tools that changed are not ended yet");
        }
    }
}

/// What a grant of this call would pin, where the rules let somebody make one.
pub(super) fn scope(weighed: &Weighed, (id, asker): (&CallId, &Asker), agreement: &Agreement) -> Option<Scope> {
    Scope::of(&weighed.call, asker, weighed.input.risk(), (id, agreement.widest()?.free))
}

/// Tells the agent that nobody was asked, because of which grant.
pub(super) fn tell(under: &CallId, answer: &mut Answer) {
    let Ok(Value::Object(result)) = answer else { return };
    let mut meta: Object = result.object("_meta").cloned().unwrap_or_default();
    meta.insert(GRANT, under.as_str());
    result.insert("_meta", meta);
}

fn places(of: &Approval) -> Vec<Pointer> {
    of.scope.iter().flat_map(Scope::places).cloned().collect()
}
