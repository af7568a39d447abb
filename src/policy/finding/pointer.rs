//! Where in the input does a finding point to?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A JSON pointer from the root of the input; a step that is `*` is every element and every member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(/([^~/]|~[01])*)+$"))]
pub struct Pointer(Vec<Step>);

/// One step of a pointer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object, or an element of an array by its number.
    Name(String),
    /// Every one of them.
    Every,
}

/// A text that is no pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no JSON pointer from the root of the input; write one such as \"/call/arguments/card\"")]
pub struct NoPointer(String);

/// No pointer is longer or goes deeper: values do not.
const LONGEST: usize = 1024;
const DEEPEST: usize = 64;

impl Pointer {
    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether the other names this place, or one below it.
    pub fn leads_to(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The steps below these names; none when it leads elsewhere.
    pub fn below(&self, names: &[&str]) -> Option<&[Step]> {
        let (begin, rest) = self.0.split_at_checked(names.len())?;
        let same = begin.iter().zip(names).all(|(step, name)| matches!(step, Step::Name(step) if step == name));
        same.then_some(rest)
    }
}

impl TryFrom<String> for Pointer {
    type Error = NoPointer;

    fn try_from(text: String) -> Result<Self, NoPointer> {
        let read = || {
            let rest = text.strip_prefix('/').filter(|_| text.len() <= LONGEST)?;
            let steps: Vec<Step> = rest.split('/').map(step).collect::<Option<_>>()?;
            (steps.len() <= DEEPEST && steps.first() != Some(&Step::Name(String::new()))).then_some(Self(steps))
        };
        read().ok_or_else(|| NoPointer(text.chars().take(80).collect()))
    }
}

fn step(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::Every);
    }
    let escapes = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    escapes.then(|| Step::Name(text.replace("~1", "/").replace("~0", "~")))
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.to_string()
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Name(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Every => f.write_str("/*"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_as_it_was_written_or_not_at_all() {
        for text in ["/call", "/call/arguments/a~1b/~0/*/0", "/result/content/*/text", "/call/arguments/"] {
            assert_eq!(Pointer::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in [
            "",
            "/",
            "//x",
            "call/x",
            "/call/~2",
            "/call/a~",
            "#/call",
            " /call",
            &"/x".repeat(65),
            &format!("/{}", "x".repeat(LONGEST)),
        ] {
            assert!(Pointer::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_below_a_name_is_what_follows_it() {
        let pointer = Pointer::try_from("/call/arguments/list/*".to_owned()).unwrap();
        assert_eq!(pointer.below(&["call", "arguments"]), Some(&[Step::Name("list".to_owned()), Step::Every][..]));
        assert_eq!(pointer.below(&["result"]), None);
        assert_eq!(Pointer::try_from("/*/arguments".to_owned()).unwrap().below(&["call"]), None);
    }
}
