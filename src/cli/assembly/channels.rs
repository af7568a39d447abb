//! How does the configuration become channels?

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use url::Url;

use crate::approval::vote::Voter;
use crate::channels::automation::Automation;
use crate::channels::link::LinkRule;
use crate::channels::link::kept::Links;
use crate::channels::mail::{Mail, Whose};
use crate::channels::message::Details;
use crate::channels::slack::Slack;
use crate::channels::teams::Teams;
use crate::channels::webhook::{Webhook, WebhookOptions};
use crate::channels::{Channel, Channels, Kind};
use crate::config::channels as said;
use crate::config::{self, Config};
use crate::downstream::http::guard::Private;
use crate::store::Store;

/// Every channel there is; people and programs find calls below this address.
pub fn channels(config: &Config, store: &Store, pages: Option<&Url>) -> anyhow::Result<Channels> {
    let made =
        |(name, said): (&String, &config::Channel)| Ok((name.clone(), channel(config, (name, said), (store, pages))?));
    config.channels.iter().map(made).collect()
}

/// Whether a link in some message is enough to answer by.
pub fn makes_links(config: &Config) -> bool {
    let makes = |channel: &config::Channel| matches!(&channel.kind, said::Kind::Mail(mail) if mail.link_is_enough != LinkRule::Never);
    config.channels.values().any(makes)
}

/// The programs that may decide.
pub fn automations(config: &Config) -> impl Iterator<Item = Voter> {
    config.channels.iter().filter_map(|(name, channel)| {
        let answers = channel.kind.answers()?;
        Some(Voter::automation(&answers.automation, name))
    })
}

/// Somebody's mail addresses. They prove nothing by themselves; but whoever is proven under one of them elsewhere is the same
/// person, and does not answer for themselves by another door.
pub fn addresses(config: &Config, person: &config::Person) -> impl Iterator<Item = String> {
    let is_mail =
        |name: &str| config.channels.get(name).is_some_and(|channel| matches!(channel.kind, said::Kind::Mail(_)));
    person.reach.iter().filter(move |reached| is_mail(&reached.channel)).map(|reached| reached.to.to_lowercase())
}

fn channel(
    config: &Config,
    (name, said): (&str, &config::Channel),
    (store, pages): (&Store, Option<&Url>),
) -> anyhow::Result<Channel> {
    let answers = said.kind.answers();
    let kind = match &said.kind {
        said::Kind::Webhook(said) => Kind::Webhook(Webhook::new(WebhookOptions {
            url: said.url.clone(),
            signers: said.keys.clone(),
            headers: said.headers.clone(),
            body: said.body.clone(),
            timeout: said.timeout.duration(),
            private: if said.allow_private { Private::Allowed } else { Private::Refused },
            may_decide: answers.is_some_and(|answers| answers.may_decide),
            answers_at: answers
                .filter(|answers| answers.key.is_some())
                .and_then(|_| pages?.join(&format!("/channels/{name}/answers")).ok())
                .map(String::from),
        })),
        said::Kind::Teams(said) => Kind::Teams(Teams::new(&said.options())?),
        said::Kind::Mail(said) => {
            let links = Links::new(store.clone(), pages.cloned(), said.link_is_enough);
            Kind::Mail(Box::new(Mail::new(said.options(), links, whose(config, name))?))
        }
        said::Kind::Slack(said) => {
            let options = said.options(name).with_context(|| format!("[channels.{name}] has no way back"))?;
            Kind::Slack(Slack::new(options)?)
        }
    };
    Ok(Channel {
        kind,
        filter: said.filter.clone(),
        details: match said.details {
            said::Details::Thin => Details::Thin,
            said::Details::Full => Details::Full,
        },
        answers: answers.map(|answers| Automation {
            name: answers.automation.clone(),
            key: answers.key.clone(),
            max_risk: answers.max_risk,
        }),
    })
}

/// Who has an address of this channel, by their name in the list. An address of two is nobody's.
fn whose(config: &Config, channel: &str) -> Whose {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (name, person) in &config.people {
        for reached in person.reach.iter().filter(|reached| reached.channel == channel) {
            let whose = known.entry(reached.to.to_lowercase()).or_insert_with(|| Some(name.clone()));
            if whose.as_ref() != Some(name) {
                *whose = None;
            }
        }
    }
    Arc::new(move |address| known.get(&address.to_lowercase()).cloned().flatten())
}
