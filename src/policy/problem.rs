//! Why are these policies not fit, and where is it written?

/// One reason why policies are not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}  {rule}  {what}")]
pub struct Problem {
    /// The file, with line and column where they are known.
    pub place: String,
    /// The name of the check.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub what: String,
}

impl Problem {
    /// The engine's words, with the place taken out of them: `--> file:line:col`, the line, a caret, `error: words`.
    pub(super) fn from_engine(place: &str, rule: &'static str, error: &anyhow::Error) -> Self {
        let text = first_words(error);
        let place = text.lines().find_map(|line| line.trim().strip_prefix("--> ")).unwrap_or(place).trim().to_owned();
        let (words, shown): (Vec<&str>, Vec<&str>) =
            text.lines().filter(|line| !line.trim().starts_with("--> ")).partition(|line| line.starts_with("error: "));
        let words: Vec<&str> = words.iter().map(|line| line.trim_start_matches("error: ")).collect();
        let what =
            if words.is_empty() { shown.join("\n") } else { format!("{}\n{}", words.join("; "), shown.join("\n")) };
        Self { place, rule, what: what.trim_end().to_owned() }
    }

    /// File, line and column; zero where they are not known.
    pub fn position(&self) -> (&str, u32, u32) {
        let known = || {
            let (rest, column) = self.place.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            Some((file, line.parse().ok()?, column.parse().ok()?))
        };
        known().unwrap_or((&self.place, 0, 0))
    }
}

/// The engine's own words without its decoration.
pub(super) fn first_words(error: &impl std::fmt::Display) -> String {
    error.to_string().trim().to_owned()
}
