//! Bills as text, for the tests of reading.

use std::path::Path;

use super::billed;
use crate::read::{Progress, ScanOptions, find_inputs, scan};

/// Sums known from elsewhere, of files that may not be copied into this repository.
#[test]
fn published_samples_have_their_known_sums() {
    let Ok(folder) = std::env::var("UNBLENDED_SAMPLES") else {
        println!("skipped: UNBLENDED_SAMPLES does not name the folder of sample bills");
        return;
    };
    for (pattern, sum, rows, excluded, period) in [
        ("*-2016-06.csv.zip", "1464.4553141627", 5000, 25, "2016-06"),
        ("real-2014-09-detailed-with-tags.csv", "0.08805964", 8, 0, "2014-09"),
    ] {
        let pattern = Path::new(&folder).join("dbr").join(pattern).display().to_string();
        let inputs = find_inputs(&[pattern]).unwrap();
        let bill = scan(inputs, &ScanOptions::default(), &Progress::new()).unwrap();
        assert_eq!(billed(&bill), sum);
        assert_eq!((bill.rows(), bill.excluded_rows()), (rows, excluded));
        assert_eq!(bill.period(), period.parse().ok());
    }
}
