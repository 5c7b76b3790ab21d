//! Rows that agree in everything but cost, quantity and times belong to one charge: they are told by their bytes, and
//! not read again.
//!
//! A pattern is the raw text of the columns that decide what a row is, and the sign of its cost. Nothing about a row
//! follows from a pattern that the row's own reading would not say: it only saves saying it again.
//!
//! Bills repeat from hour to hour: the pattern that followed the last one before is tried first. Of a CSV, where cells
//! stand side by side, such a row is told by comparing its bytes, 64 at a time, before anybody looks for its separators:
//! a row that is equal to one that was cut, but for plain bytes in the place of plain bytes, is cut in the same way. Where
//! a field is shorter or longer than it was, its end is looked for, and the bytes behind it are compared.

mod layouts;
mod repeats;
mod steps;
#[cfg(test)]
mod tests;
mod walk;

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bill::RowValues;
use crate::error::Result;
use crate::money::Amount;
use crate::read::collect::Collector;
use crate::read::csv::difference::{KnownRow, Likeness, Marks, mark, marks_of};
use crate::read::csv::lanes::{BLOCK, Level};
use crate::read::table::cells::Telling;
use crate::read::table::count_of;
use crate::read::table::values::Times;
use crate::time::Interval;

use layouts::Layouts;
use repeats::Repeats;
use steps::StepKind;
#[cfg(feature = "batches")]
pub(super) use steps::steps_apart;
pub(super) use steps::{Step, steps};
use walk::{Places, WalkedRow};

/// Patterns kept whatever the number of charges.
const PATTERNS_MIN: usize = 1 << 12;
/// Patterns kept for each charge. Past a limit all are forgotten: memory is bounded by charges, not by rows.
const PATTERNS_A_CHARGE: usize = 2;
/// Bytes of patterns kept whatever the number of charges.
const BYTES_MIN: usize = 1 << 22;
/// Bytes of patterns kept for each charge.
const BYTES_A_CHARGE: usize = 1 << 11;

/// The patterns of one table.
#[derive(Debug)]
pub(super) struct Patterns {
    steps: Vec<Step>,
    /// The numbers of the steps that decide.
    same: Vec<usize>,
    /// The numbers of the steps that hold times, and of those that hold values.
    times: Vec<usize>,
    values: Vec<usize>,
    places: Places,
    hasher: FixedState,
    /// Hash of a pattern and its number: growing looks at no pattern.
    index: HashTable<(u64, u32)>,
    texts: Vec<u8>,
    layouts: Layouts,
    /// Ends and marks of the row that is kept.
    ends: Vec<u32>,
    marks: Vec<Marks>,
    known: Vec<Pattern>,
    /// What the first row of each pattern says, where it is plain.
    plain: Vec<PlainValues>,
    /// The pattern of the last row.
    last: u32,
    repeats: Repeats,
    /// Whether rows that say what the first row of their pattern says are counted, and added together. Where amounts are
    /// large, the order of rows matters.
    pub(super) counts: bool,
    /// Charges there are at least.
    charges: usize,
}

/// What the rows of a pattern belong to.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct Place {
    /// Number of the builder in the collector.
    pub(in crate::read) builder: usize,
    /// Number of the charge in the builder.
    pub(in crate::read) charge: usize,
    /// Number of the rule that the cost of its rows follows.
    pub(in crate::read) rule: usize,
    /// Whether the charge sums quantities.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only rows of Parquet can do without it"))]
    pub(in crate::read) counts_quantity: bool,
}

/// The first row of a pattern, in one cache line: rows of an hour go through thousands of patterns.
///
/// INVARIANT: its text is that of all steps, each with the separator behind it.
#[derive(Debug)]
#[repr(align(64))]
struct Pattern {
    /// Where its text starts in `texts`.
    text: usize,
    length: u32,
    layout: u32,
    is_negative: bool,
    is_plain: bool,
    /// Whether the usage interval of each row is kept.
    keeps_intervals: bool,
    place: Place,
    /// The pattern that came after it last.
    follower: u32,
    /// The number of the account by which rows with its values are counted, and how many are; `NONE` where each is added.
    account: u32,
    repeats: u32,
}

impl Pattern {
    /// The row, where the texts and layouts of all patterns are.
    #[inline]
    fn row<'k>(&self, texts: &'k [u8], layouts: &'k Layouts) -> Option<KnownRow<'k>> {
        Some(KnownRow {
            text: texts.get(self.text..)?,
            length: self.length as usize,
            marks: layouts.marks(self.layout),
        })
    }
}

/// What the first row of a pattern says but when, in one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct PlainValues {
    cost: Amount,
    unblended: Amount,
    usage_quantity: Option<Amount>,
}

impl PlainValues {
    fn of(values: Option<RowValues>) -> Self {
        let RowValues { cost, unblended, usage_quantity, .. } = values.unwrap_or_default();
        Self { cost, unblended, usage_quantity }
    }

    fn at(self, interval: Option<Interval>) -> RowValues {
        let Self { cost, unblended, usage_quantity } = self;
        RowValues { cost, unblended, interval, usage_quantity }
    }
}

/// What a look at a row found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// A row of this place came before.
    Known(Place),
    /// None did.
    New(Key),
}

/// What a new pattern is kept under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    hash: u64,
    is_negative: bool,
    /// The pattern of the row before.
    after: u32,
}

/// A row of CSV that repeats one of the pattern that is tried first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated {
    number: u32,
    /// Bytes it takes, its line feed included.
    pub(super) length: usize,
    /// Whether its times are those of the last row.
    pub(super) has_last_times: bool,
    /// Whether its values are those of the first row of the pattern.
    pub(super) has_same_values: bool,
}

const NONE: u32 = u32::MAX;

impl Patterns {
    /// Patterns of rows of `width` columns.
    pub(super) fn over(width: usize, steps: Vec<Step>) -> Self {
        let of_kind = |is: fn(StepKind) -> bool| {
            steps.iter().enumerate().filter(|(_, step)| is(step.kind)).map(|(number, _)| number).collect()
        };
        Self {
            same: of_kind(|kind| kind == StepKind::Same),
            times: of_kind(|kind| matches!(kind, StepKind::Times(_))),
            values: of_kind(|kind| kind == StepKind::Value),
            layouts: Layouts::new(steps.len()),
            steps,
            places: Places::new(width),
            hasher: FixedState::default(),
            index: HashTable::new(),
            texts: Vec::new(),
            ends: Vec::new(),
            marks: Vec::new(),
            known: Vec::new(),
            plain: Vec::new(),
            last: NONE,
            repeats: Repeats::default(),
            counts: true,
            charges: 0,
        }
    }

    /// The pattern that is tried first.
    fn guess(&self) -> u32 {
        self.known.get(self.last as usize).map_or(NONE, |last| last.follower)
    }

    /// Looks at the row of CSV that `bytes` start with, if it is of the pattern that is tried first. Nothing is changed
    /// until the row is [taken](Self::take), but where its fields stand.
    #[inline]
    pub(super) fn repeated(&mut self, bytes: &[u8], last: &Times, level: Level) -> Option<Repeated> {
        let number = self.guess();
        let pattern = self.known.get(number as usize).filter(|pattern| pattern.is_plain)?;
        let known = pattern.row(&self.texts, &self.layouts)?;
        self.places.start();
        let layout = pattern.layout;
        let (length, has_same_values) = match known.likeness(bytes, 0, level) {
            Likeness::Alike { has_same_values } => (known.length, has_same_values),
            Likeness::Differs { at } => (self.walk(number, (bytes, at), level)?, false),
        };
        let (ends, places) = (self.layouts.ends(layout), &self.places);
        let has_last_times = self.times.iter().zip(&last.written).all(|(number, written)| {
            let (start, end) = ends.of(*number);
            bytes
                .get(places.of(start)..places.of(end))
                .and_then(<[u8]>::split_last)
                .is_some_and(|(_, own)| is_same(own, written))
        });
        Some(Repeated { number, length, has_last_times, has_same_values })
    }

    /// Where a row ends that first is not as the pattern at a place of that.
    #[cold]
    fn walk(&mut self, number: u32, row: (&[u8], usize), level: Level) -> Option<usize> {
        let pattern = self.known.get(number as usize)?;
        let known = pattern.row(&self.texts, &self.layouts)?;
        self.places.walk(&self.steps, self.layouts.ends(pattern.layout), known, row, level)
    }

    /// What the rows of a pattern belong to, and whether their cost is negative.
    pub(super) fn place_of(&self, row: &Repeated) -> Option<(Place, bool)> {
        self.known.get(row.number as usize).map(|pattern| (pattern.place, pattern.is_negative))
    }

    /// The values of the row that was last found to be repeated, and its times where they are not those of the last row.
    pub(super) fn fields<'r>(&'r mut self, row: &Repeated, bytes: &'r [u8]) -> WalkedRow<'r> {
        let layout = self.known.get(row.number as usize).map_or(u32::MAX, |pattern| pattern.layout);
        let ends = self.layouts.ends(layout);
        let times = if row.has_last_times { &[][..] } else { &self.times };
        for number in self.values.iter().chain(times) {
            if let Some(step) = self.steps.get(*number) {
                self.places.find(step, ends.of(*number), bytes);
            }
        }
        self.places.row(bytes)
    }

    /// The repeated row is added.
    pub(super) fn take(&mut self, row: &Repeated) {
        self.last = row.number;
    }

    /// As [`Patterns::take`], of a row with the values of its pattern, if such rows are counted. One whose usage interval is
    /// to be kept and cannot be is not: adding it says why.
    #[inline]
    pub(super) fn count(&mut self, row: &Repeated, interval: Option<Interval>, collector: &mut Collector<'_>) -> bool {
        let Some(pattern) = self.known.get_mut(row.number as usize) else { return false };
        if !self.counts || pattern.account == NONE || pattern.repeats == u32::MAX {
            return false;
        }
        if pattern.keeps_intervals
            && let Some((_, builder)) = collector.builder(pattern.place.builder)
        {
            let values = self.plain.get(row.number as usize).copied().unwrap_or_default();
            if builder.add_interval(pattern.place.charge, &values.at(interval)).is_err() {
                return false;
            }
        }
        pattern.repeats += 1;
        self.last = row.number;
        self.repeats.count(pattern.account, interval, collector);
        true
    }

    /// Adds the rows that are only counted, to the charges and to the numbers of rows by builder.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub(super) fn settle(&mut self, collector: &mut Collector<'_>, rows: &mut Vec<u64>) -> Result<()> {
        self.repeats.hand_over(collector);
        for (pattern, values) in self.known.iter_mut().zip(&self.plain).filter(|(pattern, _)| pattern.repeats > 0) {
            let (place, repeats) = (pattern.place, u64::from(std::mem::take(&mut pattern.repeats)));
            if let Some((_, builder)) = collector.builder(place.builder) {
                builder.add_rows(place.charge, &values.at(None), repeats)?;
            }
            if let Some(count) = count_of(rows, place.builder) {
                *count += repeats;
            }
        }
        Ok(())
    }

    /// As [`Patterns::take`], of a row with the values of its pattern: what it says, at an interval.
    #[inline]
    pub(super) fn take_again(&mut self, row: &Repeated, interval: Option<Interval>) -> RowValues {
        self.last = row.number;
        self.plain.get(row.number as usize).copied().unwrap_or_default().at(interval)
    }

    /// Looks a row up.
    pub(super) fn look<'r>(&mut self, row: impl Telling<'r>, is_negative: bool) -> Look {
        let guess = self.guess();
        if let Some(place) = self.place_in(guess, row, is_negative) {
            self.last = guess;
            return Look::Known(place);
        }
        let hash = self.hash(row, is_negative);
        let is_same = |(known, at): &(u64, u32)| *known == hash && self.place_in(*at, row, is_negative).is_some();
        let found = self.index.find(hash, is_same).map(|(_, at)| *at);
        let after = std::mem::replace(&mut self.last, found.unwrap_or(NONE));
        if let Some(last) = self.known.get_mut(after as usize) {
            last.follower = found.unwrap_or(NONE);
        }
        match found.and_then(|at| self.known.get(at as usize)) {
            Some(known) => Look::Known(known.place),
            None => Look::New(Key { hash, is_negative, after }),
        }
    }

    /// Whether no pattern of a charge can be kept before those there are are forgotten.
    pub(super) fn is_full(&mut self, charge: usize) -> bool {
        self.charges = self.charges.max(charge + 1);
        self.known.len() >= PATTERNS_MIN.max(self.charges * PATTERNS_A_CHARGE)
            || self.texts.len() >= BYTES_MIN.max(self.charges * BYTES_A_CHARGE)
    }

    /// Forgets all.
    pub(super) fn forget(&mut self) {
        self.index.clear();
        self.texts.clear();
        self.layouts.forget();
        self.known.clear();
        self.plain.clear();
    }

    /// Keeps what a new row belongs to, and what it says where that is plain.
    pub(super) fn keep<'r>(
        &mut self,
        row: impl Telling<'r>,
        key: Key,
        place: Place,
        values: Option<RowValues>,
        collector: &mut Collector<'_>,
    ) {
        let builder = collector.builder(place.builder);
        let (account, keeps_intervals) = builder.map_or((None, false), |(_, builder)| {
            (builder.usage_of(place.charge), builder.keeps_intervals(place.charge))
        });
        let account = account.map_or(NONE, |account| self.repeats.number_of(place.builder, account));
        let text = self.texts.len();
        let (length, layout) = self.write(row);
        let number = u32::try_from(self.known.len()).unwrap_or(NONE);
        let Key { hash, is_negative, after } = key;
        let is_plain = values.is_some() && length != u32::MAX;
        self.known.push(Pattern {
            text,
            length,
            layout,
            is_negative,
            is_plain,
            keeps_intervals,
            place,
            follower: NONE,
            account,
            repeats: 0,
        });
        self.plain.push(PlainValues::of(values));
        self.index.insert_unique(hash, (hash, number), |(hash, _)| *hash);
        if let Some(before) = self.known.get_mut(after as usize) {
            before.follower = number;
        }
        self.last = number;
    }

    /// Writes the text of all steps, each with the separator behind it; how many bytes it takes, and how it lies.
    fn write<'r>(&mut self, row: impl Telling<'r>) -> (u32, u32) {
        let text = self.texts.len();
        self.ends.clear();
        self.marks.clear();
        for step in &self.steps {
            let start = self.texts.len();
            self.texts.extend(row.raw(step.first, step.last));
            self.texts.push(self.places.separator(step.last));
            let end = self.texts.len() - text;
            self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
            self.marks.resize(marks_of(end), Marks::default());
            mark(&mut self.marks, start - text, self.texts.get(start..).unwrap_or_default(), step.kind.freedom());
        }
        let length = self.texts.len() - text;
        self.texts.resize(text + self.marks.len() * BLOCK, 0);
        (u32::try_from(length).unwrap_or(u32::MAX), self.layouts.number(&self.ends, &self.marks))
    }

    fn hash<'r>(&self, row: impl Telling<'r>, is_negative: bool) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for step in self.same.iter().filter_map(|number| self.steps.get(*number)) {
            hasher.write(row.raw(step.first, step.last));
        }
        hasher.write_u8(u8::from(is_negative));
        hasher.finish()
    }

    /// The place of a pattern, if a row is of it.
    fn place_in<'r>(&self, number: u32, row: impl Telling<'r>, is_negative: bool) -> Option<Place> {
        let known = self.known.get(number as usize).filter(|known| known.is_negative == is_negative)?;
        let ends = self.layouts.ends(known.layout);
        let text = self.texts.get(known.text..)?;
        let is_same = |number: &usize| {
            let (start, end) = ends.of(*number);
            let own = text.get(start..end).and_then(<[u8]>::split_last);
            let step = self.steps.get(*number);
            own.zip(step).is_some_and(|((_, own), step)| row.raw(step.first, step.last) == own)
        };
        self.same.iter().all(is_same).then_some(known.place)
    }
}

/// Whether texts are equal that mostly are as long as a time: compared without a call.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    match (a.first_chunk::<16>(), b.first_chunk::<16>(), a.last_chunk::<16>(), b.last_chunk::<16>()) {
        (Some(start), Some(other), Some(end), Some(last)) if a.len() == b.len() && a.len() <= 32 => {
            start == other && end == last
        }
        _ => a == b,
    }
}
