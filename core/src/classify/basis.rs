//! THE table: which columns hold the cost of a basis (spec 3.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::line_item::Dialect;
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

/// A column that holds a cost; the first one of a list that a header has is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostColumn(pub &'static str);

/// The columns that hold the cost of a basis in a dialect, best first.
///
/// In a DBR every kind of row has its cost in `UnBlendedCost` (consolidated) or `Cost` (single account). Blended cost
/// averages reservations over accounts: it is never attributed. In FOCUS, unblended means billed.
///
/// # Errors
/// `config.basis_unavailable` where the dialect has no such columns, or they are not read.
pub fn cost_columns(dialect: Dialect, basis: CostBasis) -> Result<&'static [CostColumn]> {
    match (dialect, basis) {
        (Dialect::Dbr, CostBasis::Unblended) => Ok(&[CostColumn("UnBlendedCost"), CostColumn("Cost")]),
        (Dialect::Cur | Dialect::Cur2, CostBasis::Unblended) => Ok(&[CostColumn("lineItem/UnblendedCost")]),
        (Dialect::Focus, CostBasis::Unblended) => Ok(&[CostColumn("BilledCost")]),
        (_, CostBasis::NetUnblended | CostBasis::Amortized | CostBasis::NetAmortized) => Err(Error::new(
            ErrorCode::ConfigBasisUnavailable,
            format!("the basis `{basis}` of a {} is not read, only `unblended`", dialect.title()),
        )),
    }
}
