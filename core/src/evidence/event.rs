//! Each event goes to the evidence it belongs to, by its shape (R17).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use twox_hash::XxHash3_128;

use super::cloudtrail::{Call, VolumeCall};
use super::containers::ContainerInstanceDetail;
use super::json::{Before, Envelope, Event, part};
use super::scalar::{Field, Shape};
use super::tables::Row;
use super::tasks::{TaskDetail, add_task};
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Location, Result};
use crate::evidence::EvidenceBuilder;
use crate::ids::{bare_resource_id, is_volume_id};
use crate::time::Timestamp;

const ENVELOPE: Shape = Shape::event("");
const DETAIL: Shape = Shape::event("detail.");

/// Events that are no evidence, each counted once: kind → identities and the first file.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignored(BTreeMap<String, (BTreeSet<u128>, String)>);

impl Ignored {
    fn add(&mut self, kind: String, identity: u128, file: &str) {
        let (identities, first) = self.0.entry(kind).or_insert_with(|| (BTreeSet::new(), file.to_owned()));
        identities.insert(identity);
        if file < first.as_str() {
            file.clone_into(first);
        }
    }

    /// Takes what another collection ignored.
    pub(super) fn merge(&mut self, other: Self) {
        for (kind, (identities, file)) in other.0 {
            for identity in identities {
                self.add(kind.clone(), identity, &file);
            }
        }
    }

    /// Says what was ignored, and how many of it.
    pub(super) fn report(&self, diagnostics: &mut Diagnostics) {
        for (kind, (identities, file)) in &self.0 {
            let count = u64::try_from(identities.len()).unwrap_or(u64::MAX);
            let place = Some(Location::file(file));
            diagnostics.add(DiagnosticCode::EvidenceIgnoredEvent, format!("{kind} are no evidence"), count, place);
        }
    }
}

#[derive(Deserialize)]
struct InstanceState<'a> {
    #[serde(rename = "instance-id", borrow)]
    instance_id: Field<'a>,
    state: Field<'a>,
}

#[derive(Deserialize)]
struct VolumeNotification<'a> {
    #[serde(borrow)]
    event: Field<'a>,
    result: Field<'a>,
}

/// The file being read and how many events of it were seen.
pub(super) struct Place<'a> {
    file: &'a str,
    row: u64,
    /// What was read of the file before the current block.
    pub(super) before: Before,
}

impl<'a> Place<'a> {
    /// Before the first event of a file.
    pub(super) fn new(file: &'a str) -> Self {
        Self { file, row: 0, before: Before::default() }
    }

    /// Where the current event is.
    pub(super) fn location(&self) -> Location {
        Location { row: Some(self.row), ..Location::file(self.file) }
    }

    fn next(&mut self) {
        self.row += 1;
    }
}

impl EvidenceBuilder {
    /// Takes one JSON object: an event, a log file, a snapshot or a row.
    ///
    /// # Errors
    /// `evidence.bad_event` or `evidence.bad_table` with event number and field.
    pub(super) fn add_object(&mut self, event: Event<'_, '_>, place: &mut Place<'_>) -> Result<()> {
        let event = match event {
            Event::Task(task) => {
                place.next();
                let added = add_task(&mut self.tasks, &mut self.names, task, DETAIL);
                return added.map_err(|error| error.at(place.location()));
            }
            Event::Object(event) => *event,
        };
        if let Some(records) = &event.records {
            return each(records, place, |call, place| {
                self.add_call(call, Shape::event("Records[]."), None, None, place.file)
            });
        }
        if let Some(tasks) = &event.tasks {
            let shape = Shape::event("tasks[].");
            return each(tasks, place, |task, _| add_task(&mut self.tasks, &mut self.names, task, shape));
        }
        if let Some(hosts) = &event.container_instances {
            let shape = Shape::event("containerInstances[].");
            return each(hosts, place, |host, _| {
                self.container_instances.add_detail(&mut self.names, host, None, shape)
            });
        }
        if let Some(volumes) = &event.volumes {
            let shape = Shape::event("Volumes[].");
            return each(volumes, place, |volume, _| self.volumes.add_described(&mut self.names, volume, shape));
        }
        if let Some(reservations) = &event.reservations {
            let shape = Shape::event("Reservations[].Instances[].");
            let instances = reservations.iter().filter_map(|reservation| reservation.instances.as_deref()).flatten();
            return each(instances, place, |instance, _| self.volumes.add_instance(&mut self.names, instance, shape));
        }
        place.next();
        self.add_event(event, place.file).map_err(|error| error.at(place.location()))
    }

    fn add_event(&mut self, event: Envelope<'_>, file: &str) -> Result<()> {
        let Some(kind) = ENVELOPE.text(&event.detail_type, "detail-type")? else {
            return self.add_bare(event, file);
        };
        let detail = || event.detail.ok_or_else(|| ENVELOPE.missing("detail"));
        match kind {
            "ECS Task State Change" => {
                let task: TaskDetail<'_> = part(detail()?, ENVELOPE, "detail")?;
                add_task(&mut self.tasks, &mut self.names, &task, DETAIL)
            }
            "ECS Container Instance State Change" => {
                let host: ContainerInstanceDetail<'_> = part(detail()?, ENVELOPE, "detail")?;
                let at = ENVELOPE.required_time(&event.time, "time")?;
                self.container_instances.add_detail(&mut self.names, &host, Some(at), DETAIL)
            }
            "AWS API Call via CloudTrail" => {
                let call: Call<'_> = part(detail()?, ENVELOPE, "detail")?;
                let sent = ENVELOPE.time(&event.time, "time")?;
                let id = ENVELOPE.text(&event.id, "id")?;
                self.add_call(&call, DETAIL, sent, id, file)
            }
            "EC2 Instance State-change Notification" => self.add_instance_state(&event, file),
            "EBS Volume Notification" => self.add_volume_notification(&event, file),
            _ => self.ignore(format!("events of type `{kind}`"), &event, file),
        }
    }

    /// An object without envelope: a CloudTrail record or a row of a table.
    fn add_bare(&mut self, event: Envelope<'_>, file: &str) -> Result<()> {
        if event.event_name.is_some() {
            let call = Call {
                event_name: event.event_name,
                event_source: event.event_source,
                event_time: event.event_time,
                event_id: event.event_id,
                error_code: event.error_code,
                request_parameters: event.request_parameters,
                response_elements: event.response_elements,
            };
            return self.add_call(&call, ENVELOPE, None, None, file);
        }
        match Row::of_json(event) {
            Some((table, row)) => self.add_row(table, &row),
            None => Err(ENVELOPE.wrong("detail-type", "this is no event, snapshot or table row that is known")),
        }
    }

    fn add_call(
        &mut self,
        call: &Call<'_>,
        shape: Shape,
        sent: Option<Timestamp>,
        envelope_id: Option<&str>,
        file: &str,
    ) -> Result<()> {
        let kind = match call.read(shape, sent)? {
            VolumeCall::Attach { volume, instance, at } => {
                self.volumes.attach(&mut self.names, &volume, &instance, at);
                return Ok(());
            }
            VolumeCall::Detach { volume, instance, at, attach_time } => {
                self.volumes.detach(&mut self.names, &volume, &instance, at, attach_time);
                return Ok(());
            }
            VolumeCall::Delete { volume, at } => {
                self.volumes.delete(&mut self.names, &volume, at);
                return Ok(());
            }
            VolumeCall::Terminate { instances, at } => {
                for instance in &instances {
                    self.terminations.add(instance, at);
                }
                return Ok(());
            }
            VolumeCall::Failed { name } => format!("failed calls of `{name}`"),
            VolumeCall::Other => "events of type `AWS API Call via CloudTrail` of other calls".to_owned(),
        };
        // One call can arrive both through EventBridge and in a log file: only its own id is the same in both.
        let identity = match shape.text(&call.event_id, "eventID")?.or(envelope_id) {
            Some(id) => XxHash3_128::oneshot(id.as_bytes()),
            None => XxHash3_128::oneshot(format!("{call:?}").as_bytes()),
        };
        self.ignored.add(kind, identity, file);
        Ok(())
    }

    fn add_instance_state(&mut self, event: &Envelope<'_>, file: &str) -> Result<()> {
        let detail = event.detail.ok_or_else(|| ENVELOPE.missing("detail"))?;
        let changed: InstanceState<'_> = part(detail, ENVELOPE, "detail")?;
        let instance = DETAIL.required(&changed.instance_id, "instance-id")?;
        let state = DETAIL.required(&changed.state, "state")?;
        if state != "terminated" {
            return self.ignore(format!("events of an instance's state `{state}`"), event, file);
        }
        self.terminations.add(instance, ENVELOPE.required_time(&event.time, "time")?);
        Ok(())
    }

    fn add_volume_notification(&mut self, event: &Envelope<'_>, file: &str) -> Result<()> {
        let detail = event.detail.ok_or_else(|| ENVELOPE.missing("detail"))?;
        let notification: VolumeNotification<'_> = part(detail, ENVELOPE, "detail")?;
        let name = DETAIL.required(&notification.event, "event")?;
        let result = DETAIL.text(&notification.result, "result")?;
        if name != "deleteVolume" || result.is_some_and(|result| result != "deleted") {
            return self.ignore(format!("events of type `EBS Volume Notification` of `{name}`"), event, file);
        }
        let at = ENVELOPE.required_time(&event.time, "time")?;
        let mut is_named = false;
        for resource in event.resources.iter().flatten() {
            let resource = Some(resource.clone());
            let volume = bare_resource_id(ENVELOPE.required(&resource, "resources")?);
            if is_volume_id(volume) {
                self.volumes.delete(&mut self.names, volume, at);
                is_named = true;
            }
        }
        if is_named { Ok(()) } else { Err(ENVELOPE.missing("resources")) }
    }

    fn ignore(&mut self, kind: String, event: &Envelope<'_>, file: &str) -> Result<()> {
        let identity = if let Some(id) = ENVELOPE.text(&event.id, "id")? {
            XxHash3_128::oneshot(id.as_bytes())
        } else {
            let detail = event.detail.map(serde_json::value::RawValue::get).unwrap_or_default();
            XxHash3_128::oneshot(format!("{:?} {:?} {detail}", event.time, event.resources).as_bytes())
        };
        self.ignored.add(kind, identity, file);
        Ok(())
    }
}

/// Takes the items of a snapshot, each an event of its own.
fn each<'v, T: 'v>(
    items: impl IntoIterator<Item = &'v T>,
    place: &mut Place<'_>,
    mut add: impl FnMut(&'v T, &Place<'_>) -> Result<()>,
) -> Result<()> {
    for item in items {
        place.next();
        add(item, place).map_err(|error| error.at(place.location()))?;
    }
    Ok(())
}

/// An error of the JSON reader where its event is not counted yet.
pub(super) fn at_next(error: Error, place: &Place<'_>) -> Error {
    let is_event = error.code() == ErrorCode::EvidenceBadEvent;
    let row = is_event.then_some(place.row + 1);
    error.at(Location { row, ..Location::file(place.file) })
}
