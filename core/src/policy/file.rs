//! Policy text → [`Policy`]: unknown keys are refused with a suggestion, values are checked (spec 12).

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Policy, Rule};
use crate::bill::Digest;
use crate::error::{Error, ErrorCode, Location, Result};
use crate::ids::ProductArea;

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// `config.unknown_key` naming the nearest key, `config.bad_value`, `config.rule_split`, `attribute.closed_cycle`; with
    /// the row where the text names one.
    pub fn from_toml(text: &str) -> Result<Self> {
        let policy: Self = toml::from_str(text).map_err(|error| of_toml(text, &error))?;
        policy.check()?;
        Ok(policy)
    }

    /// Reads a policy from JSON of the same shape.
    ///
    /// # Errors
    /// As for [`Policy::from_toml`].
    pub fn from_json(text: &str) -> Result<Self> {
        let policy: Self = serde_json::from_str(text).map_err(|error| of_json(&error))?;
        policy.check()?;
        Ok(policy)
    }

    /// Checks what types alone cannot: owners and shares of rules and pools, weights, cycles of providers.
    ///
    /// # Errors
    /// `config.bad_value` or `config.rule_split` naming the rule, pool or key; `attribute.closed_cycle` naming the
    /// providers.
    pub fn check(&self) -> Result<()> {
        let mut ids = BTreeSet::new();
        for rule in &self.rules {
            check_rule(rule)?;
            if rule.id.is_empty() {
                return Err(bad_value("a rule has an empty `id`".to_owned()));
            }
            if rule.from.zip(rule.to).is_some_and(|(from, to)| to < from) {
                return Err(bad_value(format!("rule `{}` ends before it starts", rule.id)));
            }
            if !ids.insert(&rule.id) {
                return Err(bad_value(format!("two rules have the id `{}`", rule.id)));
            }
        }
        if self.areas_named().any(|area| area.as_str().is_empty()) {
            return Err(bad_value("a product area is empty".to_owned()));
        }
        let weights = self.containers.weights;
        if weights.cpu < Decimal::ZERO
            || weights.memory < Decimal::ZERO
            || (weights.cpu.is_zero() && weights.memory.is_zero())
        {
            return Err(bad_value("`containers.weights` must not be negative, and not all zero".to_owned()));
        }
        if self.containers.default_cpu == 0 {
            return Err(bad_value("`containers.default_cpu` must be above zero".to_owned()));
        }
        super::accounts::check(&self.areas)?;
        super::shared::check(self)
    }

    /// Every product area the policy names.
    fn areas_named(&self) -> impl Iterator<Item = &ProductArea> {
        let by_rules = self.rules.iter().flat_map(|rule| rule.area.iter().chain(rule.split.keys()));
        let by_pools = self
            .shared
            .iter()
            .flat_map(|pool| pool.shares.keys().chain(pool.metric.given_rows().iter().map(|row| &row.area)));
        let by_providers = self.providers.iter().flat_map(|provider| {
            let rows = provider.keys.given_rows().iter();
            std::iter::once(&provider.area).chain(rows.flat_map(|row| row.provider.iter().chain([&row.consumer])))
        });
        let by_accounts = self.areas.account_map.given_rows().iter().map(|row| &row.area);
        let by_tags = self.areas.aliases.values().chain(self.areas.accounts.values()).chain(by_accounts);
        by_tags.chain(by_rules).chain(by_pools).chain(by_providers)
    }

    /// Tag keys a scan must keep for this policy: those that name areas, then those of rules, then those of pools.
    #[must_use]
    pub fn tag_keys(&self) -> Vec<String> {
        let mut keys = self.areas.tag_keys.clone();
        let matches = self.rules.iter().map(|rule| &rule.matches).chain(self.shared.iter().map(|pool| &pool.matches));
        for key in matches.flat_map(|matches| matches.tag.keys()) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// Cost categories a scan must keep for this policy: those that name areas, then those of rules, then those of pools.
    #[must_use]
    pub fn cost_categories(&self) -> Vec<String> {
        let mut names = self.areas.cost_categories.clone();
        let matches = self.rules.iter().map(|rule| &rule.matches).chain(self.shared.iter().map(|pool| &pool.matches));
        for name in matches.flat_map(|matches| matches.cost_category.keys()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Hash of the policy's meaning: defaults written out, order of keys ignored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

fn check_rule(rule: &Rule) -> Result<()> {
    let refuse = |problem: &str| Err(Error::new(ErrorCode::ConfigRuleSplit, format!("rule `{}` {problem}", rule.id)));
    match (&rule.area, rule.split.is_empty()) {
        (Some(_), true) => Ok(()),
        (Some(_), false) => refuse("has both `area` and `split`"),
        (None, true) => refuse("has neither `area` nor `split`"),
        (None, false) if rule.split.values().any(|share| *share < Decimal::ZERO) => refuse("has a negative share"),
        (None, false) => {
            let sum = rule.split.values().try_fold(Decimal::ZERO, |sum, share| sum.checked_add(*share));
            if sum == Some(Decimal::ONE) { Ok(()) } else { refuse("has shares that do not sum to 1") }
        }
    }
}

pub(super) fn bad_value(message: String) -> Error {
    Error::new(ErrorCode::ConfigBadValue, message)
}

fn of_toml(text: &str, error: &toml::de::Error) -> Error {
    let row = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let location = Location { row: row.and_then(|row| u64::try_from(row).ok()), ..Location::default() };
    of_serde(error.message()).at(location)
}

fn of_json(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    of_serde(message).at(Location { row: u64::try_from(error.line()).ok(), ..Location::default() })
}

/// Serde's own words name the unknown key and all known ones, each in backticks; the nearest is suggested.
fn of_serde(message: &str) -> Error {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (true, Some((unknown, known))) = (message.starts_with("unknown field"), named.split_first()) else {
        return bad_value(message.lines().next().unwrap_or_default().to_owned());
    };
    // A key that was cut short is nearer than any other.
    let distance = |key: &&&str| (!key.starts_with(unknown), strsim::damerau_levenshtein(unknown, key));
    let nearest = known.iter().min_by_key(distance);
    let suggestion = nearest.map(|key| format!(", did you mean `{key}`?")).unwrap_or_default();
    Error::new(ErrorCode::ConfigUnknownKey, format!("unknown key `{unknown}`{suggestion}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ErrorCode {
        Policy::from_toml(text).unwrap_err().code()
    }

    #[test]
    fn the_empty_policy_is_the_classic_method() {
        assert_eq!(Policy::from_toml("").unwrap(), Policy::default());
        assert_eq!(Policy::from_json("{}").unwrap().digest(), Policy::default().digest());
    }

    #[test]
    fn unknown_keys_are_refused_with_a_suggestion_and_a_row() {
        let error = Policy::from_toml("basis = \"unblended\"\n[areas]\ntag_kyes = []").unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigUnknownKey);
        assert_eq!(error.to_string(), "unknown key `tag_kyes`, did you mean `tag_keys`?");
        assert_eq!(error.location().and_then(|at| at.row), Some(3));
        let error = Policy::from_json("{\"volumes\": {\"follow\": true}}").unwrap_err();
        assert_eq!(error.to_string(), "unknown key `follow`, did you mean `follow_attachments`?");
    }

    #[test]
    fn methods_of_later_versions_are_refused_not_ignored() {
        assert_eq!(code("[commitments]\nshare = \"hours\""), ErrorCode::ConfigBadValue);
        assert_eq!(code("[commitments]\nunused = \"nobody\""), ErrorCode::ConfigBadValue);
    }

    #[test]
    fn rules_need_one_owner_and_whole_shares() {
        for rule in [
            "",
            "area = \"a\"\nsplit = { b = \"1\" }",
            "split = { a = \"0.5\", b = \"0.4\" }",
            "split = { a = \"1.5\", b = \"-0.5\" }",
        ] {
            assert_eq!(code(&format!("[[rules]]\nid = \"r\"\n{rule}")), ErrorCode::ConfigRuleSplit, "{rule}");
        }
        let two = "[[rules]]\nid = \"r\"\narea = \"a\"\n";
        assert_eq!(code(&two.repeat(2)), ErrorCode::ConfigBadValue);
    }

    #[test]
    fn bad_values_are_refused() {
        for text in [
            "basis = \"blended\"",
            "[containers]\nweights = { cpu = 0, memory = 0 }",
            "[containers]\nweights = { cpu = -1 }",
            "[containers]\ndefault_cpu = 0",
            "[containers]\nidle = \"vanish\"",
            "[containers]\nempty_host = \"spread\"",
            "[volumes]\ndetached = \"vanish\"",
            "[areas.aliases]\nwarehouse = \"\"",
            "[areas.accounts]\n1 = \"\"",
            "[[rules]]\nid = \"r\"\narea = \"\"",
            "[[rules]]\nid = \"r\"\nsplit = { \"\" = \"1\" }",
            "[[rules]]\nid = \"\"\narea = \"a\"",
            "[[rules]]\nid = \"r\"\nfrom = \"2016-02\"\nto = \"2016-01\"\narea = \"a\"",
            "not toml",
        ] {
            assert_eq!(code(text), ErrorCode::ConfigBadValue, "{text}");
        }
    }

    #[test]
    fn decimals_of_toml_and_json_are_numbers_or_texts() {
        let toml = "[containers]\nweights = { cpu = 9, memory = \"0.5\" }\n[[rules]]\nid = \"r\"\nsplit = { a = 0.1, b = \"0.9\" }";
        let json = r#"{"containers": {"weights": {"cpu": 9, "memory": "0.5"}},
            "rules": [{"id": "r", "split": {"a": 0.1, "b": "0.9"}}]}"#;
        let policy = Policy::from_toml(toml).unwrap();
        assert_eq!(policy.rules[0].split["a"], Decimal::new(1, 1));
        assert_eq!(Policy::from_json(json).unwrap(), policy);
        assert_eq!(Policy::from_json(&serde_json::to_string(&policy).unwrap()).unwrap(), policy);
    }

    #[test]
    fn weights_as_large_as_decimals_are_read_without_a_panic() {
        let most = Decimal::MAX;
        Policy::from_toml(&format!("[containers]\nweights = {{ cpu = \"{most}\", memory = \"{most}\" }}")).unwrap();
    }

    #[test]
    fn every_key_of_the_spec_example_is_read() {
        let text = r#"
            basis = "unblended"
            [areas]
            tag_keys = ["product_area"]
            cost_categories = ["Team"]
            account_map = "accounts.csv"
            [areas.aliases]
            "Warehouse" = "warehouses"
            [areas.accounts]
            "222222222222" = "internal"
            [[rules]]
            id = "nat-gateways"
            from = "2016-01"
            match = { product = "Amazon Elastic Compute Cloud", usage_type = "*NatGateway*" }
            split = { integrations = "0.7", api = "0.3" }
            [containers]
            window = "usage"
            idle = "spread"
            empty_host = "owner"
            weights = { cpu = 1, memory = 0 }
            [volumes]
            follow_attachments = true
            detached = "owner"
            [commitments]
            share = "auto"
            unused = "central"
            unknown_term = "expense"
            [[shared]]
            match = { kind = "Tax" }
            method = "proportional"
            [[providers]]
            area = "platform"
            keys = "platform_keys.csv"
        "#;
        let policy = Policy::from_toml(text).unwrap();
        assert_eq!((policy.rules[0].split.len(), policy.shared.len(), policy.providers.len()), (2, 1, 1));
        assert_eq!(policy.areas.accounts["222222222222"].as_str(), "internal");
    }
}
