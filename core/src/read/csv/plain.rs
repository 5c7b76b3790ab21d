//! CSV without quotes, for tables that are no bills.

use super::lanes::Level;
use super::separators::{Separators, Shape};

/// Finds where the fields of plain rows end.
#[derive(Debug)]
pub(crate) struct PlainFields {
    separators: Separators,
    level: Level,
}

impl Default for PlainFields {
    fn default() -> Self {
        Self { separators: Separators::default(), level: Level::best() }
    }
}

impl PlainFields {
    /// The places of the separators of each row that ends in `bytes`, which start with one. `None` where there are quotes,
    /// carriage returns or empty lines, or where a row has not `width` fields.
    pub(crate) fn of_rows(&mut self, bytes: &[u8], width: usize) -> Option<impl Iterator<Item = &[u32]>> {
        // All at once, which is quicker than stopping at the first: there is none.
        let quotes = bytes.iter().fold(0, |quotes, byte| quotes | u8::from(*byte == b'"'));
        let is_regular = quotes == 0 && self.separators.index(bytes, self.level) != Shape::Irregular;
        let is_plain = is_regular && self.separators.has_width(bytes, width);
        is_plain.then(|| self.separators.offsets().chunks_exact(width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_other_forms_than_plain_ones_are_none() {
        let mut fields = PlainFields::default();
        let mut ends = |text: &str| Some(fields.of_rows(text.as_bytes(), 2)?.map(<[u32]>::to_vec).collect::<Vec<_>>());
        assert_eq!(ends("a,bc\n,\nrest"), Some(vec![vec![1, 4], vec![5, 6]]));
        assert_eq!(ends(""), Some(vec![]));
        for text in ["a,\"b\"\n", "a,b\r\n", "a,b\n\n", "a\n", "a,b,c\n"] {
            assert_eq!(ends(text), None, "{text:?}");
        }
    }
}
