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
use crate::files::{read_file, write_file, write_files};
use crate::policy::Policy;
use crate::rollup::Report;
use crate::time::Timestamp;

pub(super) fn run(args: &Rollup, console: &mut Console) -> Result<Outcome> {
    if args.output == Output::Csv {
        csv_folder(args.out.as_deref())?;
    }
    let policy = policy(args)?;
    let as_of = as_of(&args.bill);
    let evidence = read_evidence(args, &policy, as_of)?;
    let bill = scan_bill(&args.bill, |request| keep(request, args, &policy, &evidence), console)?;
    let mut store = args.store.as_deref().map(|url| StoreHandle::open(url, true)).transpose()?;
    let book = reservations(args, store.as_ref())?;
    let request = AttributeRequest { policy, currency: args.currency, as_of: Some(as_of) };
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
        Some(path) => read_policy(path)?,
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

fn read_policy(path: &Path) -> Result<Policy> {
    let location = || Location::file(path.display().to_string());
    let text = String::from_utf8(read_file(path)?).map_err(|cause| {
        Error::new(ErrorCode::ConfigBadValue, "the policy is not UTF-8 text").with_cause(cause).at(location())
    })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let policy = if is_json { Policy::from_json(&text) } else { Policy::from_toml(&text) };
    policy.map_err(|error| error.at(location()))
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
fn keep(request: &mut ScanRequest, args: &Rollup, policy: &Policy, evidence: &Evidence) {
    let is_default = args.tags.is_empty() && policy.tag_keys() == Policy::default().tag_keys();
    request.basis = policy.basis;
    request.tag_keys = (!is_default).then(|| policy.tag_keys());
    request.tags_case_insensitive = policy.areas.case_insensitive;
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
        Some(path) => write_file(path, text.into_bytes()),
        None => console.print(&text),
    }
}

/// The folder that three files need; asked for before anything is read or stored.
fn csv_folder(folder: Option<&Path>) -> Result<&Path> {
    folder.ok_or_else(|| {
        Error::new(ErrorCode::ConfigBadValue, "`--output csv` writes three files: name their folder with `--out`")
    })
}

/// One file a table, in a folder.
fn write_csv(folder: Option<&Path>, report: &Report) -> Result<()> {
    let folder = csv_folder(folder)?;
    fs::create_dir_all(folder).map_err(|cause| {
        let location = Location::file(folder.display().to_string());
        Error::new(ErrorCode::OutputIo, "the folder cannot be made").with_cause(cause).at(location)
    })?;
    write_files(&[
        (folder.join("area_costs.csv"), csv_of(&report.area_costs()?)?),
        (folder.join("service_costs.csv"), csv_of(&report.service_costs()?)?),
        (folder.join("product_area_costs.csv"), csv_of(&report.product_area_costs()?)?),
    ])
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
