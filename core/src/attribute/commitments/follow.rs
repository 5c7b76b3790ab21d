//! A part of a fee takes the route of the usage it covers (spec 5.6, R60).

use super::super::claim::Origin;
use super::super::ledger::Ledger;
use super::super::portion::{Portion, by_hours};
use super::super::shared::Pools;
use super::super::{Stages, volumes};
use crate::bill::Charge;
use crate::error::Result;
use crate::money::Amount;
use crate::policy::Unused;
use crate::rollup::{IdleReason, Mechanism};

/// An amount that belongs to a covered charge, of an origin that may be another.
pub(super) struct Pushed<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) charge: &'a Charge,
    pub(super) amount: Amount,
}

impl<'a> Pushed<'a> {
    /// Takes the amount to the pool or the owners that the charge's own amount goes to.
    pub(super) fn follow(
        &self,
        stages: &Stages<'a>,
        pools: Option<&mut Pools<'a>>,
        ledger: &mut Ledger<'a>,
    ) -> Result<()> {
        let Self { origin, charge, amount } = *self;
        if let Some(pools) = pools
            && pools.take_along(charge, origin, amount)?
        {
            return Ok(());
        }
        if stages.rules.own_along(charge, origin, amount, ledger)? {
            return Ok(());
        }
        let resource = charge.key().resource_id();
        match &stages.aws {
            None if stages.containers.has_runs(resource) => return self.follow_instance(stages, ledger),
            Some(aws) if aws.own(origin, resource, resource, amount, ledger)? => return Ok(()),
            _ => {}
        }
        if let Some(service) = stages.containers.fargate_service(resource) {
            if let Some(check) = &mut ledger.split_check {
                check.note(charge, "", (service.cluster, service.service), amount)?;
            }
            return super::super::own_service(origin, resource, service, amount, ledger);
        }
        stages.tags.own_along(charge, Mechanism::Reservation, origin, amount, ledger)
    }

    /// Over the services that ran in the charge's intervals.
    fn follow_instance(&self, stages: &Stages<'a>, ledger: &mut Ledger<'a>) -> Result<()> {
        let Self { origin, charge, amount } = *self;
        volumes::timed(charge)?;
        let instance = charge.key().resource_id();
        ledger.on_instance(Some(instance));
        let (mut splitting, mut usage) = (stages.containers.splitting(instance), stages.containers.usage(instance));
        for (slice, part) in charge.slices().iter().zip(by_hours(charge.slices(), amount)?) {
            part.map_or(Ok(()), |part| splitting.add(&mut usage, &[slice.interval()], part.into()))?;
        }
        let shares = splitting.into_shares();
        Portion::from(amount).conserved("commitment fees", origin, &[shares.sum()?])?;
        stages.own_shares(origin, charge, &shares, instance, ledger)?;
        if let Some(empty) = shares.empty_host() {
            match stages.policy.containers.empty_host() {
                Unused::Owner => stages.tags.own_along(charge, Mechanism::EcsIdle, origin, empty.cost, ledger)?,
                Unused::Separate => stages.own_idle(origin, instance, IdleReason::EmptyHost, empty, ledger)?,
                Unused::Proportional => {
                    stages.wait_for_areas((origin, charge), instance, IdleReason::EmptyHost, empty, ledger);
                }
            }
        }
        let not_run = |part: Portion| stages.tags.own_along(charge, Mechanism::EcsIdle, origin, part.cost, ledger);
        shares.not_run().map_or(Ok(()), not_run)
    }
}
