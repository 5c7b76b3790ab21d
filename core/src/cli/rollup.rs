//! `unblended rollup`: bill, policy and evidence in, three tables and a run out.

use std::fs;
use std::path::Path;

use super::Outcome;
use super::args::{Encoding, Output, Rollup};
use super::bill::{as_of, scan_bill};
use super::output::Console;
use super::tables;
use crate::amortize::ReservationBook;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::evidence::{self, Evidence};
use crate::facade::{
    self, AttributeRequest, EvidenceRequest, EvidenceSource, Keep, ScanRequest, ServiceSource, StoreHandle,
};
use crate::files::write_file;
use crate::policy::Policy;
use crate::rollup::Report;

pub(super) fn run(args: &Rollup, console: &mut Console) -> Result<Outcome> {
    let policy = policy(args)?;
    let evidence = read_evidence(args, &policy)?;
    let bill = scan_bill(&args.bill, |request| keep(request, args, &policy, &evidence), console)?;
    let mut store = args.store.as_deref().map(|url| StoreHandle::open(url, true)).transpose()?;
    let book = reservations(args, store.as_ref())?;
    let request = AttributeRequest { policy, currency: args.currency, as_of: Some(as_of(&args.bill)) };
    let report = facade::attribute(&bill, &evidence, &book, &request)?;
    let run_id = match &mut store {
        Some(store) => store.append(&report, &bill)?,
        None => facade::new_run_id(),
    };
    console.show_diagnostics(&report.diagnostics);
    write(args, &report, &run_id, console)?;
    Ok(Outcome::Done)
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
    Ok(policy)
}

fn read_evidence(args: &Rollup, policy: &Policy) -> Result<Evidence> {
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
        as_of: Some(as_of(&args.bill)),
    })
}

/// What the scan must keep for this policy and evidence.
fn keep(request: &mut ScanRequest, args: &Rollup, policy: &Policy, evidence: &Evidence) {
    request.keep_for(policy);
    if !args.tags.is_empty() {
        request.tag_keys = Some(policy.tag_keys());
    }
    request.keep_intervals = Keep::Resources(evidence.resources().map(str::to_owned).collect());
}

/// Fees billed in other periods: the given table and what the store has kept.
fn reservations(args: &Rollup, store: Option<&StoreHandle>) -> Result<ReservationBook> {
    let given = match &args.reservations {
        Some(path) => facade::reservations(path)?,
        None => ReservationBook::default(),
    };
    match store {
        Some(store) => ReservationBook::combine(&given, &store.reservations()?),
        None => Ok(given),
    }
}

fn write(args: &Rollup, report: &Report, run_id: &str, console: &mut Console) -> Result<()> {
    let text = match args.output {
        Output::Csv => return write_csv(args.out.as_deref(), report),
        Output::Json => report.to_json(run_id)?,
        Output::Table => tables::of_report(report, run_id)?,
    };
    match &args.out {
        Some(path) => write_file(path, text.as_bytes()),
        None => console.print(&text),
    }
}

/// One file a table, in a folder.
fn write_csv(folder: Option<&Path>, report: &Report) -> Result<()> {
    let folder = folder.ok_or_else(|| {
        Error::new(ErrorCode::ConfigBadValue, "`--output csv` writes three files: name their folder with `--out`")
    })?;
    fs::create_dir_all(folder).map_err(|cause| {
        let location = Location::file(folder.display().to_string());
        Error::new(ErrorCode::OutputIo, "the folder cannot be made").with_cause(cause).at(location)
    })?;
    write_file(&folder.join("area_costs.csv"), &csv_of(&report.area_costs()?)?)?;
    write_file(&folder.join("service_costs.csv"), &csv_of(&report.service_costs()?)?)?;
    write_file(&folder.join("product_area_costs.csv"), &csv_of(&report.product_area_costs()?)?)
}

fn csv_of(rows: &[impl serde::Serialize]) -> Result<Vec<u8>> {
    let failed = |cause: csv::Error| Error::new(ErrorCode::OutputIo, "a table cannot be written").with_cause(cause);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "a table cannot be written").with_cause(cause.into_error()))
}
