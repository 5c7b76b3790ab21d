//! Task runs, millions of them, in little room: they are of few kinds (spec 4.1).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::texts::Texts;
use crate::ids::{Cluster, InstanceId, Service, TaskArn};
use crate::index::Index;
use crate::time::Interval;

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
    /// When it ran; the end is [`Timestamp::MAX`](crate::Timestamp::MAX) while it is open.
    pub interval: Interval,
    /// Whether it ran on Fargate, where rows of the bill carry its ARN.
    #[serde(default)]
    pub fargate: bool,
    /// Tags of the task, where the events carry them.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What runs have in common: all but the task, and when it ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKind {
    /// The cluster.
    pub cluster: Cluster,
    /// The service, or `family:NAME` when standalone.
    pub service: Service,
    /// The EC2 instance they ran on; `None` on Fargate, or where it is not known.
    pub instance: Option<InstanceId>,
    /// CPU units reserved.
    pub cpu: u64,
    /// MiB reserved.
    pub memory: u64,
    /// Whether they ran on Fargate, where rows of the bill carry the task's ARN.
    pub fargate: bool,
    /// Tags of the task, where the events carry them.
    pub tags: BTreeMap<String, String>,
}

/// A run among [`TaskRuns`]; what it has in common with others can be asked of it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskRunRef<'r> {
    /// The task's ARN.
    pub task: &'r str,
    /// When it ran; the end is [`Timestamp::MAX`](crate::Timestamp::MAX) while it is open.
    pub interval: Interval,
    /// What it has in common with others.
    pub kind: &'r TaskKind,
}

impl Deref for TaskRunRef<'_> {
    type Target = TaskKind;

    fn deref(&self) -> &TaskKind {
        self.kind
    }
}

impl From<TaskRunRef<'_>> for TaskRun {
    fn from(run: TaskRunRef<'_>) -> Self {
        let TaskKind { cluster, service, instance, cpu, memory, fargate, tags } = run.kind.clone();
        let (task, interval) = (TaskArn::from(run.task), run.interval);
        Self { task, cluster, service, instance, cpu, memory, interval, fargate, tags }
    }
}

/// Runs of ECS tasks. What many have in common is held once.
///
/// ```
/// use unblended::{Interval, TaskRun, TaskRuns, Timestamp};
/// let run: TaskRun = serde_json::from_str(
///     r#"{"task": "t-1", "cluster": "main", "service": "web", "cpu": 256,
///         "interval": {"start": "2016-06-01T00:00:00Z", "end": "2016-06-02T00:00:00Z"}}"#,
/// )?;
/// let runs = TaskRuns::from(vec![run.clone()]);
/// assert_eq!(runs.iter().next().map(|run| (run.task, run.cpu)), Some(("t-1", 256)));
/// assert_eq!(runs.to_vec(), [run]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct TaskRuns {
    tasks: Texts,
    kinds: Vec<TaskKind>,
    runs: Vec<Run>,
}

#[derive(Clone, Copy)]
struct Run {
    /// Position of its ARN.
    task: u32,
    /// Position of its kind.
    kind: u32,
    interval: Interval,
}

impl TaskRuns {
    /// No runs yet, and room for so many.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { runs: Vec::with_capacity(capacity), ..Self::default() }
    }

    /// The same runs, of these tasks.
    pub(super) fn of_tasks(self, tasks: Texts) -> Self {
        Self { tasks, ..self }
    }

    /// The place of a kind that was not there yet.
    pub(super) fn add_kind(&mut self, kind: TaskKind) -> u32 {
        let place = at_most_32_bits(self.kinds.len());
        self.kinds.push(kind);
        place
    }

    /// Adds a run of the task and the kind at these places.
    pub(super) fn add(&mut self, task: u32, kind: u32, interval: Interval) {
        self.runs.push(Run { task, kind, interval });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The runs, in their order.
    pub fn iter(&self) -> impl Iterator<Item = TaskRunRef<'_>> {
        self.runs.iter().filter_map(|run| {
            let (task, kind) = (self.tasks.get(run.task as usize), self.kinds.get(run.kind as usize)?);
            Some(TaskRunRef { task, interval: run.interval, kind })
        })
    }

    /// The runs as values of their own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<TaskRun> {
        self.iter().map(TaskRun::from).collect()
    }

    /// What runs have in common, in no order that means anything.
    pub(crate) fn kinds(&self) -> &[TaskKind] {
        &self.kinds
    }

    /// The place of each run's kind, and when it ran.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (usize, Interval)> {
        self.runs.iter().map(|run| (run.kind as usize, run.interval))
    }

    /// The same of the run at a place.
    pub(crate) fn span(&self, at: usize) -> Option<(usize, Interval)> {
        self.runs.get(at).map(|run| (run.kind as usize, run.interval))
    }
}

/// There are no more kinds than tasks, of which 2^32 do not fit into memory.
fn at_most_32_bits(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl From<Vec<TaskRun>> for TaskRuns {
    fn from(runs: Vec<TaskRun>) -> Self {
        let mut all = Self::default();
        let mut known: Index<TaskKind, u32> = Index::default();
        for (at, run) in runs.into_iter().enumerate() {
            let TaskRun { task, cluster, service, instance, cpu, memory, interval, fargate, tags } = run;
            let kind = TaskKind { cluster, service, instance, cpu, memory, fargate, tags };
            let place = known.get(&kind).copied().unwrap_or_else(|| {
                let place = all.add_kind(kind.clone());
                known.insert(kind, place);
                place
            });
            all.tasks.push(task.as_str());
            all.add(at_most_32_bits(at), place, interval);
        }
        all
    }
}

impl PartialEq for TaskRuns {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for TaskRuns {}

impl fmt::Debug for TaskRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
