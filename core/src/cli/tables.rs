//! Readable tables for terminals; costs rounded to four decimals, because exact ones have eighteen.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use crate::bill::BridgeRow;
use crate::error::Result;
use crate::money::Amount;
use crate::rollup::{Hours, Ratio, Report, RowDetail, RowKind, Totals, Win, WinAction};

/// Wins shown at the end of a report; all are those of `coverage`.
const WINS_SHOWN: usize = 5;
/// Decimals shown.
const SHOWN: u32 = 4;

/// The amount rounded half-even to four decimals.
pub(super) fn rounded(amount: Amount) -> String {
    let unit = 10i128.pow(Amount::SCALE - SHOWN);
    let (whole, rest) = (amount.units().div_euclid(unit), amount.units().rem_euclid(unit));
    let up = rest * 2 > unit || (rest * 2 == unit && whole % 2 != 0);
    let shown = whole + i128::from(up);
    let one = 10u128.pow(SHOWN);
    let (units, decimals) = (shown.unsigned_abs() / one, shown.unsigned_abs() % one);
    format!("{}{units}.{decimals:0width$}", if shown < 0 { "-" } else { "" }, width = SHOWN as usize)
}

/// `part` of `whole` as a percentage with one decimal, or a dash.
fn percent(part: Amount, whole: Amount) -> String {
    let tenths = part.units().checked_mul(1000).and_then(|scaled| scaled.checked_div(whole.units()));
    tenths.map_or("–".to_owned(), |tenths| {
        let sign = if tenths < 0 { "-" } else { "" };
        format!("{sign}{}.{} %", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
    })
}

/// A titled table; the columns from `numbers` on are aligned right.
pub(super) fn table(title: &str, header: &[&str], numbers: usize, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{title}\n{table}\n\n")
}

fn name<T: ToString>(owner: Option<&T>) -> String {
    owner.map_or("–".to_owned(), ToString::to_string)
}

/// The kind of a row, with its pool or reason.
fn kind(row_kind: RowKind, detail: Option<&RowDetail>) -> String {
    let kind = row_kind.as_str();
    detail.map_or_else(|| kind.to_owned(), |detail| format!("{kind} ({})", detail.as_str()))
}

/// The three rollup tables, the sums and what would raise coverage.
pub(super) fn of_report(report: &Report, run_id: &str) -> Result<String> {
    let mut text = heading(report, run_id);
    let whole = attributed_total(&report.totals)?;
    let rows = report.area_costs()?.into_iter().map(|row| {
        let kind = kind(row.row_kind, row.detail.as_ref());
        vec![name(row.product_area.as_ref()), kind, rounded(row.cost), percent(row.cost, whole)]
    });
    text += &table("Cost by product area", &["product area", "kind", "cost", "share"], 2, rows.collect());
    let rows = report.service_costs()?.into_iter().map(|row| {
        let cluster = name(row.cluster.as_ref());
        let cluster = cluster.rsplit('/').next().unwrap_or_default().to_owned();
        vec![cluster, row.service.to_string(), name(row.product_area.as_ref()), rounded(row.cost)]
    });
    text += &table("Cost by ECS service", &["cluster", "service", "product area", "cost"], 3, rows.collect());
    let rows = report.product_area_costs()?.into_iter().map(|row| {
        let kind = kind(row.row_kind, row.detail.as_ref());
        vec![row.product, name(row.product_area.as_ref()), kind, rounded(row.cost)]
    });
    let header = ["AWS product", "product area", "kind", "cost"];
    text += &table("Cost by AWS product and product area", &header, 3, rows.collect());
    let rows = report
        .mechanisms()?
        .into_iter()
        .map(|row| vec![row.mechanism.as_str().into(), rounded(row.cost), percent(row.cost, whole)]);
    text += &table("Cost by what named its owner", &["mechanism", "cost", "share"], 1, rows.collect());
    text += &report.bridge.as_ref().map(|bridge| of_bridge(report, bridge)).unwrap_or_default();
    if !report.reallocations.is_empty() {
        let hops = report.reallocations.iter();
        let rows = hops.map(|hop| vec![hop.provider.to_string(), hop.consumer.to_string(), rounded(hop.cost)]);
        text += &table("Reallocated by providers", &["provider", "consumer", "cost"], 2, rows.collect());
    }
    text += &of_commitments(report);
    if !report.split_check.is_empty() {
        text += &of_split_check(report);
    }
    text += &largest_gaps(report);
    Ok(text)
}

fn of_split_check(report: &Report) -> String {
    let rows = report.split_check.iter().map(|row| {
        let costs = [row.ours, row.ours_volumes, row.scad, row.difference].map(rounded);
        let why = row.why.iter().map(|why| why.as_str()).collect::<Vec<_>>().join(", ");
        [row.cluster.clone(), row.service.to_string()].into_iter().chain(costs).chain([why]).collect()
    });
    let header = ["cluster", "service", "ours", "volumes and other", "AWS", "difference", "why"];
    table("Split of instances beside AWS's split cost allocation data", &header, 2, rows.collect())
}

/// Commitments in normalized hours.
fn of_commitments(report: &Report) -> String {
    if report.commitments.is_empty() {
        return String::new();
    }
    let hours = |hours: Option<&Hours>| hours.map_or_else(|| "not stated".to_owned(), ToString::to_string);
    let ratio = |ratio: Option<&Ratio>| ratio.map_or_else(String::new, ToString::to_string);
    let rows = report.commitments.iter().map(|row| {
        let commitment = row.commitment.iter().chain(&row.covers).map(String::as_str).collect::<Vec<_>>().join(" ");
        vec![
            row.product.clone(),
            row.usage_account.clone().unwrap_or_default(),
            commitment,
            hours(row.purchased_hours.as_ref()),
            hours(row.used_hours.as_ref()),
            ratio(row.utilization.as_ref()),
            row.used_cost.map(rounded).unwrap_or_default(),
            row.unused_cost.map(rounded).unwrap_or_default(),
            hours(Some(&row.covered_hours)),
            ratio(row.coverage.as_ref()),
        ]
    });
    let header = [
        "AWS product",
        "account",
        "commitment",
        "purchased",
        "used",
        "utilization",
        "used cost",
        "unused cost",
        "covered",
        "coverage",
    ];
    table("Commitments, in normalized hours", &header, 3, rows.collect())
}

fn of_bridge(report: &Report, bridge: &[BridgeRow]) -> String {
    let title = format!("From what was charged to {}", report.basis);
    table(&title, &["kind", "rows", "charged", "cost", "difference"], 1, bridge.iter().map(bridge_cells).collect())
}

/// A line of the bridge from what was charged to the cost in the basis.
pub(super) fn bridge_cells(row: &BridgeRow) -> Vec<String> {
    let [charged, cost, difference] = [row.unblended, row.cost, row.difference].map(rounded);
    vec![row.kind.as_str().to_owned(), row.rows.to_string(), charged, cost, difference]
}

/// `billed + carried_in − deferred`.
fn attributed_total(totals: &Totals) -> Result<Amount> {
    totals.billed.checked_add(totals.carried_in)?.checked_sub(totals.deferred)
}

fn heading(report: &Report, run_id: &str) -> String {
    let totals = &report.totals;
    let mut text = format!(
        "{} · {} · {} · {} · run {run_id}\n",
        report.period,
        report.status.as_str(),
        report.basis,
        report.currency
    );
    let _ = writeln!(
        text,
        "billed {} + carried in {} − deferred {} = areas {} + idle {} + unused commitment {} + shared {} + \
         unattributed {} (exactly; beside it, total rows of {} are not counted)\n",
        totals.billed,
        totals.carried_in,
        totals.deferred,
        totals.areas,
        totals.idle,
        totals.unused_commitment,
        totals.shared,
        totals.unattributed,
        totals.excluded
    );
    text
}

/// How much has an owner and by what, what nobody owns, and what would raise coverage most.
pub(super) fn of_coverage(report: &Report) -> String {
    let coverage = &report.coverage;
    let mut text = format!(
        "{} · {} · {} · {}\nunattributed {} (exactly)\n\n",
        report.period,
        report.status.as_str(),
        report.basis,
        report.currency,
        report.totals.unattributed
    );
    let rows = coverage.mechanisms.iter();
    let rows = rows.map(|row| vec![row.mechanism.as_str().to_owned(), rounded(row.cost), share(row.share)]);
    text += &table("Cost by what named its owner", &["mechanism", "cost", "share"], 1, rows.collect());
    let rows = coverage.unattributed_products.iter();
    let rows = rows.map(|row| vec![row.product.clone(), rounded(row.cost), share(row.share)]);
    text += &table("Unattributed by AWS product", &["AWS product", "cost", "share"], 1, rows.collect());
    text + &of_wins(report, usize::MAX) + &largest_unattributed(report)
}

/// A share as a percentage with four decimals, which is exact, or a dash.
fn share(share: Option<Amount>) -> String {
    let percentage = share.and_then(|share| share.units().checked_mul(100)).map(Amount::from_units);
    percentage.map_or("–".to_owned(), |percentage| format!("{} %", rounded(percentage)))
}

fn of_wins(report: &Report, shown: usize) -> String {
    let wins = &report.coverage.wins;
    if wins.is_empty() {
        return String::new();
    }
    let rows = wins.iter().take(shown).map(|win| vec![advice(win), rounded(win.cost), share(win.share)]);
    table("What would raise coverage most (these overlap)", &["what to do", "cost", "share"], 1, rows.collect())
}

/// What to do, in words.
fn advice(win: &Win) -> String {
    let subject = if win.subject.is_empty() { "(no name)" } else { &win.subject };
    match win.action {
        WinAction::AccountDefault => format!("give account {subject} a default area"),
        WinAction::MapService => {
            let cluster = win.cluster.as_deref().unwrap_or_default();
            let cluster = cluster.rsplit('/').next().unwrap_or_default();
            format!("map service {subject} of cluster {cluster}")
        }
        WinAction::Rule => format!("a rule or pool for {subject} without resource"),
        WinAction::TagKey => format!("tag {} resources with {subject}", win.resources.unwrap_or_default()),
        WinAction::TagResource => format!("tag resource {subject}"),
    }
}

/// The largest wins and sums of nobody, for the end of a report.
fn largest_gaps(report: &Report) -> String {
    of_wins(report, WINS_SHOWN) + &largest_unattributed(report)
}

fn largest_unattributed(report: &Report) -> String {
    let mut text = String::new();
    let resources = &report.coverage.unattributed_resources;
    if !resources.is_empty() {
        let rows = resources.iter().take(5).map(|row| {
            let resource = if row.resource.is_empty() { "(no resource)" } else { &row.resource };
            vec![row.product.clone(), resource.to_owned(), rounded(row.cost)]
        });
        text += &table("Largest unattributed", &["AWS product", "resource", "cost"], 2, rows.collect());
    }
    let missing = &report.coverage.missing_tags;
    if !missing.is_empty() {
        let rows = missing.iter().map(|row| vec![row.tag_key.clone(), row.rows.to_string(), rounded(row.cost)]);
        text += &table("Resources without the tag", &["tag key", "rows", "cost"], 1, rows.collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_round_half_even_to_four_decimals() {
        for (text, shown) in [("1.00005", "1.0000"), ("1.00015", "1.0002"), ("-0.00005", "0.0000"), ("-2.5", "-2.5000")]
        {
            assert_eq!(rounded(text.parse().unwrap()), shown, "{text}");
        }
    }

    #[test]
    fn percentages_of_nothing_are_a_dash() {
        let one: Amount = "1".parse().unwrap();
        assert_eq!(percent(one, Amount::ZERO), "–");
        assert_eq!(percent(one, "8".parse().unwrap()), "12.5 %");
        assert_eq!(percent("-1".parse().unwrap(), "8".parse().unwrap()), "-12.5 %");
    }
}
