//! A stretch of CSV → where its fields end, for files that quote as AWS does.
//!
//! The `csv` crate's parser looks at every byte; this looks at 64 at once and gives the offsets of the separators, so
//! that only the columns in use need to be touched. It promises less: a stretch is [`Shape::Regular`] only if cutting
//! it at the separators gives exactly the parser's rows and fields. Everything else is [`Shape::Irregular`] and has to
//! go through the parser:
//! - a quote inside a field that does not start with one (`a"b`), and text after a closing quote (`"a"b`);
//! - a carriage return outside quotes, which ends a row for the parser;
//! - an empty line, which is no row for the parser.
//!
//! Invariants:
//! - a stretch starts at the first byte of a row and may end anywhere; its rows are those that end in it;
//! - all levels give the same for the same bytes: the level changes speed, never a result;
//! - after an irregular stretch quotes say nothing about where rows start: only the parser can tell.

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use super::lanes::{BLOCK, Kernel, Lanes, Level, block_at};

/// Whether cutting a stretch at its separators gives what the parser gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It does; without escapes no quoted field has a quote inside.
    Regular { has_escapes: bool },
    /// It may not.
    Irregular,
}

/// Where the fields of a regular stretch end.
///
/// INVARIANT: `complete <= offsets.len()`; what `offsets` has beyond `complete` is left from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Separators {
    offsets: Vec<u32>,
    complete: usize,
    rows: usize,
}

impl Separators {
    /// Replaces the content by the separators of `bytes`, which start at the first byte of a row. An irregular stretch
    /// has none, nor has one of more than 4 GiB, which is called irregular.
    pub(super) fn index(&mut self, bytes: &[u8], level: Level) -> Shape {
        (self.complete, self.rows) = (0, 0);
        if u32::try_from(bytes.len()).is_err() {
            return Shape::Irregular;
        }
        let seen = level.run(Scan { bytes, offsets: &mut self.offsets });
        if seen.misplaced != 0 {
            return Shape::Irregular;
        }
        let found = self.offsets.get(..seen.separators).unwrap_or_default();
        let last_end = found.iter().rposition(|offset| bytes.get(*offset as usize) == Some(&b'\n'));
        (self.complete, self.rows) = (last_end.map_or(0, |at| at + 1), seen.rows);
        Shape::Regular { has_escapes: seen.escapes != 0 }
    }

    /// Offsets in the stretch of every `,` and `\n` outside quotes, ascending, up to the last `\n`.
    pub(super) fn offsets(&self) -> &[u32] {
        self.offsets.get(..self.complete).unwrap_or_default()
    }

    /// Number of rows that end in the stretch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that these rows take; the next stretch starts after them.
    pub(super) fn end(&self) -> usize {
        self.offsets().last().map_or(0, |offset| *offset as usize + 1)
    }

    /// Whether each row has `width` fields, so that the offsets of a row are a chunk of `width`.
    pub(super) fn has_width(&self, bytes: &[u8], width: usize) -> bool {
        let ends_row = |offset: &u32| bytes.get(*offset as usize) == Some(&b'\n');
        // As many line feeds as rows: where each row's last separator is one, none of the others is.
        width > 0
            && self.rows.checked_mul(width) == Some(self.complete)
            && self.offsets().chunks_exact(width).all(|row| row.last().is_some_and(ends_row))
    }
}

/// Whether the number of quotes is odd: where all that comes before is regular, the byte after `bytes` is then inside
/// quotes if their first is outside, and outside if it is inside.
pub(super) fn has_odd_quotes(bytes: &[u8], level: Level) -> bool {
    level.run(OddQuotes(bytes))
}

struct OddQuotes<'b>(&'b [u8]);

impl Kernel for OddQuotes<'_> {
    type Output = bool;

    /// Plain enough for the compiler to use the widest registers of the level.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
    fn run<L: Lanes>(self, _: L) -> bool {
        let (blocks, rest) = self.0.as_chunks::<BLOCK>();
        let mut odd = [0_u8; BLOCK];
        for block in blocks {
            for (odd, byte) in odd.iter_mut().zip(block) {
                *odd ^= u8::from(*byte == b'"');
            }
        }
        let rest = rest.iter().map(|byte| u8::from(*byte == b'"'));
        odd.into_iter().chain(rest).fold(0, |sum, bit| sum ^ bit) == 1
    }
}

/// What a stretch had; of masks, any bit for any of its blocks.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Bytes that stand where a regular stretch has none such.
    misplaced: u64,
    /// Doubled quotes.
    escapes: u64,
    /// How many separators, and how many of them end a row.
    separators: usize,
    rows: usize,
}

/// What the byte before a block says about the first of it.
#[derive(Clone, Copy)]
struct Before {
    /// All bits, if the block starts inside quotes.
    inside: u64,
    /// The lowest bit, if the byte was a separator; so for the others.
    separator: u64,
    newline: u64,
    closing: u64,
}

impl Before {
    /// A stretch starts as if after a row.
    const FIRST: Self = Self { inside: 0, separator: 1, newline: 1, closing: 0 };
}

struct Scan<'s> {
    bytes: &'s [u8],
    offsets: &'s mut Vec<u32>,
}

impl Kernel for Scan<'_> {
    type Output = Seen;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
    fn run<L: Lanes>(self, lanes: L) -> Seen {
        let Self { bytes, offsets } = self;
        let (mut before, mut seen, mut base) = (Before::FIRST, Seen::default(), 0_u32);
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            let mask = step(lanes, block, u64::MAX, &mut before, &mut seen);
            write_at(lanes, mask, base, offsets, &mut seen.separators);
            base = base.wrapping_add(64);
        }
        if !rest.is_empty() {
            let (block, within) = block_at(rest, 0);
            let mask = step(lanes, &block, within, &mut before, &mut seen);
            write_at(lanes, mask, base, offsets, &mut seen.separators);
        }
        seen
    }
}

/// Writes `base` plus the place of each bit of `mask` into `offsets` at `count`, and counts them.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
fn write_at<L: Lanes>(lanes: L, mask: u64, base: u32, offsets: &mut Vec<u32>, count: &mut usize) {
    loop {
        if let Some(room) = offsets.get_mut(*count..).and_then(<[u32]>::first_chunk_mut) {
            lanes.write_offsets(mask, base, room);
            // Far fewer than memory has bytes.
            *count = count.wrapping_add(mask.count_ones() as usize);
            return;
        }
        grow(offsets);
    }
}

#[cold]
#[inline(never)]
fn grow(offsets: &mut Vec<u32>) {
    offsets.resize((offsets.len() * 2).max(16 * BLOCK), 0);
}

/// The separators of a block; `within` has the bits of its bytes that are of the stretch.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
fn step<L: Lanes>(lanes: L, block: &[u8; BLOCK], within: u64, before: &mut Before, seen: &mut Seen) -> u64 {
    let masks = lanes.masks(block);
    // An opening quote is inside, a closing one outside; of a doubled quote the first closes and the second opens.
    let inside = lanes.prefix_xor(masks.quote) ^ before.inside;
    let opening = masks.quote & inside;
    let closing = masks.quote & !inside;
    let newlines = masks.newline & !inside;
    let separators = newlines | (masks.comma & !inside);

    let after_separator = (separators << 1) | before.separator;
    let after_newline = (newlines << 1) | before.newline;
    let after_closing = (closing << 1) | before.closing;
    seen.escapes |= opening & after_closing;
    seen.misplaced |= (opening & !(after_separator | after_closing))
        | (after_closing & !(separators | opening) & within)
        | (masks.carriage_return & !inside)
        | (newlines & after_newline);

    *before = Before {
        inside: 0_u64.wrapping_sub(inside >> 63),
        separator: separators >> 63,
        newline: newlines >> 63,
        closing: closing >> 63,
    };
    seen.rows = seen.rows.wrapping_add(newlines.count_ones() as usize);
    separators
}
