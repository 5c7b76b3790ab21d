//! Texts and their numbers.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// What a text takes beside its bytes, about.
const TEXT_BYTES: usize = 24;

/// Distinct texts by their numbers; that of the empty text is 0.
///
/// The texts of a column come again in about the same order: the one that followed the last one before is tried first.
#[derive(Debug)]
pub(super) struct Texts {
    hasher: FixedState,
    index: HashTable<u32>,
    bytes: Vec<u8>,
    /// By number, where its text ends; it starts where that of the number before ends.
    ends: Vec<usize>,
    /// By number, the one that came after it last.
    followers: Vec<u32>,
    last: u32,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            hasher: FixedState::default(),
            index: HashTable::new(),
            bytes: Vec::new(),
            ends: vec![0],
            followers: vec![0],
            last: 0,
        }
    }
}

impl Texts {
    pub(super) fn number(&mut self, text: &[u8]) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let guess = self.followers.get(self.last as usize).copied().unwrap_or(0);
        if text_at(&self.bytes, &self.ends, guess) == text {
            self.last = guess;
            return guess;
        }
        let number = self.find_or_add(text);
        if let Some(follower) = self.followers.get_mut(self.last as usize) {
            *follower = number;
        }
        self.last = number;
        number
    }

    fn find_or_add(&mut self, text: &[u8]) -> u32 {
        let Self { hasher, index, bytes, ends, followers, .. } = self;
        let hash = hasher.hash_one(text);
        if let Some(number) = index.find(hash, |number| text_at(bytes, ends, *number) == text) {
            return *number;
        }
        let number = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(text);
        ends.push(bytes.len());
        followers.push(0);
        index.insert_unique(hash, number, |number| hasher.hash_one(text_at(bytes, ends, *number)));
        number
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that are kept, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() + (self.ends.len() - 1) * TEXT_BYTES
    }
}

fn text_at<'t>(bytes: &'t [u8], ends: &[usize], number: u32) -> &'t [u8] {
    let at = number as usize;
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(at).and_then(|end| bytes.get(start..*end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equal_texts_have_one_number_and_others_another(texts in prop::collection::vec("[ab]{0,3}", 0..200)) {
            let (mut numbered, mut known) = (Texts::default(), HashMap::from([(String::new(), 0)]));
            for text in texts {
                let next = u32::try_from(known.len()).unwrap();
                let wanted = *known.entry(text.clone()).or_insert(next);
                prop_assert_eq!(numbered.number(text.as_bytes()), wanted);
            }
            prop_assert_eq!(numbered.count(), known.len());
        }
    }
}
