//! Months to try the whole program on, and the ways they may be delivered.

mod arithmetic;
mod delivery;
mod events;
mod naive;
mod random;
mod rows;

use std::io::Cursor;

use proptest::prelude::*;
use unblended::{
    Alone, Attribution, Bill, BillOptions, BillingPeriod, DemoOptions, Encoding, Evidence, EvidenceBuilder,
    EvidenceOptions, Input, KeepIntervals, Policy, Progress, Report, ReservationBook, ScanOptions, Timestamp,
    attribute, scan,
};

pub(crate) use arithmetic::units;
pub(crate) use delivery::{AS_WRITTEN, Delivery};
pub(crate) use naive::Naive;

/// A month as lines, so that it can be delivered in any order and cut.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    pub(crate) header: String,
    pub(crate) rows: Vec<String>,
    pub(crate) events: Vec<String>,
    /// Service and area, as published.
    pub(crate) services: Vec<(String, String)>,
    /// Fees billed earlier, as a table.
    pub(crate) book: String,
}

/// What a bill is scanned with beside its files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    /// Whether the period is given, or decided from the rows.
    pub(crate) names_period: bool,
    /// Whether the hours of every resource are kept, or of those that the evidence names.
    pub(crate) keeps_all: bool,
}

pub(crate) const SCAN: Scan = Scan { names_period: true, keeps_all: false };

pub(crate) fn june() -> BillingPeriod {
    "2016-06".parse().unwrap()
}

fn as_of() -> Timestamp {
    "2016-07-20T00:00:00Z".parse().unwrap()
}

impl Month {
    /// The demo month of a seed, in as few rows as it has.
    pub(crate) fn demo(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = DemoOptions { seed, rows: 0, instances: 6, ..DemoOptions::new(june()) };
        let files = unblended::demo(folder.path(), &options).unwrap();
        let bill = delivery::unzipped(&std::fs::read(&files.bill).unwrap());
        let mut rows: Vec<String> = bill.lines().map(str::to_owned).collect();
        let texts = [&files.tasks, &files.instances, &files.volumes].map(|path| std::fs::read_to_string(path).unwrap());
        let services: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&std::fs::read(&files.services).unwrap()).unwrap();
        Self {
            header: rows.remove(0),
            rows,
            events: texts.iter().flat_map(|text| text.lines()).map(str::to_owned).collect(),
            services: services.iter().map(|(name, area)| (name.clone(), area.as_str().unwrap().to_owned())).collect(),
            book: rows::BOOK.to_owned(),
        }
    }

    /// A month of few rows and events that meet each other often.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let rows = prop::collection::vec(rows::any_row(), 5..60);
        let events = prop::collection::vec(events::any_event(), 0..40);
        (rows, events, any::<bool>()).prop_map(|(rows, events, has_book)| Self {
            header: rows::header(),
            rows: rows::numbered(&[vec![rows::anchor()], rows].concat()),
            events,
            services: [("web", "website"), ("api", "api"), ("family:cron", "internal")]
                .map(|(service, area)| (service.to_owned(), area.to_owned()))
                .to_vec(),
            book: if has_book { rows::BOOK.to_owned() } else { rows::book_header() },
        })
    }

    pub(crate) fn book(&self) -> ReservationBook {
        ReservationBook::read_csv("book.csv", self.book.as_bytes()).unwrap()
    }

    pub(crate) fn evidence(&self, policy: &Policy, delivery: &Delivery) -> Evidence {
        let mut builder = EvidenceBuilder::new();
        for (name, text) in delivery.event_files(&self.events) {
            builder.add(&name, text.as_bytes()).unwrap();
        }
        for (name, text) in delivery.service_files(&self.services) {
            builder.add_services(&name, text.as_bytes(), Encoding::Auto).unwrap();
        }
        builder.finish(&EvidenceOptions { default_cpu: policy.containers.default_cpu, as_of: as_of() }).unwrap()
    }

    /// The bill of some files of a delivery, given to the scan in their order.
    pub(crate) fn bill(
        files: &[(String, Vec<u8>)],
        policy: &Policy,
        evidence: &Evidence,
        threads: usize,
        with: Scan,
    ) -> Bill {
        let inputs = files.iter().cloned().map(|(name, bytes)| Input::stream(name, Cursor::new(bytes))).collect();
        let named = || evidence.resources().map(str::to_owned).collect();
        let bill = BillOptions {
            tag_keys: policy.tag_keys(),
            keep_intervals: if with.keeps_all { KeepIntervals::All } else { KeepIntervals::Of(named()) },
            ..BillOptions::default()
        };
        let options = ScanOptions {
            bill,
            period: with.names_period.then(june),
            threads,
            max_bad_rows: u64::MAX,
            tags_case_insensitive: policy.areas.case_insensitive,
            ..ScanOptions::default()
        };
        scan(inputs, &options, &Progress::new()).unwrap()
    }

    pub(crate) fn attribute(&self, bill: &Bill, policy: &Policy, evidence: &Evidence) -> Report {
        let report = attribute(&Attribution {
            bill,
            policy,
            evidence,
            reservations: &self.book(),
            currency: None,
            as_of: as_of(),
            workers: &Alone,
        })
        .unwrap();
        report.reconcile_tables().unwrap();
        report
    }

    /// The whole program on one delivery.
    pub(crate) fn report(&self, policy: &Policy, delivery: &Delivery, threads: usize, with: Scan) -> Report {
        let evidence = self.evidence(policy, delivery);
        let files = delivery.bill_files(&self.header, &self.rows);
        self.attribute(&Self::bill(&files, policy, &evidence, threads, with), policy, &evidence)
    }

    /// The sums of the rows, made without the library.
    pub(crate) fn naive(&self) -> Naive {
        Naive::of(&self.header, &self.rows, &self.book)
    }
}

/// The report as the program prints it.
pub(crate) fn bytes(report: &Report) -> String {
    report.to_json("run").unwrap()
}

/// Everything a report says but where findings were and which files it was read from.
pub(crate) fn said(report: &Report) -> String {
    let mut json: serde_json::Value = serde_json::from_str(&bytes(report)).unwrap();
    for diagnostic in json["diagnostics"].as_array_mut().unwrap() {
        assert!(diagnostic.as_object_mut().unwrap().remove("location").is_some());
    }
    format!("{json}\n{:#?}\n{:?}\n{:?}", report.cells, report.coverage, report.digests)
}

/// Policies of both windows, both idle modes, with and without memory, rules and volumes, fees among all or areas.
pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    any::<[bool; 7]>().prop_map(policy)
}

pub(crate) fn policy([period, separate, memory, rules, areas, stay, fold]: [bool; 7]) -> Policy {
    let rules = if rules { RULES } else { "" };
    let text = format!(
        "[areas]\ntag_keys = [\"product_area\"]\ncase_insensitive = {fold}\n\
         aliases = {{ \"Api\" = \"api\", \"Integrations\" = \"integrations\" }}\n\
         accounts = {{ \"012345678901\" = \"internal\" }}\n\
         [containers]\nwindow = \"{}\"\nidle = \"{}\"\nweights = {{ cpu = \"{}\", memory = {} }}\n\
         [containers.capacity]\n\"m4.large\" = {{ cpu = 2048, memory = 7985 }}\n\
         \"i-1\" = {{ cpu = 1024, memory = 3750 }}\n\"i-2\" = {{ cpu = 4096, memory = 16000 }}\n\
         \"i-3\" = {{ cpu = 1000, memory = 1000 }}\n\
         [volumes]\nfollow_attachments = {}\n[commitments]\nshare = \"cost\"\namong = \"{}\"\n{rules}",
        if period { "period" } else { "usage" },
        if separate { "separate" } else { "spread" },
        if memory { "1.9" } else { "1" },
        u8::from(memory),
        !stay,
        if areas { "areas" } else { "all" },
    );
    Policy::from_toml(&text).unwrap()
}

/// One rule that splits in three, one by tag and resource, one for fees.
const RULES: &str = "
    [[rules]]
    id = \"transfer\"
    match = { usage_type = \"*DataTransfer*\" }
    split = { api = \"0.333333\", website = \"0.333333\", internal = \"0.333334\" }
    [[rules]]
    id = \"buckets\"
    match = { resource = [\"bucket*\", \"vol-2\"], tag = { product_area = \"api\" } }
    area = \"storage\"
    [[rules]]
    id = \"fees\"
    match = { kind = [\"UpfrontFee\", \"Tax\"], account = \"222222222222\" }
    split = { finance = \"0.5\", api = \"0.5\" }
";
