//! Any bytes have the separators that the parser finds, or are irregular, on every level of the processor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use separators::{Level, Separators, Shape, has_odd_quotes};

// The index is no part of the crate's surface: it is compiled here once more.
#[path = "../../src/read/csv/separators/oracle.rs"]
mod oracle;
#[allow(dead_code, reason = "the reader uses more of it than the oracle")]
#[path = "../../src/read/csv/separators/mod.rs"]
mod separators;

fuzz_target!(|bytes: &[u8]| {
    oracle::check(bytes, &mut Separators::default());
});
