//! A bill as a file: one JSON object a line, versioned, exact (spec 3.5).
//!
//! The first line names format, version and scope, then one line a charge, and a last line that counts them, so that
//! a file cut short is noticed.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use super::charge::Charge;
use super::coverage::UsageCoverage;
use super::key::SavedKey;
use super::not_spread::NotSpread;
use super::slices::UsageSlices;
use super::split_rows::SplitCosts;
use super::statement::Statement;
use super::{Bill, Facts, InputDigest, Precision, Scope};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::{Amount, Residue};

const FORMAT: &str = "unblended-bill";
const VERSION: u32 = 4;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
    scope: Option<Scope>,
    inputs: Vec<InputDigest>,
    coverage: UsageCoverage,
    statement: Statement,
    rounded_rows: u64,
    rounded_off: String,
    #[serde(default, skip_serializing_if = "NotSpread::is_empty")]
    not_spread: NotSpread,
    #[serde(default, skip_serializing_if = "SplitCosts::is_empty")]
    split_costs: SplitCosts,
    diagnostics: Vec<(DiagnosticCode, String, u64, Option<Location>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    key: SavedKey,
    amount: Amount,
    /// Unblended sum, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unblended: Option<Amount>,
    rows: u64,
    nonzero_rows: u64,
    /// Hours of instances and quantities of fees, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantity: Option<Amount>,
    slices: UsageSlices,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tail {
    charges: usize,
}

impl Bill {
    /// Writes the bill so that [`Bill::load`] gives an equal one.
    ///
    /// # Errors
    /// `output.io` where writing fails.
    pub fn save(&self, mut to: impl Write) -> Result<()> {
        let head = Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            scope: self.scope.clone(),
            inputs: self.inputs.iter().cloned().collect(),
            coverage: self.coverage.clone(),
            statement: self.statement.clone(),
            rounded_rows: self.precision.rows,
            rounded_off: self.precision.residue.0.to_string(),
            not_spread: self.not_spread.clone(),
            split_costs: self.split_costs.clone(),
            diagnostics: self
                .diagnostics
                .facts()
                .map(|(code, message, count, at)| (code, message.to_owned(), count, at.cloned()))
                .collect(),
        };
        write_line(&mut to, &head)?;
        for charge in &self.charges {
            write_line(
                &mut to,
                &Row {
                    key: SavedKey::of(&charge.key),
                    amount: charge.amount,
                    unblended: Some(charge.unblended).filter(|unblended| *unblended != charge.amount),
                    rows: charge.rows,
                    nonzero_rows: charge.nonzero_rows,
                    quantity: Some(charge.quantity).filter(|quantity| !quantity.is_zero()),
                    slices: charge.slices.clone(),
                },
            )?;
        }
        write_line(&mut to, &Tail { charges: self.charges.len() })?;
        to.flush().map_err(cannot_write)
    }

    /// Reads a saved bill.
    ///
    /// # Errors
    /// `bill.bad_file` where the file is no saved bill, damaged, cut short or of another version; `read.io` where
    /// reading fails.
    pub fn load(from: impl BufRead) -> Result<Self> {
        let mut lines = from.lines().enumerate().map(|(at, line)| match line {
            Ok(line) => Ok((at + 1, line)),
            Err(cause) => Err(Error::new(ErrorCode::ReadIo, "a saved bill cannot be read").with_cause(cause)),
        });
        let mut next = || lines.next().transpose()?.ok_or_else(|| bad("the saved bill ends too early"));
        let head: Head = parse(&next()?)?;
        if head.format != FORMAT || head.version != VERSION {
            return Err(bad("the file is no saved bill of version 4"));
        }
        let mut charges: Vec<Charge> = Vec::new();
        loop {
            let line = next()?;
            if let Ok(tail) = serde_json::from_str::<Tail>(&line.1) {
                if tail.charges != charges.len() {
                    return Err(bad("the saved bill lacks charges"));
                }
                break;
            }
            let charge = parse::<Row>(&line)?.into_charge()?;
            if charges.last().is_some_and(|last| last.key >= charge.key) {
                return Err(bad("the charges of the saved bill are not in order"));
            }
            charges.push(charge);
        }
        let mut diagnostics = Diagnostics::default();
        for (code, message, count, at) in head.diagnostics {
            diagnostics.add(code, message, count, at);
        }
        let residue = head.rounded_off.parse().map_err(|_| bad("the saved bill has a bad sum of rounding"))?;
        Ok(Self {
            scope: head.scope,
            charges,
            coverage: head.coverage,
            statement: head.statement,
            inputs: head.inputs.into_iter().collect(),
            precision: Precision { rows: head.rounded_rows, residue: Residue(residue) },
            not_spread: head.not_spread,
            split_costs: SplitCosts::of(head.split_costs.as_slice().to_vec())?,
            diagnostics,
            facts: Facts::default(),
        })
    }
}

impl Row {
    fn into_charge(self) -> Result<Charge> {
        let key = self.key.into_key().ok_or_else(|| bad("a saved charge has a bad key"))?;
        let Self { amount, rows, nonzero_rows, quantity, slices, .. } = self;
        let quantity = quantity.unwrap_or_default();
        let unblended = self.unblended.unwrap_or(amount);
        Ok(Charge { key, amount, unblended, rows, nonzero_rows, quantity, slices })
    }
}

fn write_line(to: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(value)
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "a bill cannot be written").with_cause(cause))?;
    line.push(b'\n');
    to.write_all(&line).map_err(cannot_write)
}

fn cannot_write(cause: std::io::Error) -> Error {
    Error::new(ErrorCode::OutputIo, "a bill cannot be written").with_cause(cause)
}

fn parse<'l, T: Deserialize<'l>>((row, line): &'l (usize, String)) -> Result<T> {
    serde_json::from_str(line).map_err(|cause| {
        let location = Location { row: u64::try_from(*row).ok(), ..Location::default() };
        bad("a line of the saved bill is damaged").with_cause(cause).at(location)
    })
}

fn bad(message: &str) -> Error {
    Error::new(ErrorCode::BillBadFile, message)
}
