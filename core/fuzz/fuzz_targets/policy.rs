//! Any text is a policy or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::Policy;

fuzz_target!(|text: &str| {
    let _ = Policy::from_toml(text);
});
