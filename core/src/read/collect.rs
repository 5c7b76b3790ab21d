//! Rows of many inputs → bills: which period they belong to, what was given twice, which tag keys exist
//! (spec 2.4, 2.6, 2.8, 2.9).
//!
//! Each thread has a collector of its own; [`bills`] judges all of them together, so that nothing depends on which
//! thread read what.

use std::collections::{BTreeMap, BTreeSet};

use crate::bill::{Bill, BillBuilder, InputDigest};
use crate::diagnostic::DiagnosticCode;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;
use crate::policy::DEFAULT_TAG_KEY;
use crate::read::ScanOptions;
use crate::read::rows::{Found, Wanted};
#[cfg(feature = "parquet")]
use crate::read::table::numbered::KnownRows;
use crate::read::table::tags::{KeySpace, TagKeysSeen};
use crate::time::BillingPeriod;

/// Inputs of one bill: those of a period, or all those that name none.
pub(super) type Group = Option<BillingPeriod>;

/// What inputs are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose<'k> {
    /// Their charges.
    Bill,
    /// The rows of some of their charges. No row is known again: each goes through its charge.
    #[cfg_attr(not(feature = "fs"), expect(dead_code, reason = "only files are read again"))]
    Rows(&'k Wanted<'k>),
    /// Only the tag keys they have.
    TagKeys,
}

/// What one thread has read.
#[derive(Debug)]
pub(super) struct Collector<'o> {
    options: &'o ScanOptions,
    purpose: Purpose<'o>,
    /// Few: one for each billing period.
    builders: Vec<(Group, BillBuilder<'o>)>,
    /// Number of the input that is read, among those that were given.
    pub(super) input: usize,
    inputs: Vec<SeenInput>,
    other_periods: BTreeMap<BillingPeriod, String>,
    /// Whether some input names no period, so that only its rows can.
    has_unnamed: bool,
    bad_rows: u64,
    first_bad_row: Option<Error>,
    pub(super) tag_keys: TagKeysSeen,
    pub(super) cost_categories: TagKeysSeen,
    pub(super) rows: Found,
    /// What the last table of columns knew of its rows.
    #[cfg(feature = "parquet")]
    pub(super) known_rows: Option<KnownRows>,
}

/// An input, or part of one, with data rows. Sorted by content, then name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SeenInput {
    digest: InputDigest,
    name: String,
    number: usize,
    groups: BTreeSet<Group>,
}

impl<'o> Collector<'o> {
    pub(super) fn new(options: &'o ScanOptions, purpose: Purpose<'o>) -> Self {
        Self {
            options,
            purpose,
            builders: Vec::new(),
            input: 0,
            inputs: Vec::new(),
            other_periods: BTreeMap::new(),
            has_unnamed: false,
            bad_rows: 0,
            first_bad_row: None,
            tag_keys: TagKeysSeen::default(),
            cost_categories: TagKeysSeen::default(),
            rows: Found::default(),
            #[cfg(feature = "parquet")]
            known_rows: None,
        }
    }

    pub(super) fn options(&self) -> &'o ScanOptions {
        self.options
    }

    pub(super) fn purpose(&self) -> Purpose<'o> {
        self.purpose
    }

    /// The group of an input or row with this `evidence` of its period; `None` where another period was asked for.
    pub(super) fn group(&mut self, evidence: Option<BillingPeriod>, name: &str) -> Option<Group> {
        let group = match (self.options.period, evidence) {
            (Some(wanted), Some(named)) if wanted != named => {
                let first = self.other_periods.entry(named).or_insert_with(|| name.to_owned());
                if name < first.as_str() {
                    name.clone_into(first);
                }
                return None;
            }
            (Some(wanted), _) => Some(wanted),
            (None, named) => named,
        };
        Some(group)
    }

    /// The number of the builder of a group.
    pub(super) fn number_of(&mut self, group: Group) -> usize {
        self.builders.iter().position(|(of, _)| *of == group).unwrap_or_else(|| {
            self.builders.push((group, BillBuilder::new(&self.options.bill)));
            self.builders.len() - 1
        })
    }

    /// A group that has a number, and its builder.
    pub(super) fn builder(&mut self, number: usize) -> Option<&mut (Group, BillBuilder<'o>)> {
        self.builders.get_mut(number)
    }

    /// Whether the rows of charges are asked for, and so notes a row of one of a builder.
    pub(super) fn notes_row(
        &mut self,
        place: (usize, usize),
        file: &str,
        at: impl Fn() -> Location,
        cost: Amount,
    ) -> bool {
        let Purpose::Rows(wanted) = self.purpose else { return false };
        let (builder, charge) = place;
        if let Some(key) = self.builders.get(builder).and_then(|(_, builder)| builder.key(charge)) {
            self.rows.note(wanted, key, file, &at(), cost);
        }
        true
    }

    /// Whether an input with this evidence is to be read. One without rows still makes the bill of the period it names.
    pub(super) fn wants(&mut self, evidence: Option<BillingPeriod>, name: &str) -> bool {
        match (self.group(evidence, name), evidence) {
            (None, _) => return false,
            (Some(group), Some(_)) => {
                self.number_of(group);
            }
            (Some(_), None) => self.has_unnamed = true,
        }
        true
    }

    pub(super) fn add_input(&mut self, groups: BTreeSet<Group>, digest: InputDigest, name: &str) {
        self.inputs.push(SeenInput { digest, name: name.to_owned(), number: self.input, groups });
    }

    /// Takes a malformed row as a finding.
    ///
    /// # Errors
    /// The row's error where no bad row is allowed or where it is not the row that is malformed.
    pub(super) fn bad_row(&mut self, group: Group, error: Error, cost: Option<Amount>) -> Result<()> {
        use ErrorCode::{ParseBadCurrency, ParseBadDecimal, ParseBadMap, ParseBadRow, ParseBadTime, ParseBadUtf8};
        let is_malformed = matches!(
            error.code(),
            ParseBadRow | ParseBadUtf8 | ParseBadDecimal | ParseBadTime | ParseBadCurrency | ParseBadMap
        );
        if self.options.max_bad_rows == 0 || !is_malformed {
            return Err(error);
        }
        self.bad_rows += 1;
        // Past the limit only the first row matters: the scan ends in its error.
        if self.bad_rows <= self.options.max_bad_rows {
            let location = error.location().cloned();
            let message = describe_bad_row(&error, cost);
            let number = self.number_of(group);
            if let Some((_, builder)) = self.builder(number) {
                builder.diagnostics.add(DiagnosticCode::ReadBadRow, message, 1, location);
            }
        }
        self.first_bad_row = earlier(self.first_bad_row.take(), Some(error));
        Ok(())
    }
}

fn describe_bad_row(error: &Error, cost: Option<Amount>) -> String {
    let column = error.location().and_then(|location| location.column.as_deref());
    let column = column.map(|column| format!(" in column `{column}`")).unwrap_or_default();
    let cost =
        cost.map_or_else(|| "its cost cannot be read".to_owned(), |cost| format!("its cost of {cost} is missing"));
    format!("{}: {error}{column}; {cost}", error.code())
}

fn earlier(a: Option<Error>, b: Option<Error>) -> Option<Error> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.location() < a.location() { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The bills of everything that was read, one per billing period.
///
/// # Errors
/// The first bad row where there are more than allowed, else `read.duplicate`, `read.period_mismatch`,
/// `read.unknown_tag_key`, `read.unknown_cost_category`; `money.overflow` where sums leave the range.
pub(super) fn bills(collectors: Vec<Collector<'_>>) -> Result<BTreeMap<BillingPeriod, Bill>> {
    let mut all = Gathered::default();
    let Some(options) = collectors.first().map(Collector::options) else { return Ok(BTreeMap::new()) };
    let (mut bad_rows, mut first_bad_row) = (0u64, None);
    for collector in collectors {
        bad_rows = bad_rows.saturating_add(collector.bad_rows);
        first_bad_row = earlier(first_bad_row, collector.first_bad_row);
        for (group, builder) in collector.builders {
            all.builders.entry(group).or_default().push(builder);
        }
        all.inputs.extend(collector.inputs);
        all.has_unnamed |= collector.has_unnamed;
        for (period, name) in collector.other_periods {
            let first = all.other_periods.entry(period).or_insert_with(|| name.clone());
            if name < *first {
                *first = name;
            }
        }
        all.tag_keys.merge(collector.tag_keys);
        all.cost_categories.merge(collector.cost_categories);
    }
    if let Some(error) = first_bad_row.filter(|_| bad_rows > options.max_bad_rows) {
        return Err(error);
    }
    all.inputs.sort_unstable();
    if !options.allow_duplicates {
        all.refuse_duplicates()?;
    }
    all.decide_period(options)?;
    all.note_tag_keys(options)?;
    all.finish()
}

#[derive(Default)]
struct Gathered<'o> {
    builders: BTreeMap<Group, Vec<BillBuilder<'o>>>,
    inputs: Vec<SeenInput>,
    other_periods: BTreeMap<BillingPeriod, String>,
    has_unnamed: bool,
    tag_keys: TagKeysSeen,
    cost_categories: TagKeysSeen,
}

impl<'o> Gathered<'o> {
    fn refuse_duplicates(&self) -> Result<()> {
        let is_part = |a: &SeenInput, b: &SeenInput| (&a.name, a.number) == (&b.name, b.number);
        let pairs = self.inputs.iter().zip(self.inputs.iter().skip(1));
        let pairs = pairs.filter(|(a, b)| a.digest == b.digest && !is_part(a, b));
        match pairs.min_by_key(|(a, b)| (&a.name, &b.name)) {
            None => Ok(()),
            Some((a, b)) => Err(Error::new(
                ErrorCode::ReadDuplicate,
                format!("`{}` and `{}` have the same content", a.name, b.name),
            )
            .at(Location::file(&b.name))),
        }
    }

    /// Moves the rows that name no period to that of most usage rows among them (spec 2.8).
    fn decide_period(&mut self, options: &'o ScanOptions) -> Result<()> {
        let unnamed = self.builders.remove(&None);
        if let (Some(wanted), true) = (options.period, self.builders.is_empty()) {
            if !self.other_periods.is_empty() {
                let found = list(self.other_periods.keys());
                let message = format!("no input belongs to the billing period `{wanted}`, only to {found}");
                return Err(Error::new(ErrorCode::ReadPeriodMismatch, message));
            }
            self.builders.insert(Some(wanted), vec![BillBuilder::new(&options.bill)]);
        }
        let is_told = !self.builders.is_empty();
        let mut unnamed = match unnamed {
            Some(unnamed) => unnamed,
            None if is_told || !self.has_unnamed => return Ok(()),
            None => Vec::new(),
        };
        let mut months: BTreeMap<BillingPeriod, u64> = BTreeMap::new();
        for (month, rows) in unnamed.iter().flat_map(BillBuilder::usage_months) {
            *months.entry(month).or_default() += rows;
        }
        let most = months.iter().max_by_key(|(month, rows)| (**rows, std::cmp::Reverse(**month)));
        let Some((period, rows)) = most.map(|(month, rows)| (*month, *rows)) else {
            let has_rows = self.inputs.iter().any(|input| input.groups.contains(&None));
            if let (false, Some(first)) = (has_rows, self.builders.values_mut().next()) {
                // What was found in rows that cannot be read belongs to some bill.
                first.append(&mut unnamed);
                return Ok(());
            }
            let message = "no input names its billing period and no usage row has a date: give the period";
            return Err(Error::new(ErrorCode::ReadPeriodMismatch, message));
        };
        if let Some(first) = unnamed.first_mut() {
            let message = format!("the billing period is `{period}`, in which most usage rows start");
            first.diagnostics.add(DiagnosticCode::ReadPeriodFromRows, message, rows, None);
        }
        self.builders.entry(Some(period)).or_default().append(&mut unnamed);
        for input in &mut self.inputs {
            if input.groups.remove(&None) {
                input.groups.insert(Some(period));
            }
        }
        Ok(())
    }

    fn note_tag_keys(&mut self, options: &ScanOptions) -> Result<()> {
        for key in self.tag_keys.not_found(&options.bill.tag_keys) {
            if !(options.default_tag_keys && key == DEFAULT_TAG_KEY) {
                return Err(self.tag_keys.unknown(KeySpace::Tags, key));
            }
            for first in self.builders.values_mut().filter_map(|builders| builders.first_mut()) {
                let message = format!("tag key `{key}` is in no input");
                first.diagnostics.add(DiagnosticCode::ReadTagKeyNotFound, message, 1, None);
            }
        }
        match self.cost_categories.not_found(&options.bill.cost_categories).next() {
            Some(name) => Err(self.cost_categories.unknown(KeySpace::CostCategories, name)),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<BTreeMap<BillingPeriod, Bill>> {
        let mut bills = BTreeMap::new();
        for (group, mut builders) in std::mem::take(&mut self.builders) {
            let Some(period) = group else { continue };
            if let Some(first) = builders.first_mut() {
                self.complete(first, period);
            }
            let mut bill = Bill::default();
            for builder in builders {
                bill = bill.merge(builder.finish(period)?)?;
            }
            bills.insert(period, bill);
        }
        Ok(bills)
    }

    /// Adds what belongs to a bill once, whatever thread read it.
    fn complete(&self, builder: &mut BillBuilder<'_>, period: BillingPeriod) {
        for input in self.inputs.iter().filter(|input| input.groups.contains(&Some(period))) {
            builder.add_input(input.digest.clone());
        }
        for (other, name) in &self.other_periods {
            let message = format!("inputs of the billing period `{other}` are not counted");
            builder.diagnostics.add(DiagnosticCode::ReadOtherPeriod, message, 1, Some(Location::file(name)));
        }
    }
}

/// The bill where there is exactly one.
///
/// # Errors
/// `read.several_periods` naming them.
pub(super) fn only_bill(mut bills: BTreeMap<BillingPeriod, Bill>) -> Result<Bill> {
    if bills.len() > 1 {
        let message = format!("the inputs belong to several billing periods, {}: choose one", list(bills.keys()));
        return Err(Error::new(ErrorCode::ReadSeveralPeriods, message));
    }
    match bills.pop_first() {
        Some((_, bill)) => Ok(bill),
        None => Err(Error::new(ErrorCode::ReadNoInput, "there is no input")),
    }
}

fn list<'p>(periods: impl Iterator<Item = &'p BillingPeriod>) -> String {
    periods.map(|period| format!("`{period}`")).collect::<Vec<_>>().join(", ")
}
