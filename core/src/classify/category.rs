//! What a kind of line item is to FOCUS.

use serde::{Deserialize, Serialize};

use super::{CostBasis, LineItemKind};

/// The `ChargeCategory` of FOCUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChargeCategory {
    /// What applies to the billing account and is none of the others.
    Adjustment,
    /// A voucher or incentive.
    Credit,
    /// What is acquired, commitments included.
    Purchase,
    /// A tax.
    Tax,
    /// What is consumed.
    Usage,
}

impl ChargeCategory {
    /// The category of a kind in a basis: with an amortized one, what nothing used of a commitment is usage, because its
    /// purchase costs nothing there. A discount has the category of what it lowers (R81).
    #[must_use]
    pub const fn of(kind: LineItemKind, basis: CostBasis) -> Self {
        use LineItemKind as K;
        match kind {
            kind if basis.is_amortized() && kind.is_unused_where_amortized() => Self::Usage,
            K::Usage
            | K::DiscountedUsage
            | K::SavingsPlanCoveredUsage
            | K::SavingsPlanNegation
            | K::UnusedCommitment
            | K::BundledDiscount
            | K::Discount
            | K::DistributorDiscount
            | K::EdpDiscount
            | K::PrivateRateDiscount
            | K::SppDiscount => Self::Usage,
            K::Fee
            | K::Purchase
            | K::RecurringFee
            | K::RiVolumeDiscount
            | K::SavingsPlanRecurringFee
            | K::SavingsPlanUpfrontFee
            | K::UpfrontFee => Self::Purchase,
            K::Tax => Self::Tax,
            K::Credit => Self::Credit,
            K::Adjustment | K::CbRounding | K::Other | K::Refund | K::Rounding => Self::Adjustment,
        }
    }

    /// The name as FOCUS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adjustment => "Adjustment",
            Self::Credit => "Credit",
            Self::Purchase => "Purchase",
            Self::Tax => "Tax",
            Self::Usage => "Usage",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recurring_fees_are_purchases_in_cash_and_usage_where_they_are_what_is_unused() {
        for (kind, cash, amortized) in [
            (LineItemKind::RecurringFee, "Purchase", "Usage"),
            (LineItemKind::UpfrontFee, "Purchase", "Purchase"),
            (LineItemKind::SavingsPlanCoveredUsage, "Usage", "Usage"),
            (LineItemKind::Refund, "Adjustment", "Adjustment"),
            (LineItemKind::Tax, "Tax", "Tax"),
            (LineItemKind::Credit, "Credit", "Credit"),
        ] {
            let of = |basis| ChargeCategory::of(kind, basis).as_str();
            assert_eq!((of(CostBasis::Unblended), of(CostBasis::NetAmortized)), (cash, amortized), "{kind:?}");
        }
    }
}
