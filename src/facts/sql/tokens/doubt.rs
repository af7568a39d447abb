//! What makes two readers of one text disagree?

use std::collections::BTreeSet;

use super::super::Reason;

/// The doubts met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Doubts(u8);

impl Doubts {
    /// A NUL.
    pub(super) const NUL: u8 = 1;
    /// A quote or comment that does not end.
    pub(super) const UNCLOSED: u8 = 2;
    /// A comment that is executed.
    pub(super) const EXECUTED: u8 = 4;
    /// Quotes and backslashes that another setting reads otherwise.
    pub(super) const MODE: u8 = 8;
    /// Characters that are a space, a quote or a letter to some readers only.
    pub(super) const ODD: u8 = 16;
    /// The end of a comment or string that not all agree on.
    pub(super) const EDGE: u8 = 32;
    /// A command of the client program.
    pub(super) const CLIENT: u8 = 64;

    pub(super) fn add(&mut self, doubt: u8) {
        self.0 |= doubt;
    }

    pub(super) fn reasons(self) -> BTreeSet<Reason> {
        let table = [
            (Self::NUL, Reason::Nul),
            (Self::UNCLOSED, Reason::Unclosed),
            (Self::EXECUTED, Reason::ExecutableComment),
            (Self::MODE, Reason::ServerMode),
            (Self::ODD, Reason::Boundaries),
            (Self::EDGE, Reason::Boundaries),
            (Self::CLIENT, Reason::ClientCommand),
        ];
        table.into_iter().filter(|(doubt, _)| self.0 & doubt != 0).map(|(_, reason)| reason).collect()
    }
}

/// Spaces other than ASCII's, and characters without a shape.
pub(super) fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{a0}'
            | '\u{ad}'
            | '\u{180e}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// Quotes, dashes, semicolons and letters that some servers take for those of ASCII.
pub(super) fn is_disguise(c: char) -> bool {
    matches!(
        c,
        '\u{2b9}'..='\u{2bf}'
            | '\u{2c8}'
            | '\u{37e}'
            | '\u{2010}'..='\u{2015}'
            | '\u{2018}'..='\u{201f}'
            | '\u{2032}'..='\u{2037}'
            | '\u{212a}'
            | '\u{17f}'
            | '\u{131}'
            | '\u{130}'
            | '\u{2212}'
            | '\u{ff01}'..='\u{ff5e}'
            | '\u{fffd}'
    )
}
