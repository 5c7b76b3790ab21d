//! Which of several rules or shared pools take what more than one of them matches: the first (spec 5.1, 5.7).

use std::collections::BTreeMap;

use crate::error::Result;
use crate::money::Amount;

/// Charges and their cost, by the positions of rules or pools in effect.
#[derive(Debug, Default)]
pub(super) struct Overlaps {
    taken: BTreeMap<usize, u64>,
    missed: BTreeMap<usize, Amount>,
    pairs: BTreeMap<(usize, usize), (u64, Amount)>,
}

impl Overlaps {
    /// Notes that the first took an amount that later ones match too.
    pub(super) fn take(&mut self, first: usize, later: impl Iterator<Item = usize>, amount: Amount) -> Result<()> {
        *self.taken.entry(first).or_default() += 1;
        for at in later {
            let (charges, sum) = self.pairs.entry((first, at)).or_default();
            (*charges, *sum) = (*charges + 1, sum.checked_add(amount)?);
            self.miss(std::iter::once(at), amount)?;
        }
        Ok(())
    }

    /// Notes that all these match an amount that something else took.
    pub(super) fn miss(&mut self, matching: impl Iterator<Item = usize>, amount: Amount) -> Result<()> {
        for at in matching {
            let sum = self.missed.entry(at).or_default();
            *sum = sum.checked_add(amount)?;
        }
        Ok(())
    }

    /// Whether one took anything.
    pub(super) fn has_taken(&self, at: usize) -> bool {
        self.taken.contains_key(&at)
    }

    /// What one matched and did not take; `None` where it matched nothing of that kind.
    pub(super) fn missed(&self, at: usize) -> Option<Amount> {
        self.missed.get(&at).copied()
    }

    /// The one that took, the one that did not, how many charges and how much; sorted.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize, u64, Amount)> {
        self.pairs.iter().map(|((first, later), (charges, amount))| (*first, *later, *charges, *amount))
    }
}
