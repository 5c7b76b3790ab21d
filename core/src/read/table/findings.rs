//! What is reported of single rows of a bill that are counted all the same.

use crate::bill::BillBuilder;
use crate::classify::{LineItem, LineItemKind};
use crate::diagnostic::DiagnosticCode;
use crate::error::Location;

/// Reports tag keys that a row has under several spellings with different values (spec 2.9).
pub(super) fn note_contested(
    builder: &mut BillBuilder<'_>,
    contested: impl Iterator<Item = usize>,
    tag_keys: &[String],
    name: &str,
    at: &impl Fn() -> Location,
) {
    for key in contested.filter_map(|index| tag_keys.get(index)) {
        let message = format!(
            "rows have tag `{key}` under several spellings with different values: that of the exact spelling counts, \
             else of the first in byte order"
        );
        let here = Location { file: Some(name.to_owned()), ..at() };
        builder.diagnostics.add(DiagnosticCode::TagsCaseCollision, message, 1, Some(here));
    }
}

/// Reports an invoice id or record type that no Detailed Billing Report is known to have; whether there was one.
pub(super) fn note_unrecognized(
    builder: &mut BillBuilder<'_>,
    item: &LineItem<'_>,
    unknown: Option<LineItemKind>,
    name: &str,
    at: &impl Fn() -> Location,
) -> bool {
    let here = || Some(Location { file: Some(name.to_owned()), ..at() });
    let unrecognized = item.invoice_id.filter(|id| !id.bytes().all(|byte| byte.is_ascii_digit()) && *id != "Estimated");
    if let Some(id) = unrecognized {
        let message = format!("invoice id `{id}` is neither an integer nor `Estimated`");
        builder.diagnostics.add(DiagnosticCode::BillUnrecognizedInvoiceId, message, 1, here());
    }
    if let Some(kind) = unknown {
        let (record_type, kind) = (item.line_item_type, kind.as_str());
        let message = format!("record type `{record_type}` is not known; its rows count as {kind}");
        builder.diagnostics.add(DiagnosticCode::ClassifyUnknownRecordType, message, 1, here());
    }
    unrecognized.is_some() || unknown.is_some()
}
