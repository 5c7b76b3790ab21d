//! The bill file: hourly rows (daily ones where the demo is small), then what is billed once a month, then totals.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::DemoOptions;
use super::fleet::{ACCOUNTS, DAY_MS, Fleet, RESERVED_HOST};
use super::meters::{Meter, ONE, core_meters, further_meter, reserved_until};
use super::row::{Row, RowWriter, write_failed};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::time::{HOUR_MS, Interval, Timestamp};

/// A bill of more rows is not zipped: it is for measuring, and inflating would be most of the time.
const ZIPPED_ROWS_MAX: u64 = 1_000_000;
/// Rows that stand once a month.
const MONTHLY_ROWS: u64 = 7;
const MONTHLY_INVOICE: &str = "81234567";
const PURCHASE_INVOICE: &str = "81230042";
const SUBSCRIPTION: &str = "215380863";

/// Where the bill is, how many line items it has and what they sum to.
#[derive(Debug)]
pub(super) struct WrittenBill {
    pub(super) path: PathBuf,
    pub(super) rows: u64,
    pub(super) total: Amount,
}

/// Writes the bill under the name AWS gives it.
pub(super) fn write_bill(dir: &Path, fleet: &Fleet, options: &DemoOptions) -> Result<WrittenBill> {
    let name = format!("{}-aws-billing-detailed-line-items-with-resources-and-tags-{}.csv", ACCOUNTS[0], fleet.period);
    let plan = Plan::new(fleet, options);
    if plan.rows > ZIPPED_ROWS_MAX {
        let path = dir.join(name);
        let mut file = BufWriter::with_capacity(1 << 20, create(&path)?);
        let (rows, total) = write_rows(&mut file, fleet, &plan, options.seed)?;
        file.flush().map_err(write_failed)?;
        return Ok(WrittenBill { path, rows, total });
    }
    let path = dir.join(format!("{name}.zip"));
    let mut archive = ZipWriter::new(BufWriter::new(create(&path)?));
    // A fixed time, because the same demo is the same bytes.
    let entry = SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT);
    archive.start_file(name, entry).map_err(|cause| write_failed(cause.into()))?;
    let (rows, total) = write_rows(&mut archive, fleet, &plan, options.seed)?;
    archive.finish().and_then(|mut file| Ok(file.flush()?)).map_err(|cause| write_failed(cause.into()))?;
    Ok(WrittenBill { path, rows, total })
}

pub(super) fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|cause| {
        Error::new(ErrorCode::OutputIo, "a demo file cannot be created")
            .at(Location::file(path.display().to_string()))
            .with_cause(cause)
    })
}

/// Which meters are billed, and in which grain.
#[derive(Debug)]
struct Plan {
    meters: Vec<Meter>,
    step_ms: i64,
    rows: u64,
}

impl Plan {
    /// Hourly rows where the core meters leave room for it, else daily ones; further meters fill up to the rows asked.
    fn new(fleet: &Fleet, options: &DemoOptions) -> Self {
        let mut meters = core_meters(fleet, options.seed);
        let metered = options.rows.saturating_sub(MONTHLY_ROWS);
        let count = |step_ms: i64| meters.iter().map(|meter| steps(meter.life, step_ms)).sum::<u64>();
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
        Self { meters, step_ms, rows: rows + MONTHLY_ROWS }
    }
}

/// Lives start and end on whole days, so that both grains fit.
fn steps(life: Interval, step_ms: i64) -> u64 {
    life.millis() / step_ms.unsigned_abs()
}

fn write_rows(to: &mut dyn Write, fleet: &Fleet, plan: &Plan, seed: u64) -> Result<(u64, Amount)> {
    let prefix = fleet.period.to_string().replace('-', "") + "473921";
    let mut rows = RowWriter::new(to, ACCOUNTS[0], prefix)?;
    let mut start = fleet.period.start();
    let mut step = 0;
    while start < fleet.period.end() {
        let end = start.plus_millis(plan.step_ms);
        let (from, to) = (dbr_time(start), dbr_time(end));
        for (series, meter) in (0..).zip(&plan.meters) {
            if meter.runs_at(start.millis()) {
                let quantity = meter.counted(seed, series, step, plan.step_ms);
                rows.row(&metered_row(meter, &from, &to, quantity))?;
            }
        }
        start = end;
        step += 1;
    }
    monthly_rows(&mut rows, fleet)?;
    let line_items = rows.line_items();
    rows.roundings(MONTHLY_INVOICE)?;
    let last = dbr_time(fleet.period.end().plus_millis(-1000));
    let statement = format!("Total statement amount for period {} - {last}", dbr_time(fleet.period.start()));
    Ok((line_items, rows.totals(MONTHLY_INVOICE, &statement)?))
}

fn metered_row<'a>(meter: &'a Meter, start: &'a str, end: &'a str, quantity: i64) -> Row<'a> {
    Row {
        invoice: MONTHLY_INVOICE,
        account: meter.account,
        record_type: "LineItem",
        product: meter.product,
        rate_id: meter.rate_id,
        subscription: if meter.reserved { SUBSCRIPTION } else { "38802707" },
        usage_type: &meter.usage_type,
        operation: meter.operation,
        zone: meter.zone,
        reserved: if meter.reserved { "Y" } else { "N" },
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
    }
}

/// A purchase, its recurring fee, taxes, a credit and a refund: rows without resource, told apart by their texts.
fn monthly_rows(rows: &mut RowWriter<'_>, fleet: &Fleet) -> Result<()> {
    let span = fleet.period.interval();
    let (start, last) = (dbr_time(span.start), dbr_time(span.end.plus_millis(-1000)));
    let ec2 = "Amazon Elastic Compute Cloud";
    let base = Row {
        invoice: MONTHLY_INVOICE,
        account: ACCOUNTS[0],
        record_type: "LineItem",
        product: ec2,
        reserved: "N",
        start: &start,
        end: &last,
        quantity: ONE,
        ..Row::default()
    };
    let once = |account: &'static str, description: &'static str, rate: i64| Row {
        account,
        description,
        rate,
        blended_rate: rate,
        ..base
    };
    // Two reservations bought in the middle of the month, for a year; the printed end is one second short.
    let bought = span.start.plus_millis(8 * DAY_MS + 21 * HOUR_MS + 21 * 60_000 + 37_000);
    let term_end = bought.plus_months(12).unwrap_or(span.end).plus_millis(-1000);
    let (bought, term_end) = (dbr_time(bought), dbr_time(term_end));
    rows.row(&Row {
        invoice: PURCHASE_INVOICE,
        description: "Sign up charge for subscription: 215380863, planId: 1500",
        subscription: SUBSCRIPTION,
        start: &bought,
        end: &term_end,
        quantity: 2 * ONE,
        rate: 4_460_000_000_000,
        blended_rate: 4_460_000_000_000,
        ..base
    })?;
    let hours = |until: Timestamp| Interval::new(span.start, until).millis() / HOUR_MS.unsigned_abs();
    let (purchased, used) = (hours(span.end), hours(reserved_until(fleet)));
    let description = format!(
        "USD 0.026 hourly fee per Linux/UNIX (Amazon VPC), {} instance ({purchased} hours purchased, {used} hours used)",
        RESERVED_HOST.name
    );
    rows.row(&Row {
        rate_id: "2000000",
        subscription: SUBSCRIPTION,
        usage_type: "USW2-HeavyUsage:c4.large",
        operation: "RunInstances",
        description: &description,
        quantity: i64::try_from(purchased).unwrap_or(0) * ONE,
        rate: 260_000_000,
        blended_rate: 260_000_000,
        ..base
    })?;
    rows.row(&once(ACCOUNTS[0], "Tax for product code AmazonEC2", 613_300_000_000))?;
    rows.row(&once(ACCOUNTS[1], "Tax for product code AmazonRDS", 41_700_000_000))?;
    rows.row(&once(ACCOUNTS[2], "German VAT of 19%", 8_900_000_000))?;
    rows.row(&once(ACCOUNTS[0], "AWS Promotional Credit", -250_000_000_000))?;
    rows.row(&once(ACCOUNTS[1], "Refund for unused DB instance hours", -44_400_000_000))
}

/// `YYYY-MM-DD HH:MM:SS`, as the report writes times.
fn dbr_time(time: Timestamp) -> String {
    time.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}
