//! House rules that neither compiler nor clippy know.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use crate::catalogue;
use crate::tree::SourceFile;

/// Most lines a source file may have, tests included.
const LINES_MAX: usize = 500;
/// Everything in the root but dotfiles, licence and lock file.
const ROOT: [&str; 7] = ["Cargo.toml", "README.md", "bindings-node", "bindings-python", "core", "docs", "tests"];
/// What the root may hold beside that: build results and what the documented commands write.
const ROOT_UNTRACKED: [&str; 4] = ["Cargo.lock", "LICENSE", "demo", "target"];
/// Stages that do no input or output, know no clock and start no threads.
const PURE: [&str; 7] = ["classify", "bill", "evidence", "amortize", "attribute", "rollup", "policy"];
const IMPURE: [&str; 10] = [
    "std::fs",
    "std::env",
    "std::thread",
    "std::net",
    "SystemTime",
    "Utc::now",
    "crate::read",
    "crate::store",
    "crate::cli",
    "crate::demo",
];
/// Where amounts and weights are made: no binary floats.
const EXACT: [&str; 10] =
    ["money", "quantity", "time", "classify", "bill", "amortize", "attribute", "rollup", "policy", "demo"];
/// Words that say nothing, and marks of unfinished work.
const FORBIDDEN: [&str; 8] =
    ["process_", "struct Manager", "mod util", "mod utils", "mod helpers", "FIXME", "XXX", "todo!"];
/// The only files that may turn off the compiler's refusal of unsafe code, each with its argument.
const UNSAFE: [&str; 2] = ["bindings-python/src/arrow.rs", "core/src/read/csv/lanes/x86.rs"];
/// Paths of one machine.
const MACHINE_PATHS: [&str; 3] = ["/Users/", "/home/", "/root/"];
/// This file, which has to name what it forbids.
const SELF: &str = "tests/src/tidy.rs";

/// Everything that breaks a rule, one sentence each.
#[must_use]
pub fn problems(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path != SELF) {
        found.extend(machine_paths(file));
        if file.is_rust() {
            found.extend(long_file(file));
            found.extend(forbidden_words(file));
            found.extend(module_doc(file));
            found.extend(unsafe_code(file));
            found.extend(impure_stage(file, files));
            found.extend(inexact_numbers(file));
        }
    }
    found.extend(unlinked_decisions(files));
    found.extend(unexplained_dependencies(files));
    found
}

/// Entries of the root that do not belong there, and those that are missing.
///
/// # Errors
/// Those of reading the root.
pub fn root_problems(root: &Path) -> io::Result<Vec<String>> {
    let mut entries = BTreeSet::new();
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !ROOT_UNTRACKED.contains(&name.as_str()) {
            entries.insert(name);
        }
    }
    let wanted: BTreeSet<String> = ROOT.map(String::from).into();
    let extra = entries.difference(&wanted).map(|name| format!("`{name}` does not belong in the root"));
    let missing = wanted.difference(&entries).map(|name| format!("`{name}` is missing in the root"));
    Ok(extra.chain(missing).collect())
}

/// Error codes that no test and no vector reproduces.
#[must_use]
pub fn codes_without_reproducer(files: &[SourceFile]) -> Vec<String> {
    let found = catalogue::reproducers(files);
    let without = found.iter().filter(|(_, places)| places.is_empty());
    without.map(|(code, _)| format!("no test reproduces `{code}`")).collect()
}

fn long_file(file: &SourceFile) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > LINES_MAX).then(|| format!("{} has {lines} lines, more than {LINES_MAX}", file.path))
}

fn forbidden_words(file: &SourceFile) -> Vec<String> {
    let lines = (1..).zip(file.text.lines());
    let hits = lines.flat_map(|(at, line)| {
        let words = FORBIDDEN.iter().filter(move |word| line.contains(**word));
        words.map(move |word| format!("{}:{at} has the forbidden word `{word}`", file.path))
    });
    let managers = (1..).zip(file.text.lines()).filter(|(_, line)| {
        let mut words = line.split_whitespace();
        words.any(|word| matches!(word, "struct" | "enum" | "trait"))
            && words.next().is_some_and(|name| name.contains("Manager"))
    });
    hits.chain(managers.map(|(at, _)| format!("{}:{at} names a type after a manager", file.path))).collect()
}

fn machine_paths(file: &SourceFile) -> Vec<String> {
    let hits = MACHINE_PATHS.iter().filter(|path| file.text.contains(**path));
    hits.map(|path| format!("{} names the machine path `{path}`", file.path)).collect()
}

fn module_doc(file: &SourceFile) -> Option<String> {
    (!file.text.starts_with("//!")).then(|| format!("{} does not start with a module doc", file.path))
}

fn unsafe_code(file: &SourceFile) -> Option<String> {
    let allows = ["allow(unsafe_code", "expect(unsafe_code"].iter().any(|word| file.text.contains(word));
    (allows && !UNSAFE.contains(&file.path.as_str())).then(|| format!("{} may not have unsafe code", file.path))
}

/// Pure stages name none of [`IMPURE`], but for modules that a feature turns on and tests.
fn impure_stage(file: &SourceFile, files: &[SourceFile]) -> Vec<String> {
    let Some((stage, module)) = file.path.strip_prefix("core/src/").and_then(|path| path.split_once('/')) else {
        return Vec::new();
    };
    let name = module.trim_end_matches(".rs");
    if !PURE.contains(&stage) || name.ends_with("tests") || is_behind_feature(stage, name, files) {
        return Vec::new();
    }
    let code = file.production_text().lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.collect();
    let hits = IMPURE.iter().filter(|word| code.iter().any(|line| line.contains(**word)));
    hits.map(|word| format!("{} is part of a pure stage and uses `{word}`", file.path)).collect()
}

/// Whether the stage's `mod.rs` declares the module under a feature: then it is an edge, not part of the pure core.
fn is_behind_feature(stage: &str, module: &str, files: &[SourceFile]) -> bool {
    let parent = format!("core/src/{stage}/mod.rs");
    let declared = format!("\nmod {module};");
    files.iter().filter(|file| file.path == parent).any(|file| {
        let before = file.text.split(&declared).next().filter(|before| before.len() < file.text.len());
        before.and_then(|text| text.lines().last()).is_some_and(|line| line.starts_with("#[cfg(feature"))
    })
}

fn inexact_numbers(file: &SourceFile) -> Option<String> {
    let path = file.path.strip_prefix("core/src/")?;
    let module = path.split(['/', '.']).next()?;
    if !EXACT.contains(&module) {
        return None;
    }
    let mut words = file.production_text().split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .any(|word| matches!(word, "f32" | "f64") || word.ends_with("_f64") || word.ends_with("_f32"))
        .then(|| format!("{} uses binary floats", file.path))
}

fn unlinked_decisions(files: &[SourceFile]) -> Vec<String> {
    let folder = "docs/decisions/";
    let index = files.iter().find(|file| file.path == format!("{folder}README.md"));
    let index = index.map_or("", |file| file.text.as_str());
    let decisions = files.iter().filter_map(|file| file.path.strip_prefix(folder));
    let unlinked = decisions.filter(|name| *name != "README.md" && !index.contains(&format!("({name})")));
    unlinked.map(|name| format!("{folder}README.md does not link `{name}`")).collect()
}

/// Every dependency of the core has a line of reason.
fn unexplained_dependencies(files: &[SourceFile]) -> Vec<String> {
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let reasons = text_of("docs/decisions/0001-dependencies.md");
    let manifest = text_of("core/Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let names = section.unwrap_or_default().lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let explained =
        |name: &str| reasons.split(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c)).any(|w| w == name);
    let unexplained = names.filter(|name| !explained(name));
    unexplained.map(|name| format!("docs/decisions/0001-dependencies.md gives no reason for `{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        problems(&[SourceFile { path: path.into(), text: text.into() }])
    }

    #[test]
    fn a_clean_file_has_no_problem() {
        assert_eq!(found("core/src/bill/mod.rs", "//! Charges.\nuse crate::money::Amount;\n"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_finds_what_breaks_it() {
        for (path, text, part) in [
            ("core/src/a.rs", "fn main() {}", "module doc"),
            ("core/src/a.rs", "//! A.\nfn process_row() {}", "forbidden word"),
            ("core/src/a.rs", "//! A.\npub struct StoreManager;", "manager"),
            ("docs/a.md", "see /home/me/notes", "machine path"),
            ("core/src/bill/a.rs", "//! A.\nuse std::fs;", "pure stage"),
            ("core/src/attribute/a.rs", "//! A.\nuse crate::store::Store;", "pure stage"),
            ("core/src/money/a.rs", "//! A.\nlet x = y as f64;", "binary floats"),
            ("core/src/money/a.rs", "//! A.\nlet x = y.as_f64();", "binary floats"),
            ("core/src/read/a.rs", "//! A.\n#![expect(unsafe_code, reason = \"speed\")]", "unsafe code"),
            ("docs/decisions/0009-x.md", "# X", "does not link"),
            (
                "core/Cargo.toml",
                "[features]\n\n[dependencies]\nleft-pad = \"1\"\n\n[lints]\nworkspace = true",
                "left-pad",
            ),
        ] {
            let problems = found(path, text);
            assert!(problems.iter().any(|problem| problem.contains(part)), "{path} {text}: {problems:?}");
        }
        let long = "//! A.\n".repeat(LINES_MAX + 1);
        assert!(found("core/src/a.rs", &long)[0].contains("lines"));
    }

    #[test]
    fn tests_and_modules_behind_a_feature_may_use_files() {
        let tested = "//! A.\n#[cfg(test)]\nmod tests {\nuse std::fs;\n}";
        assert_eq!(found("core/src/bill/a.rs", tested), Vec::<String>::new());
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let edge = [
            file("core/src/evidence/mod.rs", "//! E.\nmod a;\n#[cfg(feature = \"fs\")]\nmod source;\nmod z;\n"),
            file("core/src/evidence/source.rs", "//! S.\nuse std::fs;"),
        ];
        assert_eq!(problems(&edge), Vec::<String>::new());
    }

    #[test]
    fn a_root_with_anything_else_is_reported() {
        let problems = root_problems(&crate::tree::root().join("tests")).unwrap();
        assert!(problems.iter().any(|problem| problem.contains("`src` does not belong")));
        assert!(problems.iter().any(|problem| problem.contains("`core` is missing")));
    }
}
