//! Who hears: by resource, risk and time, by tiers, at night, and where nobody seems to be there.
#![expect(clippy::arithmetic_side_effects, reason = "the sums of tests are small, and a test may stop")]

mod always;

use super::*;
use crate::approval::Approval;
use crate::approval::asker::Asker;
use crate::approval::event::Event;
use crate::approval::people::{Listed, People};
use crate::approval::vote::{Evidence, Part, Vote, Voter, Word};
use crate::call::CallId;
use crate::channels::message::AskedBy;
use crate::digest::Digest;
use crate::facts::Risk;
use crate::policy::decision::{Agreement, Said};
use crate::policy::finding::evidence::Needed;
use crate::policy::finding::hold::{By, Escalation, HoldTerms, Reviewer};
use crate::policy::finding::span::Span;
use glob::Glob;
use hours::Wall;
use jiff::tz::TimeZone;
use person::{Away, Quiet};

const SECOND: i64 = 1_000_000;
/// A Monday, three o'clock at night, UTC.
const NIGHT: i64 = 1_795_402_800;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((NIGHT + seconds) * SECOND)
}

/// The Monday's noon.
fn noon() -> Timestamp {
    at(9 * 3600)
}

fn matter(server: &str, target: &str, risk: Risk) -> Matter {
    Matter {
        id: "call-1".to_owned(),
        revision: 1,
        state: "pending".to_owned(),
        risk,
        sentence: Vec::new(),
        digest: String::new(),
        server: server.to_owned(),
        target: target.to_owned(),
        environment: "production".to_owned(),
        asker: AskedBy::default(),
        rules: vec!["sql/unbounded".to_owned(), "money/large".to_owned()],
        reason: None,
        credentials: Vec::new(),
        known: Vec::new(),
        lacking: Vec::new(),
        deadline: String::new(),
        evidence: Needed::Account,
        said: None,
        asked: None,
        page: None,
        arguments: None,
    }
}

fn targets(all: &[&str]) -> Vec<Target> {
    all.iter().map(|text| Target::parse(text).unwrap()).collect()
}

fn globs(all: &[&str]) -> Vec<Glob> {
    all.iter().map(|text| Glob::parse(text).unwrap()).collect()
}

fn route(to: &[&str]) -> Route {
    Route {
        servers: vec![],
        tools: vec![],
        environments: vec![],
        rules: vec![],
        asked: vec![],
        filter: Filter::default(),
        during: None,
        to: targets(to),
        last: false,
    }
}

fn reviewers(all: &[&str]) -> Vec<Reviewer> {
    all.iter().map(|name| Reviewer::try_from((*name).to_owned()).unwrap()).collect()
}

fn hours(from: &str, to: &str) -> Hours {
    let wall = |text| Wall::parse(text).unwrap();
    Hours { zone: TimeZone::UTC, days: BTreeSet::new(), from: wall(from), to: wall(to) }
}

fn night() -> Quiet {
    Quiet { hours: hours("22:00", "07:00"), unless: Risk::High }
}

fn reached(address: &str) -> Person {
    Person { reach: vec![Recipient::parse(address).unwrap()], ..Person::default() }
}

fn away(person: Person, delegate: Option<&str>) -> Person {
    let delegate = delegate.map(str::to_owned);
    Person { away: Some(Away { from: at(-1000), to: at(100_000), delegate }), ..person }
}

/// Two channels; ada, who sleeps at night, bob, who is away and has eve told, and zoe, who has no address.
fn routes(all: Vec<Route>) -> Routes {
    let people = [
        ("ada", Person { quiet: Some(night()), ..reached("slack:UADA") }),
        ("bob", away(reached("slack:UBOB"), Some("eve"))),
        ("eve", reached("mail:eve@example.com")),
        ("zoe", Person::default()),
    ];
    Routes {
        addressed: BTreeSet::new(),
        routes: all,
        hours: BTreeMap::from([("office".to_owned(), hours("09:00", "17:00"))]),
        people: people.map(|(name, person)| (name.to_owned(), person)).into(),
        channels: ["mail", "slack"].map(|name| (name.to_owned(), Filter::default())).into(),
    }
}

fn asks(people: &[&str]) -> AskedNow {
    let people: BTreeSet<String> = people.iter().map(|name| (*name).to_owned()).collect();
    let reviewers = people.iter().cloned().map(Reviewer::User).collect();
    AskedNow { reviewers, people, answered: BTreeSet::new() }
}

fn written(heard: &Heard) -> Vec<String> {
    heard.recipients.iter().map(|Recipient { channel, to }| format!("{channel}:{to}")).collect()
}

fn heard(routes: &Routes, (matter, what): (&Matter, What), asked: &AskedNow, now: Timestamp) -> Heard {
    let on_call = BTreeMap::from([("dba".to_owned(), vec!["eve".to_owned()]), ("none".to_owned(), vec![])]);
    recipients(routes, &Told { matter, what, asked, on_call: &on_call, now })
}

#[test]
fn a_call_goes_where_its_resource_risk_and_time_lead() {
    // A35.
    let by = |change: fn(&mut Route)| {
        let mut route = route(&["slack:C1"]);
        change(&mut route);
        route
    };
    for (route, called, expected) in [
        (route(&["slack:C1"]), "", true),
        (by(|route| route.servers = globs(&["db-*"])), "the server", true),
        (by(|route| route.servers = globs(&["files", "web*"])), "another server", false),
        (by(|route| route.tools = globs(&["*_rows"])), "the tool", true),
        (by(|route| route.tools = globs(&["rows"])), "another tool", false),
        (by(|route| route.environments = globs(&["prod*"])), "the environment", true),
        (by(|route| route.environments = globs(&["staging"])), "another environment", false),
        (by(|route| route.rules = globs(&["money/*"])), "a rule", true),
        (by(|route| route.rules = globs(&["shell/*"])), "another rule", false),
        (by(|route| route.filter.risk_from = Risk::Medium), "bad enough", true),
        (by(|route| route.filter.risk_from = Risk::High), "not bad enough", false),
        (by(|route| route.filter.risk_to = Risk::Low), "too bad", false),
        (by(|route| route.filter.events = [What::Approved].into()), "it happened", true),
        (by(|route| route.filter.events = [What::Requested].into()), "it did not", false),
        (by(|route| route.during = Some("office".to_owned())), "in time", true),
        (by(|route| route.during = Some("never".to_owned())), "hours nobody wrote down", false),
        (by(|route| route.asked = reviewers(&["group:dba", "user:ada"])), "ada is asked", true),
        (by(|route| route.asked = reviewers(&["group:dba", "user"])), "nobody of them is asked", false),
    ] {
        let routes = routes(vec![route]);
        let what = (&matter("db-eu", "delete_rows", Risk::Medium), What::Approved);
        let expected: &[&str] = if expected { &["slack:C1"] } else { &[] };
        assert_eq!(written(&heard(&routes, what, &asks(&["ada"]), noon())), expected, "{called}");
    }
    let office = routes(vec![by(|route| route.during = Some("office".to_owned()))]);
    let what = (&matter("db-eu", "delete_rows", Risk::Medium), What::Approved);
    assert_eq!(heard(&office, what, &asks(&["ada"]), at(0)), Heard::default());
}

#[test]
fn every_route_that_applies_counts_until_the_last() {
    let matter = matter("db", "x", Risk::Low);
    let told = |routes: Vec<Route>| {
        written(&heard(&self::routes(routes), (&matter, What::Requested), &asks(&["eve"]), noon()))
    };
    let last = |to: &[&str]| Route { last: true, ..route(to) };
    let other = |to: &[&str]| Route { servers: globs(&["files"]), last: true, ..route(to) };
    assert_eq!(told(vec![]), ["mail:", "mail:eve@example.com", "slack:"]);
    let letters = Routes { addressed: ["mail".to_owned()].into(), ..routes(vec![]) };
    let unrouted = written(&heard(&letters, (&matter, What::Requested), &asks(&["eve"]), noon()));
    assert_eq!(unrouted, ["mail:eve@example.com", "slack:"], "nobody is written at no address");
    assert_eq!(
        told(vec![route(&["slack", "mail:x"]), route(&["slack", "asked"])]),
        ["mail:eve@example.com", "mail:x", "slack:"]
    );
    assert_eq!(told(vec![last(&["slack:C1"]), route(&["slack:C2"])]), ["slack:C1"]);
    assert_eq!(told(vec![other(&["slack:C1"]), route(&["slack:C2"])]), ["slack:C2"]);
    assert_eq!(told(vec![route(&["on_call:dba", "on_call:none", "person:bob"])]), ["mail:eve@example.com"]);
}

#[test]
fn a_channel_hears_of_nothing_that_it_leaves_out() {
    let mut all = routes(vec![route(&["slack:C1", "mail:x"])]);
    all.channels.insert("slack".to_owned(), Filter { risk_from: Risk::High, ..Filter::default() });
    let told = |routes: &Routes, risk| {
        written(&heard(routes, (&matter("db", "x", risk), What::Requested), &asks(&[]), noon()))
    };
    assert_eq!(told(&all, Risk::Medium), ["mail:x"]);
    assert_eq!(told(&all, Risk::High), ["mail:x", "slack:C1"]);
    all.routes.clear();
    assert_eq!(told(&all, Risk::Medium), ["mail:"]);
}

#[test]
fn at_night_only_what_cannot_wait_is_heard() {
    let routes = routes(vec![route(&["asked", "mail:log"])]);
    for (what, risk, now, wakes) in [
        (What::Requested, Risk::Medium, at(0), false),
        (What::Requested, Risk::Medium, noon(), true),
        (What::Requested, Risk::High, at(0), true),
        (What::Requested, Risk::Critical, at(0), true),
        (What::Approved, Risk::Medium, at(0), false),
        (What::Escalated, Risk::Low, at(0), true),
        (What::Reminded, Risk::Low, at(0), true),
    ] {
        let told = written(&heard(&routes, (&matter("db", "x", risk), what), &asks(&["ada"]), now));
        let expected: &[&str] = if wakes { &["mail:log", "slack:UADA"] } else { &["mail:log"] };
        assert_eq!(told, expected, "{what:?} {risk:?}");
    }
}

#[test]
fn whoever_is_away_has_somebody_told_in_their_place() {
    let mut routes = routes(vec![route(&["asked", "mail:log"])]);
    let told = |routes: &Routes| {
        written(&heard(routes, (&matter("db", "x", Risk::Low), What::Requested), &asks(&["bob"]), noon()))
    };
    assert_eq!(told(&routes), ["mail:eve@example.com", "mail:log"]);
    routes.people.insert("eve".to_owned(), away(reached("mail:eve@example.com"), Some("ada")));
    assert_eq!(told(&routes), ["mail:log", "slack:UADA"]);
    // They stand in for each other, and nobody is there.
    routes.people.insert("eve".to_owned(), away(reached("mail:eve@example.com"), Some("bob")));
    assert_eq!(told(&routes), ["mail:log"]);
    routes.people.insert("eve".to_owned(), away(reached("mail:eve@example.com"), None));
    assert_eq!(told(&routes), ["mail:log"]);
    routes.people.insert("bob".to_owned(), Person { away: None, ..routes.people["bob"].clone() });
    assert_eq!(told(&routes), ["mail:log", "slack:UBOB"]);
}

#[test]
fn what_people_are_to_answer_to_reaches_somebody() {
    let elsewhere = || vec![Route { servers: globs(&["files"]), ..route(&["slack:C1"]) }];
    let low = matter("db", "x", Risk::Low);
    let told = |routes: &Routes, what, asked: &[&str], now| {
        let heard = heard(routes, (&low, what), &asks(asked), now);
        (written(&heard), heard.beside)
    };
    let list = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let bob_alone = |mut all: Routes| {
        all.people.insert("bob".to_owned(), away(reached("slack:UBOB"), None));
        all
    };
    for (all, asked, now, expected, beside) in [
        (routes(vec![route(&["asked"])]), "ada", at(0), list(&["slack:UADA"]), Beside::Quiet),
        (routes(elsewhere()), "eve", noon(), list(&["mail:eve@example.com"]), Beside::Asked),
        (routes(elsewhere()), "ada", at(0), list(&["slack:UADA"]), Beside::Quiet),
        (routes(vec![route(&["on_call:none"])]), "eve", noon(), list(&["mail:eve@example.com"]), Beside::Asked),
        (bob_alone(routes(vec![route(&["asked"])])), "bob", noon(), list(&["slack:UBOB"]), Beside::Away),
        (routes(vec![route(&["asked"])]), "zoe", noon(), list(&["mail:", "slack:"]), Beside::Channels),
        (Routes { channels: BTreeMap::new(), ..routes(vec![]) }, "ada", noon(), vec![], Beside::Nobody),
    ] {
        assert_eq!(told(&all, What::Requested, &[asked], now), (expected, Some(beside)), "{asked} {beside:?}");
        assert!(beside.text().contains("told"));
        // What asks nobody for anything need not be told.
        assert_eq!(told(&all, What::Succeeded, &[asked], now), (vec![], None), "{asked} {beside:?}");
    }
    // Nobody, on purpose.
    assert_eq!(told(&routes(vec![route(&[])]), What::Requested, &["eve"], noon()), (vec![], None));
}

fn holding(escalate: Option<(u64, &[&str])>) -> Approval {
    let escalate =
        escalate.map(|(after, to)| Escalation { after: Span::of_seconds(after).unwrap(), to: reviewers(to) });
    let terms = HoldTerms {
        reviewers: reviewers(&["group:dba", "user"]),
        quorum: 2,
        each: false,
        ttl: None,
        escalate,
        show: vec![],
        by: By::Other,
        grant: None,
        preview: None,
        evidence: None,
    };
    let digest = Digest::of_bytes("test", b"this");
    let asker = Asker { principal: "key:agent".to_owned(), person: Some("eve".to_owned()), ..Asker::default() };
    let agreement = Agreement { all_of: vec![Said { finding: "sql/x".to_owned(), terms }] };
    Approval::open((CallId::from("call-1".to_owned()), digest, digest), asker, agreement, at(0))
}

fn people() -> People {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let listed = |name: &str, groups: &[&str]| Listed {
        name: name.to_owned(),
        accounts: set(&[&format!("os:{name}")]),
        groups: set(groups),
        ..Listed::default()
    };
    // eve, for whom the agent acts, is in the group too; bob is in both, and gone has no account.
    let gone = Listed { accounts: BTreeSet::new(), ..listed("gone", &["dba"]) };
    People::new([
        listed("ada", &["dba"]),
        listed("bob", &["dba", "sec"]),
        listed("eve", &["dba"]),
        listed("zoe", &["sec"]),
        gone,
    ])
}

fn yes(approval: &Approval, by: &str) -> Approval {
    let by: Voter = people().everybody().find(|voter| voter.person == by).unwrap();
    let (part, evidence) = (Part::Countersigns, Evidence::Account);
    let vote =
        Vote { by, word: Word::Yes, part, reason: None, digest: approval.summary(), at: at(1), bounds: None, evidence };
    approval.after(Event::Voted(vote), at(1)).unwrap().approval
}

#[test]
fn the_next_tier_hears_when_it_is_asked_and_not_before() {
    // A33.
    let approval = holding(Some((600, &["group:sec"])));
    let asked = |seconds| AskedNow::of(&approval, &people(), at(seconds));
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let first = asked(599);
    assert_eq!(
        (&first.people, first.reviewers),
        (&set(&["ada", "bob"]), reviewers(&["group:dba"]).into_iter().collect())
    );
    let second = asked(600);
    assert_eq!(
        (&second.people, second.reviewers),
        (&set(&["ada", "bob", "zoe"]), reviewers(&["group:dba", "group:sec"]).into_iter().collect())
    );
    let tier = |group: &str, to: &str| Route { asked: reviewers(&[group]), ..route(&[to]) };
    let routes = routes(vec![tier("group:dba", "slack:C-DBA"), tier("group:sec", "slack:C-SEC")]);
    let told =
        |seconds, what| written(&heard(&routes, (&matter("db", "x", Risk::Low), what), &asked(seconds), at(seconds)));
    // bob is in the second group as well, and that alone is no reason to tell all of it.
    assert_eq!(told(0, What::Requested), ["slack:C-DBA"]);
    assert_eq!(told(600, What::Escalated), ["slack:C-DBA", "slack:C-SEC"]);
    // Somebody would not wait for it.
    let by = people().everybody().find(|voter| voter.person == "ada").unwrap();
    let hurried = approval.after(Event::Escalated(by), at(10)).unwrap().approval;
    assert!(AskedNow::of(&hurried, &people(), at(10)).is(&reviewers(&["group:sec"])[0]));
}

#[test]
fn whoever_has_answered_is_not_asked_again() {
    let approval = yes(&holding(None), "ada");
    let asked = AskedNow::of(&approval, &people(), at(2));
    assert!(asked.answered.contains("ada") && asked.people.contains("ada") && !asked.answered.contains("bob"));
    let all = routes(vec![route(&["asked"])]);
    let told = |what| written(&heard(&all, (&matter("db", "x", Risk::High), what), &asked, noon()));
    assert_eq!(told(What::Reminded), ["mail:eve@example.com"]);
    assert_eq!(told(What::Approved), ["mail:eve@example.com", "slack:UADA"]);
}

#[test]
fn targets_are_read_as_they_are_written() {
    let channel =
        |channel: &str, to: &str| Target::Channel(Recipient { channel: channel.to_owned(), to: to.to_owned() });
    for (text, target) in [
        ("asked", Some(Target::Asked)),
        ("slack", Some(channel("slack", ""))),
        ("slack:C1", Some(channel("slack", "C1"))),
        ("mail:a:b", Some(channel("mail", "a:b"))),
        ("on_call:dba", Some(Target::OnCall("dba".to_owned()))),
        ("person:Bob Smith", Some(Target::Person("Bob Smith".to_owned()))),
        ("", None),
        (":x", None),
        ("slack:", None),
        ("person:", None),
        ("person", None),
        ("on_call", None),
        ("asked:x", None),
        (" slack", None),
        ("slack:a\nb", None),
    ] {
        assert_eq!(Target::parse(text), target, "{text}");
    }
    assert!(Recipient::parse("person:ada").is_none() && Recipient::parse("slack").is_none());
}
