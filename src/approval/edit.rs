//! What did somebody want to be different about a call, and what became of that?
//!
//! A person who answers sees arguments as the record holds them, which may have covered parts. So an edit names places and
//! what shall stand there, and everything else stays what the client sent. It is proposed by a person and made by the
//! gateway that has the call, after the tool's schema and the rules have had their say: from then on the approval is about
//! another call, votes for the one before count for nothing, and whoever changed it may not countersign it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::policy::finding::pointer::{Pointer, Step};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{self, Limits};

/// A wish that other arguments be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The person who wants it.
    pub by: String,
    /// What shall be different, in order.
    pub changes: Vec<Change>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub stands: Stands,
}

/// One place and what shall stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// A JSON pointer into the arguments: `/limit`.
    pub at: String,
    /// JSON that shall stand there; nothing takes the place away.
    #[serde(deserialize_with = "super::row::nullable")]
    pub to: Option<String>,
}

/// Where an edit stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Stands {
    /// Nobody who has the call has looked at it yet.
    Proposed,
    /// The call was changed.
    Made {
        /// What it was before.
        from: Digest,
    },
    /// The call cannot be changed like this.
    Refused {
        /// Why.
        why: String,
    },
}

/// Why arguments cannot be changed like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Not a pointer, or one that names many places.
    #[error("`{0}` is no place in the arguments; write one such as /limit or /filter/0")]
    Pointer(String),
    /// The pointer leads nowhere.
    #[error("the arguments have nothing at `{0}`")]
    Nowhere(String),
    /// Not JSON.
    #[error("what shall stand at `{at}` is no JSON: {why}; a text stands in quotes")]
    Json {
        /// Where.
        at: String,
        /// What is wrong.
        why: String,
    },
}

impl Change {
    /// The names that lead to its place.
    pub fn names(&self) -> Result<Vec<String>, Unfit> {
        let nowhere = || Unfit::Pointer(self.at.clone());
        let pointer = Pointer::try_from(self.at.clone()).map_err(|_| nowhere())?;
        let names = pointer.steps().iter().map(|step| match step {
            Step::Name(name) => Ok(name.clone()),
            Step::Every => Err(nowhere()),
        });
        names.collect()
    }

    /// Makes the change in a call's arguments.
    pub fn make(&self, arguments: &mut Object) -> Result<(), Unfit> {
        let names = self.names()?;
        let Some((last, way)) = names.split_last() else { return Err(Unfit::Pointer(self.at.clone())) };
        let nowhere = || Unfit::Nowhere(self.at.clone());
        let to = match &self.to {
            Some(text) => {
                let unread = |why: reader::Malformed| Unfit::Json { at: self.at.clone(), why: why.to_string() };
                Some(reader::strict(text.as_bytes(), &Limits::REQUEST).map_err(unread)?)
            }
            None => None,
        };
        let Some((first, rest)) = way.split_first() else { return put(arguments, last, to).ok_or_else(nowhere) };
        let mut parent = arguments.get_mut(first).ok_or_else(nowhere)?;
        for name in rest {
            parent = child(parent, name).ok_or_else(nowhere)?;
        }
        match parent {
            Value::Object(members) => put(members, last, to).ok_or_else(nowhere),
            Value::Array(items) => {
                let at: usize = last.parse().ok().filter(|at| *at < items.len()).ok_or_else(nowhere)?;
                match (to, items.get_mut(at)) {
                    (Some(to), Some(item)) => *item = to,
                    _ => drop(items.remove(at)),
                }
                Ok(())
            }
            _ => Err(nowhere()),
        }
    }
}

/// A new member may be put in; only one that is there can be taken away.
fn put(members: &mut Object, name: &str, to: Option<Value>) -> Option<()> {
    match to {
        Some(to) => members.insert(name, to),
        None => drop(members.remove(name)?),
    }
    Some(())
}

fn child<'a>(parent: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match parent {
        Value::Object(members) => members.get_mut(name),
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        reader::strict(text.as_bytes(), &Limits::REQUEST).unwrap()
    }

    #[test]
    fn a_change_is_made_at_its_place_or_not_at_all() {
        let before = r#"{"limit":5000,"to":["a","b"],"where":{"id":1}}"#;
        let cases = [
            ("/limit", Some("100"), Ok(r#"{"limit":100,"to":["a","b"],"where":{"id":1}}"#)),
            ("/note", Some("\"x\""), Ok(r#"{"limit":5000,"to":["a","b"],"where":{"id":1},"note":"x"}"#)),
            ("/to/1", None, Ok(r#"{"limit":5000,"to":["a"],"where":{"id":1}}"#)),
            ("/to/0", Some("[]"), Ok(r#"{"limit":5000,"to":[[],"b"],"where":{"id":1}}"#)),
            ("/where/id", None, Ok(r#"{"limit":5000,"to":["a","b"],"where":{}}"#)),
            ("/to/2", Some("1"), Err(Unfit::Nowhere("/to/2".into()))),
            ("/gone", None, Err(Unfit::Nowhere("/gone".into()))),
            ("/gone/deep", Some("1"), Err(Unfit::Nowhere("/gone/deep".into()))),
            ("/limit/deep", Some("1"), Err(Unfit::Nowhere("/limit/deep".into()))),
            ("limit", Some("1"), Err(Unfit::Pointer("limit".into()))),
            ("/to/*", Some("1"), Err(Unfit::Pointer("/to/*".into()))),
        ];
        for (at, to, after) in cases {
            let Value::Object(mut arguments) = read(before) else { panic!("no object") };
            let change = Change { at: at.to_owned(), to: to.map(str::to_owned) };
            let made = change.make(&mut arguments);
            match after {
                Ok(after) => assert_eq!((made, Value::Object(arguments)), (Ok(()), read(after)), "{at}"),
                Err(why) => assert_eq!((made, Value::Object(arguments)), (Err(why), read(before)), "{at}"),
            }
        }
        let twice = Change { at: "/limit".into(), to: Some(r#"{"a":1,"a":2}"#.into()) };
        assert!(matches!(twice.make(&mut Object::new()), Err(Unfit::Json { .. })), "what could be read two ways");
    }
}
