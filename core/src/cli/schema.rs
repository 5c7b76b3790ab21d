//! `unblended schema`: JSON Schema of what is read and written.

use super::Outcome;
use super::args::{Schema, SchemaOf};
use super::output::Console;
use crate::error::Result;

pub(super) fn run(args: &Schema, console: &mut Console) -> Result<Outcome> {
    let text = match args.of {
        SchemaOf::Policy => include_str!("schema/policy.json"),
        SchemaOf::Rollup => include_str!("schema/rollup.json"),
        SchemaOf::Inspect => include_str!("schema/inspect.json"),
    };
    console.print(text)?;
    Ok(Outcome::Done)
}
