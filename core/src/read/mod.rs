//! Bytes → line items → bill: the only stage that touches rows (spec 2).
