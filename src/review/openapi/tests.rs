//! Is the description true?
