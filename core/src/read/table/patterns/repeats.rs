//! Rows that say what the first row of their pattern says, at the times of the row before: they are counted, and added
//! together.
//!
//! INVARIANT: what is counted here and with the patterns reaches the builders before anybody looks at them: when
//! patterns are forgotten, and when the table is complete.

use std::collections::BTreeMap;

use crate::read::collect::Collector;
use crate::time::Interval;

/// Rows of one interval after the other, by whose usage they are.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Of the rows that are counted.
    interval: Option<Interval>,
    accounts: Vec<Account>,
    /// The numbers in `accounts` by builder and account.
    numbers: BTreeMap<(usize, u32), u32>,
    /// Accounts with rows.
    counted: Vec<u32>,
}

/// An account of a builder, by its number there.
#[derive(Debug)]
struct Account {
    builder: usize,
    number: u32,
    rows: u64,
}

impl Repeats {
    /// The number of an account of a builder.
    pub(super) fn number_of(&mut self, builder: usize, account: u32) -> u32 {
        let Self { accounts, numbers, .. } = self;
        *numbers.entry((builder, account)).or_insert_with(|| {
            accounts.push(Account { builder, number: account, rows: 0 });
            // 2^32 accounts do not fit into memory.
            u32::try_from(accounts.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// Counts a row of an account.
    #[inline]
    pub(super) fn count(&mut self, number: u32, interval: Option<Interval>, collector: &mut Collector<'_>) {
        if self.interval != interval {
            self.hand_over(collector);
            self.interval = interval;
        }
        if let Some(account) = self.accounts.get_mut(number as usize) {
            if account.rows == 0 {
                self.counted.push(number);
            }
            account.rows += 1;
        }
    }

    /// Hands what is counted to the builders.
    pub(super) fn hand_over(&mut self, collector: &mut Collector<'_>) {
        for number in self.counted.drain(..) {
            let Some(Account { builder, number: account, rows }) = self.accounts.get_mut(number as usize) else {
                continue;
            };
            let rows = std::mem::take(rows);
            if let (Some(interval), Some((_, builder))) = (self.interval, collector.builder(*builder)) {
                builder.note_usage(*account, interval, rows);
            }
        }
    }
}
