//! Record batches and Arrow IPC: the same bill as its CSV.

use std::fs;
use std::io::Cursor;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator, StringArray};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{ArrowError, Field, Schema};

use super::{billed, brief, csv, read, usage};
use crate::bill::Bill;
use crate::error::{Error, ErrorCode, Result};
use crate::read::{Input, Progress, ScanOptions, find_tag_keys, scan};

/// A CSV as a batch of texts; empty fields are null.
pub(super) fn batch_of(text: &str) -> RecordBatch {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(std::result::Result::unwrap).collect();
    let column = |at: usize| {
        let values = rows.iter().map(|row| Some(&row[at]).filter(|value| !value.is_empty()));
        Arc::new(values.collect::<StringArray>()) as ArrayRef
    };
    let columns = names.iter().enumerate().map(|(at, name)| (name, column(at), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The batch with another column instead of one.
pub(super) fn with_column(batch: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let at = batch.schema_ref().index_of(name).unwrap();
    let mut fields: Vec<_> = batch.schema_ref().fields().iter().cloned().collect();
    fields[at] = Arc::new(Field::new(name, array.data_type().clone(), true));
    let mut columns = batch.columns().to_vec();
    columns[at] = array;
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

pub(super) fn many_rows() -> String {
    csv(&(0..700).map(|hour| usage(hour, "0.1", &format!("i-{hour}"), "core")).collect::<Vec<_>>())
}

fn input(batches: Vec<RecordBatch>) -> Input {
    let schema = batches[0].schema();
    Input::batches("table", RecordBatchIterator::new(batches.into_iter().map(Ok), schema))
}

fn scanned(inputs: Vec<Input>) -> Result<Bill> {
    let options = ScanOptions { threads: 2, ..ScanOptions::default() };
    scan(inputs, &options, &Progress::new())
}

/// The bytes as a file and as a stream, on one thread and with reading ahead.
fn read_bytes(bytes: &[u8]) -> Result<Bill> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill");
    fs::write(&path, bytes).unwrap();
    let mut results = Vec::new();
    for threads in [1, 2] {
        let options = ScanOptions { threads, ..ScanOptions::default() };
        let progress = Progress::new();
        results.push(scan(vec![Input::path(&path)], &options, &progress));
        if results.iter().all(Result::is_ok) {
            assert_eq!(progress.bytes_done(), u64::try_from(bytes.len()).unwrap());
        }
        results.push(scan(vec![Input::stream("bill", Cursor::new(bytes.to_vec()))], &options, &Progress::new()));
    }
    let outcome = |result: &Result<Bill>| match result {
        Ok(bill) => (bill.digest().unwrap().to_string(), bill.inputs().clone()),
        Err(error) => (error.code().to_string(), std::collections::BTreeSet::new()),
    };
    assert!(results.iter().all(|result| outcome(result) == outcome(&results[0])), "{results:?}");
    results.swap_remove(1)
}

#[test]
fn batches_are_the_same_bill_as_their_csv_however_they_are_cut() {
    let text = many_rows();
    let all = batch_of(&text);
    let bill = scanned(vec![input(vec![all.clone()])]).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows()), ("70", 700));
    assert_eq!(bill.digest().unwrap(), read(&text).unwrap().digest().unwrap());
    let cut = (0..700).step_by(9).map(|start| all.slice(start, 9.min(700 - start))).collect();
    let cut = scanned(vec![input(cut)]).unwrap();
    assert_eq!(cut.digest().unwrap(), bill.digest().unwrap());
    assert_eq!(cut.inputs(), bill.inputs());
}

#[test]
fn the_same_cells_twice_are_a_duplicate() {
    let all = batch_of(&many_rows());
    let halves = vec![all.slice(0, 350), all.slice(350, 350)];
    let error = scanned(vec![input(vec![all.clone()]), input(halves)]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadDuplicate);
    assert_eq!(scanned(vec![input(vec![all.slice(0, 350)]), input(vec![all.slice(350, 350)])]).unwrap().rows(), 700);
}

#[test]
fn a_malformed_row_of_batches_is_named_by_its_data_row() {
    let rows = [usage(0, "1", "", ""), usage(1, "x", "", ""), usage(2, "1", "", "")];
    let all = batch_of(&csv(&rows));
    let cut = || (0..3).map(|row| all.slice(row, 1)).collect();
    let error = scanned(vec![input(cut())]).unwrap_err();
    assert_eq!(brief(&error), "parse.bad_decimal at table, row 2, column `UnBlendedCost`");
    let options = ScanOptions { max_bad_rows: 1, ..ScanOptions::default() };
    let bill = scan(vec![input(cut())], &options, &Progress::new()).unwrap();
    assert_eq!((billed(&bill).as_str(), bill.rows()), ("2", 2));
}

#[test]
fn a_failure_of_a_library_that_gives_batches_is_one_of_the_source() {
    let all = batch_of(&csv(&[usage(0, "1", "", "")]));
    let failing = |error: ArrowError| {
        let batches = vec![Ok(all.clone()), Err(error)];
        Input::batches("table", RecordBatchIterator::new(batches, all.schema()))
    };
    let error = scanned(vec![failing(ArrowError::CDataInterface("gone".into()))]).unwrap_err();
    assert_eq!(brief(&error), "read.io at table");
    let ours = Error::new(ErrorCode::ReadTruncated, "cut short");
    let error = scanned(vec![failing(ArrowError::ExternalError(Box::new(ours)))]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReadTruncated);
}

#[test]
fn batches_without_a_known_header_are_no_bill() {
    let column: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let batch = RecordBatch::try_from_iter([("unknown", column)]).unwrap();
    assert_eq!(brief(&scanned(vec![input(vec![batch])]).unwrap_err()), "read.unknown_dialect at table");
}

#[test]
fn batches_without_rows_are_no_duplicates() {
    let none = batch_of(&csv(&[usage(0, "1", "", "")])).slice(0, 0);
    let all = batch_of(&many_rows());
    let bill = scanned(vec![input(vec![none.clone()]), input(vec![none]), input(vec![all])]).unwrap();
    assert_eq!((bill.rows(), bill.inputs().len()), (700, 1));
}

#[test]
fn tag_keys_of_batches_are_found_without_reading_rows() {
    let keys = find_tag_keys(vec![input(vec![batch_of(&many_rows())])], None).unwrap();
    assert_eq!(keys, ["aws:createdBy", "team"]);
}

fn stream_of(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn file_of(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn two_batches() -> Vec<RecordBatch> {
    let all = batch_of(&many_rows());
    let team: arrow_array::DictionaryArray<arrow_array::types::Int32Type> =
        all.column_by_name("user:team").unwrap().as_string::<i32>().iter().collect();
    let all = with_column(&all, "user:team", Arc::new(team));
    vec![all.slice(0, 300), all.slice(300, 400)]
}

#[test]
fn ipc_streams_and_files_are_told_by_their_first_bytes() {
    for bytes in [stream_of(&two_batches()), file_of(&two_batches())] {
        let bill = read_bytes(&bytes).unwrap();
        assert_eq!((billed(&bill).as_str(), bill.rows()), ("70", 700));
        assert_eq!(bill.digest().unwrap(), read(many_rows()).unwrap().digest().unwrap());
    }
}

#[test]
fn ipc_cut_short_anywhere_is_truncated() {
    let batches = [batch_of(&csv(&[usage(0, "1", "", "")])), batch_of(&csv(&[usage(1, "1", "", "")]))];
    for bytes in [stream_of(&batches), file_of(&batches)] {
        for length in (8..bytes.len()).step_by(61).chain([bytes.len() - 8, bytes.len() - 4, bytes.len() - 1]) {
            let error = read_bytes(&bytes[..length]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ReadTruncated, "{length} of {}: {error:?}", bytes.len());
        }
    }
}

#[test]
fn ipc_that_is_damaged_or_followed_by_more_is_refused() {
    let bytes = stream_of(&[batch_of(&csv(&[usage(0, "1", "", "")]))]);
    let twice = [bytes.clone(), bytes.clone()].concat();
    assert_eq!(read_bytes(&twice).unwrap_err().code(), ErrorCode::ReadBadArchive);
    let mut damaged = bytes;
    damaged[12..40].fill(0xee);
    assert_eq!(read_bytes(&damaged).unwrap_err().code(), ErrorCode::ReadBadArchive);
}

/// Any byte may be damaged: then the result is an error or a bill, never a panic.
#[test]
fn no_damaged_byte_of_ipc_ends_the_program() {
    let rows = [usage(0, "1", "i-1", "a"), usage(1, "-0.5", "", "b")];
    for bytes in [stream_of(&[batch_of(&csv(&rows))]), file_of(&[batch_of(&csv(&rows))])] {
        for at in (0..bytes.len()).step_by(23) {
            let mut damaged = bytes.clone();
            damaged[at] ^= [0x01, 0x80, 0xff][at % 3];
            let _ = read_bytes(&damaged);
        }
    }
}
