//! Bills that are one table of columns: which columns in which files.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::columns_cur::{self, Column};
use super::columns_focus;
use super::csv_file::CsvFile;
use super::dialect::{DemoBill, DemoDialect};
use super::fleet::REGION;
use super::line::Line;
use super::month::Month;
#[cfg(feature = "parquet")]
use super::parquet_file::{CostType, ParquetFile};
use super::random::Random;
use super::row::{BillWriter, Kind, Row, create, write_failed};
use super::sums::Sums;
use crate::error::{Error, ErrorCode, Result};
use crate::money::Amount;
use crate::time::{BillingPeriod, Timestamp};

/// Name of the report or export.
const REPORT: &str = "demo";
/// Rows in one file of a report that AWS cuts.
const CHUNK_ROWS: (u64, u64) = (1_000, 1_000_000);

/// A file of rows with the same columns.
pub(super) trait TableFile {
    /// Adds a row.
    fn line(&mut self, columns: &[Column], line: &Line<'_>) -> Result<()>;

    /// Closes the file; the exact sum of its costs where it is not that of the rows.
    fn finish(self: Box<Self>) -> Result<Option<Amount>>;
}

/// Writes one table.
pub(super) struct TableWriter<'m> {
    dialect: DemoDialect,
    columns: Vec<Column>,
    file: Box<dyn TableFile>,
    /// Where AWS cuts the report into files.
    chunks: Option<Chunks>,
    path: PathBuf,
    month: &'m Month,
    lines: u64,
}

/// The files of a report that AWS cuts, and their manifest.
struct Chunks {
    dir: PathBuf,
    rows: u64,
    assembly: String,
    keys: Vec<String>,
}

impl<'m> TableWriter<'m> {
    /// Opens the first file of a dialect in its own folder of `dir`, laid out as AWS lays out its bucket.
    pub(super) fn open(dir: &Path, dialect: DemoDialect, month: &'m Month, rows: u64) -> Result<Self> {
        let columns = match dialect {
            DemoDialect::Dbr | DemoDialect::Cur => columns_cur::legacy(month),
            DemoDialect::CurParquet | DemoDialect::CurParquetDecimal => columns_cur::athena(month),
            DemoDialect::Cur2 | DemoDialect::Cur2Parquet => columns_cur::cur2(month),
            DemoDialect::Focus => columns_focus::focus_1_0(),
            DemoDialect::Focus12 => columns_focus::focus_1_2(),
        };
        let (path, chunks) = if dialect == DemoDialect::Cur {
            let chunks = Chunks::new(dir, month, rows);
            (chunks.manifest_path(month.period), Some(chunks))
        } else {
            (dir.join(data_file(dialect, month.period)), None)
        };
        let mut writer = Self { dialect, file: Box::new(Closed), columns, chunks, path, month, lines: 0 };
        writer.next_file()?;
        Ok(writer)
    }

    fn next_file(&mut self) -> Result<()> {
        let path = self.chunks.as_mut().map_or_else(|| self.path.clone(), |chunks| chunks.next(self.month.period));
        self.file = match self.dialect {
            DemoDialect::CurParquet | DemoDialect::CurParquetDecimal | DemoDialect::Cur2Parquet => {
                parquet_file(&path, &self.columns, self.dialect)?
            }
            DemoDialect::Dbr | DemoDialect::Cur | DemoDialect::Cur2 | DemoDialect::Focus | DemoDialect::Focus12 => {
                Box::new(CsvFile::open(&path, &self.columns)?)
            }
        };
        Ok(())
    }

    /// FOCUS bills nothing for what a savings plan covers, so that nothing is taken back. What nobody used of a commitment
    /// is a row of its own; it was billed with the fee. It knows no tasks.
    fn focus_row(&mut self, row: &Row<'_>) -> Result<()> {
        let free = Row { rate: 0, blended_rate: 0, ..*row };
        match row.kind {
            Kind::PlanNegation | Kind::TaskShare => Ok(()),
            Kind::PlanCovered => self.line(&free),
            Kind::PlanRecurring => {
                self.line(row)?;
                self.line(&Row { kind: Kind::PlanUnused, ..free })
            }
            Kind::Recurring => {
                self.line(row)?;
                let reservation = &self.month.reservation;
                let quantity = (reservation.purchased_hours - reservation.used_hours) * super::meters::ONE;
                self.line(&Row { kind: Kind::Unused, quantity, end: row.end.plus_millis(1000), ..free })
            }
            _ => self.line(row),
        }
    }

    fn line(&mut self, row: &Row<'_>) -> Result<()> {
        let full = |chunks: &Chunks| self.lines > 0 && self.lines.is_multiple_of(chunks.rows);
        if self.chunks.as_ref().is_some_and(full) {
            std::mem::replace(&mut self.file, Box::new(Closed)).finish()?;
            self.next_file()?;
        }
        self.lines += 1;
        self.file.line(&self.columns, &Line { row, month: self.month, number: self.lines })
    }
}

impl BillWriter for TableWriter<'_> {
    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        if matches!(self.dialect, DemoDialect::Focus | DemoDialect::Focus12) {
            return self.focus_row(row);
        }
        self.line(row)
    }

    fn finish(self: Box<Self>, sums: &Sums) -> Result<DemoBill> {
        let total = self.file.finish()?.unwrap_or(Amount::from_units(sums.line_item_total()));
        if let Some(chunks) = &self.chunks {
            chunks.write_manifests(&self.columns, self.month)?;
        }
        Ok(DemoBill { dialect: self.dialect, path: self.path, total })
    }
}

/// Stands where no file is open.
struct Closed;

impl TableFile for Closed {
    fn line(&mut self, _: &[Column], _: &Line<'_>) -> Result<()> {
        Err(Error::new(ErrorCode::OutputIo, "the demo's file is closed"))
    }

    fn finish(self: Box<Self>) -> Result<Option<Amount>> {
        Ok(None)
    }
}

#[cfg(feature = "parquet")]
fn parquet_file(path: &Path, columns: &[Column], dialect: DemoDialect) -> Result<Box<dyn TableFile>> {
    let costs = if dialect == DemoDialect::CurParquetDecimal { CostType::Decimal } else { CostType::Double };
    Ok(Box::new(ParquetFile::open(path, columns, costs)?))
}

#[cfg(not(feature = "parquet"))]
fn parquet_file(_: &Path, _: &[Column], dialect: DemoDialect) -> Result<Box<dyn TableFile>> {
    Err(super::not_written_here(dialect))
}

/// Where AWS puts the one file of an export, below the folder of the demo.
fn data_file(dialect: DemoDialect, period: BillingPeriod) -> PathBuf {
    let month = period.to_string();
    if matches!(dialect, DemoDialect::CurParquet | DemoDialect::CurParquetDecimal) {
        let (year, month) = month.split_once('-').unwrap_or((&month, ""));
        let partition = format!("year={year}/month={}", month.trim_start_matches('0'));
        return PathBuf::from(format!("{dialect}/{REPORT}/{REPORT}/{partition}/{REPORT}-00001.snappy.parquet"));
    }
    let ending = if dialect.is_parquet() { "snappy.parquet" } else { "csv.gz" };
    PathBuf::from(format!("{dialect}/{REPORT}/data/BILLING_PERIOD={month}/{REPORT}-00001.{ending}"))
}

impl Chunks {
    fn new(dir: &Path, month: &Month, rows: u64) -> Self {
        let assembly = Random::stream(month.seed, "assembly").uuid();
        let rows = (rows / 3 + 1).clamp(CHUNK_ROWS.0, CHUNK_ROWS.1);
        Self { dir: dir.to_owned(), rows, assembly, keys: Vec::new() }
    }

    /// The period's folder in the bucket, whose root is the folder of the demo.
    fn folder(period: BillingPeriod) -> String {
        let (start, end) = (day(period.start()), day(period.end()));
        format!("{}/{REPORT}/{start}-{end}", DemoDialect::Cur)
    }

    fn next(&mut self, period: BillingPeriod) -> PathBuf {
        let number = self.keys.len() + 1;
        let key = format!("{}/{}/{REPORT}-{number}.csv.gz", Self::folder(period), self.assembly);
        let path = self.dir.join(&key);
        self.keys.push(key);
        path
    }

    fn manifest_path(&self, period: BillingPeriod) -> PathBuf {
        self.dir.join(format!("{}/{REPORT}-Manifest.json", Self::folder(period)))
    }

    /// The same manifest in the period's folder, which says what is valid, and beside the files.
    fn write_manifests(&self, columns: &[Column], month: &Month) -> Result<()> {
        let column = |column: &Column| {
            let (category, name) = column.name.split_once('/').unwrap_or(("", &column.name));
            json!({ "category": category, "name": name })
        };
        let stamp = |time: Timestamp| format!("{}T000000.000Z", day(time));
        let manifest = json!({
            "assemblyId": self.assembly,
            "account": month.payer,
            "columns": columns.iter().map(column).collect::<Vec<_>>(),
            "charset": "UTF-8",
            "compression": "GZIP",
            "contentType": "text/csv",
            "reportId": Random::stream(month.seed, "report").hex(64),
            "reportName": REPORT,
            "billingPeriod": { "start": stamp(month.period.start()), "end": stamp(month.period.end()) },
            "bucket": format!("demo-billing-{REGION}"),
            "reportKeys": self.keys,
            "additionalArtifactKeys": [],
        });
        let current = self.manifest_path(month.period);
        let beside = self.dir.join(format!("{}/{}/{REPORT}-Manifest.json", Self::folder(month.period), self.assembly));
        for path in [current, beside] {
            serde_json::to_writer_pretty(create(&path)?, &manifest).map_err(write_failed)?;
        }
        Ok(())
    }
}

/// `20160601`.
fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).filter(|c| *c != '-').collect()
}
