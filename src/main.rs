//! The `countersign` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::enter(std::env::args_os()).into()
}
