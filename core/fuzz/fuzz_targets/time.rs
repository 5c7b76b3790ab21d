//! Any text is a time, which prints and reads back, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{BillingPeriod, Timestamp};

fuzz_target!(|text: &str| {
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse::<Timestamp>().ok(), Some(time));
    }
    let _ = text.parse::<BillingPeriod>();
});
