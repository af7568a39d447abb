//! Slack, well and badly configured.

use std::cell::RefCell;
use std::path::Path;

use super::*;
use crate::config::fault::{Faults, Original};
use crate::config::section::Reader;
use crate::config::tests::around;
use crate::config::tree::plant;

const TOKENS: &str = "bot_token = \"xoxb-93kd02ks8ah2\"\napp_token = \"xapp-1-A93kd02ks8ah2\"\n";

fn read(text: &str) -> Result<(Slack, String), String> {
    let mut original = Original { name: "countersign.toml".to_owned(), text: text.to_owned(), strings: Vec::new() };
    let root = plant(&mut original).map_err(|fault| fault.what)?;
    let around = around(&[("TOKEN", "xoxb-5Dk20skVa8w")]);
    let reader = Reader {
        original: &original,
        around: &around,
        directory: Path::new("/work"),
        faults: RefCell::default(),
        settings: RefCell::default(),
        places: RefCell::default(),
    };
    let section = Section::root(&reader, &root);
    let slack = Slack::read(&section);
    section.close();
    let shown = format!("{:?}", reader.settings.take());
    let faults = reader.faults.into_inner();
    match slack {
        Ok(slack) if faults.is_empty() => Ok((slack, shown)),
        _ => Err(Faults::sorted(faults).to_string()),
    }
}

#[test]
fn a_workspace_is_understood() {
    let (slack, shown) = read(&format!("{TOKENS}channel = \"#approvals\"\n")).unwrap();
    let options = slack.options("team").unwrap();
    assert!(matches!(&options.mode, Mode::Socket { app_token } if app_token.expose() == "xapp-1-A93kd02ks8ah2"));
    assert_eq!((options.name.as_str(), options.channel.as_str(), options.team), ("team", "#approvals", None));
    assert_eq!((options.max_risk, options.by_email, options.api.as_str()), (Risk::Medium, false, API));
    assert!(!shown.contains("93kd02") && !format!("{slack:?}").contains("93kd02"), "{shown}");
    let text = "bot_token = \"${TOKEN}\"\nsigning_secret = \"8f742231b10e8888abcd99e85a5\"\nchannel = \"C02\"\n\
        team = \"T02\"\nmax_risk = \"high\"\nby_email = true\napi = \"https://slack-gov.com/api/\"\n";
    let options = read(text).unwrap().0.options("gov").unwrap();
    assert!(matches!(options.mode, Mode::Http { .. }) && options.bot_token.expose() == "xoxb-5Dk20skVa8w");
    assert_eq!((options.max_risk, options.by_email, options.team.as_deref()), (Risk::High, true, Some("T02")));
}

#[test]
fn every_mistake_is_told_with_the_next_step() {
    let with = |more: &str| format!("{TOKENS}{more}");
    for (text, what, next) in [
        (with(""), "has no `channel`", "C0123456789"),
        (with("channel = \"approvals\""), "`approvals` is not a channel's id", "such as `C0123456789`"),
        (with("channel = \"#a b\""), "is not a channel's id", "`#`"),
        (with("channel = \"C1\"\nteam = \"acme\""), "`acme` is not a workspace's id", "T0123456789"),
        (with("channel = \"C1\"\nmax_risk = \"huge\""), "`huge` is not one of low", "`medium`"),
        (with("channel = \"C1\"\napi = \"http://slack.com/api/\""), "is not an https address", API),
        (with("channel = \"C1\"\nsigning_secret = \"8f742231b10e8888abcd\""), "has both", "Socket Mode"),
        (with("channel = \"C1\"\nchanel = \"C1\""), "unknown key `chanel`", "did you mean `channel`?"),
        (
            "bot_token = \"xoxb-93kd02ks8ah2\"\nchannel = \"C1\"".to_owned(),
            "has neither `app_token`",
            "`signing_secret`",
        ),
        ("app_token = \"xapp-93kd02ks8ah2\"\nchannel = \"C1\"".to_owned(), "has no `bot_token`", "SLACK_BOT_TOKEN"),
        (TOKENS.replace("xoxb", "xoxp"), "`bot_token` is another kind of token", "begins with `xoxb-`"),
        (TOKENS.replace("xapp-1-", "xoxb-"), "`app_token` is another kind of token", "begins with `xapp-`"),
        (TOKENS.replace("93kd02ks8ah2", "your-token"), "everybody knows", "${VAR}"),
        (TOKENS.replace("93kd02ks8ah2", "a b"), "signs no secret of Slack has", "page of the app"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(what) && error.contains(next), "{text}\n{error}");
        assert!(!error.contains("93kd02"), "a secret was told: {error}");
    }
}
