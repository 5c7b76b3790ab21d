//! What AWS itself says of the split of instances over tasks, as evidence beside the charges (spec 3.3, R67).
//!
//! Invariants:
//! - one entry for each instance, service or task, tags and resource, however many rows said so;
//! - entries are sorted by key and no two have the same key.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

use crate::classify::LineItem;
use crate::error::Result;
use crate::ids::{bare_resource_id, is_task_arn};
use crate::money::{Amount, Currency};

/// What a row of split cost allocation data says beside its line item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitLine<'a> {
    /// Value of the managed tag `aws:ecs:clusterName`, or empty.
    pub cluster: &'a str,
    /// Value of the managed tag `aws:ecs:serviceName`, or empty.
    pub service: &'a str,
    /// `SplitCost` in the basis of the scan.
    pub split: Amount,
    /// `UnusedCost` in the basis of the scan.
    pub unused: Amount,
}

/// Which resource of an instance was split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SplitResource {
    /// vCPU-hours.
    Cpu,
    /// GB-hours.
    Memory,
    /// Any other, such as accelerators.
    Other,
}

impl SplitResource {
    fn of(usage_type: &str) -> Self {
        match usage_type {
            usage if usage.ends_with("vCPU-Hours") => Self::Cpu,
            usage if usage.ends_with("GB-Hours") => Self::Memory,
            _ => Self::Other,
        }
    }
}

/// Whose part of which instance it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitKey {
    /// Currency of the costs.
    pub currency: Currency,
    /// Bare id of the instance; empty where the rows name none.
    pub instance: String,
    /// The cluster's ARN where the task's is known, else its name, or empty.
    pub cluster: String,
    /// Service, as the managed tag names it, or empty.
    pub service: String,
    /// Resource id of the row, such as a task ARN, where no service is named; else empty.
    pub task: String,
    /// Values of the requested tag keys, in their order.
    pub tags: Vec<String>,
    /// vCPU, memory or another.
    pub resource: SplitResource,
}

/// Sums of split cost allocation data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitCost {
    /// Whose part of which instance it is.
    pub key: SplitKey,
    /// How many rows.
    pub rows: u64,
    /// Exact sum of what was allocated, in the basis of the scan.
    pub split: Amount,
    /// Exact sum of what was unused and handed out.
    pub unused: Amount,
}

impl SplitCost {
    /// Split and unused together.
    ///
    /// # Errors
    /// `money.overflow` where the sum leaves the range.
    pub fn total(&self) -> Result<Amount> {
        self.split.checked_add(self.unused)
    }

    fn absorb(&mut self, other: &Self) -> Result<()> {
        let unused = self.unused.checked_add(other.unused)?;
        self.split = self.split.checked_add(other.split)?;
        self.unused = unused;
        self.rows = self.rows.saturating_add(other.rows);
        Ok(())
    }
}

/// All sums of a bill, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SplitCosts(Vec<SplitCost>);

impl SplitCosts {
    pub(crate) fn as_slice(&self) -> &[SplitCost] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        *self = Self::of(std::mem::take(&mut self.0).into_iter().chain(other.0).collect())?;
        Ok(())
    }

    /// Sums up what has one key.
    pub(crate) fn of(mut all: Vec<SplitCost>) -> Result<Self> {
        all.sort_by(|a, b| a.key.cmp(&b.key));
        let mut sums: Vec<SplitCost> = Vec::with_capacity(all.len());
        for next in all {
            match sums.last_mut().filter(|last| last.key == next.key) {
                Some(last) => last.absorb(&next)?,
                None => sums.push(next),
            }
        }
        Ok(Self(sums))
    }
}

/// Collects rows into sums: a row of a known key copies nothing.
#[derive(Debug, Default)]
pub(super) struct SplitCollector {
    hasher: FixedState,
    index: HashTable<usize>,
    sums: Vec<(Written, SplitCost)>,
}

/// The key of a sum as its rows write it.
#[derive(Debug)]
struct Written {
    parent: Box<str>,
    cluster: Box<str>,
    /// The resource id, without the task where a service is named.
    resource: Box<str>,
}

impl SplitCollector {
    pub(super) fn add(&mut self, item: &LineItem<'_>, line: &SplitLine<'_>, currency: Currency) -> Result<()> {
        let currency = item.currency.unwrap_or(currency);
        let parent = if item.split_parent.eq_ignore_ascii_case("null") { "" } else { item.split_parent };
        let written = if line.service.is_empty() { item.resource_id } else { cluster_head(item.resource_id) };
        let resource = SplitResource::of(item.usage_type);
        let parts = (currency, parent, line.cluster, line.service, written, &item.tags, resource);
        let hash = self.hasher.hash_one(parts);
        let is_same = |(known, sum): &(Written, SplitCost)| {
            let key = &sum.key;
            let texts = (&*known.parent, &*known.cluster, key.service.as_str(), &*known.resource);
            texts == (parent, line.cluster, line.service, written)
                && (key.currency, key.resource) == (currency, resource)
                && key.tags.iter().map(String::as_str).eq(item.tags.iter().copied())
        };
        let known = self.index.find(hash, |at| self.sums.get(*at).is_some_and(is_same)).copied();
        let at = known.unwrap_or_else(|| {
            let key = SplitKey {
                currency,
                instance: bare_resource_id(parent).to_owned(),
                cluster: cluster_of(line.cluster, item.resource_id),
                service: line.service.to_owned(),
                task: if line.service.is_empty() { item.resource_id.to_owned() } else { String::new() },
                tags: item.tags.iter().map(|tag| (*tag).to_owned()).collect(),
                resource,
            };
            let written = Written { parent: parent.into(), cluster: line.cluster.into(), resource: written.into() };
            self.sums.push((written, SplitCost { key, rows: 0, split: Amount::ZERO, unused: Amount::ZERO }));
            self.insert(hash)
        });
        let Some((_, sum)) = self.sums.get_mut(at) else { return Ok(()) };
        let unused = sum.unused.checked_add(line.unused)?;
        sum.split = sum.split.checked_add(line.split)?;
        sum.unused = unused;
        sum.rows += 1;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<SplitCosts> {
        SplitCosts::of(self.sums.into_iter().map(|(_, sum)| sum).collect())
    }

    /// Indexes the last sum.
    fn insert(&mut self, hash: u64) -> usize {
        let at = self.sums.len() - 1;
        let Self { index, sums, hasher } = self;
        index.insert_unique(hash, at, |at| {
            sums.get(*at).map_or(0, |(written, SplitCost { key, .. })| {
                let tags: Vec<&str> = key.tags.iter().map(String::as_str).collect();
                let texts = (&*written.parent, &*written.cluster, key.service.as_str(), &*written.resource);
                hasher.hash_one((key.currency, texts.0, texts.1, texts.2, texts.3, &tags, key.resource))
            })
        });
        at
    }
}

/// The part of a task ARN that all tasks of its cluster share; empty for any other text.
fn cluster_head(resource: &str) -> &str {
    if !is_task_arn(resource) {
        return "";
    }
    resource.rsplit_once('/').map_or("", |(head, _)| head)
}

/// The cluster's ARN by that of its task, else the name that the tag gives.
fn cluster_of(name: &str, resource: &str) -> String {
    let Some((owner, path)) = cluster_head(resource).split_once(":task") else { return name.to_owned() };
    match (name, path.strip_prefix('/').unwrap_or_default()) {
        ("", "") => String::new(),
        ("", in_arn) => format!("{owner}:cluster/{in_arn}"),
        (name, _) => format!("{owner}:cluster/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(parent: &'a str, resource: &'a str, usage_type: &'a str, tags: &[&'a str]) -> LineItem<'a> {
        let mut item: LineItem<'_> =
            serde_json::from_str(r#"{"dialect":"cur","line_item_type":"Usage","cost":"0"}"#).unwrap();
        (item.split_parent, item.resource_id, item.usage_type) = (parent, resource, usage_type);
        item.tags = tags.to_vec();
        item
    }

    fn line<'a>(cluster: &'a str, service: &'a str, split: &str, unused: &str) -> SplitLine<'a> {
        SplitLine { cluster, service, split: split.parse().unwrap(), unused: unused.parse().unwrap() }
    }

    const TASK: &str = "arn:aws:ecs:us-east-1:22:task/main/0a";

    #[test]
    fn rows_of_one_service_on_one_instance_are_one_sum_whatever_the_task() {
        let mut rows = SplitCollector::default();
        let cpu = "USE1-ECS-EC2-vCPU-Hours";
        let other = "arn:aws:ecs:us-east-1:22:task/main/0b";
        rows.add(&row("i-1", TASK, cpu, &["x"]), &line("main", "web", "0.1", "0.01"), Currency::USD).unwrap();
        let arn = "arn:aws:ec2:us-east-1:22:instance/i-1";
        rows.add(&row(arn, other, cpu, &["x"]), &line("main", "web", "0.2", "0"), Currency::USD).unwrap();
        rows.add(&row("i-1", TASK, "X-ECS-EC2-GB-Hours", &["x"]), &line("main", "web", "1", "2"), Currency::USD)
            .unwrap();
        let sums = rows.finish().unwrap();
        let [cpu, memory] = sums.as_slice() else { panic!("two sums") };
        assert_eq!((cpu.rows, cpu.split.to_string(), cpu.unused.to_string()), (2, "0.3".into(), "0.01".into()));
        assert_eq!((memory.key.resource, memory.total().unwrap().to_string()), (SplitResource::Memory, "3".into()));
        assert_eq!(cpu.key.cluster, "arn:aws:ecs:us-east-1:22:cluster/main");
        assert_eq!((cpu.key.instance.as_str(), cpu.key.task.as_str()), ("i-1", ""));
    }

    #[test]
    fn rows_without_service_are_told_apart_by_task_and_a_null_parent_is_none() {
        let mut rows = SplitCollector::default();
        for (parent, resource) in
            [("null", TASK), ("NULL", TASK), ("i-1", "arn:aws:eks:r:1:pod/c/ns/p/u"), ("i-1", TASK)]
        {
            rows.add(&row(parent, resource, "EKS-EC2-GPU-Hours", &[]), &line("", "", "1", "0"), Currency::USD).unwrap();
        }
        let sums = rows.finish().unwrap();
        let keys: Vec<_> =
            sums.as_slice().iter().map(|s| (s.key.instance.as_str(), s.key.task.as_str(), s.rows)).collect();
        assert_eq!(keys, [("", TASK, 2), ("i-1", "arn:aws:eks:r:1:pod/c/ns/p/u", 1), ("i-1", TASK, 1)]);
        assert!(sums.as_slice().iter().all(|sum| sum.key.resource == SplitResource::Other));
    }

    #[test]
    fn clusters_are_named_by_the_tasks_arn_and_the_tag() {
        for (name, resource, cluster) in [
            ("", TASK, "arn:aws:ecs:us-east-1:22:cluster/main"),
            ("blue", "arn:aws:ecs:us-east-1:22:task/0a", "arn:aws:ecs:us-east-1:22:cluster/blue"),
            ("", "arn:aws:ecs:us-east-1:22:task/0a", ""),
            ("blue", "", "blue"),
            ("", "i-1", ""),
        ] {
            assert_eq!(cluster_of(name, resource), cluster, "{resource}");
        }
    }
}
