//! `unblended finalize`: a run becomes what boards read, once.

use super::Outcome;
use super::args::{Answer, Finalize};
use super::bill::now;
use super::output::Console;
use super::runs::to_json_line;
use crate::error::{ErrorClass, Result};
use crate::store::{FinalizeOutcome, FinalizeRequest, RunChoice, Store};

pub(super) fn run(args: &Finalize, console: &mut Console) -> Result<Outcome> {
    let mut store = Store::open_existing(&args.store)?;
    let run = match (&args.run, args.period) {
        (Some(id), _) => RunChoice::Id(id.clone()),
        (None, Some(period)) => RunChoice::Latest { period, basis: args.basis },
        (None, None) => RunChoice::Id(String::new()),
    };
    let outcome = store.finalize(&FinalizeRequest {
        run,
        restate: args.restate.clone(),
        assert_invoiced: args.assert_invoiced.clone(),
        allow_incomplete: args.allow_incomplete.clone(),
        at: now(),
    })?;
    if args.output == Answer::Json {
        console.print(&to_json_line(&outcome)?)?;
    }
    let text = match outcome {
        FinalizeOutcome::Finalized { version } => format!("finalized as version {version}\n"),
        FinalizeOutcome::Unchanged { version } => format!("already finalized as version {version}\n"),
        FinalizeOutcome::Refused(refusal) => {
            console.show(&format!("refused: {}: {}\n", refusal.code, refusal.message));
            return Ok(if refusal.code.class() == ErrorClass::State { Outcome::Refused } else { Outcome::Done });
        }
    };
    if args.output == Answer::Table {
        console.print(&text)?;
    }
    Ok(Outcome::Done)
}
