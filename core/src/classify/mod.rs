//! What a row is and whether it counts: line item → kind (spec 3.1, 3.2, 3.4).
//!
//! Invariants:
//! - every row has exactly one treatment; nothing vanishes and nothing is guessed;
//! - exactly the total rows of a DBR and split cost allocation data are excluded, with or without a product name.

mod basis;
mod category;
mod cur;
mod dbr;
mod focus;
mod line_item;

pub use basis::{CostBasis, CostRule, CostTerm, cost_rule};
pub(crate) use basis::{SAVINGS_PLANS, unblended_columns};
pub use category::ChargeCategory;
pub use line_item::{Dialect, LineItem, LineItemKind, Repetition};

/// How a row takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It counts, as a line item of this kind.
    Counts(LineItemKind),
    /// It repeats what other rows bill and is kept as evidence.
    Excluded(Repetition),
    /// Its type is not known: it counts as this kind and is reported.
    CountsUnknown(LineItemKind),
}

/// Decides what a row is (spec 3.1, 3.2, 3.3).
///
/// ```
/// use unblended::{classify, Dialect, LineItem, LineItemKind, Treatment};
/// let row = serde_json::from_str::<LineItem>(
///     r#"{"dialect": "dbr", "line_item_type": "LineItem", "description": "Sign up charge for subscription: 1", "cost": "350"}"#,
/// )?;
/// assert_eq!(classify(&row), Treatment::Counts(LineItemKind::UpfrontFee));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn classify(item: &LineItem<'_>) -> Treatment {
    match item.dialect {
        Dialect::Dbr => dbr::classify(item),
        Dialect::Cur | Dialect::Cur2 => cur::classify(item),
        Dialect::Focus => focus::classify(item),
    }
}
