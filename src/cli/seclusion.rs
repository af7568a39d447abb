//! Who may look into the memory of a gateway? Nobody but whoever may do everything: it holds the secrets of others.
//!
//! No core file is left of it when it dies, and no other process of the same user attaches to it or reads its memory.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps the memory of this process to itself.
pub(super) fn seclude() {
    let limit = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let limit =
        limit.and_then(|()| rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable));
    if let Err(error) = limit {
        tracing::warn!(%error, "the memory of this process could not be kept to itself; a core file of it would hold secrets");
    }
}
