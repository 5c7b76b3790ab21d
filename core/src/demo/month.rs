//! The month line by line, once for all formats: hourly rows (daily ones where the demo is small), then what is billed
//! once a month.

use super::DemoOptions;
use super::fleet::{ACCOUNTS, DAY_MS, Fleet, REGION, RESERVED_HOST};
use super::meters::{Meter, ONE, core_meters, further_meter, reserved_until};
use super::random::Random;
use super::row::{BillWriter, Kind, Row};
use super::savings_plan::{SavingsPlan, purchase_row, rows_added, step_rows};
use super::split_costs::TaskShares;
use super::sums::Sums;
use crate::error::Result;
use crate::time::{BillingPeriod, HOUR_MS, Interval, Timestamp};

/// Rows that stand once a month.
const MONTHLY_ROWS: u64 = 7;
pub(super) const MONTHLY_INVOICE: &str = "81234567";
pub(super) const PURCHASE_INVOICE: &str = "81230042";
const SUBSCRIPTION: &str = "215380863";

/// What every line of a month knows: whose bill it is, and the reservation behind covered lines.
#[derive(Debug)]
pub(super) struct Month {
    pub(super) payer: &'static str,
    pub(super) period: BillingPeriod,
    /// Chooses the ids that only some formats have.
    pub(super) seed: u64,
    pub(super) reservation: Reservation,
    pub(super) savings_plan: Option<SavingsPlan>,
    /// Whether rows say what tasks took of instances.
    pub(super) has_task_shares: bool,
}

/// The reservations bought in the month: one purchase, with one subscription.
#[derive(Debug)]
pub(super) struct Reservation {
    pub(super) arn: String,
    pub(super) count: i64,
    /// From the purchase to one second before a year later, as the bill prints it.
    pub(super) bought: Timestamp,
    pub(super) printed_end: Timestamp,
    /// Upfront for one of them, in 10⁻¹⁰ USD.
    pub(super) upfront: i64,
    /// In 10⁻¹⁰ USD an hour.
    pub(super) hourly: i64,
    pub(super) purchased_hours: i64,
    pub(super) used_hours: i64,
}

impl Month {
    pub(super) fn new(fleet: &Fleet, options: &DemoOptions) -> Self {
        let (seed, span) = (options.seed, fleet.period.interval());
        // Bought in the middle of the month, for a year; the printed end is one second short.
        let bought = span.start.plus_millis(8 * DAY_MS + 21 * HOUR_MS + 21 * 60_000 + 37_000);
        let hours = |until: Timestamp| {
            let hours = Interval::new(span.start, until).millis() / HOUR_MS.unsigned_abs();
            i64::try_from(hours).unwrap_or(0)
        };
        let id = Random::stream(seed, "reservation").uuid();
        let reservation = Reservation {
            arn: format!("arn:aws:ec2:{REGION}:{}:reserved-instances/{id}", ACCOUNTS[0]),
            count: 2,
            bought,
            printed_end: bought.plus_months(12).unwrap_or(span.end).plus_millis(-1000),
            upfront: 4_460_000_000_000,
            hourly: 260_000_000,
            purchased_hours: hours(span.end),
            used_hours: hours(reserved_until(fleet)),
        };
        let savings_plan = options.savings_plan.then(|| SavingsPlan::new(fleet, seed));
        let has_task_shares = options.split_costs;
        Self { payer: ACCOUNTS[0], period: fleet.period, seed, reservation, savings_plan, has_task_shares }
    }
}

/// Which meters are billed, and in which grain.
#[derive(Debug)]
pub(super) struct Plan<'f> {
    meters: Vec<Meter>,
    step_ms: i64,
    pub(super) rows: u64,
    /// Stand beside the line items, because they repeat what is billed.
    task_shares: TaskShares<'f>,
}

impl<'f> Plan<'f> {
    /// Hourly rows where the core meters leave room for it, else daily ones; further meters fill up to the rows asked.
    pub(super) fn new(fleet: &'f Fleet, options: &DemoOptions) -> Self {
        let mut meters = core_meters(fleet, options);
        let task_shares = TaskShares::new(fleet, options, &meters);
        let span = fleet.period.interval();
        let metered = options.rows.saturating_sub(MONTHLY_ROWS);
        let count = |step_ms: i64| {
            let of_plan = if options.savings_plan { rows_added(&meters, span, step_ms) } else { 0 };
            of_plan + meters.iter().map(|meter| steps(meter.life, step_ms)).sum::<u64>()
        };
        let (step_ms, core) =
            if count(HOUR_MS) <= metered { (HOUR_MS, count(HOUR_MS)) } else { (DAY_MS, count(DAY_MS)) };
        let mut rows = core;
        let mut at = 0;
        while rows < metered {
            let mut meter = further_meter(fleet, options.seed, at);
            let wanted = i64::try_from(metered - rows).unwrap_or(i64::MAX);
            let until = meter.life.start.plus_millis(step_ms.saturating_mul(wanted));
            meter.life.end = meter.life.end.min(until);
            rows += steps(meter.life, step_ms);
            meters.push(meter);
            at += 1;
        }
        Self { meters, step_ms, rows: rows + MONTHLY_ROWS, task_shares }
    }
}

/// Lives start and end on whole days, so that both grains fit.
fn steps(life: Interval, step_ms: i64) -> u64 {
    life.millis() / step_ms.unsigned_abs()
}

/// Writes every line item with every writer.
pub(super) fn write_rows(
    writers: &mut [Box<dyn BillWriter + '_>],
    fleet: &Fleet,
    month: &Month,
    plan: &Plan<'_>,
) -> Result<Sums> {
    let mut sums = Sums::default();
    let mut write = |row: &Row<'_>| {
        sums.add(row);
        writers.iter_mut().try_for_each(|writer| writer.row(row))
    };
    let mut start = fleet.period.start();
    let mut step = 0;
    while start < fleet.period.end() {
        let end = start.plus_millis(plan.step_ms);
        for (series, meter) in (0..).zip(&plan.meters) {
            if meter.runs_at(start.millis()) {
                write(&metered_row(meter, start, end, meter.counted(month.seed, series, step, plan.step_ms)))?;
            }
        }
        let interval = Interval::new(start, end);
        if let Some(savings_plan) = &month.savings_plan {
            step_rows(&mut write, savings_plan, &plan.meters, interval)?;
        }
        plan.task_shares.step_rows(&mut write, interval)?;
        start = end;
        step += 1;
    }
    monthly_rows(&mut write, month)?;
    purchase_row(&mut write, month)?;
    Ok(sums)
}

fn metered_row(meter: &Meter, start: Timestamp, end: Timestamp, quantity: i64) -> Row<'_> {
    Row {
        kind: match meter.plan_rate {
            Some(_) => Kind::PlanCovered,
            None if meter.reserved => Kind::Covered,
            None => Kind::Usage,
        },
        invoice: MONTHLY_INVOICE,
        account: meter.account,
        product: meter.product,
        rate_id: meter.rate_id,
        subscription: if meter.reserved { SUBSCRIPTION } else { "38802707" },
        usage_type: &meter.usage_type,
        operation: meter.operation,
        zone: meter.zone,
        description: meter.description,
        start,
        end,
        quantity,
        rate: meter.rate,
        blended_rate: meter.blended_rate,
        resource: &meter.resource,
        created_by: meter.created_by,
        name: &meter.name,
        area: &meter.tag,
        plan_used: i128::from(meter.plan_rate.unwrap_or(0)) * i128::from(quantity),
        ..Row::empty()
    }
}

/// A purchase, its recurring fee, taxes, a credit and a refund: rows without resource.
fn monthly_rows(write: &mut dyn FnMut(&Row<'_>) -> Result<()>, month: &Month) -> Result<()> {
    let (span, reservation) = (month.period.interval(), &month.reservation);
    let base = Row {
        invoice: MONTHLY_INVOICE,
        account: month.payer,
        product: "Amazon Elastic Compute Cloud",
        start: span.start,
        end: span.end.plus_millis(-1000),
        quantity: ONE,
        ..Row::empty()
    };
    write(&Row {
        kind: Kind::Upfront,
        invoice: PURCHASE_INVOICE,
        description: "Sign up charge for subscription: 215380863, planId: 1500",
        subscription: SUBSCRIPTION,
        start: reservation.bought,
        end: reservation.printed_end,
        quantity: reservation.count * ONE,
        rate: reservation.upfront,
        blended_rate: reservation.upfront,
        ..base
    })?;
    let (purchased, used) = (reservation.purchased_hours, reservation.used_hours);
    let description = format!(
        "USD 0.026 hourly fee per Linux/UNIX (Amazon VPC), {} instance ({purchased} hours purchased, {used} hours used)",
        RESERVED_HOST.name
    );
    write(&Row {
        kind: Kind::Recurring,
        rate_id: "2000000",
        subscription: SUBSCRIPTION,
        usage_type: "USW2-HeavyUsage:c4.large",
        operation: "RunInstances",
        description: &description,
        quantity: purchased * ONE,
        rate: reservation.hourly,
        blended_rate: reservation.hourly,
        ..base
    })?;
    let [first, second, third] = ACCOUNTS;
    for (kind, account, description, rate) in [
        (Kind::Tax, first, "Tax for product code AmazonEC2", 613_300_000_000),
        (Kind::Tax, second, "Tax for product code AmazonRDS", 41_700_000_000),
        (Kind::Tax, third, "German VAT of 19%", 8_900_000_000),
        (Kind::Credit, first, "AWS Promotional Credit", -250_000_000_000),
        (Kind::Refund, second, "Refund for unused DB instance hours", -44_400_000_000),
    ] {
        write(&Row { kind, account, description, rate, blended_rate: rate, ..base })?;
    }
    Ok(())
}
