//! One row as text, whatever it was read from.

/// The cells of one row as text; a null is the empty text.
pub(super) trait Cells<'r>: Copy {
    /// A cell; empty where the row has no such cell.
    fn get(self, at: usize) -> &'r str;
}
