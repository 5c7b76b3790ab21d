//! Container instance → EC2 instance, its capacity and its end (spec 4.2, R13).

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::Deserialize;

use super::model::{Capacity, Registration};
use super::names::{Latest, Name, Names, Renamed};
use super::scalar::{Field, Shape};
use crate::error::Result;
use crate::ids::{InstanceId, bare_resource_id};
use crate::time::Timestamp;

/// A container instance as events and `describe-container-instances` write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerInstanceDetail<'a> {
    #[serde(borrow)]
    container_instance_arn: Field<'a>,
    cluster_arn: Field<'a>,
    ec2_instance_id: Field<'a>,
    status: Field<'a>,
    version: Field<'a>,
    registered_resources: Option<Vec<Resource<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(borrow)]
    name: Field<'a>,
    integer_value: Field<'a>,
}

/// A container instance of which something is known, under the ARN or id and the cluster it was named with.
#[derive(Clone, Debug, Default)]
pub(super) struct HostFacts {
    instance: Latest<Name>,
    deregistered: BTreeSet<Timestamp>,
}

/// All container instances and what their EC2 instances registered.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerInstances {
    hosts: HashMap<(Name, Option<Name>), HostFacts, FixedState>,
    registrations: HashMap<(Name, Timestamp), Latest<Capacity>, FixedState>,
}

/// What one event, snapshot or row says.
pub(super) struct Said<'a> {
    pub(super) container_instance: &'a str,
    pub(super) cluster: Option<&'a str>,
    pub(super) instance: Option<&'a str>,
    pub(super) capacity: Option<Capacity>,
    /// Since when; none for a snapshot, which holds throughout.
    pub(super) at: Option<Timestamp>,
    pub(super) is_deregistered: bool,
    pub(super) version: u32,
}

impl ContainerInstances {
    /// Takes a state of a container instance; a snapshot has no time.
    ///
    /// # Errors
    /// `evidence.bad_event` naming the field.
    pub(super) fn add_detail(
        &mut self,
        names: &mut Names,
        detail: &ContainerInstanceDetail<'_>,
        at: Option<Timestamp>,
        shape: Shape,
    ) -> Result<()> {
        let status = shape.text(&detail.status, "status")?;
        let is_deregistered = at.is_some() && matches!(status, Some("INACTIVE" | "DEREGISTERING"));
        let instance = shape.text(&detail.ec2_instance_id, "ec2InstanceId")?;
        if instance.is_none() && !is_deregistered {
            return Err(shape.missing("ec2InstanceId"));
        }
        let version = shape.number(&detail.version, "version")?.unwrap_or(0);
        self.add(
            names,
            &Said {
                container_instance: shape.required(&detail.container_instance_arn, "containerInstanceArn")?,
                cluster: shape.text(&detail.cluster_arn, "clusterArn")?,
                instance,
                capacity: capacity(detail.registered_resources.as_deref(), shape)?,
                at,
                is_deregistered,
                version: u32::try_from(version).unwrap_or(u32::MAX),
            },
        );
        Ok(())
    }

    /// Takes what is said.
    pub(super) fn add(&mut self, names: &mut Names, said: &Said<'_>) {
        let key = (names.name(said.container_instance), said.cluster.map(|cluster| names.name(cluster)));
        let instance = said.instance.map(|instance| names.name(bare_resource_id(instance)));
        let host = self.hosts.entry(key).or_default();
        host.instance.offer(said.version, instance, |a, b| names.is_larger(a, b));
        if said.is_deregistered {
            host.deregistered.extend(said.at);
        }
        // A container instance that is leaving may report nothing registered; what it had stays known.
        if let (Some(instance), Some(capacity)) = (instance, said.capacity.filter(|capacity| capacity.cpu > 0)) {
            let since = said.at.unwrap_or(Timestamp::MIN);
            let registered = self.registrations.entry((instance, since)).or_default();
            registered.offer(said.version, Some(capacity), |a, b| a > b);
        }
    }

    /// Takes what another collection says, whose names are these here.
    pub(super) fn merge(&mut self, other: Self, here: &Renamed, names: &Names) {
        for ((host, cluster), facts) in other.hosts {
            let known = self.hosts.entry((here.name(host), cluster.map(|cluster| here.name(cluster)))).or_default();
            known.instance.merge(facts.instance, |name| here.name(name), |a, b| names.is_larger(a, b));
            known.deregistered.extend(facts.deregistered);
        }
        for ((instance, since), capacity) in other.registrations {
            let known = self.registrations.entry((here.name(instance), since)).or_default();
            known.merge(capacity, |capacity| capacity, |a, b| a > b);
        }
    }

    /// Registrations sorted; those that repeat the capacity known before are left out.
    pub(super) fn registrations(&self, names: &Names) -> Vec<Registration> {
        let mut all: Vec<Registration> = self
            .registrations
            .iter()
            .filter_map(|((instance, since), capacity)| {
                let instance = InstanceId::from(names.text(*instance));
                Some(Registration { instance, since: *since, capacity: capacity.get()? })
            })
            .collect();
        all.sort_unstable();
        all.dedup_by(|next, kept| next.instance == kept.instance && next.capacity == kept.capacity);
        all
    }

    /// The container instances by the last segment of their ARN.
    pub(super) fn index<'n>(&'n self, names: &'n Names) -> HostIndex<'n> {
        let mut index: BTreeMap<&str, Vec<Host<'_>>> = BTreeMap::new();
        for ((container_instance, cluster), facts) in &self.hosts {
            let scope = Scope::of(names.text(*container_instance), cluster.map(|cluster| names.text(cluster)));
            let instance = facts.instance.get().map(|instance| names.text(instance));
            index.entry(last_segment(names.text(*container_instance))).or_default().push(Host {
                scope,
                instance,
                deregistered: &facts.deregistered,
            });
        }
        HostIndex(index)
    }
}

fn capacity(resources: Option<&[Resource<'_>]>, shape: Shape) -> Result<Option<Capacity>> {
    let (mut cpu, mut memory) = (None, 0);
    for resource in resources.unwrap_or_default() {
        match shape.text(&resource.name, "registeredResources.name")? {
            Some("CPU") => cpu = shape.number(&resource.integer_value, "registeredResources.integerValue")?,
            Some("MEMORY") => {
                let registered = shape.number(&resource.integer_value, "registeredResources.integerValue")?;
                memory = registered.unwrap_or(0);
            }
            _ => {}
        }
    }
    Ok(cpu.map(|cpu| Capacity { cpu, memory }))
}

/// Container instances that tasks can be joined with.
pub(super) struct HostIndex<'n>(BTreeMap<&'n str, Vec<Host<'n>>>);

struct Host<'n> {
    scope: Scope<'n>,
    instance: Option<&'n str>,
    deregistered: &'n BTreeSet<Timestamp>,
}

/// What a task's container instance turned out to be.
#[derive(Clone, Debug, Default)]
pub(super) struct ResolvedHost<'n> {
    /// The EC2 instance; none where unknown or contradictory.
    pub(super) instance: Option<&'n str>,
    /// When the container instance was deregistered, sorted.
    pub(super) deregistered: BTreeSet<Timestamp>,
}

impl<'n> HostIndex<'n> {
    /// Joins by the last segment of the ARN and by cluster, account and region as far as both sides name them.
    pub(super) fn resolve(&self, container_instance: &str, cluster: &str) -> ResolvedHost<'n> {
        let asked = Scope::of(container_instance, Some(cluster));
        let same_id = self.0.get(last_segment(container_instance)).map(Vec::as_slice).unwrap_or_default();
        let hosts: Vec<_> = same_id.iter().filter(|host| host.scope.agrees_with(&asked)).collect();
        let instances: BTreeSet<&str> = hosts.iter().filter_map(|host| host.instance).collect();
        let deregistered = hosts.iter().flat_map(|host| host.deregistered.iter().copied()).collect();
        let only = if instances.len() == 1 { instances.first().copied() } else { None };
        ResolvedHost { instance: only, deregistered }
    }
}

/// Where a container instance is, as far as its ARN and its cluster say.
#[derive(Clone, Copy, Debug, Default)]
struct Scope<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    cluster: Option<&'a str>,
}

impl<'a> Scope<'a> {
    /// From `arn:aws:ecs:REGION:ACCOUNT:container-instance/[CLUSTER/]ID` or a bare id, and a cluster ARN or name.
    fn of(container_instance: &'a str, cluster: Option<&'a str>) -> Self {
        let (named, own) = (cluster.map(arn_parts).unwrap_or_default(), arn_parts(container_instance));
        let path_cluster = match own.resource.split('/').collect::<Vec<_>>().as_slice() {
            [_, cluster, _] => Some(*cluster),
            _ => None,
        };
        let name = cluster.map(last_segment).filter(|name| !name.is_empty());
        Self {
            region: named.region.or(own.region),
            account: named.account.or(own.account),
            cluster: name.or(path_cluster),
        }
    }

    fn agrees_with(&self, other: &Self) -> bool {
        let agrees = |a: Option<&str>, b: Option<&str>| a.is_none() || b.is_none() || a == b;
        agrees(self.region, other.region) && agrees(self.account, other.account) && agrees(self.cluster, other.cluster)
    }
}

#[derive(Default)]
struct ArnParts<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    resource: &'a str,
}

fn arn_parts(text: &str) -> ArnParts<'_> {
    match text.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, _, region, account, resource] => {
            let given = |text: &'_ str| !text.is_empty();
            ArnParts {
                region: Some(*region).filter(|region| given(region)),
                account: Some(*account).filter(|account| given(account)),
                resource,
            }
        }
        _ => ArnParts::default(),
    }
}

/// What follows the last slash.
pub(super) fn last_segment(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_arn_forms_join_within_a_cluster_only() {
        let mut names = Names::default();
        let mut hosts = ContainerInstances::default();
        let mut add = |container_instance: &str, cluster: Option<&str>, instance: &str| {
            hosts.add(
                &mut names,
                &Said {
                    container_instance,
                    cluster,
                    instance: Some(instance),
                    capacity: None,
                    at: None,
                    is_deregistered: false,
                    version: 0,
                },
            );
        };
        add("arn:aws:ecs:us-west-2:1:container-instance/a1", Some("arn:aws:ecs:us-west-2:1:cluster/main"), "i-1");
        add("arn:aws:ecs:us-west-2:1:container-instance/other/a1", None, "i-2");
        add("b1", Some("main"), "i-3");
        let index = hosts.index(&names);
        let found = |container_instance: &str, cluster: &str| index.resolve(container_instance, cluster).instance;
        let main = "arn:aws:ecs:us-west-2:1:cluster/main";
        assert_eq!(found("arn:aws:ecs:us-west-2:1:container-instance/main/a1", main), Some("i-1"));
        assert_eq!(found("arn:aws:ecs:us-west-2:1:container-instance/a1", "main"), Some("i-1"));
        assert_eq!(found("arn:aws:ecs:us-west-2:1:container-instance/a1", "other"), Some("i-2"));
        assert_eq!(found("arn:aws:ecs:us-west-2:1:container-instance/a1", "third"), None);
        assert_eq!(
            found("arn:aws:ecs:us-west-2:2:container-instance/main/a1", "arn:aws:ecs:us-west-2:2:cluster/main"),
            None
        );
        assert_eq!(found("arn:aws:ecs:eu-west-1:1:container-instance/main/b1", "main"), Some("i-3"));
        assert_eq!(found("arn:aws:ecs:us-west-2:1:container-instance/main/xa1", main), None);
    }

    #[test]
    fn registrations_that_change_nothing_are_left_out() {
        let mut names = Names::default();
        let mut hosts = ContainerInstances::default();
        for (at, cpu) in [(None, 1024), (Some(5), 1024), (Some(7), 2048), (Some(9), 2048), (Some(11), 1024)] {
            hosts.add(
                &mut names,
                &Said {
                    container_instance: "a",
                    cluster: None,
                    instance: Some("i-1"),
                    capacity: Some(Capacity { cpu, memory: 0 }),
                    at: at.map(Timestamp::from_millis),
                    is_deregistered: false,
                    version: 0,
                },
            );
        }
        let kept: Vec<_> = hosts.registrations(&names).iter().map(|r| (r.since.millis(), r.capacity.cpu)).collect();
        assert_eq!(kept, [(i64::MIN, 1024), (7, 2048), (11, 1024)]);
    }
}
