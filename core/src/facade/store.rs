//! The store with the clock and run ids that the pure core does not have.

use serde::{Deserialize, Serialize};

use crate::amortize::ReservationBook;
use crate::bill::Bill;
use crate::classify::CostBasis;
use crate::error::{Location, Result};
use crate::money::Currency;
use crate::rollup::Report;
use crate::store::{
    FinalizeOutcome, FinalizeRequest, FinalizeTerms, FinalizedSummary, NewRun, RunChoice, RunFilter, RunSummary, Store,
    StoredRun,
};
use crate::time::BillingPeriod;

/// Which runs are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunQuery {
    /// One run by its id; nothing else is asked then.
    pub id: Option<String>,
    /// Billing period.
    pub period: Option<BillingPeriod>,
    /// Cost basis.
    pub basis: Option<CostBasis>,
    /// Payer account.
    pub payer: Option<String>,
    /// Currency.
    pub currency: Option<Currency>,
}

impl RunQuery {
    fn filter(&self) -> RunFilter {
        RunFilter { period: self.period, basis: self.basis, payer: self.payer.clone(), currency: self.currency }
    }
}

/// What the caller of a finalization vouches for, each with a reason (spec 7.4, 8.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FinalizeTermsRequest {
    /// Replace the live version.
    pub restate: Option<String>,
    /// Take a bill without invoice information as invoiced.
    pub assert_invoiced: Option<String>,
    /// Take a bill that stops early as complete.
    pub allow_incomplete: Option<String>,
}

/// An open store.
#[derive(Debug)]
pub struct StoreHandle {
    store: Store,
    url: String,
}

impl StoreHandle {
    /// Opens a store, and creates it where `create` says so.
    ///
    /// # Errors
    /// `store.io`, `store.schema`, `config.unsupported`.
    pub fn open(url: &str, create: bool) -> Result<Self> {
        let store = if create { Store::open(url) } else { Store::open_existing(url) }?;
        Ok(Self { store, url: url.to_owned() })
    }

    /// Appends a report as a new run, with the fees of its bill, in one transaction; returns the run's id.
    ///
    /// # Errors
    /// `reconcile.residual`, `store.io`.
    pub fn append(&mut self, report: &Report, bill: &Bill) -> Result<String> {
        let id = new_run_id();
        self.append_as(&id, report, bill)?;
        Ok(id)
    }

    /// As [`StoreHandle::append`], under an id that was shown before.
    ///
    /// # Errors
    /// `reconcile.residual`, `store.io`; `config.bad_value` where the id is taken.
    pub fn append_as(&mut self, id: &str, report: &Report, bill: &Bill) -> Result<()> {
        let run = NewRun {
            id: id.to_owned(),
            created_at: super::now(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let added = self.store.append_run(&run, report, &ReservationBook::from_scan(bill)?);
        added.map_err(|error| error.at(Location::file(&self.url)))
    }

    /// Keeps the fees of a table for later runs (spec 6.2). To be called before the scan's own fees are appended, which
    /// replace what is known of their period.
    ///
    /// # Errors
    /// `reservations.conflict`, `store.io`.
    pub fn add_reservations(&mut self, table: &ReservationBook) -> Result<()> {
        self.store.add_reservations(table).map_err(|error| error.at(Location::file(&self.url)))
    }

    /// The runs that match, oldest first.
    ///
    /// # Errors
    /// `store.io`, `store.schema`.
    pub fn runs(&self, query: &RunQuery) -> Result<Vec<RunSummary>> {
        let mut runs = self.store.runs(&query.filter())?;
        runs.retain(|run| query.id.as_ref().is_none_or(|id| run.id == *id));
        Ok(runs)
    }

    /// One run with its whole report.
    ///
    /// # Errors
    /// `store.not_found`, `store.io`.
    pub fn run(&self, id: &str) -> Result<StoredRun> {
        self.store.run(id)
    }

    /// Fees the store keeps of earlier scans.
    ///
    /// # Errors
    /// `store.io`, `store.schema`.
    pub fn reservations(&self) -> Result<ReservationBook> {
        self.store.book()
    }

    /// All finalized versions.
    ///
    /// # Errors
    /// `store.io`, `store.schema`.
    pub fn finalized(&self) -> Result<Vec<FinalizedSummary>> {
        self.store.finalized()
    }

    /// Finalizes the run that is meant: one by id, or the latest that matches.
    ///
    /// # Errors
    /// `store.not_found`, `config.bad_value` where several scopes match, `store.io`. A refusal is an outcome.
    pub fn finalize(&mut self, query: &RunQuery, terms: &FinalizeTermsRequest) -> Result<FinalizeOutcome> {
        let run = match &query.id {
            Some(id) => RunChoice::Id(id.clone()),
            None => RunChoice::Latest(query.filter()),
        };
        let terms = FinalizeTerms {
            restate: terms.restate.clone(),
            assert_invoiced: terms.assert_invoiced.clone(),
            allow_incomplete: terms.allow_incomplete.clone(),
        };
        self.store.finalize(&FinalizeRequest { run, terms, at: super::now() })
    }
}

/// A fresh run id (UUIDv7): ids sort by the time they were made.
#[must_use]
pub fn new_run_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
