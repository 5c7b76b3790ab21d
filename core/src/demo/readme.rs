//! What stands beside a demo month: how to roll it up, and what its bills sum to.

use std::fmt::Write as _;
use std::path::Path;

use super::DemoFiles;
use super::dialect::DemoDialect;

/// One command for each bill; with other formats than a Detailed Billing Report, why their totals differ.
pub(super) fn readme(dir: &Path, files: &DemoFiles) -> String {
    let total = files.bills.first().map_or(files.total, |bill| bill.total);
    let mut text = format!(
        "A made-up month: {} line items, {total} USD in all. Roll it up from this directory:\n\n{}",
        files.rows,
        command(dir, files, &files.bill)
    );
    for bill in files.bills.iter().skip(1) {
        let (dialect, total) = (bill.dialect, bill.total);
        let _ = write!(text, "\nThe same as `{dialect}`, {total} USD:\n\n{}", command(dir, files, &bill.path));
    }
    if files.bills.iter().any(|bill| bill.dialect != DemoDialect::Dbr) {
        let _ = write!(
            text,
            "\nA Detailed Billing Report rounds each account to whole cents with Rounding rows, {} USD in all. The\n\
             other formats have no such rows: their exact totals differ by just that. Formats that keep costs as binary\n\
             doubles lose what is past the sixteenth digit or so. Roll up one bill at a time: together they would count\n\
             twice.\n",
            files.rounding
        );
    }
    text
}

fn command(dir: &Path, files: &DemoFiles, bill: &Path) -> String {
    let name = |path: &Path| path.strip_prefix(dir).unwrap_or(path).display().to_string();
    format!(
        "unblended rollup {} --policy {} --tasks {} --instances {} --volumes {} --services {} \\\n  --as-of {}\n",
        name(bill),
        name(&files.policy),
        name(&files.tasks),
        name(&files.instances),
        name(&files.volumes),
        name(&files.services),
        files.as_of,
    )
}
