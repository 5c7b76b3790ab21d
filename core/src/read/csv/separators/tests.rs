//! Every level against the oracle.

use proptest::prelude::*;

use super::oracle::{Field, check, cut, parsed};
use super::*;

/// Under Miri, which is a thousand times as slow, a few must do.
const CASES: u32 = if cfg!(miri) { 8 } else { 4000 };

/// A field as bills write them: plain, quoted, with separators, with doubled quotes, empty.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 :/.-]{0,24}".prop_map(|text| format!("\"{text}\"")),
        2 => "[a-zA-Z0-9 :/.-]{0,24}",
        1 => "[a-zäß漢,\n\r\u{feff}]{0,12}".prop_map(|text| format!("\"{text}\"")),
        1 => "[a-z\"{}:,]{0,40}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
    ]
}

fn rows() -> impl Strategy<Value = String> {
    let row = prop::collection::vec(field(), 2..9).prop_map(|fields| fields.join(",") + "\n");
    prop::collection::vec(row, 0..12).prop_map(|rows| rows.concat())
}

/// Text of what matters and little else.
fn dense() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec!["\"", "\"", ",", "\n", "\r", "a", " ", "é", "漢", "\u{feff}", "\0"]);
    prop::collection::vec(piece, 0..300).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Almost regular text: whole fields, sometimes with something in between.
fn nearly_regular() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        40 => prop::sample::select(vec!["\"a,b\",", "\"\",", "c,", ",", "\"x\"\n", "d\n", "\"\"\"e\n\",", "\"\"\"\"\n"]),
        1 => prop::sample::select(vec!["\"", "\n", "\r\n", "\"f\"g", "h\"i", "\u{feff}"]),
    ];
    prop::collection::vec(piece, 0..100).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn separators_of_any_bytes_are_those_of_the_parser(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        dense(),
    ]) {
        check(&bytes, &mut Separators::default());
    }

    #[test]
    fn separators_of_nearly_regular_text_are_those_of_the_parser(bytes in nearly_regular()) {
        check(&bytes, &mut Separators::default());
    }

    #[test]
    fn separators_of_damaged_rows_are_those_of_the_parser(
        rows in rows(),
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(b"\",\n\ra".to_vec()),
        is_inserted in any::<bool>(),
    ) {
        let mut bytes = rows.into_bytes();
        let mut found = Separators::default();
        prop_assert_ne!(check(&bytes, &mut found), Shape::Irregular);
        prop_assert_eq!(found.end(), bytes.len());
        let at = at.index(bytes.len() + 1);
        if is_inserted || at == bytes.len() {
            bytes.insert(at, with);
        } else {
            bytes[at] = with;
        }
        check(&bytes, &mut found);
    }
}

/// Rows of every kind of field, 32 a row.
fn month(rows: usize) -> Vec<u8> {
    let kinds = [
        "\"Amazon Elastic Compute Cloud\"",
        "0.0104",
        "\"\"",
        "",
        "\"a, b\nc\r\n\"",
        "\"{\"\"k\"\":\"\"v\"\"}\"",
        "\"漢é\"",
        "x",
    ];
    let field = |row: usize, at: usize| kinds[(row * 3 + at * (1 + row % 3)) % 8];
    let row = |row: usize| (0..32).map(|at| field(row, at)).collect::<Vec<_>>().join(",") + "\n";
    (0..rows).map(row).collect::<String>().into_bytes()
}

#[test]
fn a_month_cut_anywhere_gives_its_rows() {
    let bytes = month(40);
    let (expected, _) = parsed(&bytes);
    assert_eq!(expected.len(), 40);
    for level in Level::available() {
        let mut found = Separators::default();
        let step = if cfg!(miri) { 251 } else { 1 };
        for size in (64..600).step_by(step).chain([bytes.len() - 1, bytes.len(), bytes.len() + 1]) {
            let (mut rows, mut stretch) = (Vec::new(), Vec::new());
            for piece in bytes.chunks(size) {
                stretch.extend_from_slice(piece);
                let Shape::Regular { has_escapes } = found.index(&stretch, level) else {
                    panic!("{level:?} cut at {size} is irregular");
                };
                assert!(found.has_width(&stretch, 32));
                rows.extend(cut(&stretch, &found, has_escapes));
                stretch.drain(..found.end());
            }
            assert_eq!(stretch, b"");
            assert!(rows == expected, "{level:?} cut at {size}");
        }
    }
}

#[test]
fn every_length_and_every_block_offset_is_as_the_parser_says() {
    let mut found = Separators::default();
    let step = if cfg!(miri) { 61 } else { 1 };
    for middle in
        ["\"", "\"\"", "\"\"\"", "\"a\"", "\n", ",\n", ",\"b\"\"\",\n", "\r", "\r\n", "\n\n", "\"\n", ",\"\n\",\n"]
    {
        for start in ["", "a", "\"", "\"b\",", "\"\"\"", "c\n"] {
            for before in (0..200).step_by(step) {
                let mut bytes = format!("{start}{}{middle}", "x".repeat(before)).into_bytes();
                check(&bytes, &mut found);
                bytes.extend_from_slice(b"y\",\"z\"\n");
                check(&bytes, &mut found);
            }
        }
    }
}

#[test]
fn a_bill_of_quoted_rows_is_regular_and_knows_its_escapes() {
    let row = format!("{}\n", vec!["\"2016-06-01 00:00:00\""; 24].join(","));
    let plain = row.repeat(50).into_bytes();
    let escaped = [&plain[..], b"\"say \"\"hi\"\"\"\n"].concat();
    for level in Level::available() {
        let mut found = Separators::default();
        assert_eq!(found.index(&plain, level), Shape::Regular { has_escapes: false });
        assert_eq!((found.rows(), found.end()), (50, plain.len()));
        assert!(found.has_width(&plain, 24) && !found.has_width(&plain, 25) && !found.has_width(&plain, 12));
        assert_eq!(found.index(&escaped, level), Shape::Regular { has_escapes: true });
        assert!(!found.has_width(&escaped, 24));
        let last = found.offsets()[50 * 24 - 1] as usize + 1;
        let field = Field::of(&escaped, last, escaped.len() - 1, true);
        assert_eq!(field, Field::Escaped(b"say \"\"hi\"\""));
        assert_eq!(field.text(&mut Vec::new()), b"say \"hi\"");
    }
}

#[test]
fn text_that_only_the_parser_can_read_is_irregular_and_has_no_separators() {
    for text in ["a\"b\n", "\"a\"b\n", "a\r\n", "a\rb\n", "\n", "a\n\nb\n", "\"a\" ,b\n", "a \"b\"\n", "\"a\"\r\n"] {
        for level in Level::available() {
            let mut found = Separators::default();
            found.index(b"a,b\n", level);
            assert_eq!(found.index(text.as_bytes(), level), Shape::Irregular, "{level:?} of {text:?}");
            assert_eq!((found.offsets(), found.rows(), found.end()), (&[][..], 0, 0));
        }
    }
}

#[test]
fn a_stretch_that_ends_within_a_row_keeps_the_rows_before() {
    let mut found = Separators::default();
    for tail in ["", "c", "c,", "\"", "\"c", "\"c\n", "\"c\"", "\"c\"\"", "\"c\",\"\n"] {
        let bytes = format!("a,\"\n\"\n{tail}").into_bytes();
        assert_ne!(check(&bytes, &mut found), Shape::Irregular, "{tail:?}");
        assert_eq!((found.rows(), found.end()), (1, 6));
    }
    assert_ne!(check(b"", &mut found), Shape::Irregular);
    assert_eq!(found.end(), 0);
}

#[test]
fn separators_in_every_byte_all_have_their_offset() {
    let count: u32 = if cfg!(miri) { 700 } else { 70_000 };
    let mut bytes = vec![b','; count as usize];
    bytes.push(b'\n');
    let mut found = Separators::default();
    assert_eq!(found.index(&bytes, Level::best()), Shape::Regular { has_escapes: false });
    assert_eq!(found.offsets(), (0..=count).collect::<Vec<u32>>());
    assert_eq!(check(&bytes, &mut found), Shape::Regular { has_escapes: false });
    assert!(found.has_width(&bytes, count as usize + 1));
}
