//! One row as text, whatever it was read from.

/// The cells of one row as text; a null is the empty text.
pub(in crate::read) trait Cells<'r>: Copy {
    /// A cell; empty where the row has no such cell.
    fn get(self, at: usize) -> &'r str;
}

/// Cells whose bytes, as they stand, tell rows apart.
pub(in crate::read) trait Telling<'r>: Cells<'r> {
    /// The bytes of the cells from `first` to `last`. Where they are equal in two rows of one table, so are the cells.
    fn raw(self, first: usize, last: usize) -> &'r [u8];

    /// The bytes of what [`Cells::get`] gives.
    fn bytes(self, at: usize) -> &'r [u8];
}
