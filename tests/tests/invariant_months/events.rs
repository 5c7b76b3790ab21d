//! Events of few tasks, container instances and volumes, so that they meet; some contradict each other.

use proptest::prelude::*;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:ecs:us-west-2:111111111111";

/// The task that runs on Fargate, by the ARN that its rows carry.
pub(crate) const FARGATE_TASK: &str = "arn:aws:ecs:us-west-2:111111111111:task/main/t0";

/// A time in the first days of the month, or just before it.
fn time() -> impl Strategy<Value = String> {
    (-10i32..120).prop_map(|half_hours| {
        let (day, half_hour) = (half_hours.div_euclid(48), half_hours.rem_euclid(48));
        let clock = format!("{:02}:{:02}:07.250Z", half_hour / 2, half_hour % 2 * 30);
        if day < 0 { format!("2016-05-31T{clock}") } else { format!("2016-06-{:02}T{clock}", day + 1) }
    })
}

fn event(kind: &str, at: &str, detail: &Value) -> String {
    json!({
        "version": "0", "id": format!("{kind} {at} {detail}"), "detail-type": kind, "source": "aws",
        "region": "us-west-2", "account": "111111111111", "time": at, "resources": [], "detail": detail,
    })
    .to_string()
}

fn task() -> impl Strategy<Value = String> {
    let service = prop::sample::select(vec!["service:web", "service:api", "service:unmapped", "family:cron"]);
    let times = (prop::option::weighted(0.9, time()), prop::option::of(time()));
    (0usize..6, 1u64..5, service, times, 0u64..4, 0usize..4, any::<bool>()).prop_map(
        |(id, version, group, (started, stopped), cpu, host, is_tagged)| {
            let mut detail = json!({
                "clusterArn": format!("{ARN}:cluster/main"), "taskArn": format!("{ARN}:task/main/t{id}"),
                "group": group, "cpu": (cpu * 700).to_string(), "memory": (cpu * 900 + 1).to_string(),
                "lastStatus": if stopped.is_some() { "STOPPED" } else { "RUNNING" }, "version": version,
                "createdAt": "2016-05-31T20:00:00Z", "startedAt": started, "stoppedAt": stopped,
                "launchType": if id == 0 { "FARGATE" } else { "EC2" },
            });
            if id != 0 {
                detail["containerInstanceArn"] = format!("{ARN}:container-instance/main/h{host}").into();
            }
            if is_tagged {
                detail["tags"] = json!([{"key": "product_area", "value": format!("tagged {}", version % 2)}]);
            }
            event("ECS Task State Change", "2016-06-01T00:00:00Z", &detail)
        },
    )
}

fn host() -> impl Strategy<Value = String> {
    let status = prop::sample::select(vec!["ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE"]);
    (1usize..4, time(), status, 1u64..4).prop_map(|(id, at, status, cpu)| {
        let detail = json!({
            "containerInstanceArn": format!("{ARN}:container-instance/main/h{id}"),
            "clusterArn": format!("{ARN}:cluster/main"), "ec2InstanceId": format!("i-{id}"), "status": status,
            "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": cpu * 1024},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": cpu * 3767},
            ],
        });
        event("ECS Container Instance State Change", &at, &detail)
    })
}

/// All container instances at once, as `describe-container-instances` prints them.
fn hosts() -> impl Strategy<Value = String> {
    let described = (1usize..4).map(|id| {
        json!({
            "containerInstanceArn": format!("{ARN}:container-instance/main/h{id}"), "ec2InstanceId": format!("i-{id}"),
            "status": "ACTIVE", "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 7985},
            ],
        })
    });
    Just(json!({"containerInstances": described.collect::<Vec<_>>(), "failures": []}).to_string())
}

fn call() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["AttachVolume", "AttachVolume", "DetachVolume", "DeleteVolume"]);
    (name, 1usize..4, 1usize..4, time(), any::<bool>()).prop_map(|(name, volume, instance, at, has_failed)| {
        let pair = json!({"volumeId": format!("vol-{volume}"), "instanceId": format!("i-{instance}")});
        let mut detail = json!({
            "eventVersion": "1.05", "eventTime": at, "eventSource": "ec2.amazonaws.com", "eventName": name,
            "eventID": format!("{name} {at} {volume} {instance}"), "requestParameters": pair, "responseElements": pair,
        });
        if has_failed && instance == 1 {
            detail["errorCode"] = "Client.VolumeInUse".into();
        }
        event("AWS API Call via CloudTrail", &at, &detail)
    })
}

fn volumes() -> impl Strategy<Value = String> {
    (1usize..4, 1usize..4, time()).prop_map(|(volume, instance, at)| {
        let attachment = json!({"InstanceId": format!("i-{instance}"), "AttachTime": at, "State": "attached"});
        json!({"Volumes": [{"VolumeId": format!("vol-{volume}"), "Attachments": [attachment]}]}).to_string()
    })
}

fn termination() -> impl Strategy<Value = String> {
    (1usize..4, time()).prop_map(|(id, at)| {
        let detail = json!({"instance-id": format!("i-{id}"), "state": "terminated"});
        event("EC2 Instance State-change Notification", &at, &detail)
    })
}

pub(crate) fn any_event() -> impl Strategy<Value = String> {
    let other = time().prop_map(|at| event("Something Else", &at, &json!({})));
    prop_oneof![8 => task(), 2 => host(), 3 => hosts(), 5 => call(), 1 => volumes(), 1 => termination(), 1 => other]
}
