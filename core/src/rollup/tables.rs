//! The three rollup tables and the mechanisms, as views of a report's cells (spec 7.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::report::{Cell, Mechanism, Report, RowDetail, RowKind};
use crate::error::Result;
use crate::ids::{Cluster, ProductArea, Service};
use crate::money::Amount;

/// Cost of a product area, or of a remainder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct AreaCost {
    /// Owner; `None` where nobody is known.
    pub product_area: Option<ProductArea>,
    /// What the row stands for.
    pub row_kind: RowKind,
    /// The pool of a row of kind `shared`, the reason of one of kind `idle`.
    #[serde(flatten)]
    pub detail: Option<RowDetail>,
    /// Exact cost.
    pub cost: Amount,
}

/// Cost of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ServiceCost {
    /// Its cluster.
    pub cluster: Option<Cluster>,
    /// Service name, or `family:NAME`.
    pub service: Service,
    /// Owner; `None` for an unmapped service.
    pub product_area: Option<ProductArea>,
    /// Exact cost.
    pub cost: Amount,
}

/// Cost of a product area by AWS product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ProductAreaCost {
    /// AWS product, or empty.
    pub product: String,
    /// Owner; `None` where nobody is known.
    pub product_area: Option<ProductArea>,
    /// What the row stands for.
    pub row_kind: RowKind,
    /// The pool of a row of kind `shared`, the reason of one of kind `idle`.
    #[serde(flatten)]
    pub detail: Option<RowDetail>,
    /// Exact cost.
    pub cost: Amount,
}

/// Cost by what named its owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct MechanismCost {
    /// What named the owner.
    pub mechanism: Mechanism,
    /// Exact cost.
    pub cost: Amount,
}

impl Report {
    /// Product area, row kind, pool or reason → cost; sums to `billed + carried_in − deferred`.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn area_costs(&self) -> Result<Vec<AreaCost>> {
        let sums = self.sum_by(|cell| Some((cell.product_area.clone(), cell.row_kind, cell.detail.clone())))?;
        let rows = sums.into_iter().map(|((product_area, row_kind, detail), cost)| AreaCost {
            product_area,
            row_kind,
            detail,
            cost,
        });
        Ok(rows.collect())
    }

    /// Cluster, service and product area → cost; sums to mechanism `ecs` plus the cost of unmapped services.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn service_costs(&self) -> Result<Vec<ServiceCost>> {
        let sums = self.sum_by(|cell| {
            let service = cell.service.clone()?;
            Some((cell.cluster.clone(), service, cell.product_area.clone()))
        })?;
        let rows = sums.into_iter().map(|((cluster, service, product_area), cost)| ServiceCost {
            cluster,
            service,
            product_area,
            cost,
        });
        Ok(rows.collect())
    }

    /// AWS product, product area, row kind, pool or reason → cost; sums to `billed + carried_in − deferred`.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn product_area_costs(&self) -> Result<Vec<ProductAreaCost>> {
        let sums = self.sum_by(|cell| {
            Some((cell.product.clone(), cell.product_area.clone(), cell.row_kind, cell.detail.clone()))
        })?;
        let rows = sums.into_iter().map(|((product, product_area, row_kind, detail), cost)| ProductAreaCost {
            product,
            product_area,
            row_kind,
            detail,
            cost,
        });
        Ok(rows.collect())
    }

    /// Mechanism → cost; sums to `billed + carried_in − deferred`.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn mechanisms(&self) -> Result<Vec<MechanismCost>> {
        let sums = self.sum_by(|cell| Some(cell.mechanism))?;
        Ok(sums.into_iter().map(|(mechanism, cost)| MechanismCost { mechanism, cost }).collect())
    }

    fn sum_by<K: Ord>(&self, key: impl Fn(&Cell) -> Option<K>) -> Result<BTreeMap<K, Amount>> {
        let mut sums: BTreeMap<K, Amount> = BTreeMap::new();
        for cell in &self.cells {
            if let Some(key) = key(cell) {
                let sum = sums.entry(key).or_default();
                *sum = sum.checked_add(cell.cost)?;
            }
        }
        Ok(sums)
    }
}
