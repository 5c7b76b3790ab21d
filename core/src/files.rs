//! Whole files: read at once, written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Location, Result};

/// Files that are written beside their places, not yet in them: a full disk leaves what was there. Dropped, they are gone.
#[derive(Debug)]
pub(crate) struct StagedFiles {
    /// Where each was written, and its place.
    parts: Vec<(PathBuf, PathBuf)>,
}

impl StagedFiles {
    /// Writes all files beside their places.
    ///
    /// # Errors
    /// `output.io` naming the file; then none is left.
    pub(crate) fn write(files: Vec<(PathBuf, Vec<u8>)>) -> Result<Self> {
        let mut staged = Self { parts: Vec::new() };
        for (path, bytes) in files {
            // A device or pipe is written as it is: renaming over it would replace it.
            if fs::metadata(&path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
                fs::write(&path, bytes).map_err(|cause| not_written(&path, cause))?;
                continue;
            }
            let part = beside(&path);
            staged.parts.push((part.clone(), path.clone()));
            let whole =
                fs::File::create(part).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
            whole.map_err(|cause| not_written(&path, cause))?;
        }
        Ok(staged)
    }

    /// Renames all files to their places.
    ///
    /// # Errors
    /// `output.io` naming the file.
    pub(crate) fn put_in_place(self) -> Result<()> {
        self.parts.iter().try_for_each(|(part, path)| fs::rename(part, path).map_err(|cause| not_written(path, cause)))
    }
}

impl Drop for StagedFiles {
    fn drop(&mut self) {
        for (part, _) in &self.parts {
            // Renamed ones are not there any more.
            let _ = fs::remove_file(part);
        }
    }
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
        let files = vec![(first.clone(), b"new".to_vec()), (second.clone(), b"new".to_vec())];
        let error = StagedFiles::write(files).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OutputIo);
        assert_eq!(error.location().and_then(|at| at.file.clone()), Some(second.display().to_string()));
        assert_eq!(fs::read_to_string(&first).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let staged = StagedFiles::write(vec![(first.clone(), b"new".to_vec())]).unwrap();
        assert_eq!(fs::read_to_string(&first).unwrap(), "old");
        staged.put_in_place().unwrap();
        assert_eq!(fs::read_to_string(&first).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
