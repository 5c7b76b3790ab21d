//! The columns of split cost allocation data, bound to a header (spec 3.3, R67).
//!
//! They say nothing of rows that count, so they decide nothing and ordinary rows never read them.

use crate::bill::SplitLine;
use crate::classify::CostBasis;
use crate::error::Result;
use crate::money::Amount;
use crate::read::table::cells::Cells;
use crate::read::table::costs::first;
use crate::read::table::dialect::DialectTable;
#[cfg(feature = "batches")]
use crate::read::table::header::Bound;
use crate::read::table::header::{Columns, find};
use crate::read::table::maps::Maps;
use crate::read::table::tags::{KeySpace, TagPlaces};

/// Managed tags of tasks.
const CLUSTER: &str = "aws:ecs:clusterName";
const SERVICE: &str = "aws:ecs:serviceName";

/// Where split costs and the tags of their tasks stand.
#[derive(Debug)]
pub(super) struct SplitColumns {
    /// Best first.
    split: Vec<usize>,
    unused: Vec<usize>,
    tags: TagPlaces,
}

impl SplitColumns {
    /// Finds the columns; `None` where the header has no split costs, as that of most bills.
    pub(super) fn bind(
        table: &'static DialectTable,
        names: &[String],
        basis: CostBasis,
        maps: &mut Maps,
    ) -> Option<Self> {
        let is_net = matches!(basis, CostBasis::NetUnblended | CostBasis::NetAmortized);
        let found = |net: &'static str, gross: &'static str| -> Vec<usize> {
            let net = is_net.then(|| find(table, net, names)).flatten();
            net.into_iter().chain(find(table, gross, names)).collect()
        };
        let split = found("splitLineItem/NetSplitCost", "splitLineItem/SplitCost");
        let unused = found("splitLineItem/NetUnusedCost", "splitLineItem/UnusedCost");
        if split.is_empty() && unused.is_empty() {
            return None;
        }
        let keys = [CLUSTER.to_owned(), SERVICE.to_owned()];
        Some(Self { split, unused, tags: TagPlaces::bind(KeySpace::Tags, table, names, &keys, true, maps) })
    }

    /// Every column they stand in.
    #[cfg(feature = "batches")]
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        let tags = self.tags.places().filter_map(|place| if let Bound::Column(at) = place { Some(*at) } else { None });
        self.split.iter().chain(&self.unused).copied().chain(tags)
    }

    /// What a row says whose maps are loaded; empty cells are 0.
    ///
    /// # Errors
    /// `parse.bad_decimal`, `money.overflow`, with the column.
    pub(super) fn of_row<'m, 'r: 'm>(
        &self,
        columns: &Columns,
        cells: impl Cells<'r>,
        maps: &'m Maps,
    ) -> Result<SplitLine<'m>> {
        let amount = |places: &[usize]| -> Result<Amount> {
            Ok(first(columns, cells, places)?.map(|(amount, _)| amount).unwrap_or_default())
        };
        let mut tags = self.tags.values(cells, maps);
        Ok(SplitLine {
            cluster: tags.next().unwrap_or_default(),
            service: tags.next().unwrap_or_default(),
            split: amount(&self.split)?,
            unused: amount(&self.unused)?,
        })
    }
}
