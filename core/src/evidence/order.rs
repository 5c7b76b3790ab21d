//! Items in the order of texts that mostly start alike, such as ARNs.

/// Below so many items, comparing whole texts costs less.
const FEW: usize = 16;

/// Sorts by text, bytewise. What all texts of a group start with is passed over once, and the eight bytes after it are
/// compared as a number.
pub(super) fn sort_by_text<T>(items: &mut [T], text: impl Fn(&T) -> &str) {
    let mut order: Vec<(u64, usize)> = (0..items.len()).map(|at| (0, at)).collect();
    sort_group(&mut order, &|at| items.get(at).map_or(&[], |item| text(item).as_bytes()));
    // In place, cycle by cycle: there may be too many items to hold them twice.
    for start in 0..items.len() {
        let mut to = start;
        while let Some((_, from)) = order.get_mut(to) {
            let from = std::mem::replace(from, to);
            if from == start || from == to {
                break;
            }
            items.swap(to, from);
            to = from;
        }
    }
}

fn sort_group<'t>(group: &mut [(u64, usize)], text: &dyn Fn(usize) -> &'t [u8]) {
    let by_text = |a: &(u64, usize), b: &(u64, usize)| text(a.1).cmp(text(b.1)).then(a.1.cmp(&b.1));
    let Some(&(_, first)) = group.first().filter(|_| group.len() > FEW) else {
        return group.sort_unstable_by(by_text);
    };
    let (first, mut shared) = (text(first), text(first).len());
    for (_, at) in group.iter() {
        let same = first.iter().take(shared).zip(text(*at)).take_while(|(a, b)| a == b);
        shared = same.count();
    }
    for (word, at) in group.iter_mut() {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(text(*at).iter().skip(shared)).for_each(|(to, from)| *to = *from);
        *word = u64::from_be_bytes(bytes);
    }
    group.sort_unstable();
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_sorted_as_by_comparing_them(
            texts in prop::collection::vec("(arn:aws:ecs:){0,2}[ab\u{0}]{0,12}", 0..120),
        ) {
            let mut expected = texts.clone();
            expected.sort();
            let mut sorted = texts;
            sort_by_text(&mut sorted, String::as_str);
            prop_assert_eq!(sorted, expected);
        }
    }
}
