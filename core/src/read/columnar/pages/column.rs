//! The pages of one column of a row group → its rows as numbers of values.

use std::sync::Arc;

use arrow_array::StringArray;
use arrow_array::builder::StringBuilder;
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};

use super::hybrid::{Hybrid, Next};
use crate::read::columnar::batch::coded::{Coded, Doubles, Numbers, Values};
use crate::read::columnar::parquet::guarded;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Texts,
    Doubles,
    /// Units of which a second has so many.
    Times(i64),
}

impl Kind {
    /// That of a column which is read as this Arrow type; `None` where it is left to Arrow.
    pub(super) fn of(stored: Type, read_as: &DataType) -> Option<Self> {
        match (stored, read_as) {
            (Type::BYTE_ARRAY, DataType::Dictionary(_, values)) if **values == DataType::Utf8 => Some(Self::Texts),
            (Type::DOUBLE, DataType::Float64) => Some(Self::Doubles),
            (Type::INT64, DataType::Timestamp(unit, _)) => Some(Self::Times(match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            })),
            _ => None,
        }
    }

    /// The values of a dictionary page; `None` where they are not as many, or not what they should be.
    fn values(self, stored: &[u8], count: usize) -> Option<Values> {
        let eight = || Some(stored.as_chunks::<8>().0).filter(|values| values.len() == count);
        match self {
            Self::Texts => texts(stored, count).map(Values::Texts),
            Self::Doubles => {
                let doubles = eight()?.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
                Some(Values::Doubles(Doubles::of(doubles)))
            }
            Self::Times(of_second) => {
                Some(Values::Times(eight()?.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(), of_second))
            }
        }
    }
}

/// Texts, each after its length.
fn texts(mut stored: &[u8], count: usize) -> Option<StringArray> {
    let lengths = count.checked_mul(4).filter(|lengths| *lengths <= stored.len())?;
    let mut texts = StringBuilder::with_capacity(count, stored.len() - lengths);
    for _ in 0..count {
        let (length, rest) = stored.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        texts.append_value(std::str::from_utf8(text).ok()?);
        stored = rest;
    }
    stored.is_empty().then(|| texts.finish())
}

/// The pages of a column as far as they are read.
pub(super) struct ColumnPages {
    pub(super) kind: Kind,
    pub(super) is_optional: bool,
    pub(super) pages: Box<dyn PageReader>,
    values: Arc<Values>,
    page: DataPage,
    levels: Vec<u32>,
    present: Vec<u32>,
}

/// What is left of a data page.
#[derive(Default)]
struct DataPage {
    rows: usize,
    /// 1 for each row with a value, 0 for a null; `None` where no row is null.
    levels: Option<Hybrid>,
    /// `None` where the page has no numbers of values.
    numbers: Option<Hybrid>,
}

impl ColumnPages {
    pub(super) fn new(kind: Kind, is_optional: bool, pages: Box<dyn PageReader>) -> Option<Self> {
        let values = Arc::new(kind.values(&[], 0)?);
        let page = DataPage::default();
        Some(Self { kind, is_optional, pages, values, page, levels: Vec::new(), present: Vec::new() })
    }

    /// The next so many rows; `None` where the pages are of a kind that is left to Arrow, or damaged.
    pub(super) fn next(&mut self, rows: usize) -> Option<Coded> {
        let (mut numbers, mut missing) = (Rows::default(), rows);
        while missing > 0 {
            if self.page.rows == 0 {
                self.next_page(missing < rows)?;
                continue;
            }
            let taken = missing.min(self.page.rows);
            self.take(taken, &mut numbers)?;
            self.page.rows -= taken;
            missing -= taken;
        }
        Some(Coded { numbers: numbers.finish(), values: Arc::clone(&self.values) })
    }

    /// Opens the next page. A dictionary cannot change what rows of the same batch are.
    fn next_page(&mut self, has_rows: bool) -> Option<()> {
        match guarded(|| self.pages.get_next_page()).ok()?? {
            Page::DictionaryPage { buf, num_values, encoding, .. } => {
                let is_plain =
                    matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY);
                (is_plain && !has_rows).then_some(())?;
                self.values = Arc::new(self.kind.values(&buf, usize::try_from(num_values).ok()?)?);
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                let (levels, values) = if self.is_optional {
                    (def_level_encoding == Encoding::RLE).then_some(())?;
                    let length = usize::try_from(u32::from_le_bytes(*buf.first_chunk()?)).ok()?;
                    cut(&buf, 4, length)?
                } else {
                    (None, buf)
                };
                self.page = DataPage::of(num_values, levels, &values, encoding)?;
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len: 0, .. } => {
                let (levels, values) = cut(&buf, 0, usize::try_from(def_levels_byte_len).ok()?)?;
                self.page = DataPage::of(num_values, levels.filter(|_| self.is_optional), &values, encoding)?;
            }
            Page::DataPageV2 { .. } => return None,
        }
        Some(())
    }

    /// Takes rows of the page.
    fn take(&mut self, count: usize, rows: &mut Rows) -> Option<()> {
        let null = u32::try_from(self.values.count()).ok()?;
        let Self { page: DataPage { levels, numbers, .. }, levels: is_filled, present, .. } = self;
        match levels.as_mut().map_or(Some(Next::Same(1)), |levels| levels.take_same(count))? {
            Next::Same(0) => rows.push_same(null, count),
            Next::Same(1) => match numbers.as_mut()?.take_same(count)? {
                Next::Same(number) => rows.push_same((number < null).then_some(number)?, count),
                Next::Unknown => {
                    let taken = rows.each(count);
                    let start = taken.len();
                    numbers.as_mut()?.take(count, taken)?;
                    are_below(null, taken.get(start..)?).then_some(())?;
                }
            },
            Next::Same(_) => return None,
            Next::Unknown => {
                is_filled.clear();
                levels.as_mut()?.take(count, is_filled)?;
                are_below(2, is_filled).then_some(())?;
                let filled = is_filled.iter().fold(0, |sum: u32, level| sum.wrapping_add(*level));
                present.clear();
                if filled > 0 {
                    numbers.as_mut()?.take(filled as usize, present)?;
                }
                are_below(null, present).then_some(())?;
                let each = rows.each(count);
                let start = each.len();
                each.resize(start + count, null);
                spread(present, is_filled, each.get_mut(start..)?);
            }
        }
        Some(())
    }
}

/// Numbers to the rows that have one; the others stay as they are.
fn spread(present: &[u32], is_filled: &[u32], rows: &mut [u32]) {
    let mut next = 0;
    for (row, level) in rows.iter_mut().zip(is_filled) {
        // Read even where it is not used, so that nothing depends on which rows are null: that has no rule.
        let number = present.get(next).copied().unwrap_or(*row);
        *row = if *level == 0 { *row } else { number };
        next = next.wrapping_add(*level as usize);
    }
}

fn are_below(count: u32, numbers: &[u32]) -> bool {
    numbers.iter().fold(0, |most, number| most.max(*number)) < count || numbers.is_empty()
}

/// Levels of so many bytes, and what is behind them.
fn cut(page: &Bytes, start: usize, length: usize) -> Option<(Option<Bytes>, Bytes)> {
    let end = start.checked_add(length).filter(|end| *end <= page.len())?;
    Some((Some(page.slice(start..end)), page.slice(end..)))
}

impl DataPage {
    fn of(rows: u32, levels: Option<Bytes>, values: &Bytes, encoding: Encoding) -> Option<Self> {
        let levels = match levels {
            Some(levels) => Some(Hybrid::new(levels, 1)?),
            None => None,
        };
        let is_numbered = matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        let numbers = match values.first().filter(|_| is_numbered) {
            Some(width) => Some(Hybrid::new(values.slice(1..), *width)?),
            None => None,
        };
        Some(Self { rows: usize::try_from(rows).ok()?, levels, numbers })
    }
}

/// Numbers of rows as they are put together.
#[derive(Default)]
struct Rows {
    /// So many rows of the same number, as long as there are no others.
    same: Option<(u32, usize)>,
    each: Vec<u32>,
}

impl Rows {
    fn push_same(&mut self, number: u32, count: usize) {
        match &mut self.same {
            Some((before, rows)) if *before == number => *rows += count,
            None if self.each.is_empty() => self.same = Some((number, count)),
            _ => {
                let each = self.each(count);
                each.resize(each.len() + count, number);
            }
        }
    }

    /// The numbers one by one, of which so many more come.
    fn each(&mut self, more: usize) -> &mut Vec<u32> {
        if let Some((number, rows)) = self.same.take() {
            self.each.resize(rows, number);
        }
        self.each.reserve(more);
        &mut self.each
    }

    fn finish(self) -> Numbers {
        self.same.map_or(Numbers::Each(self.each), |(number, _)| Numbers::Same(number))
    }
}
