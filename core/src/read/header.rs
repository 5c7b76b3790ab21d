//! Header → which column holds what, and what a file that is no Detailed Billing Report is instead (spec 2.1, 2.3).

use super::nearest::nearest;
use super::rows::RawRow;
use super::tags::TagColumns;
use super::{ScanOptions, name};
use crate::classify::{CostColumn, Dialect, cost_columns};
use crate::error::{Error, ErrorCode, Result};

/// Every column of a Detailed Billing Report but tags, consolidated and single account.
const DBR_COLUMNS: [&str; 24] = [
    "InvoiceID",
    "PayerAccountId",
    "LinkedAccountId",
    "RecordType",
    "RecordId",
    "ProductName",
    "RateId",
    "SubscriptionId",
    "PricingPlanId",
    "UsageType",
    "Operation",
    "AvailabilityZone",
    "ReservedInstance",
    "ItemDescription",
    "UsageStartDate",
    "UsageEndDate",
    "UsageQuantity",
    "BlendedRate",
    "BlendedCost",
    "UnBlendedRate",
    "UnBlendedCost",
    "Rate",
    "Cost",
    "ResourceId",
];

/// Columns a bill can do without, and what is off then (spec 2.3).
const OPTIONAL: [(&str, &str); 11] = [
    ("InvoiceID", "how final the bill is stays unknown"),
    ("PayerAccountId", "the payer account is empty"),
    ("LinkedAccountId", "the usage account is the payer account"),
    ("SubscriptionId", "reservations are not told apart"),
    ("UsageType", "fees are told by description only, and instance hours are not known"),
    ("Operation", "operations are empty"),
    ("AvailabilityZone", "regions are empty"),
    ("ReservedInstance", "usage covered by reservations counts as on-demand usage"),
    ("ItemDescription", "fees, taxes, refunds and credits told by description count as usage"),
    ("UsageQuantity", "instance hours are not known"),
    ("ResourceId", "no volumes, containers or inherited tags"),
];

/// Where the fields of a row stand.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) record_type: usize,
    pub(super) product: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) cost: usize,
    pub(super) invoice: Option<usize>,
    pub(super) payer: Option<usize>,
    pub(super) usage_account: Option<usize>,
    pub(super) subscription: Option<usize>,
    pub(super) usage_type: Option<usize>,
    pub(super) operation: Option<usize>,
    pub(super) zone: Option<usize>,
    pub(super) reserved: Option<usize>,
    pub(super) description: Option<usize>,
    pub(super) quantity: Option<usize>,
    pub(super) resource: Option<usize>,
    pub(super) tags: TagColumns,
}

impl Columns {
    /// Finds the columns by name, in any order and case.
    ///
    /// # Errors
    /// `read.unknown_dialect`, `read.missing_column`, `config.basis_unavailable`.
    pub(super) fn bind(header: &RawRow<'_>, input: &str, options: &ScanOptions) -> Result<Self> {
        let Ok(fields) = header.fields() else {
            return Err(unknown_dialect(what_else(header.text, &[], input)));
        };
        let names: Vec<String> = (0..header.width()).map(|at| fields.get(at).trim().to_owned()).collect();
        if !is_dbr(&names) {
            return Err(unknown_dialect(what_else(header.text, &names, input)));
        }
        let find = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let required = |wanted: &str| find(wanted).ok_or_else(|| missing(&[wanted], &names));
        let costs = cost_columns(Dialect::Dbr, options.bill.basis)?;
        let cost = costs.iter().find_map(|CostColumn(name)| find(name));
        Ok(Self {
            record_type: required("RecordType")?,
            product: required("ProductName")?,
            start: required("UsageStartDate")?,
            end: required("UsageEndDate")?,
            cost: cost
                .ok_or_else(|| missing(&costs.iter().map(|CostColumn(name)| *name).collect::<Vec<_>>(), &names))?,
            invoice: find("InvoiceID"),
            payer: find("PayerAccountId"),
            usage_account: find("LinkedAccountId"),
            subscription: find("SubscriptionId"),
            usage_type: find("UsageType"),
            operation: find("Operation"),
            zone: find("AvailabilityZone"),
            reserved: find("ReservedInstance"),
            description: find("ItemDescription"),
            quantity: find("UsageQuantity"),
            resource: find("ResourceId"),
            tags: TagColumns::bind(&names, &options.bill.tag_keys, options.tags_case_insensitive),
            names,
        })
    }

    /// Optional columns the header lacks, each with what is off.
    pub(super) fn missing_optional(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        OPTIONAL.into_iter().filter(|(wanted, _)| !self.names.iter().any(|name| name.eq_ignore_ascii_case(wanted)))
    }
}

/// Whether the header is that of a Detailed Billing Report, complete or not, rather than that of another file.
fn is_dbr(names: &[String]) -> bool {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    let is_monthly = ["TotalCost", "CostBeforeTax", "BillingPeriodStartDate"].into_iter().any(has);
    let known = DBR_COLUMNS.into_iter().filter(|column| has(column)).count();
    !is_monthly && (has("RecordType") || known >= 3)
}

fn unknown_dialect(what: &str) -> Error {
    Error::new(ErrorCode::ReadUnknownDialect, format!("the input is no Detailed Billing Report: {what}"))
}

/// What the content seems to be, for the message only.
fn what_else(head: &[u8], names: &[String], input: &str) -> &'static str {
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.iter().any(|w| name.eq_ignore_ascii_case(w)));
    let compressed = [&b"\x1f\x8b"[..], b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"];
    if head.starts_with(b"PAR1") {
        "it is a Parquet file, which is not read"
    } else if compressed.iter().any(|magic| head.starts_with(magic)) {
        "it is compressed"
    } else if has(&["TotalCost", "CostBeforeTax", "BillingPeriodStartDate"]) || name::is_monthly_report(input) {
        "it is a monthly billing or cost allocation report, whose rows are sums"
    } else if has(&[
        "identity/LineItemId",
        "identity_line_item_id",
        "lineItem/LineItemType",
        "line_item_line_item_type",
    ]) {
        "it is a Cost and Usage Report, which is not read"
    } else if has(&["BilledCost", "ChargePeriodStart"]) {
        "it is a FOCUS export, which is not read"
    } else if names.is_empty() {
        "its first row is not UTF-8 text"
    } else {
        "its first row names none of its columns"
    }
}

fn missing(wanted: &[&str], names: &[String]) -> Error {
    let list = wanted.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    // Of two as near, the one that is no other column of the dialect is the misspelled one.
    let is_dbr_column = |name: &str| DBR_COLUMNS.iter().any(|column| name.eq_ignore_ascii_case(column));
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| is_dbr_column(name));
    let message = match nearest(wanted, unknown.into_iter().chain(known)) {
        Some(near) => format!("the header has no column {list}; the nearest is `{near}`"),
        None => format!("the header has no column {list}"),
    };
    Error::new(ErrorCode::ReadMissingColumn, message)
}
