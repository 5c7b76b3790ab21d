//! Evidence as intervals: the types attribution works on.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::service_map::ServiceMap;
use super::task_runs::{TaskKind, TaskRuns};
use crate::bill::Digest;
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

    /// A hash of what the evidence says; equal however its events were delivered (spec 7.2). Diagnostics are left out.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut text = Canonical::default();
        text.tasks(&self.tasks);
        text.list("registrations", &self.registrations, |text, registration| {
            text.part(registration.instance.as_str());
            text.time(registration.since);
            text.numbers([registration.capacity.cpu, registration.capacity.memory]);
        });
        text.list("attachments", &self.attachments, |text, attachment| {
            text.part(attachment.volume.as_str());
            text.part(attachment.instance.as_str());
            text.interval(&attachment.interval);
        });
        // As before there were any, where there are none.
        if !self.unattached.is_empty() {
            text.list("unattached", &self.unattached, |text, volume| text.part(volume.as_str()));
        }
        text.list("services", self.services.owners(), |text, owner| {
            text.part(owner.service.as_str());
            text.part(owner.cluster.as_deref().unwrap_or_default());
            text.part(owner.account.as_deref().unwrap_or_default());
            text.time(owner.from.unwrap_or(Timestamp::MIN));
            text.time(owner.to.unwrap_or(Timestamp::MAX));
            text.part(owner.area.as_str());
        });
        text.finish()
    }
}

/// Length-prefixed parts, hashed a block at a time so that the text of millions of runs is never held.
#[derive(Default)]
struct Canonical {
    block: Vec<u8>,
}

impl Canonical {
    const BLOCK: usize = 1 << 20;

    fn part(&mut self, text: &str) {
        self.numbers([u64::try_from(text.len()).unwrap_or(u64::MAX)]);
        self.block.extend_from_slice(text.as_bytes());
        if self.block.len() >= Self::BLOCK {
            // The next block begins with the digest of all before it.
            let before = Digest::of(&self.block);
            self.block.clear();
            self.block.extend_from_slice(before.as_str().as_bytes());
        }
    }

    fn numbers<const N: usize>(&mut self, numbers: [u64; N]) {
        for number in numbers {
            self.block.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn time(&mut self, time: Timestamp) {
        self.block.extend_from_slice(&time.millis().to_le_bytes());
    }

    fn interval(&mut self, interval: &Interval) {
        self.time(interval.start);
        self.time(interval.end);
    }

    fn list<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.part(name);
        for item in items {
            self.part("item");
            each(self, item);
        }
        self.part("end");
    }

    /// All runs. What is the same of all runs of a kind is made once.
    fn tasks(&mut self, runs: &TaskRuns) {
        let parts = |write: &dyn Fn(&mut Self)| {
            let mut parts = Self::default();
            write(&mut parts);
            parts.block
        };
        let item = parts(&|text| text.part("item"));
        let of_kind = |kind: &TaskKind| [parts(&|text| text.kind(kind)), parts(&|text| text.tags(kind))];
        let of_kinds: Vec<[Vec<u8>; 2]> = runs.kinds().iter().map(of_kind).collect();
        self.part("tasks");
        for ((kind, interval), run) in runs.spans().zip(runs.iter()) {
            let [shared, tags] =
                of_kinds.get(kind).map(|[shared, tags]| [shared.as_slice(), tags.as_slice()]).unwrap_or_default();
            // A block ends only after a part.
            let length =
                item.len() + size_of::<u64>() + run.task.len() + shared.len() + 2 * size_of::<i64>() + tags.len();
            if self.block.len() + length < Self::BLOCK {
                self.block.extend_from_slice(&item);
                self.part(run.task);
                self.block.extend_from_slice(shared);
                self.interval(&interval);
                self.block.extend_from_slice(tags);
            } else {
                self.part("item");
                self.part(run.task);
                self.kind(run.kind);
                self.interval(&interval);
                self.tags(run.kind);
            }
        }
        self.part("end");
    }

    fn kind(&mut self, kind: &TaskKind) {
        self.part(kind.cluster.as_str());
        self.part(kind.service.as_str());
        self.part(kind.instance.as_ref().map_or("", InstanceId::as_str));
        self.numbers([kind.cpu, kind.memory, u64::from(kind.fargate)]);
    }

    fn tags(&mut self, kind: &TaskKind) {
        self.list("tags", &kind.tags, |text, (key, value)| {
            text.part(key);
            text.part(value);
        });
    }

    fn finish(self) -> Digest {
        Digest::of(&self.block)
    }
}
