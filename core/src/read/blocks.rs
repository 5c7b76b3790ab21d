//! Content block by block, and its identity (spec 2.6).

use std::io::{self, Read};

use twox_hash::XxHash3_128;

use crate::bill::InputDigest;
use crate::error::{Error, ErrorCode, Result};

/// Bytes of a block: what is read, hashed and handed between threads at once. Part of the file identity (spec 2.6).
/// A block and what is known of it lie in a core's second cache, so that only its first reading waits for memory.
pub(super) const BLOCK_BYTES: usize = 1 << 18;

/// Where content comes from, block by block.
pub(super) trait Blocks {
    /// Replaces the content of `block` by the next [`BLOCK_BYTES`]; fewer only at the end, none after it.
    fn next_block(&mut self, block: &mut Vec<u8>) -> Result<()>;
}

impl<B: Blocks + ?Sized> Blocks for &mut B {
    fn next_block(&mut self, block: &mut Vec<u8>) -> Result<()> {
        (**self).next_block(block)
    }
}

/// Blocks of a reader.
pub(super) struct FromReader<R> {
    reader: R,
    explain: fn(io::Error) -> Error,
    ended: bool,
}

impl<R: Read> FromReader<R> {
    /// Content that is stored as it is read: every failure is one of the source.
    pub(super) fn plain(reader: R) -> Self {
        Self::new(reader, source_failed)
    }

    pub(super) fn new(reader: R, explain: fn(io::Error) -> Error) -> Self {
        Self { reader, explain, ended: false }
    }
}

/// The error of a source that cannot be read; an error of this crate that passed through `io` stays itself.
pub(super) fn source_failed(cause: io::Error) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => error,
        Err(cause) => Error::new(ErrorCode::ReadIo, "the input cannot be read").with_cause(cause),
    }
}

impl<R: Read> Blocks for FromReader<R> {
    fn next_block(&mut self, block: &mut Vec<u8>) -> Result<()> {
        block.resize(BLOCK_BYTES, 0);
        let mut filled = 0;
        while !self.ended && filled < BLOCK_BYTES {
            match self.reader.read(block.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(read) => filled += read,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err((self.explain)(cause)),
            }
        }
        block.truncate(filled);
        Ok(())
    }
}

/// Size and hash of content, block by block.
#[derive(Default)]
pub(super) struct Content {
    bytes: u64,
    block_hashes: XxHash3_128,
}

impl Content {
    pub(super) fn add(&mut self, block: &[u8]) {
        if !block.is_empty() {
            self.bytes += u64::try_from(block.len()).unwrap_or(u64::MAX);
            self.block_hashes.write(&Self::hash_of(block).to_le_bytes());
        }
    }

    /// Content of so many bytes whose blocks have these hashes.
    #[cfg(feature = "fs")]
    pub(super) fn of_blocks(bytes: u64, hashes: impl Iterator<Item = u128>) -> Self {
        let mut block_hashes = XxHash3_128::default();
        hashes.for_each(|hash| block_hashes.write(&hash.to_le_bytes()));
        Self { bytes, block_hashes }
    }

    /// The hash of a block.
    pub(super) fn hash_of(block: &[u8]) -> u128 {
        XxHash3_128::oneshot(block)
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn digest(&self) -> InputDigest {
        InputDigest { bytes: self.bytes, hash: format!("{:032x}", self.block_hashes.finish_128()) }
    }
}
