//! Evidence from paths: files, directories and globs, plain or gzip (spec 2.2, 4.1).

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use flate2::read::MultiGzDecoder;

use super::event::Place;
use super::json::is_json;
use super::plain_rows::PlainRows;
use super::tables::Header;
use super::{Encoding, EvidenceBuilder};
use crate::error::{Error, ErrorCode, Location, Result};

/// How much of a file is held while its events are read.
const BLOCK: usize = 8 << 20;

/// How much of a file a thread reads at once where several do: what stays in its cache.
const PART: usize = 1 << 18;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

impl EvidenceBuilder {
    /// Adds a file, every file of a directory, or every match of a glob.
    ///
    /// # Errors
    /// Those of [`evidence_files`], [`read_evidence_file`] and [`EvidenceBuilder::add`].
    pub fn add_path(&mut self, path: &str) -> Result<()> {
        for file in evidence_files(path)? {
            self.add_file(&file, BLOCK)?;
        }
        Ok(())
    }

    /// Adds a file, in blocks where it is a sequence of JSON objects: months of events need not fit into memory.
    fn add_file(&mut self, path: &Path, block_size: usize) -> Result<()> {
        let name = path.to_string_lossy();
        if let Some(lines) = Lines::open(path, &name, block_size.min(PART))
            && let Some(events) = lines.read()
        {
            self.merge(events);
            return Ok(());
        }
        let mut content = open(path)?;
        let mut block = Vec::new();
        let mut place = Place::new(&name);
        loop {
            // Twice as much each time where one object fills the block, so that it is not read over and over.
            let wanted = block_size.max(block.len());
            let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
            let read = (&mut content).take(limit).read_to_end(&mut block).map_err(|error| unreadable(path, error))?;
            let is_last = read < wanted;
            let is_sequence = block.trim_ascii_start().starts_with(b"{");
            if !is_sequence && place.before.bytes == 0 {
                content.read_to_end(&mut block).map_err(|error| unreadable(path, error))?;
                return self.add(&name, &block);
            }
            let used = self.add_block(&block, is_last, &mut place)?;
            if is_last {
                return Ok(());
            }
            block.drain(..used);
        }
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

/// A large file of JSON lines, or a table without quotes, that threads read together, a part each.
///
/// Where a part is not what was expected, or has an error, nothing is taken of the file: it is read again from its
/// start, because only so is known which event is the first with an error, and what number it has.
struct Lines<'p> {
    path: &'p Path,
    name: &'p str,
    length: u64,
    part: u64,
    /// The header of a table with its length.
    table: Option<(Header, usize)>,
    next: AtomicU64,
    is_refused: AtomicBool,
}

impl<'p> Lines<'p> {
    /// Smaller files are read by one thread.
    const PARTS_MIN: u64 = 3;
    /// A table with a longer header is read by one thread too.
    const FIRST_LINE_MAX: u64 = 1 << 16;

    /// `None` where the file is small, or neither a plain sequence of objects nor a plain table.
    fn open(path: &'p Path, name: &'p str, block_size: usize) -> Option<Self> {
        let (file, part) = (File::open(path).ok()?, u64::try_from(block_size).ok()?.max(1));
        let length = file.metadata().ok().filter(fs::Metadata::is_file)?.len();
        if length <= part.saturating_mul(Self::PARTS_MIN) {
            return None;
        }
        let mut first = Vec::new();
        BufReader::new(file).take(Self::FIRST_LINE_MAX).read_until(b'\n', &mut first).ok()?;
        let table = if first.starts_with(b"{") {
            None
        } else {
            let is_table = first.ends_with(b"\n") && !is_json(name, &first);
            let header = Header::of_plain(&first).filter(|_| is_table)?;
            Some((header, first.len()))
        };
        let (next, is_refused) = (AtomicU64::new(0), AtomicBool::new(false));
        Some(Self { path, name, length, part, table, next, is_refused })
    }

    /// All events of the file.
    fn read(&self) -> Option<EvidenceBuilder> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let builders: Vec<Option<EvidenceBuilder>> = thread::scope(|scope| {
            let readers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.read_parts())).collect();
            readers.into_iter().map(|reader| reader.join().ok().flatten()).collect()
        });
        builders.into_iter().reduce(|all, next| {
            let mut all = all?;
            all.merge(next?);
            Some(all)
        })?
    }

    fn read_parts(&self) -> Option<EvidenceBuilder> {
        let mut events = EvidenceBuilder::new();
        let mut content = BufReader::new(File::open(self.path).ok()?);
        let mut part = Vec::new();
        let mut rows = self.table.as_ref().map(|(header, _)| PlainRows::new(header));
        loop {
            let start = self.next.fetch_add(self.part, Ordering::Relaxed);
            if start >= self.length {
                return Some(events);
            }
            let is_read = self.lines_from(start, &mut content, &mut part).is_some_and(|lines| {
                let is_read = match &mut rows {
                    None => events.add_block(lines, true, &mut Place::new(self.name)).is_ok(),
                    Some(rows) => rows.add(&mut events, lines).is_some(),
                };
                is_read && !self.is_refused.load(Ordering::Relaxed)
            });
            if !is_read {
                self.is_refused.store(true, Ordering::Relaxed);
                return None;
            }
        }
    }

    /// The lines that start in a part: of what is before it, only the end of a line is looked for.
    fn lines_from<'b>(&self, start: u64, content: &mut BufReader<File>, part: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        let before = u64::from(start > 0);
        content.seek(SeekFrom::Start(start - before)).ok()?;
        part.clear();
        content.by_ref().take(self.part + before).read_to_end(part).ok()?;
        if part.last() != Some(&b'\n') {
            content.read_until(b'\n', part).ok()?;
        }
        // Behind the last line of a file there may be none.
        if part.last() != Some(&b'\n') {
            part.push(b'\n');
        }
        if start == 0 {
            return part.get(self.table.as_ref().map_or(0, |(_, header)| *header)..);
        }
        let first = part.iter().position(|byte| *byte == b'\n').map_or(part.len(), |end| end + 1);
        part.get(first..)
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
            let found = found.map_err(|error| {
                let path = error.path().to_owned();
                unreadable(&path, error.into())
            })?;
            collect(&found, &mut files)?;
        }
    }
    files.sort_unstable();
    files.dedup();
    if files.is_empty() { Err(no_input()) } else { Ok(files) }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let io = |error: std::io::Error| unreadable(path, error);
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
    let mut content = Vec::new();
    open(path)?.read_to_end(&mut content).map_err(|error| unreadable(path, error))?;
    Ok(content)
}

fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let is_gzip = file.fill_buf().map_err(|error| unreadable(path, error))?.starts_with(GZIP_MAGIC);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// What reading failed of: the decoder says `UnexpectedEof` and `InvalidInput` or `InvalidData` of the gzip.
fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let (code, message) = match error.kind() {
        ErrorKind::UnexpectedEof => (ErrorCode::ReadTruncated, "the gzip file ends before its content does".to_owned()),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            (ErrorCode::ReadBadArchive, "the gzip file is damaged".to_owned())
        }
        kind => (ErrorCode::ReadIo, format!("`{}` cannot be read: {kind}", path.display())),
    };
    Error::new(code, message).at(Location::file(path.to_string_lossy())).with_cause(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::evidence::EvidenceOptions;
    use crate::time::Timestamp;

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

    #[test]
    fn parts_of_any_size_give_the_same_evidence_and_the_first_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.jsonl");
        let event = |task: u32, version: u32| {
            let status = if version > 1 { "RUNNING" } else { "PENDING" };
            format!(
                "{{\"detail-type\": \"ECS Task State Change\", \"detail\": {{\"taskArn\": \"t-{}\", \"clusterArn\": \"c\", \
                 \"group\": \"service:s{}\", \"version\": {version}, \"lastStatus\": \"{status}\", \
                 \"startedAt\": {}}}}}\n{{\"volume\": \"vol-{task}\", \"instance\": \"i-{version}\", \"attached\": 1}}\n",
                task % 7,
                task % 3,
                1_480_636_800 + task * version,
            )
        };
        let events: String = (0..40).map(|at| event(at * 11 % 40, 1 + at % 3)).collect();
        let options = EvidenceOptions { default_cpu: 1, as_of: Timestamp::MAX };
        let read = |text: &str, size: usize| {
            fs::write(&path, text).unwrap();
            let mut builder = EvidenceBuilder::new();
            builder.add_file(&path, size).map(|()| builder.finish(&options).unwrap())
        };
        let expected = read(&events, 1 << 20).unwrap();
        assert_eq!((expected.tasks.len(), expected.attachments.len()), (7, 40));
        let pretty = events.replace(", ", ",\n");
        let broken = [
            events.replacen("\"service:s1\"", "[]", 2),
            events.replacen("vol-7\"", "vol-7", 1),
            format!("{events}{{"),
            events.replacen("i-2", "\u{fffd}", 1).replacen("attached", "at", 3),
        ];
        for size in [1, 7, 60, 64, 333, 1000] {
            assert_eq!(read(&events, size).unwrap(), expected);
            assert_eq!(read(&pretty, size).unwrap(), expected);
            for text in &broken {
                let whole = read(text, 1 << 20).unwrap_err();
                assert_eq!(read(text, size).unwrap_err().report(), whole.report());
            }
        }
    }

    #[test]
    fn a_plain_table_in_parts_of_any_size_is_read_as_one_that_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks");
        let row = |at: u32| {
            let (task, service, instance) = (at * 7 % 30, at % 3, if at.is_multiple_of(5) { "" } else { "i-1" });
            let stopped = if at.is_multiple_of(4) { String::new() } else { format!("{}", 1_480_640_400 + at) };
            format!(" t-{task},é,service:s{service},{instance},256,512,2016-12-02T00:00:00.{at:03}Z ,{stopped},x\n")
        };
        let rows: String = (0..40).map(row).collect();
        let table = format!("task,cluster,service,instance,cpu,memory,started, stopped ,note\n{rows}");
        let options = EvidenceOptions { default_cpu: 1, as_of: Timestamp::MAX };
        let whole = |text: &str| {
            let mut builder = EvidenceBuilder::new();
            builder.add(&path.to_string_lossy(), text.as_bytes()).map(|()| builder.finish(&options).unwrap())
        };
        let parts = |text: &str, size: usize| {
            fs::write(&path, text).unwrap();
            let mut builder = EvidenceBuilder::new();
            builder.add_file(&path, size).map(|()| builder.finish(&options).unwrap())
        };
        assert_eq!(whole(&table).unwrap().tasks.len(), 30);
        let texts = [
            table.clone(),
            table.replace('\n', "\r\n"),
            table.replace('\n', "\n\n"),
            table.replacen('\n', "\r", 20),
            table.trim_end().to_owned(),
            table.replacen(",x", ",\"x\ny\"", 9),
            format!("\u{feff}{table}"),
            format!("\n{table}"),
            table.replacen(",x", "", 7),
            table.replacen(",x", ",x,y", 1),
            table.replacen("256", "-256", 3),
            table.replacen("service:s1", "", 2),
            table.replacen(".017Z", ".017+99", 1),
            table.replacen("cluster", "clusters", 1),
        ];
        for text in &texts {
            for size in [1, 7, 60, 333, 1000] {
                match (parts(text, size), whole(text)) {
                    (Ok(parts), Ok(whole)) => assert_eq!(parts, whole, "{text}"),
                    (parts, whole) => assert_eq!(parts.unwrap_err().report(), whole.unwrap_err().report(), "{text}"),
                }
            }
        }
        assert_eq!(texts.iter().filter(|text| whole(text).is_err()).count(), 6);
    }

    #[test]
    fn blocks_of_any_size_give_the_same_evidence_and_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("volumes.jsonl");
        let row = |volume: u32| {
            format!("{{\"volume\": \"vol-{volume}\",\n \"instance\": \"i-é\", \"attached\": 148063680{volume}}}\n")
        };
        let rows: String = (0..9).map(row).collect();
        let options = EvidenceOptions { default_cpu: 1, as_of: Timestamp::MAX };
        let mut expected = EvidenceBuilder::new();
        expected.add("volumes.jsonl", rows.as_bytes()).unwrap();
        let expected = expected.finish(&options).unwrap();
        assert_eq!(expected.attachments.len(), 9);
        for block_size in [1, 2, 7, 50, 64, 100_000] {
            fs::write(&path, gzip(&rows)).unwrap();
            let mut builder = EvidenceBuilder::new();
            builder.add_file(&path, block_size).unwrap();
            assert_eq!(builder.finish(&options).unwrap(), expected);

            fs::write(&path, format!("{rows} {{\"volume\": nope}}")).unwrap();
            let error = EvidenceBuilder::new().add_file(&path, block_size).unwrap_err();
            let place = error.location().unwrap();
            let byte = u64::try_from(rows.len() + 13).unwrap();
            assert_eq!((error.code(), place.row, place.byte), (ErrorCode::EvidenceBadJson, Some(19), Some(byte)));

            fs::write(&path, format!("{rows}{{\"volume\": \"vol-1\"")).unwrap();
            let error = EvidenceBuilder::new().add_file(&path, block_size).unwrap_err();
            assert_eq!(error.code(), ErrorCode::EvidenceBadJson, "an object that is cut is an error at the end");
        }
    }
}
