//! Whole attributions of small bills, with amounts derived by hand.

use super::samples::{attached, job, mapped, run, task};
use super::*;
use crate::bill::samples::{bill, bill_with, hours, row, usage};
use crate::bill::{BillOptions, KeepIntervals};
use crate::classify::{Dialect, LineItem, LineItemKind};
use crate::evidence::{Capacity, Registration, TaskRun, VolumeAttachment};
use crate::policy::Unused;
use crate::rollup::IdleReason;
use crate::time::Interval;
use crate::workers::Alone;

/// Area or row kind → cost, in the order of the table.
fn areas(bill: &Bill, policy: &str, evidence: &Evidence) -> Vec<(String, String)> {
    let report = run(bill, policy, evidence).unwrap();
    let rows = report.area_costs().unwrap().into_iter().map(|row| {
        let owner = row.product_area.map(|area| area.to_string()).unwrap_or_default();
        (format!("{owner}/{}", row.row_kind.as_str()), row.cost.to_string())
    });
    rows.collect()
}

pub(super) fn evidence(tasks: Vec<TaskRun>, attachments: Vec<VolumeAttachment>) -> Evidence {
    let host = Registration {
        instance: "i-1".into(),
        since: Timestamp::MIN,
        capacity: Capacity { cpu: 36_864, memory: 61_440 },
    };
    Evidence {
        tasks: tasks.into(),
        attachments,
        registrations: vec![host],
        services: mapped(&[("web", "site"), ("jobs", "ops")]),
        ..Evidence::default()
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(owner, cost)| ((*owner).to_owned(), (*cost).to_owned())).collect()
}

/// 1024 and 4096 of 36864 units for the whole hour, 8192 of an unmapped service (domain 4.6).
fn hour_of_tasks() -> Vec<TaskRun> {
    vec![task("web", 1024, hours(0, 1)), task("jobs", 4096, hours(0, 1)), task("lost", 8192, hours(0, 1))]
}

#[test]
fn an_hour_is_split_by_cpu_with_idle_as_its_own_row() {
    // 1.80 × 1024/36864 = .05, × 4096/36864 = .20, × 8192/36864 = .40, and 23552 units idle are 1.15.
    let host = LineItem { usage_quantity: Some("1".parse().unwrap()), ..usage("i-1", 0, 1, "1.8") };
    let separate = "[containers]\nidle = \"separate\"";
    assert_eq!(
        areas(&bill(&[host]), separate, &evidence(hour_of_tasks(), vec![])),
        pairs(&[("/idle", "1.15"), ("/unattributed", "0.4"), ("ops/area", "0.2"), ("site/area", "0.05")])
    );
}

#[test]
fn an_hour_is_shared_whole_when_idle_is_spread() {
    // 1.3 over 1024 : 4096 : 8192 = 1 : 4 : 8.
    assert_eq!(
        areas(&bill(&[usage("i-1", 0, 1, "1.3")]), "", &evidence(hour_of_tasks(), vec![])),
        pairs(&[("/unattributed", "0.8"), ("ops/area", "0.4"), ("site/area", "0.1")])
    );
}

#[test]
fn weights_nine_to_one_give_the_split_cost_of_aws() {
    // Unit cost 1.80/(9·36 + 60) = .0046875 per GiB-hour: 1 vCPU and 2 GiB cost 9u + 2u = .0515625.
    let tasks = vec![TaskRun { memory: 2048, ..task("web", 1024, hours(0, 1)) }];
    let policy = "[containers]\nidle = \"separate\"\nweights = { cpu = 9, memory = 1 }";
    assert_eq!(
        areas(&bill(&[usage("i-1", 0, 1, "1.8")]), policy, &evidence(tasks, vec![])),
        pairs(&[("/idle", "1.7484375"), ("site/area", "0.0515625")])
    );
}

#[test]
fn a_volume_that_a_snapshot_shows_attached_to_nothing_is_detached_where_that_is_a_row() {
    let tagged = LineItem { tags: vec!["a"], ..usage("vol-1", 0, 2, "3") };
    let bill = bill(&[tagged, LineItem { tags: vec!["b"], ..usage("vol-2", 0, 2, "5") }]);
    let known = Evidence { unattached: vec!["vol-1".into()], ..Evidence::default() };
    let separate = "[volumes]\ndetached = \"separate\"";
    assert_eq!(areas(&bill, separate, &known), pairs(&[("a/idle", "3"), ("b/area", "5")]));
    assert_eq!(areas(&bill, "", &known), pairs(&[("a/area", "3"), ("b/area", "5")]));
    // Of what is not known to be attached or not, nothing is said (R64).
    assert_eq!(areas(&bill, separate, &Evidence::default()), pairs(&[("a/area", "3"), ("b/area", "5")]));
    let untimed = crate::bill::samples::bill_with(
        &[usage("vol-1", 0, 2, "3")],
        &BillOptions { tag_keys: vec!["team".into()], ..BillOptions::default() },
    );
    assert_eq!(run(&untimed, separate, &known).unwrap_err().code(), ErrorCode::AttributeNotScanned);
    assert_eq!(areas(&untimed, "", &known), pairs(&[("/unattributed", "3")]));
}

#[test]
fn hours_where_nothing_ran_go_by_the_instance_tag() {
    let tagged = |from, cost| LineItem { tags: vec!["infra"], ..usage("i-1", from, from + 1, cost) };
    let report =
        run(&bill(&[tagged(0, "1"), tagged(1, "2")]), "", &evidence(vec![task("web", 1, hours(0, 1))], vec![]));
    let mechanisms = report.unwrap().mechanisms().unwrap();
    let named: Vec<_> = mechanisms.iter().map(|m| (m.mechanism.as_str(), m.cost.to_string())).collect();
    assert_eq!(named, [("ecs", "1".to_owned()), ("ecs_idle", "2".to_owned())]);
}

/// Owner, kind with reason, and cost of every row.
pub(super) fn rows(bill: &Bill, policy: &str, evidence: &Evidence) -> Vec<String> {
    let report = run(bill, policy, evidence).unwrap();
    report.reconcile_tables().unwrap();
    let rows = report.area_costs().unwrap().into_iter().map(|row| {
        let owner = row.product_area.map(|area| area.to_string()).unwrap_or_default();
        let kind = row.detail.as_ref().map_or(row.row_kind.as_str(), |detail| detail.as_str());
        format!("{owner}/{kind} {}", row.cost)
    });
    rows.collect()
}

#[test]
fn each_reason_of_idle_goes_where_its_own_policy_says() {
    // Hour 0: half of the host reserved; hour 1: nothing runs; the volume is on it in both, detached in hour 2.
    let tagged = |from| LineItem { tags: vec!["infra"], ..usage("i-1", from, from + 1, "8") };
    let volume = |from| LineItem { tags: vec!["data"], ..usage("vol-1", from, from + 1, "2") };
    let bill = bill(&[tagged(0), tagged(1), volume(0), volume(1), volume(2)]);
    let evidence = evidence(vec![task("web", 18_432, hours(0, 1))], vec![attached("i-1", 0, 2)]);
    let of = |idle: &str, empty: &str, detached: &str| {
        let key =
            |key: &str, value: &str| if value.is_empty() { String::new() } else { format!("{key} = \"{value}\"\n") };
        let containers = [key("idle", idle), key("empty_host", empty)].concat();
        rows(&bill, &format!("[volumes]\ndetached = \"{detached}\"\n[containers]\n{containers}"), &evidence)
    };
    assert_eq!(of("", "", "owner"), ["data/area 2", "infra/area 10", "site/area 10"]);
    assert_eq!(
        of("spread", "separate", "owner"),
        ["data/area 2", "infra/area 2", "infra/empty_host 8", "site/area 10"]
    );
    let all = ["data/detached 2", "infra/area 2", "infra/empty_host 8", "infra/unreserved 5", "site/area 5"];
    assert_eq!(of("separate", "", "separate"), all);
    assert_eq!(
        of("separate", "owner", "separate"),
        ["data/detached 2", "infra/area 10", "infra/unreserved 5", "site/area 5"]
    );
}

#[test]
fn a_volume_of_no_known_time_is_not_detached_and_an_instance_without_runs_in_it_is_empty() {
    let untimed = |resource| LineItem { tags: vec!["own"], interval: None, ..usage(resource, 0, 1, "1") };
    let bill = bill(&[untimed("i-1"), untimed("vol-1")]);
    let separate = "[volumes]\ndetached = \"separate\"\n[containers]\nidle = \"separate\"\n";
    let evidence = evidence(vec![task("web", 1, hours(0, 1))], vec![attached("i-1", 0, 2)]);
    assert_eq!(rows(&bill, separate, &evidence), ["own/area 1", "own/empty_host 1"]);
}

#[test]
fn an_instance_without_any_run_is_no_empty_host() {
    let bill = bill(&[LineItem { tags: vec!["own"], ..usage("i-2", 0, 1, "1") }, usage("vol-1", 0, 1, "2")]);
    let evidence = evidence(vec![task("web", 1, hours(0, 1))], vec![attached("i-2", 0, 1)]);
    let separate = "[containers]\nempty_host = \"separate\"\n";
    assert_eq!(rows(&bill, separate, &evidence), ["own/area 3"]);
}

#[test]
fn the_period_window_shares_every_hour_alike() {
    let tasks = vec![task("web", 1024, hours(0, 1)), task("jobs", 1024, hours(5, 8))];
    let bill = bill(&[usage("i-1", 0, 1, "4"), usage("i-1", 100, 101, "8")]);
    let period = "[containers]\nwindow = \"period\"";
    assert_eq!(areas(&bill, period, &evidence(tasks, vec![])), pairs(&[("ops/area", "9"), ("site/area", "3")]));
}

#[test]
fn a_volume_that_moves_mid_day_pays_where_it_was() {
    // 24 h: 6 h on i-1 (web runs there all day), 12 h on i-2 (tagged), 6 h detached (tagged itself).
    let volume = LineItem { tags: vec!["data"], ..usage("vol-1", 0, 24, "24") };
    let other = LineItem { tags: vec!["batch"], ..usage("i-2", 0, 1, "0") };
    let evidence = evidence(vec![task("web", 512, hours(0, 24))], vec![attached("i-1", 0, 6), attached("i-2", 6, 18)]);
    assert_eq!(
        areas(&bill(&[volume.clone(), other.clone()]), "", &evidence),
        pairs(&[("batch/area", "12"), ("data/area", "6"), ("site/area", "6")])
    );
    let stays = "[volumes]\nfollow_attachments = false";
    assert_eq!(areas(&bill(&[volume, other]), stays, &evidence), pairs(&[("batch/area", "0"), ("data/area", "24")]));
}

#[test]
fn attachments_at_once_share_the_attached_part_by_their_milliseconds() {
    // 12 of 24 h attached at all; i-1 for 12 h and i-2 for 6 h of it: 12 × 2/3 and 12 × 1/3.
    let rows = [
        usage("vol-1", 0, 24, "24"),
        LineItem { tags: vec!["one"], ..usage("i-1", 0, 1, "0") },
        LineItem { tags: vec!["two"], ..usage("i-2", 0, 1, "0") },
    ];
    assert_eq!(
        areas(&bill(&rows), "", &evidence(vec![], vec![attached("i-1", 0, 12), attached("i-2", 6, 12)])),
        pairs(&[("/unattributed", "12"), ("one/area", "8"), ("two/area", "4")])
    );
}

#[test]
fn a_tag_is_inherited_only_when_the_resource_has_one_value() {
    let tagged = |value, resource| LineItem { tags: vec![value], ..usage(resource, 0, 1, "1") };
    let rows = [
        tagged("a", "bucket"),
        usage("bucket", 1, 2, "2"),
        tagged("a", "torn"),
        tagged("b", "torn"),
        usage("torn", 1, 2, "4"),
        row("8"),
    ];
    assert_eq!(
        areas(&bill(&rows), "", &Evidence::default()),
        pairs(&[("/unattributed", "12"), ("a/area", "4"), ("b/area", "1")])
    );
    let found = run(&bill(&rows), "", &Evidence::default()).unwrap().diagnostics;
    let conflict = found.iter().find(|found| found.code == DiagnosticCode::TagsConflict).unwrap();
    assert_eq!(conflict.message, "resource `torn` has the values `a`, `b` of tag `team`, 4 USD of its rows have none");
}

#[test]
fn rules_come_first_and_account_defaults_last() {
    let policy = "
        [[rules]]
        id = \"late\"
        from = \"2016-07\"
        area = \"nobody\"
        [[rules]]
        id = \"tax\"
        match = { kind = [\"Tax\", \"Refund\"], account = \"1*\" }
        split = { a = \"0.7\", b = \"0.3\" }
        [[rules]]
        id = \"never\"
        match = { product = \"?\" }
        area = \"nobody\"
        [areas.accounts]
        111 = \"default\"
    ";
    let tax = LineItem { description: "Tax", ..row("0.000000000000000001") };
    let bill = bill(&[tax, row("5")]);
    let policy = policy.replace("[areas.accounts]\n        111 =", "[areas.accounts]\n        \"111\" =");
    let parsed = Policy::from_toml(&policy).unwrap();
    let parsed = Policy { areas: crate::policy::AreaPolicy { tag_keys: vec![], ..parsed.areas }, ..parsed };
    let report = attribute(&Attribution {
        bill: &bill,
        policy: &parsed,
        evidence: &Evidence::default(),
        reservations: &ReservationBook::default(),
        currency: None,
        as_of: Timestamp::MIN,
        workers: &Alone,
    })
    .unwrap();
    let named: Vec<_> =
        report.cells.iter().map(|c| (c.product_area.clone().unwrap().to_string(), c.cost.units())).collect();
    // .7 and .3 of one unit: the leftover goes to the larger remainder.
    assert_eq!(named, [("a".to_owned(), 1), ("b".to_owned(), 0), ("default".to_owned(), 5_000_000_000_000_000_000)]);
    assert!(report.diagnostics.iter().any(|d| d.message == "rule `never` matched no charge"));
    assert!(
        !report.diagnostics.iter().any(|d| d.code != DiagnosticCode::RulesNotInEffect && d.message.contains("late"))
    );
}

#[test]
fn a_fee_is_spread_over_its_term_and_shared_by_cost() {
    // 366 days from 2016-06-01 to 2017-06-01 minus one second: 366 of 365 days... June has 30 of 365.
    let fee = LineItem {
        description: "Sign up charge for subscription: 1",
        interval: Some(Interval::new("2016-06-01 00:00:00".parse().unwrap(), "2017-05-31 23:59:59".parse().unwrap())),
        ..row("365")
    };
    let tagged = |value, cost| LineItem { tags: vec![value], ..row(cost) };
    let bill = bill(&[fee, tagged("a", "1"), tagged("b", "2"), tagged("c", "-7")]);
    let report = run(&bill, "", &Evidence::default()).unwrap();
    let totals = report.totals;
    assert_eq!((totals.billed.to_string(), totals.deferred.to_string()), ("361".into(), "335".into()));
    assert_eq!(areas(&bill, "", &Evidence::default()), pairs(&[("a/area", "11"), ("b/area", "22"), ("c/area", "-7")]));
    assert!(report.diagnostics.iter().any(|d| d.code == DiagnosticCode::CommitmentNegativeWeight));
}

#[test]
fn a_fee_nobody_can_share_is_unused_commitment() {
    let fee = LineItem { description: "Sign up charge", interval: Some(hours(0, 720)), ..row("30") };
    assert_eq!(areas(&bill(&[fee]), "", &Evidence::default()), pairs(&[("/unused_commitment", "30")]));
}

#[test]
fn a_fee_of_unknown_term_counts_in_full_or_is_refused() {
    let fee = LineItem { description: "Sign up charge", interval: Some(hours(0, 24)), ..row("30") };
    let bill = bill(&[fee]);
    assert_eq!(areas(&bill, "", &Evidence::default()), pairs(&[("/unattributed", "30")]));
    let error = run(&bill, "[commitments]\nunknown_term = \"error\"", &Evidence::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::FeeUnknownTerm);
}

#[test]
fn evidence_of_resources_the_scan_did_not_keep_is_an_error() {
    let options =
        BillOptions { tag_keys: vec!["team".into()], keep_intervals: KeepIntervals::None, ..Default::default() };
    let untimed = bill_with(&[usage("i-1", 0, 1, "1")], &options);
    let error = run(&untimed, "", &evidence(hour_of_tasks(), vec![])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AttributeNotScanned);
    let no_tags = bill_with(&[row("1")], &BillOptions::default());
    assert_eq!(run(&no_tags, "", &Evidence::default()).unwrap_err().code(), ErrorCode::AttributeNotScanned);
    let other_basis = run(&bill(&[row("1")]), "basis = \"amortized\"", &Evidence::default());
    assert_eq!(other_basis.unwrap_err().code(), ErrorCode::AttributeNotScanned);
}

#[test]
fn idle_of_unknown_capacity_is_an_error_until_the_policy_names_it() {
    let unknown = Evidence { registrations: vec![], ..evidence(vec![task("web", 1024, hours(0, 1))], vec![]) };
    let bill = bill(&[usage("i-1", 0, 1, "2")]);
    let error = run(&bill, "[containers]\nidle = \"separate\"", &unknown).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AttributeUnknownCapacity);
    let named = "[containers]\nidle = \"separate\"\ncapacity = { \"m4.large\" = { cpu = 2048 } }";
    assert_eq!(areas(&bill, named, &unknown), pairs(&[("/idle", "1"), ("site/area", "1")]));
    let weighted = "[containers]\nweights = { cpu = 9, memory = 1 }\ncapacity = { \"i-1\" = { cpu = 2048 } }";
    assert_eq!(run(&bill, weighted, &unknown).unwrap_err().code(), ErrorCode::AttributeUnknownCapacity);
}

#[test]
fn currencies_are_attributed_one_at_a_time() {
    let yuan = BillOptions { currency: "CNY".parse().unwrap(), tag_keys: vec!["team".into()], ..Default::default() };
    let both = bill(&[row("1")]).merge(bill_with(&[row("5")], &yuan)).unwrap();
    assert_eq!(run(&both, "", &Evidence::default()).unwrap_err().code(), ErrorCode::ConfigCurrency);
    let policy = Policy::from_toml("[areas]\ntag_keys = [\"team\"]").unwrap();
    let of = |currency: &str| {
        let book = ReservationBook::default();
        let job = Attribution {
            bill: &both,
            policy: &policy,
            evidence: &Evidence::default(),
            reservations: &book,
            currency: Some(currency.parse().unwrap()),
            as_of: Timestamp::MAX,
            workers: &Alone,
        };
        attribute(&job).map(|report| report.totals.unattributed.to_string())
    };
    assert_eq!(of("CNY").unwrap(), "5");
    assert_eq!(of("EUR").unwrap_err().code(), ErrorCode::ConfigCurrency);
}

#[test]
fn an_unmapped_service_is_one_fact_whatever_products_its_cost_is_of() {
    let transfer = LineItem { product: "AWS Data Transfer", ..usage("i-1", 0, 1, "1") };
    let bill = bill(&[usage("i-1", 0, 1, "2"), transfer]);
    let report = run(&bill, "", &evidence(vec![task("lost", 1, hours(0, 1))], vec![])).unwrap();
    let unmapped: Vec<_> =
        report.diagnostics.iter().filter(|found| found.code == DiagnosticCode::ServicesUnmapped).collect();
    assert_eq!(unmapped.iter().map(|found| found.count).collect::<Vec<_>>(), [1]);
}

#[test]
fn weights_too_large_to_be_exact_are_an_error() {
    let most = rust_decimal::Decimal::MAX;
    let policy = format!("[containers]\nweights = {{ cpu = \"{most}\", memory = \"0.000001\" }}");
    let error = run(&bill(&[usage("i-1", 0, 1, "1")]), &policy, &evidence(hour_of_tasks(), vec![])).unwrap_err();
    assert_eq!(error.code(), ErrorCode::MoneyOverflow);
}

/// A charge of a Cost and Usage Report whose term is a year.
fn cur_fee<'a>(cost: &str) -> LineItem<'a> {
    let mut fee = row(cost);
    (fee.dialect, fee.line_item_type, fee.reservation_id) = (Dialect::Cur, "Fee", "arn:ri");
    let at = |text: &str| text.parse().unwrap();
    fee.interval = Some(Interval::new(at("2016-06-01 00:00:00"), at("2017-06-01 00:00:00")));
    fee
}

#[test]
fn fees_of_a_cost_and_usage_report_are_cash_unless_they_are_spread() {
    let bill = bill(&[cur_fee("365")]);
    let cash = run(&bill, "", &Evidence::default()).unwrap();
    assert_eq!(
        (cash.totals.deferred.to_string().as_str(), cash.totals.unattributed.to_string().as_str()),
        ("0", "365")
    );
    let spread = run(&bill, "[commitments]\nspread = true", &Evidence::default()).unwrap();
    assert_eq!(spread.totals.deferred.to_string(), "335");
}

#[test]
fn with_an_amortized_basis_fees_hold_what_nothing_used_and_nothing_is_set_aside() {
    let fee = LineItem {
        line_item_type: "RIFee",
        unblended: Some("30".parse().unwrap()),
        tags: vec!["a"],
        cost: "4".parse().unwrap(),
        ..cur_fee("0")
    };
    let covered = LineItem { dialect: Dialect::Cur, line_item_type: "DiscountedUsage", tags: vec!["a"], ..row("26") };
    let options =
        BillOptions { basis: CostBasis::Amortized, tag_keys: vec!["team".to_owned()], ..BillOptions::default() };
    let bill = bill_with(&[fee, covered], &options);
    let amortized = "basis = \"amortized\"\n[commitments]\nspread = true\n";
    let unused = pairs(&[("/unused_commitment", "4"), ("a/area", "26")]);
    assert_eq!(areas(&bill, amortized, &Evidence::default()), unused);
    let report = run(&bill, amortized, &Evidence::default()).unwrap();
    assert!(report.totals.deferred.is_zero());
    let bridge: Vec<_> = report.bridge.unwrap().iter().map(|row| (row.kind, row.difference.to_string())).collect();
    assert_eq!(
        bridge,
        [(LineItemKind::DiscountedUsage, "0".to_owned()), (LineItemKind::RecurringFee, "-26".to_owned())]
    );
    let rule = "[[rules]]\nid = \"r\"\nmatch = { kind = \"RecurringFee\" }\narea = \"platform\"\n";
    let ruled = pairs(&[("a/area", "26"), ("platform/area", "4")]);
    assert_eq!(areas(&bill, &format!("{amortized}{rule}"), &Evidence::default()), ruled);
}

#[test]
fn a_line_item_type_that_is_not_known_is_mapped_reported_or_refused_as_the_policy_says() {
    let mut unknown = row("7");
    (unknown.dialect, unknown.line_item_type) = (Dialect::Cur, "FlatRate");
    let bill = bill(&[unknown]);
    let rule = |kind: &str| format!("[[rules]]\nid = \"r\"\nmatch = {{ kind = \"{kind}\" }}\narea = \"a\"\n");
    let code = DiagnosticCode::ClassifyUnknownLineItemType;
    let reported = run(&bill, &rule("FlatRate"), &Evidence::default()).unwrap();
    assert!(reported.diagnostics.iter().any(|fact| fact.code == code));
    assert_eq!(reported.totals.areas.to_string(), "7");
    let strict = format!("{}[line_items]\nstrict = true\n", rule("Fee"));
    let error = run(&bill, &strict, &Evidence::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ClassifyUnknownLineItemType);
    let mapped = format!("{strict}kinds = {{ FlatRate = \"Fee\" }}\n");
    let report = run(&bill, &mapped, &Evidence::default()).unwrap();
    assert!(!report.diagnostics.iter().any(|fact| fact.code == code));
    assert_eq!(report.totals.areas.to_string(), "7");
}

#[test]
fn a_filter_explains_what_the_whole_explains_of_its_cells() {
    // The volume's parts on i-1 and i-3 belong to one area and come with another's between them.
    let tagged = |instance, team| LineItem { tags: vec![team], ..usage(instance, 0, 1, "0") };
    let rows = [usage("vol-1", 0, 24, "24"), tagged("i-1", "a"), tagged("i-2", "b"), tagged("i-3", "a")];
    let bill = bill(&rows);
    let evidence = evidence(vec![], vec![attached("i-1", 0, 6), attached("i-2", 6, 12), attached("i-3", 12, 24)]);
    let policy = Policy::from_toml("[areas]\ntag_keys = [\"team\"]\n").unwrap();
    let book = ReservationBook::default();
    let job = job(&bill, &policy, &evidence, &book);
    let apart = Policy {
        volumes: crate::policy::VolumePolicy { detached: Unused::Separate, ..policy.volumes },
        ..policy.clone()
    };
    let detached = CellFilter { reason: Some(IdleReason::Detached), ..CellFilter::default() };
    let later = crate::bill::samples::bill(&[usage("vol-1", 24, 25, "3"), usage("vol-1", 0, 24, "24")]);
    let idle = explain(&Attribution { bill: &later, policy: &apart, ..job }, &detached).unwrap();
    assert_eq!((idle.cost.to_string(), idle.contributions[0].reason), ("3".to_owned(), detached.reason));
    let of_a = CellFilter { product_area: Some("a".to_owned()), ..CellFilter::default() };
    let filtered = explain(&job, &of_a).unwrap().contributions;
    let mut whole = explain(&job, &CellFilter::default()).unwrap().contributions;
    whole.retain(|contribution| contribution.product_area.as_deref() == Some("a"));
    assert_eq!(filtered, whole);
    let parts = filtered.iter().filter(|part| !part.amount.is_zero());
    let by_instance = parts.map(|part| (part.instance.as_deref(), part.amount.to_string()));
    assert_eq!(by_instance.collect::<Vec<_>>(), [(Some("i-1"), "6".into()), (Some("i-3"), "12".into())]);
}
