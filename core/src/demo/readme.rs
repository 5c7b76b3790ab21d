//! What stands beside a demo month: how to roll it up, and what its bills sum to.

use std::fmt::Write as _;
use std::path::Path;

use super::dialect::DemoDialect;
use super::{DemoFiles, DemoOptions};

/// One command for each bill; with other formats than a Detailed Billing Report, why their totals differ.
pub(super) fn readme(dir: &Path, files: &DemoFiles, options: &DemoOptions) -> String {
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
    if options.savings_plan {
        text.push_str(
            "\nA savings plan covers the c4 instances. With `--basis amortized` they cost what they use of it, and what\n\
             nobody used is a row of its own.\n",
        );
    }
    if options.split_costs {
        text.push_str(
            "\nCost and Usage Reports have AWS's split of instances over ECS tasks beside the line items. With `--output\n\
             json` the rollup compares it with its own under `split_check`; with `split = \"scad\"` below `[containers]`\n\
             in the policy it is used.\n",
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
