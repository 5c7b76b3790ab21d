//! Standard output, standard error and files that are whole or absent.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::error::{Error, ErrorCode, Location, Result};

/// Where a command speaks.
#[derive(Debug)]
pub(super) struct Console {
    out: io::Stdout,
    err: io::Stderr,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { out: io::stdout(), err: io::stderr() }
    }

    /// Whether a progress bar would be seen.
    pub(super) fn shows_progress(&self) -> bool {
        self.err.is_terminal()
    }

    /// Writes a result to standard output.
    ///
    /// # Errors
    /// `output.io` where standard output is closed or full.
    pub(super) fn print(&mut self, text: &str) -> Result<()> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|cause| Error::new(ErrorCode::OutputIo, "standard output cannot be written").with_cause(cause))
    }

    /// Writes findings to standard error. What cannot be shown there cannot be shown anywhere.
    pub(super) fn show_diagnostics(&mut self, found: &[Diagnostic]) {
        for diagnostic in found {
            let severity = match diagnostic.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
            };
            let times = if diagnostic.count == 1 { String::new() } else { format!(" ({} times)", diagnostic.count) };
            let place = diagnostic.location.as_ref().map(|at| format!(" [{at}]")).unwrap_or_default();
            let line = format!("{severity}: {}: {}{times}{place}\n", diagnostic.code, diagnostic.message);
            self.show(&line);
        }
    }

    pub(super) fn show_error(&mut self, error: &Error) {
        self.show(&format!("error: {}\n", error.report()));
    }

    pub(super) fn show(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
    }
}

/// Help and version go to standard output and are fine; anything else is wrong usage. Returns the exit status.
pub(super) fn show_usage(help: &clap::Error) -> u8 {
    // What cannot be shown there cannot be shown anywhere.
    let _ = help.print();
    if help.use_stderr() { 2 } else { 0 }
}

/// Writes files whole: all beside their places first, then renamed, so that a full disk leaves what was there.
///
/// # Errors
/// `output.io` naming the file.
pub(super) fn write_files(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
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
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
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
