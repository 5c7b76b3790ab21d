//! Rows of a month, as every format tells them in its own words.
//!
//! Rates have 10 decimals and quantities 8, so a cost of rate × quantity is a whole number of 10⁻¹⁸.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

use crate::error::{Error, ErrorCode, Location, Result};
use crate::time::Timestamp;

use super::dialect::DemoBill;
use super::split_costs::TaskShare;
use super::sums::Sums;

/// What a row bills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// On demand.
    #[default]
    Usage,
    /// Usage that a reservation covers.
    Covered,
    /// The purchase of reservations.
    Upfront,
    /// What reservations cost in a month, used or not.
    Recurring,
    /// The part of a reservation that nobody used: a row of its own in FOCUS only.
    Unused,
    /// Usage that the savings plan covers: at the price on demand, which the negation takes back.
    PlanCovered,
    /// Takes back what covered usage would have cost on demand: a row of its own in Cost and Usage Reports only.
    PlanNegation,
    /// The part of the savings plan's commitment that is paid as it passes.
    PlanRecurring,
    /// The part of the savings plan's commitment that is paid at once.
    PlanUpfront,
    /// The part of the savings plan's commitment that nobody used: a row of its own in FOCUS only.
    PlanUnused,
    /// What of an instance one task took: split cost allocation data, in Cost and Usage Reports only.
    TaskShare,
    /// Tax.
    Tax,
    /// Credit.
    Credit,
    /// Refund.
    Refund,
}

impl Kind {
    /// Whether it meters the use of something.
    pub(super) fn is_usage(self) -> bool {
        matches!(self, Self::Usage | Self::Covered | Self::PlanCovered)
    }

    /// Whether a reservation stands behind it.
    pub(super) fn is_committed(self) -> bool {
        matches!(self, Self::Covered | Self::Upfront | Self::Recurring | Self::Unused)
    }

    /// Whether the savings plan stands behind it.
    pub(super) fn is_of_plan(self) -> bool {
        self == Self::PlanCovered || self == Self::PlanNegation || self.is_plan_fee()
    }

    /// Whether it is the commitment of the savings plan, or a part of it.
    pub(super) fn is_plan_fee(self) -> bool {
        matches!(self, Self::PlanRecurring | Self::PlanUpfront | Self::PlanUnused)
    }
}

/// One line item, all text but its times and numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) kind: Kind,
    pub(super) invoice: &'a str,
    pub(super) account: &'a str,
    pub(super) product: &'a str,
    pub(super) rate_id: &'a str,
    pub(super) subscription: &'a str,
    pub(super) usage_type: &'a str,
    pub(super) operation: &'a str,
    pub(super) zone: &'a str,
    pub(super) description: &'a str,
    pub(super) start: Timestamp,
    /// As the Detailed Billing Report prints it: one second short for what is billed once a month.
    pub(super) end: Timestamp,
    /// In 10⁻⁸ of the unit.
    pub(super) quantity: i64,
    /// In 10⁻¹⁰ USD per unit.
    pub(super) rate: i64,
    /// In 10⁻¹⁰ USD per unit: what the accounts pay on average.
    pub(super) blended_rate: i64,
    pub(super) resource: &'a str,
    pub(super) created_by: &'a str,
    pub(super) name: &'a str,
    pub(super) area: &'a str,
    /// How much of the savings plan's commitment it uses, or is used where it is the fee, in 10⁻¹⁸ USD.
    pub(super) plan_used: i128,
    /// What the row of a task says.
    pub(super) share: Option<&'a TaskShare<'a>>,
}

impl Row<'_> {
    /// Of nothing at all, to fill in.
    pub(super) fn empty() -> Self {
        Self {
            kind: Kind::Usage,
            invoice: "",
            account: "",
            product: "",
            rate_id: "",
            subscription: "",
            usage_type: "",
            operation: "",
            zone: "",
            description: "",
            start: Timestamp::MIN,
            end: Timestamp::MIN,
            quantity: 0,
            rate: 0,
            blended_rate: 0,
            resource: "",
            created_by: "",
            name: "",
            area: "",
            plan_used: 0,
            share: None,
        }
    }

    /// Exact cost in 10⁻¹⁸ USD.
    pub(super) fn cost(&self) -> i128 {
        i128::from(self.rate) * i128::from(self.quantity)
    }

    /// Exact blended cost in 10⁻¹⁸ USD.
    pub(super) fn blended_cost(&self) -> i128 {
        i128::from(self.blended_rate) * i128::from(self.quantity)
    }
}

/// Writes a month in one format.
pub(super) trait BillWriter {
    /// Writes a line item.
    fn row(&mut self, row: &Row<'_>) -> Result<()>;

    /// Writes what stands below the line items, and closes the files.
    fn finish(self: Box<Self>, sums: &Sums) -> Result<DemoBill>;
}

/// Decimal text with at least `decimals_min` decimals and no zeros past them.
pub(super) fn push_fixed(line: &mut String, units: i128, scale: usize, decimals_min: usize) {
    if units < 0 {
        line.push('-');
    }
    let one = 10u128.pow(u32::try_from(scale).unwrap_or(0));
    let (whole, fraction) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    let _ = write!(line, "{whole}.{fraction:0scale$}");
    for _ in decimals_min..scale {
        if !line.ends_with('0') {
            break;
        }
        line.pop();
    }
}

pub(super) fn write_failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorCode::OutputIo, "the demo cannot be written").with_cause(cause)
}

/// Makes a file and the folders it stands in.
pub(super) fn create(path: &Path) -> Result<File> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(path));
    made.map_err(|cause| {
        Error::new(ErrorCode::OutputIo, "a demo file cannot be created")
            .at(Location::file(path.display().to_string()))
            .with_cause(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Amount;

    #[test]
    fn costs_are_rate_times_quantity_to_the_last_unit() {
        let row = Row { rate: 1, quantity: 3, ..Row::empty() };
        assert_eq!(Amount::from_units(row.cost()).to_string(), "0.000000000000000003");
        let row = Row { rate: 16_750_000_000, quantity: 100_000_000, ..Row::empty() };
        assert_eq!(Amount::from_units(row.cost()).to_string(), "1.675");
    }

    #[test]
    fn numbers_keep_their_least_decimals_and_no_more_zeros() {
        for (units, scale, least, text) in [
            (0, 18, 8, "0.00000000"),
            (-50_000_000_000_000_000, 18, 2, "-0.05"),
            (1_200_000_000_000_000_001, 18, 8, "1.200000000000000001"),
            (105, 8, 8, "0.00000105"),
        ] {
            let mut line = String::new();
            push_fixed(&mut line, units, scale, least);
            assert_eq!(line, text);
        }
    }
}
