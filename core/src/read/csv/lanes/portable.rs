//! The level of every processor, in a form that compilers turn into the vector instructions of the target.

use super::{BLOCK, Lanes, Masks, is_plain};

#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Lanes for Portable {
    #[inline]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        Masks {
            quote: places(block, b'"'),
            comma: places(block, b','),
            newline: places(block, b'\n'),
            carriage_return: places(block, b'\r'),
        }
    }

    /// Most words of eight bytes are equal: only the others are looked at byte by byte.
    #[inline]
    fn differences(self, block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
        let mut found = 0;
        let (words, others) = (block.as_chunks::<8>().0, other.as_chunks::<8>().0);
        for (first, (word, other)) in (0..).step_by(8).zip(words.iter().zip(others)) {
            if word != other {
                let bits =
                    (first..).zip(word.iter().zip(other)).map(|(at, (byte, other))| u64::from(byte != other) << at);
                found |= bits.fold(0, |bits, bit| bits | bit);
            }
        }
        found
    }

    #[inline]
    fn odd(self, block: &[u8; BLOCK]) -> u64 {
        (0..).zip(block).fold(0, |found, (at, byte)| found | u64::from(!is_plain(*byte)) << at)
    }

    #[inline]
    fn prefix_xor(self, mask: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(mask, |parity, shift| parity ^ (parity << shift))
    }

    #[inline]
    fn write_offsets(self, mask: u64, base: u32, room: &mut [u32; BLOCK]) {
        write_offsets(mask, base, room);
    }
}

/// The bit of each byte: of the first eight bytes the lowest, of the last eight the highest.
const BITS: [u8; BLOCK] = {
    let mut bits = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        #[expect(clippy::indexing_slicing, reason = "below 64, while compiling")]
        {
            bits[at] = 1 << (at / 8);
        }
        at += 1;
    }
    bits
};

/// A bit for each byte of the block that is `wanted`.
#[inline]
fn places(block: &[u8; BLOCK], wanted: u8) -> u64 {
    let mut bits = [0_u8; BLOCK];
    for (to, (byte, bit)) in bits.iter_mut().zip(block.iter().zip(&BITS)) {
        *to = if *byte == wanted { *bit } else { 0 };
    }
    let (words, _) = bits.as_chunks::<8>();
    transpose(words.iter().fold(0, |square, word| square | u64::from_le_bytes(*word)))
}

/// Bit `j` of byte `i` becomes bit `i` of byte `j`.
#[inline]
fn transpose(square: u64) -> u64 {
    let steps = [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)];
    steps.into_iter().fold(square, |square, (shift, upper)| {
        let moved = (square ^ (square >> shift)) & upper;
        square ^ moved ^ (moved << shift)
    })
}

/// Writes four at a time: how many of them count is known only after they are written, and guessing costs more.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled anew for the instructions of each level")]
pub(super) fn write_offsets(mut mask: u64, base: u32, room: &mut [u32; BLOCK]) {
    let (groups, _) = room.as_chunks_mut::<4>();
    for group in groups {
        for slot in group {
            *slot = base.wrapping_add(mask.trailing_zeros());
            mask &= mask.wrapping_sub(1);
        }
        if mask == 0 {
            break;
        }
    }
}
