//! What other tools got wrong, by name: from a bill's rows and the evidence to the tables. Those about commitments are
//! in `core/src/read/tests/bases/known_bugs.rs`.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::Cursor;

use serde_json::json;
use unblended::facade::{self, AttributeRequest, EvidenceRequest, EvidenceSource, ScanRequest, ServiceSource};
use unblended::{Encoding, Input, Policy, Progress, Report};

const HEADER: &str = "RecordType,PayerAccountId,ProductName,UsageType,UsageStartDate,UsageEndDate,UsageQuantity,\
                      ItemDescription,ResourceId,Cost,user:product_area";

/// A line item of an hour of the first of June 2016.
fn hour(at: u32, usage_type: &str, resource: &str, cost: &str, area: &str) -> String {
    let (start, end) = (format!("2016-06-01 {at:02}:00:00"), format!("2016-06-01 {:02}:00:00", at + 1));
    format!("LineItem,1,EC2,{usage_type},{start},{end},1,,{resource},{cost},{area}")
}

/// Tasks that ran on `i-1`: service, CPU units, MiB, from and to `HH:MM` of the first of June 2016.
fn tasks(runs: &[(&str, u64, u64, &str, &str)]) -> EvidenceSource {
    let row = |(service, cpu, memory, from, to): &(&str, u64, u64, &str, &str)| {
        format!("{service}-{from},main,{service},i-1,{cpu},{memory},2016-06-01T{from}:00Z,2016-06-01T{to}:00Z\n")
    };
    let rows: String = runs.iter().map(row).collect();
    let text = format!("task,cluster,service,instance,cpu,memory,started,stopped\n{rows}");
    EvidenceSource::Text { name: "tasks.csv".into(), text }
}

/// When volumes were attached, `HH:MM` of the first of June 2016.
fn volumes(rows: &[(&str, &str, &str, &str)]) -> EvidenceSource {
    let row = |(volume, instance, from, to): &(&str, &str, &str, &str)| {
        format!("{volume},{instance},2016-06-01T{from}:00Z,2016-06-01T{to}:00Z\n")
    };
    let rows: String = rows.iter().map(row).collect();
    EvidenceSource::Text { name: "volumes.csv".into(), text: format!("volume,instance,attached,detached\n{rows}") }
}

fn report_of(header: &str, rows: &[String], evidence: Vec<EvidenceSource>, policy: &str) -> Report {
    let host = "capacity = { \"i-1\" = { cpu = 4096, memory = 8192 } }";
    let text = if policy.contains("[containers]") { policy.to_owned() } else { format!("{policy}\n[containers]\n") };
    let policy = Policy::from_toml(&text.replace("[containers]", &format!("[containers]\n{host}"))).unwrap();
    let map = EvidenceSource::Text { name: "map.json".into(), text: r#"{"web": "site", "jobs": "ops"}"#.into() };
    let evidence = facade::evidence(&EvidenceRequest {
        events: evidence,
        services: vec![ServiceSource { source: map, encoding: Encoding::Plain }],
        as_of: Some("2016-08-01 00:00:00".parse().unwrap()),
        ..EvidenceRequest::default()
    });
    let request = ScanRequest {
        period: Some("2016-06".parse().unwrap()),
        tag_keys: Some(policy.tag_keys()),
        tags_case_insensitive: policy.areas.case_insensitive,
        ..ScanRequest::default()
    };
    let bill = Input::stream("bill.csv", Cursor::new(format!("{header}\n{}\n", rows.join("\n"))));
    let bill = facade::scan(&request, vec![bill], &Progress::new()).unwrap();
    let request = AttributeRequest { policy, ..AttributeRequest::default() };
    // Fails where a table does not sum to the bill.
    facade::attribute(&bill, &evidence.unwrap(), &unblended::ReservationBook::default(), &request).unwrap()
}

/// Owner, kind or reason, and cost of every row.
fn areas(rows: &[String], evidence: Vec<EvidenceSource>, policy: &str) -> Vec<String> {
    owners(&report_of(HEADER, rows, evidence, policy))
}

fn owners(report: &Report) -> Vec<String> {
    let rows = report.area_costs().unwrap().into_iter().map(|row| {
        let area = row.product_area.map(|area| area.to_string()).unwrap_or_default();
        let kind = row.detail.as_ref().map_or(row.row_kind.as_str(), |detail| detail.as_str());
        format!("{area}/{kind} {}", row.cost)
    });
    rows.collect()
}

const SEPARATE: &str = "[containers]\nidle = \"separate\"\n";

/// Rivals split by weight and drop an hour whose weights are all 0: the cost of the night is on no row.
#[test]
fn idle_vanishing_when_weights_are_zero() {
    let rows = [hour(0, "BoxUsage:m4.xlarge", "i-1", "1", "infra"), hour(1, "BoxUsage:m4.xlarge", "i-1", "2", "infra")];
    let first = || vec![tasks(&[("web", 4096, 0, "00:00", "01:00")])];
    assert_eq!(areas(&rows, first(), ""), ["infra/area 2", "site/area 1"]);
    assert_eq!(areas(&rows, first(), SEPARATE), ["infra/empty_host 2", "site/area 1"]);
    // Tasks that reserve no memory share none of what memory costs.
    let memory = "weights = { cpu = 0, memory = 1 }";
    assert_eq!(areas(&rows, first(), &format!("[containers]\n{memory}\n")), ["infra/area 3"]);
    let separate = format!("{SEPARATE}{memory}\n");
    assert_eq!(areas(&rows, first(), &separate), ["infra/empty_host 2", "infra/unreserved 1"]);
}

/// Rivals subtract what was reserved from the capacity: an oversubscribed host has negative idle, or a sum clamped away.
#[test]
fn negative_idle() {
    let rows = [hour(0, "BoxUsage:m4.xlarge", "i-1", "1.8", "infra")];
    // 6144 + 3072 of 4096 units.
    let both = vec![tasks(&[("web", 6144, 1, "00:00", "01:00"), ("jobs", 3072, 1, "00:00", "01:00")])];
    let report = report_of(HEADER, &rows, both, SEPARATE);
    assert_eq!(owners(&report), ["ops/area 0.6", "site/area 1.2"]);
    assert_eq!((report.totals.idle.to_string(), report.totals.areas.to_string()), ("0".into(), "1.8".into()));
}

/// Rivals take an instance to have run as long as its line item says, or the whole month.
#[test]
fn instances_alive_for_part_of_an_hour() {
    // Half an hour of 4096 units costs .5; a quarter of an hour of 2048 units is a quarter of it.
    let row = hour(0, "BoxUsage:m4.xlarge", "i-1", "0.5", "").replace(",1,,i-1", ",0.5,,i-1");
    let quarter = vec![tasks(&[("web", 2048, 1, "00:30", "00:45")])];
    assert_eq!(areas(&[row], quarter, SEPARATE), ["/unreserved 0.375", "site/area 0.125"]);
}

/// Rivals know the usage type of storage only: provisioned IOPS and throughput of gp3 are missing (20 % and more).
#[test]
fn gp3_iops_and_throughput_rows_follow_the_volume() {
    let types = ["EBS:VolumeUsage.gp3", "EBS:VolumeP-IOPS.gp3", "USW2-EBS:VolumeP-Throughput.gp3"];
    let rows = types.map(|usage_type| hour(0, usage_type, "vol-1", "1", "data"));
    let evidence = || {
        let busy = tasks(&[("web", 1024, 1, "00:00", "01:00")]);
        vec![busy, volumes(&[("vol-1", "i-1", "00:00", "00:45")])]
    };
    assert_eq!(areas(&rows, evidence(), ""), ["data/area 0.75", "site/area 2.25"]);
    let separate = "[volumes]\ndetached = \"separate\"\n";
    assert_eq!(areas(&rows, evidence(), separate), ["data/detached 0.75", "site/area 2.25"]);
}

/// Rivals wait for `AttachVolume`: a root volume comes with `RunInstances`, whose event names none.
#[test]
fn root_volumes_from_run_instances() {
    let rows = [hour(0, "EBS:VolumeUsage.gp2", "vol-root", "1", "data")];
    let busy = || tasks(&[("web", 1024, 1, "00:00", "01:00")]);
    let launched = json!({
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "time": "2016-05-01T00:00:00Z", "id": "1",
        "detail": {
            "eventID": "1", "eventTime": "2016-05-01T00:00:00Z", "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances", "requestParameters": {},
            "responseElements": {"instancesSet": {"items": [{"instanceId": "i-1", "blockDeviceMapping": {}}]}},
        },
    });
    let text =
        |name: &str, json: &serde_json::Value| EvidenceSource::Text { name: name.into(), text: json.to_string() };
    let event = || text("launched.jsonl", &launched);
    assert_eq!(areas(&rows, vec![busy(), event()], ""), ["data/area 1"]);
    let disk = json!({"VolumeId": "vol-root", "AttachTime": "2016-05-01T00:00:00+00:00", "Status": "attached"});
    let instance = json!({"InstanceId": "i-1", "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": disk}]});
    let instances = json!({"Reservations": [{"Instances": [instance]}]});
    let attached = json!({"InstanceId": "i-1", "State": "attached", "AttachTime": "2016-05-01T00:00:00.000Z"});
    let disks = json!({"Volumes": [{"VolumeId": "vol-root", "State": "in-use", "Attachments": [attached]}]});
    for snapshot in [instances, disks] {
        let evidence = vec![busy(), event(), text("snapshot.json", &snapshot)];
        assert_eq!(areas(&rows, evidence, ""), ["site/area 1"]);
    }
}

/// Rivals compare the ends of ids: one hits two instances, and any ARN that ends like one.
#[test]
fn suffix_matched_resource_ids() {
    let arn = "arn:aws:ec2:us-west-2:1:instance/i-1";
    let others = ["xi-1", "i-01", "i-11", "arn:aws:rds:us-west-2:1:db:i-1", "arn:aws:ec2:us-west-2:1:volume/x/i-1"];
    let rows: Vec<String> =
        others.iter().chain(&["i-1", arn]).map(|id| hour(0, "BoxUsage:m4.xlarge", id, "1", "infra")).collect();
    let busy = vec![tasks(&[("web", 1024, 1, "00:00", "01:00")])];
    assert_eq!(areas(&rows, busy, ""), ["infra/area 5", "site/area 2"]);
    let volume = |id: &str| hour(0, "EBS:VolumeUsage.gp2", id, "1", "data");
    let rows = ["vol-1", "vol-01", "myvol-1", "arn:aws:ec2:us-west-2:1:volume/vol-1"].map(volume);
    let evidence = vec![tasks(&[("web", 1, 1, "00:00", "01:00")]), volumes(&[("vol-1", "i-1", "00:00", "01:00")])];
    assert_eq!(areas(&rows, evidence, ""), ["data/area 2", "site/area 2"]);
}

/// Rivals fold `user:Team` and `user:team` into one column: the last one wins, whichever it is.
#[test]
fn tag_case_collisions() {
    let header = HEADER.replace("user:product_area", "user:Team,user:team");
    let row = |tags: &str| hour(0, "Requests", "bucket", "1", tags);
    let rows = [row("upper,lower"), row("upper,").replace("bucket", "other")];
    let of = |policy: &str| owners(&report_of(&header, &rows, vec![], policy));
    assert_eq!(of("[areas]\ntag_keys = [\"team\"]"), ["/unattributed 1", "lower/area 1"]);
    assert_eq!(of("[areas]\ntag_keys = [\"Team\"]"), ["upper/area 2"]);
    // Where case says nothing, the exact spelling still comes first.
    let folded = |key: &str| of(&format!("[areas]\ntag_keys = [\"{key}\"]\ncase_insensitive = true"));
    assert_eq!(folded("team"), ["lower/area 1", "upper/area 1"]);
    assert_eq!(folded("Team"), ["upper/area 2"]);
}

/// Rivals sum the whole column: every total row counts the bill once more.
#[test]
fn total_rows_added_in() {
    let total = |record_type: &str, cost: &str| format!("{record_type},1,,,,,,Total,,{cost},");
    let rows = [
        hour(0, "BoxUsage:m4.xlarge", "i-9", "1.25", "api"),
        "Rounding,1,,,,,,Rounding,,0.01,".to_owned(),
        total("InvoiceTotal", "1.26"),
        total("AccountTotal", "1.26"),
        total("StatementTotal", "1.26"),
    ];
    let report = report_of(HEADER, &rows, vec![], "");
    assert_eq!(owners(&report), ["/unattributed 0.01", "api/area 1.25"]);
    assert_eq!((report.totals.billed.to_string(), report.totals.excluded.to_string()), ("1.26".into(), "3.78".into()));
}
