//! FinOps Open Cost and Usage Specification 1.0 to 1.2, with the columns AWS adds (FOCUS: "Columns").

use super::Attribute as A;
use super::Need::{Optional, Rare, Required};
use super::Place::Column;
use super::{DialectTable, TagForm};
use crate::classify::Dialect;

pub(super) const TABLE: DialectTable = DialectTable {
    dialect: Dialect::Focus,
    attributes: &[
        (A::LineItemType, &[Column("ChargeCategory")], Required),
        (A::Product, &[Column("ServiceName"), Column("x_ServiceCode")], Required),
        (A::Start, &[Column("ChargePeriodStart")], Required),
        (A::End, &[Column("ChargePeriodEnd")], Required),
        (A::InvoiceId, &[Column("InvoiceId")], Optional("how final the bill is stays unknown")),
        (A::Payer, &[Column("BillingAccountId")], Optional("the payer account is empty")),
        (A::UsageAccount, &[Column("SubAccountId")], Optional("the usage account is the payer account")),
        (A::PeriodStart, &[Column("BillingPeriodStart")], Optional("the period is told by usage dates")),
        (
            A::UsageType,
            &[Column("x_UsageType"), Column("SkuMeter")],
            Optional("usage types are empty, and instance hours are not known"),
        ),
        (A::Operation, &[Column("x_Operation")], Optional("operations are empty")),
        (A::Quantity, &[Column("ConsumedQuantity")], Optional("instance hours are not known")),
        (A::ResourceId, &[Column("ResourceId")], Optional("no volumes, containers or inherited tags")),
        (A::Currency, &[Column("BillingCurrency")], Optional("the currency is the one asked for")),
        (A::Region, &[Column("RegionId")], Rare),
        (A::Zone, &[Column("AvailabilityZone")], Rare),
        (A::BillingEntity, &[Column("InvoiceIssuerName")], Rare),
        (A::Description, &[Column("ChargeDescription")], Rare),
        (A::ReservationId, &[Column("CommitmentDiscountId")], Rare),
        (A::ChargeClass, &[Column("ChargeClass")], Rare),
        (A::ChargeFrequency, &[Column("ChargeFrequency")], Rare),
        (A::CommitmentStatus, &[Column("CommitmentDiscountStatus")], Rare),
        (A::CommitmentCategory, &[Column("CommitmentDiscountCategory")], Rare),
    ],
    tags: &[TagForm::Entry("Tags")],
    cost_categories: &[TagForm::Entry("x_CostCategories")],
    other_columns: &["BilledCost", "ContractedCost", "EffectiveCost", "ListCost"],
    // The specification forbids it and published exports have it.
    steady: &[],
    null_text: Some("NULL"),
};

/// Columns that only FOCUS has.
pub(super) const MARKS: [&str; 4] = ["BilledCost", "ChargeCategory", "ChargePeriodStart", "EffectiveCost"];
