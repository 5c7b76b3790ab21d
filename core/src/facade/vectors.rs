//! What the shared vectors and the tests of bindings ask, and users do not.

use serde_json::{Value, json};

use super::border::document;
use crate::amortize::known_term;
use crate::classify::{LineItem, Treatment, classify};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::time::Interval;

/// The answer of a stage to the input of a shared vector, both JSON: `money`, `sum`, `classify` or `term_seconds`.
///
/// # Errors
/// Those of the stage; `config.bad_value` where there is no such stage.
pub fn vector(stage: &str, input: &str) -> Result<Value> {
    Ok(match stage {
        "money" => {
            let parsed = Amount::parse(&document::<String>(input)?)?;
            json!({"amount": parsed.amount, "residue": parsed.residue.to_string()})
        }
        "sum" => json!({"amount": Amount::sum(document::<Vec<Amount>>(input)?)?}),
        "term_seconds" => {
            let (start, end) = document(input)?;
            json!(known_term(Interval::new(start, end)).map(|term| term.millis() / 1000))
        }
        "classify" => {
            let item: LineItem<'_> = serde_json::from_str(input).map_err(|cause| bad_value(cause.to_string()))?;
            match classify(&item) {
                Treatment::Counts(kind) => json!({"counts": kind}),
                Treatment::CountsUnknown(kind) => json!({"counts_unknown": kind}),
                Treatment::Excluded(total) => json!({"excluded": total}),
            }
        }
        _ => return Err(bad_value(format!("`{stage}` is no stage"))),
    })
}

fn bad_value(message: String) -> Error {
    Error::new(ErrorCode::ConfigBadValue, message)
}

/// Fails with an error code, to show what becomes of it in a language.
///
/// # Errors
/// The one that was asked for.
///
/// # Panics
/// Where the code is that of a panic, or none.
#[expect(clippy::panic, reason = "that is what it is for")]
pub fn fail(code: &str) -> Result<()> {
    match ErrorCode::ALL.iter().find(|known| known.as_str() == code) {
        None | Some(ErrorCode::InternalPanic) => panic!("deliberate"),
        Some(code) => Err(Error::new(*code, "deliberate").at(Location::file("f")).with_cause("deliberate too")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_is_none_is_refused() {
        assert_eq!(vector("nothing", "1").unwrap_err().code(), ErrorCode::ConfigBadValue);
    }
}
