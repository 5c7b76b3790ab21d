//! Parquet files: codecs, types, projection, parts, what is truncated and what is damaged.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Decimal128Array, Float64Array, RecordBatch, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::batches::{batch_of, many_rows, with_column};
use super::{billed, brief, csv, found, read, usage};
use crate::bill::Bill;
use crate::diagnostic::DiagnosticCode;
use crate::error::{ErrorCode, Result};
use crate::money::Amount;
use crate::read::columnar::Batches;
use crate::read::progress::Watch;
use crate::read::source::archive::parquet_parts;
use crate::read::table::cells::Cells;
use crate::read::{Input, Progress, ScanOptions, find_inputs, find_tag_keys, scan};

/// Row groups of at most 256 rows.
fn parquet_with(batch: &RecordBatch, how: impl FnOnce(WriterPropertiesBuilder) -> WriterPropertiesBuilder) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(256));
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(how(properties).build())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

pub(super) fn parquet(batch: &RecordBatch) -> Vec<u8> {
    parquet_with(batch, |properties| properties)
}

/// The bytes as a file and as a stream, on one thread, in parts and with reading ahead: one result.
fn read_bytes(bytes: &[u8], options: &ScanOptions) -> Result<Bill> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.parquet");
    fs::write(&path, bytes).unwrap();
    let mut results = Vec::new();
    for threads in [1, 2, 8] {
        let options = ScanOptions { threads, ..options.clone() };
        let progress = Progress::new();
        results.push(scan(vec![Input::path(&path)], &options, &progress));
        if let Some(Ok(bill)) = results.last() {
            assert_eq!(progress.bytes_done(), u64::try_from(bytes.len()).unwrap());
            assert_eq!(progress.bytes_total(), progress.bytes_done());
            assert_eq!(progress.rows(), bill.rows() + options.max_bad_rows);
        }
        let progress = Progress::new();
        results.push(scan(vec![Input::stream("bill.parquet", Cursor::new(bytes.to_vec()))], &options, &progress));
        if results.last().is_some_and(Result::is_ok) {
            assert_eq!(progress.bytes_done(), u64::try_from(bytes.len()).unwrap());
        }
    }
    let outcome = |result: &Result<Bill>| match result {
        Ok(bill) => (bill.digest().unwrap().to_string(), format!("{:?} {}", bill.inputs(), bill.rows())),
        Err(error) => {
            let place = error.location().map(|at| (at.row, at.column.clone()));
            (error.code().to_string(), format!("{place:?}"))
        }
    };
    assert!(results.iter().all(|result| outcome(result) == outcome(&results[0])), "{results:?}");
    results.swap_remove(1)
}

fn read_whole(bytes: &[u8]) -> Result<Bill> {
    read_bytes(bytes, &ScanOptions::default())
}

#[test]
fn every_codec_gives_the_same_bill_as_the_csv() {
    let text = many_rows();
    let (batch, wanted) = (batch_of(&text), read(&text).unwrap().digest().unwrap());
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(parquet::basic::GzipLevel::default());
    for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip, zstd] {
        for has_dictionaries in [true, false] {
            let how = |properties: WriterPropertiesBuilder| {
                properties.set_compression(codec).set_dictionary_enabled(has_dictionaries)
            };
            let bill = read_whole(&parquet_with(&batch, how)).unwrap();
            assert_eq!((billed(&bill).as_str(), bill.rows(), bill.inputs().len()), ("70", 700, 1), "{codec}");
            assert_eq!(bill.digest().unwrap(), wanted, "{codec}");
        }
    }
}

/// The rows with costs and times in the types AWS uses.
fn typed(costs: ArrayRef) -> RecordBatch {
    let rows: Vec<String> = (0..700).map(|hour| usage(hour, "0", "", "")).collect();
    let mut batch = batch_of(&csv(&rows));
    for column in ["UsageStartDate", "UsageEndDate"] {
        let texts = batch.column_by_name(column).unwrap().as_string::<i32>();
        let times = texts.iter().map(|time| time.map(|time| time.parse::<crate::time::Timestamp>().unwrap().millis()));
        let times = times.collect::<TimestampMillisecondArray>();
        batch = with_column(&batch, column, Arc::new(times));
    }
    with_column(&batch, "UnBlendedCost", costs)
}

#[test]
fn doubles_are_summed_as_their_shortest_decimals_and_reported_once() {
    let doubles = Arc::new(Float64Array::from(vec![0.1; 700]));
    let bill = read_whole(&parquet(&typed(doubles))).unwrap();
    assert_eq!(billed(&bill), "70");
    let sources = found(&bill, DiagnosticCode::ParseDoubleSource);
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].count, 700);
}

#[test]
fn decimals_are_exact_and_no_doubles() {
    let decimals = Decimal128Array::from(vec![1; 700]).with_precision_and_scale(38, 18).unwrap();
    let bill = read_whole(&parquet(&typed(Arc::new(decimals)))).unwrap();
    assert_eq!(billed(&bill), "0.0000000000000007");
    assert_eq!(found(&bill, DiagnosticCode::ParseDoubleSource), []);
}

#[test]
fn what_is_no_number_is_an_error_at_its_row_and_column() {
    let mut costs = vec![0.5; 700];
    costs[299] = f64::NAN;
    costs[600] = f64::INFINITY;
    let bytes = parquet(&typed(Arc::new(Float64Array::from(costs))));
    let error = read_whole(&bytes).unwrap_err();
    assert_eq!(brief(&error), "parse.bad_decimal at bill.parquet, row 300, column `UnBlendedCost`");
    let bill = read_bytes(&bytes, &ScanOptions { max_bad_rows: 2, ..ScanOptions::default() }).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows()), ("349", 698));
}

#[test]
fn a_column_of_a_type_that_is_not_read_is_an_error_naming_it() {
    let times = Arc::new(arrow_array::Time32MillisecondArray::from(vec![1; 700]));
    let error = read_whole(&parquet(&typed(times))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadBadColumnType);
    assert!(brief(&error).contains("column `UnBlendedCost`"), "{}", brief(&error));
}

#[test]
fn only_wanted_columns_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.parquet");
    let mut bytes = parquet_with(&batch_of(&many_rows()), |properties| properties.set_dictionary_enabled(false));
    // A column that nobody reads may be damaged, in all pages before the footer.
    let footer = u32::from_le_bytes(*bytes[..bytes.len() - 4].last_chunk().unwrap());
    for at in 0..bytes.len() - 8 - usize::try_from(footer).unwrap() {
        if bytes[at..].starts_with(b"25470304986286315974946822") {
            bytes[at - 4] = 0xff;
        }
    }
    fs::write(&path, &bytes).unwrap();
    let names = |part: &crate::read::columnar::parquet::ParquetPart, wanted: &[&str]| -> Vec<usize> {
        wanted.iter().map(|name| part.schema().index_of(name).unwrap()).collect()
    };
    let progress = Progress::new();
    let mut rows = 0;
    for mut part in parquet_parts(&path).unwrap().unwrap() {
        let wanted = names(&part, &["ProductName", "UnBlendedCost"]);
        for batch in part.read(&wanted, Watch::alone(&progress)).unwrap() {
            let batch = batch.unwrap();
            let cells = batch.row(0);
            assert_eq!((cells.get(wanted[1]), cells.get(0)), ("0.1", ""));
            assert_eq!(batch.location(0).row, Some(rows + 1));
            rows += u64::try_from(batch.rows()).unwrap();
        }
        let record_id = names(&part, &["RecordId"]);
        assert!(part.read(&record_id, Watch::alone(&progress)).unwrap().any(|batch| batch.is_err()));
    }
    assert_eq!(rows, 700);
}

#[test]
fn parquet_cut_short_anywhere_is_truncated() {
    let bytes = parquet(&batch_of(&csv(&[usage(0, "1", "", "")])));
    for length in (4..bytes.len()).step_by(97).chain([bytes.len() - 4, bytes.len() - 1]) {
        let error = read_whole(&bytes[..length]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadTruncated, "{length}: {error:?}");
        assert!(brief(&error).contains("bill.parquet"));
    }
}

#[test]
fn a_damaged_footer_or_page_is_a_bad_archive() {
    let how = |properties: WriterPropertiesBuilder| {
        properties.set_dictionary_enabled(false).set_compression(Compression::SNAPPY)
    };
    let bytes = parquet_with(&batch_of(&many_rows()), how);
    let length = bytes.len();
    let mut footer = bytes.clone();
    footer[length - 300..length - 8].fill(0xee);
    let mut size = bytes.clone();
    size[length - 8..length - 4].fill(0xff);
    let mut page = bytes;
    page[4..200].fill(0xff);
    for (name, bytes) in [("footer", footer), ("size", size), ("page", page)] {
        let error = read_whole(&bytes).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadBadArchive, "{name}: {error:?}");
    }
}

/// Any byte may be damaged: then the result is an error or a bill, never a panic, whatever the number of threads.
#[test]
fn no_damaged_byte_ends_the_program() {
    let bytes = parquet(&batch_of(&csv(&[usage(0, "1", "a", ""), usage(1, "1", "b", "core")])));
    for at in (4..bytes.len()).step_by(3) {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let input = Input::stream("bill.parquet", Cursor::new(damaged));
            let _ = scan(vec![input], &ScanOptions { threads: 1, ..ScanOptions::default() }, &Progress::new());
        }
    }
}

#[test]
fn the_same_file_twice_is_a_duplicate_and_row_groups_are_not() {
    let bytes = parquet(&batch_of(&many_rows()));
    let input = |name: &str| Input::stream(name, Cursor::new(bytes.clone()));
    let error = scan(vec![input("a"), input("b")], &ScanOptions::default(), &Progress::new()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadDuplicate);
    let bill = read_whole(&bytes).unwrap();
    let digest = bill.inputs().first().unwrap();
    assert_eq!(digest.bytes, u64::try_from(bytes.len()).unwrap());
}

#[test]
fn a_file_without_rows_is_read_and_no_duplicate() {
    let none = parquet(&batch_of(&many_rows()).slice(0, 0));
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.parquet", "b.parquet"] {
        fs::write(folder.path().join(name), &none).unwrap();
    }
    fs::write(folder.path().join("c.csv"), many_rows()).unwrap();
    let inputs = find_inputs(&[folder.path().display().to_string()]).unwrap();
    assert_eq!(inputs.len(), 3);
    let bill = scan(inputs, &ScanOptions::default(), &Progress::new()).unwrap();
    assert_eq!((bill.rows(), bill.inputs().len()), (700, 1));
}

#[test]
fn tag_keys_are_in_the_footer() {
    let input = Input::stream("bill.parquet", Cursor::new(parquet(&batch_of(&many_rows()))));
    assert_eq!(find_tag_keys(vec![input], None).unwrap(), ["aws:createdBy", "team"]);
}

#[test]
fn a_cancelled_scan_stops() {
    let input = Input::stream("bill.parquet", Cursor::new(parquet(&batch_of(&many_rows()))));
    let progress = Progress::new();
    progress.cancel();
    let error = scan(vec![input], &ScanOptions::default(), &progress).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadCancelled);
}

/// A real report, of which first only two columns are asked for.
#[test]
fn a_published_sample_has_its_known_sum() {
    let Ok(folder) = std::env::var("UNBLENDED_SAMPLES") else {
        println!("skipped: UNBLENDED_SAMPLES does not name the folder of sample bills");
        return;
    };
    let path = Path::new(&folder).join("cur/workshop-cur-2018-10.snappy.parquet");
    let progress = Progress::new();
    let (mut sum, mut rows) = (Amount::ZERO, 0);
    for mut part in parquet_parts(&path).unwrap().unwrap() {
        let at = |name| part.schema().index_of(name).unwrap();
        let wanted = [at("line_item_usage_start_date"), at("line_item_unblended_cost")];
        for batch in part.read(&wanted, Watch::alone(&progress)).unwrap() {
            let batch = batch.unwrap();
            for row in 0..batch.rows() {
                let cells = batch.row(row);
                assert!(cells.get(wanted[0]).starts_with("2018-"), "{}", cells.get(wanted[0]));
                sum = sum.checked_add(Amount::parse(cells.get(wanted[1])).unwrap().amount).unwrap();
                rows += 1;
            }
        }
    }
    assert_eq!(sum.to_string(), "4064.4831315379");
    assert!(rows > 1_000);
    for threads in [1, 4] {
        let options = ScanOptions { threads, ..ScanOptions::default() };
        let bill = scan(vec![Input::path(&path)], &options, &progress).unwrap();
        assert_eq!((billed(&bill).as_str(), bill.rows()), ("4064.4831315379", rows));
        assert_eq!(bill.period(), "2018-10".parse().ok());
    }
}
