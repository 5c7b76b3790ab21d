//! Cost and Usage Report, legacy and 2.0: the line item type names the kind (spec 3.1, 3.3).

use super::{LineItem, LineItemKind, Repetition, Treatment};

/// Operations of split cost allocation data on EC2; such rows repeat the cost of their instance.
const SPLIT_OPERATIONS: [&str; 2] = ["ECSTask-EC2", "EKSPod-EC2"];

/// How their usage types end, after the region.
const SPLIT_USAGE: [&str; 4] = ["ECS-EC2-vCPU-Hours", "ECS-EC2-GB-Hours", "EKS-EC2-vCPU-Hours", "EKS-EC2-GB-Hours"];

/// Kind by line item type, as AWS lists them.
const KINDS: [(&str, LineItemKind); 18] = [
    ("BundledDiscount", LineItemKind::BundledDiscount),
    ("Credit", LineItemKind::Credit),
    ("Discount", LineItemKind::Discount),
    ("DiscountedUsage", LineItemKind::DiscountedUsage),
    ("DistributorDiscount", LineItemKind::DistributorDiscount),
    ("EdpDiscount", LineItemKind::EdpDiscount),
    ("Fee", LineItemKind::Fee),
    ("PrivateRateDiscount", LineItemKind::PrivateRateDiscount),
    ("RIFee", LineItemKind::RecurringFee),
    ("Refund", LineItemKind::Refund),
    ("RiVolumeDiscount", LineItemKind::RiVolumeDiscount),
    ("SavingsPlanCoveredUsage", LineItemKind::SavingsPlanCoveredUsage),
    ("SavingsPlanNegation", LineItemKind::SavingsPlanNegation),
    ("SavingsPlanRecurringFee", LineItemKind::SavingsPlanRecurringFee),
    ("SavingsPlanUpfrontFee", LineItemKind::SavingsPlanUpfrontFee),
    ("SppDiscount", LineItemKind::SppDiscount),
    ("Tax", LineItemKind::Tax),
    ("Usage", LineItemKind::Usage),
];

pub(super) fn classify(item: &LineItem<'_>) -> Treatment {
    // Some exports write a missing parent as text.
    let has_parent = !item.split_parent.is_empty() && !item.split_parent.eq_ignore_ascii_case("null");
    let is_split_usage = || SPLIT_USAGE.iter().any(|usage| item.usage_type.ends_with(usage));
    if has_parent || SPLIT_OPERATIONS.contains(&item.operation) || is_split_usage() {
        return Treatment::Excluded(Repetition::SplitCostAllocation);
    }
    match KINDS.iter().find(|(name, _)| *name == item.line_item_type) {
        // A one-off fee that names a reservation is what was paid upfront for it.
        Some((_, LineItemKind::Fee)) if !item.reservation_id.is_empty() => Treatment::Counts(LineItemKind::UpfrontFee),
        Some((_, kind)) => Treatment::Counts(*kind),
        None => Treatment::CountsUnknown(LineItemKind::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, classify};
    use super::*;

    fn item(line_item_type: &str) -> LineItem<'_> {
        let mut item: LineItem<'_> =
            serde_json::from_str(r#"{"dialect":"cur","line_item_type":"","cost":"1"}"#).unwrap();
        item.line_item_type = line_item_type;
        item
    }

    #[test]
    fn every_type_has_its_kind_and_new_ones_are_kept_as_other() {
        for (name, kind) in KINDS {
            assert_eq!(classify(&item(name)), Treatment::Counts(kind), "{name}");
            let spelled = if name == "RIFee" { "RecurringFee" } else { name };
            assert_eq!(kind.as_str(), spelled);
        }
        for name in ["FlatRateSubscription", "usage", ""] {
            assert_eq!(classify(&item(name)), Treatment::CountsUnknown(LineItemKind::Other), "{name}");
        }
    }

    #[test]
    fn a_fee_is_upfront_only_where_it_names_a_reservation() {
        let fee = LineItem { reservation_id: "arn:aws:ec2:us-east-1:1:reserved-instances/r", ..item("Fee") };
        assert_eq!(classify(&fee), Treatment::Counts(LineItemKind::UpfrontFee));
    }

    #[test]
    fn split_cost_allocation_rows_repeat_their_instance_and_fargate_rows_do_not() {
        let excluded = Treatment::Excluded(Repetition::SplitCostAllocation);
        assert_eq!(classify(&LineItem { split_parent: "i-1", ..item("Usage") }), excluded);
        assert_eq!(classify(&LineItem { usage_type: "USE1-ECS-EC2-GB-Hours", ..item("Usage") }), excluded);
        assert_eq!(classify(&LineItem { operation: "EKSPod-EC2", dialect: Dialect::Cur2, ..item("Usage") }), excluded);
        for ordinary in
            [LineItem { split_parent: "null", ..item("Usage") }, LineItem { operation: "FargateTask", ..item("Usage") }]
        {
            assert_eq!(classify(&ordinary), Treatment::Counts(LineItemKind::Usage));
        }
    }
}
