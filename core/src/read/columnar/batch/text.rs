//! One Arrow array as text.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, DictionaryArray, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::{DataType, TimeUnit};

use super::json;
use super::rendered::{Rendered, booleans, decimals, floats, floats_32, integers, texts, times};

/// The text of one column.
#[derive(Debug)]
pub(in crate::read) enum TextColumn {
    Utf8(StringArray),
    LargeUtf8(LargeStringArray),
    Utf8View(StringViewArray),
    /// Numbers of the values by row; a null has that of no value.
    Dictionary {
        keys: Vec<usize>,
        values: Box<TextColumn>,
    },
    /// What is no text in Arrow.
    Rendered(Rendered),
}

/// Why an array cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Type(DataType),
    NotUtf8 { row: usize },
}

/// The key of a null in a dictionary.
const NO_VALUE: usize = usize::MAX;

impl TextColumn {
    pub(super) fn of(array: &dyn Array) -> Result<Self, Unreadable> {
        let rendered = match array.data_type() {
            DataType::Utf8 => return Ok(Self::Utf8(array.as_string::<i32>().clone())),
            DataType::LargeUtf8 => return Ok(Self::LargeUtf8(array.as_string::<i64>().clone())),
            DataType::Utf8View => return Ok(Self::Utf8View(array.as_string_view().clone())),
            DataType::Dictionary(key, _) => return Self::of_dictionary(array, key),
            DataType::Null => Rendered::default(),
            DataType::Boolean => booleans(array.as_boolean()),
            DataType::Int8 => integers::<Int8Type>(array),
            DataType::Int16 => integers::<Int16Type>(array),
            DataType::Int32 => integers::<Int32Type>(array),
            DataType::Int64 => integers::<Int64Type>(array),
            DataType::UInt8 => integers::<UInt8Type>(array),
            DataType::UInt16 => integers::<UInt16Type>(array),
            DataType::UInt32 => integers::<UInt32Type>(array),
            DataType::UInt64 => integers::<UInt64Type>(array),
            DataType::Float32 => floats_32(array.as_primitive::<Float32Type>()),
            DataType::Float64 => floats(array.as_primitive::<Float64Type>()),
            DataType::Decimal32(_, scale) => decimals::<Decimal32Type>(array, *scale),
            DataType::Decimal64(_, scale) => decimals::<Decimal64Type>(array, *scale),
            DataType::Decimal128(_, scale) => decimals::<Decimal128Type>(array, *scale),
            DataType::Decimal256(_, scale) => decimals::<Decimal256Type>(array, *scale),
            DataType::Date32 => times::<Date32Type>(array, |days| (i64::from(days).checked_mul(86_400), 0)),
            DataType::Date64 => times::<Date64Type>(array, |ms| split(ms, 1_000)),
            DataType::Timestamp(TimeUnit::Second, _) => times::<TimestampSecondType>(array, |s| split(s, 1)),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                times::<TimestampMillisecondType>(array, |ms| split(ms, 1_000))
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                times::<TimestampMicrosecondType>(array, |us| split(us, 1_000_000))
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                times::<TimestampNanosecondType>(array, |ns| split(ns, 1_000_000_000))
            }
            DataType::Binary => {
                let bytes = array.as_binary::<i32>();
                texts(array, |row| bytes.value(row))?
            }
            DataType::LargeBinary => {
                let bytes = array.as_binary::<i64>();
                texts(array, |row| bytes.value(row))?
            }
            DataType::BinaryView => {
                let bytes = array.as_binary_view();
                texts(array, |row| bytes.value(row))?
            }
            DataType::Map(..) | DataType::List(_) | DataType::LargeList(_) | DataType::Struct(_) => {
                json::objects(array)?
            }
            other => return Err(Unreadable::Type(other.clone())),
        };
        Ok(Self::Rendered(rendered))
    }

    fn of_dictionary(array: &dyn Array, key: &DataType) -> Result<Self, Unreadable> {
        match key {
            DataType::Int8 => Self::by_keys(array.as_dictionary::<Int8Type>()),
            DataType::Int16 => Self::by_keys(array.as_dictionary::<Int16Type>()),
            DataType::Int32 => Self::by_keys(array.as_dictionary::<Int32Type>()),
            DataType::Int64 => Self::by_keys(array.as_dictionary::<Int64Type>()),
            DataType::UInt8 => Self::by_keys(array.as_dictionary::<UInt8Type>()),
            DataType::UInt16 => Self::by_keys(array.as_dictionary::<UInt16Type>()),
            DataType::UInt32 => Self::by_keys(array.as_dictionary::<UInt32Type>()),
            DataType::UInt64 => Self::by_keys(array.as_dictionary::<UInt64Type>()),
            _ => Err(Unreadable::Type(array.data_type().clone())),
        }
    }

    fn by_keys<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>) -> Result<Self, Unreadable> {
        let keys: Vec<usize> = (0..array.len()).map(|row| array.key(row).unwrap_or(NO_VALUE)).collect();
        let values = match Self::of(array.values().as_ref()) {
            Ok(values) => Box::new(values),
            // The row is that of the first key of the value, not the value's own place.
            Err(Unreadable::NotUtf8 { row: value }) => {
                let row = keys.iter().position(|key| *key == value).unwrap_or(0);
                return Err(Unreadable::NotUtf8 { row });
            }
            Err(unreadable) => return Err(unreadable),
        };
        Ok(Self::Dictionary { keys, values })
    }

    /// The text of a row; empty where it is null or where there is no such row.
    pub(in crate::read) fn get(&self, row: usize) -> &str {
        match self {
            Self::Utf8(array) if has_value(array, row) => array.value(row),
            Self::LargeUtf8(array) if has_value(array, row) => array.value(row),
            Self::Utf8View(array) if has_value(array, row) => array.value(row),
            Self::Utf8(_) | Self::LargeUtf8(_) | Self::Utf8View(_) => "",
            Self::Dictionary { keys, values } => keys.get(row).map_or("", |key| values.get(*key)),
            Self::Rendered(rendered) => rendered.get(row),
        }
    }
}

fn has_value(array: &dyn Array, row: usize) -> bool {
    row < array.len() && array.is_valid(row)
}

/// Whole seconds and the nanoseconds after them, of a count of units of which a second has so many.
pub(super) fn split(count: i64, units_of_second: i64) -> (Option<i64>, u32) {
    let nanoseconds = count.rem_euclid(units_of_second) * (1_000_000_000 / units_of_second);
    (Some(count.div_euclid(units_of_second)), u32::try_from(nanoseconds).unwrap_or(0))
}
