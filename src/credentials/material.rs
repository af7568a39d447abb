//! What was made? Named texts, most of them secret, that nobody may print.

use crate::secret::Secret;

/// A credential as its parts: `value`, or `username` and `password`, and what is made of them.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret has no form that may be printed")]
pub struct Material(Vec<Part>);

#[derive(Clone)]
struct Part {
    name: String,
    text: Secret,
    hush: Hush,
}

/// Whether a part is taken out of everything that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hush {
    /// It is: who has it can do what it allows.
    Secret,
    /// It is not: a name, a host.
    Open,
}

/// A template names what the credential does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has no `{0}`")]
pub struct NoPart(pub String);

/// A shorter secret would be found in texts that have nothing to do with it, and could be guessed.
pub const SHORTEST: usize = 8;

impl Material {
    /// A credential that is one text, called `value`.
    pub fn of(value: Secret) -> Self {
        Self(Vec::new()).with("value", value, Hush::Secret)
    }

    /// Without parts.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The same with one more part.
    #[must_use]
    pub fn with(mut self, name: &str, text: Secret, hush: Hush) -> Self {
        self.0.push(Part { name: name.to_owned(), text, hush });
        self
    }

    /// What may not come back.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().filter(|part| part.hush == Hush::Secret).map(|part| &part.text)
    }

    /// The names of its parts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|part| part.name.as_str())
    }

    /// The text of a part.
    pub fn part(&self, name: &str) -> Option<&Secret> {
        self.0.iter().find(|part| part.name == name).map(|part| &part.text)
    }

    /// A template with `{name}` replaced by the part of that name.
    pub fn fill(&self, template: &str) -> Result<Secret, NoPart> {
        let mut filled = zeroize::Zeroizing::new(String::with_capacity(template.len()));
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            let part = self.part(name).ok_or_else(|| NoPart(name.to_owned()))?;
            filled.push_str(before);
            filled.push_str(part.expose());
            rest = after;
        }
        filled.push_str(rest);
        Ok(Secret::new(std::mem::take(&mut *filled)))
    }
}
