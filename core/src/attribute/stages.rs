//! One charge → its owners, stage by stage (spec 5): rules, volumes, containers, tags.
//!
//! Invariant: every split is checked where it happens.

use super::claim::{Claim, Origin};
use super::commitments;
use super::containers::{AwsSplit, Containers, ServiceOwner, Shares};
use super::divided::{Divided, Divider};
use super::ledger::Ledger;
use super::portion::Portion;
use super::rules::{Rules, Subject};
use super::tags::{Tags, origin};
use super::volumes::{Stays, Volumes};
use crate::bill::Charge;
use crate::error::Result;
use crate::policy::{Idle, Policy, Unused};
use crate::rollup::{IdleReason, Mechanism};

/// The stages of one attribution, ready to take charges.
pub(super) struct Stages<'a> {
    pub(super) rules: Rules<'a>,
    pub(super) volumes: Option<Volumes<'a>>,
    pub(super) containers: Containers<'a>,
    /// What takes the place of task runs on instances.
    pub(super) aws: Option<AwsSplit<'a>>,
    pub(super) tags: Tags<'a>,
    pub(super) policy: &'a Policy,
    pub(super) is_amortized: bool,
}

impl<'a> Stages<'a> {
    /// What divides charges by task runs and attachments; nothing does where AWS's own split takes their place.
    pub(super) fn divider(&self, has_hours: bool) -> Option<Divider<'_, 'a>> {
        let divider = Divider { containers: &self.containers, volumes: self.volumes.as_ref(), has_hours };
        self.aws.is_none().then_some(divider)
    }

    /// Takes one charge to its owners; `divided` is what it was divided into, where it lies on what has runs or attachments.
    pub(super) fn own(
        &self,
        charge: &'a Charge,
        divided: Option<Result<Divided<'_, 'a>>>,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let portion = Portion::of(charge, ledger.has_hours());
        if self.rules.own(&Subject::Charge(charge.key()), origin(charge), portion, ledger)? {
            return Ok(());
        }
        if self.is_amortized && charge.key().kind().is_unused_where_amortized() {
            // What was used of the commitment stands in the rows it covers (spec 6.3).
            let owner = commitments::owner_of_charge(charge, &self.tags, self.policy.commitments);
            let key = charge.key();
            let of = (origin(charge), key.payer(), key.reservation_id());
            return commitments::own_unused(of, owner, charge.amount(), ledger);
        }
        match divided.transpose()? {
            Some(Divided::Instance(shares)) => return self.own_instance(charge, &shares, ledger),
            Some(Divided::Volume { moved, stays }) => return self.own_volume(charge, &moved, &stays, ledger),
            None => {}
        }
        let resource = charge.key().resource_id();
        if let Some(aws) = &self.aws {
            if let Some(attachments) = self.volumes.as_ref().and_then(|volumes| volumes.of(charge)) {
                return self.own_volume_by_aws(aws, charge, attachments, ledger);
            }
            if aws.own(origin(charge), resource, resource, portion, ledger)? {
                return Ok(());
            }
        }
        if let Some(service) = self.containers.fargate_service(resource) {
            if let Some(check) = &mut ledger.split_check {
                check.note(charge, "", (service.cluster, service.service), charge.amount())?;
            }
            return own_service(origin(charge), resource, service, portion, ledger);
        }
        self.own_tagged(charge, Mechanism::Tag, portion, ledger)
    }

    /// An instance's own charge: services, idle, and what lies where nothing ran.
    fn own_instance(&self, charge: &'a Charge, shares: &Shares<'_, 'a>, ledger: &mut Ledger<'a>) -> Result<()> {
        let instance = charge.key().resource_id();
        ledger.on_instance(Some(instance));
        self.own_shares(origin(charge), charge, shares, instance, ledger)?;
        if let Some(check) = &mut ledger.split_check {
            let idle = shares.unreserved().map(|part| part.cost);
            check.note_host(charge, instance, idle, &self.containers, self.policy.containers.window);
        }
        if let Some(empty) = shares.empty_host() {
            match self.policy.containers.empty_host() {
                Unused::Owner => self.own_tagged(charge, Mechanism::EcsIdle, empty, ledger)?,
                Unused::Separate => self.own_idle(origin(charge), instance, IdleReason::EmptyHost, empty, ledger)?,
                Unused::Proportional => {
                    self.wait_for_areas((origin(charge), charge), instance, IdleReason::EmptyHost, empty, ledger);
                }
            }
        }
        shares.not_run().map_or(Ok(()), |part| self.own_tagged(charge, Mechanism::EcsIdle, part, ledger))
    }

    /// A volume's charge: parts that moved to instances (R7), and the rest that stays.
    fn own_volume(
        &self,
        charge: &'a Charge,
        moved: &[(&'a str, Shares<'_, 'a>)],
        stays: &Stays,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        for (instance, shares) in moved {
            ledger.on_instance(Some(instance));
            self.own_shares(origin(charge), charge, shares, instance, ledger)?;
            for not_run in [shares.empty_host(), shares.not_run()].into_iter().flatten() {
                self.own_moved(charge, instance, not_run, ledger)?;
            }
        }
        ledger.on_instance(None);
        self.own_staying(charge, stays, ledger)
    }

    /// What stays on a volume.
    pub(super) fn own_staying(&self, charge: &'a Charge, stays: &Stays, ledger: &mut Ledger<'a>) -> Result<()> {
        if let Some(detached) = stays.detached {
            match self.policy.volumes.detached {
                Unused::Owner => self.own_tagged(charge, Mechanism::Tag, detached, ledger)?,
                Unused::Separate => {
                    let claim = Claim::idle(self.tags.area_of_charge(charge), IdleReason::Detached);
                    ledger.add(origin(charge), claim, detached)?;
                }
                Unused::Proportional => {
                    let volume = charge.key().resource_id();
                    self.wait_for_areas((origin(charge), charge), volume, IdleReason::Detached, detached, ledger);
                }
            }
        }
        stays.untimed.map_or(Ok(()), |untimed| self.own_tagged(charge, Mechanism::Tag, untimed, ledger))
    }

    /// What moved to an instance where nothing ran.
    pub(super) fn own_moved(
        &self,
        charge: &'a Charge,
        instance: &str,
        portion: Portion,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let area = self.tags.area_of_resource(instance).or_else(|| self.tags.area_of_charge(charge));
        if self.policy.volumes.detached == Unused::Proportional
            && let Some(area) = area
        {
            ledger.idle.note_area(charge.key().resource_id(), area, portion.cost)?;
        }
        self.tags.own(charge, area.map(|area| (area, Mechanism::Volume)), portion, ledger)
    }

    pub(super) fn own_shares(
        &self,
        origin: Origin<'a>,
        charge: &'a Charge,
        shares: &Shares<'_, 'a>,
        instance: &'a str,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        for (service, part) in shares.services() {
            own_service(origin, charge.key().resource_id(), service, part, ledger)?;
            self.note_area(charge, instance, service.area, part.cost, ledger)?;
            if let Some(check) = &mut ledger.split_check {
                check.note(charge, instance, (service.cluster, service.service), part.cost)?;
            }
        }
        let Some(unreserved) = shares.unreserved() else { return Ok(()) };
        if self.policy.containers.idle == Idle::Proportional {
            self.wait_for_areas((origin, charge), instance, IdleReason::Unreserved, unreserved, ledger);
            return Ok(());
        }
        self.own_idle(origin, instance, IdleReason::Unreserved, unreserved, ledger)
    }

    pub(super) fn own_idle(
        &self,
        origin: Origin<'a>,
        instance: &'a str,
        reason: IdleReason,
        portion: Portion,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        ledger.add(origin, Claim::idle(self.tags.area_of_resource(instance), reason), portion)
    }

    pub(super) fn own_tagged(
        &self,
        charge: &'a Charge,
        mechanism: Mechanism,
        portion: Portion,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let area = self.tags.area_of_charge(charge);
        self.tags.own(charge, area.map(|area| (area, mechanism)), portion, ledger)
    }
}

/// A service's part: its area's, or nobody's where the service is unmapped (R16).
pub(super) fn own_service<'a>(
    origin: Origin<'a>,
    resource: &'a str,
    service: &ServiceOwner<'a>,
    portion: impl Into<Portion>,
    ledger: &mut Ledger<'a>,
) -> Result<()> {
    if let Some(area) = service.area {
        let claim = Claim::area(area, Mechanism::Ecs).with_service(service.cluster, service.service);
        return ledger.add(origin, claim, portion);
    }
    let claim = Claim::unattributed().with_service(service.cluster, service.service);
    ledger.add_unattributed(origin, claim, resource, portion)
}
