//! What a bill holds, before anything is attributed (spec 11.3).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::bill::{Bill, BillStatus, BridgeRow, Charge, ChargeKey, Completeness, Digest, EntityStatus, InputDigest};
use crate::classify::{CostBasis, Dialect, LineItemKind};
use crate::diagnostic::Diagnostic;
use crate::error::Result;
use crate::ids::{is_instance_id, is_task_arn, is_volume_id};
use crate::money::{Amount, Currency};
use crate::time::{BillingPeriod, Timestamp};

/// What `inspect --output json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Inspection {
    /// Formats of the inputs.
    pub dialects: Vec<Dialect>,
    /// Billing period; `null` for the empty bill.
    pub period: Option<BillingPeriod>,
    /// Cost basis.
    pub basis: CostBasis,
    /// How final the bill is.
    pub status: BillStatus,
    /// Instant the status was judged at.
    pub as_of: Timestamp,
    /// Exact sum of the counting rows by currency.
    pub billed: BTreeMap<String, Amount>,
    /// Counting rows.
    pub rows: u64,
    /// Total rows, which are not counted.
    pub excluded_rows: u64,
    /// Usage accounts, and resources that evidence can be about.
    pub resources: ResourceCounts,
    /// Status, invoices and estimates by payer and billing entity.
    pub entities: Vec<EntityStatus>,
    /// Sums by currency, product and kind.
    pub totals: Vec<KindTotal>,
    /// What each kind of rows was charged and costs in the basis, by currency; left out where that is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<BTreeMap<String, Vec<BridgeRow>>>,
    /// How much carries each scanned tag key.
    pub tag_keys: Vec<TagCoverage>,
    /// Gaps, and whether the bill stops early.
    pub completeness: Completeness,
    /// Files it was read from.
    pub inputs: Vec<InputDigest>,
    /// Hash of the charges.
    pub digest: Digest,
    /// Findings of the scan.
    pub diagnostics: Vec<Diagnostic>,
}

/// How many accounts and resources occur.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct ResourceCounts {
    /// Usage accounts.
    pub usage_accounts: usize,
    /// EC2 instances.
    pub instances: usize,
    /// EBS volumes.
    pub volumes: usize,
    /// ECS tasks, which Fargate charges name.
    pub tasks: usize,
    /// All other resources.
    pub others: usize,
}

/// Sum of one product and kind.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct KindTotal {
    /// Currency of the cost.
    pub currency: Currency,
    /// AWS product, or empty.
    pub product: String,
    /// Line item kind.
    pub kind: LineItemKind,
    /// The type as the bill writes it, where the kind is `Other`; else empty.
    pub line_item_type: String,
    /// Whether the rows correct periods that were invoiced before.
    pub is_correction: bool,
    /// Rows summed.
    pub rows: u64,
    /// Exact sum.
    pub cost: Amount,
}

/// How much of the bill carries a tag key.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct TagCoverage {
    /// The key.
    pub tag_key: String,
    /// Rows with a value.
    pub rows: u64,
    /// Exact cost with a value, by currency.
    pub cost: BTreeMap<String, Amount>,
}

/// Looks at a bill: dialect, period, rows, status and invoices, totals, tag coverage, gaps, digests.
///
/// # Errors
/// `money.overflow` where a sum leaves the range.
pub fn inspect(bill: &Bill, as_of: Timestamp) -> Result<Inspection> {
    Ok(Inspection {
        dialects: bill.dialects().into_iter().collect(),
        period: bill.period(),
        basis: bill.basis(),
        status: bill.status(as_of)?,
        as_of,
        billed: billed(bill)?,
        rows: bill.rows(),
        excluded_rows: bill.excluded_rows(),
        resources: resources(bill),
        entities: bill.entity_statuses(as_of)?,
        totals: totals(bill)?,
        bridge: bridge(bill)?,
        tag_keys: tag_coverage(bill)?,
        completeness: bill.completeness(),
        inputs: bill.inputs().iter().cloned().collect(),
        digest: bill.digest()?,
        diagnostics: bill.diagnostics()?.list(),
    })
}

fn billed(bill: &Bill) -> Result<BTreeMap<String, Amount>> {
    bill.currencies().into_iter().map(|currency| Ok((currency.to_string(), bill.billed(currency)?))).collect()
}

fn bridge(bill: &Bill) -> Result<Option<BTreeMap<String, Vec<BridgeRow>>>> {
    let of = |currency: Currency| Ok((currency.to_string(), bill.bridge(currency)?));
    let is_other = bill.basis() != CostBasis::Unblended;
    is_other.then(|| bill.currencies().into_iter().map(of).collect()).transpose()
}

fn resources(bill: &Bill) -> ResourceCounts {
    let keys = || bill.charges().iter().map(Charge::key);
    let accounts: BTreeSet<&str> = keys().map(ChargeKey::usage_account).collect();
    let resources: BTreeSet<&str> =
        keys().map(ChargeKey::resource_id).filter(|resource| !resource.is_empty()).collect();
    let mut counts = ResourceCounts { usage_accounts: accounts.len(), ..ResourceCounts::default() };
    for resource in resources {
        let count = match resource {
            id if is_instance_id(id) => &mut counts.instances,
            id if is_volume_id(id) => &mut counts.volumes,
            id if is_task_arn(id) => &mut counts.tasks,
            _ => &mut counts.others,
        };
        *count += 1;
    }
    counts
}

/// Currency, product, kind, type as written and whether it is a correction.
type TotalKey<'b> = (Currency, &'b str, LineItemKind, &'b str, bool);

fn totals(bill: &Bill) -> Result<Vec<KindTotal>> {
    let mut sums: BTreeMap<TotalKey<'_>, (u64, Amount)> = BTreeMap::new();
    for charge in bill.charges() {
        let key = charge.key();
        let at = (key.currency(), key.product(), key.kind(), key.line_item_type(), key.is_correction());
        let sum = sums.entry(at).or_default();
        *sum = (sum.0 + charge.rows(), sum.1.checked_add(charge.amount())?);
    }
    let totals = sums.into_iter().map(|((currency, product, kind, line_item_type, is_correction), (rows, cost))| {
        let (product, line_item_type) = (product.to_owned(), line_item_type.to_owned());
        KindTotal { currency, product, kind, line_item_type, is_correction, rows, cost }
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
