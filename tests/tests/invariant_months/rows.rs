//! Rows of a Detailed Billing Report: everything that is classified, amortized, moved or split, in odd amounts.

use proptest::prelude::*;

use super::events::FARGATE_TASK;

const COLUMNS: &str = "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,RateId,SubscriptionId,\
    PricingPlanId,UsageType,Operation,AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,\
    UsageQuantity,BlendedRate,BlendedCost,UnBlendedRate,UnBlendedCost,ResourceId,aws:createdBy,user:Name,\
    user:product_area";

/// The cost of a malformed row.
pub(crate) const NO_COST: &str = "n/a";

const PAYER: &str = "111111111111";
const EC2: &str = "Amazon Elastic Compute Cloud";

const BOOK_COLUMNS: &str = "payer,billing_period,usage_account,product,kind,commitment_id,start,end,fee,currency\n";

/// Fees of earlier months, two of which are still running; one of another payer, one billed in this month.
pub(crate) const BOOK: &str = "payer,billing_period,usage_account,product,kind,commitment_id,start,end,fee,currency\n\
    111111111111,2015-12,222222222222,Amazon Elastic Compute Cloud,UpfrontFee,91,\
    2015-12-06 10:20:30,2016-12-06 10:20:29,350.000000000000000001,USD\n\
    111111111111,2016-05,111111111111,Amazon RDS Service,UpfrontFee,92,\
    2016-05-20 00:00:00,2016-06-20 00:00:00,77.7,USD\n\
    111111111111,2014-01,111111111111,Amazon RDS Service,UpfrontFee,93,\
    2014-01-01 00:00:00,2014-12-31 23:59:59,1000,USD\n\
    999999999999,2015-12,222222222222,Amazon Elastic Compute Cloud,UpfrontFee,94,\
    2015-12-06 10:20:30,2016-12-06 10:20:29,350,USD\n\
    111111111111,2016-06,222222222222,Amazon Elastic Compute Cloud,UpfrontFee,95,\
    2016-06-06 10:20:30,2017-06-06 10:20:29,123,USD\n";

/// One row but its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    invoice: &'static str,
    account: &'static str,
    record_type: &'static str,
    product: &'static str,
    subscription: &'static str,
    usage_type: &'static str,
    reserved: &'static str,
    description: &'static str,
    start: String,
    end: String,
    quantity: &'static str,
    cost: String,
    resource: &'static str,
    area: &'static str,
}

pub(crate) fn header() -> String {
    COLUMNS.to_owned()
}

pub(crate) fn book_header() -> String {
    BOOK_COLUMNS.to_owned()
}

/// Rows as text, each with a record id of its own as in a real bill, so that no two files are the same.
pub(crate) fn numbered(rows: &[Row]) -> Vec<String> {
    let numbered = rows.iter().enumerate().map(|(at, row)| {
        let id = format!("{at:026}");
        let fields = [
            row.invoice,
            PAYER,
            row.account,
            row.record_type,
            &id,
            row.product,
            "7",
            row.subscription,
            "",
            row.usage_type,
            "RunInstances",
            "us-west-2b",
            row.reserved,
            row.description,
            &row.start,
            &row.end,
            row.quantity,
            "0",
            "0",
            "0",
            &row.cost,
            row.resource,
            "",
            "a name",
            row.area,
        ];
        fields.map(|field| format!("\"{field}\"")).join(",")
    });
    numbered.collect()
}

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(from)
}

/// Exact, tiny, negative, zero, in exponents, or with more digits than are kept.
fn cost() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-200_000_000i64..2_000_000_000).prop_map(|cost| format!("{}.{:08}", cost / 100_000_000, (cost % 100_000_000).abs())),
        2 => (-99i64..99, 15u32..20).prop_map(|(cost, places)| format!("{cost}e-{places}")),
        2 => (0u64..10, any::<u64>()).prop_map(|(whole, part)| format!("{whole}.{part:020}")),
        1 => Just("+1E1".to_owned()),
        1 => Just("0".to_owned()),
    ]
}

/// An hour or a day of the first days, an interval into the month, one that is empty, or none.
fn interval() -> impl Strategy<Value = (String, String)> {
    let at = |hour: u32| format!("2016-06-{:02} {:02}:00:00", hour / 24 + 1, hour % 24);
    prop_oneof![
        12 => (0u32..60).prop_map(move |hour| (at(hour), at(hour + 1))),
        3 => (0u32..3).prop_map(move |day| (at(day * 24), at(day * 24 + 24))),
        1 => Just(("2016-05-31 20:00:00".to_owned(), "2016-06-01 04:00:00".to_owned())),
        1 => Just(("2016-06-01 00:00:00".to_owned(), "2016-07-01 00:00:00".to_owned())),
        1 => (0u32..60).prop_map(move |hour| (at(hour), at(hour))),
        1 => Just((String::new(), String::new())),
    ]
}

fn usage() -> impl Strategy<Value = Row> {
    let names = (
        pick(&["81234567", "81234567", "Estimated", ""]),
        pick(&["", PAYER, "222222222222", "012345678901"]),
        pick(&["", "", "api", "website", "Api", "somebody else"]),
    );
    let resource = prop_oneof![
        5 => (pick(&["i-1", "i-2", "i-3", "arn:aws:ec2:us-west-2:1:instance/i-1"]),
              pick(&["USW2-BoxUsage:m4.large", "USW2-BoxUsage:m4.large", "SpotUsage:c4.large", "DataTransfer-Out-Bytes"])),
        3 => (pick(&["vol-1", "vol-2", "vol-3", "arn:aws:ec2:us-west-2:1:volume/vol-1"]), pick(&["EBS:VolumeUsage.gp2"])),
        1 => (Just(FARGATE_TASK), pick(&["USW2-Fargate-vCPU-Hours:perCPU"])),
        2 => (pick(&["", "bucket-1", "bucket-2"]), pick(&["TimedStorage-ByteHrs", "DataTransfer-Out-Bytes", "HeavyUsage:x"])),
    ];
    let reserved = prop::sample::select(vec!["N", "N", "N", "Y"]);
    (names, resource, interval(), cost(), pick(&["1", "0.5", "0.33333333", "24", "0", ""]), reserved).prop_map(
        |((invoice, account, area), (resource, usage_type), (start, end), cost, quantity, reserved)| Row {
            invoice,
            account,
            record_type: "LineItem",
            product: if usage_type.starts_with("Timed") { "Amazon Simple Storage Service" } else { EC2 },
            subscription: "38802707",
            usage_type,
            reserved,
            description: "some usage",
            start,
            end,
            quantity,
            cost,
            resource,
            area,
        },
    )
}

/// Fees over terms that end before, with or after the month, and one that is too short to be a term.
fn fee() -> impl Strategy<Value = Row> {
    let term = prop::sample::select(vec![
        ("2016-06-09 21:21:37", "2017-06-09 21:21:36"),
        ("2016-06-01 00:00:00", "2016-06-30 23:59:59"),
        ("2016-05-20 00:00:00", "2016-08-01 12:30:00"),
        ("2016-03-01 05:06:07", "2016-09-01 05:06:10"),
        ("2016-07-02 00:00:00", "2017-07-01 23:59:59"),
        ("2016-06-05 00:00:00", "2016-06-06 00:00:00"),
    ]);
    let texts = prop::sample::select(vec![
        ("Sign up charge for subscription: 1", ""),
        ("USD 0.026 hourly fee (720 hours purchased, 672 hours used)", "USW2-HeavyUsage:c4.large"),
        ("no text says so", "HeavyUsage:m4.large"),
    ]);
    let names =
        (pick(&[PAYER, "222222222222"]), pick(&[EC2, "Amazon RDS Service"]), pick(&["", "215380863", "215380864"]));
    (names, term, texts, cost()).prop_map(
        |((account, product, subscription), (start, end), (description, usage_type), cost)| Row {
            invoice: "81230042",
            account,
            record_type: "LineItem",
            product,
            subscription,
            usage_type,
            reserved: "N",
            description,
            start: start.to_owned(),
            end: end.to_owned(),
            quantity: "2",
            cost,
            ..Row::default()
        },
    )
}

/// Tax, credits, refunds, roundings and printed totals.
fn monthly() -> impl Strategy<Value = Row> {
    let texts = prop::sample::select(vec![
        ("LineItem", "Tax for product code AmazonEC2"),
        ("LineItem", "German VAT of 19%"),
        ("LineItem", "Refund for unused hours"),
        ("LineItem", "AWS Promotional Credit"),
        ("Rounding", "This line item contains the rounding"),
        ("InvoiceTotal", "Total amount for invoice"),
        ("AccountTotal", "Total for linked account"),
        ("StatementTotal", "Total statement amount"),
    ]);
    (texts, pick(&["", PAYER, "222222222222"]), pick(&["", EC2]), cost()).prop_map(
        |((record_type, description), account, product, cost)| Row {
            invoice: "81234567",
            account,
            record_type,
            product,
            reserved: "N",
            description,
            cost,
            ..Row::default()
        },
    )
}

/// A row whose cost is no number, which is a finding with a place.
fn malformed() -> impl Strategy<Value = Row> {
    usage().prop_map(|row| Row { cost: NO_COST.to_owned(), ..row })
}

pub(crate) fn any_row() -> impl Strategy<Value = Row> {
    prop_oneof![8 => usage(), 2 => fee(), 1 => monthly(), 1 => malformed()]
}

/// A row that every month has, because a bill without any usage names no period.
pub(crate) fn anchor() -> Row {
    Row {
        invoice: "81234567",
        record_type: "LineItem",
        product: EC2,
        start: "2016-06-01 00:00:00".to_owned(),
        end: "2016-06-01 01:00:00".to_owned(),
        cost: "1".to_owned(),
        ..Row::default()
    }
}
