//! Where owned amounts are collected: one sum per finest cell.

use std::collections::BTreeMap;

use super::claim::{Claim, Origin};
use super::lineage::{CellFilter, Contribution, Watch};
use crate::bill::Charge;
use crate::error::Result;
use crate::ids::{Cluster, ProductArea, Service};
use crate::index::Index;
use crate::money::Amount;
use crate::rollup::{Cell, RowKind};

/// Sums by origin and claim.
#[derive(Debug, Default)]
pub(super) struct Ledger<'a> {
    cells: Index<(Origin<'a>, Claim<'a>), Amount>,
    /// What nobody owns, by product and resource; in no order.
    unattributed: Index<(&'a str, &'a str), Amount>,
    watch: Option<Watch<'a>>,
}

impl<'a> Ledger<'a> {
    /// A ledger that also notes what goes into the cells of a filter.
    pub(super) fn watching(filter: &'a CellFilter) -> Self {
        Self { watch: Some(Watch::new(filter)), ..Self::default() }
    }

    /// Names the charge that the next amounts come from; `None` for fees, which are sums.
    pub(super) fn look_at(&mut self, charge: Option<&'a Charge>) {
        if let Some(watch) = &mut self.watch {
            watch.look_at(charge);
        }
    }

    /// Names the rule that decides the next amounts.
    pub(super) fn by_rule(&mut self, rule: Option<&'a str>) {
        if let Some(watch) = &mut self.watch {
            watch.by_rule(rule);
        }
    }

    pub(super) fn add(&mut self, origin: Origin<'a>, claim: Claim<'a>, amount: Amount) -> Result<()> {
        let sum = self.cells.entry((origin, claim)).or_default();
        *sum = sum.checked_add(amount)?;
        self.watch.as_mut().map_or(Ok(()), |watch| watch.note(origin, claim, amount))
    }

    /// Adds what nobody owns, remembering the resource it was for.
    pub(super) fn add_unattributed(
        &mut self,
        origin: Origin<'a>,
        claim: Claim<'a>,
        resource: &'a str,
        amount: Amount,
    ) -> Result<()> {
        let sum = self.unattributed.entry((origin.product, resource)).or_default();
        *sum = sum.checked_add(amount)?;
        self.add(origin, claim, amount)
    }

    /// What every owner has of a product so far, all usage accounts together (spec 5.6).
    pub(super) fn owners_of(&self, product: &str) -> Result<BTreeMap<(Option<&'a str>, RowKind), Amount>> {
        let mut owners: BTreeMap<_, Amount> = BTreeMap::new();
        for ((origin, claim), amount) in &self.cells {
            if origin.product == product {
                let sum = owners.entry((claim.area, claim.row_kind)).or_default();
                *sum = sum.checked_add(*amount)?;
            }
        }
        Ok(owners)
    }

    /// The sum by origin, for reconciling.
    pub(super) fn by_origin(&self) -> Result<BTreeMap<Origin<'a>, Amount>> {
        let mut sums: BTreeMap<_, Amount> = BTreeMap::new();
        for ((origin, _), amount) in &self.cells {
            let sum = sums.entry(*origin).or_default();
            *sum = sum.checked_add(*amount)?;
        }
        Ok(sums)
    }

    pub(super) fn unattributed(&self) -> &Index<(&'a str, &'a str), Amount> {
        &self.unattributed
    }

    /// What was noted, sorted.
    pub(super) fn contributions(&mut self) -> Vec<Contribution> {
        let mut found = self.watch.take().map(|watch| watch.found).unwrap_or_default();
        found.sort_unstable();
        found
    }

    /// All cells, sorted.
    pub(super) fn into_cells(self) -> Vec<Cell> {
        let cells = self.cells.into_iter().map(|((origin, claim), cost)| Cell {
            product: origin.product.to_owned(),
            usage_account: origin.account.to_owned(),
            product_area: claim.area.map(ProductArea::from),
            row_kind: claim.row_kind,
            mechanism: claim.mechanism,
            cluster: claim.service.map(|(cluster, _)| Cluster::from(cluster)),
            service: claim.service.map(|(_, service)| Service::from(service)),
            cost,
        });
        let mut cells: Vec<Cell> = cells.collect();
        cells.sort_unstable();
        cells
    }
}
