//! `unblended rollup`: bill, policy and evidence in, three tables and a run out.

use std::fs;
use std::path::Path;

use super::Outcome;
use super::args::{Encoding, Output, Rollup, RollupAndCharges};
use super::bill::{as_of, scan_bill};
use super::output::Console;
use super::tables;
use crate::amortize::ReservationBook;
use crate::bill::Bill;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::evidence::{self, Evidence};
use crate::facade::{
    self, AttributeRequest, EvidenceRequest, EvidenceSource, Keep, ScanRequest, ServiceSource, StoreHandle, TableName,
};
use crate::files::StagedFiles;
use crate::policy::Policy;
use crate::rollup::Report;
use crate::time::Timestamp;

pub(super) fn run(args: &RollupAndCharges, console: &mut Console) -> Result<Outcome> {
    let RollupAndCharges { rollup: args, allocated_charges } = args;
    let (mut asked, report) = attributed(args, console)?;
    let run_id = facade::new_run_id();
    // Everything that can fail for want of room or rights comes before the run is stored.
    let charges = allocated_charges.as_deref().map(|path| asked.allocated_charges(path)).transpose()?;
    let written = match args.output {
        Output::Csv => Written::Files(csv_files(args.out.as_deref(), &report, &rollup_tables(&report))?),
        Output::Json => Written::of(args, report.to_json(&run_id)?)?,
        Output::Table => Written::of(args, tables::of_report(&report, &run_id)?)?,
    };
    if let Some(store) = &mut asked.store {
        store.add_reservations(&asked.given)?;
        store.append_as(&run_id, &report, &asked.bill)?;
    }
    charges.map_or(Ok(()), StagedFiles::put_in_place)?;
    // The process ends: freeing millions of task runs one by one would only take time.
    std::mem::forget(asked.evidence);
    written.show(&report.diagnostics, console)
}

/// The same bill, policy and evidence as for a rollup; nothing is stored.
pub(super) fn run_coverage(args: &Rollup, console: &mut Console) -> Result<Outcome> {
    let (_, report) = attributed(args, console)?;
    let written = match args.output {
        Output::Csv => Written::Files(csv_files(args.out.as_deref(), &report, &COVERAGE_TABLES)?),
        Output::Json => Written::of(args, report.coverage_json()?)?,
        Output::Table => Written::of(args, tables::of_coverage(&report))?,
    };
    written.show(&report.diagnostics, console)
}

/// What is to be attributed, and what a store is to be told beside it.
pub(super) struct Asked {
    pub(super) bill: Bill,
    pub(super) evidence: Evidence,
    pub(super) book: ReservationBook,
    pub(super) request: AttributeRequest,
    store: Option<StoreHandle>,
    given: ReservationBook,
}

impl Asked {
    /// The allocated charges beside their file.
    fn allocated_charges(&self, path: &Path) -> Result<StagedFiles> {
        let table = facade::allocated_charges(&self.bill, &self.evidence, &self.book, &self.request)?;
        StagedFiles::write(vec![(path.to_owned(), csv_of(&table)?)])
    }
}

fn attributed(args: &Rollup, console: &mut Console) -> Result<(Asked, Report)> {
    let asked = ask(args, console)?;
    let report = facade::attribute(&asked.bill, &asked.evidence, &asked.book, &asked.request)?;
    Ok((asked, report))
}

/// Reads bill, policy, evidence and reservations.
pub(super) fn ask(args: &Rollup, console: &mut Console) -> Result<Asked> {
    if args.output == Output::Csv {
        csv_folder(args.out.as_deref())?;
    }
    let policy = policy(args)?;
    let as_of = as_of(&args.bill);
    let evidence = read_evidence(args, &policy, as_of)?;
    let bill = scan_bill(&args.bill, |request| keep(request, args, &policy, &evidence), console)?;
    let store = args.store.as_deref().map(|url| StoreHandle::open(url, true)).transpose()?;
    let given = args.reservations.as_deref().map(facade::reservations).transpose()?.unwrap_or_default();
    let book = match &store {
        Some(store) => ReservationBook::combine(&given, &store.reservations()?)?,
        None => given.clone(),
    };
    let request = AttributeRequest { policy, currency: args.currency, as_of: Some(as_of) };
    Ok(Asked { bill, evidence, book, request, store, given })
}

/// The policy file, with what the command line says instead.
fn policy(args: &Rollup) -> Result<Policy> {
    let mut policy = match &args.policy {
        Some(path) => facade::read_policy(path)?,
        None => Policy::default(),
    };
    if let Some(basis) = args.basis {
        policy.basis = basis;
    }
    if !args.tags.is_empty() {
        policy.areas.tag_keys.clone_from(&args.tags);
    }
    if !args.cost_categories.is_empty() {
        policy.areas.cost_categories.clone_from(&args.cost_categories);
    }
    Ok(policy)
}

fn read_evidence(args: &Rollup, policy: &Policy, as_of: Timestamp) -> Result<Evidence> {
    let encoding = match args.services_encoding {
        Encoding::Plain => evidence::Encoding::Plain,
        Encoding::Base64 => evidence::Encoding::Base64,
        Encoding::Auto => evidence::Encoding::Auto,
    };
    let events = args.tasks.iter().chain(&args.instances).chain(&args.volumes);
    let services = args.services.iter();
    facade::evidence(&EvidenceRequest {
        events: events.cloned().map(EvidenceSource::Path).collect(),
        services: services.map(|path| ServiceSource { source: EvidenceSource::Path(path.clone()), encoding }).collect(),
        default_cpu: Some(policy.containers.default_cpu),
        as_of: Some(as_of),
    })
}

/// What the scan must keep for this policy and evidence.
pub(super) fn keep(request: &mut ScanRequest, args: &Rollup, policy: &Policy, evidence: &Evidence) {
    request.keep_for(policy);
    if !args.tags.is_empty() {
        request.tag_keys = Some(args.tags.clone());
    }
    request.keep_intervals = Keep::Resources(evidence.resources().map(str::to_owned).collect());
}

/// A result that is ready to be seen.
pub(super) enum Written {
    Text(String),
    Files(StagedFiles),
}

impl Written {
    /// A text, in the file that was asked for.
    pub(super) fn of(args: &Rollup, text: String) -> Result<Self> {
        match &args.out {
            Some(path) => StagedFiles::write(vec![(path.clone(), text.into_bytes())]).map(Self::Files),
            None => Ok(Self::Text(text)),
        }
    }

    /// Shows the findings and the result.
    pub(super) fn show(self, found: &[Diagnostic], console: &mut Console) -> Result<Outcome> {
        console.show_diagnostics(found);
        match self {
            Self::Text(text) => console.print(&text)?,
            Self::Files(files) => files.put_in_place()?,
        }
        Ok(Outcome::Done)
    }
}

/// The folder that three files need; asked for before anything is read or stored.
fn csv_folder(folder: Option<&Path>) -> Result<&Path> {
    folder.ok_or_else(|| {
        Error::new(ErrorCode::ConfigBadValue, "`--output csv` writes three files: name their folder with `--out`")
    })
}

/// A file and its table.
type CsvTable = (&'static str, TableName);

const COVERAGE_TABLES: [CsvTable; 3] = [
    ("coverage.csv", TableName::Coverage),
    ("unattributed.csv", TableName::Unattributed),
    ("wins.csv", TableName::Wins),
];

/// The rollup tables; hops of providers, commitments and the comparison of splits only where there are any.
fn rollup_tables(report: &Report) -> Vec<CsvTable> {
    let mut tables = vec![
        ("area_costs.csv", TableName::AreaCosts),
        ("service_costs.csv", TableName::ServiceCosts),
        ("product_area_costs.csv", TableName::ProductAreaCosts),
    ];
    if !report.reallocations.is_empty() {
        tables.push(("reallocations.csv", TableName::Reallocations));
    }
    if !report.commitments.is_empty() {
        tables.push(("commitments.csv", TableName::Commitments));
    }
    if !report.split_check.is_empty() {
        tables.push(("split_check.csv", TableName::SplitCheck));
    }
    tables
}

/// One file a table, in a folder.
fn csv_files(folder: Option<&Path>, report: &Report, tables: &[CsvTable]) -> Result<StagedFiles> {
    let folder = csv_folder(folder)?;
    fs::create_dir_all(folder).map_err(|cause| {
        let location = Location::file(folder.display().to_string());
        Error::new(ErrorCode::OutputIo, "the folder cannot be made").with_cause(cause).at(location)
    })?;
    let files = tables.iter().map(|(file, name)| Ok((folder.join(file), csv_of(&facade::table(report, *name)?)?)));
    StagedFiles::write(files.collect::<Result<_>>()?)
}

fn csv_of(table: &facade::Table) -> Result<Vec<u8>> {
    let failed = |cause: csv::Error| Error::new(ErrorCode::OutputIo, "a table cannot be written").with_cause(cause);
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A table without rows is an empty file.
    if table.rows() > 0 {
        writer.write_record(table.columns.iter().map(|column| &column.name)).map_err(failed)?;
    }
    for at in 0..table.rows() {
        let values = table.columns.iter().map(|column| column.values.get(at).and_then(Option::as_deref));
        writer.write_record(values.map(Option::unwrap_or_default)).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "a table cannot be written").with_cause(cause.into_error()))
}
