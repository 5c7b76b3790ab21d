//! Tables as Arrow: money as `decimal128(38, 18)`, exact (spec 1.1, 10.4).

use std::sync::Arc;

use arrow_array::builder::{Decimal128Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::table::{Column, ColumnType, Table};
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

const PRECISION: u8 = 38;
const SCALE: i8 = 18;

/// A table as one record batch.
///
/// # Errors
/// `money.overflow` where a cost needs more than 38 digits.
pub fn record_batch(table: &Table) -> Result<RecordBatch> {
    let fields: Vec<Field> = table.columns.iter().map(field).collect();
    let columns: Vec<ArrayRef> = table.columns.iter().map(array).collect::<Result<_>>()?;
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(not_written)
}

/// A table as an Arrow IPC stream.
///
/// # Errors
/// As [`record_batch`].
pub fn ipc_stream(table: &Table) -> Result<Vec<u8>> {
    let batch = record_batch(table)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).map_err(not_written)?;
    writer.write(&batch).map_err(not_written)?;
    writer.into_inner().map_err(not_written)
}

fn field(column: &Column) -> Field {
    let data_type = match column.column_type {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Money => DataType::Decimal128(PRECISION, SCALE),
        ColumnType::Count => DataType::Int64,
    };
    Field::new(&column.name, data_type, true)
}

fn array(column: &Column) -> Result<ArrayRef> {
    match column.column_type {
        ColumnType::Text => {
            let mut builder = StringBuilder::new();
            column.values.iter().for_each(|value| builder.append_option(value.as_deref()));
            Ok(Arc::new(builder.finish()))
        }
        ColumnType::Money => {
            let mut builder =
                Decimal128Builder::new().with_precision_and_scale(PRECISION, SCALE).map_err(not_written)?;
            for value in &column.values {
                let units = value.as_deref().map(str::parse::<Amount>).transpose()?.map(in_38_digits).transpose()?;
                builder.append_option(units);
            }
            Ok(Arc::new(builder.finish()))
        }
        ColumnType::Count => {
            let mut builder = Int64Builder::new();
            column.values.iter().for_each(|value| builder.append_option(value.as_deref().and_then(|v| v.parse().ok())));
            Ok(Arc::new(builder.finish()))
        }
    }
}

/// Units that `decimal128(38, 18)` can hold; an `i128` can hold a little more.
fn in_38_digits(amount: Amount) -> Result<i128> {
    if amount.units().unsigned_abs() < 10u128.pow(u32::from(PRECISION)) {
        return Ok(amount.units());
    }
    Err(Error::new(ErrorCode::MoneyOverflow, format!("`{amount}` needs more than 38 digits")))
}

fn not_written(cause: ArrowError) -> Error {
    Error::new(ErrorCode::OutputIo, "a table cannot be written as Arrow").with_cause(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Decimal128Type;
    use arrow_ipc::reader::StreamReader;

    fn table(costs: &[Option<&str>]) -> Table {
        let values = costs.iter().map(|cost| cost.map(str::to_owned)).collect();
        Table { columns: vec![Column { name: "cost".into(), column_type: ColumnType::Money, values }] }
    }

    #[test]
    fn costs_survive_an_ipc_stream_to_the_last_unit() {
        let bytes = ipc_stream(&table(&[Some("-0.000000000000000001"), None, Some("12.5")])).unwrap();
        let batch = StreamReader::try_new(bytes.as_slice(), None).unwrap().next().unwrap().unwrap();
        let costs = batch.column(0).as_primitive::<Decimal128Type>();
        assert_eq!((costs.value(0), costs.is_null(1), costs.value(2)), (-1, true, 12_500_000_000_000_000_000));
    }

    #[test]
    fn costs_of_more_than_38_digits_are_an_error() {
        let error = record_batch(&table(&[Some("170141183460469231731")])).unwrap_err();
        assert_eq!(error.code(), ErrorCode::MoneyOverflow);
    }
}
