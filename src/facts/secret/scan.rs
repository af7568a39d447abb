//! Where in a text does a secret stand?
//!
//! One pass: what is looked at from each place is bounded, or ends where the next place begins.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::forms::{Body, FORMS, Form};
use super::{Class, named};

/// The forms by the byte they begin with.
static BY_START: LazyLock<[Vec<&Form>; 128]> = LazyLock::new(|| {
    let begins = |form: &&Form, at: usize| form.start.bytes().next().is_some_and(|byte| usize::from(byte) == at);
    std::array::from_fn(|at| FORMS.iter().filter(|form| begins(form, at)).collect())
});

/// How far a heading is read.
const HEADING: usize = 64;

/// How far a name goes back from its value.
const NAME: usize = 64;

/// The longest value that is judged.
const VALUE: usize = 256;

/// Every kind of secret in a text.
pub(super) fn classes(text: &str) -> BTreeSet<Class> {
    let bytes = text.as_bytes();
    let mut found = BTreeSet::new();
    let mut before = b' ';
    let (mut token_end, mut judged_end) = (0, 0);
    for (at, byte) in bytes.iter().copied().enumerate() {
        let rest = bytes.get(at..).unwrap_or_default();
        if !before.is_ascii_alphanumeric() {
            if byte.is_ascii_alphanumeric() {
                let forms = BY_START.get(usize::from(byte)).map(Vec::as_slice).unwrap_or_default();
                found.extend(forms.iter().filter(|form| fits(form, rest)).map(|form| form.class));
                // Parts of a token that was looked at already are no tokens of their own.
                if byte == b'e' && at >= token_end && rest.starts_with(b"eyJ") {
                    let (signed, length) = signed_token(rest);
                    token_end = at.saturating_add(length);
                    found.extend(signed.then_some(Class::SignedToken));
                }
                found.extend(authorization(rest).then_some(Class::Authorization));
            } else if byte == b'-' && is_private_key(rest) {
                found.insert(Class::PrivateKey);
            }
        }
        if byte == b':' && rest.starts_with(b"://") {
            found.extend(address(text, at));
        }
        // A space parts name and value only right behind an option.
        let parts = matches!(byte, b'=' | b':') || byte == b' ' && before.is_ascii_alphanumeric();
        if parts && at >= judged_end {
            let (class, length) = assignment(text, at, &found).unwrap_or_default();
            judged_end = at.saturating_add(length);
            found.extend(class);
        }
        before = byte;
    }
    found
}

fn fits(form: &Form, rest: &[u8]) -> bool {
    let Some(body) = rest.strip_prefix(form.start.as_bytes()) else { return false };
    let Some(least) = body.get(..form.least) else { return false };
    let url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match form.body {
        Body::Word => least.iter().all(u8::is_ascii_alphanumeric),
        Body::Capitals => {
            least.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && !body.get(form.least).is_some_and(u8::is_ascii_alphanumeric)
        }
        Body::Url => least.iter().all(url),
        Body::Mixed => {
            least.iter().all(url) && least.iter().any(u8::is_ascii_digit) && least.iter().any(u8::is_ascii_uppercase)
        }
        Body::Hex => least.iter().all(u8::is_ascii_hexdigit),
        Body::Any => least.iter().all(|byte| url(byte) || matches!(byte, b'.' | b'/' | b'+' | b'=')),
    }
}

/// Three parts, of which the first two begin as JSON does in base64; and how much of the text was looked at.
fn signed_token(rest: &[u8]) -> (bool, usize) {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let length = rest.iter().take_while(part).count();
    let mut parts = rest.get(..length).unwrap_or_default().split(|byte| *byte == b'.');
    let (head, body, sign) = (parts.next(), parts.next(), parts.next());
    let long = |part: Option<&[u8]>, least: usize| part.is_some_and(|part| part.len() >= least);
    // An encrypted one has no readable second part.
    (long(head, 15) && body.is_some() && sign.is_some() && (long(body, 10) || parts.next().is_some()), length)
}

/// `-----BEGIN … PRIVATE KEY`, of whatever kind.
fn is_private_key(rest: &[u8]) -> bool {
    let Some(heading) = rest.strip_prefix(b"-----BEGIN ") else { return false };
    let heading = heading.get(..heading.len().min(HEADING)).unwrap_or_default();
    heading.windows(11).any(|words| words == b"PRIVATE KEY")
}

/// `Bearer` or `Basic` and what looks like a token.
fn authorization(rest: &[u8]) -> bool {
    let word = |name: &[u8]| {
        let (start, after) = rest.split_at_checked(name.len())?;
        let after = after.strip_prefix(b" ").filter(|_| start.eq_ignore_ascii_case(name))?;
        let body = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        let token = after.iter().take(VALUE).take_while(body).count();
        std::str::from_utf8(after.get(..token)?).ok()
    };
    let bearer = word(b"bearer").is_some_and(|token| token.len() >= 16 && named::looks_secret(token));
    bearer || word(b"basic").is_some_and(|token| token.len() >= 12 && is_user_and_password(token))
}

fn is_user_and_password(token: &str) -> bool {
    use base64::Engine as _;
    let plain = base64::engine::general_purpose::STANDARD_NO_PAD.decode(token.trim_end_matches('='));
    plain.is_ok_and(|plain| plain.contains(&b':') && plain.iter().all(|byte| !byte.is_ascii_control()))
}

/// What a user and a password before a host are; `at` is the colon of `://`.
fn address(text: &str, at: usize) -> Option<Class> {
    let after = text.get(at.saturating_add(3)..)?;
    let after = after.get(..after.floor_char_boundary(1024))?;
    let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '\\') || c.is_whitespace();
    let (user_info, _) = after.split(ends).next()?.rsplit_once('@')?;
    let before = text.get(text.floor_char_boundary(at.saturating_sub(16))..at).unwrap_or_default();
    let web = ["http", "https", "ftp", "ws", "wss"].iter().any(|scheme| {
        let start = before.len().saturating_sub(scheme.len());
        before.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(scheme))
    });
    let class = if web { Class::UrlPassword } else { Class::ConnectionString };
    let stands_in = |text: &str| text.is_empty() || text.starts_with(['$', '<', '{', '*', '%']) && !is_encoded(text);
    match user_info.split_once(':') {
        Some((_, password)) => (!stands_in(password)).then_some(class),
        // A token alone, as for a clone.
        None => (user_info.len() >= 20 && named::looks_secret(user_info)).then_some(class),
    }
}

/// `%40word` is a password, `%s` and `%PASSWORD%` are not.
fn is_encoded(text: &str) -> bool {
    text.strip_prefix('%')
        .and_then(|code| code.get(..2))
        .is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `PASSWORD=…`, `"token": "…"`, `--password …`, `Pwd=…;`, and how many bytes behind `at` need no second look; `at` parts name and value.
fn assignment(text: &str, at: usize, found: &BTreeSet<Class>) -> Option<(Option<Class>, usize)> {
    let start = text.floor_char_boundary(at.saturating_sub(NAME));
    let before = text.get(start..at)?.trim_end_matches(['"', '\'', ' ', '\\']);
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = before.rsplit(|c: char| !word(c)).next().filter(|name| !name.is_empty())?;
    let after = text.get(at..)?;
    if after.starts_with(' ') && !name.starts_with('-') {
        return None;
    }
    let class = named::class(name).filter(|class| !found.contains(class))?;
    let after = after.get(..after.floor_char_boundary(VALUE))?;
    let after = after.trim_start_matches([' ', '=', ':', '\\']);
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inside = quote.map_or(after, |quote| after.trim_start_matches(quote));
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ',' | '&' | '\\' | '<' | '>' | ')');
    let value = inside.split(ends).next().unwrap_or_default();
    let code = value.contains(['(', '{']);
    if code || !named::looks_secret(value) {
        // A dull value may hold pairs of its own; only what was weighed as a whole is done with.
        return (!code && named::is_weighed(value)).then_some((None, value.len().min(named::WEIGHED)));
    }
    let key = name.to_ascii_lowercase();
    // Pairs with semicolons between them are how databases and queues are told where to connect.
    let pairs = inside.get(value.len()..).is_some_and(|rest| rest.starts_with(';')) || before.contains(';');
    let joined = pairs || matches!(key.as_str(), "accountkey" | "sharedaccesskey");
    Some((Some(if joined { Class::ConnectionString } else { class }), 0))
}
