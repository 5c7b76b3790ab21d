//! Evidence from paths: files, directories and globs, plain or gzip (spec 2.2, 4.1).

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::{Encoding, EvidenceBuilder};
use crate::error::{Error, ErrorCode, Location, Result};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

impl EvidenceBuilder {
    /// Adds a file, every file of a directory, or every match of a glob.
    ///
    /// # Errors
    /// Those of [`evidence_files`], [`read_evidence_file`] and [`EvidenceBuilder::add`].
    pub fn add_path(&mut self, path: &str) -> Result<()> {
        for file in evidence_files(path)? {
            self.add(&file.to_string_lossy(), &read_evidence_file(&file)?)?;
        }
        Ok(())
    }

    /// Adds service maps from a file, directory or glob.
    ///
    /// # Errors
    /// Those of [`evidence_files`], [`read_evidence_file`] and [`EvidenceBuilder::add_services`].
    pub fn add_services_path(&mut self, path: &str, encoding: Encoding) -> Result<()> {
        for file in evidence_files(path)? {
            self.add_services(&file.to_string_lossy(), &read_evidence_file(&file)?, encoding)?;
        }
        Ok(())
    }
}

/// The files a path names, sorted: itself, all regular files in and below a directory whose names do not start with a
/// dot (files that Firehose delivers have no ending), or the matches of a glob.
///
/// # Errors
/// `read.no_input` where there is none, `read.io` where a directory cannot be listed.
pub fn evidence_files(path: &str) -> Result<Vec<PathBuf>> {
    let no_input = || Error::new(ErrorCode::ReadNoInput, format!("`{path}` names no file"));
    let mut files = Vec::new();
    if Path::new(path).exists() {
        collect(Path::new(path), &mut files)?;
    } else {
        let matches = glob::glob(path).map_err(|error| no_input().with_cause(error))?;
        for found in matches {
            let found = found.map_err(|error| unreadable(error.path(), ErrorKind::Other).with_cause(error))?;
            collect(&found, &mut files)?;
        }
    }
    files.sort_unstable();
    files.dedup();
    if files.is_empty() { Err(no_input()) } else { Ok(files) }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let io = |error: std::io::Error| unreadable(path, error.kind()).with_cause(error);
    if !fs::metadata(path).map_err(io)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a directory could lead back here.
        let is_link = entry.file_type().map_err(io)?.is_symlink();
        let target = fs::metadata(entry.path()).map_err(io)?;
        if target.is_file() || (target.is_dir() && !is_link) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

/// The content of a file, decompressed where it is gzip (told by its first bytes; several members are one content).
///
/// # Errors
/// `read.io` where it cannot be read, `read.truncated` where the gzip ends early, `read.bad_archive` where it is
/// damaged.
pub fn read_evidence_file(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error.kind()).with_cause(error))?;
    if !bytes.starts_with(GZIP_MAGIC) {
        return Ok(bytes);
    }
    let mut content = Vec::new();
    let inflated = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut content);
    inflated.map(|_| content).map_err(|error| {
        let (code, message) = match error.kind() {
            ErrorKind::UnexpectedEof => (ErrorCode::ReadTruncated, "the gzip file ends before its content does"),
            _ => (ErrorCode::ReadBadArchive, "the gzip file is damaged"),
        };
        Error::new(code, message).at(Location::file(path.to_string_lossy())).with_cause(error)
    })
}

fn unreadable(path: &Path, kind: ErrorKind) -> Error {
    let message = format!("`{}` cannot be read: {kind}", path.display());
    Error::new(ErrorCode::ReadIo, message).at(Location::file(path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn directories_globs_and_gzip_members_give_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("2016")).unwrap();
        fs::write(at("2016/firehose-1-2016-12-01"), [gzip("{\"a\""), gzip(":1}")].concat()).unwrap();
        fs::write(at("b.json"), "{}").unwrap();
        fs::write(at(".hidden"), "no").unwrap();
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let all = [at("2016/firehose-1-2016-12-01"), at("b.json")];
        assert_eq!(evidence_files(&text(folder.path().to_owned())).unwrap(), all);
        assert_eq!(evidence_files(&text(at("*"))).unwrap().len(), 3, "a glob may name a hidden file");
        assert_eq!(evidence_files(&text(at("*.json"))).unwrap(), [at("b.json")]);
        assert_eq!(read_evidence_file(&all[0]).unwrap(), b"{\"a\":1}");
        assert_eq!(evidence_files(&text(at("*.csv"))).unwrap_err().code(), ErrorCode::ReadNoInput);
        assert_eq!(read_evidence_file(&at("none")).unwrap_err().code(), ErrorCode::ReadIo);
    }

    #[test]
    fn a_gzip_that_is_cut_or_damaged_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.gz");
        let mut bytes = gzip(&"{\"detail-type\":\"x\"}\n".repeat(100));
        fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        assert_eq!(read_evidence_file(&path).unwrap_err().code(), ErrorCode::ReadTruncated);
        let last = bytes.len() - 6;
        bytes[last] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read_evidence_file(&path).unwrap_err().code(), ErrorCode::ReadBadArchive);
        let error = EvidenceBuilder::new().add_path(&path.to_string_lossy()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReadBadArchive);
    }
}
