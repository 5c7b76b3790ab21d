//! What a scan reads: paths, streams and record batches, and finding files (spec 2.2).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "batches")]
use arrow_array::RecordBatchReader;

use crate::error::{Error, ErrorCode, Location, Result};
#[cfg(feature = "parquet")]
use crate::read::columnar::parquet::ParquetPart;
use crate::read::source::assembly::Assembly;
use crate::read::source::deliveries::Delivery;
use crate::read::source::manifest::Manifest;
use crate::read::source::name::period_of;
use crate::time::BillingPeriod;

/// One file or stream of any format that is read, which its content tells, or record batches.
pub struct Input {
    pub(in crate::read) name: String,
    pub(in crate::read) source: Source,
    /// The billing period of the manifest that lists the file.
    pub(in crate::read) evidence: Option<BillingPeriod>,
    /// What the manifest that lists the file delivers.
    pub(in crate::read) delivery: Option<Arc<Delivery>>,
}

pub(in crate::read) enum Source {
    Path(PathBuf),
    Stream(Box<dyn Read + Send>),
    #[cfg(feature = "batches")]
    Batches(Box<dyn RecordBatchReader + Send>),
    /// Part of a Parquet file; only a scan cuts files.
    #[cfg(feature = "parquet")]
    ParquetPart(Box<ParquetPart>),
}

impl Input {
    /// A file. Its path stands in locations and may name the billing period.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.to_string_lossy().into_owned();
        Self { name, source: Source::Path(path), evidence: None, delivery: None }
    }

    /// A stream of bytes. Its name stands in locations and may name the billing period.
    #[must_use]
    pub fn stream(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        let source = Source::Stream(Box::new(reader));
        Self { name: name.into(), source, evidence: None, delivery: None }
    }

    /// Record batches, as Arrow libraries give them. The name stands in locations and may name the billing period.
    ///
    /// Their identity (spec 2.6) is that of the cells that are read, however they are cut into batches.
    #[cfg(feature = "batches")]
    #[must_use]
    pub fn batches(name: impl Into<String>, batches: impl RecordBatchReader + Send + 'static) -> Self {
        let source = Source::Batches(Box::new(batches));
        Self { name: name.into(), source, evidence: None, delivery: None }
    }

    /// The name that stands in locations.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The billing period that the manifest says, else the name.
    pub(in crate::read) fn period(&self) -> Option<BillingPeriod> {
        self.evidence.or_else(|| period_of(&self.name))
    }

    /// Whether it is a path that can be read only once.
    pub(in crate::read) fn is_pipe(&self) -> bool {
        matches!(&self.source, Source::Path(path) if path.exists() && !path.is_file())
    }

    /// Bytes as stored; `None` for a stream, or where the file cannot be looked at.
    pub(in crate::read) fn stored_bytes(&self) -> Option<u64> {
        match &self.source {
            Source::Path(path) => fs::metadata(path).ok().map(|file| file.len()),
            Source::Stream(_) => None,
            #[cfg(feature = "batches")]
            Source::Batches(_) => None,
            #[cfg(feature = "parquet")]
            Source::ParquetPart(part) => Some(part.stored_bytes()),
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.source {
            Source::Path(_) => "path",
            Source::Stream(_) => "stream",
            #[cfg(feature = "batches")]
            Source::Batches(_) => "batches",
            #[cfg(feature = "parquet")]
            Source::ParquetPart(_) => "part of a path",
        };
        f.debug_struct("Input").field("name", &self.name).field("source", &kind).finish_non_exhaustive()
    }
}

/// Names of files that are taken from a directory. A file named itself or by a glob may have any name.
const BILL_SUFFIXES: [&str; 5] = [".csv", ".gz", ".zip", ".parquet", ".zst"];
/// A folder of what AWS writes for Athena: Parquet that is no bill.
const STATUS_FOLDER: &str = "cost_and_usage_data_status";

/// The inputs that files, directories (with all below them), globs and manifests name, sorted by path.
///
/// A manifest stands for the files it lists, wherever it is found; a file that it lists is one input even where it is
/// named as well. Any other file that several patterns name is several inputs: the scan refuses the same file twice
/// (spec 2.6). A directory is refused where it holds bills among the files of a manifest that no manifest lists.
///
/// # Errors
/// `read.no_input` where a pattern names no file, `read.io` where a directory cannot be read; of manifests
/// `read.bad_manifest`, `read.missing_chunk`, `read.extra_chunk`, `read.wrong_size`, `read.several_periods` where
/// manifest and folders disagree, `read.duplicate` where two manifests list one file.
pub fn find_inputs(patterns: &[String]) -> Result<Vec<Input>> {
    let mut all = Found::default();
    for pattern in patterns {
        let found = Found::of(pattern)?;
        if found.is_empty() {
            let message = format!("`{pattern}` names no file, directory or glob with a bill");
            return Err(Error::new(ErrorCode::ReadNoInput, message).at(Location::file(pattern)));
        }
        all.named.extend(found.named);
        all.below.extend(found.below);
        all.manifests.extend(found.manifests);
    }
    if all.is_empty() {
        return Err(Error::new(ErrorCode::ReadNoInput, "no input was named"));
    }
    all.into_inputs()
}

/// What patterns name.
#[derive(Default)]
struct Found {
    named: Vec<PathBuf>,
    /// Bills of directories.
    below: Vec<PathBuf>,
    manifests: BTreeMap<PathBuf, Manifest>,
    /// Directories, so that one reached twice, as through a link to its parent, is read once.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    fn of(pattern: &str) -> Result<Self> {
        let mut found = Self::default();
        let path = Path::new(pattern);
        if path.exists() {
            found.add(path, true)?;
            return Ok(found);
        }
        // A text that is no glob either names nothing.
        for matched in glob::glob(pattern).into_iter().flatten() {
            let matched = matched.map_err(|cause| {
                let path = cause.path().to_path_buf();
                unreadable(&path, cause.into())
            })?;
            found.add(&matched, true)?;
        }
        Ok(found)
    }

    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.below.is_empty() && self.manifests.is_empty()
    }

    /// Adds a file, or all bills and manifests below a directory.
    fn add(&mut self, path: &Path, is_named: bool) -> Result<()> {
        if !path.is_dir() {
            if let Some(manifest) = Manifest::of_file(path, is_named)? {
                self.manifests.insert(path.to_owned(), manifest);
            } else if is_named {
                self.named.push(path.to_owned());
            } else if is_bill_name(path) {
                self.below.push(path.to_owned());
            }
            return Ok(());
        }
        let is_status = !is_named && path.file_name().is_some_and(|name| name == STATUS_FOLDER);
        if is_status || !self.seen.insert(fs::canonicalize(path).map_err(|cause| unreadable(path, cause))?) {
            return Ok(());
        }
        paths_in(path)?.iter().try_for_each(|path| self.add(path, false))
    }

    fn into_inputs(self) -> Result<Vec<Input>> {
        let mut plain = self.named;
        let mut inputs = Vec::new();
        if self.manifests.is_empty() {
            plain.extend(self.below);
        } else {
            let assemblies: Vec<Assembly> = self
                .manifests
                .into_iter()
                .map(|(path, manifest)| Assembly::locate(&path, manifest))
                .collect::<Result<_>>()?;
            let listed = listed_inputs(&assemblies)?;
            let files: BTreeSet<&Path> = listed.keys().copied().collect();
            assemblies.iter().try_for_each(|assembly| assembly.refuse_extra(&files))?;
            plain.retain(|path| !files.contains(canonical(path).as_path()));
            let mut below = self.below;
            below.sort_unstable();
            for path in below {
                let canonical = canonical(&path);
                if files.contains(canonical.as_path()) {
                    continue;
                }
                if let Some(assembly) = assemblies.iter().find(|one| canonical.starts_with(one.territory())) {
                    return Err(assembly.extra(&path));
                }
                plain.push(path);
            }
            inputs.extend(listed.into_values());
        }
        inputs.extend(plain.into_iter().map(Input::path));
        inputs.sort_by(|a, b| Path::new(a.name()).cmp(Path::new(b.name())));
        Ok(inputs)
    }
}

/// The files of all manifests, each once; copies of a manifest list the same ones.
fn listed_inputs(assemblies: &[Assembly]) -> Result<BTreeMap<&Path, Input>> {
    let mut listed: BTreeMap<&Path, (&Assembly, Input)> = BTreeMap::new();
    for assembly in assemblies {
        let delivery = Delivery::of(assembly);
        for file in &assembly.files {
            match listed.get(file.canonical.as_path()) {
                Some((first, _)) if first.manifest.version != assembly.manifest.version => {
                    return Err(Delivery::of(first).conflict(&delivery));
                }
                Some(_) => {}
                None => {
                    let evidence = assembly.period;
                    let input = Input { evidence, delivery: Some(delivery.clone()), ..Input::path(&file.path) };
                    listed.insert(&file.canonical, (assembly, input));
                }
            }
        }
    }
    Ok(listed.into_iter().map(|(file, (_, input))| (file, input)).collect())
}

/// Where a file really lies; a pipe lies nowhere.
fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What a directory holds, sorted.
pub(in crate::read) fn paths_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|cause| unreadable(folder, cause))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = paths.map_err(|cause| unreadable(folder, cause))?;
    paths.sort_unstable();
    Ok(paths)
}

/// Names that start with `._` are what macOS keeps beside a file.
pub(in crate::read) fn is_bill_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    BILL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) && !name.starts_with("._")
}

pub(in crate::read) fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    let name = path.to_string_lossy();
    Error::new(ErrorCode::ReadIo, format!("`{name}` cannot be read")).with_cause(cause).at(Location::file(name))
}
