//! Choices that a seed decides.

/// Numbers from a seed (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    pub(crate) fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut items = items.to_vec();
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
        items
    }

    /// Deals items to files in any order; a file may stay empty.
    pub(crate) fn cut<T: Clone>(&mut self, items: &[T], files: usize) -> Vec<Vec<T>> {
        let mut cut: Vec<Vec<T>> = (0..files).map(|_| Vec::new()).collect();
        for item in self.shuffled(items) {
            cut[self.below(files)].push(item);
        }
        cut
    }
}
