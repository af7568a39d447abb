use super::check::version;

#[test]
fn a_library_with_the_reset_bug_is_refused() {
    // STO-07
    let table = [(3_007_000, false), (3_051_002, false), (3_051_003, true), (3_052_000, true), (4_000_000, true)];
    for (number, fit) in table {
        assert_eq!(version(number, "x").is_ok(), fit, "{number}");
    }
    assert!(version(rusqlite::version_number(), rusqlite::version()).is_ok());
}
