//! Ordered, effective-dated rules on a charge's original attributes (spec 5.1).

use std::cell::RefCell;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use wildmatch::WildMatch;

use super::claim::{Claim, Origin};
use super::ledger::Ledger;
use super::overlaps::Overlaps;
use super::portion::Portion;
use super::tags::{cost_category_position, tag_position};
use crate::bill::{Bill, Charge, ChargeKey};
use crate::classify::LineItemKind;
use crate::diagnostic::{DiagnosticCode, Diagnostics};
use crate::error::{Error, ErrorCode, Result};
use crate::money::{Amount, Currency};
use crate::policy::{Match, Patterns, Policy, Rule, is_in_effect};
use crate::rollup::Mechanism;

/// The rules in effect, ready to match.
pub(super) struct Rules<'a> {
    /// Kinds of line item types that the format does not name.
    kinds: &'a BTreeMap<String, LineItemKind>,
    in_effect: Vec<CompiledRule<'a>>,
    /// Ids of the rules that are not in effect.
    not_in_effect: Vec<&'a str>,
    overlaps: RefCell<Overlaps>,
}

struct CompiledRule<'a> {
    rule: &'a Rule,
    matcher: Matcher,
    /// Areas with integer weights in the order of the areas.
    owners: Vec<(&'a str, u128)>,
}

/// An attribute with the patterns of which one must match.
struct Field {
    attribute: Attribute,
    patterns: Vec<WildMatch>,
    /// The last text and whether it matched: sorted charges mostly repeat it.
    last: RefCell<(String, bool)>,
}

/// Patterns on original attributes, ready to match.
pub(super) struct Matcher(Vec<Field>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Account,
    Product,
    UsageType,
    Operation,
    Region,
    Resource,
    Kind,
    /// Of a tag or cost category, by its position in the keys of charges.
    Tag(usize),
}

/// What rules can ask of a charge, or of a fee's part (which has only account, product and kind).
pub(super) enum Subject<'a> {
    Charge(&'a ChargeKey),
    Fee { account: &'a str, product: &'a str, kind: &'static str },
}

impl Subject<'_> {
    fn attribute(&self, attribute: Attribute, kinds: &BTreeMap<String, LineItemKind>) -> Option<&str> {
        match self {
            Self::Charge(key) => Some(match attribute {
                Attribute::Account => key.usage_account(),
                Attribute::Product => key.product(),
                Attribute::UsageType => key.usage_type(),
                Attribute::Operation => key.operation(),
                Attribute::Region => key.region(),
                Attribute::Resource => key.resource_id(),
                Attribute::Kind => kind_of(key, kinds),
                Attribute::Tag(at) => return key.tag(at),
            }),
            Self::Fee { account, product, kind } => match attribute {
                Attribute::Account => Some(account),
                Attribute::Product => Some(product),
                Attribute::Kind => Some(kind),
                Attribute::UsageType
                | Attribute::Operation
                | Attribute::Region
                | Attribute::Resource
                | Attribute::Tag(_) => None,
            },
        }
    }
}

/// The name of a charge's kind: what the policy says of a type that is not known, else the type itself.
fn kind_of<'k>(key: &'k ChargeKey, kinds: &BTreeMap<String, LineItemKind>) -> &'k str {
    match (key.kind(), key.line_item_type()) {
        (LineItemKind::Other, line_item_type) => kinds.get(line_item_type).map_or(line_item_type, |kind| kind.as_str()),
        (kind, _) => kind.as_str(),
    }
}

impl<'a> Rules<'a> {
    pub(super) fn new(policy: &'a Policy, bill: &Bill) -> Result<Self> {
        let holds = |rule: &&Rule| bill.period().is_none_or(|now| is_in_effect(rule.from, rule.to, now));
        let (in_effect, others): (Vec<&Rule>, Vec<&Rule>) = policy.rules.iter().partition(holds);
        let compiled = in_effect.into_iter().map(|rule| {
            Ok(CompiledRule { rule, matcher: Matcher::new(&rule.matches, policy, bill)?, owners: owners(rule)? })
        });
        Ok(Self {
            kinds: &policy.line_items.kinds,
            in_effect: compiled.collect::<Result<_>>()?,
            not_in_effect: others.into_iter().map(|rule| rule.id.as_str()).collect(),
            overlaps: RefCell::default(),
        })
    }

    /// Gives an amount to the owners its first matching rule names; `false` where no rule matches.
    pub(super) fn own(
        &self,
        subject: &Subject<'_>,
        origin: Origin<'a>,
        portion: impl Into<Portion>,
        ledger: &mut Ledger<'a>,
    ) -> Result<bool> {
        let portion = portion.into();
        let mut matching = self.matching(subject);
        let Some((at, first)) = matching.next() else { return Ok(false) };
        self.overlaps.borrow_mut().take(at, matching.map(|(at, _)| at), portion.cost)?;
        first.give(origin, portion, ledger)?;
        Ok(true)
    }

    /// Gives a part of a fee to the owners that the rule of the charge it covers names, which matched that charge before;
    /// `false` where no rule matches.
    pub(super) fn own_along(
        &self,
        charge: &'a Charge,
        origin: Origin<'a>,
        amount: Amount,
        ledger: &mut Ledger<'a>,
    ) -> Result<bool> {
        let subject = Subject::Charge(charge.key());
        let Some((_, first)) = self.matching(&subject).next() else { return Ok(false) };
        first.give(origin, amount.into(), ledger)?;
        Ok(true)
    }

    /// Notes that a shared pool took what rules may match too.
    pub(super) fn note_pooled(&self, subject: &Subject<'_>, amount: Amount) -> Result<()> {
        self.overlaps.borrow_mut().miss(self.matching(subject).map(|(at, _)| at), amount)
    }

    fn matching(&self, subject: &Subject<'_>) -> impl Iterator<Item = (usize, &CompiledRule<'a>)> {
        self.in_effect.iter().enumerate().filter(|(_, rule)| rule.matcher.matches(subject, self.kinds))
    }

    /// Reports rules that overlapped, took nothing, or are not in effect.
    pub(super) fn report(&self, currency: Currency, found: &mut Diagnostics) {
        let overlaps = self.overlaps.borrow();
        let id = |at: usize| self.in_effect.get(at).map(|rule| rule.rule.id.as_str()).unwrap_or_default();
        for (first, later, charges, amount) in overlaps.pairs() {
            let (first, later) = (id(first), id(later));
            let message =
                format!("rule `{first}` comes before rule `{later}`: charges of {amount} {currency} match both");
            found.add(DiagnosticCode::RulesOverlap, message, charges, None);
        }
        for (at, rule) in self.in_effect.iter().enumerate().filter(|(at, _)| !overlaps.has_taken(*at)) {
            let id = &rule.rule.id;
            let (code, message) = match overlaps.missed(at) {
                None => (DiagnosticCode::RulesNeverMatched, format!("rule `{id}` matched no charge")),
                Some(amount) => (
                    DiagnosticCode::RulesShadowed,
                    format!("rule `{id}` matches only what shared pools or earlier rules take, {amount} {currency}"),
                ),
            };
            found.add(code, message, 1, None);
        }
        for id in &self.not_in_effect {
            let message = format!("rule `{id}` is not in effect in the period");
            found.add(DiagnosticCode::RulesNotInEffect, message, 1, None);
        }
    }
}

impl<'a> CompiledRule<'a> {
    /// Splits an amount over the owners.
    fn give(&self, origin: Origin<'a>, portion: Portion, ledger: &mut Ledger<'a>) -> Result<()> {
        ledger.by_rule(Some(&self.rule.id));
        if let [(area, 1..)] = self.owners.as_slice() {
            ledger.add(origin, Claim::area(area, Mechanism::Rule), portion)?;
            ledger.by_rule(None);
            return Ok(());
        }
        let parts = portion.split(&self.owners)?.unwrap_or_default();
        portion.conserved("rules", origin, &parts)?;
        for ((area, weight), part) in self.owners.iter().zip(parts) {
            if *weight > 0 {
                ledger.add(origin, Claim::area(area, Mechanism::Rule), part)?;
            }
        }
        ledger.by_rule(None);
        Ok(())
    }
}

impl Matcher {
    pub(super) fn new(matches: &Match, policy: &Policy, bill: &Bill) -> Result<Self> {
        compile(matches, policy, bill).map(Self)
    }

    /// Whether all fields that are given match.
    pub(super) fn matches(&self, subject: &Subject<'_>, kinds: &BTreeMap<String, LineItemKind>) -> bool {
        self.0.iter().all(|field| subject.attribute(field.attribute, kinds).is_some_and(|text| field.matches(text)))
    }
}

impl Field {
    fn new(attribute: Attribute, patterns: &Patterns) -> Self {
        let patterns: Vec<WildMatch> = patterns.0.iter().map(|pattern| WildMatch::new(pattern)).collect();
        let of_nothing = patterns.iter().any(|pattern| pattern.matches(""));
        Self { attribute, patterns, last: RefCell::new((String::new(), of_nothing)) }
    }

    fn matches(&self, text: &str) -> bool {
        let mut last = self.last.borrow_mut();
        if last.0 != text {
            text.clone_into(&mut last.0);
            last.1 = self.patterns.iter().any(|pattern| pattern.matches(text));
        }
        last.1
    }
}

fn compile(matches: &Match, policy: &Policy, bill: &Bill) -> Result<Vec<Field>> {
    let mut fields: Vec<_> = [
        (Attribute::Account, &matches.account),
        (Attribute::Product, &matches.product),
        (Attribute::UsageType, &matches.usage_type),
        (Attribute::Operation, &matches.operation),
        (Attribute::Region, &matches.region),
        (Attribute::Resource, &matches.resource),
        (Attribute::Kind, &matches.kind),
    ]
    .into_iter()
    .filter(|(_, given)| !given.0.is_empty())
    .map(|(attribute, given)| Field::new(attribute, given))
    .collect();
    for (key, given) in &matches.tag {
        fields.push(Field::new(Attribute::Tag(tag_position(bill, policy, key)?), given));
    }
    for (name, given) in &matches.cost_category {
        fields.push(Field::new(Attribute::Tag(cost_category_position(bill, policy, name)?), given));
    }
    Ok(fields)
}

/// The owners of a rule with shares scaled to integers.
fn owners(rule: &Rule) -> Result<Vec<(&str, u128)>> {
    match &rule.area {
        Some(area) => Ok(vec![(area.as_str(), 1)]),
        None => weights(&rule.split.iter().map(|(area, share)| (area.as_str(), *share)).collect()),
    }
}

/// Decimals as integers in the same proportion.
pub(super) fn weights<K: Ord + Copy>(decimals: &BTreeMap<K, Decimal>) -> Result<Vec<(K, u128)>> {
    let scale = decimals.values().map(|d| d.normalize().scale()).max().unwrap_or(0);
    decimals
        .iter()
        .map(|(key, decimal)| {
            let decimal = decimal.normalize();
            u128::try_from(decimal.mantissa())
                .ok()
                .and_then(|mantissa| mantissa.checked_mul(10u128.checked_pow(scale - decimal.scale())?))
                .map(|weight| (*key, weight))
                .ok_or_else(|| Error::new(ErrorCode::ConfigBadValue, format!("`{decimal}` cannot be used as a weight")))
        })
        .collect()
}
