//! Where the files that a manifest lists lie on this machine (spec 2.2).
//!
//! A key names no local file: a copy may hold the whole bucket, a prefix of it, or manifest and files side by side. For
//! the files of each folder of keys one folder is looked for: in the manifest's own folder, then in each one above it,
//! the longest end of the key's folders first. The first that holds any of the files must hold all of them, so that a
//! missing file is never replaced by one of the same name elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::source::folders::period_of_folders;
use crate::read::source::input::{is_bill_name, paths_in, unreadable};
use crate::read::source::manifest::{Chunk, Manifest};
use crate::time::BillingPeriod;

/// A manifest and the files it lists.
#[derive(Debug)]
pub(in crate::read) struct Assembly {
    /// As it was named.
    pub(in crate::read) path: PathBuf,
    pub(in crate::read) manifest: Manifest,
    pub(in crate::read) period: Option<BillingPeriod>,
    pub(in crate::read) files: Vec<ListedFile>,
    /// Canonical folder of the manifest.
    folder: PathBuf,
    places: Vec<Place>,
}

/// A file that is there.
#[derive(Debug)]
pub(in crate::read) struct ListedFile {
    /// The path that stands in locations: as the manifest was named where it lies below it.
    pub(in crate::read) path: PathBuf,
    /// Tells whether two paths are one file.
    pub(in crate::read) canonical: PathBuf,
}

/// A local folder of listed files.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    /// Whether it is that of the keys by its name, so that nothing else belongs there.
    is_mirrored: bool,
    file_names: Vec<String>,
}

impl Assembly {
    /// Looks for all files of the manifest at `path`.
    ///
    /// # Errors
    /// `read.missing_chunk`, `read.wrong_size`, `read.several_periods` where a folder names another period than the
    /// manifest, `read.io`; located at the manifest.
    pub(in crate::read) fn locate(path: &Path, manifest: Manifest) -> Result<Self> {
        let at_manifest = |error: Error| error.at(Location::file(path.to_string_lossy()));
        let named_folder = path.parent().unwrap_or(Path::new(""));
        let current = Path::new(".");
        let folder = if named_folder.as_os_str().is_empty() { current } else { named_folder };
        let folder = fs::canonicalize(folder).map_err(|cause| at_manifest(unreadable(path, cause)))?;
        let mut assembly =
            Self { path: path.to_owned(), period: manifest.period, manifest, files: vec![], folder, places: vec![] };
        assembly.find_files(named_folder).map_err(at_manifest)?;
        assembly.agree_on_period().map_err(at_manifest)?;
        Ok(assembly)
    }

    fn find_files(&mut self, named_folder: &Path) -> Result<()> {
        let mut by_folders: BTreeMap<&[String], Vec<&Chunk>> = BTreeMap::new();
        for chunk in &self.manifest.chunks {
            by_folders.entry(&chunk.folders).or_default().push(chunk);
        }
        for (folders, chunks) in by_folders {
            let Some(place) = place_of(&self.folder, folders, &chunks) else {
                let Some(first) = chunks.first() else { continue };
                return Err(missing(first, "no folder here or above has it under any end of its path"));
            };
            for chunk in chunks {
                let path = place.folder.join(&chunk.file);
                let Ok(metadata) = fs::metadata(&path) else {
                    let folder = place.folder.display();
                    return Err(missing(chunk, &format!("`{folder}` holds other files of the assembly and lacks it")));
                };
                refuse_size(chunk, metadata.len())?;
                let canonical = fs::canonicalize(&path).map_err(|cause| unreadable(&path, cause))?;
                self.files.push(ListedFile { path: shown(&path, &self.folder, named_folder), canonical });
            }
            self.places.push(place);
        }
        Ok(())
    }

    /// The folders of the copy are evidence too; where the manifest names no period they are the only one.
    fn agree_on_period(&mut self) -> Result<()> {
        let file_name = self.path.file_name().unwrap_or_default();
        let manifest = self.folder.join(file_name);
        let files = self.places.iter().filter_map(|place| Some(place.folder.join(place.file_names.first()?)));
        for path in std::iter::once(manifest).chain(files) {
            let Some(named) = period_of_folders(&path.to_string_lossy()) else { continue };
            let period = *self.period.get_or_insert(named);
            if period != named {
                let path = path.display();
                let message =
                    format!("the manifest is of the billing period `{period}`, the folder of `{path}` of `{named}`");
                return Err(Error::new(ErrorCode::ReadSeveralPeriods, message));
            }
        }
        Ok(())
    }

    /// Refuses bills beside the listed files that no manifest lists: the copy mixes assemblies.
    ///
    /// In a folder that has the name of the keys' last folder, nothing else belongs; in any other one, where a person
    /// put manifest and files, only further numbers of the listed files are suspect.
    ///
    /// # Errors
    /// `read.extra_chunk` at the manifest, `read.io`.
    pub(in crate::read) fn refuse_extra(&self, listed: &BTreeSet<&Path>) -> Result<()> {
        for place in &self.places {
            let series: BTreeSet<_> = place.file_names.iter().map(|name| without_number(name)).collect();
            for path in paths_in(&place.folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let is_suspect = place.is_mirrored || series.contains(&without_number(&name));
                if !is_suspect || !is_bill_name(&path) || !path.is_file() {
                    continue;
                }
                let canonical = fs::canonicalize(&path).map_err(|cause| unreadable(&path, cause))?;
                if !listed.contains(canonical.as_path()) {
                    return Err(self.extra(&path));
                }
            }
        }
        Ok(())
    }

    /// The error for a file that lies where the assembly's files are and is not listed.
    pub(in crate::read) fn extra(&self, path: &Path) -> Error {
        let path = path.display();
        let message = format!(
            "`{path}` lies among the files of the manifest, which does not list it: name the files that are the bill, or \
             remove what is of another delivery"
        );
        Error::new(ErrorCode::ReadExtraChunk, message).at(Location::file(self.path.to_string_lossy()))
    }

    /// The folder that holds the manifest and all its files, at any depth.
    pub(in crate::read) fn territory(&self) -> PathBuf {
        let mut territory = self.folder.clone();
        for place in &self.places {
            while !place.folder.starts_with(&territory) && territory.pop() {}
        }
        territory
    }
}

/// The folder in which the first of the chunks is found, all of which have the same folders in their keys.
fn place_of(manifest_folder: &Path, folders: &[String], chunks: &[&Chunk]) -> Option<Place> {
    // A copy of the bucket has its root at most so far above; what is further away is none of it.
    for above in manifest_folder.ancestors().take(folders.len() + 1) {
        for dropped in 0..=folders.len() {
            let mut folder = above.to_owned();
            folder.extend(folders.iter().skip(dropped));
            if chunks.iter().any(|chunk| folder.join(&chunk.file).is_file()) {
                let own = folder.file_name().map(std::ffi::OsStr::to_string_lossy);
                let is_mirrored = own.is_some_and(|own| folders.last().is_some_and(|last| *last == own));
                let file_names = chunks.iter().map(|chunk| chunk.file.clone()).collect();
                return Some(Place { folder, is_mirrored, file_names });
            }
        }
    }
    None
}

fn missing(chunk: &Chunk, why: &str) -> Error {
    let message = format!("the manifest lists `{}`, which is missing: {why}", chunk.key);
    Error::new(ErrorCode::ReadMissingChunk, message)
}

fn refuse_size(chunk: &Chunk, stored: u64) -> Result<()> {
    match chunk.bytes {
        Some(listed) if listed != stored => {
            let message = format!("the manifest lists `{}` with {listed} bytes, the file has {stored}", chunk.key);
            Err(Error::new(ErrorCode::ReadWrongSize, message))
        }
        _ => Ok(()),
    }
}

/// A path that was found from a canonical folder, as a person who named the folder would write it.
fn shown(path: &Path, folder: &Path, named_folder: &Path) -> PathBuf {
    if let Ok(below) = path.strip_prefix(folder) {
        return named_folder.join(below);
    }
    let current = std::env::current_dir().and_then(fs::canonicalize);
    let relative = current.ok().filter(|_| named_folder.is_relative());
    relative.and_then(|current| path.strip_prefix(current).ok()).unwrap_or(path).to_owned()
}

/// The name before and after the number of the chunk: the last digits before the first dot.
fn without_number(name: &str) -> (String, String) {
    let (stem, suffix) = name.split_once('.').unwrap_or((name, ""));
    (stem.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(), suffix.to_lowercase())
}
