//! A second scan, for the rows that charges were made of (spec 5.10, R78).

use crate::bill::Charge;
use crate::error::{Error, ErrorCode, Result};
use crate::read::collect::{Purpose, bills};
use crate::read::progress::Progress;
use crate::read::rows::{Found, Wanted};
use crate::read::scan::collect;
use crate::read::source::input::Input;
use crate::read::{BillRow, ScanOptions};

/// Reads the inputs of a bill again and lists the first `most` rows of these charges of it, by input and place. The
/// options must be those of the scan, with the period of the bill.
///
/// # Errors
/// As [`scan`](super::scan); `config.bad_value` where an input can be read only once, or the inputs do not hold exactly
/// the rows of the charges.
pub fn rows_of(
    inputs: Vec<Input>,
    options: &ScanOptions,
    charges: &[&Charge],
    most: usize,
    progress: &Progress,
) -> Result<Vec<BillRow>> {
    if let Some(input) = inputs.iter().find(|input| input.is_pipe()) {
        let message = format!("`{}` can be read only once: give a file to list its rows", input.name());
        return Err(Error::new(ErrorCode::ConfigBadValue, message));
    }
    let wanted = Wanted::new(charges.iter().map(|charge| charge.key()), most);
    let mut all = Found::default();
    let mut collectors = collect(inputs, options, Purpose::Rows(&wanted), progress)?;
    for found in collectors.iter_mut().map(|collector| std::mem::take(&mut collector.rows)) {
        all.add(found, most);
    }
    // What a scan refuses is refused here too.
    bills(collectors)?;
    let expected: u64 = charges.iter().map(|charge| charge.rows()).sum();
    let (rows, first) = all.into_first();
    if rows != expected {
        let message = format!(
            "the inputs hold {rows} rows of the explained charges, the bill {expected}: it was not scanned from them so"
        );
        return Err(Error::new(ErrorCode::ConfigBadValue, message));
    }
    Ok(first)
}
