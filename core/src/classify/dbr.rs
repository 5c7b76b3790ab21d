//! Detailed Billing Report: record types, and texts where a row has no resource (spec 3.1, 3.2).

use super::{LineItem, LineItemKind, Repetition, Treatment};

pub(super) fn classify(item: &LineItem<'_>) -> Treatment {
    match item.line_item_type {
        "LineItem" => Treatment::Counts(kind_of_line_item(item)),
        "Rounding" => Treatment::Counts(LineItemKind::Rounding),
        "CBRounding" => Treatment::Counts(LineItemKind::CbRounding),
        "Discount" => Treatment::Counts(LineItemKind::Discount),
        "InvoiceTotal" => Treatment::Excluded(Repetition::InvoiceTotal),
        "AccountTotal" => Treatment::Excluded(Repetition::AccountTotal),
        "StatementTotal" => Treatment::Excluded(Repetition::StatementTotal),
        _ => Treatment::CountsUnknown(kind_of_line_item(item)),
    }
}

/// The first match decides; all but the last apply only to rows without resource id.
fn kind_of_line_item(item: &LineItem<'_>) -> LineItemKind {
    let by_text = if item.resource_id.is_empty() { kind_by_text(item) } else { None };
    by_text.unwrap_or(if item.reserved { LineItemKind::DiscountedUsage } else { LineItemKind::Usage })
}

fn kind_by_text(item: &LineItem<'_>) -> Option<LineItemKind> {
    let prose = [item.description, item.operation];
    if item.description.starts_with("Sign up charge") {
        Some(LineItemKind::UpfrontFee)
    } else if item.description.contains("hours purchased,")
        || ["HeavyUsage", "MediumUsage", "LightUsage"].iter().any(|usage| item.usage_type.contains(usage))
    {
        Some(LineItemKind::RecurringFee)
    } else if prose.iter().any(|text| has_tax_word(text)) {
        Some(LineItemKind::Tax)
    } else if prose.iter().any(|text| contains_folded(text, "refund")) {
        Some(LineItemKind::Refund)
    } else if item.cost.is_negative() && prose.iter().any(|text| contains_folded(text, "credit")) {
        Some(LineItemKind::Credit)
    } else {
        None
    }
}

/// Whether Tax, VAT or GST stands as a whole word.
fn has_tax_word(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| ["tax", "vat", "gst"].iter().any(|tax| word.eq_ignore_ascii_case(tax)))
}

fn contains_folded(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::classify;
    use super::*;

    fn item<'a>(description: &'a str, cost: &str) -> LineItem<'a> {
        let mut item: LineItem<'a> =
            serde_json::from_str(r#"{"dialect":"dbr","line_item_type":"LineItem","cost":"0"}"#).unwrap();
        item.description = description;
        item.cost = cost.parse().unwrap();
        item
    }

    #[test]
    fn texts_decide_only_without_a_resource() {
        use LineItemKind as K;
        for (description, cost, kind) in [
            ("Sign up charge for subscription: 1, planId: 2", "350", K::UpfrontFee),
            ("USD 0.1 hourly fee per Linux/UNIX (744 hours purchased, 700 hours used)", "74.4", K::RecurringFee),
            ("Tax for product code AmazonEC2", "1", K::Tax),
            ("German VAT", "1", K::Tax),
            ("Taxonomy service requests", "1", K::Usage),
            ("Refund for May", "-1", K::Refund),
            ("AWS Credit", "-1", K::Credit),
            ("AWS Credit", "1", K::Usage),
        ] {
            assert_eq!(classify(&item(description, cost)), Treatment::Counts(kind), "{description}");
            let mut resource = item(description, cost);
            resource.resource_id = "i-1";
            assert_eq!(classify(&resource), Treatment::Counts(K::Usage), "{description}");
        }
    }

    #[test]
    fn only_the_three_total_types_are_excluded() {
        for (record_type, treatment) in [
            ("InvoiceTotal", Treatment::Excluded(Repetition::InvoiceTotal)),
            ("AccountTotal", Treatment::Excluded(Repetition::AccountTotal)),
            ("StatementTotal", Treatment::Excluded(Repetition::StatementTotal)),
            ("Rounding", Treatment::Counts(LineItemKind::Rounding)),
            ("CBRounding", Treatment::Counts(LineItemKind::CbRounding)),
            ("Discount", Treatment::Counts(LineItemKind::Discount)),
            ("PayerLineItem", Treatment::CountsUnknown(LineItemKind::Usage)),
        ] {
            let mut row = item("", "1");
            row.line_item_type = record_type;
            assert_eq!(classify(&row), treatment, "{record_type}");
        }
    }

    #[test]
    fn reserved_rows_are_discounted_usage() {
        let mut row = item("", "0");
        row.reserved = true;
        assert_eq!(classify(&row), Treatment::Counts(LineItemKind::DiscountedUsage));
    }
}
