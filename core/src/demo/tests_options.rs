//! What a month has only where it is asked for: a savings plan, split cost allocation data.

use std::collections::{BTreeMap, BTreeSet};

use tempfile::TempDir;

use super::savings_plan::SAVINGS_PLANS;
use super::split_costs::TaskShares;
use super::tests_dialects::{Record, bill_of, only, records, sum};
use super::*;
use crate::time::Interval;

/// Daily rows.
fn asked(names: &[&str]) -> DemoOptions {
    let dialects = DemoDialect::named(names).unwrap();
    DemoOptions { rows: 3_000, dialects, ..DemoOptions::new("2016-06".parse().unwrap()) }
}

fn written(options: &DemoOptions) -> (TempDir, DemoFiles) {
    let dir = tempfile::tempdir().unwrap();
    let files = demo(dir.path(), options).unwrap();
    (dir, files)
}

fn amount(row: &Record, column: &str) -> Amount {
    row[column].parse().unwrap()
}

/// Sums of a column, by the values of others.
fn sums(rows: &[Record], keys: &[&str], column: &str) -> BTreeMap<Vec<String>, Amount> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let sum: &mut Amount = sums.entry(keys.iter().map(|key| row[*key].clone()).collect()).or_default();
        *sum = sum.checked_add(amount(row, column)).unwrap();
    }
    sums
}

fn of_kinds(rows: &[Record], kinds: &[&str]) -> Vec<Record> {
    rows.iter().filter(|row| kinds.contains(&row["lineItem/LineItemType"].as_str())).cloned().collect()
}

#[test]
fn covered_usage_and_what_nobody_used_are_the_commitment_in_every_step() {
    let (dir, files) = written(&DemoOptions { savings_plan: true, ..asked(&["cur"]) });
    let rows = records(&dir, &files.bills[0]);
    assert_eq!((u64::try_from(rows.len()).unwrap(), files.rows), (3_000, 3_000), "as many as asked");
    let covered = of_kinds(&rows, &["SavingsPlanCoveredUsage"]);
    let used = sums(&covered, &["lineItem/UsageStartDate"], "savingsPlan/SavingsPlanEffectiveCost");
    let fees = of_kinds(&rows, &["SavingsPlanRecurringFee"]);
    assert_eq!((fees.len(), used.len()), (30, 30));
    let mut unused = BTreeSet::new();
    for fee in &fees {
        let (total, day) = (amount(fee, "savingsPlan/TotalCommitmentToDate"), fee["lineItem/UsageStartDate"].clone());
        assert_eq!(total.to_string(), "98.4", "24 hours of 4.1");
        assert_eq!(amount(fee, "savingsPlan/UsedCommitment"), used[&vec![day]]);
        unused.insert(total.checked_sub(amount(fee, "savingsPlan/UsedCommitment")).unwrap());
        for half in ["AmortizedUpfrontCommitmentForBillingPeriod", "RecurringCommitmentForBillingPeriod"] {
            assert_eq!(amount(fee, &format!("savingsPlan/{half}")), amount(fee, "lineItem/UnblendedCost"));
        }
    }
    let unused: Vec<String> = unused.iter().map(ToString::to_string).collect();
    assert_eq!(unused, ["1.92", "24.528", "26.04"], "4 of 1.005, then 3, then 3 and the reserved one at 0.063");
    for row in &covered {
        let of = |column: &str| row[column].parse::<rust_decimal::Decimal>().unwrap();
        let effective = of("savingsPlan/SavingsPlanRate") * of("lineItem/UsageAmount");
        assert_eq!(effective, of("savingsPlan/SavingsPlanEffectiveCost"));
        assert!(effective < of("lineItem/UnblendedCost") && row["lineItem/ResourceId"].starts_with("i-"));
    }
}

#[test]
fn what_covered_usage_costs_on_demand_is_taken_back_by_kind_of_usage() {
    let (dir, files) = written(&DemoOptions { savings_plan: true, ..asked(&["cur"]) });
    let rows = records(&dir, &files.bills[0]);
    let taken_back = of_kinds(&rows, &["SavingsPlanCoveredUsage", "SavingsPlanNegation"]);
    let keys =
        ["lineItem/UsageStartDate", "lineItem/UsageAccountId", "lineItem/UsageType", "lineItem/AvailabilityZone"];
    let sums = sums(&taken_back, &keys, "lineItem/UnblendedCost");
    assert!(sums.len() > 60 && sums.values().all(|sum| sum.is_zero()));
    let negations = of_kinds(&rows, &["SavingsPlanNegation"]);
    assert!(
        negations.iter().all(|row| row["lineItem/ResourceId"].is_empty() && row["lineItem/UnblendedRate"].is_empty())
    );
    let plan = &only(&rows, "lineItem/LineItemType", "SavingsPlanUpfrontFee");
    assert_eq!(amount(plan, "lineItem/UnblendedCost").to_string(), "17958", "8760 hours of 2.05");
    assert_eq!([&plan["lineItem/UsageEndDate"], &plan["bill/BillType"]], ["2017-05-31T23:59:59Z", "Purchase"]);
    assert_eq!([&plan["product/ProductName"], &plan["lineItem/ProductCode"]], [SAVINGS_PLANS, "ComputeSavingsPlans"]);
    for row in &rows {
        let is_of_plan = row["lineItem/LineItemType"].starts_with("SavingsPlan");
        assert_eq!(row["savingsPlan/SavingsPlanARN"] == plan["savingsPlan/SavingsPlanARN"], is_of_plan);
        assert!(!is_of_plan || row["reservation/ReservationARN"].is_empty());
    }
}

#[test]
fn focus_bills_nothing_for_what_a_savings_plan_covers() {
    let (dir, files) = written(&DemoOptions { savings_plan: true, ..asked(&["cur", "focus", "focus-1.2"]) });
    let cur = records(&dir, &files.bills[0]);
    for name in ["focus", "focus-1.2"] {
        let rows = records(&dir, &bill_of(&files, name));
        assert_eq!(sum(&rows, "BilledCost"), sum(&cur, "lineItem/UnblendedCost"));
        let plan: Vec<Record> =
            rows.iter().filter(|row| row["CommitmentDiscountCategory"] == "Spend").cloned().collect();
        let status = sums(&plan, &["ChargeCategory", "ChargeFrequency", "CommitmentDiscountStatus"], "EffectiveCost");
        let status: Vec<(String, String)> = status.iter().map(|(key, sum)| (key.join(" "), sum.to_string())).collect();
        let of = |key: &str, sum: &str| (key.to_owned(), sum.to_owned());
        assert_eq!(
            status,
            [
                of("Purchase One-Time ", "0"),
                of("Purchase Recurring ", "0"),
                of("Usage Usage-Based Unused", "319.896"),
                of("Usage Usage-Based Used", "2632.104"),
            ],
            "30 days of 98.4"
        );
        let covered: Vec<Record> =
            plan.iter().filter(|row| row["CommitmentDiscountStatus"] == "Used").cloned().collect();
        assert_eq!(
            (sum(&covered, "BilledCost"), sum(&covered, "ListCost").to_string()),
            (Amount::ZERO, "4386.84".into())
        );
        assert!(covered.iter().all(|row| row["ResourceId"].contains("i-") && !row["ConsumedQuantity"].is_empty()));
        if name == "focus-1.2" {
            let unused = plan.iter().find(|row| row["CommitmentDiscountStatus"] == "Unused").unwrap();
            let said = ["CommitmentDiscountQuantity", "CommitmentDiscountUnit"].map(|column| unused[column].as_str());
            assert_eq!(said, ["1.9200000000", "USD"]);
        }
    }
}

#[test]
fn a_savings_plan_in_a_detailed_bill_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = DemoOptions { savings_plan: true, ..asked(&["cur", "dbr"]) };
    let error = demo(dir.path(), &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBadValue);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written");
}

fn is_of_task(row: &Record) -> bool {
    row["lineItem/Operation"] == "ECSTask-EC2"
}

#[test]
fn split_costs_of_tasks_sum_to_what_their_instance_costs() {
    let both = DemoOptions { savings_plan: true, split_costs: true, ..asked(&["cur"]) };
    let (dir, files) = written(&both);
    let (tasks, others): (Vec<Record>, Vec<Record>) = records(&dir, &files.bills[0]).into_iter().partition(is_of_task);
    assert_eq!(u64::try_from(others.len()).unwrap(), files.rows, "they stand beside the line items");
    let mut hosts: BTreeMap<Vec<String>, [Amount; 2]> = BTreeMap::new();
    for row in others.iter().filter(|row| row["lineItem/UsageType"].contains("BoxUsage")) {
        let column = if row["lineItem/LineItemType"] == "Usage" {
            "lineItem/UnblendedCost"
        } else {
            "savingsPlan/SavingsPlanEffectiveCost"
        };
        if ["Usage", "SavingsPlanCoveredUsage"].contains(&row["lineItem/LineItemType"].as_str()) {
            let key = vec![row["lineItem/UsageStartDate"].clone(), row["lineItem/ResourceId"].clone()];
            let costs = [amount(row, column), amount(row, "pricing/publicOnDemandCost")];
            assert!(hosts.insert(key, costs).is_none());
        }
    }
    let keys = ["lineItem/UsageStartDate", "splitLineItem/ParentResourceId"];
    let sums = |column: &str| sums(&tasks, &keys, &format!("splitLineItem/{column}"));
    let (split, unused) = (sums("SplitCost"), sums("UnusedCost"));
    let (listed_split, listed_unused) = (sums("PublicOnDemandSplitCost"), sums("PublicOnDemandUnusedCost"));
    assert!(split.len() > 150 && unused.values().any(|cost| !cost.is_zero()));
    for (key, split) in &split {
        let costs =
            [split.checked_add(unused[key]).unwrap(), listed_split[key].checked_add(listed_unused[key]).unwrap()];
        assert_eq!(costs, hosts[key], "{key:?}");
    }
    assert!(hosts.values().any(|[amortized, listed]| amortized < listed));
}

#[test]
fn rows_of_tasks_say_two_resources_of_tasks_that_events_tell_of() {
    let (dir, files) = written(&DemoOptions { split_costs: true, ..asked(&["cur", "cur2"]) });
    let events = fs::read_to_string(&files.tasks).unwrap();
    let services = fs::read_to_string(&files.services).unwrap();
    let tasks: Vec<Record> = records(&dir, &files.bills[0]).into_iter().filter(is_of_task).collect();
    let mut kinds: BTreeMap<[&str; 2], BTreeSet<&str>> = BTreeMap::new();
    for row in &tasks {
        let of = |column: &str| amount(row, &format!("splitLineItem/{column}"));
        assert_eq!(of("SplitUsage"), of("ReservedUsage").max(of("ActualUsage")));
        assert_eq!(
            (amount(row, "lineItem/UnblendedCost"), row["splitLineItem/SplitUsageRatio"].as_str()),
            (Amount::ZERO, "")
        );
        let service = &row["resourceTags/aws:ecs:serviceName"];
        assert!(service.is_empty() || service == "log-shipper" || services.contains(&format!("\"{service}\"")));
        assert_eq!(row["resourceTags/aws:ecs:clusterName"], "main");
        let task = kinds.entry([&row["lineItem/ResourceId"], &row["lineItem/UsageStartDate"]]).or_default();
        assert!(task.insert(&row["lineItem/UsageType"]));
    }
    assert!(kinds.values().all(|kinds| kinds.iter().eq(&["USW2-ECS-EC2-GB-Hours", "USW2-ECS-EC2-vCPU-Hours"])));
    assert!(kinds.keys().all(|[task, _]| events.contains(*task)));
    let over = |row: &&Record| amount(row, "splitLineItem/ActualUsage") > amount(row, "splitLineItem/ReservedUsage");
    assert!(tasks.iter().any(|row| over(&row)) && tasks.iter().any(|row| !over(&row)));
    let maps = records(&dir, &files.bills[1]);
    let parents = maps.iter().filter(|row| !row["split_line_item_parent_resource_id"].is_empty());
    assert_eq!(parents.clone().count(), tasks.len());
    assert!(parents.clone().all(|row| row["resource_tags"].contains("\"aws_ecs_cluster_name\":\"main\"")));
}

#[test]
fn split_costs_change_no_line_item_of_any_dialect() {
    let names = ["dbr", "cur", "focus"];
    let ((one_dir, one), (other_dir, other)) =
        (written(&asked(&names)), written(&DemoOptions { split_costs: true, ..asked(&names) }));
    assert_eq!((one.rows, one.total, one.rounding), (other.rows, other.total, other.rounding));
    for name in ["dbr", "focus"] {
        let [one, other] = [&one, &other].map(|files| fs::read(bill_of(files, name).path).unwrap());
        assert_eq!(one, other, "{name}");
    }
    let known = records(&one_dir, &one.bills[1]);
    let with_tasks = records(&other_dir, &other.bills[1]);
    let without_tasks = with_tasks.iter().filter(|row| !is_of_task(row));
    // Ids number the rows.
    let same = |(one, other): (&Record, &Record)| {
        one.iter().all(|(column, text)| column == "identity/LineItemId" || other[column] == *text)
    };
    assert_eq!(without_tasks.clone().count(), known.len());
    assert!(known.iter().zip(without_tasks).all(same));
}

#[test]
fn ratios_of_an_hour_are_of_the_instance_or_of_all_that_was_taken() {
    let options = DemoOptions { split_costs: true, ..asked(&["cur"]) };
    let fleet = Fleet::new(&options).unwrap();
    let mut ratios: BTreeMap<(String, String), i128> = BTreeMap::new();
    let noon = options.period.start().plus_millis(12 * HOUR_MS);
    let mut add = |row: &row::Row<'_>| {
        let share = row.share.unwrap();
        *ratios.entry((share.instance.to_owned(), row.usage_type.to_owned())).or_default() += share.ratio.unwrap();
        Ok(())
    };
    let hour = Interval::new(noon, noon.plus_millis(HOUR_MS));
    TaskShares::new(&fleet, &options, &[]).step_rows(&mut add, hour).unwrap();
    // Ten decimals each, rounded down.
    let one = 10i128.pow(18);
    assert!(ratios.values().all(|sum| *sum > 0 && *sum <= one), "{ratios:?}");
    assert!(ratios.values().any(|sum| *sum < one / 2));
    assert_eq!(ratios.len(), 14, "seven hosts run at the first noon");
}
