//! Which characters exactly is something written with?
//!
//! The engine's spans leave out the quotes of a text and sometimes a bracket. Whoever takes a piece of a policy out of its
//! file, or puts another piece in its place, needs all of it.

use std::ops::Range;

use regorus::unstable::Span;

/// A file, with its texts and brackets found.
#[derive(Debug)]
pub struct Passage<'a> {
    text: &'a str,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// A text, from its opening quote to behind its closing one.
    Quoted(usize, usize),
    Opens(usize),
    Closes(usize),
}

impl<'a> Passage<'a> {
    /// Reads a file.
    pub fn of(text: &'a str) -> Self {
        Self { text, marks: marks(text) }
    }

    /// From where to where something stands, quotes and brackets included.
    pub fn extent(&self, span: &Span) -> Range<usize> {
        let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(self.text.len());
        let (mut start, mut end) = (offset(span.start), offset(span.end));
        for mark in &self.marks {
            let Mark::Quoted(opens, closes) = *mark else { continue };
            if opens < start && start < closes {
                start = opens;
            }
            if opens < end && end < closes {
                end = closes;
            }
        }
        self.balanced(start..end)
    }

    /// What something is written with.
    pub fn text(&self, span: &Span) -> &'a str {
        self.text.get(self.extent(span)).unwrap_or_default()
    }

    /// With the brackets that belong to those inside, and everything between.
    fn balanced(&self, range: Range<usize>) -> Range<usize> {
        let (mut open, mut missing) = (0_usize, 0_usize);
        for mark in &self.marks {
            match mark {
                Mark::Opens(at) if range.contains(at) => open = open.saturating_add(1),
                Mark::Closes(at) if range.contains(at) && open > 0 => open = open.saturating_sub(1),
                Mark::Closes(at) if range.contains(at) => missing = missing.saturating_add(1),
                _ => {}
            }
        }
        let (mut start, mut end) = (range.start, range.end);
        for mark in self.marks.iter().rev() {
            match mark {
                Mark::Closes(at) if missing > 0 && *at < range.start => missing = missing.saturating_add(1),
                Mark::Opens(at) if missing > 0 && *at < range.start => {
                    missing = missing.saturating_sub(1);
                    start = *at;
                }
                _ => {}
            }
        }
        for mark in &self.marks {
            match mark {
                Mark::Opens(at) if open > 0 && *at >= range.end => open = open.saturating_add(1),
                Mark::Closes(at) if open > 0 && *at >= range.end => {
                    open = open.saturating_sub(1);
                    end = at.saturating_add(1);
                }
                _ => {}
            }
        }
        start..end
    }
}

fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '#' => {
                letters.by_ref().find(|(_, letter)| *letter == '\n');
            }
            '"' => {
                while let Some((end, letter)) = letters.next() {
                    match letter {
                        '\\' => drop(letters.next()),
                        '"' => {
                            found.push(Mark::Quoted(at, end.saturating_add(1)));
                            break;
                        }
                        _ => {}
                    }
                }
            }
            '`' => {
                let end = letters.by_ref().find(|(_, letter)| *letter == '`');
                found.extend(end.map(|(end, _)| Mark::Quoted(at, end.saturating_add(1))));
            }
            '(' | '[' | '{' => found.push(Mark::Opens(at)),
            ')' | ']' | '}' => found.push(Mark::Closes(at)),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::bundle::{Source, Sources};
    use crate::policy::rehearse::parse;
    use crate::policy::syntax::{Node, Written};

    #[test]
    fn brackets_inside_do_not_end_what_is_around_them() {
        let text = "x := {\"a\": b[c].d, \"e\": f[g].h, \"i\": [1]} # }";
        let passage = Passage::of(text);
        assert_eq!(passage.balanced(5..14), 5..41);
        assert_eq!(text.get(5..41), Some("{\"a\": b[c].d, \"e\": f[g].h, \"i\": [1]}"));
        assert_eq!(passage.balanced(20..41), 5..41);
    }

    #[test]
    fn every_statement_is_found_whole() {
        let policy = "package p\n\n# a \" in a comment (\nr if {\n\t\"drop\" in input.verbs\n\tinput.a == \"}\" # \"\n\t\
                      (input.a + 1) * 2 > 3\n\tnot startswith(input.a, `a\"(`)\n\tcount([1 | some x in [\"\"]; x == \"\"]) == 1\n\
                      \tsome y in {\"a\", \"b\"}; y == (\"a\")\n}\n";
        let sources =
            Sources { policies: vec![Source { path: "p".to_owned(), text: policy.to_owned() }], data: Vec::new() };
        let mut engine = parse(&sources).unwrap();
        let modules = engine.get_modules().clone();
        let (passage, mut found) = (Passage::of(policy), Vec::new());
        for rule in Written::all(&modules) {
            rule.walk(&mut |node| {
                if let Node::Statement(statement) = node {
                    found.push(passage.text(&statement.span));
                }
            });
        }
        let wanted = [
            "\"drop\" in input.verbs",
            "input.a == \"}\"",
            "(input.a + 1) * 2 > 3",
            "not startswith(input.a, `a\"(`)",
            "count([1 | some x in [\"\"]; x == \"\"]) == 1",
            "some x in [\"\"]",
            "x == \"\"",
            "some y in {\"a\", \"b\"}",
            "y == (\"a\")",
        ];
        assert_eq!(found, wanted);
    }
}
