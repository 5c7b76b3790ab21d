//! Rows that repeat, with now and then what only the parser can tell.

use proptest::prelude::*;

use super::{Case, Way, asking};
use crate::read::csv::Level;
use crate::read::tests::{HEADER, usage};

fn content() -> impl Strategy<Value = String> {
    let cost = prop::sample::select(vec!["0.5", "-1", "1e-7", "-0", "", "x", "0.1234567890123456789", "12.5"]);
    let resource = prop::sample::select(vec!["i-1", "vol-1", "", "\"\"", "b\"c", "\"a\"\"b\"", "\"new\nline\"", "é"]);
    let description =
        prop::sample::select(vec!["\"$0.1 per hour, Linux\"", "Credit", "Refund", "\"say \"\"hi\"\"\"", ""]);
    let tag = prop::sample::select(vec!["a", "\"a\"", "b,c", "\"b,c\"", ""]);
    let hour = 0u32..30;
    let row = (hour, cost, resource, description, tag).prop_map(|(hour, cost, resource, description, tag)| {
        usage(hour, cost, resource, tag).replace("\"$0.1 per hour, Linux\"", description)
    });
    let usual = (0u32..30, 0u32..3, 0u32..3)
        .prop_map(|(hour, cost, resource)| usage(hour, &format!("0.{cost}5"), &format!("i-{resource}"), "a"));
    let line = prop_oneof![40 => usual, 1 => row];
    let end = prop::sample::select(vec!["\n", "\n", "\n", "", "\r\n", "\n\n"]);
    (prop::collection::vec(line, 0..40), end).prop_map(|(lines, end)| format!("{HEADER}\n{}{end}", lines.join("\n")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn every_block_size_gives_what_parsing_row_by_row_gives(content in content(), size in 64usize..5000) {
        let options = asking("team");
        let case = Case::of(content.as_bytes(), &options);
        for size in [size, 1 << 20] {
            case.check(Way { level: Level::best(), size, threads: 0 });
        }
    }

    #[test]
    fn every_chunk_size_and_thread_count_gives_the_same_or_asks_for_one_thread(
        content in content(),
        size in 600usize..5000,
        threads in 1usize..4,
    ) {
        let options = asking("team");
        Case::of(content.as_bytes(), &options).check(Way { level: Level::best(), size, threads });
    }
}
