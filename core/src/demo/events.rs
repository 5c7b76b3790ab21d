//! Evidence beside the bill, in the shapes AWS delivers it: out of order, partly twice, partly incomplete.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::DemoOptions;
use super::fleet::{ACCOUNTS, DAY_MS, Fleet, Instance, REGION, Service};
use super::random::Random;
use super::row::{create, write_failed};
use crate::error::Result;
use crate::time::{HOUR_MS, Timestamp};

/// Names the random numbers.
const TASKS: &str = "tasks";
/// Tasks that run beside each other on one instance.
const SLOTS: u64 = 4;
/// Of a hundred events, so many are delivered twice.
const TWICE_PERCENT: u64 = 5;

/// The cluster of all of them.
pub(super) const CLUSTER: &str = "main";

/// One task from creation to stop, as its events tell it.
#[derive(Debug)]
pub(super) struct Task<'f> {
    id: String,
    pub(super) instance: &'f Instance,
    pub(super) service: &'f Service,
    created: Timestamp,
    /// `None` where it never started.
    pub(super) started: Option<Timestamp>,
    /// `None` while it runs.
    pub(super) stopped: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Pending,
    Running,
    Stopped,
}

/// Writes ECS Task State Change events, one a line.
pub(super) fn write_tasks(path: &Path, fleet: &Fleet, options: &DemoOptions) -> Result<()> {
    let mut random = Random::stream(options.seed, TASKS);
    let tasks = tasks(fleet, &Pace::of(fleet, options.task_runs), &mut random);
    let mut deliveries: Vec<(usize, State)> = Vec::new();
    for (at, task) in tasks.iter().enumerate() {
        let states = [Some(State::Pending), task.started.map(|_| State::Running), task.stopped.map(|_| State::Stopped)];
        for state in states.into_iter().flatten() {
            deliveries.push((at, state));
            if random.chance(TWICE_PERCENT) {
                deliveries.push((at, state));
            }
        }
    }
    random.shuffle(&mut deliveries);
    let events = deliveries.iter().filter_map(|(at, state)| Some(tasks.get(*at)?.event(*state)));
    write_lines(path, events)
}

/// The tasks that the events tell of.
pub(super) fn tasks_of<'f>(fleet: &'f Fleet, options: &DemoOptions) -> Vec<Task<'f>> {
    tasks(fleet, &Pace::of(fleet, options.task_runs), &mut Random::stream(options.seed, TASKS))
}

/// How long tasks run, and how long a slot is empty between two of them at most.
struct Pace {
    shortest: i64,
    longest: i64,
    pause: i64,
}

impl Pace {
    fn of(fleet: &Fleet, runs: Option<u32>) -> Self {
        let Some(runs) = runs else { return Self { shortest: 6 * HOUR_MS, longest: 5 * DAY_MS, pause: HOUR_MS } };
        let lives = fleet.container_instances().map(|instance| instance.life.millis());
        let slots = lives.sum::<u64>().saturating_mul(SLOTS);
        // A run of three quarters of it on average, and a pause of a quarter.
        let each = i64::try_from(slots / u64::from(runs).max(1)).unwrap_or(i64::MAX).clamp(10_000, 10 * DAY_MS);
        Self { shortest: each / 4, longest: each / 4 * 5, pause: each / 2 }
    }
}

/// Every slot of every container instance runs one task after the other.
fn tasks<'f>(fleet: &'f Fleet, pace: &Pace, random: &mut Random) -> Vec<Task<'f>> {
    let mut tasks = Vec::new();
    for instance in fleet.container_instances() {
        for _ in 0..SLOTS {
            let mut at = instance.life.start.plus_millis(random.between(-2 * DAY_MS, HOUR_MS));
            if instance.life.start != fleet.period.start() {
                at = at.max(instance.life.start.plus_millis(random.between(0, HOUR_MS)));
            }
            while at < instance.life.end {
                let Some(service) = random.pick(&fleet.services) else { return tasks };
                let started = at.plus_millis(random.between(5_000, 90_000));
                let stopped = started.plus_millis(random.between(pace.shortest, pace.longest));
                let failed = random.chance(2);
                let open = stopped >= fleet.period.end() && instance.life.end >= fleet.period.end();
                let task = Task {
                    id: random.hex(32),
                    instance,
                    service,
                    created: at,
                    started: (!failed).then_some(started),
                    stopped: if failed { Some(started) } else { (!open).then(|| stopped.min(instance.life.end)) },
                };
                at = if failed { started } else { stopped }.plus_millis(random.between(1_000, pace.pause));
                tasks.push(task);
            }
        }
    }
    tasks
}

impl Task<'_> {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:ecs:{REGION}:{}:task/{CLUSTER}/{}", self.instance.account, self.id)
    }

    fn event(&self, state: State) -> Value {
        let account = self.instance.account;
        let task_arn = self.arn();
        let (status, version, time) = match state {
            State::Pending => ("PENDING", 2, self.created),
            State::Running => ("RUNNING", 4, self.started.unwrap_or(self.created)),
            State::Stopped => ("STOPPED", 7, self.stopped.unwrap_or(self.created)),
        };
        let mut detail = json!({
            "availabilityZone": self.instance.zone,
            "clusterArn": format!("arn:aws:ecs:{REGION}:{account}:cluster/{CLUSTER}"),
            "containerInstanceArn": self.container_instance_arn(),
            "containers": [{"name": "app", "lastStatus": status, "cpu": self.service.cpu_units.to_string()}],
            "cpu": self.service.cpu_units.to_string(),
            "createdAt": self.created,
            "desiredStatus": if matches!(state, State::Stopped) { "STOPPED" } else { "RUNNING" },
            "group": self.service.group,
            "lastStatus": status,
            "launchType": "EC2",
            "memory": self.service.memory_mib.to_string(),
            "taskArn": task_arn,
            "version": version,
        });
        let started = self.started.filter(|_| !matches!(state, State::Pending));
        set(&mut detail, "startedAt", started.map(|started| json!(started)));
        if matches!(state, State::Stopped) {
            let stop_code = if self.started.is_some() { "ServiceSchedulerInitiated" } else { "TaskFailedToStart" };
            set(&mut detail, "stoppedAt", Some(json!(time)));
            set(&mut detail, "stopCode", Some(json!(stop_code)));
        }
        envelope(&format!("{}-{version}", self.id), "ECS Task State Change", "aws.ecs", time, [task_arn], &detail)
    }

    /// Events of some agents use the older form of the ARN, without the cluster.
    fn container_instance_arn(&self) -> String {
        let id = self.instance.ecs_id.as_deref().unwrap_or_default();
        let cluster = if id.starts_with(|c: char| c.is_ascii_digit()) { "main/" } else { "" };
        format!("arn:aws:ecs:{REGION}:{}:container-instance/{cluster}{id}", self.instance.account)
    }
}

/// Sets a field of an object where there is a value.
fn set(object: &mut Value, field: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(field.to_owned(), value);
    }
}

fn envelope(
    id: &str,
    detail_type: &str,
    source: &str,
    time: Timestamp,
    resources: impl Into<Vec<String>>,
    detail: &Value,
) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNTS[0],
        "time": time,
        "region": REGION,
        "resources": resources.into(),
        "detail": detail,
    })
}

/// Writes the output of `aws ecs describe-container-instances`.
pub(super) fn write_instances(path: &Path, fleet: &Fleet) -> Result<()> {
    let described = fleet.container_instances().map(|instance| {
        let kind = instance.kind;
        json!({
            "containerInstanceArn": format!(
                "arn:aws:ecs:{REGION}:{}:container-instance/main/{}",
                instance.account,
                instance.ecs_id.as_deref().unwrap_or_default()
            ),
            "ec2InstanceId": instance.id,
            "status": "ACTIVE",
            "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": kind.cpu_units},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": kind.memory_mib},
            ],
        })
    });
    let snapshot = json!({"containerInstances": described.collect::<Vec<_>>(), "failures": []});
    write_lines(path, [snapshot].into_iter())
}

/// Writes attach and detach calls as CloudTrail reports them, terminations, and one call that failed.
pub(super) fn write_volumes(path: &Path, fleet: &Fleet, seed: u64) -> Result<()> {
    let mut random = Random::stream(seed, "volumes");
    let mut events = Vec::new();
    for volume in &fleet.volumes {
        for (instance, interval) in &volume.attachments {
            let call = |name: &str, time: Timestamp, id: String| {
                let status = if name == "AttachVolume" { "attaching" } else { "detaching" };
                let response = json!({
                    "volumeId": volume.id,
                    "instanceId": instance,
                    "device": "/dev/sdh",
                    "status": status,
                    "attachTime": interval.start.millis(),
                });
                cloud_trail(name, time, &id, &volume.id, instance, &response)
            };
            events.push(call("AttachVolume", interval.start, random.hex(32)));
            if interval.end != Timestamp::MAX {
                events.push(call("DetachVolume", interval.end, random.hex(32)));
            }
        }
    }
    for instance in fleet.instances.iter().filter(|instance| instance.life.end < fleet.period.end()) {
        let detail = json!({"instance-id": instance.id, "state": "terminated"});
        let arn = format!("arn:aws:ec2:{REGION}:{}:instance/{}", instance.account, instance.id);
        let id = random.hex(32);
        let title = "EC2 Instance State-change Notification";
        events.push(envelope(&id, title, "aws.ec2", instance.life.end, [arn], &detail));
    }
    if let (Some(volume), Some(instance)) = (fleet.volumes.first(), fleet.instances.last()) {
        let time = fleet.period.start().plus_millis(5 * DAY_MS);
        let mut failed = cloud_trail("AttachVolume", time, &random.hex(32), &volume.id, &instance.id, &Value::Null);
        if let Some(detail) = failed.get_mut("detail") {
            set(detail, "errorCode", Some(json!("Client.VolumeInUse")));
            set(detail, "errorMessage", Some(json!("the volume is already attached to an instance")));
        }
        events.push(failed);
    }
    let again: Vec<Value> = events.iter().filter(|_| random.chance(TWICE_PERCENT)).cloned().collect();
    events.extend(again);
    random.shuffle(&mut events);
    write_lines(path, events.into_iter())
}

fn cloud_trail(name: &str, time: Timestamp, id: &str, volume: &str, instance: &str, response: &Value) -> Value {
    let detail = json!({
        "eventVersion": "1.05",
        "eventID": id,
        "eventTime": time,
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "requestParameters": {"volumeId": volume, "instanceId": instance, "device": "/dev/sdh"},
        "responseElements": response,
    });
    envelope(id, "AWS API Call via CloudTrail", "aws.ec2", time, [], &detail)
}

fn write_lines(path: &Path, values: impl Iterator<Item = Value>) -> Result<()> {
    let mut file = BufWriter::new(create(path)?);
    for value in values {
        writeln!(file, "{value}").map_err(write_failed)?;
    }
    file.flush().map_err(write_failed)
}
