//! Record batches as columns: rows told by numbers, amounts and times read as they are stored, and the text of any
//! cell where it is asked for.
//!
//! INVARIANT: what is read here is what reading the text of the cell gives, which `TextBatch` writes; where that is not
//! plain to see, it is left to the text.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrowPrimitiveType, Decimal128Array, Float64Array, Int64Array, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use super::coded::{Coded, Values};
use super::double::of_short_double;
use super::rendered::{push, push_scaled, push_time};
use super::text::{TextColumn, Unreadable, split};
use super::{columns_by_number, row_number};
use crate::error::{Location, Result};
use crate::money::Amount;
use crate::read::table::cells::Cells;
use crate::time::Timestamp;

/// Some rows of a table, only in the columns that are read.
#[derive(Debug)]
pub(in crate::read) struct ColumnBatch {
    /// By the number of the column in the header.
    columns: Vec<Option<Column>>,
    rows: usize,
    /// Data rows of the table before these.
    rows_before: u64,
}

impl ColumnBatch {
    /// The columns of a batch, which are those of the header that `wanted` numbers.
    ///
    /// # Errors
    /// Those of [`super::TextBatch::of`].
    pub(in crate::read) fn of(batch: &RecordBatch, wanted: &[usize], rows_before: u64) -> Result<Self> {
        let columns = columns_by_number(batch, wanted, rows_before, Column::of)?;
        Ok(Self { columns, rows: batch.num_rows(), rows_before })
    }

    /// Columns by their number, and a batch of others with their numbers, all of so many rows.
    ///
    /// # Errors
    /// Those of [`super::TextBatch::of`].
    pub(in crate::read) fn with(
        given: Vec<(usize, Column)>,
        others: Option<(RecordBatch, &[usize])>,
        rows: usize,
        rows_before: u64,
    ) -> Result<Self> {
        let mut columns = match others {
            Some((batch, numbers)) => columns_by_number(&batch, numbers, rows_before, Column::of)?,
            None => Vec::new(),
        };
        for (at, column) in given {
            if at >= columns.len() {
                columns.resize_with(at + 1, || None);
            }
            if let Some(place) = columns.get_mut(at) {
                *place = Some(column);
            }
        }
        Ok(Self { columns, rows, rows_before })
    }

    /// Number of rows.
    pub(in crate::read) fn rows(&self) -> usize {
        self.rows
    }

    /// The column of this number in the header; `None` where it is not read.
    pub(in crate::read) fn column(&self, at: usize) -> Option<&Column> {
        self.columns.get(at).and_then(Option::as_ref)
    }

    /// One row as text. `written` keeps what had to be written for it.
    pub(in crate::read) fn row<'b>(&'b self, row: usize, written: &'b mut Written) -> ColumnRow<'b> {
        written.0.resize_with(self.columns.len(), WrittenCell::default);
        for (column, cell) in self.columns.iter().zip(&mut written.0) {
            match column {
                Some(Column::Native(native)) => {
                    *cell = WrittenCell::default();
                    native.write(row, &mut cell.text);
                }
                Some(Column::Coded(coded)) if !coded.has_texts() => cell.write(coded, row),
                _ => {}
            }
        }
        ColumnRow { columns: &self.columns, written: &written.0, row }
    }

    /// Where a row is, within its table.
    pub(in crate::read) fn location(&self, row: usize) -> Location {
        Location { row: Some(row_number(self.rows_before, row)), ..Location::default() }
    }
}

/// Texts of one row that its batch does not hold.
#[derive(Debug, Default)]
pub(in crate::read) struct Written(Vec<WrittenCell>);

#[derive(Debug, Default)]
struct WrittenCell {
    text: String,
    /// Of which of these values it is: neighbours often have the same.
    of: Option<(Arc<Values>, u32)>,
}

impl WrittenCell {
    fn write(&mut self, coded: &Coded, row: usize) {
        let number = coded.numbers.at(row);
        if self.of.as_ref().is_some_and(|(values, before)| *before == number && Arc::ptr_eq(values, &coded.values)) {
            return;
        }
        self.text.clear();
        coded.values.write(number, &mut self.text);
        self.of = Some((Arc::clone(&coded.values), number));
    }
}

/// One row of a batch of columns.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct ColumnRow<'b> {
    columns: &'b [Option<Column>],
    written: &'b [WrittenCell],
    row: usize,
}

impl<'b> Cells<'b> for ColumnRow<'b> {
    fn get(self, at: usize) -> &'b str {
        match self.columns.get(at) {
            Some(Some(Column::Coded(coded))) if coded.has_texts() => coded.get(self.row),
            Some(Some(Column::Text(text))) => text.get(self.row),
            Some(Some(Column::Coded(_) | Column::Native(_))) => {
                self.written.get(at).map_or("", |cell| cell.text.as_str())
            }
            Some(None) | None => "",
        }
    }
}

/// One column.
#[derive(Debug)]
pub(in crate::read) enum Column {
    Coded(Coded),
    Native(Native),
    /// Any other.
    Text(TextColumn),
}

/// Numbers and times as they are stored.
#[derive(Debug)]
pub(in crate::read) enum Native {
    Doubles(Float64Array),
    /// With their scale.
    Decimals(Decimal128Array, i8),
    /// Units since 1970, with how many a second has.
    Times(Int64Array, i64),
}

impl Column {
    fn of(array: &dyn Array) -> std::result::Result<Self, Unreadable> {
        let native = match array.data_type() {
            DataType::Dictionary(key, values) if **key == DataType::Int32 && **values == DataType::Utf8 => {
                return Ok(Self::Coded(Coded::of_dictionary(array.as_dictionary())));
            }
            DataType::Float64 => Native::Doubles(array.as_primitive::<Float64Type>().clone()),
            DataType::Decimal128(_, scale) => Native::Decimals(array.as_primitive::<Decimal128Type>().clone(), *scale),
            DataType::Timestamp(TimeUnit::Second, _) => Native::times::<TimestampSecondType>(array, 1),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Native::times::<TimestampMillisecondType>(array, 1_000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Native::times::<TimestampMicrosecondType>(array, 1_000_000)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                Native::times::<TimestampNanosecondType>(array, 1_000_000_000)
            }
            _ => return Ok(Self::Text(TextColumn::of(array)?)),
        };
        Ok(Self::Native(native))
    }

    /// The number of a cell's value, where the column has such: equal ones are equal values.
    #[inline]
    pub(in crate::read) fn number(&self, row: usize) -> Option<u32> {
        match self {
            Self::Coded(coded) => Some(coded.numbers.at(row)),
            Self::Native(_) | Self::Text(_) => None,
        }
    }

    /// Whether a cell is null or the empty text.
    #[inline]
    pub(in crate::read) fn is_empty(&self, row: usize) -> bool {
        match self {
            Self::Coded(coded) => coded.is_empty(row),
            Self::Native(native) => native.is_null(row),
            Self::Text(text) => text.get(row).is_empty(),
        }
    }

    /// The text of a cell.
    pub(in crate::read) fn text(&self, row: usize) -> Cow<'_, str> {
        match self {
            Self::Coded(coded) => coded.text(row),
            Self::Native(native) => native.written(row).into(),
            Self::Text(text) => text.get(row).into(),
        }
    }

    /// Whether [`Column::amount`] need not be asked to know that each cell is empty or an amount.
    pub(in crate::read) fn has_only_amounts(&self) -> bool {
        matches!(self, Self::Coded(coded) if coded.has_only_amounts())
    }

    /// The amount of a cell; `None` where it is none, or finer than amounts are.
    #[inline]
    pub(in crate::read) fn amount(&self, row: usize) -> Option<Amount> {
        match self {
            Self::Coded(coded) => coded.read_amount(row).or_else(|| self.amount_of_text(row)),
            Self::Native(native) => native.amount(row),
            Self::Text(_) => self.amount_of_text(row),
        }
    }

    #[cold]
    fn amount_of_text(&self, row: usize) -> Option<Amount> {
        exact(&self.text(row))
    }

    /// A cell as it is stored, where that is a time.
    #[inline]
    pub(in crate::read) fn stored_time(&self, row: usize) -> Option<i64> {
        match self {
            Self::Coded(coded) => coded.stored_time(row),
            Self::Native(Native::Times(array, _)) if array.is_valid(row) => Some(array.value(row)),
            _ => None,
        }
    }

    /// What a time as it is stored in this column is, in a year of four digits.
    pub(in crate::read) fn time(&self, stored: i64) -> Option<Timestamp> {
        match self {
            Self::Coded(coded) => coded.time(stored),
            Self::Native(Native::Times(_, of_second)) => time(stored, *of_second),
            _ => None,
        }
    }
}

/// The amount that a text says without anything rounded off.
fn exact(text: &str) -> Option<Amount> {
    Amount::parse(text).ok().filter(|parsed| parsed.residue.is_zero()).map(|parsed| parsed.amount)
}

/// So many units since 1970, of which a second has `of_second`.
pub(super) fn time(count: i64, of_second: i64) -> Option<Timestamp> {
    // Finer than milliseconds is cut, as in a text.
    let ms = if of_second == 1 { count.checked_mul(1_000)? } else { count / (of_second / 1_000) };
    (count >= 0 && ms <= LAST_MS).then(|| Timestamp::from_millis(ms))
}

/// The last millisecond of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

impl Native {
    fn times<T: ArrowPrimitiveType<Native = i64>>(array: &dyn Array, of_second: i64) -> Self {
        let times: &PrimitiveArray<T> = array.as_primitive();
        Self::Times(times.reinterpret_cast::<Int64Type>(), of_second)
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Doubles(array) => row >= array.len() || array.is_null(row),
            Self::Decimals(array, _) => row >= array.len() || array.is_null(row),
            Self::Times(array, _) => row >= array.len() || array.is_null(row),
        }
    }

    /// Bits that are equal only where the texts of two cells are; `None` where the cell is null.
    pub(in crate::read) fn bits(&self, row: usize) -> Option<i128> {
        if self.is_null(row) {
            return None;
        }
        Some(match self {
            Self::Doubles(array) => i128::from(array.value(row).to_bits()),
            Self::Decimals(array, _) => array.value(row),
            Self::Times(array, _) => i128::from(array.value(row)),
        })
    }

    #[inline(never)]
    fn amount(&self, row: usize) -> Option<Amount> {
        if self.is_null(row) {
            return None;
        }
        let short = match self {
            Self::Doubles(array) => of_short_double(array.value(row)),
            Self::Decimals(array, scale) => scaled(array.value(row), *scale),
            Self::Times(..) => None,
        };
        short.or_else(|| exact(&self.written(row)))
    }

    fn written(&self, row: usize) -> String {
        let mut text = String::new();
        self.write(row, &mut text);
        text
    }

    /// Appends the text of a cell.
    pub(in crate::read) fn write(&self, row: usize, text: &mut String) {
        if self.is_null(row) {
            return;
        }
        match self {
            Self::Doubles(array) => push(text, array.value(row)),
            Self::Decimals(array, scale) => push_scaled(text, &array.value(row).to_string(), *scale),
            Self::Times(array, of_second) => push_time(text, array.value(row), split(array.value(row), *of_second)),
        }
    }
}

/// The amount of so many 10⁻ˢᶜᵃˡᵉ; `None` where it is finer or larger than amounts are.
fn scaled(count: i128, scale: i8) -> Option<Amount> {
    let missing = u32::try_from(scale).ok().and_then(|scale| Amount::SCALE.checked_sub(scale))?;
    count.checked_mul(10i128.checked_pow(missing)?).map(Amount::from_units)
}

#[cfg(test)]
mod tests {
    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, DictionaryArray, StringArray, TimestampNanosecondArray, TimestampSecondArray};
    use proptest::prelude::*;

    use super::*;
    use crate::read::columnar::batch::TextBatch;

    /// Every cell of a column, read as it is stored and by its text.
    fn agrees_with_its_text(array: ArrayRef) {
        let rows = array.len();
        let batch = RecordBatch::try_from_iter_with_nullable([("column", array, true)]).unwrap();
        let texts = TextBatch::of(&batch, &[0], 0).unwrap();
        let columns = ColumnBatch::of(&batch, &[0], 0).unwrap();
        let column = columns.column(0).unwrap();
        let mut written = Written::default();
        for row in 0..rows {
            let text = texts.row(row).get(0);
            assert_eq!((columns.row(row, &mut written).get(0), column.text(row).as_ref()), (text, text));
            assert_eq!((column.is_empty(row), column.amount(row)), (text.is_empty(), exact(text)), "{text}");
            assert!(text.is_empty() || Amount::parse(text).is_ok() || !column.has_only_amounts(), "{text}");
            if let Some(time) = column.stored_time(row).and_then(|stored| column.time(stored)) {
                assert_eq!(Some(time), text.parse().ok(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn doubles_are_what_their_texts_are(bits: Vec<Option<u64>>, short: Vec<(i32, u8)>) {
            let short = short.into_iter().map(|(digits, decimals)| format!("{digits}e-{decimals}").parse().ok());
            let values = bits.into_iter().map(|bits| bits.map(f64::from_bits)).chain(short);
            agrees_with_its_text(Arc::new(values.collect::<Float64Array>()));
        }

        #[test]
        fn decimals_are_what_their_texts_are(values: Vec<Option<i64>>, wide: i128, scale in -3i8..=38) {
            let values = values.into_iter().map(|value| value.map(i128::from)).chain([Some(wide / 4), Some(10i128.pow(30))]);
            let array = values.collect::<Decimal128Array>().with_precision_and_scale(38, scale).unwrap();
            agrees_with_its_text(Arc::new(array));
        }

        #[test]
        fn times_are_what_their_texts_are(counts: Vec<Option<i64>>, near in prop::collection::vec(any::<i32>(), 5)) {
            let values = || counts.iter().copied().chain(near.iter().map(|near| Some(i64::from(*near) * 7)));
            agrees_with_its_text(Arc::new(values().collect::<TimestampSecondArray>()));
            agrees_with_its_text(Arc::new(values().collect::<TimestampNanosecondArray>().with_timezone("Europe/Paris")));
        }

        #[test]
        fn texts_of_dictionaries_are_what_they_are(texts: Vec<Option<String>>, start in 0usize..5) {
            let texts = texts.iter().map(Option::as_deref).chain([Some("-1.5"), None, Some(""), Some("-1.5")]);
            let array: DictionaryArray<Int32Type> = texts.collect();
            agrees_with_its_text(Arc::new(array.slice(start.min(array.len()), array.len().saturating_sub(start))));
        }
    }

    #[test]
    fn texts_that_are_no_dictionary_are_read_as_texts() {
        agrees_with_its_text(Arc::new(StringArray::from(vec![Some("-2"), None, Some("x"), Some("1.25")])));
    }
}
