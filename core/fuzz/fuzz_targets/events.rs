//! Any bytes are events or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{EvidenceBuilder, EvidenceOptions, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    let mut builder = EvidenceBuilder::new();
    if builder.add("events.jsonl", bytes).is_ok() {
        let _ = builder.finish(&EvidenceOptions { default_cpu: 128, as_of: Timestamp::from_millis(1_500_000_000_000) });
    }
});
