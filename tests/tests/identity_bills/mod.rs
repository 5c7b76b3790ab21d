//! Random bills with everything that is classified, amortized, moved, split and shared, and what they must sum to.

#[path = "../invariant_months/arithmetic.rs"]
pub(crate) mod arithmetic;
mod evidence;
mod header;
mod keys;
pub(crate) mod periods;
mod policies;
#[path = "../invariant_months/random.rs"]
mod random;
mod rows;
mod seen;
mod sums;

use std::fmt::Write as _;

use serde_json::Value;
use unblended::{
    Bill, BillOptions, BookEntry, CostBasis, Currency, Dialect, Evidence, KeepIntervals, Policy, ReservationBook,
    Result, ScanOptions, Timestamp, scan_reader,
};

use evidence::Facts;
use header::Layout;
pub(crate) use random::Random;
pub(crate) use rows::{Amounts, Row};
pub(crate) use seen::{ERRORS, Seen};
pub(crate) use sums::{Sums, sum};

const BASES: [CostBasis; 4] =
    [CostBasis::Unblended, CostBasis::NetUnblended, CostBasis::Amortized, CostBasis::NetAmortized];

/// Whose usage intervals the scan keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    All,
    Named,
    Nothing,
}

/// One bill with all it is attributed by. Its number decides it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) layout: Layout,
    pub(crate) basis: CostBasis,
    pub(crate) amounts: Amounts,
    /// The first two are anchors: each half of the bill has one.
    pub(crate) rows: Vec<Row>,
    pub(crate) facts: Facts,
    pub(crate) book: Vec<BookEntry>,
    pub(crate) policy: Value,
    pub(crate) currency: Option<&'static str>,
    pub(crate) kept: Kept,
    /// Chooses the order of rows and where they are cut.
    pub(crate) order: u64,
}

impl Random {
    pub(crate) fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

impl Case {
    pub(crate) fn new(number: u64) -> Self {
        // Numbers one after another are far apart as seeds.
        let mut random = Random(number.wrapping_mul(0xd134_2543_de82_ef95));
        let random = &mut random;
        let layout = Layout {
            dialect: random.one(&[Dialect::Dbr, Dialect::Cur, Dialect::Cur2, Dialect::Focus]),
            is_net: random.below(3) > 0,
        };
        let basis = match layout.dialect {
            // Now and then one that the format lacks.
            dialect if random.below(40) > 0 && dialect == Dialect::Dbr => CostBasis::Unblended,
            dialect if random.below(40) > 0 && dialect == Dialect::Focus => random.one(&[BASES[0], BASES[2]]),
            _ => random.one(&BASES),
        };
        let amounts = Amounts {
            is_signed: random.below(2) == 0,
            is_signed_on_resources: random.below(2) == 0,
            is_huge: random.below(10) == 0,
        };
        let currencies = match random.below(6) {
            0 if layout.dialect != Dialect::Dbr => &["USD", "EUR"][..],
            _ => &["USD"],
        };
        let mut rows: Vec<Row> = (0..2).map(|_| Row::anchor(random, layout.dialect, amounts, currencies[0])).collect();
        for _ in 0..random.below(36) {
            let currency = random.one(currencies);
            rows.push(Row::any(random, layout.dialect, amounts, currency));
        }
        let currency = match random.below(24) {
            0 => Some("CNY"),
            1..=3 => None,
            _ if currencies.len() > 1 => Some(random.one(currencies)),
            _ => random.one(&[None, Some("USD")]),
        };
        Self {
            layout,
            basis,
            amounts,
            rows,
            facts: Facts::any(random),
            book: evidence::book(random, amounts, currencies),
            policy: policies::any(random, layout.dialect, basis),
            currency,
            kept: random.one(&[Kept::All, Kept::All, Kept::All, Kept::Named, Kept::Named, Kept::Named, Kept::Nothing]),
            order: random.0,
        }
    }

    /// Whether the format has the basis.
    pub(crate) fn has_basis(&self) -> bool {
        match self.layout.dialect {
            Dialect::Dbr => self.basis == CostBasis::Unblended,
            Dialect::Focus => matches!(self.basis, CostBasis::Unblended | CostBasis::Amortized),
            _ => true,
        }
    }

    /// The lines of the file, without the header.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.rows.iter().enumerate().map(|(at, row)| self.layout.line(row, at)).collect()
    }

    /// The bill of some lines.
    pub(crate) fn scan(&self, name: &str, lines: &[String], policy: &Policy, evidence: &Evidence) -> Result<Bill> {
        let keep_intervals = match self.kept {
            Kept::All => KeepIntervals::All,
            Kept::Named => KeepIntervals::Of(evidence.resources().map(str::to_owned).collect()),
            Kept::Nothing => KeepIntervals::None,
        };
        let bill = BillOptions {
            basis: self.basis,
            currency: Currency::USD,
            tag_keys: policy.tag_keys(),
            cost_categories: policy.cost_categories(),
            keep_intervals,
        };
        let options = ScanOptions {
            bill,
            period: Some("2016-06".parse()?),
            tags_case_insensitive: policy.areas.case_insensitive,
            ..ScanOptions::default()
        };
        let text = self.layout.header() + "\n" + &lines.concat();
        scan_reader(name, text.as_bytes(), &options)
    }

    pub(crate) fn policy(&self) -> Result<Policy> {
        Policy::from_json(&self.policy.to_string())
    }

    pub(crate) fn book(&self) -> Result<ReservationBook> {
        ReservationBook::new(self.book.clone())
    }

    /// The same without one of its parts; nothing after the last.
    pub(crate) fn without(&self, part: usize) -> Option<Self> {
        let mut less = self.clone();
        let mut at = part;
        let mut take = |length: usize| {
            let found = (at < length).then_some(at);
            at = at.wrapping_sub(length);
            found
        };
        if let Some(at) = take(less.rows.len() - 2) {
            less.rows.remove(at + 2);
        } else if let Some(at) = take(less.book.len()) {
            less.book.remove(at);
        } else if let Some(at) = take(less.facts.len()) {
            less.facts.remove(at);
        } else {
            policies::remove(&mut less.policy, &mut take)?;
        }
        Some(less)
    }

    /// All of it, to be run by hand.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{:?} {} {:?} {:?}\n", self.layout, self.basis, self.currency, self.kept);
        let _ = writeln!(text, "{}\n{}", self.layout.header(), self.lines().concat());
        let _ = writeln!(text, "{:#?}\n{:#?}\n{:#}", self.facts, self.book, self.policy);
        text
    }
}

pub(crate) fn as_of() -> Timestamp {
    "2016-07-20T00:00:00Z".parse().unwrap()
}
