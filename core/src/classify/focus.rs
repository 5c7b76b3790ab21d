//! FOCUS: the charge category names the kind, commitments by status and frequency (spec 3.1, FOCUS 1.2).

use super::{LineItem, LineItemKind, Treatment};

pub(super) fn classify(item: &LineItem<'_>) -> Treatment {
    let has_commitment = !item.reservation_id.is_empty();
    let kind = match item.line_item_type {
        "Usage" => match (item.commitment_status, item.commitment_category) {
            ("Used", "Spend") => LineItemKind::SavingsPlanCoveredUsage,
            ("Used", _) => LineItemKind::DiscountedUsage,
            ("Unused", _) => LineItemKind::UnusedCommitment,
            _ => LineItemKind::Usage,
        },
        "Purchase" if has_commitment => match (item.charge_frequency, item.commitment_category) {
            ("One-Time", "Spend") => LineItemKind::SavingsPlanUpfrontFee,
            ("One-Time", _) => LineItemKind::UpfrontFee,
            ("Recurring", "Spend") => LineItemKind::SavingsPlanRecurringFee,
            ("Recurring", _) => LineItemKind::RecurringFee,
            _ => LineItemKind::Purchase,
        },
        "Purchase" => LineItemKind::Purchase,
        "Tax" => LineItemKind::Tax,
        "Credit" => LineItemKind::Credit,
        "Adjustment" => LineItemKind::Adjustment,
        _ => return Treatment::CountsUnknown(LineItemKind::Other),
    };
    Treatment::Counts(kind)
}

#[cfg(test)]
mod tests {
    use super::super::classify;
    use super::*;

    #[test]
    fn categories_name_the_kind_and_commitments_tell_it_apart() {
        use LineItemKind as K;
        for (category, status, spend, frequency, id, kind) in [
            ("Usage", "", "", "Usage-Based", "", K::Usage),
            ("Usage", "Used", "Usage", "Usage-Based", "ri", K::DiscountedUsage),
            ("Usage", "Used", "Spend", "Usage-Based", "sp", K::SavingsPlanCoveredUsage),
            ("Usage", "Unused", "Spend", "Usage-Based", "sp", K::UnusedCommitment),
            ("Purchase", "", "Usage", "One-Time", "ri", K::UpfrontFee),
            ("Purchase", "", "Spend", "Recurring", "sp", K::SavingsPlanRecurringFee),
            ("Purchase", "", "Spend", "One-Time", "sp", K::SavingsPlanUpfrontFee),
            ("Purchase", "", "Usage", "Recurring", "ri", K::RecurringFee),
            ("Purchase", "", "", "One-Time", "", K::Purchase),
            ("Tax", "", "", "Recurring", "", K::Tax),
            ("Credit", "", "", "One-Time", "", K::Credit),
            ("Adjustment", "", "", "One-Time", "", K::Adjustment),
        ] {
            let mut item: LineItem<'_> =
                serde_json::from_str(r#"{"dialect":"focus","line_item_type":"","cost":"1"}"#).unwrap();
            (item.line_item_type, item.commitment_status, item.commitment_category) = (category, status, spend);
            (item.charge_frequency, item.reservation_id) = (frequency, id);
            assert_eq!(classify(&item), Treatment::Counts(kind), "{category} {status}");
            item.line_item_type = "Rebate";
            assert_eq!(classify(&item), Treatment::CountsUnknown(K::Other));
        }
    }
}
