//! Parquet rows told by columns against the same rows read one by one as text: the same bill or the same error.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{WriterProperties, WriterVersion};
use proptest::prelude::*;

use super::batches::{batch_of, with_column};
use super::fast_path::{Outcome, said};
use super::{csv, usage};
use crate::bill::{BillOptions, InputDigest, KeepIntervals};
use crate::error::Result;
use crate::read::collect::{Collector, Purpose, bills, only_bill};
use crate::read::columnar::parquet::ParquetPart;
use crate::read::columnar::{Batches, TextBatches, read_batches};
use crate::read::progress::{Progress, Watch};
use crate::read::{Input, ScanOptions, scan};

/// A file without its columns: then each row is read by its text.
struct AsText(ParquetPart);

impl Batches for AsText {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn read<'b>(&'b mut self, wanted: &'b [usize], watch: Watch<'b>) -> Result<TextBatches<'b>> {
        self.0.read(wanted, watch)
    }

    fn digest(&self, watch: Watch<'_>) -> Result<Option<InputDigest>> {
        self.0.digest(watch)
    }
}

/// How a file is written.
#[derive(Clone, Debug)]
struct Cut {
    row_group: usize,
    page: usize,
    /// Bytes of a dictionary past which texts are written plainly.
    dictionary: usize,
    version: WriterVersion,
    codec: Compression,
    /// Whether columns without nulls say that they have none.
    says_required: bool,
}

fn cut() -> impl Strategy<Value = Cut> {
    let dictionary = prop::sample::select(vec![0, 1, 40, 100, 1 << 20]);
    let version = prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]);
    let codec = prop::sample::select(vec![Compression::UNCOMPRESSED, Compression::SNAPPY]);
    (1usize..60, 1usize..30, dictionary, version, codec, any::<bool>()).prop_map(
        |(row_group, page, dictionary, version, codec, says_required)| Cut {
            row_group,
            page,
            dictionary,
            version,
            codec,
            says_required,
        },
    )
}

/// Row groups and pages of so many rows, with a dictionary of so many bytes.
fn cut_at(row_group: usize, page: usize, dictionary: usize) -> Cut {
    let (version, codec) = (WriterVersion::PARQUET_1_0, Compression::SNAPPY);
    Cut { row_group, page, dictionary, version, codec, says_required: false }
}

fn written(batch: &RecordBatch, cut: &Cut) -> std::fs::File {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(cut.row_group))
        .set_write_batch_size(1)
        .set_data_page_row_count_limit(cut.page)
        .set_dictionary_enabled(cut.dictionary > 0)
        .set_dictionary_page_size_limit(cut.dictionary.max(1))
        .set_writer_version(cut.version)
        .set_compression(cut.codec)
        .build();
    let batch = if cut.says_required { &required(batch) } else { batch };
    let mut file = tempfile::tempfile().unwrap();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

/// Columns without nulls as such that cannot have any.
fn required(batch: &RecordBatch) -> RecordBatch {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let fields = fields.map(|(field, column)| field.as_ref().clone().with_nullable(column.null_count() > 0));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, batch.columns().to_vec()).unwrap()
}

/// Tables one after the other by one collector.
fn by_one(sources: Vec<Box<dyn Batches>>, options: &ScanOptions) -> Outcome {
    let (progress, mut collector) = (Progress::default(), Collector::new(options, Purpose::Bill));
    collector.wants(None, "bill.parquet");
    let watch = Watch::alone(&progress);
    let read = sources
        .into_iter()
        .try_for_each(|mut source| read_batches("bill.parquet", None, source.as_mut(), &mut collector, watch, false));
    said(read.and_then(|()| bills(vec![collector])).and_then(only_bill), 0).0
}

fn by(source: &mut dyn Batches, options: &ScanOptions, reads_ahead: bool) -> Outcome {
    let (progress, mut collector) = (Progress::default(), Collector::new(options, Purpose::Bill));
    collector.wants(None, "bill.parquet");
    let watch = Watch::alone(&progress);
    let read = read_batches("bill.parquet", None, source, &mut collector, watch, reads_ahead);
    said(read.and_then(|()| bills(vec![collector])).and_then(only_bill), 0).0
}

/// The file by columns, on one thread and in parts on several, and row by row as text.
fn outcomes(batch: &RecordBatch, cut: &Cut, options: &ScanOptions) -> (Vec<Outcome>, Outcome) {
    let file = written(batch, cut);
    let whole = || ParquetPart::whole(file.try_clone().unwrap(), 0).unwrap();
    let as_text = by(&mut AsText(whole()), options, false);
    let mut by_columns = vec![by(&mut whole(), options, false), by(&mut whole(), options, true)];
    let mut path = tempfile::Builder::new().prefix("bill").suffix(".parquet").tempfile().unwrap();
    let mut copy = file.try_clone().unwrap();
    copy.seek(SeekFrom::Start(0)).unwrap();
    std::io::copy(&mut copy, &mut path).unwrap();
    path.flush().unwrap();
    let options = ScanOptions { threads: 3, ..options.clone() };
    let mut input = Input::path(path.path());
    input.name = "bill.parquet".to_owned();
    by_columns.push(said(scan(vec![input], &options, &Progress::new()), 0).0);
    (by_columns, as_text)
}

fn options(keep_intervals: KeepIntervals, max_bad_rows: u64) -> ScanOptions {
    let bill = BillOptions { tag_keys: vec!["team".to_owned()], keep_intervals, ..BillOptions::default() };
    ScanOptions { bill, max_bad_rows, ..ScanOptions::default() }
}

/// Doubles that bills have, and such that look like them.
fn double() -> impl Strategy<Value = Option<f64>> {
    let decimal = |digits: i64, decimals: u32| format!("{digits}e-{decimals}").parse::<f64>().unwrap();
    let odd = prop::sample::select(vec![
        Some(0.0),
        Some(-0.0),
        Some(0.300_000_000_000_000_04),
        Some(1e-19),
        Some(-4.9e-324),
        Some(1e19),
        Some(0.1f64.next_up()),
        Some(123_456_789_012_345.6),
        Some(1.000_000_000_000_000_2),
        Some(2f64.powi(-30)),
        Some(2f64.powi(50)),
        Some(-1e-10),
        Some(5e-11),
        Some(0.123_456_789_012_345_67),
        Some(1e15),
        Some(-0.000_976_562_5),
    ]);
    let wrong = prop::sample::select(vec![None, Some(f64::NAN), Some(-f64::NAN), Some(f64::INFINITY), Some(1e300)]);
    prop_oneof![
        20 => (-99_999i64..99_999, 0u32..9).prop_map(move |(digits, decimals)| Some(decimal(digits, decimals))),
        6 => (any::<i64>(), 0u32..30).prop_map(move |(digits, decimals)| Some(decimal(digits, decimals))),
        6 => odd,
        1 => wrong,
    ]
}

/// A time of the row, shifted by a little; null now and then.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Text,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

fn times(texts: &StringArray, unit: Unit, odd: &[Option<i64>], zone: bool) -> ArrayRef {
    let of_second = match unit {
        Unit::Text => return Arc::new(texts.clone()),
        Unit::Second => 1,
        Unit::Millisecond => 1_000,
        Unit::Microsecond => 1_000_000,
        Unit::Nanosecond => 1_000_000_000,
    };
    let counts = texts.iter().zip(odd).map(|(text, odd)| {
        let ms = text.unwrap().parse::<crate::time::Timestamp>().unwrap().millis();
        odd.map(|odd| if (-5..=5).contains(&odd) { ms / 1_000 * of_second + odd } else { odd })
    });
    let zone = zone.then_some("Europe/Paris");
    match unit {
        Unit::Text | Unit::Second => Arc::new(counts.collect::<TimestampSecondArray>().with_timezone_opt(zone)),
        Unit::Millisecond => Arc::new(counts.collect::<TimestampMillisecondArray>().with_timezone_opt(zone)),
        Unit::Microsecond => Arc::new(counts.collect::<TimestampMicrosecondArray>().with_timezone_opt(zone)),
        Unit::Nanosecond => Arc::new(counts.collect::<TimestampNanosecondArray>().with_timezone_opt(zone)),
    }
}

/// Costs or quantities as they may be stored.
#[derive(Clone, Debug)]
enum Numbers {
    Doubles,
    Decimals(i8),
    Texts,
}

fn numbers(doubles: &[Option<f64>], numbers: &Numbers) -> ArrayRef {
    match numbers {
        Numbers::Doubles => Arc::new(doubles.iter().copied().collect::<Float64Array>()),
        Numbers::Texts => {
            Arc::new(doubles.iter().map(|value| value.map(|value| value.to_string())).collect::<StringArray>())
        }
        Numbers::Decimals(scale) => {
            let decimals = doubles.iter().map(|value| value.map(|value| i128::from(value.to_bits() >> 40) - 4_190_000));
            let array = decimals.collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(38, *scale).unwrap())
        }
    }
}

fn kind() -> impl Strategy<Value = Numbers> {
    prop_oneof![3 => Just(Numbers::Doubles), 1 => (0i8..=38).prop_map(Numbers::Decimals), 1 => Just(Numbers::Texts)]
}

type Row = (u32, &'static str, &'static str, &'static str);

fn row() -> impl Strategy<Value = Row> {
    let resource = prop::sample::select(vec!["i-1", "i-2", "vol-1", "", "é", "\"new\nline\""]);
    let description = prop::sample::select(vec!["\"$0.1 per hour, Linux\"", "\"$0.1 per hour, Linux\"", "Credit", ""]);
    let tag = prop::sample::select(vec!["a", "b", "\"b,c\"", ""]);
    (0u32..3, resource, description, tag)
}

/// Rows with how their numbers and times are stored.
fn batch() -> impl Strategy<Value = RecordBatch> {
    let unit = prop::sample::select(vec![
        Unit::Text,
        Unit::Second,
        Unit::Millisecond,
        Unit::Millisecond,
        Unit::Microsecond,
        Unit::Nanosecond,
    ]);
    let odd = prop_oneof![
        60 => Just(Some(0i64)),
        2 => (-5i64..=5).prop_map(Some),
        1 => prop::sample::select(vec![None, Some(-1_000), Some(i64::MAX), Some(i64::MIN), Some(253_402_300_800)]),
    ];
    let rows = prop::collection::vec((row(), double(), double(), odd), 1..120);
    (rows, unit, any::<bool>(), kind(), kind()).prop_map(|(rows, unit, zone, costs, quantities)| {
        let lines: Vec<String> = rows
            .iter()
            .map(|((hour, resource, description, tag), ..)| {
                usage(*hour, "0", resource, tag).replace("\"$0.1 per hour, Linux\"", description)
            })
            .collect();
        let mut batch = batch_of(&csv(&lines));
        let doubles: Vec<Option<f64>> = rows.iter().map(|row| row.1).collect();
        batch = with_column(&batch, "UnBlendedCost", numbers(&doubles, &costs));
        let doubles: Vec<Option<f64>> = rows.iter().map(|row| row.2).collect();
        batch = with_column(&batch, "UsageQuantity", numbers(&doubles, &quantities));
        let odd: Vec<Option<i64>> = rows.iter().map(|row| row.3).collect();
        for column in ["UsageStartDate", "UsageEndDate"] {
            let texts = batch.column_by_name(column).unwrap().as_string::<i32>().clone();
            batch = with_column(&batch, column, times(&texts, unit, &odd, zone));
        }
        batch
    })
}

fn keep() -> impl Strategy<Value = KeepIntervals> {
    prop::sample::select(vec![
        KeepIntervals::None,
        KeepIntervals::All,
        KeepIntervals::Of(["i-1".to_owned()].into()),
        KeepIntervals::Of(std::collections::HashSet::new()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn columns_give_what_reading_row_by_row_gives(
        batch in batch(),
        cut in cut(),
        keep in keep(),
        max_bad_rows in prop::sample::select(vec![0u64, 1, 1_000, 1_000, 1_000]),
    ) {
        let (by_columns, as_text) = outcomes(&batch, &cut, &options(keep, max_bad_rows));
        for outcome in by_columns {
            prop_assert_eq!(outcome, as_text.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn columns_give_every_basis_as_reading_row_by_row_gives_it(
        content in super::fast_path::bases::content(),
        options in super::fast_path::bases::options(),
        cut in cut(),
    ) {
        let (by_columns, as_text) = outcomes(&batch_of(&content), &cut, &options);
        for outcome in by_columns {
            prop_assert_eq!(outcome, as_text.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// What is known of rows goes from table to table, but only to such as are alike.
    #[test]
    fn tables_after_each_other_give_what_reading_them_row_by_row_gives(
        batch in batch(),
        cuts in prop::collection::vec(cut(), 3),
        keep in keep(),
    ) {
        let options = options(keep, 1_000);
        let width = batch.num_columns();
        let reversed = batch.project(&(0..width).rev().collect::<Vec<_>>()).unwrap();
        let half = batch.num_rows() / 2;
        let tables = [batch.slice(0, half), batch.slice(half, batch.num_rows() - half), reversed];
        let files: Vec<_> = tables.iter().zip(&cuts).map(|(table, cut)| written(table, cut)).collect();
        let parts = || files.iter().map(|file| ParquetPart::whole(file.try_clone().unwrap(), 0).unwrap());
        let as_text = by_one(parts().map(|part| Box::new(AsText(part)) as Box<dyn Batches>).collect(), &options);
        let by_columns = by_one(parts().map(|part| Box::new(part) as Box<dyn Batches>).collect(), &options);
        prop_assert_eq!(by_columns, as_text);
    }
}

/// More rows than are read at once, with more distinct texts than are numbered, and such as come again.
#[test]
fn batches_of_one_row_group_and_of_many_texts_give_what_text_gives() {
    let rows: Vec<String> = (0..10_000)
        .map(|at| {
            let long = "x".repeat(if at % 3 == 0 { 2_000 } else { 1 });
            usage(at / 500, "0.25", &format!("r-{long}-{}", at % 9_000), if at % 2 == 0 { "a" } else { "" })
        })
        .collect();
    let batch = batch_of(&csv(&rows));
    for (row_group, dictionary) in [(10_000, 1 << 30), (6_000, 1 << 20), (10_000, 0)] {
        let cut = cut_at(row_group, 5_000, dictionary);
        let (by_columns, as_text) = outcomes(&batch, &cut, &options(KeepIntervals::None, 0));
        assert!(as_text.is_ok());
        for outcome in by_columns {
            assert!(outcome == as_text, "{row_group} {dictionary}");
        }
    }
}

#[test]
fn columns_that_are_maps_give_what_their_texts_give() {
    let names = "identity_line_item_id,bill_payer_account_id,bill_billing_period_start_date,line_item_usage_account_id,\
        line_item_line_item_type,line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,\
        line_item_usage_type,line_item_usage_amount,line_item_unblended_cost,line_item_currency_code,product,resource_tags";
    let line = |at: usize| {
        format!(
            "{at},1,2016-06-01T00:00:00Z,2,Usage,2016-06-01T00:00:00Z,2016-06-01T01:00:00Z,AmazonEC2,BoxUsage,1,0.{at}1,USD,,"
        )
    };
    let lines: Vec<String> = (0..200).map(line).collect();
    let mut batch = batch_of(&format!("{names}\n{}\n", lines.join("\n")));
    for (column, keys) in [("product", ["product_name", "region"]), ("resource_tags", ["user_team", "user_x"])] {
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for at in 0..200 {
            for (entry, key) in keys.iter().enumerate().filter(|(entry, _)| at % 7 > entry * 3) {
                maps.keys().append_value(key);
                maps.values().append_option((at % 5 > 0).then(|| format!("{entry}-{}", at % 3)));
            }
            maps.append(at % 11 > 0).unwrap();
        }
        batch = with_column(&batch, column, Arc::new(maps.finish()));
    }
    assert_eq!(batch.column_by_name("product").unwrap().len(), 200);
    let cut = cut_at(70, 20, 1 << 20);
    let (by_columns, as_text) = outcomes(&batch, &cut, &options(KeepIntervals::None, 0));
    assert!(as_text.as_ref().unwrap().charges() > 5);
    for outcome in by_columns {
        assert_eq!(outcome, as_text);
    }
}
