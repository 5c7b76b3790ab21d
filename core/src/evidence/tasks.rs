//! ECS tasks while events come in: per field the value of the highest version (spec 4.1, R17).

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::Deserialize;

use super::names::{Latest, Name, Names, is_larger_text};
use super::scalar::{Field, Shape};
use crate::error::Result;
use crate::time::Timestamp;

/// A task as events and `describe-tasks` write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskDetail<'a> {
    #[serde(borrow)]
    task_arn: Field<'a>,
    cluster_arn: Field<'a>,
    container_instance_arn: Field<'a>,
    task_definition_arn: Field<'a>,
    group: Field<'a>,
    launch_type: Field<'a>,
    capacity_provider_name: Field<'a>,
    last_status: Field<'a>,
    stop_code: Field<'a>,
    cpu: Field<'a>,
    memory: Field<'a>,
    created_at: Field<'a>,
    pull_stopped_at: Field<'a>,
    started_at: Field<'a>,
    stopped_at: Field<'a>,
    version: Field<'a>,
    containers: Option<Vec<ContainerDetail<'a>>>,
    tags: Option<Vec<TagDetail<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerDetail<'a> {
    #[serde(borrow)]
    cpu: Field<'a>,
    memory: Field<'a>,
    memory_reservation: Field<'a>,
}

#[derive(Debug, Deserialize)]
struct TagDetail<'a> {
    #[serde(borrow)]
    key: Field<'a>,
    value: Field<'a>,
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
pub(super) type Tasks = HashMap<String, TaskFacts, FixedState>;

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

    let facts = tasks.entry_ref(task).or_default();
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
    let facts = tasks.entry_ref(row.task).or_default();
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
