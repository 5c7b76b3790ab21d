//! `unblended demo`: a month to try everything on.

use super::Outcome;
use super::args::{Answer, Cli, Command, Demo};
use super::output::Console;
use super::runs::to_json_line;
use crate::demo::{DemoDialect, DemoFiles, DemoOptions, demo};
use crate::error::{Error, ErrorCode, Result};
use clap::Parser;
use serde::Serialize;

/// What was written, and how to roll it up.
#[derive(Serialize)]
struct Written<'f> {
    #[serde(flatten)]
    files: &'f DemoFiles,
    rollup: Vec<String>,
}

pub(super) fn run(args: &Demo, console: &mut Console) -> Result<Outcome> {
    let dialects = DemoDialect::named(&args.dialect)?;
    let options = DemoOptions {
        seed: args.seed,
        rows: args.rows,
        dialects,
        savings_plan: args.savings_plan,
        split_costs: args.split_costs,
        ..DemoOptions::new(args.period)
    };
    let files = demo(&args.dir, &options)?;
    console.show(&format!("wrote {}\n", args.dir.display()));
    let mut typed = files.rollup_arguments();
    typed.extend(["--store".to_owned(), args.dir.join("unblended.sqlite").display().to_string()]);
    let line = format!("unblended {}\n", typed.join(" "));
    if !args.rollup {
        let text = match args.output {
            Answer::Json => to_json_line(&Written { files: &files, rollup: typed })?,
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
