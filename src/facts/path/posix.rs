//! What is a path on a system that parts names by slashes?

use std::collections::BTreeSet;

use super::{Reason, Tidy};

/// Puts a path in order and says what about it is not certain.
pub(super) fn tidy(text: &str, reasons: &mut BTreeSet<Reason>) -> Tidy {
    let path = Tidy::walk(String::new(), text.starts_with('/'), text.split('/'));
    if text.contains('\\') {
        reasons.insert(Reason::Backslash);
    }
    if path.absolute && leads_elsewhere(&path.names) {
        reasons.insert(Reason::ProcessLink);
    }
    path
}

/// `/proc/self/root/…`, `/proc/1/cwd/…`, `/proc/self/fd/3`, `/dev/fd/3`.
fn leads_elsewhere(names: &[String]) -> bool {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["proc", _, rest @ ..] => {
            rest.iter().any(|name| matches!(*name, "root" | "cwd" | "fd" | "exe" | "map_files" | "task"))
        }
        ["dev", "fd" | "stdin" | "stdout" | "stderr", ..] => true,
        _ => false,
    }
}
