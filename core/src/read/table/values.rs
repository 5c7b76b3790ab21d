//! Cost, quantity and times of a row whose charge is known, where they are as usual.

use crate::bill::RowValues;
use crate::money::Amount;
use crate::read::table::cells::Telling;
use crate::read::table::dialect::Attribute;
use crate::read::table::header::Columns;
use crate::read::table::line_item::interval_of;
#[cfg(feature = "batches")]
use crate::read::table::spans::apart;
use crate::read::table::spans::{Span, spans};
use crate::time::Interval;

/// Reads what decides nothing about a row.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quantity: Option<usize>,
    /// Start and end, as they are compared with those of the last row.
    times: Vec<Span>,
    last: Times,
    has_large: bool,
}

/// The last times of a row as written with what they are: rows of one hour follow each other.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) written: Vec<Vec<u8>>,
    pub(super) interval: Option<Interval>,
}

impl Values {
    /// `None` where a value can stand in several places.
    pub(super) fn of(columns: &Columns) -> Option<Self> {
        let quantity = columns.column(Attribute::Quantity);
        let (start, end) = (columns.column(Attribute::Start)?, columns.column(Attribute::End)?);
        (quantity.is_some() || !columns.has(Attribute::Quantity)).then(|| Self {
            start,
            end,
            quantity,
            times: spans(&[start.min(end), start.max(end)], |_| false),
            last: Times::default(),
            has_large: false,
        })
    }

    /// For cells that do not stand side by side.
    #[cfg(feature = "batches")]
    pub(super) fn apart(self) -> Self {
        Self { times: apart(&[self.start, self.end]), ..self }
    }

    /// The runs of times.
    pub(super) fn times(&self) -> &[Span] {
        &self.times
    }

    /// Those of the last row.
    pub(super) fn last_times(&self) -> &Times {
        &self.last
    }

    /// Whether an amount was large.
    pub(super) fn has_large(&self) -> bool {
        self.has_large
    }

    /// Cost, times and quantity of a row; `None` where one of them is not as usual.
    pub(super) fn read<'r>(&mut self, columns: &Columns, row: impl Telling<'r>, rule: usize) -> Option<RowValues> {
        let written = self.times.iter().map(|(first, last)| row.raw(*first, *last));
        if !written.clone().eq(self.last.written.iter().map(Vec::as_slice)) {
            let interval = interval_of(columns, row.get(self.start), row.get(self.end)).ok()?;
            self.last = Times { written: written.map(<[u8]>::to_vec).collect(), interval };
        }
        self.read_of_last_times(columns, row, rule)
    }

    /// As [`Values::read`], of a row with the times of the last one.
    pub(super) fn read_of_last_times<'r>(
        &mut self,
        columns: &Columns,
        row: impl Telling<'r>,
        rule: usize,
    ) -> Option<RowValues> {
        let unblended = Amount::parse_exact(row.bytes(columns.costs.unblended))?;
        let cost = columns.costs.of_known(rule, row, unblended)?;
        let usage_quantity = match self.quantity.map_or(&[][..], |at| row.bytes(at)) {
            [] => None,
            text => Some(Amount::parse_exact(text)?),
        };
        self.has_large |= is_large(cost) || is_large(unblended) || usage_quantity.is_some_and(is_large);
        Some(RowValues { cost, unblended, interval: self.last.interval, usage_quantity })
    }
}

/// Fewer than a hundred million amounts that are not large stay in the range, whatever their order.
const LARGE: u128 = 1_000_000_000_000 * 10_u128.pow(18);

pub(super) fn is_large(amount: Amount) -> bool {
    amount.units().unsigned_abs() >= LARGE
}
