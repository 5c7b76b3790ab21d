//! Tables as Parquet with Snappy, as AWS delivers them to Athena.
//!
//! Memory is bounded by one row group. A cost column is a binary double, as AWS has it, or a `decimal128(38,18)`; a double
//! is the text of the cost, read once: nothing is computed with it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    Decimal128Builder, Float64Builder, MapBuilder, MapFieldNames, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::columns_cur::{Column, ColumnType};
use super::csv_file::push_number;
use super::export::TableFile;
use super::line::{Cell, Line};
use super::row::{create, write_failed};
use crate::error::Result;
use crate::money::Amount;

const BATCH_ROWS: usize = 8 * 1024;
const GROUP_ROWS: usize = 64 * 1024;

/// How costs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CostType {
    /// Binary, as AWS has it.
    Double,
    /// Exact.
    Decimal,
}

/// A Parquet file.
pub(super) struct ParquetFile {
    to: ArrowWriter<File>,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    /// Which column is what is billed, and what it sums to as it is read back.
    billed: Option<usize>,
    total: Amount,
    text: String,
}

/// The cells of a column since the last batch.
enum Builder {
    Text(StringBuilder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Time(TimestampMillisecondBuilder),
    Map(Box<MapBuilder<StringBuilder, StringBuilder>>),
}

impl ParquetFile {
    pub(super) fn open(path: &Path, columns: &[Column], costs: CostType) -> Result<Self> {
        let fields = columns.iter().map(|column| Field::new(&column.name, data_type(column.typed, costs), true));
        let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let to = ArrowWriter::try_new(create(path)?, schema.clone(), Some(properties)).map_err(write_failed)?;
        let builders = columns.iter().map(|column| Builder::new(column.typed, costs)).collect();
        let billed = columns.iter().position(|column| column.name == "line_item_unblended_cost");
        Ok(Self { to, schema, builders, rows: 0, total: Amount::ZERO, billed, text: String::new() })
    }

    fn flush_batch(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(write_failed)?;
        self.rows = 0;
        self.to.write(&batch).map_err(write_failed)
    }
}

impl TableFile for ParquetFile {
    fn line(&mut self, columns: &[Column], line: &Line<'_>) -> Result<()> {
        for (at, (column, builder)) in columns.iter().zip(&mut self.builders).enumerate() {
            let kept = builder.push((column.cell)(line), &mut self.text)?;
            if self.billed == Some(at) {
                self.total = self.total.checked_add(kept)?;
            }
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.flush_batch() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Option<Amount>> {
        self.flush_batch()?;
        self.to.close().map_err(write_failed)?;
        Ok(Some(self.total))
    }
}

impl Builder {
    fn new(column_type: ColumnType, costs: CostType) -> Self {
        match (column_type, costs) {
            (ColumnType::Text, _) => Self::Text(StringBuilder::new()),
            (ColumnType::Cost, CostType::Decimal) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(DataType::Decimal128(38, 18)))
            }
            (ColumnType::Cost, CostType::Double) | (ColumnType::Quantity, _) => Self::Double(Float64Builder::new()),
            (ColumnType::Time, _) => Self::Time(TimestampMillisecondBuilder::new()),
            (ColumnType::Map, _) => {
                Self::Map(Box::new(MapBuilder::new(Some(map_names()), StringBuilder::new(), StringBuilder::new())))
            }
        }
    }

    /// Adds a cell; what a number is, read back. `text` is scratch.
    fn push(&mut self, cell: Cell<'_>, text: &mut String) -> Result<Amount> {
        text.clear();
        let mut kept = Amount::ZERO;
        match (self, cell) {
            (Self::Text(to), Cell::Text(text)) => to.append_value(text),
            (Self::Text(to), Cell::Made(text)) => to.append_value(text),
            (Self::Text(to), Cell::Number(units)) => {
                push_number(text, units);
                to.append_value(&*text);
            }
            (Self::Text(to), _) => to.append_null(),
            (Self::Double(to), Cell::Number(units)) => {
                push_number(text, units);
                let double = text.parse().map_err(write_failed)?;
                to.append_value(double);
                kept = double.to_string().parse()?;
            }
            (Self::Double(to), _) => to.append_null(),
            (Self::Decimal(to), Cell::Number(units)) => {
                to.append_value(units);
                kept = Amount::from_units(units);
            }
            (Self::Decimal(to), _) => to.append_null(),
            (Self::Time(to), Cell::Time(time)) => to.append_value(time.millis()),
            (Self::Time(to), _) => to.append_null(),
            (Self::Map(to), Cell::Map(entries)) => {
                for (key, value) in entries {
                    to.keys().append_value(key);
                    to.values().append_value(value);
                }
                to.append(true).map_err(write_failed)?;
            }
            (Self::Map(to), _) => to.append(false).map_err(write_failed)?,
        }
        Ok(kept)
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(cells) => Arc::new(cells.finish()),
            Self::Double(cells) => Arc::new(cells.finish()),
            Self::Decimal(cells) => Arc::new(cells.finish()),
            Self::Time(cells) => Arc::new(cells.finish()),
            Self::Map(cells) => Arc::new(cells.finish()),
        }
    }
}

fn data_type(column_type: ColumnType, costs: CostType) -> DataType {
    match (column_type, costs) {
        (ColumnType::Text, _) => DataType::Utf8,
        (ColumnType::Cost, CostType::Decimal) => DataType::Decimal128(38, 18),
        (ColumnType::Cost, CostType::Double) | (ColumnType::Quantity, _) => DataType::Float64,
        (ColumnType::Time, _) => DataType::Timestamp(TimeUnit::Millisecond, None),
        (ColumnType::Map, _) => {
            let names = map_names();
            let entry = [Field::new(names.key, DataType::Utf8, false), Field::new(names.value, DataType::Utf8, true)];
            let entries = Field::new(names.entry, DataType::Struct(Fields::from_iter(entry)), false);
            DataType::Map(Arc::new(entries), false)
        }
    }
}

fn map_names() -> MapFieldNames {
    MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() }
}
