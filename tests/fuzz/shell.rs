//! Is there a text that makes the reader of command lines fall or hang?
#![no_main]

use countersign::facts::shell::{Dialect, read};
use libfuzzer_sys::fuzz_target;

// The first byte chooses the dialect.
fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let dialects = [Dialect::Posix, Dialect::Bash, Dialect::PowerShell, Dialect::Cmd];
    let facts = read(&String::from_utf8_lossy(rest), dialects[usize::from(*first) % dialects.len()]);
    assert!(facts.complete || !facts.reasons.is_empty());
});
