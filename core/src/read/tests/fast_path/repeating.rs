//! Rows that repeat, with now and then what only the parser can tell.

use proptest::prelude::*;

use super::{Case, Way, asking, summing};
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
        for options in [asking("team"), summing("team")] {
            let case = Case::of(content.as_bytes(), &options);
            for size in [size, 1 << 20] {
                case.check(Way { level: Level::best(), size, threads: 0 });
            }
        }
    }

    #[test]
    fn every_chunk_size_and_thread_count_gives_the_same_or_asks_for_one_thread(
        content in content(),
        size in 600usize..5000,
        threads in 1usize..4,
    ) {
        for options in [asking("team"), summing("team")] {
            Case::of(content.as_bytes(), &options).check(Way { level: Level::best(), size, threads });
        }
    }
}

const COLUMNS: &str = "InvoiceID,RecordType,RecordId,ProductName,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,Cost,user:team";

/// The row of an hour, in these of its columns.
struct Row<'r> {
    hour: u32,
    id: &'r [u8],
    description: &'r str,
    end: &'r str,
    quantity: &'r str,
    cost: &'r str,
}

impl Row<'_> {
    fn usual<'r>(hour: u32, id: &'r [u8], description: &'r str) -> Row<'r> {
        let end = ["01:00:00", "02:00:00", "03:00:00"][hour as usize];
        Row { hour, id, description, end, quantity: "1", cost: "0.5" }
    }

    fn line(&self) -> Vec<u8> {
        let Self { hour, id, description, end, quantity, cost } = self;
        let rest = format!(",EC2,{description},2016-06-01 0{hour}:00:00,2016-06-01 {end},{quantity},{cost},a\n");
        [b"\"8\",LineItem,", *id, rest.as_bytes()].concat()
    }
}

/// Three times the same rows, as from hour to hour; in the last time one row, the credit, is an odd one.
fn check_odd(ids: [&[u8]; 3], odd: &Row<'_>) {
    let mut content = format!("{COLUMNS}\n").into_bytes();
    for (hour, id) in (0u32..).zip(ids) {
        for (row, description) in ["Linux", "Credit", "Refund", "x"].into_iter().enumerate() {
            let own = format!("\"{hour}{row}\"");
            let usual = Row::usual(hour, if row == 1 { id } else { own.as_bytes() }, description);
            content.extend(if (hour, row) == (2, 1) { odd.line() } else { usual.line() });
        }
    }
    let options = asking("team");
    let case = Case::of(&content, &options);
    for (size, threads) in [(1 << 20, 0), (1 << 20, 1), (300, 0), (300, 2)] {
        for level in Level::available() {
            case.check(Way { level, size, threads });
        }
    }
}

#[test]
fn a_row_that_repeats_but_for_an_odd_field_is_read_as_if_it_were_new() {
    // Some are as long as those before, where only their bytes tell.
    let ids: [&[u8]; 21] = [
        b"\"\xff\"",
        b"\xff",
        "é".as_bytes(),
        "\"é\"".as_bytes(),
        b"\"2\xff\"",
        b"\"a\"\"b\"",
        b"\"\"\"\"",
        b"\"a\"b",
        b"\"2\"\"",
        b"a\"b",
        b"a\"bc",
        b"a,b",
        b"ab,c",
        b"\"2,\"",
        b"\"2\n\"",
        b"a\rb",
        b"abcd",
        b"\"a\nb\"",
        b"",
        b"\"\"",
        b"\"a\rb\"",
    ];
    for id in ids {
        check_odd([b"\"01\"", b"\"11\"", id], &Row::usual(2, id, "Credit"));
    }
    let costs =
        ["-0.5", "1e-1", "", "x", "0.1234567890123456789", "\"0.75\"", "-0", "0.5 ", "\"0.5\"x", "-.5", "0.7", " .5"];
    for cost in costs {
        check_odd([b"\"01\"", b"\"11\"", b"\"21\""], &Row { cost, ..Row::usual(2, b"\"21\"", "Credit") });
    }
    for (quantity, cost) in [("2", "0.5"), ("22", "0.5"), ("22", "0.55"), ("", ""), ("1,0", "0.5"), ("1\n", "0.5")] {
        check_odd([b"\"01\"", b"\"11\"", b"\"21\""], &Row { quantity, cost, ..Row::usual(2, b"\"21\"", "Credit") });
    }
}

#[test]
fn times_that_begin_like_those_of_the_last_row_are_read() {
    for end in ["03:00:00", "03:00:001", "03:00:00Z", "03:00:00.5", "03:00:0", "04:00:00", "02:00:00", "", "x"] {
        check_odd([b"\"01\"", b"\"11\"", b"\"21\""], &Row { end, ..Row::usual(2, b"\"21\"", "Credit") });
    }
}

#[test]
fn a_row_like_one_with_letters_that_take_several_bytes_is_text_only_where_they_are_whole() {
    for (before, id) in
        [("\"é\"", b"\"\xc3x\""), ("\"é\"", b"\"x\xa9\""), ("\"é\"", b"\"xy\""), ("\"a\"", b"\"\xc3x\"")]
    {
        check_odd([before.as_bytes(), before.as_bytes(), id], &Row::usual(2, id, "Credit"));
    }
}
