//! What bills, reports and evidence say of themselves, as every binding hands it on.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::bill::Bill;
use crate::diagnostic::Diagnostic;
use crate::evidence::{Evidence, ServiceMap, TaskRunRef, VolumeAttachment};
use crate::ids::{InstanceId, VolumeId};
use crate::rollup::Report;
use crate::time::Timestamp;

/// A bill without its charges.
#[must_use]
pub fn bill_head(bill: &Bill) -> Value {
    json!({
        "period": bill.period(), "basis": bill.basis(), "tag_keys": bill.tag_keys(),
        "cost_categories": bill.cost_categories(), "rows": bill.rows(),
        "excluded_rows": bill.excluded_rows(), "charges": bill.charges().len(), "currencies": bill.currencies(),
        "payers": bill.payers(),
    })
}

/// A report without cells and findings. Its size is bounded, but for one entry for each file of the bill.
#[must_use]
pub fn report_head(report: &Report) -> Value {
    json!({
        "period": report.period, "status": report.status, "as_of": report.as_of, "basis": report.basis,
        "currency": report.currency, "payers": report.payers, "stops_early": report.stops_early,
        "totals": report.totals, "bridge": report.bridge, "coverage": report.coverage, "digests": report.digests, "inputs": report.inputs,
    })
}

/// One run of a task, without its tags.
#[derive(Debug, Serialize)]
pub struct TaskRunView<'e> {
    /// The task.
    pub task: &'e str,
    /// Its cluster.
    pub cluster: &'e str,
    /// Its service, or `family:NAME` when standalone.
    pub service: &'e str,
    /// The instance it ran on, where known.
    pub instance: Option<&'e str>,
    /// CPU units reserved.
    pub cpu: u64,
    /// MiB reserved.
    pub memory: u64,
    /// Whether it ran on Fargate.
    pub fargate: bool,
    /// When it started.
    pub started: Timestamp,
    /// When it stopped; `None` while it runs.
    pub stopped: Option<Timestamp>,
}

/// One attachment of a volume.
#[derive(Debug, Serialize)]
pub struct AttachmentView<'e> {
    /// The volume.
    pub volume: &'e str,
    /// The instance.
    pub instance: &'e str,
    /// Since when.
    pub attached: Timestamp,
    /// Until when; `None` while it is attached.
    pub detached: Option<Timestamp>,
}

/// What evidence says, in lists.
#[derive(Debug, Serialize)]
pub struct EvidenceView<'e> {
    /// Runs, sorted.
    pub tasks: Vec<TaskRunView<'e>>,
    /// Attachments, sorted.
    pub attachments: Vec<AttachmentView<'e>>,
    /// Volumes that a snapshot shows attached to nothing and of which nothing else is known, sorted.
    pub unattached: Vec<&'e str>,
    /// The service map.
    pub services: &'e ServiceMap,
    /// What was found while reading.
    pub diagnostics: Vec<Diagnostic>,
    /// Ids of the resources whose usage intervals a scan must keep.
    pub resources: BTreeSet<&'e str>,
}

impl<'e> EvidenceView<'e> {
    /// The view of all of it.
    #[must_use]
    pub fn of(evidence: &'e Evidence) -> Self {
        Self {
            tasks: evidence.tasks.iter().map(run).collect(),
            attachments: evidence.attachments.iter().map(attachment).collect(),
            unattached: evidence.unattached.iter().map(VolumeId::as_str).collect(),
            services: &evidence.services,
            diagnostics: evidence.diagnostics.list(),
            resources: evidence.resources().collect(),
        }
    }
}

fn run(run: TaskRunRef<'_>) -> TaskRunView<'_> {
    TaskRunView {
        task: run.task,
        cluster: run.kind.cluster.as_str(),
        service: run.kind.service.as_str(),
        instance: run.kind.instance.as_ref().map(InstanceId::as_str),
        cpu: run.cpu,
        memory: run.memory,
        fargate: run.fargate,
        started: run.interval.start,
        stopped: end(run.interval.end),
    }
}

fn attachment(attachment: &VolumeAttachment) -> AttachmentView<'_> {
    AttachmentView {
        volume: attachment.volume.as_str(),
        instance: attachment.instance.as_str(),
        attached: attachment.interval.start,
        detached: end(attachment.interval.end),
    }
}

/// The end of an interval; none where it is open.
fn end(end: Timestamp) -> Option<Timestamp> {
    (end != Timestamp::MAX).then_some(end)
}
