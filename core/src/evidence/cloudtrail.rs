//! AWS API calls as CloudTrail records them (domain: EBS attachments; spec 4.4).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::part;
use super::scalar::{Field, Shape};
use crate::error::Result;
use crate::time::Timestamp;

/// One recorded call: the `detail` of an EventBridge event, or a record of a CloudTrail log file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) event_name: Field<'a>,
    pub(super) event_source: Field<'a>,
    pub(super) event_time: Field<'a>,
    #[serde(rename = "eventID")]
    pub(super) event_id: Field<'a>,
    pub(super) error_code: Field<'a>,
    pub(super) request_parameters: Option<&'a RawValue>,
    pub(super) response_elements: Option<&'a RawValue>,
}

/// What a call did to volumes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VolumeCall {
    /// A volume was attached to an instance.
    Attach { volume: String, instance: String, at: Timestamp },
    /// A volume was detached from an instance, to which it had been attached at `attach_time`.
    Detach { volume: String, instance: String, at: Timestamp, attach_time: Option<Timestamp> },
    /// Instances were terminated.
    Terminate { instances: Vec<String>, at: Timestamp },
    /// A volume was deleted.
    Delete { volume: String, at: Timestamp },
    /// The call failed.
    Failed { name: String },
    /// The call is no evidence.
    Other,
}

/// Fields of requests and responses; the instance of a detach may stand only in the response.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    #[serde(borrow)]
    volume_id: Field<'a>,
    instance_id: Field<'a>,
    attach_time: Field<'a>,
    instances_set: Option<InstancesSet<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct InstancesSet<'a> {
    #[serde(borrow)]
    items: Option<Vec<InstanceItem<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceItem<'a> {
    #[serde(borrow)]
    instance_id: Field<'a>,
}

impl Call<'_> {
    /// Reads the call; `sent` is the time of its envelope, used where the call has none.
    ///
    /// # Errors
    /// `evidence.bad_event` where a call that is evidence lacks a field.
    pub(super) fn read(&self, shape: Shape, sent: Option<Timestamp>) -> Result<VolumeCall> {
        let name = shape.required(&self.event_name, "eventName")?;
        let source = shape.text(&self.event_source, "eventSource")?;
        let is_ec2 = source.is_none_or(|source| source == "ec2.amazonaws.com");
        if !is_ec2 || !matches!(name, "AttachVolume" | "DetachVolume" | "TerminateInstances" | "DeleteVolume") {
            return Ok(VolumeCall::Other);
        }
        if shape.text(&self.error_code, "errorCode")?.is_some() {
            return Ok(VolumeCall::Failed { name: name.to_owned() });
        }
        let request = parameters(self.request_parameters, shape, "requestParameters")?;
        let response = parameters(self.response_elements, shape, "responseElements")?;
        let at = shape.time(&self.event_time, "eventTime")?.or(sent).ok_or_else(|| shape.missing("eventTime"))?;
        let volume = || {
            let asked = shape.text(&request.volume_id, "requestParameters.volumeId")?;
            asked.map_or_else(|| shape.required(&response.volume_id, "requestParameters.volumeId"), Ok)
        };
        let instance = || {
            let answered = shape.text(&response.instance_id, "responseElements.instanceId")?;
            answered.map_or_else(|| shape.required(&request.instance_id, "responseElements.instanceId"), Ok)
        };
        Ok(match name {
            "AttachVolume" => VolumeCall::Attach { volume: volume()?.into(), instance: instance()?.into(), at },
            "DetachVolume" => {
                let attach_time = shape.time(&response.attach_time, "responseElements.attachTime")?;
                VolumeCall::Detach { volume: volume()?.into(), instance: instance()?.into(), at, attach_time }
            }
            "DeleteVolume" => VolumeCall::Delete { volume: volume()?.into(), at },
            _ => VolumeCall::Terminate { instances: terminated(shape, &request, &response)?, at },
        })
    }
}

fn parameters<'a>(raw: Option<&'a RawValue>, shape: Shape, field: &str) -> Result<Parameters<'a>> {
    raw.map_or_else(|| Ok(Parameters::default()), |raw| part(raw, shape, field))
}

fn terminated(shape: Shape, request: &Parameters<'_>, response: &Parameters<'_>) -> Result<Vec<String>> {
    const PATH: &str = "requestParameters.instancesSet.items.instanceId";
    let sets = [&request.instances_set, &response.instances_set].into_iter().flatten();
    let items = sets.filter_map(|set| set.items.as_deref()).flatten();
    let mut instances =
        items.map(|item| Ok(shape.required(&item.instance_id, PATH)?.to_owned())).collect::<Result<Vec<String>>>()?;
    if instances.is_empty() {
        return Err(shape.missing(PATH));
    }
    instances.sort_unstable();
    instances.dedup();
    Ok(instances)
}
