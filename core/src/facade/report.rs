//! Bill, policy, evidence and reservations → report.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::threads::Threads;
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
/// Those of [`attribute::attribute`], and `reconcile.residual` where a table does not sum to the bill; `read.io` and
/// `config.bad_table` where the policy names a table that cannot be read.
pub fn attribute(
    bill: &Bill,
    evidence: &Evidence,
    reservations: &ReservationBook,
    request: &AttributeRequest,
) -> Result<Report> {
    let request = request.with_tables()?;
    let report = attribute::attribute(&request.job(bill, evidence, reservations))?;
    report.reconcile_tables()?;
    Ok(report)
}

impl AttributeRequest {
    /// The request with the tables that its policy names, by paths as the process sees them.
    pub(super) fn with_tables(&self) -> Result<Cow<'_, Self>> {
        if !self.policy.has_unread_tables() {
            return Ok(Cow::Borrowed(self));
        }
        let mut request = self.clone();
        request.policy.read_tables(|path| read_file(Path::new(path)))?;
        Ok(Cow::Owned(request))
    }

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
            workers: &Threads,
        }
    }
}

/// Reads a policy file, JSON where the name ends so, else TOML, and the tables that it names, relative to its folder
/// (spec 12).
///
/// # Errors
/// `read.io`, and those of [`Policy::from_toml`] and [`Policy::read_tables`], naming the file.
pub fn read_policy(path: &Path) -> Result<Policy> {
    let location = || Location::file(path.display().to_string());
    let text = String::from_utf8(read_file(path)?).map_err(|cause| {
        Error::new(ErrorCode::ConfigBadValue, "the policy is not UTF-8 text").with_cause(cause).at(location())
    })?;
    let policy = if is_json(path) { Policy::from_json(&text) } else { Policy::from_toml(&text) };
    let mut policy = policy.map_err(|error| error.at(location()))?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    policy.read_tables(|table| read_file(&folder.join(table))).map_err(|error| error.at(location()))?;
    Ok(policy)
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

#[cfg(test)]
mod tests {
    use super::super::{ColumnType, TableName, explain, table};
    use super::*;
    use crate::bill::BillOptions;
    use crate::bill::samples::{bill, bill_with, row};
    use crate::classify::{CostBasis, Dialect, LineItem};
    use crate::facade::ExplainRequest;
    use crate::policy::AreaPolicy;

    const POLICY: &str = "[areas]\ntag_keys = [\"team\"]\n[[shared]]\nname = \"tax\"\nmatch = { kind = \"Tax\" }\n\
        method = \"metric\"\nmetric = \"tables/users.json\"\n[[shared]]\nname = \"refunds\"\nmatch = { kind = \"Refund\" }\n\
        method = \"keep\"\n[[providers]]\narea = \"a\"\nkeys = \"keys.csv\"\n";

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tables")).unwrap();
        for (name, text) in [
            ("policy.toml", POLICY),
            ("keys.csv", "consumer,key\nb,1\nc,3\n"),
            ("tables/users.json", r#"[{"area": "a", "weight": 1}, {"area": "b", "weight": "1"}]"#),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn small_bill() -> Bill {
        let described = |description, cost: &str| LineItem { description, ..row(cost) };
        bill(&[LineItem { tags: vec!["a"], ..row("8") }, described("Tax", "4"), described("Refund", "-1")])
    }

    fn columns(report: &Report, name: TableName) -> Vec<String> {
        table(report, name).unwrap().columns.into_iter().map(|column| column.name).collect()
    }

    #[test]
    fn commitments_say_their_used_cost_only_where_the_basis_spreads_them() {
        let covered = |basis| {
            let options = BillOptions { basis, ..BillOptions::default() };
            let item = LineItem {
                dialect: Dialect::Cur,
                line_item_type: "SavingsPlanCoveredUsage",
                reservation_id: "arn:sp",
                tags: vec![],
                ..row("0.9")
            };
            let mut unused = LineItem { line_item_type: "SavingsPlanRecurringFee", ..item.clone() };
            unused.cost = "0.1".parse().unwrap();
            let policy =
                Policy { basis, areas: AreaPolicy { tag_keys: vec![], ..AreaPolicy::default() }, ..Policy::default() };
            let request = AttributeRequest { policy, ..AttributeRequest::default() };
            let bill = bill_with(&[item, unused], &options);
            attribute(&bill, &Evidence::default(), &ReservationBook::default(), &request).unwrap()
        };
        let spread = table(&covered(CostBasis::Amortized), TableName::Commitments).unwrap();
        let value = |name: &str| {
            let column = spread.columns.iter().find(|column| column.name == name).unwrap();
            (column.column_type, column.values.clone())
        };
        assert_eq!(value("used_cost"), (ColumnType::Money, vec![Some("0.9".to_owned())]));
        assert_eq!(value("utilization"), (ColumnType::Text, vec![Some("0.9".to_owned())]));
        let charged = columns(&covered(CostBasis::Unblended), TableName::Commitments);
        assert!(!charged.is_empty() && !charged.contains(&"used_cost".to_owned()));
    }

    #[test]
    fn tables_of_a_policy_file_lie_beside_it_and_are_part_of_its_digest() {
        let folder = folder();
        let policy = read_policy(&folder.path().join("policy.toml")).unwrap();
        assert!(!policy.has_unread_tables());
        let request = AttributeRequest { policy: policy.clone(), ..AttributeRequest::default() };
        let (evidence, book) = (Evidence::default(), ReservationBook::default());
        let report = attribute(&small_bill(), &evidence, &book, &request).unwrap();
        let rows: Vec<_> =
            table(&report, TableName::AreaCosts).unwrap().columns.into_iter().map(|c| c.values).collect();
        // `a` has 8 + 2 and gives 2.5 to `b`, which has 2 of its own, and 7.5 to `c`.
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(rows[0], [None, some("b"), some("c")]);
        assert_eq!(rows[2], [some("refunds"), None, None]);
        assert_eq!(rows[3], [some("-1"), some("4.5"), some("7.5")]);
        assert_eq!(columns(&report, TableName::AreaCosts), ["product_area", "row_kind", "pool", "cost"]);
        assert_eq!(columns(&report, TableName::Reallocations), ["provider", "consumer", "cost"]);
        std::fs::write(folder.path().join("keys.csv"), "consumer,key\nb,1\nc,4\n").unwrap();
        assert_ne!(read_policy(&folder.path().join("policy.toml")).unwrap().digest(), policy.digest());
        std::fs::remove_file(folder.path().join("keys.csv")).unwrap();
        let error = read_policy(&folder.path().join("policy.toml")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadIo);
        assert!(error.location().unwrap().file.as_ref().unwrap().ends_with("keys.csv"));
    }

    #[test]
    fn tables_of_a_policy_given_as_an_object_are_read_when_it_is_used() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name).display().to_string().replace('\\', "/");
        let text = POLICY.replace("keys.csv", &at("keys.csv")).replace("tables/users.json", &at("tables/users.json"));
        let given = AttributeRequest { policy: Policy::from_toml(&text).unwrap(), ..AttributeRequest::default() };
        let read = AttributeRequest {
            policy: read_policy(&folder.path().join("policy.toml")).unwrap(),
            as_of: given.as_of,
            ..AttributeRequest::default()
        };
        let (evidence, book) = (Evidence::default(), ReservationBook::default());
        let of = |request: &AttributeRequest| attribute(&small_bill(), &evidence, &book, request).unwrap();
        assert_eq!((of(&given).cells, of(&given).digests), (of(&read).cells, of(&read).digests));
        let explained =
            explain(&small_bill(), &evidence, &book, &ExplainRequest { attribute: given, ..ExplainRequest::default() });
        assert_eq!(explained.unwrap().explanation.cost.to_string(), "11");
    }

    #[test]
    fn a_report_with_idle_rows_has_a_column_for_their_reasons() {
        let report = crate::rollup::samples::report();
        assert_eq!(columns(&report, TableName::AreaCosts), ["product_area", "row_kind", "reason", "cost"]);
        let rows = table(&report, TableName::Cells).unwrap();
        let reasons = &rows.columns.iter().find(|column| column.name == "reason").unwrap().values;
        let idle = reasons.iter().filter_map(Option::as_deref).collect::<Vec<_>>();
        assert_eq!((reasons.len(), idle.as_slice()), (report.cells.len(), &["unreserved"][..]));
    }

    #[test]
    fn a_report_without_pools_has_no_column_for_them() {
        let (evidence, book) = (Evidence::default(), ReservationBook::default());
        let policy = Policy::from_toml("[areas]\ntag_keys = [\"team\"]").unwrap();
        let request = AttributeRequest { policy, ..AttributeRequest::default() };
        let report = attribute(&small_bill(), &evidence, &book, &request).unwrap();
        assert_eq!(columns(&report, TableName::AreaCosts), ["product_area", "row_kind", "cost"]);
        assert_eq!(table(&report, TableName::Reallocations).unwrap().rows(), 0);
    }
}
