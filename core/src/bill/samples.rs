//! Small bills for unit tests, written row by row.

use super::{Bill, BillBuilder, BillOptions, KeepIntervals};
use crate::classify::{LineItem, Treatment, classify};
use crate::time::{HOUR_MS, Interval, Timestamp};

/// A row with everything empty but product, usage account and payer.
pub(crate) fn row(cost: &str) -> LineItem<'static> {
    LineItem {
        cost: cost.parse().unwrap(),
        ..serde_json::from_str(
            r#"{"dialect": "dbr", "line_item_type": "LineItem", "payer_account": "100", "usage_account": "111",
                "billing_entity": "AWS", "invoice_id": "1", "product": "EC2", "usage_type": "BoxUsage:m4.large",
                "cost": "0", "tags": [""]}"#,
        )
        .unwrap()
    }
}

/// A row of a resource, from hour `from` to hour `to` of June 2016.
pub(crate) fn usage<'a>(resource: &'a str, from: i64, to: i64, cost: &str) -> LineItem<'a> {
    LineItem { resource_id: resource, interval: Some(hours(from, to)), ..row(cost) }
}

/// From hour `from` to hour `to` of June 2016.
pub(crate) fn hours(from: i64, to: i64) -> Interval {
    let june: Timestamp = "2016-06-01 00:00:00".parse().unwrap();
    Interval::new(june.plus_millis(from * HOUR_MS), june.plus_millis(to * HOUR_MS))
}

/// The bill of June 2016 of these rows, with the tag key `team` and all intervals kept.
pub(crate) fn bill(rows: &[LineItem<'_>]) -> Bill {
    bill_with(
        rows,
        &BillOptions { tag_keys: vec!["team".into()], keep_intervals: KeepIntervals::All, ..BillOptions::default() },
    )
}

/// The bill of June 2016 of these rows.
pub(crate) fn bill_with(rows: &[LineItem<'_>], options: &BillOptions) -> Bill {
    let mut builder = BillBuilder::new(options);
    for row in rows {
        match classify(row) {
            Treatment::Counts(kind) | Treatment::CountsUnknown(kind) => builder.add(row, kind).unwrap(),
            Treatment::Excluded(total) => builder.exclude(row, total).unwrap(),
        }
    }
    builder.finish("2016-06".parse().unwrap()).unwrap()
}
