//! Columns of numbers that stand for values, as files mostly store them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, StringArray};

use super::column::time;
use super::double::of_short_double;
use super::rendered::{push, push_time};
use super::text::split;
use crate::money::Amount;
use crate::time::Timestamp;

/// One column.
#[derive(Debug)]
pub(in crate::read) struct Coded {
    pub(in crate::read) numbers: Numbers,
    pub(in crate::read) values: Arc<Values>,
}

/// The number of the value by row. That of a null is how many values there are.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::read) enum Numbers {
    /// All rows have it.
    Same(u32),
    Each(Vec<u32>),
}

/// What the numbers stand for.
#[derive(Debug)]
pub(in crate::read) enum Values {
    Texts(StringArray),
    Doubles(Doubles),
    /// Units since 1970, with how many a second has.
    Times(Vec<i64>, i64),
}

/// Doubles with what amounts they are.
#[derive(Debug)]
pub(in crate::read) struct Doubles {
    values: Vec<f64>,
    /// In units; [`NO_AMOUNT`] where the text of the double has to be read.
    amounts: Vec<i128>,
    /// Whether all are amounts for sure.
    are_amounts: bool,
}

const NO_AMOUNT: i128 = i128::MIN;
/// Far inside the range of amounts.
const SURELY_AMOUNT: f64 = 1e18;

impl Doubles {
    pub(in crate::read) fn of(doubles: Vec<f64>) -> Self {
        let amounts = doubles.iter().map(|double| of_short_double(*double).map_or(NO_AMOUNT, Amount::units)).collect();
        let are_amounts = doubles.iter().all(|double| double.abs() < SURELY_AMOUNT);
        Self { values: doubles, amounts, are_amounts }
    }
}

impl Numbers {
    /// That of a row; past the last one, that of no value.
    #[inline]
    pub(in crate::read) fn at(&self, row: usize) -> u32 {
        match self {
            Self::Same(number) => *number,
            Self::Each(numbers) => numbers.get(row).copied().unwrap_or(u32::MAX),
        }
    }
}

impl Values {
    /// How many there are.
    pub(in crate::read) fn count(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Doubles(doubles) => doubles.values.len(),
            Self::Times(times, _) => times.len(),
        }
    }

    /// Whether both are the same in memory.
    pub(in crate::read) fn are(&self, other: &Self) -> bool {
        let place = |texts: &StringArray| (texts.value_data().as_ptr(), texts.value_offsets().as_ptr(), texts.len());
        match (self, other) {
            (Self::Texts(texts), Self::Texts(others)) => place(texts) == place(others),
            _ => std::ptr::eq(self, other),
        }
    }

    /// The text of a value; empty where there is none.
    pub(in crate::read) fn text(&self, number: u32) -> Cow<'_, str> {
        match self {
            Self::Texts(texts) => text_at(texts, number).into(),
            Self::Doubles(_) | Self::Times(..) => {
                let mut text = String::new();
                self.write(number, &mut text);
                text.into()
            }
        }
    }

    /// Appends the text of a value.
    pub(in crate::read) fn write(&self, number: u32, text: &mut String) {
        match self {
            Self::Texts(texts) => text.push_str(text_at(texts, number)),
            Self::Doubles(doubles) => {
                if let Some(double) = doubles.values.get(number as usize) {
                    push(text, double);
                }
            }
            Self::Times(times, of_second) => {
                if let Some(time) = times.get(number as usize) {
                    push_time(text, *time, split(*time, *of_second));
                }
            }
        }
    }
}

impl Coded {
    /// The column of a dictionary of texts.
    pub(super) fn of_dictionary(array: &DictionaryArray<Int32Type>) -> Self {
        let texts: StringArray = array.values().as_string::<i32>().clone();
        let null = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let keys = array.keys().values().iter().map(|key| key.cast_unsigned());
        let numbers = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => keys.collect(),
            Some(nulls) => keys.zip(nulls).map(|(key, is_valid)| if is_valid { key } else { null }).collect(),
        };
        Self { numbers: Numbers::Each(numbers), values: Arc::new(Values::Texts(texts)) }
    }

    /// Whether the values are texts.
    pub(super) fn has_texts(&self) -> bool {
        matches!(self.values.as_ref(), Values::Texts(_))
    }

    /// The text of a row where it is one in memory; empty where it is null.
    pub(super) fn get(&self, row: usize) -> &str {
        match self.values.as_ref() {
            Values::Texts(texts) => text_at(texts, self.numbers.at(row)),
            Values::Doubles(_) | Values::Times(..) => "",
        }
    }

    /// The text of a row; empty where it is null.
    pub(super) fn text(&self, row: usize) -> Cow<'_, str> {
        self.values.text(self.numbers.at(row))
    }

    pub(super) fn is_empty(&self, row: usize) -> bool {
        let number = self.numbers.at(row);
        match self.values.as_ref() {
            Values::Texts(texts) => text_at(texts, number).is_empty(),
            Values::Doubles(_) | Values::Times(..) => number as usize >= self.values.count(),
        }
    }

    /// Whether every row is null or an amount, for sure.
    pub(super) fn has_only_amounts(&self) -> bool {
        matches!(self.values.as_ref(), Values::Doubles(doubles) if doubles.are_amounts)
    }

    /// The amount of a row where it was read with its value.
    #[inline]
    pub(super) fn read_amount(&self, row: usize) -> Option<Amount> {
        let Values::Doubles(doubles) = self.values.as_ref() else { return None };
        let units = doubles.amounts.get(self.numbers.at(row) as usize).copied();
        units.filter(|units| *units != NO_AMOUNT).map(Amount::from_units)
    }

    #[inline]
    pub(super) fn stored_time(&self, row: usize) -> Option<i64> {
        match self.values.as_ref() {
            Values::Times(times, _) => times.get(self.numbers.at(row) as usize).copied(),
            Values::Texts(_) | Values::Doubles(_) => None,
        }
    }

    pub(super) fn time(&self, stored: i64) -> Option<Timestamp> {
        match self.values.as_ref() {
            Values::Times(_, of_second) => time(stored, *of_second),
            Values::Texts(_) | Values::Doubles(_) => None,
        }
    }
}

/// A text by its number; empty where there is none.
fn text_at(texts: &StringArray, number: u32) -> &str {
    let at = number as usize;
    if at < texts.len() && texts.is_valid(at) { texts.value(at) } else { "" }
}
