//! Does a disguise ever make a text look better?

use std::collections::BTreeSet;

use super::ask::{Answer, ask, rank};
use super::case::cases;
use super::disguise::disguises;

#[test]
fn no_disguise_lowers_the_risk_or_hides_a_write() {
    let mut faults = Vec::new();
    let mut count = 0;
    for case in cases() {
        let plain = case.answer();
        for disguise in disguises(&case, &plain) {
            count += 1;
            let worse = shortcomings(&plain, &ask(&disguise.sql, case.dialect), disguise.alike);
            if !worse.is_empty() {
                let sql = disguise.sql.escape_debug();
                faults.push(format!("{}: {}\n  as {sql}\n    {}", case.place, case.sql, worse.join("\n    ")));
            }
        }
    }
    assert!(count > 3000, "{count} disguises are too few");
    let shown: Vec<&str> = faults.iter().map(String::as_str).take(60).collect();
    assert!(faults.is_empty(), "{} of {count} disguises, the first of them:\n{}", faults.len(), shown.join("\n"));
}

fn shortcomings(plain: &Answer, dressed: &Answer, alike: bool) -> Vec<String> {
    let mut worse = Vec::new();
    if rank(dressed.risk()) < rank(plain.risk()) {
        worse.push(format!("risk {} instead of {}", dressed.risk(), plain.risk()));
    }
    let lower = |set: BTreeSet<String>| set.into_iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    let (before, after) = (lower(plain.set("writes")), lower(dressed.set("writes")));
    if !after.contains("*") && !before.is_subset(&after) {
        worse.push(format!("writes {after:?} instead of {before:?}"));
    }
    if plain.complete() && alike && !dressed.complete() {
        worse.push(format!("not complete because {:?}", dressed.set("reasons")));
    }
    worse
}
