//! Any bytes are a service map or an error, in each of its forms.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{Encoding, EvidenceBuilder};

fuzz_target!(|bytes: &[u8]| {
    for name in ["services.json", "services.csv", "services.toml"] {
        for encoding in [Encoding::Auto, Encoding::Plain, Encoding::Base64] {
            let _ = EvidenceBuilder::new().add_services(name, bytes, encoding);
        }
    }
});
