//! What the random bills had, so that the generator cannot go hollow.

use std::collections::{BTreeMap, BTreeSet};

use unblended::{Dialect, ErrorCode, IdleReason, LineItemKind, Mechanism, Report, RowDetail, RowKind};

use super::rows::forms;
use super::{BASES, Case, keys};

const MECHANISMS: [Mechanism; 13] = [
    Mechanism::Account,
    Mechanism::CostCategory,
    Mechanism::Ecs,
    Mechanism::EcsIdle,
    Mechanism::Idle,
    Mechanism::Reallocated,
    Mechanism::Reservation,
    Mechanism::Rule,
    Mechanism::Shared,
    Mechanism::Tag,
    Mechanism::Unattributed,
    Mechanism::UnusedCommitment,
    Mechanism::Volume,
];
const ROW_KINDS: [RowKind; 5] =
    [RowKind::Area, RowKind::Idle, RowKind::Shared, RowKind::Unattributed, RowKind::UnusedCommitment];
const REASONS: [IdleReason; 3] = [IdleReason::Detached, IdleReason::EmptyHost, IdleReason::Unreserved];
const DIALECTS: [Dialect; 4] = [Dialect::Dbr, Dialect::Cur, Dialect::Cur2, Dialect::Focus];
/// Why a run may be refused; no other error is expected of any bill.
pub(crate) const ERRORS: [ErrorCode; 9] = [
    ErrorCode::AttributeClosedCycle,
    ErrorCode::AttributeNoSplitData,
    ErrorCode::AttributeNotScanned,
    ErrorCode::AttributeUnknownCapacity,
    ErrorCode::ClassifyUnknownLineItemType,
    ErrorCode::ConfigBasisUnavailable,
    ErrorCode::ConfigCurrency,
    ErrorCode::FeeUnknownTerm,
    ErrorCode::MoneyOverflow,
];
const OTHERS: [&str; 13] = [
    "carried in",
    "deferred",
    "excluded",
    "fargate",
    "hops in a cycle",
    "huge amounts that fit",
    "idle beside what is negative",
    "negative idle",
    "nothing negative",
    "pool of fees",
    "service without area",
    "tag conflict",
    "two currencies",
];

/// How often each thing occurred.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, u64>);

impl Seen {
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub(crate) fn times(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// What a case that was attributed had.
    pub(crate) fn note_case(&mut self, case: &Case, report: &Report) {
        let dialect = case.layout.dialect;
        self.note(format!("basis {dialect} {}", case.basis));
        for row in &case.rows {
            self.note(form(dialect, row.kind, row.form.1));
            if let Some(kind) = row.kind {
                self.note(format!("kind {}", kind.as_str()));
            }
        }
        let mut chosen = BTreeSet::new();
        keys::of_policy(&case.policy, "", &mut chosen);
        for key in chosen.intersection(keys::known()) {
            self.note(key);
        }
        self.note_report(case, report);
    }

    fn note_report(&mut self, case: &Case, report: &Report) {
        for cell in &report.cells {
            self.note(format!("mechanism {}", cell.mechanism.as_str()));
            self.note(format!("row {}", cell.row_kind.as_str()));
            if let Some(reason) = cell.detail.as_ref().and_then(RowDetail::reason) {
                self.note(format!("reason {}", reason.as_str()));
            }
        }
        let cells = || report.cells.iter();
        let providers: BTreeSet<&str> = report.reallocations.iter().map(|hop| hop.provider.as_str()).collect();
        let facts = [
            ("carried in", !report.totals.carried_in.is_zero()),
            ("deferred", !report.totals.deferred.is_zero()),
            ("excluded", !report.totals.excluded.is_zero()),
            (
                "fargate",
                case.facts
                    .tasks
                    .iter()
                    .any(|run| run.fargate && case.rows.iter().any(|row| row.resource == run.task.as_str())),
            ),
            ("hops in a cycle", report.reallocations.iter().any(|hop| providers.contains(hop.consumer.as_str()))),
            ("huge amounts that fit", case.amounts.is_huge && report.totals.billed.units() > 10i128.pow(37)),
            (
                "idle beside what is negative",
                case.amounts.is_signed && !case.amounts.is_signed_on_resources && !report.totals.idle.is_zero(),
            ),
            ("negative idle", cells().any(|cell| cell.row_kind == RowKind::Idle && cell.cost.is_negative())),
            ("nothing negative", !case.amounts.is_signed),
            ("pool of fees", case.spreads() && !report.totals.deferred.is_zero() && !report.totals.shared.is_zero()),
            ("service without area", cells().any(|cell| cell.service.is_some() && cell.product_area.is_none())),
            ("tag conflict", report.diagnostics.iter().any(|fact| fact.code.as_str() == "tags.conflict")),
            ("two currencies", case.currencies().len() > 1),
        ];
        for (what, _) in facts.iter().filter(|(_, is_so)| *is_so) {
            self.note(*what);
        }
    }

    /// What should have occurred and never did.
    pub(crate) fn never(&self) -> Vec<String> {
        let mut wanted: Vec<String> = OTHERS.map(str::to_owned).to_vec();
        for dialect in DIALECTS {
            wanted.extend(forms(dialect).iter().map(|(kind, of_type, _)| form(dialect, *kind, of_type)));
            let has = |basis: &usize| match dialect {
                Dialect::Dbr => *basis == 0,
                Dialect::Focus => basis.is_multiple_of(2),
                _ => true,
            };
            wanted.extend((0..4).filter(has).map(|at| format!("basis {dialect} {}", BASES[at])));
        }
        wanted.extend(keys::known().iter().cloned());
        wanted.extend(MECHANISMS.map(|mechanism| format!("mechanism {}", mechanism.as_str())));
        wanted.extend(ROW_KINDS.map(|kind| format!("row {}", kind.as_str())));
        wanted.extend(REASONS.map(|reason| format!("reason {}", reason.as_str())));
        wanted.extend(ERRORS.map(|code| format!("error {code}")));
        let kinds = self.0.keys().filter(|what| what.starts_with("kind ")).count();
        // Usage is the last kind.
        if kinds != LineItemKind::Usage as usize + 1 {
            wanted.push(format!("each kind: {kinds} did"));
        }
        assert_eq!(MECHANISMS.len(), Mechanism::Volume as usize + 1);
        assert_eq!(ROW_KINDS.len(), RowKind::UnusedCommitment as usize + 1);
        wanted.into_iter().filter(|what| self.times(what) == 0).collect()
    }
}

fn form(dialect: Dialect, kind: Option<LineItemKind>, of_type: &str) -> String {
    format!("form {dialect} {of_type} {}", kind.map_or("excluded", LineItemKind::as_str))
}
