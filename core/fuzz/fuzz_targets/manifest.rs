//! Any bytes are a manifest or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::find_inputs;

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let manifest = folder.path().join("r-Manifest.json");
    if std::fs::write(&manifest, bytes).is_ok() {
        let _ = find_inputs(&[manifest.display().to_string()]);
    }
});
