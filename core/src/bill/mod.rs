//! A bill: the charges of one billing period with the evidence found beside them (spec 3.5, 3.8).
//!
//! Invariants:
//! - charges are sorted by key and no two have the same key;
//! - merging is associative and commutative, with [`Bill::default`] as identity;
//! - nothing depends on the order of rows, how they were cut into files, or threads.

mod bridge;
mod builder;
mod charge;
mod coverage;
mod covers;
mod digest;
mod facts;
mod file;
mod instance;
mod key;
mod not_spread;
#[cfg(test)]
pub(crate) mod samples;
mod slices;
mod split_rows;
mod statement;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::classify::{CostBasis, Dialect, LineItemKind};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::{Amount, Currency, Residue};
use crate::time::{BillingPeriod, Timestamp};

pub use bridge::BridgeRow;
pub(crate) use builder::RowValues;
pub use builder::{BillBuilder, BillOptions, KeepIntervals};
pub use charge::Charge;
pub use coverage::{Completeness, Gap};
pub(crate) use covers::{Covers, CoversById, commitment_id};
pub use digest::Digest;
pub(crate) use digest::Digester;
pub(crate) use instance::{SizedType, instance_type, is_instance_usage, sized_type};
pub use key::ChargeKey;
pub use slices::{UsageSlice, UsageSliceIter, UsageSlices};
pub use split_rows::{SplitCost, SplitKey, SplitLine, SplitResource};
pub use status::{BillStatus, EntityStatus, Estimated, FinalAnswer, FinalRow, InvoiceState, invoice_state, is_final};

use coverage::UsageCoverage;
use facts::{Facts, Overview, Resources};
pub(crate) use facts::{TagValues, Values};
use not_spread::NotSpread;
use split_rows::SplitCosts;
use statement::Statement;

/// What all charges of a bill have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    period: BillingPeriod,
    basis: CostBasis,
    tag_keys: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cost_categories: Vec<String>,
}

/// Identity of an input: its uncompressed size and a fast hash of its content (spec 2.6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InputDigest {
    /// Uncompressed bytes.
    pub bytes: u64,
    /// 128-bit hash of the content, in hexadecimal.
    pub hash: String,
}

/// What reading rounded off (spec 1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Precision {
    rows: u64,
    residue: Residue,
}

impl Precision {
    fn add(&mut self, rows: u64, residue: Residue) {
        self.rows = self.rows.saturating_add(rows);
        self.residue = Residue(self.residue.0.saturating_add(residue.0));
    }
}

/// The charges of one billing period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    scope: Option<Scope>,
    charges: Vec<Charge>,
    coverage: UsageCoverage,
    statement: Statement,
    inputs: BTreeSet<InputDigest>,
    precision: Precision,
    not_spread: NotSpread,
    split_costs: SplitCosts,
    diagnostics: Diagnostics,
    facts: Facts,
}

impl Bill {
    /// The billing period; `None` for the empty bill.
    #[must_use]
    pub fn period(&self) -> Option<BillingPeriod> {
        self.scope.as_ref().map(|scope| scope.period)
    }

    /// Cost basis of the amounts.
    #[must_use]
    pub fn basis(&self) -> CostBasis {
        self.scope.as_ref().map_or(CostBasis::Unblended, |scope| scope.basis)
    }

    /// Tag keys whose values were kept, in order.
    #[must_use]
    pub fn tag_keys(&self) -> &[String] {
        self.scope.as_ref().map_or(&[], |scope| &scope.tag_keys)
    }

    /// Cost categories whose values were kept, in order; in the keys of charges they follow the tag keys.
    #[must_use]
    pub fn cost_categories(&self) -> &[String] {
        self.scope.as_ref().map_or(&[], |scope| &scope.cost_categories)
    }

    /// All charges, sorted by key.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// The files it was read from.
    #[must_use]
    pub fn inputs(&self) -> &BTreeSet<InputDigest> {
        &self.inputs
    }

    /// Number of counting rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.charges.iter().map(Charge::rows).sum()
    }

    /// Number of excluded rows (spec 3.2).
    #[must_use]
    pub fn excluded_rows(&self) -> u64 {
        self.statement.rows()
    }

    /// Formats of the bill's charges.
    #[must_use]
    pub fn dialects(&self) -> BTreeSet<Dialect> {
        self.charges.iter().map(|charge| charge.key().dialect()).collect()
    }

    /// The currencies that occur, sorted.
    #[must_use]
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.overview().currencies()
    }

    /// The payer accounts that occur, sorted.
    #[must_use]
    pub fn payers(&self) -> BTreeSet<&str> {
        self.one_of_each_payer().map(|charge| charge.key().payer()).collect()
    }

    /// What split cost allocation data says of instances and services, sorted: evidence, no part of the sum nor of the
    /// digest (spec 3.3).
    #[must_use]
    pub fn split_costs(&self) -> &[SplitCost] {
        self.split_costs.as_slice()
    }

    /// Sum of the counting rows of one currency.
    ///
    /// # Errors
    /// `money.overflow` where the sum leaves the range.
    pub fn billed(&self, currency: Currency) -> Result<Amount> {
        match self.overview().billed.iter().find(|(known, _)| *known == currency) {
            None => Ok(Amount::ZERO),
            Some((_, Some(sum))) => Ok(*sum),
            // Summed again for the error.
            Some((_, None)) => {
                Amount::sum(self.charges.iter().filter(|c| c.key().currency() == currency).map(Charge::amount))
            }
        }
    }

    /// Sum of the excluded total rows of one currency.
    ///
    /// # Errors
    /// `money.overflow` where the sum leaves the range.
    pub fn excluded(&self, currency: Currency) -> Result<Amount> {
        self.statement.excluded(currency)
    }

    /// The findings of the scan, with printed totals compared and rounding summed up.
    ///
    /// # Errors
    /// `money.overflow` where the sums of printed totals leave the range.
    pub fn diagnostics(&self) -> Result<Diagnostics> {
        self.diagnostics_but(|_| false)
    }

    /// The same, without those of line item types that somebody knows.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub(crate) fn diagnostics_but(&self, is_known: impl Fn(&str) -> bool) -> Result<Diagnostics> {
        let mut found = self.diagnostics.clone();
        let compared = self.facts.compared.or_try(|| {
            let mut compared = Diagnostics::default();
            self.statement.reconcile(&self.charges, &mut compared)?;
            bridge::note_discounts(self.basis(), &self.charges, &mut compared)?;
            Ok(compared)
        });
        found.merge(compared?.clone());
        if self.overview().has_others {
            note_unknown_types(&self.charges, is_known, &mut found)?;
        }
        self.not_spread.report(self.basis(), &mut found);
        if self.precision.rows > 0 {
            let message = format!("amounts with more than 18 decimals lost {} in rounding", self.precision.residue);
            found.add(DiagnosticCode::ParsePrecision, message, self.precision.rows, None);
        }
        Ok(found)
    }

    /// Gaps in the usage rows, and whether the bill stops early (spec 2.7).
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        self.period().map(|period| self.coverage.completeness(period)).unwrap_or_default()
    }

    /// How final the bill is at `as_of` (spec 8.1).
    ///
    /// # Errors
    /// `money.overflow` where estimated sums leave the range.
    pub fn status(&self, as_of: Timestamp) -> Result<BillStatus> {
        let Some(period) = self.period() else { return Ok(BillStatus::Unknown) };
        Ok(status::status(self.invoices()?, period, as_of))
    }

    /// How final each payer and billing entity is at `as_of`, with invoices and what is still estimated.
    ///
    /// # Errors
    /// `money.overflow` where estimated sums leave the range.
    pub fn entity_statuses(&self, as_of: Timestamp) -> Result<Vec<EntityStatus>> {
        match self.period() {
            Some(period) => Ok(status::entity_statuses(self.invoices()?, period, as_of)),
            None => Ok(Vec::new()),
        }
    }

    fn invoices(&self) -> Result<&[status::Seen]> {
        self.facts.invoices.or_try(|| status::seen(&self.charges)).map(Vec::as_slice)
    }

    fn overview(&self) -> &Overview {
        self.facts.overview.or_find(|| Overview::of(&self.charges))
    }

    fn resources(&self) -> &Resources {
        self.facts.resources.or_find(|| Resources::of(&self.charges))
    }

    /// The charges at positions that a fact names.
    pub(crate) fn charges_at<'s>(&'s self, positions: &'s [u32]) -> impl Iterator<Item = &'s Charge> {
        positions.iter().filter_map(|at| self.charge_at(*at))
    }

    /// The charge at one of them.
    pub(crate) fn charge_at(&self, position: u32) -> Option<&Charge> {
        self.charges.get(position as usize)
    }

    /// One charge of each payer, sorted.
    pub(crate) fn one_of_each_payer(&self) -> impl Iterator<Item = &Charge> {
        self.charges_at(&self.overview().of_payers)
    }

    /// All fees, sorted by key.
    pub(crate) fn fees(&self) -> impl Iterator<Item = &Charge> {
        self.charges_at(&self.overview().fees)
    }

    /// The number of a resource, if some charge is of it.
    pub(crate) fn resource_number(&self, resource: &str) -> Option<u32> {
        self.resources().number(&self.charges, resource)
    }

    /// The values of the tag key at a position in the order of the scan; `None` where there is no such key.
    pub(crate) fn tag_values(&self, position: usize) -> Option<&TagValues> {
        let keys = || self.tag_keys().iter().map(|_| OnceLock::new()).collect();
        let values = self.facts.tags.or_find(keys).get(position)?;
        Some(values.get_or_init(|| TagValues::of(&self.charges, self.resources(), position)))
    }

    /// Hash of period, basis and charges: equal bills have equal digests however they were delivered
    /// (spec 3.8).
    ///
    /// # Errors
    /// `money.overflow` where sums over tag values leave the range.
    pub fn digest(&self) -> Result<Digest> {
        self.facts.digest.or_try(|| digest::of_bill(self)).cloned()
    }

    /// Adds a finding of a caller, such as inputs that were not counted.
    pub fn note(&mut self, code: DiagnosticCode, message: impl Into<String>, location: Option<Location>) {
        self.diagnostics.add(code, message, 1, location);
    }

    /// Both bills as one.
    ///
    /// # Errors
    /// `bill.incompatible` where period, basis, tag keys or cost categories differ; `read.duplicate` where both were read from the same
    /// file; `money.overflow` where sums leave the range.
    pub fn merge(self, other: Self) -> Result<Self> {
        let scope = match (&self.scope, &other.scope) {
            (None, _) => return Ok(other),
            (_, None) => return Ok(self),
            (Some(mine), Some(theirs)) if mine == theirs => mine.clone(),
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    ErrorCode::BillIncompatible,
                    "bills of different period, basis, tag keys or cost categories cannot be merged",
                ));
            }
        };
        if let Some(twice) = self.inputs.intersection(&other.inputs).next() {
            return Err(Error::new(
                ErrorCode::ReadDuplicate,
                format!("both bills were read from the file of {} bytes with hash `{}`", twice.bytes, twice.hash),
            ));
        }
        let mut merged = Self {
            scope: Some(scope),
            charges: merge_charges(self.charges, other.charges)?,
            coverage: self.coverage,
            statement: self.statement,
            inputs: self.inputs,
            precision: self.precision,
            not_spread: self.not_spread,
            split_costs: self.split_costs,
            diagnostics: self.diagnostics,
            facts: Facts::default(),
        };
        refuse_two_dialects(&merged.charges)?;
        merged.coverage.merge(other.coverage);
        merged.statement.merge(other.statement)?;
        merged.inputs.extend(other.inputs);
        merged.not_spread.merge(other.not_spread)?;
        merged.split_costs.merge(other.split_costs)?;
        merged.precision.add(other.precision.rows, other.precision.residue);
        merged.diagnostics.merge(other.diagnostics);
        Ok(merged)
    }
}

/// The rows of one payer in two formats would be counted twice (spec 2.6).
fn refuse_two_dialects(charges: &[Charge]) -> Result<()> {
    let mut dialects: BTreeMap<&str, Dialect> = BTreeMap::new();
    for charge in charges {
        let (payer, dialect) = (charge.key().payer(), charge.key().dialect());
        let first = *dialects.entry(payer).or_insert(dialect);
        if first != dialect {
            let message = format!(
                "payer `{payer}` is billed in two formats, {} and {}: give one",
                first.min(dialect),
                first.max(dialect)
            );
            return Err(Error::new(ErrorCode::ReadDuplicate, message));
        }
    }
    Ok(())
}

/// Line item types the format does not name, with what they cost (spec 3.1).
fn note_unknown_types(charges: &[Charge], is_known: impl Fn(&str) -> bool, found: &mut Diagnostics) -> Result<()> {
    let mut unknown: BTreeMap<(&str, Currency), (u64, Amount)> = BTreeMap::new();
    let is_unknown =
        |charge: &&Charge| charge.key().kind() == LineItemKind::Other && !is_known(charge.key().line_item_type());
    for charge in charges.iter().filter(is_unknown) {
        let sum = unknown.entry((charge.key().line_item_type(), charge.key().currency())).or_default();
        *sum = (sum.0 + charge.rows(), sum.1.checked_add(charge.amount())?);
    }
    for ((line_item_type, currency), (rows, amount)) in unknown {
        let message = format!("line item type `{line_item_type}` is not known; its rows count {amount} {currency}");
        found.add(DiagnosticCode::ClassifyUnknownLineItemType, message, rows, None);
    }
    Ok(())
}

fn merge_charges(left: Vec<Charge>, right: Vec<Charge>) -> Result<Vec<Charge>> {
    let mut merged: Vec<Charge> = Vec::with_capacity(left.len().max(right.len()));
    let mut left = left.into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        match a.key().cmp(b.key()) {
            std::cmp::Ordering::Less => merged.extend(left.next()),
            std::cmp::Ordering::Greater => merged.extend(right.next()),
            std::cmp::Ordering::Equal => {
                if let (Some(mut charge), Some(same)) = (left.next(), right.next()) {
                    charge.absorb(&same)?;
                    merged.push(charge);
                }
            }
        }
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}
