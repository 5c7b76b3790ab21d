//! The demo month in every dialect, rolled up: who owns what must not depend on the format, as far as a format says it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::collections::BTreeMap;

use unblended::{
    Alone, Amount, Attribution, BillOptions, CostBasis, DemoBill, DemoDialect, DemoFiles, DemoOptions, Encoding,
    Evidence, EvidenceBuilder, EvidenceOptions, KeepIntervals, Policy, Progress, Report, ReservationBook, ScanOptions,
    attribute, demo, find_inputs, scan,
};

/// Product, area or nobody, row kind → cost.
type Costs = BTreeMap<(String, String, String), Amount>;

struct Month {
    _folder: tempfile::TempDir,
    files: DemoFiles,
    policy: Policy,
    evidence: Evidence,
}

impl Month {
    fn written(dialects: &[DemoDialect]) -> Self {
        Self::with(DemoOptions { dialects: dialects.to_vec(), ..DemoOptions::new("2016-06".parse().unwrap()) })
    }

    fn with(options: DemoOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = DemoOptions { rows: 0, ..options };
        let files = demo(folder.path(), &options).unwrap();
        let policy = Policy::from_toml(&std::fs::read_to_string(&files.policy).unwrap()).unwrap();
        assert!(policy.commitments.spread);
        let mut builder = EvidenceBuilder::new();
        for path in [&files.tasks, &files.instances, &files.volumes] {
            builder.add_path(path.to_str().unwrap()).unwrap();
        }
        builder.add_services_path(files.services.to_str().unwrap(), Encoding::Auto).unwrap();
        let options = EvidenceOptions { default_cpu: policy.containers.default_cpu, as_of: files.as_of };
        Self { evidence: builder.finish(&options).unwrap(), _folder: folder, files, policy }
    }

    fn bill(&self, dialect: DemoDialect) -> &DemoBill {
        self.files.bills.iter().find(|bill| bill.dialect == dialect).unwrap()
    }

    fn report(&self, dialect: DemoDialect) -> Report {
        let report = self.report_in(CostBasis::Unblended, dialect);
        assert_eq!(report.totals.billed, self.bill(dialect).total, "{dialect}");
        report
    }

    fn report_in(&self, basis: CostBasis, dialect: DemoDialect) -> Report {
        let keep_intervals = KeepIntervals::Of(self.evidence.resources().map(str::to_owned).collect());
        let options = ScanOptions {
            bill: BillOptions { basis, tag_keys: self.policy.tag_keys(), keep_intervals, ..BillOptions::default() },
            ..ScanOptions::default()
        };
        let path = self.bill(dialect).path.display().to_string();
        let bill = scan(find_inputs(&[path]).unwrap(), &options, &Progress::new()).unwrap();
        let report = attribute(&Attribution {
            bill: &bill,
            policy: &Policy { basis, ..self.policy.clone() },
            evidence: &self.evidence,
            reservations: &ReservationBook::default(),
            currency: None,
            as_of: self.files.as_of,
            workers: &Alone,
        })
        .unwrap();
        report.reconcile_tables().unwrap();
        report
    }
}

/// What a report says by product and area; Rounding rows have no product, and only one format has them.
fn product_area_costs(report: &Report) -> Costs {
    let rows = report.product_area_costs().unwrap();
    let with_product = rows.iter().filter(|row| !row.product.is_empty());
    let area = |area: &Option<unblended::ProductArea>| area.as_ref().map_or(String::new(), |a| a.as_str().to_owned());
    with_product
        .map(|row| {
            let key = (row.product.as_str().to_owned(), area(&row.product_area), row.row_kind.as_str().to_owned());
            (key, row.cost)
        })
        .collect()
}

/// What it says by area alone, less what has no product.
fn area_costs(report: &Report) -> BTreeMap<(String, String), Amount> {
    let mut costs = BTreeMap::new();
    let key = |area: Option<&unblended::ProductArea>, kind: &str| {
        (area.map_or(String::new(), |a| a.as_str().to_owned()), kind.to_owned())
    };
    for row in report.area_costs().unwrap() {
        costs.insert(key(row.product_area.as_ref(), row.row_kind.as_str()), row.cost);
    }
    for row in report.product_area_costs().unwrap().iter().filter(|row| row.product.is_empty()) {
        let sum = costs.get_mut(&key(row.product_area.as_ref(), row.row_kind.as_str())).unwrap();
        *sum = sum.checked_sub(row.cost).unwrap();
    }
    costs
}

#[test]
fn dialects_with_the_same_facts_give_every_area_the_same() {
    let others = [DemoDialect::Cur, DemoDialect::Cur2, DemoDialect::Focus, DemoDialect::Focus12];
    let dialects = [&[DemoDialect::Dbr], &others[..]].concat();
    let month = Month::written(&dialects);
    let classic = month.report(DemoDialect::Dbr);
    for dialect in others {
        let report = month.report(dialect);
        assert_eq!(product_area_costs(&report), product_area_costs(&classic), "{dialect}");
        assert_eq!(area_costs(&report), area_costs(&classic), "{dialect}");
        let rounding = classic.totals.billed.checked_sub(report.totals.billed).unwrap();
        let no_invoice = ["no column `InvoiceId`: how final the bill is stays unknown"];
        let expected = if dialect == DemoDialect::Focus { &no_invoice[..] } else { &[] };
        assert_eq!(lacking(&report), expected, "{dialect}");
        assert_eq!((rounding, report.totals.deferred), (month.files.rounding, classic.totals.deferred), "{dialect}");
    }
}

/// What a format lacks, as the report says it.
fn lacking(report: &Report) -> Vec<&str> {
    let missing = report.diagnostics.iter().filter(|found| found.code.as_str() == "read.missing_optional_column");
    missing.map(|found| found.message.as_str()).collect()
}

/// Costs of 17 and more digits do not fit a binary double: such a bill is what its doubles say, and says so.
#[test]
fn parquet_with_decimals_is_the_same_month_and_with_doubles_what_they_hold() {
    let of_csv = [DemoDialect::Cur, DemoDialect::CurParquetDecimal];
    let of_doubles = [DemoDialect::CurParquet, DemoDialect::Cur2Parquet];
    let month = Month::written(&[of_csv, of_doubles].concat());
    let is_binary = |report: &Report| report.diagnostics.iter().any(|f| f.code.as_str() == "parse.double_source");
    let csv = month.report(DemoDialect::Cur);
    let decimal = month.report(DemoDialect::CurParquetDecimal);
    assert_eq!(product_area_costs(&decimal), product_area_costs(&csv));
    assert_eq!(decimal.digests.bill, csv.digests.bill);
    assert!(!is_binary(&decimal));
    let [legacy, export] = of_doubles.map(|dialect| month.report(dialect));
    assert!(is_binary(&legacy) && is_binary(&export));
    assert_eq!(product_area_costs(&legacy), product_area_costs(&export));
}

const NEWER: [DemoDialect; 4] = [DemoDialect::Cur, DemoDialect::Cur2, DemoDialect::Focus, DemoDialect::Focus12];

/// In cash a Cost and Usage Report charges covered usage to its owner and takes it back in rows of no resource, while FOCUS
/// charges nothing for it: there only products are equal.
#[test]
fn a_savings_plan_costs_every_area_the_same_amortized_and_every_product_the_same_in_cash() {
    let usual = DemoOptions::new("2016-06".parse().unwrap());
    let month = Month::with(DemoOptions { dialects: NEWER.to_vec(), savings_plan: true, ..usual });
    let expected = month.report_in(CostBasis::Amortized, DemoDialect::Cur);
    let products = |report: &Report| {
        let mut products: BTreeMap<String, Amount> = BTreeMap::new();
        for ((product, ..), cost) in product_area_costs(report) {
            let sum = products.entry(product).or_default();
            *sum = sum.checked_add(cost).unwrap();
        }
        products
    };
    let in_cash = products(&month.report(DemoDialect::Cur));
    let plan = "Savings Plans for AWS Compute usage";
    assert!(!in_cash[plan].is_zero());
    assert!(
        product_area_costs(&expected).keys().any(|(product, _, kind)| product == plan && kind == "unused_commitment")
    );
    for dialect in NEWER {
        let amortized = month.report_in(CostBasis::Amortized, dialect);
        assert_eq!(product_area_costs(&amortized), product_area_costs(&expected), "{dialect}");
        assert_eq!(area_costs(&amortized), area_costs(&expected), "{dialect}");
        assert_eq!(products(&month.report(dialect)), in_cash, "{dialect}");
    }
}

/// AWS's split is of the amortized cost, by what tasks used at least; ours is by what they reserved of the CPU.
#[test]
fn split_costs_of_the_month_differ_from_ours_by_little_and_for_known_reasons() {
    let usual = DemoOptions::new("2016-06".parse().unwrap());
    let month = Month::with(DemoOptions { dialects: NEWER.to_vec(), savings_plan: true, split_costs: true, ..usual });
    let legacy = month.report_in(CostBasis::Amortized, DemoDialect::Cur);
    let check = &legacy.split_check;
    assert_eq!(check.len(), 12, "ten services, one that nobody mapped, and standalone tasks");
    for row in check {
        assert!(row.difference.units().abs() < row.scad.units() / 50, "{row:?}");
        assert_eq!(row.why.iter().map(|why| why.as_str()).collect::<Vec<_>>(), ["memory", "shares"]);
    }
    assert_eq!(Amount::sum(check.iter().map(|row| row.difference)).unwrap(), Amount::ZERO);
    assert_eq!(month.report_in(CostBasis::Amortized, DemoDialect::Cur2).split_check, legacy.split_check);
    assert!(month.report_in(CostBasis::Amortized, DemoDialect::Focus).split_check.is_empty());
}
