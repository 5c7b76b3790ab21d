//! What the rows of a month sum to, by the letter of the spec and without the library: own decimals, own calendar.

use std::collections::BTreeMap;

use super::rows::NO_COST;

/// Product and usage account.
type Origin = (String, String);

const JUNE: (&str, &str) = ("2016-06-01 00:00:00", "2016-07-01 00:00:00");

/// Sums in units of 10⁻¹⁸.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Naive {
    pub(crate) billed: i128,
    pub(crate) excluded: i128,
    pub(crate) carried_in: i128,
    pub(crate) deferred: i128,
    /// What the parts of each origin must sum to; origins of 0 are left out.
    pub(crate) by_origin: BTreeMap<Origin, i128>,
}

impl Naive {
    pub(crate) fn of(header: &str, rows: &[String], book: &str) -> Self {
        let mut sums = Self::default();
        let mut fees: BTreeMap<(Origin, [String; 6]), i128> = BTreeMap::new();
        for row in table(&format!("{header}\n{}", rows.join("\n"))) {
            if row["UnBlendedCost"] == NO_COST {
                continue;
            }
            let cost = units(&row["UnBlendedCost"]);
            if row["RecordType"].ends_with("Total") {
                sums.excluded += cost;
                continue;
            }
            let linked = &row["LinkedAccountId"];
            let account = if linked.is_empty() { &row["PayerAccountId"] } else { linked };
            let origin = (row["ProductName"].clone(), account.clone());
            sums.billed += cost;
            *sums.by_origin.entry(origin.clone()).or_default() += cost;
            if let Some(kind) = fee_kind(&row) {
                let named = if row["SubscriptionId"].is_empty() { "ItemDescription" } else { "SubscriptionId" };
                let key = ["PayerAccountId", "UsageStartDate", "UsageEndDate", named].map(|column| row[column].clone());
                let [payer, start, end, id] = key;
                *fees.entry((origin, [payer, start, end, id, kind.to_owned(), named.to_owned()])).or_default() += cost;
            }
        }
        for ((origin, [_, start, end, ..]), fee) in fees {
            let Some(term) = term(&start, &end) else { continue };
            let deferred = fee - part(fee, term, i64::MIN, seconds(JUNE.1));
            sums.deferred += deferred;
            *sums.by_origin.entry(origin).or_default() -= deferred;
        }
        for row in table(book) {
            let is_earlier = row["billing_period"].as_str() < "2016-06";
            let Some(term) = term(&row["start"], &row["end"]).filter(|_| is_earlier && row["payer"] == "111111111111")
            else {
                continue;
            };
            let carried = part(units(&row["fee"]), term, seconds(JUNE.0), seconds(JUNE.1));
            sums.carried_in += carried;
            *sums.by_origin.entry((row["product"].clone(), row["usage_account"].clone())).or_default() += carried;
        }
        sums.by_origin.retain(|_, sum| *sum != 0);
        sums
    }
}

fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// Commitment fees of rows without resource (spec 3.1).
fn fee_kind(row: &BTreeMap<String, String>) -> Option<&'static str> {
    if row["RecordType"] != "LineItem" || !row["ResourceId"].is_empty() {
        return None;
    }
    if row["ItemDescription"].starts_with("Sign up charge") {
        return Some("UpfrontFee");
    }
    let is_recurring = row["ItemDescription"].contains("hours purchased,") || row["UsageType"].contains("HeavyUsage");
    is_recurring.then_some("RecurringFee")
}

/// Text as units, rounded half to even past the 18th decimal (spec 1.2).
pub(crate) fn units(text: &str) -> i128 {
    let text = text.to_lowercase();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let is_negative = mantissa.starts_with('-');
    let (whole, decimals) = mantissa.trim_start_matches(['-', '+']).split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{decimals}").trim_start_matches(['-', '+']).parse().unwrap();
    let shift = exponent.parse::<i32>().unwrap() + 18 - i32::try_from(decimals.len()).unwrap();
    let size = if shift >= 0 {
        digits * 10i128.pow(shift.unsigned_abs())
    } else {
        let divisor = 10i128.pow(shift.unsigned_abs());
        let (kept, twice) = (digits / divisor, digits % divisor * 2);
        kept + i128::from(twice > divisor || (twice == divisor && kept % 2 == 1))
    };
    if is_negative { -size } else { size }
}

/// Seconds since 1970 of `YYYY-MM-DD HH:MM:SS`.
fn seconds(text: &str) -> i64 {
    let [year, month, day, hour, minute, second] = fields(text);
    let is_leap = |year: i64| year % 4 == 0;
    let days: i64 = (1970..year).map(|year| 365 + i64::from(is_leap(year))).sum();
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30];
    let days = days + lengths.iter().take(usize::try_from(month - 1).unwrap()).sum::<i64>() + day - 1;
    days * 86_400 + hour * 3600 + minute * 60 + second
}

fn fields(text: &str) -> [i64; 6] {
    let numbers: Vec<i64> = text.split(['-', ' ', ':']).map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// A term of 28 days or more, its printed end made exclusive (spec 6.1).
fn term(start: &str, end: &str) -> Option<(i64, i64)> {
    if start.is_empty() {
        return None;
    }
    let (from, printed) = (seconds(start), seconds(end));
    // The days of the months here are all below 28, so that whole months keep day and time.
    let next = printed + 1;
    let ([_, _, day, hour, minute, second], [_, _, end_day, end_hour, end_minute, end_second]) =
        (fields(start), fields(end));
    let whole_months = (day, hour, minute, second) == (end_day, end_hour, end_minute, end_second + 1);
    let is_inclusive = end_second != 0 && (next % 3600 == 0 || whole_months);
    let until = if is_inclusive { next } else { printed };
    (until - from >= 28 * 86_400).then_some((from, until))
}

/// `⌊|fee|·s(b)/S⌋ − ⌊|fee|·s(a)/S⌋`, sign put back.
fn part(fee: i128, (start, end): (i64, i64), a: i64, b: i64) -> i128 {
    let elapsed = |until: i64| i128::from(until.clamp(start, end) - start) * fee.abs() / i128::from(end - start);
    (elapsed(b) - elapsed(a)) * fee.signum()
}
