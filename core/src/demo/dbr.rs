//! A consolidated Detailed Billing Report: line items, then Rounding and total rows.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::dialect::{DemoBill, DemoDialect};
use super::month::{MONTHLY_INVOICE, Month};
use super::row::{BillWriter, Kind, Row, create, push_fixed, write_failed};
use super::sums::Sums;
use crate::error::Result;
use crate::money::Amount;
use crate::time::{BillingPeriod, Timestamp};

/// Columns of a consolidated report with resources and three tag columns.
const HEADER: [&str; 25] = [
    "InvoiceID",
    "PayerAccountId",
    "LinkedAccountId",
    "RecordType",
    "RecordId",
    "ProductName",
    "RateId",
    "SubscriptionId",
    "PricingPlanId",
    "UsageType",
    "Operation",
    "AvailabilityZone",
    "ReservedInstance",
    "ItemDescription",
    "UsageStartDate",
    "UsageEndDate",
    "UsageQuantity",
    "BlendedRate",
    "BlendedCost",
    "UnBlendedRate",
    "UnBlendedCost",
    "ResourceId",
    "aws:createdBy",
    "user:Name",
    "user:product_area",
];

/// A bill of more rows is not zipped: it is for measuring, and inflating would be most of the time.
const ZIPPED_ROWS_MAX: u64 = 1_000_000;

/// The file, packed as AWS packs it unless it is large.
enum Target {
    Plain(BufWriter<File>),
    Zipped(Box<ZipWriter<BufWriter<File>>>),
}

/// Writes the report under the name AWS gives it.
pub(super) struct DbrWriter {
    to: Target,
    path: PathBuf,
    period: BillingPeriod,
    payer: &'static str,
    line: String,
    record: u64,
    record_prefix: String,
    /// Start and end of the row before and their texts: hours have many rows.
    times: Option<(Timestamp, Timestamp, String)>,
}

impl DbrWriter {
    pub(super) fn open(dir: &Path, month: &Month, rows: u64) -> Result<Self> {
        let (payer, period) = (month.payer, month.period);
        let name = format!("{payer}-aws-billing-detailed-line-items-with-resources-and-tags-{period}.csv");
        let (path, to) = if rows > ZIPPED_ROWS_MAX {
            let path = dir.join(name);
            let file = BufWriter::with_capacity(1 << 20, create(&path)?);
            (path, Target::Plain(file))
        } else {
            let path = dir.join(format!("{name}.zip"));
            let mut archive = ZipWriter::new(BufWriter::new(create(&path)?));
            // A fixed time, because the same demo is the same bytes.
            let entry = SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT);
            archive.start_file(name, entry).map_err(write_failed)?;
            (path, Target::Zipped(Box::new(archive)))
        };
        let record_prefix = period.to_string().replace('-', "") + "473921";
        let line = String::new();
        let mut writer = Self { to, path, period, payer, line, record: 0, record_prefix, times: None };
        writer.texts(&HEADER);
        writer.flush_line()?;
        Ok(writer)
    }

    /// A row without product, dates, quantity and rates.
    fn total(&mut self, account: &str, record_type: &str, description: &str, cost: i128) -> Result<()> {
        self.texts(&[MONTHLY_INVOICE, self.payer, account, record_type]);
        self.record_id();
        self.texts(&["", "", "", "", "", "", "", "", description, "", "", "", ""]);
        self.number(cost, 18, 2);
        self.texts(&[""]);
        self.number(cost, 18, 2);
        self.texts(&["", "", "", ""]);
        self.flush_line()
    }

    fn record_id(&mut self) {
        self.record += 1;
        let _ = write!(self.line, "\"{}{:014}\",", self.record_prefix, self.record);
    }

    fn times(&mut self, start: Timestamp, end: Timestamp) {
        match &self.times {
            Some((from, to, text)) if (*from, *to) == (start, end) => self.line.push_str(text),
            _ => {
                let text = format!("\"{}\",\"{}\",", dbr_time(start), dbr_time(end));
                self.line.push_str(&text);
                self.times = Some((start, end, text));
            }
        }
    }

    fn texts(&mut self, texts: &[&str]) {
        for text in texts {
            push_quoted(&mut self.line, text);
            self.line.push(',');
        }
    }

    fn number(&mut self, units: i128, scale: usize, decimals_min: usize) {
        self.line.push('"');
        push_fixed(&mut self.line, units, scale, decimals_min);
        self.line.push_str("\",");
    }

    fn flush_line(&mut self) -> Result<()> {
        if self.line.ends_with(',') {
            self.line.pop();
        }
        self.line.push('\n');
        match &mut self.to {
            Target::Plain(file) => file.write_all(self.line.as_bytes()),
            Target::Zipped(archive) => archive.write_all(self.line.as_bytes()),
        }
        .map_err(write_failed)?;
        self.line.clear();
        Ok(())
    }
}

impl BillWriter for DbrWriter {
    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        if row.kind == Kind::TaskShare {
            return Ok(());
        }
        self.texts(&[row.invoice, self.payer, row.account, "LineItem"]);
        self.record_id();
        let plan = if row.rate_id.is_empty() { "" } else { "500000" };
        self.texts(&[row.product, row.rate_id, row.subscription, plan, row.usage_type, row.operation]);
        self.texts(&[row.zone, if row.kind == Kind::Covered { "Y" } else { "N" }, row.description]);
        self.times(row.start, row.end);
        self.number(i128::from(row.quantity), 8, 8);
        self.number(i128::from(row.blended_rate), 10, 10);
        self.number(row.blended_cost(), 18, 8);
        self.number(i128::from(row.rate), 10, 10);
        self.number(row.cost(), 18, 8);
        self.texts(&[row.resource, row.created_by, row.name, row.area]);
        self.flush_line()
    }

    fn finish(mut self: Box<Self>, sums: &Sums) -> Result<DemoBill> {
        for (account, short) in sums.roundings() {
            self.total(account, "Rounding", "Rounding to whole cents", short)?;
        }
        let mut all = 0;
        for (account, sum) in sums.invoiced() {
            all += sum;
            self.total(account, "AccountTotal", &format!("Total for linked account# {account}"), sum)?;
        }
        let (first, last) = (dbr_time(self.period.start()), dbr_time(self.period.end().plus_millis(-1000)));
        self.total("", "StatementTotal", &format!("Total statement amount for period {first} - {last}"), all)?;
        match self.to {
            Target::Plain(mut file) => file.flush().map_err(write_failed)?,
            Target::Zipped(mut archive) => {
                // Flushed before it is finished, as ever: the same bytes.
                archive.flush().map_err(write_failed)?;
                archive.finish().map_err(write_failed)?.flush().map_err(write_failed)?;
            }
        }
        Ok(DemoBill { dialect: DemoDialect::Dbr, path: self.path, total: Amount::from_units(all) })
    }
}

/// `YYYY-MM-DD HH:MM:SS`, as the report writes times.
fn dbr_time(time: Timestamp) -> String {
    time.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}

fn push_quoted(line: &mut String, text: &str) {
    line.push('"');
    if text.contains('"') {
        line.push_str(&text.replace('"', "\"\""));
    } else {
        line.push_str(text);
    }
    line.push('"');
}
