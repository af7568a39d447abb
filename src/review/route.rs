//! What is asked at which address?

use std::collections::BTreeSet;
use std::time::Duration;

use super::answer::{VERBS, Verb};
use super::fault::Fault;
use super::page::{LARGEST, OPEN, Only, USUAL, Wanted};
use super::query::{Query, malformed};
use crate::approval::state::State;
use crate::config::measure::Period;
use crate::policy::finding::pointer::Pointer;
use crate::store::grants::Which;
use crate::store::leases::Over;

/// Where everything here begins.
pub const ROOT: &str = "/api/v1";
/// How long is waited when nobody says how long.
const USUAL_WAIT: Duration = Duration::from_secs(45);
/// Whatever stands between a client and the gateway gives up soon after.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// No id is longer.
const LONGEST_ID: usize = 64;

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Route {
    /// The calls somebody may see.
    List(Wanted),
    /// One of them.
    Card(String),
    /// One of them, once it is decided.
    Wait(String, Duration),
    /// Something is said to one of them.
    Say(String, &'static Verb),
    /// The past calls that a grant of one of them would have covered, with these places free.
    Reach(String, BTreeSet<Pointer>),
    /// The grants somebody may see.
    Grants(Which),
    /// One of them is taken back.
    RevokeGrant(String),
    /// The credentials that are out, or all of them.
    Leases(Over),
    /// One of them is taken back.
    RevokeLease(String),
    /// Who somebody is.
    Me,
    /// This interface, described.
    Document,
}

/// An address under the root, and how it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its parts; `{id}` stands for any.
    pub path: &'static str,
    /// What is there.
    pub what: What,
}

/// What is at an address.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "see `Route`")]
pub enum What {
    List,
    Card,
    Wait,
    Say,
    Reach,
    Grants,
    RevokeGrant,
    Leases,
    RevokeLease,
    Me,
    Document,
}

/// Every address. `{verb}` is any of [`VERBS`].
pub const PLACES: [Place; 11] = [
    Place { path: "/approvals", what: What::List },
    Place { path: "/approvals/{id}", what: What::Card },
    Place { path: "/approvals/{id}/wait", what: What::Wait },
    Place { path: "/approvals/{id}/reach", what: What::Reach },
    Place { path: "/approvals/{id}/{verb}", what: What::Say },
    Place { path: "/grants", what: What::Grants },
    Place { path: "/grants/{id}/revoke", what: What::RevokeGrant },
    Place { path: "/leases", what: What::Leases },
    Place { path: "/leases/{id}/revoke", what: What::RevokeLease },
    Place { path: "/me", what: What::Me },
    Place { path: "/openapi.json", what: What::Document },
];

impl Route {
    /// What a request asks for.
    pub fn read(method: &http::Method, path: &str, query: Option<&str>) -> Result<Self, Fault> {
        let rest = path.strip_prefix(ROOT).ok_or(Fault::NoRoute)?;
        let (what, id, verb) = PLACES
            .iter()
            .find_map(|place| place.fits(rest).map(|(id, verb)| (place.what, id, verb)))
            .ok_or(Fault::NoRoute)?;
        let says = matches!(what, What::Say | What::RevokeGrant | What::RevokeLease);
        let asked = if says { http::Method::POST } else { http::Method::GET };
        if *method != asked {
            return Err(Fault::Method(if asked == http::Method::POST { "POST" } else { "GET" }));
        }
        let mut query = Query::read(query)?;
        let route = match (what, verb) {
            (What::List, _) => Self::List(Wanted {
                states: query.take("state").map_or_else(|| Ok(OPEN.to_vec()), |text| states(&text))?,
                limit: query.take("limit").map_or(Ok(USUAL), |text| limit(&text))?,
                after: query.take("after").map(|id| known("after", id)).transpose()?,
                only: query.take("only").map_or(Ok(Only::Visible), |text| only(&text))?,
            }),
            (What::Card, _) => Self::Card(id),
            (What::Wait, _) => Self::Wait(id, query.take("for").map_or(Ok(USUAL_WAIT), |text| wait(&text))?),
            (What::Say, Some(verb)) => Self::Say(id, verb),
            (What::Say, None) => return Err(Fault::NoRoute),
            (What::Reach, _) => {
                Self::Reach(id, query.take("free").map_or_else(|| Ok(BTreeSet::new()), |text| free(&text))?)
            }
            (What::Grants, _) => Self::Grants(query.take("state").map_or(Ok(Which::Open), |text| which(&text))?),
            (What::RevokeGrant, _) => Self::RevokeGrant(id),
            (What::Leases, _) => Self::Leases(query.take("state").map_or(Ok(Over::LeftOut), |text| over(&text))?),
            (What::RevokeLease, _) => Self::RevokeLease(id),
            (What::Me, _) => Self::Me,
            (What::Document, _) => Self::Document,
        };
        query.close()?;
        Ok(route)
    }
}

impl Place {
    /// Which call, and which verb, when it is this address.
    fn fits(&self, path: &str) -> Option<(String, Option<&'static Verb>)> {
        let (mut id, mut verb) = (String::new(), None);
        let mut given = path.split('/');
        for wanted in self.path.split('/') {
            let part = given.next()?;
            match wanted {
                "{id}" if !part.is_empty() => part.clone_into(&mut id),
                "{verb}" => verb = Some(VERBS.iter().find(|verb| verb.name == part)?),
                _ if part == wanted => {}
                _ => return None,
            }
        }
        given.next().is_none().then_some((id, verb))
    }
}

fn states(text: &str) -> Result<Vec<&'static str>, Fault> {
    if text == "all" {
        return Ok(Vec::new());
    }
    let state = |word: &str| match word {
        "open" => Ok(OPEN.to_vec()),
        word => State::WORDS.iter().find(|known| **known == word).map(|known| vec![*known]).ok_or_else(|| {
            malformed("state", format!("write `open`, `all`, or some of {}, with commas", State::WORDS.join(", ")))
        }),
    };
    Ok(text.split(',').map(state).collect::<Result<Vec<_>, _>>()?.concat())
}

fn free(text: &str) -> Result<BTreeSet<Pointer>, Fault> {
    let place = |text: &str| Pointer::try_from(text.to_owned()).map_err(|error| malformed("free", error.to_string()));
    text.split(',').filter(|text| !text.is_empty()).map(place).collect()
}

fn which(text: &str) -> Result<Which, Fault> {
    match text {
        "open" => Ok(Which::Open),
        "all" => Ok(Which::All),
        _ => Err(malformed("state", "write `open` or `all`".to_owned())),
    }
}

fn over(text: &str) -> Result<Over, Fault> {
    match text {
        "out" => Ok(Over::LeftOut),
        "all" => Ok(Over::Too),
        _ => Err(malformed("state", "write `out` or `all`".to_owned())),
    }
}

fn only(text: &str) -> Result<Only, Fault> {
    if text == "mine" {
        Ok(Only::Answerable)
    } else {
        Err(malformed("only", "write `mine`, or leave it out".to_owned()))
    }
}

fn limit(text: &str) -> Result<usize, Fault> {
    let limit = text.parse().ok().filter(|limit| (1..=LARGEST).contains(limit));
    limit.ok_or_else(|| malformed("limit", format!("write a number from 1 to {LARGEST}")))
}

fn wait(text: &str) -> Result<Duration, Fault> {
    let period = Period::parse(text).map(Period::duration).filter(|period| *period <= LONGEST_WAIT);
    period.ok_or_else(|| malformed("for", "write a time of at most 60s, such as 45s, and ask again".to_owned()))
}

fn known(key: &str, id: String) -> Result<String, Fault> {
    let plain = id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain { Ok(id) } else { Err(malformed(key, "write the id of a call".to_owned())) }
}
