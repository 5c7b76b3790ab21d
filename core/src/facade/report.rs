//! Bill, policy, evidence and reservations → report.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::amortize::ReservationBook;
use crate::attribute::{self, Attribution};
use crate::bill::Bill;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::evidence::Evidence;
use crate::files::read_file;
use crate::money::Currency;
use crate::policy::Policy;
use crate::rollup::Report;
use crate::time::Timestamp;

/// How to attribute a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttributeRequest {
    /// The policy; the classic method where nothing is said.
    pub policy: Policy,
    /// Which currency, where the bill has several.
    pub currency: Option<Currency>,
    /// Instant the status is judged at; now where `null`.
    pub as_of: Option<Timestamp>,
}

/// Attributes a bill and checks that every table sums to it.
///
/// # Errors
/// Those of [`attribute::attribute`], and `reconcile.residual` where a table does not sum to the bill.
pub fn attribute(
    bill: &Bill,
    evidence: &Evidence,
    reservations: &ReservationBook,
    request: &AttributeRequest,
) -> Result<Report> {
    let report = attribute::attribute(&request.job(bill, evidence, reservations))?;
    report.reconcile_tables()?;
    Ok(report)
}

impl AttributeRequest {
    pub(super) fn job<'a>(
        &'a self,
        bill: &'a Bill,
        evidence: &'a Evidence,
        reservations: &'a ReservationBook,
    ) -> Attribution<'a> {
        Attribution {
            bill,
            policy: &self.policy,
            evidence,
            reservations,
            currency: self.currency,
            as_of: self.as_of.unwrap_or_else(super::now),
        }
    }
}

/// Reads a policy file: JSON where the name ends so, else TOML (spec 12).
///
/// # Errors
/// `read.io`, and those of [`Policy::from_toml`], naming the file.
pub fn read_policy(path: &Path) -> Result<Policy> {
    let location = || Location::file(path.display().to_string());
    let text = String::from_utf8(read_file(path)?).map_err(|cause| {
        Error::new(ErrorCode::ConfigBadValue, "the policy is not UTF-8 text").with_cause(cause).at(location())
    })?;
    let policy = if is_json(path) { Policy::from_json(&text) } else { Policy::from_toml(&text) };
    policy.map_err(|error| error.at(location()))
}

/// Reads a table of fees billed in other periods: JSON where the name ends so, else CSV (spec 6.2).
///
/// # Errors
/// `read.io`, `reservations.bad_table`, `reservations.conflict`.
pub fn reservations(path: &Path) -> Result<ReservationBook> {
    let (name, bytes) = (path.display().to_string(), read_file(path)?);
    if is_json(path) { ReservationBook::read_json(&name, &bytes) } else { ReservationBook::read_csv(&name, &bytes) }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}
