//! Any bytes are a bill or an error, as Parquet and as Arrow IPC.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use unblended::{Input, Progress, ScanOptions, scan};

fuzz_target!(|bytes: &[u8]| {
    let framed = |before: &[u8], after: &[u8]| [before, bytes, after].concat();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let contents = [
        ("bill.parquet", framed(b"", b"")),
        ("bill.parquet", framed(b"PAR1", &[&length[..], b"PAR1"].concat())),
        ("bill.arrow", framed(b"ARROW1\0\0", &[&length[..], b"ARROW1"].concat())),
        ("bill.arrows", framed(b"\xff\xff\xff\xff", b"")),
    ];
    for (name, content) in contents {
        let input = Input::stream(name, Cursor::new(content));
        let _ = scan(vec![input], &ScanOptions::default(), &Progress::new());
    }
});
