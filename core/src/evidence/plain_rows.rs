//! Tables without quotes, which may be of millions of runs.
//!
//! Invariant: rows are read exactly as the general reader (`tables`) reads them, or not at all: whatever is quoted or wrong
//! is left to that one, so that all errors and their places come from there.

use super::EvidenceBuilder;
use super::kinds::KindName;
use super::names::{Name, Names};
use super::scalar::{instant, trimmed};
use super::tables::{Header, Table};
use super::task_facts::Task;
use crate::index::Index;
use crate::read::PlainFields;
use crate::time::Timestamp;

/// Reads lines of one table.
pub(super) struct PlainRows<'h> {
    header: &'h Header,
    fields: PlainFields,
    task_columns: TaskColumns,
    kinds: RowKinds,
}

/// Where the cells of a table of tasks stand.
struct TaskColumns {
    task: Option<usize>,
    instance: Option<usize>,
    started: Option<usize>,
    stopped: Option<usize>,
    /// The first and last columns of the stretches of all others that say something.
    shared: Vec<(usize, usize)>,
}

/// What rows of tasks say but for the task and its times.
#[derive(Default)]
struct RowKinds {
    instances: Names,
    /// Their other cells: mostly one text for each service.
    services: Names,
    kinds: Index<(Name, Name), KindName>,
    cells: String,
}

/// A row by the places of its separators.
#[derive(Clone, Copy)]
struct PlainRow<'r> {
    text: &'r str,
    start: usize,
    ends: &'r [u32],
}

impl<'r> PlainRow<'r> {
    /// The cells of columns with the separators between them.
    fn cells(&self, first: usize, last: usize) -> &'r str {
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        let start = first.checked_sub(1).map_or(Some(self.start), |before| Some(end(before)? + 1));
        start.zip(end(last)).and_then(|(start, end)| self.text.get(start..end)).unwrap_or_default()
    }

    /// The cell of a column; empty where there is no such column.
    fn cell(&self, column: Option<usize>) -> &'r str {
        trimmed(column.map_or("", |column| self.cells(column, column)))
    }

    fn all(&self) -> impl Iterator<Item = &'r str> {
        (0..self.ends.len()).map(|column| self.cells(column, column))
    }
}

impl TaskColumns {
    fn of(columns: &[Option<&'static str>]) -> Self {
        let place = |name: &str| columns.iter().rposition(|column| *column == Some(name));
        let own = ["task", "instance", "started", "stopped"];
        let mut shared: Vec<(usize, usize)> = Vec::new();
        for (at, _) in columns.iter().enumerate().filter(|(_, column)| column.is_some_and(|name| !own.contains(&name)))
        {
            match shared.last_mut().filter(|(_, last)| last + 1 == at) {
                Some((_, last)) => *last = at,
                None => shared.push((at, at)),
            }
        }
        let [task, instance, started, stopped] = own.map(place);
        Self { task, instance, started, stopped, shared }
    }
}

impl<'h> PlainRows<'h> {
    /// No rows yet of the table.
    pub(super) fn new(header: &'h Header) -> Self {
        let task_columns = TaskColumns::of(header.columns());
        Self { header, fields: PlainFields::default(), task_columns, kinds: RowKinds::default() }
    }

    /// Takes lines of the table. `None` where they are not plain, or where anything is wrong: the general reader says what,
    /// and where.
    pub(super) fn add(&mut self, evidence: &mut EvidenceBuilder, lines: &[u8]) -> Option<()> {
        let Self { header, fields, task_columns, kinds } = self;
        let text = std::str::from_utf8(lines).ok()?;
        let mut start = 0;
        for ends in fields.of_rows(lines, header.columns().len())? {
            let row = PlainRow { text, start, ends };
            start = ends.last().map_or(start, |end| *end as usize + 1);
            if header.table() == Table::Tasks {
                task_columns.add(row, header, kinds, evidence)?;
            } else {
                evidence.add_row(header.table(), &header.row(row.all())?).ok()?;
            }
        }
        (start == lines.len()).then_some(())
    }
}

impl TaskColumns {
    fn add(
        &self,
        row: PlainRow<'_>,
        header: &Header,
        known: &mut RowKinds,
        evidence: &mut EvidenceBuilder,
    ) -> Option<()> {
        let [started, stopped] = [row.cell(self.started), row.cell(self.stopped)];
        known.cells.clear();
        for (first, last) in &self.shared {
            known.cells.push_str(row.cells(*first, *last));
            known.cells.push(',');
        }
        known.cells.push(if started.is_empty() { '0' } else { '1' });
        known.cells.push(if stopped.is_empty() { '0' } else { '1' });
        let alike = (known.services.name(&known.cells), known.instances.name(row.cell(self.instance)));
        let kind = if let Some(kind) = known.kinds.get(&alike) {
            *kind
        } else {
            let kind = evidence.task_of_row(&header.row(row.all())?).ok()?.kind();
            *known.kinds.entry(alike).or_insert(kind)
        };
        let time = |text: &str| if text.is_empty() { Some(Timestamp::from_millis(0)) } else { instant(text) };
        let said = Task::of_row(kind, time(started)?, time(stopped)?);
        let task = row.cell(self.task);
        (!task.is_empty()).then(|| evidence.add_run(task, said))
    }
}
