//! What may not come back? A server that was given a credential may repeat it, in an error, a result, a log line.
//!
//! The secret itself is looked for, and the forms in which servers repeat one: in percent-encoding, in Base64, and inside what
//! was written around it. A server that changes it in other ways is not found out; what it has is worth nothing soon after.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::material::SHORTEST;
use crate::downstream::{FromServer, Reply};
use crate::secret::{HIDDEN, Secret};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Notification, RpcError};

/// Takes the secrets of one call out of what its server says.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Scrub {
    needles: Vec<Zeroizing<String>>,
    found: AtomicBool,
}

impl Scrub {
    /// Of these texts, all of them secret.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<Zeroizing<String>> = Vec::new();
        for secret in secrets {
            let text = secret.expose();
            if text.len() < SHORTEST {
                continue;
            }
            let encoded = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].map(|form| form.encode(text));
            let forms = [text.to_owned(), percent(text), escaped(text)].into_iter().chain(encoded);
            for form in forms {
                if !needles.iter().any(|known| **known == form) {
                    needles.push(Zeroizing::new(form));
                }
            }
        }
        // The longest first: what stands around a secret goes with it.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        Self { needles, found: AtomicBool::new(false) }
    }

    /// Whether anything was taken out until now.
    pub fn found(&self) -> bool {
        self.found.load(Ordering::Relaxed)
    }

    /// A text without secrets.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for needle in &self.needles {
            if clean.contains(needle.as_str()) {
                self.found.store(true, Ordering::Relaxed);
                clean = Cow::Owned(clean.replace(needle.as_str(), HIDDEN));
            }
        }
        clean
    }

    fn own(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.text(text) {
            *text = clean;
        }
    }

    /// Takes secrets out of every text of a value, names of members included.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.own(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => self.object(members),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The same for an object.
    pub fn object(&self, members: &mut Object) {
        let done: Result<(), std::convert::Infallible> = members.rewrite(|name, value| {
            self.own(name);
            self.value(value);
            Ok(true)
        });
        let Ok(()) = done;
    }

    fn error(&self, error: &mut RpcError) {
        self.own(&mut error.message);
        if let Some(data) = &mut error.data {
            self.value(data);
        }
    }

    /// The same for what a call came to.
    pub fn reply(&self, mut reply: Reply) -> Reply {
        match &mut reply {
            Reply::Answered(Ok(result)) => self.value(result),
            Reply::Answered(Err(error)) => self.error(error),
            Reply::NotSent(why) | Reply::Unknown(why) => self.own(why),
            Reply::Cancelled => {}
        }
        reply
    }

    /// The same for what a server says meanwhile.
    pub fn event(&self, mut event: FromServer) -> FromServer {
        match &mut event {
            FromServer::Notification(Notification { params, .. }) => self.object(params),
            FromServer::Request { request, .. } => self.object(&mut request.params),
            FromServer::Closed(why) => self.own(why),
        }
        event
    }
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 0x0f] {
                out.extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out
}

/// As it stands in JSON inside a text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    crate::wire::json::write_string(text, &mut out);
    out.trim_start_matches('"').trim_end_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn a_secret_is_taken_out_in_every_form_servers_repeat_it_in() {
        // CRE-03, CRE-09.
        let secret = "p\u{e4}ss/w\"rd+canary==";
        let around = format!("postgres://u:{secret}@h/d");
        let scrub = Scrub::of([&Secret::new(secret.to_owned()), &Secret::new(around.clone())]);
        for said in [
            format!("bad header: Bearer {secret}!"),
            format!("cannot reach {around}"),
            format!("?token={}&x=1", percent(secret)),
            format!("Basic {}", STANDARD.encode(secret)),
            format!("jwt {}", URL_SAFE_NO_PAD.encode(secret)),
            object! { "echo" => secret }.iter().map(|(_, value)| value.to_string()).collect::<String>(),
        ] {
            let told = scrub.text(&said).into_owned();
            assert!(told.contains(HIDDEN) && !told.contains("canary"), "{said} became {told}");
            assert!(!told.contains("postgres://"), "what stands around it goes too: {told}");
        }
        assert!(scrub.found());
        assert_eq!(Scrub::of([&Secret::new("short".to_owned())]).text("short").as_ref(), "short");
    }

    #[test]
    fn names_of_members_and_errors_are_searched_too() {
        let scrub = Scrub::of([&Secret::new("canary-12345678".to_owned())]);
        let mut error = RpcError::new(1, "refused canary-12345678");
        error.data = Some(Value::from(object! { "canary-12345678" => vec![Value::from("x canary-12345678")] }));
        let Reply::Answered(Err(error)) = scrub.reply(Reply::Answered(Err(error))) else { panic!("it was an error") };
        assert!(!error.message.contains("canary") && !error.data.unwrap().to_string().contains("canary"));
        let clean = Scrub::of([&Secret::new("canary-12345678".to_owned())]);
        assert_eq!(clean.text("nothing here"), Cow::Borrowed("nothing here"));
        assert!(!clean.found());
    }
}
