//! A line item as Cost and Usage Reports and FOCUS see it: what a row says, and what follows from it.
//!
//! Prices are those of the row; the parts of a commitment are computed exactly and rounded half up to 8 decimals, where
//! AWS rounds them.

use super::fleet::{REGION, RESERVED_HOST, instance_type};
use super::meters::ONE;
use super::month::Month;
use super::random::Random;
use super::row::{Kind, Row};
use super::savings_plan::{SAVINGS_PLANS, SavingsPlan};
use super::split_costs::CONTAINERS;
use crate::time::{HOUR_MS, Interval, Timestamp};

/// Normalized units of the reserved instance type, a `large`.
const NORMALIZATION_FACTOR: i128 = 4;
/// Decimals of the amortized columns of AWS, as a unit of 10⁻¹⁸.
const EIGHT_DECIMALS: i128 = 10_000_000_000;
/// 10⁻¹⁸ in 10⁻¹⁰.
const OF_RATE: i128 = 100_000_000;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// Nothing: an empty text in CSV.
    Null,
    /// A text of the row.
    Text(&'a str),
    /// A text made for the cell.
    Made(String),
    /// In 10⁻¹⁸.
    Number(i128),
    /// An instant.
    Time(Timestamp),
    /// Keys and values, sorted by key; only values that are there.
    Map(Vec<(&'static str, &'a str)>),
}

impl<'a> Cell<'a> {
    /// A text, or nothing where it is empty.
    pub(super) fn text(text: &'a str) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }

    /// The entries that have a value.
    pub(super) fn map(entries: &[(&'static str, &'a str)]) -> Self {
        Self::Map(entries.iter().filter(|(_, value)| !value.is_empty()).copied().collect())
    }
}

/// One line item of a month.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'r> {
    pub(super) row: &'r Row<'r>,
    pub(super) month: &'r Month,
    /// Position in the bill, from 1.
    pub(super) number: u64,
}

impl<'r> Line<'r> {
    pub(super) fn quantity(&self) -> i128 {
        i128::from(self.row.quantity) * EIGHT_DECIMALS
    }

    pub(super) fn rate(&self) -> i128 {
        i128::from(self.row.rate) * OF_RATE
    }

    pub(super) fn blended_rate(&self) -> i128 {
        i128::from(self.row.blended_rate) * OF_RATE
    }

    /// Public price of a unit: covered hours cost nothing, and have the price of their instance type.
    pub(super) fn list_rate(&self) -> i128 {
        i128::from(self.listed()) * OF_RATE
    }

    /// Public price of all of it.
    pub(super) fn list_cost(&self) -> i128 {
        i128::from(self.listed()) * i128::from(self.row.quantity)
    }

    fn listed(&self) -> i64 {
        match self.row.kind {
            Kind::Covered | Kind::Unused => RESERVED_HOST.rate,
            // FOCUS bills nothing for it.
            Kind::PlanCovered => self.instance().map_or(self.row.rate, |kind| kind.rate),
            _ => self.row.rate,
        }
    }

    /// End of the usage, exclusive.
    pub(super) fn end(&self) -> Timestamp {
        match self.row.kind {
            Kind::Upfront | Kind::Recurring | Kind::PlanUpfront | Kind::Tax | Kind::Credit | Kind::Refund => {
                self.row.end.plus_millis(1000)
            }
            _ => self.row.end,
        }
    }

    /// End as a Cost and Usage Report prints it: of commitments one second short.
    pub(super) fn printed_end(&self) -> Timestamp {
        let short = self.row.kind.is_committed() || self.row.kind == Kind::PlanUpfront;
        if short { self.row.end } else { self.end() }
    }

    /// The part of the upfront fees that so many hours carry.
    pub(super) fn upfront_of(&self, hours: i128) -> i128 {
        let reservation = &self.month.reservation;
        let term = Interval::new(reservation.bought, reservation.printed_end.plus_millis(1000));
        let term_hours = i128::from(term.millis() / HOUR_MS.unsigned_abs());
        let fees = i128::from(reservation.upfront) * i128::from(reservation.count) * OF_RATE;
        // Half up to 8 decimals.
        let units = (2 * fees * hours + term_hours * EIGHT_DECIMALS) / (2 * term_hours * EIGHT_DECIMALS);
        units * EIGHT_DECIMALS
    }

    /// What so many reserved hours cost an hour, without the upfront part.
    pub(super) fn recurring_of(&self, hours: i128) -> i128 {
        i128::from(self.month.reservation.hourly) * OF_RATE * hours
    }

    /// Whole hours of the quantity.
    pub(super) fn hours(&self) -> i128 {
        i128::from(self.row.quantity / ONE)
    }

    /// Hours of the reservation that nobody used.
    pub(super) fn unused_hours(&self) -> i128 {
        i128::from(self.month.reservation.purchased_hours - self.month.reservation.used_hours)
    }

    /// Cost with commitments spread over what they cover.
    pub(super) fn effective_cost(&self) -> i128 {
        match self.row.kind {
            Kind::Covered | Kind::Unused => self.upfront_of(self.hours()) + self.recurring_of(self.hours()),
            Kind::PlanCovered => self.row.plan_used,
            Kind::PlanUnused => self.plan_commitment() - self.row.plan_used,
            Kind::Upfront | Kind::Recurring | Kind::PlanUpfront | Kind::PlanRecurring | Kind::PlanNegation => 0,
            Kind::Usage | Kind::TaskShare | Kind::Tax | Kind::Credit | Kind::Refund => self.row.cost(),
        }
    }

    pub(super) fn normalization_factor(&self) -> Cell<'r> {
        match self.row.kind {
            Kind::Covered | Kind::Recurring => Cell::Made(NORMALIZATION_FACTOR.to_string()),
            _ => Cell::Null,
        }
    }

    pub(super) fn normalized_amount(&self) -> Cell<'r> {
        self.if_kind(&[Kind::Covered, Kind::Recurring], Cell::Number(self.quantity() * NORMALIZATION_FACTOR))
    }

    /// A cell that only some kinds of lines fill.
    pub(super) fn if_kind(&self, kinds: &[Kind], cell: Cell<'r>) -> Cell<'r> {
        if kinds.contains(&self.row.kind) { cell } else { Cell::Null }
    }

    /// A cell that only usage and commitments fill.
    pub(super) fn if_metered(&self, cell: Cell<'r>) -> Cell<'r> {
        let kind = self.row.kind;
        if kind.is_usage() || kind.is_committed() || kind.is_plan_fee() { cell } else { Cell::Null }
    }

    /// A cell that only reservations and what they cover fill.
    pub(super) fn if_committed(&self, cell: Cell<'r>) -> Cell<'r> {
        if self.row.kind.is_committed() { cell } else { Cell::Null }
    }

    /// The savings plan, of what it stands behind.
    pub(super) fn plan(&self) -> Option<&'r SavingsPlan> {
        self.month.savings_plan.as_ref().filter(|_| self.row.kind.is_of_plan())
    }

    /// What the savings plan commits to in the hours of the row, in 10⁻¹⁸ USD.
    pub(super) fn plan_commitment(&self) -> i128 {
        self.plan().map_or(0, |plan| i128::from(plan.hourly) * i128::from(self.row.quantity))
    }

    /// The ARN of the commitment behind it.
    pub(super) fn commitment(&self) -> Cell<'r> {
        match self.plan() {
            Some(plan) => Cell::Text(&plan.arn),
            None => self.if_committed(Cell::Text(&self.month.reservation.arn)),
        }
    }

    pub(super) fn region(&self) -> Cell<'r> {
        if self.row.usage_type.is_empty() { Cell::Null } else { Cell::Text(REGION) }
    }

    /// Type of the instance an hour is billed of.
    pub(super) fn instance(&self) -> Option<&'r super::fleet::InstanceType> {
        let (_, name) = self.row.usage_type.split_once("BoxUsage:")?;
        instance_type(name)
    }

    /// An id of the line that is unique in the bill.
    pub(super) fn id(&self) -> String {
        Random::at(self.month.seed, u64::MAX - 1, self.number).hex(52)
    }

    /// Unit of the quantity as a Cost and Usage Report abbreviates it and as FOCUS writes it.
    pub(super) fn unit(&self) -> (&'static str, &'static str) {
        let usage_type = self.row.usage_type;
        let known = UNITS.iter().find(|(part, ..)| usage_type.contains(part));
        known.map_or(("", ""), |(_, short, long)| (short, long))
    }

    /// What AWS says about the product of the line.
    pub(super) fn service(&self) -> &'static Service {
        SERVICES.iter().find(|service| service.product == self.row.product).unwrap_or(&OTHER_SERVICE)
    }

    /// Stock keeping unit: one a usage type.
    pub(super) fn sku(&self) -> Cell<'r> {
        if self.row.usage_type.is_empty() {
            return Cell::Null;
        }
        Cell::Made(Random::stream(0, self.row.usage_type).hex(16).to_uppercase())
    }
}

/// Part of a usage type, its unit in a Cost and Usage Report, its unit in FOCUS.
const UNITS: [(&str, &str, &str); 12] = [
    ("ECS-EC2-vCPU", "vCPU-Hours", "vCPU-Hours"),
    ("ECS-EC2-GB", "GB-Hours", "GB-Hours"),
    ("EC2SP", "Hrs", "Hours"),
    ("BoxUsage", "Hrs", "Hours"),
    ("HeavyUsage", "Hrs", "Hours"),
    ("InstanceUsage", "Hrs", "Hours"),
    ("-Hours", "Hrs", "Hours"),
    ("VolumeUsage", "GB-Mo", "GB-Months"),
    ("ByteHrs", "GB-Mo", "GB-Months"),
    ("Requests", "Requests", "Requests"),
    ("-Bytes", "GB", "GB"),
    ("GB-Second", "Lambda-GB-Second", "GB-Seconds"),
];

/// How the formats name a product.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) product: &'static str,
    pub(super) code: &'static str,
    pub(super) family: &'static str,
    pub(super) category: &'static str,
    pub(super) subcategory: &'static str,
}

const SERVICES: [Service; 7] = [
    Service {
        product: "Amazon Elastic Compute Cloud",
        code: "AmazonEC2",
        family: "Compute Instance",
        category: "Compute",
        subcategory: "Virtual Machines",
    },
    Service {
        product: "Amazon Simple Storage Service",
        code: "AmazonS3",
        family: "Storage",
        category: "Storage",
        subcategory: "Object Storage",
    },
    Service {
        product: "Amazon RDS Service",
        code: "AmazonRDS",
        family: "Database Instance",
        category: "Databases",
        subcategory: "Relational Databases",
    },
    Service {
        product: "Amazon Simple Queue Service",
        code: "AWSQueueService",
        family: "API Request",
        category: "Integration",
        subcategory: "Messaging",
    },
    Service {
        product: "AWS Lambda",
        code: "AWSLambda",
        family: "Serverless",
        category: "Compute",
        subcategory: "Serverless Compute",
    },
    Service {
        product: SAVINGS_PLANS,
        code: "ComputeSavingsPlans",
        family: "",
        category: "Compute",
        subcategory: "Virtual Machines",
    },
    Service {
        product: CONTAINERS,
        code: "AmazonECS",
        family: "Compute",
        category: "Compute",
        subcategory: "Containers",
    },
];

const OTHER_SERVICE: Service = Service { product: "", code: "", family: "", category: "Other", subcategory: "Other" };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{DemoOptions, fleet::Fleet};

    fn month() -> Month {
        let options = DemoOptions::new("2016-06".parse().unwrap());
        Month::new(&Fleet::new(&options).unwrap(), &options)
    }

    #[test]
    fn the_upfront_part_of_hours_is_rounded_half_up_to_8_decimals() {
        let (month, row) = (month(), Row::empty());
        let line = Line { row: &row, month: &month, number: 1 };
        // 892 / 8760 = 0.101826484..., 892 × 720 / 8760 = 73.315068493...
        assert_eq!(line.upfront_of(1), 101_826_480_000_000_000);
        assert_eq!(line.upfront_of(720), 73_315_068_490_000_000_000);
        assert_eq!(line.upfront_of(8760), 892_000_000_000_000_000_000);
    }

    #[test]
    fn covered_hours_are_free_but_have_an_effective_cost() {
        let month = month();
        let row = Row { kind: Kind::Covered, quantity: 24 * ONE, ..Row::empty() };
        let line = Line { row: &row, month: &month, number: 1 };
        assert_eq!(row.cost(), 0);
        assert_eq!(line.effective_cost(), line.upfront_of(24) + 624_000_000_000_000_000);
        assert_eq!(line.list_cost(), 2_520_000_000_000_000_000, "24 hours of c4.large at 0.105");
    }

    #[test]
    fn ends_are_exclusive_where_the_report_prints_the_last_second() {
        let month = month();
        let base = Row { start: month.period.start(), end: month.period.end().plus_millis(-1000), ..Row::empty() };
        let tax = Row { kind: Kind::Tax, ..base };
        let fee = Row { kind: Kind::Recurring, ..base };
        let (tax, fee) = (Line { row: &tax, month: &month, number: 1 }, Line { row: &fee, month: &month, number: 2 });
        assert_eq!([tax.end(), fee.end(), tax.printed_end()], [month.period.end(); 3]);
        assert_eq!(fee.printed_end(), month.period.end().plus_millis(-1000));
    }
}
