//! The sum of line items that agree on a key (spec 3.5).

use serde::{Deserialize, Serialize};

use super::instance::is_coverable_usage;
use super::key::ChargeKey;
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::money::Amount;
use crate::time::{Interval, Timestamp};

/// Amount and running time of one charge in one usage interval: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageSlice {
    start_seconds: u32,
    end_seconds: u32,
    running_ms: u64,
    amount: Amount,
}

impl UsageSlice {
    /// `None` where the interval lies outside 1970 to 2106 or is finer than seconds; bills have neither.
    pub(crate) fn new(interval: Option<Interval>, running_ms: u64, amount: Amount) -> Option<Self> {
        let seconds = |time: Timestamp| match time.millis() % 1000 {
            0 => u32::try_from(time.millis() / 1000).ok(),
            _ => None,
        };
        let (start_seconds, end_seconds) = match interval {
            Some(interval) => (seconds(interval.start)?, seconds(interval.end)?),
            None => (0, 0),
        };
        Some(Self { start_seconds, end_seconds, running_ms, amount })
    }

    /// The usage interval; empty where the rows have no dates.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let time = |seconds: u32| Timestamp::from_millis(i64::from(seconds) * 1000);
        Interval::new(time(self.start_seconds), time(self.end_seconds))
    }

    /// Milliseconds the instance ran, from the hours of its own rows; 0 for all other rows.
    #[must_use]
    pub fn running_ms(&self) -> u64 {
        self.running_ms
    }

    /// Cost of the interval.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.amount
    }

    fn span(&self) -> (u32, u32) {
        (self.start_seconds, self.end_seconds)
    }

    /// Adds what is of the same interval.
    fn absorb(&mut self, other: Self) -> Result<()> {
        self.amount = self.amount.checked_add(other.amount)?;
        self.running_ms = self.running_ms.saturating_add(other.running_ms);
        Ok(())
    }
}

/// One charge: a key, the exact sum of its rows, and its usage intervals where time matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub(crate) key: ChargeKey,
    pub(crate) amount: Amount,
    pub(crate) unblended: Amount,
    pub(crate) rows: u64,
    pub(crate) nonzero_rows: u64,
    pub(crate) quantity: Amount,
    /// Whether the quantity is kept: it follows from the key.
    pub(crate) counts_quantity: bool,
    /// Whether its rows say that an instance itself ran: it follows from the key.
    pub(crate) runs_instance: bool,
    pub(crate) slices: Vec<UsageSlice>,
    /// Whether each slice starts after the one before it, as those of rows in the order of hours do.
    pub(crate) is_ascending: bool,
}

impl Charge {
    /// The attributes its rows agree on.
    #[must_use]
    pub fn key(&self) -> &ChargeKey {
        &self.key
    }

    /// Exact sum of its rows in the basis of the scan, in the currency of the key.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Exact sum of their unblended (or billed) costs: the amount, where that is the basis.
    #[must_use]
    pub fn unblended(&self) -> Amount {
        self.unblended
    }

    /// How many line items it sums.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them have an unblended cost that is not zero: finality does not depend on the basis.
    #[must_use]
    pub fn nonzero_rows(&self) -> u64 {
        self.nonzero_rows
    }

    /// Exact sum of the usage quantities, in 10⁻¹⁸ of their unit, of fees and of usage by instance hours; 0 for all
    /// other charges.
    #[must_use]
    pub fn quantity(&self) -> Amount {
        self.quantity
    }

    /// The instance hours it is for, in 10⁻¹⁸ hours; `None` where its usage type names none, of fees and of usage that a
    /// savings plan covers (R96).
    #[must_use]
    pub fn hours(&self) -> Option<Amount> {
        let is_usage = matches!(self.key.kind(), LineItemKind::Usage | LineItemKind::DiscountedUsage);
        (is_usage && is_coverable_usage(self.key.usage_type())).then_some(self.quantity)
    }

    /// Cost by usage interval, sorted; empty unless [`ChargeKey::is_timed`].
    #[must_use]
    pub fn slices(&self) -> &[UsageSlice] {
        &self.slices
    }

    /// Adds a charge with the same key.
    pub(crate) fn absorb(&mut self, other: Self) -> Result<()> {
        self.amount = self.amount.checked_add(other.amount)?;
        self.unblended = self.unblended.checked_add(other.unblended)?;
        self.quantity = self.quantity.checked_add(other.quantity)?;
        self.rows = self.rows.saturating_add(other.rows);
        self.nonzero_rows = self.nonzero_rows.saturating_add(other.nonzero_rows);
        if self.slices.is_empty() {
            self.slices = other.slices;
        } else if !other.slices.is_empty() {
            let slices = Vec::with_capacity(self.slices.len() + other.slices.len());
            let ours = std::mem::replace(&mut self.slices, slices);
            // Both are sorted: the sort below finds them so.
            let mut theirs = other.slices.into_iter().peekable();
            for slice in ours {
                while let Some(before) = theirs.next_if(|other| other.span() < slice.span()) {
                    self.slices.push(before);
                }
                self.slices.push(slice);
            }
            self.slices.extend(theirs);
            self.is_ascending = false;
        }
        self.compact()
    }

    /// Adds the cost of one row's interval.
    pub(crate) fn keep(&mut self, slice: UsageSlice) -> Result<()> {
        if let Some(last) = self.slices.last_mut() {
            if last.span() == slice.span() {
                return last.absorb(slice);
            }
            self.is_ascending &= last.span() < slice.span();
        }
        if self.slices.len() == self.slices.capacity() {
            self.sum_intervals()?;
            // Where many rows share intervals, the space that summing freed is used again; else it grows by an
            // eighth: doubling would hold twice the memory for a month of hours.
            let used = self.slices.len();
            if used >= self.slices.capacity() / 8 * 7 {
                self.slices.reserve_exact((used / 8).max(4));
            }
            self.is_ascending = self.slices.last().is_none_or(|last| last.span() < slice.span());
        }
        self.slices.push(slice);
        Ok(())
    }

    /// Sorts the slices, sums those of one interval, and gives back the space that is left.
    pub(crate) fn compact(&mut self) -> Result<()> {
        self.sum_intervals()?;
        self.slices.shrink_to_fit();
        Ok(())
    }

    fn sum_intervals(&mut self) -> Result<()> {
        if self.is_ascending {
            return Ok(());
        }
        self.slices.sort_unstable_by_key(UsageSlice::span);
        let mut overflow = None;
        self.slices.dedup_by(|slice, last| {
            let is_same = last.span() == slice.span();
            if is_same && let Err(error) = last.absorb(*slice) {
                overflow = Some(error);
            }
            is_same
        });
        self.is_ascending = true;
        overflow.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{bill, usage};
    use super::*;

    /// A charge that keeps one unit in each of `hours`, and the most that its list had room for.
    fn kept(hours: impl Iterator<Item = i64>) -> (Charge, usize) {
        let mut charge = bill(&[usage("i-1", 0, 1, "0")]).charges().first().unwrap().clone();
        charge.slices = Vec::new();
        let mut room = 0;
        for hour in hours {
            let at = |hour: i64| Timestamp::from_millis(hour * 3_600_000);
            let interval = Some(Interval::new(at(hour), at(hour + 1)));
            charge.keep(UsageSlice::new(interval, 1, Amount::from_units(1)).unwrap()).unwrap();
            room = room.max(charge.slices.capacity());
        }
        charge.compact().unwrap();
        (charge, room)
    }

    #[test]
    fn a_month_of_hours_takes_little_more_room_than_it_has_hours() {
        let (charge, room) = kept(0..720);
        assert_eq!(charge.slices.len(), 720);
        assert!(room <= 720 * 9 / 8 + 4, "{room}");
    }

    #[test]
    fn rows_that_share_intervals_do_not_add_up_in_memory() {
        let (charge, room) = kept((0..100_000).map(|at| at * 7 % 50));
        assert_eq!(charge.slices.len(), 50);
        assert!(charge.slices.iter().all(|slice| (slice.running_ms, slice.amount.units()) == (2000, 2000)));
        assert!(room <= 64, "{room}");
    }
}
