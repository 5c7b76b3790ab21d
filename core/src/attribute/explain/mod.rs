//! What made the cells of a filter, and the charges behind it (spec 5.10).

mod allocated;
#[cfg(test)]
mod allocated_tests;
#[cfg(test)]
mod fees_tests;
mod lineage;

use serde::Serialize;

use super::ledger::Ledger;
use super::{Attribution, commitments, digests, run, spreading};
use crate::bill::{Charge, InputDigest};
use crate::error::Result;
use crate::money::{Amount, Currency};
use crate::rollup::{Reallocation, ReportDigests};

pub use allocated::{AllocatedCharge, AllocatedCharges, AllocationMethod, allocated_charges};
pub use lineage::{CellFilter, Contribution, ExplainedCharge, ExplainedFee, ExplainedPool};
pub(super) use lineage::{Noted, Watch};

/// What made the cells of a filter (spec 5.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Explanation {
    /// What charges and fees gave to the cells, sorted.
    pub contributions: Vec<Contribution>,
    /// Sum of the contributions: the cost of the cells.
    pub cost: Amount,
    /// The shared pools that gave to the cells, with their charges, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<ExplainedPool>,
    /// The commitment fees of which parts are, or are in sums that are, in the cells, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<ExplainedFee>,
    /// Every hop from a provider to a consumer, where a cell has reallocated cost, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reallocations: Vec<Reallocation>,
    /// Bill, policy, evidence and reservations it was made of.
    pub digests: ReportDigests,
    /// Files the bill was read from.
    pub inputs: Vec<InputDigest>,
}

/// Attributes a bill again and lists what went into the cells of a filter.
///
/// # Errors
/// As [`attribute`](super::attribute).
pub fn explain(job: &Attribution<'_>, cells: &CellFilter) -> Result<Explanation> {
    explain_with_charges(job, cells).map(|(explanation, _)| explanation)
}

/// As [`explain`], with the charges that contributed and those of pools and fees.
///
/// # Errors
/// As [`attribute`](super::attribute).
pub(crate) fn explain_with_charges<'a>(
    job: &Attribution<'a>,
    cells: &'a CellFilter,
) -> Result<(Explanation, Vec<&'a Charge>)> {
    let mut ledger = Ledger::watching(cells);
    let attributed = run(job, &mut ledger)?;
    let noted = ledger.take_noted()?;
    // A part of a fee names the charge that it covers, whose rows it is not made of.
    let own = noted.iter().filter(|noted| noted.part.commitment.is_none());
    let mut charges: Vec<&Charge> = own.filter_map(|noted| noted.charge).collect();
    charges.dedup_by(|a, b| std::ptr::eq(*a, *b));
    let mut contributions: Vec<Contribution> = noted.into_iter().map(Noted::explained).collect();
    contributions.sort_unstable();
    let is_reallocated = contributions.iter().any(|contribution| contribution.provider.is_some());
    let (pools, of_pools) = attributed.pools.explained(&contributions, shared_charges(job, attributed.currency));
    charges.extend(of_pools);
    let (fees, of_fees) = attributed.commitments.explained(&contributions, &attributed.pools)?;
    charges.extend(of_fees);
    let explanation = Explanation {
        pools,
        fees,
        reallocations: if is_reallocated { attributed.reallocations } else { Vec::new() },
        cost: Amount::sum(contributions.iter().map(|contribution| contribution.amount))?,
        contributions,
        digests: digests(job, job.evidence.digest())?,
        inputs: job.bill.inputs().iter().cloned().collect(),
    };
    Ok((explanation, charges))
}

/// The charges that shared pools may have taken.
pub(super) fn shared_charges<'a>(job: &Attribution<'a>, currency: Currency) -> impl Iterator<Item = &'a Charge> {
    let policy = spreading(job);
    let charges = job.bill.charges().iter();
    charges.filter(move |charge| charge.key().currency() == currency && !commitments::is_set_aside(charge, policy))
}
