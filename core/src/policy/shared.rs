//! Shared pools and providers as the policy names them (spec 5.7, 5.8, 12).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

#[cfg(feature = "facade")]
use super::DecimalText;
use super::file::bad_value;
use super::table::PolicyTable;
use super::{Among, Match, Policy, is_in_effect};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ProductArea;
use crate::time::BillingPeriod;

/// A shared pool: charges that match are set aside before the rules and shared once everything else has an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SharedPool {
    /// Name in rows that are kept and in diagnostics; `shared-1` and so on by position where it is not given.
    #[serde(default)]
    pub name: String,
    /// First billing period it holds in.
    #[serde(default)]
    pub from: Option<BillingPeriod>,
    /// Last billing period it holds in.
    #[serde(default)]
    pub to: Option<BillingPeriod>,
    /// What it takes; all patterns given must match. The first pool that matches a charge takes it.
    #[serde(rename = "match", default)]
    pub matches: Match,
    /// How it is shared.
    pub method: PoolMethod,
    /// Whose cost counts for `proportional`, and who takes part in `even`.
    #[serde(default)]
    pub of: PoolScope,
    /// Who takes part in `proportional`: product areas, or idle and unattributed cost too.
    #[serde(default = "areas")]
    pub among: Among,
    /// The shares of `fixed`, which sum to 1.
    #[serde(default)]
    #[cfg_attr(feature = "facade", schemars(with = "BTreeMap<ProductArea, DecimalText>"))]
    pub shares: BTreeMap<ProductArea, Decimal>,
    /// The table of `metric`: a path, or its rows.
    #[serde(default)]
    pub metric: PolicyTable<MetricRow>,
}

fn areas() -> Among {
    Among::Areas
}

/// How a pool is shared (spec 5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PoolMethod {
    /// It stays a row of its own, under its name.
    Keep,
    /// In proportion to attributed cost; a negative total has weight 0.
    Proportional,
    /// In equal parts to every product area that has cost.
    Even,
    /// By the percentages in `shares`.
    Fixed,
    /// By the weights in `metric`.
    Metric,
}

/// Which cost is compared with that of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PoolScope {
    /// All cost of the bill.
    #[default]
    All,
    /// Cost of the same usage account.
    Account,
    /// Cost of the same AWS product.
    Product,
}

/// One weight of a table of metrics. Rows of one area add up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MetricRow {
    /// Who takes part.
    pub area: ProductArea,
    /// How much, in any unit; not negative.
    #[cfg_attr(feature = "facade", schemars(with = "DecimalText"))]
    pub weight: Decimal,
    /// The billing period it holds in; every one where it is not given.
    #[serde(default)]
    pub period: Option<BillingPeriod>,
}

/// A product area whose cost is reallocated to those it works for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The provider.
    pub area: ProductArea,
    /// First billing period it is one in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<BillingPeriod>,
    /// Last billing period it is one in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<BillingPeriod>,
    /// Its consumers: a path, or the rows. Without consumers it keeps its cost.
    #[serde(default)]
    pub keys: PolicyTable<KeyRow>,
}

/// What one consumer takes of a provider. Rows of one consumer add up.
///
/// A consumer may be a provider too, in cycles as well, and may have no cost of its own. What a provider takes of
/// itself changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyRow {
    /// The provider, so that one table can serve several; the one that names the table where it is not given.
    #[serde(default)]
    pub provider: Option<ProductArea>,
    /// Who consumes.
    pub consumer: ProductArea,
    /// How much, in any unit; not negative.
    #[cfg_attr(feature = "facade", schemars(with = "DecimalText"))]
    pub key: Decimal,
    /// The billing period it holds in; every one where it is not given.
    #[serde(default)]
    pub period: Option<BillingPeriod>,
}

/// Consumers and their keys, summed, by provider.
pub(crate) type Keys<'p> = BTreeMap<&'p str, BTreeMap<&'p str, Decimal>>;

impl SharedPool {
    /// Its name, or one by its position in the policy.
    pub(crate) fn name_at(&self, position: usize) -> Cow<'_, str> {
        if self.name.is_empty() { Cow::Owned(format!("shared-{}", position + 1)) } else { Cow::Borrowed(&self.name) }
    }

    /// The weights of `metric` in a period, summed by area.
    pub(crate) fn metric_in(&self, period: BillingPeriod) -> Result<BTreeMap<&str, Decimal>> {
        let mut weights = BTreeMap::new();
        for row in self.metric.rows()?.iter().filter(|row| row.period.is_none_or(|only| only == period)) {
            add(&mut weights, row.area.as_str(), row.weight)?;
        }
        Ok(weights)
    }

    fn check(&self, name: &str) -> Result<()> {
        let refuse = |problem: &str| Err(bad_value(format!("shared pool `{name}` {problem}")));
        if self.from.zip(self.to).is_some_and(|(from, to)| to < from) {
            return refuse("ends before it starts");
        }
        match self.method {
            PoolMethod::Fixed => check_shares(name, &self.shares)?,
            _ if !self.shares.is_empty() => return refuse("has `shares`, which only the method `fixed` has"),
            _ => {}
        }
        match (self.method == PoolMethod::Metric, self.metric.is_given()) {
            (true, false) => return refuse("has the method `metric` and no `metric`"),
            (false, true) => return refuse("has a `metric`, which only the method `metric` has"),
            _ => {}
        }
        if self.of != PoolScope::All && !matches!(self.method, PoolMethod::Proportional | PoolMethod::Even) {
            return refuse("has `of`, which only the methods `proportional` and `even` have");
        }
        if self.among != Among::Areas && self.method != PoolMethod::Proportional {
            return refuse("has `among`, which only the method `proportional` has");
        }
        if self.metric.given_rows().iter().any(|row| row.weight < Decimal::ZERO) {
            return refuse("has a negative weight in its `metric`");
        }
        Ok(())
    }
}

fn check_shares(name: &str, shares: &BTreeMap<ProductArea, Decimal>) -> Result<()> {
    let refuse =
        |problem: &str| Err(Error::new(ErrorCode::ConfigRuleSplit, format!("shared pool `{name}` has {problem}")));
    if shares.values().any(|share| *share < Decimal::ZERO) {
        return refuse("a negative share");
    }
    let sum = shares.values().try_fold(Decimal::ZERO, |sum, share| sum.checked_add(*share));
    if sum == Some(Decimal::ONE) { Ok(()) } else { refuse("`shares` that do not sum to 1") }
}

/// Checks pools and providers: names, shares, weights, and that what providers take has a way out.
pub(super) fn check(policy: &Policy) -> Result<()> {
    let mut names = BTreeSet::new();
    for (position, pool) in policy.shared.iter().enumerate() {
        let name = pool.name_at(position);
        pool.check(&name)?;
        if !names.insert(name.clone()) {
            return Err(bad_value(format!("two shared pools have the name `{name}`")));
        }
    }
    for (at, provider) in policy.providers.iter().enumerate() {
        if provider.from.zip(provider.to).is_some_and(|(from, to)| to < from) {
            return Err(bad_value(format!("the provider `{}` ends before it starts", provider.area)));
        }
        let mut others = policy.providers.iter().take(at).filter(|other| other.area == provider.area);
        if others.any(|other| provider.overlaps(other)) {
            return Err(bad_value(format!("the provider `{}` stands twice", provider.area)));
        }
        if provider.keys.given_rows().iter().any(|row| row.key < Decimal::ZERO) {
            return Err(bad_value(format!("the provider `{}` has a negative key", provider.area)));
        }
    }
    if policy.has_unread_tables() {
        return Ok(());
    }
    let mut periods = differing_periods(&policy.providers).into_iter().map(Some).chain([None]);
    periods.try_for_each(|period| keys_in(&policy.providers, period).and_then(|keys| refuse_closed(&keys)))
}

/// Periods of which every other one has the keys of one of them, or of the time before all of them: those that rows
/// name, those in which a provider starts or has ended, and those after each.
fn differing_periods(providers: &[Provider]) -> BTreeSet<BillingPeriod> {
    let rows = providers.iter().flat_map(|provider| provider.keys.given_rows()).filter_map(|row| row.period);
    let starts = providers.iter().filter_map(|provider| provider.from);
    let ends = providers.iter().filter_map(|provider| provider.to).map(BillingPeriod::next);
    rows.chain(starts).chain(ends).flat_map(|period| [period, period.next()]).collect()
}

impl Provider {
    fn overlaps(&self, other: &Self) -> bool {
        let starts_by =
            |from: Option<BillingPeriod>, to: Option<BillingPeriod>| from.zip(to).is_none_or(|(from, to)| from <= to);
        starts_by(self.from, other.to) && starts_by(other.from, self.to)
    }

    /// Whether it is a provider in a period; in `None`, the time before any that the policy names.
    fn is_in_effect(&self, period: Option<BillingPeriod>) -> bool {
        period.map_or(self.from.is_none(), |period| is_in_effect(self.from, self.to, period))
    }
}

/// The keys of a period; of `None` those that hold before every period that the policy names. Keys of 0 and of a
/// provider to itself are left out, and so are providers without consumers.
pub(crate) fn keys_in(providers: &[Provider], period: Option<BillingPeriod>) -> Result<Keys<'_>> {
    let mut keys = Keys::new();
    for provider in providers.iter().filter(|provider| provider.is_in_effect(period)) {
        let name = provider.area.as_str();
        for row in provider.keys.rows()? {
            let of_another = row.provider.as_ref().is_some_and(|named| named.as_str() != name);
            let of_another_period = row.period.is_some_and(|only| Some(only) != period);
            if !of_another && !of_another_period && !row.key.is_zero() && row.consumer.as_str() != name {
                add(keys.entry(name).or_default(), row.consumer.as_str(), row.key)?;
            }
        }
    }
    Ok(keys)
}

fn add<'p>(sums: &mut BTreeMap<&'p str, Decimal>, area: &'p str, weight: Decimal) -> Result<()> {
    let sum = sums.entry(area).or_default();
    *sum = sum
        .checked_add(weight)
        .ok_or_else(|| Error::new(ErrorCode::MoneyOverflow, format!("the weights of `{area}` leave the range")))?;
    Ok(())
}

/// Refuses providers whose cost can never reach an area that keeps it: there is no such share (spec 5.8).
fn refuse_closed(keys: &Keys<'_>) -> Result<()> {
    let mut stuck: BTreeSet<&str> = keys.keys().copied().collect();
    loop {
        let leaves = |provider: &&str| {
            keys.get(provider).is_some_and(|consumers| consumers.keys().any(|consumer| !stuck.contains(consumer)))
        };
        let free: Vec<&str> = stuck.iter().copied().filter(leaves).collect();
        if free.is_empty() {
            break;
        }
        stuck.retain(|provider| !free.contains(provider));
    }
    let Some(start) = stuck.first() else { return Ok(()) };
    // Every consumer of a stuck provider is stuck, so the walk comes back to where it was.
    let mut walk = vec![*start];
    let mut at = *start;
    while let Some(next) = keys.get(at).and_then(|consumers| consumers.keys().next()) {
        if let Some(seen) = walk.iter().position(|known| known == next) {
            walk.drain(..seen);
            walk.push(next);
            break;
        }
        walk.push(next);
        at = next;
    }
    let names: Vec<String> = walk.iter().map(|area| format!("`{area}`")).collect();
    let message = format!("the providers {} take each other's cost and no other area does", names.join(" → "));
    Err(Error::new(ErrorCode::AttributeClosedCycle, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ErrorCode {
        Policy::from_toml(text).unwrap_err().code()
    }

    #[test]
    fn a_pool_needs_what_its_method_asks_for_and_nothing_else() {
        for pool in [
            "method = \"metric\"",
            "method = \"even\"\nmetric = [{ area = \"a\", weight = 1 }]",
            "method = \"metric\"\nmetric = [{ area = \"a\", weight = -1 }]",
            "method = \"metric\"\nmetric = [{ area = \"\", weight = 1 }]",
            "method = \"keep\"\nof = \"account\"",
            "method = \"even\"\namong = \"all\"",
            "method = \"even\"\nshares = { a = 1 }",
            "method = \"even\"\nfrom = \"2016-02\"\nto = \"2016-01\"",
            "method = \"halves\"",
        ] {
            assert_eq!(code(&format!("[[shared]]\n{pool}")), ErrorCode::ConfigBadValue, "{pool}");
        }
        for shares in ["{}", "{ a = \"0.9\" }", "{ a = \"1.5\", b = \"-0.5\" }"] {
            let pool = format!("[[shared]]\nmethod = \"fixed\"\nshares = {shares}");
            assert_eq!(code(&pool), ErrorCode::ConfigRuleSplit, "{shares}");
        }
        let two = "[[shared]]\nname = \"tax\"\nmethod = \"keep\"\n";
        assert_eq!(code(&two.repeat(2)), ErrorCode::ConfigBadValue);
        assert_eq!(
            Policy::from_toml("[[shared]]\nmethod = \"keep\"\nmetod = 1").unwrap_err().to_string(),
            "unknown key `metod`, did you mean `method`?"
        );
    }

    fn providers(keys: &[(&str, &str, &str)]) -> Result<Policy> {
        let row = |(provider, consumer, key): &(&str, &str, &str)| {
            format!("{{ provider = \"{provider}\", consumer = \"{consumer}\", key = \"{key}\" }}")
        };
        let rows = keys.iter().map(row).collect::<Vec<_>>().join(", ");
        let areas: BTreeSet<&str> = keys.iter().map(|(provider, _, _)| *provider).collect();
        let table = |area: &&str| format!("[[providers]]\narea = \"{area}\"\nkeys = [{rows}]\n");
        let text: String = areas.iter().map(table).collect();
        Policy::from_toml(&text)
    }

    #[test]
    fn a_cycle_without_a_way_out_is_refused_by_name() {
        let error = providers(&[("x", "b", "1"), ("b", "c", "1"), ("c", "b", "2"), ("c", "c", "1"), ("c", "d", "0")]);
        let error = error.unwrap_err();
        assert_eq!(error.code(), ErrorCode::AttributeClosedCycle);
        assert_eq!(error.to_string(), "the providers `b` → `c` → `b` take each other's cost and no other area does");
        providers(&[("b", "c", "1"), ("c", "b", "2"), ("c", "d", "0.001")]).unwrap();
        providers(&[("b", "b", "1")]).unwrap();
    }

    #[test]
    fn a_cycle_that_is_closed_in_one_period_only_is_refused() {
        let text = "[[providers]]\narea = \"a\"\nkeys = [{ consumer = \"b\", key = 1 }]\n[[providers]]\narea = \"b\"\n\
            keys = [{ consumer = \"a\", key = 1, period = \"2016-07\" }, { consumer = \"c\", key = 1, period = \"2016-06\" }]";
        assert_eq!(code(text), ErrorCode::AttributeClosedCycle);
        Policy::from_toml(&text.replace("2016-07", "2016-06")).unwrap();
    }

    #[test]
    fn a_cycle_that_dates_keep_apart_is_none() {
        let text = |a: &str, b: &str| {
            let provider = |area: &str, consumer: &str, dates: &str| {
                format!(
                    "[[providers]]\narea = \"{area}\"\n{dates}\nkeys = [{{ consumer = \"{consumer}\", key = 1 }}]\n"
                )
            };
            Policy::from_toml(&(provider("a", "b", a) + &provider("b", "a", b)))
        };
        text("to = \"2016-05\"", "from = \"2016-06\"").unwrap();
        for (a, b) in [
            ("to = \"2016-06\"", "from = \"2016-06\""),
            ("to = \"2016-06\"", ""),
            ("from = \"2016-06\"", ""),
            ("from = \"2016-06\"\nto = \"2016-06\"", "from = \"2016-01\""),
        ] {
            assert_eq!(text(a, b).unwrap_err().code(), ErrorCode::AttributeClosedCycle, "{a}, {b}");
        }
    }

    #[test]
    fn providers_that_stand_twice_and_negative_keys_are_refused() {
        assert_eq!(code(&"[[providers]]\narea = \"a\"\n".repeat(2)), ErrorCode::ConfigBadValue);
        let dated = |first: &str, second: &str| {
            Policy::from_toml(&format!("[[providers]]\narea = \"a\"\n{first}\n[[providers]]\narea = \"a\"\n{second}"))
        };
        dated("to = \"2016-05\"", "from = \"2016-06\"").unwrap();
        for (first, second) in [
            ("to = \"2016-06\"", "from = \"2016-06\""),
            ("from = \"2016-06\"", ""),
            ("from = \"2016-06\"\nto = \"2016-05\"", ""),
        ] {
            assert_eq!(dated(first, second).unwrap_err().code(), ErrorCode::ConfigBadValue, "{first}, {second}");
        }
        assert_eq!(providers(&[("a", "b", "-1")]).unwrap_err().code(), ErrorCode::ConfigBadValue);
        assert_eq!(code("[[providers]]\narea = \"\""), ErrorCode::ConfigBadValue);
        assert_eq!(providers(&[("a", "", "1")]).unwrap_err().code(), ErrorCode::ConfigBadValue);
    }

    #[test]
    fn a_policy_that_says_nothing_new_keeps_its_digest() {
        let text = serde_json::to_string(&Policy::default()).unwrap();
        for key in ["shared", "providers", "empty_host", "detached"] {
            assert!(!text.contains(key), "{text}");
        }
    }
}
