//! The shared vectors, run through the Rust API. Every engine gets an adapter like this one; none skips silently.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may fail loudly"
)]

mod evidence_vectors;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use unblended::{
    Amount, BillBuilder, BillOptions, BillingPeriod, Interval, LineItem, Result, Timestamp, Treatment, amortize,
    classify, known_term, split, split_cost,
};
use unblended_tests::vectors::{self, Vector};

fn run(vector: &Vector) -> Result<Value> {
    let input = vector.input.clone();
    match vector.stage.as_str() {
        "money" => money(typed(input)),
        "split" => split_amount(typed(input)),
        "split_cost" => split_cost(&typed(input)).map(|costs| json!(costs)),
        "classify" => Ok(classified(&input)),
        "amortization" => amortized(&typed(input)),
        "finality" => finality(&typed(input)),
        "ecs_runs" => evidence_vectors::runs(&typed(input)),
        "volumes" => evidence_vectors::attachments(&typed(input)),
        "bases" | "categories" | "commitments" | "dialects" | "end_to_end" | "idle" => {
            evidence_vectors::command(&typed(input), vector.expect.as_ref().unwrap_or(&Value::Null))
        }
        stage => panic!("no adapter for the stage `{stage}`"),
    }
}

/// Fails on leftover keys, because every input type denies unknown fields.
fn typed<T: DeserializeOwned>(input: Value) -> T {
    serde_json::from_value(input).unwrap_or_else(|error| panic!("{error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum MoneyInput {
    Text { text: String },
    Sum { sum: Vec<String> },
}

fn money(input: MoneyInput) -> Result<Value> {
    match input {
        MoneyInput::Text { text } => {
            Amount::parse(&text).map(|parsed| json!({"amount": parsed.amount, "residue": parsed.residue.to_string()}))
        }
        MoneyInput::Sum { sum } => {
            let terms = sum.iter().map(|text| text.parse()).collect::<Result<Vec<Amount>>>()?;
            Ok(json!({"amount": Amount::sum(terms)?}))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitInput {
    amount: Amount,
    weights: Vec<(String, String)>,
}

fn split_amount(input: SplitInput) -> Result<Value> {
    let weights: Vec<(String, u128)> = input.weights.into_iter().map(|(k, w)| (k, w.parse().unwrap())).collect();
    Ok(json!({"parts": split(input.amount, &weights)?}))
}

fn classified(input: &Value) -> Value {
    let text = input.to_string();
    let item: LineItem = serde_json::from_str(&text).unwrap();
    match classify(&item) {
        Treatment::Counts(kind) => json!({"counts": kind}),
        Treatment::CountsUnknown(kind) => json!({"counts_unknown": kind}),
        Treatment::Excluded(total) => json!({"excluded": total}),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeInput {
    fee: Amount,
    start: Timestamp,
    end: Timestamp,
    periods: Vec<BillingPeriod>,
}

fn amortized(input: &FeeInput) -> Result<Value> {
    let Some(term) = known_term(Interval::new(input.start, input.end)) else {
        return Ok(json!({"term_seconds": null}));
    };
    let mut parts = BTreeMap::new();
    for period in &input.periods {
        parts.insert(period.to_string(), amortize(input.fee, term, period.interval())?);
    }
    Ok(json!({"term_seconds": term.millis() / 1000, "parts": parts}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FinalityInput {
    period: BillingPeriod,
    as_of: Timestamp,
    rows: Vec<serde_json::Map<String, Value>>,
}

fn finality(input: &FinalityInput) -> Result<Value> {
    let options = BillOptions::default();
    let mut builder = BillBuilder::new(&options);
    for row in &input.rows {
        let mut full = json!({"dialect": "dbr", "line_item_type": "LineItem", "payer_account": "111111111111"});
        full.as_object_mut().unwrap().extend(row.clone());
        let text = full.to_string();
        let item: LineItem = serde_json::from_str(&text).unwrap();
        match classify(&item) {
            Treatment::Counts(kind) | Treatment::CountsUnknown(kind) => builder.add(&item, kind)?,
            Treatment::Excluded(total) => builder.exclude(&item, total)?,
        }
    }
    let bill = builder.finish(input.period)?;
    let entities = bill.entity_statuses(input.as_of)?;
    let mut ids: Vec<&String> = entities.iter().flat_map(|entity| &entity.invoice_ids).collect();
    ids.sort();
    let estimated: u64 = entities.iter().flat_map(|entity| entity.estimated.values()).map(|kind| kind.rows).sum();
    Ok(json!({"status": bill.status(input.as_of)?, "invoice_ids": ids, "estimated_rows": estimated}))
}

#[test]
fn every_vector_gives_what_it_says() {
    let mut failures = Vec::new();
    for (stage, vectors) in vectors::load().unwrap() {
        println!("{stage}: {} vectors", vectors.len());
        for vector in &vectors {
            let got = run(vector).map_err(|error| error.code().to_string());
            if got != vector.expected() {
                failures.push(format!("{stage}: {}: {got:?} instead of {:?}", vector.name, vector.expected()));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
