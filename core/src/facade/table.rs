//! Tables of a report as columns of text, the same in every language.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::error::{Error, ErrorCode, Result};
use crate::rollup::Report;

/// A table of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableName {
    /// Product area and row kind → cost.
    AreaCosts,
    /// Cluster, service and product area → cost.
    ServiceCosts,
    /// AWS product, product area and row kind → cost.
    ProductAreaCosts,
    /// Mechanism → cost.
    Mechanisms,
    /// Provider and consumer → what was passed on.
    Reallocations,
    /// Commitment → hours purchased, used, covered and eligible.
    Commitments,
    /// Cluster and service → our split of instances and AWS's own.
    SplitCheck,
    /// Mechanism → cost and share of all cost.
    Coverage,
    /// AWS product → what nobody owns of it, largest first.
    Unattributed,
    /// What would raise the attributed share, largest first.
    Wins,
    /// The finest cells: product, usage account, area, kind, mechanism, service → cost.
    Cells,
    /// Findings of the run.
    Diagnostics,
}

/// What a column holds; all values cross as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text.
    Text,
    /// Decimal text of at most 38 digits, 18 of them decimals.
    Money,
    /// A whole number of 64 bits.
    Count,
}

/// One column with its values from the first row to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name, as in the JSON of spec 11.2.
    pub name: String,
    /// What it holds.
    pub column_type: ColumnType,
    /// The values; `None` is null.
    pub values: Vec<Option<String>>,
}

/// A table by columns of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The columns in order.
    pub columns: Vec<Column>,
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// The rows as objects of names and values, in the order of the columns; counts are numbers.
    #[must_use]
    pub fn objects(&self) -> Vec<RowObject<'_>> {
        (0..self.rows()).map(|at| RowObject { table: self, at }).collect()
    }
}

/// One row of a table, which is written as an object.
#[derive(Clone, Copy, Debug)]
pub struct RowObject<'t> {
    table: &'t Table,
    at: usize,
}

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.table.columns.iter().map(|column| (&column.name, column.value(self.at))))
    }
}

impl Column {
    fn value(&self, at: usize) -> Value {
        let text = self.values.get(at).and_then(Option::as_deref);
        match self.column_type {
            ColumnType::Count => text.and_then(|text| text.parse::<i64>().ok()).into(),
            ColumnType::Text | ColumnType::Money => text.into(),
        }
    }
}

/// One table of a report, sorted by its keys.
///
/// # Errors
/// `money.overflow` where a sum leaves the range.
pub fn table(report: &Report, name: TableName) -> Result<Table> {
    match name {
        TableName::AreaCosts => {
            columns(&with_details(report, &["product_area", "row_kind", "cost"]), &report.area_costs()?)
        }
        TableName::ServiceCosts => columns(&["cluster", "service", "product_area", "cost"], &report.service_costs()?),
        TableName::ProductAreaCosts => {
            let names = with_details(report, &["product", "product_area", "row_kind", "cost"]);
            columns(&names, &report.product_area_costs()?)
        }
        TableName::Mechanisms => columns(&["mechanism", "cost"], &report.mechanisms()?),
        TableName::Reallocations => columns(&["provider", "consumer", "cost"], &report.reallocations),
        TableName::Commitments => {
            let has_costs = report.commitments.iter().any(|row| row.used_cost.is_some());
            let shown = |name: &&str| has_costs || *name != "used_cost";
            let names: Vec<&str> = COMMITMENT_COLUMNS.into_iter().filter(shown).collect();
            columns(&names, &report.commitments)
        }
        TableName::SplitCheck => {
            let names = ["cluster", "service", "ours", "ours_volumes", "scad", "difference", "why"];
            columns(&names, &report.split_check)
        }
        TableName::Coverage => columns(&["mechanism", "cost", "share"], &report.coverage.mechanisms),
        TableName::Unattributed => columns(&["product", "cost", "share"], &report.coverage.unattributed_products),
        TableName::Wins => {
            columns(&["action", "subject", "cluster", "resources", "cost", "share"], &report.coverage.wins)
        }
        TableName::Cells => {
            let names =
                ["product", "usage_account", "product_area", "row_kind", "mechanism", "cluster", "service", "cost"];
            columns(&with_details(report, &names), &report.cells)
        }
        TableName::Diagnostics => columns(&["code", "severity", "count", "message"], &report.diagnostics),
    }
}

/// `used_cost` only with an amortized basis.
const COMMITMENT_COLUMNS: [&str; 13] = [
    "payer",
    "product",
    "usage_account",
    "commitment",
    "covers",
    "purchased_hours",
    "used_hours",
    "utilization",
    "used_cost",
    "unused_cost",
    "covered_hours",
    "eligible_hours",
    "coverage",
];

/// The columns `pool` and `reason` after `row_kind`, each where the report has a row that says one.
fn with_details<'n>(report: &Report, names: &[&'n str]) -> Vec<&'n str> {
    let details = || report.cells.iter().filter_map(|cell| cell.detail.as_ref());
    let has_pool = details().any(|detail| detail.pool().is_some());
    let has_reason = details().any(|detail| detail.reason().is_some());
    let and_details = |name: &&'n str| {
        let after_kind = |column, has: bool| (has && *name == "row_kind").then_some(column);
        [Some(*name), after_kind("pool", has_pool), after_kind("reason", has_reason)]
    };
    names.iter().flat_map(and_details).flatten().collect()
}

/// Names as one text.
fn list(names: &[Value]) -> String {
    names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// Rows → columns through their own serde form, so that names and texts are those of the JSON.
fn columns(names: &[&str], rows: &[impl Serialize]) -> Result<Table> {
    let mut columns: Vec<Column> = names
        .iter()
        .map(|name| Column {
            name: (*name).to_owned(),
            column_type: match *name {
                "cost" | "share" | "used_cost" | "unused_cost" | "ours" | "ours_volumes" | "scad" | "difference" => {
                    ColumnType::Money
                }
                "count" | "resources" => ColumnType::Count,
                _ => ColumnType::Text,
            },
            values: Vec::with_capacity(rows.len()),
        })
        .collect();
    for row in rows {
        let row = serde_json::to_value(row)
            .map_err(|cause| Error::new(ErrorCode::OutputIo, "a row cannot be written").with_cause(cause))?;
        for column in &mut columns {
            column.values.push(match row.get(&column.name) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Null) | None => None,
                Some(Value::Array(texts)) => Some(list(texts)),
                Some(other) => Some(other.to_string()),
            });
        }
    }
    Ok(Table { columns })
}
