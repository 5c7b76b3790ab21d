//! One input row, whatever its dialect, as borrowed text (spec 3.1, 3.7).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency};
use crate::time::Interval;

/// Billing file format (spec 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// Detailed Billing Report, with or without resources and tags.
    Dbr,
    /// Legacy Cost and Usage Report, with `lineItem/UnblendedCost` or `line_item_unblended_cost` headers.
    Cur,
    /// Cost and Usage Report 2.0 of Data Exports.
    Cur2,
    /// FinOps Open Cost and Usage Specification, 1.0 to 1.2.
    Focus,
}

impl Dialect {
    /// The name as options and outputs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dbr => "dbr",
            Self::Cur => "cur",
            Self::Cur2 => "cur2",
            Self::Focus => "focus",
        }
    }

    /// The name of the report, for prose.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Dbr => "Detailed Billing Report",
            Self::Cur => "Cost and Usage Report",
            Self::Cur2 => "Cost and Usage Report 2.0",
            Self::Focus => "FOCUS export",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Dbr, Self::Cur, Self::Cur2, Self::Focus].into_iter().find(|dialect| dialect.as_str() == text).ok_or_else(
            || Error::new(ErrorCode::ConfigBadValue, format!("`{text}` is not a format: dbr, cur, cur2 or focus")),
        )
    }
}

/// What a row is on the bill; the names are those of the AWS Cost and Usage Report where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum LineItemKind {
    /// Adjustment of another kind (FOCUS).
    Adjustment,
    /// Discount on usage bundled with other usage.
    BundledDiscount,
    /// Rounding row across accounts.
    CbRounding,
    /// Credit, negative.
    Credit,
    /// Separate discount row.
    Discount,
    /// Usage covered by a reservation.
    DiscountedUsage,
    /// Discount of a distributor.
    DistributorDiscount,
    /// Discount of an enterprise discount program.
    EdpDiscount,
    /// One-off fee that belongs to no commitment: support, domains, Marketplace.
    Fee,
    /// A type the dialect does not name; its text is kept beside the kind.
    Other,
    /// Discount of a private rate.
    PrivateRateDiscount,
    /// Purchase that belongs to no commitment (FOCUS).
    Purchase,
    /// Recurring fee of a reservation; `RIFee` in a Cost and Usage Report.
    RecurringFee,
    /// Refund.
    Refund,
    /// Discount on a volume of reservations.
    RiVolumeDiscount,
    /// Rounding row of an invoice.
    Rounding,
    /// Usage covered by a savings plan.
    SavingsPlanCoveredUsage,
    /// What a savings plan takes back of the usage it covers, negative.
    SavingsPlanNegation,
    /// Recurring fee of a savings plan.
    SavingsPlanRecurringFee,
    /// Upfront fee of a savings plan.
    SavingsPlanUpfrontFee,
    /// Discount of the solution provider program.
    SppDiscount,
    /// Tax, VAT or GST.
    Tax,
    /// Part of a commitment that nothing used (FOCUS).
    UnusedCommitment,
    /// Upfront fee of a reservation.
    UpfrontFee,
    /// On-demand or tiered usage.
    Usage,
}

impl LineItemKind {
    /// Every kind, in the order of their numbers.
    pub(crate) const ALL: [Self; 25] = [
        Self::Adjustment,
        Self::BundledDiscount,
        Self::CbRounding,
        Self::Credit,
        Self::Discount,
        Self::DiscountedUsage,
        Self::DistributorDiscount,
        Self::EdpDiscount,
        Self::Fee,
        Self::Other,
        Self::PrivateRateDiscount,
        Self::Purchase,
        Self::RecurringFee,
        Self::Refund,
        Self::RiVolumeDiscount,
        Self::Rounding,
        Self::SavingsPlanCoveredUsage,
        Self::SavingsPlanNegation,
        Self::SavingsPlanRecurringFee,
        Self::SavingsPlanUpfrontFee,
        Self::SppDiscount,
        Self::Tax,
        Self::UnusedCommitment,
        Self::UpfrontFee,
        Self::Usage,
    ];

    /// The name as policies and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adjustment => "Adjustment",
            Self::BundledDiscount => "BundledDiscount",
            Self::CbRounding => "CbRounding",
            Self::Credit => "Credit",
            Self::Discount => "Discount",
            Self::DiscountedUsage => "DiscountedUsage",
            Self::DistributorDiscount => "DistributorDiscount",
            Self::EdpDiscount => "EdpDiscount",
            Self::Fee => "Fee",
            Self::Other => "Other",
            Self::PrivateRateDiscount => "PrivateRateDiscount",
            Self::Purchase => "Purchase",
            Self::RecurringFee => "RecurringFee",
            Self::Refund => "Refund",
            Self::RiVolumeDiscount => "RiVolumeDiscount",
            Self::Rounding => "Rounding",
            Self::SavingsPlanCoveredUsage => "SavingsPlanCoveredUsage",
            Self::SavingsPlanNegation => "SavingsPlanNegation",
            Self::SavingsPlanRecurringFee => "SavingsPlanRecurringFee",
            Self::SavingsPlanUpfrontFee => "SavingsPlanUpfrontFee",
            Self::SppDiscount => "SppDiscount",
            Self::Tax => "Tax",
            Self::UnusedCommitment => "UnusedCommitment",
            Self::UpfrontFee => "UpfrontFee",
            Self::Usage => "Usage",
        }
    }

    /// Whether the row is a commitment fee that can be set aside and amortized (spec 5.2). The recurring fee of a
    /// savings plan is none: it is charged hour by hour, for that hour.
    #[must_use]
    pub const fn is_fee(self) -> bool {
        matches!(self, Self::RecurringFee | Self::SavingsPlanUpfrontFee | Self::UpfrontFee)
    }

    /// Whether the row is a discount that stands apart from what it is taken off.
    #[must_use]
    pub const fn is_discount(self) -> bool {
        matches!(
            self,
            Self::BundledDiscount
                | Self::Discount
                | Self::DistributorDiscount
                | Self::EdpDiscount
                | Self::PrivateRateDiscount
                | Self::RiVolumeDiscount
                | Self::SppDiscount
        )
    }

    /// Whether the row holds what nothing used of a commitment, where commitments are spread over what they cover.
    #[must_use]
    pub const fn is_unused_where_amortized(self) -> bool {
        matches!(self, Self::RecurringFee | Self::SavingsPlanRecurringFee | Self::UnusedCommitment)
    }

    /// Whether something was used, on demand or covered by a commitment.
    #[must_use]
    pub const fn is_usage(self) -> bool {
        matches!(self, Self::Usage | Self::DiscountedUsage | Self::SavingsPlanCoveredUsage)
    }

    /// Whether the row belongs to a commitment: a fee, what it covers, takes back or leaves unused.
    #[must_use]
    pub const fn is_of_commitment(self) -> bool {
        self.is_fee()
            || matches!(
                self,
                Self::DiscountedUsage
                    | Self::SavingsPlanCoveredUsage
                    | Self::SavingsPlanNegation
                    | Self::SavingsPlanRecurringFee
                    | Self::UnusedCommitment
            )
    }
}

/// Rows that repeat what other rows bill; kept as evidence, never counted (spec 3.2, 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Repetition {
    /// Total of one usage account.
    AccountTotal,
    /// Total of one invoice.
    InvoiceTotal,
    /// Split cost allocation data: the part of an instance that a task or pod used.
    SplitCostAllocation,
    /// Total of the payer's statement.
    StatementTotal,
}

/// One row of a bill. Text is borrowed from the reader's buffer: nothing is copied until a charge is new.
///
/// Serde reads it from JSON too, so the model is usable without any file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineItem<'a> {
    /// Format of the file, which decides how the row is classified.
    pub dialect: Dialect,
    /// The row's type as the dialect names it: `RecordType` in a DBR, `LineItemType` in a Cost and Usage Report,
    /// `ChargeCategory` in FOCUS.
    pub line_item_type: &'a str,
    /// Whether the row corrects a period that was invoiced before (`ChargeClass` of FOCUS).
    #[serde(default)]
    pub is_correction: bool,
    /// Currency of the cost; `None` where the dialect or row names none.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Account that is invoiced.
    #[serde(default)]
    pub payer_account: &'a str,
    /// Account that used; the payer where the bill names none.
    #[serde(default)]
    pub usage_account: &'a str,
    /// Seller, `AWS` or `AWS Marketplace`; a DBR has none and means `AWS`.
    #[serde(default)]
    pub billing_entity: &'a str,
    /// Invoice id as written; `None` where the dialect or file has no such column.
    #[serde(default, borrow)]
    pub invoice_id: Option<&'a str>,
    /// Product name, else service code; empty where the row has none.
    #[serde(default)]
    pub product: &'a str,
    /// Usage type, such as `USW2-BoxUsage:m4.large`.
    #[serde(default)]
    pub usage_type: &'a str,
    /// Operation, such as `RunInstances`.
    #[serde(default)]
    pub operation: &'a str,
    /// Region, or empty.
    #[serde(default)]
    pub region: &'a str,
    /// Availability zone as written, or empty; read from Detailed Billing Reports only.
    #[serde(default)]
    pub zone: &'a str,
    /// Description in prose; decides the kind of DBR rows without resource.
    #[serde(default)]
    pub description: &'a str,
    /// Bare resource id, or empty.
    #[serde(default)]
    pub resource_id: &'a str,
    /// Reservation, subscription or savings plan id, or empty.
    #[serde(default)]
    pub reservation_id: &'a str,
    /// Whether the bill marks the usage as covered by a reservation (`ReservedInstance` = `Y`).
    #[serde(default)]
    pub reserved: bool,
    /// `CommitmentDiscountStatus` of FOCUS, `Used` or `Unused`, or empty.
    #[serde(default)]
    pub commitment_status: &'a str,
    /// `CommitmentDiscountCategory` of FOCUS, `Spend` or `Usage`, or empty.
    #[serde(default)]
    pub commitment_category: &'a str,
    /// `ChargeFrequency` of FOCUS, such as `One-Time`, or empty.
    #[serde(default)]
    pub charge_frequency: &'a str,
    /// Instance that a row of split cost allocation data repeats cost of, or empty.
    #[serde(default)]
    pub split_parent: &'a str,
    /// Usage interval as printed; `None` where the row has no dates.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// Usage quantity in 10⁻¹⁸ of the row's unit; `None` where it is empty.
    #[serde(default)]
    pub usage_quantity: Option<Amount>,
    /// Cost in the basis of the scan.
    pub cost: Amount,
    /// Unblended (or billed) cost, which says whether the row costs anything at all; `None` where it is the same.
    #[serde(default)]
    pub unblended: Option<Amount>,
    /// Values of the requested tag keys, then of the requested cost categories, in their order; empty text is no value.
    #[serde(default, borrow)]
    pub tags: Vec<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_number() {
        assert_eq!(LineItemKind::ALL.len(), LineItemKind::Usage as usize + 1);
        for (at, kind) in LineItemKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            assert_eq!(kind.is_discount(), kind.as_str().ends_with("Discount"));
        }
    }
}
