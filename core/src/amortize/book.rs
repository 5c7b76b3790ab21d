//! The reservation book: fees that reach across periods (spec 6.2).
//!
//! Invariants:
//! - entries are sorted by key and no two have the same key;
//! - every entry has a known term (spec 6.1) that is not wholly inside its billing period: the others change nothing;
//! - a scan of (payer, period) replaces every entry billed to that payer in that period, and no other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::schedule::known_term;
use crate::bill::{Bill, Charge, Covers, CoversById, Digest, commitment_id};
use crate::classify::LineItemKind;
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency};
use crate::time::{BillingPeriod, Interval, Timestamp};

/// One fee of known term, as billed. All fields up to `currency` are its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookEntry {
    /// Account that was invoiced.
    pub payer: String,
    /// Period it was billed in.
    pub billing_period: BillingPeriod,
    /// Account that bought.
    pub usage_account: String,
    /// AWS product.
    pub product: String,
    /// Upfront or recurring fee.
    pub kind: LineItemKind,
    /// Subscription or reservation id, else the description.
    pub commitment_id: String,
    /// Start of the term as printed.
    pub start: Timestamp,
    /// End of the term as printed.
    pub end: Timestamp,
    /// Currency of the fee.
    pub currency: Currency,
    /// The whole fee.
    pub fee: Amount,
    /// Usage type that it is for, such as `USW2-HeavyUsage:c4.large`, where its bill says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_type: Option<String>,
    /// Availability zone that it is for, where its bill says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How many reservations it bought, where its bill says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Amount>,
}

/// What tells an entry from others, in the order of its fields.
type Key<'e> = (&'e str, BillingPeriod, &'e str, &'e str, LineItemKind, &'e str, Timestamp, Timestamp, Currency);

impl BookEntry {
    /// The term amortized over (spec 6.1), if the printed interval names one.
    #[must_use]
    pub fn term(&self) -> Option<Interval> {
        known_term(Interval::new(self.start, self.end))
    }

    fn key(&self) -> Key<'_> {
        (
            &self.payer,
            self.billing_period,
            &self.usage_account,
            &self.product,
            self.kind,
            &self.commitment_id,
            self.start,
            self.end,
            self.currency,
        )
    }

    /// The entry of these rows of a bill.
    fn billed<'b>(self, charges: &[&'b Charge], known: &CoversById<'b>) -> Result<Self> {
        let fee = Amount::sum(charges.iter().map(|charge| charge.unblended()))?;
        let own = Covers::of(charges);
        let covers = charges.first().map_or(own, |first| known.of(fee_key(first), own));
        // The quantity of an upfront fee counts what was bought, that of a recurring one the hours of its period.
        let quantity = Amount::sum(charges.iter().map(|charge| charge.quantity()))?;
        let is_count = self.kind == LineItemKind::UpfrontFee && quantity > Amount::ZERO;
        Ok(Self {
            fee,
            usage_type: covers.usage_type.map(str::to_owned),
            zone: covers.zone.map(str::to_owned),
            count: is_count.then_some(quantity),
            ..self
        })
    }

    /// Whether the term ends outside the period it was billed in; any other fee is this period's alone.
    fn reaches_out(&self, term: Interval) -> bool {
        let period = self.billing_period.interval();
        term.start < period.start || period.end < term.end
    }

    /// Takes over what only `same` knows of the same fee.
    fn learn(&mut self, same: Self) -> Result<()> {
        if self.fee != same.fee {
            let currency = self.currency;
            return Err(self.conflict(&format!("is {} {currency} and also {} {currency}", self.fee, same.fee)));
        }
        let texts = [(&self.usage_type, &same.usage_type), (&self.zone, &same.zone)];
        for (mine, other) in texts.into_iter().filter_map(|(mine, other)| mine.as_ref().zip(other.as_ref())) {
            if mine != other {
                return Err(self.conflict(&format!("is for `{mine}` and also for `{other}`")));
            }
        }
        if let Some((mine, other)) = self.count.zip(same.count).filter(|(mine, other)| mine != other) {
            return Err(self.conflict(&format!("bought {mine} and also {other} reservations")));
        }
        self.usage_type = self.usage_type.take().or(same.usage_type);
        self.zone = self.zone.take().or(same.zone);
        self.count = self.count.or(same.count);
        Ok(())
    }

    fn conflict(&self, difference: &str) -> Error {
        let message = format!(
            "the fee `{}` of payer `{}`, billed in {} to account `{}`, {difference}",
            self.commitment_id, self.payer, self.billing_period, self.usage_account,
        );
        Error::new(ErrorCode::ReservationsConflict, message)
    }
}

/// Payer, product and id of a fee.
fn fee_key(charge: &Charge) -> (&str, &str, &str) {
    let key = charge.key();
    (key.payer(), key.product(), commitment_id(key.reservation_id(), key.description()))
}

/// Fees by key, sorted, no two with the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<BookEntry>", into = "Vec<BookEntry>")]
pub struct ReservationBook(Vec<BookEntry>);

impl ReservationBook {
    /// The book of these fees. A fee given twice is one, of which all is known that either says; a fee wholly inside its billing period is left out, because
    /// it changes nothing.
    ///
    /// # Errors
    /// `reservations.conflict` where a key stands with two fees, or with one that is for two things; `reservations.bad_table` where an entry is no fee or
    /// has no known term.
    ///
    /// ```
    /// use unblended::{BookEntry, LineItemKind, ReservationBook};
    /// let fee = BookEntry {
    ///     payer: "111111111111".into(),
    ///     billing_period: "2015-12".parse()?,
    ///     usage_account: "222222222222".into(),
    ///     product: "Amazon Elastic Compute Cloud".into(),
    ///     kind: LineItemKind::UpfrontFee,
    ///     commitment_id: "123".into(),
    ///     start: "2015-12-06 00:00:00".parse()?,
    ///     end: "2016-12-05 23:59:59".parse()?,
    ///     currency: "USD".parse()?,
    ///     fee: "350".parse()?,
    ///     usage_type: Some("HeavyUsage:c4.large".into()),
    ///     zone: None,
    ///     count: Some("1".parse()?),
    /// };
    /// assert_eq!(ReservationBook::new(vec![fee.clone(), fee])?.entries().len(), 1);
    /// # Ok::<(), unblended::Error>(())
    /// ```
    pub fn new(mut entries: Vec<BookEntry>) -> Result<Self> {
        entries.sort_unstable();
        entries.dedup();
        let mut kept: Vec<BookEntry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(term) = entry.term().filter(|_| entry.kind.is_fee()) else {
                let message = format!("`{}` is no commitment fee with a term of 28 days or more", entry.commitment_id);
                return Err(Error::new(ErrorCode::ReservationsBadTable, message));
            };
            if let Some(same) = kept.last_mut().filter(|last| last.key() == entry.key()) {
                same.learn(entry)?;
                continue;
            }
            if entry.reaches_out(term) {
                kept.push(entry);
            }
        }
        Ok(Self(kept))
    }

    /// The fees a scan found: every fee charge whose term is known and not wholly inside the bill's period. Charges
    /// with equal keys add up.
    ///
    /// # Errors
    /// `money.overflow` where a sum leaves the range.
    pub fn from_scan(bill: &Bill) -> Result<Self> {
        let Some(billing_period) = bill.period() else { return Ok(Self::default()) };
        let mut fees: BTreeMap<BookEntry, Vec<&Charge>> = BTreeMap::new();
        let mut known = CoversById::default();
        for charge in bill.charges() {
            let key = charge.key();
            let Some(printed) = key.term().filter(|_| key.kind().is_fee()) else { continue };
            known.add(fee_key(charge), Covers::of(&[charge]));
            let commitment_id = if key.reservation_id().is_empty() { key.description() } else { key.reservation_id() };
            let entry = BookEntry {
                payer: key.payer().to_owned(),
                billing_period,
                usage_account: key.usage_account().to_owned(),
                product: key.product().to_owned(),
                kind: key.kind(),
                commitment_id: commitment_id.to_owned(),
                start: printed.start,
                end: printed.end,
                currency: key.currency(),
                fee: Amount::ZERO,
                usage_type: None,
                zone: None,
                count: None,
            };
            if entry.term().is_some_and(|term| entry.reaches_out(term)) {
                fees.entry(entry).or_default().push(charge);
            }
        }
        fees.into_iter().map(|(entry, charges)| entry.billed(&charges, &known)).collect::<Result<_>>().map(Self)
    }

    /// The entries, sorted by key.
    #[must_use]
    pub fn entries(&self) -> &[BookEntry] {
        &self.0
    }

    /// The book after a scan of `payers` in `period`: all their fees billed in it are those of the scan.
    #[must_use]
    pub fn replaced_by_scan(&self, payers: &BTreeSet<String>, period: BillingPeriod, scan: &Self) -> Self {
        let scanned: BTreeSet<Key<'_>> = scan.0.iter().map(BookEntry::key).collect();
        let stays = |entry: &&BookEntry| {
            (entry.billing_period != period || !payers.contains(&entry.payer)) && !scanned.contains(&entry.key())
        };
        let mut entries: Vec<BookEntry> = self.0.iter().filter(stays).chain(&scan.0).cloned().collect();
        entries.sort_unstable();
        Self(entries)
    }

    /// The fees of a given table and of a store together.
    ///
    /// # Errors
    /// `reservations.conflict` where a fee stands in both with different amounts.
    pub fn combine(given: &Self, stored: &Self) -> Result<Self> {
        Self::new(given.0.iter().chain(&stored.0).cloned().collect())
    }

    /// Hash of all entries: equal books have equal digests.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = b"unblended reservation book 1".to_vec();
        for entry in &self.0 {
            // What is not known leaves no trace: a book has the digest that it had before there were such columns.
            let known = entry.optional_texts();
            let known = known.iter().map(Option::as_deref).map(Option::unwrap_or_default);
            let known = known.filter(|_| entry.says_what_it_covers()).map(str::to_owned);
            for text in entry.texts().into_iter().chain(known) {
                bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
        Digest::of(&bytes)
    }
}

impl TryFrom<Vec<BookEntry>> for ReservationBook {
    type Error = Error;

    fn try_from(entries: Vec<BookEntry>) -> Result<Self> {
        Self::new(entries)
    }
}

impl From<ReservationBook> for Vec<BookEntry> {
    fn from(book: ReservationBook) -> Self {
        book.0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bill::{BillBuilder, BillOptions};
    use crate::classify::LineItem;
    use proptest::prelude::*;

    pub(crate) fn entry(payer: &str, period: &str, id: &str, fee: &str) -> BookEntry {
        BookEntry {
            payer: payer.into(),
            billing_period: period.parse().unwrap(),
            usage_account: "22".into(),
            product: "EC2".into(),
            kind: LineItemKind::UpfrontFee,
            commitment_id: id.into(),
            start: "2015-12-06 00:00:00".parse().unwrap(),
            end: "2016-12-05 23:59:59".parse().unwrap(),
            currency: Currency::USD,
            fee: fee.parse().unwrap(),
            usage_type: None,
            zone: None,
            count: None,
        }
    }

    pub(crate) fn book(entries: &[BookEntry]) -> ReservationBook {
        ReservationBook::new(entries.to_vec()).unwrap()
    }

    /// A bill of 2016-06 with these (kind, reservation id, description, start, end, cost) rows of payer `1`.
    fn bill(rows: &[(LineItemKind, &str, &str, &str, &str, &str)]) -> Bill {
        let options = BillOptions::default();
        let mut builder = BillBuilder::new(&options);
        for (at, (kind, id, description, start, end, cost)) in rows.iter().enumerate() {
            let mut item: LineItem<'_> =
                serde_json::from_str(r#"{"dialect":"dbr","line_item_type":"LineItem","cost":"0"}"#).unwrap();
            let region = at.to_string();
            (item.payer_account, item.usage_account, item.product) = ("1", "22", "EC2");
            (item.reservation_id, item.description, item.region) = (id, description, &region);
            item.interval = Some(Interval::new(start.parse().unwrap(), end.parse().unwrap()));
            item.cost = cost.parse().unwrap();
            builder.add(&item, *kind).unwrap();
        }
        builder.finish("2016-06".parse().unwrap()).unwrap()
    }

    #[test]
    fn equal_keys_of_a_scan_add_up_and_fees_of_one_period_or_unknown_term_are_left_out() {
        use LineItemKind::{RecurringFee, UpfrontFee, Usage};
        let year = ("2016-06-06 10:00:00", "2017-06-06 09:59:59");
        let book = ReservationBook::from_scan(&bill(&[
            (UpfrontFee, "77", "Sign up charge a", year.0, year.1, "100.5"),
            // Another region is another charge, but the same fee.
            (UpfrontFee, "77", "Sign up charge a", year.0, year.1, "0.25"),
            (UpfrontFee, "", "Sign up charge b", year.0, year.1, "3"),
            (RecurringFee, "77", "", "2016-06-01 00:00:00", "2016-06-30 23:59:59", "9"),
            (RecurringFee, "78", "", "2016-06-02 00:00:00", "2016-07-01 00:00:01", "8"),
            (UpfrontFee, "79", "", "2016-06-01 00:00:00", "2016-06-02 00:00:00", "7"),
            (Usage, "77", "", year.0, year.1, "5"),
        ]))
        .unwrap();
        let found: Vec<_> = book.entries().iter().map(|e| (e.commitment_id.as_str(), e.fee.to_string())).collect();
        let expected = [("78", "8"), ("77", "100.75"), ("Sign up charge b", "3")];
        assert_eq!(found, expected.map(|(id, fee)| (id, fee.to_owned())));
        assert_eq!(ReservationBook::from_scan(&Bill::default()).unwrap(), ReservationBook::default());
    }

    #[test]
    fn a_repeated_key_is_one_fee_and_another_amount_is_a_conflict() {
        let twice = vec![entry("1", "2015-12", "a", "5"), entry("1", "2015-12", "a", "5.0")];
        assert_eq!(ReservationBook::new(twice).unwrap().entries().len(), 1);
        let apart = vec![entry("1", "2015-12", "a", "5"), entry("1", "2015-12", "a", "6")];
        let error = ReservationBook::new(apart).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReservationsConflict);
        assert!(error.to_string().contains("is 5 USD and also 6 USD"), "{error}");
    }

    #[test]
    fn an_entry_without_known_term_is_a_bad_table() {
        let mut short = entry("1", "2015-12", "a", "5");
        short.end = short.start.plus_millis(1000);
        let mut usage = entry("1", "2015-12", "a", "5");
        usage.kind = LineItemKind::Usage;
        for wrong in [short, usage] {
            let error = ReservationBook::new(vec![wrong]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ReservationsBadTable);
        }
    }

    #[test]
    fn a_scan_replaces_exactly_what_its_payers_were_billed_in_its_period() {
        let before = book(&[
            entry("1", "2015-12", "a", "5"),
            entry("1", "2015-12", "b", "6"),
            entry("1", "2015-11", "a", "7"),
            entry("2", "2015-12", "a", "8"),
        ]);
        let scan = book(&[entry("1", "2015-12", "a", "50"), entry("1", "2015-12", "c", "9")]);
        let payers = BTreeSet::from(["1".to_owned()]);
        let after = before.replaced_by_scan(&payers, "2015-12".parse().unwrap(), &scan);
        let expected = book(&[
            entry("1", "2015-12", "a", "50"),
            entry("1", "2015-12", "c", "9"),
            entry("1", "2015-11", "a", "7"),
            entry("2", "2015-12", "a", "8"),
        ]);
        assert_eq!(after, expected);
        let emptied = after.replaced_by_scan(&payers, "2015-12".parse().unwrap(), &ReservationBook::default());
        assert_eq!(emptied.entries().len(), 2);
    }

    #[test]
    fn a_fee_in_table_and_store_must_be_equal() {
        let stored = book(&[entry("1", "2015-12", "a", "5")]);
        let both = ReservationBook::combine(&book(&[entry("1", "2015-12", "b", "6")]), &stored).unwrap();
        assert_eq!(both.entries().len(), 2);
        assert_eq!(ReservationBook::combine(&stored, &stored).unwrap(), stored);
        let other = book(&[entry("1", "2015-12", "a", "4")]);
        let error = ReservationBook::combine(&other, &stored).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReservationsConflict);
    }

    #[test]
    fn json_that_contradicts_itself_is_no_book() {
        let apart = [entry("1", "2015-12", "a", "5"), entry("1", "2015-12", "a", "6")];
        let text = serde_json::to_string(&apart).unwrap();
        assert!(serde_json::from_str::<ReservationBook>(&text).is_err());
    }

    fn any_entry() -> impl Strategy<Value = BookEntry> {
        (0..3u8, 10..13u8, 0..3u8, 0..3i128).prop_map(|(payer, month, id, fee)| BookEntry {
            fee: Amount::from_units(fee),
            ..entry(&payer.to_string(), &format!("2015-{month}"), &id.to_string(), "0")
        })
    }

    proptest! {
        #[test]
        fn order_of_entries_changes_nothing(mut entries in prop::collection::vec(any_entry(), 0..12), turn in 0usize..12) {
            let book = ReservationBook::new(entries.clone()).ok();
            let turned = turn.min(entries.len());
            entries.rotate_left(turned);
            let again = ReservationBook::new(entries).ok();
            prop_assert_eq!(book.as_ref().map(ReservationBook::digest), again.as_ref().map(ReservationBook::digest));
            prop_assert_eq!(book, again);
        }

        #[test]
        fn a_repeated_scan_changes_nothing(
            before in prop::collection::vec(any_entry(), 0..9),
            scanned in prop::collection::vec(any_entry(), 0..9),
        ) {
            let (Ok(before), Ok(scan)) = (ReservationBook::new(before), ReservationBook::new(scanned)) else {
                return Ok(());
            };
            let payers = BTreeSet::from(["1".to_owned()]);
            let period: BillingPeriod = "2015-12".parse().unwrap();
            let once = before.replaced_by_scan(&payers, period, &scan);
            prop_assert_eq!(&once.replaced_by_scan(&payers, period, &scan), &once);
            // Still a book: sorted, without repeated keys.
            prop_assert_eq!(&ReservationBook::new(once.0.clone()).unwrap(), &once);
        }
    }
}
