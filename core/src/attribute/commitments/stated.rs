//! What fee rows state about the commitment they are of (domain 1.6, R57, R58).

use super::fees::FeePart;
use crate::bill::{Charge, SizedType, commitment_id};
use crate::classify::{Dialect, LineItemKind};
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::split::mul_div;
use crate::time::HOUR_MS;

/// What was purchased and what of it nothing used, in one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Purchased {
    pub(super) whole: u128,
    pub(super) unused: u128,
}

/// `(N hours purchased, M hours used)` of a fee, in 10⁻¹⁸ hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) hours: Purchased,
    /// Whether the row is the cost of the unused hours only.
    pub(super) is_unused_only: bool,
}

impl<'a> FeePart<'a> {
    /// The id of its commitment. A description may name one; a book does not tell ids from descriptions, but ids have no
    /// spaces.
    pub(super) fn id(&self) -> Option<&'a str> {
        let text = self.commitment;
        let is_id = match self.charges.first() {
            Some(charge) => !charge.key().reservation_id().is_empty(),
            None => !text.contains(' '),
        };
        Some(commitment_id(if is_id { text } else { "" }, text)).filter(|id| !id.is_empty())
    }

    /// The instance type it is for.
    pub(super) fn sized(&self) -> Option<SizedType<'a>> {
        self.covers.sized()
    }

    /// The availability zone it is for.
    pub(super) fn zone(&self) -> Option<&'a str> {
        self.covers.zone
    }

    /// The quantities of its rows, or what the book says was bought; not 0.
    fn quantity(&self) -> Result<Option<u128>> {
        let of_rows = Amount::sum(self.charges.iter().map(|charge| charge.quantity()))?;
        let quantity = self.count.unwrap_or(of_rows);
        Ok(u128::try_from(quantity.units()).ok().filter(|units| *units > 0))
    }

    /// What its rows say in words that was purchased and used; `None` where one of them says nothing.
    pub(super) fn summary(&self) -> Result<Option<Summary>> {
        let (mut hours, mut quantity) = (Purchased::default(), Amount::ZERO);
        for charge in &self.charges {
            let Some((purchased, used)) = hours_in(charge.key().description()) else { return Ok(None) };
            let rows = u128::from(charge.rows());
            let times = |hours: u128| hours.checked_mul(rows).ok_or_else(overflow);
            hours.whole = hours.whole.checked_add(times(purchased)?).ok_or_else(overflow)?;
            hours.unused = hours.unused.checked_add(times(purchased.saturating_sub(used))?).ok_or_else(overflow)?;
            quantity = quantity.checked_add(charge.quantity())?;
        }
        let is_unused_only = hours.unused > 0 && u128::try_from(quantity.units()) == Ok(hours.unused);
        Ok(Some(Summary { hours, is_unused_only }).filter(|_| hours.whole > 0))
    }

    /// Whether its quantity is the hours purchased in this period.
    pub(super) fn counts_hours(&self) -> bool {
        let is_cur = |charge: &&Charge| matches!(charge.key().dialect(), Dialect::Cur | Dialect::Cur2);
        self.kind == LineItemKind::RecurringFee && self.charges.first().is_some_and(is_cur)
    }

    /// Normalized hours that its quantity says were purchased in this period.
    pub(super) fn purchased(&self) -> Result<Option<u128>> {
        let (Some(quantity), Some(sized)) = (self.quantity()?, self.sized()) else { return Ok(None) };
        let whole = normalized(quantity, sized.quarters)?;
        if self.counts_hours() {
            return Ok(Some(whole));
        }
        let is_count = self.kind == LineItemKind::UpfrontFee;
        let (hours, _) = mul_div(whole, u128::from(self.window.millis()), u128::from(HOUR_MS.unsigned_abs()));
        Ok(is_count.then_some(hours))
    }
}

/// Hours → normalized hours, in quarters of their unit.
pub(super) fn normalized(hours: u128, quarters: u64) -> Result<u128> {
    hours.checked_mul(u128::from(quarters)).ok_or_else(overflow)
}

pub(super) fn overflow() -> Error {
    Error::new(ErrorCode::MoneyOverflow, "hours of commitments leave the range of exact quantities")
}

/// Reads `(744 hours purchased, 644 hours used)`.
fn hours_in(description: &str) -> Option<(u128, u128)> {
    let (before, after) = description.split_once(" hours purchased,")?;
    let (used, _) = after.split_once(" hours used")?;
    Some((number_at_end(before)?, number_at_end(used)?))
}

/// The decimal that a text ends in, with or without commas between its thousands.
fn number_at_end(text: &str) -> Option<u128> {
    let before = text.trim_end_matches(|sign: char| matches!(sign, '0'..='9' | '.' | ','));
    let digits: String = text.get(before.len()..)?.chars().filter(|sign| *sign != ',').collect();
    let number = Amount::parse_exact(digits.as_bytes())?;
    u128::try_from(number.units()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_purchased_and_used_are_read_from_prose() {
        const HOUR: u128 = 1_000_000_000_000_000_000;
        for (text, hours) in [
            ("Linux (744 hours purchased, 644 hours used)", Some((744 * HOUR, 644 * HOUR))),
            ("1,488 hours purchased, 0.5 hours used", Some((1488 * HOUR, HOUR / 2))),
            ("hours purchased, 1 hours used", None),
            ("744 hours purchased", None),
            ("744 hours purchased, many hours used", None),
            ("x hours purchased, 2 hours used", None),
        ] {
            assert_eq!(hours_in(text), hours, "{text}");
        }
    }
}
