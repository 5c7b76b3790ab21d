//! `unblended finalize`: a run becomes what boards read, once.

use super::Outcome;
use super::args::{Answer, Finalize};
use super::output::Console;
use super::runs::to_json_line;
use crate::error::Result;
use crate::facade::{FinalizeTermsRequest, RunQuery, StoreHandle};
use crate::store::FinalizeOutcome;

pub(super) fn run(args: &Finalize, console: &mut Console) -> Result<Outcome> {
    let mut store = StoreHandle::open(&args.store, false)?;
    let run = RunQuery {
        id: args.run.clone(),
        period: args.period,
        basis: args.basis,
        payer: args.payer.clone(),
        currency: args.currency,
    };
    let terms = FinalizeTermsRequest {
        restate: args.restate.clone(),
        assert_invoiced: args.assert_invoiced.clone(),
        allow_incomplete: args.allow_incomplete.clone(),
    };
    let outcome = store.finalize(&run, &terms)?;
    if args.output == Answer::Json {
        console.print(&to_json_line(&outcome)?)?;
    }
    let text = match outcome {
        FinalizeOutcome::Finalized { version } => format!("finalized as version {version}\n"),
        FinalizeOutcome::Unchanged { version } => format!("already finalized as version {version}\n"),
        FinalizeOutcome::Refused(refusal) => {
            console.show(&format!("refused: {}: {}\n", refusal.code, refusal.message));
            return Ok(Outcome::Refused);
        }
    };
    if args.output == Answer::Table {
        console.print(&text)?;
    }
    Ok(Outcome::Done)
}
