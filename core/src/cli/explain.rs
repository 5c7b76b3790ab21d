//! `unblended explain`: what made a cost, charge by charge, and with `--rows` row by row (spec 5.10).

use super::Outcome;
use super::args::{Explain, Output};
use super::bill::request;
use super::output::Console;
use super::rollup::{Written, ask, keep};
use super::runs::to_json_line;
use super::tables::{rounded, table};
use crate::attribute::{CellFilter, Contribution, Explanation};
use crate::error::{Error, ErrorCode, Result};
use crate::facade::{self, ExplainRequest, ExplanationWithRows, RowsRequest};
use crate::money::Amount;
use crate::rollup::IdleReason;

/// Contributions, charges of a pool and rows that are shown; JSON has all.
const SHOWN: usize = 50;

pub(super) fn run(args: &Explain, console: &mut Console) -> Result<Outcome> {
    refuse_what_cannot_be(args)?;
    let asked = ask(&args.rollup, console)?;
    let policy = &asked.request.policy;
    let scan = || request(&args.rollup.bill, |scan| keep(scan, &args.rollup, policy, &asked.evidence));
    let rows = args.rows.map(|most| RowsRequest { scan: scan(), most });
    let job = ExplainRequest { attribute: asked.request.clone(), cells: cells(args), rows };
    let explained = facade::explain(&asked.bill, &asked.evidence, &asked.book, &job)?;
    if explained.explanation.contributions.is_empty() {
        console.show("nothing matches: no cost has these attributes\n");
    }
    let text = match args.rollup.output {
        Output::Json => to_json_line(&explained)?,
        Output::Table | Output::Csv => text_of(&explained)?,
    };
    Written::of(&args.rollup, text)?.show(&[], console)
}

/// Before anything is read.
fn refuse_what_cannot_be(args: &Explain) -> Result<()> {
    let refuse = |message| Err(Error::new(ErrorCode::ConfigBadValue, message));
    if args.rollup.output == Output::Csv {
        return refuse("`explain` answers as `table` or `json`");
    }
    if args.rows.is_some() && args.rollup.bill.has_standard_input() {
        return refuse("`--rows` reads the bill again, and standard input can be read only once: give its files");
    }
    Ok(())
}

/// The cells that were asked for; the empty area is cost without one.
fn cells(args: &Explain) -> CellFilter {
    CellFilter {
        product: args.product.clone(),
        usage_account: args.account.clone(),
        product_area: args.area.clone().or_else(|| args.no_area.then(String::new)),
        row_kind: args.row_kind,
        pool: args.pool.clone(),
        reason: args.reason,
        mechanism: args.mechanism,
        cluster: args.cluster.clone(),
        service: args.service.clone(),
    }
}

/// The contributions largest first, then pools, hops and rows.
fn text_of(explained: &ExplanationWithRows) -> Result<String> {
    let Explanation { contributions, cost, pools, fees, reallocations, digests, inputs } = &explained.explanation;
    let mut largest: Vec<&Contribution> = contributions.iter().collect();
    largest.sort_by_key(|part| std::cmp::Reverse(part.amount.units().unsigned_abs()));
    let shown = largest.iter().take(SHOWN).map(|part| cells_of(part));
    let mut rows: Vec<Vec<String>> = shown.collect();
    if let Some(rest) = largest.get(SHOWN..).filter(|rest| !rest.is_empty()) {
        let sum = Amount::sum(rest.iter().map(|part| part.amount))?;
        rows.push(sum_row(&format!("{} smaller ones, see `--output json`", rest.len()), sum));
    }
    rows.push(sum_row("in all", *cost));
    let header = ["AWS product", "account", "owner", "by", "kind", "usage type", "resource", "cost"];
    let mut text = format!("cost {cost} (exactly) of {} contributions\n\n", contributions.len());
    text += &table("What made it, largest first", &header, header.len() - 1, rows);
    if !pools.is_empty() {
        let rows = pools.iter().map(|pool| {
            let charges = pool.charges.len().to_string();
            vec![pool.pool.clone(), pool.product.clone(), pool.usage_account.clone(), charges, rounded(pool.cost)]
        });
        let header = ["pool", "AWS product", "account", "charges", "cost"];
        text += &table("Shared pools that gave to it", &header, 3, rows.collect());
    }
    if !fees.is_empty() {
        let rows = fees.iter().map(|fee| {
            let named = [fee.kind.as_str(), &fee.product, &fee.usage_account, &fee.commitment].map(str::to_owned);
            named.into_iter().chain([rounded(fee.billed), rounded(fee.part)]).collect()
        });
        let header = ["kind", "AWS product", "account", "commitment", "billed", "this period's part"];
        text += &table("Commitment fees that gave to it", &header, 4, rows.collect());
    }
    if !reallocations.is_empty() {
        let hops = reallocations.iter();
        let rows = hops.map(|hop| vec![hop.provider.to_string(), hop.consumer.to_string(), rounded(hop.cost)]);
        text += &table("Reallocated by providers", &["provider", "consumer", "cost"], 2, rows.collect());
    }
    if let Some(rows) = &explained.rows {
        let rows = rows.iter().map(|row| vec![row.file.clone(), row.row.to_string(), row.cost.to_string()]);
        text += &table("Rows of the charges, as billed", &["file", "row", "cost"], 1, rows.collect());
    }
    let of = [("bill", &digests.bill), ("policy", &digests.policy), ("evidence", &digests.evidence)];
    let rows = of.into_iter().chain([("reservations", &digests.reservations)]);
    let rows = rows.map(|(of, digest)| vec![of.to_owned(), digest.to_string()]);
    let files = inputs.iter().map(|input| vec![format!("file of {} bytes", input.bytes), input.hash.clone()]);
    text += &table("Made of", &["what", "digest"], 2, rows.chain(files).collect());
    Ok(text)
}

fn sum_row(name: &str, sum: Amount) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    row.resize(7, String::new());
    row.push(rounded(sum));
    row
}

fn cells_of(part: &Contribution) -> Vec<String> {
    let owner = part.product_area.as_deref().unwrap_or(part.row_kind.as_str());
    let charge = part.charge.as_ref();
    let of_charge = |text: fn(&crate::attribute::ExplainedCharge) -> &str| charge.map_or("–", text).to_owned();
    vec![
        part.product.clone(),
        part.usage_account.clone(),
        owner.to_owned(),
        decided_by(part),
        of_charge(|charge| charge.kind.as_str()),
        of_charge(|charge| &charge.usage_type),
        of_charge(|charge| &charge.resource_id),
        rounded(part.amount),
    ]
}

/// The mechanism with what it went by.
fn decided_by(part: &Contribution) -> String {
    let attributes = [
        ("rule", part.rule.as_deref()),
        ("pool", part.pool.as_deref()),
        ("provider", part.provider.as_deref()),
        ("reason", part.reason.map(IdleReason::as_str)),
        ("service", part.service.as_deref()),
        ("instance", part.instance.as_deref()),
    ];
    let named = attributes.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    std::iter::once(part.mechanism.as_str().to_owned()).chain(named).collect::<Vec<_>>().join(", ")
}
