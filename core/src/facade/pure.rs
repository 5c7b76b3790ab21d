//! The pieces notebooks reuse on their own: splitting, amortizing, CPU-second allocation, finality.

use serde::{Deserialize, Serialize};

use crate::amortize::{amortize, known_term};
use crate::bill::{InvoiceState, invoice_state};
use crate::classify::Dialect;
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::quantity::CpuTime;
use crate::split::split;
use crate::time::{BillingPeriod, Interval, Timestamp};

/// Splits an amount over `(key, weight)` pairs exactly (spec 1.4). Weights are whole numbers as text.
///
/// # Errors
/// `config.bad_value` where a weight is no whole number or all are 0; `money.overflow`.
pub fn split_amount(amount: Amount, weights: &[(String, String)]) -> Result<Vec<(String, Amount)>> {
    let weights: Vec<(&str, u128)> = weights
        .iter()
        .map(|(key, weight)| {
            let weight = weight.parse().map_err(|_| bad_value(format!("`{weight}` is not a whole number")))?;
            Ok((key.as_str(), weight))
        })
        .collect::<Result<_>>()?;
    let parts = split(amount, &weights)?.ok_or_else(|| bad_value("all weights are 0".to_owned()))?;
    Ok(weights.iter().map(|(key, _)| (*key).to_owned()).zip(parts).collect())
}

/// A period's part of a fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AmortizedPart {
    /// The period.
    pub period: BillingPeriod,
    /// Its part of the fee.
    pub amount: Amount,
}

/// The parts of a fee that belong to every period its term touches; they sum to the fee (spec 6.1).
///
/// # Errors
/// `fee.unknown_term` where the printed interval spans less than 28 days.
pub fn amortize_fee(fee: Amount, start: Timestamp, end: Timestamp) -> Result<Vec<AmortizedPart>> {
    let term = known_term(Interval::new(start, end)).ok_or_else(|| {
        Error::new(ErrorCode::FeeUnknownTerm, format!("a fee from {start} to {end} has no term of 28 days or more"))
    })?;
    let mut period = term.start.period().ok_or_else(|| bad_value(format!("`{start}` is in no billing period")))?;
    let mut parts = Vec::new();
    while period.start() < term.end {
        parts.push(AmortizedPart { period, amount: amortize(fee, term, period.interval())? });
        period = period.next();
    }
    Ok(parts)
}

/// One run of a service on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationRow {
    /// Service, or any other key of the split.
    pub service: String,
    /// CPU units reserved (1024 = 1 vCPU).
    pub cpu: u64,
    /// When it started.
    pub started: Timestamp,
    /// When it stopped; `null` while it runs.
    #[serde(default)]
    pub stopped: Option<Timestamp>,
}

/// A cost of one instance in one interval, and what ran on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationRequest {
    /// The cost.
    pub cost: Amount,
    /// Start of the usage interval.
    pub start: Timestamp,
    /// End of the usage interval.
    pub end: Timestamp,
    /// The runs.
    pub runs: Vec<AllocationRow>,
    /// CPU units of the instance: what no run reserved is then idle, with the key `""`; `null` spreads the whole cost.
    #[serde(default)]
    pub capacity: Option<u64>,
}

/// Splits a cost over services by CPU-seconds (spec 5.4); `None` where nothing ran and no capacity is given.
///
/// # Errors
/// `money.overflow` where weights leave the range.
pub fn allocate_cpu(request: &AllocationRequest) -> Result<Option<Vec<(String, Amount)>>> {
    let window = Interval::new(request.start, request.end);
    let mut weights: std::collections::BTreeMap<&str, u128> = std::collections::BTreeMap::new();
    for run in &request.runs {
        let ran = Interval::new(run.started, run.stopped.unwrap_or(Timestamp::MAX));
        if let Some(overlap) = ran.intersect(&window) {
            *weights.entry(&run.service).or_default() += CpuTime::new(run.cpu, overlap.millis()).0;
        }
    }
    if let Some(capacity) = request.capacity {
        let used: u128 = weights.values().sum();
        *weights.entry("").or_default() += CpuTime::new(capacity, window.millis()).0.saturating_sub(used);
    }
    let weights: Vec<(&str, u128)> = weights.into_iter().filter(|(_, weight)| *weight > 0).collect();
    let parts = split(request.cost, &weights)?;
    Ok(parts.map(|parts| weights.iter().map(|(key, _)| (*key).to_owned()).zip(parts).collect()))
}

/// What finality asks of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FinalRow {
    /// Invoice id as written; `null` where the bill has no such column.
    pub invoice_id: Option<String>,
    /// Cost of the row.
    pub cost: Amount,
}

/// Whether rows are final, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinalAnswer {
    /// Whether the period is over and every counting row is invoiced.
    pub is_final: bool,
    /// Rows that are estimates.
    pub estimated_rows: u64,
    /// Rows without invoice information.
    pub unknown_rows: u64,
    /// Whether the period is over.
    pub is_over: bool,
}

/// Is this final? (spec 8.2, 8.3) Rows are those of one payer and billing entity of a Detailed Billing Report.
#[must_use]
pub fn is_final(rows: &[FinalRow], period: BillingPeriod, as_of: Timestamp) -> FinalAnswer {
    let states: Vec<InvoiceState> =
        rows.iter().map(|row| invoice_state(Dialect::Dbr, row.invoice_id.as_deref(), !row.cost.is_zero())).collect();
    let count = |wanted: InvoiceState| states.iter().map(|state| u64::from(*state == wanted)).sum::<u64>();
    let (estimated_rows, unknown_rows) = (count(InvoiceState::Estimated), count(InvoiceState::Unknown));
    let is_over = period.end() <= as_of;
    let is_invoiced = estimated_rows == 0 && unknown_rows == 0 && count(InvoiceState::Invoiced) > 0;
    FinalAnswer { is_final: is_over && is_invoiced, estimated_rows, unknown_rows, is_over }
}

fn bad_value(message: String) -> Error {
    Error::new(ErrorCode::ConfigBadValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(parts: Vec<(String, Amount)>) -> Vec<(String, String)> {
        parts.into_iter().map(|(key, amount)| (key, amount.to_string())).collect()
    }

    #[test]
    fn an_hour_is_allocated_by_cpu_seconds_with_idle_under_the_empty_key() {
        // 15 of 60 minutes with 4096 of 36864 units: 1.80 × 4096/36864 / 4 = .05 (domain 4.6).
        let request: AllocationRequest = serde_json::from_str(
            r#"{"cost": "1.8", "start": "2016-06-01T00:00:00Z", "end": "2016-06-01T01:00:00Z", "capacity": 36864,
                "runs": [{"service": "web", "cpu": 4096, "started": "2016-05-31T00:00:00Z", "stopped": "2016-06-01T00:15:00Z"}]}"#,
        )
        .unwrap();
        let parts = texts(allocate_cpu(&request).unwrap().unwrap());
        assert_eq!(parts, [(String::new(), "1.75".into()), ("web".into(), "0.05".into())]);
        let nothing = AllocationRequest { runs: vec![], capacity: None, ..request };
        assert_eq!(allocate_cpu(&nothing).unwrap(), None);
    }

    #[test]
    fn a_fee_is_amortized_over_every_period_it_touches() {
        let parts = amortize_fee(
            "365".parse().unwrap(),
            "2016-12-31 00:00:00".parse().unwrap(),
            "2017-12-30 23:59:59".parse().unwrap(),
        )
        .unwrap();
        assert_eq!(parts.len(), 13);
        assert_eq!((parts[0].period.to_string(), parts[0].amount.to_string()), ("2016-12".into(), "1".into()));
        assert_eq!(Amount::sum(parts.iter().map(|part| part.amount)).unwrap().to_string(), "365");
    }

    #[test]
    fn weights_that_are_no_whole_numbers_or_all_0_are_refused() {
        let one: Amount = "1".parse().unwrap();
        for weights in [vec![("a".to_owned(), "0".to_owned())], vec![("a".to_owned(), "1.5".to_owned())], vec![]] {
            assert_eq!(split_amount(one, &weights).unwrap_err().code(), ErrorCode::ConfigBadValue);
        }
    }

    #[test]
    fn one_invoiced_row_does_not_make_a_month_final() {
        let row = |id: &str| FinalRow { invoice_id: Some(id.into()), cost: "1".parse().unwrap() };
        let period: BillingPeriod = "2016-06".parse().unwrap();
        let after = period.end();
        assert!(is_final(&[row("1")], period, after).is_final);
        assert!(!is_final(&[row("1"), row("Estimated")], period, after).is_final);
        assert!(!is_final(&[row("1")], period, period.start()).is_final);
        assert!(!is_final(&[], period, after).is_final);
    }
}
