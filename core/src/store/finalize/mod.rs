//! May this run be finalized, and as what? A pure state machine (spec 7.4, 8).
//!
//! | finalized so far | candidate | outcome |
//! |---|---|---|
//! | nothing | final, complete | version 1 |
//! | the same bill and the same tables | any | unchanged |
//! | another bill | final, complete | `finalize.restated`, or version n+1 with a reason |
//! | the same bill, other tables | final, complete | `finalize.recomputed`, or version n+1 with a reason |
//! | anything else | not invoiced, or several payers | `finalize.not_final` |
//! | anything else | stops early | `finalize.incomplete` |

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::bill::BillStatus;
use crate::classify::CostBasis;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ProductArea;
use crate::money::{Amount, Currency};
use crate::rollup::{AreaCost, ProductAreaCost, ReportDigests, RowDetail, RowKind, ServiceCost};
use crate::time::{BillingPeriod, Timestamp};

/// Areas an error message names; the refusal has all of them.
const NAMED_AREAS_MAX: usize = 12;

/// What one finalized version consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalContent {
    /// What the run was made of.
    pub digests: ReportDigests,
    /// Version of the program that made it.
    pub software_version: String,
    /// Product area and row kind → cost, sorted.
    pub area_costs: Vec<AreaCost>,
    /// Cluster, service and product area → cost, sorted.
    pub service_costs: Vec<ServiceCost>,
    /// AWS product, product area and row kind → cost, sorted.
    pub product_area_costs: Vec<ProductAreaCost>,
}

/// The version that is live now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveVersion {
    /// Its number, from 1.
    pub version: u32,
    /// What it consists of.
    pub content: FinalContent,
}

/// The run that asks to be finalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalizeCandidate {
    /// Its billing period.
    pub period: BillingPeriod,
    /// Accounts that are invoiced.
    pub payers: BTreeSet<String>,
    /// Its cost basis.
    pub basis: CostBasis,
    /// Its currency.
    pub currency: Currency,
    /// How final its bill was.
    pub status: BillStatus,
    /// Instant that was judged at.
    pub as_of: Timestamp,
    /// Where its usage rows end, if 24 hours or more before the period.
    pub stops_early: Option<Timestamp>,
    /// Malformed rows that were skipped.
    pub skipped_rows: u64,
    /// What it would finalize.
    pub content: FinalContent,
}

/// What the caller vouches for, each with a reason that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FinalizeTerms {
    /// Replace the live version where the content is another.
    pub restate: Option<String>,
    /// Take a bill whose dialect has no invoice information (status `unknown`) as invoiced.
    pub assert_invoiced: Option<String>,
    /// Take a bill that stops early as complete.
    pub allow_incomplete: Option<String>,
}

/// How much of an area changed between the live version and the candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AreaDifference {
    /// Owner; `None` where nobody is known.
    pub product_area: Option<ProductArea>,
    /// What the row stands for.
    pub row_kind: RowKind,
    /// The pool of a row of kind `shared`, the reason of one of kind `idle`.
    #[serde(flatten)]
    pub detail: Option<RowDetail>,
    /// Cost in the live version; 0 where it has no such row.
    pub finalized: Amount,
    /// Cost in the candidate; 0 where it has no such row.
    pub candidate: Amount,
    /// `candidate − finalized`.
    pub change: Amount,
}

/// Why a run is not finalized.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// One of `finalize.not_final`, `finalize.incomplete`, `finalize.restated`, `finalize.recomputed`.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
    /// Every area whose cost differs from the live version, sorted; empty where there is none to compare with.
    pub differences: Vec<AreaDifference>,
}

/// What came of the wish to finalize a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalizeOutcome {
    /// The run became this version.
    Finalized {
        /// 1, then one more for each restatement.
        version: u32,
    },
    /// The live version has the same content; nothing was written.
    Unchanged {
        /// The live version.
        version: u32,
    },
    /// Nothing was written.
    Refused(Refusal),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.message)
    }
}

impl FinalizeOutcome {
    /// The live version's number.
    ///
    /// # Errors
    /// The refusal, with its code.
    pub fn into_result(self) -> Result<u32> {
        match self {
            Self::Finalized { version } | Self::Unchanged { version } => Ok(version),
            Self::Refused(refusal) => Err(refusal.into()),
        }
    }
}

/// Decides what becomes of a run: [`FinalizeOutcome::Finalized`] asks the store to append that version.
///
/// A run with the content of the live version is unchanged whatever else holds, because nothing is written.
///
/// # Errors
/// `config.bad_value` where a reason is empty; `money.overflow` where a difference leaves the range.
pub fn decide_finalization(
    live: Option<&LiveVersion>,
    candidate: &FinalizeCandidate,
    terms: &FinalizeTerms,
    at: Timestamp,
) -> Result<FinalizeOutcome> {
    terms.check()?;
    if let Some(live) = live.filter(|live| live.content.is_same_as(&candidate.content)) {
        return Ok(FinalizeOutcome::Unchanged { version: live.version });
    }
    if let Some(refusal) = candidate.blocked_by(terms, at) {
        return Ok(FinalizeOutcome::Refused(refusal));
    }
    match live {
        None => Ok(FinalizeOutcome::Finalized { version: 1 }),
        Some(live) if terms.restate.is_some() => match live.version.checked_add(1) {
            Some(version) => Ok(FinalizeOutcome::Finalized { version }),
            None => Err(Error::new(ErrorCode::ConfigBadValue, "a period cannot have more than 2^32 versions")),
        },
        Some(live) => Ok(FinalizeOutcome::Refused(live.refuses(candidate)?)),
    }
}

impl FinalizeTerms {
    fn check(&self) -> Result<()> {
        let reasons = [&self.restate, &self.assert_invoiced, &self.allow_incomplete];
        if reasons.into_iter().flatten().any(|reason| reason.trim().is_empty()) {
            return Err(Error::new(ErrorCode::ConfigBadValue, "the reason for finalizing is empty"));
        }
        Ok(())
    }
}

impl FinalContent {
    /// Whether both are of one bill and their tables are equal; other inputs that change no table are no change.
    fn is_same_as(&self, other: &Self) -> bool {
        self.digests.bill == other.digests.bill
            && self.area_costs == other.area_costs
            && self.service_costs == other.service_costs
            && self.product_area_costs == other.product_area_costs
    }

    /// Which inputs but the bill differ.
    fn other_inputs(&self, other: &Self) -> Vec<&'static str> {
        let pairs = [
            ("policy", self.digests.policy != other.digests.policy),
            ("evidence", self.digests.evidence != other.digests.evidence),
            ("reservation book", self.digests.reservations != other.digests.reservations),
            ("software version", self.software_version != other.software_version),
        ];
        pairs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

impl FinalizeCandidate {
    fn blocked_by(&self, terms: &FinalizeTerms, at: Timestamp) -> Option<Refusal> {
        let not_final = |message: String| Some(Refusal::new(ErrorCode::FinalizeNotFinal, message));
        let period = self.period;
        if self.payers.len() != 1 {
            let payers: Vec<_> = self.payers.iter().map(|payer| format!("`{payer}`")).collect();
            let found = if payers.is_empty() { "none".to_owned() } else { payers.join(", ") };
            return not_final(format!(
                "a run is finalized for exactly one payer account, and this run of {period} has {found}"
            ));
        }
        if self.status == BillStatus::Open || self.as_of.min(at) < period.end() {
            return not_final(format!("the period {period} is not over: it ends at {}", period.end()));
        }
        match self.status {
            BillStatus::Invoiced => {}
            BillStatus::Unknown if terms.assert_invoiced.is_some() => {}
            BillStatus::Unknown => {
                return not_final(format!(
                    "the bill of {period} has no invoice information; assert with a reason that it is invoiced"
                ));
            }
            BillStatus::Estimated | BillStatus::Open => {
                return not_final(format!("the bill of {period} still has estimated rows; no assertion changes that"));
            }
        }
        let lack = self.lack().filter(|_| terms.allow_incomplete.is_none())?;
        Some(Refusal::new(
            ErrorCode::FinalizeIncomplete,
            format!("the bill of {period} {lack}; allow an incomplete bill with a reason"),
        ))
    }

    /// What the bill lacks to be complete (spec 2.4, 2.7).
    fn lack(&self) -> Option<String> {
        let skipped = || (self.skipped_rows > 0).then(|| format!("lacks {} malformed rows", self.skipped_rows));
        self.stops_early.map(|end| format!("has no usage after {end}")).or_else(skipped)
    }

    /// Whether the bill lacks nothing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.lack().is_none()
    }
}

impl LiveVersion {
    /// The refusal of a candidate with other content.
    fn refuses(&self, candidate: &FinalizeCandidate) -> Result<Refusal> {
        let differences = differences(&self.content.area_costs, &candidate.content.area_costs)?;
        let (code, cause) = if self.content.digests.bill == candidate.content.digests.bill {
            let inputs = self.content.other_inputs(&candidate.content);
            let inputs =
                if inputs.is_empty() { "other amounts".to_owned() } else { format!("another {}", inputs.join(", ")) };
            (ErrorCode::FinalizeRecomputed, format!("the same bill and {inputs}"))
        } else {
            (ErrorCode::FinalizeRestated, "another bill".to_owned())
        };
        let message = format!(
            "{} is finalized as version {}, and this run has {cause}: {}; restate with a reason to append a version",
            candidate.period,
            self.version,
            describe(&differences),
        );
        Ok(Refusal { code, message, differences })
    }
}

impl Refusal {
    fn new(code: ErrorCode, message: String) -> Self {
        Self { code, message, differences: Vec::new() }
    }
}

/// Every area whose cost differs, sorted like the table.
fn differences(finalized: &[AreaCost], candidate: &[AreaCost]) -> Result<Vec<AreaDifference>> {
    let mut costs: BTreeMap<_, (Amount, Amount)> = BTreeMap::new();
    for row in finalized {
        costs.entry((&row.product_area, row.row_kind, &row.detail)).or_default().0 = row.cost;
    }
    for row in candidate {
        costs.entry((&row.product_area, row.row_kind, &row.detail)).or_default().1 = row.cost;
    }
    let changed = costs.into_iter().filter(|(_, (finalized, candidate))| finalized != candidate);
    let differences = changed.map(|((product_area, row_kind, detail), (finalized, candidate))| {
        let change = candidate.checked_sub(finalized)?;
        let (product_area, detail) = (product_area.clone(), detail.clone());
        Ok(AreaDifference { product_area, row_kind, detail, finalized, candidate, change })
    });
    differences.collect()
}

fn describe(differences: &[AreaDifference]) -> String {
    if differences.is_empty() {
        return "no area costs more or less".to_owned();
    }
    let named = differences.iter().take(NAMED_AREAS_MAX).map(|difference| {
        let detail = difference.detail.as_ref();
        let reason = detail.and_then(RowDetail::reason).map(|reason| format!(", {}", reason.as_str()));
        let kind = format!("{}{}", difference.row_kind.as_str(), reason.unwrap_or_default());
        let owner = difference.product_area.as_ref().map(ProductArea::as_str);
        let area = owner.or_else(|| detail.and_then(RowDetail::pool)).map(|owner| format!("`{owner}` ({kind})"));
        let area = area.unwrap_or(kind);
        let sign = if difference.change.is_negative() { "" } else { "+" };
        format!("{area} {} → {} ({sign}{})", difference.finalized, difference.candidate, difference.change)
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if let Some(more) = differences.len().checked_sub(NAMED_AREAS_MAX).filter(|more| *more > 0) {
        text = format!("{text} and {more} more");
    }
    text
}

#[cfg(test)]
mod tests;
