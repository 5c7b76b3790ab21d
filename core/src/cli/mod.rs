//! The command line program (spec 11): typed arguments → library calls → results on standard output.
//!
//! Invariants: progress and diagnostics go to standard error only; exit status is 0 done, 1 refused as not final or
//! restated, 2 bad input or usage, 3 internal; a panic is the error `internal.panic`.

mod args;
mod bill;
mod demo;
mod explain;
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
        Command::Coverage(args) => rollup::run_coverage(&args, console),
        Command::Explain(args) => explain::run(&args, console),
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
    fn csv_names_kept_pools_and_hops_where_there_are_any() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let header = "RecordType,PayerAccountId,ProductName,UsageStartDate,UsageEndDate,Cost,user:product_area";
        let row = |cost: &str, product: &str, area: &str| {
            format!("LineItem,1,{product},2016-06-01 00:00:00,2016-06-01 01:00:00,{cost},{area}\n")
        };
        std::fs::write(at("bill.csv"), format!("{header}\n{}{}", row("8", "S3", "it"), row("1", "Support", "")))
            .unwrap();
        std::fs::write(at("keys.csv"), "consumer,key\nweb,1\n").unwrap();
        let policy = "[[shared]]\nname = \"support\"\nmatch = { product = \"Support\" }\nmethod = \"keep\"\n\
            [[providers]]\narea = \"it\"\nkeys = \"keys.csv\"\n";
        std::fs::write(at("policy.toml"), policy).unwrap();
        let (bill, out, with) = (at("bill.csv"), at("out"), at("policy.toml"));
        let typed = ["unblended", "rollup", &bill, "--output", "csv", "--out", &out];
        assert_eq!(run_cli(typed), 0);
        let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name));
        assert_eq!(read("area_costs.csv").unwrap(), "product_area,row_kind,cost\n,unattributed,1\nit,area,8\n");
        assert!(read("reallocations.csv").is_err());
        assert_eq!(run_cli(typed.iter().chain(&["--policy", &with])), 0);
        let areas = "product_area,row_kind,pool,cost\n,shared,support,1\nweb,area,,8\n";
        assert_eq!(read("area_costs.csv").unwrap(), areas);
        assert_eq!(read("reallocations.csv").unwrap(), "provider,consumer,cost\nit,web,8\n");
        assert_eq!(run_cli(["unblended", "rollup", &bill, "--policy", &with]), 0);
    }

    #[test]
    fn a_given_table_of_reservations_is_kept_in_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let (bill, store) = (demo_in(folder.path()), folder.path().join("runs.sqlite").display().to_string());
        let table = folder.path().join("fees.csv");
        std::fs::write(
            &table,
            "payer,billing_period,usage_account,product,kind,commitment_id,start,end,fee,currency\n\
             111111111111,2015-12,111111111111,EC2,UpfrontFee,7,2015-12-06,2016-12-06,350,USD\n",
        )
        .unwrap();
        let rollup = ["unblended", "rollup", &bill, "--store", &store];
        assert_eq!(run_cli(rollup.iter().chain(&["--reservations", &table.display().to_string()])), 0);
        assert_eq!(run_cli(rollup), 0);
        let runs = crate::store::Store::open_existing(&store).unwrap();
        let runs = runs.runs(&crate::store::RunFilter::default()).unwrap();
        assert!(!runs[0].totals.carried_in.is_zero());
        assert_eq!(runs[0].totals.carried_in, runs[1].totals.carried_in);
    }

    #[test]
    fn nothing_is_stored_where_the_result_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (bill, store) = (demo_in(folder.path()), folder.path().join("runs.sqlite").display().to_string());
        let out = folder.path().join("missing").join("x.json").display().to_string();
        let rollup = ["unblended", "rollup", &bill, "--store", &store, "--output", "json", "--out", &out];
        assert_eq!(run_cli(rollup), 2);
        let store = crate::store::Store::open_existing(&store).unwrap();
        assert!(store.runs(&crate::store::RunFilter::default()).unwrap().is_empty());
    }

    #[test]
    fn a_rule_on_another_tag_does_not_make_the_default_tag_key_required() {
        let folder = tempfile::tempdir().unwrap();
        let (bill, policy) = (folder.path().join("bill.csv"), folder.path().join("policy.toml"));
        let header = "RecordType,PayerAccountId,ProductName,UsageStartDate,UsageEndDate,Cost,user:env";
        std::fs::write(&bill, format!("{header}\nLineItem,1,S3,2016-06-01 00:00:00,2016-06-01 01:00:00,1,prod\n"))
            .unwrap();
        std::fs::write(&policy, "[[rules]]\nid = \"env\"\nmatch = { tag = { env = \"prod\" } }\narea = \"web\"\n")
            .unwrap();
        let (bill, policy) = (bill.display().to_string(), policy.display().to_string());
        assert_eq!(run_cli(["unblended", "rollup", &bill, "--policy", &policy]), 0);
    }

    #[test]
    fn explain_refuses_csv_and_rows_of_standard_input_and_finds_nothing_in_peace() {
        let folder = tempfile::tempdir().unwrap();
        let bill = demo_in(folder.path());
        assert_eq!(run_cli(["unblended", "explain", &bill, "--output", "csv"]), 2);
        assert_eq!(run_cli(["unblended", "explain", "-", "--rows", "3"]), 2);
        assert_eq!(run_cli(["unblended", "explain", &bill, "--mechanism", "nothing"]), 2);
        assert_eq!(run_cli(["unblended", "explain", &bill, "--area", "nobody", "--rows", "3"]), 0);
        assert_eq!(run_cli(["unblended", "explain", &bill, "--no-area", "--row-kind", "unattributed"]), 0);
    }

    #[test]
    fn allocated_charges_that_cannot_be_written_store_no_run() {
        let folder = tempfile::tempdir().unwrap();
        let (bill, store) = (demo_in(folder.path()), folder.path().join("runs.sqlite").display().to_string());
        let out = folder.path().join("missing").join("x.csv").display().to_string();
        assert_eq!(run_cli(["unblended", "rollup", &bill, "--store", &store, "--allocated-charges", &out]), 2);
        let store = crate::store::Store::open_existing(&store).unwrap();
        assert!(store.runs(&crate::store::RunFilter::default()).unwrap().is_empty());
    }

    #[test]
    fn the_same_file_named_twice_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bill = demo_in(folder.path());
        assert_eq!(run_cli(["unblended", "rollup", &bill, &bill]), 2);
        assert_eq!(run_cli(["unblended", "rollup", &bill, &bill, "--allow-duplicates"]), 0);
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
