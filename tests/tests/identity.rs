//! The identity of the promise on random bills with every line item kind, basis and policy (spec 0.1), and the bridge
//! of closed periods (domain 3.1).
//!
//! `UNBLENDED_RANDOM_MONTHS` says how many bills; `UNBLENDED_RANDOM_FIRST` the number of the first.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]
#![allow(clippy::print_stdout, reason = "an extended run says what it had")]

mod identity_bills;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::thread;

use identity_bills::periods::Term;
use identity_bills::{Case, ERRORS, Kept, Random, Seen, Sums, as_of, sum};
use unblended::{
    Alone, Amount, Attribution, Bill, CellFilter, CostBasis, Currency, Error, ErrorCode, Evidence, LineItemKind,
    Mechanism, Policy, Report, ReservationBook, Result, Workers, allocated_charges, attribute, explain,
};

/// What a bill is attributed with.
struct Given {
    policy: Policy,
    evidence: Evidence,
    book: ReservationBook,
    currency: Option<Currency>,
}

impl Given {
    fn of(case: &Case) -> Result<Self> {
        let currency = case.currency.map(|code| code.parse().unwrap());
        Ok(Self { policy: case.policy()?, evidence: case.facts.evidence(), book: case.book()?, currency })
    }

    fn job<'a>(&'a self, bill: &'a Bill) -> Attribution<'a> {
        let Self { policy, evidence, book: reservations, currency } = self;
        Attribution { bill, policy, evidence, reservations, currency: *currency, as_of: as_of(), workers: &Alone }
    }

    fn scan(&self, case: &Case, name: &str, lines: &[String]) -> Result<Bill> {
        case.scan(name, lines, &self.policy, &self.evidence)
    }
}

/// Two threads, one from each end.
#[derive(Debug)]
struct FromBothEnds;

impl Workers for FromBothEnds {
    fn each(&self, pieces: usize, work: &(dyn Fn(usize) + Sync)) {
        thread::scope(|scope| {
            scope.spawn(|| (0..pieces).step_by(2).for_each(work));
            (0..pieces).rev().filter(|piece| piece % 2 == 1).for_each(work);
        });
    }
}

/// Attributes a bill in every way it may be delivered and checks all that must hold.
fn check(case: &Case, seen: &mut Seen) {
    let given = match Given::of(case) {
        Ok(given) => given,
        Err(error) => return check_refusal(case, &error, seen),
    };
    let lines = case.lines();
    let outcome = match given.scan(case, "bill.csv", &lines) {
        Ok(bill) => attributed(case, &given, &bill, seen),
        Err(error) => Err(error),
    };
    if let Err(error) = &outcome {
        check_refusal(case, error, seen);
    }
    // In another order sums may leave the range where these do not.
    if !case.may_overflow() {
        let expected = outcome.map_err(|error| brief(&error));
        for (way, bill) in [("permuted", permuted(case, &given, &lines)), ("merged", merged(case, &given, &lines))] {
            let other = bill.and_then(|bill| attribute(&given.job(&bill))).and_then(|report| said(&report));
            assert!(other.map_err(|error| brief(&error)) == expected, "{way}");
        }
    }
}

/// What the report of a bill says, with all that must hold of it checked.
fn attributed(case: &Case, given: &Given, bill: &Bill, seen: &mut Seen) -> Result<(String, Report)> {
    let job = given.job(bill);
    let report = attribute(&job)?;
    check_sums(case, bill, &report)?;
    check_explained(&report, &job)?;
    // Checks for itself that its parts sum to each charge and to the bill.
    allocated_charges(&job)?;
    let said_first = said(&report)?;
    let together = Attribution { workers: &FromBothEnds, ..job };
    assert!(said(&attribute(&together)?)? == said_first, "again");
    seen.note_case(case, &report);
    Ok(said_first)
}

fn brief(error: &Error) -> (ErrorCode, String) {
    (error.code(), error.to_string())
}

fn permuted(case: &Case, given: &Given, lines: &[String]) -> Result<Bill> {
    given.scan(case, "permuted.csv", &Random(case.order).shuffled(lines))
}

/// Two halves, each with one of the first two rows.
fn merged(case: &Case, given: &Given, lines: &[String]) -> Result<Bill> {
    let halves = Random(case.order).cut(&lines[2..], 2);
    let mut bills = halves.iter().zip(lines).map(|(half, anchor)| {
        let lines: Vec<String> = half.iter().chain([anchor]).cloned().collect();
        given.scan(case, "half.csv", &lines)
    });
    let (first, second) = (bills.next().unwrap(), bills.next().unwrap());
    second?.merge(first?)
}

/// Everything a report says but where findings were and which files it was read from.
fn said(report: &Report) -> Result<(String, Report)> {
    let mut report = report.clone();
    report.inputs.clear();
    for fact in &mut report.diagnostics {
        fact.location = None;
    }
    Ok((report.to_json("run")?, report))
}

/// Tables may leave the range where the amounts they sum do not.
fn check_sums(case: &Case, bill: &Bill, report: &Report) -> Result<()> {
    assert!(refusals(case).is_empty(), "a run that {:?} should stop", refusals(case));
    let sums = Sums::of(case, report.currency.as_str());
    let whole = sums.whole();
    let totals = &report.totals;
    let printed = [totals.billed, totals.carried_in, totals.deferred, totals.excluded].map(Amount::units);
    assert_eq!(printed, [sums.billed, sums.carried_in, sums.deferred, sums.excluded], "totals");
    let parts = [totals.areas, totals.idle, totals.unused_commitment, totals.shared, totals.unattributed];
    assert_eq!(sum(parts), whole, "parts");

    let mut by_origin: BTreeMap<(String, String), i128> = BTreeMap::new();
    for cell in &report.cells {
        let sum = by_origin.entry((cell.product.clone(), cell.usage_account.clone())).or_default();
        *sum = sum.wrapping_add(cell.cost.units());
    }
    by_origin.retain(|_, sum| *sum != 0);
    assert_eq!(by_origin, sums.by_origin, "by product and usage account");

    report.reconcile_tables()?;
    let tables = [
        ("area_costs", sum(report.area_costs()?.iter().map(|row| row.cost))),
        ("product_area_costs", sum(report.product_area_costs()?.iter().map(|row| row.cost))),
        ("mechanisms", sum(report.mechanisms()?.iter().map(|row| row.cost))),
    ];
    assert_eq!(tables, tables.map(|(name, _)| (name, whole)));
    let of_services = report.cells.iter().filter(|cell| cell.service.is_some()).map(|cell| cell.cost);
    assert_eq!(sum(report.service_costs()?.iter().map(|row| row.cost)), sum(of_services), "service_costs");

    let bridge = bill.bridge(report.currency)?;
    let by_kind = bridge.iter().map(|row| (row.kind, (row.rows, row.unblended.units(), row.cost.units())));
    assert_eq!(by_kind.collect::<BTreeMap<_, _>>(), sums.bridge, "bridge");
    assert_eq!(report.bridge, (case.basis != CostBasis::Unblended).then_some(bridge), "bridge of the report");
    check_commitments(case, &sums, report);
    if !case.amounts.is_signed {
        let negative = report.cells.iter().find(|cell| cell.cost.is_negative());
        assert_eq!(negative, None, "nothing negative came in");
    }
    if !case.amounts.is_signed_on_resources && case.shares_nothing_negative() {
        let mut idle = report.cells.iter().filter(|cell| cell.mechanism == Mechanism::Idle);
        assert_eq!(
            idle.find(|cell| cell.cost.is_negative()),
            None,
            "nothing negative came in on instances and volumes"
        );
    }
    Ok(())
}

/// With an amortized basis used and unused costs of all commitments sum to their rows (spec 6.4).
fn check_commitments(case: &Case, sums: &Sums, report: &Report) {
    let of_commitments = [
        LineItemKind::DiscountedUsage,
        LineItemKind::SavingsPlanCoveredUsage,
        LineItemKind::RecurringFee,
        LineItemKind::SavingsPlanRecurringFee,
        LineItemKind::UnusedCommitment,
    ];
    let used = report.commitments.iter().map(|row| row.used_cost.unwrap_or_default());
    if !case.basis.is_amortized() {
        assert_eq!(sum(used), 0, "used cost is of an amortized basis");
        return;
    }
    let expected = of_commitments.iter().filter_map(|kind| sums.bridge.get(kind)).map(|(_, _, cost)| *cost);
    let parts = used.chain(report.commitments.iter().map(|row| row.unused_cost.unwrap()));
    assert_eq!(sum(parts), expected.fold(0, i128::wrapping_add), "used and unused cost");
}

/// The contributions to all cells, and to those of one product, sum to them.
fn check_explained(report: &Report, job: &Attribution<'_>) -> Result<()> {
    let product = report.cells.first().map(|cell| cell.product.clone());
    for product in [None, product] {
        let cells = report.cells.iter().filter(|cell| product.as_ref().is_none_or(|product| cell.product == *product));
        let expected = sum(cells.map(|cell| cell.cost));
        let explained = explain(job, &CellFilter { product: product.clone(), ..CellFilter::default() })?;
        assert_eq!(explained.cost.units(), expected, "explained {product:?}");
        assert_eq!(sum(explained.contributions.iter().map(|part| part.amount)), expected, "contributions");
    }
    Ok(())
}

/// Why the run of a case must stop.
fn refusals(case: &Case) -> Vec<ErrorCode> {
    let policy = &case.policy;
    let currencies = case.currencies();
    let currency = case.currency.or(if currencies.len() == 1 { currencies.first().copied() } else { None });
    let is_unknown = |row: &identity_bills::Row| {
        let kinds = policy["line_items"]["kinds"].as_object();
        let is_mapped = kinds.is_some_and(|kinds| kinds.contains_key(row.form.1));
        row.kind == Some(unblended::LineItemKind::Other) && !is_mapped
    };
    let facts = [
        (ErrorCode::ConfigBasisUnavailable, !case.has_basis()),
        (ErrorCode::ConfigCurrency, currency.is_none_or(|chosen| !currencies.contains(chosen))),
        (
            ErrorCode::FeeUnknownTerm,
            policy["commitments"]["unknown_term"] == "error"
                && currency.is_some_and(|currency| case.has_unknown_term(currency)),
        ),
        (
            ErrorCode::ClassifyUnknownLineItemType,
            policy["line_items"]["strict"] == true && case.rows.iter().any(is_unknown),
        ),
    ];
    facts.into_iter().filter(|(_, is_so)| *is_so).map(|(code, _)| code).collect()
}

/// An error is one of those that this case can have.
fn check_refusal(case: &Case, error: &Error, seen: &mut Seen) {
    let containers = &case.policy["containers"];
    let has_facts = !case.facts.tasks.is_empty() || !case.facts.attachments.is_empty();
    let is_possible = match error.code() {
        ErrorCode::AttributeClosedCycle => case.policy["providers"].as_array().unwrap().len() > 1,
        ErrorCode::AttributeNoSplitData => containers["split"] == "scad",
        ErrorCode::AttributeNotScanned => case.kept == Kept::Nothing && has_facts,
        ErrorCode::AttributeUnknownCapacity => {
            let needs_all = ["separate", "proportional"].iter().any(|idle| containers["idle"] == **idle);
            let needs = needs_all || !containers["weights"]["memory"].is_null();
            needs && !case.facts.tasks.is_empty()
        }
        ErrorCode::MoneyOverflow => case.may_overflow(),
        // A DBR says of its record types what a Cost and Usage Report says of line item types.
        code => refusals(case).contains(&code),
    };
    assert!(ERRORS.contains(&error.code()) && is_possible, "{}: {error}", error.code());
    seen.note(format!("error {}", error.code()));
}

/// The smallest case that still fails, one part after another taken away.
fn smallest(mut case: Case) -> Case {
    let fails = |case: &Case| catch_unwind(AssertUnwindSafe(|| check(case, &mut Seen::default()))).is_err();
    let (mut part, said) = (0, take_hook());
    set_hook(Box::new(|_| {}));
    while let Some(less) = case.without(part) {
        if fails(&less) {
            case = less;
        } else {
            part += 1;
        }
    }
    set_hook(said);
    case
}

fn check_number(number: u64, seen: &mut Seen) {
    let case = Case::new(number);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&case, seen))) {
        let case = smallest(case);
        println!("bill {number} fails, made as small as it still does:\n{}", case.text());
        let _ = catch_unwind(AssertUnwindSafe(|| check(&case, &mut Seen::default())));
        std::panic::resume_unwind(panic);
    }
}

fn number_in(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn every_bill_sums_to_its_rows_whatever_its_kinds_basis_and_policy() {
    let (first, bills) = (number_in("UNBLENDED_RANDOM_FIRST", 0), number_in("UNBLENDED_RANDOM_MONTHS", 400));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let seen = thread::scope(|scope| {
        let run = move |of| {
            let mut seen = Seen::default();
            (first..first + bills).skip(of).step_by(threads).for_each(|number| check_number(number, &mut seen));
            seen
        };
        let started: Vec<_> = (0..threads).map(|of| scope.spawn(move || run(of))).collect();
        let mut all = Seen::default();
        for thread in started {
            all.add(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    println!("{bills} bills: {seen:#?}");
    assert_eq!(seen.never(), Vec::<String>::new(), "never occurred in {bills} bills");
}

/// Σ unblended = Σ amortized + Σ trueup + Σ upfront fees in every month, and over the whole term what was charged is
/// what was amortized.
#[test]
fn closed_periods_bridge_from_charged_to_amortized_exactly() {
    for number in 0..number_in("UNBLENDED_RANDOM_MONTHS", 400) / 4 {
        let term = Term::new(number);
        let (mut charged, mut amortized) = (0, 0);
        for month in &term.months {
            let bill = term.bill(month, CostBasis::Amortized).unwrap();
            let bridge = bill.bridge(Currency::USD).unwrap();
            let unblended = sum(bridge.iter().map(|row| row.unblended));
            let cost = sum(bridge.iter().map(|row| row.cost));
            assert_eq!(unblended, cost + (month.trueup + month.upfront_fees) * 10i128.pow(15), "{number}: {month:?}");
            assert_eq!(cost, bill.billed(Currency::USD).unwrap().units());
            let same = term.bill(month, CostBasis::Unblended).unwrap();
            assert_eq!(unblended, same.billed(Currency::USD).unwrap().units());
            (charged, amortized) = (charged + unblended, amortized + cost);
        }
        assert_eq!(charged, amortized, "{number}: {term:?}");
    }
}
