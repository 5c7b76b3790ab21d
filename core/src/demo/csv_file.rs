//! Tables as gzipped CSV, quoted where needed, as AWS writes its exports.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::columns_cur::Column;
use super::export::TableFile;
use super::line::{Cell, Line};
use super::row::{create, push_fixed, write_failed};
use crate::error::Result;
use crate::money::Amount;
use crate::time::Timestamp;

/// A CSV file. Neither name nor time stand in its gzip header, so that the same rows are the same bytes.
pub(super) struct CsvFile {
    to: GzEncoder<BufWriter<File>>,
    text: String,
    times: TimeTexts,
}

impl CsvFile {
    pub(super) fn open(path: &Path, columns: &[Column]) -> Result<Self> {
        let to = GzEncoder::new(BufWriter::new(create(path)?), Compression::default());
        let mut file = Self { to, text: String::new(), times: TimeTexts::default() };
        for column in columns {
            push_field(&mut file.text, &column.name);
            file.text.push(',');
        }
        file.end_line()?;
        Ok(file)
    }

    fn end_line(&mut self) -> Result<()> {
        self.text.pop();
        self.text.push('\n');
        self.to.write_all(self.text.as_bytes()).map_err(write_failed)?;
        self.text.clear();
        Ok(())
    }
}

impl TableFile for CsvFile {
    fn line(&mut self, columns: &[Column], line: &Line<'_>) -> Result<()> {
        for column in columns {
            match (column.cell)(line) {
                Cell::Null => {}
                Cell::Text(text) => push_field(&mut self.text, text),
                Cell::Made(text) => push_field(&mut self.text, &text),
                Cell::Number(units) => push_number(&mut self.text, units),
                Cell::Time(time) => self.times.push(&mut self.text, time),
                Cell::Map(entries) => push_field(&mut self.text, &json_text(&entries)),
            }
            self.text.push(',');
        }
        self.end_line()
    }

    fn finish(self: Box<Self>) -> Result<Option<Amount>> {
        self.to.finish().and_then(|mut file| file.flush()).map_err(write_failed)?;
        Ok(None)
    }
}

/// The texts of the last instants: a row has several, and the next row mostly the same.
#[derive(Debug, Default)]
struct TimeTexts {
    known: Vec<(Timestamp, String)>,
}

impl TimeTexts {
    fn push(&mut self, to: &mut String, time: Timestamp) {
        if let Some((_, text)) = self.known.iter().find(|(known, _)| *known == time) {
            to.push_str(text);
            return;
        }
        if self.known.len() >= 8 {
            self.known.remove(0);
        }
        let start = to.len();
        let _ = write!(to, "{time}");
        self.known.push((time, to.get(start..).unwrap_or_default().to_owned()));
    }
}

/// A number of 10⁻¹⁸ as AWS prints it: at least 10 decimals.
pub(super) fn push_number(to: &mut String, units: i128) {
    push_fixed(to, units, 18, 10);
}

/// A map as the text of a JSON object.
fn json_text(entries: &[(&str, &str)]) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    serde_json::Value::from(object).to_string()
}

fn push_field(line: &mut String, text: &str) {
    if !text.contains([',', '"', '\n', '\r']) {
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        for (text, field) in [("plain", "plain"), ("a,b", "\"a,b\""), ("{\"a\":\"b\"}", "\"{\"\"a\"\":\"\"b\"\"}\"")] {
            let mut line = String::new();
            push_field(&mut line, text);
            assert_eq!(line, field);
        }
    }
}
