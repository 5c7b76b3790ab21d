//! The fuzz targets of `core/fuzz`, run on a stable compiler for a moment: no bytes make the library panic.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod fuzz_inputs;

use proptest::prelude::*;
use unblended::{Amount, Bill, BillingPeriod, Timestamp, bare_resource_id, is_instance_id, is_task_arn, is_volume_id};

/// Text that is almost what is looked for, so that the deeper paths are reached.
fn near(alphabet: &'static str) -> impl Strategy<Value = String> {
    let known = prop::collection::vec(prop::sample::select(alphabet.chars().collect::<Vec<_>>()), 0..48)
        .prop_map(|letters| letters.into_iter().collect());
    prop_oneof![4 => known, 1 => any::<String>()]
}

fn saved_bill() -> Vec<u8> {
    let options = unblended::BillOptions::default();
    let mut builder = unblended::BillBuilder::new(&options);
    let row = r#"{"dialect":"dbr","line_item_type":"LineItem","product":"EC2","invoice_id":"1","cost":"1.5"}"#;
    let item = serde_json::from_str(row).unwrap();
    builder.add(&item, unblended::LineItemKind::Usage).unwrap();
    let mut saved = Vec::new();
    builder.finish("2016-06".parse().unwrap()).unwrap().save(&mut saved).unwrap();
    saved
}

#[test]
fn the_saved_bill_that_is_damaged_below_loads_whole() {
    assert_eq!(Bill::load(saved_bill().as_slice()).unwrap().charges().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_text_is_an_amount_or_an_error(text in near("0123456789.+-eE ")) {
        if let Ok(parsed) = Amount::parse(&text) {
            let again: Amount = parsed.amount.to_string().parse().unwrap();
            prop_assert_eq!(again, parsed.amount);
        }
    }

    #[test]
    fn any_text_is_a_time_or_an_error(text in near("0123456789-/:TZ+ .")) {
        if let Ok(time) = text.parse::<Timestamp>() {
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
        let _ = text.parse::<BillingPeriod>();
    }

    #[test]
    fn any_text_has_a_bare_id_that_is_of_one_kind_at_most(
        start in prop::sample::select(vec!["", "arn:aws:ec2:us-west-2:1:instance/", "arn:aws:ecs:us-west-2:1:task/", "i-"]),
        text in near("0123456789abcdefivol-/:"),
    ) {
        let text = format!("{start}{text}");
        let bare = bare_resource_id(&text);
        prop_assert!(text.ends_with(bare));
        prop_assert_eq!(bare_resource_id(bare), bare);
        let kinds = [is_instance_id(bare), is_volume_id(bare), is_task_arn(bare)];
        prop_assert!(kinds.iter().filter(|is_kind| **is_kind).count() <= 1);
    }

    #[test]
    fn any_bytes_are_a_saved_bill_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Bill::load(bytes.as_slice());
    }

    #[test]
    fn a_damaged_saved_bill_is_an_error_or_a_bill(
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut saved = saved_bill();
        let at = at.index(saved.len());
        saved[at] = with;
        let _ = Bill::load(saved.as_slice());
        saved.truncate(cut.index(saved.len()));
        let _ = Bill::load(saved.as_slice());
    }
}
