//! How long did somebody look at a call before they said yes to it?
//!
//! From when they were first shown exactly this to when they answered. A yes to something that could be bad, given within
//! moments, is taken, and it is written down that it was; where the configuration says how long one must look, it is not.

use std::time::Duration;

use super::Visit;
use crate::approval::vote::Voter;
use crate::audit::entry::{Event, Rushed, Viewed};
use crate::call::CallId;
use crate::facts::Risk;
use crate::front::http::Listener;
use crate::review::card::Card;
use crate::review::fault::Fault;
use crate::store::entries::Written;

/// Nobody reads a call in less.
const MOMENT: Duration = Duration::from_secs(2);
/// Lines of the book that are looked through.
const MOST_LINES: i64 = 200;

impl Listener {
    /// Writes down that somebody who may answer was shown this, the first time.
    pub(super) async fn viewed(&self, voter: &Voter, card: &Card, lines: &[Written]) -> Result<(), Fault> {
        let asked = card.you.as_ref().is_some_and(|you| you.may.contains(&"approve"));
        if !asked || lines.iter().any(|line| is_view(line, voter, &card.digest)) {
            return Ok(());
        }
        let (person, account) = (voter.person.clone(), voter.account.clone());
        let viewed = Event::Viewed(Viewed { person, account, digest: card.digest.clone() });
        self.write(Some(CallId::from_record(&card.id)), viewed).await
    }

    /// How long they have looked, where they have not looked for long; refused where that is too short.
    pub(super) async fn rushes(
        &self,
        visit: &Visit<'_>,
        (id, digest): (&str, &str),
        risk: Risk,
    ) -> Result<Option<Rushed>, Fault> {
        if risk < Risk::High {
            return Ok(None);
        }
        let voter = self.voter(visit)?;
        let lines = self.gateway.store.of_call(id, MOST_LINES).await?;
        let first = lines.iter().find(|line| is_view(line, voter, digest)).map(|line| line.at);
        let micros = first.map_or(0, |first| visit.now.micros().saturating_sub(first.micros()));
        let looked = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        if let Some(least) = self.doors.look.filter(|least| looked < *least) {
            let (least, looked) = (least.as_secs_f32(), looked.as_secs_f32());
            return Err(Fault::LookFirst(format!(
                "such a call must be open for {least} s before a yes counts, and it was for {looked:.1} s; read it again"
            )));
        }
        let millis = u64::try_from(looked.as_millis()).unwrap_or(u64::MAX);
        Ok((looked < MOMENT).then(|| Rushed { person: voter.person.clone(), risk: risk.word(), millis }))
    }
}

fn is_view(line: &Written, voter: &Voter, digest: &str) -> bool {
    let body: serde_json::Value = serde_json::from_str(&line.body).unwrap_or_default();
    let is = |key, text: &str| body.get(key).and_then(serde_json::Value::as_str) == Some(text);
    line.event == "viewed" && is("person", &voter.person) && is("digest", digest)
}
