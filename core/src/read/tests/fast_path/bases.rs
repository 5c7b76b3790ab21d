//! Rows told by their separators in every basis.

use proptest::prelude::*;

use super::{Case, Way};
use crate::classify::CostBasis;
use crate::read::ScanOptions;
use crate::read::csv::Level;
use crate::read::tests::bases::{ALL, GROSS, in_basis, random};

pub(in crate::read::tests) fn options() -> impl Strategy<Value = ScanOptions> {
    let bases = vec![CostBasis::NetUnblended, CostBasis::Amortized, CostBasis::NetAmortized];
    (prop::sample::select(bases), 0u64..2).prop_map(|(basis, bad)| {
        let mut options = ScanOptions { max_bad_rows: bad * 1_000, ..in_basis(basis) };
        options.bill.keep_intervals = crate::bill::KeepIntervals::All;
        options
    })
}

/// Few distinct rows that come again and again, now and then with a cost that is none.
pub(in crate::read::tests) fn content() -> impl Strategy<Value = String> {
    let rows = prop::collection::vec(random::row(), 1..6);
    let order = prop::collection::vec((0usize..6, 0usize..200, 0usize..ALL), 1..60);
    (rows, order, prop::sample::select(vec![2, GROSS, ALL])).prop_map(|(rows, order, columns)| {
        let rows: Vec<_> = order
            .into_iter()
            .map(|(at, odd, column)| {
                let mut row = rows[at % rows.len()].clone();
                let texts = ["x", "1e-7", "-0", "0.1234567890123456789", "", "-2"];
                if let Some(text) = texts.get(odd) {
                    row.1[column] = (*text).to_owned();
                }
                row
            })
            .collect();
        random::text_of(columns, &rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn every_basis_gives_what_parsing_row_by_row_gives(
        content in content(),
        options in options(),
        size in 600usize..5000,
        threads in 0usize..4,
    ) {
        let case = Case::of(content.as_bytes(), &options);
        case.check(Way { level: Level::best(), size, threads });
        case.check(Way { level: Level::best(), size: 1 << 20, threads: 0 });
    }
}
