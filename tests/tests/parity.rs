//! Both bindings offer every operation of the facade: a missing one is red here, an extra one in their own tests.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use unblended_tests::tree::{self, SourceFile};

/// Every function that the facade exports, and every method of its store handle.
fn operations(files: &[SourceFile]) -> Vec<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).unwrap().text.as_str();
    let exports = text("core/src/facade/mod.rs").lines().filter_map(|line| line.strip_prefix("pub use "));
    let names = exports.flat_map(|line| {
        let listed =
            line.split_once('{').map_or_else(|| line.rsplit("::").next().unwrap_or_default(), |(_, list)| list);
        listed.split([',', '}', ';']).map(str::trim).collect::<Vec<_>>()
    });
    let is_function = |name: &&str| name.starts_with(|first: char| first.is_ascii_lowercase());
    let methods = text("core/src/facade/store.rs").lines().filter_map(|line| line.trim().strip_prefix("pub fn "));
    let methods = methods.filter_map(|line| line.split_once('(')).map(|(name, _)| name);
    names.filter(is_function).chain(methods).map(str::to_owned).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|found| found == word)
}

#[test]
fn both_bindings_call_every_operation_of_the_facade() {
    let files = tree::read_tree(&tree::root()).unwrap();
    let operations = operations(&files);
    assert!(operations.len() > 20, "only {operations:?} found");
    let mut missing = Vec::new();
    for binding in ["bindings-python/src/", "bindings-node/src/"] {
        let sources: Vec<&SourceFile> = files.iter().filter(|file| file.path.starts_with(binding)).collect();
        assert!(!sources.is_empty(), "{binding} is not read");
        let lacking = operations.iter().filter(|name| !sources.iter().any(|file| has_word(&file.text, name)));
        missing.extend(lacking.map(|name| format!("{binding} does not call `{name}`")));
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
