//! Bills with split cost allocation data: split by it, and beside it (R68, R69); amounts derived by hand.

use super::super::samples::{attached, attributed, by_team, mapped};
use super::super::*;
use crate::bill::samples::{hours, row, usage};
use crate::bill::{BillBuilder, BillOptions, KeepIntervals, SplitLine};
use crate::classify::{LineItem, LineItemKind, Treatment, classify};
use crate::evidence::{Capacity, Registration, TaskRun};
use crate::rollup::{Mechanism, SplitReason as Why};

const CPU: &str = "USW2-ECS-EC2-vCPU-Hours";
const MEMORY: &str = "USW2-ECS-EC2-GB-Hours";

/// Instance, service, usage type, split and unused cost.
type Split = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn bill_of(rows: &[LineItem<'_>], splits: &[Split]) -> Bill {
    let options =
        BillOptions { tag_keys: vec!["team".into()], keep_intervals: KeepIntervals::All, ..BillOptions::default() };
    let mut builder = BillBuilder::new(&options);
    for row in rows {
        match classify(row) {
            Treatment::Counts(kind) | Treatment::CountsUnknown(kind) => builder.add(row, kind).unwrap(),
            Treatment::Excluded(total) => builder.exclude(row, total).unwrap(),
        }
    }
    for (instance, service, usage_type, split, unused) in splits {
        let item = LineItem { split_parent: instance, usage_type, ..row("0") };
        let [split, unused] = [split, unused].map(|cost| cost.parse().unwrap());
        builder.add_split(&item, &SplitLine { cluster: "main", service, split, unused }).unwrap();
    }
    builder.finish("2016-06".parse().unwrap()).unwrap()
}

fn task(service: &str, cpu: u64, from: i64, to: i64) -> TaskRun {
    TaskRun {
        task: format!("arn:aws:ecs:us-west-2:1:task/main/{service}").into(),
        cluster: "arn:aws:ecs:us-west-2:1:cluster/main".into(),
        memory: 1024,
        ..super::super::samples::task(service, cpu, hours(from, to))
    }
}

fn evidence(tasks: Vec<TaskRun>) -> Evidence {
    let capacity = Capacity { cpu: 4096, memory: 16_384 };
    Evidence {
        tasks: tasks.into(),
        attachments: vec![attached("i-1", 0, 744)],
        registrations: vec![Registration { instance: "i-1".into(), since: Timestamp::MIN, capacity }],
        services: mapped(&[("web", "site"), ("jobs", "ops")]),
        ..Evidence::default()
    }
}

fn run(bill: &Bill, containers: &str, evidence: &Evidence) -> Result<Report> {
    attributed(bill, &by_team(&format!("[containers]\n{containers}")), evidence)
}

fn areas(report: &Report) -> Vec<(String, String)> {
    let rows = report.area_costs().unwrap().into_iter();
    rows.map(|row| {
        let owner = row.product_area.map_or_else(|| row.row_kind.as_str().to_owned(), |area| area.to_string());
        (owner, row.cost.to_string())
    })
    .collect()
}

/// Service → ours, volumes and other, AWS's, difference, why.
fn checked(report: &Report) -> Vec<(String, [String; 4], Vec<Why>)> {
    let rows = report.split_check.iter().map(|row| {
        let costs = [row.ours, row.ours_volumes, row.scad, row.difference].map(|cost| cost.to_string());
        (row.service.to_string(), costs, row.why.clone())
    });
    rows.collect()
}

fn texts(costs: [&str; 4]) -> [String; 4] {
    costs.map(str::to_owned)
}

const EVEN: [Split; 2] = [("i-1", "jobs", CPU, "0.5", "0"), ("i-1", "web", CPU, "0.25", "0.25")];

#[test]
fn the_data_splits_instances_and_what_moved_to_them_without_any_task_run() {
    // 3 : 1 of 8 on the instance and of 4 of its volume; the other instance has its tag, and nobody ran there.
    let splits = [
        ("i-1", "jobs", CPU, "1", "0.25"),
        ("i-1", "jobs", MEMORY, "0.2", "0.05"),
        ("i-1", "web", CPU, "0.5", "0"),
        ("i-9", "web", CPU, "9", "0"),
        ("", "web", CPU, "9", "0"),
    ];
    let other = LineItem { tags: vec!["net"], ..usage("i-2", 0, 1, "2") };
    let bill = bill_of(&[usage("i-1", 0, 1, "8"), usage("vol-1", 0, 2, "4"), other, row("0.5")], &splits);
    let report = run(&bill, "split = \"scad\"", &evidence(vec![])).unwrap();
    let expected = [("unattributed", "0.5"), ("net", "2"), ("ops", "9"), ("site", "3")];
    assert_eq!(areas(&report), expected.map(|(owner, cost)| (owner.to_owned(), cost.to_owned())));
    assert!(report.split_check.is_empty());
    let ecs = report.mechanisms().unwrap().into_iter().find(|row| row.mechanism == Mechanism::Ecs).unwrap();
    assert_eq!(ecs.cost.to_string(), "12");
}

#[test]
fn negative_sums_weigh_nothing_and_an_instance_of_none_goes_by_its_tag() {
    let splits = [("i-1", "jobs", CPU, "-1", "0"), ("i-1", "web", CPU, "0.5", "0"), ("i-2", "web", CPU, "0", "0")];
    let rows = [usage("i-1", 0, 1, "8"), LineItem { tags: vec!["net"], ..usage("i-2", 0, 1, "2") }];
    let report = run(&bill_of(&rows, &splits), "split = \"scad\"", &evidence(vec![])).unwrap();
    assert_eq!(areas(&report), [("net".to_owned(), "2".to_owned()), ("site".to_owned(), "8".to_owned())]);
}

#[test]
fn a_bill_without_the_data_cannot_be_split_by_it() {
    let error = run(&bill_of(&[usage("i-1", 0, 1, "8")], &[]), "split = \"scad\"", &evidence(vec![])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AttributeNoSplitData);
}

#[test]
fn equal_splits_have_no_reason_and_rounded_ones_only_that() {
    let bill = bill_of(&[usage("i-1", 0, 1, "1"), usage("vol-1", 0, 1, "0.2")], &EVEN);
    let tasks = evidence(vec![task("web", 1024, 0, 1), task("jobs", 1024, 0, 1)]);
    let report = run(&bill, "", &tasks).unwrap();
    let row = |service: &str| (service.to_owned(), texts(["0.5", "0.1", "0.5", "0"]), vec![]);
    assert_eq!(checked(&report), [row("jobs"), row("web")]);
    assert_eq!(report.split_check[0].cluster, "main");
    let rounded = [("i-1", "jobs", CPU, "0.49999999", "0"), ("i-1", "web", CPU, "0.50000001", "0")];
    let report = run(&bill_of(&[usage("i-1", 0, 1, "1")], &rounded), "", &tasks).unwrap();
    assert!(report.split_check.iter().all(|row| row.why == [Why::Rounding]), "{:?}", report.split_check);
    assert!(run(&bill, "", &evidence(vec![])).unwrap().split_check.is_empty());
}

/// The reasons of `jobs` and `web`: the same whichever split is chosen (R94).
fn reasons(bill: &Bill, containers: &str, tasks: Vec<TaskRun>) -> Vec<(String, Vec<Why>)> {
    let evidence = evidence(tasks);
    let report = run(bill, containers, &evidence).unwrap();
    let by_aws = run(bill, &format!("split = \"scad\"\n{containers}"), &evidence).unwrap();
    assert_eq!(by_aws.split_check, report.split_check);
    let check = &report.split_check;
    let of = |cost: fn(&crate::rollup::SplitCheckRow) -> Amount| Amount::sum(check.iter().map(cost)).unwrap();
    let services = Amount::sum(report.service_costs().unwrap().into_iter().map(|row| row.cost)).unwrap();
    assert_eq!(of(|row| row.ours).checked_add(of(|row| row.ours_volumes)).unwrap(), services);
    assert_eq!(of(|row| row.ours).checked_sub(of(|row| row.scad)).unwrap(), of(|row| row.difference));
    check.iter().map(|row| (row.service.to_string(), row.why.clone())).collect()
}

fn both(why: &[Why]) -> Vec<(String, Vec<Why>)> {
    ["jobs", "web"].map(|service| (service.to_owned(), why.to_vec())).to_vec()
}

fn pair() -> Vec<TaskRun> {
    vec![task("web", 1024, 0, 1), task("jobs", 1024, 0, 1)]
}

#[test]
fn another_cost_of_the_instance_is_told_by_basis_idle_and_empty_hours() {
    let hour = |cost: &str| LineItem { usage_quantity: Some("1".parse().unwrap()), ..usage("i-1", 0, 1, cost) };
    let covered = LineItem { reserved: true, ..hour("1.5") };
    assert_eq!(reasons(&bill_of(&[covered], &EVEN), "", pair()), both(&[Why::Basis]));
    assert_eq!(reasons(&bill_of(&[hour("1")], &EVEN), "idle = \"separate\"", pair()), both(&[Why::Idle]));
    let second = || usage("i-1", 1, 2, "0.5");
    assert_eq!(
        reasons(&bill_of(&[hour("1"), second()], &EVEN), "window = \"period\"", pair()),
        both(&[Why::HostHoursWithoutTasks])
    );
    assert_eq!(reasons(&bill_of(&[hour("1"), second()], &EVEN), "", pair()), both(&[]));
    assert_eq!(reasons(&bill_of(&[hour("1.5")], &EVEN), "", pair()), both(&[Why::InstanceCost]));
}

#[test]
fn other_shares_of_one_cost_are_told_by_memory_and_use() {
    // Equal CPU; the memory of `jobs` is three times that of `web`: 0.45 + 0.075 against 0.45 + 0.025.
    let memory = [
        ("i-1", "jobs", CPU, "0.45", "0"),
        ("i-1", "jobs", MEMORY, "0.075", "0"),
        ("i-1", "web", CPU, "0.45", "0"),
        ("i-1", "web", MEMORY, "0.025", "0"),
    ];
    let host = [usage("i-1", 0, 1, "1")];
    assert_eq!(reasons(&bill_of(&host, &memory), "", pair()), both(&[Why::Memory]));
    // The run weighs as AWS does, but its tasks reserved the same memory.
    let weighed = "weights = { cpu = 9, memory = 1 }";
    assert_eq!(reasons(&bill_of(&host, &memory), weighed, pair()), both(&[Why::Shares]));
    let used = [("i-1", "jobs", CPU, "0.6", "0"), ("i-1", "web", CPU, "0.4", "0")];
    assert_eq!(reasons(&bill_of(&host, &used), "", pair()), both(&[Why::Shares]));
    let mixed = [
        ("i-1", "jobs", CPU, "0.6", "0"),
        ("i-1", "jobs", MEMORY, "0.05", "0"),
        ("i-1", "web", CPU, "0.3", "0"),
        ("i-1", "web", MEMORY, "0.05", "0"),
    ];
    assert_eq!(reasons(&bill_of(&host, &mixed), "", pair()), both(&[Why::Memory, Why::Shares]));
}

#[test]
fn a_service_on_one_side_only_says_so_and_so_does_its_neighbour() {
    let host = [usage("i-1", 0, 1, "1")];
    let alone = [("i-1", "web", CPU, "1", "0")];
    assert_eq!(reasons(&bill_of(&host, &alone), "", pair()), both(&[Why::OnlyOurs]));
    assert_eq!(reasons(&bill_of(&host, &EVEN), "", vec![task("web", 1024, 0, 1)]), both(&[Why::OnlyScad]));
}

#[test]
fn a_chosen_split_that_task_runs_cannot_repeat_stands_without_the_check() {
    let bill = bill_of(&[usage("i-1", 0, 1, "8")], &EVEN);
    let unknown = Evidence { registrations: vec![], ..evidence(pair()) };
    let separate = "split = \"scad\"\nidle = \"separate\"";
    let report = run(&bill, separate, &unknown).unwrap();
    assert_eq!(areas(&report), [("ops".to_owned(), "4".to_owned()), ("site".to_owned(), "4".to_owned())]);
    assert!(report.split_check.is_empty());
    let said = |report: &Report| {
        let found = report.diagnostics.iter().filter(|found| found.code == DiagnosticCode::ContainersNotComparable);
        found.map(|found| found.message.clone()).collect::<Vec<_>>()
    };
    assert!(said(&report)[0].contains("capacity of instance `i-1` is not known"), "{:?}", said(&report));
    assert!(said(&run(&bill, separate, &evidence(pair())).unwrap()).is_empty());
}

#[test]
fn rows_without_a_service_tag_are_those_of_their_tasks_run() {
    let options = BillOptions { keep_intervals: KeepIntervals::All, ..BillOptions::default() };
    let mut builder = BillBuilder::new(&options);
    builder.add(&LineItem { tags: vec![], ..usage("i-1", 0, 1, "1") }, LineItemKind::Usage).unwrap();
    for (end, cost) in [("web", "0.75"), ("gone", "0.25")] {
        let arn = format!("arn:aws:ecs:us-west-2:1:task/main/{end}");
        let item = LineItem { split_parent: "i-1", resource_id: &arn, usage_type: CPU, tags: vec![], ..row("0") };
        let line = SplitLine { split: cost.parse().unwrap(), ..SplitLine::default() };
        builder.add_split(&item, &line).unwrap();
    }
    let bill = builder.finish("2016-06".parse().unwrap()).unwrap();
    let policy = "[areas]\ntag_keys = []\n[containers]\nsplit = \"scad\"";
    let report = attributed(&bill, policy, &evidence(vec![task("web", 1024, 0, 1)]));
    let services = report.unwrap().service_costs().unwrap().into_iter();
    let services: Vec<_> = services.map(|row| (row.service.to_string(), row.cost.to_string())).collect();
    let gone = "arn:aws:ecs:us-west-2:1:task/main/gone";
    assert_eq!(services, [(gone.to_owned(), "0.25".to_owned()), ("web".to_owned(), "0.75".to_owned())]);
}
