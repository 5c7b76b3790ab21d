//! THE table: which columns hold the cost of a basis (spec 3.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::line_item::{Dialect, LineItemKind};
use crate::error::{Error, ErrorCode, Result};

/// Which cost of a row is attributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// What was charged, as the invoice adds it up.
    #[default]
    Unblended,
    /// Unblended after discounts.
    NetUnblended,
    /// Commitments spread over the usage they cover.
    Amortized,
    /// Amortized after discounts.
    NetAmortized,
}

impl CostBasis {
    /// The name as policies and outputs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unblended => "unblended",
            Self::NetUnblended => "net_unblended",
            Self::Amortized => "amortized",
            Self::NetAmortized => "net_amortized",
        }
    }

    /// Whether commitments are spread over the usage they cover, so that their own rows hold what nothing used.
    #[must_use]
    pub const fn is_amortized(self) -> bool {
        matches!(self, Self::Amortized | Self::NetAmortized)
    }
}

impl fmt::Display for CostBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CostBasis {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Unblended, Self::NetUnblended, Self::Amortized, Self::NetAmortized]
            .into_iter()
            .find(|basis| basis.as_str() == text)
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::ConfigBadValue,
                    format!("`{text}` is not a cost basis: unblended, net_unblended, amortized or net_amortized"),
                )
            })
    }
}

/// One summand of a cost: the first of its columns that the header has and the row fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostTerm {
    /// Whether it is taken away.
    pub is_subtracted: bool,
    /// Names of the columns, best first; those of a Cost and Usage Report in the spelling of the legacy report.
    pub columns: &'static [&'static str],
}

/// What the cost of a row is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostRule {
    /// The unblended cost of the row: that of the first of these columns that the header has.
    Unblended(&'static [&'static str]),
    /// Nothing: other rows carry it.
    Zero,
    /// Nothing where the header has this column, whose amounts include it; else the unblended cost.
    ZeroBeside(&'static str),
    /// The first of these columns that the header has, which every row fills.
    Column(&'static [&'static str]),
    /// The sum of these terms, each of which the header has; the unblended cost where the row fills none.
    Sum(&'static [CostTerm]),
    /// The same sum, times the first of these fractions (columns of numerator and denominator) that the row fills and
    /// whose denominator is not 0, rounded half-even to 10⁻¹⁸; as it is where there is none.
    Scaled(&'static [CostTerm], &'static [(&'static str, &'static str)]),
}

const fn plus(columns: &'static [&'static str]) -> CostTerm {
    CostTerm { is_subtracted: false, columns }
}

const fn minus(columns: &'static [&'static str]) -> CostTerm {
    CostTerm { is_subtracted: true, columns }
}

const NET: CostRule = CostRule::Sum(&[plus(&["lineItem/NetUnblendedCost", "lineItem/UnblendedCost"])]);

const RESERVED: CostRule = CostRule::Sum(&[plus(&["reservation/EffectiveCost"])]);
const NET_RESERVED: CostRule = CostRule::Sum(&[plus(&["reservation/NetEffectiveCost", "reservation/EffectiveCost"])]);

const UNUSED_RESERVATION: CostRule = CostRule::Sum(&[
    plus(&["reservation/UnusedAmortizedUpfrontFeeForBillingPeriod"]),
    plus(&["reservation/UnusedRecurringFee"]),
]);
const NET_UNUSED_RESERVATION: CostRule = CostRule::Sum(&[
    plus(&[
        "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    ]),
    plus(&["reservation/NetUnusedRecurringFee", "reservation/UnusedRecurringFee"]),
]);

const PLANNED: CostRule = CostRule::Sum(&[plus(&["savingsPlan/SavingsPlanEffectiveCost"])]);
const NET_PLANNED: CostRule =
    CostRule::Sum(&[plus(&["savingsPlan/NetSavingsPlanEffectiveCost", "savingsPlan/SavingsPlanEffectiveCost"])]);

const UNUSED_PLAN_TERMS: &[CostTerm] =
    &[plus(&["savingsPlan/TotalCommitmentToDate"]), minus(&["savingsPlan/UsedCommitment"])];
const UNUSED_PLAN: CostRule = CostRule::Sum(UNUSED_PLAN_TERMS);
const NET_UNUSED_PLAN: CostRule = CostRule::Scaled(
    UNUSED_PLAN_TERMS,
    &[
        ("lineItem/NetUnblendedCost", "lineItem/UnblendedCost"),
        (
            "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod",
            "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
        ),
    ],
);

/// Product code of what is paid for savings plans; its refunds give back fees that an amortized basis never counted.
pub(crate) const SAVINGS_PLANS: &str = "ComputeSavingsPlans";

/// The cost of a row of this kind in a basis, as columns (spec 3.4). `product_code` tells refunds apart.
///
/// In a DBR every kind has its cost in `UnBlendedCost` (consolidated) or `Cost` (single account). In FOCUS unblended
/// means billed and amortized means effective, for every kind. Types nobody knows count at their unblended cost in
/// every basis (spec 3.1). Blended cost averages reservations over accounts: it is never attributed.
///
/// # Errors
/// `config.basis_unavailable` where the dialect has no such basis.
///
/// ```
/// use unblended::{CostBasis, CostRule, Dialect, LineItemKind, cost_rule};
/// let negation = cost_rule(Dialect::Cur, CostBasis::Amortized, LineItemKind::SavingsPlanNegation, "")?;
/// assert_eq!(negation, CostRule::Zero);
/// # Ok::<(), unblended::Error>(())
/// ```
pub fn cost_rule(dialect: Dialect, basis: CostBasis, kind: LineItemKind, product_code: &str) -> Result<CostRule> {
    use CostBasis::{Amortized, NetAmortized, NetUnblended, Unblended};
    let unblended = CostRule::Unblended(unblended_columns(dialect));
    match (dialect, basis) {
        (_, Unblended) => Ok(unblended),
        (Dialect::Focus, Amortized) if kind == LineItemKind::Other => Ok(unblended),
        (Dialect::Focus, Amortized) => Ok(CostRule::Column(&["EffectiveCost"])),
        (Dialect::Cur | Dialect::Cur2, _) => Ok(match kind {
            LineItemKind::Other => unblended,
            kind if basis.is_amortized() => {
                commitment_rule(kind, basis == NetAmortized, product_code).unwrap_or(plain(kind, basis, unblended))
            }
            kind => plain(kind, basis, unblended),
        }),
        (Dialect::Dbr | Dialect::Focus, NetUnblended | Amortized | NetAmortized) => {
            Err(Error::new(ErrorCode::ConfigBasisUnavailable, format!("a {} has no basis `{basis}`", dialect.title())))
        }
    }
}

/// The columns that can hold the unblended cost of a row of any kind, best first.
pub(crate) const fn unblended_columns(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Dbr => &["UnBlendedCost", "Cost"],
        Dialect::Cur | Dialect::Cur2 => &["lineItem/UnblendedCost"],
        Dialect::Focus => &["BilledCost"],
    }
}

/// What commitments are spread to, and what carries nothing because of it.
fn commitment_rule(kind: LineItemKind, is_net: bool, product_code: &str) -> Option<CostRule> {
    let rule = match (kind, is_net) {
        (LineItemKind::DiscountedUsage, false) => RESERVED,
        (LineItemKind::DiscountedUsage, true) => NET_RESERVED,
        (LineItemKind::RecurringFee, false) => UNUSED_RESERVATION,
        (LineItemKind::RecurringFee, true) => NET_UNUSED_RESERVATION,
        (LineItemKind::SavingsPlanCoveredUsage, false) => PLANNED,
        (LineItemKind::SavingsPlanCoveredUsage, true) => NET_PLANNED,
        (LineItemKind::SavingsPlanRecurringFee, false) => UNUSED_PLAN,
        (LineItemKind::SavingsPlanRecurringFee, true) => NET_UNUSED_PLAN,
        (LineItemKind::UpfrontFee | LineItemKind::SavingsPlanUpfrontFee | LineItemKind::SavingsPlanNegation, _) => {
            CostRule::Zero
        }
        (LineItemKind::Refund, _) if product_code == SAVINGS_PLANS => CostRule::Zero,
        _ => return None,
    };
    Some(rule)
}

/// The rule of what belongs to no commitment.
const fn plain(kind: LineItemKind, basis: CostBasis, unblended: CostRule) -> CostRule {
    match basis {
        CostBasis::Unblended | CostBasis::Amortized => unblended,
        // Net amounts have the discounts taken off already.
        CostBasis::NetUnblended | CostBasis::NetAmortized if kind.is_discount() => {
            CostRule::ZeroBeside("lineItem/NetUnblendedCost")
        }
        CostBasis::NetUnblended | CostBasis::NetAmortized => NET,
    }
}
