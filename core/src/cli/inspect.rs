//! `unblended inspect`: what a bill holds, before anything is attributed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Outcome;
use super::args::{Answer, Inspect};
use super::bill::{as_of, scan_bill};
use super::output::Console;
use super::runs::to_json_line;
use super::tables::{bridge_cells, rounded, table};
use crate::error::Result;
use crate::facade::{self, Inspection, Keep, KindTotal, TagCoverage};
use crate::time::{HOUR_MS, Interval};

/// Rows of a table that fit a screen with the others.
const SHOWN: usize = 10;

pub(super) fn run(args: &Inspect, console: &mut Console) -> Result<Outcome> {
    let keys = facade::tag_keys(&args.bill.paths(), args.bill.period)?;
    let bill = scan_bill(
        &args.bill,
        |request| {
            request.tag_keys = Some(keys);
            request.basis = args.basis;
            request.keep_intervals = Keep::None;
        },
        console,
    )?;
    let inspection = facade::inspect(&bill, as_of(&args.bill))?;
    let text = match args.output {
        Answer::Json => to_json_line(&inspection)?,
        Answer::Table => to_text(&inspection),
    };
    console.show_diagnostics(&inspection.diagnostics);
    console.print(&text)?;
    Ok(Outcome::Done)
}

/// One screen: what it is, whether it is final, what it costs, what it is tagged with, what is missing.
fn to_text(inspection: &Inspection) -> String {
    let mut text = heading(inspection);
    let rows = inspection.entities.iter().map(|entity| {
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
    text += &largest("Is it final?", &header, 4, rows);
    let mut totals: Vec<&KindTotal> = inspection.totals.iter().collect();
    totals.sort_by_key(|total| std::cmp::Reverse(total.cost.units().unsigned_abs()));
    let rows = totals.into_iter().map(|total| {
        let cost = format!("{} {}", rounded(total.cost), total.currency);
        vec![total.product.clone(), kind_of(total), total.rows.to_string(), cost]
    });
    text += &largest("Cost by AWS product and kind", &["AWS product", "kind", "rows", "cost"], 2, rows);
    for (code, bridge) in inspection.bridge.iter().flatten() {
        let title = format!("From what was charged to {} in {code}", inspection.basis);
        text +=
            &largest(&title, &["kind", "rows", "charged", "cost", "difference"], 1, bridge.iter().map(bridge_cells));
    }
    let mut tags: Vec<&TagCoverage> = inspection.tag_keys.iter().collect();
    tags.sort_by_key(|tag| std::cmp::Reverse(tag.rows));
    let rows = tags.into_iter().map(|tag| {
        let cost: Vec<String> = tag.cost.iter().map(|(code, cost)| format!("{} {code}", rounded(*cost))).collect();
        vec![tag.tag_key.clone(), tag.rows.to_string(), cost.join(", ")]
    });
    text += &largest("Tag keys", &["key", "rows with a value", "cost"], 1, rows);
    text + &gaps(inspection)
}

fn heading(inspection: &Inspection) -> String {
    let dialects: Vec<&str> = inspection.dialects.iter().map(|dialect| dialect.title()).collect();
    let billed: Vec<String> = inspection.billed.iter().map(|(code, cost)| format!("{cost} {code}")).collect();
    let counts = &inspection.resources;
    format!(
        "{} · {} · {} at {}\n{} ({} rows) {}, beside them {} rows that repeat others\n\
         {} usage accounts, {} instances, {} volumes, {} tasks, {} other resources\ndigest {}\n\n",
        dialects.join(", "),
        inspection.period.map_or("–".to_owned(), |period| period.to_string()),
        inspection.status.as_str(),
        inspection.as_of,
        billed.join(", "),
        inspection.rows,
        inspection.basis,
        inspection.excluded_rows,
        counts.usage_accounts,
        counts.instances,
        counts.volumes,
        counts.tasks,
        counts.others,
        inspection.digest
    )
}

/// A table cut where a screen would end; the rest is in the JSON.
fn largest(title: &str, header: &[&str], numbers: usize, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut rows: Vec<Vec<String>> = rows.collect();
    let more = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    if more > 0 {
        rows.push(vec![format!("… and {more} more (--output json)")]);
    }
    table(title, header, numbers, rows)
}

fn gaps(inspection: &Inspection) -> String {
    let mut text = String::new();
    if let (Some(last), Some(period)) = (inspection.completeness.stops_early, inspection.period) {
        let _ = writeln!(text, "No account has usage rows from {last} to the end of {period}.\n");
    }
    let mut by_account: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for gap in &inspection.completeness.gaps {
        let (count, millis) = by_account.entry(&gap.usage_account).or_default();
        *count += 1;
        *millis += Interval::new(gap.start, gap.end).millis();
    }
    let mut by_account: Vec<_> = by_account.into_iter().collect();
    by_account.sort_by_key(|(_, (_, millis))| std::cmp::Reverse(*millis));
    let rows = by_account.into_iter().map(|(account, (count, millis))| {
        vec![account.to_owned(), count.to_string(), (millis / HOUR_MS.unsigned_abs()).to_string()]
    });
    if !inspection.completeness.gaps.is_empty() {
        text += &largest("Times without usage rows", &["usage account", "gaps", "hours"], 1, rows);
    }
    text
}

/// The kind, or the type as the bill writes it, and whether it is a correction.
fn kind_of(total: &KindTotal) -> String {
    let kind = if total.line_item_type.is_empty() { total.kind.as_str() } else { &total.line_item_type };
    if total.is_correction { format!("{kind} (correction)") } else { kind.to_owned() }
}
