//! `unblended schema`: JSON Schema of what is read and written, derived from the types themselves.

use super::Outcome;
use super::args::{Schema, SchemaOf};
use super::inspect::Inspection;
use super::output::Console;
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Policy;
use crate::rollup::ReportJson;

pub(super) fn run(args: &Schema, console: &mut Console) -> Result<Outcome> {
    let schema = match args.of {
        SchemaOf::Policy => schemars::schema_for!(Policy),
        SchemaOf::Rollup => schemars::schema_for!(ReportJson<'_>),
        SchemaOf::Inspect => schemars::schema_for!(Inspection),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "a schema cannot be written").with_cause(cause))?;
    console.print(&(text + "\n"))?;
    Ok(Outcome::Done)
}
