//! What a store keeps of a run, and how it is asked for (spec 7.2, 7.4).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::finalize::FinalizeTerms;
use crate::bill::BillStatus;
use crate::classify::CostBasis;
use crate::money::Currency;
use crate::rollup::{Report, ReportDigests, Totals};
use crate::time::{BillingPeriod, Timestamp};

/// What a run has besides its report: identity and origin, passed in because the core has neither clock nor chance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// Unique id, a `UUIDv7`.
    pub id: String,
    /// When it was made; milliseconds are kept.
    pub created_at: Timestamp,
    /// Version of the program that made it.
    pub software_version: String,
}

/// A stored run without its tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// Unique id.
    pub id: String,
    /// Billing period.
    pub period: BillingPeriod,
    /// Accounts that are invoiced.
    pub payers: BTreeSet<String>,
    /// Cost basis.
    pub basis: CostBasis,
    /// Currency of every amount.
    pub currency: Currency,
    /// When it was made.
    pub created_at: Timestamp,
    /// Instant the status was judged at.
    pub as_of: Timestamp,
    /// How final the bill was.
    pub status: BillStatus,
    /// Where the usage rows end, if 24 hours or more before the period.
    pub stops_early: Option<Timestamp>,
    /// Version of the program that made it.
    pub software_version: String,
    /// What it was made of.
    pub digests: ReportDigests,
    /// Its sums.
    pub totals: Totals,
}

/// A stored run with everything it found; its tables are those of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredRun {
    /// Identity and origin.
    pub run: NewRun,
    /// The report as it was appended.
    pub report: Report,
}

/// Which runs are meant. What is not given is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Runs of this period.
    pub period: Option<BillingPeriod>,
    /// Runs of this cost basis.
    pub basis: Option<CostBasis>,
    /// Runs of exactly this payer, not those of several together.
    pub payer: Option<String>,
    /// Runs in this currency.
    pub currency: Option<Currency>,
}

impl RunFilter {
    /// Whether a run is meant.
    #[must_use]
    pub fn matches(&self, run: &RunSummary) -> bool {
        self.period.is_none_or(|period| run.period == period)
            && self.basis.is_none_or(|basis| run.basis == basis)
            && self.currency.is_none_or(|currency| run.currency == currency)
            && self.payer.as_ref().is_none_or(|payer| run.payers.len() == 1 && run.payers.contains(payer))
    }
}

/// The run to finalize.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunChoice {
    /// The run with this id.
    Id(String),
    /// The latest run that matches; runs of several payers, bases or currencies must be told apart by the filter.
    Latest(RunFilter),
}

/// Asks to copy a run to the finalized tables (spec 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalizeRequest {
    /// Which run.
    pub run: RunChoice,
    /// What the caller vouches for.
    pub terms: FinalizeTerms,
    /// Now.
    pub at: Timestamp,
}

/// One finalized version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinalizedSummary {
    /// Account that is invoiced.
    pub payer: String,
    /// Billing period.
    pub period: BillingPeriod,
    /// Cost basis.
    pub basis: CostBasis,
    /// Currency of every amount.
    pub currency: Currency,
    /// 1, then one more for each restatement.
    pub version: u32,
    /// The run it is a copy of.
    pub run_id: String,
    /// Why it was restated.
    pub reason: Option<String>,
    /// Why a bill without invoice information was taken as invoiced.
    pub asserted_invoiced: Option<String>,
    /// Why a bill that stops early was taken as complete.
    pub allowed_incomplete: Option<String>,
    /// When it was finalized.
    pub finalized_at: Timestamp,
    /// Whether no later version replaces it.
    pub is_live: bool,
}
