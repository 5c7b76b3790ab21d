//! What the rows of commitment fees say that they cover (spec 5.6, R57, R88).

use std::collections::BTreeMap;

use super::charge::Charge;
use super::instance::{SizedType, sized_type};

/// Usage type and zone that a fee is for, as far as its bill says them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Covers<'a> {
    /// One of which type and size can be read.
    pub(crate) usage_type: Option<&'a str>,
    pub(crate) zone: Option<&'a str>,
}

impl<'a> Covers<'a> {
    /// What all rows of a fee agree on.
    pub(crate) fn of(charges: &[&'a Charge]) -> Self {
        let sized = |charge: &&'a Charge| sized_type(charge.key().usage_type());
        let zone = |charge: &&'a Charge| Some(charge.key().zone()).filter(|zone| !zone.is_empty());
        let usage_type = charges.first().map(|charge| charge.key().usage_type());
        Self { usage_type: agreed(charges, sized).and(usage_type), zone: agreed(charges, zone) }
    }

    /// The instance type it is for.
    pub(crate) fn sized(self) -> Option<SizedType<'a>> {
        self.usage_type.and_then(sized_type)
    }
}

/// The one value that all have.
fn agreed<'a, T: PartialEq>(charges: &[&'a Charge], of: impl Fn(&&'a Charge) -> Option<T>) -> Option<T> {
    let mut all = charges.iter().map(of);
    let first = all.next().flatten()?;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The id of a fee's commitment: its own, else the one that its description names; empty where there is none.
pub(crate) fn commitment_id<'t>(id: &'t str, description: &'t str) -> &'t str {
    if !id.is_empty() {
        return id;
    }
    let named = description.split_once("subscription: ").map(|(_, rest)| rest.split([',', ' ']).next());
    named.flatten().unwrap_or_default()
}

/// What the fees of each payer, product and id agree that they cover.
#[derive(Debug, Default)]
pub(crate) struct CoversById<'a>(BTreeMap<(&'a str, &'a str, &'a str), Option<Covers<'a>>>);

impl<'a> CoversById<'a> {
    /// Adds a fee; one that says no type says nothing of the others.
    pub(crate) fn add(&mut self, key: (&'a str, &'a str, &'a str), covers: Covers<'a>) {
        if covers.sized().is_none() || key.2.is_empty() {
            return;
        }
        let known = self.0.entry(key).or_insert(Some(covers));
        *known = known.filter(|known| known.sized() == covers.sized()).map(|known| Covers {
            usage_type: known.usage_type.min(covers.usage_type),
            zone: known.zone.filter(|zone| covers.zone == Some(*zone)),
        });
    }

    /// What a fee covers: what it says itself, else what the others of its id agree on.
    pub(crate) fn of(&self, key: (&'a str, &'a str, &'a str), own: Covers<'a>) -> Covers<'a> {
        if own.sized().is_some() {
            return own;
        }
        self.0.get(&key).copied().flatten().unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_alone_or_in_the_description() {
        for (id, description, expected) in [
            ("7", "Sign up charge for subscription: 8, planId: 9", "7"),
            ("", "Sign up charge for subscription: 8, planId: 9", "8"),
            ("", "subscription: 8", "8"),
            ("", "Sign up charge", ""),
        ] {
            assert_eq!(commitment_id(id, description), expected, "{description}");
        }
    }

    #[test]
    fn fees_of_an_id_tell_each_other_what_they_cover_where_they_agree() {
        let of = |usage_type, zone| Covers { usage_type: Some(usage_type), zone };
        let (large, key) = (of("HeavyUsage:c4.large", Some("a")), ("1", "EC2", "7"));
        let silent = Covers { usage_type: None, zone: Some("b") };
        for (others, expected) in [
            (vec![], silent),
            (vec![silent, large], large),
            (vec![large, of("BoxUsage:c4.large", Some("a"))], of("BoxUsage:c4.large", Some("a"))),
            (vec![large, of("HeavyUsage:c4.large", None), large], of("HeavyUsage:c4.large", None)),
            (vec![large, of("HeavyUsage:c4.xlarge", Some("a")), large], silent),
        ] {
            for turned in [false, true] {
                let mut known = CoversById::default();
                let mut others = others.clone();
                if turned {
                    others.reverse();
                }
                for covers in others {
                    known.add(key, covers);
                }
                assert_eq!(known.of(key, silent), expected);
                assert_eq!(known.of(key, large), large, "its own word counts");
                assert_eq!(known.of(("1", "EC2", "8"), silent), silent);
            }
        }
    }
}
