//! Which columns hold what in each billing format, as data (spec 2.1, 2.3).
//!
//! A table lists for each attribute of a line item the places that can hold it, best first: the first one that has a
//! value in a row is that row's. Names are compared without case.

mod cur;
mod dbr;
mod focus;
mod folded;

use crate::classify::Dialect;

pub(super) use folded::folded;

/// An attribute of a line item that columns hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    LineItemType,
    Payer,
    UsageAccount,
    BillingEntity,
    InvoiceId,
    Currency,
    Product,
    UsageType,
    Operation,
    Region,
    Zone,
    Description,
    ResourceId,
    ReservationId,
    Reserved,
    Start,
    End,
    Quantity,
    PeriodStart,
    SplitParent,
    ChargeClass,
    ChargeFrequency,
    CommitmentStatus,
    CommitmentCategory,
}

/// Number of attributes.
pub(super) const ATTRIBUTES: usize = Attribute::CommitmentCategory as usize + 1;

/// Where an attribute can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A column.
    Column(&'static str),
    /// An entry of a column that holds a map.
    Entry(&'static str, &'static str),
}

/// What happens where a header has no place of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The bill cannot be read.
    Required,
    /// This is off, which is reported.
    Optional(&'static str),
    /// Nothing: formats or accounts without the feature have no such column.
    Rare,
}

/// How a dialect spells tags, or cost categories (spec 2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagForm {
    /// A column: this prefix, then `user:Key` or `aws:Key` as written, or the name of a cost category.
    Column(&'static str),
    /// A column: this prefix, then the key as AWS folds names.
    FoldedColumn(&'static str),
    /// An entry of the map in this column, its key as AWS folds names.
    FoldedEntry(&'static str),
    /// An entry of the map in this column, its key as written, with or without `user:`.
    Entry(&'static str),
}

/// One line of a dialect's table.
pub(super) type AttributePlaces = (Attribute, &'static [Place], Need);

/// A billing format.
#[derive(Clone, Copy, Debug)]
pub(super) struct DialectTable {
    pub(super) dialect: Dialect,
    pub(super) attributes: &'static [AttributePlaces],
    pub(super) tags: &'static [TagForm],
    /// How it spells cost categories, whose names have no prefix.
    pub(super) cost_categories: &'static [TagForm],
    /// Further columns of the format, which nothing is read from.
    pub(super) other_columns: &'static [&'static str],
    /// Columns that rows of one charge agree in as a rule, by the start of their names. What is read of a row never
    /// follows from it.
    pub(super) steady: &'static [&'static str],
    /// Text that stands for null in exports that break the format.
    pub(super) null_text: Option<&'static str>,
}

impl DialectTable {
    /// The table of a dialect.
    pub(super) fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Dbr => &dbr::TABLE,
            Dialect::Cur => &cur::LEGACY,
            Dialect::Cur2 => &cur::DATA_EXPORT,
            Dialect::Focus => &focus::TABLE,
        }
    }

    /// The names a column of this table may have in a header.
    pub(super) fn spellings(&self, column: &'static str) -> Vec<String> {
        match self.dialect {
            Dialect::Dbr | Dialect::Focus => vec![column.to_owned()],
            // Athena, Parquet and CUR 2.0 fold `lineItem/UsageType` into `line_item_usage_type`.
            Dialect::Cur | Dialect::Cur2 => vec![column.to_owned(), folded(column)],
        }
    }

    /// Whether rows of one charge agree in a column as a rule.
    pub(super) fn is_steady(&self, name: &str) -> bool {
        self.steady.iter().any(|start| name.starts_with(start))
    }

    /// Every column the table names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        let places = self.attributes.iter().flat_map(|(_, places, _)| *places);
        let named = places.map(|place| match place {
            Place::Column(name) | Place::Entry(name, _) => *name,
        });
        named.chain(self.other_columns.iter().copied())
    }
}

/// The dialect of a header; `None` where it is that of no bill.
pub(super) fn detect(names: &[String]) -> Option<Dialect> {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if cur::MARKS.iter().any(|mark| has(mark) || has(&folded(mark))) {
        let is_export = cur::EXPORT_MARKS.into_iter().any(has);
        return Some(if is_export { Dialect::Cur2 } else { Dialect::Cur });
    }
    if focus::MARKS.into_iter().any(has) {
        return Some(Dialect::Focus);
    }
    let known = dbr::COLUMNS.into_iter().filter(|column| has(column)).count();
    (!is_monthly(names) && (has("RecordType") || known >= 3)).then_some(Dialect::Dbr)
}

/// Whether the header is that of a monthly billing or cost allocation report, whose rows are sums.
pub(super) fn is_monthly(names: &[String]) -> bool {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    dbr::MONTHLY_MARKS.into_iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn headers_tell_the_dialect() {
        for (header, dialect) in [
            (&["RecordType", "UnBlendedCost"][..], Some(Dialect::Dbr)),
            (&["identity/LineItemId", "lineItem/UnblendedCost"], Some(Dialect::Cur)),
            (&["line_item_line_item_type", "bill_invoice_id"], Some(Dialect::Cur)),
            (&["line_item_line_item_type", "resource_tags"], Some(Dialect::Cur2)),
            (&["LINE_ITEM_UNBLENDED_COST", "bill_payer_account_name"], Some(Dialect::Cur2)),
            (&["BilledCost", "EffectiveCost"], Some(Dialect::Focus)),
            (&["TotalCost", "RecordType"], None),
            (&["a", "b"], None),
        ] {
            assert_eq!(detect(&names(header)), dialect, "{header:?}");
        }
    }

    #[test]
    fn every_table_has_each_attribute_once_at_most_and_the_required_ones() {
        for dialect in [Dialect::Dbr, Dialect::Cur, Dialect::Cur2, Dialect::Focus] {
            let table = DialectTable::of(dialect);
            assert_eq!(table.dialect, dialect);
            for (at, (attribute, places, _)) in table.attributes.iter().enumerate() {
                assert!(!places.is_empty());
                assert!(table.attributes.iter().skip(at + 1).all(|(other, ..)| other != attribute), "{attribute:?}");
            }
            for wanted in [Attribute::LineItemType, Attribute::Start, Attribute::End, Attribute::Product] {
                let need = table.attributes.iter().find(|(attribute, ..)| *attribute == wanted).map(|row| row.2);
                assert_eq!(need, Some(Need::Required), "{dialect} {wanted:?}");
            }
        }
    }
}
