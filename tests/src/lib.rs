//! What tests and the developer's tool share: the source tree as text, the catalogue of errors, the schemas, the tidy rules.

pub mod catalogue;
pub mod schemas;
pub mod tidy;
pub mod tree;
pub mod vectors;
