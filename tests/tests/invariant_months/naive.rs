//! What the rows of a month sum to, by the letter of the spec and without the library: with decimals and calendar
//! of their own.

use std::collections::BTreeMap;

use super::arithmetic::{part, seconds, term, units};
use super::rows::NO_COST;

/// Product and usage account.
type Origin = (String, String);

const JUNE: (&str, &str) = ("2016-06-01 00:00:00", "2016-07-01 00:00:00");

/// Sums in units of 10⁻¹⁸.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Naive {
    pub(crate) billed: i128,
    pub(crate) excluded: i128,
    pub(crate) carried_in: i128,
    pub(crate) deferred: i128,
    /// What the parts of each origin must sum to; origins of 0 are left out.
    pub(crate) by_origin: BTreeMap<Origin, i128>,
}

impl Naive {
    pub(crate) fn of(header: &str, rows: &[String], book: &str) -> Self {
        let mut sums = Self::default();
        let mut fees: BTreeMap<(Origin, [String; 6]), i128> = BTreeMap::new();
        for row in table(&format!("{header}\n{}", rows.join("\n"))) {
            if row["UnBlendedCost"] == NO_COST {
                continue;
            }
            let cost = units(&row["UnBlendedCost"]);
            if row["RecordType"].ends_with("Total") {
                sums.excluded += cost;
                continue;
            }
            let linked = &row["LinkedAccountId"];
            let account = if linked.is_empty() { &row["PayerAccountId"] } else { linked };
            let origin = (row["ProductName"].clone(), account.clone());
            sums.billed += cost;
            *sums.by_origin.entry(origin.clone()).or_default() += cost;
            if let Some(kind) = fee_kind(&row) {
                let named = if row["SubscriptionId"].is_empty() { "ItemDescription" } else { "SubscriptionId" };
                let key = ["PayerAccountId", "UsageStartDate", "UsageEndDate", named].map(|column| row[column].clone());
                let [payer, start, end, id] = key;
                *fees.entry((origin, [payer, start, end, id, kind.to_owned(), named.to_owned()])).or_default() += cost;
            }
        }
        for ((origin, [_, start, end, ..]), fee) in fees {
            let Some(term) = term(&start, &end) else { continue };
            let deferred = fee - part(fee, term, i64::MIN, seconds(JUNE.1));
            sums.deferred += deferred;
            *sums.by_origin.entry(origin).or_default() -= deferred;
        }
        for row in table(book) {
            let is_earlier = row["billing_period"].as_str() < "2016-06";
            let Some(term) = term(&row["start"], &row["end"]).filter(|_| is_earlier && row["payer"] == "111111111111")
            else {
                continue;
            };
            let carried = part(units(&row["fee"]), term, seconds(JUNE.0), seconds(JUNE.1));
            sums.carried_in += carried;
            *sums.by_origin.entry((row["product"].clone(), row["usage_account"].clone())).or_default() += carried;
        }
        sums.by_origin.retain(|_, sum| *sum != 0);
        sums
    }
}

fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// Commitment fees of rows without resource (spec 3.1).
fn fee_kind(row: &BTreeMap<String, String>) -> Option<&'static str> {
    if row["RecordType"] != "LineItem" || !row["ResourceId"].is_empty() {
        return None;
    }
    if row["ItemDescription"].starts_with("Sign up charge") {
        return Some("UpfrontFee");
    }
    let is_recurring = row["ItemDescription"].contains("hours purchased,") || row["UsageType"].contains("HeavyUsage");
    is_recurring.then_some("RecurringFee")
}
