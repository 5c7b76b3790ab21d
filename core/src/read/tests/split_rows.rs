//! What split cost allocation data says, from every spelling of it and on every way of reading (R67).

use super::{brief, read, read_with};
use crate::bill::{Bill, BillOptions};
use crate::classify::CostBasis;
use crate::read::ScanOptions;

const HEADER: &str = "lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/ProductCode,\
    lineItem/UsageType,lineItem/ResourceId,lineItem/UnblendedCost,lineItem/NetUnblendedCost,\
    splitLineItem/ParentResourceId,splitLineItem/SplitCost,splitLineItem/UnusedCost,splitLineItem/NetSplitCost,\
    splitLineItem/NetUnusedCost,resourceTags/user:team,resourceTags/aws:ecs:clusterName,resourceTags/aws:ecs:serviceName";
const ATHENA: &str = "line_item_line_item_type,line_item_usage_start_date,line_item_usage_end_date,\
    line_item_product_code,line_item_usage_type,line_item_resource_id,line_item_unblended_cost,\
    line_item_net_unblended_cost,split_line_item_parent_resource_id,split_line_item_split_cost,\
    split_line_item_unused_cost,split_line_item_net_split_cost,split_line_item_net_unused_cost,\
    resource_tags_user_team,resource_tags_aws_ecs_cluster_name,resource_tags_aws_ecs_service_name";

/// Usage type, resource, cost, then parent and what follows.
fn row(usage: &str, resource: &str, cost: &str, rest: &str) -> String {
    format!("Usage,2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,AmazonEC2,{usage},{resource},{cost},{cost},{rest}")
}

const TASK: &str = "arn:aws:ecs:us-east-1:0002:task/main/0a";
const CPU: &str = "USE1-ECS-EC2-vCPU-Hours";

/// An hour of an instance, and three rows of two tasks on it.
fn rows() -> Vec<String> {
    vec![
        row("BoxUsage:m5.large", "i-1", "1", ",,,,,,,"),
        row(CPU, TASK, "0", "i-1,0.25,0.125,0.2,,red,main,web"),
        row(CPU, &TASK.replace("0a", "0b"), "0", "arn:aws:ec2:us-east-1:0002:instance/i-1,0.5,0,0.4,0,red,main,web"),
        row("USE1-ECS-EC2-GB-Hours", TASK, "0", "i-1,1e-19,0.1,,,,,"),
    ]
}

fn text(header: &str, rows: &[String]) -> String {
    format!("{header}\n{}\n", rows.join("\n"))
}

fn keeping(basis: CostBasis) -> ScanOptions {
    let bill = BillOptions { tag_keys: vec!["team".to_owned()], basis, ..BillOptions::default() };
    ScanOptions { bill, period: "2026-09".parse().ok(), ..ScanOptions::default() }
}

/// Cluster's end, service or task's end, tag, rows, split and unused cost of each sum.
fn said(bill: &Bill) -> Vec<[String; 6]> {
    let end = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    let sums = bill.split_costs().iter().map(|sum| {
        let key = &sum.key;
        assert_eq!(key.instance, "i-1");
        let who = format!("{}{}", key.service, end(&key.task));
        let costs = [sum.split, sum.unused].map(|cost| cost.to_string());
        let [split, unused] = costs;
        [end(&key.cluster), who, key.tags.concat(), sum.rows.to_string(), split, unused]
    });
    sums.collect()
}

fn expected(sums: &[[&str; 6]]) -> Vec<[String; 6]> {
    sums.iter().map(|sum| sum.map(str::to_owned)).collect()
}

#[test]
fn every_spelling_says_the_same_sums_by_instance_and_service() {
    let wanted = expected(&[["main", "0a", "", "1", "0", "0.1"], ["main", "web", "red", "2", "0.75", "0.125"]]);
    let options = keeping(CostBasis::Unblended);
    let legacy = read_with(text(HEADER, &rows()), &options).unwrap();
    assert_eq!(said(&legacy), wanted);
    assert_eq!((legacy.rows(), legacy.excluded_rows()), (1, 3));
    let athena = read_with(text(ATHENA, &rows()), &options).unwrap();
    assert_eq!(said(&athena), wanted);
    // CUR 2.0 keeps tags in a map.
    let tags = "resource_tags_user_team,resource_tags_aws_ecs_cluster_name,resource_tags_aws_ecs_service_name";
    let map = |row: String| {
        let map =
            r#""{""user_team"": ""red"", ""aws_ecs_cluster_name"": ""main"", ""aws_ecs_service_name"": ""web""}""#;
        row.replace(",red,main,web", &format!(",{map}"))
    };
    let mapped = [
        map(rows()[1].clone()),
        map(rows()[2].clone()),
        rows()[3].replace("0.1,,,,,", "0.1,,,{}"),
        row("BoxUsage:m5.large", "i-1", "1", ",,,,,{}"),
    ];
    let export = read_with(text(&ATHENA.replace(tags, "resource_tags"), &mapped), &options).unwrap();
    assert_eq!(said(&export), wanted);
}

#[test]
fn net_bases_take_net_cells_first_and_gross_ones_where_they_are_empty() {
    let bill = read_with(text(HEADER, &rows()), &keeping(CostBasis::NetUnblended)).unwrap();
    assert_eq!(
        said(&bill),
        expected(&[["main", "0a", "", "1", "0", "0.1"], ["main", "web", "red", "2", "0.6", "0.125"]])
    );
}

#[test]
fn evidence_survives_merging_and_saving_and_is_no_part_of_the_digest() {
    let options = keeping(CostBasis::Unblended);
    let whole = read_with(text(HEADER, &rows()), &options).unwrap();
    let parts: Vec<Bill> =
        rows().iter().map(|row| read_with(text(HEADER, std::slice::from_ref(row)), &options).unwrap()).collect();
    let [a, b, c, d] = <[Bill; 4]>::try_from(parts).unwrap();
    let merged = d.clone().merge(b.clone()).unwrap().merge(a.clone().merge(c.clone()).unwrap()).unwrap();
    assert_eq!(merged.split_costs(), whole.split_costs());
    let other = a.clone().merge(c.merge(b.merge(d).unwrap()).unwrap()).unwrap();
    assert_eq!(merged, other);
    let mut saved = Vec::new();
    whole.save(&mut saved).unwrap();
    assert_eq!(Bill::load(saved.as_slice()).unwrap(), whole);
    assert_eq!(whole.digest().unwrap(), a.digest().unwrap());
}

#[test]
fn a_malformed_split_cost_is_refused_with_its_place_and_a_header_without_says_nothing() {
    let bad = row(CPU, TASK, "0", "i-1,0.2x,0,,,,,");
    let error = read(text(HEADER, &[bad])).unwrap_err();
    assert_eq!(brief(&error), "parse.bad_decimal at bill.csv, row 2, byte 401, column `splitLineItem/SplitCost`");
    let without = HEADER.replace("SplitCost", "SplitUsage").replace("UnusedCost", "ActualUsage");
    let bill = read(text(&without, &rows())).unwrap();
    assert_eq!((bill.excluded_rows(), bill.split_costs().len()), (3, 0));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_says_what_the_csv_says_on_any_number_of_threads() {
    use crate::read::{Input, Progress, scan};

    let many: Vec<String> = (0..700).flat_map(|_| rows()).collect();
    let content = text(HEADER, &many);
    let options = keeping(CostBasis::Unblended);
    let whole = read_with(&content, &options).unwrap();
    assert_eq!(whole.split_costs()[1].split.to_string(), "525");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.parquet");
    std::fs::write(&path, super::parquet::parquet(&super::batches::batch_of(&content))).unwrap();
    for threads in [1, 2, 5] {
        let options = ScanOptions { threads, ..options.clone() };
        let bill = scan(vec![Input::path(&path)], &options, &Progress::new()).unwrap();
        assert_eq!(bill.split_costs(), whole.split_costs());
    }
}
