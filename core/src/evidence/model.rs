//! Evidence as intervals: the types attribution works on.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::service_map::ServiceMap;
use super::task_runs::TaskRuns;
use crate::diagnostic::Diagnostics;
use crate::ids::{InstanceId, VolumeId};
use crate::time::{Interval, Timestamp};

/// What evidence depends on besides its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceOptions {
    /// CPU units of a task that reserves none: `containers.default_cpu` of the policy.
    pub default_cpu: u64,
    /// Now, or the instant the result shall be as of: open runs are measured up to it.
    pub as_of: Timestamp,
}

/// CPU units (1024 = 1 vCPU) and memory (MiB) of a container instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// CPU units.
    pub cpu: u64,
    /// MiB; 0 where not known.
    #[serde(default)]
    pub memory: u64,
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
    pub tasks: TaskRuns,
    /// Container instances' capacities.
    pub registrations: Vec<Registration>,
    /// Volume attachments.
    pub attachments: Vec<VolumeAttachment>,
    /// Volumes that a snapshot shows attached to nothing, and of which no attachment or detachment is known.
    pub unattached: Vec<VolumeId>,
    /// Service → product area.
    pub services: ServiceMap,
    /// What was found while reading.
    pub diagnostics: Diagnostics,
}

impl Evidence {
    /// The resources whose usage intervals a scan must keep, each once: instances with runs, volumes that are known to be
    /// attached or to be attached to nothing, Fargate tasks.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        let kinds = self.tasks.kinds();
        let instances = kinds.iter().filter_map(|kind| kind.instance.as_ref().map(InstanceId::as_str));
        let has_fargate = kinds.iter().any(|kind| kind.fargate);
        let runs = has_fargate.then(|| self.tasks.iter()).into_iter().flatten();
        let tasks = runs.filter(|run| run.fargate).map(|run| run.task);
        let attached = self.attachments.iter().map(|attachment| attachment.volume.as_str());
        let volumes = attached.chain(self.unattached.iter().map(VolumeId::as_str));
        let mut named: HashSet<&str, FixedState> = HashSet::default();
        instances.chain(tasks).chain(volumes).filter(move |resource| named.insert(resource))
    }
}
