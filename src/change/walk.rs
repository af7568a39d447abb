//! How is a pointer followed, and what happens at its end?

use regex::Regex;

use super::place::{Step, escaped};
use super::{Changes, Edit, How, Unapplied, embedded};
use crate::wire::json::{Object, Value};

/// JSON in a text in JSON in a text is followed this far.
const DEEPEST: usize = 8;

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays, changed or not.
    Keep,
    /// It is taken out of what holds it.
    Drop,
}

/// One change on its way through one value.
pub(super) struct Walk<'a> {
    edit: &'a Edit,
    at: String,
    changes: &'a mut Changes,
    nested: usize,
}

type Done<T> = Result<T, Unapplied>;

impl<'a> Walk<'a> {
    pub(super) fn new(edit: &'a Edit, at: &str, changes: &'a mut Changes) -> Self {
        Self { edit, at: at.to_owned(), changes, nested: 0 }
    }

    /// Follows the steps and makes the change where they end.
    pub(super) fn go(&mut self, value: &mut Value, steps: &[Step]) -> Done<Fate> {
        let Some((step, rest)) = steps.split_first() else { return self.end(value) };
        match value {
            Value::Object(members) => {
                members.rewrite(|name, value| {
                    if !step.meets(name) {
                        return Ok(true);
                    }
                    self.below(&escaped(name), |walk| walk.go(value, rest)).map(|fate| fate == Fate::Keep)
                })?;
            }
            Value::Array(items) => {
                self.each(items, |walk, at, item| if step.counts(at) { walk.go(item, rest) } else { Ok(Fate::Keep) })?
            }
            Value::String(text) => {
                if let Some(changed) = self.open_text(text, steps)? {
                    *text = changed;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(Fate::Keep)
    }

    /// What stands where the pointer ends.
    fn end(&mut self, value: &mut Value) -> Done<Fate> {
        if let Some(pattern) = &self.edit.pattern {
            self.sweep(value, pattern)?;
            return Ok(Fate::Keep);
        }
        let instead = self.edit.instead_of(value);
        if instead.as_ref() == Some(value) {
            return Ok(Fate::Keep);
        }
        self.changed();
        self.changes.take(value);
        match instead {
            Some(instead) => *value = instead,
            None => return Ok(Fate::Drop),
        }
        Ok(Fate::Keep)
    }

    /// The pointer goes on below a text.
    fn open_text(&mut self, text: &str, steps: &[Step]) -> Done<Option<String>> {
        // Without any of these no member can be in it, so the pointer meets nothing.
        if !text.contains(['{', '[', '\\']) {
            return Ok(None);
        }
        let Some(mut inner) = embedded::read(text) else { return self.lost(text, Unapplied::NotJson) };
        if self.nested >= DEEPEST {
            return self.lost(text, Unapplied::TooDeep);
        }
        let before = inner.clone();
        self.nested = self.nested.saturating_add(1);
        let fate = self.go(&mut inner, steps);
        self.nested = self.nested.saturating_sub(1);
        if fate? == Fate::Drop {
            return Ok(Some(String::new()));
        }
        Ok((inner != before).then(|| inner.to_string()))
    }

    /// Looks for the pattern everywhere in a value.
    fn sweep(&mut self, value: &mut Value, pattern: &Regex) -> Done<()> {
        match value {
            Value::String(text) => {
                if let Some(changed) = self.sweep_text(text, pattern)? {
                    *text = changed;
                }
            }
            Value::Number(number) => {
                if let Some(changed) = self.matched(number.as_str(), pattern) {
                    *value = Value::String(changed);
                }
            }
            Value::Array(items) => self.each(items, |walk, _, item| {
                walk.sweep(item, pattern)?;
                Ok(Fate::Keep)
            })?,
            Value::Object(members) => self.sweep_members(members, pattern)?,
            Value::Null | Value::Bool(_) => {}
        }
        Ok(())
    }

    fn sweep_members(&mut self, members: &mut Object, pattern: &Regex) -> Done<()> {
        let mut known: Vec<String> = Vec::new();
        if members.iter().any(|(name, _)| pattern.is_match(name)) {
            known = members.iter().map(|(name, _)| name.to_owned()).collect();
        }
        members.rewrite(|name, value| {
            if let Some(mut changed) = self.matched(name, pattern) {
                // Two names may become one; both members stay.
                let (plain, mut count) = (changed.clone(), 1_usize);
                while known.contains(&changed) {
                    count = count.saturating_add(1);
                    changed = format!("{plain} ({count})");
                }
                known.push(changed.clone());
                *name = changed;
            }
            self.below(&escaped(name), |walk| walk.sweep(value, pattern)).map(|()| true)
        })
    }

    fn sweep_text(&mut self, text: &str, pattern: &Regex) -> Done<Option<String>> {
        let inner = embedded::container(text);
        if inner.is_some() && self.nested >= DEEPEST {
            return self.lost(text, Unapplied::TooDeep);
        }
        let mut now = None;
        if let Some(mut inner) = inner {
            let before = inner.clone();
            self.nested = self.nested.saturating_add(1);
            let swept = self.sweep(&mut inner, pattern);
            self.nested = self.nested.saturating_sub(1);
            swept?;
            now = (inner != before).then(|| inner.to_string());
        } else if let Some(plain) = embedded::unescaped(text) {
            // What only shows itself once escapes are undone cannot be cut out of a text nobody can read for certain.
            if pattern.find_iter(&plain).any(|found| !found.is_empty() && !text.contains(found.as_str())) {
                return self.lost(text, Unapplied::Escaped);
            }
        }
        let changed = self.matched(now.as_deref().unwrap_or(text), pattern);
        Ok(changed.or(now))
    }

    /// The text with every match changed; none when it stays the same.
    fn matched(&mut self, text: &str, pattern: &Regex) -> Option<String> {
        let changed = self.edit.matched(pattern, text);
        if changed == text {
            return None;
        }
        for found in pattern.find_iter(text) {
            self.changes.take_text(found.as_str());
        }
        self.changed();
        Some(changed)
    }

    /// A pointer or pattern that cannot be followed for certain. A mask covers all of the text.
    fn lost(&mut self, text: &str, why: fn(String) -> Unapplied) -> Done<Option<String>> {
        let How::Mask(mask) = &self.edit.how else { return Err(why(self.at.clone())) };
        self.changes.take_text(text);
        self.changed();
        Ok(Some(mask.mark(text)))
    }

    fn each(
        &mut self,
        items: &mut Vec<Value>,
        mut then: impl FnMut(&mut Self, usize, &mut Value) -> Done<Fate>,
    ) -> Done<()> {
        let (mut at, mut failed) = (0_usize, None);
        items.retain_mut(|item| {
            if failed.is_some() {
                return true;
            }
            let fate = self.below(&at.to_string(), |walk| then(walk, at, item));
            at = at.saturating_add(1);
            fate.unwrap_or_else(|error| {
                failed = Some(error);
                Fate::Keep
            }) == Fate::Keep
        });
        failed.map_or(Ok(()), Err)
    }

    fn below<T>(&mut self, name: &str, then: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.at.len();
        self.at.push('/');
        self.at.push_str(name);
        let done = then(self);
        self.at.truncate(before);
        done
    }

    fn changed(&mut self) {
        if !self.changes.at.contains(&self.at) {
            self.changes.at.insert(self.at.clone());
        }
    }
}
