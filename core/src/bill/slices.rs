//! Cost by usage interval, packed (spec 3.5).
//!
//! A month of one instance is 744 intervals, most of them an hour that starts where the last one ended, at the same
//! cost. So each interval is stored as what differs from the one before it: a byte that says which parts follow, then
//! these parts. An hour of a constant price takes that byte alone, one of a price of its own about nine, where four
//! plain numbers take 32.

use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::money::Amount;
use crate::time::{Interval, Timestamp};

/// Amount and running time of one charge in one usage interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    fn seconds(&self) -> u32 {
        self.end_seconds.wrapping_sub(self.start_seconds)
    }

    /// Adds what is of the same interval.
    fn absorb(&mut self, other: Self) -> Result<()> {
        self.amount = self.amount.checked_add(other.amount)?;
        self.running_ms = self.running_ms.saturating_add(other.running_ms);
        Ok(())
    }
}

// The first byte of an interval: what follows of it, in this order.
/// Start in seconds, four bytes; without it, the end of the interval before.
const START: u8 = 0x20;
/// Length in seconds, four bytes; without it, that of the interval before.
const LENGTH: u8 = 0x40;
/// Running time, eight bytes; without it, that of the interval before.
const RUNNING: u8 = 0x80;
/// One more than the number of bytes of the amount, the lowest first; 0 where it is that of the interval before.
const AMOUNT: u8 = 0x1f;
/// Bytes of an interval of which all follows.
const LONGEST: usize = 1 + 4 + 4 + 8 + 16;

/// The usage intervals of a charge with their costs, sorted, each interval there once.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "Vec<UsageSlice>")]
pub struct UsageSlices {
    packed: Vec<u8>,
    count: u32,
}

impl UsageSlices {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether the charge keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The intervals in the order of their start.
    #[must_use]
    pub fn iter(&self) -> UsageSliceIter<'_> {
        iterate(&self.packed, self.count)
    }

    /// The sum of both lists, interval by interval.
    pub(super) fn merged(&self, other: &Self) -> Result<Self> {
        let mut slices = SliceList::default();
        let mut theirs = other.iter().peekable();
        for slice in self {
            while let Some(before) = theirs.next_if(|other| other.span() < slice.span()) {
                slices.add(before)?;
            }
            slices.add(slice)?;
        }
        theirs.try_for_each(|slice| slices.add(slice))?;
        slices.finish()
    }
}

/// How many of the lowest bytes of a number say it whole, with its sign.
fn significant(units: i128) -> usize {
    if units == 0 {
        return 0;
    }
    let bits = i128::BITS - (units ^ (units >> 127)).leading_zeros() + 1;
    bits.div_ceil(8) as usize
}

/// The intervals of a charge, in the order of their start.
#[derive(Clone, Debug)]
pub struct UsageSliceIter<'s> {
    rest: &'s [u8],
    left: u32,
    last: UsageSlice,
}

fn iterate(packed: &[u8], count: u32) -> UsageSliceIter<'_> {
    UsageSliceIter { rest: packed, left: count, last: UsageSlice::default() }
}

impl UsageSliceIter<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    fn amount(&mut self, bytes: usize) -> Option<Amount> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        let is_negative = taken.last().is_some_and(|highest| highest & 0x80 != 0);
        let mut all = if is_negative { [0xff; 16] } else { [0; 16] };
        all.get_mut(..bytes)?.copy_from_slice(taken);
        Some(Amount::from_units(i128::from_le_bytes(all)))
    }
}

impl Iterator for UsageSliceIter<'_> {
    type Item = UsageSlice;

    fn next(&mut self) -> Option<UsageSlice> {
        let [head] = self.take()?;
        let before = self.last;
        let start_seconds = if head & START == 0 { before.end_seconds } else { u32::from_le_bytes(self.take()?) };
        let seconds = if head & LENGTH == 0 { before.seconds() } else { u32::from_le_bytes(self.take()?) };
        let running_ms = if head & RUNNING == 0 { before.running_ms } else { u64::from_le_bytes(self.take()?) };
        let amount = match head & AMOUNT {
            0 => before.amount,
            code => self.amount(usize::from(code - 1))?,
        };
        self.left = self.left.saturating_sub(1);
        self.last = UsageSlice { start_seconds, end_seconds: start_seconds.wrapping_add(seconds), running_ms, amount };
        Some(self.last)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for UsageSliceIter<'_> {}

impl<'s> IntoIterator for &'s UsageSlices {
    type Item = UsageSlice;
    type IntoIter = UsageSliceIter<'s>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for UsageSlices {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl Eq for UsageSlices {}

impl std::fmt::Debug for UsageSlices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl TryFrom<Vec<UsageSlice>> for UsageSlices {
    type Error = Error;

    /// From any list: sorted, and those of one interval summed.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    fn try_from(slices: Vec<UsageSlice>) -> Result<Self> {
        let mut list = SliceList::default();
        slices.into_iter().try_for_each(|slice| list.add(slice))?;
        list.finish()
    }
}

impl Serialize for UsageSlices {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

/// Collects the usage intervals of a charge: in any order, and more than one row may have the same.
///
/// One cache line, beside the bytes: rows of an hour go through thousands of charges.
#[derive(Clone, Debug)]
pub(super) struct SliceList {
    packed: Vec<u8>,
    /// What the next is told from.
    last: UsageSlice,
    /// Whether each starts after the one before it, as those of rows in the order of hours do.
    is_ascending: bool,
    count: u32,
}

impl Default for SliceList {
    fn default() -> Self {
        Self { packed: Vec::new(), last: UsageSlice::default(), is_ascending: true, count: 0 }
    }
}

impl SliceList {
    /// Adds the cost of one row's interval.
    pub(super) fn add(&mut self, slice: UsageSlice) -> Result<()> {
        self.is_ascending &= self.count == 0 || self.last.span() < slice.span();
        if !self.is_ascending && self.packed.len() + LONGEST > self.packed.capacity() {
            self.sum()?;
            // In space of twice the size, that rows of the same intervals fill again and again.
            self.packed.reserve(self.packed.len() + 16 * LONGEST);
            self.is_ascending = self.count == 0 || self.last.span() < slice.span();
        }
        self.push(slice);
        Ok(())
    }

    /// The list, sorted, each interval there once.
    pub(super) fn finish(mut self) -> Result<UsageSlices> {
        if !self.is_ascending {
            self.sum()?;
        }
        self.packed.shrink_to_fit();
        Ok(UsageSlices { packed: self.packed, count: self.count })
    }

    /// Sorts the intervals, and sums those that are the same.
    fn sum(&mut self) -> Result<()> {
        let mut slices: Vec<UsageSlice> = iterate(&self.packed, self.count).collect();
        slices.sort_unstable_by_key(UsageSlice::span);
        let mut overflow = None;
        slices.dedup_by(|slice, last| {
            let is_same = last.span() == slice.span();
            if is_same && let Err(error) = last.absorb(*slice) {
                overflow = Some(error);
            }
            is_same
        });
        self.packed.clear();
        *self = Self { packed: std::mem::take(&mut self.packed), ..Self::default() };
        for slice in slices {
            self.push(slice);
        }
        overflow.map_or(Ok(()), Err)
    }

    fn push(&mut self, slice: UsageSlice) {
        let before = std::mem::replace(&mut self.last, slice);
        let units = slice.amount.units();
        let bytes = units.to_le_bytes();
        let amount = if slice.amount == before.amount { None } else { bytes.get(..significant(units)) };
        let start = slice.start_seconds != before.end_seconds;
        let length = slice.seconds() != before.seconds();
        let running = slice.running_ms != before.running_ms;
        let amount_code = amount.map_or(0, |bytes| u8::try_from(bytes.len() + 1).unwrap_or(AMOUNT));
        let flag = |given: bool, flag: u8| if given { flag } else { 0 };
        self.packed.push(amount_code | flag(start, START) | flag(length, LENGTH) | flag(running, RUNNING));
        if start {
            self.packed.extend_from_slice(&slice.start_seconds.to_le_bytes());
        }
        if length {
            self.packed.extend_from_slice(&slice.seconds().to_le_bytes());
        }
        if running {
            self.packed.extend_from_slice(&slice.running_ms.to_le_bytes());
        }
        self.packed.extend_from_slice(amount.unwrap_or_default());
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slice(start: u32, seconds: u32, running_ms: u64, units: i128) -> UsageSlice {
        UsageSlice { start_seconds: start, end_seconds: start + seconds, running_ms, amount: Amount::from_units(units) }
    }

    fn listed(slices: &[UsageSlice]) -> UsageSlices {
        slices.to_vec().try_into().unwrap()
    }

    #[test]
    fn an_hour_of_a_constant_price_takes_one_byte() {
        let month: Vec<UsageSlice> = (0..744).map(|hour| slice(hour * 3600, 3600, 3_600_000, 96_000_000)).collect();
        let list = listed(&month);
        assert_eq!(list.iter().collect::<Vec<_>>(), month);
        assert!(list.packed.len() < 744 + 20, "{}", list.packed.len());
    }

    #[test]
    fn rows_that_share_intervals_do_not_add_up_in_memory() {
        let mut list = SliceList::default();
        let mut most = 0;
        for at in 0..100_000 {
            list.add(slice(at * 7 % 50 * 3600, 3600, 1, 1)).unwrap();
            most = most.max(list.packed.capacity());
        }
        let list = list.finish().unwrap();
        assert_eq!(list.len(), 50);
        assert!(list.iter().all(|slice| (slice.running_ms(), slice.amount().units()) == (2000, 2000)));
        assert!(most < 4096, "{most}");
    }

    #[test]
    fn an_amount_takes_the_bytes_it_needs_with_its_sign() {
        for (units, bytes) in [(0, 0), (1, 1), (-1, 1), (127, 1), (128, 2), (-128, 1), (-129, 2), (i128::MAX, 16)] {
            assert_eq!(significant(units), bytes, "{units}");
        }
        let list = listed(&[slice(0, 1, 0, i128::MIN), slice(1, 1, 0, i128::MAX), slice(2, 1, 0, 0)]);
        let units: Vec<i128> = list.iter().map(|slice| slice.amount().units()).collect();
        assert_eq!(units, [i128::MIN, i128::MAX, 0]);
    }

    #[test]
    fn a_sum_that_leaves_the_range_of_amounts_is_an_error() {
        let mut list = SliceList::default();
        for start in [0, 9, 0] {
            list.add(slice(start, 9, 0, i128::MAX)).unwrap();
        }
        assert_eq!(list.finish().unwrap_err().code(), crate::error::ErrorCode::MoneyOverflow);
    }

    fn any_slice() -> impl Strategy<Value = UsageSlice> {
        let units = prop_oneof![
            Just(0),
            Just(96),
            -300i128..300,
            any::<i64>().prop_map(i128::from),
            any::<i128>().prop_map(|units| units >> 20)
        ];
        (0u32..40, prop_oneof![Just(3600), 0u32..9000], prop_oneof![Just(0), 0u64..4_000_000], units)
            .prop_map(|(hour, seconds, running, units)| slice(hour * 3600, seconds, running, units))
    }

    proptest! {
        #[test]
        fn any_list_is_what_a_map_by_interval_sums(
            slices in prop::collection::vec(any_slice(), 0..200),
            cut in 0usize..200,
        ) {
            let mut sums = std::collections::BTreeMap::new();
            for slice in &slices {
                let sum: &mut (u64, i128) = sums.entry(slice.span()).or_default();
                *sum = (sum.0 + slice.running_ms, sum.1 + slice.amount.units());
            }
            let expected: Vec<_> = sums.into_iter().collect();
            let seen = |list: &UsageSlices| -> Vec<_> {
                list.iter().map(|slice| (slice.span(), (slice.running_ms, slice.amount.units()))).collect()
            };
            let whole = listed(&slices);
            prop_assert_eq!(seen(&whole), expected);
            prop_assert_eq!((whole.len(), whole.iter().len()), (whole.iter().count(), whole.len()));
            let (left, right) = slices.split_at(cut.min(slices.len()));
            prop_assert_eq!(listed(left).merged(&listed(right)).unwrap(), whole);
        }
    }
}
