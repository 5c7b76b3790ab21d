//! Detailed Billing Report, consolidated and single account (AWS: "Detailed Billing Reports", retired 2019).

use super::Attribute as A;
use super::Need::{Optional, Required};
use super::Place::Column;
use super::{DialectTable, TagForm};
use crate::classify::Dialect;

pub(super) const TABLE: DialectTable = DialectTable {
    dialect: Dialect::Dbr,
    attributes: &[
        (A::LineItemType, &[Column("RecordType")], Required),
        (A::Product, &[Column("ProductName")], Required),
        (A::Start, &[Column("UsageStartDate")], Required),
        (A::End, &[Column("UsageEndDate")], Required),
        (A::InvoiceId, &[Column("InvoiceID")], Optional("how final the bill is stays unknown")),
        (A::Payer, &[Column("PayerAccountId")], Optional("the payer account is empty")),
        (A::UsageAccount, &[Column("LinkedAccountId")], Optional("the usage account is the payer account")),
        (A::ReservationId, &[Column("SubscriptionId")], Optional("reservations are not told apart")),
        (
            A::UsageType,
            &[Column("UsageType")],
            Optional("fees are told by description only, and instance hours are not known"),
        ),
        (A::Operation, &[Column("Operation")], Optional("operations are empty")),
        (A::Zone, &[Column("AvailabilityZone")], Optional("regions are empty")),
        (
            A::Reserved,
            &[Column("ReservedInstance")],
            Optional("usage covered by reservations counts as on-demand usage"),
        ),
        (
            A::Description,
            &[Column("ItemDescription")],
            Optional("fees, taxes, refunds and credits told by description count as usage"),
        ),
        (A::Quantity, &[Column("UsageQuantity")], Optional("instance hours are not known")),
        (A::ResourceId, &[Column("ResourceId")], Optional("no volumes, containers or inherited tags")),
    ],
    tags: &[TagForm::Column("")],
    cost_categories: &[],
    other_columns: &COLUMNS,
    steady: &["RateId", "PricingPlanId"],
    null_text: None,
};

/// Every column but tags, to tell the report, complete or not, from other files.
pub(super) const COLUMNS: [&str; 24] = [
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

/// Columns of the monthly reports that lie beside it.
pub(super) const MONTHLY_MARKS: [&str; 3] = ["TotalCost", "CostBeforeTax", "BillingPeriodStartDate"];
