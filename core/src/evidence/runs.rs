//! Task facts → task runs (spec 4.1–4.3, R17, R19).

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::containers::{HostIndex, ResolvedHost, last_segment};
use super::model::{EvidenceOptions, TaskRun};
use super::names::{Name, Names};
use super::order::sort_by_text;
use super::task_facts::TaskFacts;
use super::tasks::Tasks;
use super::volumes::Terminations;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::ids::{Cluster, InstanceId, Service, TaskArn};
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
type UnknownHosts = BTreeMap<(Cluster, Option<String>), (u64, CpuTime)>;

/// Ids that many runs share, by the names they are made of.
#[derive(Default)]
struct Shared<'n> {
    clusters: HashMap<Option<Name>, Cluster, FixedState>,
    services: HashMap<(Option<Name>, Option<Name>), Service, FixedState>,
    instances: HashMap<&'n str, InstanceId, FixedState>,
    hosts: HashMap<(Name, Option<Name>), ResolvedHost<'n>, FixedState>,
}

impl<'n> Runs<'n> {
    /// The runs, sorted by task.
    pub(super) fn make(&mut self, tasks: Tasks) -> Vec<TaskRun> {
        let mut shared = Shared::default();
        let mut unknown = UnknownHosts::new();
        let mut runs = Vec::with_capacity(tasks.len());
        for (task, known) in tasks.into_facts() {
            runs.extend(self.run(task, &known.into_facts(), &mut shared, &mut unknown));
        }
        self.report_unknown(unknown);
        sort_by_text(&mut runs, |run| run.task.as_str());
        runs
    }

    /// The run of a task, if it ran.
    fn run(
        &mut self,
        task: TaskArn,
        facts: &TaskFacts,
        shared: &mut Shared<'n>,
        unknown: &mut UnknownHosts,
    ) -> Option<TaskRun> {
        let start = self.start(facts);
        let is_fargate = self.is_fargate(facts);
        let cluster = self.text(facts.texts.cluster).unwrap_or_default();
        let host = facts.texts.container_instance.map(|container_instance| {
            let resolve = || self.hosts.resolve(self.names.text(container_instance), cluster);
            &*shared.hosts.entry((container_instance, facts.texts.cluster)).or_insert_with(resolve)
        });
        let instance = host.and_then(|host| host.instance).or_else(|| self.text(facts.texts.instance));
        let ran = start.map(|start| Interval::new(start, self.end(facts, start, host, instance)));
        if let Some(Interval { start, end }) = ran.filter(|ran| ran.end < ran.start) {
            let message = format!("task `{task}` stops at {end}, before it starts at {start}");
            self.diagnostics.add(DiagnosticCode::EvidenceBadInterval, message, 1, None);
        }
        // Rows of a bill that carry a Fargate task's ARN belong to its service even where it never ran.
        let never = Interval::new(Timestamp::from_millis(0), Timestamp::from_millis(0));
        let interval = ran.filter(|ran| ran.start <= ran.end).or(is_fargate.then_some(never))?;
        let named = (facts.texts.group, facts.texts.definition);
        let service = shared.services.entry(named).or_insert_with(|| self.service(facts)).clone();
        let run = TaskRun {
            task,
            cluster: shared.clusters.entry(facts.texts.cluster).or_insert_with(|| Cluster::from(cluster)).clone(),
            instance: instance.map(|id| shared.instances.entry(id).or_insert_with(|| InstanceId::from(id)).clone()),
            cpu: self.cpu(facts, &service),
            service,
            memory: facts.numbers.memory.filter(|m| *m > 0).or(facts.numbers.containers_memory).unwrap_or(0),
            interval,
            fargate: is_fargate,
            tags: self.tags(facts),
        };
        self.report(&run, self.text(facts.texts.container_instance), unknown);
        Some(run)
    }

    fn text(&self, name: Option<Name>) -> Option<&'n str> {
        let names = self.names;
        name.map(|name| names.text(name))
    }

    /// When the task started; a task of which nothing shows that it ran is counted.
    fn start(&mut self, facts: &TaskFacts) -> Option<Timestamp> {
        if let Some(started) = facts.times.started {
            return Some(started);
        }
        let failed = self.text(facts.texts.stop_code) == Some("TaskFailedToStart");
        if !facts.was_running || failed {
            self.diagnostics.add(DiagnosticCode::EvidenceNeverRan, "tasks that never ran are not used", 1, None);
            return None;
        }
        let (guess, message) = match (facts.times.pulled, facts.times.created) {
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
    fn end(
        &self,
        facts: &TaskFacts,
        start: Timestamp,
        host: Option<&ResolvedHost<'_>>,
        instance: Option<&str>,
    ) -> Timestamp {
        if let Some(stopped) = facts.times.stopped {
            return stopped;
        }
        let after = start.plus_millis(1)..;
        let left = host.and_then(|host| host.deregistered.range(after).next().copied());
        let terminated = instance.and_then(|instance| self.terminations.first_after(instance, start));
        left.into_iter().chain(terminated).min().unwrap_or(Timestamp::MAX)
    }

    /// `service:NAME` is the service NAME; every other task is standalone and named by its family (R19).
    fn service(&self, facts: &TaskFacts) -> Service {
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

    fn cpu(&mut self, facts: &TaskFacts, service: &Service) -> u64 {
        let reserved = facts.numbers.cpu.filter(|units| *units > 0);
        let reserved = reserved.or_else(|| facts.numbers.containers_cpu.filter(|units| *units > 0));
        reserved.unwrap_or_else(|| {
            let units = self.options.default_cpu;
            let message = format!("tasks of service `{service}` reserve no CPU; {units} CPU units are used");
            self.diagnostics.add(DiagnosticCode::EvidenceDefaultCpu, message, 1, None);
            units
        })
    }

    fn is_fargate(&self, facts: &TaskFacts) -> bool {
        if self.text(facts.texts.launch_type) == Some("FARGATE") {
            return true;
        }
        let has_host = facts.texts.container_instance.is_some() || facts.texts.instance.is_some();
        let provider = self.text(facts.texts.capacity_provider).unwrap_or_default();
        !has_host && (provider.starts_with("FARGATE") || facts.is_hostless_row)
    }

    fn tags(&self, facts: &TaskFacts) -> BTreeMap<String, String> {
        // The text was written from such a map.
        self.text(facts.texts.tags).and_then(|tags| serde_json::from_str(tags).ok()).unwrap_or_default()
    }

    fn report(&mut self, run: &TaskRun, container_instance: Option<&str>, unknown: &mut UnknownHosts) {
        let Interval { start, end } = run.interval;
        if end == Timestamp::MAX && start.plus_millis(LONG_OPEN_MS) < self.options.as_of {
            let message = format!("task `{}` of service `{}` runs since {start} without an end", run.task, run.service);
            self.diagnostics.add(DiagnosticCode::EvidenceOpenRun, message, 1, None);
        }
        if run.instance.is_none() && !run.fargate {
            let known = Interval::new(start, end.min(self.options.as_of));
            let host = container_instance.map(|arn| last_segment(arn).to_owned());
            let (count, time) = unknown.entry((run.cluster.clone(), host)).or_default();
            *count += 1;
            time.0 = time.0.saturating_add(CpuTime::new(run.cpu, known.millis()).0);
        }
    }

    fn report_unknown(&mut self, unknown: UnknownHosts) {
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
