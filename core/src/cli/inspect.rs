//! `unblended inspect`: what a bill holds, before anything is attributed.

use std::fmt::Write as _;

use super::Outcome;
use super::args::{Answer, Inspect};
use super::bill::{as_of, scan_bill};
use super::output::Console;
use super::runs::to_json_line;
use super::tables::{rounded, table};
use crate::error::Result;
use crate::facade::{self, Inspection, Keep, KindTotal};

pub(super) fn run(args: &Inspect, console: &mut Console) -> Result<Outcome> {
    let keys = facade::tag_keys(&args.bill.paths(), args.bill.period)?;
    let bill = scan_bill(
        &args.bill,
        |request| {
            request.tag_keys = Some(keys);
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

fn to_text(inspection: &Inspection) -> String {
    let period = inspection.period.map_or("–".to_owned(), |period| period.to_string());
    let mut text = format!(
        "{period} · {} at {} · {} rows, {} total rows not counted · digest {}\n\n",
        inspection.status.as_str(),
        inspection.as_of,
        inspection.rows,
        inspection.excluded_rows,
        inspection.digest
    );
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
    text += &table("Is it final?", &header, 4, rows.collect());
    let rows = inspection.totals.iter().map(|total| {
        let cost = format!("{} {}", rounded(total.cost), total.currency);
        vec![total.product.clone(), kind_of(total), total.rows.to_string(), cost]
    });
    text += &table("Cost by AWS product and kind", &["AWS product", "kind", "rows", "cost"], 2, rows.collect());
    let rows = inspection.tag_keys.iter().map(|tag| {
        let cost: Vec<String> = tag.cost.iter().map(|(code, cost)| format!("{} {code}", rounded(*cost))).collect();
        vec![tag.tag_key.clone(), tag.rows.to_string(), cost.join(", ")]
    });
    text += &table("Tag keys", &["key", "rows with a value", "cost"], 1, rows.collect());
    if let Some(last) = inspection.completeness.stops_early {
        let _ = writeln!(text, "No account has usage rows from {last} to the end of {period}.\n");
    }
    let rows = inspection
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

/// The kind, or the type as the bill writes it, and whether it is a correction.
fn kind_of(total: &KindTotal) -> String {
    let kind = if total.line_item_type.is_empty() { total.kind.as_str() } else { &total.line_item_type };
    if total.is_correction { format!("{kind} (correction)") } else { kind.to_owned() }
}
