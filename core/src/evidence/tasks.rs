//! ECS tasks while events come in: per field the value of the highest version (spec 4.1, R17).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::kinds::Kinds;
use super::names::{Names, Renamed};
use super::scalar::{Field, Shape};
use super::task_facts::{Fields, Known, Numbers, Said, Task, Times};
use super::texts::Texts;
use crate::error::Result;
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
    pub(super) cluster: &'a str,
    pub(super) service: &'a str,
    pub(super) instance: Option<&'a str>,
    pub(super) cpu: Option<u64>,
    pub(super) memory: Option<u64>,
    pub(super) started: Option<Timestamp>,
    pub(super) stopped: Option<Timestamp>,
}

/// All tasks by ARN.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    arns: Names,
    /// Each at the place of its ARN's name.
    known: Vec<Known>,
    kinds: Kinds,
    rows: Rows,
}

/// Rows of tables as they came. Mostly there is one of each task, so that looking for its task with each row would cost
/// more than it saves: rows of one task meet when all are sorted.
#[derive(Clone, Debug, Default)]
struct Rows {
    arns: Texts,
    said: Vec<Task>,
}

impl Rows {
    /// So many are held as they came; few in tests, so that these see both.
    const MOST: usize = if cfg!(test) { 16 } else { 1 << 22 };
}

impl Tasks {
    /// Takes what is said of a task, whose texts get names among these.
    fn take(&mut self, task: &str, said: &Said<'_>, names: &mut Names) {
        let Self { arns, known, kinds, .. } = self;
        if let Some(known) = of(arns, known, task) {
            known.take(said, names, kinds);
        }
    }

    /// Takes what a row says of a task.
    pub(super) fn add(&mut self, task: &str, said: Task, names: &Names) {
        self.rows.arns.push(task);
        self.rows.said.push(said);
        if self.rows.said.len() >= Rows::MOST {
            self.unite(names);
        }
    }

    /// Adds all rows to what is known of their tasks.
    fn unite(&mut self, names: &Names) {
        let Rows { arns, said } = std::mem::take(&mut self.rows);
        for (task, said) in arns.iter().zip(said) {
            if let Some(known) = of(&mut self.arns, &mut self.known, task) {
                known.add(said, names, &mut self.kinds);
            }
        }
    }

    /// What a row of a table says, as version 0 (R17). Its texts get names among these.
    pub(super) fn of_row(&mut self, row: &TaskRow<'_>, names: &mut Names) -> Task {
        let has_prefix = row.service.starts_with("service:") || row.service.starts_with("family:");
        let group =
            if has_prefix { Cow::Borrowed(row.service) } else { Cow::Owned(format!("service:{}", row.service)) };
        let host = row.instance.map(crate::ids::bare_resource_id);
        let is_container_instance = row.instance.is_some_and(|instance| instance.contains(":container-instance/"));
        let said = Said {
            texts: Fields {
                cluster: Some(row.cluster),
                group: Some(&group),
                container_instance: host.filter(|_| is_container_instance),
                instance: host.filter(|_| !is_container_instance),
                ..Fields::default()
            },
            numbers: Numbers { cpu: row.cpu, memory: row.memory, ..Numbers::default() },
            times: Times { started: row.started, stopped: row.stopped, ..Times::default() },
            is_hostless_row: row.instance.is_none(),
            ..Said::default()
        };
        said.task(names, &mut self.kinds)
    }

    /// How many tasks are known, those of rows once for each row.
    pub(super) fn len(&self) -> usize {
        self.known.len() + self.rows.said.len()
    }

    /// Takes the facts of another collection, whose names are these here.
    pub(super) fn merge(&mut self, other: Self, here: &Renamed, names: &Names) {
        let kinds_here = self.kinds.merge(&other.kinds, here);
        for (task, facts) in other.arns.texts().iter().zip(other.known) {
            if let Some(known) = of(&mut self.arns, &mut self.known, task) {
                known.merge(facts, (here, &kinds_here), names, &mut self.kinds);
            }
        }
        self.rows.arns.append(&other.rows.arns);
        self.rows.said.extend(other.rows.said.iter().map(|said| said.renamed(&kinds_here)));
        if self.rows.said.len() >= Rows::MOST {
            self.unite(names);
        }
    }

    /// The ARNs of tasks and, in the same order, which means nothing, what is known of each, and the kinds of tasks. A
    /// task can stand there several times: what is known of it is then all of that together.
    pub(super) fn into_parts(self) -> (Texts, Vec<Known>, Kinds) {
        let (mut arns, mut known) = (self.arns.into_texts(), self.known);
        let of_rows = self.rows.said.into_iter().map(Known::Alike);
        if known.is_empty() {
            (arns, known) = (self.rows.arns, of_rows.collect());
        } else {
            arns.append(&self.rows.arns);
            known.extend(of_rows);
        }
        (arns, known, self.kinds)
    }
}

/// What is known of a task.
fn of<'k>(arns: &mut Names, known: &'k mut Vec<Known>, task: &str) -> Option<&'k mut Known> {
    let place = arns.name(task).place();
    if place == known.len() {
        known.push(Known::default());
    }
    known.get_mut(place)
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

    let status = shape.text(&detail.last_status, "lastStatus")?;
    let said = Said {
        version,
        texts: Fields {
            cluster: Some(cluster),
            container_instance: shape.text(&detail.container_instance_arn, "containerInstanceArn")?,
            instance: None,
            group,
            definition,
            launch_type: shape.text(&detail.launch_type, "launchType")?,
            capacity_provider: shape.text(&detail.capacity_provider_name, "capacityProviderName")?,
            stop_code: shape.text(&detail.stop_code, "stopCode")?,
            tags: tags.as_deref(),
        },
        numbers: Numbers {
            cpu: shape.number(&detail.cpu, "cpu")?,
            memory: shape.number(&detail.memory, "memory")?,
            containers_cpu,
            containers_memory,
        },
        times: Times {
            created: shape.time(&detail.created_at, "createdAt")?,
            pulled: shape.time(&detail.pull_stopped_at, "pullStoppedAt")?,
            started: shape.time(&detail.started_at, "startedAt")?,
            stopped: shape.time(&detail.stopped_at, "stoppedAt")?,
        },
        is_running: status.is_some_and(is_running_or_later),
        is_hostless_row: false,
    };
    tasks.take(task, &said, names);
    Ok(())
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
