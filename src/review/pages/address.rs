//! What is asked of the pages?

use super::super::answer::{VERBS, Verb};
use super::super::fault::Fault;
use super::super::query::{Query, malformed};
use super::frame::{ASSETS, Asset};
use super::history::Search;
use crate::identity::sign_in::oidc::CALLBACK;
use crate::store::grants::Which;

/// No id or name in an address is longer.
const LONGEST: usize = 128;
/// No address to come back to is longer.
const LONGEST_RETURN: usize = 512;

/// A page, or something that is done on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Where everything begins.
    Home,
    /// Calls.
    Inbox {
        /// Which.
        show: Show,
        /// Only what is older than this one.
        after: Option<String>,
    },
    /// One of them.
    Call(String),
    /// Exactly what would be sent.
    Sent(String),
    /// Something is said to one of them.
    Say(String, &'static str),
    /// What is signed when it is said.
    Sign(String, &'static str),
    /// One's own account.
    Me,
    /// What a passkey is made with.
    BeginPasskey,
    /// It was made.
    AddPasskey,
    /// One is taken away.
    RemovePasskey,
    /// Somebody is signed out everywhere.
    EndSignIns,
    /// What is signed when somebody signs in.
    BeginSignIn,
    /// They signed.
    FinishSignIn,
    /// Calls of the past.
    History(Search),
    /// What people agreed to beyond one call.
    Grants(Which),
    /// One of them is taken back.
    RevokeGrant(String),
    /// Servers and their tools.
    Servers,
    /// By which channels people are asked.
    Channels,
    /// Something is delivered by one of them again.
    Redeliver,
    /// Credentials that are out.
    Leases,
    /// One of them is taken back.
    TakeBack(String),
    /// The policies in force.
    Rules,
    /// How people answer.
    Numbers,
    /// Changes as they happen.
    Events,
    /// How to sign in.
    SignIn {
        /// Where to go after that.
        then: String,
    },
    /// With one of the providers.
    With {
        /// Which.
        name: String,
        /// Where to go after that.
        then: String,
    },
    /// Somebody comes back from there.
    Callback,
    /// The link that was printed where the gateway was started.
    Link(String),
    /// It is used.
    UseLink,
    /// Signing out.
    SignOut,
    /// A link from a message is opened.
    Decision(String),
    /// Somebody answers by it.
    Decide(String),
    /// Something that is part of every page.
    Asset(&'static Asset),
}

/// Which calls are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Those this person can answer.
    Mine,
    /// All that are open.
    Open,
    /// All that are over.
    Decided,
}

impl Show {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Mine, Self::Open, Self::Decided];

    /// The word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Open => "open",
            Self::Decided => "decided",
        }
    }

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mine => "For you",
            Self::Open => "All open",
            Self::Decided => "Decided",
        }
    }
}

impl Address {
    /// What a request asks for; nothing where it asks for no page.
    pub fn read(method: &http::Method, path: &str, query: Option<&str>) -> Result<Option<Self>, Fault> {
        // What a provider sends back is read where it is judged.
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let mut query = if path == CALLBACK { Query::default() } else { Query::read(query)? };
        let get = |address| Some(("GET", address));
        let post = |address| Some(("POST", address));
        let found = match parts.as_slice() {
            [""] => get(Self::Home),
            ["inbox"] => get(Self::Inbox {
                show: show(query.take("show"))?,
                after: query.take("after").map(|id| known(&id)).transpose()?,
            }),
            ["calls", id] => get(Self::Call(known(id)?)),
            ["calls", id, "sent"] => get(Self::Sent(known(id)?)),
            ["calls", id, verb] => match VERBS.iter().find(|known| known.name == *verb) {
                Some(Verb { name, .. }) => post(Self::Say(known(id)?, name)),
                None => None,
            },
            ["calls", id, verb, "sign"] => match VERBS.iter().find(|known| known.name == *verb) {
                Some(Verb { name, .. }) => post(Self::Sign(known(id)?, name)),
                None => None,
            },
            ["me"] => get(Self::Me),
            ["passkeys"] => post(Self::AddPasskey),
            ["passkeys", "begin"] => post(Self::BeginPasskey),
            ["passkeys", "remove"] => post(Self::RemovePasskey),
            ["sign-ins", "end"] => post(Self::EndSignIns),
            ["sign-in", "passkey"] => post(Self::FinishSignIn),
            ["sign-in", "passkey", "begin"] => post(Self::BeginSignIn),
            ["history"] => get(Self::History(Search::read(&mut |name| query.take(name))?)),
            ["grants"] => get(Self::Grants(which(query.take("show").as_deref())?)),
            ["grants", id, "revoke"] => post(Self::RevokeGrant(known(id)?)),
            ["servers"] => get(Self::Servers),
            ["channels"] => get(Self::Channels),
            ["channels", "redeliver"] => post(Self::Redeliver),
            ["leases"] => get(Self::Leases),
            ["leases", id, "revoke"] => post(Self::TakeBack(known(id)?)),
            ["rules"] => get(Self::Rules),
            ["numbers"] => get(Self::Numbers),
            ["events"] => get(Self::Events),
            ["sign-in"] => get(Self::SignIn { then: back(query.take("then")) }),
            ["sign-in", "with", name] => get(Self::With { name: known(name)?, then: back(query.take("then")) }),
            ["sign-in", "callback"] => get(Self::Callback),
            ["sign-in", "link"] if method == http::Method::POST => post(Self::UseLink),
            ["sign-in", "link"] => get(Self::Link(query.take("secret").unwrap_or_default())),
            ["sign-out"] => post(Self::SignOut),
            ["l", token] if method == http::Method::POST => post(Self::Decide(known(token)?)),
            ["l", token] => get(Self::Decision(known(token)?)),
            ["assets", name] => {
                ASSETS.iter().find(|asset| asset.is_named(name)).and_then(|asset| get(Self::Asset(asset)))
            }
            _ => None,
        };
        let Some((wanted, address)) = found else { return Ok(None) };
        if method.as_str() != wanted && !(wanted == "GET" && *method == http::Method::HEAD) {
            return Err(Fault::Method(wanted));
        }
        query.close()?;
        Ok(Some(address))
    }
}

/// An address of ours to come back to. Anything else, also what a browser would take for another host, is the beginning.
pub fn back(wanted: Option<String>) -> String {
    let ours = |to: &String| {
        to.starts_with('/')
            && !to.starts_with("//")
            && to.len() <= LONGEST_RETURN
            && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    wanted.filter(ours).unwrap_or_else(|| "/inbox".to_owned())
}

fn show(wanted: Option<String>) -> Result<Show, Fault> {
    let Some(wanted) = wanted else { return Ok(Show::Mine) };
    let found = Show::ALL.into_iter().find(|show| show.word() == wanted);
    found.ok_or_else(|| malformed("show", "write `mine`, `open` or `decided`"))
}

fn which(wanted: Option<&str>) -> Result<Which, Fault> {
    match wanted {
        None | Some("open") => Ok(Which::Open),
        Some("all") => Ok(Which::All),
        Some(_) => Err(malformed("show", "write `open` or `all`")),
    }
}

fn known(id: &str) -> Result<String, Fault> {
    let plain = id.len() <= LONGEST && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain { Ok(id.to_owned()) } else { Err(Fault::Unknown) }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (wanted, got) in [
            (Some("/calls/01"), "/calls/01"),
            (Some("/inbox?show=open"), "/inbox?show=open"),
            (None, "/inbox"),
            (Some("//evil.example"), "/inbox"),
            (Some("/\\evil.example"), "/inbox"),
            (Some("https://evil.example"), "/inbox"),
            (Some("/a\r\nSet-Cookie: x"), "/inbox"),
            (Some(""), "/inbox"),
        ] {
            assert_eq!(back(wanted.map(str::to_owned)), got, "{wanted:?}");
        }
    }

    #[test]
    fn each_address_is_asked_in_one_way() {
        let read = |method: Method, path, query| Address::read(&method, path, query);
        assert_eq!(read(Method::GET, "/", None).unwrap(), Some(Address::Home));
        let inbox = Address::Inbox { show: Show::Open, after: None };
        assert_eq!(read(Method::GET, "/inbox", Some("show=open")).unwrap(), Some(inbox));
        assert_eq!(read(Method::GET, "/nowhere", None).unwrap(), None);
        assert_eq!(read(Method::GET, "/grants", None).unwrap(), Some(Address::Grants(Which::Open)));
        assert_eq!(read(Method::GET, "/grants", Some("show=all")).unwrap(), Some(Address::Grants(Which::All)));
        let revoke = Address::RevokeGrant("01".to_owned());
        assert_eq!(read(Method::POST, "/grants/01/revoke", None).unwrap(), Some(revoke));
        assert!(matches!(read(Method::GET, "/grants/01/revoke", None), Err(Fault::Method("POST"))));
        assert!(matches!(read(Method::GET, "/history", Some("from=soon")), Err(Fault::Malformed { .. })));
        let say = Address::Say("01".to_owned(), "approve");
        assert_eq!(read(Method::POST, "/calls/01/approve", None).unwrap(), Some(say));
        assert!(
            matches!(read(Method::GET, "/calls/01/approve", None), Err(Fault::Method("POST"))),
            "a link decides nothing"
        );
        assert!(matches!(read(Method::GET, "/calls/..%2f", None), Err(Fault::Unknown)));
        assert!(matches!(read(Method::GET, "/inbox", Some("show=x")), Err(Fault::Malformed { .. })));
        assert!(matches!(read(Method::GET, "/inbox", Some("a=1&a=2")), Err(Fault::Malformed { .. })));
        assert!(matches!(read(Method::GET, "/inbox", Some("stray=1")), Err(Fault::Malformed { .. })));
    }
}
