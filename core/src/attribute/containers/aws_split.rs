//! An instance's cost over the services that split cost allocation data names, instead of task runs (spec 5.4, R68).

use std::collections::{BTreeMap, HashSet};

use super::super::Stages;
use super::super::claim::Origin;
use super::super::intervals::TimeLine;
use super::super::ledger::Ledger;
use super::super::portion::Portion;
use super::super::tags::{Tags, origin};
use super::super::volumes;
use super::ServiceOwner;
use crate::bill::{Bill, Charge, SplitCost, SplitKey};
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::{Evidence, TaskKind};
use crate::ids::{Cluster, ProductArea, Service};
use crate::index::Index;
use crate::money::{Amount, Currency};
use crate::policy::Unused;
use crate::time::Timestamp;

/// What split cost allocation data gives each service of each instance, as weights.
pub(in super::super) struct AwsSplit<'a> {
    hosts: Index<&'a str, Vec<(ServiceOwner<'a>, u128)>>,
}

/// The services that rows without a service tag are of, by their tasks, as far as runs are known.
pub(super) struct TaskServices<'a>(Index<&'a str, &'a TaskKind>);

impl<'a> TaskServices<'a> {
    pub(super) fn new(costs: &'a [SplitCost], evidence: &'a Evidence) -> Self {
        let wanted: HashSet<&str> =
            costs.iter().map(|cost| cost.key.task.as_str()).filter(|task| !task.is_empty()).collect();
        let known = evidence.tasks.iter().filter(|run| !wanted.is_empty() && wanted.contains(run.task));
        Self(known.map(|run| (run.task, run.kind)).collect())
    }

    /// Cluster and service: by tag, else by the task's run, else the task itself stands for its service.
    pub(super) fn of(&self, key: &'a SplitKey) -> (&'a str, &'a str) {
        match self.0.get(key.task.as_str()) {
            _ if !key.service.is_empty() => (&key.cluster, &key.service),
            Some(kind) => (kind.cluster.as_str(), kind.service.as_str()),
            None => (&key.cluster, &key.task),
        }
    }
}

impl<'a> AwsSplit<'a> {
    /// Sums up what each service got of each instance; negative sums weigh nothing.
    ///
    /// # Errors
    /// `attribute.no_split_data` where the bill has none at all; `money.overflow`.
    pub(in super::super) fn new(
        bill: &'a Bill,
        evidence: &'a Evidence,
        tags: &Tags<'a>,
        currency: Currency,
        at: Timestamp,
    ) -> Result<Self> {
        let costs = bill.split_costs();
        if costs.is_empty() {
            let message = "`containers.split` is `scad`, and the bill has no split cost allocation data: no row fills \
                           `splitLineItem/SplitCost`; scan a Cost and Usage Report with that data, or split by \
                           `cpu_seconds`";
            return Err(Error::new(ErrorCode::AttributeNoSplitData, message));
        }
        let services = TaskServices::new(costs, evidence);
        let mut sums: BTreeMap<(&'a str, ServiceOwner<'a>), Amount> = BTreeMap::new();
        for cost in costs.iter().filter(|cost| cost.key.currency == currency && !cost.key.instance.is_empty()) {
            let (cluster, service) = services.of(&cost.key);
            let mapped = evidence.services.area(&Cluster::from(cluster), &Service::from(service), at);
            let mapped = mapped.map(ProductArea::as_str);
            let tag_area = if mapped.is_some() { None } else { tags.area_of_values(&cost.key.tags) };
            let owner = ServiceOwner::new(cluster, service, mapped, tag_area);
            let sum = sums.entry((&cost.key.instance, owner)).or_default();
            *sum = sum.checked_add(cost.total()?)?;
        }
        let mut hosts: Index<&str, Vec<(ServiceOwner<'_>, u128)>> = Index::default();
        for ((instance, owner), sum) in sums {
            if let Ok(weight @ 1..) = u128::try_from(sum.units()) {
                hosts.entry(instance).or_default().push((owner, weight));
            }
        }
        Ok(Self { hosts })
    }

    /// Takes a portion of a resource that lies on an instance to its services; whether it has any.
    pub(in super::super) fn own(
        &self,
        origin: Origin<'a>,
        resource: &'a str,
        instance: &'a str,
        portion: impl Into<Portion>,
        ledger: &mut Ledger<'a>,
    ) -> Result<bool> {
        let portion = portion.into();
        let Some(parts) = self.parts(instance, portion)? else { return Ok(false) };
        let portions: Vec<Portion> = parts.iter().map(|(_, part)| *part).collect();
        portion.conserved("containers", origin, &portions)?;
        ledger.on_instance(Some(instance));
        for (service, part) in parts {
            super::super::own_service(origin, resource, service, part, ledger)?;
        }
        Ok(true)
    }

    /// The parts of a portion that lies on an instance; `None` where the data says nothing of it.
    fn parts(&self, instance: &str, portion: Portion) -> Result<Option<Vec<(&ServiceOwner<'a>, Portion)>>> {
        let Some(weights) = self.hosts.get(instance) else { return Ok(None) };
        let parts = portion.split(weights)?;
        Ok(parts.map(|parts| weights.iter().map(|(owner, _)| owner).zip(parts).collect()))
    }
}

impl<'a> Stages<'a> {
    /// A volume's charge: what moved to each instance at once, and the rest that stays.
    pub(in super::super) fn own_volume_by_aws(
        &self,
        aws: &AwsSplit<'a>,
        charge: &'a Charge,
        attachments: &TimeLine<&'a str>,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let mut moved: BTreeMap<&'a str, Portion> = BTreeMap::new();
        let stays = volumes::follow(charge, Portion::of(charge, ledger.has_hours()), attachments, &mut |part| {
            let sum = moved.entry(part.instance).or_default();
            *sum = sum.checked_add(part.portion)?;
            Ok(())
        })?;
        for (instance, portion) in moved {
            ledger.on_instance(Some(instance));
            if !aws.own(origin(charge), charge.key().resource_id(), instance, portion, ledger)? {
                self.own_moved(charge, instance, portion, ledger)?;
                continue;
            }
            if self.policy.volumes.detached != Unused::Proportional {
                continue;
            }
            for (service, part) in aws.parts(instance, portion)?.into_iter().flatten() {
                self.note_area(charge, instance, service.area, part.cost, ledger)?;
            }
        }
        ledger.on_instance(None);
        self.own_staying(charge, &stays, ledger)
    }
}
