//! Where owned amounts are collected: one sum per finest cell.

use std::collections::{BTreeMap, BTreeSet};

use super::claim::{Claim, Origin, Owner};
use super::containers::SplitCheck;
use super::explain::{CellFilter, Noted, Watch};
use super::idle::IdleShares;
use super::portion::Portion;
use crate::bill::Charge;
use crate::error::Result;
use crate::ids::{Cluster, ProductArea, Service};
use crate::index::Index;
use crate::money::Amount;
use crate::rollup::{Cell, RowDetail, RowKind};

/// An amount that nobody owns.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfNobody<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) resource: &'a str,
    /// Whether a service without an area used it.
    pub(super) is_of_service: bool,
    pub(super) amount: Amount,
}

/// What nobody owns, in the order it came. Whoever asks sums it up by what is asked: most is of one charge alone.
pub(super) type Unattributed<'a> = Vec<OfNobody<'a>>;

/// What nothing used of a commitment, by its payer and its id, which may be empty.
pub(super) type UnusedOf<'a> = (Origin<'a>, &'a str, &'a str);

/// Sums by origin and claim.
#[derive(Debug, Default)]
pub(super) struct Ledger<'a> {
    cells: Index<(Origin<'a>, Claim<'a>), Amount>,
    /// What shared pools keep, by origin and pool.
    kept: BTreeMap<(Origin<'a>, String), Amount>,
    unattributed: Unattributed<'a>,
    /// What cells of unused commitment are made of.
    unused: BTreeMap<UnusedOf<'a>, Amount>,
    watch: Option<Watch<'a>>,
    /// Whether what is watched has hours beside costs.
    has_hours: bool,
    /// What waits until it is known who used its host.
    pub(super) idle: IdleShares<'a>,
    /// The split of instances, to be compared with AWS's own.
    pub(super) split_check: Option<SplitCheck<'a>>,
}

impl<'a> Ledger<'a> {
    /// A ledger that also notes what goes into the cells of a filter.
    pub(super) fn watching(filter: &'a CellFilter) -> Self {
        Self { watch: Some(Watch::new(filter)), ..Self::default() }
    }

    /// The same, which notes the instance hours of charges too.
    pub(super) fn with_hours(mut self) -> Self {
        self.has_hours = true;
        self
    }

    /// Whether the instance hours of charges are noted too.
    pub(super) fn has_hours(&self) -> bool {
        self.has_hours
    }

    /// Names the charge that the next amounts come from; `None` for fees, which are sums.
    pub(super) fn look_at(&mut self, charge: Option<&'a Charge>) {
        if let Some(watch) = &mut self.watch {
            watch.look_at(charge);
        }
    }

    /// Names the instance whose task runs or attachments decide the next amounts of the charge.
    pub(super) fn on_instance(&mut self, instance: Option<&'a str>) {
        if let Some(watch) = &mut self.watch {
            watch.on_instance(instance);
        }
    }

    /// Names the rule that decides the next amounts.
    pub(super) fn by_rule(&mut self, rule: Option<&'a str>) {
        if let Some(watch) = &mut self.watch {
            watch.by_rule(rule);
        }
    }

    /// Names the commitment that the next amounts are fees of.
    pub(super) fn by_commitment(&mut self, commitment: Option<&str>) {
        if let Some(watch) = &mut self.watch {
            watch.by_commitment(commitment);
        }
    }

    /// Names the shared pool that the next amounts are of.
    pub(super) fn by_pool(&mut self, pool: Option<&str>) {
        if let Some(watch) = &mut self.watch {
            watch.by_pool(pool);
        }
    }

    /// Names the provider that the next amounts come from.
    pub(super) fn by_provider(&mut self, provider: Option<&str>) {
        if let Some(watch) = &mut self.watch {
            watch.by_provider(provider);
        }
    }

    /// Keeps an amount as a row of a shared pool.
    pub(super) fn keep(&mut self, origin: Origin<'a>, pool: &str, amount: Amount) -> Result<()> {
        let sum = self.kept.entry((origin, pool.to_owned())).or_default();
        *sum = sum.checked_add(amount)?;
        self.watch.as_mut().map_or(Ok(()), |watch| watch.note(origin, Claim::kept(), amount.into()))
    }

    /// Takes all cost of these areas out; what was noted of it is taken back.
    pub(super) fn take_cost_of(&mut self, areas: &BTreeSet<&str>) -> Result<Vec<(&'a str, Origin<'a>, Amount)>> {
        let mut taken = Vec::new();
        self.cells.retain(|(origin, claim), amount| {
            let area = claim.area.filter(|area| claim.row_kind == RowKind::Area && areas.contains(area));
            taken.extend(area.map(|area| (area, *origin, *claim, *amount)));
            area.is_none()
        });
        taken.sort_unstable();
        for (area, origin, claim, amount) in &taken {
            self.by_provider(Some(area));
            if let Some(watch) = &mut self.watch {
                watch.note(*origin, *claim, Amount::ZERO.checked_sub(*amount)?.into())?;
            }
        }
        self.by_provider(None);
        Ok(taken.into_iter().map(|(area, origin, _, amount)| (area, origin, amount)).collect())
    }

    /// Adds what nothing used of a commitment and nobody is named for.
    pub(super) fn add_unused(&mut self, of: UnusedOf<'a>, amount: Amount) -> Result<()> {
        let sum = self.unused.entry(of).or_default();
        *sum = sum.checked_add(amount)?;
        self.add(of.0, Claim::unused_commitment(), amount)
    }

    /// What nothing used, by commitment.
    pub(super) fn unused(&self) -> &BTreeMap<UnusedOf<'a>, Amount> {
        &self.unused
    }

    /// Takes unused commitment of these out, as sums by product and account; what was noted of it is taken back.
    pub(super) fn take_unused(&mut self, taken: &BTreeSet<UnusedOf<'a>>) -> Result<()> {
        let mut sums: BTreeMap<Origin<'a>, Amount> = BTreeMap::new();
        for of in taken {
            let sum = sums.entry(of.0).or_default();
            *sum = sum.checked_add(self.unused.remove(of).unwrap_or_default())?;
        }
        let claim = Claim::unused_commitment();
        for (origin, amount) in sums {
            let given_back = Amount::ZERO.checked_sub(amount)?;
            self.add(origin, claim, given_back)?;
            if !self.unused.keys().any(|(left, ..)| *left == origin) {
                self.cells.remove(&(origin, claim));
            }
        }
        Ok(())
    }

    /// The commitment that amounts are fees of at the moment.
    pub(super) fn commitment(&self) -> Option<String> {
        self.watch.as_ref().and_then(|watch| watch.commitment().map(str::to_owned))
    }

    /// Every amount that has an owner so far, in no order.
    pub(super) fn amounts(&self) -> impl Iterator<Item = (Origin<'a>, Claim<'a>, Amount)> {
        self.cells.iter().map(|((origin, claim), amount)| (*origin, *claim, *amount))
    }

    pub(super) fn add(&mut self, origin: Origin<'a>, claim: Claim<'a>, portion: impl Into<Portion>) -> Result<()> {
        let portion = portion.into();
        let sum = self.cells.entry((origin, claim)).or_default();
        *sum = sum.checked_add(portion.cost)?;
        self.watch.as_mut().map_or(Ok(()), |watch| watch.note(origin, claim, portion))
    }

    /// Adds what nobody owns, remembering the resource it was for.
    pub(super) fn add_unattributed(
        &mut self,
        origin: Origin<'a>,
        claim: Claim<'a>,
        resource: &'a str,
        portion: impl Into<Portion>,
    ) -> Result<()> {
        let portion = portion.into();
        let is_of_service = claim.service.is_some();
        self.unattributed.push(OfNobody { origin, resource, is_of_service, amount: portion.cost });
        self.add(origin, claim, portion)
    }

    /// What every owner has of a product so far, all usage accounts together (spec 5.6).
    pub(super) fn owners_of(&self, product: &str) -> Result<BTreeMap<Owner<'a>, Amount>> {
        self.owners_where(|origin| origin.product == product)
    }

    /// What every owner has so far of these products and usage accounts together.
    pub(super) fn owners_where(&self, is_wanted: impl Fn(&Origin<'a>) -> bool) -> Result<BTreeMap<Owner<'a>, Amount>> {
        let mut owners: BTreeMap<_, Amount> = BTreeMap::new();
        for ((origin, claim), amount) in &self.cells {
            if is_wanted(origin) {
                let sum = owners.entry(claim.owner()).or_default();
                *sum = sum.checked_add(*amount)?;
            }
        }
        Ok(owners)
    }

    /// The sum by origin, for reconciling.
    pub(super) fn by_origin(&self) -> Result<BTreeMap<Origin<'a>, Amount>> {
        let mut sums: BTreeMap<_, Amount> = BTreeMap::new();
        let kept = self.kept.iter().map(|((origin, _), amount)| (origin, amount));
        for (origin, amount) in self.cells.iter().map(|((origin, _), amount)| (origin, amount)).chain(kept) {
            let sum = sums.entry(*origin).or_default();
            *sum = sum.checked_add(*amount)?;
        }
        Ok(sums)
    }

    /// What nobody owns, which is then forgotten.
    pub(super) fn take_unattributed(&mut self) -> Unattributed<'a> {
        std::mem::take(&mut self.unattributed)
    }

    /// What was noted, in the order of the charges; what is of no charge comes last.
    pub(super) fn take_noted(&mut self) -> Result<Vec<Noted<'a>>> {
        self.watch.take().map_or_else(|| Ok(Vec::new()), Watch::into_found)
    }

    /// All cells, sorted.
    pub(super) fn into_cells(self) -> Vec<Cell> {
        let owned = self.cells.into_iter().map(|((origin, claim), cost)| {
            let detail = claim.reason.map(RowDetail::Reason);
            (origin, claim, detail, cost)
        });
        let kept = self.kept.into_iter().map(|((origin, pool), cost)| {
            let detail = Some(RowDetail::Pool(pool));
            (origin, Claim::kept(), detail, cost)
        });
        let cells = owned.chain(kept).map(|(origin, claim, detail, cost)| Cell {
            product: origin.product.to_owned(),
            usage_account: origin.account.to_owned(),
            product_area: claim.area.map(ProductArea::from),
            row_kind: claim.row_kind,
            detail,
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
