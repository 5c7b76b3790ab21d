//! Patterns told, kept and forgotten.

use super::*;
use crate::read::ScanOptions;
use crate::read::collect::Purpose;

#[test]
fn a_pattern_and_what_it_says_take_a_cache_line_each() {
    assert_eq!((size_of::<Pattern>(), align_of::<Pattern>()), (64, 64));
    assert_eq!((size_of::<PlainValues>(), align_of::<PlainValues>()), (64, 64));
}

fn over(spans: &[(usize, usize)]) -> Patterns {
    Patterns::over(4, steps(4, spans, &[], &[]))
}

/// A row of plain fields.
fn with_row<T>(line: &str, look: impl FnOnce(crate::read::csv::stretch::StretchRow<'_>) -> T) -> T {
    let text = format!("{line}\n");
    let separators: Vec<u32> =
        (0u32..).zip(text.bytes()).filter(|(_, byte)| matches!(byte, b',' | b'\n')).map(|(at, _)| at).collect();
    let stretch = crate::read::csv::stretch::Stretch {
        text: text.as_bytes(),
        separators: &separators,
        width: separators.len(),
        has_escapes: false,
    };
    look(stretch.iter().next().unwrap())
}

fn charge_of(patterns: &mut Patterns, line: &str, is_negative: bool) -> Option<usize> {
    with_row(line, |row| match patterns.look(row, is_negative) {
        Look::Known(place) => Some(place.charge),
        Look::New(_) => None,
    })
}

fn keep(patterns: &mut Patterns, line: &str, charge: usize) {
    if patterns.is_full(charge) {
        patterns.forget();
    }
    with_row(line, |row| match patterns.look(row, false) {
        Look::New(key) => {
            let place = Place { builder: 0, charge, rule: 0, counts_quantity: false };
            let options = ScanOptions::default();
            patterns.keep(row, key, place, None, &mut Collector::new(&options, Purpose::Bill));
        }
        Look::Known(_) => panic!("`{line}` is known"),
    });
}

#[test]
fn rows_are_one_pattern_where_the_columns_that_decide_and_the_sign_agree() {
    let mut patterns = over(&[(0, 1), (3, 3)]);
    keep(&mut patterns, "ab,c,1,d", 7);
    for (line, is_negative, is_known) in [
        ("ab,c,1,d", false, true),
        ("ab,c,2,d", false, true),
        ("ab,c,1,d", true, false),
        ("a,bc,1,d", false, false),
        ("ab,c,1,", false, false),
        ("ab,c,1,dd", false, false),
    ] {
        assert_eq!(charge_of(&mut patterns, line, is_negative), is_known.then_some(7), "{line}");
    }
}

#[test]
fn a_follower_is_only_a_guess() {
    let mut patterns = over(&[(0, 0)]);
    let lines = ["a,1", "b,1", "c,1"];
    lines.iter().enumerate().for_each(|(charge, line)| keep(&mut patterns, line, charge));
    for order in [[0, 1, 2], [0, 1, 2], [2, 1, 0], [1, 1, 0], [0, 2, 1]] {
        for charge in order {
            assert_eq!(charge_of(&mut patterns, lines[charge], false), Some(charge));
        }
    }
}

#[test]
fn more_patterns_than_are_kept_are_forgotten_and_found_again() {
    let mut patterns = over(&[(0, 0)]);
    for number in 0..PATTERNS_MIN + 2 {
        keep(&mut patterns, &number.to_string(), 0);
    }
    assert_eq!(charge_of(&mut patterns, "0", false), None);
    assert_eq!(charge_of(&mut patterns, &PATTERNS_MIN.to_string(), false), Some(0));
}

#[test]
fn short_texts_are_compared_as_any() {
    for length in 0..40 {
        let text = vec![b'1'; length];
        assert!(is_same(&text, &text));
        assert!(!is_same(&text, &vec![b'1'; length + 1]));
        for at in 0..length {
            let mut other = text.clone();
            other[at] = b'2';
            assert!(!is_same(&text, &other), "{length} {at}");
        }
    }
}
