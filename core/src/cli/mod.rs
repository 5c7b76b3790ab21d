//! The command line program (spec 11): typed arguments → library calls → results on standard output.
//!
//! Invariants: progress and diagnostics go to standard error only; exit status is 0 done, 1 refused as not final or
//! restated, 2 bad input or usage, 3 internal; a panic is the error `internal.panic`.

mod args;
mod bill;
mod demo;
mod finalize;
mod inspect;
mod output;
mod rollup;
mod runs;
mod schema;
mod tables;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Parser;

use crate::error::{Error, ErrorClass, ErrorCode, Result};
use args::{Cli, Command};
use output::Console;

/// What a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Done.
    Done,
    /// Refused as not final or restated, or findings.
    Refused,
}

/// Runs the program with these arguments, the first being its name, and returns the exit status (spec 11.4).
pub fn run_cli<I, T>(argv: I) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let mut console = Console::new();
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(help) => return output::show_usage(&help),
    };
    match caught(|| execute(cli.command, &mut console)) {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Refused) => 1,
        Err(error) => {
            console.show_error(&error);
            match error.code().class() {
                ErrorClass::Internal => 3,
                ErrorClass::Config | ErrorClass::Input | ErrorClass::Io | ErrorClass::Limit | ErrorClass::State => 2,
            }
        }
    }
}

fn execute(command: Command, console: &mut Console) -> Result<Outcome> {
    match command {
        Command::Rollup(args) => rollup::run(&args, console),
        Command::Inspect(args) => inspect::run(&args, console),
        Command::Finalize(args) => finalize::run(&args, console),
        Command::Runs(args) => runs::run(&args, console),
        Command::Demo(args) => demo::run(&args, console),
        Command::Schema(args) => schema::run(&args, console),
    }
}

/// A panic is a defect of this program: it becomes an error, never an abort in the caller's process.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(ErrorCode::InternalPanic, "a defect of this program was caught, please report it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error() {
        let error = caught::<()>(|| panic!("deliberate")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InternalPanic);
        assert_eq!(error.code().class(), ErrorClass::Internal);
    }

    #[test]
    fn help_is_done_and_wrong_usage_is_status_2() {
        assert_eq!(run_cli(["unblended", "--version"]), 0);
        assert_eq!(run_cli(["unblended", "rollup"]), 2);
        assert_eq!(run_cli(["unblended", "rollup", "no-such-file.csv"]), 2);
    }
}
