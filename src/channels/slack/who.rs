//! Whose account in Slack is this?
//!
//! An account is a person's where the configuration gives it to them. That somebody has the same e-mail address there is no
//! proof by itself: whoever runs the workspace gives addresses out. So it counts only where the configuration says so, only in
//! the workspace of the app, and only for a full member whose address Slack does not call unconfirmed.

use serde_json::Value;

use super::Slack;
use super::action::Actor;
use super::api::Trouble;
use crate::approval::people::People;
use crate::approval::vote::Voter;

/// Why it is nobody's.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stranger {
    /// The configuration does not say whose it is.
    #[error(
        "This Slack account is nobody's here, so nothing was done. If it is yours, have whoever runs Countersign add it: \
         [people.NAME] accounts = [\"{0}\"]"
    )]
    Unlinked(String),
    /// The app is of another workspace.
    #[error(
        "Countersign is asked from the workspace {0} here, and works for another one; nothing was done. Answer in your own \
         workspace, or on the page of the call"
    )]
    Workspace(String),
    /// It is nobody who answers.
    #[error(
        "Only full members of this workspace are known by their e-mail address ({1}), so nothing was done. Have whoever runs \
         Countersign link the account: [people.NAME] accounts = [\"{0}\"]"
    )]
    NoMember(String, &'static str),
    /// Slack does not say.
    #[error(
        "Nobody can tell whose account this is, so nothing was done; try again, or answer on the page of the call. {0}"
    )]
    Unsure(Trouble),
}

impl Slack {
    /// The person whose account this is, as far as it can be told without asking anybody.
    pub(super) fn known(&self, actor: &Actor, people: &People) -> Result<Voter, Stranger> {
        if let (Some(ours), Some(theirs)) = (&self.options.team, &actor.workspace)
            && ours != theirs
        {
            return Err(Stranger::Workspace(theirs.clone()));
        }
        let account = actor.account();
        people.of_account(&account).ok_or(Stranger::Unlinked(account))
    }

    /// The person whose account this is.
    pub(super) async fn person(&self, actor: &Actor, people: &People) -> Result<Voter, Stranger> {
        match self.known(actor, people) {
            Err(Stranger::Unlinked(account)) if self.options.by_email => self.by_address(actor, people, account).await,
            known => known,
        }
    }

    async fn by_address(&self, actor: &Actor, people: &People, account: String) -> Result<Voter, Stranger> {
        let ours = self.own_team().await.map_err(Stranger::Unsure)?;
        if actor.team != ours || actor.workspace.as_ref().is_some_and(|workspace| *workspace != ours) {
            return Err(Stranger::Workspace(actor.team.clone()));
        }
        let answer = self.api.ask("users.info", &[("user", &actor.user)]).await.map_err(Stranger::Unsure)?;
        let member = answer.get("user").unwrap_or(&Value::Null);
        let address = match address(member, &ours) {
            Ok(address) => address,
            Err(why) => return Err(Stranger::NoMember(account, why)),
        };
        people.of_address(&account, &address).ok_or(Stranger::Unlinked(account))
    }

    /// The workspace the token is of.
    async fn own_team(&self) -> Result<String, Trouble> {
        if let Some(team) = &self.options.team {
            return Ok(team.clone());
        }
        let asked = async {
            let answer = self.api.ask("auth.test", &[]).await?;
            let team = answer.get("team_id").and_then(Value::as_str).map(str::to_owned);
            team.ok_or_else(|| Trouble::Away("its answer names no workspace".to_owned()))
        };
        self.team.get_or_try_init(|| asked).await.cloned()
    }
}

/// The address of a full member of this workspace; why there is none that counts.
fn address(member: &Value, ours: &str) -> Result<String, &'static str> {
    // What is neither absent nor plainly false is true: nobody gets in by a form we do not know.
    let is = |key: &str| !matches!(member.get(key), None | Some(Value::Null | Value::Bool(false)));
    let refused = [
        (member.get("team_id").and_then(Value::as_str) != Some(ours), "this one is of another workspace"),
        (is("is_stranger"), "this one is of another workspace"),
        (is("deleted"), "this one is switched off"),
        (is("is_bot"), "this one is a program's"),
        (is("is_restricted") || is("is_ultra_restricted"), "this one is a guest's"),
        (member.get("is_email_confirmed") == Some(&Value::Bool(false)), "the address of this one is not confirmed"),
    ];
    if let Some((_, why)) = refused.into_iter().find(|(refused, _)| *refused) {
        return Err(why);
    }
    let no_address = "Slack does not say the address of this one; the app needs users:read.email";
    let address = member.pointer("/profile/email").and_then(Value::as_str).filter(|address| address.contains('@'));
    address.map(str::to_owned).ok_or(no_address)
}
