//! Which texts are kept once, for many entries of the book to name?
//!
//! Who asks, which tool of which server it is about, and the policies in force stay the same from call to call. Each is
//! kept under the digest of its text, so whoever has the name can tell that the text is the right one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bundle::{Source, Sources};
use crate::digest::Digest;
use crate::object;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// A text and its name. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept(Arc<Text>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Text {
    name: String,
    body: String,
}

impl Kept {
    /// A text under its own digest.
    pub fn of(body: String) -> Self {
        Self::under(Digest::of_bytes("part", body.as_bytes()), body)
    }

    /// A tool's definition under the name that pins and entries have for it.
    pub fn definition(name: Digest, body: String) -> Self {
        Self::under(name, body)
    }

    /// The name: a digest as text.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text, JSON.
    pub fn body(&self) -> &str {
        &self.0.body
    }

    fn under(name: Digest, body: String) -> Self {
        Self(Arc::new(Text { name: name.to_string(), body }))
    }
}

/// What a bundle was made of: a list under the bundle's own name, and each file under its digest, so that a change of one
/// file keeps one file.
pub fn keep(bundle: Digest, sources: &Sources) -> Vec<Kept> {
    let mut kept = Vec::new();
    let mut list = |sources: &[Source]| {
        let mut named = Object::new();
        for source in sources {
            let file = Kept::of(Value::from(source.text.as_str()).to_string());
            named.insert(source.path.as_str(), file.name());
            kept.push(file);
        }
        named
    };
    let list = object! { "policies" => list(&sources.policies), "data" => list(&sources.data) };
    kept.push(Kept::under(bundle, list.to_string()));
    kept
}

/// The files a bundle was made of, from the text kept under its name and a way to look up others.
pub fn restore(list: &str, text_of: &BTreeMap<String, String>) -> Option<Sources> {
    let list = read(list)?;
    let files = |of: &str| {
        let named = list.get(of)?.as_object()?;
        let source = |(path, name): (&str, &Value)| {
            let text = read(text_of.get(name.as_str()?)?)?;
            Some(Source { path: path.to_owned(), text: text.as_str()?.to_owned() })
        };
        named.iter().map(source).collect::<Option<Vec<_>>>()
    };
    Some(Sources { policies: files("policies")?, data: files("data")? })
}

/// The names a bundle's list names.
pub fn names(list: &str) -> Vec<String> {
    let Some(Value::Object(list)) = read(list) else { return Vec::new() };
    let files = list.iter().filter_map(|(_, files)| files.as_object()).flat_map(Object::iter);
    files.filter_map(|(_, name)| name.as_str().map(str::to_owned)).collect()
}

fn read(text: &str) -> Option<Value> {
    lenient(text.as_bytes(), &Limits::REPLY).ok()
}

impl serde::Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::bundle::Bundle;
    use crate::policy::sample;

    #[test]
    fn the_files_of_a_bundle_come_back_as_they_were() {
        let sources = sample::sources(
            &["package countersign.a\n\nallow := true\n", "package countersign.b\n\ndeny := \"\\u0000 no\"\n"],
            "{\"a\":1}",
        );
        let bundle = Bundle::load(&sources).unwrap();
        let kept = bundle.kept();
        let list = kept.iter().find(|kept| kept.name() == bundle.digest().to_string()).unwrap();
        let all: BTreeMap<String, String> =
            kept.iter().map(|kept| (kept.name().to_owned(), kept.body().to_owned())).collect();
        assert!(names(list.body()).iter().all(|name| all.contains_key(name)));
        let restored = restore(list.body(), &all).unwrap();
        assert_eq!(restored, sources);
        assert_eq!(Bundle::load(&restored).unwrap().digest(), bundle.digest());
        assert_eq!(restore(list.body(), &BTreeMap::new()), None);
    }
}
