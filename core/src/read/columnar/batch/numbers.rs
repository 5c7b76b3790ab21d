//! The texts of a column as numbers, the same for every batch of a table.

use std::sync::Arc;

use super::coded::{Coded, Numbers, Values};
use super::column::{Column, ColumnBatch};
use super::texts::Texts;
use crate::read::table::numbered::KnownKeys;

/// Bytes of numbered texts past which all numbers are given anew; it bounds memory and costs only time.
const TEXTS_MAX: usize = 4 << 20;
/// Rows whose keys stay in the nearest cache while all columns are added to them.
const ROWS_OF_CACHE: usize = 512;

/// The columns that decide what a row is, with the numbers of their texts.
#[derive(Debug)]
pub(in crate::read) struct NumberedColumns {
    columns: Vec<NumberedColumn>,
    known: KnownKeys,
    keys: RowKeys,
}

/// The keys of rows, by halves: each column stands in one of them.
#[derive(Debug, Default)]
pub(in crate::read) struct RowKeys {
    low: Vec<u64>,
    high: Vec<u64>,
}

impl RowKeys {
    /// That of a row; `None` where there is no such row.
    #[inline]
    pub(in crate::read) fn at(&self, row: usize) -> Option<u128> {
        Some(u128::from(*self.high.get(row)?) << u64::BITS | u128::from(*self.low.get(row)?))
    }

    fn reset(&mut self, rows: usize, key: u128) {
        let (low, high) = halves(key);
        for (half, key) in [(&mut self.low, low), (&mut self.high, high)] {
            half.clear();
            half.resize(rows, key);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
fn halves(key: u128) -> (u64, u64) {
    (key as u64, (key >> u64::BITS) as u64)
}

#[derive(Debug, Default)]
struct NumberedColumn {
    at: usize,
    texts: Texts,
    /// The values of the last batch, with the number of each of their texts and of none, also as they stand in a key;
    /// where rows have no numbers of values, that of each row.
    values: Option<Arc<Values>>,
    numbers: Vec<u32>,
    placed: Vec<u64>,
    /// In which half of a key.
    is_high: bool,
}

impl NumberedColumns {
    pub(in crate::read) fn new(deciding: &[usize]) -> Self {
        let column = |at: &usize| NumberedColumn { at: *at, ..NumberedColumn::default() };
        Self {
            columns: deciding.iter().map(column).collect(),
            known: KnownKeys::new(deciding.len()),
            keys: RowKeys::default(),
        }
    }

    /// The key of each row of a batch but for the sign of its cost, beside what is known of keys; `None` where the rows
    /// differ too much for it.
    pub(in crate::read) fn keys_of(&mut self, batch: &ColumnBatch) -> Option<(&RowKeys, &mut KnownKeys)> {
        let bytes: usize = self.columns.iter().map(|column| column.texts.bytes()).sum();
        if bytes > TEXTS_MAX && self.columns.iter().any(|column| !column.is_numbered(batch)) {
            self.forget();
        }
        if !self.number(batch) {
            self.forget();
            if !self.number(batch) {
                return None;
            }
        }
        let Self { columns, known, keys } = self;
        let (mut same_for_all, mut differing) = (0, Vec::with_capacity(columns.len()));
        for column in columns.iter() {
            match column.only_key(batch) {
                Some(key) => same_for_all |= key,
                None => differing.push(column),
            }
        }
        keys.reset(batch.rows(), same_for_all);
        for from in (0..batch.rows()).step_by(ROWS_OF_CACHE) {
            let rows = from..batch.rows().min(from + ROWS_OF_CACHE);
            for column in &differing {
                let half = if column.is_high { &mut keys.high } else { &mut keys.low };
                column.add_to(half.get_mut(rows.clone()).unwrap_or_default(), from, batch);
            }
        }
        Some((keys, known))
    }

    fn forget(&mut self) {
        self.known = KnownKeys::new(self.columns.len());
        for column in &mut self.columns {
            *column = NumberedColumn { at: column.at, ..NumberedColumn::default() };
        }
    }

    /// Numbers all texts of a batch; whether keys have room for them.
    fn number(&mut self, batch: &ColumnBatch) -> bool {
        self.columns.iter_mut().for_each(|column| column.number(batch));
        let counts = self.columns.iter().map(|column| column.texts.count());
        let Some(is_same) = self.known.fit(counts) else { return false };
        for (number, column) in self.columns.iter_mut().enumerate() {
            if !is_same || column.placed.len() != column.numbers.len() {
                column.is_high = self.known.placed(number, 1) > u128::from(u64::MAX);
                column.placed.clear();
                column.placed.extend(column.numbers.iter().map(|text| {
                    let (low, high) = halves(self.known.placed(number, *text));
                    low | high
                }));
            }
        }
        true
    }
}

impl NumberedColumn {
    /// Whether the texts of a batch were numbered before.
    fn is_numbered(&self, batch: &ColumnBatch) -> bool {
        match (batch.column(self.at), &self.values) {
            (Some(Column::Coded(coded)), Some(values)) => coded.values.are(values),
            _ => false,
        }
    }

    fn number(&mut self, batch: &ColumnBatch) {
        if self.is_numbered(batch) {
            return;
        }
        let Self { texts, numbers, .. } = self;
        numbers.clear();
        self.placed.clear();
        self.values = None;
        match batch.column(self.at) {
            None => {}
            Some(Column::Coded(Coded { values, .. })) => {
                let count = u32::try_from(values.count()).unwrap_or(u32::MAX);
                numbers.extend((0..count).map(|number| texts.number(values.text(number).as_bytes())).chain([0]));
                self.values = Some(Arc::clone(values));
            }
            Some(Column::Native(native)) => {
                let (mut last, mut written) = (None, String::new());
                numbers.extend((0..batch.rows()).map(|row| match (native.bits(row), last) {
                    (None, _) => 0,
                    (Some(bits), Some((before, number))) if bits == before => number,
                    (Some(bits), _) => {
                        written.clear();
                        native.write(row, &mut written);
                        let number = texts.number(written.as_bytes());
                        last = Some((bits, number));
                        number
                    }
                }));
            }
            Some(Column::Text(column)) => {
                let mut last = ("", 0);
                numbers.extend((0..batch.rows()).map(|row| {
                    let text = column.get(row);
                    if text != last.0 {
                        last = (text, texts.number(text.as_bytes()));
                    }
                    last.1
                }));
            }
        }
    }

    /// The number that all rows of a batch have, as it stands in a key; `None` where they may differ.
    fn only_key(&self, batch: &ColumnBatch) -> Option<u128> {
        let only = match (batch.column(self.at), self.placed.as_slice()) {
            (Some(Column::Coded(Coded { numbers: Numbers::Same(number), .. })), _) => self.placed_at(*number),
            (_, []) => 0,
            (_, [first, rest @ ..]) => rest.iter().all(|key| key == first).then_some(*first)?,
        };
        Some(u128::from(only) << if self.is_high { u64::BITS } else { 0 })
    }

    /// Adds the numbers of some rows, from one on, to this half of their keys.
    fn add_to(&self, keys: &mut [u64], from: usize, batch: &ColumnBatch) {
        match batch.column(self.at) {
            Some(Column::Coded(Coded { numbers: Numbers::Each(numbers), .. })) => {
                let numbers = numbers.get(from..).unwrap_or_default();
                keys.iter_mut().zip(numbers).for_each(|(key, number)| *key |= self.placed_at(*number));
            }
            Some(Column::Native(_) | Column::Text(_)) => {
                let placed = self.placed.get(from..).unwrap_or_default();
                keys.iter_mut().zip(placed).for_each(|(key, placed)| *key |= placed);
            }
            Some(Column::Coded(_)) | None => {}
        }
    }

    #[inline]
    fn placed_at(&self, number: u32) -> u64 {
        self.placed.get(number as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{DictionaryArray, Float64Array, RecordBatch, StringArray, TimestampSecondArray};
    use proptest::prelude::*;

    use arrow_array::ArrayRef;

    use super::*;
    use crate::read::table::numbered::{NEGATIVE, place};

    type Row = (Option<u8>, Option<u16>, u8, bool, f64);

    fn column_batch(rows: &[Row]) -> ColumnBatch {
        let texts = |of: fn(&Row) -> Option<usize>, length: usize| {
            rows.iter().map(move |row| of(row).map(|text| "x".repeat(length) + &text.to_string())).collect::<Vec<_>>()
        };
        let first: DictionaryArray<Int32Type> =
            texts(|row| row.0.map(usize::from), 0).iter().map(Option::as_deref).collect();
        let second: DictionaryArray<Int32Type> =
            texts(|row| row.1.map(usize::from), 500).iter().map(Option::as_deref).collect();
        let columns: [(&str, ArrayRef); 5] = [
            ("first", Arc::new(first)),
            ("second", Arc::new(second)),
            ("third", Arc::new(rows.iter().map(|row| Some(i64::from(row.2 % 4))).collect::<TimestampSecondArray>())),
            ("fourth", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| if row.3 { "a" } else { "" })))),
            ("cost", Arc::new(rows.iter().map(|row| Some(row.4)).collect::<Float64Array>())),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
        ColumnBatch::of(&batch, &[0, 1, 2, 3, 4], 0).unwrap()
    }

    proptest! {
        /// Whatever dictionaries the batches have, and however numbers move in the keys.
        #[test]
        fn keys_tell_exactly_the_rows_that_differ(batches in prop::collection::vec(prop::collection::vec(
            (
                any::<Option<u8>>(), prop::option::of(0u16..3), any::<u8>(), any::<bool>(),
                prop::sample::select(vec![1.5, -1.5, 0.0, -0.0]),
            ),
            0..40,
        ), 1..12)) {
            let mut numbered = NumberedColumns::new(&[0, 1, 2, 3]);
            let mut charges = HashMap::new();
            for rows in batches {
                let batch = column_batch(&rows);
                let (keys, known) = numbered.keys_of(&batch).unwrap();
                for (at, row) in rows.iter().enumerate() {
                    let key = keys.at(at).unwrap() | if row.4 < 0.0 { NEGATIVE } else { 0 };
                    let same = (row.0, row.1, row.2 % 4, row.3, row.4 < 0.0);
                    let next = charges.len();
                    if let Some(found) = known.look(key) {
                        prop_assert_eq!(Some(&found.charge), charges.get(&same));
                    } else {
                        prop_assert_eq!(charges.insert(same, next), None);
                        known.keep(key, place(next));
                    }
                }
            }
        }
    }

    #[test]
    fn texts_past_the_limit_are_numbered_anew() {
        let mut numbered = NumberedColumns::new(&[0, 1, 2, 3]);
        for start in (0..40_000u16).step_by(1_000) {
            let rows: Vec<Row> = (start..start + 1_000).map(|at| (None, Some(at), 0, false, 1.0)).collect();
            let batch = column_batch(&rows);
            let (keys, _) = numbered.keys_of(&batch).unwrap();
            assert!((1..rows.len()).all(|row| keys.at(row) != keys.at(row - 1)));
            let bytes: usize = numbered.columns.iter().map(|column| column.texts.bytes()).sum();
            assert!(bytes <= TEXTS_MAX + 1_000 * 600, "{bytes}");
        }
    }
}
