//! How AWS spells a column name for Athena, Parquet and CUR 2.0 (AWS: "Column names", Cost and Usage Reports guide).

/// An underscore before each uppercase letter, all in lower case, other characters underscores, none twice, none at
/// the ends. Keys that differ only in what is lost become one.
pub(in crate::read) fn folded(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        let is_word = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if !is_word && !text.is_empty() && !text.ends_with('_') {
            text.push('_');
        }
        if letter.is_ascii_alphanumeric() {
            text.push(letter.to_ascii_lowercase());
        }
    }
    text.truncate(text.trim_end_matches('_').len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_as_aws_publishes() {
        for (name, column) in [
            ("lineItem/UsageAccountId", "line_item_usage_account_id"),
            ("lineItem/LineItemType", "line_item_line_item_type"),
            ("bill/InvoiceId", "bill_invoice_id"),
            ("reservation/ReservationARN", "reservation_reservation_a_r_n"),
            ("savingsPlan/SavingsPlanARN", "savings_plan_savings_plan_a_r_n"),
            ("product/ProductName", "product_product_name"),
            ("product/region", "product_region"),
            ("resourceTags/user:Name", "resource_tags_user_name"),
            ("resourceTags/user:costCenter", "resource_tags_user_cost_center"),
            ("resourceTags/user:cost-center", "resource_tags_user_cost_center"),
            ("user:karpenter.sh/nodepool", "user_karpenter_sh_nodepool"),
            ("user:product_area", "user_product_area"),
            ("user:__x__", "user_x"),
            ("", ""),
        ] {
            assert_eq!(folded(name), column);
        }
    }
}
