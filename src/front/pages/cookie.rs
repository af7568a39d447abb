//! By what does a browser say who it is?
//!
//! Over https the cookie is bound to this host by its name, and never leaves unencrypted. Over plain http, which is for
//! loopback, browsers do not agree whether such a cookie may exist, so it has a plain name there. Scripts never see it, and
//! other sites cannot have it sent along with a form.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::Doors;
use crate::front::refusal::Reply;
use crate::identity::sign_in::Cookie;

const SECURE: &str = "__Host-countersign";
const PLAIN: &str = "countersign";

/// The cookie of a request. Two of one name are none: nobody knows whose the second is.
pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<Cookie> {
    let wanted = name(secure);
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    });
    let first = found.next().filter(|value| value.len() <= 128)?;
    found.next().is_none().then(|| Cookie::read(first))
}

/// Has the browser keep it.
pub(super) fn set(reply: Reply, cookie: &Cookie, doors: Doors) -> Reply {
    put(reply, doors, cookie.expose(), doors.lasting.longest.as_secs())
}

/// Has the browser forget it.
pub(super) fn unset(reply: Reply, doors: Doors) -> Reply {
    put(reply, doors, "", 0)
}

fn put(mut reply: Reply, doors: Doors, value: &str, seconds: u64) -> Reply {
    let secure = if doors.secure { "; Secure" } else { "" };
    let name = name(doors.secure);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        reply.headers_mut().append(SET_COOKIE, value);
    }
    reply
}

const fn name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
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
            assert_eq!(of(&headers, secure).as_ref().map(Cookie::expose), found, "{lines:?}");
        }
    }
}
