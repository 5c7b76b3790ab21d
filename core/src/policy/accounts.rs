//! Account defaults: those of `[areas.accounts]`, and the rows of `account_map`, which may have dates (spec 5.5).

use std::collections::BTreeMap;

use super::file::bad_value;
use super::{AccountRow, AreaPolicy, is_in_effect};
use crate::error::Result;
use crate::ids::ProductArea;
use crate::time::BillingPeriod;

impl AreaPolicy {
    /// Usage account → area in a period.
    pub(crate) fn accounts_in(&self, period: BillingPeriod) -> Result<BTreeMap<&str, &str>> {
        let rows = self.account_map.rows()?.iter().filter(|row| is_in_effect(row.from, row.to, period));
        let mapped = rows.map(|row| (row.account.as_str(), row.area.as_str()));
        let always = self.accounts.iter().map(|(account, area)| (account.as_str(), area.as_str()));
        Ok(always.chain(mapped).collect())
    }
}

/// Checks the rows that the policy has.
pub(super) fn check(areas: &AreaPolicy) -> Result<()> {
    let rows = areas.account_map.given_rows().iter().map(|row| (None, row));
    refuse_conflicts(rows, &areas.accounts).map_err(|(_, problem)| bad_value(problem))
}

/// Refuses rows that say nothing, and accounts with two areas in one period, naming the row of a file.
pub(super) fn refuse_conflicts<'r>(
    rows: impl Iterator<Item = (Option<u64>, &'r AccountRow)>,
    always: &BTreeMap<String, ProductArea>,
) -> std::result::Result<(), (Option<u64>, String)> {
    let mut rows: Vec<(Option<u64>, &AccountRow)> = rows.collect();
    // Of one account by its start: then each must end before the next one starts.
    rows.sort_unstable_by_key(|(at, row)| (&row.account, row.from, row.to, *at));
    let mut last: Option<(Option<u64>, &AccountRow)> = None;
    for (at, row) in rows {
        let account = &row.account;
        if account.is_empty() {
            return Err((at, "a row of the account map names no account".to_owned()));
        }
        if row.from.zip(row.to).is_some_and(|(from, to)| to < from) {
            return Err((at, format!("the row of account `{account}` ends before it starts")));
        }
        if always.contains_key(account) {
            return Err((at, format!("account `{account}` is in `areas.accounts` and in `areas.account_map`")));
        }
        if let Some((before, known)) = last.filter(|(_, known)| known.account == *account)
            && known.to.is_none_or(|to| row.from.is_none_or(|from| from <= to))
        {
            let message = format!("account `{account}` has two areas at once, `{}` and `{}`", known.area, row.area);
            return Err((at.max(before), message));
        }
        last = Some((at, row));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorCode;
    use crate::policy::Policy;

    fn rows(rows: &str) -> crate::error::Result<Policy> {
        Policy::from_toml(&format!("[areas]\naccount_map = [{rows}]\n[areas.accounts]\n9 = \"nine\""))
    }

    #[test]
    fn an_account_with_two_areas_in_one_period_is_refused() {
        for (given, problem) in [
            ("{ account = \"9\", area = \"a\" }", "account `9` is in `areas.accounts` and in `areas.account_map`"),
            (
                "{ account = \"1\", area = \"a\" }, { account = \"1\", area = \"b\", from = \"2016-02\" }",
                "account `1` has two areas at once, `a` and `b`",
            ),
            (
                "{ account = \"1\", area = \"a\", from = \"2016-02\" }, { account = \"1\", area = \"b\", to = \"2016-02\" }",
                "account `1` has two areas at once, `b` and `a`",
            ),
            (
                "{ account = \"1\", area = \"a\", from = \"2016-02\", to = \"2016-01\" }",
                "the row of account `1` ends before it starts",
            ),
            ("{ account = \"\", area = \"a\" }", "a row of the account map names no account"),
            ("{ account = \"1\", area = \"\" }", "a product area is empty"),
        ] {
            let error = rows(given).unwrap_err();
            assert_eq!((error.code(), error.to_string().as_str()), (ErrorCode::ConfigBadValue, problem));
        }
    }

    #[test]
    fn an_account_has_the_area_of_the_row_that_is_in_effect() {
        let given = "{ account = \"1\", area = \"new\", from = \"2016-03\" }, \
            { account = \"1\", area = \"old\", to = \"2016-01\" }";
        let policy = rows(given).unwrap();
        let area = |period: &str| {
            let accounts = policy.areas.accounts_in(period.parse().unwrap()).unwrap();
            (accounts.get("1").copied(), accounts.get("9").copied())
        };
        assert_eq!(area("2016-01"), (Some("old"), Some("nine")));
        assert_eq!(area("2016-02"), (None, Some("nine")));
        assert_eq!(area("2016-03"), (Some("new"), Some("nine")));
    }

    #[test]
    fn a_policy_without_an_account_map_keeps_its_digest() {
        let text = serde_json::to_string(&Policy::default()).unwrap();
        assert!(!text.contains("account_map") && !text.contains("cost_categor"), "{text}");
    }
}
