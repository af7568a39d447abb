//! Are the numbers those that stand in what they are counted from? (B11)

use super::*;

const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(DAY_MICROS.saturating_mul(100).saturating_add(seconds.saturating_mul(SECOND)))
}

fn hold(rule: &str, fate: Fate, answers: &[(&str, Word, i64)]) -> Hold {
    let answer = |(person, word, after): &(&str, Word, i64)| Answer {
        person: (*person).to_owned(),
        word: *word,
        at: Timestamp::from_micros(at(0).micros().saturating_add(after.saturating_mul(SECOND / 10))),
    };
    Hold { opened: at(0), fate, rules: vec![rule.to_owned()], answers: answers.iter().map(answer).collect() }
}

fn many(count: usize, rule: &str, fate: Fate, answers: &[(&str, Word, i64)]) -> Vec<Hold> {
    vec![hold(rule, fate, answers); count]
}

#[test]
fn nothing_held_is_nothing_counted() {
    let numbers = numbers(&[], at(0));
    assert_eq!((numbers.all.holds, numbers.all.approve_rate(), numbers.all.median()), (0, dash(), dash()));
    assert_eq!(numbers.days.len(), 30);
    assert_eq!(numbers.days.last().unwrap().0, "1970-04-11");
    assert!(numbers.rules.is_empty() && numbers.people.is_empty());
}

#[test]
fn each_hold_counts_where_it_belongs() {
    use Word::{No, Yes};
    let holds = [
        hold("a/x", Fate::Approved, &[("ada", Yes, 10)]),
        hold("a/x", Fate::Approved, &[("ada", Yes, 30), ("ida", Yes, 300)]),
        hold("a/x", Fate::Denied, &[("ida", No, 600)]),
        hold("b/y", Fate::Expired, &[]),
        hold("b/y", Fate::Open, &[("ada", Yes, 15)]),
        hold("b/y", Fate::Gone, &[]),
    ];
    let numbers = numbers(&holds, at(60));
    let all = &numbers.all;
    assert_eq!((all.holds, all.approved, all.denied, all.expired, all.gone, all.open), (6, 2, 1, 1, 1, 1));
    assert_eq!((all.approve_rate(), all.expired_rate()), ("67 %".to_owned(), "20 %".to_owned()));
    assert_eq!((all.median(), all.p90()), ("30.0 s".to_owned(), "1 min".to_owned()));
    // Of four that were answered, two were within two seconds.
    assert_eq!((all.glances, all.answered, all.glance_rate()), (2, 4, "50 %".to_owned()));
    let people: Vec<_> = numbers.people.iter().map(|(who, told)| (&*who.0, told.approved, told.denied)).collect();
    assert_eq!(people, [("ada", 3, 0), ("ida", 1, 1)]);
    let rules: Vec<_> = numbers.rules.iter().map(|(rule, told, _)| (&*rule.0, told.holds)).collect();
    assert_eq!(rules, [("a/x", 3), ("b/y", 3)]);
    assert_eq!(numbers.days.last().unwrap().1.holds, 6);
    assert_eq!(numbers.days.first().unwrap().1.holds, 0);
}

#[test]
fn a_median_is_the_middle_and_nine_of_ten_are_not_above_the_p90() {
    for (times, median, p90) in [
        (vec![14], "1.4 s", "1.4 s"),
        (vec![10, 20], "1.0 s", "2.0 s"),
        (vec![10, 20, 30], "2.0 s", "3.0 s"),
        ((1..=10).map(|time| time * 10).collect(), "5.0 s", "9.0 s"),
        (vec![36_000, 90_000], "60 min", "2 h"),
    ] {
        let holds: Vec<_> = times.iter().map(|time| hold("r", Fate::Approved, &[("a", Word::Yes, *time)])).collect();
        let all = numbers(&holds, at(0)).all;
        assert_eq!((&*all.median(), &*all.p90()), (median, p90), "{times:?}");
    }
}

#[test]
fn a_rule_is_spoken_of_only_where_its_numbers_say_something() {
    use Word::{No, Yes};
    let yes = |count, after| many(count, "r", Fate::Approved, &[("a", Yes, after)]);
    let no = |count| many(count, "r", Fate::Denied, &[("a", No, 100)]);
    let none = |count| many(count, "r", Fate::Expired, &[]);
    for (holds, said) in [
        (yes(40, 14), Some("nobody seems to read")),
        (yes(19, 14), None),
        (yes(40, 100), None),
        ([yes(37, 14), no(3)].concat(), None),
        ([yes(39, 14), no(1)].concat(), Some("nobody seems to read")),
        (no(20), Some("nobody approves")),
        ([yes(10, 100), none(10)].concat(), Some("never answered")),
        ([yes(15, 100), none(10)].concat(), None),
    ] {
        let numbers = numbers(&holds, at(0));
        let hint = numbers.rules[0].2;
        assert_eq!(hint.is_some(), said.is_some(), "{} holds: {hint:?}", holds.len());
        assert!(hint.unwrap_or_default().contains(said.unwrap_or_default()), "{hint:?}");
    }
    assert_eq!(numbers(&yes(40, 14), at(0)).all.in_words(), "approved 40 of 40, median 1.4 s, expired 0");
}

#[test]
fn what_is_drawn_stands_in_a_table_too() {
    // REN-10
    let holds = many(40, "a/<b>x", Fate::Approved, &[("<i>eve", Word::Yes, 14)]);
    let frame = Frame { nonce: "n".to_owned(), me: None, here: "numbers", now: at(0) };
    let html = NumbersPage::of(frame, &holds, true).render().unwrap();
    assert!(html.contains("<title") && html.contains("<desc") && html.matches("<svg").count() == 2);
    assert!(html.contains("approved 40 of 40, median 1.4 s") && html.contains("Only the newest 5000"));
    assert!(!html.contains("<b>x") && !html.contains("<i>eve") && !html.contains("style=\""), "{html}");
}
