//! The identity of a file (spec 2.6), found by all threads that read parts of it together.

use std::fs::File;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::bill::InputDigest;
use crate::error::Result;
use crate::read::blocks::{BLOCK_BYTES, Content};
use crate::read::progress::Watch;
use crate::read::source::positioned::read_whole_at;

/// The hashes of a file's blocks as far as they are known.
pub(super) struct SharedIdentity {
    length: u64,
    hashes: Mutex<Hashes>,
    /// Told when no block is awaited any more.
    is_complete: Condvar,
}

#[derive(Default)]
struct Hashes {
    /// By number of the block.
    blocks: Vec<Option<u128>>,
    /// The first block that no thread took.
    next: usize,
    /// Blocks that threads are reading.
    awaited: usize,
}

impl SharedIdentity {
    /// That of a file of so many bytes.
    pub(super) fn of(length: u64) -> Self {
        let blocks = usize::try_from(length.div_ceil(BLOCK_BYTES as u64)).unwrap_or(usize::MAX);
        let hashes = Hashes { blocks: vec![None; blocks], ..Hashes::default() };
        Self { length, hashes: Mutex::new(hashes), is_complete: Condvar::new() }
    }

    /// The identity; this thread reads the blocks that no other one took.
    ///
    /// # Errors
    /// `read.io`, `read.cancelled`.
    pub(super) fn digest(&self, file: &File, watch: Watch<'_>) -> Result<InputDigest> {
        let mut block = Vec::new();
        loop {
            watch.check()?;
            let Some(number) = self.take() else { break };
            let read = self.hash(file, number, &mut block);
            self.put(number, read.as_ref().ok().copied());
            read?;
        }
        let is_awaited = |hashes: &mut Hashes| hashes.awaited > 0;
        let known = self.is_complete.wait_while(self.hashes(), is_awaited).unwrap_or_else(PoisonError::into_inner);
        let known = known.blocks.clone();
        let mut hashes = Vec::with_capacity(known.len());
        for (number, hash) in known.into_iter().enumerate() {
            // What another thread could not read, this one tries, and says why.
            hashes.push(hash.map_or_else(|| self.hash(file, number, &mut block), Ok)?);
        }
        Ok(Content::of_blocks(self.length, hashes.into_iter()).digest())
    }

    fn take(&self) -> Option<usize> {
        let mut hashes = self.hashes();
        let number = hashes.next;
        if number >= hashes.blocks.len() {
            return None;
        }
        hashes.next += 1;
        hashes.awaited += 1;
        Some(number)
    }

    fn put(&self, number: usize, hash: Option<u128>) {
        let mut hashes = self.hashes();
        if let Some(block) = hashes.blocks.get_mut(number) {
            *block = hash;
        }
        hashes.awaited -= 1;
        if hashes.awaited == 0 {
            self.is_complete.notify_all();
        }
    }

    fn hash(&self, file: &File, number: usize, block: &mut Vec<u8>) -> Result<u128> {
        let from = (number * BLOCK_BYTES) as u64;
        let length = (BLOCK_BYTES as u64).min(self.length.saturating_sub(from));
        block.resize(usize::try_from(length).unwrap_or(BLOCK_BYTES), 0);
        read_whole_at(file, block, from)?;
        Ok(Content::hash_of(block))
    }

    fn hashes(&self) -> MutexGuard<'_, Hashes> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::error::ErrorCode;
    use crate::read::progress::Progress;

    fn file_of(length: usize) -> (File, InputDigest) {
        let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut content = Content::default();
        bytes.chunks(BLOCK_BYTES).for_each(|block| content.add(block));
        (file, content.digest())
    }

    #[test]
    fn threads_find_together_what_one_finds_alone() {
        for length in [0, 1, BLOCK_BYTES, BLOCK_BYTES * 3 + 5] {
            let (file, wanted) = file_of(length);
            let (identity, progress) = (SharedIdentity::of(length as u64), Progress::default());
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| assert_eq!(identity.digest(&file, Watch::alone(&progress)).unwrap(), wanted));
                }
            });
            assert_eq!(identity.digest(&file, Watch::alone(&progress)).unwrap(), wanted);
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error_for_every_thread() {
        let (file, _) = file_of(BLOCK_BYTES * 2);
        let (identity, progress) = (SharedIdentity::of(BLOCK_BYTES as u64 * 2 + 1), Progress::default());
        for _ in 0..3 {
            let error = identity.digest(&file, Watch::alone(&progress)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ReadIo);
        }
    }
}
