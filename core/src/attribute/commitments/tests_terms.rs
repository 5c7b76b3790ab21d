//! Whole terms, month by month, with the book carried from one close to the next (spec 6.1, 6.2).

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::amortize::ReservationBook;
use crate::attribute::{Attribution, attribute};
use crate::bill::samples::row;
use crate::bill::{Bill, BillBuilder, BillOptions};
use crate::classify::{LineItem, Treatment, classify};
use crate::evidence::Evidence;
use crate::money::Amount;
use crate::policy::{AreaPolicy, Policy, UnusedCommitment};
use crate::time::{BillingPeriod, Interval, Timestamp};
use crate::workers::Alone;

/// A fee of the bill of some month after that in which its term starts.
#[derive(Clone, Debug)]
struct Fee {
    start: Timestamp,
    /// As printed.
    end: Timestamp,
    billed_after: u32,
    units: i128,
    id: u8,
    /// Usage type, zone and how many were bought, as far as its rows say them.
    covers: (&'static str, &'static str, u8),
}

impl Fee {
    fn billed_in(&self) -> BillingPeriod {
        (0..self.billed_after).fold(self.start.period().unwrap(), |period, _| period.next())
    }
}

fn bill_of(period: BillingPeriod, fees: &[Fee]) -> Bill {
    let options = BillOptions::default();
    let mut builder = BillBuilder::new(&options);
    let usage = LineItem { interval: Some(period.interval()), tags: vec![], ..row("1") };
    // Hours that fees may cover, so that their parts are pushed and what nothing used is split off.
    let covered = [("i-1", "BoxUsage:c4.large", "us-east-1a"), ("i-2", "BoxUsage:m4.large", "us-east-1b")];
    let covered = covered.map(|(resource_id, usage_type, zone)| LineItem {
        resource_id,
        usage_type,
        zone,
        reserved: true,
        cost: Amount::ZERO,
        usage_quantity: Some("700".parse().unwrap()),
        ..usage.clone()
    });
    let ids: Vec<String> = fees.iter().map(|fee| fee.id.to_string()).collect();
    let of_fees = fees.iter().zip(&ids).map(|(fee, id)| {
        let mut item = LineItem { description: "Sign up charge", reservation_id: id, tags: vec![], ..row("0") };
        (item.cost, item.interval) = (Amount::from_units(fee.units), Some(Interval::new(fee.start, fee.end)));
        (item.usage_type, item.zone) = (fee.covers.0, fee.covers.1);
        item.usage_quantity = Some(Amount::from_units(i128::from(fee.covers.2) * 10i128.pow(Amount::SCALE)));
        item
    });
    for item in std::iter::once(usage).chain(covered).chain(of_fees) {
        let Treatment::Counts(kind) = classify(&item) else { panic!("{item:?}") };
        builder.add(&item, kind).unwrap();
    }
    builder.finish(period).unwrap()
}

/// Every month from the first bill to the last term's end, closed one after the other: what each added to the bill.
fn closed(fees: &[Fee], unused: UnusedCommitment) -> Vec<(BillingPeriod, Amount)> {
    let mut policy = Policy { areas: AreaPolicy { tag_keys: vec![], ..AreaPolicy::default() }, ..Policy::default() };
    policy.commitments.unused = unused;
    let (evidence, payers) = (Evidence::default(), BTreeSet::from(["100".to_owned()]));
    let mut period = fees.iter().map(|fee| fee.start.period().unwrap()).min().unwrap();
    let last = fees.iter().map(|fee| fee.end.period().unwrap().max(fee.billed_in())).max().unwrap();
    let (mut book, mut parts) = (ReservationBook::default(), Vec::new());
    while period <= last {
        let billed: Vec<Fee> = fees.iter().filter(|fee| fee.billed_in() == period).cloned().collect();
        let bill = bill_of(period, &billed);
        let as_of = period.end();
        let job = Attribution {
            bill: &bill,
            policy: &policy,
            evidence: &evidence,
            reservations: &book,
            currency: None,
            as_of,
            workers: &Alone,
        };
        let totals = attribute(&job).unwrap().totals;
        let usage: Amount = "1".parse().unwrap();
        let paid = totals.billed.checked_sub(usage).unwrap();
        let part = paid.checked_add(totals.carried_in).unwrap().checked_sub(totals.deferred).unwrap();
        parts.push((period, part));
        book = book.replaced_by_scan(&payers, period, &ReservationBook::from_scan(&bill).unwrap());
        // As a store or table would keep it until next month.
        let mut table = Vec::new();
        book.write_csv(&mut table).unwrap();
        assert_eq!(ReservationBook::read_csv("book.csv", &table).unwrap(), book);
        period = period.next();
    }
    parts
}

fn sum(parts: &[(BillingPeriod, Amount)]) -> Amount {
    Amount::sum(parts.iter().map(|(_, part)| *part)).unwrap()
}

fn any_fee() -> impl Strategy<Value = Fee> {
    let days = 0..1460i64;
    let start = prop_oneof![
        4 => (days, 0..86_400i64).prop_map(|(day, second)| {
            "2015-01-01 00:00:00".parse::<Timestamp>().unwrap().plus_millis((day * 86_400 + second) * 1000)
        }),
        1 => Just("2016-02-29 00:00:00".parse().unwrap()),
        1 => Just("2016-02-29 13:14:15".parse().unwrap()),
    ];
    let units = -10i128.pow(22)..10i128.pow(23);
    let types = prop::sample::select(vec!["", "HeavyUsage:c4.large", "HeavyUsage:m4.large", "odd"]);
    let covers = (types, prop::sample::select(vec!["", "", "us-east-1a"]), 0..3u8);
    (start, prop::sample::select(vec![1u32, 3]), any::<bool>(), 0..3u32, units, 0..3u8, covers).prop_map(
        |(start, years, is_inclusive, billed_after, units, id, covers)| {
            let end = start.plus_months(years * 12).unwrap().plus_millis(if is_inclusive { -1000 } else { 0 });
            Fee { start, end, billed_after, units, id, covers }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_months_of_closed_terms_sum_to_the_fees_whatever_they_cover(
        fees in prop::collection::vec(any_fee(), 1..5),
        unused in prop::sample::select(vec![UnusedCommitment::Central, UnusedCommitment::Proportional]),
    ) {
        let paid = Amount::from_units(fees.iter().map(|fee| fee.units).sum());
        let parts = closed(&fees, unused);
        prop_assert_eq!(sum(&parts), paid);
        // What a fee covers never changes when it is paid.
        let plain: Vec<Fee> = fees.into_iter().map(|fee| Fee { covers: ("", "", 0), ..fee }).collect();
        prop_assert_eq!(closed(&plain, unused), parts);
    }
}

fn fee(start: &str, end: &str, cost: &str) -> Fee {
    let units = cost.parse::<Amount>().unwrap().units();
    let covers = ("", "", 0);
    Fee { start: start.parse().unwrap(), end: end.parse().unwrap(), billed_after: 0, units, id: 1, covers }
}

#[test]
fn a_leap_day_costs_as_much_as_any_other_day() {
    // 366 days: a dollar a day.
    let parts = closed(&[fee("2016-02-01 00:00:00", "2017-01-31 23:59:59", "366")], UnusedCommitment::Central);
    assert_eq!((parts.len(), parts[0].1.to_string(), parts[11].1.to_string()), (12, "29".into(), "31".into()));
    // From the leap day to 27 February: 365 days, of which both Februaries have 1 and 27.
    let parts = closed(&[fee("2016-02-29 00:00:00", "2017-02-27 23:59:59", "365")], UnusedCommitment::Central);
    assert_eq!((parts[0].1.to_string(), parts[12].1.to_string()), ("1".into(), "27".into()));
    // Three years with one leap day.
    let parts = closed(&[fee("2014-02-15 00:00:00", "2017-02-14 23:59:59", "1096")], UnusedCommitment::Central);
    assert_eq!((parts.len(), parts[24].1.to_string(), parts[36].1.to_string()), (37, "29".into(), "14".into()));
}

#[test]
fn a_fee_given_back_for_the_rest_of_a_term_reduces_from_then_on() {
    // A dollar a day for 2015; sold on 1 July, which gives back the 184 days that are left.
    let bought = fee("2015-01-01 00:00:00", "2015-12-31 23:59:59", "365");
    let sold = fee("2015-07-01 00:00:00", "2015-12-31 23:59:59", "-184");
    let parts = closed(&[bought.clone(), sold], UnusedCommitment::Central);
    assert_eq!(parts[5].1.to_string(), "30");
    assert!(parts[6..].iter().all(|(_, part)| part.is_zero()));
    // One that prints the whole term again takes back at once what elapsed: months that are closed stay as they are.
    let again = Fee { units: -bought.units, billed_after: 6, ..bought.clone() };
    let parts = closed(&[bought, again], UnusedCommitment::Central);
    assert_eq!(parts[5].1.to_string(), "30");
    assert_eq!(parts[6].1.to_string(), "-181", "31 of July, less the 212 days up to its end");
    assert!(parts[7..].iter().all(|(_, part)| part.is_zero()));
}
