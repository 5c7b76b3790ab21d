//! Whether a row is one that came before, but for plain bytes that may differ.

use crate::read::csv::lanes::{BLOCK, Kernel, Lanes, Level, block_at, is_plain};

/// Which bytes of a row must not differ, a bit each.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct Fixed<'f>(&'f [u64]);

impl<'f> Fixed<'f> {
    /// Those that [`fix`] wrote.
    pub(in crate::read) fn of(words: &'f [u64]) -> Self {
        Self(words)
    }

    /// The bits of 64 bytes, the first of them at `at`; what lies beyond is anything.
    #[inline]
    fn word(self, at: usize) -> u64 {
        let (first, shift) = (at / BLOCK, at % BLOCK);
        let word = |at| self.0.get(at).copied().unwrap_or_default();
        // In two steps, because nothing can be shifted by 64 bits at once.
        (word(first) >> shift) | ((word(first + 1) << 1) << (BLOCK - 1 - shift))
    }
}

/// How many words the bits of so many bytes take.
pub(in crate::read) fn words_of(bytes: usize) -> usize {
    bytes.div_ceil(BLOCK)
}

/// Says of the bytes of a row from `start` on that they must not differ: all where `are_fixed`, else those that are not
/// plain. Then what stands in their place shapes the row in the same way, and is text where they are.
pub(in crate::read) fn fix(words: &mut [u64], start: usize, bytes: &[u8], are_fixed: bool) {
    for (at, byte) in (start..).zip(bytes) {
        if let (true, Some(word)) = (are_fixed || !is_plain(*byte), words.get_mut(at / BLOCK)) {
            *word |= 1 << (at % BLOCK);
        }
    }
}

/// A row that came before.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct KnownRow<'k> {
    /// Its bytes; what follows them is anything.
    pub(in crate::read) text: &'k [u8],
    pub(in crate::read) length: usize,
    pub(in crate::read) fixed: Fixed<'k>,
}

impl KnownRow<'_> {
    /// Where `row` first is not as this one is from `from` on: a byte differs that must not, or one that is not plain
    /// stands in the place of another, or `row` ends. The place is one of this row; `None` where there is none.
    #[inline]
    pub(in crate::read) fn first_difference(&self, row: &[u8], from: usize, level: Level) -> Option<usize> {
        level.run(FirstDifference { known: *self, row, from })
    }
}

struct FirstDifference<'d> {
    known: KnownRow<'d>,
    row: &'d [u8],
    from: usize,
}

impl Kernel for FirstDifference<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
    fn run<L: Lanes>(self, lanes: L) -> Option<usize> {
        let Self { known: KnownRow { text, length, fixed }, row, from } = self;
        let (known, wanted) = (text.get(from..)?, length.checked_sub(from)?);
        let within = wanted.min(row.len());
        let (blocks, rest) = row.get(..within)?.as_chunks::<BLOCK>();
        let mut at = 0;
        for (block, other) in blocks.iter().zip(known.as_chunks::<BLOCK>().0) {
            let different = lanes.differences(block, other);
            // In most blocks there is none.
            if different != 0 {
                let found = different & (fixed.word(from + at) | lanes.odd(block));
                if found != 0 {
                    return Some(from + at + found.trailing_zeros() as usize);
                }
            }
            at += BLOCK;
        }
        if !rest.is_empty() {
            let ((block, _), (other, _)) = (block_at(row, at), block_at(known, at));
            let different = lanes.differences(&block, &other) & (u64::MAX >> (BLOCK - rest.len()));
            let found = different & (fixed.word(from + at) | lanes.odd(&block));
            if found != 0 {
                return Some(from + at + found.trailing_zeros() as usize);
            }
        }
        (within < wanted).then_some(from + within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same byte by byte.
    fn expected(known: &[u8], fixed: &[bool], row: &[u8], from: usize, end: usize) -> Option<usize> {
        (from..end).find(|place| match (known.get(*place), row.get(*place - from)) {
            (Some(own), Some(byte)) => byte != own && (fixed[*place] || !is_plain(*byte)),
            _ => true,
        })
    }

    fn check(known: &[u8], is_deciding: &[bool], row: &[u8], from: usize, end: usize) {
        let mut words = vec![0; words_of(known.len())];
        for (at, byte) in known.iter().enumerate() {
            fix(&mut words, at, &[*byte], is_deciding[at]);
        }
        let fixed: Vec<bool> = known.iter().zip(is_deciding).map(|(byte, is)| *is || !is_plain(*byte)).collect();
        let expected = expected(known, &fixed, row, from, end);
        for level in Level::available() {
            // What follows the bytes that are compared must not matter.
            for behind in ["", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
                let text = [known, behind.as_bytes()].concat();
                let known = KnownRow { text: &text, length: end, fixed: Fixed::of(&words) };
                assert_eq!(known.first_difference(row, from, level), expected, "{level:?} {behind:?}");
            }
        }
    }

    #[test]
    fn all_bytes_are_plain_or_shape_rows_or_may_be_no_text() {
        for byte in 0..=u8::MAX {
            let shapes = matches!(byte, b'"' | b',' | b'\n' | b'\r') || !byte.is_ascii();
            assert!(!(shapes && is_plain(byte)), "{byte}");
            check(b"-0aZ~.:/ ", &[false; 9], &[byte; 9], 0, 9);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 2000 }) })]

        #[test]
        fn the_first_difference_is_that_of_its_bytes(
            bytes in prop::collection::vec((prop::sample::select(b"abc012-. ,\"\n\r\xc3\xa9".to_vec()), any::<bool>()), 1..300),
            changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"ab0,\" \xff".to_vec())), 0..4),
            from in any::<prop::sample::Index>(),
            length in any::<prop::sample::Index>(),
            more in 0_usize..80,
            cut in 0_usize..4,
        ) {
            let (known, is_deciding): (Vec<u8>, Vec<bool>) = bytes.iter().copied().unzip();
            let from = from.index(known.len());
            let end = from + length.index(known.len() - from + 1);
            let mut row = known[from..].to_vec();
            for (at, byte) in changes {
                let at = at.index(row.len());
                row[at] = byte;
            }
            row.truncate(row.len().saturating_sub(cut * 7));
            row.resize(row.len() + more, b'z');
            check(&known, &is_deciding, &row, from, end);
        }
    }
}
