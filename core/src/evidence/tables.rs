//! Normalized tables: tasks, instances and volumes as CSV or JSON rows (spec 4.1, 4.2, 4.4).

use std::borrow::Cow;

use super::containers::Said;
use super::json::Envelope;
use super::model::Capacity;
use super::scalar::{Field, Scalar, Shape};
use super::task_facts::Task;
use super::tasks::TaskRow;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::evidence::EvidenceBuilder;

/// Which table; told by a column that only this one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Tasks,
    Instances,
    Volumes,
}

const TABLES: [Table; 3] = [Table::Tasks, Table::Instances, Table::Volumes];

impl Table {
    const fn key(self) -> &'static str {
        match self {
            Self::Tasks => "task",
            Self::Instances => "container_instance",
            Self::Volumes => "volume",
        }
    }

    /// Columns a CSV must have; their cells may be empty where a value may be unknown.
    const fn required(self) -> &'static [&'static str] {
        match self {
            Self::Tasks => &["task", "cluster", "service", "instance", "cpu", "started", "stopped"],
            Self::Instances => &["container_instance", "cluster", "instance", "cpu"],
            Self::Volumes => &["volume", "instance", "attached", "detached"],
        }
    }
}

/// One row, whatever table it is of.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    task: Field<'a>,
    cluster: Field<'a>,
    service: Field<'a>,
    instance: Field<'a>,
    cpu: Field<'a>,
    memory: Field<'a>,
    started: Field<'a>,
    stopped: Field<'a>,
    container_instance: Field<'a>,
    since: Field<'a>,
    volume: Field<'a>,
    attached: Field<'a>,
    detached: Field<'a>,
}

impl<'a> Row<'a> {
    /// The row of a JSON object, if its keys are those of a table.
    pub(super) fn of_json(event: Envelope<'a>) -> Option<(Table, Self)> {
        let row = Self {
            task: event.task,
            cluster: event.cluster,
            service: event.service,
            instance: event.instance,
            cpu: event.cpu,
            memory: event.memory,
            started: event.started,
            stopped: event.stopped,
            container_instance: event.container_instance,
            since: event.since,
            volume: event.volume,
            attached: event.attached,
            detached: event.detached,
        };
        let table = match &row {
            Row { task: Some(_), .. } => Table::Tasks,
            Row { container_instance: Some(_), .. } => Table::Instances,
            Row { volume: Some(_), .. } => Table::Volumes,
            _ => return None,
        };
        Some((table, row))
    }

    /// The cell of a column.
    fn field(&mut self, column: &str) -> Option<&mut Field<'a>> {
        Some(match column {
            "task" => &mut self.task,
            "cluster" => &mut self.cluster,
            "service" => &mut self.service,
            "instance" => &mut self.instance,
            "cpu" => &mut self.cpu,
            "memory" => &mut self.memory,
            "started" => &mut self.started,
            "stopped" => &mut self.stopped,
            "container_instance" => &mut self.container_instance,
            "since" => &mut self.since,
            "volume" => &mut self.volume,
            "attached" => &mut self.attached,
            "detached" => &mut self.detached,
            _ => return None,
        })
    }
}

/// The columns that tables have.
const COLUMNS: [&str; 13] = [
    "task",
    "cluster",
    "service",
    "instance",
    "cpu",
    "memory",
    "started",
    "stopped",
    "container_instance",
    "since",
    "volume",
    "attached",
    "detached",
];

/// The table of a CSV, and what its columns are.
#[derive(Debug)]
pub(super) struct Header {
    table: Table,
    /// The name of each column, if it is one of [`COLUMNS`].
    columns: Vec<Option<&'static str>>,
}

impl Header {
    fn of<'c>(columns: impl Iterator<Item = &'c str>) -> Result<Self> {
        let names: Vec<String> = columns.map(|column| column.trim().to_owned()).collect();
        let known = |name: &String| COLUMNS.into_iter().find(|column| column == name);
        Ok(Self { table: table(&names)?, columns: names.iter().map(known).collect() })
    }

    /// The header of a table that may be plain; `None` where it is none, or has quotes.
    #[cfg(feature = "fs")]
    pub(super) fn of_plain(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        let is_plain = !line.starts_with('\u{feff}') && !line.contains(['"', '\r']);
        is_plain.then(|| Self::of(line.split(',')).ok()).flatten()
    }

    /// Which table it is of.
    #[cfg(feature = "fs")]
    pub(super) fn table(&self) -> Table {
        self.table
    }

    /// The name of each column, if tables have such a column.
    #[cfg(feature = "fs")]
    pub(super) fn columns(&self) -> &[Option<&'static str>] {
        &self.columns
    }

    /// The row of cells; `None` where they are not as many as the columns.
    pub(super) fn row<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Option<Row<'a>> {
        let mut row = Row::default();
        let mut columns = self.columns.iter();
        for cell in cells {
            if let Some(field) = columns.next()?.and_then(|column| row.field(column)) {
                *field = Some(Scalar::Text(Cow::Borrowed(cell.trim())));
            }
        }
        columns.next().is_none().then_some(row)
    }
}

impl EvidenceBuilder {
    /// What a row of a table of tasks says of its task.
    ///
    /// # Errors
    /// `evidence.bad_table` naming the column.
    pub(super) fn task_of_row(&mut self, row: &Row<'_>) -> Result<Task> {
        let shape = Shape::TABLE;
        let row = TaskRow {
            cluster: shape.required(&row.cluster, "cluster")?,
            service: shape.required(&row.service, "service")?,
            instance: shape.text(&row.instance, "instance")?,
            cpu: shape.number(&row.cpu, "cpu")?,
            memory: shape.number(&row.memory, "memory")?,
            started: shape.time(&row.started, "started")?,
            stopped: shape.time(&row.stopped, "stopped")?,
        };
        Ok(self.tasks.of_row(&row, &mut self.names))
    }

    /// Takes a row of a table.
    ///
    /// # Errors
    /// `evidence.bad_table` naming the column.
    pub(super) fn add_row(&mut self, table: Table, row: &Row<'_>) -> Result<()> {
        let shape = Shape::TABLE;
        match table {
            Table::Tasks => {
                let task = shape.required(&row.task, "task")?;
                let said = self.task_of_row(row)?;
                self.add_run(task, said);
            }
            Table::Instances => {
                let memory = shape.number(&row.memory, "memory")?.unwrap_or(0);
                let said = Said {
                    container_instance: shape.required(&row.container_instance, "container_instance")?,
                    cluster: shape.text(&row.cluster, "cluster")?,
                    instance: Some(shape.required(&row.instance, "instance")?),
                    capacity: shape.number(&row.cpu, "cpu")?.map(|cpu| Capacity { cpu, memory }),
                    at: shape.time(&row.since, "since")?,
                    is_deregistered: false,
                    version: 0,
                };
                self.container_instances.add(&mut self.names, &said);
            }
            Table::Volumes => {
                let pair = (shape.required(&row.volume, "volume")?, shape.required(&row.instance, "instance")?);
                let attached = shape.required_time(&row.attached, "attached")?;
                let detached = shape.time(&row.detached, "detached")?;
                self.volumes.add_row(&mut self.names, pair, attached, detached);
            }
        }
        Ok(())
    }

    /// Takes a CSV table.
    ///
    /// # Errors
    /// `evidence.bad_table` with row and column.
    pub(super) fn add_csv(&mut self, bytes: &[u8]) -> Result<()> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(false).from_reader(bytes);
        let mut record = csv::StringRecord::new();
        let mut row_number = 1;
        if !reader.read_record(&mut record).map_err(|error| unreadable(&error, row_number))? {
            return Ok(());
        }
        let header = Header::of(record.iter())?;
        while reader.read_record(&mut record).map_err(|error| unreadable(&error, row_number + 1))? {
            row_number += 1;
            let place = Location { row: Some(row_number), ..Location::default() };
            // The reader has counted the cells.
            let row = header.row(record.iter()).unwrap_or_default();
            self.add_row(header.table, &row).map_err(|error| error.at(place))?;
        }
        Ok(())
    }
}

/// The table of a header.
fn table(columns: &[String]) -> Result<Table> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    let header = |message: String, column: Option<&str>| {
        let column = column.map(str::to_owned);
        Error::new(ErrorCode::EvidenceBadTable, message).at(Location { row: Some(1), column, ..Location::default() })
    };
    let table = TABLES.into_iter().find(|table| has(table.key())).ok_or_else(|| {
        let message = "the header has none of the columns `task`, `container_instance` and `volume`";
        header(message.to_owned(), None)
    })?;
    match table.required().iter().find(|name| !has(name)) {
        None => Ok(table),
        Some(name) => {
            let distance = |column: &&String| strsim::damerau_levenshtein(column, name);
            let nearest = columns.iter().min_by_key(distance).map_or("", String::as_str);
            Err(header(format!("the header lacks `{name}`; the nearest column is `{nearest}`"), Some(name)))
        }
    }
}

fn unreadable(error: &csv::Error, row: u64) -> Error {
    let byte = error.position().map(csv::Position::byte);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} columns, the header {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8 text".to_owned(),
        _ => "the row cannot be read".to_owned(),
    };
    Error::new(ErrorCode::EvidenceBadTable, message).at(Location { row: Some(row), byte, ..Location::default() })
}
