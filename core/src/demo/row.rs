//! Rows of a consolidated Detailed Billing Report, written and summed exactly.
//!
//! Rates have 10 decimals and quantities 8, so a cost of rate × quantity is a whole number of 10⁻¹⁸.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;

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

/// 10⁻¹⁸ units in a cent.
const CENT: i128 = 10_000_000_000_000_000;

/// One line item, all text but its numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) invoice: &'a str,
    pub(super) account: &'a str,
    pub(super) record_type: &'a str,
    pub(super) product: &'a str,
    pub(super) rate_id: &'a str,
    pub(super) subscription: &'a str,
    pub(super) usage_type: &'a str,
    pub(super) operation: &'a str,
    pub(super) zone: &'a str,
    pub(super) reserved: &'a str,
    pub(super) description: &'a str,
    pub(super) start: &'a str,
    pub(super) end: &'a str,
    /// In 10⁻⁸ of the unit.
    pub(super) quantity: i64,
    /// In 10⁻¹⁰ USD per unit.
    pub(super) rate: i64,
    /// In 10⁻¹⁰ USD per unit: what the accounts pay on average.
    pub(super) blended_rate: i64,
    pub(super) resource: &'a str,
    pub(super) created_by: &'a str,
    pub(super) name: &'a str,
    pub(super) area: &'a str,
}

impl Row<'_> {
    /// Exact cost in 10⁻¹⁸ USD.
    pub(super) fn cost(&self) -> i128 {
        i128::from(self.rate) * i128::from(self.quantity)
    }

    fn blended_cost(&self) -> i128 {
        i128::from(self.blended_rate) * i128::from(self.quantity)
    }
}

/// Writes rows and keeps the exact sum of each account.
pub(super) struct RowWriter<'w> {
    to: &'w mut dyn Write,
    payer: &'w str,
    line: String,
    record: u64,
    record_prefix: String,
    sums: BTreeMap<String, i128>,
    line_items: u64,
}

impl<'w> RowWriter<'w> {
    /// Writes the header. `record_prefix` starts every record id.
    pub(super) fn new(to: &'w mut dyn Write, payer: &'w str, record_prefix: String) -> Result<Self> {
        let mut writer =
            Self { to, payer, line: String::new(), record: 0, record_prefix, sums: BTreeMap::new(), line_items: 0 };
        for (at, name) in HEADER.iter().enumerate() {
            if at > 0 {
                writer.line.push(',');
            }
            push_quoted(&mut writer.line, name);
        }
        writer.flush_line()?;
        Ok(writer)
    }

    /// Number of rows of type `LineItem`.
    pub(super) fn line_items(&self) -> u64 {
        self.line_items
    }

    /// Writes a counting row.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<()> {
        self.line_items += u64::from(row.record_type == "LineItem");
        match self.sums.get_mut(row.account) {
            Some(sum) => *sum += row.cost(),
            None => {
                self.sums.insert(row.account.to_owned(), row.cost());
            }
        }
        self.texts(&[row.invoice, self.payer, row.account, row.record_type]);
        self.record += 1;
        let _ = write!(self.line, "\"{}{:014}\",", self.record_prefix, self.record);
        let plan = if row.rate_id.is_empty() { "" } else { "500000" };
        self.texts(&[row.product, row.rate_id, row.subscription, plan, row.usage_type, row.operation]);
        self.texts(&[row.zone, row.reserved, row.description, row.start, row.end]);
        self.number(i128::from(row.quantity), 8, 8);
        self.number(i128::from(row.blended_rate), 10, 10);
        self.number(row.blended_cost(), 18, 8);
        self.number(i128::from(row.rate), 10, 10);
        self.number(row.cost(), 18, 8);
        self.texts(&[row.resource, row.created_by, row.name, row.area]);
        self.flush_line()
    }

    /// Writes what each account is short of, or over, whole cents.
    pub(super) fn roundings(&mut self, invoice: &str) -> Result<()> {
        let sums: Vec<(String, i128)> = self.sums.iter().map(|(account, sum)| (account.clone(), *sum)).collect();
        for (account, sum) in sums {
            let short = to_cents(sum) - sum;
            if short == 0 {
                continue;
            }
            self.total(invoice, &account, "Rounding", "Rounding to whole cents", short)?;
            self.sums.insert(account, sum + short);
        }
        Ok(())
    }

    /// Writes the total rows, which equal the rows above, and returns the exact total.
    pub(super) fn totals(&mut self, invoice: &str, statement: &str) -> Result<Amount> {
        let sums: Vec<(String, i128)> = self.sums.iter().map(|(account, sum)| (account.clone(), *sum)).collect();
        let mut all = 0;
        for (account, sum) in sums {
            all += sum;
            let description = format!("Total for linked account# {account}");
            self.total(invoice, &account, "AccountTotal", &description, sum)?;
        }
        self.total(invoice, "", "StatementTotal", statement, all)?;
        self.to.flush().map_err(write_failed)?;
        Ok(Amount::from_units(all))
    }

    /// A row without product, dates, quantity and rates.
    fn total(&mut self, invoice: &str, account: &str, record_type: &str, description: &str, cost: i128) -> Result<()> {
        self.texts(&[invoice, self.payer, account, record_type]);
        self.record += 1;
        let _ = write!(self.line, "\"{}{:014}\",", self.record_prefix, self.record);
        self.texts(&["", "", "", "", "", "", "", "", description, "", "", "", ""]);
        self.number(cost, 18, 2);
        self.texts(&[""]);
        self.number(cost, 18, 2);
        self.texts(&["", "", "", ""]);
        self.flush_line()
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
        self.to.write_all(self.line.as_bytes()).map_err(write_failed)?;
        self.line.clear();
        Ok(())
    }
}

/// The nearest whole cent, halves away from zero, as invoices round.
fn to_cents(units: i128) -> i128 {
    let cents = (units.abs() + CENT / 2) / CENT;
    cents * CENT * units.signum()
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

/// Decimal text with at least `decimals_min` decimals and no zeros past them.
fn push_fixed(line: &mut String, units: i128, scale: usize, decimals_min: usize) {
    if units < 0 {
        line.push('-');
    }
    let one = 10u128.pow(u32::try_from(scale).unwrap_or(0));
    let (whole, fraction) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    let _ = write!(line, "{whole}.{fraction:0scale$}");
    for _ in decimals_min..scale {
        if !line.ends_with('0') {
            break;
        }
        line.pop();
    }
}

pub(super) fn write_failed(cause: std::io::Error) -> Error {
    Error::new(ErrorCode::OutputIo, "the demo cannot be written").with_cause(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_rate_times_quantity_to_the_last_unit() {
        let row = Row { rate: 1, quantity: 3, ..Row::default() };
        assert_eq!(Amount::from_units(row.cost()).to_string(), "0.000000000000000003");
        let row = Row { rate: 16_750_000_000, quantity: 100_000_000, ..Row::default() };
        assert_eq!(Amount::from_units(row.cost()).to_string(), "1.675");
    }

    #[test]
    fn numbers_keep_their_least_decimals_and_no_more_zeros() {
        for (units, scale, least, text) in [
            (0, 18, 8, "0.00000000"),
            (-5 * CENT, 18, 2, "-0.05"),
            (1_200_000_000_000_000_001, 18, 8, "1.200000000000000001"),
            (105, 8, 8, "0.00000105"),
        ] {
            let mut line = String::new();
            push_fixed(&mut line, units, scale, least);
            assert_eq!(line, text);
        }
    }

    #[test]
    fn halves_of_a_cent_round_away_from_zero() {
        assert_eq!(to_cents(CENT / 2), CENT);
        assert_eq!(to_cents(-CENT / 2), -CENT);
        assert_eq!(to_cents(CENT / 2 - 1), 0);
    }
}
