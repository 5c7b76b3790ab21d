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
    fn demo_in(folder: &std::path::Path) -> String {
        let options =
            crate::demo::DemoOptions { rows: 2000, ..crate::demo::DemoOptions::new("2016-06".parse().unwrap()) };
        crate::demo::demo(folder, &options).unwrap().bill.display().to_string()
    }

    #[test]
    fn csv_without_a_folder_is_refused_before_a_run_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let (bill, store) = (demo_in(folder.path()), folder.path().join("runs.sqlite"));
        let typed = ["unblended", "rollup", &bill, "--output", "csv", "--store", &store.display().to_string()];
        assert_eq!(run_cli(typed), 2);
        assert!(!store.exists());
    }

    #[test]
    fn inspecting_one_period_does_not_ask_for_the_tag_keys_of_another() {
        let folder = tempfile::tempdir().unwrap();
        demo_in(folder.path());
        let other = "111111111111-aws-billing-detailed-line-items-2016-07.csv";
        let header = "RecordType,ProductName,UsageStartDate,UsageEndDate,Cost,user:only_here\n";
        std::fs::write(folder.path().join(other), header).unwrap();
        let typed = ["unblended", "inspect", &folder.path().display().to_string(), "--period", "2016-06"];
        assert_eq!(run_cli(typed), 0);
    }
}
