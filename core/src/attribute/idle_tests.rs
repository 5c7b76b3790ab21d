//! Idle cost that the areas of its instance or volume share, with amounts derived by hand (spec 5.3, 5.4, R87).

use proptest::prelude::*;

use super::samples::{attached, run, task};
use super::tests::{evidence, rows};
use super::*;
use crate::bill::samples::{bill, hours, row, usage};
use crate::classify::LineItem;
use crate::evidence::TaskRun;
use crate::workers::Alone;

fn tagged<'a>(resource: &'a str, from: i64, cost: &str, team: &'a str) -> LineItem<'a> {
    LineItem { tags: vec![team], ..usage(resource, from, from + 1, cost) }
}

/// `idle`, `empty_host` and `detached`, empty where nothing is said.
fn policy([idle, empty, detached]: [&str; 3]) -> String {
    let key = |key: &str, value: &str| if value.is_empty() { String::new() } else { format!("{key} = \"{value}\"\n") };
    [
        "[containers]\n".to_owned(),
        key("idle", idle),
        key("empty_host", empty),
        "[volumes]\n".to_owned(),
        key("detached", detached),
    ]
    .concat()
}

#[test]
fn the_areas_that_used_a_host_share_what_it_idled_by_what_they_have_of_it() {
    // Of 36864 units, hour 0: web a quarter, jobs a half of 8: 2 + 4, 2 unreserved; hour 1: web a half of 8: 4, 4
    // unreserved; hour 2: nothing, 8. web has 6 of the host and jobs 4.
    let tasks = || {
        vec![
            task("web", 9216, hours(0, 1)),
            task("jobs", 18_432, hours(0, 1)),
            TaskRun { task: "web-2".into(), ..task("web", 18_432, hours(1, 2)) },
        ]
    };
    let bill = bill(&[tagged("i-1", 0, "8", "infra"), tagged("i-1", 1, "8", "infra"), tagged("i-1", 2, "8", "infra")]);
    let of = |said| rows(&bill, &policy(said), &evidence(tasks(), vec![]));
    // 14 by 6 to 4.
    assert_eq!(of(["proportional", "", ""]), ["ops/area 9.6", "site/area 14.4"]);
    assert_eq!(
        of(["proportional", "separate", ""]),
        ["infra/empty_host 8", "ops/area 6.4", "site/area 9.6"],
        "6 by 6 to 4"
    );
    assert_eq!(
        of(["separate", "proportional", ""]),
        ["infra/unreserved 6", "ops/area 7.2", "site/area 10.8"],
        "8 by 6 to 4"
    );
    // Where idle is spread: 8/3 and 8 for web, 16/3 for jobs; the empty hour by 10.67 to 5.33.
    assert_eq!(of(["spread", "proportional", ""]), ["ops/area 8", "site/area 16"]);
    let report = run(&bill, &policy(["proportional", "", ""]), &evidence(tasks(), vec![])).unwrap();
    let mechanisms: Vec<_> =
        report.mechanisms().unwrap().iter().map(|row| format!("{} {}", row.mechanism.as_str(), row.cost)).collect();
    assert_eq!(mechanisms, ["ecs 10", "ecs_idle 14"]);
}

#[test]
fn a_host_that_no_known_area_used_keeps_a_row_of_its_own() {
    // `lost` has no area: nobody shares what is unreserved.
    let tasks = vec![task("lost", 18_432, hours(0, 1))];
    let bill = bill(&[tagged("i-1", 0, "8", "infra"), tagged("i-1", 1, "4", "infra")]);
    let expected = ["/unattributed 4", "infra/empty_host 4", "infra/unreserved 4"];
    assert_eq!(rows(&bill, &policy(["proportional", "", ""]), &evidence(tasks, vec![])), expected);
}

#[test]
fn a_detached_volume_is_shared_by_the_areas_that_had_it_attached() {
    // Hour 0 on i-1, which web fills: 2. Hour 1 on i-2 by its tag: 6. Hour 2 detached: 4 by 2 to 6.
    let volume = |from, cost| tagged("vol-1", from, cost, "data");
    let bill = bill(&[volume(0, "2"), volume(1, "6"), volume(2, "4"), tagged("i-2", 1, "0", "batch")]);
    let attachments = || vec![attached("i-1", 0, 1), attached("i-2", 1, 2)];
    let tasks = || vec![task("web", 1024, hours(0, 1))];
    let of = |bill: &Bill, attachments| rows(bill, &policy(["", "", "proportional"]), &evidence(tasks(), attachments));
    assert_eq!(of(&bill, attachments()), ["batch/area 9", "site/area 3"]);
    // Attached to nothing that costs in the period: its own area.
    let late = vec![attached("i-1", 100, 101)];
    assert_eq!(of(&bill, late), ["batch/area 0", "data/detached 12"]);
}

#[test]
fn a_pushed_fee_idles_as_its_instance_does() {
    // The covered hour costs nothing, so that nobody has anything yet of what idles of it, 0; of the fee of 8 web has a
    // quarter, and of the 6 that idle all.
    let mut fee = LineItem { usage_type: "HeavyUsage:c4.large", description: "fee", ..row("8") };
    fee.interval = Some(hours(0, 720));
    let mut hour = LineItem { reserved: true, usage_type: "BoxUsage:c4.large", ..tagged("i-1", 0, "0", "infra") };
    hour.usage_quantity = Some("1".parse().unwrap());
    let job = evidence(vec![task("web", 9216, hours(0, 1))], vec![]);
    assert_eq!(
        rows(&bill(&[fee.clone(), hour.clone()]), &policy(["proportional", "", ""]), &job),
        ["infra/unreserved 0", "site/area 8"]
    );
    assert_eq!(rows(&bill(&[fee, hour]), &policy(["separate", "", ""]), &job), ["infra/unreserved 6", "site/area 2"]);
}

#[test]
fn what_a_host_idled_is_explained_by_its_charges() {
    let bill = bill(&[tagged("i-1", 0, "8", "infra"), tagged("i-1", 1, "8", "infra"), tagged("zz", 0, "1", "site")]);
    let policy = Policy::from_toml(&format!("{}[areas]\ntag_keys = [\"team\"]\n", policy(["proportional", "", ""])));
    let (policy, evidence) = (policy.unwrap(), evidence(vec![task("web", 18_432, hours(0, 1))], vec![]));
    let job = Attribution {
        bill: &bill,
        policy: &policy,
        evidence: &evidence,
        reservations: &ReservationBook::default(),
        currency: None,
        as_of: "2016-08-01 00:00:00".parse().unwrap(),
        workers: &Alone,
    };
    let filter = CellFilter { product_area: Some("site".into()), ..CellFilter::default() };
    let explained = explain(&job, &filter).unwrap();
    let found = explained.contributions.iter().map(|part| {
        let charge = part.charge.as_ref().map(|charge| charge.resource_id.as_str()).unwrap_or_default();
        format!("{charge} {} {}", part.mechanism.as_str(), part.amount)
    });
    let found: BTreeSet<String> = found.collect();
    assert_eq!(found, ["i-1 ecs 4", "i-1 ecs_idle 12", "zz tag 1"].map(str::to_owned).into());
    // Every charge is replaced by its parts, which lie together.
    let allocated = allocated_charges(&job).unwrap();
    assert_eq!(Amount::sum(allocated.rows.iter().map(|row| row.part.amount)).unwrap().to_string(), "17");
}

proptest! {
    #[test]
    fn no_policy_of_idle_changes_the_sum_and_proportional_leaves_no_idle_row(
        costs in prop::collection::vec(0u32..1000, 1..6),
        ran in prop::collection::vec((0i64..5, 1u64..36_864), 1..4),
        chosen in (0usize..4, 0usize..4, 0usize..4),
    ) {
        let said = |at: usize, classic| ["", classic, "separate", "proportional"][at];
        let given = policy([said(chosen.0, "spread"), said(chosen.1, "owner"), said(chosen.2, "owner")]);
        let texts: Vec<String> = costs.iter().map(ToString::to_string).collect();
        let items: Vec<_> = texts.iter().zip(0..).map(|(cost, hour)| tagged("i-1", hour, cost, "infra")).collect();
        let tasks = ran.iter().enumerate().map(|(at, (hour, cpu))| TaskRun {
            task: format!("t{at}").into(),
            ..task("web", *cpu, hours(*hour, hour + 1))
        });
        let report = run(&bill(&items), &given, &evidence(tasks.collect(), vec![])).unwrap();
        let sum: u32 = costs.iter().sum();
        let whole = report.totals.areas.checked_add(report.totals.idle).unwrap();
        prop_assert_eq!(whole.to_string(), sum.to_string());
        let has_used = report.cells.iter().any(|cell| cell.service.is_some() && !cell.cost.is_zero());
        if chosen.0 == 3 && chosen.1 != 2 && has_used {
            prop_assert!(report.totals.idle.is_zero());
        }
    }
}
