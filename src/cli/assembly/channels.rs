//! How does the configuration become channels?

use url::Url;

use crate::approval::vote::Voter;
use crate::channels::automation::Automation;
use crate::channels::message::Details;
use crate::channels::webhook::{Webhook, WebhookOptions};
use crate::channels::{Channel, Channels, Kind};
use crate::config::channels::{self as said, RiskWord};
use crate::config::{self, Config};
use crate::downstream::http::guard::Private;
use crate::facts::Risk;

/// Every channel there is; people and programs find calls below this address.
pub fn channels(config: &Config, pages: Option<&Url>) -> Channels {
    config.channels.iter().map(|(name, said)| (name.clone(), channel(name, said, pages))).collect()
}

/// The programs that may decide.
pub fn automations(config: &Config) -> impl Iterator<Item = Voter> {
    config.channels.iter().filter_map(|(name, channel)| {
        let answers = channel.kind.answers()?;
        Some(Voter::automation(&answers.automation, name))
    })
}

fn channel(name: &str, said: &config::Channel, pages: Option<&Url>) -> Channel {
    let answers = said.kind.answers();
    let kind = match &said.kind {
        said::Kind::Webhook(said) => Kind::Webhook(Webhook::new(WebhookOptions {
            url: said.url.clone(),
            signers: said.keys.clone(),
            headers: said.headers.clone(),
            timeout: said.timeout.duration(),
            private: if said.allow_private { Private::Allowed } else { Private::Refused },
            may_decide: answers.is_some_and(|answers| answers.may_decide),
            answers_at: answers
                .filter(|answers| answers.key.is_some())
                .and_then(|_| pages?.join(&format!("/channels/{name}/answers")).ok())
                .map(String::from),
        })),
    };
    Channel {
        kind,
        events: said.events.clone(),
        risk_from: risk(said.risk_from),
        details: match said.details {
            said::Details::Thin => Details::Thin,
            said::Details::Full => Details::Full,
        },
        answers: answers.map(|answers| Automation {
            name: answers.automation.clone(),
            key: answers.key.clone(),
            max_risk: risk(answers.max_risk),
        }),
    }
}

const fn risk(word: RiskWord) -> Risk {
    match word {
        RiskWord::Low => Risk::Low,
        RiskWord::Medium => Risk::Medium,
        RiskWord::High => Risk::High,
        RiskWord::Critical => Risk::Critical,
    }
}
