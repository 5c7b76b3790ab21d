//! Line items in, charges out: the only stage that sees rows.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::charge::Charge;
use super::coverage::UsageCoverage;
use super::instance::{is_instance_usage, is_of_hours};
use super::key::{ChargeKey, RowKey};
use super::not_spread::NotSpread;
use super::slices::{SliceList, UsageSlice, UsageSlices};
use super::split_rows::{SplitCollector, SplitLine};
use super::statement::Statement;
use super::{Bill, Facts, InputDigest, Precision, Scope, refuse_two_dialects};
use crate::classify::{CostBasis, LineItem, LineItemKind, Repetition};
use crate::diagnostic::Diagnostics;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{is_instance_id, is_task_arn, is_volume_id};
use crate::money::{Amount, Currency, Residue};
use crate::time::{BillingPeriod, HOUR_MS, Interval};

/// Whose usage intervals a scan keeps (spec 3.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeepIntervals {
    /// Nobody's: a bill that needs no evidence.
    #[default]
    None,
    /// Those of the resources the evidence names.
    Of(HashSet<String>),
    /// Those of every instance, volume and task, so that evidence can come later.
    All,
}

impl KeepIntervals {
    fn keeps(&self, resource: &str) -> bool {
        match self {
            Self::None => false,
            Self::Of(named) => !resource.is_empty() && named.contains(resource),
            Self::All => is_instance_id(resource) || is_volume_id(resource) || is_task_arn(resource),
        }
    }
}

/// What a scan is asked for; the same for every input of a bill.
#[derive(Clone, Debug)]
pub struct BillOptions {
    /// Cost basis of the amounts.
    pub basis: CostBasis,
    /// Currency of rows that name none.
    pub currency: Currency,
    /// Tag keys whose values are kept, in order.
    pub tag_keys: Vec<String>,
    /// Cost categories whose values are kept, in order.
    pub cost_categories: Vec<String>,
    /// Whose usage intervals are kept.
    pub keep_intervals: KeepIntervals,
}

impl Default for BillOptions {
    fn default() -> Self {
        Self {
            basis: CostBasis::Unblended,
            currency: Currency::USD,
            tag_keys: Vec::new(),
            cost_categories: Vec::new(),
            keep_intervals: KeepIntervals::None,
        }
    }
}

/// Collects line items of one billing period into charges.
#[derive(Debug)]
pub struct BillBuilder<'o> {
    options: &'o BillOptions,
    hasher: FixedState,
    index: HashTable<usize>,
    /// Key, traits and sums of each charge, apart: only the latter two are looked at for a row of a known charge.
    keys: Vec<ChargeKey>,
    traits: Vec<Traits>,
    sums: Vec<Sums>,
    /// Usage intervals of each charge; empty where none are kept.
    slices: Vec<SliceList>,
    coverage: UsageCoverage,
    statement: Statement,
    inputs: Vec<InputDigest>,
    precision: Precision,
    not_spread: NotSpread,
    split_rows: SplitCollector,
    accounts: Vec<Account>,
    account_numbers: BTreeMap<Box<str>, u32>,
    usage_months: BTreeMap<BillingPeriod, u64>,
    /// The month of the last usage row, its span, and rows of it that are not in `usage_months` yet.
    current_month: Option<(BillingPeriod, Interval, u64)>,
    /// Findings of the scan.
    pub diagnostics: Diagnostics,
}

impl<'o> BillBuilder<'o> {
    /// An empty collection.
    #[must_use]
    pub fn new(options: &'o BillOptions) -> Self {
        Self {
            options,
            hasher: FixedState::default(),
            index: HashTable::new(),
            keys: Vec::new(),
            traits: Vec::new(),
            sums: Vec::new(),
            slices: Vec::new(),
            coverage: UsageCoverage::default(),
            statement: Statement::default(),
            inputs: Vec::new(),
            precision: Precision::default(),
            not_spread: NotSpread::default(),
            split_rows: SplitCollector::default(),
            accounts: Vec::new(),
            account_numbers: BTreeMap::new(),
            usage_months: BTreeMap::new(),
            current_month: None,
            diagnostics: Diagnostics::default(),
        }
    }

    /// Adds a counting row.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range; `parse.bad_time` where a kept interval is finer than seconds.
    pub fn add(&mut self, item: &LineItem<'_>, kind: LineItemKind) -> Result<()> {
        self.add_to_charge(item, kind).map(|_| ())
    }

    /// Adds a counting row and says which charge it belongs to, for [`BillBuilder::add_again`].
    pub(crate) fn add_to_charge(&mut self, item: &LineItem<'_>, kind: LineItemKind) -> Result<usize> {
        let timed = self.options.keep_intervals.keeps(item.resource_id);
        let values = RowValues {
            cost: item.cost,
            unblended: item.unblended.unwrap_or(item.cost),
            interval: item.interval,
            usage_quantity: item.usage_quantity,
        };
        let key = RowKey::new(item, kind, item.currency.unwrap_or(self.options.currency), timed);
        if timed {
            // Before anything is changed: a row that is refused leaves no trace.
            KeptIntervals::of(&key).slice(&values)?;
        }
        let hash = key.hash(&self.hasher);
        let found = self.index.find(hash, |at| self.keys.get(*at).is_some_and(|known| key.matches(known)));
        let at = match found {
            Some(at) => *at,
            None => self.insert(&key, hash),
        };
        self.add_again(at, &values)?;
        Ok(at)
    }

    /// The key of a charge, by its number.
    pub(crate) fn key(&self, charge: usize) -> Option<&ChargeKey> {
        self.keys.get(charge)
    }

    /// Adds a row that agrees with an earlier one of this charge in all but its values.
    ///
    /// # Errors
    /// As [`BillBuilder::add`].
    #[inline]
    pub(crate) fn add_again(&mut self, charge: usize, values: &RowValues) -> Result<()> {
        let (Some(traits), Some(sums)) = (self.traits.get(charge), self.sums.get_mut(charge)) else { return Ok(()) };
        let traits = *traits;
        let slice = match traits.intervals {
            KeptIntervals::Nothing => None,
            kept => Some(kept.slice(values)?),
        };
        sums.add(values, traits.counts_quantity, 1)?;
        if let (Some(slice), Some(slices)) = (slice, self.slices.get_mut(charge)) {
            slices.add(slice)?;
        }
        if let (true, Some(interval)) = (traits.is_usage, values.interval) {
            self.note_usage(traits.account, interval, 1);
        }
        Ok(())
    }

    /// Whose usage the rows of a charge are: then [`BillBuilder::add_interval`], [`BillBuilder::add_rows`] and
    /// [`BillBuilder::note_usage`] do together what [`BillBuilder::add_again`] does.
    pub(crate) fn usage_of(&self, charge: usize) -> Option<u32> {
        self.traits.get(charge).filter(|traits| traits.is_usage).map(|traits| traits.account)
    }

    /// Whether usage intervals are kept of a charge.
    pub(crate) fn keeps_intervals(&self, charge: usize) -> bool {
        self.traits.get(charge).is_some_and(|traits| traits.intervals != KeptIntervals::Nothing)
    }

    /// Keeps the usage interval of a row of a charge, where they are kept.
    ///
    /// # Errors
    /// As [`BillBuilder::add`].
    #[inline]
    pub(crate) fn add_interval(&mut self, charge: usize, values: &RowValues) -> Result<()> {
        let (Some(traits), Some(slices)) = (self.traits.get(charge), self.slices.get_mut(charge)) else {
            return Ok(());
        };
        slices.add(traits.intervals.slice(values)?)
    }

    /// Adds so many rows that agree in all values with an earlier one of this charge, but not their times.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub(crate) fn add_rows(&mut self, charge: usize, values: &RowValues, rows: u64) -> Result<()> {
        let (Some(traits), Some(sums)) = (self.traits.get(charge), self.sums.get_mut(charge)) else { return Ok(()) };
        sums.add(&values.times(rows)?, traits.counts_quantity, rows)
    }

    /// Whether a charge sums the quantities of its rows.
    pub(crate) fn counts_quantity(&self, charge: usize) -> bool {
        self.traits.get(charge).is_some_and(|traits| traits.counts_quantity)
    }

    /// Keeps a total row as statement evidence (spec 3.2).
    ///
    /// # Errors
    /// `money.overflow` where the totals leave the range.
    pub fn exclude(&mut self, item: &LineItem<'_>, repetition: Repetition) -> Result<()> {
        self.statement.add(item, repetition, self.options.currency)
    }

    /// Keeps what an excluded row of split cost allocation data says as evidence (spec 3.3).
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn add_split(&mut self, item: &LineItem<'_>, line: &SplitLine<'_>) -> Result<()> {
        self.split_rows.add(item, line, self.options.currency)
    }

    /// Counts what reading a row's cost rounded off (spec 1.2).
    pub fn note_residue(&mut self, residue: Residue) {
        self.precision.add(1, residue);
    }

    /// Counts a row of the bill that fills no column of its basis and counts at its unblended cost (spec 3.4).
    ///
    /// # Errors
    /// `money.overflow` where the sum of such rows leaves the range.
    pub fn note_not_spread(&mut self, item: &LineItem<'_>, kind: LineItemKind) -> Result<()> {
        self.not_spread.add(kind, item.currency.unwrap_or(self.options.currency), 1, item.cost)
    }

    /// Names an input whose rows were added. Inputs without data rows are not named.
    pub fn add_input(&mut self, input: InputDigest) {
        self.inputs.push(input);
    }

    /// How many usage rows start in each month.
    #[must_use]
    pub fn usage_months(&self) -> BTreeMap<BillingPeriod, u64> {
        let mut months = self.usage_months.clone();
        if let Some((month, _, rows)) = self.current_month {
            *months.entry(month).or_default() += rows;
        }
        months
    }

    /// The bill of the rows added, as that of `period`.
    ///
    /// # Errors
    /// `money.overflow` where sums of one usage interval leave the range.
    pub fn finish(mut self, period: BillingPeriod) -> Result<Bill> {
        let mut slices = std::mem::take(&mut self.slices).into_iter();
        let mut charges = Vec::with_capacity(self.keys.len());
        for (key, sums) in self.keys.into_iter().zip(self.sums) {
            charges.push(sums.into_charge(key, slices.next().unwrap_or_default().finish()?));
        }
        charges.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        // Freed together: else the next text would lie where one was before.
        let moved: Vec<_> = charges.iter_mut().map(|charge| charge.key.move_texts()).collect();
        drop(moved);
        refuse_two_dialects(&charges)?;
        Ok(Bill {
            scope: Some(Scope {
                period,
                basis: self.options.basis,
                tag_keys: self.options.tag_keys.clone(),
                cost_categories: self.options.cost_categories.clone(),
            }),
            charges,
            coverage: self.coverage,
            statement: self.statement,
            inputs: self.inputs.into_iter().collect(),
            precision: self.precision,
            not_spread: self.not_spread,
            split_costs: self.split_rows.finish()?,
            diagnostics: self.diagnostics,
            facts: Facts::default(),
        })
    }

    fn insert(&mut self, key: &RowKey<'_>, hash: u64) -> usize {
        let at = self.keys.len();
        if self.options.keep_intervals != KeepIntervals::None {
            self.slices.push(SliceList::default());
        }
        let traits = Traits {
            account: self.account_number(key.usage_account()),
            is_usage: key.kind().is_usage(),
            counts_quantity: key.kind().is_fee() || is_of_hours(key.kind(), key.usage_type()),
            intervals: KeptIntervals::of(key),
        };
        self.keys.push(key.to_key());
        self.traits.push(traits);
        self.sums.push(Sums::default());
        let Self { index, keys, hasher, .. } = self;
        index.insert_unique(hash, at, |at| keys.get(*at).map_or(0, |key| key.row_hash(hasher)));
        at
    }

    fn account_number(&mut self, id: &str) -> u32 {
        if let Some(number) = self.account_numbers.get(id) {
            return *number;
        }
        // 2^32 accounts do not fit into memory.
        let number = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        self.accounts.push(Account { id: id.into(), last_usage: None });
        self.account_numbers.insert(id.into(), number);
        number
    }

    /// Notes so many usage rows of an account at an interval.
    pub(crate) fn note_usage(&mut self, account: u32, interval: Interval, new_rows: u64) {
        if let Some(account) = self.accounts.get_mut(account as usize) {
            // Rows of one hour follow each other, and an hour is covered once.
            if account.last_usage != Some(interval) {
                account.last_usage = Some(interval);
                self.coverage.add(&account.id, interval);
            }
        }
        if let Some((_, span, rows)) = &mut self.current_month
            && span.start <= interval.start
            && interval.start < span.end
        {
            *rows += new_rows;
            return;
        }
        let next = interval.start.period().map(|month| (month, month.interval(), new_rows));
        if let Some((month, _, rows)) = std::mem::replace(&mut self.current_month, next) {
            *self.usage_months.entry(month).or_default() += rows;
        }
    }
}

/// What rows of one charge can differ in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowValues {
    /// In the basis of the scan.
    pub(crate) cost: Amount,
    pub(crate) unblended: Amount,
    pub(crate) interval: Option<Interval>,
    pub(crate) usage_quantity: Option<Amount>,
}

impl RowValues {
    /// Those of so many rows together.
    fn times(&self, rows: u64) -> Result<Self> {
        Ok(Self {
            cost: self.cost.checked_times(rows)?,
            unblended: self.unblended.checked_times(rows)?,
            interval: self.interval,
            usage_quantity: self.usage_quantity.map(|quantity| quantity.checked_times(rows)).transpose()?,
        })
    }
}

/// What follows from the key of a charge.
#[derive(Clone, Copy, Debug)]
struct Traits {
    /// Usage account, as a number in [`BillBuilder::accounts`].
    account: u32,
    is_usage: bool,
    /// Whether the quantities of its rows are summed.
    counts_quantity: bool,
    intervals: KeptIntervals,
}

/// What is kept of the usage intervals of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeptIntervals {
    Nothing,
    Cost,
    /// Its rows say that an instance itself ran.
    CostAndRunningTime,
}

impl KeptIntervals {
    fn of(key: &RowKey<'_>) -> Self {
        match (key.is_timed(), is_instance_id(key.resource_id()) && is_instance_usage(key.usage_type())) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Cost,
            (true, true) => Self::CostAndRunningTime,
        }
    }

    /// What is kept of one row, where something is.
    fn slice(self, values: &RowValues) -> Result<UsageSlice> {
        let running_ms = if self == Self::CostAndRunningTime { running_ms(values)? } else { 0 };
        UsageSlice::new(values.interval, running_ms, values.cost).ok_or_else(|| {
            Error::new(ErrorCode::ParseBadTime, "a usage interval is finer than seconds or outside 1970 to 2106")
        })
    }
}

/// The sums of a charge, in one cache line: rows of an hour go through thousands of charges.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Sums {
    amount: Amount,
    unblended: Amount,
    quantity: Amount,
    rows: u64,
    nonzero_rows: u64,
}

impl Sums {
    /// Adds the values of so many rows; nothing where one of the sums leaves the range.
    fn add(&mut self, values: &RowValues, counts_quantity: bool, rows: u64) -> Result<()> {
        let unblended = self.unblended.checked_add(values.unblended)?;
        let counted = values.usage_quantity.filter(|_| counts_quantity);
        let quantity = self.quantity.checked_add(counted.unwrap_or_default())?;
        self.amount = self.amount.checked_add(values.cost)?;
        self.unblended = unblended;
        self.quantity = quantity;
        self.rows += rows;
        self.nonzero_rows += if values.unblended.is_zero() { 0 } else { rows };
        Ok(())
    }

    fn into_charge(self, key: ChargeKey, slices: UsageSlices) -> Charge {
        let Self { amount, unblended, quantity, rows, nonzero_rows } = self;
        Charge { key, amount, unblended, rows, nonzero_rows, quantity, slices }
    }
}

/// A usage account with the interval that was last noted as covered.
#[derive(Debug)]
struct Account {
    id: Box<str>,
    last_usage: Option<Interval>,
}

/// Milliseconds an instance ran by one of its own usage rows: its hours, or its whole interval where the row names no
/// hours.
fn running_ms(values: &RowValues) -> Result<u64> {
    let Some(hours) = values.usage_quantity else {
        return Ok(values.interval.map_or(0, |interval| interval.millis()));
    };
    let one = 10i128.pow(Amount::SCALE);
    // Nearly every row; it spares two long divisions.
    if hours.units() == one {
        return Ok(HOUR_MS.unsigned_abs());
    }
    let scaled = hours
        .units()
        .checked_mul(i128::from(HOUR_MS))
        .ok_or_else(|| Error::new(ErrorCode::MoneyOverflow, "usage hours leave the range of exact quantities"))?;
    let (whole, rest) = (scaled.div_euclid(one), scaled.rem_euclid(one));
    let up = rest * 2 > one || (rest * 2 == one && whole % 2 != 0);
    Ok(u64::try_from(whole + i128::from(up)).unwrap_or(0))
}
