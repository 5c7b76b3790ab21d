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

/// Three times the same rows, as from hour to hour; in the last time one row has something else in one field.
#[test]
fn a_row_that_repeats_but_for_an_odd_field_is_read_as_if_it_were_new() {
    const COLUMNS: &str = "InvoiceID,RecordType,RecordId,ProductName,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,Cost,user:team";
    let usual = |hour: u32, id: &str, cost: &str, description: &str| {
        let times = format!("2016-06-01 0{hour}:00:00,2016-06-01 0{}:00:00", hour + 1);
        format!("\"8\",LineItem,{id},EC2,{description},{times},1,{cost},a\n")
    };
    let rows = |hour: u32| {
        (0..4)
            .map(|row| usual(hour, &format!("\"{hour}{row}\""), "0.5", ["Linux", "Credit", "Refund", "x"][row]))
            .collect::<String>()
    };
    let (before, after) = (format!("{COLUMNS}\n{}{}", rows(0), rows(1)), rows(2));
    let ids: [&[u8]; 12] = [
        b"\"\xff\"",
        b"\xff",
        "é".as_bytes(),
        b"\"a\"\"b\"",
        b"\"a\"b",
        b"a\"b",
        b"a,b",
        b"a\rb",
        b"\"a\nb\"",
        b"",
        b"\"\"",
        b"\"a\rb\"",
    ];
    let with_id =
        |id: &[u8]| [b"\"8\",LineItem,", id, b",EC2,Credit,2016-06-01 02:00:00,2016-06-01 03:00:00,1,0.5,a\n"].concat();
    let with_cost = |cost: &str| usual(2, "\"9\"", cost, "Credit").into_bytes();
    let costs = ["-0.5", "1e-1", "", "x", "0.1234567890123456789", "\"0.75\"", "-0", "0.5 ", "\"0.5\"x"];
    let odd = ids.into_iter().map(with_id).chain(costs.map(with_cost));
    let options = asking("team");
    for odd in odd {
        // In the place of the second row, which is the credit.
        let lines: Vec<&str> = after.split_inclusive('\n').collect();
        let rest = lines[2..].concat();
        let content = [before.as_bytes(), lines[0].as_bytes(), &odd, rest.as_bytes()].concat();
        let case = Case::of(&content, &options);
        for (size, threads) in [(1 << 20, 0), (1 << 20, 1), (300, 0), (300, 2)] {
            case.check(Way { level: Level::best(), size, threads });
        }
    }
}
