//! 64 bytes looked at together, by the vector instructions that the processor has.
//!
//! INVARIANT: all levels give the same for the same bytes: the level changes speed, never a result.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use portable::Portable;

/// Bytes looked at together: as many as a word has bits.
pub(in crate::read) const BLOCK: usize = 64;

/// The instructions to use: a level exists only where the processor has them.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct Level(Instructions);

#[derive(Clone, Copy, Debug)]
enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Sse2(x86::Sse2),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(x86::Avx512),
}

impl Level {
    /// The fastest level of this processor.
    pub(in crate::read) fn best() -> Self {
        Self::available().last().unwrap_or(Self(Instructions::Portable))
    }

    /// All levels of this processor, the slowest first.
    pub(in crate::read) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let wide = [
            Some(Instructions::Sse2(x86::Sse2)),
            x86::Avx2::detect().map(Instructions::Avx2),
            x86::Avx512::detect().map(Instructions::Avx512),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let wide: [Option<Instructions>; 0] = [];
        std::iter::once(Instructions::Portable).chain(wide.into_iter().flatten()).map(Self)
    }

    /// Runs a kernel with the instructions of this level.
    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Instructions::Portable => kernel.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Instructions::Sse2(lanes) => kernel.run(lanes),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(lanes) => lanes.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(lanes) => lanes.run(kernel),
        }
    }
}

/// The block at a place, and the bits of its bytes; what stands behind the last byte is anything.
#[inline]
pub(super) fn block_at(bytes: &[u8], at: usize) -> ([u8; BLOCK], u64) {
    let bytes = bytes.get(at..).unwrap_or_default();
    if let Some(block) = bytes.first_chunk() {
        return (*block, u64::MAX);
    }
    let mut block = [0; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    (block, (1 << bytes.len()) - 1)
}

/// Work on blocks that is compiled anew for the instructions of each level: everything in it has to be inlined.
pub(super) trait Kernel {
    type Output;

    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// What a level does in its own way.
pub(super) trait Lanes: Copy {
    fn masks(self, block: &[u8; BLOCK]) -> Masks;

    /// The bytes of a block that another one has not, a bit each, the first byte lowest.
    fn differences(self, block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64;

    /// The bytes of a block that are not [plain](is_plain), a bit each.
    fn odd(self, block: &[u8; BLOCK]) -> u64;

    /// Bit `i` is the parity of the bits `0..=i` of `mask`.
    fn prefix_xor(self, mask: u64) -> u64;

    /// Writes `base` plus the place of each bit of `mask`, ascending; what follows them in `room` is anything.
    fn write_offsets(self, mask: u64, base: u32, room: &mut [u32; BLOCK]);
}

/// The bytes of a block that shape rows, a bit each, the first byte lowest.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) comma: u64,
    pub(super) newline: u64,
    pub(super) carriage_return: u64,
}

/// The first and the last plain byte.
const PLAIN_FIRST: u8 = b'-';
const PLAIN_LAST: u8 = b'~';

/// Whether a byte is a character for itself, and shapes no row: digits, letters, `-`, `.`, `/`, `:` and some more.
pub(super) const fn is_plain(byte: u8) -> bool {
    PLAIN_FIRST <= byte && byte <= PLAIN_LAST
}
