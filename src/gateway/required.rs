//! What must be there before a call is sent, and is it?
//!
//! A prompt and a reason are there or not. A credential is planned now, so that people see what it will reach and the digest
//! they sign covers it; it is made when everything is decided.

use super::Gateway;
use super::weigh::{Weighed, deny};
use crate::credentials::wanted::{About, Unfit, Wanted};
use crate::intent::{Intent, Provenance};
use crate::policy::decision::{Decision, DenyCode, Said};
use crate::policy::finding::require::{Credential, Requirement};

impl Gateway {
    /// Keeps the requirements that are not met, and denies what has one.
    pub(super) fn require(&self, intent: &Intent, weighed: &mut Weighed) {
        if weighed.judgement.apply.require.is_empty() {
            return;
        }
        let covered = !weighed.shown.masked.is_none();
        let (mut wanted, mut lacking, mut why) = (Vec::<Wanted>::new(), Vec::new(), Vec::new());
        for said in std::mem::take(&mut weighed.judgement.apply.require) {
            let met = match &said.terms {
                Requirement::Credential(credential) => self.plan(weighed, (&said.finding, credential), &mut wanted),
                Requirement::Prompt(least) => has(intent.prompt_provenance(), *least, ("prompt", &said)),
                Requirement::Rationale(least) => has(intent.rationale_provenance(), *least, ("rationale", &said)),
            };
            if let Err(Unfit(lacks)) = met {
                // Why a credential does not fit may repeat arguments.
                let hidden = covered && matches!(said.terms, Requirement::Credential(_));
                why.push(if hidden {
                    format!("{} requires a credential that does not fit", said.finding)
                } else {
                    lacks
                });
                lacking.push(said);
            }
        }
        weighed.judgement.apply.require = lacking;
        if matches!(weighed.judgement.decision, Decision::Deny(_)) {
            return;
        }
        if !why.is_empty() {
            return deny(&mut weighed.judgement, DenyCode::RequirementUnmet, why.join("; "));
        }
        for wanted in &mut wanted {
            wanted.covered = covered;
        }
        if let Some(digest) = Wanted::digest(&wanted) {
            weighed.judgement.decision.cover(&digest);
            weighed.call.require(wanted);
        }
    }

    /// Plans one credential. Several rules may require the same one; then the shortest time holds.
    fn plan(
        &self,
        weighed: &Weighed,
        (finding, credential): (&str, &Credential),
        wanted: &mut Vec<Wanted>,
    ) -> Result<(), Unfit> {
        let (call, name) = (&weighed.call, &credential.provider);
        let maker = self.credentials.maker(name).ok_or_else(|| {
            Unfit(format!("{finding} requires a credential of `{name}`, and there is no [credentials.{name}]"))
        })?;
        let placements = self.settings.servers.get(&*call.server).map(|server| server.credentials.as_slice());
        let placement = placements.unwrap_or_default().iter().find(|placement| *placement.provider == **name);
        let placement = placement.ok_or_else(|| {
            Unfit(format!(
                "{finding} requires a credential of `{name}`, and nothing says where the server `{}` takes it; add [[servers.{}.credentials]] with from = \"{name}\"",
                call.server, call.server
            ))
        })?;
        let facts = self.facts(call);
        let planned = maker.plan((finding, credential), placement, &About { call, facts: &facts });
        let planned = planned.map_err(|Unfit(why)| Unfit(format!("{finding} requires a credential: {why}")))?;
        let Some(known) = wanted.iter_mut().find(|known| known.provider == planned.provider) else {
            wanted.push(planned);
            return Ok(());
        };
        if (&known.scope, &known.terms) != (&planned.scope, &planned.terms) {
            return Err(Unfit(format!(
                "{finding} requires another credential of `{name}` than {}",
                known.findings.join(", ")
            )));
        }
        known.ttl = known.ttl.min(planned.ttl);
        known.findings.extend(planned.findings);
        Ok(())
    }
}

fn has(known: Option<Provenance>, least: Provenance, (what, said): (&str, &Said<Requirement>)) -> Result<(), Unfit> {
    if known.is_some_and(|known| known <= least) {
        return Ok(());
    }
    let (finding, is) = (&said.finding, Provenance::word_of(known));
    Err(Unfit(format!("{finding} requires a {what} that is {}, and it is {is}", least.word())))
}
