//! Items in the order of texts that mostly start alike, such as ARNs.

use super::texts::Texts;

/// Below so many items, comparing whole texts costs less.
const FEW: usize = 16;

/// The positions of texts, sorted bytewise, then by position. What all texts of a group start with is passed over
/// once, and the eight bytes after it are compared as a number.
pub(super) fn order_by_text(texts: &Texts) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = (0..).take(texts.len()).map(|at| (0, at)).collect();
    if !texts.iter().is_sorted() {
        sort_group(&mut order, &|at| texts.get(at as usize).as_bytes());
    }
    order.into_iter().map(|(_, at)| at).collect()
}

fn sort_group<'t>(group: &mut [(u64, u32)], text: &impl Fn(u32) -> &'t [u8]) {
    let by_text = |a: &(u64, u32), b: &(u64, u32)| text(a.1).cmp(text(b.1)).then(a.1.cmp(&b.1));
    let Some(&(_, first)) = group.first().filter(|_| group.len() > FEW) else {
        return group.sort_unstable_by(by_text);
    };
    let (first, mut shared) = (text(first), text(first).len());
    for (_, at) in group.iter() {
        let (start, other) = (first.get(..shared).unwrap_or_default(), text(*at));
        if !other.starts_with(start) {
            shared = start.iter().zip(other).take_while(|(a, b)| a == b).count();
        }
    }
    for (word, at) in group.iter_mut() {
        let rest = text(*at).get(shared..).unwrap_or_default();
        *word = rest.first_chunk().map_or_else(|| short_word(rest), |bytes| u64::from_be_bytes(*bytes));
    }
    // Positions stay sorted where words are equal, and long stretches that are sorted already cost little.
    group.sort_by_key(|(word, _)| *word);
    let all = group.len();
    for alike in group.chunk_by_mut(|a, b| a.0 == b.0) {
        // Texts that differ only in how many zero bytes they end with are alike to the last word.
        if alike.len() == all {
            alike.sort_unstable_by(by_text);
        } else if alike.len() > 1 {
            sort_group(alike, text);
        }
    }
}

fn short_word(rest: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_sorted_as_by_comparing_them(
            texts in prop::collection::vec("(arn:aws:ecs:){0,2}[ab\u{0}]{0,12}", 0..120),
        ) {
            let mut all = Texts::default();
            for text in &texts {
                all.push(text);
            }
            let sorted: Vec<&str> = order_by_text(&all).into_iter().map(|at| all.get(at as usize)).collect();
            let mut expected = texts.clone();
            expected.sort();
            prop_assert_eq!(sorted, expected);
        }
    }
}
