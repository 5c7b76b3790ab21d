//! ECS tasks while events come in: per field the value of the highest version (spec 4.1, R17).

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use serde::Deserialize;

use super::names::{Latest, Name, Names, Renamed, is_larger_text};
use super::scalar::{Field, Shape};
use crate::error::Result;
use crate::ids::TaskArn;
use crate::time::Timestamp;

/// A task as events and `describe-tasks` write it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskDetail<'a> {
    #[serde(borrow)]
    pub(super) task_arn: Field<'a>,
    pub(super) cluster_arn: Field<'a>,
    pub(super) container_instance_arn: Field<'a>,
    pub(super) task_definition_arn: Field<'a>,
    pub(super) group: Field<'a>,
    pub(super) launch_type: Field<'a>,
    pub(super) capacity_provider_name: Field<'a>,
    pub(super) last_status: Field<'a>,
    pub(super) stop_code: Field<'a>,
    pub(super) cpu: Field<'a>,
    pub(super) memory: Field<'a>,
    pub(super) created_at: Field<'a>,
    pub(super) pull_stopped_at: Field<'a>,
    pub(super) started_at: Field<'a>,
    pub(super) stopped_at: Field<'a>,
    pub(super) version: Field<'a>,
    pub(super) containers: Option<Vec<ContainerDetail<'a>>>,
    pub(super) tags: Option<Vec<TagDetail<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerDetail<'a> {
    #[serde(borrow)]
    pub(super) cpu: Field<'a>,
    pub(super) memory: Field<'a>,
    pub(super) memory_reservation: Field<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct TagDetail<'a> {
    #[serde(borrow)]
    pub(super) key: Field<'a>,
    pub(super) value: Field<'a>,
}

/// A row of a normalized table of tasks.
#[derive(Debug)]
pub(super) struct TaskRow<'a> {
    pub(super) task: &'a str,
    pub(super) cluster: &'a str,
    pub(super) service: &'a str,
    pub(super) instance: Option<&'a str>,
    pub(super) cpu: Option<u64>,
    pub(super) memory: Option<u64>,
    pub(super) started: Option<Timestamp>,
    pub(super) stopped: Option<Timestamp>,
}

/// What is known of one task. Recurring texts are [`Name`]s: there may be millions of tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskFacts {
    pub(super) cluster: Latest<Name>,
    pub(super) container_instance: Latest<Name>,
    /// EC2 instance, which only a normalized table names.
    pub(super) instance: Latest<Name>,
    pub(super) group: Latest<Name>,
    pub(super) definition: Latest<Name>,
    pub(super) launch_type: Latest<Name>,
    pub(super) capacity_provider: Latest<Name>,
    pub(super) stop_code: Latest<Name>,
    /// Tags as a JSON object with sorted keys.
    pub(super) tags: Latest<Name>,
    pub(super) cpu: Latest<u64>,
    pub(super) memory: Latest<u64>,
    pub(super) containers_cpu: Latest<u64>,
    pub(super) containers_memory: Latest<u64>,
    pub(super) created: Latest<Timestamp>,
    pub(super) pulled: Latest<Timestamp>,
    pub(super) started: Latest<Timestamp>,
    pub(super) stopped: Latest<Timestamp>,
    /// Some event shows RUNNING or a later status.
    pub(super) was_running: bool,
    /// A normalized table lists the task without an instance, as it does on Fargate.
    pub(super) is_hostless_row: bool,
}

/// All tasks by ARN.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    /// Hash of an ARN and the place of its facts: growing looks at no text.
    index: HashTable<(u64, u32)>,
    facts: Vec<(TaskArn, TaskFacts)>,
    hasher: FixedState,
}

impl Tasks {
    /// What is known of a task.
    fn of(&mut self, task: &str) -> Option<&mut TaskFacts> {
        let Self { index, facts, hasher } = self;
        let hash = hasher.hash_one(task);
        let is_same = |(known, at): &(u64, u32)| {
            *known == hash && facts.get(*at as usize).is_some_and(|(arn, _)| arn.as_str() == task)
        };
        let at = if let Some((_, at)) = index.find(hash, is_same) {
            *at as usize
        } else {
            let at = facts.len();
            facts.push((TaskArn::from(task), TaskFacts::default()));
            // 2^32 tasks do not fit into memory.
            index.insert_unique(hash, (hash, u32::try_from(at).unwrap_or(u32::MAX)), |(hash, _)| *hash);
            at
        };
        facts.get_mut(at).map(|(_, facts)| facts)
    }

    /// How many tasks are known.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// Takes the facts of another collection, whose names are these here.
    pub(super) fn merge(&mut self, other: Self, here: &Renamed, names: &Names) {
        for (task, facts) in other.facts {
            if let Some(known) = self.of(task.as_str()) {
                known.merge(&facts, here, names);
            }
        }
    }

    /// The tasks in the order in which they were first seen.
    pub(super) fn into_facts(self) -> Vec<(TaskArn, TaskFacts)> {
        self.facts
    }
}

impl TaskFacts {
    fn merge(&mut self, other: &Self, here: &Renamed, names: &Names) {
        let name = |known: &mut Latest<Name>, other: Latest<Name>| {
            known.merge(other, |name| here.name(name), |a, b| names.is_larger(a, b));
        };
        name(&mut self.cluster, other.cluster);
        name(&mut self.container_instance, other.container_instance);
        name(&mut self.instance, other.instance);
        name(&mut self.group, other.group);
        name(&mut self.definition, other.definition);
        name(&mut self.launch_type, other.launch_type);
        name(&mut self.capacity_provider, other.capacity_provider);
        name(&mut self.stop_code, other.stop_code);
        name(&mut self.tags, other.tags);
        let number = |known: &mut Latest<u64>, other: Latest<u64>| known.merge(other, |number| number, is_larger_text);
        number(&mut self.cpu, other.cpu);
        number(&mut self.memory, other.memory);
        number(&mut self.containers_cpu, other.containers_cpu);
        number(&mut self.containers_memory, other.containers_memory);
        let time = |known: &mut Latest<Timestamp>, other: Latest<Timestamp>| {
            known.merge(other, |time| time, |a, b| a > b);
        };
        time(&mut self.created, other.created);
        time(&mut self.pulled, other.pulled);
        time(&mut self.started, other.started);
        time(&mut self.stopped, other.stopped);
        self.was_running |= other.was_running;
        self.is_hostless_row |= other.is_hostless_row;
    }
}

/// Takes one state of a task.
///
/// # Errors
/// `evidence.bad_event` naming the field.
pub(super) fn add_task(tasks: &mut Tasks, names: &mut Names, detail: &TaskDetail<'_>, shape: Shape) -> Result<()> {
    let task = shape.required(&detail.task_arn, "taskArn")?;
    let cluster = shape.required(&detail.cluster_arn, "clusterArn")?;
    let group = shape.text(&detail.group, "group")?;
    let definition = shape.text(&detail.task_definition_arn, "taskDefinitionArn")?;
    if group.or(definition).is_none() {
        return Err(shape.missing("group"));
    }
    let version = shape.number(&detail.version, "version")?.unwrap_or(0);
    // The stamp of a field is its version plus one.
    let version = u32::try_from(version).ok().filter(|version| *version < u32::MAX);
    let version = version.ok_or_else(|| shape.wrong("version", "the version is larger than any task has"))?;
    let (containers_cpu, containers_memory) = containers(detail.containers.as_deref(), shape)?;
    let tags = tags(detail.tags.as_deref(), shape)?;

    let Some(facts) = tasks.of(task) else { return Ok(()) };
    let mut name = |field: &mut Latest<Name>, text: Option<&str>| {
        let value = text.map(|text| names.name(text));
        field.offer(version, value, |a, b| names.is_larger(a, b));
    };
    name(&mut facts.cluster, Some(cluster));
    name(&mut facts.group, group);
    name(&mut facts.definition, definition);
    name(&mut facts.container_instance, shape.text(&detail.container_instance_arn, "containerInstanceArn")?);
    name(&mut facts.launch_type, shape.text(&detail.launch_type, "launchType")?);
    name(&mut facts.capacity_provider, shape.text(&detail.capacity_provider_name, "capacityProviderName")?);
    name(&mut facts.stop_code, shape.text(&detail.stop_code, "stopCode")?);
    name(&mut facts.tags, tags.as_deref());
    facts.cpu.offer(version, shape.number(&detail.cpu, "cpu")?, is_larger_text);
    facts.memory.offer(version, shape.number(&detail.memory, "memory")?, is_larger_text);
    facts.containers_cpu.offer(version, containers_cpu, is_larger_text);
    facts.containers_memory.offer(version, containers_memory, is_larger_text);
    // Times compare as instants: their canonical texts sort alike.
    let later = |a: Timestamp, b: Timestamp| a > b;
    facts.created.offer(version, shape.time(&detail.created_at, "createdAt")?, later);
    facts.pulled.offer(version, shape.time(&detail.pull_stopped_at, "pullStoppedAt")?, later);
    facts.started.offer(version, shape.time(&detail.started_at, "startedAt")?, later);
    facts.stopped.offer(version, shape.time(&detail.stopped_at, "stoppedAt")?, later);
    let status = shape.text(&detail.last_status, "lastStatus")?;
    facts.was_running |= status.is_some_and(is_running_or_later);
    Ok(())
}

/// Takes a row of a table, as version 0 (R17).
pub(super) fn add_task_row(tasks: &mut Tasks, names: &mut Names, row: &TaskRow<'_>) {
    let Some(facts) = tasks.of(row.task) else { return };
    let mut name = |field: &mut Latest<Name>, text: Option<&str>| {
        let value = text.map(|text| names.name(text));
        field.offer(0, value, |a, b| names.is_larger(a, b));
    };
    let has_prefix = row.service.starts_with("service:") || row.service.starts_with("family:");
    let group = if has_prefix { row.service.to_owned() } else { format!("service:{}", row.service) };
    name(&mut facts.cluster, Some(row.cluster));
    name(&mut facts.group, Some(&group));
    let is_container_instance = row.instance.is_some_and(|instance| instance.contains(":container-instance/"));
    let field = if is_container_instance { &mut facts.container_instance } else { &mut facts.instance };
    name(field, row.instance.map(crate::ids::bare_resource_id));
    facts.cpu.offer(0, row.cpu, is_larger_text);
    facts.memory.offer(0, row.memory, is_larger_text);
    let later = |a: Timestamp, b: Timestamp| a > b;
    facts.started.offer(0, row.started, later);
    facts.stopped.offer(0, row.stopped, later);
    facts.is_hostless_row |= row.instance.is_none();
}

fn is_running_or_later(status: &str) -> bool {
    matches!(status, "RUNNING" | "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED" | "DELETED")
}

/// CPU units and MiB that containers reserve: the reservation of memory where there is one, else its limit.
fn containers(containers: Option<&[ContainerDetail<'_>]>, shape: Shape) -> Result<(Option<u64>, Option<u64>)> {
    let (mut cpu, mut memory) = (None, None);
    for container in containers.unwrap_or_default() {
        if let Some(units) = shape.number(&container.cpu, "containers.cpu")? {
            cpu = Some(units.saturating_add(cpu.unwrap_or(0)));
        }
        let reserved = shape.number(&container.memory_reservation, "containers.memoryReservation")?;
        let limit = shape.number(&container.memory, "containers.memory")?;
        if let Some(mebibytes) = reserved.or(limit) {
            memory = Some(mebibytes.saturating_add(memory.unwrap_or(0)));
        }
    }
    Ok((cpu, memory))
}

/// Tags as JSON; `describe-tasks` lists none unless asked to, so an empty list says nothing.
fn tags(tags: Option<&[TagDetail<'_>]>, shape: Shape) -> Result<Option<String>> {
    let mut sorted = BTreeMap::new();
    for tag in tags.unwrap_or_default() {
        let value = shape.text(&tag.value, "tags.value")?.unwrap_or_default();
        sorted.insert(shape.required(&tag.key, "tags.key")?, value);
    }
    let is_said = !sorted.is_empty();
    Ok(is_said.then(|| serde_json::to_string(&sorted).unwrap_or_default()))
}
