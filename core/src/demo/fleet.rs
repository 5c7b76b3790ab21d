//! What the demo company owns: accounts, instances, volumes, services. Everything else is derived from it.

use super::random::Random;
use super::{AREA_FORM, DemoOptions};
use crate::error::{Error, ErrorCode, Result};
use crate::time::{BillingPeriod, HOUR_MS, Interval, Timestamp};

pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
pub(super) const REGION: &str = "us-west-2";
const ZONES: [&str; 3] = ["us-west-2a", "us-west-2b", "us-west-2c"];
/// The payer and two linked accounts, one with a leading zero, as account ids have.
pub(super) const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "012345678901"];

/// An EC2 instance type as it was billed in 2016.
#[derive(Debug)]
pub(super) struct InstanceType {
    pub(super) name: &'static str,
    pub(super) cpu_units: u64,
    /// What its container agent registers.
    pub(super) memory_mib: u64,
    /// As price lists print them.
    pub(super) vcpu: &'static str,
    pub(super) nominal_memory: &'static str,
    /// In 10⁻¹⁰ USD an hour.
    pub(super) rate: i64,
    /// The same under the demo's savings plan, where that is for its family.
    pub(super) plan_rate: Option<i64>,
}

static CONTAINER_HOST: InstanceType = InstanceType {
    name: "c4.8xlarge",
    cpu_units: 36864,
    memory_mib: 60000,
    vcpu: "36",
    nominal_memory: "60 GiB",
    rate: 16_750_000_000,
    plan_rate: Some(10_050_000_000),
};
static SMALL_CONTAINER_HOST: InstanceType = InstanceType {
    name: "m4.2xlarge",
    cpu_units: 8192,
    memory_mib: 32000,
    vcpu: "8",
    nominal_memory: "32 GiB",
    rate: 4_790_000_000,
    plan_rate: None,
};
static PLAIN_HOST: InstanceType = InstanceType {
    name: "m4.large",
    cpu_units: 2048,
    memory_mib: 7985,
    vcpu: "2",
    nominal_memory: "8 GiB",
    rate: 1_200_000_000,
    plan_rate: None,
};
/// Covered by the demo's reservation.
pub(super) static RESERVED_HOST: InstanceType = InstanceType {
    name: "c4.large",
    cpu_units: 2048,
    memory_mib: 3750,
    vcpu: "2",
    nominal_memory: "3.75 GiB",
    rate: 1_050_000_000,
    plan_rate: Some(630_000_000),
};

/// The instance type of a name.
pub(super) fn instance_type(name: &str) -> Option<&'static InstanceType> {
    [&CONTAINER_HOST, &SMALL_CONTAINER_HOST, &PLAIN_HOST, &RESERVED_HOST].into_iter().find(|kind| kind.name == name)
}

/// One EC2 instance and how long it lived inside the period.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) account: &'static str,
    pub(super) zone: &'static str,
    pub(super) kind: &'static InstanceType,
    pub(super) life: Interval,
    /// Last part of its container instance ARN; `None` where no containers run.
    pub(super) ecs_id: Option<String>,
    pub(super) reserved: bool,
    pub(super) name: String,
    pub(super) tag: String,
}

/// One EBS volume, with its attachments in time order.
#[derive(Debug)]
pub(super) struct Volume {
    pub(super) id: String,
    pub(super) account: &'static str,
    pub(super) zone: &'static str,
    pub(super) size_gb: i64,
    pub(super) name: String,
    pub(super) tag: String,
    /// Instance id and `[attached, detached)`; the end is [`Timestamp::MAX`] while it is attached.
    pub(super) attachments: Vec<(String, Interval)>,
}

/// One ECS service.
#[derive(Debug)]
pub(super) struct Service {
    /// `service:NAME` or `family:NAME`.
    pub(super) group: String,
    pub(super) name: String,
    /// `None` for a service that nobody put on the map.
    pub(super) area: Option<String>,
    pub(super) cpu_units: u64,
    pub(super) memory_mib: u64,
}

/// The whole company in one month.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) period: BillingPeriod,
    pub(super) areas: Vec<String>,
    /// How one area is spelled on some tags.
    pub(super) alias: String,
    pub(super) instances: Vec<Instance>,
    pub(super) volumes: Vec<Volume>,
    pub(super) services: Vec<Service>,
}

impl Fleet {
    pub(super) fn new(options: &DemoOptions) -> Result<Self> {
        let areas = checked_areas(&options.areas)?;
        let alias = alias_of(areas.first().map_or("", String::as_str));
        let mut fleet = Self {
            period: options.period,
            services: services(&areas),
            areas,
            alias,
            instances: Vec::new(),
            volumes: Vec::new(),
        };
        let mut random = Random::stream(options.seed, "fleet");
        for at in 0..options.instances.max(4) {
            let instance = fleet.instance(at, &mut random);
            fleet.instances.push(instance);
        }
        fleet.volumes = volumes(&fleet, &mut random);
        Ok(fleet)
    }

    pub(super) fn container_instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|instance| instance.ecs_id.is_some())
    }

    /// The tag of one resource in `of` is empty, now and then an alias, else an area.
    pub(super) fn tag(&self, random: &mut Random, tagged_percent: u64) -> String {
        if !random.chance(tagged_percent) {
            return String::new();
        }
        if random.chance(10) {
            return self.alias.clone();
        }
        random.pick(&self.areas).cloned().unwrap_or_default()
    }

    /// Of every three instances two run containers. The second starts late, the fifth is terminated early.
    fn instance(&self, at: u32, random: &mut Random) -> Instance {
        let period = self.period.interval();
        let containers = at % 3 != 2;
        let reserved = at == 2;
        let kind = match (containers, at % 2) {
            (true, 0) => &CONTAINER_HOST,
            (true, _) => &SMALL_CONTAINER_HOST,
            (false, _) if reserved => &RESERVED_HOST,
            (false, _) => &PLAIN_HOST,
        };
        let life = match at % 12 {
            1 => Interval::new(period.start.plus_millis(9 * DAY_MS), period.end),
            4 => Interval::new(period.start, period.start.plus_millis(19 * DAY_MS)),
            _ => period,
        };
        let account = if containers { ACCOUNTS[0] } else { random.pick(&ACCOUNTS).copied().unwrap_or(ACCOUNTS[0]) };
        Instance {
            id: format!("i-{}", random.hex(17)),
            account,
            zone: random.pick(&ZONES).copied().unwrap_or(ZONES[0]),
            kind,
            life,
            ecs_id: containers.then(|| random.hex(32)),
            reserved,
            name: if containers { format!("ecs-{at:03}") } else { format!("web-{at:03}") },
            tag: self.tag(random, if containers { 30 } else { 70 }),
        }
    }
}

/// Areas that fit a tag, a CSV field and a service map in base64.
fn checked_areas(areas: &[String]) -> Result<Vec<String>> {
    let bad = |area: &str| {
        Error::new(ErrorCode::ConfigBadValue, format!("`{area}` is no product area for a demo: {AREA_FORM}"))
    };
    if areas.is_empty() {
        return Err(Error::new(ErrorCode::ConfigBadValue, "a demo needs at least one product area"));
    }
    for area in areas {
        let fits = |c: char| c.is_ascii_alphanumeric() || " ._/-".contains(c);
        if area.is_empty() || area.trim() != area || !area.chars().all(fits) {
            return Err(bad(area));
        }
    }
    Ok(areas.to_vec())
}

/// `warehouses` is spelled `Warehouses` on some tags; what has no other capital gets a word more.
fn alias_of(area: &str) -> String {
    let mut letters = area.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let capital: String = first.into_iter().chain(letters).collect();
    if capital == area { format!("{area} team") } else { capital }
}

/// Mapped services of every area, one that nobody mapped, and a standalone task.
fn services(areas: &[String]) -> Vec<Service> {
    let sizes = [(1024, 2048), (256, 512), (4096, 8192), (512, 1024), (2048, 4096)];
    let names = ["api", "worker"];
    let mut services = Vec::new();
    for (area, size) in areas.iter().zip(sizes.iter().cycle()) {
        for (name, share) in names.iter().zip([1, 2]) {
            let stem = area.to_ascii_lowercase().replace([' ', '.', '/'], "-");
            let name = format!("{stem}-{name}");
            services.push(Service {
                group: format!("service:{name}"),
                name,
                area: Some(area.clone()),
                cpu_units: size.0 / share,
                memory_mib: size.1 / share,
            });
        }
    }
    services.push(Service {
        group: "service:log-shipper".into(),
        name: "log-shipper".into(),
        area: None,
        cpu_units: 128,
        memory_mib: 256,
    });
    services.push(Service {
        group: "family:nightly-report".into(),
        name: "family:nightly-report".into(),
        area: areas.last().cloned(),
        cpu_units: 512,
        memory_mib: 1024,
    });
    services
}

/// One data volume for each instance: it moves to another one in the middle of the month, with a detached gap.
fn volumes(fleet: &Fleet, random: &mut Random) -> Vec<Volume> {
    let mut volumes = Vec::new();
    for (at, instance) in fleet.instances.iter().enumerate() {
        let life = instance.life;
        let mut attachments = Vec::new();
        let attached = if life.start == fleet.period.start() {
            life.start.plus_millis(-random.between(DAY_MS, 40 * DAY_MS))
        } else {
            life.start.plus_millis(random.between(HOUR_MS, DAY_MS))
        };
        let attached = whole_seconds(attached);
        let moves = at % 4 == 0;
        let detached = whole_seconds(life.start.plus_millis(random.between(10 * DAY_MS, 14 * DAY_MS)));
        let end = if moves { detached } else { Timestamp::MAX };
        attachments.push((instance.id.clone(), Interval::new(attached, end)));
        if moves {
            let next = fleet.instances.get((at + 3) % fleet.instances.len()).map(|other| other.id.clone());
            let again = whole_seconds(detached.plus_millis(random.between(HOUR_MS, 3 * DAY_MS)));
            attachments.extend(next.map(|id| (id, Interval::new(again, Timestamp::MAX))));
        }
        volumes.push(Volume {
            id: format!("vol-{}", random.hex(17)),
            account: instance.account,
            zone: instance.zone,
            size_gb: [50, 100, 200, 500].get(at % 4).copied().unwrap_or(100),
            name: format!("data-{at:03}"),
            tag: fleet.tag(random, 30),
            attachments,
        });
    }
    volumes
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis().div_euclid(1000) * 1000)
}
