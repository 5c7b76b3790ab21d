//! Whole files: read at once, written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Location, Result};

/// Writes one file, as [`write_files`].
///
/// # Errors
/// `output.io` naming the file.
pub(crate) fn write_file(path: &Path, bytes: Vec<u8>) -> Result<()> {
    // A device or pipe is written as it is: renaming over it would replace it.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, bytes).map_err(|cause| not_written(path, cause));
    }
    write_files(&[(path.to_owned(), bytes)])
}

/// Writes files whole: all beside their places first, then renamed, so that a full disk leaves what was there.
///
/// # Errors
/// `output.io` naming the file.
pub(crate) fn write_files(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let parts: Vec<(PathBuf, &PathBuf)> = files.iter().map(|(path, _)| (beside(path), path)).collect();
    let written = files.iter().zip(&parts).try_for_each(|((path, bytes), (part, _))| {
        let whole = fs::File::create(part).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        whole.map_err(|cause| not_written(path, cause))
    });
    let renamed = written.and_then(|()| {
        parts.iter().try_for_each(|(part, path)| fs::rename(part, path).map_err(|cause| not_written(path, cause)))
    });
    if renamed.is_err() {
        for (part, _) in &parts {
            let _ = fs::remove_file(part);
        }
    }
    renamed
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn not_written(path: &Path, cause: io::Error) -> Error {
    let location = Location::file(path.display().to_string());
    Error::new(ErrorCode::OutputIo, "a result cannot be written").with_cause(cause).at(location)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_all_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.csv"), folder.path().join("missing").join("b.csv"));
        fs::write(&first, "old").unwrap();
        let error = write_files(&[(first.clone(), b"new".to_vec()), (second.clone(), b"new".to_vec())]).unwrap_err();
        assert_eq!(error.to_string(), "a result cannot be written");
        assert_eq!(error.location().and_then(|at| at.file.clone()), Some(second.display().to_string()));
        assert_eq!(fs::read_to_string(&first).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_files(&[(first.clone(), b"new".to_vec())]).unwrap();
        assert_eq!(fs::read_to_string(&first).unwrap(), "new");
    }
}
