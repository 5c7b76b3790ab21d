//! Texts that recur (clusters, services, instances), kept once, and the versioned fields that hold them.

use std::hash::BuildHasher;
use std::num::NonZeroU32;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::texts::Texts;

/// A text kept in [`Names`]; says nothing about order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(u32);

/// Every distinct text once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    texts: Texts,
    /// A part of the hash of each text, and the text's place: growing looks at no text.
    index: HashTable<(u32, u32)>,
    hasher: FixedState,
}

impl Names {
    /// The name of a text. What is new comes after all others.
    pub(super) fn name(&mut self, text: &str) -> Name {
        let (texts, hasher) = (&mut self.texts, &self.hasher);
        let part = hash_part(hasher.hash_one(text));
        let is_same = |(known, name): &(u32, u32)| *known == part && texts.get(*name as usize) == text;
        if let Some((_, name)) = self.index.find(spread(part), is_same) {
            return Name(*name);
        }
        // More than 2^32 distinct texts do not fit into memory before they overflow the index.
        let name = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        texts.push(text);
        self.index.insert_unique(spread(part), (part, name), |(part, _)| spread(*part));
        Name(name)
    }

    /// Takes the names of another collection, and says what each of its names is here.
    pub(super) fn merge(&mut self, other: &Self) -> Renamed {
        Renamed(other.texts.iter().map(|text| self.name(text)).collect())
    }

    /// The text of a name.
    pub(super) fn text(&self, name: Name) -> &str {
        self.texts.get(name.place())
    }

    /// All texts, each at the place of its name.
    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The same.
    pub(super) fn into_texts(self) -> Texts {
        self.texts
    }

    /// Whether the first text is bytewise larger.
    pub(super) fn is_larger(&self, a: Name, b: Name) -> bool {
        self.text(a) > self.text(b)
    }
}

impl Name {
    /// Where its text stands among all.
    pub(super) fn place(self) -> usize {
        self.0 as usize
    }
}

fn hash_part(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// A hash whose ends both differ where the parts do: the index takes its place from one and its mark from the other.
fn spread(part: u32) -> u64 {
    u64::from(part) << 32 | u64::from(part)
}

/// The names of one collection in another; without any, both are one.
#[derive(Default)]
pub(super) struct Renamed(Vec<Name>);

impl Renamed {
    pub(super) fn name(&self, name: Name) -> Name {
        self.0.get(name.place()).copied().unwrap_or(name)
    }
}

/// The value of the highest version that carries it; at equal versions the larger one (R17).
#[derive(Clone, Copy, Debug)]
pub(super) struct Latest<T>(
    /// Version plus one, so that a field that no event carried takes no room of its own.
    Option<(NonZeroU32, T)>,
);

// Not derived: a value needs no default.
impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Copy> Latest<T> {
    /// Takes what an event of this version says, if it says anything.
    pub(super) fn offer(&mut self, version: u32, value: Option<T>, is_larger: impl Fn(T, T) -> bool) {
        let Some(value) = value else {
            return;
        };
        let stamp = NonZeroU32::MIN.saturating_add(version);
        let is_newer = self.0.is_none_or(|(known, old)| stamp > known || (stamp == known && is_larger(value, old)));
        if is_newer {
            self.0 = Some((stamp, value));
        }
    }

    /// Takes what another collection of events says, its value changed by `here`.
    pub(super) fn merge(&mut self, other: Self, here: impl Fn(T) -> T, is_larger: impl Fn(T, T) -> bool) {
        if let Some((stamp, value)) = other.0 {
            self.offer(stamp.get() - 1, Some(here(value)), is_larger);
        }
    }

    /// The value, if any event carried the field.
    pub(super) fn get(&self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

/// Whether the text of the first number is bytewise larger: numbers come as text (R17).
pub(super) fn is_larger_text(a: u64, b: u64) -> bool {
    a != b && a.to_string() > b.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_name() {
        let mut names = Names::default();
        let first: Vec<Name> = (0..1000).map(|i| names.name(&i.to_string())).collect();
        let again: Vec<Name> = (0..1000).map(|i| names.name(&i.to_string())).collect();
        assert_eq!(first, again);
        assert_eq!(names.text(first[77]), "77");
    }

    #[test]
    fn the_highest_version_wins_and_ties_go_to_the_larger_text() {
        let mut cpu = Latest::default();
        cpu.offer(3, Some(1024), is_larger_text);
        cpu.offer(3, Some(256), is_larger_text);
        assert_eq!(cpu.get(), Some(256));
        cpu.offer(2, Some(999), is_larger_text);
        cpu.offer(9, None, is_larger_text);
        assert_eq!(cpu.get(), Some(256));
        cpu.offer(4, Some(1), is_larger_text);
        assert_eq!(cpu.get(), Some(1));
        assert_eq!(Latest::<u64>::default().get(), None);
    }
}
