//! Whether a row is one that came before, but for plain bytes that may differ.

use crate::read::csv::lanes::{BLOCK, Kernel, Lanes, Level, block_at, is_plain};

/// What may come of 64 bytes of a row, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::read) struct Marks {
    /// Bytes that must not differ.
    fixed: u64,
    /// Bytes of values.
    values: u64,
}

/// What the bytes of a field may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Freedom {
    /// They must not differ.
    Fixed,
    /// They may, and it matters whether they do.
    Value,
    /// They may.
    Free,
}

/// How many marks so many bytes have.
pub(in crate::read) fn marks_of(bytes: usize) -> usize {
    bytes.div_ceil(BLOCK)
}

/// Marks the bytes of a row from `start` on. Those that are not plain must not differ whatever their freedom: then what
/// stands in the place of the others shapes the row in the same way, and is text where they are.
pub(in crate::read) fn mark(marks: &mut [Marks], start: usize, bytes: &[u8], freedom: Freedom) {
    for (at, byte) in (start..).zip(bytes) {
        let (Some(marks), bit) = (marks.get_mut(at / BLOCK), 1 << (at % BLOCK)) else { return };
        match freedom {
            Freedom::Value if is_plain(*byte) => marks.values |= bit,
            Freedom::Free if is_plain(*byte) => {}
            _ => marks.fixed |= bit,
        }
    }
}

/// A row that came before.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct KnownRow<'k> {
    /// Its bytes; what follows them is anything.
    pub(in crate::read) text: &'k [u8],
    pub(in crate::read) length: usize,
    /// Those of its bytes.
    pub(in crate::read) marks: &'k [Marks],
}

/// How a row is beside one that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Likeness {
    /// They differ at most where they may.
    Alike { has_same_values: bool },
    /// A byte at this place of the earlier row is the first that differs and must not, or one that is not plain stands in
    /// its place, or the row ends there.
    Differs { at: usize },
}

impl KnownRow<'_> {
    /// How `row` is beside this one from `from` on.
    #[inline]
    pub(in crate::read) fn likeness(&self, row: &[u8], from: usize, level: Level) -> Likeness {
        level.run(Compare { known: *self, row, from })
    }

    /// The marks of 64 bytes, the first of them at `at`; what lies beyond the row is anything.
    #[inline]
    fn marks(&self, at: usize) -> Marks {
        let (first, shift) = (at / BLOCK, at % BLOCK);
        let marks = self.marks.get(first).copied().unwrap_or_default();
        if shift == 0 {
            return marks;
        }
        let next = self.marks.get(first + 1).copied().unwrap_or_default();
        let join = |low: u64, high: u64| (low >> shift) | (high << (BLOCK - shift));
        Marks { fixed: join(marks.fixed, next.fixed), values: join(marks.values, next.values) }
    }
}

struct Compare<'c> {
    known: KnownRow<'c>,
    row: &'c [u8],
    from: usize,
}

#[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
impl Compare<'_> {
    /// The bytes of a block that differ and must not, and those of values that differ.
    #[inline(always)]
    fn block<L: Lanes>(&self, lanes: L, at: usize, block: &[u8; BLOCK], other: &[u8; BLOCK], kept: u64) -> (u64, u64) {
        let different = lanes.differences(block, other) & kept;
        // In most blocks there is none.
        if different == 0 {
            return (0, 0);
        }
        let Marks { fixed, values } = self.known.marks(self.from + at);
        (different & (fixed | lanes.odd(block)), different & values)
    }

    /// As [`Compare::block`], of the bytes from `at` on, fewer than a block.
    #[inline(always)]
    fn rest<L: Lanes>(&self, lanes: L, at: usize, known: &[u8], bytes: usize) -> (u64, u64) {
        let kept = (1 << bytes) - 1;
        let chunk = |bytes: &'_ [u8]| bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
        match (chunk(self.row), chunk(known)) {
            (Some(block), Some(other)) => self.block(lanes, at, &block, &other, kept),
            _ => self.block(lanes, at, &block_at(self.row, at).0, &block_at(known, at).0, kept),
        }
    }
}

impl Kernel for Compare<'_> {
    type Output = Likeness;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
    fn run<L: Lanes>(self, lanes: L) -> Likeness {
        let from = self.from;
        let known = self.known.text.get(from..).unwrap_or_default();
        let wanted = self.known.length.saturating_sub(from);
        let within = wanted.min(self.row.len()).min(known.len());
        let (blocks, rest) = self.row.get(..within).unwrap_or_default().as_chunks::<BLOCK>();
        let (mut at, mut changed) = (0, 0);
        for (block, other) in blocks.iter().zip(known.as_chunks::<BLOCK>().0) {
            let (found, values) = self.block(lanes, at, block, other, u64::MAX);
            if found != 0 {
                return Likeness::Differs { at: from + at + found.trailing_zeros() as usize };
            }
            changed |= values;
            at += BLOCK;
        }
        if !rest.is_empty() {
            let (found, values) = self.rest(lanes, at, known, rest.len());
            if found != 0 {
                return Likeness::Differs { at: from + at + found.trailing_zeros() as usize };
            }
            changed |= values;
        }
        if within < wanted {
            return Likeness::Differs { at: from + within };
        }
        Likeness::Alike { has_same_values: changed == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::Freedom::{Fixed, Free, Value};
    use super::*;
    use proptest::prelude::*;

    /// The same byte by byte.
    fn expected(known: &[u8], freedoms: &[Freedom], row: &[u8], from: usize, end: usize) -> Likeness {
        let differs = |place: &usize| known.get(*place) != row.get(*place - from);
        let is_fixed = |place: &usize| freedoms[*place] == Freedom::Fixed || !is_plain(known[*place]);
        let found = (from..end).find(|place| match row.get(*place - from) {
            Some(byte) => differs(place) && (is_fixed(place) || !is_plain(*byte)),
            None => true,
        });
        let has_same_values = || !(from..end).any(|place| differs(&place) && freedoms[place] == Freedom::Value);
        found.map_or_else(|| Likeness::Alike { has_same_values: has_same_values() }, |at| Likeness::Differs { at })
    }

    fn check(known: &[u8], freedoms: &[Freedom], row: &[u8], from: usize, end: usize) {
        let mut marks = vec![Marks::default(); marks_of(known.len())];
        for (at, byte) in known.iter().enumerate() {
            mark(&mut marks, at, &[*byte], freedoms[at]);
        }
        let expected = expected(known, freedoms, row, from, end);
        for level in Level::available() {
            // What follows the bytes that are compared must not matter.
            for behind in ["", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
                let text = [known, behind.as_bytes()].concat();
                let known = KnownRow { text: &text, length: end, marks: &marks };
                assert_eq!(known.likeness(row, from, level), expected, "{level:?} {behind:?}");
            }
        }
    }

    #[test]
    fn all_bytes_are_plain_or_shape_rows_or_may_be_no_text() {
        for byte in 0..=u8::MAX {
            let shapes = matches!(byte, b'"' | b',' | b'\n' | b'\r') || !byte.is_ascii();
            assert!(!(shapes && is_plain(byte)), "{byte}");
            check(b"-0aZ~.:/ ", &[Freedom::Free; 9], &[byte; 9], 0, 9);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 2000 }) })]

        #[test]
        fn a_row_is_as_alike_as_its_bytes(
            bytes in prop::collection::vec((prop::sample::select(b"abc012-. ,\"\n\r\xc3\xa9".to_vec()), prop::sample::select(vec![Fixed, Value, Free])), 1..300),
            changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"ab0,\" \xff".to_vec())), 0..4),
            from in any::<prop::sample::Index>(),
            length in any::<prop::sample::Index>(),
            more in 0_usize..80,
            cut in 0_usize..4,
        ) {
            let (known, freedoms): (Vec<u8>, Vec<Freedom>) = bytes.iter().copied().unzip();
            let from = from.index(known.len());
            let end = from + length.index(known.len() - from + 1);
            let mut row = known[from..].to_vec();
            for (at, byte) in changes {
                let at = at.index(row.len());
                row[at] = byte;
            }
            row.truncate(row.len().saturating_sub(cut * 7));
            row.resize(row.len() + more, b'z');
            check(&known, &freedoms, &row, from, end);
        }
    }
}
