//! Any bytes are a bill or an error, with a real header and without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{ScanOptions, scan_reader};

const HEADERS: [&[u8]; 3] = [
    b"InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,UsageType,Operation,\
AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,UnBlendedCost,ResourceId,\
user:product_area\n",
    b"bill_invoice_id,bill_billing_period_start_date,line_item_line_item_type,line_item_product_code,\
line_item_usage_start_date,line_item_usage_end_date,line_item_currency_code,line_item_unblended_cost,product,\
resource_tags\n",
    b"BilledCost,BillingCurrency,BillingPeriodStart,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,InvoiceId,\
ServiceName,Tags\n",
];

fuzz_target!(|bytes: &[u8]| {
    let _ = scan_reader("bill.csv", bytes, &ScanOptions::default());
    for header in HEADERS {
        let mut rows = header.to_vec();
        rows.extend_from_slice(bytes);
        let _ = scan_reader("bill.csv", rows.as_slice(), &ScanOptions::default());
    }
});
