//! Rows of every kind in every format, as text; amounts, places and terms that meet each other often.

use unblended::{Dialect, LineItemKind as K};

use super::random::Random;

/// A way to write a kind in a format: the kind it is, its type, and what else makes it that kind.
pub(crate) type Form = (Option<K>, &'static str, &'static str);

/// A row without a kind does not count. The second mark of a DBR is its description.
const DBR: &[Form] = &[
    (Some(K::Usage), "LineItem", ""),
    (Some(K::Usage), "PayerLineItem", ""),
    (Some(K::DiscountedUsage), "LineItem", "reserved"),
    (Some(K::UpfrontFee), "LineItem", "Sign up charge for subscription: 1"),
    (Some(K::RecurringFee), "LineItem", "USD 0.026 hourly fee (720 hours purchased, 672 hours used)"),
    (Some(K::Tax), "LineItem", "German VAT of 19%"),
    (Some(K::Refund), "LineItem", "Refund for unused hours"),
    (Some(K::Credit), "LineItem", "AWS Promotional Credit"),
    (Some(K::Rounding), "Rounding", "This line item contains the rounding"),
    (Some(K::CbRounding), "CBRounding", "Rounding across accounts"),
    (Some(K::Discount), "Discount", "Volume discount"),
    (None, "InvoiceTotal", "Total amount for invoice"),
    (None, "AccountTotal", "Total for linked account"),
    (None, "StatementTotal", "Total statement amount"),
];

/// The second mark of a Cost and Usage Report: a reservation, a product code, or a parent of split cost allocation.
const CUR: &[Form] = &[
    (Some(K::BundledDiscount), "BundledDiscount", ""),
    (Some(K::Credit), "Credit", ""),
    (Some(K::Discount), "Discount", ""),
    (Some(K::DiscountedUsage), "DiscountedUsage", "reservation"),
    (Some(K::DistributorDiscount), "DistributorDiscount", ""),
    (Some(K::EdpDiscount), "EdpDiscount", ""),
    (Some(K::Fee), "Fee", ""),
    (Some(K::UpfrontFee), "Fee", "reservation"),
    (Some(K::Other), "FlatRateSubscription", ""),
    (Some(K::PrivateRateDiscount), "PrivateRateDiscount", ""),
    (Some(K::RecurringFee), "RIFee", "reservation"),
    (Some(K::Refund), "Refund", ""),
    (Some(K::Refund), "Refund", PLANS),
    (Some(K::RiVolumeDiscount), "RiVolumeDiscount", ""),
    (Some(K::SavingsPlanCoveredUsage), "SavingsPlanCoveredUsage", "plan"),
    (Some(K::SavingsPlanNegation), "SavingsPlanNegation", "plan"),
    (Some(K::SavingsPlanRecurringFee), "SavingsPlanRecurringFee", "plan"),
    (Some(K::SavingsPlanUpfrontFee), "SavingsPlanUpfrontFee", "plan"),
    (Some(K::SppDiscount), "SppDiscount", ""),
    (Some(K::Tax), "Tax", ""),
    (Some(K::Usage), "Usage", ""),
    (None, "Usage", "split"),
];

/// Product code of savings plans, which tells their refunds.
pub(crate) const PLANS: &str = "ComputeSavingsPlans";

/// The second mark of FOCUS: status, category and frequency.
const FOCUS: &[Form] = &[
    (Some(K::Adjustment), "Adjustment", "//One-Time"),
    (Some(K::Credit), "Credit", "//One-Time"),
    (Some(K::DiscountedUsage), "Usage", "Used/Usage/Usage-Based"),
    (Some(K::Other), "Rebate", "//"),
    (Some(K::Purchase), "Purchase", "//One-Time"),
    (Some(K::RecurringFee), "Purchase", "/Usage/Recurring"),
    (Some(K::SavingsPlanCoveredUsage), "Usage", "Used/Spend/Usage-Based"),
    (Some(K::SavingsPlanRecurringFee), "Purchase", "/Spend/Recurring"),
    (Some(K::SavingsPlanUpfrontFee), "Purchase", "/Spend/One-Time"),
    (Some(K::Tax), "Tax", "//Recurring"),
    (Some(K::UnusedCommitment), "Usage", "Unused/Spend/"),
    (Some(K::UpfrontFee), "Purchase", "/Usage/One-Time"),
    (Some(K::Usage), "Usage", "//Usage-Based"),
];

/// Every way to write a row of a format.
pub(crate) fn forms(dialect: Dialect) -> &'static [Form] {
    match dialect {
        Dialect::Dbr => DBR,
        Dialect::Focus => FOCUS,
        _ => CUR,
    }
}

/// The fees that are set aside, whose intervals are their terms.
pub(crate) fn is_fee(kind: Option<K>) -> bool {
    matches!(kind, Some(K::RecurringFee | K::SavingsPlanUpfrontFee | K::UpfrontFee))
}

pub(crate) const PAYERS: [&str; 2] = ["111111111111", "999999999999"];
pub(crate) const ACCOUNTS: [&str; 5] = ["111111111111", "222222222222", "012345678901", "333333333333", ""];
pub(crate) const PRODUCTS: [&str; 3] = ["Amazon Elastic Compute Cloud", "Amazon Simple Storage Service", "Amazon RDS"];
pub(crate) const INSTANCES: [&str; 4] = ["i-1", "i-2", "i-3", "mi-4"];
pub(crate) const VOLUMES: [&str; 3] = ["vol-1", "vol-2", "vol-3"];
pub(crate) const TASK: &str = "arn:aws:ecs:us-west-2:111111111111:task/main/fargate";
pub(crate) const AREAS: [&str; 6] = ["api", "website", "internal", "platform", "data", "storage"];

const BOX_USAGE: [&str; 4] =
    ["USW2-BoxUsage:m4.large", "BoxUsage", "EUW1-SpotUsage:c4.large", "DataTransfer-Out-Bytes"];

/// Terms that begin and end before, in or after the month; the last two are none.
const TERMS: [(&str, &str); 8] = [
    ("2016-06-09 21:21:37", "2017-06-09 21:21:36"),
    ("2016-06-01 00:00:00", "2016-06-30 23:59:59"),
    ("2016-06-01 00:00:00", "2019-06-01 00:00:00"),
    ("2016-05-20 00:00:00", "2016-08-01 12:30:00"),
    ("2016-03-01 05:06:07", "2016-09-01 05:06:10"),
    ("2016-07-02 00:00:00", "2017-07-01 23:59:59"),
    ("2016-06-05 00:00:00", "2016-06-06 00:00:00"),
    ("2016-06-01 00:00:00", "2016-06-28 00:00:00"),
];

/// Which amounts a bill has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    /// Whether some are negative.
    pub(crate) is_signed: bool,
    /// Whether those of resources are too.
    pub(crate) is_signed_on_resources: bool,
    /// Whether some are so large that sums may leave the range.
    pub(crate) is_huge: bool,
}

/// One row; texts as the file has them.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) kind: Option<K>,
    pub(crate) form: Form,
    pub(crate) payer: &'static str,
    pub(crate) account: &'static str,
    pub(crate) product: &'static str,
    pub(crate) usage_type: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) commitment: &'static str,
    pub(crate) invoice: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) quantity: &'static str,
    /// By the columns of [`super::header::COSTS`]; FOCUS has two, a Detailed Billing Report one.
    pub(crate) costs: Vec<String>,
    pub(crate) area: &'static str,
    pub(crate) stage: &'static str,
    pub(crate) team: &'static str,
}

impl Row {
    /// A row that every part of a bill has, so that a part names its tags and cost categories.
    pub(crate) fn anchor(random: &mut Random, dialect: Dialect, amounts: Amounts, currency: &'static str) -> Self {
        let usage = forms(dialect).iter().find(|form| form.0 == Some(K::Usage)).copied().unwrap();
        let row = Self::of(random, dialect, usage, amounts, currency);
        Self { area: "api", stage: "live", team: "web", ..row }
    }

    /// A row of any kind; half of them usage.
    pub(crate) fn any(random: &mut Random, dialect: Dialect, amounts: Amounts, currency: &'static str) -> Self {
        let forms = forms(dialect);
        let is_usage =
            |form: &&Form| matches!(form.0, Some(K::Usage | K::DiscountedUsage | K::SavingsPlanCoveredUsage));
        let usage: Vec<Form> = forms.iter().filter(is_usage).copied().collect();
        let form = if random.below(2) == 0 { random.one(forms) } else { random.one(&usage) };
        Self::of(random, dialect, form, amounts, currency)
    }

    fn of(random: &mut Random, dialect: Dialect, form: Form, amounts: Amounts, currency: &'static str) -> Self {
        let (resource, usage_type) = place(random, dialect, form);
        let is_signed = amounts.is_signed && (resource.is_empty() || amounts.is_signed_on_resources);
        let amounts = Amounts { is_signed, ..amounts };
        let kind = form.0;
        let (start, end) = if is_fee(kind) { term(random) } else { interval(random, dialect) };
        let mut costs = costs(random, dialect, kind, amounts);
        if kind == Some(K::Credit) && amounts.is_signed && costs[0].starts_with(|c: char| c.is_ascii_digit()) {
            costs[0].insert(0, '-');
        }
        // A credit of a Detailed Billing Report is negative, or is none.
        let is_credit = super::arithmetic::units(&costs[0]) < 0;
        let is_none = dialect == Dialect::Dbr && kind == Some(K::Credit) && !is_credit;
        Self {
            kind: if is_none { Some(K::Usage) } else { kind },
            form,
            payer: PAYERS[usize::from(random.below(8) == 0)],
            account: random.one(&ACCOUNTS),
            product: product(random, dialect, resource),
            usage_type,
            resource,
            commitment: commitment(random, dialect, form),
            invoice: random.one(&["81234567", "81234567", "Estimated", ""]),
            currency,
            start,
            end,
            quantity: random.one(&["1", "0.5", "0.33333333", "24", "0", ""]),
            costs,
            area: random.one(&["", "", "api", "website", "Api", "internal", "somebody else"]),
            stage: random.one(&["", "", "live", "test", "platform"]),
            team: if dialect == Dialect::Dbr { "" } else { random.one(&["", "web", "data", "storage"]) },
        }
    }
}

/// Resource and usage type. What a text of a Detailed Billing Report tells is told only without resource.
fn place(random: &mut Random, dialect: Dialect, form: Form) -> (&'static str, &'static str) {
    let is_told = dialect == Dialect::Dbr && !matches!(form.2, "" | "reserved");
    match random.below(if is_told { 1 } else { 12 }) {
        0 => ("", random.one(&["TimedStorage-ByteHrs", "DataTransfer-Out-Bytes", ""])),
        1 => (random.one(&["bucket-1", "bucket-2"]), "TimedStorage-ByteHrs"),
        2..=6 => (random.one(&INSTANCES), random.one(&BOX_USAGE)),
        7..=9 => (random.one(&VOLUMES), "EBS:VolumeUsage.gp2"),
        10 => (TASK, "USW2-Fargate-vCPU-Hours:perCPU"),
        _ => ("arn:aws:ec2:us-west-2:1:instance/i-1", random.one(&BOX_USAGE)),
    }
}

fn product(random: &mut Random, dialect: Dialect, resource: &str) -> &'static str {
    match random.below(8) {
        0 if dialect != Dialect::Focus => "",
        1..=4 if !resource.is_empty() => PRODUCTS[0],
        _ => random.one(&PRODUCTS),
    }
}

fn commitment(random: &mut Random, dialect: Dialect, (kind, _, mark): Form) -> &'static str {
    match (dialect, mark) {
        (Dialect::Dbr, _) if is_fee(kind) => random.one(&["", "215380863", "215380864"]),
        (Dialect::Dbr, _) => "38802707",
        (Dialect::Focus, mark) if mark.contains("/Usage/") || mark.contains("/Spend/") => random.one(&["ri-1", "sp-2"]),
        (_, "reservation" | "plan") => random.one(&["arn:aws:ec2:us-east-1:1:reserved-instances/r", "arn:2"]),
        _ => "",
    }
}

fn term(random: &mut Random) -> (String, String) {
    let (start, end) = random.one(&TERMS);
    (start.to_owned(), end.to_owned())
}

/// An hour or a day of the first days, an interval into or through the month, one that is empty, or none.
fn interval(random: &mut Random, dialect: Dialect) -> (String, String) {
    let at = |hour: usize| format!("2016-06-{:02} {:02}:00:00", hour / 24 + 1, hour % 24);
    let (hour, day) = (random.below(60), random.below(3));
    let fixed = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    match random.below(20) {
        0 if dialect == Dialect::Dbr => fixed("", ""),
        1 => fixed("2016-05-31 20:00:00", "2016-06-01 04:00:00"),
        2 => fixed("2016-06-01 00:00:00", "2016-07-01 00:00:00"),
        3 => (at(hour), at(hour)),
        4..=7 => (at(day * 24), at(day * 24 + 24)),
        _ => (at(hour), at(hour + 1)),
    }
}

/// A cost in every column, all but the first now and then empty.
fn costs(random: &mut Random, dialect: Dialect, kind: Option<K>, amounts: Amounts) -> Vec<String> {
    match dialect {
        Dialect::Dbr => vec![amount(random, kind, amounts)],
        Dialect::Focus => vec![amount(random, kind, amounts), amount(random, kind, amounts)],
        _ if kind == Some(K::SavingsPlanRecurringFee) => plan_costs(random, amounts),
        _ => {
            let mut cell = |at: usize| match random.below(4) {
                0 if at > 0 => String::new(),
                _ => amount(random, kind, amounts),
            };
            (0..super::header::COSTS.len()).map(&mut cell).collect()
        }
    }
}

/// Few digits, so that fractions of them can be taken in 128 bits; no more used than committed, where nothing is
/// negative.
fn plan_costs(random: &mut Random, amounts: Amounts) -> Vec<String> {
    let total = random.below(2_000_000_000);
    (0..super::header::COSTS.len())
        .map(|at| {
            let micros = match at {
                super::header::TOTAL => total,
                super::header::USED if !amounts.is_signed => random.below(total + 1),
                _ => random.below(2_000_000_000),
            };
            match random.below(5) {
                0 if at > 0 && at != super::header::TOTAL && at != super::header::USED => String::new(),
                1 if at != super::header::TOTAL => "0".to_owned(),
                sign => {
                    let sign = if amounts.is_signed && sign == 2 { "-" } else { "" };
                    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
                }
            }
        })
        .collect()
}

/// Exact, tiny, zero, large, in exponents, or with more digits than are kept.
pub(crate) fn amount(random: &mut Random, kind: Option<K>, amounts: Amounts) -> String {
    let wide = random.below(1 << 62);
    let size = match random.below(12) {
        0 => "0".to_owned(),
        1 => format!("{}e-18", wide % 100),
        2 => format!("{}E-{}", wide % 1000, 15 + wide % 6),
        3 => format!("{}.{:020}", wide % 10, wide),
        4 => format!("+{}", wide % 1_000_000_000),
        5 | 8 if amounts.is_huge && !is_fee(kind) => format!("{}00", wide / 8),
        6 => format!("0.{:018}", wide % 1_000_000_000_000_000_000),
        _ => format!("{}.{:08}", wide % 1_000, wide / 1_000 % 100_000_000),
    };
    if amounts.is_signed && random.below(5) == 0 && !size.starts_with('+') { format!("-{size}") } else { size }
}
