//! One opaque error: code, message, location, cause (spec 10.3).
//!
//! Callers match on [`Error::code`]; texts are for people. [`ErrorCode::ALL`] is the catalogue that
//! `docs/errors.md` prints and every binding reuses.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// Result with the crate's error.
pub type Result<T> = std::result::Result<T, Error>;

/// Whose concern an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Bill, event or table data is wrong.
    Input,
    /// Options or the policy are wrong, or ask for what this bill cannot give.
    Config,
    /// A limit of exact arithmetic or of the caller was reached.
    Limit,
    /// The operating system refused to read or write.
    Io,
    /// The store or a finalized table forbids the operation.
    State,
    /// A promise of this library is broken.
    Internal,
}

macro_rules! error_codes {
    ($($variant:ident = $code:literal, $class:ident, $meaning:literal;)*) => {
        /// Stable code of an error, written `stage.problem`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Every code there is, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as text, such as `parse.bad_decimal`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Whose concern it is.
            #[must_use]
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$variant => ErrorClass::$class,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

error_codes! {
    ConfigBadValue = "config.bad_value", Config, "An option or a policy value is not of the form it must have.";
    ConfigBadTable = "config.bad_table", Input, "A table of metrics or keys lacks a column or has a bad value.";
    ConfigBasisUnavailable = "config.basis_unavailable", Config, "The dialect or the header has no columns for the cost basis that was asked for.";
    ConfigCurrency = "config.currency", Config, "Several currencies would be added, or the chosen one does not occur in the bill.";
    ConfigRuleSplit = "config.rule_split", Config, "The percentages of a rule or shared pool do not sum to 1, or a rule has no owner.";
    ConfigTooLarge = "config.too_large", Limit, "A request, or a text given in it, is larger than is taken; files may be of any size.";
    ConfigUnknownKey = "config.unknown_key", Config, "The policy has a key that does not exist; the message names the nearest one.";
    ConfigUnsupported = "config.unsupported", Config, "The policy asks for a method that this version does not have.";
    ReadNoInput = "read.no_input", Input, "A path, directory or glob names no bill.";
    ReadIo = "read.io", Io, "A file cannot be opened or read.";
    ReadTruncated = "read.truncated", Input, "A compressed or archived file ends before its content does.";
    ReadBadArchive = "read.bad_archive", Input, "A compressed or archived file is damaged or of a kind that is not read.";
    ReadUnknownDialect = "read.unknown_dialect", Input, "The header is that of no known billing format.";
    ReadMissingColumn = "read.missing_column", Input, "A required column is not in the header; the message names the nearest one.";
    ReadBadColumnType = "read.bad_column_type", Input, "A column that is read has a type in which no bill is written.";
    ReadDuplicate = "read.duplicate", Input, "The same file, two assemblies of one billing period, or one payer in two formats were given.";
    ReadBadManifest = "read.bad_manifest", Input, "A manifest is not complete JSON, or lists no files.";
    ReadMissingChunk = "read.missing_chunk", Input, "A file that a manifest lists is not there.";
    ReadExtraChunk = "read.extra_chunk", Input, "A file lies among those of a manifest, which does not list it.";
    ReadWrongSize = "read.wrong_size", Input, "A file does not have the size that its manifest gives.";
    ReadPeriodMismatch = "read.period_mismatch", Input, "No input belongs to the billing period that was asked for.";
    ReadSeveralPeriods = "read.several_periods", Input, "The inputs belong to several billing periods and none was chosen.";
    ReadUnknownCostCategory = "read.unknown_cost_category", Input, "A requested cost category is in no input; the message names the nearest ones.";
    ReadUnknownTagKey = "read.unknown_tag_key", Input, "A requested tag key is in no input; the message names the nearest ones.";
    ReadCancelled = "read.cancelled", Limit, "The caller cancelled the scan.";
    ParseBadRow = "parse.bad_row", Input, "A row does not have the header's number of columns, or a quote is not closed.";
    ParseBadUtf8 = "parse.bad_utf8", Input, "A row is not UTF-8 text.";
    ParseBadDecimal = "parse.bad_decimal", Input, "A number is not a finite decimal number.";
    ClassifyUnknownLineItemType = "classify.unknown_line_item_type", Input, "A line item type or charge category is not known and the policy is strict.";
    ParseBadCurrency = "parse.bad_currency", Input, "A currency is no code of three capital letters.";
    ParseBadMap = "parse.bad_map", Input, "A field that holds a map, such as tags, is no JSON object.";
    ParseBadTime = "parse.bad_time", Input, "A time is not written in a known form, or lies where no bill's times do.";
    MoneyOverflow = "money.overflow", Limit, "An exact amount leaves the range of 128-bit arithmetic.";
    BillIncompatible = "bill.incompatible", Config, "Bills of different period, basis or tag keys cannot be merged.";
    BillBadFile = "bill.bad_file", Input, "A saved bill is damaged, cut short or of an unknown version.";
    EvidenceBadJson = "evidence.bad_json", Input, "An event file is not JSON.";
    EvidenceBadEvent = "evidence.bad_event", Input, "An event lacks a field it must have, or the field has the wrong form.";
    EvidenceBadTable = "evidence.bad_table", Input, "A normalized table lacks a column or has a bad value.";
    EvidenceBadServiceMap = "evidence.bad_service_map", Input, "The service map is not of a known form, or contradicts itself.";
    FeeUnknownTerm = "fee.unknown_term", Input, "A commitment fee has no known term and the policy refuses such fees.";
    ReservationsBadTable = "reservations.bad_table", Input, "The table of reservations lacks a column or has a bad value.";
    ReservationsConflict = "reservations.conflict", Input, "A fee stands in a given table and in the store with different amounts.";
    AttributeClosedCycle = "attribute.closed_cycle", Config, "Providers take each other's cost in a cycle that no other area takes part in.";
    AttributeNoSplitData = "attribute.no_split_data", Config, "The policy splits instances by split cost allocation data, and the bill has none.";
    AttributeNotScanned = "attribute.not_scanned", Config, "Evidence or policy needs intervals or a tag key that the scan did not keep.";
    AttributeUnknownCapacity = "attribute.unknown_capacity", Input, "The capacity of a container instance is needed and not known.";
    ReconcileResidual = "reconcile.residual", Internal, "Parts do not sum to the bill; nothing was written.";
    StoreIo = "store.io", Io, "The store cannot be opened, read or written.";
    StoreSchema = "store.schema", State, "The store is of a newer schema version, or no store of this program.";
    StoreNotFound = "store.not_found", State, "The store has no such run.";
    FinalizeNotFinal = "finalize.not_final", State, "The bill is not invoiced, so it cannot be finalized.";
    FinalizeIncomplete = "finalize.incomplete", State, "The bill stops early or lacks malformed rows, so it cannot be finalized.";
    FinalizeRestated = "finalize.restated", State, "The period is finalized with another bill.";
    FinalizeRecomputed = "finalize.recomputed", State, "The period is finalized with the same bill but another policy, evidence or software version.";
    OutputIo = "output.io", Io, "A result cannot be written.";
    InternalPanic = "internal.panic", Internal, "A defect of this library was caught at its border.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Where in the inputs something was found. Every part may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Location {
    /// Path or given name of the input; an archive's entry follows a `!`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Row number: in CSV the header is row 1, in Parquet and Arrow data, which have no header row, the first data row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Byte offset of the row's start in the uncompressed input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// Column name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl Location {
    /// A whole input.
    #[must_use]
    pub fn file(name: impl Into<String>) -> Self {
        Self { file: Some(name.into()), ..Self::default() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file.as_deref().unwrap_or("input"))?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(byte) = self.byte {
            write!(f, ", byte {byte}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        Ok(())
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Anything that can go wrong. Its text is its own level only; causes follow through `source()`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Inner {
    code: ErrorCode,
    message: String,
    location: Option<Location>,
    source: Option<Cause>,
}

impl Error {
    /// An error with its code and a sentence: lower case, no final dot, input in backticks.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), location: None, source: None }))
    }

    /// The same error, with where it was found. Parts already known are kept.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        let known = self.0.location.take().unwrap_or_default();
        self.0.location = Some(Location {
            file: known.file.or(location.file),
            row: known.row.or(location.row),
            byte: known.byte.or(location.byte),
            column: known.column.or(location.column),
        });
        self
    }

    /// The same error, with its cause.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Cause>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Where it was found, as far as known.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// The cause, if another error led to this one.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// Code, message, location and causes in one line, for terminals.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = format!("{}: {}", self.code(), self);
        if let Some(location) = self.location() {
            let _ = write!(text, " ({location})");
        }
        let mut cause = self.cause().map(|c| c as &dyn std::error::Error);
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_name_stage_and_problem() {
        let mut seen = std::collections::BTreeSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert_eq!(code.as_str().split('.').count(), 2, "{code}");
        }
    }

    #[test]
    fn the_innermost_location_wins_and_gaps_are_filled() {
        let error = Error::new(ErrorCode::ParseBadDecimal, "bad")
            .at(Location { column: Some("Cost".into()), ..Location::default() })
            .at(Location { file: Some("a.csv".into()), row: Some(3), ..Location::default() });
        assert_eq!(error.report(), "parse.bad_decimal: bad (a.csv, row 3, column `Cost`)");
    }
}
