//! Every Arrow type a bill may come in, as text.

use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, Float64Builder, ListBuilder, MapBuilder, StringBuilder, StringDictionaryBuilder,
    StructBuilder,
};
use arrow_array::types::{Int8Type, Int32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal128Array, Decimal256Array, DictionaryArray, Float32Array, Float64Array, Int8Array, Int64Array,
    LargeBinaryArray, LargeStringArray, NullArray, RecordBatch, StringArray, StringViewArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Fields};
use proptest::prelude::*;

use super::{TextBatch, binary_floats};
use crate::error::{ErrorCode, Result};
use crate::read::table::cells::Cells;

fn batch(array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("column", array, true)]).unwrap()
}

fn text_batch(array: ArrayRef) -> Result<TextBatch> {
    TextBatch::of(&batch(array), &[0], 0)
}

/// The texts of a column, and the same of each of its slices.
fn texts(array: impl Array + 'static) -> Vec<String> {
    let array: ArrayRef = Arc::new(array);
    let of = |array: ArrayRef| {
        let rows = array.len();
        let batch = text_batch(array).unwrap();
        (0..rows).map(|row| batch.row(row).get(0).to_owned()).collect::<Vec<_>>()
    };
    let all = of(Arc::clone(&array));
    for start in 0..array.len() {
        let length = array.len() - start;
        assert_eq!(of(array.slice(start, length)), all[start..], "from row {start}");
        assert_eq!(of(array.slice(0, start)), all[..start], "up to row {start}");
    }
    all
}

#[test]
fn texts_stay_as_they_are_and_nulls_are_empty() {
    let values = vec![Some("a"), None, Some(""), Some("more than twelve bytes, é")];
    let wanted = ["a", "", "", "more than twelve bytes, é"];
    let bytes: Vec<Option<&[u8]>> = values.iter().map(|value| value.map(str::as_bytes)).collect();
    assert_eq!(texts(StringArray::from(values.clone())), wanted);
    assert_eq!(texts(LargeStringArray::from(values.clone())), wanted);
    assert_eq!(texts(StringViewArray::from(values.clone())), wanted);
    assert_eq!(texts(BinaryArray::from(bytes.clone())), wanted);
    assert_eq!(texts(LargeBinaryArray::from(bytes.clone())), wanted);
    assert_eq!(texts(BinaryViewArray::from_iter(bytes)), wanted);
    assert_eq!(texts(values.clone().into_iter().collect::<DictionaryArray<Int32Type>>()), wanted);
    assert_eq!(texts(values.clone().into_iter().collect::<DictionaryArray<UInt64Type>>()), wanted);
    let views = DictionaryArray::<Int8Type>::new(
        Int8Array::from(vec![Some(1), None, Some(0), Some(1)]),
        Arc::new(StringViewArray::from(vec![None, Some("b")])),
    );
    assert_eq!(texts(views), ["b", "", "", "b"]);
    assert_eq!(texts(NullArray::new(2)), ["", ""]);
}

#[test]
fn a_dictionary_without_values_is_all_null() {
    let mut builder = StringDictionaryBuilder::<Int32Type>::new();
    builder.append_null();
    builder.append_null();
    assert_eq!(texts(builder.finish()), ["", ""]);
}

#[test]
fn numbers_are_exact_decimal_texts() {
    assert_eq!(
        texts(Int64Array::from(vec![Some(-7), Some(-7), None, Some(i64::MAX)])),
        ["-7", "-7", "", "9223372036854775807"]
    );
    assert_eq!(texts(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
    assert_eq!(texts(BooleanArray::from(vec![Some(true), None, Some(false)])), ["true", "", "false"]);
    let decimals = Decimal128Array::from(vec![Some(-1), Some(12_345), None, Some(0), Some(i128::from(i64::MAX))]);
    let scaled = |scale| texts(decimals.clone().with_precision_and_scale(38, scale).unwrap());
    assert_eq!(scaled(3), ["-0.001", "12.345", "", "0.000", "9223372036854775.807"]);
    assert_eq!(scaled(18)[..2], ["-0.000000000000000001", "0.000000000000012345"]);
    assert_eq!(scaled(0)[..2], ["-1", "12345"]);
    assert_eq!(scaled(-2)[..2], ["-100", "1234500"]);
    let wide = Decimal256Array::from(vec![arrow_buffer_256("-170141183460469231731687303715884105729")]);
    let wide = wide.with_precision_and_scale(76, 38).unwrap();
    assert_eq!(texts(wide), ["-1.70141183460469231731687303715884105729"]);
    assert_eq!(texts(Decimal32Array::from(vec![5]).with_precision_and_scale(9, 1).unwrap()), ["0.5"]);
}

/// The type has no name of its own here.
fn arrow_buffer_256(text: &str) -> <arrow_array::types::Decimal256Type as arrow_array::ArrowPrimitiveType>::Native {
    text.parse().unwrap()
}

#[test]
fn binary_floats_are_their_shortest_decimals() {
    let doubles = vec![Some(0.1), Some(0.1), None, Some(1e-7), Some(-1e21), Some(0.0), Some(-0.0), Some(f64::NAN)];
    let wanted = ["0.1", "0.1", "", "0.0000001", "-1000000000000000000000", "0", "-0", "NaN"];
    assert_eq!(texts(Float64Array::from(doubles)), wanted);
    assert_eq!(texts(Float64Array::from(vec![f64::INFINITY])), ["inf"]);
    assert_eq!(texts(Float32Array::from(vec![Some(0.1), None])), ["0.1", ""]);
}

proptest! {
    #[test]
    fn a_double_reads_back_from_its_text(bits: u64) {
        let value = f64::from_bits(bits);
        let text = &texts(Float64Array::from(vec![value]))[0];
        prop_assert!(value.is_nan() || text.parse::<f64>().unwrap().to_bits() == bits, "{text}");
    }

    #[test]
    fn a_decimal_is_its_digits_with_a_point(value: i64, scale in 0i8..=38) {
        let array = Decimal128Array::from(vec![i128::from(value)]).with_precision_and_scale(38, scale).unwrap();
        let text = &texts(array)[0];
        let digits: String = text.chars().filter(|c| *c != '.').collect();
        prop_assert_eq!(digits.parse::<i128>().unwrap(), i128::from(value));
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(decimals, usize::try_from(scale).unwrap());
    }
}

#[test]
fn times_of_every_unit_are_utc_with_a_fraction_only_where_there_is_one() {
    let hour = 1_464_739_200; // 2016-06-01T00:00:00Z
    let wanted = ["2016-06-01T00:00:00Z", ""];
    assert_eq!(texts(TimestampSecondArray::from(vec![Some(hour), None])), wanted);
    assert_eq!(texts(TimestampMillisecondArray::from(vec![Some(hour * 1_000), None])), wanted);
    assert_eq!(texts(TimestampMicrosecondArray::from(vec![Some(hour * 1_000_000), None])), wanted);
    let nanoseconds = vec![Some(hour * 1_000_000_000), None];
    assert_eq!(texts(TimestampNanosecondArray::from(nanoseconds).with_timezone("Europe/Paris")), wanted);
    assert_eq!(texts(Date32Array::from(vec![Some(16_953), None])), wanted);
    assert_eq!(texts(Date64Array::from(vec![Some(hour * 1_000), None])), wanted);
    assert_eq!(
        texts(TimestampMillisecondArray::from(vec![hour * 1_000 + 5, -1])),
        ["2016-06-01T00:00:00.005Z", "1969-12-31T23:59:59.999Z"]
    );
    assert_eq!(texts(TimestampSecondArray::from(vec![i64::MAX])), ["the time 9223372036854775807"]);
    assert!("the time 9223372036854775807".parse::<crate::time::Timestamp>().is_err());
}

#[test]
fn maps_are_json_objects_of_the_entries_with_a_value() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for entries in [
        &[("user_team", Some("a\"b\\c\n")), ("user_empty", Some("")), ("user_null", None), ("user_x", Some("é"))][..],
        &[],
        &[("user_env", Some("prod"))],
    ] {
        for (key, value) in entries {
            builder.keys().append_value(key);
            builder.values().append_option(*value);
        }
        builder.append(true).unwrap();
    }
    builder.append(false).unwrap();
    let objects = texts(builder.finish());
    assert_eq!(objects, [r#"{"user_team":"a\"b\\c\n","user_x":"é"}"#, "{}", r#"{"user_env":"prod"}"#, ""]);
    let parsed: serde_json::Value = serde_json::from_str(&objects[0]).unwrap();
    assert_eq!(parsed["user_team"], "a\"b\\c\n");
}

#[test]
fn numbers_in_maps_stay_numbers() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Float64Builder::new());
    for (key, value) in [("edp", -0.25), ("none", f64::NAN)] {
        builder.keys().append_value(key);
        builder.values().append_value(value);
    }
    builder.append(true).unwrap();
    assert_eq!(texts(builder.finish()), [r#"{"edp":-0.25,"none":"NaN"}"#]);
}

#[test]
fn lists_of_keys_and_values_are_maps_and_other_lists_are_refused() {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let list = |names: [&'static str; 2]| {
        let fields = Fields::from(names.map(text).to_vec());
        let mut builder = ListBuilder::new(StructBuilder::from_fields(fields, 2));
        for (key, value) in [("a", "1"), ("b", "2")] {
            let entry = builder.values();
            entry.field_builder::<StringBuilder>(0).unwrap().append_value(key);
            entry.field_builder::<StringBuilder>(1).unwrap().append_value(value);
            entry.append(true);
            builder.append(true);
        }
        builder.append(false);
        builder.finish()
    };
    assert_eq!(texts(list(["key", "value"])), [r#"{"a":"1"}"#, r#"{"b":"2"}"#, ""]);
    let error = text_batch(Arc::new(list(["x", "y"]))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadBadColumnType);
}

#[test]
fn structures_are_json_objects_of_their_fields() {
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("Amazon EC2"), None]));
    let inner = StructArray::from(vec![(
        Arc::new(Field::new("vcpu", DataType::Int64, true)),
        Arc::new(Int64Array::from(vec![Some(4), None])) as ArrayRef,
    )]);
    let array = StructArray::from(vec![
        (Arc::new(Field::new("product_name", DataType::Utf8, true)), names),
        (Arc::new(Field::new("of", inner.data_type().clone(), true)), Arc::new(inner) as ArrayRef),
    ]);
    assert_eq!(texts(array), [r#"{"product_name":"Amazon EC2","of":{"vcpu":4}}"#, r#"{"of":{}}"#]);
}

#[test]
fn a_type_no_bill_is_written_in_is_an_error_naming_column_and_type() {
    let mut bytes = FixedSizeBinaryBuilder::new(2);
    bytes.append_value(b"ab").unwrap();
    let arrays: [(ArrayRef, &str); 2] = [
        (Arc::new(Time64MicrosecondArray::from(vec![1])), "`Time64(µs)`"),
        (Arc::new(bytes.finish()), "`FixedSizeBinary(2)`"),
    ];
    for (array, named) in arrays {
        let error = text_batch(array).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadBadColumnType);
        assert!(error.to_string().contains(named), "{error}");
        assert_eq!(error.location().unwrap().column.as_deref(), Some("column"));
    }
}

#[test]
fn bytes_that_are_no_text_are_an_error_with_row_and_column() {
    let bytes = |values: Vec<&[u8]>| BinaryArray::from(values);
    let dictionary =
        DictionaryArray::new(Int8Array::from(vec![1, 1, 0]), Arc::new(bytes(vec![b"\xff", b"fine"])) as ArrayRef);
    let plain = bytes(vec![b"fine", b"fine", b"\xff"]);
    for array in [Arc::new(plain) as ArrayRef, Arc::new(dictionary)] {
        let error = TextBatch::of(&batch(array), &[0], 100).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ParseBadUtf8);
        let location = error.location().unwrap();
        assert_eq!((location.row, location.column.as_deref()), (Some(103), Some("column")));
    }
}

#[test]
fn cells_are_found_by_the_number_of_the_column_in_the_header() {
    let columns: [(&str, ArrayRef); 2] =
        [("b", Arc::new(StringArray::from(vec!["x"]))), ("d", Arc::new(Float64Array::from(vec![0.5])))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let text = TextBatch::of(&batch, &[1, 3], 41).unwrap();
    let cells: Vec<&str> = (0..5).map(|at| text.row(0).get(at)).collect();
    assert_eq!(cells, ["", "x", "", "0.5", ""]);
    assert_eq!((text.rows(), text.row(1).get(1)), (1, ""));
    assert_eq!(text.location(0).row, Some(42));
    assert_eq!(binary_floats(batch.schema_ref(), &[0, 1]), [1]);
    assert_eq!(binary_floats(batch.schema_ref(), &[0]), [0; 0]);
}
