//! Every dialect as its readers see it: headers, sums, kinds and sameness.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use tempfile::TempDir;

use super::*;
use crate::bill::{BillOptions, BridgeRow};
use crate::classify::{CostBasis, LineItemKind};
use crate::money::Currency;
use crate::read::{Progress, ScanOptions, find_inputs, scan};

pub(super) type Record = BTreeMap<String, String>;

/// Quick in a debug build: daily rows.
fn written(names: &[&str]) -> (TempDir, DemoFiles) {
    let dir = tempfile::tempdir().unwrap();
    let dialects = DemoDialect::named(names).unwrap();
    let options = DemoOptions { rows: 3_000, dialects, ..DemoOptions::new("2016-06".parse().unwrap()) };
    let files = demo(dir.path(), &options).unwrap();
    (dir, files)
}

pub(super) fn bill_of(files: &DemoFiles, name: &str) -> DemoBill {
    files.bills.iter().find(|bill| bill.dialect.as_str() == name).unwrap().clone()
}

fn csv_of(path: &Path) -> Vec<Record> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

fn json_of(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The rows of a bill; those of a manifest are in the files it names.
pub(super) fn records(dir: &TempDir, bill: &DemoBill) -> Vec<Record> {
    if bill.dialect != DemoDialect::Cur {
        return csv_of(&bill.path);
    }
    let manifest = json_of(&bill.path);
    let keys = manifest["reportKeys"].as_array().unwrap();
    keys.iter().flat_map(|key| csv_of(&dir.path().join(key.as_str().unwrap()))).collect()
}

pub(super) fn sum(rows: &[Record], column: &str) -> Amount {
    Amount::sum(rows.iter().map(|row| row[column].parse().unwrap())).unwrap()
}

fn count(rows: &[Record], column: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row[column].clone()).or_default() += 1;
    }
    counts
}

/// The one row of a kind.
pub(super) fn only<'r>(rows: &'r [Record], column: &str, value: &str) -> &'r Record {
    let found: Vec<&Record> = rows.iter().filter(|row| row[column] == value).collect();
    assert_eq!(found.len(), 1, "{column} {value}");
    found[0]
}

const CSV_DIALECTS: [(&str, &str); 4] = [
    ("cur", "lineItem/UnblendedCost"),
    ("cur2", "line_item_unblended_cost"),
    ("focus", "BilledCost"),
    ("focus-1.2", "BilledCost"),
];

#[test]
fn csv_dialects_sum_to_the_detailed_bill_without_its_rounding_rows() {
    let (dir, files) = written(&["dbr", "cur", "cur2", "focus", "focus-1.2"]);
    assert!(!files.rounding.is_zero());
    let line_items = files.total.checked_sub(files.rounding).unwrap();
    assert_eq!((files.bills[0].path.clone(), files.bills[0].total), (files.bill.clone(), files.total));
    for (name, column) in CSV_DIALECTS {
        let bill = bill_of(&files, name);
        let rows = records(&dir, &bill);
        assert_eq!((sum(&rows, column), bill.total), (line_items, line_items), "{name}");
        // FOCUS lists the unused part of the reservation beside the fee.
        let more = usize::from(name.starts_with("focus"));
        assert_eq!(rows.len(), usize::try_from(files.rows).unwrap() + more, "{name}");
    }
}

/// Names beside what each bill costs amortized, kind by kind.
fn amortized(files: &DemoFiles) -> Vec<(&'static str, Vec<BridgeRow>)> {
    let bill = BillOptions { basis: CostBasis::Amortized, ..BillOptions::default() };
    let options = ScanOptions { bill, ..ScanOptions::default() };
    let bridge = |name| {
        let inputs = find_inputs(&[bill_of(files, name).path.display().to_string()]).unwrap();
        scan(inputs, &options, &Progress::new()).unwrap().bridge(Currency::USD).unwrap()
    };
    CSV_DIALECTS.iter().map(|(name, _)| (*name, bridge(name))).collect()
}

#[test]
fn a_month_costs_the_same_amortized_in_every_dialect_that_says_it() {
    let (dir, files) = written(&["cur", "cur2", "focus", "focus-1.2"]);
    let (bridges, charged) = (amortized(&files), bill_of(&files, "cur").total);
    let sum_of = |bridge: &[BridgeRow]| Amount::sum(bridge.iter().map(|row| row.cost)).unwrap();
    let cost = sum_of(&bridges[0].1);
    assert_ne!(cost, charged);
    for (name, bridge) in &bridges {
        assert_eq!(sum_of(bridge), cost, "{name}");
        assert_eq!(Amount::sum(bridge.iter().map(|row| row.unblended)).unwrap(), charged, "{name}");
    }
    // Unblended = amortized + true-up + upfront fees, but for the parts of hours, which are rounded to 8 decimals.
    let rows = records(&dir, &bill_of(&files, "cur"));
    let trueup = &only(&rows, "lineItem/LineItemType", "RIFee")["reservation/AmortizedUpfrontFeeForBillingPeriod"];
    let upfront = only(&rows, "lineItem/LineItemType", "Fee")["lineItem/UnblendedCost"].parse().unwrap();
    let explained = cost.checked_sub(trueup.parse().unwrap()).unwrap().checked_add(upfront).unwrap();
    let covered = bridges[0].1.iter().find(|row| row.kind == LineItemKind::DiscountedUsage).unwrap().rows;
    let bound = i128::from(covered + 2) * 5 * 10i128.pow(9);
    let rounded_off = charged.checked_sub(explained).unwrap().units();
    assert!(rounded_off.abs() <= bound, "{rounded_off} of {bound}");
}

#[test]
fn a_detailed_bill_is_the_same_alone_or_beside_others() {
    let ((_one, alone), (_two, beside)) = (written(&["dbr"]), written(&["focus", "dbr", "dbr"]));
    assert_eq!(fs::read(&alone.bill).unwrap(), fs::read(&bill_of(&beside, "dbr").path).unwrap());
    assert_eq!(beside.bills.len(), 2, "each dialect once");
    assert!(beside.bill.ends_with("focus/demo/data/BILLING_PERIOD=2016-06/demo-00001.csv.gz"));
    assert_eq!((alone.total, alone.rounding), (beside.total, beside.rounding));
    let commitments = "[commitments]";
    assert!(!fs::read_to_string(&alone.policy).unwrap().contains(commitments));
    assert!(fs::read_to_string(&beside.policy).unwrap().contains(commitments));
}

#[test]
fn every_dialect_has_the_same_bytes_again() {
    let ((one_dir, one), (two_dir, two)) = (written(&["all"]), written(&["all"]));
    let mut compared = 0;
    let mut folders = vec![one_dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let other = two_dir.path().join(path.strip_prefix(one_dir.path()).unwrap());
            assert_eq!(fs::read(&path).unwrap(), fs::read(&other).unwrap(), "{}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 12, "{compared}");
    assert_eq!(one.bills.len(), two.bills.len());
}

#[test]
fn a_legacy_report_lies_in_files_that_two_equal_manifests_name() {
    let (dir, files) = written(&["cur"]);
    assert!(files.bill.ends_with("cur/demo/20160601-20160701/demo-Manifest.json"), "{}", files.bill.display());
    let manifest = json_of(&files.bill);
    let keys: Vec<&str> = manifest["reportKeys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(keys.len(), 3);
    let assembly = manifest["assemblyId"].as_str().unwrap();
    let first = dir.path().join(format!("cur/demo/20160601-20160701/{assembly}/demo-1.csv.gz"));
    assert_eq!(dir.path().join(keys[0]), first);
    assert_eq!(json_of(&first.with_file_name("demo-Manifest.json")), manifest);
    assert_eq!(manifest["billingPeriod"]["end"], "20160701T000000.000Z");
    assert_eq!(manifest["columns"][0], serde_json::json!({"category": "identity", "name": "LineItemId"}));
    let ids: BTreeSet<String> =
        records(&dir, &files.bills[0]).iter().map(|row| row["identity/LineItemId"].clone()).collect();
    assert_eq!(ids.len(), usize::try_from(files.rows).unwrap());
}

#[test]
fn a_legacy_report_names_line_item_types_and_the_reservation_behind_them() {
    let (dir, files) = written(&["cur"]);
    let rows = records(&dir, &files.bills[0]);
    let kinds = count(&rows, "lineItem/LineItemType");
    for (kind, lines) in [("Fee", 1), ("RIFee", 1), ("Tax", 3), ("Credit", 1), ("Refund", 1), ("DiscountedUsage", 28)] {
        assert_eq!(kinds[kind], lines, "{kind}");
    }
    let fee = only(&rows, "lineItem/LineItemType", "Fee");
    assert_eq!(fee["lineItem/UsageStartDate"], "2016-06-09T21:21:37Z");
    assert_eq!(fee["lineItem/UsageEndDate"], "2017-06-09T21:21:36Z");
    assert_eq!((fee["bill/InvoiceId"].as_str(), fee["bill/BillType"].as_str()), ("81230042", "Purchase"));
    let recurring = only(&rows, "lineItem/LineItemType", "RIFee");
    assert_eq!(recurring["lineItem/UsageEndDate"], "2016-06-30T23:59:59Z");
    assert_eq!(recurring["reservation/UnusedRecurringFee"], "1.2480000000");
    for row in &rows {
        let kind = row["lineItem/LineItemType"].as_str();
        let reserved = ["Fee", "RIFee", "DiscountedUsage"].contains(&kind);
        assert_eq!(row["reservation/ReservationARN"].contains(":reserved-instances/"), reserved, "{row:?}");
        if kind == "DiscountedUsage" {
            assert_eq!(row["lineItem/UnblendedCost"], "0.0000000000");
            let part = |column: &str| row[column].parse::<Amount>().unwrap();
            let parts = part("reservation/AmortizedUpfrontCostForUsage")
                .checked_add(part("reservation/RecurringFeeForUsage"))
                .unwrap();
            assert_eq!(part("reservation/EffectiveCost"), parts);
        }
    }
    assert_eq!(only(&rows, "lineItem/LineItemType", "Refund")["lineItem/UsageEndDate"], "2016-07-01T00:00:00Z");
    assert!(rows.iter().any(|row| row["resourceTags/user:product_area"] == "Integrations"));
    assert!(rows.iter().any(|row| row["lineItem/ResourceId"].starts_with("i-") && row["product/vcpu"] == "36"));
}

#[test]
fn cur_2_says_in_maps_what_the_legacy_report_says_in_columns() {
    let (dir, files) = written(&["cur", "cur2"]);
    let (legacy, cur2) = (records(&dir, &files.bills[0]), records(&dir, &files.bills[1]));
    for (old, new) in legacy.iter().zip(&cur2) {
        let map = |column: &str| -> Record { serde_json::from_str(&new[column]).unwrap() };
        let value = |map: &Record, key: &str| map.get(key).cloned().unwrap_or_default();
        let (tags, product) = (map("resource_tags"), map("product"));
        assert_eq!(value(&tags, "user_product_area"), old["resourceTags/user:product_area"]);
        assert_eq!(value(&tags, "user_name"), old["resourceTags/user:Name"]);
        assert_eq!(value(&tags, "aws_created_by"), old["resourceTags/aws:createdBy"]);
        assert_eq!(value(&product, "product_name"), old["product/ProductName"]);
        assert_eq!(value(&product, "vcpu"), old["product/vcpu"]);
        assert!(tags.values().chain(product.values()).all(|value| !value.is_empty()));
        assert_eq!(new["line_item_usage_account_id"], old["lineItem/UsageAccountId"]);
        assert_eq!(new["reservation_reservation_a_r_n"], old["reservation/ReservationARN"]);
    }
    assert!(cur2[0].keys().all(|name| !name.starts_with("resource_tags_") && name != "product_product_name"));
}

#[test]
fn focus_tells_cash_in_one_column_and_what_was_used_in_another() {
    let (dir, files) = written(&["focus", "focus-1.2"]);
    for bill in &files.bills {
        let rows = records(&dir, bill);
        let categories = count(&rows, "ChargeCategory");
        for (category, lines) in [("Purchase", 2), ("Tax", 3), ("Credit", 1), ("Adjustment", 1)] {
            assert_eq!(categories[category], lines, "{category}");
        }
        let upfront = rows.iter().find(|row| row["ChargeCategory"] == "Purchase").unwrap();
        assert_eq!([&upfront["ChargeFrequency"], &upfront["BilledCost"]], ["One-Time", "892.0000000000"]);
        assert_eq!(upfront["ChargePeriodEnd"], "2017-06-09T21:21:37Z", "exclusive");
        assert_eq!(upfront["EffectiveCost"], "0.0000000000");
        let unused = only(&rows, "CommitmentDiscountStatus", "Unused");
        assert_eq!([&unused["BilledCost"], &unused["PricingQuantity"]], ["0.0000000000", "48.0000000000"]);
        assert_eq!(unused["ConsumedQuantity"], "");
        // 28 days of 24 hours and 48 unused ones: the recurring fee, and the month's part of the upfront fee.
        let used = rows.iter().filter(|row| row["CommitmentDiscountStatus"] == "Used").cloned().collect::<Vec<_>>();
        assert_eq!(used.len(), 28);
        let effective = sum(&used, "EffectiveCost").checked_add(unused["EffectiveCost"].parse().unwrap()).unwrap();
        let difference = effective.checked_sub("92.03506849".parse().unwrap()).unwrap();
        assert!(difference.units().abs() < 10i128.pow(12), "{difference}: 29 roundings at 8 decimals");
        assert!(rows.iter().all(|row| row["SubAccountId"].len() == 12 && row["BillingCurrency"] == "USD"));
    }
}

#[test]
fn focus_versions_differ_in_invoices_usage_types_and_resource_ids() {
    let (dir, files) = written(&["focus", "focus-1.2"]);
    let (older, newer) = (records(&dir, &files.bills[0]), records(&dir, &files.bills[1]));
    assert!(!older[0].contains_key("InvoiceId") && !newer[0].contains_key("x_UsageType"));
    for (one, other) in older.iter().zip(&newer) {
        assert_eq!(one["x_UsageType"], other["SkuMeter"]);
        assert_eq!([&one["Tags"], &one["BilledCost"]], [&other["Tags"], &other["BilledCost"]]);
        assert!(other["InvoiceId"].parse::<u64>().is_ok());
        if one["ResourceType"] == "volume" {
            let arn = format!("arn:aws:ec2:us-west-2:{}:volume/{}", one["SubAccountId"], one["ResourceId"]);
            assert_eq!(other["ResourceId"], arn);
        }
    }
    assert!(older.iter().any(|row| row["Tags"].contains("\"aws:createdBy\":\"Root:111111111111\"")));
}

#[test]
fn the_readme_has_a_command_for_each_dialect_and_says_why_totals_differ() {
    let (_dir, files) = written(&["dbr", "cur", "focus"]);
    let text = fs::read_to_string(&files.readme).unwrap();
    for part in [
        "unblended rollup cur/demo/20160601-20160701/demo-Manifest.json --policy",
        "unblended rollup focus/demo/data/BILLING_PERIOD=2016-06/demo-00001.csv.gz --policy",
        &format!("Rounding rows, {} USD in all", files.rounding),
        &format!("The same as `focus`, {} USD:", files.bills[2].total),
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let arguments = files.rollup_arguments_of(&files.bills[1].path);
    assert_eq!(arguments[1], files.bills[1].path.display().to_string());
}

#[test]
fn a_dialect_that_does_not_exist_or_none_at_all_is_an_error() {
    assert_eq!(DemoDialect::named(["csv"]).unwrap_err().code(), ErrorCode::ConfigBadValue);
    let dir = tempfile::tempdir().unwrap();
    let none = DemoOptions { dialects: vec![], ..DemoOptions::new("2016-06".parse().unwrap()) };
    assert_eq!(demo(dir.path(), &none).unwrap_err().code(), ErrorCode::ConfigBadValue);
    for dialect in DemoDialect::ALL {
        assert_eq!(dialect.to_string().parse::<DemoDialect>().unwrap(), dialect);
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_without_its_feature_is_unsupported_and_not_part_of_all() {
    let dir = tempfile::tempdir().unwrap();
    let dialects = vec![DemoDialect::Cur2Parquet];
    let options = DemoOptions { dialects, ..DemoOptions::new("2016-06".parse().unwrap()) };
    assert_eq!(demo(dir.path(), &options).unwrap_err().code(), ErrorCode::ConfigUnsupported);
    assert!(DemoDialect::named(["all"]).unwrap().iter().all(|dialect| !dialect.is_parquet()));
}

#[cfg(feature = "parquet")]
mod parquet_files {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Decimal128Type, Float64Type, TimestampMillisecondType};
    use arrow_array::{Array, RecordBatch};
    use arrow_schema::DataType;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn batches(bill: &DemoBill) -> Vec<RecordBatch> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&bill.path).unwrap()).unwrap();
        reader.build().unwrap().map(|batch| batch.unwrap()).collect()
    }

    fn doubles(batches: &[RecordBatch]) -> Amount {
        let texts = batches.iter().flat_map(|batch| {
            let costs = batch["line_item_unblended_cost"].as_primitive::<Float64Type>();
            costs.iter().map(|cost| cost.unwrap().to_string()).collect::<Vec<_>>()
        });
        Amount::sum(texts.map(|text| text.parse().unwrap())).unwrap()
    }

    #[test]
    fn decimals_sum_exactly_and_doubles_to_what_they_can_hold() {
        let (_dir, files) = written(&["cur-parquet-decimal", "cur-parquet", "cur2-parquet"]);
        let line_items = files.total.checked_sub(files.rounding).unwrap();
        let [exact, double, nested] = &files.bills[..] else { panic!("three bills") };
        assert!(exact.path.ends_with("cur-parquet-decimal/demo/demo/year=2016/month=6/demo-00001.snappy.parquet"));
        let decimals = batches(exact);
        let sum: i128 = decimals
            .iter()
            .map(|batch| {
                let costs = batch["line_item_unblended_cost"].as_primitive::<Decimal128Type>();
                assert_eq!(costs.data_type(), &DataType::Decimal128(38, 18));
                costs.iter().map(|cost| cost.unwrap()).sum::<i128>()
            })
            .sum();
        assert_eq!((Amount::from_units(sum), exact.total), (line_items, line_items));
        for bill in [double, nested] {
            let batches = batches(bill);
            assert_eq!(doubles(&batches), bill.total, "{}", bill.dialect);
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(u64::try_from(rows).unwrap(), files.rows);
            let lost = bill.total.checked_sub(line_items).unwrap();
            assert!(lost.units().abs() < 10_000, "{lost}: digits past the sixteenth of some costs");
        }
    }

    #[test]
    fn athena_files_have_times_and_maps_as_such() {
        let (dir, files) = written(&["cur2", "cur2-parquet", "cur-parquet"]);
        let text = records(&dir, &files.bills[0]);
        let nested = batches(&files.bills[1]);
        let mut at = 0;
        for batch in &nested {
            let (tags, starts) = (batch["resource_tags"].as_map(), &batch["line_item_usage_start_date"]);
            let starts = starts.as_primitive::<TimestampMillisecondType>();
            for row in 0..batch.num_rows() {
                let entries = tags.value(row);
                let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
                let map: Record =
                    keys.iter().zip(values).map(|(k, v)| (k.unwrap().into(), v.unwrap().into())).collect();
                assert_eq!(map, serde_json::from_str::<Record>(&text[at]["resource_tags"]).unwrap());
                let start = Timestamp::from_millis(starts.value(row)).to_string();
                assert_eq!(start, text[at]["line_item_usage_start_date"]);
                at += 1;
            }
        }
        assert_eq!(at, text.len());
        let flat = batches(&files.bills[2]);
        assert!(flat[0].column_by_name("resource_tags_user_product_area").is_some());
        let areas = flat[0]["resource_tags_user_product_area"].as_string::<i32>();
        assert!(areas.null_count() > 0 && areas.null_count() < areas.len());
    }
}
