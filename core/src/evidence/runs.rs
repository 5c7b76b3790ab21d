//! Task facts → task runs (spec 4.1–4.3, R17, R19).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::containers::{HostIndex, ResolvedHost, last_segment};
use super::kinds::{Kind, Kinds, RenamedKinds};
use super::model::EvidenceOptions;
use super::names::{Name, Names, Renamed};
use super::order::order_by_text;
use super::task_facts::{KindFields, Known, Task, Times};
use super::task_runs::{TaskKind, TaskRuns};
use super::tasks::Tasks;
use super::volumes::Terminations;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::ids::{Cluster, InstanceId, Service};
use crate::index::Index;
use crate::quantity::CpuTime;
use crate::time::{HOUR_MS, Interval, Timestamp};

/// Runs that are open for longer are listed (spec 4.1).
const LONG_OPEN_MS: i64 = 30 * 24 * HOUR_MS;

/// Makes runs of tasks and says what was odd about them.
pub(super) struct Runs<'n> {
    pub(super) names: &'n Names,
    pub(super) hosts: &'n HostIndex<'n>,
    pub(super) terminations: &'n Terminations,
    pub(super) options: EvidenceOptions,
    pub(super) diagnostics: &'n mut Diagnostics,
}

/// Where runs of unknown instances are summed: cluster and container instance as tasks name them.
type UnknownHosts<'n> = BTreeMap<(&'n str, Option<&'n str>), (u64, CpuTime)>;

/// What tasks of a kind have in common, as far as runs depend on it.
struct KindOfRun<'n> {
    kind: Kind,
    shared: TaskKind,
    /// Its place among the runs, once there is a run of it.
    place: Option<u32>,
    cluster: &'n str,
    container_instance: Option<&'n str>,
    host: ResolvedHost<'n>,
    instance: Option<&'n str>,
    /// Whether some event shows that they ran, and none that they failed to start.
    was_running: bool,
    has_default_cpu: bool,
}

/// Ids that many kinds share.
#[derive(Default)]
struct Shared<'n> {
    clusters: Index<&'n str, Cluster>,
    services: Index<(Option<Name>, Option<Name>), Service>,
    instances: Index<&'n str, InstanceId>,
    hosts: Index<(Name, Option<Name>), ResolvedHost<'n>>,
}

impl KindOfRun<'_> {
    /// Whether its tasks say themselves when they ran, and nothing is to be said of them where that is a time.
    fn is_ordinary(&self) -> bool {
        self.kind.has_whole_times() && !self.has_default_cpu && (self.instance.is_some() || self.shared.fargate)
    }
}

impl<'n> Runs<'n> {
    /// The runs, sorted by task.
    pub(super) fn make(&mut self, tasks: Tasks) -> TaskRuns {
        let (arns, known, mut kinds) = tasks.into_parts();
        let order = order_by_text(&arns);
        let mut runs = TaskRuns::with_capacity(order.len());
        let (mut shared, mut unknown) = (Shared::default(), UnknownHosts::new());
        let mut kinds_of_runs: Vec<Option<KindOfRun<'n>>> = Vec::new();
        // Where the kind of a task stands among those of runs, if there is nothing to say of such tasks.
        let mut ordinary: Vec<Option<u32>> = Vec::new();
        let arn = |at: u32| arns.get(at as usize);
        for same in order.chunk_by(|a, b| arn(*a) == arn(*b)) {
            let facts = same.iter().filter_map(|at| known.get(*at as usize));
            let (Some(&at), Some(task)) = (same.first(), self.together(facts, &mut kinds)) else { continue };
            let place = task.kind().place();
            if let (Some(Some(kind)), Some(interval)) = (ordinary.get(place), task.whole()) {
                runs.add(at, *kind, interval);
                continue;
            }
            if place >= kinds_of_runs.len() {
                kinds_of_runs.resize_with(kinds.len(), || None);
                ordinary.resize(kinds.len(), None);
            }
            let Some(known) = kinds_of_runs.get_mut(place) else { continue };
            let of_run = known.get_or_insert_with(|| self.kind(kinds.get(task.kind()), &mut shared));
            let Some(interval) = self.interval(arn(at), &of_run.kind.times(&task), of_run) else { continue };
            self.report((arn(at), interval), of_run, &mut unknown);
            let of_runs = *of_run.place.get_or_insert_with(|| runs.add_kind(of_run.shared.clone()));
            runs.add(at, of_runs, interval);
            if let Some(ordinary) = ordinary.get_mut(place) {
                *ordinary = of_run.is_ordinary().then_some(of_runs);
            }
        }
        self.report_unknown(unknown);
        runs.of_tasks(arns)
    }

    /// All that is known of one task.
    fn together<'k>(&self, mut facts: impl Iterator<Item = &'k Known>, kinds: &mut Kinds) -> Option<Task> {
        let mut all = Cow::Borrowed(facts.next()?);
        for more in facts {
            all.to_mut().merge(more.clone(), (&Renamed::default(), &RenamedKinds::default()), self.names, kinds);
        }
        Some(all.last(kinds))
    }

    fn kind(&self, kind: Kind, shared: &mut Shared<'n>) -> KindOfRun<'n> {
        let facts = kind.fields();
        let cluster = self.text(facts.texts.cluster).unwrap_or_default();
        let host = facts.texts.container_instance.map(|container_instance| {
            let resolve = || self.hosts.resolve(self.names.text(container_instance), cluster);
            shared.hosts.entry((container_instance, facts.texts.cluster)).or_insert_with(resolve).clone()
        });
        let host = host.unwrap_or_default();
        let instance = host.instance.or_else(|| self.text(facts.texts.instance));
        let named = (facts.texts.group, facts.texts.definition);
        let [cpu, containers_cpu, containers_memory] =
            [facts.numbers.cpu, facts.numbers.containers_cpu, facts.numbers.containers_memory];
        let reserved = cpu.filter(|units| *units > 0).or(containers_cpu.filter(|units| *units > 0));
        KindOfRun {
            kind,
            shared: TaskKind {
                cluster: shared.clusters.entry(cluster).or_insert_with(|| Cluster::from(cluster)).clone(),
                service: shared.services.entry(named).or_insert_with(|| self.service(&facts)).clone(),
                instance: instance.map(|id| shared.instances.entry(id).or_insert_with(|| InstanceId::from(id)).clone()),
                cpu: reserved.unwrap_or(self.options.default_cpu),
                memory: facts.numbers.memory.filter(|m| *m > 0).or(containers_memory).unwrap_or(0),
                fargate: self.is_fargate(&facts),
                tags: self.tags(&facts),
            },
            place: None,
            cluster,
            container_instance: self.text(facts.texts.container_instance),
            host,
            instance,
            was_running: facts.was_running && self.text(facts.texts.stop_code) != Some("TaskFailedToStart"),
            has_default_cpu: reserved.is_none(),
        }
    }

    /// When a task ran, if it did.
    fn interval(&mut self, task: &str, times: &Times<Option<Timestamp>>, kind: &KindOfRun<'_>) -> Option<Interval> {
        let start = self.start(times, kind.was_running);
        let ran = start.map(|start| Interval::new(start, self.end(times, start, kind)));
        if let Some(Interval { start, end }) = ran.filter(|ran| ran.end < ran.start) {
            let message = format!("task `{task}` stops at {end}, before it starts at {start}");
            self.diagnostics.add(DiagnosticCode::EvidenceBadInterval, message, 1, None);
        }
        // Rows of a bill that carry a Fargate task's ARN belong to its service even where it never ran.
        let never = Interval::new(Timestamp::from_millis(0), Timestamp::from_millis(0));
        ran.filter(|ran| ran.start <= ran.end).or(kind.shared.fargate.then_some(never))
    }

    fn text(&self, name: Option<Name>) -> Option<&'n str> {
        let names = self.names;
        name.map(|name| names.text(name))
    }

    /// When the task started; a task of which nothing shows that it ran is counted.
    fn start(&mut self, times: &Times<Option<Timestamp>>, was_running: bool) -> Option<Timestamp> {
        if let Some(started) = times.started {
            return Some(started);
        }
        if !was_running {
            self.diagnostics.add(DiagnosticCode::EvidenceNeverRan, "tasks that never ran are not used", 1, None);
            return None;
        }
        let (guess, message) = match (times.pulled, times.created) {
            (Some(pulled), _) => (Some(pulled), "tasks without `startedAt` start at their `pullStoppedAt`"),
            (None, Some(created)) => (Some(created), "tasks without `startedAt` start at their `createdAt`"),
            (None, None) => (None, ""),
        };
        let code =
            if guess.is_some() { DiagnosticCode::EvidenceStartGuessed } else { DiagnosticCode::EvidenceNeverRan };
        let message = if guess.is_some() { message } else { "tasks without any time of a start are not used" };
        self.diagnostics.add(code, message, 1, None);
        guess
    }

    /// When it stopped, else when its host left, else never.
    fn end(&self, times: &Times<Option<Timestamp>>, start: Timestamp, kind: &KindOfRun<'_>) -> Timestamp {
        if let Some(stopped) = times.stopped {
            return stopped;
        }
        let after = start.plus_millis(1)..;
        let left = kind.host.deregistered.range(after).next().copied();
        let terminated = kind.instance.and_then(|instance| self.terminations.first_after(instance, start));
        left.into_iter().chain(terminated).min().unwrap_or(Timestamp::MAX)
    }

    /// `service:NAME` is the service NAME; every other task is standalone and named by its family (R19).
    fn service(&self, facts: &KindFields) -> Service {
        let group = self.text(facts.texts.group).unwrap_or_default();
        if let Some(name) = group.strip_prefix("service:") {
            return Service::from(name);
        }
        if group.starts_with("family:") {
            return Service::from(group);
        }
        let definition = self.text(facts.texts.definition).map(last_segment);
        let family = definition.map(|definition| definition.split(':').next().unwrap_or(definition));
        Service::from(format!("family:{}", family.unwrap_or(group)))
    }

    fn is_fargate(&self, facts: &KindFields) -> bool {
        if self.text(facts.texts.launch_type) == Some("FARGATE") {
            return true;
        }
        let has_host = facts.texts.container_instance.is_some() || facts.texts.instance.is_some();
        let provider = self.text(facts.texts.capacity_provider).unwrap_or_default();
        !has_host && (provider.starts_with("FARGATE") || facts.is_hostless_row)
    }

    fn tags(&self, facts: &KindFields) -> BTreeMap<String, String> {
        // The text was written from such a map.
        self.text(facts.texts.tags).and_then(|tags| serde_json::from_str(tags).ok()).unwrap_or_default()
    }

    fn report(&mut self, (task, ran): (&str, Interval), kind: &KindOfRun<'n>, unknown: &mut UnknownHosts<'n>) {
        let Interval { start, end } = ran;
        let TaskKind { service, cpu, .. } = &kind.shared;
        if kind.has_default_cpu {
            let message = format!("tasks of service `{service}` reserve no CPU; {cpu} CPU units are used");
            self.diagnostics.add(DiagnosticCode::EvidenceDefaultCpu, message, 1, None);
        }
        if end == Timestamp::MAX && start.plus_millis(LONG_OPEN_MS) < self.options.as_of {
            let message = format!("task `{task}` of service `{service}` runs since {start} without an end");
            self.diagnostics.add(DiagnosticCode::EvidenceOpenRun, message, 1, None);
        }
        if kind.instance.is_none() && !kind.shared.fargate {
            let known = Interval::new(start, end.min(self.options.as_of));
            let host = kind.container_instance.map(last_segment);
            let (count, time) = unknown.entry((kind.cluster, host)).or_default();
            *count += 1;
            time.0 = time.0.saturating_add(CpuTime::new(*cpu, known.millis()).0);
        }
    }

    fn report_unknown(&mut self, unknown: UnknownHosts<'_>) {
        for ((cluster, host), (count, time)) in unknown {
            let host = match host {
                Some(host) => format!("container instance `{host}` of cluster `{cluster}` has no known EC2 instance"),
                None => format!("tasks of cluster `{cluster}` name no container instance"),
            };
            let message = format!("{host}; its tasks reserved {time} vCPU-seconds");
            self.diagnostics.add(DiagnosticCode::EvidenceUnknownInstance, message, count, None);
        }
    }
}
