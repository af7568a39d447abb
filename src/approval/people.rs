//! Which person does an account belong to?
//!
//! The list is the whole truth about the people in it: each of their accounts counts as them, with the groups and roles
//! of the list and no others, so that a vote can be counted again later from the list alone. Whoever is proven to be a
//! human being and is not in it stands for themselves, as the proof names them, with the roles the groups of that proof
//! have today: a vote keeps the groups, so that it too can be counted again. Software is never a person: not an agent,
//! not whoever acts for somebody, and not a key that nobody in the list has.

use std::collections::{BTreeMap, BTreeSet};

use super::asker::Asker;
use super::vote::Voter;
use crate::call::caller::{Caller, Proof};
use crate::policy::finding::hold::Reviewer;

/// The roles of whoever started the gateway and signed in there, where nobody is listed.
const OWNERS: [&str; 4] = ["auditor", "author", "operator", "reviewer"];

/// Begins what is kept of a voter who was known by an e-mail address.
const BY_ADDRESS: &str = "mailto:";

/// How the account is called by which somebody answers from their messages; their name follows.
const LINK: &str = "link:";

/// Everybody who is known by name, and their accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    entries: BTreeMap<String, Entry>,
    /// Who has an account. One that two people have is nobody's.
    owners: BTreeMap<String, BTreeSet<String>>,
    /// The roles of whoever is not listed, and the groups that have them.
    by_group: BTreeMap<String, BTreeSet<String>>,
    /// The programs that may decide.
    automations: BTreeSet<Voter>,
}

/// One person, as they are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Names the person.
    pub name: String,
    /// The principals that are this person.
    pub accounts: BTreeSet<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// Their roles.
    pub roles: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    accounts: BTreeSet<String>,
    groups: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl People {
    /// What is listed twice under one name is one person.
    pub fn new(list: impl IntoIterator<Item = Listed>) -> Self {
        let mut people = Self::default();
        for Listed { name, accounts, groups, roles } in list {
            for account in &accounts {
                people.owners.entry(account.clone()).or_default().insert(name.clone());
            }
            let entry = people.entries.entry(name).or_default();
            entry.accounts.extend(accounts);
            entry.groups.extend(groups);
            entry.roles.extend(roles);
        }
        people
    }

    /// The same people, and whoever is not listed has these roles when an issuer says that they are in one of its groups.
    #[must_use]
    pub fn with_roles_by_group(self, roles: BTreeMap<String, BTreeSet<String>>) -> Self {
        Self { by_group: roles, ..self }
    }

    /// The same people, and the programs that may decide.
    #[must_use]
    pub fn with_automations(self, automations: impl IntoIterator<Item = Voter>) -> Self {
        Self { automations: automations.into_iter().filter(Voter::is_automation).collect(), ..self }
    }

    /// The person who answers through this account; none when it is no person who does.
    pub fn voter(&self, caller: &Caller) -> Option<Voter> {
        let account = caller.principal.as_str();
        let user = caller.user.as_ref().map(|user| user.id.as_str());
        if caller.agent.is_some() {
            return None;
        }
        let voter = match &caller.proof {
            Proof::Nothing => None,
            Proof::Token { delegation, .. } if !delegation.is_empty() => None,
            // A key that was made for one of the list and stands under another of it says two things: it says nothing.
            Proof::Key { .. } => self
                .listed(account)
                .filter(|voter| user.is_none_or(|owner| owner == voter.person || !self.entries.contains_key(owner))),
            Proof::Os { .. } | Proof::Owner { .. } | Proof::Token { .. } if self.owners.contains_key(account) => {
                self.listed(account)
            }
            proof => self.unlisted(Voter {
                person: user?.to_owned(),
                account: account.to_owned(),
                accounts: BTreeSet::new(),
                groups: caller.groups.iter().cloned().collect(),
                roles: if matches!(proof, Proof::Owner { .. }) { self.of_an_owner() } else { BTreeSet::new() },
            }),
        };
        // Another proof may call the same person by the same name without being in the list.
        let known = user.filter(|user| *user != account).into_iter().flat_map(spelled);
        voter.map(|voter| Voter { accounts: voter.accounts.into_iter().chain(known).collect(), ..voter })
    }

    /// Everybody of the list who could answer, each by one of their accounts.
    pub fn everybody(&self) -> impl Iterator<Item = Voter> {
        let account = |entry: &Entry| entry.accounts.iter().find(|account| self.owner(account).is_some()).cloned();
        self.entries.values().filter_map(move |entry| self.listed(&account(entry)?))
    }

    /// The person the list gives this account to: for channels that prove accounts of their own.
    pub fn of_account(&self, account: &str) -> Option<Voter> {
        self.listed(account)
    }

    /// The person the list knows by this e-mail address, as their name or in an account of theirs, who answers by an account
    /// that the list does not have. Whoever asks for it has proven that the address is theirs; it is kept with the voter, so
    /// that they can be looked up by it again.
    pub fn of_address(&self, account: &str, address: &str) -> Option<Voter> {
        if self.owners.contains_key(account) {
            return None;
        }
        let address = address.to_ascii_lowercase();
        let is = |text: &str| text.eq_ignore_ascii_case(&address);
        let has = |name: &str, entry: &Entry| {
            is(name)
                || entry.accounts.iter().any(|known| is(known.rsplit_once('#').map_or(known, |(_, subject)| subject)))
        };
        let mut all = self.entries.iter().filter(|(name, entry)| has(name, entry));
        let ((person, entry), None) = (all.next()?, all.next()) else { return None };
        let by = [account.to_owned(), format!("{BY_ADDRESS}{address}"), address];
        let accounts = entry.accounts.iter().cloned().chain(by);
        Some(Voter {
            person: person.clone(),
            account: account.to_owned(),
            accounts: accounts.collect(),
            groups: entry.groups.clone(),
            roles: entry.roles.clone(),
        })
    }

    /// The listed person of this name, as they answer by a link that was sent to them. No caller has such an account.
    pub fn by_link(&self, name: &str) -> Option<Voter> {
        let (person, entry) = self.entries.get_key_value(name).filter(|(_, entry)| self.can_answer(entry))?;
        let account = format!("{LINK}{person}");
        let mut accounts = entry.accounts.clone();
        accounts.insert(account.clone());
        let (groups, roles) = (entry.groups.clone(), entry.roles.clone());
        Some(Voter { person: person.clone(), account, accounts, groups, roles })
    }

    /// Who that voter is by today's list; nobody when what they voted by is gone from it.
    pub fn now(&self, voter: &Voter) -> Option<Voter> {
        if let Some(name) = voter.account.strip_prefix(LINK) {
            let mut now = self.by_link(name).filter(|now| now.person == voter.person)?;
            now.accounts.extend(voter.accounts.iter().cloned());
            return Some(now);
        }
        if voter.is_automation() {
            return self.automations.get(voter).cloned();
        }
        if let Some(address) = voter.accounts.iter().find_map(|account| account.strip_prefix(BY_ADDRESS))
            && !self.owners.contains_key(&voter.account)
        {
            let mut now = self.of_address(&voter.account, address).filter(|now| now.person == voter.person)?;
            now.accounts.extend(voter.accounts.iter().cloned());
            return Some(now);
        }
        // Only those who are not in the list vote by an account that is not among those known to be theirs.
        let was_listed = voter.accounts.contains(&voter.account);
        if !was_listed && !self.owners.contains_key(&voter.account) {
            return self.unlisted(voter.clone());
        }
        let mut now = self.listed(&voter.account).filter(|now| !was_listed || now.person == voter.person)?;
        // Accounts only ever say that two voters are one person, so what was known then is not forgotten.
        now.accounts.extend(voter.accounts.iter().cloned());
        Some(now)
    }

    /// Whoever is behind a call, with everything that is known to be theirs.
    pub fn asker(&self, caller: &Caller) -> Asker {
        let user = caller.user.as_ref().map(|user| user.id.as_str());
        let person = self.owner(&caller.principal).or(user);
        let mut asker = Asker {
            principal: caller.principal.clone(),
            person: person.map(str::to_owned),
            also: BTreeSet::new(),
            accounts: BTreeSet::new(),
        };
        let mut names: BTreeSet<String> = user.into_iter().flat_map(spelled).collect();
        if let Proof::Token { issuer, delegation, .. } = &caller.proof {
            // An actor without an issuer of its own is one of the token's. Either may be a name or an account.
            let actors = delegation.iter().flat_map(|actor| [actor.clone(), format!("{issuer}#{actor}")]);
            names.extend(actors.clone());
            asker.accounts.extend(actors);
        }
        if let Some(user) = user.filter(|user| person == Some(*user) && !self.entries.contains_key(*user)) {
            asker.accounts.insert(user.to_owned());
        }
        for name in names.iter().chain([&caller.principal]) {
            let entry = self.entries.get_key_value(name).map(|(person, _)| person);
            for person in self.owners.get(name).into_iter().flatten().chain(entry) {
                asker.also.insert(person.clone());
                asker.accounts.extend(self.entries.get(person).into_iter().flat_map(|entry| entry.accounts.clone()));
            }
        }
        asker.also.extend(names);
        asker.also.retain(|name| Some(name.as_str()) != person);
        asker
    }

    /// How many people a reviewer names, as far as the list knows. `user` is one person, whom a list cannot know.
    pub fn stands_for(&self, reviewer: &Reviewer) -> usize {
        let having = |has: &dyn Fn(&Entry) -> bool| {
            // Without an account there is no way to answer.
            self.entries.values().filter(|entry| has(entry) && self.can_answer(entry)).count()
        };
        match reviewer {
            Reviewer::Owner => 1,
            Reviewer::Automation(name) => {
                let named = |voter: &Voter| voter.person.strip_prefix("automation:") == Some(name);
                usize::from(self.automations.iter().any(named))
            }
            Reviewer::User(name) => usize::from(self.entries.get(name).is_some_and(|entry| self.can_answer(entry))),
            Reviewer::Group(name) => having(&|entry| entry.groups.contains(name)),
            Reviewer::Role(name) if self.of_an_owner().contains(name) => 1,
            Reviewer::Role(name) => {
                // Those who have it by a group are not listed: whoever they are, there may be one.
                let others = usize::from(self.by_group.contains_key(name));
                having(&|entry| entry.roles.contains(name)).saturating_add(others)
            }
        }
    }

    /// Whoever started a gateway that lists nobody has nobody beside them. Their login alone gives them nothing: whatever
    /// runs under it could say that it is them.
    fn of_an_owner(&self) -> BTreeSet<String> {
        if self.entries.is_empty() { OWNERS.map(str::to_owned).into() } else { BTreeSet::new() }
    }

    fn can_answer(&self, entry: &Entry) -> bool {
        entry.accounts.iter().any(|account| self.owner(account).is_some())
    }

    fn owner(&self, account: &str) -> Option<&str> {
        let owners = self.owners.get(account)?;
        owners.first().filter(|_| owners.len() == 1).map(String::as_str)
    }

    fn listed(&self, account: &str) -> Option<Voter> {
        let (person, entry) = self.entries.get_key_value(self.owner(account)?)?;
        Some(Voter {
            person: person.clone(),
            account: account.to_owned(),
            accounts: entry.accounts.clone(),
            groups: entry.groups.clone(),
            roles: entry.roles.clone(),
        })
    }

    /// A name of the list belongs to whoever has it there: nobody gets it by being called so elsewhere.
    fn unlisted(&self, voter: Voter) -> Option<Voter> {
        if self.entries.contains_key(&voter.person) {
            return None;
        }
        // An owner keeps what they had as far as they would have it now. Groups of this machine are not an issuer's.
        let roles = if voter.account.starts_with("os:") {
            &voter.roles & &self.of_an_owner()
        } else {
            let mine = |groups: &BTreeSet<String>| !groups.is_disjoint(&voter.groups);
            self.by_group.iter().filter(|(_, groups)| mine(groups)).map(|(role, _)| role.clone()).collect()
        };
        Some(Voter { roles, ..voter })
    }
}

/// A name as it is proven, and an e-mail address also as everybody else may spell it: it is one person's either way.
fn spelled(name: &str) -> BTreeSet<String> {
    let address = name.contains('@').then(|| name.to_lowercase());
    address.into_iter().chain([name.to_owned()]).collect()
}

#[cfg(test)]
mod tests;
