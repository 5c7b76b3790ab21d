//! The pieces that are useful on their own, amounts as text.

use napi_derive::napi;
use unblended::facade::border::{answer, request};
use unblended::facade::{self, AllocationRequest, FinalRow, SplitCostRequest};

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

/// Splits the cost of an instance over its tasks, as JSON text.
#[napi]
pub fn split_cost(job: String) -> napi::Result<String> {
    call(|| answer(&facade::split_cost(&request::<SplitCostRequest>(&job)?)?))
}

/// Is this final? As JSON text.
#[napi]
pub fn is_final(rows: String, period: String, as_of: Option<String>) -> napi::Result<String> {
    call(|| {
        let as_of = as_of.as_deref().map_or_else(|| Ok(facade::now()), value)?;
        answer(&facade::is_final(&request::<Vec<FinalRow>>(&rows)?, value(&period)?, as_of))
    })
}

/// The answer of a stage to a shared vector, as JSON text.
#[napi]
pub fn vector(stage: String, input: String) -> napi::Result<String> {
    call(|| answer(&facade::vector(&stage, &input)?))
}
