//! The `unblended` command line program: [`unblended::run_cli`] with the process's own arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(unblended::run_cli(std::env::args_os()))
}
