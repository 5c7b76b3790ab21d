//! Inflates zip archives and throws the content away: the least that reading them can cost.
//!
//! ```text
//! cargo run --release -p unblended --example inflate -- BILL.csv.zip...
//! ```

use std::fs::File;
use std::io;

use zip::ZipArchive;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let mut archive = ZipArchive::new(File::open(path)?)?;
        for at in 0..archive.len() {
            io::copy(&mut archive.by_index(at)?, &mut io::sink())?;
        }
    }
    Ok(())
}
