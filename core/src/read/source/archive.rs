//! Content of any kind → the tables inside, told by its first bytes (spec 2.1, 2.4): CSV, plain, compressed or archived,
//! Parquet and Arrow IPC.
//!
//! A zip is read through its central directory, which alone says what belongs to it and whether it is complete. A zip
//! that comes as a stream is therefore first written to an anonymous temporary file: its entries usually have their
//! sizes only behind their data, and memory stays bounded. So is a Parquet or Arrow file, whose
//! parts are listed at its end.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, ErrorCode, Result};
use crate::read::blocks::source_failed;
#[cfg(feature = "batches")]
use crate::read::columnar::ipc;
#[cfg(feature = "parquet")]
use crate::read::columnar::parquet::ParquetPart;
#[cfg(feature = "batches")]
use crate::read::columnar::{Batches, Given, given_failed};
use crate::read::progress::Watch;
use crate::read::source::input::Source;

const GZIP: &[u8] = b"\x1f\x8b";
#[cfg(feature = "zstd")]
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// Also how a Parquet file ends.
pub(in crate::read) const PARQUET: &[u8] = b"PAR1";
const ZIP: &[u8] = b"PK\x03\x04";
const ZIP_WITHOUT_ENTRIES: &[u8] = b"PK\x05\x06";
const ZIP_IN_PARTS: &[u8] = b"PK\x07\x08";

/// Bytes asked of a compressed source at once.
pub(in crate::read) const SOURCE_BYTES: usize = 1 << 17;

/// One table of an input.
pub(in crate::read) struct Table<'t> {
    /// Name of the entry in its archive.
    pub(in crate::read) entry: Option<&'t str>,
    pub(in crate::read) content: TableContent<'t>,
}

/// What the rows of a table come from.
pub(in crate::read) enum TableContent<'t> {
    Csv(CsvBytes<'t>),
    #[cfg(feature = "batches")]
    Batches(&'t mut (dyn Batches + Send)),
}

/// The bytes of a CSV.
pub(in crate::read) struct CsvBytes<'t> {
    pub(in crate::read) reader: &'t mut (dyn Read + Send),
    /// What a failure of the reader means.
    pub(in crate::read) explain: fn(io::Error) -> Error,
    pub(in crate::read) is_compressed: bool,
}

impl<'t> Table<'t> {
    fn csv(
        entry: Option<&'t str>,
        reader: &'t mut (dyn Read + Send),
        explain: fn(io::Error) -> Error,
        is_compressed: bool,
    ) -> Self {
        Self { entry, content: TableContent::Csv(CsvBytes { reader, explain, is_compressed }) }
    }

    #[cfg(feature = "batches")]
    fn batches(batches: &'t mut (dyn Batches + Send)) -> Self {
        Self { entry: None, content: TableContent::Batches(batches) }
    }
}

/// Calls `visit` with each table of an input: a file is one, a zip has any number, visited by name.
///
/// # Errors
/// `read.io`, `read.truncated`, `read.bad_archive`, `read.no_input` for a zip without CSV, `read.unknown_dialect` for
/// Parquet without the feature; those of `visit`.
pub(in crate::read) fn visit_tables(
    source: Source,
    watch: Watch<'_>,
    visit: impl FnMut(Table<'_>) -> Result<()>,
) -> Result<()> {
    match source {
        Source::Path(path) => {
            let file = File::open(path).map_err(source_failed)?;
            let metadata = file.metadata().map_err(source_failed)?;
            if !metadata.is_file() {
                // A pipe has a name and no places to go back to.
                return visit_tables(Source::Stream(Box::new(file)), watch, visit);
            }
            let left = metadata.len();
            let mut file = Counted { inner: file, watch, left };
            let (head, _) = head_of(&mut file)?;
            file.seek(SeekFrom::Start(0)).map_err(source_failed)?;
            if is_zip(&head) {
                visit_zip(&mut file, visit)?;
            } else if head.starts_with(PARQUET) {
                return visit_parquet(file.inner, file.left, visit);
            } else if is_arrow_file(&head) {
                visit_arrow_file(&mut file, visit)?;
            } else {
                visit_one(&head, &mut file, visit)?;
            }
            watch.progress.add_bytes(file.left);
            Ok(())
        }
        Source::Stream(stream) => {
            let mut stream = Counted { inner: stream, watch, left: u64::MAX };
            let (head, read) = head_of(&mut stream)?;
            let mut whole = Cursor::new(head).take(read).chain(stream);
            if is_zip(&head) {
                visit_zip(&mut Counted { inner: spooled(&mut whole)?, watch, left: 0 }, visit)
            } else if head.starts_with(PARQUET) {
                visit_parquet(spooled(&mut whole)?, 0, visit)
            } else if is_arrow_file(&head) {
                visit_arrow_file(&mut Counted { inner: spooled(&mut whole)?, watch, left: 0 }, visit)
            } else {
                visit_one(&head, &mut whole, visit)
            }
        }
        #[cfg(feature = "batches")]
        Source::Batches(reader) => visit_batches(&mut Given { reader, explain: given_failed }, visit),
        #[cfg(feature = "parquet")]
        Source::ParquetPart(mut part) => visit_batches(part.as_mut(), visit),
    }
}

#[cfg(feature = "batches")]
fn visit_batches(batches: &mut (dyn Batches + Send), mut visit: impl FnMut(Table<'_>) -> Result<()>) -> Result<()> {
    visit(Table::batches(batches))
}

/// Whether a file is no archive, is not compressed and no Parquet or Arrow file: a CSV as it is, or no bill.
pub(in crate::read) fn is_plain(path: &Path) -> bool {
    // Looking at a pipe would take its first bytes away.
    if !path.is_file() {
        return false;
    }
    let head = File::open(path).map_err(source_failed).and_then(|mut file| head_of(&mut file));
    let magics = [GZIP, b"\x28\xb5\x2f\xfd", PARQUET, b"ARROW1", b"\xff\xff\xff\xff"];
    head.is_ok_and(|(head, _)| !is_zip(&head) && !magics.iter().any(|magic| head.starts_with(magic)))
}

/// A stream in an anonymous temporary file, from its start.
fn spooled(stream: &mut impl Read) -> Result<File> {
    let mut file = tempfile::tempfile().map_err(source_failed)?;
    io::copy(stream, &mut file).map_err(source_failed)?;
    file.seek(SeekFrom::Start(0)).map_err(source_failed)?;
    Ok(file)
}

/// The first bytes of a content, zeros where it is shorter, and how many it has.
fn head_of(reader: &mut impl Read) -> Result<([u8; 8], u64)> {
    let mut head = [0; 8];
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
    [ZIP, ZIP_WITHOUT_ENTRIES, ZIP_IN_PARTS].iter().any(|magic| head.starts_with(magic))
}

fn visit_one(
    head: &[u8],
    reader: &mut (impl Read + Send),
    mut visit: impl FnMut(Table<'_>) -> Result<()>,
) -> Result<()> {
    if head.starts_with(GZIP) {
        let mut gzip = MultiGzDecoder::new(BufReader::with_capacity(SOURCE_BYTES, reader));
        return visit(Table::csv(None, &mut gzip, decoding_failed, true));
    }
    #[cfg(feature = "zstd")]
    if head.starts_with(ZSTD) {
        let buffered = BufReader::with_capacity(SOURCE_BYTES, reader);
        let mut zstd = zstd::Decoder::with_buffer(buffered).map_err(decoding_failed)?;
        return visit(Table::csv(None, &mut zstd, decoding_failed, true));
    }
    #[cfg(feature = "batches")]
    if head.starts_with(ipc::STREAM) {
        let mut batches = ipc::open_stream(reader, source_failed)?;
        return visit(Table::batches(&mut batches));
    }
    visit(Table::csv(None, reader, source_failed, false))
}

#[cfg(feature = "batches")]
fn is_arrow_file(head: &[u8]) -> bool {
    head.starts_with(ipc::FILE)
}

#[cfg(not(feature = "batches"))]
fn is_arrow_file(_: &[u8]) -> bool {
    false
}

#[cfg(feature = "batches")]
fn visit_arrow_file(
    file: &mut (impl Read + Seek + Send),
    mut visit: impl FnMut(Table<'_>) -> Result<()>,
) -> Result<()> {
    visit(Table::batches(&mut ipc::open_file(file)?))
}

#[cfg(not(feature = "batches"))]
fn visit_arrow_file(_: &mut impl Read, _: impl FnMut(Table<'_>) -> Result<()>) -> Result<()> {
    Ok(())
}

#[cfg(feature = "parquet")]
fn visit_parquet(file: File, uncounted: u64, mut visit: impl FnMut(Table<'_>) -> Result<()>) -> Result<()> {
    visit(Table::batches(&mut ParquetPart::whole(file, uncounted)?))
}

#[cfg(not(feature = "parquet"))]
fn visit_parquet(_: File, _: u64, _: impl FnMut(Table<'_>) -> Result<()>) -> Result<()> {
    let message = "it is a Parquet file, which is read with the feature `parquet`";
    Err(Error::new(ErrorCode::ReadUnknownDialect, message))
}

/// The parts of a Parquet file that threads may read at once; `None` where the file is none.
///
/// # Errors
/// `read.io`, `read.truncated`, `read.bad_archive`.
#[cfg(feature = "parquet")]
pub(in crate::read) fn parquet_parts(path: &std::path::Path) -> Result<Option<Vec<ParquetPart>>> {
    if !path.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(source_failed)?;
    let (head, _) = head_of(&mut file)?;
    if head.starts_with(PARQUET) { ParquetPart::of_file(file).map(Some) } else { Ok(None) }
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
        visit(Table::csv(Some(&name), &mut entry, decoding_failed, true))?;
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
pub(in crate::read) struct Counted<'p, R> {
    inner: R,
    watch: Watch<'p>,
    left: u64,
}

impl<'p, R> Counted<'p, R> {
    pub(in crate::read) fn new(inner: R, watch: Watch<'p>, left: u64) -> Self {
        Self { inner, watch, left }
    }
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
