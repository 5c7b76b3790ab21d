//! How the fields of rows lie: the rows of thousands of patterns share few layouts, which stay in the nearest cache.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::walk::Ends;
use crate::read::csv::difference::Marks;

/// Every distinct layout once.
#[derive(Debug)]
pub(super) struct Layouts {
    /// Steps of each row.
    steps: usize,
    /// Where the steps of each layout end.
    ends: Vec<u32>,
    /// What may come of each block of each layout, and where those of a layout end.
    marks: Vec<Marks>,
    marks_ends: Vec<u32>,
    hasher: FixedState,
    /// Hash of a layout and its number.
    index: HashTable<(u64, u32)>,
}

impl Layouts {
    /// Layouts of rows of so many steps.
    pub(super) fn new(steps: usize) -> Self {
        Self {
            steps,
            ends: Vec::new(),
            marks: Vec::new(),
            marks_ends: Vec::new(),
            hasher: FixedState::default(),
            index: HashTable::new(),
        }
    }

    /// The number of a layout.
    pub(super) fn number(&mut self, ends: &[u32], marks: &[Marks]) -> u32 {
        let hash = self.hasher.hash_one((ends, marks));
        let is_same = |(known, number): &(u64, u32)| {
            *known == hash && self.ends(*number).0 == ends && self.marks(*number) == marks
        };
        if let Some((_, number)) = self.index.find(hash, is_same) {
            return *number;
        }
        // There are no more layouts than patterns.
        let number = u32::try_from(self.marks_ends.len()).unwrap_or(u32::MAX);
        self.ends.extend_from_slice(ends);
        self.marks.extend_from_slice(marks);
        self.marks_ends.push(u32::try_from(self.marks.len()).unwrap_or(u32::MAX));
        self.index.insert_unique(hash, (hash, number), |(hash, _)| *hash);
        number
    }

    /// Where the steps of a layout end.
    #[inline]
    pub(super) fn ends(&self, number: u32) -> Ends<'_> {
        let start = (number as usize).saturating_mul(self.steps);
        Ends(self.ends.get(start..).and_then(|ends| ends.get(..self.steps)).unwrap_or_default())
    }

    /// What may come of the bytes of a layout.
    #[inline]
    pub(super) fn marks(&self, number: u32) -> &[Marks] {
        let end = |number: usize| self.marks_ends.get(number).map_or(0, |end| *end as usize);
        let start = (number as usize).checked_sub(1).map_or(0, end);
        self.marks.get(start..end(number as usize)).unwrap_or_default()
    }

    /// Forgets all.
    pub(super) fn forget(&mut self) {
        self.ends.clear();
        self.marks.clear();
        self.marks_ends.clear();
        self.index.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::csv::difference::{Freedom, mark};

    #[test]
    fn a_layout_is_where_steps_end_and_what_may_differ() {
        let marks_of = |bytes: &[u8], freedom| {
            let mut marks = [Marks::default(); 2];
            mark(&mut marks, 0, bytes, freedom);
            marks
        };
        let (free, quoted) = (marks_of(b"abc,", Freedom::Free), marks_of(b"\"b\",", Freedom::Free));
        let mut layouts = Layouts::new(2);
        let all = [([2, 4], &free[..1]), ([3, 4], &free), ([2, 4], &quoted), ([2, 4], &free)];
        for _ in 0..2 {
            let numbers = all.map(|(ends, marks)| layouts.number(&ends, marks));
            assert_eq!(numbers, [0, 1, 2, 3]);
            for (number, (ends, marks)) in numbers.into_iter().zip(all) {
                assert_eq!((layouts.ends(number).0, layouts.marks(number)), (&ends[..], marks));
            }
        }
        layouts.forget();
        assert_eq!(layouts.number(&[3, 4], &quoted), 0);
    }
}
