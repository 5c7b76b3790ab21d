//! The fuzz targets of bills as CSV, manifests, evidence, service maps and policies, run for a moment.

use proptest::prelude::*;
use unblended::{Encoding, EvidenceBuilder, EvidenceOptions, Policy, ScanOptions, Timestamp, find_inputs, scan_reader};

const HEADERS: [&str; 3] = [
    "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,UsageType,Operation,\
     AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,UnBlendedCost,\
     ResourceId,user:product_area\n",
    "bill_invoice_id,bill_billing_period_start_date,line_item_line_item_type,line_item_product_code,\
     line_item_usage_start_date,line_item_usage_end_date,line_item_currency_code,line_item_unblended_cost,product,\
     resource_tags\n",
    "BilledCost,BillingCurrency,BillingPeriodStart,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,InvoiceId,\
     ServiceName,Tags\n",
];

const FOCUS_ROW: &str = "1.5,USD,2026-09-01T00:00:00Z,Usage,2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,42,Amazon EC2,\
    \"{\"\"product_area\"\": \"\"a\"\", \"\"n\"\": 1.10}\"\n";

const EVENT: &str = r#"{"detail-type": "ECS Task State Change", "time": "2016-06-02T00:00:00Z", "detail": {"taskArn":
    "arn:aws:ecs:us-west-2:1:task/t", "clusterArn": "c", "group": "service:s", "cpu": "1", "version": 3,
    "lastStatus": "STOPPED", "startedAt": "2016-06-02T00:00:00Z", "stoppedAt": "2016-06-02T01:00:00Z"}}"#;

const POLICY: &str = "basis = \"unblended\"\n[areas]\ntag_keys = [\"a\"]\n[[rules]]\nid = \"r\"\n\
    match = { product = \"*\" }\nsplit = { a = \"0.5\", b = \"0.5\" }\n[containers]\nweights = { cpu = 9, memory = 1 }\n";

const MANIFEST: &str = r#"{"assemblyId": "a", "account": "1", "billingPeriod": {"start": "20160601T000000.000Z"},
    "reportKeys": ["p/r/20160601-20160701/a/r-1.csv", {"s3Uri": "s3://b/year=2016/month=6/r-2.csv", "size": 0}]}"#;

/// A text with one place overwritten by any others.
fn damaged(whole: &'static str) -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0usize..4, ".{0,4}").prop_map(move |(at, length, with)| {
        let letters: Vec<char> = whole.chars().collect();
        let at = at.index(letters.len());
        letters.iter().take(at).copied().chain(with.chars()).chain(letters.iter().skip(at + length).copied()).collect()
    })
}

fn asking() -> ScanOptions {
    let mut options = ScanOptions { default_tag_keys: true, ..ScanOptions::default() };
    options.bill.tag_keys = vec!["product_area".to_owned()];
    options
}

fn read_events(bytes: &[u8]) {
    let mut builder = EvidenceBuilder::new();
    if builder.add("events.jsonl", bytes).is_ok() {
        let as_of = Timestamp::from_millis(1_500_000_000_000);
        let _ = builder.finish(&EvidenceOptions { default_cpu: 128, as_of });
    }
}

fn read_map(bytes: &[u8]) {
    for name in ["services.json", "services.csv", "services.toml"] {
        for encoding in [Encoding::Auto, Encoding::Plain, Encoding::Base64] {
            let _ = EvidenceBuilder::new().add_services(name, bytes, encoding);
        }
    }
}

/// What is found lies in the folder: no key leads out of it.
fn read_manifest(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["r-1.csv", "r-2.csv"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let manifest = folder.path().join("r-Manifest.json");
    std::fs::write(&manifest, bytes).unwrap();
    for path in [manifest.as_path(), folder.path()] {
        for input in find_inputs(&[path.display().to_string()]).unwrap_or_default() {
            assert!(std::path::Path::new(input.name()).starts_with(folder.path()), "{}", input.name());
        }
    }
}

#[test]
fn the_manifest_that_is_damaged_below_is_found_whole() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("r-Manifest.json");
    std::fs::write(&manifest, MANIFEST).unwrap();
    std::fs::write(folder.path().join("r-1.csv"), "").unwrap();
    std::fs::write(folder.path().join("r-2.csv"), "").unwrap();
    assert_eq!(find_inputs(&[manifest.display().to_string()]).unwrap().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn any_bytes_are_a_bill_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = scan_reader("bill.csv", bytes.as_slice(), &ScanOptions::default());
        for header in HEADERS {
            let rows = [header.as_bytes(), bytes.as_slice()].concat();
            let _ = scan_reader("bill.csv", rows.as_slice(), &asking());
        }
    }

    #[test]
    fn any_row_like_text_is_a_bill_or_an_error(text in r#"(["0-9a-z:,. -]{0,80}\r?\n){0,4}"#) {
        for header in HEADERS {
            let rows = format!("{header}{text}");
            let _ = scan_reader("bill.csv", rows.as_bytes(), &asking());
        }
    }

    #[test]
    fn damaged_rows_with_maps_are_a_bill_or_an_error(row in damaged(FOCUS_ROW)) {
        let rows = format!("{}{row}", HEADERS[2]);
        let _ = scan_reader("bill.csv", rows.as_bytes(), &asking());
    }

    #[test]
    fn any_bytes_are_events_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_events(&bytes);
        read_map(&bytes);
    }

    #[test]
    fn damaged_events_are_events_or_an_error(text in damaged(EVENT)) {
        read_events(text.as_bytes());
    }

    #[test]
    fn any_map_like_text_is_a_map_or_an_error(text in r#"[\[\]{}"=:,a-z0-9\n -]{0,80}"#) {
        read_map(text.as_bytes());
    }

    #[test]
    fn damaged_policies_are_policies_or_an_error(text in damaged(POLICY)) {
        let _ = Policy::from_toml(&text);
    }

    #[test]
    fn damaged_manifests_are_manifests_or_an_error(text in damaged(MANIFEST)) {
        read_manifest(text.as_bytes());
    }

    #[test]
    fn any_keys_are_found_below_the_manifest_or_an_error(key in r"[a-c./\\: ]{0,12}r-[12].csv") {
        read_manifest(format!("{{\"dataFiles\": [{key:?}]}}").as_bytes());
    }
}
