//! `unblended schema`: JSON Schema of what is read and written, derived from the types themselves.

use super::Outcome;
use super::args::Schema;
use super::output::Console;
use super::runs::to_json_line;
use crate::error::{Error, ErrorCode, Result};
use crate::facade::schemas;

pub(super) fn run(args: &Schema, console: &mut Console) -> Result<Outcome> {
    let schemas = schemas();
    let text = match &args.of {
        None => to_json_line(&schemas)?,
        Some(name) => to_json_line(schemas.get(name.as_str()).ok_or_else(|| {
            let names: Vec<&str> = schemas.keys().copied().collect();
            let message = format!("there is no schema `{name}`, only {}", names.join(", "));
            Error::new(ErrorCode::ConfigBadValue, message)
        })?)?,
    };
    console.print(&text)?;
    Ok(Outcome::Done)
}
