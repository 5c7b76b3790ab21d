//! Any text is an amount, which prints and reads back, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::Amount;

fuzz_target!(|text: &str| {
    if let Ok(parsed) = Amount::parse(text) {
        assert_eq!(parsed.amount.to_string().parse::<Amount>().ok(), Some(parsed.amount));
    }
});
