//! Any rows, repeated until the file is large, are the same bill or error for threads that read chunks as for a stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{Bill, Error, Progress, ScanOptions, find_inputs, scan, scan_reader};

const HEADER: &[u8] = b"InvoiceID,RecordType,ProductName,UsageStartDate,UsageEndDate,UsageQuantity,Cost,user:a\n";
const ROW: &[u8] = b"1,LineItem,S3,2016-06-01 00:00:00,2016-06-01 01:00:00,1,0.1,\"a\"\n";
/// Files of four chunks are read by several threads.
const LENGTH: usize = (4 << 20) + 1000;

fn said(bill: Result<Bill, Error>) -> Result<Vec<u8>, String> {
    let mut saved = Vec::new();
    bill.and_then(|bill| bill.save(&mut saved)).map_err(|error| format!("{error:?}"))?;
    Ok(saved)
}

fuzz_target!(|bytes: &[u8]| {
    // Usual rows first, so that what is odd stands anywhere in a chunk; the last byte says how many.
    let usual = bytes.last().map_or(0, |last| usize::from(*last));
    let mut content = HEADER.to_vec();
    while content.len() < LENGTH {
        content.extend_from_slice(&ROW.repeat(usual));
        content.extend_from_slice(bytes);
        content.push(b'\n');
    }
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("bill.csv").display().to_string();
    if std::fs::write(&path, &content).is_err() {
        return;
    }
    let Ok(inputs) = find_inputs(std::slice::from_ref(&path)) else { return };
    let options = ScanOptions { threads: 3, ..ScanOptions::default() };
    let in_chunks = said(scan(inputs, &options, &Progress::new()));
    assert_eq!(in_chunks, said(scan_reader(&path, content.as_slice(), &options)));
});
