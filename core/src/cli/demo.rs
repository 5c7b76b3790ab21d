//! `unblended demo`: a month to try everything on.

use std::collections::BTreeMap;

use super::Outcome;
use super::args::{Answer, Cli, Command, Demo};
use super::output::Console;
use super::runs::to_json_line;
use crate::demo::{DemoDialect, DemoOptions, demo};
use crate::error::{Error, ErrorCode, Result};
use clap::Parser;
use serde_json::json;

pub(super) fn run(args: &Demo, console: &mut Console) -> Result<Outcome> {
    let dialects = DemoDialect::named(&args.dialect)?;
    let options = DemoOptions { seed: args.seed, rows: args.rows, dialects, ..DemoOptions::new(args.period) };
    let files = demo(&args.dir, &options)?;
    console.show(&format!("wrote {}\n", args.dir.display()));
    let mut typed = files.rollup_arguments();
    typed.extend(["--store".to_owned(), args.dir.join("unblended.sqlite").display().to_string()]);
    let line = format!("unblended {}\n", typed.join(" "));
    if !args.rollup {
        let text = match args.output {
            Answer::Json => {
                let bills: BTreeMap<&str, _> =
                    files.bills.iter().map(|bill| (bill.dialect.as_str(), &bill.path)).collect();
                to_json_line(&json!({
                    "rows": files.rows, "total": files.total, "rounding": files.rounding, "bills": bills,
                    "rollup": typed,
                }))?
            }
            Answer::Table => line,
        };
        return console.print(&text).map(|()| Outcome::Done);
    }
    console.show(&format!("{line}\n"));
    if args.output == Answer::Json {
        typed.extend(["--output".to_owned(), "json".to_owned()]);
    }
    match Cli::try_parse_from(std::iter::once("unblended".to_owned()).chain(typed)).map(|cli| cli.command) {
        Ok(Command::Rollup(rollup)) => super::rollup::run(&rollup, console),
        Ok(_) | Err(_) => Err(Error::new(ErrorCode::InternalPanic, "the demo's own command is not understood")),
    }
}
