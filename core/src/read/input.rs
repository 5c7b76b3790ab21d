//! What a scan reads: paths and streams, and finding them (spec 2.2).

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Location, Result};

/// One file or stream, plain or compressed; its content says which.
pub struct Input {
    pub(super) name: String,
    pub(super) source: Source,
}

pub(super) enum Source {
    Path(PathBuf),
    Stream(Box<dyn Read + Send>),
}

impl Input {
    /// A file. Its path stands in locations and may name the billing period.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: path.to_string_lossy().into_owned(), source: Source::Path(path) }
    }

    /// A stream of bytes. Its name stands in locations and may name the billing period.
    #[must_use]
    pub fn stream(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), source: Source::Stream(Box::new(reader)) }
    }

    /// The name that stands in locations.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes as stored; `None` for a stream, or where the file cannot be looked at.
    pub(super) fn stored_bytes(&self) -> Option<u64> {
        match &self.source {
            Source::Path(path) => fs::metadata(path).ok().map(|file| file.len()),
            Source::Stream(_) => None,
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.source {
            Source::Path(_) => "path",
            Source::Stream(_) => "stream",
        };
        f.debug_struct("Input").field("name", &self.name).field("source", &kind).finish_non_exhaustive()
    }
}

/// Names of files that are taken from a directory. A file named itself or by a glob may have any name.
const BILL_SUFFIXES: [&str; 3] = [".csv", ".gz", ".zip"];

/// The inputs that files, directories (with all below them) and globs name, sorted by path.
///
/// A file that several patterns name is several inputs: the scan refuses the same file twice (spec 2.6).
///
/// # Errors
/// `read.no_input` where a pattern names no file, `read.io` where a directory cannot be read.
pub fn find_inputs(patterns: &[String]) -> Result<Vec<Input>> {
    let mut files = Vec::new();
    for pattern in patterns {
        let named = files_of(pattern)?;
        if named.is_empty() {
            let message = format!("`{pattern}` names no file, directory or glob with a bill");
            return Err(Error::new(ErrorCode::ReadNoInput, message).at(Location::file(pattern)));
        }
        files.extend(named);
    }
    if files.is_empty() {
        return Err(Error::new(ErrorCode::ReadNoInput, "no input was named"));
    }
    files.sort_unstable();
    Ok(files.into_iter().map(Input::path).collect())
}

fn files_of(pattern: &str) -> Result<Vec<PathBuf>> {
    let path = Path::new(pattern);
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    if path.exists() {
        add(path, true, &mut files, &mut seen)?;
        return Ok(files);
    }
    // A text that is no glob either names nothing.
    for matched in glob::glob(pattern).into_iter().flatten() {
        let matched = matched.map_err(|cause| {
            let path = cause.path().to_path_buf();
            unreadable(&path, cause.into())
        })?;
        add(&matched, true, &mut files, &mut seen)?;
    }
    Ok(files)
}

/// Adds a file, or all bills below a directory; a directory reached twice, as through a link to its parent, once.
fn add(path: &Path, is_named: bool, files: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        if is_named || is_bill_name(path) {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    if !seen.insert(fs::canonicalize(path).map_err(|cause| unreadable(path, cause))?) {
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|cause| unreadable(path, cause))?;
    let mut below = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(|cause| unreadable(path, cause))?;
    below.sort_unstable();
    below.iter().try_for_each(|path| add(path, false, files, seen))
}

/// Names that start with `._` are what macOS keeps beside a file.
fn is_bill_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    BILL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) && !name.starts_with("._")
}

fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    let name = path.to_string_lossy();
    Error::new(ErrorCode::ReadIo, format!("`{name}` cannot be read")).with_cause(cause).at(Location::file(name))
}
