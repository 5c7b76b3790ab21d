//! Compressed and archived content → the CSVs inside, told by its first bytes (spec 2.1, 2.4).
//!
//! A zip is read through its central directory, which alone says what belongs to it and whether it is complete. A zip
//! that comes as a stream is therefore first written to an anonymous temporary file: its entries usually have their
//! sizes only behind their data, and memory stays bounded.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::input::Source;
use super::progress::Watch;
use super::rows::source_failed;
use crate::error::{Error, ErrorCode, Result};

const GZIP: &[u8] = b"\x1f\x8b";
const ZIP: &[u8] = b"PK\x03\x04";
const ZIP_WITHOUT_ENTRIES: &[u8] = b"PK\x05\x06";
const ZIP_IN_PARTS: &[u8] = b"PK\x07\x08";

/// Bytes asked of a compressed source at once.
const SOURCE_BYTES: usize = 1 << 17;

/// One CSV of an input.
pub(super) struct Table<'t> {
    /// Name of the entry in its archive.
    pub(super) entry: Option<&'t str>,
    pub(super) reader: &'t mut (dyn Read + Send),
    /// What a failure of the reader means.
    pub(super) explain: fn(io::Error) -> Error,
    pub(super) is_compressed: bool,
}

/// Calls `visit` with each CSV of an input: a plain or gzip file is one, a zip has any number, visited by name.
///
/// # Errors
/// `read.io`, `read.truncated`, `read.bad_archive`, `read.no_input` for a zip without CSV; those of `visit`.
pub(super) fn visit_tables(source: Source, watch: Watch<'_>, visit: impl FnMut(Table<'_>) -> Result<()>) -> Result<()> {
    match source {
        Source::Path(path) => {
            let file = File::open(path).map_err(source_failed)?;
            let left = file.metadata().map_err(source_failed)?.len();
            let mut file = Counted { inner: file, watch, left };
            let (head, _) = head_of(&mut file)?;
            file.seek(SeekFrom::Start(0)).map_err(source_failed)?;
            if is_zip(&head) { visit_zip(&mut file, visit) } else { visit_one(&head, &mut file, visit) }?;
            watch.progress.add_bytes(file.left);
            Ok(())
        }
        Source::Stream(stream) => {
            let mut stream = Counted { inner: stream, watch, left: u64::MAX };
            let (head, read) = head_of(&mut stream)?;
            let mut whole = Cursor::new(head).take(read).chain(stream);
            if !is_zip(&head) {
                return visit_one(&head, &mut whole, visit);
            }
            let mut file = tempfile::tempfile().map_err(source_failed)?;
            io::copy(&mut whole, &mut file).map_err(source_failed)?;
            file.seek(SeekFrom::Start(0)).map_err(source_failed)?;
            visit_zip(&mut Counted { inner: file, watch, left: 0 }, visit)
        }
    }
}

/// The first bytes of a content, zeros where it is shorter, and how many it has.
fn head_of(reader: &mut impl Read) -> Result<([u8; 4], u64)> {
    let mut head = [0; 4];
    let mut filled = 0;
    loop {
        match reader.read(head.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return Ok((head, u64::try_from(filled).unwrap_or_default())),
            Ok(read) => filled += read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(source_failed(cause)),
        }
    }
}

fn is_zip(head: &[u8]) -> bool {
    [ZIP, ZIP_WITHOUT_ENTRIES, ZIP_IN_PARTS].contains(&head)
}

fn visit_one(
    head: &[u8],
    reader: &mut (impl Read + Send),
    mut visit: impl FnMut(Table<'_>) -> Result<()>,
) -> Result<()> {
    if !head.starts_with(GZIP) {
        return visit(Table { entry: None, reader, explain: source_failed, is_compressed: false });
    }
    let mut gzip = MultiGzDecoder::new(BufReader::with_capacity(SOURCE_BYTES, reader));
    visit(Table { entry: None, reader: &mut gzip, explain: decoding_failed, is_compressed: true })
}

fn visit_zip(file: &mut (impl Read + Seek + Send), mut visit: impl FnMut(Table<'_>) -> Result<()>) -> Result<()> {
    if !has_end_record(file)? {
        return Err(truncated());
    }
    let mut archive = ZipArchive::new(file).map_err(zip_failed)?;
    if archive.has_duplicate_names() {
        return Err(Error::new(ErrorCode::ReadBadArchive, "the archive has two entries of the same name"));
    }
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).transpose().map_err(zip_failed)?.unwrap_or_default();
        if is_csv_entry(&name) {
            entries.push((name.into_owned(), index));
        }
    }
    if entries.is_empty() {
        return Err(Error::new(ErrorCode::ReadNoInput, "the archive has no entry whose name ends in `.csv`"));
    }
    entries.sort_unstable();
    for (name, index) in entries {
        let mut entry = archive.by_index(index).map_err(zip_failed)?;
        visit(Table { entry: Some(&name), reader: &mut entry, explain: decoding_failed, is_compressed: true })?;
    }
    Ok(())
}

/// Directories, notes and what macOS adds are no bills.
fn is_csv_entry(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_csv = file.get(file.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".csv"));
    is_csv && !file.starts_with("._") && !name.starts_with("__MACOSX/")
}

/// Whether a complete end-of-central-directory record stands where it may stand: at most a comment before the end.
fn has_end_record(file: &mut (impl Read + Seek)) -> Result<bool> {
    const RECORD: u64 = 22;
    let length = file.seek(SeekFrom::End(0)).map_err(source_failed)?;
    let tail = length.min(RECORD + u64::from(u16::MAX));
    file.seek(SeekFrom::Start(length - tail)).map_err(source_failed)?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes).map_err(source_failed)?;
    Ok(bytes.windows(22).any(|record| record.starts_with(ZIP_WITHOUT_ENTRIES)))
}

fn truncated() -> Error {
    Error::new(ErrorCode::ReadTruncated, "the compressed content ends before it is complete")
}

fn bad_archive(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorCode::ReadBadArchive, "the compressed content is damaged or of a kind that is not read")
        .with_cause(cause)
}

fn zip_failed(cause: ZipError) -> Error {
    match cause {
        ZipError::Io(cause) => decoding_failed(cause),
        cause => bad_archive(cause),
    }
}

/// Failures of the source pass through a decoder as this crate's errors; all others are the decoder's own.
fn decoding_failed(cause: io::Error) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => error,
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => truncated().with_cause(cause),
        Err(cause) => bad_archive(cause),
    }
}

/// A source that counts what is read as progress, at most `left` bytes, and stops when the scan does.
struct Counted<'p, R> {
    inner: R,
    watch: Watch<'p>,
    left: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.watch.check().map_err(io::Error::other)?;
        let read = match self.inner.read(buffer) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => return Err(cause),
            result => result.map_err(|cause| io::Error::other(source_failed(cause)))?,
        };
        let counted = u64::try_from(read).unwrap_or(u64::MAX).min(self.left);
        self.left -= counted;
        self.watch.progress.add_bytes(counted);
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
