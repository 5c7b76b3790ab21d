//! One input row, whatever its dialect, as borrowed text (spec 3.1, 3.7).

use serde::{Deserialize, Serialize};

use crate::money::Amount;
use crate::time::Interval;

/// Billing file format (spec 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// Detailed Billing Report, with or without resources and tags.
    Dbr,
}

/// What a row is on the bill; the names are those of the AWS Cost and Usage Report where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum LineItemKind {
    /// Rounding row across accounts.
    CbRounding,
    /// Credit, negative.
    Credit,
    /// Separate discount row.
    Discount,
    /// Usage covered by a reservation.
    DiscountedUsage,
    /// Recurring fee of a commitment.
    RecurringFee,
    /// Refund.
    Refund,
    /// Rounding row of an invoice.
    Rounding,
    /// Tax, VAT or GST.
    Tax,
    /// Upfront fee of a commitment.
    UpfrontFee,
    /// On-demand or tiered usage.
    Usage,
}

impl LineItemKind {
    /// The name as policies and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CbRounding => "CbRounding",
            Self::Credit => "Credit",
            Self::Discount => "Discount",
            Self::DiscountedUsage => "DiscountedUsage",
            Self::RecurringFee => "RecurringFee",
            Self::Refund => "Refund",
            Self::Rounding => "Rounding",
            Self::Tax => "Tax",
            Self::UpfrontFee => "UpfrontFee",
            Self::Usage => "Usage",
        }
    }

    /// Whether the row is a commitment fee, set aside and amortized (spec 5.2).
    #[must_use]
    pub const fn is_fee(self) -> bool {
        matches!(self, Self::RecurringFee | Self::UpfrontFee)
    }
}

/// Total rows that repeat what other rows bill; kept as statement evidence, never counted (spec 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StatementTotal {
    /// Total of one usage account.
    AccountTotal,
    /// Total of one invoice.
    InvoiceTotal,
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
    /// The row's type as the dialect names it: `RecordType` in a DBR.
    pub line_item_type: &'a str,
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
    /// Usage interval as printed; `None` where the row has no dates.
    #[serde(default)]
    pub interval: Option<Interval>,
    /// Usage quantity in 10⁻¹⁸ of the row's unit; `None` where it is empty.
    #[serde(default)]
    pub usage_quantity: Option<Amount>,
    /// Cost in the basis of the scan.
    pub cost: Amount,
    /// Values of the requested tag keys, in their order; empty text is no value.
    #[serde(default, borrow)]
    pub tags: Vec<&'a str>,
}
