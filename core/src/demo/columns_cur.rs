//! Columns of Cost and Usage Reports: one table for the legacy report, from which the other spellings follow.

use std::collections::BTreeSet;

use super::columns_options::{SAVINGS_PLAN, SPLIT, TAGS_OF_TASKS};
use super::events::CLUSTER;
use super::line::{Cell, Line};
use super::month::Month;
use super::row::Kind;

/// How a column is typed where the file has types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    /// Text; rates too, which AWS writes as text.
    Text,
    /// Money.
    Cost,
    /// A quantity.
    Quantity,
    /// An instant.
    Time,
    /// Text by text.
    Map,
}

/// A column and where its cells come from.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) typed: ColumnType,
    pub(super) cell: CellOf,
}

/// What a line says in one column.
pub(super) type CellOf = for<'r> fn(&Line<'r>) -> Cell<'r>;
/// Name, type and cells of a column.
pub(super) type ColumnOf = (&'static str, ColumnType, CellOf);

use ColumnType::{Cost, Map, Quantity, Text, Time};

pub(super) fn columns(table: &[ColumnOf]) -> Vec<Column> {
    let column = |(name, typed, cell): &ColumnOf| Column { name: (*name).to_owned(), typed: *typed, cell: *cell };
    table.iter().map(column).collect()
}

/// The legacy report: `category/Name`. Columns of what a month does not have are not there.
pub(super) fn legacy(month: &Month) -> Vec<Column> {
    let plan = if month.savings_plan.is_some() { SAVINGS_PLAN } else { &[] };
    let (split, of_tasks) = if month.has_task_shares { (SPLIT, TAGS_OF_TASKS) } else { (&[][..], &[][..]) };
    [BASE, PRODUCT_AND_PRICING, RESERVATION, plan, split, of_tasks, TAGS].into_iter().flat_map(columns).collect()
}

/// The legacy report as Athena spells it.
pub(super) fn athena(month: &Month) -> Vec<Column> {
    legacy(month).into_iter().map(|column| Column { name: athena_name(&column.name), ..column }).collect()
}

/// CUR 2.0: the same, but tags and most of what is said of a product are maps, and accounts have names.
pub(super) fn cur2(month: &Month) -> Vec<Column> {
    let in_maps: BTreeSet<&str> = ["product_product_name", "product_memory", "product_region", "product_vcpu"].into();
    let kept = athena(month)
        .into_iter()
        .filter(|column| !in_maps.contains(column.name.as_str()) && !column.name.starts_with("resource_tags_"));
    let mut all: Vec<Column> = kept.chain(columns(ONLY_CUR2)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// An underscore before each capital, lower case, underscores for all else, none twice, none at the ends.
fn athena_name(name: &str) -> String {
    let mut folded = String::new();
    for c in name.chars() {
        let starts_word = c.is_ascii_uppercase() || !c.is_ascii_alphanumeric();
        if starts_word && !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
        if c.is_ascii_alphanumeric() {
            folded.push(c.to_ascii_lowercase());
        }
    }
    folded.trim_end_matches('_').to_owned()
}

const BASE: &[ColumnOf] = &[
    ("identity/LineItemId", Text, |line| Cell::Made(line.id())),
    ("identity/TimeInterval", Text, |line| Cell::Made(format!("{}/{}", line.row.start, line.end()))),
    ("bill/InvoiceId", Text, |line| Cell::text(line.row.invoice)),
    ("bill/InvoicingEntity", Text, |_| Cell::Text("Amazon Web Services, Inc.")),
    ("bill/BillingEntity", Text, |_| Cell::Text("AWS")),
    ("bill/BillType", Text, |line| {
        Cell::Text(match line.row.kind {
            Kind::Upfront | Kind::PlanUpfront => "Purchase",
            Kind::Refund => "Refund",
            _ => "Anniversary",
        })
    }),
    ("bill/PayerAccountId", Text, |line| Cell::Text(line.month.payer)),
    ("bill/BillingPeriodStartDate", Time, |line| Cell::Time(line.month.period.start())),
    ("bill/BillingPeriodEndDate", Time, |line| Cell::Time(line.month.period.end())),
    ("lineItem/UsageAccountId", Text, |line| Cell::text(line.row.account)),
    ("lineItem/LineItemType", Text, |line| Cell::Text(line_item_type(line.row.kind))),
    ("lineItem/UsageStartDate", Time, |line| Cell::Time(line.row.start)),
    ("lineItem/UsageEndDate", Time, |line| Cell::Time(line.printed_end())),
    ("lineItem/ProductCode", Text, |line| Cell::text(line.service().code)),
    ("lineItem/UsageType", Text, |line| Cell::text(line.row.usage_type)),
    ("lineItem/Operation", Text, |line| Cell::text(line.row.operation)),
    ("lineItem/AvailabilityZone", Text, |line| Cell::text(line.row.zone)),
    ("lineItem/ResourceId", Text, |line| Cell::text(line.row.resource)),
    ("lineItem/UsageAmount", Quantity, |line| Cell::Number(line.quantity())),
    ("lineItem/NormalizationFactor", Text, |line| line.normalization_factor()),
    ("lineItem/NormalizedUsageAmount", Quantity, |line| line.normalized_amount()),
    ("lineItem/CurrencyCode", Text, |_| Cell::Text("USD")),
    ("lineItem/UnblendedRate", Text, |line| line.if_metered(Cell::Number(line.rate()))),
    ("lineItem/UnblendedCost", Cost, |line| Cell::Number(line.row.cost())),
    ("lineItem/BlendedRate", Text, |line| line.if_metered(Cell::Number(line.blended_rate()))),
    ("lineItem/BlendedCost", Cost, |line| Cell::Number(line.row.blended_cost())),
    ("lineItem/LineItemDescription", Text, |line| Cell::text(line.row.description)),
    ("lineItem/TaxType", Text, |line| line.if_kind(&[Kind::Tax], Cell::Text("USSalesTax"))),
    ("lineItem/LegalEntity", Text, |_| Cell::Text("Amazon Web Services, Inc.")),
];

const PRODUCT_AND_PRICING: &[ColumnOf] = &[
    ("product/ProductName", Text, |line| Cell::text(line.row.product)),
    ("product/instanceType", Text, |line| line.instance().map_or(Cell::Null, |kind| Cell::Text(kind.name))),
    ("product/memory", Text, |line| Cell::text(memory(line))),
    ("product/productFamily", Text, |line| line.if_metered(Cell::text(line.service().family))),
    ("product/region", Text, |line| line.region()),
    ("product/servicecode", Text, |line| Cell::text(line.service().code)),
    ("product/sku", Text, |line| line.sku()),
    ("product/vcpu", Text, |line| Cell::text(vcpu(line))),
    ("pricing/LeaseContractLength", Text, |line| line.if_committed(Cell::Text("1yr"))),
    ("pricing/OfferingClass", Text, |line| line.if_committed(Cell::Text("standard"))),
    ("pricing/PurchaseOption", Text, |line| line.if_committed(Cell::Text("Partial Upfront"))),
    ("pricing/RateId", Text, |line| Cell::text(line.row.rate_id)),
    ("pricing/currency", Text, |line| line.if_metered(Cell::Text("USD"))),
    ("pricing/publicOnDemandCost", Cost, |line| line.if_kind(USAGE, Cell::Number(line.list_cost()))),
    ("pricing/publicOnDemandRate", Text, |line| line.if_kind(USAGE, Cell::Number(line.list_rate()))),
    ("pricing/term", Text, |line| {
        let on_demand = line.if_kind(USAGE, Cell::Text("OnDemand"));
        if line.row.kind.is_committed() { Cell::Text("Reserved") } else { on_demand }
    }),
    ("pricing/unit", Text, |line| Cell::text(line.unit().0)),
];

const USAGE: &[Kind] = &[Kind::Usage, Kind::Covered, Kind::PlanCovered];
const COVERED: &[Kind] = &[Kind::Covered];
const RECURRING: &[Kind] = &[Kind::Recurring];

const RESERVATION: &[ColumnOf] = &[
    ("reservation/AmortizedUpfrontCostForUsage", Cost, |line| {
        line.if_kind(COVERED, Cell::Number(line.upfront_of(line.hours())))
    }),
    ("reservation/AmortizedUpfrontFeeForBillingPeriod", Cost, |line| {
        line.if_kind(RECURRING, Cell::Number(line.upfront_of(line.hours())))
    }),
    ("reservation/EffectiveCost", Cost, |line| line.if_kind(COVERED, Cell::Number(line.effective_cost()))),
    ("reservation/EndTime", Text, |line| {
        line.if_kind(RECURRING, Cell::Made(line.month.reservation.printed_end.to_string()))
    }),
    ("reservation/NumberOfReservations", Text, |line| {
        line.if_kind(&[Kind::Upfront, Kind::Recurring], Cell::Made(line.month.reservation.count.to_string()))
    }),
    ("reservation/RecurringFeeForUsage", Cost, |line| {
        line.if_kind(COVERED, Cell::Number(line.recurring_of(line.hours())))
    }),
    ("reservation/ReservationARN", Text, |line| line.if_committed(Cell::Text(&line.month.reservation.arn))),
    ("reservation/StartTime", Text, |line| {
        line.if_kind(RECURRING, Cell::Made(line.month.reservation.bought.to_string()))
    }),
    ("reservation/SubscriptionId", Text, |line| Cell::text(line.row.subscription)),
    ("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod", Cost, |line| {
        line.if_kind(RECURRING, Cell::Number(line.upfront_of(line.unused_hours())))
    }),
    ("reservation/UnusedQuantity", Quantity, |line| {
        line.if_kind(RECURRING, Cell::Number(line.unused_hours() * 1_000_000_000_000_000_000))
    }),
    ("reservation/UnusedRecurringFee", Cost, |line| {
        line.if_kind(RECURRING, Cell::Number(line.recurring_of(line.unused_hours())))
    }),
    ("reservation/UpfrontValue", Cost, |line| {
        let reservation = &line.month.reservation;
        let value = i128::from(reservation.upfront) * i128::from(reservation.count) * 100_000_000;
        line.if_kind(RECURRING, Cell::Number(value))
    }),
];

const TAGS: &[ColumnOf] = &[
    ("resourceTags/aws:createdBy", Text, |line| Cell::text(line.row.created_by)),
    ("resourceTags/user:Name", Text, |line| Cell::text(line.row.name)),
    ("resourceTags/user:product_area", Text, |line| Cell::text(line.row.area)),
];

const ONLY_CUR2: &[ColumnOf] = &[
    ("bill_payer_account_name", Text, |_| Cell::Text("Demo payer")),
    ("line_item_usage_account_name", Text, |line| Cell::Made(format!("Demo {}", line.row.account))),
    ("product_region_code", Text, |line| line.region()),
    ("cost_category", Map, |_| Cell::Map(Vec::new())),
    ("discount", Map, |_| Cell::Map(Vec::new())),
    ("product", Map, |line| {
        let region = if let Cell::Text(region) = line.region() { region } else { "" };
        Cell::map(&[
            ("memory", memory(line)),
            ("product_name", line.row.product),
            ("region", region),
            ("vcpu", vcpu(line)),
        ])
    }),
    ("resource_tags", Map, |line| {
        let (row, task) = (line.row, line.row.share);
        Cell::map(&[
            ("aws_created_by", row.created_by),
            ("aws_ecs_cluster_name", task.map_or("", |_| CLUSTER)),
            ("aws_ecs_service_name", task.map_or("", |task| task.service)),
            ("user_name", row.name),
            ("user_product_area", row.area),
        ])
    }),
];

fn line_item_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage | Kind::Unused | Kind::PlanUnused | Kind::TaskShare => "Usage",
        Kind::PlanCovered => "SavingsPlanCoveredUsage",
        Kind::PlanNegation => "SavingsPlanNegation",
        Kind::PlanRecurring => "SavingsPlanRecurringFee",
        Kind::PlanUpfront => "SavingsPlanUpfrontFee",
        Kind::Covered => "DiscountedUsage",
        Kind::Upfront => "Fee",
        Kind::Recurring => "RIFee",
        Kind::Tax => "Tax",
        Kind::Credit => "Credit",
        Kind::Refund => "Refund",
    }
}

fn memory<'r>(line: &Line<'r>) -> &'r str {
    line.instance().map_or("", |kind| kind.nominal_memory)
}

fn vcpu<'r>(line: &Line<'r>) -> &'r str {
    line.instance().map_or("", |kind| kind.vcpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::DemoOptions;
    use crate::demo::fleet::Fleet;

    #[test]
    fn athena_names_are_those_of_the_published_examples() {
        for (legacy, athena) in [
            ("lineItem/UsageAccountId", "line_item_usage_account_id"),
            ("reservation/ReservationARN", "reservation_reservation_a_r_n"),
            ("resourceTags/user:Name", "resource_tags_user_name"),
            ("resourceTags/user:cost-center", "resource_tags_user_cost_center"),
            ("resourceTags/user:costCenter", "resource_tags_user_cost_center"),
            ("resourceTags/user:product_area", "resource_tags_user_product_area"),
        ] {
            assert_eq!(athena_name(legacy), athena);
        }
    }

    #[test]
    fn no_spelling_has_a_column_twice() {
        let month = |options: &DemoOptions| Month::new(&Fleet::new(options).unwrap(), options);
        let usual = DemoOptions::new("2016-06".parse().unwrap());
        for month in [month(&usual), month(&DemoOptions { savings_plan: true, split_costs: true, ..usual.clone() })] {
            for columns in [legacy(&month), athena(&month), cur2(&month)] {
                let names: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                assert_eq!(names.len(), columns.len());
            }
        }
    }
}
