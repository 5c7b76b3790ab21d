//! What separators are compared with: the parser of the `csv` crate, and a machine that looks at one byte at a time.

use csv_core::{ReadRecordResult, Reader};

use super::{Separators, Shape, has_odd_quotes};
use crate::read::csv::lanes::Level;

/// The bytes of a field, as they are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'b> {
    /// The text itself.
    Plain(&'b [u8]),
    /// The text with each quote doubled.
    Escaped(&'b [u8]),
}

impl<'b> Field<'b> {
    /// The field at `start..end` of a regular stretch: `start` follows a separator or is 0, `end` is a separator.
    #[inline]
    pub(super) fn of(bytes: &'b [u8], start: usize, end: usize, has_escapes: bool) -> Self {
        let raw = bytes.get(start..end).unwrap_or_default();
        match raw {
            [b'"', text @ .., b'"'] if has_escapes && text.contains(&b'"') => Self::Escaped(text),
            [b'"', text @ .., b'"'] | text => Self::Plain(text),
        }
    }

    /// The text, unescaped into `buffer` where it has to be.
    pub(super) fn text<'t>(self, buffer: &'t mut Vec<u8>) -> &'t [u8]
    where
        'b: 't,
    {
        let escaped = match self {
            Self::Plain(text) => return text,
            Self::Escaped(escaped) => escaped,
        };
        buffer.clear();
        let mut is_second = false;
        for byte in escaped {
            is_second = *byte == b'"' && !is_second;
            if !is_second {
                buffer.push(*byte);
            }
        }
        buffer
    }
}

pub(super) type Rows = Vec<Vec<Vec<u8>>>;

/// The rows of the parser, and whether it is between rows at the end.
pub(super) fn parsed(bytes: &[u8]) -> (Rows, bool) {
    let mut parser = Reader::new();
    let (mut text, mut ends) = (vec![0; bytes.len() + 2], vec![0; bytes.len() + 2]);
    // The first bytes of an input may be a mark of order, those of a stretch are text.
    parser.read_record(b"x\n", &mut text, &mut ends);
    let (mut rows, mut at) = (Vec::new(), 0);
    loop {
        let (result, taken, _, fields) = parser.read_record(&bytes[at..], &mut text, &mut ends);
        at += taken;
        match result {
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                rows.push(starts.zip(&ends).take(fields).map(|(start, end)| text[start..*end].to_vec()).collect());
            }
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                let (result, ..) = parser.read_record(b"", &mut text, &mut ends);
                return (rows, matches!(result, ReadRecordResult::End));
            }
            full => panic!("{full:?}: the buffers are as large as the input"),
        }
    }
}

/// The rows of a regular stretch, cut at its separators.
pub(super) fn cut(bytes: &[u8], found: &Separators, has_escapes: bool) -> Rows {
    let (mut rows, mut row, mut start, mut buffer) = (Vec::new(), Vec::new(), 0, Vec::new());
    for end in found.offsets().iter().map(|offset| *offset as usize) {
        row.push(Field::of(bytes, start, end, has_escapes).text(&mut buffer).to_vec());
        if bytes[end] == b'\n' {
            rows.push(std::mem::take(&mut row));
        }
        start = end + 1;
    }
    assert_eq!((row.len(), rows.len(), start), (0, found.rows(), found.end()));
    rows
}

/// Separators up to the last row end and shape, one byte after the other.
fn slowly(bytes: &[u8]) -> (Vec<u32>, Shape) {
    #[derive(PartialEq)]
    enum At {
        RowStart,
        FieldStart,
        Text,
        Quoted,
        Closed,
    }
    let (mut at, mut offsets, mut complete, mut has_escapes) = (At::RowStart, Vec::new(), 0, false);
    for (offset, byte) in (0..).zip(bytes) {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Closed, b'"') => {
                has_escapes = true;
                At::Quoted
            }
            (At::Quoted, _) | (At::RowStart | At::FieldStart, b'"') => At::Quoted,
            (At::RowStart, b'\n') | (_, b'\r' | b'"') => return (Vec::new(), Shape::Irregular),
            (_, b',') => At::FieldStart,
            (_, b'\n') => At::RowStart,
            (At::Closed, _) => return (Vec::new(), Shape::Irregular),
            (At::RowStart | At::FieldStart | At::Text, _) => At::Text,
        };
        if matches!(at, At::RowStart | At::FieldStart) {
            offsets.push(offset);
            complete = if at == At::RowStart { offsets.len() } else { complete };
        }
    }
    offsets.truncate(complete);
    (offsets, Shape::Regular { has_escapes })
}

/// Checks all levels and returns the shape; `found` is used again and again, as by the reader.
pub(super) fn check(bytes: &[u8], found: &mut Separators) -> Shape {
    let (offsets, shape) = slowly(bytes);
    for level in Level::available() {
        assert_eq!(found.index(bytes, level), shape, "{level:?} of {:?}", String::from_utf8_lossy(bytes));
        assert_eq!(found.offsets(), offsets, "{level:?} of {:?}", String::from_utf8_lossy(bytes));
        let has_odd = bytes.iter().fold(false, |has_odd, byte| has_odd ^ (*byte == b'"'));
        assert_eq!(has_odd_quotes(bytes, level), has_odd, "{level:?} of {:?}", String::from_utf8_lossy(bytes));
    }
    if let Shape::Regular { has_escapes } = shape {
        let expected = (cut(bytes, found, has_escapes), true);
        assert_eq!(parsed(&bytes[..found.end()]), expected, "{:?}", String::from_utf8_lossy(bytes));
        let widths: Vec<usize> = expected.0.iter().map(Vec::len).collect();
        for width in 0..4 {
            let is_width = width > 0 && widths.iter().all(|other| *other == width);
            assert_eq!(found.has_width(bytes, width), is_width, "{width} of {widths:?}");
        }
    }
    shape
}
