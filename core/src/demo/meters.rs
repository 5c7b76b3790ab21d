//! What is metered: one meter is one resource and usage type, billed hour by hour.

use super::DemoOptions;
use super::fleet::{ACCOUNTS, DAY_MS, Fleet, REGION, RESERVED_HOST};
use super::random::Random;
use crate::time::{HOUR_MS, Interval};

/// 10⁻⁸ units in one unit of a quantity.
pub(super) const ONE: i64 = 100_000_000;

const EC2: &str = "Amazon Elastic Compute Cloud";
const S3: &str = "Amazon Simple Storage Service";

/// How much a meter counts in an hour, in 10⁻⁸ of its unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quantity {
    /// The same in every hour.
    Steady(i64),
    /// Anything below this.
    Varying(i64),
}

/// One metered resource.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    pub(super) account: &'static str,
    pub(super) product: &'static str,
    pub(super) rate_id: &'static str,
    pub(super) usage_type: String,
    pub(super) operation: &'static str,
    pub(super) zone: &'static str,
    pub(super) reserved: bool,
    /// In 10⁻¹⁰ USD per unit, where the savings plan covers it.
    pub(super) plan_rate: Option<i64>,
    pub(super) description: &'static str,
    pub(super) quantity: Quantity,
    /// In 10⁻¹⁰ USD per unit.
    pub(super) rate: i64,
    pub(super) blended_rate: i64,
    pub(super) resource: String,
    pub(super) created_by: &'static str,
    pub(super) name: String,
    pub(super) tag: String,
    pub(super) life: Interval,
}

impl Meter {
    fn new(fleet: &Fleet, account: &'static str, product: &'static str, usage_type: &str) -> Self {
        Self {
            account,
            product,
            rate_id: "1000000",
            usage_type: format!("USW2-{usage_type}"),
            operation: "",
            zone: "",
            reserved: false,
            plan_rate: None,
            description: "",
            quantity: Quantity::Steady(ONE),
            rate: 0,
            blended_rate: 0,
            resource: String::new(),
            created_by: "",
            name: String::new(),
            tag: String::new(),
            life: fleet.period.interval(),
        }
    }

    fn priced(self, rate: i64, quantity: Quantity, description: &'static str) -> Self {
        Self { rate, blended_rate: rate, quantity, description, ..self }
    }

    fn of(self, operation: &'static str, resource: String, tag: String) -> Self {
        Self { operation, resource, tag, ..self }
    }

    /// Quantity in one step of `step_ms`, in 10⁻⁸ of the unit.
    pub(super) fn counted(&self, seed: u64, series: u64, step: u64, step_ms: i64) -> i64 {
        let hours = step_ms / HOUR_MS;
        match self.quantity {
            Quantity::Steady(hourly) => hourly * hours,
            Quantity::Varying(bound) => Random::at(seed, series, step).between(0, bound) * hours,
        }
    }

    /// Whether it is billed in the step that starts at `start_ms`.
    pub(super) fn runs_at(&self, start_ms: i64) -> bool {
        self.life.start.millis() <= start_ms && start_ms < self.life.end.millis()
    }
}

/// The meters every demo has, whatever its size.
pub(super) fn core_meters(fleet: &Fleet, options: &DemoOptions) -> Vec<Meter> {
    let mut random = Random::stream(options.seed, "meters");
    let mut meters = instance_meters(fleet, options.savings_plan);
    meters.extend(fleet.volumes.iter().map(|volume| {
        let size = gigabyte_months(fleet, volume.size_gb);
        Meter {
            zone: volume.zone,
            name: volume.name.clone(),
            created_by: "Root:111111111111",
            ..Meter::new(fleet, volume.account, EC2, "EBS:VolumeUsage.gp2")
                .priced(1_000_000_000, size, "$0.10 per GB-month of General Purpose SSD (gp2) provisioned storage")
                .of("CreateVolume-Gp2", volume.id.clone(), volume.tag.clone())
        }
    }));
    for instance in fleet.instances.iter().take(4) {
        let out = Meter::new(fleet, instance.account, EC2, "DataTransfer-Out-Bytes")
            .priced(900_000_000, Quantity::Varying(3 * ONE), "$0.090 per GB - first 10 TB / month data transfer out")
            .of("RunInstances", instance.id.clone(), instance.tag.clone());
        meters.push(Meter { life: instance.life, zone: instance.zone, ..out });
    }
    for at in 0..4 {
        let account = ACCOUNTS.get(at % 3).copied().unwrap_or(ACCOUNTS[0]);
        let bucket = format!("{}-{at}", ["assets", "logs", "backups", "exports"].get(at).copied().unwrap_or("data"));
        meters.extend(bucket_meters(fleet, account, &bucket, &fleet.tag(&mut random, 60)));
    }
    meters.extend(service_meters(fleet, &mut random));
    meters
}

fn instance_meters(fleet: &Fleet, has_plan: bool) -> Vec<Meter> {
    let mut meters = Vec::new();
    for instance in &fleet.instances {
        let kind = instance.kind;
        let usage_type = format!("BoxUsage:{}", kind.name);
        let hours = Quantity::Steady(ONE);
        let on_demand = Meter {
            life: instance.life,
            zone: instance.zone,
            name: instance.name.clone(),
            created_by: "AssumedRole:AROAEXAMPLE:autoscaling",
            plan_rate: kind.plan_rate.filter(|_| has_plan),
            ..Meter::new(fleet, instance.account, EC2, &usage_type)
                .priced(kind.rate, hours, "On Demand Linux Instance Hour")
                .of("RunInstances", instance.id.clone(), instance.tag.clone())
        };
        if !instance.reserved {
            meters.push(on_demand);
            continue;
        }
        // The reservation covers all but the last two days; blended rates average it over the accounts.
        let covered_until = reserved_until(fleet);
        meters.push(Meter {
            life: Interval::new(instance.life.start, covered_until),
            reserved: true,
            plan_rate: None,
            rate: 0,
            blended_rate: RESERVED_HOST.rate / 2,
            description: "Linux/UNIX (Amazon VPC) Instance Hour, reserved instance applied",
            ..on_demand.clone()
        });
        meters.push(Meter { life: Interval::new(covered_until, instance.life.end), ..on_demand });
    }
    meters
}

/// Until when the demo's reservation is used.
pub(super) fn reserved_until(fleet: &Fleet) -> crate::time::Timestamp {
    fleet.period.end().plus_millis(-2 * DAY_MS)
}

fn bucket_meters(fleet: &Fleet, account: &'static str, bucket: &str, tag: &str) -> [Meter; 3] {
    let storage = gigabyte_months(fleet, 800);
    let meter = |usage_type: &str, operation, rate, quantity, description| {
        Meter::new(fleet, account, S3, usage_type).priced(rate, quantity, description).of(
            operation,
            bucket.to_owned(),
            tag.to_owned(),
        )
    };
    [
        meter("TimedStorage-ByteHrs", "StandardStorage", 230_000_000, storage, "$0.023 per GB - storage used"),
        meter(
            "Requests-Tier1",
            "PutObject",
            50_000,
            Quantity::Varying(2000 * ONE),
            "$0.005 per 1,000 PUT, COPY, POST, or LIST requests",
        ),
        meter(
            "Requests-Tier2",
            "GetObject",
            4_000,
            Quantity::Varying(9000 * ONE),
            "$0.004 per 10,000 GET and all other requests",
        ),
    ]
}

/// Databases, queues, functions, a NAT gateway and traffic that belongs to no resource.
fn service_meters(fleet: &Fleet, random: &mut Random) -> Vec<Meter> {
    let [payer, second, third] = ACCOUNTS;
    let arn = |service: &str, account: &str, name: &str| format!("arn:aws:{service}:{REGION}:{account}:{name}");
    let varying = |whole: i64| Quantity::Varying(whole * ONE);
    let mut meters = Vec::new();
    for (account, name) in [(payer, "db:orders"), (second, "db:reports")] {
        let meter = Meter::new(fleet, account, "Amazon RDS Service", "InstanceUsage:db.m3.large")
            .priced(1_850_000_000, Quantity::Steady(ONE), "$0.185 per RDS db.m3.large instance hour running MySQL")
            .of("CreateDBInstance:0002", arn("rds", account, name), fleet.tag(random, 80));
        meters.push(meter);
    }
    let queue = Meter::new(fleet, payer, "Amazon Simple Queue Service", "Requests-Tier1")
        .priced(5_000, varying(4000), "$0.50 per 1,000,000 Amazon SQS Requests")
        .of("Send", String::new(), String::new());
    let function = Meter::new(fleet, second, "AWS Lambda", "Lambda-GB-Second")
        .priced(166_667, varying(900), "AWS Lambda - Compute - $0.0000166667 per GB-Second")
        .of("Invoke", arn("lambda", second, "function:resize"), fleet.tag(random, 80));
    let calls = Meter::new(fleet, second, "AWS Lambda", "Lambda-Requests")
        .priced(2_000, varying(1500), "AWS Lambda - Requests - $0.20 per million requests")
        .of("Invoke", function.resource.clone(), function.tag.clone());
    let gateway = Meter::new(fleet, payer, EC2, "NatGateway-Hours")
        .priced(450_000_000, Quantity::Steady(ONE), "$0.045 per NAT Gateway Hour")
        .of("NatGateway", arn("ec2", payer, "natgateway/nat-0f9dc0de"), String::new());
    let gateway_bytes = Meter::new(fleet, payer, EC2, "NatGateway-Bytes")
        .priced(450_000_000, varying(6), "$0.045 per GB Data Processed by NAT Gateways")
        .of("NatGateway", gateway.resource.clone(), String::new());
    let regional = Meter::new(fleet, third, EC2, "DataTransfer-Regional-Bytes")
        .priced(100_000_000, varying(9), "$0.010 per GB - regional data transfer - in/out/between EC2 AZs")
        .of("InterZone-Out", String::new(), String::new());
    let incoming = Meter::new(fleet, third, EC2, "DataTransfer-In-Bytes")
        .priced(0, varying(9), "$0.000 per GB - data transfer in per month")
        .of("RunInstances", String::new(), String::new());
    meters.extend([queue, function, calls, gateway, gateway_bytes, regional, incoming]);
    meters
}

/// One more meter of the kinds a larger bill has more of.
pub(super) fn further_meter(fleet: &Fleet, seed: u64, at: u64) -> Meter {
    let mut random = Random::at(seed, u64::MAX, at);
    let account = random.pick(&ACCOUNTS).copied().unwrap_or(ACCOUNTS[0]);
    let tag = fleet.tag(&mut random, 55);
    let id = random.hex(17);
    let steady = Quantity::Steady(ONE);
    match at % 6 {
        0 | 1 => Meter {
            name: format!("web-{at}"),
            zone: "us-west-2b",
            ..Meter::new(fleet, account, EC2, "BoxUsage:m4.large")
                .priced(1_200_000_000, steady, "$0.12 per On Demand Linux m4.large Instance Hour")
                .of("RunInstances", format!("i-{id}"), tag)
        },
        2 | 3 => Meter {
            zone: "us-west-2b",
            ..Meter::new(fleet, account, EC2, "EBS:VolumeUsage.gp2")
                .priced(
                    1_000_000_000,
                    gigabyte_months(fleet, 100),
                    "$0.10 per GB-month of General Purpose SSD (gp2) provisioned storage",
                )
                .of("CreateVolume-Gp2", format!("vol-{id}"), tag)
        },
        4 => Meter::new(fleet, account, S3, "Requests-Tier2")
            .priced(4_000, Quantity::Varying(5000 * ONE), "$0.004 per 10,000 GET and all other requests")
            .of("GetObject", format!("bucket-{at}"), tag),
        _ => Meter::new(fleet, account, EC2, "DataTransfer-Out-Bytes")
            .priced(900_000_000, Quantity::Varying(2 * ONE), "$0.090 per GB - first 10 TB / month data transfer out")
            .of("RunInstances", format!("i-{id}"), tag),
    }
}

/// What a storage of so many GB counts in an hour: a month of it is its size.
fn gigabyte_months(fleet: &Fleet, size_gb: i64) -> Quantity {
    let span = fleet.period.interval();
    let hours = (span.end.millis() - span.start.millis()) / HOUR_MS;
    Quantity::Steady(size_gb * ONE / hours.max(1))
}
