//! House rules as a test.

use std::fs;

use unblended_tests::{catalogue, schemas, tidy, tree};

#[test]
fn every_file_keeps_the_house_rules() {
    let files = tree::read_tree(&tree::root()).unwrap();
    assert!(files.len() > 50, "only {} files found", files.len());
    let problems = tidy::problems(&files);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_root_holds_what_it_should_and_no_more() {
    let problems = tidy::root_problems(&tree::root()).unwrap();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_catalogue_of_errors_is_up_to_date() {
    let files = tree::read_tree(&tree::root()).unwrap();
    let committed = fs::read_to_string(tree::root().join(catalogue::PATH)).unwrap_or_default();
    assert!(committed == catalogue::text(&files), "{} is out of date: run `cargo xt regen`", catalogue::PATH);
}

#[test]
fn the_schemas_are_up_to_date() {
    let mut known = Vec::new();
    for (path, text) in schemas::files().unwrap() {
        let committed = fs::read_to_string(tree::root().join(&path)).unwrap_or_default();
        assert!(committed == text, "{path} is out of date: run `cargo xt regen`");
        known.push(path);
    }
    let there = fs::read_dir(tree::root().join(schemas::FOLDER)).unwrap().count();
    assert_eq!(there, known.len(), "a schema that nothing generates is in {}", schemas::FOLDER);
}

#[test]
fn every_error_code_has_a_test_that_reproduces_it() {
    let files = tree::read_tree(&tree::root()).unwrap();
    let without = tidy::codes_without_reproducer(&files);
    assert!(without.is_empty(), "no test reproduces {}", without.join(", "));
}
