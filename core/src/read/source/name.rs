//! What the name of a Detailed Billing Report says: its billing period (spec 2.8).

use crate::time::BillingPeriod;

/// The period in `<12 digits>-aws-billing-detailed-line-items[-words]-YYYY-MM.csv[.zip|.gz]`, wherever the file lies.
///
/// The words are `with-resources-and-tags` and the partition (`ACTS`, `ACTS-Ningxia`), where there are any.
pub(in crate::read) fn period_of(name: &str) -> Option<BillingPeriod> {
    let file = name.rsplit(['/', '\\']).next()?;
    let (account, rest) = file.split_at_checked(12)?;
    let rest = rest.strip_prefix("-aws-billing-detailed-line-items")?;
    if !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let stem = rest.strip_suffix(".zip").or_else(|| rest.strip_suffix(".gz")).unwrap_or(rest).strip_suffix(".csv")?;
    let (words, period) = stem.split_at_checked(stem.len().checked_sub("-YYYY-MM".len())?)?;
    let are_words = words.is_empty()
        || words
            .strip_prefix('-')?
            .split('-')
            .all(|w| !w.is_empty() && w.bytes().all(|byte| byte.is_ascii_alphabetic()));
    if are_words { period.strip_prefix('-')?.parse().ok() } else { None }
}

/// Whether the name is that of a neighbour: a monthly billing or cost allocation report.
pub(in crate::read) fn is_monthly_report(name: &str) -> bool {
    ["-aws-billing-csv-", "-aws-cost-allocation-"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_names_of_every_partition_name_their_period() {
        for name in [
            "123456789012-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv.zip",
            "123456789012-aws-billing-detailed-line-items-2016-06.csv",
            "bucket/prefix/123456789012-aws-billing-detailed-line-items-with-resources-and-tags-ACTS-2016-06.csv.gz",
            "C:\\bills\\123456789012-aws-billing-detailed-line-items-with-resources-and-tags-ACTS-Ningxia-2016-06.csv",
        ] {
            assert_eq!(period_of(name), "2016-06".parse().ok(), "{name}");
        }
    }

    #[test]
    fn other_names_are_no_evidence() {
        for name in [
            "123456789012-aws-billing-csv-2016-06.csv",
            "123456789012-aws-cost-allocation-2016-06.csv",
            "12345678901x-aws-billing-detailed-line-items-2016-06.csv",
            "123456789012-aws-billing-detailed-line-items-2016-13.csv",
            "123456789012-aws-billing-detailed-line-items-2016-06.parquet",
            "123456789012-aws-billing-detailed-line-items--2016-06.csv",
            "123456789012-aws-billing-detailed-line-items-v2-2016-06.csv",
            "123456789012-aws-billing-detailed-line-items2016-06.csv",
            "123456789012-aws-billing-detailed-line-items.csv",
            "real-2014-09-detailed-with-tags.csv",
            "ééééééé",
            "",
        ] {
            assert_eq!(period_of(name), None, "{name}");
        }
    }
}
