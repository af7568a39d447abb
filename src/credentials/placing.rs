//! Where does a credential go? To the server and to nobody else, for this one call.
//!
//! Into the environment or the arguments of a process that is started for the call, into a header of the call's one request,
//! or into an argument of the tool. What stood there before is replaced: a lasting secret does not travel beside a short one.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

use super::material::{Material, NoPart};
use crate::policy::finding::pointer::{Pointer, Step};
use crate::secret::Secret;
use crate::wire::json::{Object, Value};

/// Where what one provider makes goes at one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The configured name of the provider.
    pub provider: Arc<str>,
    /// The places, with what is written there: `{part}` stands for a part of the credential.
    pub places: Vec<(Place, String)>,
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A variable of a process started for the call.
    Variable(String),
    /// One more argument of that process. Everybody on the machine can read those.
    Argument,
    /// A header of the call's request.
    Header(HeaderName),
    /// An argument of the tool.
    Input(Pointer),
}

/// What goes where, for one call.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Placed {
    /// Variables of the process.
    pub variables: Vec<(String, Secret)>,
    /// Arguments of the process, after its own.
    pub arguments: Vec<Secret>,
    /// Headers of the request.
    pub headers: Vec<(HeaderName, Secret)>,
    /// Arguments of the tool.
    pub inputs: Vec<(Pointer, Secret)>,
}

/// A tool has no such place in what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the credential goes to `{0}` of the tool's arguments, and there is no such place in this call")]
pub struct NoPlace(String);

impl Place {
    /// Whether it needs a process of the call's own.
    pub const fn is_of_process(&self) -> bool {
        matches!(self, Self::Variable(_) | Self::Argument)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable {name} of a process started for this call"),
            Self::Argument => f.write_str("an argument of a process started for this call"),
            Self::Header(name) => write!(f, "the header {name} of this one request"),
            Self::Input(pointer) => write!(f, "the tool's argument {pointer}"),
        }
    }
}

impl Placed {
    /// Puts one more credential where it goes.
    pub fn put(&mut self, places: &[(Place, String)], material: &Material) -> Result<(), NoPart> {
        for (place, template) in places {
            let text = material.fill(template)?;
            match place {
                Place::Variable(name) => self.variables.push((name.clone(), text)),
                Place::Argument => self.arguments.push(text),
                Place::Header(name) => self.headers.push((name.clone(), text)),
                Place::Input(pointer) => self.inputs.push((pointer.clone(), text)),
            }
        }
        Ok(())
    }

    /// Everything that is put anywhere.
    pub fn texts(&self) -> impl Iterator<Item = &Secret> {
        let named = self.variables.iter().map(|(_, text)| text).chain(&self.arguments);
        named.chain(self.headers.iter().map(|(_, text)| text)).chain(self.inputs.iter().map(|(_, text)| text))
    }

    /// Whether the call needs a process of its own.
    pub fn needs_process(&self) -> bool {
        !self.variables.is_empty() || !self.arguments.is_empty()
    }

    /// Writes what goes there into the arguments of the tool. Objects on the way must be there; the last member need not.
    pub fn write_into(&self, params: &mut Object) -> Result<(), NoPlace> {
        for (pointer, text) in &self.inputs {
            if !params.contains("arguments") {
                params.insert("arguments", Object::new());
            }
            let at = params.get_mut("arguments").and_then(Value::as_object_mut);
            let names: Option<Vec<&str>> = pointer.steps().iter().map(named).collect();
            let done = at.zip(names).and_then(|(at, names)| put(at, &names, text));
            done.ok_or_else(|| NoPlace(pointer.to_string()))?;
        }
        Ok(())
    }
}

fn named(step: &Step) -> Option<&str> {
    match step {
        Step::Name(name) => Some(name),
        Step::Every => None,
    }
}

fn put(at: &mut Object, names: &[&str], text: &Secret) -> Option<()> {
    let (first, rest) = names.split_first()?;
    if rest.is_empty() {
        at.insert(*first, text.expose());
        return Some(());
    }
    put(at.get_mut(first)?.as_object_mut()?, rest, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    fn material() -> Material {
        Material::of(Secret::new("s3cr3t-value".to_owned()))
    }

    fn input(pointer: &str) -> (Place, String) {
        (Place::Input(Pointer::try_from(pointer.to_owned()).unwrap()), "tok {value}".to_owned())
    }

    #[test]
    fn a_template_is_filled_and_what_the_credential_lacks_is_told() {
        let filled = |template| material().fill(template).map(|text| text.expose().to_owned());
        assert_eq!(filled("Bearer {value}").as_deref(), Ok("Bearer s3cr3t-value"));
        assert_eq!(filled("{value}{value}").as_deref(), Ok("s3cr3t-values3cr3t-value"));
        assert_eq!(filled("{open").as_deref(), Ok("{open"));
        assert_eq!(filled("{username}"), Err(NoPart("username".to_owned())));
    }

    #[test]
    fn an_argument_is_rewritten_where_it_stands_and_nowhere_else() {
        let mut placed = Placed::default();
        placed.put(&[input("/auth/token")], &material()).unwrap();
        let mut params =
            object! { "arguments" => object! { "auth" => object! { "token" => "from the model" }, "q" => 1_i64 } };
        placed.write_into(&mut params).unwrap();
        let written = Value::from(params).to_string();
        assert_eq!(written, "{\"arguments\":{\"auth\":{\"token\":\"tok s3cr3t-value\"},\"q\":1}}");
        let mut other = object! { "arguments" => object! { "auth" => "text" } };
        let fault = placed.write_into(&mut other).unwrap_err().to_string();
        assert!(fault.contains("/auth/token") && !fault.contains("s3cr3t"), "{fault}");
    }
}
