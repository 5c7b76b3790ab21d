//! Columns that stand side by side in a row, to be compared as one run of bytes.

/// First and last column of a run.
pub(super) type Span = (usize, usize);

/// Columns between two runs that are taken along at most: comparing them must cost less than another run.
const GAP_MAX: usize = 3;

/// The runs of columns that are sorted. Columns between two of them for which `joins` holds make them one run.
pub(super) fn spans(columns: &[usize], joins: impl Fn(usize) -> bool) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for &column in columns {
        match spans.last_mut() {
            Some((_, last)) if column - *last - 1 <= GAP_MAX && (*last + 1..column).all(&joins) => *last = column,
            _ => spans.push((column, column)),
        }
    }
    spans
}

/// Each column for itself.
#[cfg(any(test, feature = "batches"))]
pub(super) fn apart(columns: &[usize]) -> Vec<Span> {
    columns.iter().map(|column| (*column, *column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_over_few_columns_that_join() {
        let joined = [4, 5, 6, 20, 21, 22, 23];
        let found = spans(&[0, 1, 3, 7, 9, 19, 24], |at| joined.contains(&at));
        assert_eq!(found, [(0, 1), (3, 7), (9, 9), (19, 19), (24, 24)]);
        assert_eq!(spans(&[], |_| true), []);
        assert_eq!(apart(&[1, 2]), [(1, 1), (2, 2)]);
    }
}
