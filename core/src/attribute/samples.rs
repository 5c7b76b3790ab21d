//! What tests of whole attributions share: evidence written by hand, and a run under a policy text.

use super::*;
use crate::bill::samples::hours;
use crate::evidence::{ServiceMap, ServiceOwner as MappedService, TaskRun, VolumeAttachment};
use crate::time::Interval;
use crate::workers::Alone;

/// Attributes under a policy as it is written.
pub(super) fn attributed(bill: &Bill, policy: &str, evidence: &Evidence) -> Result<Report> {
    let policy = Policy::from_toml(policy)?;
    attribute(&job(bill, &policy, evidence, &ReservationBook::default()))
}

/// Attributes under a policy that takes areas from the tag `team`.
pub(super) fn run(bill: &Bill, policy: &str, evidence: &Evidence) -> Result<Report> {
    attributed(bill, &by_team(policy), evidence)
}

/// The policy with areas from the tag `team`.
pub(super) fn by_team(policy: &str) -> String {
    format!("{policy}\n[areas]\ntag_keys = [\"team\"]\n")
}

/// What is over and done with on 1 August 2016.
pub(super) fn job<'a>(
    bill: &'a Bill,
    policy: &'a Policy,
    evidence: &'a Evidence,
    reservations: &'a ReservationBook,
) -> Attribution<'a> {
    let as_of = "2016-08-01 00:00:00".parse().unwrap();
    Attribution { bill, policy, evidence, reservations, currency: None, as_of, workers: &Alone }
}

/// A task of a service of its own name on the instance `i-1` of the cluster `main`.
pub(super) fn task(service: &str, cpu: u64, interval: Interval) -> TaskRun {
    TaskRun {
        task: service.into(),
        cluster: "main".into(),
        service: service.into(),
        instance: Some("i-1".into()),
        cpu,
        memory: 0,
        interval,
        fargate: false,
        tags: BTreeMap::new(),
    }
}

/// Services with their areas, in every cluster and at all times.
pub(super) fn mapped(services: &[(&str, &str)]) -> ServiceMap {
    let map = |(service, area): &(&str, &str)| MappedService {
        service: (*service).into(),
        cluster: None,
        account: None,
        from: None,
        to: None,
        area: (*area).into(),
    };
    ServiceMap::new(services.iter().map(map).collect())
}

/// The volume `vol-1` on an instance, from hour `from` to hour `to` of June 2016.
pub(super) fn attached(instance: &str, from: i64, to: i64) -> VolumeAttachment {
    VolumeAttachment { volume: "vol-1".into(), instance: instance.into(), interval: hours(from, to) }
}
