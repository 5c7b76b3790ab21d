//! The levels of x86-64, the only unsafe code of this crate.
//!
//! Two arguments cover all of it: a value of [`Avx2`] or [`Avx512`] is made only by its `detect`, which asks the
//! processor for every feature that its functions enable, and [`Sse2`] enables only what every x86-64 processor has; and
//! vectors and arrays of integers are made of each other by value, where the compiler checks that their sizes are equal,
//! and any bits are a value of both. There are no pointers.
#![expect(unsafe_code, reason = "vector instructions are four times as fast as the portable level")]
#![warn(clippy::undocumented_unsafe_blocks)]

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_clmulepi64_si128, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64,
    _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8, _mm_sub_epi8, _mm256_cmpeq_epi8, _mm256_min_epu8,
    _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_sub_epi8, _mm512_add_epi32, _mm512_castsi512_si128,
    _mm512_cmpeq_epi8_mask, _mm512_cmpgt_epu8_mask, _mm512_cmpneq_epi8_mask, _mm512_cvtepu8_epi32,
    _mm512_extracti32x4_epi32, _mm512_maskz_compress_epi8, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_sub_epi8,
};
use std::mem::transmute;

use super::portable::{Portable, write_offsets};
use super::{BLOCK, Kernel, Lanes, Masks, PLAIN_FIRST, PLAIN_LAST};

/// The vectors that every x86-64 processor has, for those without AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sse2;

#[expect(clippy::inline_always, reason = "compiled into the loop over blocks")]
impl Lanes for Sse2 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { masks_sse2(block) }
    }

    #[inline(always)]
    fn differences(self, block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { differences_sse2(block, other) }
    }

    #[inline(always)]
    fn odd(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { odd_sse2(block) }
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        Portable.prefix_xor(mask)
    }

    #[inline(always)]
    fn write_offsets(self, mask: u64, base: u32, room: &mut [u32; BLOCK]) {
        write_offsets(mask, base, room);
    }
}

/// Proof that the processor has AVX2, BMI1, PCLMULQDQ and POPCNT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("popcnt");
        has_all.then_some(Self(()))
    }

    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,bmi1,pclmulqdq,popcnt")]
        fn run<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
            kernel.run(lanes)
        }
        // SAFETY: `self` proves the features.
        unsafe { run(self, kernel) }
    }
}

#[expect(clippy::inline_always, reason = "compiled into the function that enables the features")]
impl Lanes for Avx2 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: `self` proves the feature.
        unsafe { masks_avx2(block) }
    }

    #[inline(always)]
    fn differences(self, block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` proves the feature.
        unsafe { differences_avx2(block, other) }
    }

    #[inline(always)]
    fn odd(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` proves the feature.
        unsafe { odd_avx2(block) }
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        // SAFETY: `self` proves the feature.
        unsafe { prefix_xor(mask) }
    }

    #[inline(always)]
    fn write_offsets(self, mask: u64, base: u32, room: &mut [u32; BLOCK]) {
        write_offsets(mask, base, room);
    }
}

/// Proof that the processor has AVX-512 F, BW and VBMI2, PCLMULQDQ and POPCNT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("popcnt");
        has_all.then_some(Self(()))
    }

    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,pclmulqdq,popcnt")]
        fn run<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
            kernel.run(lanes)
        }
        // SAFETY: `self` proves the features.
        unsafe { run(self, kernel) }
    }
}

#[expect(clippy::inline_always, reason = "compiled into the function that enables the features")]
impl Lanes for Avx512 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: `self` proves the features.
        unsafe { masks_avx512(block) }
    }

    #[inline(always)]
    fn differences(self, block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` proves the features.
        unsafe { differences_avx512(block, other) }
    }

    #[inline(always)]
    fn odd(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` proves the features.
        unsafe { odd_avx512(block) }
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        // SAFETY: `self` proves the feature.
        unsafe { prefix_xor(mask) }
    }

    #[inline(always)]
    fn write_offsets(self, mask: u64, base: u32, room: &mut [u32; BLOCK]) {
        // SAFETY: `self` proves the features.
        unsafe { write_offsets_avx512(mask, base, room) }
    }
}

/// Multiplying by all ones without carries adds, to each bit, all lower ones.
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn prefix_xor(mask: u64) -> u64 {
    let product = _mm_clmulepi64_si128::<0>(_mm_cvtsi64_si128(mask.cast_signed()), _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product).cast_unsigned()
}

#[inline]
#[target_feature(enable = "sse2")]
fn masks_sse2(block: &[u8; BLOCK]) -> Masks {
    // SAFETY: equal sizes; any bits are vectors of integers.
    let quarters = unsafe { transmute::<[u8; BLOCK], [__m128i; 4]>(*block) };
    let places = |wanted: u8| {
        let wanted = _mm_set1_epi8(wanted.cast_signed());
        // The first quarter comes last, into the lowest bits.
        quarters.iter().rev().fold(0, |places, quarter| {
            let found = _mm_movemask_epi8(_mm_cmpeq_epi8(*quarter, wanted)).cast_unsigned();
            (places << 16) | u64::from(found)
        })
    };
    Masks { quote: places(b'"'), comma: places(b','), newline: places(b'\n'), carriage_return: places(b'\r') }
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks_avx2(block: &[u8; BLOCK]) -> Masks {
    // SAFETY: equal sizes; any bits are vectors of integers.
    let [low, high] = unsafe { transmute::<[u8; BLOCK], [__m256i; 2]>(*block) };
    let places = |wanted: u8| {
        let wanted = _mm256_set1_epi8(wanted.cast_signed());
        let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)).cast_unsigned();
        let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)).cast_unsigned();
        u64::from(low) | (u64::from(high) << 32)
    };
    Masks { quote: places(b'"'), comma: places(b','), newline: places(b'\n'), carriage_return: places(b'\r') }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn masks_avx512(block: &[u8; BLOCK]) -> Masks {
    // SAFETY: equal sizes; any bits are a vector of integers.
    let bytes = unsafe { transmute::<[u8; BLOCK], __m512i>(*block) };
    let places = |wanted: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(wanted.cast_signed()));
    Masks { quote: places(b'"'), comma: places(b','), newline: places(b'\n'), carriage_return: places(b'\r') }
}

/// Plain bytes, counted from the first: the last of them.
const PLAIN_SPAN: i8 = (PLAIN_LAST - PLAIN_FIRST).cast_signed();

/// A bit for each byte of the quarters that has its highest bit.
#[inline]
#[target_feature(enable = "sse2")]
fn bits_sse2(quarters: [__m128i; 4]) -> u64 {
    // The first quarter comes last, into the lowest bits.
    let bits = quarters.map(|quarter| u64::from(_mm_movemask_epi8(quarter).cast_unsigned()));
    bits.into_iter().rev().fold(0, |bits, quarter| (bits << 16) | quarter)
}

#[inline]
#[target_feature(enable = "sse2")]
fn differences_sse2(block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
    // SAFETY: equal sizes; any bits are vectors of integers.
    let mut quarters = unsafe { transmute::<[u8; BLOCK], [__m128i; 4]>(*block) };
    // SAFETY: as above.
    let others = unsafe { transmute::<[u8; BLOCK], [__m128i; 4]>(*other) };
    for (quarter, other) in quarters.iter_mut().zip(others) {
        *quarter = _mm_cmpeq_epi8(*quarter, other);
    }
    !bits_sse2(quarters)
}

#[inline]
#[target_feature(enable = "sse2")]
fn odd_sse2(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: equal sizes; any bits are vectors of integers.
    let quarters = unsafe { transmute::<[u8; BLOCK], [__m128i; 4]>(*block) };
    let (first, span) = (_mm_set1_epi8(PLAIN_FIRST.cast_signed()), _mm_set1_epi8(PLAIN_SPAN));
    !bits_sse2(quarters.map(|quarter| {
        let place = _mm_sub_epi8(quarter, first);
        _mm_cmpeq_epi8(_mm_min_epu8(place, span), place)
    }))
}

/// A bit for each byte of the halves that has its highest bit.
#[inline]
#[target_feature(enable = "avx2")]
fn bits_avx2(low: __m256i, high: __m256i) -> u64 {
    let bits = |half| u64::from(_mm256_movemask_epi8(half).cast_unsigned());
    bits(low) | (bits(high) << 32)
}

#[inline]
#[target_feature(enable = "avx2")]
fn differences_avx2(block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
    // SAFETY: equal sizes; any bits are vectors of integers.
    let [low, high] = unsafe { transmute::<[u8; BLOCK], [__m256i; 2]>(*block) };
    // SAFETY: as above.
    let [other_low, other_high] = unsafe { transmute::<[u8; BLOCK], [__m256i; 2]>(*other) };
    !bits_avx2(_mm256_cmpeq_epi8(low, other_low), _mm256_cmpeq_epi8(high, other_high))
}

#[inline]
#[target_feature(enable = "avx2")]
fn odd_avx2(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: equal sizes; any bits are vectors of integers.
    let [low, high] = unsafe { transmute::<[u8; BLOCK], [__m256i; 2]>(*block) };
    let (first, span) = (_mm256_set1_epi8(PLAIN_FIRST.cast_signed()), _mm256_set1_epi8(PLAIN_SPAN));
    let plain = |half| {
        let place = _mm256_sub_epi8(half, first);
        _mm256_cmpeq_epi8(_mm256_min_epu8(place, span), place)
    };
    !bits_avx2(plain(low), plain(high))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn differences_avx512(block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u64 {
    // SAFETY: equal sizes; any bits are a vector of integers.
    let bytes = unsafe { transmute::<[u8; BLOCK], __m512i>(*block) };
    // SAFETY: as above.
    let others = unsafe { transmute::<[u8; BLOCK], __m512i>(*other) };
    _mm512_cmpneq_epi8_mask(bytes, others)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn odd_avx512(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: equal sizes; any bits are a vector of integers.
    let bytes = unsafe { transmute::<[u8; BLOCK], __m512i>(*block) };
    let place = _mm512_sub_epi8(bytes, _mm512_set1_epi8(PLAIN_FIRST.cast_signed()));
    _mm512_cmpgt_epu8_mask(place, _mm512_set1_epi8(PLAIN_SPAN))
}

/// The numbers of the bytes of a block.
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "below 64, while compiling")]
        {
            numbers[at] = at as u8;
        }
        at += 1;
    }
    numbers
};

/// Keeps the numbers that have a bit and widens them, sixteen at a time.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
fn write_offsets_avx512(mask: u64, base: u32, room: &mut [u32; BLOCK]) {
    // SAFETY: equal sizes; any bits are a vector of integers.
    let numbers = unsafe { transmute::<[u8; BLOCK], __m512i>(NUMBERS) };
    let kept = _mm512_maskz_compress_epi8(mask, numbers);
    let base = _mm512_set1_epi32(base.cast_signed());
    let write = |to: &mut [u32; 16], numbers: __m128i| {
        let offsets = _mm512_add_epi32(_mm512_cvtepu8_epi32(numbers), base);
        // SAFETY: equal sizes; any bits are integers.
        *to = unsafe { transmute::<__m512i, [u32; 16]>(offsets) };
    };
    let (groups, _) = room.as_chunks_mut::<16>();
    let [first, second, third, fourth] = groups else { return };
    write(first, _mm512_castsi512_si128(kept));
    if mask.count_ones() > 16 {
        write(second, _mm512_extracti32x4_epi32::<1>(kept));
        write(third, _mm512_extracti32x4_epi32::<2>(kept));
        write(fourth, _mm512_extracti32x4_epi32::<3>(kept));
    }
}
