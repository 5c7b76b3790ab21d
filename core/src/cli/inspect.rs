//! `unblended inspect`: what a bill holds, before anything is attributed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::Outcome;
use super::args::{Answer, Inspect};
use super::bill::{Wanted, as_of, paths, scan_bill};
use super::output::Console;
use super::runs::to_json_line;
use super::tables::{rounded, table};
use crate::bill::{Bill, BillStatus, Completeness, Digest, EntityStatus, InputDigest, KeepIntervals};
use crate::classify::{CostBasis, Dialect, LineItemKind};
use crate::diagnostic::Diagnostic;
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::read::find_tag_keys_of_period;
use crate::time::{BillingPeriod, Timestamp};

/// What `inspect --output json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct Inspection {
    dialects: Vec<Dialect>,
    period: Option<BillingPeriod>,
    basis: CostBasis,
    status: BillStatus,
    as_of: Timestamp,
    rows: u64,
    excluded_rows: u64,
    entities: Vec<EntityStatus>,
    totals: Vec<KindTotal>,
    tag_keys: Vec<TagCoverage>,
    completeness: Completeness,
    inputs: Vec<InputDigest>,
    digest: Digest,
    diagnostics: Vec<Diagnostic>,
}

/// Sum of one product and kind.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct KindTotal {
    currency: Currency,
    product: String,
    kind: LineItemKind,
    rows: u64,
    cost: Amount,
}

/// How much of the bill carries a tag key.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct TagCoverage {
    tag_key: String,
    rows: u64,
    cost: BTreeMap<String, Amount>,
}

pub(super) fn run(args: &Inspect, console: &mut Console) -> Result<Outcome> {
    let wanted = Wanted {
        basis: CostBasis::Unblended,
        tag_keys: find_tag_keys_of_period(paths(&args.bill)?, args.bill.period)?,
        tags_case_insensitive: false,
        default_tag_keys: false,
        keep_intervals: KeepIntervals::None,
    };
    let bill = scan_bill(&args.bill, wanted, console)?;
    let inspection = inspect(&bill, as_of(&args.bill))?;
    let text = match args.output {
        Answer::Json => to_json_line(&inspection)?,
        Answer::Table => inspection.to_text(),
    };
    console.show_diagnostics(&inspection.diagnostics);
    console.print(&text)?;
    Ok(Outcome::Done)
}

fn inspect(bill: &Bill, as_of: Timestamp) -> Result<Inspection> {
    Ok(Inspection {
        dialects: vec![Dialect::Dbr],
        period: bill.period(),
        basis: bill.basis(),
        status: bill.status(as_of)?,
        as_of,
        rows: bill.rows(),
        excluded_rows: bill.excluded_rows(),
        entities: bill.entity_statuses(as_of)?,
        totals: totals(bill)?,
        tag_keys: tag_coverage(bill)?,
        completeness: bill.completeness(),
        inputs: bill.inputs().iter().cloned().collect(),
        digest: bill.digest()?,
        diagnostics: bill.diagnostics()?.list(),
    })
}

fn totals(bill: &Bill) -> Result<Vec<KindTotal>> {
    let mut sums: BTreeMap<(Currency, &str, LineItemKind), (u64, Amount)> = BTreeMap::new();
    for charge in bill.charges() {
        let key = charge.key();
        let sum = sums.entry((key.currency(), key.product(), key.kind())).or_default();
        *sum = (sum.0 + charge.rows(), sum.1.checked_add(charge.amount())?);
    }
    let totals = sums.into_iter().map(|((currency, product, kind), (rows, cost))| KindTotal {
        currency,
        product: product.to_owned(),
        kind,
        rows,
        cost,
    });
    Ok(totals.collect())
}

fn tag_coverage(bill: &Bill) -> Result<Vec<TagCoverage>> {
    let mut keys = Vec::new();
    for (at, tag_key) in bill.tag_keys().iter().enumerate() {
        let mut coverage = TagCoverage { tag_key: tag_key.clone(), rows: 0, cost: BTreeMap::new() };
        for charge in bill.charges().iter().filter(|charge| charge.key().tag(at).is_some()) {
            coverage.rows += charge.rows();
            let sum = coverage.cost.entry(charge.key().currency().to_string()).or_default();
            *sum = sum.checked_add(charge.amount())?;
        }
        keys.push(coverage);
    }
    Ok(keys)
}

impl Inspection {
    fn to_text(&self) -> String {
        let period = self.period.map_or("–".to_owned(), |period| period.to_string());
        let mut text = format!(
            "{period} · {} at {} · {} rows, {} total rows not counted · digest {}\n\n",
            self.status.as_str(),
            self.as_of,
            self.rows,
            self.excluded_rows,
            self.digest
        );
        let rows = self.entities.iter().map(|entity| {
            let invoices: Vec<&str> = entity.invoice_ids.iter().map(String::as_str).collect();
            let estimated: u64 = entity.estimated.values().map(|estimated| estimated.rows).sum();
            vec![
                entity.payer.clone(),
                entity.billing_entity.clone(),
                entity.status.as_str().to_owned(),
                invoices.join(" "),
                estimated.to_string(),
            ]
        });
        let header = ["payer", "billing entity", "status", "invoices", "estimated rows"];
        text += &table("Is it final?", &header, 4, rows.collect());
        let rows = self.totals.iter().map(|total| {
            let cost = format!("{} {}", rounded(total.cost), total.currency);
            vec![total.product.clone(), total.kind.as_str().to_owned(), total.rows.to_string(), cost]
        });
        text += &table("Cost by AWS product and kind", &["AWS product", "kind", "rows", "cost"], 2, rows.collect());
        let rows = self.tag_keys.iter().map(|tag| {
            let cost: Vec<String> = tag.cost.iter().map(|(code, cost)| format!("{} {code}", rounded(*cost))).collect();
            vec![tag.tag_key.clone(), tag.rows.to_string(), cost.join(", ")]
        });
        text += &table("Tag keys", &["key", "rows with a value", "cost"], 1, rows.collect());
        if let Some(last) = self.completeness.stops_early {
            let _ = writeln!(text, "No account has usage rows from {last} to the end of {period}.\n");
        }
        let rows = self
            .completeness
            .gaps
            .iter()
            .map(|gap| vec![gap.usage_account.clone(), gap.start.to_string(), gap.end.to_string()]);
        let rows: Vec<Vec<String>> = rows.collect();
        if !rows.is_empty() {
            text += &table("Times without usage rows", &["usage account", "from", "to"], 3, rows);
        }
        text
    }
}
