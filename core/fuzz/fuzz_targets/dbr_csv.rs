//! Any bytes are a bill or an error, with a real header and without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{ScanOptions, scan_reader};

const HEADER: &[u8] = b"InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,UsageType,Operation,\
AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,UnBlendedCost,ResourceId,\
user:product_area\n";

fuzz_target!(|bytes: &[u8]| {
    let _ = scan_reader("bill.csv", bytes, &ScanOptions::default());
    let mut rows = HEADER.to_vec();
    rows.extend_from_slice(bytes);
    let _ = scan_reader("bill.csv", rows.as_slice(), &ScanOptions::default());
});
