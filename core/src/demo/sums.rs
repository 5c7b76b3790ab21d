//! What the line items of each account sum to, and what whole cents are short of it.

use std::collections::BTreeMap;

use super::row::{Kind, Row};

/// 10⁻¹⁸ units in a cent.
const CENT: i128 = 10_000_000_000_000_000;

/// The exact sum of the line items of each account.
#[derive(Debug, Default)]
pub(super) struct Sums {
    by_account: BTreeMap<String, i128>,
    line_items: u64,
}

impl Sums {
    /// Adds a line item; what tasks took of instances repeats cost that is billed.
    pub(super) fn add(&mut self, row: &Row<'_>) {
        if row.kind == Kind::TaskShare {
            return;
        }
        self.line_items += 1;
        match self.by_account.get_mut(row.account) {
            Some(sum) => *sum += row.cost(),
            None => {
                self.by_account.insert(row.account.to_owned(), row.cost());
            }
        }
    }

    /// Number of line items.
    pub(super) fn line_items(&self) -> u64 {
        self.line_items
    }

    /// Account, and what its line items are short of, or over, whole cents; only where they are.
    pub(super) fn roundings(&self) -> impl Iterator<Item = (&str, i128)> {
        let shorts = self.by_account.iter().map(|(account, sum)| (account.as_str(), to_cents(*sum) - sum));
        shorts.filter(|(_, short)| *short != 0)
    }

    /// Account and its invoiced sum, in whole cents.
    pub(super) fn invoiced(&self) -> impl Iterator<Item = (&str, i128)> {
        self.by_account.iter().map(|(account, sum)| (account.as_str(), to_cents(*sum)))
    }

    /// The sum of all line items, in 10⁻¹⁸ USD.
    pub(super) fn line_item_total(&self) -> i128 {
        self.by_account.values().sum()
    }

    /// The sum of all roundings, in 10⁻¹⁸ USD.
    pub(super) fn rounding_total(&self) -> i128 {
        self.roundings().map(|(_, short)| short).sum()
    }
}

/// The nearest whole cent, halves away from zero, as invoices round.
fn to_cents(units: i128) -> i128 {
    let cents = (units.abs() + CENT / 2) / CENT;
    cents * CENT * units.signum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_cent_round_away_from_zero() {
        assert_eq!(to_cents(CENT / 2), CENT);
        assert_eq!(to_cents(-CENT / 2), -CENT);
        assert_eq!(to_cents(CENT / 2 - 1), 0);
    }

    #[test]
    fn roundings_fill_every_account_up_to_what_is_invoiced() {
        let mut sums = Sums::default();
        for (account, rate) in [("1", 1), ("2", 10_000_000_000), ("1", 3)] {
            sums.add(&Row { account, rate, quantity: 100_000_000, ..Row::empty() });
        }
        assert_eq!(sums.roundings().map(|(account, _)| account).collect::<Vec<_>>(), ["1"], "2 is whole cents");
        let invoiced: i128 = sums.invoiced().map(|(_, sum)| sum).sum();
        assert_eq!(sums.line_item_total() + sums.rounding_total(), invoiced);
    }
}
