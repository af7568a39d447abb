//! Does somebody agree?

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::cli::exit::Exit;
use crate::visible::harmless;

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Yes.
    Given,
    /// No.
    Refused,
    /// Nobody is there to be asked.
    Nobody,
}

/// Asks whoever sits before the terminal. Silence is a no.
pub fn ask(question: &str, beforehand: bool) -> io::Result<Consent> {
    if beforehand {
        return Ok(Consent::Given);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(Consent::Nobody);
    }
    write!(io::stderr(), "{} [y/N] ", harmless(question))?;
    io::stderr().flush()?;
    let mut said = String::new();
    io::stdin().lock().read_line(&mut said)?;
    let yes = matches!(said.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    Ok(if yes { Consent::Given } else { Consent::Refused })
}

/// How a command ends that was not agreed to.
pub const fn end(consent: Consent) -> Exit {
    match consent {
        Consent::Given => Exit::Done,
        Consent::Refused => Exit::Failed,
        Consent::Nobody => Exit::Unasked,
    }
}
