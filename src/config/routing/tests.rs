//! Routes, hours, rotas and people who are told, good and bad, and what is said about them.

use insta::assert_snapshot;

use super::*;
use crate::channels::routing::duty::{Rota, Source};
use crate::config::tests::{TOKEN, WHOLE, complaint, read};

#[test]
fn a_whole_file_of_routes_is_understood() {
    let config = read(WHOLE).unwrap_or_else(|error| panic!("{error}"));
    let [route] = config.routes.as_slice() else { panic!("one route") };
    let fits = |globs: &[crate::channels::routing::glob::Glob], name: &str| globs.iter().any(|glob| glob.fits(name));
    assert!(fits(&route.servers, "files") && fits(&route.servers, "github") && !fits(&route.servers, "db"));
    assert!(fits(&route.tools, "write_file") && fits(&route.environments, "production") && fits(&route.rules, "sql/x"));
    assert_eq!((route.filter.risk_from, route.filter.risk_to), (Risk::Medium, Risk::High));
    assert_eq!(route.filter.events, [What::Requested, What::Escalated].into());
    assert_eq!(route.asked, [Reviewer::Group("dba".to_owned()), Reviewer::Owner]);
    assert_eq!((route.during.as_deref(), route.last), (Some("office"), true));
    let to = ["slack", "slack:C1", "on_call:dba", "person:ada", "asked"].map(|text| Target::parse(text).unwrap());
    assert_eq!(route.to, to);
    let office = &config.hours["office"];
    assert_eq!((office.zone.iana_name(), &office.days), (Some("Europe/Berlin"), &[Day::Monday, Day::Friday].into()));
    let Source::Rota(Rota { people, start, shift }) = &config.on_call["dba"].source else { panic!("a rota") };
    assert_eq!(
        (people.len(), start.to_string(), shift.to_string()),
        (2, "2026-11-02T08:00:00.000Z".into(), "12h".into())
    );
    let Source::Service(service) = &config.on_call["sec"].source else { panic!("a service") };
    assert_eq!(service.bearer.as_ref().map(crate::secret::Secret::expose), Some(TOKEN));
    assert!(!service.allow_private && config.on_call["sec"].fallback.is_empty());
    let ada = &config.routing(BTreeMap::new()).people["ada"];
    assert_eq!(ada.reach, ["slack:U0123456789", "mail:ada@example.com"].map(|text| Recipient::parse(text).unwrap()));
    assert_eq!(ada.quiet.as_ref().map(|quiet| quiet.unless), Some(Risk::Critical));
    assert_eq!(ada.away.as_ref().and_then(|away| away.delegate.as_deref()), Some("bob"));
    let shown = |name: &str| {
        let setting = config.source.settings.iter().find(|setting| setting.name == name);
        setting.unwrap_or_else(|| panic!("{name}")).value.to_string()
    };
    assert!(shown("on_call.sec.bearer").contains(crate::secret::HIDDEN));
    assert_eq!(shown("people.ada.quiet.unless"), "\"critical\"");
    assert!(!format!("{config:?}").contains(TOKEN));
}

#[test]
fn everything_has_a_default() {
    let config =
        read("[[routes]]\nto = []\n[hours.a]\nzone = \"UTC\"\n[people.ada.quiet]\nzone = \"UTC\"\nto = \"07:00\"\n");
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    let [route] = config.routes.as_slice() else { panic!("one route") };
    assert_eq!((&route.filter, route.last, &route.during), (&Filter::default(), false, &None));
    assert!(route.servers.is_empty() && route.asked.is_empty() && route.to.is_empty());
    assert!(config.hours["a"].contain(Timestamp::from_micros(0)));
    assert_eq!(config.people["ada"].quiet.as_ref().map(|quiet| quiet.unless), Some(Risk::High));
    let nothing = read("").unwrap();
    assert!(nothing.routes.is_empty() && nothing.hours.is_empty() && nothing.on_call.is_empty());
}

fn assert_one_fault(text: &str, place: &str, (what, next): (&str, &str)) {
    let error = complaint(text);
    let first = format!("the configuration has one fault:\n\ncountersign.toml:{place}");
    assert!(error.starts_with(&first) && error.contains(what) && error.contains(next), "{text}\n{error}");
}

#[test]
fn every_mistake_of_routes_is_told_with_its_line_and_the_next_step() {
    for (text, place, what, next) in [
        ("[[routes]]", "1:1", "[routes.0] has no `to`", "`to = []` means nobody"),
        ("[[routes]]\nto = [\"slack:\"]", "2:7", "`slack:` is not `CHANNEL`", "such as `asked`"),
        ("[[routes]]\nto = [\"asked\", \"person\"]", "2:16", "`person` is not", "`person:NAME`"),
        ("[[routes]]\nto = \"asked\"", "2:6", "a list of texts should stand here", "write a list"),
        ("[[routes]]\nto = []\nservers = [\"\"]", "3:12", "`` is not a name", "such as `db-*`"),
        ("[[routes]]\nto = []\nasked = [\"dba\"]", "3:10", "`dba` is not a reviewer", "such as `group:dba`"),
        ("[[routes]]\nto = []\nevents = [\"aproved\"]", "3:11", "`aproved` is no event", "did you mean `approved`?"),
        (
            "[[routes]]\nto = []\nevents = [\"everything\"]",
            "3:11",
            "`everything` is no event",
            "write one of: requested",
        ),
        ("[[routes]]\nto = []\nrisk_from = \"hihg\"", "3:13", "`hihg` is no `risk_from`", "did you mean `high`?"),
        (
            "[[routes]]\nto = []\nrisk_from = \"high\"\nrisk_to = \"low\"",
            "1:1",
            "no risk is `high` at least and",
            "the smaller",
        ),
        (
            "[[routes]]\nto = []\nserver = [\"a\"]",
            "3:1",
            "unknown key `server` in [routes.0]",
            "did you mean `servers`?",
        ),
        ("[[routes]]\nto = []\nduring = \"\"", "3:10", "`` is not the name of some [hours.NAME]", "`office`"),
        ("[routes]\nto = []", "1:1", "a list of tables should stand here", "write a list of tables"),
        ("[hours.a]", "1:1", "[hours.a] has no `zone`", "`zone = \"Europe/Berlin\"`"),
        ("[hours.a]\nzone = \"Berlin\"", "2:8", "`Berlin` is not the IANA name", "`Europe/Berlin`"),
        ("[hours.a]\nzone = \"UTC\"\nfrom = \"9:00\"", "3:8", "`9:00` is not a time of day", "`09:00`"),
        ("[hours.a]\nzone = \"UTC\"\nto = \"24:01\"", "3:6", "`24:01` is not a time of day", "`09:00`"),
        ("[hours.a]\nzone = \"UTC\"\nto = \"00:00\"", "1:1", "[hours.a] is over when it begins", "00:00 to 24:00"),
        ("[hours.a]\nzone = \"UTC\"\ndays = [\"munday\"]", "3:9", "`munday` is no day", "did you mean `monday`?"),
        ("[hours.A]\nzone = \"UTC\"", "1:8", "`A` cannot be a name under [hours]", "a small letter first"),
    ] {
        assert_one_fault(text, place, (what, next));
    }
}

#[test]
fn every_mistake_of_people_is_told_with_its_line_and_the_next_step() {
    const ROTA: &str = "[people.ada]\n[on_call.a]\npeople = [\"ada\"]\nstart = \"2026-11-02T09:00:00Z\"\n";
    for (text, place, what, next) in [
        ("[on_call.a]", "1:1", "[on_call.a] has neither `people` nor `url`", "and not both"),
        (
            "[on_call.a]\npeople = []\nstart = \"2026-11-02T09:00:00Z\"",
            "1:1",
            "names nobody who takes a turn",
            "in `people`",
        ),
        (
            "[on_call.a]\nurl = \"https://e.com\"\nshift = \"7d\"",
            "3:1",
            "`shift` is for people who take turns",
            "take it away",
        ),
        (
            "[on_call.a]\nurl = \"https://e.com\"\nbearer = \"a\\nb\"",
            "3:10",
            "this is not what can stand in a header",
            "${PAGER_TOKEN}",
        ),
        ("[on_call.a]\nurl = \"http://e.com\"", "2:7", "could be changed on the way over plain http", "write https"),
        ("[on_call.a]\nurl = \"https://10.0.0.1\"", "2:7", "`10.0.0.1` is a private address", "`allow_private = true`"),
        (
            "[on_call.a]\nurl = \"https://169.254.169.254\"\nallow_private = true",
            "2:7",
            "metadata service",
            "never connected",
        ),
        ("[people.ada]\nreach = [\"slack\"]", "2:10", "`slack` is not an address of a channel", "`slack:U0123456789`"),
        ("[people.ada]\nreach = [\"person:bob\"]", "2:10", "`person:bob` is not an address", "`slack:U0123456789`"),
        ("[people.ada]\nquiet = { from = \"22:00\" }", "2:9", "[people.ada.quiet] has no `zone`", "Europe/Berlin"),
        ("[people.ada.quiet]\nzone = \"UTC\"\nunless = \"bad\"", "3:10", "`bad` is no `unless`", "write one of: low"),
        (
            "[people.ada.away]\nfrom = \"2026-12-20\"\nto = \"2027-01-03T00:00:00Z\"",
            "2:8",
            "`2026-12-20` is not a time as RFC 3339",
            "+01:00",
        ),
        (
            "[people.ada.away]\nfrom = \"2027-01-03T00:00:00Z\"\nto = \"2026-12-20T00:00:00Z\"",
            "1:1",
            "is over before it begins",
            "later than `from`",
        ),
        (&format!("{ROTA}shift = \"7\""), "5:9", "`7` is not a time with its unit", "`7d`"),
        (&format!("{ROTA}url = \"https://e.com\""), "2:1", "has both `people` and `url`", "and not both"),
    ] {
        assert_one_fault(text, place, (what, next));
    }
}

#[test]
fn a_name_that_is_nobodys_is_a_fault() {
    let ada = "[people.ada]\ngroups = [\"dba\"]\n";
    for (text, place, what, next) in [
        ("[[routes]]\nto = [\"asked\", \"person:adda\"]", "4:16", "no person `adda`", "did you mean `ada`?"),
        ("[[routes]]\nto = [\"person:x\"]", "4:7", "no person `x`", "under [people]"),
        ("[[routes]]\nto = [\"on_call:dba\"]", "4:7", "no rota `dba`", "add [on_call.NAME]"),
        ("[[routes]]\nto = []\nduring = \"office\"", "5:10", "no [hours] `office`", "add [hours.NAME]"),
        ("[[routes]]\nto = []\nservers = [\"fils\"]", "5:12", "no server `fils`", "a server that is configured"),
        ("[[routes]]\nto = []\nasked = [\"group:dbas\"]", "5:10", "no group `dbas`", "did you mean `dba`?"),
        ("[[routes]]\nto = []\nasked = [\"user:eda\"]", "5:10", "no person `eda`", "did you mean `ada`?"),
        (
            "[people.bob]\naway = { from = \"2026-12-20T00:00:00Z\", to = \"2026-12-21T00:00:00Z\", delegate = \"adda\" }",
            "4:",
            "no person `adda`",
            "did you mean `ada`?",
        ),
        (
            "[on_call.a]\npeople = [\"ada\", \"x\"]\nstart = \"2026-12-20T00:00:00Z\"",
            "4:18",
            "no person `x`",
            "under [people]",
        ),
        (
            "[on_call.a]\nurl = \"https://e.com\"\nfallback = [\"aba\"]",
            "5:13",
            "no person `aba`",
            "did you mean `ada`?",
        ),
    ] {
        assert_one_fault(&format!("{ada}{text}"), place, (what, next));
    }
    assert_snapshot!(complaint(&format!("{ada}[[routes]]\nto = [\"person:adda\"]")), @r#"
    the configuration has one fault:

    countersign.toml:4:7: there is no person `adda`
     4 | to = ["person:adda"]
       |       ^^^^^^^^^^^^^
       = did you mean `ada`?
    "#);
    // Who is in which group, an issuer may say too.
    let issuer = "[[identity.issuers]]\nissuer = \"https://login.example.com\"\naudience = \"x\"\n";
    read(&format!("{ada}{issuer}[[routes]]\nto = []\nasked = [\"group:sec\"]"))
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn channels_are_known_by_their_names() {
    let slack = "kind = \"slack\"\nchannel = \"C1\"\nbot_token = \"xoxb-5410-9d2f7c\"\napp_token = \"xapp-1-9d2f7c\"\n";
    let hook = "kind = \"webhook\"\nurl = \"https://example.com\"\n";
    let mail = "kind = \"mail\"\nserver = \"smtp.example.com\"\nfrom = \"c@example.com\"\n";
    let channels = format!("[channels.slack]\n{slack}[channels.ops]\n{hook}[channels.letters]\n{mail}");
    let ada = format!("{channels}[people.ada]\nreach = [\"slack:U1\"");
    read(&format!("{ada}]\n[[routes]]\nto = [\"slack\", \"slack:C1\"]")).unwrap_or_else(|error| panic!("{error}"));
    for (text, what, next) in [
        ("]\n[[routes]]\nto = [\"slak:C1\"]", "there is no channel `slak`", "did you mean `slack`?"),
        ("]\n[[routes]]\nto = [\"teams\"]", "there is no channel `teams`", "add [channels.NAME], or take it away"),
        (", \"mail:a@example.com\"]", "there is no channel `mail`", "add [channels.NAME], or take it away"),
        (", \"ops:ada\"]", "has no addresses", "write the channel alone"),
        ("]\n[[routes]]\nto = [\"letters\"]", "goes nowhere without an address", "write `CHANNEL:ADDRESS`"),
    ] {
        let told = complaint(&format!("{ada}{text}"));
        assert!(told.contains(what) && told.contains(next), "{told}");
    }
}
