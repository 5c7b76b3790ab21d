//! Whole files: read at once, written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, ErrorCode, Location, Result};

/// Writes a file whole: beside its place first, then renamed, so that a full disk leaves what was there.
///
/// # Errors
/// `output.io` naming the file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |cause: io::Error| {
        let location = Location::file(path.display().to_string());
        Error::new(ErrorCode::OutputIo, "a result cannot be written").with_cause(cause).at(location)
    };
    // A device or pipe is written as it is: renaming over it would replace it.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, bytes).map_err(failed);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let whole = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    whole.map_err(|cause| {
        let _ = fs::remove_file(&beside);
        failed(cause)
    })
}

/// Reads a small text file whole.
///
/// # Errors
/// `read.io` naming the file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|cause| {
        let location = Location::file(path.display().to_string());
        Error::new(ErrorCode::ReadIo, "the file cannot be read").with_cause(cause).at(location)
    })
}
