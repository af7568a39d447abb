//! By what does a browser say who it is?
//!
//! Over https the cookie is bound to this host by its name, and never leaves unencrypted. Over plain http, which is for
//! loopback, browsers do not agree whether such a cookie may exist, so it has a plain name there. Scripts never see it, and
//! other sites cannot have it sent along with a form.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::Doors;
use crate::front::refusal::Reply;

/// Says who somebody is.
pub(super) const PERSON: &str = "countersign";
/// Says which sign-in somebody has begun.
pub(super) const WAY: &str = "countersign-way";

/// Bytes of a cookie of ours, at most.
const LONGEST: usize = 256;

/// Something a browser is to keep.
pub(super) struct Kept<'a> {
    /// Its name.
    pub(super) what: &'static str,
    /// What it is.
    pub(super) value: &'a str,
    /// For how long.
    pub(super) seconds: u64,
}

/// A cookie of a request. Two of one name are none: nobody knows whose the second is.
pub(super) fn of<'a>(headers: &'a HeaderMap, what: &'static str, secure: bool) -> Option<&'a str> {
    let wanted = name(what, secure);
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    });
    let first = found.next().filter(|value| value.len() <= LONGEST)?;
    found.next().is_none().then_some(first)
}

/// Has the browser keep it.
pub(super) fn set(mut reply: Reply, kept: &Kept<'_>, doors: &Doors) -> Reply {
    let Kept { what, value, seconds } = kept;
    let secure = if doors.secure { "; Secure" } else { "" };
    let name = name(what, doors.secure);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        reply.headers_mut().append(SET_COOKIE, value);
    }
    reply
}

/// Has the browser forget it.
pub(super) fn unset(reply: Reply, what: &'static str, doors: &Doors) -> Reply {
    set(reply, &Kept { what, value: "", seconds: 0 }, doors)
}

fn name(what: &str, secure: bool) -> String {
    if secure { format!("__Host-{what}") } else { what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_once() {
        for (lines, secure, found) in [
            (&["countersign=abc"][..], false, Some("abc")),
            (&["a=b; countersign=abc ; c=d"], false, Some("abc")),
            (&["a=b", "countersign=abc"], false, Some("abc")),
            (&["countersign=abc"], true, None),
            (&["__Host-countersign=abc; countersign=evil"], true, Some("abc")),
            (&["countersign=abc; countersign=evil"], false, None),
            (&["xcountersign=abc"], false, None),
            (&[], false, None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, line.parse().unwrap());
            }
            assert_eq!(of(&headers, PERSON, secure), found, "{lines:?}");
        }
    }
}
