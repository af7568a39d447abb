//! Hours of places, over midnight and over the nights on which clocks jump.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

fn hours(zone: &str, days: &[Day], (from, to): (&str, &str)) -> Hours {
    let wall = |text| Wall::parse(text).unwrap();
    let zone = TimeZone::get(zone).unwrap();
    Hours { zone, days: days.iter().copied().collect(), from: wall(from), to: wall(to) }
}

const WEEK: [Day; 5] = [Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday];

#[test]
fn hours_are_read_off_the_clock_of_the_place() {
    // A35: by time. 2026-11-23 is a Monday.
    let office = hours("Europe/Berlin", &WEEK, ("09:00", "17:00"));
    let night = hours("Europe/Berlin", &WEEK, ("22:00", "07:00"));
    let weekend = hours("Europe/Berlin", &[Day::Saturday, Day::Sunday], ("00:00", "24:00"));
    let always = hours("UTC", &[], ("00:00", "24:00"));
    for (time, in_office, in_night, in_weekend) in [
        ("2026-11-23T07:59:59Z", false, false, false),
        ("2026-11-23T08:00:00Z", true, false, false),
        ("2026-11-23T15:59:59Z", true, false, false),
        ("2026-11-23T16:00:00Z", false, false, false),
        ("2026-11-23T21:00:00Z", false, true, false),
        ("2026-11-24T05:59:59Z", false, true, false),
        ("2026-11-24T06:00:00Z", false, false, false),
        // The night of Friday ends on Saturday, and that of Sunday never began.
        ("2026-11-28T05:00:00Z", false, true, true),
        ("2026-11-28T22:00:00Z", false, false, true),
        ("2026-11-23T05:00:00Z", false, false, false),
        ("2026-11-29T22:59:59Z", false, false, true),
        ("2026-11-29T23:00:00Z", false, false, false),
        // Summer: the same wall, another hour.
        ("2026-07-20T07:00:00Z", true, false, false),
        ("2026-07-20T15:00:00Z", false, false, false),
    ] {
        let found = [&office, &night, &weekend].map(|hours| hours.contain(at(time)));
        assert_eq!(found, [in_office, in_night, in_weekend], "{time}");
        assert!(always.contain(at(time)), "{time}");
    }
}

#[test]
fn a_jump_of_the_clock_takes_nothing_away_but_the_hour() {
    // 2026-03-29: 02:00 becomes 03:00 in Berlin. 2026-10-25: 03:00 becomes 02:00.
    let hours = hours("Europe/Berlin", &[], ("02:30", "03:30"));
    let within = |times: &[&str]| times.iter().map(|time| hours.contain(at(time))).collect::<Vec<_>>();
    assert_eq!(within(&["2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]), [false, true, false]);
    assert_eq!(within(&["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"]), [true, false, true]);
}

#[test]
fn walls_have_two_digits_each() {
    for text in ["00:00", "09:05", "23:59", "24:00"] {
        assert!(Wall::parse(text).is_some(), "{text}");
    }
    for text in ["", "9:00", "09:60", "24:01", "25:00", "09", "09:0", "+9:00", "09:00:00", " 09:00", "-1:00"] {
        assert!(Wall::parse(text).is_none(), "{text}");
    }
}

proptest! {
    #[test]
    fn two_halves_are_a_day(from in 0_u16..1440, to in 0_u16..1440, micros in 0_i64..4_000_000_000_000_000) {
        prop_assume!(from != to);
        let zone = TimeZone::get("America/New_York").unwrap();
        let one = Hours { zone: zone.clone(), days: BTreeSet::new(), from: Wall(from), to: Wall(to) };
        let other = Hours { zone, days: BTreeSet::new(), from: Wall(to), to: Wall(from) };
        let now = Timestamp::from_micros(micros);
        prop_assert_ne!(one.contain(now), other.contain(now));
    }
}
