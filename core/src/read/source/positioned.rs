//! Reading a file by position, so that threads can share it.

use std::fs::File;
use std::io;

use crate::error::{Error, ErrorCode, Result};
use crate::read::blocks::source_failed;

/// Reads what fits the buffer from a position; 0 at the end.
#[cfg(unix)]
pub(in crate::read) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

/// Reads what fits the buffer from a position; 0 at the end.
#[cfg(windows)]
pub(in crate::read) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}

/// Appends the bytes from `from` to `to`.
///
/// # Errors
/// `read.io`, also where the file has become shorter.
pub(in crate::read) fn append(file: &File, bytes: &mut Vec<u8>, from: u64, to: u64) -> Result<()> {
    let filled = bytes.len();
    let more = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    bytes.resize(filled.saturating_add(more), 0);
    fill(file, bytes.get_mut(filled..).unwrap_or_default(), from)
}

/// Fills the buffer with the bytes from `from` on.
///
/// # Errors
/// As [`append`].
pub(in crate::read) fn fill(file: &File, mut buffer: &mut [u8], mut from: u64) -> Result<()> {
    while !buffer.is_empty() {
        match read_at(file, buffer, from) {
            Ok(0) => return Err(Error::new(ErrorCode::ReadIo, "the file became shorter while it was read")),
            Ok(read) => {
                buffer = buffer.get_mut(read..).unwrap_or_default();
                from += u64::try_from(read).unwrap_or(0);
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(source_failed(cause)),
        }
    }
    Ok(())
}
