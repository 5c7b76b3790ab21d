//! What the fees of a book cover (spec 6.2, R88).

use super::tests::{book, entry};
use super::{BookEntry, ReservationBook};
use crate::bill::{BillBuilder, BillOptions};
use crate::classify::{LineItem, LineItemKind};
use crate::error::ErrorCode;
use crate::time::Interval;

#[test]
fn what_a_fee_covers_is_that_of_its_rows_else_of_the_fees_of_its_id() {
    let item = |usage_type: &'static str, zone: &'static str, description: &'static str, count: &str| {
        let mut item: LineItem<'_> =
            serde_json::from_str(r#"{"dialect":"dbr","line_item_type":"LineItem","cost":"1"}"#).unwrap();
        (item.payer_account, item.product, item.usage_type) = ("1", "EC2", usage_type);
        (item.zone, item.description) = (zone, description);
        item.usage_quantity = Some(count.parse().unwrap());
        item.interval =
            Some(Interval::new("2016-06-06 10:00:00".parse().unwrap(), "2017-06-06 09:59:59".parse().unwrap()));
        item
    };
    let options = BillOptions::default();
    let mut builder = BillBuilder::new(&options);
    for row in [
        item("HeavyUsage:c4.large", "us-east-1a", "Sign up charge a", "1"),
        // The same fee in another region: the zone is not agreed on.
        LineItem { region: "x", ..item("HeavyUsage:c4.large", "us-east-1b", "Sign up charge a", "2.5") },
        item("", "", "Sign up charge for subscription: 7, planId: 1", "150"),
        item("", "", "Sign up charge for subscription: 8, planId: 1", "0"),
    ] {
        builder.add(&row, LineItemKind::UpfrontFee).unwrap();
    }
    let monthly = LineItem { reservation_id: "7", ..item("USW2-HeavyUsage:m4.large", "us-west-2a", "", "720") };
    builder.add(&monthly, LineItemKind::RecurringFee).unwrap();
    let book = ReservationBook::from_scan(&builder.finish("2016-06".parse().unwrap()).unwrap()).unwrap();
    let found: Vec<_> =
        book.entries().iter().map(|entry| entry.optional_texts().map(Option::unwrap_or_default)).collect();
    let expected = [
        ["USW2-HeavyUsage:m4.large", "us-west-2a", ""],
        ["HeavyUsage:c4.large", "", "3.5"],
        ["USW2-HeavyUsage:m4.large", "us-west-2a", "150"],
        ["", "", ""],
    ];
    assert_eq!(found, expected.map(|texts| texts.map(str::to_owned)));
}

#[test]
fn what_only_one_of_two_equal_fees_says_is_known_and_what_they_contradict_each_other_in_is_a_conflict() {
    let silent = entry("1", "2015-12", "a", "5");
    let with = |usage_type: &str, count: &str| BookEntry {
        usage_type: Some(usage_type.into()),
        count: Some(count.parse().unwrap()),
        ..silent.clone()
    };
    let zoned = BookEntry { zone: Some("us-east-1a".into()), ..silent.clone() };
    let both = book(&[silent.clone(), with("c4", "1"), zoned]);
    assert_eq!(both.entries(), [BookEntry { zone: Some("us-east-1a".into()), ..with("c4", "1") }]);
    for (other, message) in [("m4", "is for `c4` and also for `m4`"), ("c4", "bought 1 and also 2 reservations")] {
        let error = ReservationBook::new(vec![with("c4", "1"), with(other, "2")]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReservationsConflict);
        assert!(error.to_string().ends_with(message), "{error}");
    }
    assert_ne!(both.digest(), book(&[silent]).digest());
}
