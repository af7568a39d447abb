//! What is one word of a command line?

/// A word after quotes are removed and before anything is expanded.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) start: Start,
    /// Something in it is expanded.
    pub(super) expands: bool,
    /// A command's output stands in it.
    pub(super) substitutes: bool,
    /// Something in it was quoted, so it is no keyword.
    pub(super) quoted: bool,
    /// How many bytes of the text are the name of an assignment.
    pub(super) assigns: Option<usize>,
}

/// How a word begins, which says whether it may turn out to be an option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    #[default]
    Literal,
    Glob,
    Expansion,
}

impl Word {
    pub(super) fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    pub(super) const fn is_literal(&self) -> bool {
        !self.expands
    }

    /// The text, if it may be a keyword.
    pub(super) fn bare(&self) -> &str {
        if self.quoted || self.expands { "" } else { &self.text }
    }

    /// The name an assignment sets.
    pub(super) fn assigned(&self) -> Option<&str> {
        self.text.get(..self.assigns?)
    }

    /// Adds an expansion as it is written.
    pub(super) fn expand(&mut self, written: &str, start: Start) {
        if self.text.is_empty() {
            self.start = start;
        }
        self.expands = true;
        self.text.push_str(written);
    }
}
