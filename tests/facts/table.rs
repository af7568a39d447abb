//! Is every text of the tables read for what it does?

use super::ask::DIALECTS;
use super::case::cases;

#[test]
fn every_text_of_the_tables_is_read_for_what_it_does() {
    let mut faults = Vec::new();
    for case in cases() {
        let found = case.faults();
        if !found.is_empty() {
            faults.push(format!("{}: {}\n    {}", case.place, case.sql.escape_debug(), found.join("\n    ")));
        }
    }
    assert!(faults.is_empty(), "{} cases:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_dialect_is_poor_in_cases() {
    let cases = cases();
    assert!(cases.len() >= 400, "{}", cases.len());
    for (dialect, word) in DIALECTS {
        let count = cases.iter().filter(|case| case.dialect == dialect).count();
        assert!(count >= 60, "{word}: {count}");
    }
}
