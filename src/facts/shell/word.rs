//! What is one word of a command line?

/// A word after quotes are removed and before anything is expanded.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) start: Start,
    pub(super) expansion: Expansion,
    /// It may become several words.
    pub(super) splits: bool,
    /// Something in it was quoted, so it is no keyword.
    pub(super) quoted: bool,
    /// How many bytes of the text are the name of an assignment.
    pub(super) assigns: Option<usize>,
}

/// What a shell puts in place of a part of a word, the worst of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Expansion {
    #[default]
    None,
    /// A `~` or braces, which become what is known.
    Known,
    /// What only shows when it runs.
    Unknown,
    /// What a command prints.
    Output,
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

    pub(super) fn is_literal(&self) -> bool {
        self.expansion == Expansion::None
    }

    /// Whether what it becomes only shows when it runs.
    pub(super) fn is_unknown(&self) -> bool {
        self.expansion >= Expansion::Unknown
    }

    /// Whether a command's output stands in it.
    pub(super) fn substitutes(&self) -> bool {
        self.expansion == Expansion::Output
    }

    pub(super) fn holds(&mut self, expansion: Expansion) {
        self.expansion = self.expansion.max(expansion);
    }

    /// The text, if it may be a keyword.
    pub(super) fn bare(&self) -> &str {
        if self.quoted || !self.is_literal() { "" } else { &self.text }
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
        self.holds(Expansion::Unknown);
        self.text.push_str(written);
    }

    /// Whether a program may take it, or part of it, for an option although it is not written as one.
    pub(super) fn may_be_option(&self) -> bool {
        self.start != Start::Literal || self.splits
    }
}
