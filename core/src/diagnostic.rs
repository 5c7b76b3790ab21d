//! Findings that do not stop the work: collected, counted, capped per code (spec 0.3).
//!
//! A diagnostic is a *distinct fact*: equal facts add up their counts, so the list is a function of the set of rows
//! and events. Messages therefore carry no path and no row number; those are in `location`, which keeps the first
//! place by path and row.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Location;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is missing.
    Info,
    /// Amounts are exact, but an owner, a window or a file may not be what the user expects.
    Warning,
}

macro_rules! diagnostic_codes {
    ($($variant:ident = $code:literal, $severity:ident, $meaning:literal;)*) => {
        /// Stable code of a finding, written `stage.problem`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum DiagnosticCode {
            $(#[doc = $meaning] #[serde(rename = $code)] $variant,)*
        }

        impl DiagnosticCode {
            /// Every code there is, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as text, such as `tags.conflict`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// How much it matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

diagnostic_codes! {
    AccountsNeverMatched = "accounts.never_matched", Info, "An account with a default area is not in the bill.";
    BillGaps = "bill.gaps", Info, "A usage account has hours or days without usage rows.";
    BillStopsEarly = "bill.stops_early", Warning, "No account has usage in the last 24 hours or more of a period that is over; blocks finalization.";
    BillUnrecognizedInvoiceId = "bill.unrecognized_invoice_id", Warning, "An invoice id is neither an integer nor `Estimated`; its rows count as estimated.";
    ClassifyBasisCellsEmpty = "classify.basis_cells_empty", Warning, "Rows fill no column of the cost basis, as those of Dedicated Hosts; they count at their unblended cost.";
    ClassifyDiscountsNotNet = "classify.discounts_not_net", Warning, "Separate discounts count 0 in a net basis, but no row has a net cost that differs: they seem to be taken off nowhere.";
    ClassifyUnknownLineItemType = "classify.unknown_line_item_type", Warning, "A line item type or charge category is not known; its rows count at their cost.";
    ClassifyUnknownRecordType = "classify.unknown_record_type", Warning, "A DBR record type is not known; its rows count like line items.";
    CommitmentCostShare = "commitment.cost_share_ignores_covered_usage", Warning, "Fees are shared by cost although covered usage exists, whose owners may pay nothing.";
    CommitmentNegativeWeight = "commitment.negative_weight", Warning, "An owner with a negative total takes no part of the fees.";
    CommitmentNothingCovered = "commitment.nothing_covered", Warning, "A commitment covers no usage of the bill; its fees are unused, or shared by cost.";
    ContainersNotComparable = "containers.not_comparable", Info, "AWS's split is not compared with CPU-seconds of task runs: those would need a capacity or usage intervals that are not known.";
    EvidenceBadInterval = "evidence.bad_interval", Warning, "A task, attachment or instance ends before it starts and is not used.";
    EvidenceBase64 = "evidence.base64_decoded", Info, "The values of the service map were read as base64.";
    EvidenceDefaultCpu = "evidence.default_cpu", Info, "A task reserves no CPU; the policy's default is used.";
    EvidenceDetachWithoutAttach = "evidence.detach_without_attach", Warning, "A detach names no attachment time and no attach was seen.";
    EvidenceIgnoredEvent = "evidence.ignored_event", Info, "An event is of a type that is no evidence, or of a call that failed.";
    EvidenceMissedDetach = "evidence.missed_detach", Warning, "A volume was attached elsewhere without a detach; the earlier attachment ends there.";
    EvidenceNeverRan = "evidence.never_ran", Info, "Tasks that never ran are not used.";
    EvidenceOpenRun = "evidence.open_run", Warning, "A task has been running for more than 30 days without an end.";
    EvidenceStartGuessed = "evidence.start_guessed", Info, "A task without start time is taken to start when its image was pulled or when it was created.";
    EvidenceUnknownInstance = "evidence.unknown_instance", Warning, "A task ran on a container instance whose EC2 instance is not known; its CPU-seconds are listed.";
    FeeUnknownTerm = "fee.unknown_term", Warning, "A commitment fee has no known term; it counts in full in this period.";
    ParseDoubleSource = "parse.double_source", Info, "Costs are stored in binary floating point; the shortest decimal of each was read.";
    ParsePrecision = "parse.precision", Info, "Amounts have more than 18 decimals; the rest was rounded half-even.";
    ProvidersNoConsumers = "providers.no_consumers", Warning, "A provider has no consumers in the period and keeps its cost.";
    ProvidersNoCost = "providers.no_cost", Warning, "A provider has no cost in the bill; there is nothing to reallocate.";
    ProvidersUnknownArea = "providers.unknown_area", Warning, "A consumer has no cost of its own in the bill; its name may be misspelled.";
    ProvidersUnusedKeys = "providers.unused_keys", Warning, "A table of keys names a provider that the policy does not.";
    ReadBadRow = "read.bad_row", Warning, "A malformed row was skipped because bad rows are allowed; its amount, where readable, is named.";
    ReadMissingOptionalColumn = "read.missing_optional_column", Info, "A column is not in the header; what depends on it is off.";
    ReadOtherPeriod = "read.other_period", Info, "An input of another billing period was not counted.";
    ReadPeriodFromRows = "read.period_from_rows", Info, "The billing period was taken from the usage rows, because no input names one.";
    ReadTagKeyNotFound = "read.tag_key_not_found", Warning, "The default tag key is in no input; nothing is attributed by it.";
    ReconcileStatement = "reconcile.statement", Warning, "A total printed in the bill differs from the rows it totals.";
    RulesNeverMatched = "rules.never_matched", Warning, "A rule of the policy matched no charge.";
    RulesNotInEffect = "rules.not_in_effect", Info, "A rule of the policy holds in other periods only.";
    RulesOverlap = "rules.overlap", Info, "Charges match two rules; the earlier one takes them.";
    RulesShadowed = "rules.shadowed", Warning, "A rule of the policy matches only what shared pools or earlier rules take.";
    ServicesUnmapped = "services.unmapped", Warning, "A service has no product area; its cost is unattributed.";
    SharedNegativeWeight = "shared.negative_weight", Warning, "An owner with a negative total takes no part of a shared pool.";
    SharedNeverMatched = "shared.never_matched", Warning, "A shared pool of the policy matched no charge.";
    SharedNotInEffect = "shared.not_in_effect", Info, "A shared pool of the policy holds in other periods only.";
    SharedNothingToShareBy = "shared.nothing_to_share_by", Warning, "Nobody takes part in a shared pool; it is kept as a row of its own.";
    SharedOverlap = "shared.overlap", Info, "Charges match two shared pools; the earlier one takes them.";
    SharedShadowed = "shared.shadowed", Warning, "A shared pool of the policy matches only what earlier ones take.";
    SharedUnknownArea = "shared.unknown_area", Warning, "A table of metrics names an area without cost of its own in the bill; its name may be misspelled.";
    TagsCaseCollision = "tags.case_collision", Warning, "Rows have a tag key under several spellings with different values; the exact spelling counts, else the first in byte order.";
    TagsConflict = "tags.conflict", Warning, "A resource has several values of a tag key; its rows without a value inherit none.";
}

impl std::fmt::Display for DiagnosticCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One finding as it is shown (spec 11.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
pub struct Diagnostic {
    /// Stable code.
    pub code: DiagnosticCode,
    /// How much it matters.
    pub severity: Severity,
    /// Rows, events or distinct facts, never files.
    pub count: u64,
    /// One sentence without path or row number.
    pub message: String,
    /// The first place it was found, by path and row.
    pub location: Option<Location>,
}

/// Collected findings; a set, so merging is associative and commutative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(BTreeMap<(DiagnosticCode, String), (u64, Option<Location>)>);

/// Distinct facts shown per code; the rest are counted in one more entry.
const SHOWN_PER_CODE: usize = 50;

impl Diagnostics {
    /// Adds `count` occurrences of a fact.
    pub fn add(&mut self, code: DiagnosticCode, message: impl Into<String>, count: u64, location: Option<Location>) {
        let found = self.0.entry((code, message.into())).or_default();
        found.0 = found.0.saturating_add(count);
        found.1 = match (found.1.take(), location) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// Adds all findings of another collection.
    pub fn merge(&mut self, other: Self) {
        for ((code, message), (count, location)) in other.0 {
            self.add(code, message, count, location);
        }
    }

    /// Whether anything was found under a code.
    #[must_use]
    pub fn has(&self, code: DiagnosticCode) -> bool {
        self.0.keys().any(|(c, _)| *c == code)
    }

    /// The findings sorted by code and message, at most 50 a code, with one more entry that counts the rest.
    #[must_use]
    pub fn list(&self) -> Vec<Diagnostic> {
        let mut shown: Vec<Diagnostic> = Vec::new();
        for code in DiagnosticCode::ALL {
            let mut rest = 0;
            let facts = self.0.iter().filter(|((c, _), _)| c == code);
            for (at, ((_, message), (count, location))) in facts.enumerate() {
                if at < SHOWN_PER_CODE {
                    shown.push(Diagnostic::new(*code, *count, message.clone(), location.clone()));
                } else {
                    rest += 1;
                }
            }
            if rest > 0 {
                shown.push(Diagnostic::new(*code, rest, "further facts of this kind".into(), None));
            }
        }
        shown.sort_by(|a, b| a.code.as_str().cmp(b.code.as_str()));
        shown
    }

    /// Every fact with its count and first place, sorted; for saving.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (DiagnosticCode, &str, u64, Option<&Location>)> {
        self.0.iter().map(|((code, message), (count, location))| (*code, message.as_str(), *count, location.as_ref()))
    }
}

impl Diagnostic {
    fn new(code: DiagnosticCode, count: u64, message: String, location: Option<Location>) -> Self {
        Self { code, severity: code.severity(), count, message, location }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_facts_add_up_and_keep_the_first_place() {
        let mut found = Diagnostics::default();
        found.add(DiagnosticCode::TagsConflict, "x", 2, Some(Location::file("b")));
        found.add(DiagnosticCode::TagsConflict, "x", 1, Some(Location::file("a")));
        let list = found.list();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].count, 3);
        assert_eq!(list[0].location, Some(Location::file("a")));
    }

    #[test]
    fn facts_past_the_cap_are_counted() {
        let mut found = Diagnostics::default();
        for i in 0..60 {
            found.add(DiagnosticCode::BillGaps, format!("{i:02}"), 1, None);
        }
        let list = found.list();
        assert_eq!(list.len(), SHOWN_PER_CODE + 1);
        assert_eq!(list[SHOWN_PER_CODE].count, 10);
    }
}
