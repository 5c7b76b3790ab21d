//! Evidence as intervals: the types attribution works on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::service_map::ServiceMap;
use crate::diagnostic::Diagnostics;
use crate::ids::{Cluster, InstanceId, Service, TaskArn, VolumeId};
use crate::time::{Interval, Timestamp};

/// CPU units (1024 = 1 vCPU) and memory (MiB) of a container instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// CPU units.
    pub cpu: u64,
    /// MiB; 0 where not known.
    #[serde(default)]
    pub memory: u64,
}

/// One run of an ECS task: `[startedAt, stoppedAt)` (spec 4.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRun {
    /// The task.
    pub task: TaskArn,
    /// Its cluster.
    pub cluster: Cluster,
    /// Its service, or `family:NAME` when standalone.
    pub service: Service,
    /// The EC2 instance it ran on; `None` on Fargate, or where it is not known.
    #[serde(default)]
    pub instance: Option<InstanceId>,
    /// CPU units reserved.
    pub cpu: u64,
    /// MiB reserved.
    #[serde(default)]
    pub memory: u64,
    /// When it ran; the end is [`Timestamp::MAX`] while it is open.
    pub interval: Interval,
    /// Whether it ran on Fargate, where rows of the bill carry its ARN.
    #[serde(default)]
    pub fargate: bool,
    /// Tags of the task, where the events carry them.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What is known of an EC2 instance as a container instance, from some time on (spec 4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The EC2 instance.
    pub instance: InstanceId,
    /// Since when; [`Timestamp::MIN`] for a snapshot without time.
    pub since: Timestamp,
    /// Registered CPU units and MiB.
    pub capacity: Capacity,
}

/// One attachment of a volume: `[attached, detached)` (spec 4.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeAttachment {
    /// The volume.
    pub volume: VolumeId,
    /// The instance.
    pub instance: InstanceId,
    /// When it was attached; the end is [`Timestamp::MAX`] while it is.
    pub interval: Interval,
}

/// All evidence of a bill, sorted and without duplicates, with what was odd about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// ECS task runs.
    pub tasks: Vec<TaskRun>,
    /// Container instances' capacities.
    pub registrations: Vec<Registration>,
    /// Volume attachments.
    pub attachments: Vec<VolumeAttachment>,
    /// Service → product area.
    pub services: ServiceMap,
    /// What was found while reading.
    pub diagnostics: Diagnostics,
}

impl Evidence {
    /// The resources whose usage intervals a scan must keep: instances with runs, attached volumes, Fargate tasks.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        let instances = self.tasks.iter().filter_map(|run| run.instance.as_ref().map(InstanceId::as_str));
        let tasks = self.tasks.iter().filter(|run| run.fargate).map(|run| run.task.as_str());
        let volumes = self.attachments.iter().map(|attachment| attachment.volume.as_str());
        instances.chain(tasks).chain(volumes)
    }
}
