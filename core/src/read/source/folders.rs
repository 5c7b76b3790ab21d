//! What the folders of a path say: the billing period, and which assembly of it a file belongs to (spec 2.6, 2.8).
//!
//! AWS writes `yyyymmdd-yyyymmdd` (Cost and Usage Report), `BILLING_PERIOD=YYYY-MM` (Data Exports) and
//! `year=YYYY/month=M` (Cost and Usage Report in Parquet). In the first two each delivery may have a folder of its own,
//! whose name ends in a UUID.

use crate::time::BillingPeriod;

/// Where a file lies that is one of the deliveries of a billing period.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::read) struct AssemblyFolder {
    /// The path up to the folder of the period.
    pub(in crate::read) bill: String,
    pub(in crate::read) period: BillingPeriod,
    /// The folder of the delivery; empty where the file lies directly in that of the period.
    pub(in crate::read) version: String,
}

/// The period that the innermost such folder of a path names; the path's last part is the file.
pub(in crate::read) fn period_of_folders(path: &str) -> Option<BillingPeriod> {
    let folders = folders_of(path);
    (0..folders.len()).rev().find_map(|at| named_by(&folders, at))
}

/// The assembly whose folder a file lies in.
pub(in crate::read) fn assembly_folder(path: &str) -> Option<AssemblyFolder> {
    let folders = folders_of(path);
    let (at, period) =
        (0..folders.len()).rev().find_map(|at| folders.get(at).and_then(|folder| Some((at, period_in(folder)?))))?;
    let version = match folders.get(at + 1) {
        Some(folder) if ends_in_uuid(folder) => (*folder).to_owned(),
        Some(_) => return None,
        None => String::new(),
    };
    Some(AssemblyFolder { bill: folders.get(..=at)?.join("/"), period, version })
}

fn folders_of(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.split(['/', '\\']).collect();
    parts.pop();
    parts
}

fn named_by(folders: &[&str], at: usize) -> Option<BillingPeriod> {
    let folder = folders.get(at)?;
    period_in(folder).or_else(|| {
        let (month, year) = (value_of(folder, "month")?, value_of(folders.get(at.checked_sub(1)?)?, "year")?);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(year) || !is_number(month) {
            return None;
        }
        BillingPeriod::new(year.parse().ok()?, month.parse().ok()?).ok()
    })
}

fn period_in(folder: &str) -> Option<BillingPeriod> {
    value_of(folder, "BILLING_PERIOD").and_then(|value| value.parse().ok()).or_else(|| period_of_range(folder))
}

fn value_of<'p>(folder: &'p str, key: &str) -> Option<&'p str> {
    folder.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// `20191201-20200101`; AWS's documentation also shows the last day of the month as the end.
fn period_of_range(folder: &str) -> Option<BillingPeriod> {
    let (start, end) = folder.split_once('-')?;
    let (month, first_day) = start.split_at_checked(6)?;
    let (year, number) = month.split_at_checked(4)?;
    let period: BillingPeriod = format!("{year}-{number}").parse().ok()?;
    let next = format!("{}01", period.next()).replace('-', "");
    let is_last_day = end.strip_prefix(month).is_some_and(|day| ["28", "29", "30", "31"].contains(&day));
    (first_day == "01" && (end == next || is_last_day)).then_some(period)
}

fn ends_in_uuid(folder: &str) -> bool {
    let Some(uuid) = folder.len().checked_sub(36).and_then(|at| folder.get(at..)) else { return false };
    uuid.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "ea74f90b-e82f-9c72-fab6-abc716793752";

    #[test]
    fn folders_of_every_generation_name_their_period() {
        for path in [
            "p/r/20181201-20190101/r-1.csv.gz",
            "p/r/20181201-20181231/r-1.csv.gz",
            "s3://b/p/r/20181201-20190101/ea74f90b-e82f-9c72-fab6-abc716793752/r-1.csv.gz",
            "e/data/BILLING_PERIOD=2018-12/e-00001.csv.gz",
            "e\\metadata\\billing_period=2018-12\\e-Manifest.json",
            "r/r/year=2018/month=12/r.snappy.parquet",
            "20200101-20200201/year=2018/month=12/x.parquet",
        ] {
            assert_eq!(period_of_folders(path), "2018-12".parse().ok(), "{path}");
        }
        assert_eq!(period_of_folders("year=2018/month=3/r.parquet"), "2018-03".parse().ok());
    }

    #[test]
    fn other_folders_name_no_period() {
        for path in [
            "20181201-20190101",
            "20181202-20190101/x",
            "20181201-20190201/x",
            "20181201/x",
            "BILLING_PERIOD=2018-13/x",
            "month=12/x",
            "year=2018/x",
            "year=2018/month=+1/x",
            "year=/month=/x",
            "é0181201-20190101/x",
            "",
        ] {
            assert_eq!(period_of_folders(path), None, "{path}");
        }
    }

    #[test]
    fn a_folder_that_ends_in_a_uuid_is_an_assembly_of_its_period() {
        let version = |path: &str| assembly_folder(path).map(|folder| folder.version);
        assert_eq!(version(&format!("r/20181201-20190101/{UUID}/r-1.csv.gz")).as_deref(), Some(UUID));
        let exported = format!("20240101T101010Z-{UUID}");
        assert_eq!(version(&format!("data/BILLING_PERIOD=2024-01/{exported}/x.csv.gz")), Some(exported));
        assert_eq!(version("r/20181201-20190101/r-1.csv.gz").as_deref(), Some(""));
        for path in ["r/20181201-20190101/mine/r-1.csv.gz", "r/x/r-1.csv.gz", "year=2018/month=12/r.parquet"] {
            assert_eq!(version(path), None, "{path}");
        }
    }
}
