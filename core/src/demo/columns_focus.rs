//! Columns of FOCUS as AWS exports it: those of the specification, then its own.

use super::columns_cur::{Column, ColumnOf, ColumnType, columns};
use super::line::{Cell, Line};
use super::row::Kind;

use ColumnType::{Cost, Quantity, Text, Time};

const AWS: &str = "Amazon Web Services, Inc.";

/// FOCUS 1.0 with AWS columns: 43 and 5.
pub(super) fn focus_1_0() -> Vec<Column> {
    with(&[("ResourceId", Text, bare_resource)], ONLY_1_0)
}

/// FOCUS 1.2 with AWS columns: 57 and 3.
pub(super) fn focus_1_2() -> Vec<Column> {
    let columns_1_2: Vec<ColumnOf> =
        [("ResourceId", Text, resource_arn as _)].into_iter().chain(ONLY_1_2.iter().copied()).collect();
    with(&columns_1_2, &[])
}

/// Columns of the specification by name, then those of AWS by name.
fn with(of_version: &[ColumnOf], of_aws: &[ColumnOf]) -> Vec<Column> {
    let mut all: Vec<Column> = [COMMON, of_version, of_aws].into_iter().flat_map(columns).collect();
    all.sort_by_cached_key(|column| (column.name.starts_with("x_"), column.name.clone()));
    all
}

const COMMON: &[ColumnOf] = &[
    ("AvailabilityZone", Text, |line| Cell::text(line.row.zone)),
    ("BilledCost", Cost, |line| Cell::Number(line.row.cost())),
    ("BillingAccountId", Text, |line| Cell::Text(line.month.payer)),
    ("BillingAccountName", Text, |_| Cell::Text("Demo payer")),
    ("BillingCurrency", Text, |_| Cell::Text("USD")),
    ("BillingPeriodEnd", Time, |line| Cell::Time(line.month.period.end())),
    ("BillingPeriodStart", Time, |line| Cell::Time(line.month.period.start())),
    ("ChargeCategory", Text, |line| Cell::Text(category(line.row.kind))),
    ("ChargeClass", Text, |_| Cell::Null),
    ("ChargeDescription", Text, |line| Cell::text(line.row.description)),
    ("ChargeFrequency", Text, |line| Cell::Text(frequency(line.row.kind))),
    ("ChargePeriodEnd", Time, |line| Cell::Time(line.end())),
    ("ChargePeriodStart", Time, |line| Cell::Time(line.row.start)),
    ("CommitmentDiscountCategory", Text, |line| either(line, "Usage", "Spend")),
    ("CommitmentDiscountId", Text, |line| line.commitment()),
    ("CommitmentDiscountName", Text, |_| Cell::Null),
    ("CommitmentDiscountStatus", Text, |line| match line.row.kind {
        Kind::Covered | Kind::PlanCovered => Cell::Text("Used"),
        Kind::Unused | Kind::PlanUnused => Cell::Text("Unused"),
        _ => Cell::Null,
    }),
    ("CommitmentDiscountType", Text, |line| either(line, "Reserved Instance", "Savings Plan")),
    ("ConsumedQuantity", Quantity, |line| line.if_kind(USAGE, Cell::Number(line.quantity()))),
    ("ConsumedUnit", Text, |line| line.if_kind(USAGE, Cell::text(line.unit().1))),
    ("ContractedCost", Cost, |line| Cell::Number(line.list_cost())),
    ("ContractedUnitPrice", Cost, |line| line.if_metered(Cell::Number(line.list_rate()))),
    ("EffectiveCost", Cost, |line| Cell::Number(line.effective_cost())),
    ("InvoiceIssuerName", Text, |_| Cell::Text(AWS)),
    ("ListCost", Cost, |line| Cell::Number(line.list_cost())),
    ("ListUnitPrice", Cost, |line| line.if_metered(Cell::Number(line.list_rate()))),
    ("PricingCategory", Text, |line| match line.row.kind {
        Kind::Covered | Kind::Unused | Kind::PlanCovered | Kind::PlanUnused => Cell::Text("Committed"),
        kind if kind.is_usage() || kind.is_committed() || kind.is_plan_fee() => Cell::Text("Standard"),
        _ => Cell::Null,
    }),
    ("PricingQuantity", Quantity, |line| line.if_metered(Cell::Number(line.quantity()))),
    ("PricingUnit", Text, |line| Cell::text(line.unit().1)),
    ("ProviderName", Text, |_| Cell::Text("AWS")),
    ("PublisherName", Text, |_| Cell::Text(AWS)),
    ("RegionId", Text, |line| line.region()),
    ("RegionName", Text, |line| if line.region() == Cell::Null { Cell::Null } else { Cell::Text("US West (Oregon)") }),
    ("ResourceName", Text, |_| Cell::Null),
    ("ResourceType", Text, |line| Cell::text(resource_type(line.row.resource))),
    ("ServiceCategory", Text, |line| Cell::Text(line.service().category)),
    ("ServiceName", Text, |line| Cell::text(line.row.product)),
    ("SkuId", Text, |line| line.sku()),
    ("SkuPriceId", Text, |line| match line.sku() {
        Cell::Made(sku) => Cell::Made(sku + ".JRTCKXETXF.6YS6EN2CT7"),
        other => other,
    }),
    ("SubAccountId", Text, |line| Cell::text(line.row.account)),
    ("SubAccountName", Text, |line| Cell::Made(format!("Demo {}", line.row.account))),
    ("Tags", ColumnType::Map, |line| {
        let row = line.row;
        Cell::map(&[("Name", row.name), ("aws:createdBy", row.created_by), ("product_area", row.area)])
    }),
    ("x_Discounts", ColumnType::Map, |_| Cell::Map(Vec::new())),
    ("x_Operation", Text, |line| Cell::text(line.row.operation)),
    ("x_ServiceCode", Text, |line| Cell::text(line.service().code)),
];

const ONLY_1_0: &[ColumnOf] = &[
    ("x_CostCategories", ColumnType::Map, |_| Cell::Map(Vec::new())),
    ("x_UsageType", Text, |line| Cell::text(line.row.usage_type)),
];

/// 1.2 has no column for usage types of its own: AWS writes them as the meter.
const ONLY_1_2: &[ColumnOf] = &[
    ("BillingAccountType", Text, |_| Cell::Text("Payer Account")),
    ("CapacityReservationId", Text, |_| Cell::Null),
    ("CapacityReservationStatus", Text, |_| Cell::Null),
    ("CommitmentDiscountQuantity", Quantity, |line| match line.row.kind {
        Kind::PlanCovered | Kind::PlanUnused => Cell::Number(line.effective_cost()),
        Kind::PlanRecurring => Cell::Number(line.plan_commitment()),
        _ => line.if_kind(COMMITTED_HOURS, Cell::Number(line.quantity())),
    }),
    ("CommitmentDiscountUnit", Text, |line| {
        let spend = line.if_kind(COMMITTED_SPEND, Cell::Text("USD"));
        if spend == Cell::Null { line.if_kind(COMMITTED_HOURS, Cell::Text("Hours")) } else { spend }
    }),
    ("InvoiceId", Text, |line| Cell::text(line.row.invoice)),
    ("PricingCurrency", Text, |_| Cell::Text("USD")),
    ("PricingCurrencyContractedUnitPrice", Cost, |line| line.if_metered(Cell::Number(line.list_rate()))),
    ("PricingCurrencyEffectiveCost", Cost, |line| Cell::Number(line.effective_cost())),
    ("PricingCurrencyListUnitPrice", Cost, |line| line.if_metered(Cell::Number(line.list_rate()))),
    ("ServiceSubcategory", Text, |line| Cell::Text(line.service().subcategory)),
    ("SkuMeter", Text, |line| Cell::text(line.row.usage_type)),
    ("SkuPriceDetails", ColumnType::Map, |line| {
        let kind = line.instance();
        Cell::map(&[("CoreCount", kind.map_or("", |k| k.vcpu)), ("InstanceType", kind.map_or("", |k| k.name))])
    }),
    ("SubAccountType", Text, |_| Cell::Text("Linked Account")),
];

const USAGE: &[Kind] = &[Kind::Usage, Kind::Covered, Kind::PlanCovered];
const COMMITTED_HOURS: &[Kind] = &[Kind::Covered, Kind::Recurring, Kind::Unused];
const COMMITTED_SPEND: &[Kind] = &[Kind::PlanCovered, Kind::PlanRecurring, Kind::PlanUnused];

/// What is said of the reservation and of the savings plan.
fn either<'r>(line: &Line<'r>, reservation: &'static str, plan: &'static str) -> Cell<'r> {
    if line.plan().is_some() { Cell::Text(plan) } else { line.if_committed(Cell::Text(reservation)) }
}

fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Upfront | Kind::Recurring | Kind::PlanUpfront | Kind::PlanRecurring => "Purchase",
        Kind::Tax => "Tax",
        Kind::Credit => "Credit",
        Kind::Refund => "Adjustment",
        _ => "Usage",
    }
}

fn frequency(kind: Kind) -> &'static str {
    match kind {
        Kind::Recurring | Kind::PlanRecurring => "Recurring",
        Kind::Upfront | Kind::PlanUpfront | Kind::Tax | Kind::Credit | Kind::Refund => "One-Time",
        _ => "Usage-Based",
    }
}

/// Instances and volumes by their bare ids, as exports of FOCUS 1.0 name them; a commitment by its ARN.
fn bare_resource<'r>(line: &Line<'r>) -> Cell<'r> {
    if line.row.resource.is_empty() {
        return line.commitment();
    }
    Cell::text(line.row.resource)
}

/// Everything of EC2 by its ARN.
fn resource_arn<'r>(line: &Line<'r>) -> Cell<'r> {
    let (resource, account) = (line.row.resource, line.row.account);
    match resource_type(resource) {
        kind @ ("instance" | "volume") => {
            Cell::Made(format!("arn:aws:ec2:{}:{account}:{kind}/{resource}", super::fleet::REGION))
        }
        _ => bare_resource(line),
    }
}

fn resource_type(resource: &str) -> &'static str {
    if resource.starts_with("i-") {
        "instance"
    } else if resource.starts_with("vol-") {
        "volume"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_many_as_aws_documents() {
        for (columns, of_focus, of_aws) in [(focus_1_0(), 43, 5), (focus_1_2(), 57, 3)] {
            let aws = columns.iter().filter(|column| column.name.starts_with("x_")).count();
            assert_eq!((columns.len() - aws, aws), (of_focus, of_aws));
        }
        assert!(focus_1_2().iter().all(|column| column.name != "x_UsageType"));
    }
}
