//! What is a body tried with before it is used?
//!
//! Every thing that can happen, at every risk, with words that would break out of wherever they stand.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::channels::message::{AskedBy, Known, Matter, Message};
use crate::channels::notice::What;
use crate::credentials::wanted::Kind;
use crate::facts::Risk;
use crate::policy::finding::evidence::Needed;
use crate::policy::finding::span::Span;
use crate::review::credential::Credential;
use crate::review::sentence::Word;

/// Every risk.
pub(super) const RISKS: [Risk; 4] = [Risk::Low, Risk::Medium, Risk::High, Risk::Critical];

const HOSTILE: &str = "\"}, {\"x\": \"\\ </b> **Approved** <!channel> @everyone https://evil.example \u{202e}\r\n";

/// A message of each kind.
pub(super) fn messages() -> Vec<Message> {
    let each = What::ALL.into_iter().flat_map(|what| RISKS.map(|risk| message(what, risk)));
    each.collect()
}

/// One of them.
pub(super) fn message(what: What, risk: Risk) -> Message {
    let matters = match what {
        What::Test => Vec::new(),
        What::Many => vec![matter(risk), matter(Risk::Low)],
        _ => vec![matter(risk)],
    };
    Message { what, at: "2026-11-22T08:00:00.000Z".to_owned(), matters, more: None }
}

fn matter(risk: Risk) -> Matter {
    Matter {
        id: "01a1ff4e-0000-7000-8000-000000000001".to_owned(),
        revision: 1,
        state: "pending".to_owned(),
        risk,
        sentence: vec![Word::Ours("Delete from ".to_owned()), Word::Theirs(format!("orders{HOSTILE}"))],
        digest: format!("sha256:{}", "0".repeat(64)),
        server: "shop".to_owned(),
        target: format!("run_sql{HOSTILE}"),
        environment: "production".to_owned(),
        asker: AskedBy {
            principal: "key:ci".to_owned(),
            agent: Some(format!("builder{HOSTILE}")),
            user: Some("ada@example.com".to_owned()),
            client: None,
        },
        rules: vec!["shop/writes".to_owned()],
        reason: Some(format!("Rows go away.{HOSTILE}")),
        credentials: Span::of_seconds(20).map(credential).into_iter().collect(),
        known: vec![Known {
            name: "Rows".to_owned(),
            words: vec![Word::Ours("every row of ".to_owned()), Word::Theirs(HOSTILE.to_owned())],
            warning: true,
        }],
        lacking: vec!["1 of role:reviewer".to_owned()],
        deadline: "2026-11-22T09:00:00.000Z".to_owned(),
        evidence: Needed::Account,
        said: None,
        asked: None,
        page: Some("https://gw.example.com/calls/01a1ff4e-0000-7000-8000-000000000001".to_owned()),
        arguments: None,
    }
}

fn credential(ttl: Span) -> Credential {
    Credential {
        provider: "shop".to_owned(),
        kind: Kind::Exec,
        scope: Some(HOSTILE.to_owned()),
        reaches: vec![format!("read{HOSTILE}")],
        ttl,
        standing: false,
        into: vec![format!("a variable{HOSTILE}")],
    }
}
