//! Any bytes are a saved bill, which saves and loads again, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::Bill;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bill) = Bill::load(bytes) {
        let mut saved = Vec::new();
        bill.save(&mut saved).expect("memory takes every byte");
        assert_eq!(Bill::load(saved.as_slice()).ok().as_ref(), Some(&bill));
    }
});
