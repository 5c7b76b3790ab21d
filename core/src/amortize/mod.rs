//! Commitment fees over their term (spec 6).
//!
//! Invariants:
//! - the parts of a fee over all periods sum to the fee exactly;
//! - an entry of the book is never changed by a run that carries it in.

mod book;
mod book_table;
#[cfg(test)]
mod covers_tests;
mod schedule;

pub use book::{BookEntry, ReservationBook};
pub use schedule::{AmortizedPart, amortize, amortize_fee, known_term};

#[cfg(test)]
pub(crate) use book::tests;
