//! From an output cell back to the charges that made it (spec 5.10).

use serde::{Deserialize, Serialize};

use super::super::claim::{Claim, Origin};
use super::super::portion::Portion;
use crate::bill::Charge;
use crate::classify::LineItemKind;
use crate::error::Result;
use crate::money::Amount;
use crate::rollup::{IdleReason, Mechanism, RowKind};

/// Which cells are explained; what is not given matches every cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CellFilter {
    /// AWS product.
    pub product: Option<String>,
    /// Usage account.
    pub usage_account: Option<String>,
    /// Product area; the empty text is cost without a known owner.
    pub product_area: Option<String>,
    /// Row kind.
    pub row_kind: Option<RowKind>,
    /// Shared pool, of rows that are kept.
    pub pool: Option<String>,
    /// Reason, of idle rows.
    pub reason: Option<IdleReason>,
    /// Mechanism.
    pub mechanism: Option<Mechanism>,
    /// ECS cluster.
    pub cluster: Option<String>,
    /// ECS service; the empty text is cost of no service.
    pub service: Option<String>,
}

/// A charge that took part, with its own attributes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ExplainedCharge {
    /// What it is on the bill.
    pub kind: LineItemKind,
    /// Usage type.
    pub usage_type: String,
    /// Operation.
    pub operation: String,
    /// Region, or empty.
    pub region: String,
    /// Resource id, or empty.
    pub resource_id: String,
    /// Invoice id as written.
    pub invoice_id: Option<String>,
    /// Line items it sums.
    pub rows: u64,
    /// The whole charge.
    pub billed: Amount,
}

/// What one charge gave to one cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Contribution {
    /// AWS product of the cell.
    pub product: String,
    /// Usage account of the cell.
    pub usage_account: String,
    /// Owner.
    pub product_area: Option<String>,
    /// Row kind.
    pub row_kind: RowKind,
    /// The reason of an idle row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<IdleReason>,
    /// What named the owner.
    pub mechanism: Mechanism,
    /// ECS cluster.
    pub cluster: Option<String>,
    /// ECS service.
    pub service: Option<String>,
    /// The EC2 instance whose task runs split it, or, for a volume's moved part, the instance it moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The rule that named the owner.
    pub rule: Option<String>,
    /// The shared pool that gave it; its charges are in [`Explanation::pools`](super::Explanation::pools).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The provider it was reallocated from; where that is the owner, what was taken from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The commitment of which it is a part of a fee, pushed onto the charge that it covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    /// The charge; `None` for a part of commitment fees by cost, shared pools and providers, which are shared
    /// as sums of a product and account.
    pub charge: Option<ExplainedCharge>,
    /// Its part of the cell.
    pub amount: Amount,
}

/// What a shared pool took of one product and usage account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ExplainedPool {
    /// The pool.
    pub pool: String,
    /// AWS product.
    pub product: String,
    /// Usage account.
    pub usage_account: String,
    /// What was shared or kept.
    pub cost: Amount,
    /// The charges of it; commitment fees that it took are in [`Explanation::fees`](super::Explanation::fees).
    pub charges: Vec<ExplainedCharge>,
}

/// A commitment fee of which a part belongs to this period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct ExplainedFee {
    /// AWS product.
    pub product: String,
    /// Usage account.
    pub usage_account: String,
    /// What it is on the bill.
    pub kind: LineItemKind,
    /// Subscription or reservation id, else its description.
    pub commitment: String,
    /// What this bill has of it; 0 where it was billed in an earlier period.
    pub billed: Amount,
    /// This period's part, which was attributed.
    pub part: Amount,
    /// Its charges in this bill; none where it is carried in.
    pub charges: Vec<ExplainedCharge>,
}

/// A contribution with its charge beside it, not in it.
#[derive(Debug)]
pub(in super::super) struct Noted<'a> {
    pub(in super::super) charge: Option<&'a Charge>,
    pub(in super::super) part: Contribution,
    /// The hours of a part of a charge that has any, where they are asked for.
    pub(in super::super) hours: Option<Amount>,
}

/// Notes what goes into the cells of a filter.
#[derive(Debug)]
pub(in super::super) struct Watch<'a> {
    filter: &'a CellFilter,
    charge: Option<&'a Charge>,
    instance: Option<&'a str>,
    rule: Option<&'a str>,
    pool: Option<String>,
    provider: Option<String>,
    commitment: Option<String>,
    found: Vec<Noted<'a>>,
    /// Where the contributions of the charge that is looked at start.
    of_charge: usize,
}

impl<'a> Watch<'a> {
    pub(in super::super) fn new(filter: &'a CellFilter) -> Self {
        Self {
            filter,
            charge: None,
            instance: None,
            rule: None,
            pool: None,
            provider: None,
            commitment: None,
            found: Vec::new(),
            of_charge: 0,
        }
    }

    pub(in super::super) fn look_at(&mut self, charge: Option<&'a Charge>) {
        self.charge = charge;
        self.instance = None;
        self.of_charge = self.found.len();
    }

    pub(in super::super) fn on_instance(&mut self, instance: Option<&'a str>) {
        self.instance = instance;
    }

    pub(in super::super) fn by_rule(&mut self, rule: Option<&'a str>) {
        self.rule = rule;
    }

    pub(in super::super) fn by_pool(&mut self, pool: Option<&str>) {
        self.pool = pool.map(str::to_owned);
    }

    pub(in super::super) fn by_provider(&mut self, provider: Option<&str>) {
        self.provider = provider.map(str::to_owned);
    }

    pub(in super::super) fn by_commitment(&mut self, commitment: Option<&str>) {
        self.commitment = commitment.map(str::to_owned);
    }

    pub(in super::super) fn commitment(&self) -> Option<&str> {
        self.commitment.as_deref()
    }

    /// Amounts that one charge gives to one cell in several steps add up.
    pub(in super::super) fn note(&mut self, origin: Origin<'a>, claim: Claim<'a>, portion: Portion) -> Result<()> {
        if !self.filter.matches(origin, claim, self.pool.as_deref()) {
            return Ok(());
        }
        let mut part = Contribution {
            product: origin.product.to_owned(),
            usage_account: origin.account.to_owned(),
            product_area: claim.area.map(str::to_owned),
            row_kind: claim.row_kind,
            reason: claim.reason,
            mechanism: claim.mechanism,
            cluster: claim.service.map(|(cluster, _)| cluster.to_owned()),
            service: claim.service.map(|(_, service)| service.to_owned()),
            instance: self.instance.map(str::to_owned),
            rule: self.rule.map(str::to_owned),
            pool: self.pool.clone(),
            provider: self.provider.clone(),
            commitment: self.commitment.clone(),
            charge: None,
            amount: portion.cost,
        };
        if self.charge.is_some() {
            for before in self.found.iter_mut().skip(self.of_charge) {
                part.amount = before.part.amount;
                if before.part == part {
                    return before.add(portion);
                }
            }
            part.amount = portion.cost;
        }
        self.found.push(Noted { charge: self.charge, part, hours: portion.hours });
        Ok(())
    }

    /// What was noted, in the order of the charges; what is of no charge comes last.
    pub(in super::super) fn into_found(mut self) -> Result<Vec<Noted<'a>>> {
        // Idle cost that waits is noted after later charges. Charges of a bill lie in its order.
        let place = |noted: &Noted<'a>| (noted.charge.is_none(), noted.charge.map(std::ptr::from_ref));
        self.found.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.part.cmp(&b.part)));
        let mut found: Vec<Noted<'_>> = Vec::with_capacity(self.found.len());
        for mut noted in self.found {
            let portion = noted.portion();
            if let Some(last) = found.last_mut().filter(|last| noted.charge.is_some() && place(last) == place(&noted)) {
                noted.part.amount = last.part.amount;
                if last.part == noted.part {
                    last.add(portion)?;
                    continue;
                }
                noted.part.amount = portion.cost;
            }
            found.push(noted);
        }
        Ok(found)
    }
}

impl Noted<'_> {
    fn portion(&self) -> Portion {
        Portion { cost: self.part.amount, hours: self.hours }
    }

    fn add(&mut self, portion: Portion) -> Result<()> {
        let sum = self.portion().checked_add(portion)?;
        (self.part.amount, self.hours) = (sum.cost, sum.hours);
        Ok(())
    }

    /// The contribution with its charge.
    pub(in super::super) fn explained(self) -> Contribution {
        Contribution { charge: self.charge.map(ExplainedCharge::of), ..self.part }
    }
}

impl CellFilter {
    fn matches(&self, origin: Origin<'_>, claim: Claim<'_>, pool: Option<&str>) -> bool {
        let is = |wanted: &Option<String>, text: &str| wanted.as_deref().is_none_or(|wanted| wanted == text);
        let (cluster, service) = claim.service.unwrap_or_default();
        let pool = pool.filter(|_| claim.row_kind == RowKind::Shared);
        is(&self.product, origin.product)
            && is(&self.usage_account, origin.account)
            && is(&self.product_area, claim.area.unwrap_or_default())
            && is(&self.pool, pool.unwrap_or_default())
            && is(&self.cluster, cluster)
            && is(&self.service, service)
            && self.row_kind.is_none_or(|wanted| wanted == claim.row_kind)
            && self.reason.is_none_or(|wanted| Some(wanted) == claim.reason)
            && self.mechanism.is_none_or(|wanted| wanted == claim.mechanism)
    }
}

impl ExplainedCharge {
    pub(in super::super) fn of(charge: &Charge) -> Self {
        let key = charge.key();
        Self {
            kind: key.kind(),
            usage_type: key.usage_type().to_owned(),
            operation: key.operation().to_owned(),
            region: key.region().to_owned(),
            resource_id: key.resource_id().to_owned(),
            invoice_id: key.invoice_id().map(str::to_owned),
            rows: charge.rows(),
            billed: charge.amount(),
        }
    }
}
