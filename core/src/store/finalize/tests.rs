//! Every row of the table of outcomes, and that no other leads to a new version.

use super::*;
use crate::bill::Digest;
use proptest::prelude::*;

const LATER: &str = "2016-07-06 00:00:00";

fn candidate(bill: &str, policy: &str, areas: &[(&str, &str)]) -> FinalizeCandidate {
    let area_cost = |(area, cost): &(&str, &str)| AreaCost {
        product_area: (!area.is_empty()).then(|| (*area).into()),
        row_kind: if area.is_empty() { RowKind::Unattributed } else { RowKind::Area },
        detail: None,
        cost: cost.parse().unwrap(),
    };
    FinalizeCandidate {
        period: "2016-06".parse().unwrap(),
        payers: BTreeSet::from(["1".to_owned()]),
        basis: CostBasis::Unblended,
        currency: Currency::USD,
        status: BillStatus::Invoiced,
        as_of: "2016-07-05 00:00:00".parse().unwrap(),
        stops_early: None,
        skipped_rows: 0,
        content: FinalContent {
            digests: ReportDigests {
                bill: Digest::of(bill.as_bytes()),
                policy: Digest::of(policy.as_bytes()),
                evidence: Digest::of(b"evidence"),
                reservations: Digest::of(b"reservations"),
            },
            software_version: "0.1.0".into(),
            area_costs: areas.iter().map(area_cost).collect(),
            service_costs: Vec::new(),
            product_area_costs: Vec::new(),
        },
    }
}

fn decide(live: Option<&LiveVersion>, run: &FinalizeCandidate, terms: &FinalizeTerms) -> FinalizeOutcome {
    decide_finalization(live, run, terms, LATER.parse().unwrap()).unwrap()
}

fn live(version: u32, run: &FinalizeCandidate) -> LiveVersion {
    LiveVersion { version, content: run.content.clone() }
}

fn refusal(outcome: FinalizeOutcome) -> Refusal {
    match outcome {
        FinalizeOutcome::Refused(refusal) => refusal,
        other => panic!("{other:?} is no refusal"),
    }
}

#[test]
fn the_first_final_run_is_version_1_and_the_same_again_changes_nothing() {
    let run = candidate("bill", "policy", &[("api", "5")]);
    let terms = FinalizeTerms::default();
    assert_eq!(decide(None, &run, &terms), FinalizeOutcome::Finalized { version: 1 });
    assert_eq!(decide(Some(&live(1, &run)), &run, &terms), FinalizeOutcome::Unchanged { version: 1 });
    // A reason to restate is no reason to copy what is already there.
    let restate = FinalizeTerms { restate: Some("again".into()), ..terms };
    assert_eq!(decide(Some(&live(3, &run)), &run, &restate), FinalizeOutcome::Unchanged { version: 3 });
}

#[test]
fn other_inputs_with_equal_tables_change_nothing() {
    let first = candidate("bill", "policy", &[("api", "5")]);
    let mut again = candidate("bill", "other policy", &[("api", "5")]);
    again.content.software_version = "0.2.0".into();
    let outcome = decide(Some(&live(1, &first)), &again, &FinalizeTerms::default());
    assert_eq!(outcome, FinalizeOutcome::Unchanged { version: 1 });
}

#[test]
fn another_bill_is_restated_even_with_equal_tables() {
    let first = candidate("bill", "policy", &[("api", "5")]);
    let again = candidate("restated bill", "policy", &[("api", "5")]);
    let refused = refusal(decide(Some(&live(1, &first)), &again, &FinalizeTerms::default()));
    assert_eq!(refused.code, ErrorCode::FinalizeRestated);
    assert!(refused.message.contains("no area costs more or less"), "{}", refused.message);
}

#[test]
fn a_refusal_carries_the_difference_of_every_area_that_changed() {
    let first = candidate("bill", "policy", &[("", "1"), ("api", "5"), ("gone", "2"), ("same", "9")]);
    let again = candidate("restated bill", "policy", &[("", "1.5"), ("api", "4"), ("new", "3"), ("same", "9")]);
    let refused = refusal(decide(Some(&live(2, &first)), &again, &FinalizeTerms::default()));
    assert_eq!(
        refused.message,
        "2016-06 is finalized as version 2, and this run has another bill: unattributed 1 → 1.5 (+0.5), \
         `api` (area) 5 → 4 (-1), `gone` (area) 2 → 0 (-2), `new` (area) 0 → 3 (+3); \
         restate with a reason to append a version"
    );
    let changes: Vec<_> = refused.differences.iter().map(|d| d.change.to_string()).collect();
    assert_eq!(changes, ["0.5", "-1", "-2", "3"]);
    assert_eq!(Error::from(refused).code(), ErrorCode::FinalizeRestated);
}

#[test]
fn the_same_bill_with_other_inputs_and_amounts_is_recomputed() {
    let first = candidate("bill", "policy", &[("api", "5")]);
    let mut again = candidate("bill", "other policy", &[("api", "6")]);
    again.content.software_version = "0.2.0".into();
    let refused = refusal(decide(Some(&live(1, &first)), &again, &FinalizeTerms::default()));
    assert_eq!(refused.code, ErrorCode::FinalizeRecomputed);
    assert!(refused.message.contains("the same bill and another policy, software version:"), "{}", refused.message);
}

#[test]
fn tables_by_service_are_content_too() {
    let first = candidate("bill", "policy", &[("api", "5")]);
    let mut again = candidate("bill", "other", &[("api", "5")]);
    again.content.service_costs =
        vec![ServiceCost { cluster: None, service: "web".into(), product_area: None, cost: Amount::ZERO }];
    let refused = refusal(decide(Some(&live(1, &first)), &again, &FinalizeTerms::default()));
    assert_eq!(refused.code, ErrorCode::FinalizeRecomputed);
}

#[test]
fn a_reason_to_restate_appends_the_next_version() {
    let first = candidate("bill", "policy", &[("api", "5")]);
    let again = candidate("restated bill", "policy", &[("api", "6")]);
    let terms = FinalizeTerms { restate: Some("refund".into()), ..FinalizeTerms::default() };
    assert_eq!(decide(Some(&live(4, &first)), &again, &terms), FinalizeOutcome::Finalized { version: 5 });
}

#[test]
fn only_invoiced_bills_are_final_and_only_unknown_ones_can_be_asserted() {
    let assert = FinalizeTerms { assert_invoiced: Some("paid".into()), ..FinalizeTerms::default() };
    for (status, plain, asserted) in [
        (BillStatus::Invoiced, true, true),
        (BillStatus::Unknown, false, true),
        (BillStatus::Estimated, false, false),
        (BillStatus::Open, false, false),
    ] {
        let run = FinalizeCandidate { status, ..candidate("bill", "policy", &[]) };
        for (terms, expected) in [(&FinalizeTerms::default(), plain), (&assert, asserted)] {
            match decide(None, &run, terms) {
                FinalizeOutcome::Finalized { version: 1 } => assert!(expected, "{status:?}"),
                outcome => {
                    assert!(!expected, "{status:?}");
                    assert_eq!(refusal(outcome).code, ErrorCode::FinalizeNotFinal);
                }
            }
        }
    }
}

#[test]
fn a_restatement_needs_a_final_bill_as_well() {
    let first = candidate("bill", "policy", &[("api", "5")]);
    let again = FinalizeCandidate { status: BillStatus::Estimated, ..candidate("other", "policy", &[]) };
    let terms = FinalizeTerms { restate: Some("refund".into()), ..FinalizeTerms::default() };
    assert_eq!(refusal(decide(Some(&live(1, &first)), &again, &terms)).code, ErrorCode::FinalizeNotFinal);
}

#[test]
fn a_period_that_is_not_over_is_not_final() {
    let during: Timestamp = "2016-06-30 23:59:59".parse().unwrap();
    let run = candidate("bill", "policy", &[]);
    let early = FinalizeCandidate { as_of: during, ..run.clone() };
    let terms = FinalizeTerms { assert_invoiced: Some("paid".into()), ..FinalizeTerms::default() };
    let refused = refusal(decide(None, &early, &terms));
    assert_eq!(refused.message, "the period 2016-06 is not over: it ends at 2016-07-01T00:00:00Z");
    let outcome = decide_finalization(None, &run, &terms, during).unwrap();
    assert_eq!(refusal(outcome).code, ErrorCode::FinalizeNotFinal);
}

#[test]
fn a_bill_that_stops_early_is_incomplete_unless_allowed() {
    let stops_early = Some("2016-06-27 05:00:00".parse().unwrap());
    let run = FinalizeCandidate { stops_early, ..candidate("bill", "policy", &[]) };
    let refused = refusal(decide(None, &run, &FinalizeTerms::default()));
    assert_eq!(refused.code, ErrorCode::FinalizeIncomplete);
    assert!(refused.message.contains("no usage after 2016-06-27T05:00:00Z"), "{}", refused.message);
    let terms = FinalizeTerms { allow_incomplete: Some("closed on the 27th".into()), ..FinalizeTerms::default() };
    assert_eq!(decide(None, &run, &terms), FinalizeOutcome::Finalized { version: 1 });
}

#[test]
fn a_run_of_several_payers_or_none_is_refused() {
    for (payers, found) in [(vec![], "has none"), (vec!["1", "2"], "has `1`, `2`")] {
        let payers = payers.into_iter().map(str::to_owned).collect();
        let refused = refusal(decide(
            None,
            &FinalizeCandidate { payers, ..candidate("bill", "policy", &[]) },
            &FinalizeTerms::default(),
        ));
        assert_eq!(refused.code, ErrorCode::FinalizeNotFinal);
        assert!(refused.message.ends_with(found), "{}", refused.message);
    }
}

#[test]
fn an_empty_reason_is_no_reason() {
    let terms = FinalizeTerms { restate: Some(" ".into()), ..FinalizeTerms::default() };
    let run = candidate("bill", "policy", &[]);
    let error = decide_finalization(None, &run, &terms, LATER.parse().unwrap()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigBadValue);
}

proptest! {
    #[test]
    fn without_a_reason_a_live_version_never_gives_way(
        bills in (0..2u8, 0..2u8),
        policies in (0..2u8, 0..2u8),
        costs in (0..3u8, 0..3u8),
        status in prop::sample::select(vec![BillStatus::Open, BillStatus::Estimated, BillStatus::Unknown, BillStatus::Invoiced]),
    ) {
        let run = |bill: u8, policy: u8, cost: u8| {
            candidate(&bill.to_string(), &policy.to_string(), &[("api", &cost.to_string())])
        };
        let first = run(bills.0, policies.0, costs.0);
        let again = FinalizeCandidate { status, ..run(bills.1, policies.1, costs.1) };
        let is_same = bills.0 == bills.1 && costs.0 == costs.1;
        match decide(Some(&live(7, &first)), &again, &FinalizeTerms::default()) {
            FinalizeOutcome::Finalized { .. } => prop_assert!(false, "a live version was replaced"),
            FinalizeOutcome::Unchanged { version } => prop_assert!(is_same && version == 7),
            FinalizeOutcome::Refused(refusal) => {
                prop_assert!(!is_same);
                let expected = match (status, bills.0 == bills.1) {
                    (BillStatus::Invoiced, true) => ErrorCode::FinalizeRecomputed,
                    (BillStatus::Invoiced, false) => ErrorCode::FinalizeRestated,
                    _ => ErrorCode::FinalizeNotFinal,
                };
                prop_assert_eq!(refusal.code, expected);
            }
        }
    }
}
