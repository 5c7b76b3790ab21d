//! `unblended demo`: a month to try everything on.

use super::Outcome;
use super::args::{Cli, Command, Demo};
use super::output::Console;
use crate::demo::{DemoOptions, demo};
use crate::error::{Error, ErrorCode, Result};
use clap::Parser;

pub(super) fn run(args: &Demo, console: &mut Console) -> Result<Outcome> {
    let files = demo(&args.dir, &DemoOptions { seed: args.seed, period: args.period, rows: args.rows })?;
    console.show(&format!("wrote {}\n", args.dir.display()));
    if !args.rollup {
        console.print(&format!("{}\n", files.rollup_command()))?;
        return Ok(Outcome::Done);
    }
    let argv = files.rollup_arguments();
    console.show(&format!("unblended {}\n\n", argv.join(" ")));
    let typed = std::iter::once("unblended".to_owned()).chain(argv);
    match Cli::try_parse_from(typed).map(|cli| cli.command) {
        Ok(Command::Rollup(rollup)) => super::rollup::run(&rollup, console),
        Ok(_) | Err(_) => Err(Error::new(ErrorCode::InternalPanic, "the demo's own command is not understood")),
    }
}
