//! Fees in proportion to what owners were attributed (spec 5.6, R23).

use std::collections::BTreeMap;

use super::super::claim::{Origin, Owner};
use super::super::conserved::conserved;
use super::super::ledger::Ledger;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::Result;
use crate::money::Amount;
use crate::policy::{Among, CommitmentPolicy};
use crate::rollup::{Mechanism, RowKind};
use crate::split::split;

/// What every owner was attributed, negative totals as weight 0 and reported by `note_negative`.
pub(super) fn weights<'a>(
    owners: BTreeMap<Owner<'a>, Amount>,
    policy: CommitmentPolicy,
    mut note_negative: impl FnMut(&Owner<'a>, Amount),
) -> Vec<(Owner<'a>, u128)> {
    let mut weights = Vec::new();
    for (owner, amount) in owners {
        if policy.among == Among::Areas && owner.row_kind != RowKind::Area {
            continue;
        }
        if amount.is_negative() {
            note_negative(&owner, amount);
        }
        weights.push((owner, u128::try_from(amount.units()).unwrap_or(0)));
    }
    weights
}

/// What every owner was attributed of a product.
pub(super) fn weights_of<'a>(
    product: &str,
    policy: CommitmentPolicy,
    ledger: &Ledger<'a>,
    found: &mut Diagnostics,
) -> Result<Vec<(Owner<'a>, u128)>> {
    Ok(weights(ledger.owners_of(product)?, policy, |owner, amount| {
        let message = format!("{} has {amount} of `{product}` and takes no part of its fees", owner.name());
        found.add(DiagnosticCode::CommitmentNegativeWeight, message, 1, None);
    }))
}

/// Shares an amount among owners; `false` where nobody has weight.
pub(super) fn share<'a>(
    origin: Origin<'a>,
    amount: Amount,
    weights: &[(Owner<'a>, u128)],
    ledger: &mut Ledger<'a>,
) -> Result<bool> {
    let Some(parts) = split(amount, weights)? else { return Ok(false) };
    conserved("commitment fees", origin, amount, &parts)?;
    for ((owner, weight), part) in weights.iter().zip(parts) {
        if *weight == 0 {
            continue;
        }
        let claim = owner.part(Mechanism::Reservation);
        if claim.row_kind == RowKind::Unattributed {
            ledger.add_unattributed(origin, claim, "", part)?;
        } else {
            ledger.add(origin, claim, part)?;
        }
    }
    Ok(true)
}
