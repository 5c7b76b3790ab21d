//! Charges as allocated charges, with amounts derived by hand; and random bills, whose charges are replaced exactly.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::samples::{attached, by_team, job, mapped};
use super::super::*;
use crate::bill::Charge;
use crate::bill::samples::{bill, hours, row, usage};
use crate::classify::{ChargeCategory, LineItem};
use crate::evidence::TaskRun;
use crate::time::Interval;

fn task(service: &str, instance: &str, cpu: u64) -> TaskRun {
    TaskRun {
        cluster: "arn:aws:ecs:eu-west-1:111:cluster/main".into(),
        instance: Some(instance.into()),
        ..super::super::samples::task(service, cpu, hours(0, 1))
    }
}

fn evidence(tasks: Vec<TaskRun>) -> Evidence {
    Evidence {
        tasks: tasks.into(),
        attachments: vec![attached("i-1", 0, 1), attached("i-2", 1, 3)],
        services: mapped(&[("web", "site"), ("family:jobs", "ops")]),
        ..Evidence::default()
    }
}

fn allocated(bill: &Bill, policy: &str, evidence: &Evidence, see: impl FnOnce(&AllocatedCharges<'_>)) {
    let (policy, book) = (Policy::from_toml(&by_team(policy)).unwrap(), ReservationBook::default());
    let job = job(bill, &policy, evidence, &book);
    let report = attribute(&job).unwrap();
    let charges = allocated_charges(&job).unwrap();
    let areas = |rows: &mut dyn Iterator<Item = (Option<String>, RowKind, Amount)>| {
        let mut sums: BTreeMap<_, Amount> = BTreeMap::new();
        for (area, kind, cost) in rows {
            let sum = sums.entry((area, kind)).or_default();
            *sum = sum.checked_add(cost).unwrap();
        }
        sums.retain(|_, sum| !sum.is_zero());
        sums
    };
    let of_rows = charges.rows.iter().map(|row| (row.part.product_area.clone(), row.part.row_kind, row.part.amount));
    let cells =
        report.cells.iter().map(|cell| (cell.product_area.as_ref().map(ToString::to_string), cell.row_kind, cell.cost));
    assert_eq!(areas(&mut { of_rows }), areas(&mut { cells }));
    see(&charges);
}

/// Owner, cost, method, ratio and the resource it is allocated to.
fn told(charges: &AllocatedCharges<'_>) -> Vec<String> {
    let told = charges.rows.iter().map(|row| {
        let AllocatedCharge { part, method, ratio, .. } = row;
        let owner = part.product_area.as_deref().unwrap_or(part.row_kind.as_str());
        let method = method.map_or("-", AllocationMethod::as_str);
        let ratio = ratio.map_or("-".to_owned(), |ratio| ratio.to_string());
        let resource = row.allocated_resource();
        format!("{owner} {} {method} {ratio} {}", part.amount, resource.as_deref().unwrap_or("-"))
    });
    told.collect()
}

#[test]
fn an_instance_is_replaced_by_its_services_and_what_is_not_split_stays() {
    let tasks = vec![task("web", "i-1", 3), task("family:jobs", "i-1", 1)];
    let rows = [usage("i-1", 0, 1, "4"), LineItem { tags: vec!["data"], ..usage("i-9", 0, 1, "2") }];
    allocated(&bill(&rows), "", &evidence(tasks), |charges| {
        let service = "arn:aws:ecs:eu-west-1:111:service/main/web";
        assert_eq!(
            told(charges),
            [
                "ops 1 unblended/ecs-cpu-seconds 0.25 arn:aws:ecs:eu-west-1:111:cluster/main/family:jobs",
                &format!("site 3 unblended/ecs-cpu-seconds 0.75 {service}"),
                "data 2 - - -",
            ]
        );
        assert_eq!(charges.rows[0].part.instance.as_deref(), Some("i-1"));
        assert_eq!(charges.rows[0].category, Some(ChargeCategory::Usage));
    });
}

#[test]
fn weights_of_memory_are_another_method() {
    let host = crate::evidence::Registration {
        instance: "i-1".into(),
        since: Timestamp::MIN,
        capacity: crate::evidence::Capacity { cpu: 1024, memory: 1024 },
    };
    let tasks = vec![TaskRun { memory: 512, ..task("web", "i-1", 3) }];
    let evidence = Evidence { registrations: vec![host], ..evidence(tasks) };
    allocated(
        &bill(&[usage("i-1", 0, 1, "4")]),
        "[containers]\nweights = { cpu = 1, memory = 1 }",
        &evidence,
        |charges| {
            assert!(told(charges)[0].starts_with("site 4 unblended/ecs-cpu-and-memory-seconds 1 "));
        },
    );
}

#[test]
fn a_volume_is_replaced_by_what_moved_and_what_stayed() {
    // An hour on i-1 with a service, two on i-2 with a tag, one on nothing.
    let rows = [usage("vol-1", 0, 4, "8"), LineItem { tags: vec!["data"], ..usage("i-2", 0, 1, "0") }];
    allocated(&bill(&rows), "", &evidence(vec![task("web", "i-1", 1)]), |charges| {
        assert_eq!(
            told(charges),
            [
                "data 0 - - -",
                "unattributed 2 unblended/volume-attachments 0.25 vol-1",
                "data 4 unblended/volume-attachments 0.5 i-2",
                "site 2 unblended/ecs-cpu-seconds 0.25 arn:aws:ecs:eu-west-1:111:service/main/web",
            ]
        );
    });
}

#[test]
fn rules_pools_and_providers_name_their_method() {
    let tagged = |area, cost| LineItem { tags: vec![area], ..row(cost) };
    let of = |product, cost| LineItem { product, ..row(cost) };
    let described = |description, cost| LineItem { description, ..row(cost) };
    let rows = [tagged("a", "1"), tagged("p", "2"), of("S3", "4"), described("Tax", "3"), described("Refund", "-5")];
    let policy = "[[rules]]\nid = \"s3\"\nmatch = { product = \"S3\" }\nsplit = { a = \"0.75\", b = \"0.25\" }\n\
        [[shared]]\nname = \"tax\"\nmatch = { kind = \"Tax\" }\nmethod = \"fixed\"\nshares = { a = \"0.5\", b = \"0.5\" }\n\
        [[shared]]\nname = \"refunds\"\nmatch = { kind = \"Refund\" }\nmethod = \"keep\"\n\
        [[providers]]\narea = \"p\"\nkeys = [{ consumer = \"b\", key = 1 }]\n";
    allocated(&bill(&rows), policy, &Evidence::default(), |charges| {
        assert_eq!(
            told(charges),
            [
                "a 1 - - -",
                "p 2 - - -",
                "a 3 unblended/rule-percentages 0.75 -",
                "b 1 unblended/rule-percentages 0.25 -",
                "shared -5 - - -",
                "a 1.5 unblended/shared-pool 0.5 -",
                "b 1.5 unblended/shared-pool 0.5 -",
                "b 2 unblended/provider-keys 1 -",
                "p -2 unblended/provider-keys - -",
            ]
        );
        let categories = charges.rows.iter().skip(4).map(|row| row.category.map(ChargeCategory::as_str));
        let [adjustment, tax] = [Some("Adjustment"), Some("Tax")];
        assert_eq!(categories.collect::<Vec<_>>(), [adjustment, tax, tax, None, None]);
    });
}

#[test]
fn fees_are_this_periods_part_shared_by_cost() {
    // A year from its first hour: 30 of 365 days are this period's, 2 to 1 by cost.
    let term = Interval::new(hours(0, 0).start, hours(0, 8760).end);
    let fee = LineItem { description: "Sign up charge for subscription: 1", interval: Some(term), ..row("365") };
    let tagged = |area, cost| LineItem { tags: vec![area], ..row(cost) };
    allocated(&bill(&[fee, tagged("a", "2"), tagged("b", "1")]), "", &Evidence::default(), |charges| {
        let methods = told(charges).split_off(2);
        assert_eq!(
            methods,
            [
                "a 20 unblended/commitment-fees 0.666666666666666667 -",
                "b 10 unblended/commitment-fees 0.333333333333333333 -",
            ]
        );
        assert_eq!(charges.rows[2].category, Some(ChargeCategory::Purchase));
    });
}

/// Owner, cost and hours.
fn told_hours(charges: &AllocatedCharges<'_>) -> Vec<String> {
    let told = charges.rows.iter().map(|AllocatedCharge { part, hours, .. }| {
        let owner = part.product_area.as_deref().unwrap_or(part.row_kind.as_str());
        format!("{owner} {} {}", part.amount, hours.map_or("-".to_owned(), |hours| hours.to_string()))
    });
    told.collect()
}

fn ran<'a>(resource: &'a str, from: i64, to: i64, cost: &str, hours: &str) -> LineItem<'a> {
    LineItem { usage_quantity: Some(hours.parse().unwrap()), ..usage(resource, from, to, cost) }
}

#[test]
fn hours_go_where_the_cost_goes_whatever_they_cost() {
    // Hour 0 by 3 to 1, hour 1 empty, then a free hour; storage and pools have no hours.
    let tasks = vec![task("web", "i-1", 3), task("family:jobs", "i-1", 1)];
    let rows = [
        ran("i-1", 0, 1, "4", "0.5"),
        ran("i-1", 1, 2, "1", "1"),
        ran("i-1", 2, 3, "0", "1"),
        LineItem { usage_type: "DataTransfer-Out-Bytes", ..ran("i-1", 0, 1, "8", "9") },
    ];
    let separate = "[containers]\nempty_host = \"separate\"\n";
    allocated(&bill(&rows), separate, &evidence(tasks), |charges| {
        let expected = ["idle 1 2", "ops 1 0.125", "site 3 0.375", "ops 2 -", "site 6 -"];
        assert_eq!(told_hours(charges), expected);
    });
}

#[test]
fn idle_hours_go_by_what_the_areas_have_of_the_cost() {
    // Of the cost 3 to 1 in hour 0, which ran for a minute only; 8 of the empty hour go by that, and its hour too.
    let tasks = vec![task("web", "i-1", 3), task("family:jobs", "i-1", 1)];
    let rows = [ran("i-1", 0, 1, "4", "0.5"), ran("i-1", 1, 2, "8", "1")];
    allocated(&bill(&rows), "[containers]\nempty_host = \"proportional\"\n", &evidence(tasks), |charges| {
        assert_eq!(told_hours(charges), ["ops 1 0.125", "ops 2 0.25", "site 3 0.375", "site 6 0.75"]);
    });
}

#[test]
fn what_waits_and_what_does_not_may_go_to_one_owner() {
    // Hour 0 to a service; hour 1 has a task that reserves nothing: by tag; hour 2 is empty: to who used the instance.
    let idle = TaskRun { interval: hours(1, 2), ..task("web", "i-1", 0) };
    let rows = [ran("i-1", 0, 1, "4", "1"), ran("i-1", 1, 2, "2", "0.5"), ran("i-1", 2, 3, "1", "0.25")];
    let rows = rows.map(|row| LineItem { tags: vec!["site"], ..row });
    let tasks = vec![task("web", "i-1", 3), TaskRun { task: "idle".into(), ..idle }];
    allocated(&bill(&rows), "[containers]\nempty_host = \"proportional\"\n", &evidence(tasks), |charges| {
        assert_eq!(told_hours(charges), ["site 4 1", "site 3 0.75"]);
    });
}

/// Random rows: resource, hour, length, area and cost.
fn any_rows() -> impl Strategy<Value = Vec<(usize, i64, i64, usize, i64)>> {
    prop::collection::vec((0usize..5, 0i64..6, 1i64..5, 0usize..4, -100i64..1000), 1..16)
}

proptest! {
    #[test]
    fn ratios_of_a_charge_sum_to_one_and_areas_to_the_report(rows in any_rows(), separate in any::<bool>(), rule in any::<bool>()) {
        const RESOURCES: [&str; 5] = ["", "i-1", "i-2", "i-3", "vol-1"];
        const AREAS: [&str; 4] = ["", "a", "b", "site"];
        let rows: Vec<LineItem<'_>> = rows.iter().map(|(resource, from, length, area, cost)| {
            let cost = Amount::from_units(i128::from(*cost));
            LineItem { cost, tags: vec![AREAS[*area]], ..usage(RESOURCES[*resource], *from, from + length, "0") }
        }).collect();
        let tasks = vec![task("web", "i-1", 3), task("family:jobs", "i-1", 4), task("lost", "i-2", 1)];
        let mut policy = String::new();
        if separate {
            policy += "[volumes]\ndetached = \"separate\"\n[containers]\nempty_host = \"separate\"\n";
        }
        if rule {
            policy += "[[rules]]\nid = \"r\"\nmatch = { tag = { team = \"b\" } }\nsplit = { a = \"0.3\", c = \"0.7\" }\n";
        }
        allocated(&bill(&rows), &policy, &evidence(tasks), |charges| {
            let mut ratios: BTreeMap<*const Charge, Vec<Amount>> = BTreeMap::new();
            for row in &charges.rows {
                let origin = row.origin.unwrap();
                assert_eq!(row.ratio.is_some(), row.method.is_some() && !origin.amount().is_zero());
                ratios.entry(std::ptr::from_ref(origin)).or_default().extend(row.ratio);
            }
            for ratios in ratios.into_values().filter(|ratios| !ratios.is_empty()) {
                assert_eq!(Amount::sum(ratios).unwrap().to_string(), "1");
            }
        });
    }
}
