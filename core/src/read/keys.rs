//! Which tag keys inputs have: from their headers, or from all rows where only those say it.

use crate::error::Result;
use crate::read::ScanOptions;
use crate::read::collect::Purpose;
use crate::read::progress::Progress;
use crate::read::scan::collect;
use crate::read::source::input::Input;
use crate::read::table::tags::TagKeysSeen;
use crate::time::BillingPeriod;

/// The tag keys of the inputs that a scan of a billing period counts, sorted: of those that name no other period. Pipes
/// with a name are left alone: what is read of them is gone.
///
/// # Errors
/// `read.*` where an input cannot be opened or is no bill; `parse.bad_map` where a tag map is none.
pub fn find_tag_keys(mut inputs: Vec<Input>, period: Option<BillingPeriod>) -> Result<Vec<String>> {
    inputs.retain(|input| !input.is_pipe());
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let options = ScanOptions { period, allow_duplicates: true, ..ScanOptions::default() };
    let mut seen = TagKeysSeen::default();
    for collector in collect(inputs, &options, Purpose::TagKeys, &Progress::default())? {
        seen.merge(collector.tag_keys);
    }
    Ok(seen.into_present())
}
