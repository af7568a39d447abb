//! Does any text make the reader fall, hang or swell?

use std::time::{Duration, Instant};

use countersign::facts::sql::{Dialect, read};

use super::ask::{DIALECTS, ask, rank};
use super::case::cases;
use super::chance::{Chance, disturb};

/// How long one text may take. A build that is not optimised is allowed more.
const LONGEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 50 });

/// The best of some runs: others may be busy on the same machine.
fn quickest(sql: &str, dialect: Dialect) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        let facts = read(sql, dialect);
        best = best.min(begun.elapsed());
        assert!(facts.complete == facts.reasons.is_empty(), "complete without a reason, or the other way round: {sql}");
        if best <= LONGEST {
            break;
        }
    }
    best
}

#[test]
fn no_noise_makes_the_reader_fall_or_hang() {
    let cases = cases();
    let mut chance = Chance::new(3);
    for _ in 0..6000 {
        let case = chance.pick(&cases);
        let other = chance.pick(&cases);
        let noise = disturb(&case.sql, &other.sql, &mut chance);
        let (dialect, word) = *chance.pick(&DIALECTS);
        let took = quickest(&noise, dialect);
        assert!(took <= LONGEST, "{took:?} in {word} for {}", noise.escape_debug());
    }
}

#[test]
fn deep_and_long_texts_are_answered_at_once_as_unreadable() {
    let deep = |open: &str, close: &str, count: usize| format!("SELECT {}1{}", open.repeat(count), close.repeat(count));
    let mut texts = Vec::new();
    for count in [200, 2_000, 20_000] {
        texts.push(deep("(", ")", count));
        texts.push(deep("(SELECT ", ")", count));
        texts.push(deep("CASE WHEN 1 = 1 THEN ", " END", count));
        texts.push(deep("NOT ", "", count));
        texts.push(deep("f(", ")", count));
        texts.push(deep("- ", "", count));
        texts.push(deep("[", "]", count));
        texts.push(deep("1 + (", ")", count));
        texts.push(format!("SELECT 1{}", " + 1".repeat(count * 10)));
        texts.push(format!("SELECT 1{}", " AND 1".repeat(count * 10)));
        texts.push(format!("SELECT 1{}", " UNION SELECT 1".repeat(count)));
        texts.push(format!("SELECT * FROM a{}", " JOIN a ON 1 = 1".repeat(count)));
        texts.push(format!("{}SELECT 1", "WITH a AS (".repeat(count)));
        texts.push(format!("{}SELECT 1", "EXPLAIN ".repeat(count)));
        texts.push(format!("{}DELETE FROM t", "BEGIN ".repeat(count)));
        texts.push("SELECT 1;".repeat(count));
        texts.push(format!("SELECT {}", "a.".repeat(count)));
        texts.push("/*".repeat(count));
        texts.push("'".repeat(count * 2 + 1));
    }
    texts.push(format!("SELECT '{}'", "a".repeat(1 << 20)));
    texts.push("(".repeat(1 << 20));
    texts.push("$a$ ".repeat(1 << 18));
    texts.push("SELECT a FROM b WHERE c = 1 OR ".repeat(1 << 15));
    texts.push(format!("INSERT INTO t VALUES {}(1)", "(1),".repeat(1 << 18)));
    for text in &texts {
        for (dialect, word) in DIALECTS {
            let took = quickest(text, dialect);
            assert!(took <= LONGEST, "{took:?} in {word} for {}… of {} bytes", &text[..text.len().min(40)], text.len());
            if text.len() >= 1 << 20 {
                let answer = ask(text, dialect);
                assert!(!answer.complete() && rank(answer.risk()) >= rank("high"), "{word}: {}…", &text[..40]);
            }
        }
    }
}
