//! The pieces that are useful on their own, amounts as text.

use napi_derive::napi;
use serde_json::json;
use unblended::facade::border::{answer, request};
use unblended::facade::{self, AllocationRequest, FinalRow};
use unblended::{Amount, Error, ErrorCode, Interval, LineItem, Treatment, classify, known_term};

use crate::border::{call, value};

/// Splits an amount over key and weight pairs, all as JSON text.
#[napi]
pub fn split(amount: String, weights: String) -> napi::Result<String> {
    call(|| answer(&facade::split_amount(value(&amount)?, &request::<Vec<(String, String)>>(&weights)?)?))
}

/// The parts of a fee by period, as JSON text.
#[napi]
pub fn amortize(fee: String, start: String, end: String) -> napi::Result<String> {
    call(|| answer(&facade::amortize_fee(value(&fee)?, value(&start)?, value(&end)?)?))
}

/// Splits a cost by CPU-seconds, as JSON text.
#[napi]
pub fn allocate_cpu(job: String) -> napi::Result<String> {
    call(|| answer(&facade::allocate_cpu(&request::<AllocationRequest>(&job)?)?))
}

/// Is this final? As JSON text.
#[napi]
pub fn is_final(rows: String, period: String, as_of: Option<String>) -> napi::Result<String> {
    call(|| {
        let as_of = as_of.as_deref().map_or_else(|| Ok(facade::now()), value)?;
        answer(&facade::is_final(&request::<Vec<FinalRow>>(&rows)?, value(&period)?, as_of))
    })
}

/// What the shared vectors ask of and the facade does not have, as JSON text.
#[napi]
pub fn vector(stage: String, input: String) -> napi::Result<String> {
    call(|| match stage.as_str() {
        "money" => {
            let parsed = Amount::parse(&request::<String>(&input)?)?;
            answer(&json!({"amount": parsed.amount, "residue": parsed.residue.to_string()}))
        }
        "sum" => answer(&json!({"amount": Amount::sum(request::<Vec<Amount>>(&input)?)?})),
        "term_seconds" => {
            let (start, end) = request(&input)?;
            answer(&known_term(Interval::new(start, end)).map(|term| term.millis() / 1000))
        }
        "classify" => {
            let item: LineItem<'_> = serde_json::from_str(&input)
                .map_err(|cause| Error::new(ErrorCode::ConfigBadValue, cause.to_string()))?;
            answer(&match classify(&item) {
                Treatment::Counts(kind) => json!({"counts": kind}),
                Treatment::CountsUnknown(kind) => json!({"counts_unknown": kind}),
                Treatment::Excluded(total) => json!({"excluded": total}),
            })
        }
        _ => Err(Error::new(ErrorCode::ConfigBadValue, format!("`{stage}` is no stage"))),
    })
}
