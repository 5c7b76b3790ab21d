//! The reservation book as a table: CSV or JSON, money as text (spec 6.2).
//!
//! Columns are found by name in any order and all must be there but those of what a fee covers; others are ignored. Row 1 of a CSV is its header;
//! row 1 of a JSON array is its first object.

use std::io::Write;

use serde_json::{Map, Value};

use super::book::{BookEntry, ReservationBook};
use crate::classify::LineItemKind;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::money::Amount;

/// The columns that must be there, in the order they are written.
const COLUMNS: [&str; 10] =
    ["payer", "billing_period", "usage_account", "product", "kind", "commitment_id", "start", "end", "fee", "currency"];

/// Those of what a fee covers, written after the others where an entry fills one; empty text says nothing.
const OPTIONAL: [&str; 3] = ["usage_type", "zone", "count"];

impl ReservationBook {
    /// Reads a CSV with a header. `name` is what errors call the table.
    ///
    /// # Errors
    /// `reservations.bad_table` where a column is missing or a value is wrong; `reservations.conflict` where a key
    /// stands with two fees.
    pub fn read_csv(name: &str, bytes: &[u8]) -> Result<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::Reader::from_reader(bytes);
        let file = || Location::file(name);
        let headers = reader.headers().map_err(|cause| unreadable(cause).at(file()))?.clone();
        let position_of = |column: &str| {
            let mut found = headers.iter().enumerate().filter(|(_, header)| *header == column);
            let first = found.next().map(|(position, _)| position);
            match found.next() {
                Some(_) => Err(bad("the column stands twice").at(column_of(column)).at(file())),
                None => Ok(first),
            }
        };
        let mut positions = [0usize; COLUMNS.len()];
        for (column, position) in COLUMNS.iter().zip(&mut positions) {
            *position = position_of(column)?.ok_or_else(|| missing_column(column, headers.iter()).at(file()))?;
        }
        let mut optional = [None; OPTIONAL.len()];
        for (column, position) in OPTIONAL.iter().zip(&mut optional) {
            *position = position_of(column)?;
        }
        let mut entries = Vec::new();
        for (row, record) in (2u64..).zip(reader.records()) {
            let at = |location: Location| Location { row: Some(row), ..location };
            let record = record.map_err(|cause| unreadable(cause).at(at(file())))?;
            let location = Location { byte: record.position().map(csv::Position::byte), ..at(file()) };
            let values = positions.map(|position| record.get(position).unwrap_or_default());
            let covers =
                optional.map(|position| position.and_then(|position| record.get(position)).unwrap_or_default());
            entries.push(entry(values, covers).map_err(|error| error.at(location))?);
        }
        Self::new(entries).map_err(|error| error.at(file()))
    }

    /// Reads a JSON array of objects whose values are texts. `name` is what errors call the table.
    ///
    /// # Errors
    /// As for [`ReservationBook::read_csv`].
    pub fn read_json(name: &str, bytes: &[u8]) -> Result<Self> {
        let file = || Location::file(name);
        let rows: Vec<Map<String, Value>> = serde_json::from_slice(bytes)
            .map_err(|cause| bad("the table is no JSON array of objects").with_cause(cause).at(file()))?;
        let mut entries = Vec::with_capacity(rows.len());
        for (row, fields) in (1u64..).zip(&rows) {
            let at = || Location { row: Some(row), ..file() };
            let mut values = [""; COLUMNS.len()];
            for (column, value) in COLUMNS.iter().zip(&mut values) {
                *value = match fields.get(*column) {
                    Some(Value::String(text)) => text,
                    Some(_) => return Err(bad("the value is not a text").at(column_of(column)).at(at())),
                    None => return Err(missing_column(column, fields.keys().map(String::as_str)).at(at())),
                };
            }
            let mut covers = [""; OPTIONAL.len()];
            for (column, value) in OPTIONAL.iter().zip(&mut covers) {
                *value = match fields.get(*column) {
                    Some(Value::String(text)) => text,
                    Some(Value::Null) | None => "",
                    Some(_) => return Err(bad("the value is not a text").at(column_of(column)).at(at())),
                };
            }
            entries.push(entry(values, covers).map_err(|error| error.at(at()))?);
        }
        Self::new(entries).map_err(|error| error.at(file()))
    }

    /// Writes the book as a CSV that [`ReservationBook::read_csv`] reads back to an equal one.
    ///
    /// # Errors
    /// `output.io` where writing fails.
    pub fn write_csv(&self, to: impl Write) -> Result<()> {
        let cannot_write = |cause: csv::Error| {
            Error::new(ErrorCode::OutputIo, "the reservation book cannot be written").with_cause(cause)
        };
        let mut writer = csv::Writer::from_writer(to);
        let says_more = self.entries().iter().any(BookEntry::says_what_it_covers);
        let optional = OPTIONAL.into_iter().filter(|_| says_more);
        writer.write_record(COLUMNS.into_iter().chain(optional)).map_err(cannot_write)?;
        for entry in self.entries() {
            let optional = entry.optional_texts().into_iter().map(Option::unwrap_or_default).filter(|_| says_more);
            writer.write_record(entry.texts().into_iter().chain(optional)).map_err(cannot_write)?;
        }
        writer.flush().map_err(|cause| cannot_write(cause.into()))
    }
}

impl BookEntry {
    /// The values of an entry in the order of the columns.
    pub(super) fn texts(&self) -> [String; COLUMNS.len()] {
        [
            self.payer.clone(),
            self.billing_period.to_string(),
            self.usage_account.clone(),
            self.product.clone(),
            self.kind.as_str().to_owned(),
            self.commitment_id.clone(),
            self.start.to_string(),
            self.end.to_string(),
            self.fee.to_string(),
            self.currency.to_string(),
        ]
    }

    /// What it covers, in the order of the optional columns.
    pub(super) fn optional_texts(&self) -> [Option<String>; OPTIONAL.len()] {
        [self.usage_type.clone(), self.zone.clone(), self.count.map(|count| count.to_string())]
    }

    /// Whether anything of what it covers is known.
    pub(super) fn says_what_it_covers(&self) -> bool {
        self.usage_type.is_some() || self.zone.is_some() || self.count.is_some()
    }
}

/// The entry of one row's values in the order of the columns.
fn entry(values: [&str; COLUMNS.len()], covers: [&str; OPTIONAL.len()]) -> Result<BookEntry> {
    let [payer, period, usage_account, product, kind, commitment_id, start, end, fee, currency] = values;
    let [usage_type, zone, count] = covers;
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let entry = BookEntry {
        payer: payer.to_owned(),
        billing_period: read("billing_period", period.parse())?,
        usage_account: usage_account.to_owned(),
        product: product.to_owned(),
        kind: fee_kind(kind)?,
        commitment_id: commitment_id.to_owned(),
        start: read("start", start.parse())?,
        end: read("end", end.parse())?,
        currency: read("currency", currency.parse())?,
        fee: exact("fee", fee)?,
        usage_type: said(usage_type),
        zone: said(zone),
        count: said(count).map(|count| exact("count", &count)).transpose()?,
    };
    if entry.count.is_some_and(|count| count <= Amount::ZERO) {
        return Err(bad("the count is not positive").at(column_of("count")));
    }
    if payer.is_empty() {
        return Err(bad("the payer is empty").at(column_of("payer")));
    }
    if entry.term().is_none() {
        return Err(bad("the term from `start` to `end` spans less than 28 days").at(column_of("end")));
    }
    Ok(entry)
}

/// A decimal of which nothing is rounded off.
fn exact(column: &str, text: &str) -> Result<Amount> {
    let parsed = read(column, Amount::parse(text))?;
    if !parsed.residue.is_zero() {
        return Err(bad(format!("the {column} has more than 18 decimals")).at(column_of(column)));
    }
    Ok(parsed.amount)
}

fn fee_kind(text: &str) -> Result<LineItemKind> {
    let kinds = [LineItemKind::UpfrontFee, LineItemKind::RecurringFee, LineItemKind::SavingsPlanUpfrontFee];
    let message = || format!("`{text}` is not a kind of fee: UpfrontFee, RecurringFee or SavingsPlanUpfrontFee");
    let known = kinds.into_iter().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| bad(message()).at(column_of("kind")))
}

/// A value of a column, its error turned into that of the table.
fn read<T>(column: &str, value: Result<T>) -> Result<T> {
    value.map_err(|cause| bad(cause.to_string()).at(column_of(column)))
}

fn missing_column<'h>(column: &str, headers: impl Iterator<Item = &'h str>) -> Error {
    let nearest = headers.min_by_key(|header| strsim::damerau_levenshtein(column, header));
    let hint = nearest.map(|header| format!("; the nearest is `{header}`")).unwrap_or_default();
    bad(format!("the column `{column}` is missing{hint}")).at(column_of(column))
}

fn unreadable(cause: csv::Error) -> Error {
    let message = match cause.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} columns, the header {expected_len}")
        }
        _ => "the row is not CSV of UTF-8 text".to_owned(),
    };
    bad(message).with_cause(cause)
}

fn column_of(column: &str) -> Location {
    Location { column: Some(column.to_owned()), ..Location::default() }
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ReservationsBadTable, message)
}

#[cfg(test)]
mod tests {
    use super::super::book::tests::entry;
    use super::*;

    const CSV: &str = "\
payer,billing_period,usage_account,product,kind,commitment_id,start,end,fee,currency
1,2015-12,22,EC2,UpfrontFee,\"Sign up charge for subscription: 1, planId: 2\",2015-12-06T00:00:00Z,2016-12-05T23:59:59Z,350.000000000000000001,USD
";

    fn csv_with(column: usize, value: &str) -> String {
        let row = ["1", "2015-12", "22", "EC2", "UpfrontFee", "9", "2015-12-06", "2016-12-06", "350", "USD"];
        let mut row = row.map(str::to_owned);
        value.clone_into(&mut row[column]);
        format!("{}\n{}\n", COLUMNS.join(","), row.join(","))
    }

    #[test]
    fn a_table_written_is_read_back_the_same() {
        let book = ReservationBook::read_csv("book.csv", CSV.as_bytes()).unwrap();
        let mut written = Vec::new();
        book.write_csv(&mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), CSV);
        let json = serde_json::to_vec(&book).unwrap();
        assert_eq!(ReservationBook::read_json("book.json", &json).unwrap(), book);
        assert_eq!(ReservationBook::read_json("book.json", b"[]").unwrap(), ReservationBook::default());
    }

    #[test]
    fn what_fees_cover_stands_in_columns_that_a_table_may_lack() {
        let text = CSV.replace(",currency", ",currency,usage_type,zone,count").replace(
            ",USD\n",
            ",USD,HeavyUsage:c4.large,us-east-1a,2.5\n1,2015-12,22,EC2,UpfrontFee,9,2015-12-06T00:00:00Z,2016-12-06T00:00:00Z,1,USD,,,\n",
        );
        let book = ReservationBook::read_csv("book.csv", text.as_bytes()).unwrap();
        let [silent, said] = book.entries() else { panic!("{book:?}") };
        assert_eq!((silent.usage_type.as_deref(), silent.says_what_it_covers()), (None, false));
        assert_eq!(
            (said.usage_type.as_deref(), said.zone.as_deref()),
            (Some("HeavyUsage:c4.large"), Some("us-east-1a"))
        );
        assert_eq!(said.count.unwrap().to_string(), "2.5");
        let mut written = Vec::new();
        book.write_csv(&mut written).unwrap();
        assert_eq!(ReservationBook::read_csv("book.csv", &written).unwrap(), book);
        let json = serde_json::to_vec(&book).unwrap();
        assert_eq!(ReservationBook::read_json("book.json", &json).unwrap(), book);
        // Without them a book has the digest that it always had.
        let plain = ReservationBook::read_csv("book.csv", CSV.as_bytes()).unwrap();
        assert_eq!(plain.digest().as_str(), "6e84bc4f10b96cc0522f8abea86b81201b050a51c7f44aa7ed38adb1c67a50ce");
        for (count, message) in [("0", "the count is not positive"), ("1e-19", "the count has more than 18 decimals")] {
            let error =
                ReservationBook::read_csv("b", text.replace(",2.5", &format!(",{count}")).as_bytes()).unwrap_err();
            assert_eq!((error.code(), error.to_string()), (ErrorCode::ReservationsBadTable, message.to_owned()));
        }
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let text = "\u{feff}note,currency,fee,end,start,commitment_id,kind,product,usage_account,billing_period,payer\r\n\
            x,USD,5,2016-12-05 23:59:59,2015-12-06 00:00:00,a,UpfrontFee,EC2,22,2015-12,1\r\n";
        let book = ReservationBook::read_csv("book.csv", text.as_bytes()).unwrap();
        assert_eq!(book.entries(), [entry("1", "2015-12", "a", "5")]);
    }

    #[test]
    fn a_bad_value_is_named_with_file_row_and_column() {
        for (column, value, message) in [
            (0, "", "the payer is empty"),
            (1, "2015-13", "`2015-13` is not a billing period of the form YYYY-MM"),
            (4, "Usage", "`Usage` is not a kind of fee: UpfrontFee, RecurringFee or SavingsPlanUpfrontFee"),
            (6, "soon", "`soon` is not a time"),
            (7, "2015-12-07", "the term from `start` to `end` spans less than 28 days"),
            (8, "12,5", "the row has 11 columns, the header 10"),
            (8, "twelve", "`twelve` is not a decimal number"),
            (8, "0.1234567890123456789", "the fee has more than 18 decimals"),
            (9, "usd", "`usd` is not a currency code of three capital letters"),
        ] {
            let error = ReservationBook::read_csv("book.csv", csv_with(column, value).as_bytes()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ReservationsBadTable, "{value}");
            assert_eq!(error.to_string(), message);
            let location = error.location().unwrap();
            assert_eq!((location.file.as_deref(), location.row), (Some("book.csv"), Some(2)));
            let named = (message != "the row has 11 columns, the header 10").then(|| COLUMNS[column]);
            assert_eq!(location.column.as_deref(), named);
        }
    }

    #[test]
    fn a_missing_or_repeated_column_is_named() {
        let error = ReservationBook::read_csv("b", CSV.replacen("fee", "fees", 1).as_bytes()).unwrap_err();
        assert_eq!(
            error.report(),
            "reservations.bad_table: the column `fee` is missing; the nearest is `fees` (b, column `fee`)"
        );
        let error = ReservationBook::read_csv("b", CSV.replacen("product", "payer", 1).as_bytes()).unwrap_err();
        assert_eq!(error.report(), "reservations.bad_table: the column stands twice (b, column `payer`)");
        assert!(ReservationBook::read_csv("b", b"").is_err());
    }

    #[test]
    fn json_values_must_be_texts() {
        let book = ReservationBook::read_csv("b", CSV.as_bytes()).unwrap();
        let text = serde_json::to_string(&book).unwrap();
        let number = text.replace("\"350.000000000000000001\"", "350");
        let error = ReservationBook::read_json("b.json", number.as_bytes()).unwrap_err();
        assert_eq!(error.report(), "reservations.bad_table: the value is not a text (b.json, row 1, column `fee`)");
        let error = ReservationBook::read_json("b.json", b"{}").unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReservationsBadTable);
        let error = ReservationBook::read_json("b.json", b"[{\"payr\": \"1\"}]").unwrap_err();
        assert!(
            error.report().contains("`payer` is missing; the nearest is `payr` (b.json, row 1"),
            "{}",
            error.report()
        );
    }

    #[test]
    fn a_table_that_contradicts_itself_is_a_conflict() {
        let row = CSV.lines().nth(1).unwrap().replace("350.", "351.");
        let error = ReservationBook::read_csv("b", format!("{CSV}{row}\n").as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReservationsConflict);
    }
}
