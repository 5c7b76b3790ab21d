//! Cost and Usage Report, legacy and 2.0 (AWS: "Cost and Usage Report data dictionary", "CUR 2.0").
//!
//! The legacy names stand for both spellings: `lineItem/UsageType` and `line_item_usage_type`.

use super::Attribute as A;
use super::Need::{Optional, Rare, Required};
use super::Place::{Column, Entry};
use super::{AttributePlaces, DialectTable, TagForm};
use crate::classify::Dialect;

macro_rules! attributes {
    ($product:expr, $region:expr) => {
        &[
            (A::LineItemType, &[Column("lineItem/LineItemType")], Required),
            (A::Product, $product, Required),
            (A::Start, &[Column("lineItem/UsageStartDate")], Required),
            (A::End, &[Column("lineItem/UsageEndDate")], Required),
            (A::InvoiceId, &[Column("bill/InvoiceId")], Optional("how final the bill is stays unknown")),
            (A::Payer, &[Column("bill/PayerAccountId")], Optional("the payer account is empty")),
            (A::UsageAccount, &[Column("lineItem/UsageAccountId")], Optional("the usage account is the payer account")),
            (A::PeriodStart, &[Column("bill/BillingPeriodStartDate")], Optional("the period is told by usage dates")),
            (A::UsageType, &[Column("lineItem/UsageType")], Optional("instance hours are not known")),
            (A::Operation, &[Column("lineItem/Operation")], Optional("operations are empty")),
            (A::Quantity, &[Column("lineItem/UsageAmount")], Optional("instance hours are not known")),
            (A::ResourceId, &[Column("lineItem/ResourceId")], Optional("no volumes, containers or inherited tags")),
            (A::Currency, &[Column("lineItem/CurrencyCode")], Optional("the currency is the one asked for")),
            (A::Region, $region, Rare),
            (A::Zone, &[Column("lineItem/AvailabilityZone")], Rare),
            (A::BillingEntity, &[Column("bill/BillingEntity")], Rare),
            (A::Description, &[Column("lineItem/LineItemDescription")], Rare),
            (A::ReservationId, &[Column("reservation/ReservationARN"), Column("savingsPlan/SavingsPlanARN")], Rare),
            (A::SplitParent, &[Column("splitLineItem/ParentResourceId")], Rare),
        ]
    };
}

const LEGACY_ATTRIBUTES: &[AttributePlaces] = attributes!(
    &[Column("product/ProductName"), Column("lineItem/ProductCode")],
    &[Column("product/region"), Column("product/regionCode")]
);

const DATA_EXPORT_ATTRIBUTES: &[AttributePlaces] = attributes!(
    &[Entry("product", "product_name"), Column("product/ProductName"), Column("lineItem/ProductCode")],
    &[Entry("product", "region"), Column("product/region"), Column("product/regionCode")]
);

const STEADY: &[&str] = &[
    "bill/",
    "bill_",
    "lineItem/LegalEntity",
    "line_item_legal_entity",
    "lineItem/TaxType",
    "line_item_tax_type",
    "product/",
    "product_",
];

const COSTS: &[&str] = &[
    "lineItem/BlendedCost",
    "lineItem/NetUnblendedCost",
    "lineItem/UnblendedCost",
    "reservation/EffectiveCost",
    "reservation/NetEffectiveCost",
    "savingsPlan/NetSavingsPlanEffectiveCost",
    "savingsPlan/SavingsPlanEffectiveCost",
];

pub(super) const LEGACY: DialectTable = DialectTable {
    dialect: Dialect::Cur,
    attributes: LEGACY_ATTRIBUTES,
    tags: &[TagForm::Column("resourceTags/"), TagForm::FoldedColumn("resource_tags_")],
    cost_categories: &[TagForm::Column("costCategory/"), TagForm::FoldedColumn("cost_category_")],
    other_columns: COSTS,
    steady: STEADY,
    null_text: None,
};

pub(super) const DATA_EXPORT: DialectTable = DialectTable {
    dialect: Dialect::Cur2,
    attributes: DATA_EXPORT_ATTRIBUTES,
    tags: &[TagForm::FoldedEntry("resource_tags"), TagForm::FoldedColumn("resource_tags_")],
    cost_categories: &[TagForm::FoldedEntry("cost_category"), TagForm::FoldedColumn("cost_category_")],
    other_columns: COSTS,
    steady: STEADY,
    null_text: None,
};

/// Columns that only these reports have.
pub(super) const MARKS: [&str; 5] = [
    "identity/LineItemId",
    "lineItem/LineItemType",
    "lineItem/UnblendedCost",
    "lineItem/UsageAccountId",
    "lineItem/UsageStartDate",
];

/// Columns that only CUR 2.0 has.
pub(super) const EXPORT_MARKS: [&str; 6] = [
    "resource_tags",
    "product",
    "cost_category",
    "discount",
    "bill_payer_account_name",
    "line_item_usage_account_name",
];
