//! Is what people, reports and object mappers send all day read without a doubt?

use super::ask::{DIALECTS, ask};

#[test]
fn everyday_statements_are_read_without_a_doubt() {
    let text = std::fs::read_to_string("tests/facts/sql/everyday.txt").unwrap();
    let mut faults = Vec::new();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("## ")) {
        let (words, sql) = line.split_once(": ").unwrap();
        for word in words.split_whitespace() {
            let (dialect, _) = DIALECTS.into_iter().find(|(_, name)| *name == word).expect(word);
            let answer = ask(sql, dialect);
            count += 1;
            if !answer.complete() {
                faults.push(format!("{word}: {sql}\n    {:?}", answer.set("reasons")));
            }
        }
    }
    assert!(count >= 120, "{count}");
    assert!(faults.is_empty(), "{} of {count} statements:\n{}", faults.len(), faults.join("\n"));
}
