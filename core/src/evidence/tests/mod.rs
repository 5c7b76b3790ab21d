//! Evidence end to end: from the bytes of files to intervals.

mod maps;
mod property;
mod sample;
mod task;
mod volume;

use serde_json::{Value, json};

use super::{Encoding, Evidence, EvidenceBuilder, EvidenceOptions};
use crate::diagnostic::DiagnosticCode;
use crate::error::{Error, Result};
use crate::time::{Interval, Timestamp};

const CLUSTER: &str = "arn:aws:ecs:us-west-2:111111111111:cluster/main";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `[start, end)` of two times in December 2016, `None` for an end that is open.
fn december(start: &str, end: Option<&str>) -> Interval {
    let at = |text: &str| time(&format!("2016-12-{text}"));
    Interval::new(at(start), end.map_or(Timestamp::MAX, at))
}

const OPTIONS: EvidenceOptions = EvidenceOptions { default_cpu: 128, as_of: Timestamp::from_millis(1_483_228_800_000) };

fn evidence_of(files: &[&str]) -> Result<Evidence> {
    let mut builder = EvidenceBuilder::new();
    for (number, file) in files.iter().enumerate() {
        builder.add(&format!("file-{number}"), file.as_bytes())?;
    }
    builder.finish(&OPTIONS)
}

fn evidence(events: &[Value]) -> Evidence {
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    evidence_of(&[&lines.join("\n")]).unwrap()
}

fn refusal(file: &str) -> Error {
    evidence_of(&[file]).unwrap_err()
}

/// Count and message of the findings under a code.
fn findings(evidence: &Evidence, code: DiagnosticCode) -> Vec<(u64, String)> {
    let list = evidence.diagnostics.list().into_iter();
    list.filter(|found| found.code == code).map(|found| (found.count, found.message)).collect()
}

fn task_arn(id: &str) -> String {
    format!("arn:aws:ecs:us-west-2:111111111111:task/main/{id}")
}

fn host_arn(id: &str) -> String {
    format!("arn:aws:ecs:us-west-2:111111111111:container-instance/main/{id}")
}

/// A task of service `web` on container instance `h1`, with more or other fields.
fn task_detail(id: &str, version: u64, more: &Value) -> Value {
    let mut detail = json!({
        "clusterArn": CLUSTER, "containerInstanceArn": host_arn("h1"), "launchType": "EC2", "taskArn": task_arn(id),
        "group": "service:web", "cpu": "256", "memory": "512", "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "createdAt": "2016-12-02T00:00:00Z", "version": version,
    });
    for (key, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(detail.as_object_mut().unwrap().remove(key)),
            value => detail[key] = value.clone(),
        }
    }
    detail
}

fn event(kind: &str, at: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": format!("{kind} {at} {detail}"), "detail-type": kind, "source": "aws", "region": "us-west-2",
        "account": "111111111111", "time": at, "resources": [], "detail": detail,
    })
}

fn task(id: &str, version: u64, more: &Value) -> Value {
    event("ECS Task State Change", "2016-12-02T00:00:00Z", &task_detail(id, version, more))
}

/// Container instance `id` = EC2 instance `i-ID`.
fn host(id: &str, at: &str, status: &str, cpu: u64) -> Value {
    let detail = json!({
        "containerInstanceArn": host_arn(id), "clusterArn": CLUSTER, "ec2InstanceId": format!("i-{id}"),
        "status": status, "version": 3, "agentConnected": true,
        "registeredResources": [
            {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": 3767},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
        ],
    });
    event("ECS Container Instance State Change", at, &detail)
}

fn call(name: &str, at: &str, request: &Value, response: &Value) -> Value {
    let detail = json!({
        "eventVersion": "1.05", "eventTime": at, "eventSource": "ec2.amazonaws.com", "eventName": name,
        "eventID": format!("{name} {at} {request}"), "requestParameters": request, "responseElements": response,
    });
    event("AWS API Call via CloudTrail", at, &detail)
}

fn attach(volume: &str, instance: &str, at: &str) -> Value {
    let fields = json!({"volumeId": volume, "instanceId": instance, "device": "/dev/sdh"});
    call("AttachVolume", at, &fields, &fields)
}

/// A detach whose request does not name the instance.
fn detach(volume: &str, instance: &str, at: &str, attach_time: Option<i64>) -> Value {
    let mut response = json!({"volumeId": volume, "instanceId": instance, "status": "detaching"});
    if let Some(attach_time) = attach_time {
        response["attachTime"] = attach_time.into();
    }
    call("DetachVolume", at, &json!({"volumeId": volume, "force": false}), &response)
}

fn instance_state(instance: &str, state: &str, at: &str) -> Value {
    let detail = json!({"instance-id": instance, "state": state});
    event("EC2 Instance State-change Notification", at, &detail)
}
