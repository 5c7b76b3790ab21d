//! Who ran where, as facts in memory, and fees of other periods.

use std::collections::BTreeMap;

use unblended::{
    Amount, BookEntry, Capacity, Evidence, Interval, LineItemKind, Registration, ServiceMap, ServiceOwner, TaskRun,
    Timestamp, VolumeAttachment,
};

use super::arithmetic::units;
use super::random::Random;
use super::rows::{ACCOUNTS, AREAS, Amounts, INSTANCES, PAYERS, PRODUCTS, TASK, VOLUMES, amount};

const CLUSTER: &str = "arn:aws:ecs:us-west-2:111111111111:cluster/main";
const SERVICES: [&str; 4] = ["web", "api", "unmapped", "family:cron"];

/// Terms that reach out of the month they were billed in.
const TERMS: [(&str, &str, &str); 6] = [
    ("2015-12", "2015-12-06 10:20:30", "2016-12-06 10:20:29"),
    ("2016-05", "2016-05-20 00:00:00", "2016-06-20 00:00:00"),
    ("2016-04", "2016-06-10 00:00:00", "2019-06-10 00:00:00"),
    ("2014-01", "2014-01-01 00:00:00", "2014-12-31 23:59:59"),
    ("2016-06", "2016-06-06 10:20:30", "2017-06-06 10:20:29"),
    ("2016-07", "2016-05-06 00:00:00", "2016-12-06 00:00:00"),
];

/// What evidence is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) tasks: Vec<TaskRun>,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) attachments: Vec<VolumeAttachment>,
    pub(crate) owners: Vec<ServiceOwner>,
}

impl Facts {
    pub(crate) fn any(random: &mut Random) -> Self {
        let [tasks, registrations, attachments] = [(4, 9), (4, 5), (3, 7)]
            .map(|(chance, most)| if random.below(chance) == 0 { 0 } else { random.below(most) });
        let mut facts = Self {
            tasks: (0..tasks).map(|at| task(random, at)).collect(),
            registrations: (0..registrations).map(|_| registration(random)).collect(),
            attachments: (0..attachments).map(|_| attachment(random)).collect(),
            owners: (0..random.below(5)).map(|_| owner(random)).collect(),
        };
        // Evidence is sorted, nothing stands twice.
        facts.tasks.sort_unstable();
        facts.registrations.sort_unstable();
        facts.attachments.sort_unstable();
        facts.registrations.dedup();
        facts.attachments.dedup();
        facts
    }

    pub(crate) fn evidence(&self) -> Evidence {
        Evidence {
            tasks: self.tasks.clone().into(),
            registrations: self.registrations.clone(),
            attachments: self.attachments.clone(),
            services: ServiceMap::new(self.owners.clone()),
            ..Evidence::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.len() + self.registrations.len() + self.attachments.len() + self.owners.len()
    }

    /// Takes one fact away.
    pub(crate) fn remove(&mut self, at: usize) {
        let registrations = at.wrapping_sub(self.tasks.len());
        let attachments = registrations.wrapping_sub(self.registrations.len());
        let owners = attachments.wrapping_sub(self.attachments.len());
        if at < self.tasks.len() {
            self.tasks.remove(at);
        } else if registrations < self.registrations.len() {
            self.registrations.remove(registrations);
        } else if attachments < self.attachments.len() {
            self.attachments.remove(attachments);
        } else {
            self.owners.remove(owners);
        }
    }
}

/// A time in the first days of the month, or just before it, as seldom on a whole hour as events are.
fn time(random: &mut Random) -> Timestamp {
    let month: Timestamp = "2016-06-01 00:00:00".parse().unwrap();
    let minutes = i64::try_from(random.below(130 * 60)).unwrap() - 600;
    let millis = if random.below(3) == 0 { 7250 } else { 0 };
    month.plus_millis(if random.below(2) == 0 { minutes / 60 * 3_600_000 } else { minutes * 60_000 + millis })
}

/// Some are still open.
fn interval(random: &mut Random) -> Interval {
    let (a, b) = (time(random), time(random));
    Interval::new(a.min(b), if random.below(4) == 0 { Timestamp::MAX } else { a.max(b) })
}

fn task(random: &mut Random, at: usize) -> TaskRun {
    let fargate = random.below(6) == 0;
    let is_tagged = random.below(3) == 0;
    let tag = ("product_area".to_owned(), random.one(&["api", "tagged", "Api"]).to_owned());
    let host = (random.below(10) > 0).then(|| random.one(&INSTANCES).into());
    TaskRun {
        task: if fargate { TASK.into() } else { format!("arn:aws:ecs:us-west-2:1:task/main/t{at}").into() },
        cluster: random.one(&[CLUSTER, CLUSTER, "other"]).into(),
        service: random.one(&SERVICES).into(),
        instance: if fargate { None } else { host },
        cpu: random.one(&[1, 128, 700, 1024, 4096, 0]),
        memory: random.one(&[0, 1, 900, 3767, 16_000]),
        interval: interval(random),
        fargate,
        tags: if is_tagged { [tag].into() } else { BTreeMap::new() },
    }
}

fn registration(random: &mut Random) -> Registration {
    Registration {
        instance: random.one(&INSTANCES).into(),
        since: if random.below(2) == 0 { Timestamp::MIN } else { time(random) },
        capacity: Capacity { cpu: random.one(&[0, 512, 1024, 4096]), memory: random.one(&[0, 3767, 16_000]) },
    }
}

fn attachment(random: &mut Random) -> VolumeAttachment {
    VolumeAttachment {
        volume: random.one(&VOLUMES).into(),
        instance: random.one(&INSTANCES).into(),
        interval: interval(random),
    }
}

fn owner(random: &mut Random) -> ServiceOwner {
    ServiceOwner {
        service: random.one(&SERVICES).into(),
        cluster: random.one(&[None, None, Some("main"), Some(CLUSTER)]).map(str::to_owned),
        account: random.one(&[None, None, Some("111111111111")]).map(str::to_owned),
        from: (random.below(5) == 0).then(|| time(random)),
        to: (random.below(5) == 0).then(|| time(random)),
        area: random.one(&AREAS).into(),
    }
}

/// What fees are for; one of them is no readable type.
const FEE_TYPES: [&str; 4] = ["BoxUsage:m4.large", "BoxUsage:c4.8xlarge", "HeavyUsage:m4.xlarge", "m4"];

/// Fees of earlier, this and later months, of payers of the bill and another.
pub(crate) fn book(random: &mut Random, amounts: Amounts, currencies: &[&str]) -> Vec<BookEntry> {
    let fees = if random.below(3) == 0 { 0 } else { random.below(4) };
    let kinds = [LineItemKind::UpfrontFee, LineItemKind::RecurringFee, LineItemKind::SavingsPlanUpfrontFee];
    let entry = |at: usize| {
        let (billed, start, end) = random.one(&TERMS);
        BookEntry {
            payer: random.one(&[PAYERS[0], PAYERS[0], PAYERS[1], "888888888888"]).to_owned(),
            billing_period: billed.parse().unwrap(),
            usage_account: random.one(&ACCOUNTS[..4]).to_owned(),
            product: random.one(&PRODUCTS).to_owned(),
            kind: random.one(&kinds),
            commitment_id: format!("9{at}"),
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            currency: random.one(currencies).parse().unwrap(),
            fee: Amount::from_units(units(&amount(random, Some(kinds[0]), amounts))),
            usage_type: (random.below(2) == 0).then(|| random.one(&FEE_TYPES).to_owned()),
            zone: (random.below(4) == 0).then(|| "us-west-2b".to_owned()),
            count: (random.below(2) == 0).then(|| Amount::from_units(random.one(&[1, 2, 150]) * 10i128.pow(18))),
        }
    };
    (0..fees).map(entry).collect()
}
