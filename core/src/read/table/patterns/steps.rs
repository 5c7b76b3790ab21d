//! A row of a table as steps: what repeats from row to row, and what stands between.

use crate::read::csv::difference::Freedom;
use crate::read::table::spans::Span;

/// Neighbouring columns that are compared together, or a column that may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read::table) struct Step {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) kind: StepKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    /// Columns that decide what a row is.
    Same,
    /// Times: those of the last row, by their number among the runs of times.
    Times(usize),
    /// A value.
    Value,
    /// A column that nobody reads.
    Skipped,
}

impl StepKind {
    /// What the bytes of such a step may do.
    pub(super) fn freedom(self) -> Freedom {
        match self {
            Self::Same => Freedom::Fixed,
            Self::Value => Freedom::Value,
            Self::Times(_) | Self::Skipped => Freedom::Free,
        }
    }
}

/// The steps of rows of `width` columns: `same` and `times` are runs of columns, `values` single ones.
pub(in crate::read::table) fn steps(width: usize, same: &[Span], times: &[Span], values: &[usize]) -> Vec<Step> {
    let of_times = times.iter().enumerate().map(|(at, span)| (*span, StepKind::Times(at)));
    let mut fixed: Vec<(Span, StepKind)> = same.iter().map(|span| (*span, StepKind::Same)).chain(of_times).collect();
    fixed.sort_unstable_by_key(|(span, _)| *span);
    let between = |first: usize, end: usize| {
        (first..end).map(|column| {
            let kind = if values.contains(&column) { StepKind::Value } else { StepKind::Skipped };
            Step { first: column, last: column, kind }
        })
    };
    let (mut steps, mut next) = (Vec::new(), 0);
    for ((first, last), kind) in fixed {
        steps.extend(between(next, first));
        steps.push(Step { first, last, kind });
        next = last + 1;
    }
    steps.extend(between(next, width));
    steps
}

/// Columns that are compared each for itself, whatever stands between them.
#[cfg(feature = "batches")]
pub(in crate::read::table) fn steps_apart(same: &[usize]) -> Vec<Step> {
    same.iter().map(|at| Step { first: *at, last: *at, kind: StepKind::Same }).collect()
}

#[cfg(test)]
mod tests {
    use super::StepKind::{Same, Skipped, Times, Value};
    use super::*;

    #[test]
    fn steps_cover_a_row_from_its_first_column_to_its_last() {
        let found = steps(12, &[(1, 2), (9, 9)], &[(4, 5)], &[6, 8]);
        let expected = [
            (0, 0, Skipped),
            (1, 2, Same),
            (3, 3, Skipped),
            (4, 5, Times(0)),
            (6, 6, Value),
            (7, 7, Skipped),
            (8, 8, Value),
            (9, 9, Same),
            (10, 10, Skipped),
            (11, 11, Skipped),
        ];
        assert_eq!(found, expected.map(|(first, last, kind)| Step { first, last, kind }));
        assert_eq!(steps(2, &[(0, 1)], &[], &[]), [Step { first: 0, last: 1, kind: Same }]);
    }
}
