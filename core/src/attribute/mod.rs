//! Charges → owners (spec 5).

mod split;

pub use split::split;
pub(crate) use split::{mul_div, signed};
