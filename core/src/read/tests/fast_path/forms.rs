//! Headers of every dialect and cells for them: usual ones, odd ones, and what is no value at all.

/// Numbers that follow from a seed.
#[derive(Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    pub(super) fn is_one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// What stands in a column.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Type,
    Product,
    Account,
    Invoice,
    Period,
    Start,
    End,
    Quantity,
    Cost,
    Currency,
    Resource,
    Tag,
    Map,
    Text,
    /// Another one in each row, and nobody reads it.
    Id,
}

use Kind::{
    Account, Cost, Currency, End, Id, Invoice, Map, Period, Product, Quantity, Resource, Start, Tag, Text, Type,
};

pub(super) type Form = &'static [(&'static str, Kind)];

/// The first is so short that a chunk of 64 bytes holds it.
pub(super) const FORMS: [Form; 6] = [
    &[
        ("RecordType", Type),
        ("ProductName", Product),
        ("UsageStartDate", Start),
        ("UsageEndDate", End),
        ("Cost", Cost),
        ("user:t", Tag),
    ],
    &[
        ("InvoiceID", Invoice),
        ("RecordType", Type),
        ("ProductName", Product),
        ("UsageStartDate", Start),
        ("UsageEndDate", End),
        ("Cost", Cost),
        ("user:t", Tag),
    ],
    &[
        ("InvoiceID", Invoice),
        ("PayerAccountId", Account),
        ("LinkedAccountId", Account),
        ("RecordType", Type),
        ("RecordId", Id),
        ("ProductName", Product),
        ("SubscriptionId", Text),
        ("UsageType", Text),
        ("Operation", Text),
        ("AvailabilityZone", Text),
        ("ItemDescription", Text),
        ("UsageStartDate", Start),
        ("UsageEndDate", End),
        ("UsageQuantity", Quantity),
        ("BlendedCost", Cost),
        ("UnBlendedCost", Cost),
        ("ResourceId", Resource),
        ("user:t", Tag),
    ],
    &[
        ("identity/LineItemId", Id),
        ("bill/InvoiceId", Invoice),
        ("bill/PayerAccountId", Account),
        ("bill/BillingPeriodStartDate", Period),
        ("lineItem/LineItemType", Type),
        ("lineItem/ProductCode", Product),
        ("lineItem/UsageStartDate", Start),
        ("lineItem/UsageEndDate", End),
        ("lineItem/UsageAmount", Quantity),
        ("lineItem/CurrencyCode", Currency),
        ("lineItem/UnblendedCost", Cost),
        ("lineItem/LineItemDescription", Text),
        ("lineItem/ResourceId", Resource),
        ("resourceTags/user:t", Tag),
        ("costCategory/t", Tag),
        ("resourceTags/user:T", Tag),
    ],
    &[
        ("resource_tags", Map),
        ("bill_invoice_id", Invoice),
        ("bill_billing_period_start_date", Period),
        ("line_item_line_item_type", Type),
        ("line_item_product_code", Product),
        ("line_item_usage_start_date", Start),
        ("line_item_usage_end_date", End),
        ("line_item_currency_code", Currency),
        ("line_item_unblended_cost", Cost),
        ("product", Map),
        ("cost_category", Map),
    ],
    &[
        ("BilledCost", Cost),
        ("BillingCurrency", Currency),
        ("BillingPeriodStart", Period),
        ("ChargeCategory", Type),
        ("ChargePeriodStart", Start),
        ("ChargePeriodEnd", End),
        ("ConsumedQuantity", Quantity),
        ("InvoiceId", Invoice),
        ("ServiceName", Product),
        ("Tags", Map),
        ("ResourceId", Resource),
        ("x_CostCategories", Map),
    ],
];

/// A cell of a row that starts in an hour. Usual ones are few, so that rows repeat.
pub(super) fn cell(form: Form, kind: Kind, hour: usize, is_odd: bool, dice: &mut Dice) -> String {
    let is_export = form.iter().any(|(name, _)| name.starts_with("bill_") || name.starts_with("Billing"));
    let time = |hour: usize| {
        let (day, hour) = (1 + hour / 24, hour % 24);
        if is_export {
            format!("2016-06-{day:02}T{hour:02}:00:00Z")
        } else {
            format!("2016-06-{day:02} {hour:02}:00:00")
        }
    };
    match (kind, is_odd) {
        (Start, false) => time(hour),
        (End, false) => time(hour + 1),
        (Text, true) if dice.is_one_in(6) => "long, \"漢é\" ".repeat(dice.below(400)),
        (_, false) => dice.pick(usual(kind, form)).to_owned(),
        (_, true) => dice.pick(&odd(kind).split('¦').collect::<Vec<_>>()).to_owned(),
    }
}

fn usual(kind: Kind, form: Form) -> &'static [&'static str] {
    match kind {
        Type if form.iter().any(|(name, _)| *name == "RecordType") => &["LineItem"],
        Type => &["Usage"],
        Product => &["Amazon EC2", "Amazon S3"],
        Account => &["111111111111", "222222222222"],
        Invoice => &["81234567"],
        Period => &["2016-06-01T00:00:00Z"],
        Quantity => &["1", "1.00000000"],
        Cost => &["0.5", "0.25", "0.0000123", "-0.75"],
        Currency => &["USD"],
        Resource => &["i-1", "i-2", "vol-1", ""],
        Tag => &["a", "b", ""],
        Map => &["{\"t\": \"a\"}", "{\"t\": \"b\", \"user_t\": \"c\"}", ""],
        Text => &["$0.1 per hour, Linux", "us-west-2a", "Credit", ""],
        Id => &["20160647392100000000000001", "20160647392100000000000002", "7", "a b", ""],
        Start | End => &[],
    }
}

/// Separated by `¦`, which stands in none of them.
fn odd(kind: Kind) -> &'static str {
    match kind {
        Type => {
            "InvoiceTotal¦AccountTotal¦StatementTotal¦Rounding¦Discount¦PayerLineItem¦lineitem¦¦\u{feff}LineItem¦Tax¦\
             Credit¦Refund¦Fee¦RIFee¦Purchase¦Adjustment¦Usage\n¦DiscountedUsage¦SavingsPlanCoveredUsage¦\
             SavingsPlanNegation¦\"Usage\"¦ LineItem¦NULL"
        }
        Product => "漢é,\"x\"\n¦¦\"¦\0¦\u{feff}Amazon EC2¦Amazon\r\nEC2¦NULL¦a\u{1f600}b",
        Account => "¦0¦333333333333¦x¦ 111111111111¦\u{feff}",
        Invoice => "Estimated¦¦abc¦ 1¦NULL¦\u{feff}81234567¦81234567 ¦\"1\"¦1\n2¦+1¦0",
        Id => "\"¦a\"b¦,¦a\nb¦\n¦漢é¦a\rb¦0123456\"¦01234567,¦012345é¦\u{feff}¦\"\"",
        Period => "2016-07-01T00:00:00Z¦¦x¦2016-06-01¦2016-06-15T12:00:00Z¦NULL",
        Start | End => {
            "¦2016-06-01¦2016-06-31 00:00:00¦2016-06-01T00:00:00Z¦2016-6-1 0:0:0¦x¦2016-05-31 23:00:00¦\
             2016-07-01 00:00:00¦9999-12-31 23:59:59¦2016-06-01 00:00:00.5¦NULL¦2016-06-01T00:00:00+01:00¦\
             \u{feff}2016-06-01 00:00:00¦\"2016-06-01 00:00:00\""
        }
        Quantity => "¦-1¦x¦1e3¦1e-30¦170141183460469231731¦NULL¦0¦\"1\"¦0.1234567890123456789",
        Cost => {
            "-1¦1e-7¦-0¦-0.0¦+3¦0.1234567890123456789¦1E2¦00.50¦.5¦5.¦ 1¦1,5¦x¦¦NULL¦1e20¦-1e20¦\
             170141183460469231731¦1e400¦0e9999999¦NaN¦inf¦١¦1_0¦--1¦1e-400¦-1e-25¦\"1\"¦-\n1¦12345678901234567890¦\
             -99999999999999999999.9"
        }
        Currency => "EUR¦usd¦US¦¦NULL¦\u{feff}USD",
        Resource => {
            "arn:aws:ec2:us-west-2:111111111111:instance/i-1¦é¦\"i-1\"¦arn:aws:ecs:us-west-2:1:task/c/t¦i-1\n¦\
             \u{feff}i-1¦\"¦\"\"¦NULL"
        }
        Tag => "a,b¦\"¦ä¦\u{feff}a¦a\n¦\r¦\"a\"¦NULL¦ a¦\0",
        Map => {
            "NULL¦{}¦[1]¦{¦{\"t\": null}¦{\"T\": \"x\"}¦{\"t\": \"\\u00e9\\\"\"}¦{\"t\": 1.10}¦\
             {\"product_name\": \"n\", \"region\": \"r\"}¦{\"t\": \"a\", \"t\": \"b\"}¦{\"user:t\": \"\n\"}¦x"
        }
        Text => {
            "Credit¦AWS credit¦Refund¦Tax for EC2¦Sign up charge¦744 hours purchased, 700 hours used¦say \"hi\"¦\
             line\nbreak¦cr\r\nlf¦a\rb¦\0¦\u{feff}¦\"¦HeavyUsage:m4.large¦BoxUsage"
        }
    }
}
