//! Numbers of few bits as Parquet stores them: runs of one number, and numbers packed bit by bit.

use bytes::Bytes;

/// Bits that a number may have.
const WIDTH_MAX: u8 = 32;
/// Packed numbers come in groups of so many.
const GROUP: usize = 8;

/// What is left of such numbers.
#[derive(Debug)]
pub(super) struct Hybrid {
    bytes: Bytes,
    /// Where the next run starts.
    at: usize,
    width: u8,
    run: Run,
}

/// What the next numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// All this one.
    Same(u32),
    /// Nothing was taken.
    Unknown,
}

/// What is left of a run.
#[derive(Clone, Copy, Debug)]
enum Run {
    Same {
        number: u32,
        left: usize,
    },
    /// Groups from a byte on, of which the first so many numbers are taken.
    Packed {
        at: usize,
        taken: usize,
        left: usize,
    },
}

impl Hybrid {
    /// Numbers of so many bits; `None` where these are too many.
    pub(super) fn new(bytes: Bytes, width: u8) -> Option<Self> {
        (width <= WIDTH_MAX).then_some(Self { bytes, at: 0, width, run: Run::Same { number: 0, left: 0 } })
    }

    /// Takes the next so many where one run says that they are one number; `None` where there is no next one.
    pub(super) fn take_same(&mut self, count: usize) -> Option<Next> {
        if self.left() == 0 {
            self.next_run()?;
        }
        match &mut self.run {
            Run::Same { number, left } if *left >= count => {
                *left -= count;
                Some(Next::Same(*number))
            }
            _ => Some(Next::Unknown),
        }
    }

    /// Appends the next so many numbers; `None` where they end before.
    pub(super) fn take(&mut self, mut count: usize, numbers: &mut Vec<u32>) -> Option<()> {
        while count > 0 {
            if self.left() == 0 {
                self.next_run()?;
            }
            let taken = count.min(self.left());
            match &mut self.run {
                Run::Same { number, left } => {
                    numbers.resize(numbers.len() + taken, *number);
                    *left -= taken;
                }
                Run::Packed { at, taken: before, left } => {
                    let bytes = self.bytes.get(*at..)?;
                    let start = numbers.len();
                    unpack(bytes, self.width, (*before + taken).div_ceil(GROUP), numbers)?;
                    numbers.drain(start..start + *before);
                    numbers.truncate(start + taken);
                    *left -= taken;
                    *before += taken;
                    *at += *before / GROUP * usize::from(self.width);
                    *before %= GROUP;
                }
            }
            count -= taken;
        }
        Some(())
    }

    fn left(&self) -> usize {
        match self.run {
            Run::Same { left, .. } | Run::Packed { left, .. } => left,
        }
    }

    /// Reads how the next run starts; `None` where there is none.
    fn next_run(&mut self) -> Option<()> {
        let header = self.header()?;
        let length = usize::try_from(header >> 1).ok()?;
        if header & 1 == 0 {
            let stored = self.bytes.get(self.at..self.at + usize::from(self.width.div_ceil(8)))?;
            let number = stored.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
            self.at += stored.len();
            self.run = Run::Same { number, left: length };
        } else {
            self.run = Run::Packed { at: self.at, taken: 0, left: length.checked_mul(GROUP)? };
            // The last run may be cut; what is missing is noticed where it is taken.
            self.at = self.at.checked_add(length.checked_mul(usize::from(self.width))?)?;
        }
        // A run of none would never end.
        (length > 0).then_some(())
    }

    fn header(&mut self) -> Option<u32> {
        let mut header = 0;
        for shift in (0..32).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            header |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(header);
            }
        }
        None
    }
}

/// Appends the numbers of so many groups.
fn unpack(bytes: &[u8], width: u8, groups: usize, numbers: &mut Vec<u32>) -> Option<()> {
    let width = usize::from(width);
    let Some(packed) = bytes.get(..groups * width) else {
        // Some writers leave out what no number needs.
        return unpack(&padded(bytes, groups * width)?, u8::try_from(width).ok()?, groups, numbers);
    };
    match width {
        0 => numbers.resize(numbers.len() + groups * GROUP, 0),
        1 => unpack_small::<1>(packed, numbers),
        2 => unpack_small::<2>(packed, numbers),
        3 => unpack_small::<3>(packed, numbers),
        4 => unpack_small::<4>(packed, numbers),
        5 => unpack_small::<5>(packed, numbers),
        6 => unpack_small::<6>(packed, numbers),
        7 => unpack_small::<7>(packed, numbers),
        8 => unpack_small::<8>(packed, numbers),
        9 => unpack_large::<9>(packed, numbers),
        10 => unpack_large::<10>(packed, numbers),
        11 => unpack_large::<11>(packed, numbers),
        12 => unpack_large::<12>(packed, numbers),
        13 => unpack_large::<13>(packed, numbers),
        14 => unpack_large::<14>(packed, numbers),
        15 => unpack_large::<15>(packed, numbers),
        16 => unpack_large::<16>(packed, numbers),
        _ => packed.chunks_exact(width).for_each(|group| numbers.extend(wide(group, width))),
    }
    Some(())
}

/// The bytes with less than a group of zeros behind them; `None` where more is missing.
fn padded(bytes: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut padded = bytes.to_vec();
    padded.resize(length, 0);
    (length - bytes.len() < usize::from(WIDTH_MAX)).then_some(padded)
}

/// New numbers, to be written, for each group.
fn room_for<'n, G>(numbers: &'n mut Vec<u32>, groups: &'n [G]) -> impl Iterator<Item = (&'n mut [u32; GROUP], &'n G)> {
    let start = numbers.len();
    numbers.resize(start + groups.len() * GROUP, 0);
    let room = numbers.get_mut(start..).unwrap_or_default();
    room.as_chunks_mut::<GROUP>().0.iter_mut().zip(groups)
}

/// Groups of at most 64 bits.
fn unpack_small<const WIDTH: usize>(packed: &[u8], numbers: &mut Vec<u32>) {
    for (numbers, group) in room_for(numbers, packed.as_chunks::<WIDTH>().0) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(group).for_each(|(byte, stored)| *byte = *stored);
        let bits = u64::from_le_bytes(bytes);
        *numbers = std::array::from_fn(|at| low(bits >> (at * WIDTH), WIDTH));
    }
}

/// Groups of at most 128 bits.
fn unpack_large<const WIDTH: usize>(packed: &[u8], numbers: &mut Vec<u32>) {
    for (numbers, group) in room_for(numbers, packed.as_chunks::<WIDTH>().0) {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(group).for_each(|(byte, stored)| *byte = *stored);
        let bits = u128::from_le_bytes(bytes);
        *numbers = std::array::from_fn(|at| low(truncated(bits >> (at * WIDTH)), WIDTH));
    }
}

/// A group of any width.
fn wide(group: &[u8], width: usize) -> [u32; GROUP] {
    std::array::from_fn(|at| {
        let (byte, bit) = (at * width / 8, at * width % 8);
        let bytes = group.iter().skip(byte).take(8).rev();
        low(bytes.fold(0, |bits, byte| bits << 8 | u64::from(*byte)) >> bit, width)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are asked for")]
fn truncated(bits: u128) -> u64 {
    bits as u64
}

/// The lowest `width` bits, which are at most 32.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are asked for")]
fn low(bits: u64, width: usize) -> u32 {
    (bits & ((1 << width) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs as they are stored, each with whether it is one of a repeated number; and the numbers they are.
    fn stored(runs: &[(bool, Vec<u32>)], width: u8) -> (Vec<u8>, Vec<u32>) {
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        let mask = u32::try_from((1u64 << width) - 1).unwrap();
        for (is_packed, run) in runs {
            if *is_packed {
                bytes.push(u8::try_from(run.len() << 1 | 1).unwrap());
                let group = |first: &u32| (0..8u32).map(|at| first.wrapping_mul(at * 7 + 1) & mask).collect::<Vec<_>>();
                let run: Vec<u32> = run.iter().flat_map(group).collect();
                let bit = |at: usize| {
                    run.get(at / usize::from(width)).map_or(0, |number| number >> (at % usize::from(width)) & 1)
                };
                let byte = |at: usize| u8::try_from((0..8).fold(0, |byte, by| byte | bit(at * 8 + by) << by)).unwrap();
                bytes.extend((0..run.len() * usize::from(width) / 8).map(byte));
                numbers.extend(run);
            } else {
                let (length, number) = (run.len() * 100, run[0] & mask);
                bytes.extend([u8::try_from(length << 1 & 0x7f).unwrap() | 0x80, u8::try_from(length >> 6).unwrap()]);
                bytes.extend(&number.to_le_bytes()[..usize::from(width.div_ceil(8))]);
                numbers.resize(numbers.len() + length, number);
            }
        }
        (bytes, numbers)
    }

    proptest! {
        #[test]
        fn numbers_are_those_that_were_stored(
            runs in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u32>(), 1..20)), 1..8),
            width in 1u8..=32,
            steps in prop::collection::vec(1usize..500, 200),
        ) {
            let (bytes, wanted) = stored(&runs, width);
            let (mut hybrid, mut numbers) = (Hybrid::new(bytes.into(), width).unwrap(), Vec::new());
            for step in steps {
                let step = step.min(wanted.len() - numbers.len());
                match hybrid.take_same(step) {
                    Some(Next::Same(number)) => numbers.resize(numbers.len() + step, number),
                    Some(Next::Unknown) => hybrid.take(step, &mut numbers).unwrap(),
                    None => break,
                }
            }
            hybrid.take(wanted.len() - numbers.len(), &mut numbers).unwrap();
            prop_assert_eq!(numbers, wanted);
            prop_assert_eq!(hybrid.take(1, &mut Vec::new()), None);
        }

        #[test]
        fn any_bytes_are_numbers_or_none(bytes: Vec<u8>, width in 0u8..=40, count in 0usize..5_000) {
            let mut numbers = Vec::new();
            let taken = Hybrid::new(bytes.into(), width).and_then(|mut hybrid| hybrid.take(count, &mut numbers));
            prop_assert!(taken.is_none() || numbers.len() == count);
        }
    }

    #[test]
    fn numbers_of_no_bits_are_all_zero() {
        let mut numbers = Vec::new();
        let mut hybrid = Hybrid::new(vec![20, 3].into(), 0).unwrap();
        assert_eq!(hybrid.take_same(4), Some(Next::Same(0)));
        hybrid.take(12, &mut numbers).unwrap();
        assert_eq!(numbers, [0; 12]);
    }
}
