//! How is Slack used?

use schemars::JsonSchema;
use url::Url;

use crate::channels::slack::{API, Mode, SlackOptions};
use crate::config::fault::Subject;
use crate::config::sample::is_sample;
use crate::config::section::{Privacy, Reading, Section, Wanted};
use crate::downstream::http::guard::{Private, Reach, reach_of};
use crate::facts::Risk;
use crate::secret::Secret;

/// A workspace of Slack.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Slack {
    /// The app's token, which begins with `xoxb-`.
    pub bot_token: Secret,
    /// With it the gateway opens a connection over which Slack tells what is pressed (Socket Mode); begins with `xapp-`.
    /// One of `app_token` and `signing_secret`.
    pub app_token: Option<Secret>,
    /// With it Slack signs requests that tell what is pressed; for a gateway with a public address.
    pub signing_secret: Option<Secret>,
    /// Where messages go that are for nobody in particular: an id (`C…`), or `#name`.
    pub channel: String,
    /// The workspace (`T…`). Default: the one the token is of.
    pub team: Option<String>,
    /// The highest risk of a call that can be agreed to in Slack; others are opened from there.
    #[schemars(extend("default" = "medium"))]
    pub max_risk: Risk,
    /// Whether a full member of the workspace is the person with the same e-mail address, where `accounts` names no Slack
    /// account of theirs. Whoever runs the workspace can give anybody any address.
    #[schemars(extend("default" = false))]
    pub by_email: bool,
    /// Where Slack is spoken to.
    #[schemars(with = "String", extend("default" = API))]
    pub api: Url,
}

const CHANNEL: Wanted = Wanted("a channel's id, or its name with a `#`", "C0123456789");

impl Slack {
    /// Reads its keys. Whoever has keys of their own in the same section closes it.
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let bot_token = token(section, "bot_token", &["xoxb-", "xoxe.xoxb-"]);
        let bot_token = bot_token.and_then(|given| {
            given.ok_or_else(|| section.missing("bot_token", Wanted("the app's token", "${SLACK_BOT_TOKEN}")))
        });
        let app_token = token(section, "app_token", &["xapp-"]);
        let signing_secret = token(section, "signing_secret", &[""]);
        let ways = match (section.has("app_token"), section.has("signing_secret")) {
            (true, false) | (false, true) => Ok(()),
            (both, _) => {
                let has = if both {
                    "has both `app_token` and `signing_secret`"
                } else {
                    "has neither `app_token` nor `signing_secret`"
                };
                let next =
                    "give `app_token` for Socket Mode, which needs no public address, or `signing_secret` for requests";
                Err(section.fault(format!("[{}] {has}", section.name()), next))
            }
        };
        let channel = section.required("channel", CHANNEL, channel);
        let team = section.optional("team", Wanted("a workspace's id", "T0123456789"), |text| {
            is_id(text, &['T', 'E']).then(|| text.to_owned())
        });
        let risk = Wanted("one of low, medium, high, critical", "medium");
        let max_risk = section.parsed("max_risk", risk, Risk::Medium.word(), Risk::from_word);
        let by_email = section.truth("by_email");
        let api = section.parsed("api", Wanted("an https address", API), API, address);
        ways?;
        Ok(Self {
            bot_token: bot_token?,
            app_token: app_token?,
            signing_secret: signing_secret?,
            channel: channel?,
            team: team?,
            max_risk: max_risk?,
            by_email: by_email?,
            api: api?,
        })
    }

    /// As the channel takes it; nothing where it was not read from a section.
    pub fn options(&self, name: &str) -> Option<SlackOptions> {
        let mode = match (self.app_token.clone(), self.signing_secret.clone()) {
            (Some(app_token), None) => Mode::Socket { app_token },
            (None, Some(signing_secret)) => Mode::Http { signing_secret },
            _ => return None,
        };
        Some(SlackOptions {
            name: name.to_owned(),
            team: self.team.clone(),
            bot_token: self.bot_token.clone(),
            mode,
            channel: self.channel.clone(),
            max_risk: self.max_risk,
            by_email: self.by_email,
            api: self.api.clone(),
        })
    }
}

/// A secret of Slack's, which begins with what says what kind it is.
fn token(section: &Section<'_>, key: &'static str, begins: &[&str]) -> Reading<Option<Secret>> {
    let Some(given) = section.given(key, Privacy::Secret)? else { return Ok(None) };
    let fault = |what: String, next: String| Err(section.note(&given.at, what, next, Subject::Hidden));
    let begin = begins.first().copied().unwrap_or_default();
    if given.text.is_empty() || !given.text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return fault(
            format!("`{key}` is empty, or holds signs no secret of Slack has"),
            "copy it from the page of the app".to_owned(),
        );
    }
    let rest = begins.iter().find_map(|begin| given.text.strip_prefix(begin));
    match rest {
        None => fault(
            format!("`{key}` is another kind of token"),
            format!("give it the one that begins with `{begin}`, as examples/slack says"),
        ),
        Some(rest) if is_sample(rest) || is_sample(&given.text) => fault(
            "this is a secret from a sample, which everybody knows".to_owned(),
            "put the one Slack made behind `${VAR}` or `${file:/path}`".to_owned(),
        ),
        Some(_) => Ok(Some(given.secret())),
    }
}

fn channel(text: &str) -> Option<String> {
    let named = text.strip_prefix('#').is_some_and(|name| {
        (1..=80).contains(&name.chars().count())
            && name.chars().all(|c| !c.is_whitespace() && !c.is_control() && !c.is_uppercase() && c != '#')
    });
    (named || is_id(text, &['C', 'G', 'D', 'U', 'W'])).then(|| text.to_owned())
}

fn is_id(text: &str, first: &[char]) -> bool {
    (2..=32).contains(&text.len())
        && text.starts_with(first)
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let local = url.scheme() == "http" && reach_of(&url, Private::Refused) == Reach::Loopback;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    ((url.scheme() == "https" || local) && bare).then_some(url)
}

impl std::fmt::Debug for Slack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slack").field("channel", &self.channel).field("team", &self.team).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
