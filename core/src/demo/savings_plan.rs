//! The savings plan of a month: an EC2 Instance Savings Plan of one family, bought for a year as the month begins, half
//! of it paid upfront.
//!
//! Invariants:
//! - in every step of the month, what covered usage costs under the plan and what nobody used sum to the commitment;
//! - what covered usage would have cost on demand is taken back in full, so that the month is charged the fees alone;
//! - the upfront fee is what its hours carry of it, exactly.

use std::collections::BTreeMap;

use super::fleet::{ACCOUNTS, Fleet};
use super::meters::{Meter, ONE};
use super::month::{MONTHLY_INVOICE, Month, PURCHASE_INVOICE};
use super::random::Random;
use super::row::{Kind, Row};
use crate::error::Result;
use crate::time::{HOUR_MS, Interval, Timestamp};

/// The product that plans are bought as.
pub(super) const SAVINGS_PLANS: &str = "Savings Plans for AWS Compute usage";
pub(super) const FAMILY: &str = "c4";
const USAGE_TYPE: &str = "USW2-EC2SP:c4.1yrPartialUpfront";
/// Commitments are bought in steps of 0.05 USD an hour.
const STEP: i64 = 500_000_000;

/// One plan, bought by the payer.
#[derive(Debug)]
pub(super) struct SavingsPlan {
    pub(super) arn: String,
    /// The commitment of an hour in 10⁻¹⁰ USD: half of it is paid upfront, half as the hours pass.
    pub(super) hourly: i64,
    pub(super) bought: Timestamp,
    /// One second before a year is over, as the bill prints it.
    pub(super) printed_end: Timestamp,
}

impl SavingsPlan {
    /// A commitment for all instances of the family, rounded up: what ends early leaves some of it unused.
    pub(super) fn new(fleet: &Fleet, seed: u64) -> Self {
        let needed: i64 = fleet.instances.iter().filter_map(|instance| instance.kind.plan_rate).sum();
        let id = Random::stream(seed, "savings plan").uuid();
        let bought = fleet.period.start();
        Self {
            arn: format!("arn:aws:savingsplans::{}:savingsplan/{id}", ACCOUNTS[0]),
            hourly: (needed / STEP + 1) * STEP,
            bought,
            printed_end: bought.plus_months(12).unwrap_or(fleet.period.end()).plus_millis(-1000),
        }
    }

    /// Half of an hour's commitment, in 10⁻¹⁰ USD: the part that is paid upfront, and the other.
    pub(super) fn half(&self) -> i64 {
        self.hourly / 2
    }

    /// What is paid upfront, in 10⁻¹⁰ USD.
    fn upfront(&self) -> i64 {
        let term = Interval::new(self.bought, self.printed_end.plus_millis(1000));
        self.half() * i64::try_from(term.millis() / HOUR_MS.unsigned_abs()).unwrap_or(0)
    }
}

/// What the plan covers of each kind of usage in a step: a negation takes it back.
type Covered<'m> = BTreeMap<(&'m str, &'m str, &'m str), (&'m Meter, i64)>;

/// Hours by account, usage type and zone; a step is as long for each of them.
fn covered(meters: &[Meter], start: Timestamp, hours: i64) -> Covered<'_> {
    let mut covered = Covered::new();
    for meter in meters.iter().filter(|meter| meter.plan_rate.is_some() && meter.runs_at(start.millis())) {
        let key = (meter.account, meter.usage_type.as_str(), meter.zone);
        covered.entry(key).or_insert((meter, 0)).1 += hours;
    }
    covered
}

/// How many rows the plan adds to a month in this grain: in each step its fee and the negations, and once the purchase.
pub(super) fn rows_added(meters: &[Meter], span: Interval, step_ms: i64) -> u64 {
    let mut rows = 1;
    let mut start = span.start;
    while start < span.end {
        rows += 1 + u64::try_from(covered(meters, start, 0).len()).unwrap_or(0);
        start = start.plus_millis(step_ms);
    }
    rows
}

/// Writes what a step has of the plan beside the usage it covers: negations, then its fee.
pub(super) fn step_rows(
    write: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    plan: &SavingsPlan,
    meters: &[Meter],
    step: Interval,
) -> Result<()> {
    let hours = i64::try_from(step.millis() / HOUR_MS.unsigned_abs()).unwrap_or(0);
    let mut used = 0;
    for (meter, hours) in covered(meters, step.start, hours).into_values() {
        used += i128::from(meter.plan_rate.unwrap_or(0)) * i128::from(hours * ONE);
        let description =
            format!("SavingsPlanNegation used by AccountId : {} and UsageType : {}", meter.account, meter.usage_type);
        write(&Row {
            kind: Kind::PlanNegation,
            invoice: MONTHLY_INVOICE,
            account: meter.account,
            product: meter.product,
            usage_type: &meter.usage_type,
            operation: meter.operation,
            zone: meter.zone,
            description: &description,
            start: step.start,
            end: step.end,
            quantity: hours * ONE,
            rate: -meter.rate,
            blended_rate: -meter.blended_rate,
            ..Row::empty()
        })?;
    }
    write(&Row {
        kind: Kind::PlanRecurring,
        invoice: MONTHLY_INVOICE,
        account: ACCOUNTS[0],
        product: SAVINGS_PLANS,
        usage_type: USAGE_TYPE,
        description: "1 year Partial Upfront c4 EC2 Instance Savings Plan",
        start: step.start,
        end: step.end,
        quantity: hours * ONE,
        rate: plan.half(),
        blended_rate: plan.half(),
        plan_used: used,
        ..Row::empty()
    })
}

/// Writes the purchase, whose row spans the term.
pub(super) fn purchase_row(write: &mut dyn FnMut(&Row<'_>) -> Result<()>, month: &Month) -> Result<()> {
    let Some(plan) = &month.savings_plan else { return Ok(()) };
    write(&Row {
        kind: Kind::PlanUpfront,
        invoice: PURCHASE_INVOICE,
        account: month.payer,
        product: SAVINGS_PLANS,
        usage_type: USAGE_TYPE,
        description: "1 year Partial Upfront c4 EC2 Instance Savings Plan, upfront fee",
        start: plan.bought,
        end: plan.printed_end,
        quantity: ONE,
        rate: plan.upfront(),
        blended_rate: plan.upfront(),
        ..Row::empty()
    })
}
