//! Which place does a pointer name?

/// The thing a pointer is followed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `/call/arguments`.
    Arguments,
    /// `/result`, all of it.
    Result,
    /// `/result/content`: blocks of a tool's result, contents of a resource, messages of a prompt.
    Content,
    /// `/result/structured`.
    Structured,
    /// `/result/text`: every text block.
    Text,
}

/// One step of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Any element or member.
    Any,
    /// This member, or the element of this number.
    Name(String),
}

const PLACES: [Place; 5] = [Place::Arguments, Place::Content, Place::Structured, Place::Text, Place::Result];

impl Place {
    /// Where it stands in what rules see.
    pub const fn pointer(self) -> &'static str {
        match self {
            Self::Arguments => "/call/arguments",
            Self::Result => "/result",
            Self::Content => "/result/content",
            Self::Structured => "/result/structured",
            Self::Text => "/result/text",
        }
    }
}

/// Reads a pointer. None when it names nothing that can be changed.
pub(super) fn read(path: &str) -> Option<(Place, Vec<Step>)> {
    let (place, rest) = PLACES.iter().find_map(|place| {
        let rest = path.strip_prefix(place.pointer())?;
        (rest.is_empty() || rest.starts_with('/')).then_some((*place, rest))
    })?;
    let steps: Vec<Step> = rest.split('/').skip(1).map(step).collect::<Option<_>>()?;
    // Below `/result` everything that can be changed has a place of its own, and a joined text has nothing below it.
    let whole = matches!(place, Place::Result | Place::Text);
    (!whole || steps.is_empty()).then_some((place, steps))
}

fn step(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::Any);
    }
    let mut name = String::with_capacity(text.len());
    let mut parts = text.split('~');
    name.push_str(parts.next()?);
    for part in parts {
        let rest = match part.split_at_checked(1)? {
            ("0", rest) => {
                name.push('~');
                rest
            }
            ("1", rest) => {
                name.push('/');
                rest
            }
            _ => return None,
        };
        name.push_str(rest);
    }
    Some(Step::Name(name))
}

impl Step {
    /// Whether the step leads to the member of this name.
    pub(super) fn meets(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(wanted) => wanted == name,
        }
    }

    /// Whether the step leads to the element of this number.
    pub(super) fn counts(&self, at: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Name(wanted) => *wanted == at.to_string(),
        }
    }
}

/// A member's name as a step of a pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
