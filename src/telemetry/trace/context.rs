//! To which trace does a request belong, and is the trace kept? W3C Trace Context.
//!
//! A caller's trace is gone on with, and what the caller said of keeping it counts. A trace that begins here is kept or not
//! by its own id, so that everybody who applies the same share keeps the same traces. A trace is no proof of anything: the
//! record does not depend on it.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::sync::Arc;

use crate::digest::push_hex;

/// A place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Names the trace.
    pub trace: [u8; 16],
    /// Names the span.
    pub span: [u8; 8],
    /// Whether it is kept.
    pub sampled: bool,
    /// What others wrote beside it.
    pub state: Option<Arc<str>>,
}

/// How many of the traces that begin here are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    millionths: u32,
}

/// A caller's `tracestate` longer than this is not passed on.
const LONGEST_STATE: usize = 512;
const WHOLE: u32 = 1_000_000;

impl Context {
    /// Reads a `traceparent`, and the `tracestate` beside it. Nothing where it is not one: then a trace begins here.
    pub fn read(parent: &str, state: Option<&str>) -> Option<Self> {
        let mut parts = parent.splitn(5, '-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let ([version], [flags]) = (bytes::<1>(version)?, bytes::<1>(flags)?);
        // Later versions may say more behind this; the first one does not.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span) = (bytes::<16>(trace)?, bytes::<8>(span)?);
        if trace == [0; 16] || span == [0; 8] {
            return None;
        }
        let fits = |state: &&str| {
            !state.is_empty() && state.len() <= LONGEST_STATE && state.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        };
        Some(Self { trace, span, sampled: flags & 1 == 1, state: state.filter(fits).map(Arc::from) })
    }

    /// A trace that begins here.
    pub fn root(trace: [u8; 16], span: [u8; 8], share: Share) -> Self {
        Self { trace: named(trace), span: named(span), sampled: share.keeps(&trace), state: None }
    }

    /// The next place in the same trace.
    #[must_use]
    pub fn child(&self, span: [u8; 8]) -> Self {
        Self { span: named(span), ..self.clone() }
    }

    /// As it is written for the next one.
    pub fn parent(&self) -> String {
        let mut text = String::with_capacity(55);
        text.push_str("00-");
        push(&self.trace, &mut text);
        text.push('-');
        push(&self.span, &mut text);
        text.push_str(if self.sampled { "-01" } else { "-00" });
        text
    }
}

impl Share {
    /// All of them.
    pub const ALL: Self = Self { millionths: WHOLE };

    /// Reads `100%`, `12.5%` or `0%`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 3 || part.len() > 4 {
            return None;
        }
        let part: u32 = format!("{part:0<4}").parse().ok()?;
        let millionths = whole.parse::<u32>().ok()?.saturating_mul(10_000).saturating_add(part);
        (millionths <= WHOLE).then_some(Self { millionths })
    }

    /// Whether a trace of this name is kept: by the last seven bytes, which are random in every trace.
    pub fn keeps(self, trace: &[u8; 16]) -> bool {
        let random = trace.iter().skip(9).fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
        let place = random.saturating_mul(u128::from(WHOLE)) >> 56;
        place < u128::from(self.millionths)
    }
}

/// No name is all zeros.
fn named<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    if bytes == [0; N]
        && let Some(last) = bytes.last_mut()
    {
        *last = 1;
    }
    bytes
}

/// Bytes as hex.
pub fn push(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        push_hex(*byte, text);
    }
}

/// Small hex digits, exactly so many.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a').and_then(|digit| digit.checked_add(10)),
        _ => None,
    };
    if text.len() != N.saturating_mul(2) {
        return None;
    }
    let mut found = [0; N];
    for (place, pair) in found.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *place = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_what_the_standard_calls_a_parent_is_one() {
        let context = Context::read(PARENT, Some("rojo=1")).unwrap();
        assert!(context.sampled && context.parent() == PARENT && context.state.as_deref() == Some("rojo=1"));
        let cases = [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", Some(false)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fd", Some(true)),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later", Some(true)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", None),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", None),
            ("00-1", None),
            ("", None),
            ("\u{1b}[2J", None),
        ];
        for (text, sampled) in cases {
            assert_eq!(Context::read(text, None).map(|context| context.sampled), sampled, "{text}");
        }
        for state in ["", "a=\n", "a=\u{1b}", &"x".repeat(513)] {
            assert_eq!(Context::read(PARENT, Some(state)).unwrap().state, None, "{state}");
        }
    }

    #[test]
    fn a_share_is_a_percentage() {
        for (text, millionths) in
            [("100%", Some(1_000_000)), ("12.5%", Some(125_000)), ("0%", Some(0)), ("0.01%", Some(100))]
        {
            assert_eq!(Share::parse(text).map(|share| share.millionths), millionths, "{text}");
        }
        for text in ["", "%", "101%", "100.1%", "-1%", "1", "0.1", "1.%", ".5%", "1.23456%", "1e2%"] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(trace: [u8; 16], span: [u8; 8]) {
            let context = Context::root(trace, span, Share::ALL);
            prop_assert!(context.sampled);
            prop_assert_eq!(Context::read(&context.parent(), None), Some(context));
        }

        #[test]
        fn a_smaller_share_keeps_no_trace_that_a_larger_one_drops(trace: [u8; 16], a in 0_u32..=1_000_000, b in 0_u32..=1_000_000) {
            let keeps = |millionths| Share { millionths }.keeps(&trace);
            prop_assert!(!keeps(a.min(b)) || keeps(a.max(b)));
            prop_assert!(keeps(1_000_000) && !keeps(0));
        }
    }
}
