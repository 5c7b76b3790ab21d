//! What usage types say about instances: whether their quantity is hours, and of which type and size (domain 1.5, 2.7).

use crate::classify::{Dialect, LineItem, LineItemKind};

/// Usage types whose quantity is the hours an EC2 instance ran, after the region prefix.
const INSTANCE_USAGE: [&str; 7] =
    ["BoxUsage", "DedicatedUsage", "HeavyUsage", "HostBoxUsage", "LightUsage", "MediumUsage", "SpotUsage"];

/// Usage types whose quantity is hours that a reservation can cover, after the region prefix; no spot.
const COVERABLE_USAGE: [&str; 11] = [
    "BoxUsage",
    "DedicatedUsage",
    "ESInstance",
    "HeavyUsage",
    "HostBoxUsage",
    "InstanceUsage",
    "LightUsage",
    "MediumUsage",
    "Multi-AZUsage",
    "Node",
    "NodeUsage",
];

/// An instance type of a readable size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SizedType<'t> {
    /// Region prefix of the usage type, such as `USW2`; empty for the first region.
    pub(crate) prefix: &'t str,
    /// The type, such as `m4.2xlarge` or `db.m4.large`.
    pub(crate) name: &'t str,
    /// The type without its size.
    pub(crate) family: &'t str,
    /// Quarters of the normalization factor: nano 1, micro 2, small 4, medium 8, large 16, xlarge 32, Nxlarge 32 N.
    pub(crate) quarters: u64,
}

/// Splits `USW2-BoxUsage:m4.large` into `USW2-BoxUsage` and `m4.large`; no `:` leaves the type empty.
fn family_and_type(usage_type: &str) -> (&str, &str) {
    usage_type.split_once(':').unwrap_or((usage_type, ""))
}

/// The region prefix before one of these usage types; `None` where it is none of them.
fn prefix_of<'t>(usage: &'t str, known: &[&str]) -> Option<&'t str> {
    if known.contains(&usage) {
        return Some("");
    }
    let (prefix, bare) = usage.split_once('-')?;
    known.contains(&bare).then_some(prefix)
}

/// Whether the quantity is the hours an EC2 instance ran (R12).
pub(crate) fn is_instance_usage(usage_type: &str) -> bool {
    prefix_of(family_and_type(usage_type).0, &INSTANCE_USAGE).is_some()
}

/// The instance type a usage type names; bare `BoxUsage` is `m1.small`.
#[must_use]
pub(crate) fn instance_type(usage_type: &str) -> Option<&str> {
    let (_, named) = family_and_type(usage_type);
    is_instance_usage(usage_type).then_some(if named.is_empty() { "m1.small" } else { named })
}

/// The type and size of instance hours that a reservation can cover; `None` where either cannot be read (R56).
#[must_use]
pub(crate) fn sized_type(usage_type: &str) -> Option<SizedType<'_>> {
    let (usage, named) = family_and_type(usage_type);
    let prefix = prefix_of(usage, &COVERABLE_USAGE)?;
    let is_bare = named.is_empty() && usage.ends_with("BoxUsage") && !usage.ends_with("HostBoxUsage");
    let name = if is_bare { "m1.small" } else { named };
    let (family, size) = name.rsplit_once('.')?;
    Some(SizedType { prefix, name, family, quarters: quarters_of(size)? })
}

fn quarters_of(size: &str) -> Option<u64> {
    Some(match size {
        "nano" => 1,
        "micro" => 2,
        "small" => 4,
        "medium" => 8,
        "large" => 16,
        "xlarge" => 32,
        _ => {
            let count = size.strip_suffix("xlarge")?;
            let is_plain = (1..=3).contains(&count.len()) && count.bytes().all(|byte| byte.is_ascii_digit());
            32 * count.parse::<u64>().ok().filter(|count| is_plain && *count > 0)?
        }
    })
}

/// Whether a usage type counts hours that a reservation can cover.
pub(super) fn is_coverable_usage(usage_type: &str) -> bool {
    prefix_of(family_and_type(usage_type).0, &COVERABLE_USAGE).is_some()
}

/// Whether a charge's quantity is hours that a commitment covers or could cover.
pub(super) fn is_of_hours(kind: LineItemKind, usage_type: &str) -> bool {
    match kind {
        LineItemKind::DiscountedUsage => true,
        LineItemKind::SavingsPlanCoveredUsage | LineItemKind::Usage => is_coverable_usage(usage_type),
        _ => false,
    }
}

/// The usage type of what ran, where a Detailed Billing Report writes that of the reservation instead (domain 1.6).
pub(super) fn covered_usage_type<'a>(item: &LineItem<'a>) -> &'a str {
    if item.dialect != Dialect::Dbr {
        return "";
    }
    let named = item.description.rsplit_once("; UsageType: ").map_or("", |(_, named)| named);
    named.split([';', ' ']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_type_names_region_type_and_normalized_size() {
        for (usage_type, expected) in [
            ("BoxUsage:t2.nano", Some(("", "t2.nano", "t2", 1))),
            ("USW2-BoxUsage:t2.micro", Some(("USW2", "t2.micro", "t2", 2))),
            ("BoxUsage", Some(("", "m1.small", "m1", 4))),
            ("EU-BoxUsage", Some(("EU", "m1.small", "m1", 4))),
            ("HeavyUsage:c4.large", Some(("", "c4.large", "c4", 16))),
            ("APS2-HeavyUsage:c3.8xlarge", Some(("APS2", "c3.8xlarge", "c3", 256))),
            ("USE1-Multi-AZUsage:db.m4.xlarge", Some(("USE1", "db.m4.xlarge", "db.m4", 32))),
            ("Multi-AZUsage:db.m4.medium", Some(("", "db.m4.medium", "db.m4", 8))),
            ("NodeUsage:cache.r3.16xlarge", Some(("", "cache.r3.16xlarge", "cache.r3", 512))),
            ("HeavyUsage", None),
            ("HostBoxUsage", None),
            ("BoxUsage:i3.metal", None),
            ("BoxUsage:m4.0xlarge", None),
            ("BoxUsage:m4.+2xlarge", None),
            ("BoxUsage:large", None),
            ("SpotUsage:m4.large", None),
            ("EBSOptimized:c4.8xlarge", None),
            ("", None),
        ] {
            let read = sized_type(usage_type).map(|read| (read.prefix, read.name, read.family, read.quarters));
            assert_eq!(read, expected, "{usage_type}");
        }
    }

    #[test]
    fn a_description_names_what_ran_in_place_of_the_reservation() {
        for (description, named) in [
            ("Linux, c3.8xlarge; UsageType: BoxUsage:c3.large", "BoxUsage:c3.large"),
            ("a; UsageType: BoxUsage:a; UsageType: BoxUsage:b; c", "BoxUsage:b"),
            ("UsageType: BoxUsage:c3.large", ""),
            ("Linux", ""),
        ] {
            let mut item = crate::bill::samples::row("0");
            item.description = description;
            assert_eq!(covered_usage_type(&item), named, "{description}");
            item.dialect = Dialect::Cur;
            assert_eq!(covered_usage_type(&item), "");
        }
    }
}
