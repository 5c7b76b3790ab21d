//! Rows as lines of a file: the columns of each format, and how it spells them.

use unblended::Dialect;

use super::rows::{PLANS, Row};

const DBR: &str = "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,SubscriptionId,UsageType,\
    Operation,AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,\
    UnBlendedCost,ResourceId,user:product_area,user:Stage";

const FOCUS: &str = "InvoiceId,BillingAccountId,SubAccountId,ChargeCategory,BillingPeriodStart,ServiceName,\
    CommitmentDiscountId,x_UsageType,x_Operation,RegionId,CommitmentDiscountStatus,CommitmentDiscountCategory,\
    ChargeFrequency,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,BillingCurrency,ResourceId,Tags,\
    x_CostCategories,BilledCost,EffectiveCost";

const CUR: [&str; 21] = [
    "bill/InvoiceId",
    "bill/PayerAccountId",
    "lineItem/UsageAccountId",
    "lineItem/LineItemType",
    "bill/BillingPeriodStartDate",
    "product/ProductName",
    "lineItem/ProductCode",
    "reservation/ReservationARN",
    "lineItem/UsageType",
    "lineItem/Operation",
    "product/region",
    "splitLineItem/ParentResourceId",
    "splitLineItem/SplitCost",
    "lineItem/UsageStartDate",
    "lineItem/UsageEndDate",
    "lineItem/UsageAmount",
    "lineItem/CurrencyCode",
    "lineItem/ResourceId",
    "resourceTags/user:product_area",
    "resourceTags/user:Stage",
    "costCategory/Team",
];

/// Columns of costs of a Cost and Usage Report: without discounts, then net.
pub(crate) const COSTS: [&str; 14] = [
    "lineItem/UnblendedCost",
    "reservation/EffectiveCost",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation/UnusedRecurringFee",
    "savingsPlan/SavingsPlanEffectiveCost",
    "savingsPlan/TotalCommitmentToDate",
    "savingsPlan/UsedCommitment",
    "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
    "lineItem/NetUnblendedCost",
    "reservation/NetEffectiveCost",
    "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation/NetUnusedRecurringFee",
    "savingsPlan/NetSavingsPlanEffectiveCost",
    "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod",
];
/// Columns of an account without discounts.
pub(crate) const GROSS: usize = 8;
pub(crate) const TOTAL: usize = 5;
pub(crate) const USED: usize = 6;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) dialect: Dialect,
    /// Whether it has net columns.
    pub(crate) is_net: bool,
}

impl Layout {
    /// How many columns of costs a row has.
    pub(crate) fn costs(self) -> usize {
        match self.dialect {
            Dialect::Dbr => 1,
            Dialect::Focus => 2,
            _ if self.is_net => COSTS.len(),
            _ => GROSS,
        }
    }

    pub(crate) fn header(self) -> String {
        let costs = COSTS[..self.costs().min(COSTS.len())].iter();
        match self.dialect {
            Dialect::Dbr => DBR.to_owned(),
            Dialect::Focus => FOCUS.to_owned(),
            Dialect::Cur => CUR.iter().chain(costs).copied().collect::<Vec<_>>().join(","),
            _ => {
                let facts = CUR[..CUR.len() - 3].iter().chain(costs).map(|name| folded(name));
                facts.chain(["resource_tags,cost_category".to_owned()]).collect::<Vec<_>>().join(",")
            }
        }
    }

    /// One line; `id` is a record id of its own, so that no two files are the same.
    pub(crate) fn line(self, row: &Row, id: usize) -> String {
        match self.dialect {
            Dialect::Dbr => dbr(row, id),
            Dialect::Focus => focus(row),
            dialect => self.cur(row, dialect == Dialect::Cur2),
        }
    }

    fn cur(self, row: &Row, is_export: bool) -> String {
        let (_, of_type, mark) = row.form;
        let code = if mark == PLANS { PLANS } else { "AmazonEC2" };
        let (parent, split) = if mark == "split" { ("i-1", row.costs[0].as_str()) } else { ("", "") };
        let (start, end) = (zoned(&row.start), zoned(&row.end));
        let facts = [
            row.invoice,
            row.payer,
            row.account,
            of_type,
            "2016-06-01T00:00:00Z",
            row.product,
            code,
            row.commitment,
            row.usage_type,
            "RunInstances",
            "us-west-2",
            parent,
            split,
            &start,
            &end,
            row.quantity,
            row.currency,
            row.resource,
        ]
        .join(",");
        let costs = row.costs[..self.costs()].join(",");
        if is_export {
            let tags = map(&[("user_product_area", row.area), ("user_stage", row.stage)]);
            return format!("{facts},{costs},{tags},{}\n", map(&[("team", row.team)]));
        }
        format!("{facts},{},{},{},{costs}\n", row.area, row.stage, row.team)
    }
}

fn dbr(row: &Row, id: usize) -> String {
    let (_, of_type, mark) = row.form;
    let (reserved, description) = if mark == "reserved" { ("Y", "") } else { ("N", mark) };
    let Row { invoice, payer, account, product, commitment, usage_type, start, end, quantity, .. } = row;
    let costs = &row.costs[0];
    format!(
        "{invoice},{payer},{account},{of_type},{id:026},{product},{commitment},{usage_type},RunInstances,us-west-2b,\
         {reserved},\"{description}\",{start},{end},{quantity},{costs},{},{},{}\n",
        row.resource, row.area, row.stage
    )
}

fn focus(row: &Row) -> String {
    let (_, of_type, mark) = row.form;
    let Row { invoice, payer, account, product, commitment, usage_type, quantity, currency, resource, .. } = row;
    let [status, category, frequency] = mark.split('/').collect::<Vec<_>>().try_into().unwrap();
    format!(
        "{invoice},{payer},{account},{of_type},2016-06-01T00:00:00Z,{product},{commitment},{usage_type},RunInstances,\
         us-west-2,{status},{category},{frequency},{},{},{quantity},{currency},{resource},{},{},{}\n",
        zoned(&row.start),
        zoned(&row.end),
        map(&[("product_area", row.area), ("Stage", row.stage)]),
        map(&[("Team", row.team)]),
        row.costs.join(",")
    )
}

fn zoned(time: &str) -> String {
    if time.is_empty() { String::new() } else { time.replace(' ', "T") + "Z" }
}

/// A map as JSON in a cell; what has no value is left out.
fn map(entries: &[(&str, &str)]) -> String {
    let filled = entries.iter().filter(|(_, value)| !value.is_empty());
    let texts: Vec<String> = filled.map(|(key, value)| format!("\"\"{key}\"\": \"\"{value}\"\"")).collect();
    if texts.is_empty() { String::new() } else { format!("\"{{{}}}\"", texts.join(", ")) }
}

/// As Data Exports spell a column: an underscore before each capital, lower case, underscores for all else.
fn folded(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if !letter.is_ascii_lowercase() && !text.is_empty() && !text.ends_with('_') {
            text.push('_');
        }
        if letter.is_ascii_alphanumeric() {
            text.push(letter.to_ascii_lowercase());
        }
    }
    text
}
