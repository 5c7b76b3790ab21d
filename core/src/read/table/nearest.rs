//! The name that was probably meant.

/// The candidate most like one of the wanted names; the first of several.
pub(super) fn nearest<'c>(wanted: &[&str], candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let distance = |candidate: &str| {
        let folded = candidate.to_lowercase();
        wanted.iter().map(|w| strsim::damerau_levenshtein(&w.to_lowercase(), &folded)).min().unwrap_or(usize::MAX)
    };
    candidates.filter(|candidate| !candidate.is_empty()).min_by_key(|candidate| distance(candidate))
}
