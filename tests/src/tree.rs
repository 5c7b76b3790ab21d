//! The project's text files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A text file of the project.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// The project's root folder.
#[must_use]
pub fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_path_buf()
}

/// Endings of files that people write.
const TEXT_ENDINGS: [&str; 9] = ["rs", "md", "toml", "json", "py", "sh", "yml", "yaml", "txt"];

/// All text files below the root, sorted by path; build folders and version control are left out.
///
/// # Errors
/// Those of reading folders and files.
pub fn read_tree(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), ".git" | "target" | "demo" | "__pycache__") || path.ends_with("src/demo") {
                    folders.push(path);
                }
            } else if is_text(&path, &name) {
                let from_root = path.strip_prefix(root).unwrap_or(&path);
                files.push(SourceFile {
                    path: from_root.to_string_lossy().replace('\\', "/"),
                    text: fs::read_to_string(&path)?,
                });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn is_text(path: &Path, name: &str) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| TEXT_ENDINGS.contains(&ending))
        || matches!(name, "LICENSE" | ".editorconfig" | ".gitattributes" | ".gitignore")
        || path.ends_with("tests/test")
        || path.ends_with(".ci/run")
}

impl SourceFile {
    /// Whether it is Rust source.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|ending| ending == "rs")
    }

    /// The text before the unit tests; empty for files that are tests as a whole.
    #[must_use]
    pub fn production_text(&self) -> &str {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}
