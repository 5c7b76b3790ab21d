//! The `unblended` command line program.

fn main() {}
