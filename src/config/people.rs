//! Who are the people that may be asked, and which accounts are theirs?

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use super::fault::Subject;
use super::review::GroupRoles;
use super::section::{Given, Noted, Privacy, Reading, Section};
use super::tree::At;
use crate::policy::lint::reviewers::{Others, Reviewers};

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Person {
    /// The principals that are this person: `os:LOGIN`, `key:NAME`, `ISSUER#SUBJECT`. Default: `os:` and their name.
    #[schemars(with = "Option<Vec<String>>")]
    pub accounts: BTreeSet<String>,
    /// Their groups.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub groups: BTreeSet<String>,
    /// Their roles.
    #[schemars(with = "Vec<String>", extend("default" = []))]
    pub roles: BTreeSet<String>,
}

/// No name a rule can write is longer.
const LONGEST: usize = 256;
/// No principal is longer: an issuer and a subject of this length.
const LONGEST_ACCOUNT: usize = 2048;

/// An account, and where it is said whose it is.
struct Claim {
    person: String,
    given: Given,
}

/// Whom rules can name; none where no people are listed.
pub(super) fn reviewers(
    people: &BTreeMap<String, Person>,
    issuers: usize,
    by_group: &GroupRoles,
    automations: BTreeSet<String>,
) -> Option<Reviewers> {
    let all = |of: fn(&Person) -> &BTreeSet<String>| people.values().flat_map(of).cloned().collect::<BTreeSet<_>>();
    (!people.is_empty()).then(|| Reviewers {
        automations,
        people: people.keys().cloned().collect(),
        groups: all(|person| &person.groups),
        roles: all(|person| &person.roles).into_iter().chain(by_group.by_role().into_keys()).collect(),
        others: if issuers == 0 { Others::Nobody } else { Others::Issuers },
    })
}

impl Person {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<BTreeMap<String, Self>> {
        let mut claims = Vec::new();
        let mut read = Vec::new();
        for (name, at, section) in root.named("people")? {
            let fits = if fits(&name, LONGEST) { Ok(()) } else { Err(bad_name(root, &name, &at)) };
            let person = section.and_then(|section| Self::read(&section, &name, &mut claims));
            read.push(fits.and(person).map(|person| (name, person)));
        }
        let shared = shared(root, claims);
        let people = read.into_iter().collect::<Reading<_>>();
        shared.and(people)
    }

    fn read(section: &Section<'_>, name: &str, claims: &mut Vec<Claim>) -> Reading<Self> {
        let own = format!("os:{name}");
        let given = section.texts("accounts", &[&own], Privacy::Open).and_then(|given| {
            if given.is_empty() {
                let next = "name an account, or take `accounts` away: then it is their login";
                return Err(section.fault(format!("nobody could answer as `{name}`"), next));
            }
            checked(section, given, Kind::Account)
        });
        let groups = section.texts("groups", &[], Privacy::Open);
        let groups = groups.and_then(|groups| checked(section, groups, Kind::Group));
        let roles = section.texts("roles", &[], Privacy::Open);
        let roles = roles.and_then(|roles| checked(section, roles, Kind::Role));
        section.close();
        let given = given?;
        let person = Self { accounts: texts(&given), groups: texts(&groups?), roles: texts(&roles?) };
        claims.extend(given.into_iter().map(|given| Claim { person: name.to_owned(), given }));
        Ok(person)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Account,
    Group,
    Role,
}

fn checked(section: &Section<'_>, all: Vec<Given>, kind: Kind) -> Reading<Vec<Given>> {
    let check = |given: Given| {
        let fine = match kind {
            // What follows from a name is as good as the name, and that is looked at for itself.
            Kind::Account if given.at == At::Default => true,
            Kind::Account => is_account(&given.text),
            Kind::Group | Kind::Role => fits(&given.text, LONGEST),
        };
        if fine { Ok(given) } else { Err(bad(section, &given, kind)) }
    };
    // Each of them is looked at, so that every fault is told at once.
    let all: Vec<Reading<Given>> = all.into_iter().map(check).collect();
    all.into_iter().collect()
}

fn fits(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && text.trim() == text && !text.chars().any(char::is_control)
}

/// Whether a caller can ever be named so.
fn is_account(text: &str) -> bool {
    let known = match text.split_once(':') {
        Some(("os" | "key", name)) => !name.is_empty() && name.trim() == name,
        Some(("https" | "http", _)) => {
            text.split_once('#').is_some_and(|(issuer, subject)| !issuer.ends_with("//") && !subject.is_empty())
        }
        _ => false,
    };
    known && fits(text, LONGEST_ACCOUNT)
}

/// One account is one person: else somebody could be two, or answer for a call of their own.
fn shared(root: &Section<'_>, mut claims: Vec<Claim>) -> Reading<()> {
    // What nobody wrote counts first, so that the fault is at a line somebody did write.
    claims.sort_by_key(|claim| match &claim.given.at {
        At::Default => (0, 0),
        At::File(span) => (1, span.start),
        At::Environment(_) | At::Flag(_) => (2, 0),
    });
    let mut owners: BTreeMap<String, Claim> = BTreeMap::new();
    let mut all = Ok(());
    for claim in claims {
        let account = claim.given.text.clone();
        match owners.get(&account) {
            Some(owner) if owner.person != claim.person => {
                let (told, subject) = claim.given.told(Subject::Shown);
                let by_default = match owner.given.at {
                    At::Default => format!(", because [people.{}] names no `accounts`", owner.person),
                    _ => String::new(),
                };
                let what = format!("{told} belongs to `{}` already{by_default}", owner.person);
                let next = "keep it under one of the two; an account is one person".to_owned();
                all = Err(root.note(&claim.given.at, what, next, subject));
            }
            Some(_) => {}
            None => drop(owners.insert(account, claim)),
        }
    }
    all
}

fn bad_name(root: &Section<'_>, name: &str, at: &At) -> Noted {
    let what = format!("`{}` cannot be the name of a person", visible(name));
    let next = format!("write a name without spaces around it, of at most {LONGEST} bytes, such as `ada`");
    root.note(at, what, next, Subject::Shown)
}

fn bad(section: &Section<'_>, given: &Given, kind: Kind) -> Noted {
    let (told, subject) = given.told(Subject::Shown);
    let (what, next) = match kind {
        Kind::Account => {
            ("an account", "write `os:LOGIN`, `key:NAME` or `ISSUER#SUBJECT`, as the record names callers")
        }
        Kind::Group => ("a group", "write a name without spaces around it, such as `dba`"),
        Kind::Role => ("a role", "write a name without spaces around it, such as `reviewer`"),
    };
    section.note(&given.at, format!("{} is not {what}", visible(&told)), next.to_owned(), subject)
}

fn visible(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn texts(given: &[Given]) -> BTreeSet<String> {
    given.iter().map(|given| given.text.clone()).collect()
}

#[cfg(test)]
mod tests;
