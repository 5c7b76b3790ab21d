//! Random files of every dialect: usual rows with odd cells, odd shapes, and damage.
//!
//! A few hundred files run with all tests, each read some ways. `UNBLENDED_RANDOM_BILLS=10000` reads so many files every
//! way: every size of block and chunk, one to four threads, every level of the processor.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use super::forms::{Dice, FORMS, Form, Kind, cell};
use super::{Case, Way, asking, sizes, ways};
use crate::bill::{BillOptions, KeepIntervals};
use crate::read::ScanOptions;
use crate::read::csv::Level;

const FILES: u32 = 300;

/// What a file is made of; fewer rows and less damage are simpler.
#[derive(Clone, Debug)]
struct Recipe {
    form: usize,
    /// What decides the file's own ways.
    seed: u64,
    /// How many cells one odd one is among, 0 for none.
    odd_one_in: usize,
    rows: Vec<u64>,
    /// How often the rows come, each time with other values, as from hour to hour.
    hours: u64,
    damage: Vec<u64>,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let odd_one_in = prop::sample::select(vec![0, 400, 100, 25]);
    let damage = prop_oneof![4 => Just(0usize..1), 1 => Just(1..2), 1 => Just(1..8)];
    let damage = damage.prop_flat_map(|count| prop::collection::vec(any::<u64>(), count));
    let rows = prop_oneof![1 => Just(0usize..3), 4 => Just(3..40), 1 => Just(40..120)];
    let rows = rows.prop_flat_map(|count| prop::collection::vec(any::<u64>(), count));
    let hours = prop_oneof![1 => Just(1u64), 2 => 2u64..5];
    let fields = (0..FORMS.len(), any::<u64>(), odd_one_in, rows, hours, damage);
    fields.prop_map(|(form, seed, odd_one_in, mut rows, hours, damage)| {
        rows.truncate(120 / usize::try_from(hours).unwrap());
        Recipe { form, seed, odd_one_in, rows, hours, damage }
    })
}

impl Recipe {
    fn content(&self) -> Vec<u8> {
        let (form, mut dice) = (FORMS[self.form], Dice(self.seed));
        // All quoted as AWS does, only where needed, or now and then.
        let quotes_one_in = dice.pick(&[1, usize::MAX, 3]);
        let line_end = if dice.is_one_in(12) { dice.pick(&["\r\n", "\r"]) } else { "\n" };
        let mut content = String::new();
        if dice.is_one_in(8) {
            content.push_str(dice.pick(&["\u{feff}", "\u{feff}", "\u{feff}\u{feff}", "\n", "\r\n\n", "\u{feff}\n"]));
        }
        content.push_str(&header(form, &mut dice));
        for (hour, seed) in (0..self.hours).flat_map(|hour| self.rows.iter().map(move |seed| (hour, *seed))) {
            content.push_str(line_end);
            content.push_str(&self.row(form, quotes_one_in, seed, hour));
        }
        let end = if dice.is_one_in(3) { dice.pick(&["", "", "\n\n", "\r\n", "\r", " ", ","]) } else { line_end };
        content.push_str(end);
        let mut content = content.into_bytes();
        for seed in &self.damage {
            damage(&mut content, &mut Dice(*seed));
        }
        content
    }

    /// A row of a later hour differs from that of the first in values alone, and not in all of them.
    fn row(&self, form: Form, quotes_one_in: usize, seed: u64, hour: u64) -> String {
        let usage_hour = Dice(seed).below(40) + usize::try_from(hour).unwrap();
        let mut fields = Vec::new();
        for (column, (_, kind)) in (1u64..).zip(form) {
            let own = seed ^ column.rotate_right(8);
            let mut dice = Dice(own);
            let changes_one_in = match kind {
                Kind::Id => 1,
                Kind::Quantity | Kind::Cost => 3,
                _ => 60,
            };
            if hour > 0 && Dice(own ^ hour.rotate_right(16)).is_one_in(changes_one_in) {
                dice = Dice(own.wrapping_add(hour));
            }
            let is_odd = self.odd_one_in > 0 && dice.is_one_in(self.odd_one_in);
            let text = cell(form, *kind, usage_hour, is_odd, &mut dice);
            let is_quoted = text.contains(['"', ',', '\n', '\r']) || dice.is_one_in(quotes_one_in);
            fields.push(if is_quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text });
        }
        fields.join(",")
    }
}

fn header(form: Form, dice: &mut Dice) -> String {
    let mut names: Vec<String> = form.iter().map(|(name, _)| (*name).to_owned()).collect();
    if dice.is_one_in(6) {
        let at = dice.below(names.len());
        let name = names[at].clone();
        names[at] = match dice.below(8) {
            0 => name.to_uppercase(),
            1 => format!("\"{name}\""),
            2 => format!(" {name} "),
            3 => format!("\"{name}\n\""),
            4 => names[0].clone(),
            5 => format!("{name}s"),
            6 => String::new(),
            _ => format!("\u{feff}{name}"),
        };
    }
    if dice.is_one_in(3) { format!("\"{}\"", names.join("\",\"")) } else { names.join(",") }
}

/// Something put in, taken out or overwritten somewhere: mostly what cells and rows are told by.
fn damage(content: &mut Vec<u8>, dice: &mut Dice) {
    let pieces: [&[u8]; 18] = [
        b"\"",
        b"\"\"",
        b",",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xe6\xbc",
        b"\xef\xbb\xbf",
        b"a\"b",
        b"\"a\"b",
        b",,,",
        b"-",
        b" ",
        b"\"\n",
    ];
    let at = dice.below(content.len() + 1);
    let line_start = content[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line_end = content[at..].iter().position(|byte| *byte == b'\n').map_or(content.len(), |end| at + end + 1);
    match dice.below(10) {
        0..=3 => drop(content.splice(at..at, dice.pick(&pieces).to_vec())),
        4 | 5 => drop(content.splice(at..(at + 1).min(content.len()), dice.pick(&pieces).to_vec())),
        6 => drop(content.drain(at..(at + 1 + dice.below(30)).min(content.len()))),
        7 => content.truncate(at),
        8 => {
            let line = content[line_start..line_end].to_vec();
            drop(content.splice(line_start..line_start, line));
        }
        _ => {
            // Two bills, one after the other.
            let head = content.iter().position(|byte| *byte == b'\n').map_or(content.len(), |end| end + 1);
            let head = content[..head].to_vec();
            drop(content.splice(line_start..line_start, head));
        }
    }
}

fn options(dice: &mut Dice) -> ScanOptions {
    let usual = asking("t");
    match dice.below(9) {
        0 => ScanOptions::default(),
        1 => ScanOptions { max_bad_rows: 2, ..usual },
        2 => ScanOptions { max_bad_rows: 1000, ..usual },
        3 => ScanOptions { period: "2016-06".parse().ok(), ..usual },
        4 => ScanOptions { tags_case_insensitive: true, default_tag_keys: true, ..usual },
        5 => {
            let bill = BillOptions { keep_intervals: KeepIntervals::None, ..usual.bill };
            ScanOptions { bill, default_tag_keys: true, ..ScanOptions::default() }
        }
        6 => {
            let bill = BillOptions { cost_categories: vec!["t".to_owned()], ..usual.bill };
            ScanOptions { bill, ..usual }
        }
        _ => usual,
    }
}

/// Reads a file every way, or some ways at each level; whether its rows were once told from chunks.
fn is_told_from_chunks(recipe: &Recipe, reads_every_way: bool) -> bool {
    let (content, mut dice) = (recipe.content(), Dice(recipe.seed));
    let options = options(&mut dice);
    let case = Case::of(&content, &options);
    if reads_every_way {
        return ways(content.len()).filter(|way| case.check(*way)).count() > 0;
    }
    let sizes: Vec<usize> = sizes(content.len()).into_iter().chain([64 + dice.below(5000)]).collect();
    let mut is_told = false;
    for level in Level::available() {
        case.check(Way { level, size: dice.pick(&sizes), threads: 0 });
        is_told |= case.check(Way { level, size: dice.pick(&sizes), threads: 1 + dice.below(4) });
    }
    is_told
}

#[test]
fn random_files_say_the_same_every_way() {
    let asked: Option<u32> = std::env::var("UNBLENDED_RANDOM_BILLS").ok().map(|files| files.parse().unwrap());
    let files = asked.unwrap_or(FILES);
    let config = ProptestConfig { cases: files, failure_persistence: None, ..ProptestConfig::default() };
    let (read, told) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new(config).run(&recipe(), |recipe| {
        read.set(read.get() + 1);
        told.set(told.get() + u32::from(is_told_from_chunks(&recipe, asked.is_some())));
        Ok(())
    });
    if let Err(TestError::Fail(reason, recipe)) = result {
        panic!("{reason}\n{recipe:?}");
    }
    println!("{} files, {} of them told from chunks", read.get(), told.get());
    // Most are read by one thread because something is odd; enough are not.
    assert!(told.get() > files / 8, "{} of {files}", told.get());
}

#[test]
fn the_shortest_header_fits_a_chunk_of_64_bytes() {
    let names: Vec<&str> = FORMS[0].iter().map(|(name, _)| *name).collect();
    assert!(names.join(",").len() + 1 < 64);
    assert!(FORMS.iter().all(|form| form.iter().any(|(_, kind)| matches!(kind, Kind::Cost))));
}
