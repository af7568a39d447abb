//! How does the gateway get in front of what is there, and out again?
//!
//! `init` makes a configuration, `wrap` puts the gateway into the clients' files, `import` only copies servers, `undo` takes all
//! of it back. What would be done is always shown first; where nobody can be asked and nobody said yes beforehand, nothing is
//! done.

pub mod consent;
pub mod difference;
pub mod files;
pub mod import;
pub mod init;
pub mod plan;
pub mod record;
pub mod survey;
pub mod undo;
pub mod wrap;
