//! What makes two line items the same charge (spec 3.5), packed so that a row is compared in place.

use std::hash::{BuildHasher, Hasher};

use serde::{Deserialize, Serialize};

use super::instance::covered_usage_type;
use crate::classify::{Dialect, LineItem, LineItemKind};
use crate::money::Currency;
use crate::time::Interval;

/// The text attributes of a charge, in sort order. Tag values follow the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Payer,
    UsageAccount,
    BillingEntity,
    InvoiceId,
    Product,
    UsageType,
    Operation,
    Region,
    ResourceId,
    ReservationId,
    Description,
    LineItemType,
    Zone,
    CoveredUsageType,
}

const FIELDS: usize = 14;
/// Zone and covered usage type say what a commitment covers, not what was billed: the digest leaves them out.
const BILLED_FIELDS: usize = 12;

/// The attributes on which line items of one charge agree.
///
/// INVARIANT: `text` is the fields and tag values one after the other; `ends` and `tag_ends` are their end offsets. The
/// fields' are in place: whoever goes over charges looks at a field or two of each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargeKey {
    text: Box<str>,
    ends: [u32; FIELDS],
    tag_ends: Box<[u32]>,
    kind: LineItemKind,
    currency: Currency,
    term: Option<Interval>,
    has_invoice_id: bool,
    timed: bool,
    dialect: Dialect,
    is_correction: bool,
}

/// The same attributes, still borrowed from a row.
#[derive(Debug)]
pub(crate) struct RowKey<'a> {
    item: &'a LineItem<'a>,
    kind: LineItemKind,
    currency: Currency,
    timed: bool,
}

impl<'a> RowKey<'a> {
    pub(crate) fn new(item: &'a LineItem<'a>, kind: LineItemKind, currency: Currency, timed: bool) -> Self {
        Self { item, kind, currency, timed }
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.timed
    }

    pub(crate) fn usage_account(&self) -> &'a str {
        self.item.usage_account
    }

    pub(crate) fn kind(&self) -> LineItemKind {
        self.kind
    }

    pub(crate) fn usage_type(&self) -> &'a str {
        self.item.usage_type
    }

    pub(crate) fn resource_id(&self) -> &'a str {
        self.item.resource_id
    }

    fn term(&self) -> Option<Interval> {
        if self.kind.is_fee() { self.item.interval } else { None }
    }

    fn texts(&self) -> impl Iterator<Item = &'a str> {
        let item = self.item;
        let is_covered = self.kind == LineItemKind::DiscountedUsage;
        let fields: [&'a str; FIELDS] = [
            item.payer_account,
            item.usage_account,
            item.billing_entity,
            item.invoice_id.unwrap_or_default(),
            item.product,
            item.usage_type,
            item.operation,
            item.region,
            item.resource_id,
            if self.kind.is_of_commitment() { item.reservation_id } else { "" },
            if self.kind.is_fee() { item.description } else { "" },
            if self.kind == LineItemKind::Other { item.line_item_type } else { "" },
            if self.kind.is_fee() || is_covered { item.zone } else { "" },
            if is_covered { covered_usage_type(item) } else { "" },
        ];
        fields.into_iter().chain(item.tags.iter().copied())
    }

    pub(crate) fn hash(&self, state: &impl BuildHasher) -> u64 {
        hash_texts(self.texts(), self.kind, state)
    }

    pub(crate) fn matches(&self, key: &ChargeKey) -> bool {
        let mut start = 0usize;
        let mut ends = key.ends.iter().chain(&key.tag_ends);
        for text in self.texts() {
            let Some(end) = ends.next().map(|end| *end as usize) else { return false };
            if key.text.as_bytes().get(start..end) != Some(text.as_bytes()) {
                return false;
            }
            start = end;
        }
        ends.next().is_none()
            && key.kind == self.kind
            && key.currency == self.currency
            && key.term == self.term()
            && key.has_invoice_id == self.item.invoice_id.is_some()
            && key.timed == self.timed
            && key.dialect == self.item.dialect
            && key.is_correction == self.item.is_correction
    }

    pub(crate) fn to_key(&self) -> ChargeKey {
        let (text, ends, tag_ends) = pack(self.texts());
        ChargeKey {
            text,
            ends,
            tag_ends,
            kind: self.kind,
            currency: self.currency,
            term: self.term(),
            has_invoice_id: self.item.invoice_id.is_some(),
            timed: self.timed,
            dialect: self.item.dialect,
            is_correction: self.item.is_correction,
        }
    }
}

/// The texts as one, where each field ends in it and where each tag value.
fn pack<'t>(mut parts: impl Iterator<Item = &'t str>) -> (Box<str>, [u32; FIELDS], Box<[u32]>) {
    let mut text = String::new();
    let mut end_of = |part: &str| {
        text.push_str(part);
        // Rows are far shorter than 4 GiB: the reader refuses longer ones.
        u32::try_from(text.len()).unwrap_or(u32::MAX)
    };
    let ends = std::array::from_fn(|_| end_of(parts.next().unwrap_or_default()));
    let tag_ends = parts.map(end_of).collect();
    (text.into_boxed_str(), ends, tag_ends)
}

fn hash_texts<'t>(texts: impl Iterator<Item = &'t str>, kind: LineItemKind, state: &impl BuildHasher) -> u64 {
    let mut hasher = state.build_hasher();
    for text in texts {
        hasher.write(text.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.write_u8(kind as u8);
    hasher.finish()
}

impl ChargeKey {
    /// The hash of a row of this charge, for growing the builder's index.
    pub(crate) fn row_hash(&self, state: &impl BuildHasher) -> u64 {
        hash_texts(self.texts(), self.kind, state)
    }

    /// Puts the texts where memory is given now, and hands out where they were: those of charges that follow each other
    /// are to lie beside each other.
    pub(super) fn move_texts(&mut self) -> (Box<str>, Box<[u32]>) {
        let text = self.text.clone();
        let tag_ends = self.tag_ends.clone();
        (std::mem::replace(&mut self.text, text), std::mem::replace(&mut self.tag_ends, tag_ends))
    }

    fn part(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.end(before));
        let range = start.zip(self.end(at)).map(|(start, end)| start..end);
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// Where a text ends; `None` where there is no such text.
    fn end(&self, at: usize) -> Option<usize> {
        let end = match at.checked_sub(FIELDS) {
            None => self.ends.get(at),
            Some(tag) => self.tag_ends.get(tag),
        };
        end.map(|end| *end as usize)
    }

    /// The text attributes that say what was billed, in sort order.
    pub(crate) fn attributes(&self) -> [&str; BILLED_FIELDS] {
        std::array::from_fn(|at| self.part(at))
    }

    /// The parts a saved bill is written of: every text, tag values included.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        (0..FIELDS + self.tag_ends.len()).map(|at| self.part(at))
    }

    /// Whether there is such a text, without a look at it.
    fn has(&self, at: usize) -> bool {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.end(before));
        self.end(at).is_some_and(|end| Some(end) != start)
    }

    /// Whether [`ChargeKey::resource_id`] is not empty.
    pub(crate) fn has_resource(&self) -> bool {
        self.has(Field::ResourceId as usize)
    }

    /// Whether [`ChargeKey::tag`] has a value.
    pub(crate) fn has_tag(&self, index: usize) -> bool {
        self.has(FIELDS.saturating_add(index))
    }

    fn field(&self, field: Field) -> &str {
        self.part(field as usize)
    }

    /// Account that is invoiced.
    #[must_use]
    pub fn payer(&self) -> &str {
        self.field(Field::Payer)
    }

    /// Account that used.
    #[must_use]
    pub fn usage_account(&self) -> &str {
        self.field(Field::UsageAccount)
    }

    /// Seller: `AWS` or `AWS Marketplace`.
    #[must_use]
    pub fn billing_entity(&self) -> &str {
        self.field(Field::BillingEntity)
    }

    /// Invoice id as written; `None` where the input has no such column.
    #[must_use]
    pub fn invoice_id(&self) -> Option<&str> {
        self.has_invoice_id.then(|| self.field(Field::InvoiceId))
    }

    /// Product name, or empty.
    #[must_use]
    pub fn product(&self) -> &str {
        self.field(Field::Product)
    }

    /// Usage type.
    #[must_use]
    pub fn usage_type(&self) -> &str {
        self.field(Field::UsageType)
    }

    /// Operation.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.field(Field::Operation)
    }

    /// Region, or empty.
    #[must_use]
    pub fn region(&self) -> &str {
        self.field(Field::Region)
    }

    /// Bare resource id, or empty.
    #[must_use]
    pub fn resource_id(&self) -> &str {
        self.field(Field::ResourceId)
    }

    /// Reservation or subscription id of fees and covered usage, or empty.
    #[must_use]
    pub fn reservation_id(&self) -> &str {
        self.field(Field::ReservationId)
    }

    /// Description of a fee; empty for other charges.
    #[must_use]
    pub fn description(&self) -> &str {
        self.field(Field::Description)
    }

    /// Value of the requested tag key at `index` in the scan's order, those of the cost categories after the last of
    /// them; `None` where the row has none.
    #[must_use]
    pub fn tag(&self, index: usize) -> Option<&str> {
        Some(self.part(FIELDS.saturating_add(index))).filter(|value| !value.is_empty())
    }

    /// The type of a charge of kind [`LineItemKind::Other`] as the bill writes it; empty for other charges.
    #[must_use]
    pub fn line_item_type(&self) -> &str {
        self.field(Field::LineItemType)
    }

    /// Availability zone of a fee or of covered usage in a Detailed Billing Report, or empty.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.field(Field::Zone)
    }

    /// Usage type of what ran, where a reservation of another size covers it and the row's own usage type is that of
    /// the reservation; empty otherwise.
    #[must_use]
    pub fn covered_usage_type(&self) -> &str {
        self.field(Field::CoveredUsageType)
    }

    /// Format of the bill the charge was read from.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the charge corrects a period that was invoiced before (`ChargeClass` of FOCUS).
    #[must_use]
    pub fn is_correction(&self) -> bool {
        self.is_correction
    }

    /// What the charge is on the bill.
    #[must_use]
    pub fn kind(&self) -> LineItemKind {
        self.kind
    }

    /// Currency of the amount.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Interval of a fee as printed: its term, where that is known.
    #[must_use]
    pub fn term(&self) -> Option<Interval> {
        self.term
    }

    /// Whether the scan kept the usage intervals of this charge.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.timed
    }
}

/// A key as a saved bill writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedKey {
    texts: Vec<String>,
    kind: LineItemKind,
    currency: Currency,
    term: Option<Interval>,
    has_invoice_id: bool,
    timed: bool,
    dialect: Dialect,
    is_correction: bool,
}

impl SavedKey {
    pub(crate) fn of(key: &ChargeKey) -> Self {
        Self {
            texts: key.texts().map(str::to_owned).collect(),
            kind: key.kind,
            currency: key.currency,
            term: key.term,
            has_invoice_id: key.has_invoice_id,
            timed: key.timed,
            dialect: key.dialect,
            is_correction: key.is_correction,
        }
    }

    /// `None` where attributes are missing.
    pub(crate) fn into_key(self) -> Option<ChargeKey> {
        if self.texts.len() < FIELDS {
            return None;
        }
        let (text, ends, tag_ends) = pack(self.texts.iter().map(String::as_str));
        Some(ChargeKey {
            text,
            ends,
            tag_ends,
            kind: self.kind,
            currency: self.currency,
            term: self.term,
            has_invoice_id: self.has_invoice_id,
            timed: self.timed,
            dialect: self.dialect,
            is_correction: self.is_correction,
        })
    }
}
