//! What tasks have in common: there may be millions of them, but they are of few kinds.

use std::hash::BuildHasher;
use std::num::NonZeroU32;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::names::{Name, Renamed};
use super::task_facts::{NUMBERS, TEXTS};

/// All that is known of a task but its times, which are its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// A bit for each field that has a value: texts, numbers, times.
    pub(super) given: Given,
    pub(super) texts: [Name; TEXTS],
    pub(super) numbers: [u64; NUMBERS],
    pub(super) flags: Flags,
}

/// What once said stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flags {
    pub(super) was_running: bool,
    pub(super) is_hostless_row: bool,
}

impl Flags {
    pub(super) fn add(&mut self, other: Self) {
        self.was_running |= other.was_running;
        self.is_hostless_row |= other.is_hostless_row;
    }

    pub(super) fn has_all_of(self, other: Self) -> bool {
        self.was_running >= other.was_running && self.is_hostless_row >= other.is_hostless_row
    }
}

/// Which fields have a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Given(u32);

impl Given {
    pub(super) fn of(fields: impl Iterator<Item = bool>) -> Self {
        Self(fields.zip(0..32).fold(0, |bits, (is_given, at)| bits | u32::from(is_given) << at))
    }

    pub(super) fn has(self, at: usize) -> bool {
        self.0 >> at & 1 != 0
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has_all_of(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// A kind kept in [`Kinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KindName(NonZeroU32);

impl KindName {
    /// Its place among all kinds.
    pub(super) fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Every distinct kind once. The first is that of a task of which nothing is known.
#[derive(Clone, Debug)]
pub(super) struct Kinds {
    all: Vec<Kind>,
    index: HashTable<u32>,
    hasher: FixedState,
}

impl Default for Kinds {
    fn default() -> Self {
        let mut kinds = Self { all: Vec::new(), index: HashTable::new(), hasher: FixedState::default() };
        kinds.name(&Kind::default());
        kinds
    }
}

impl Kinds {
    /// The kind of a task of which nothing is known.
    pub(super) const UNKNOWN: KindName = KindName(NonZeroU32::MIN);

    /// The name of a kind.
    pub(super) fn name(&mut self, kind: &Kind) -> KindName {
        let Self { all: kinds, index, hasher } = self;
        let hash = hasher.hash_one(kind);
        let is_same = |place: &u32| kinds.get(*place as usize) == Some(kind);
        let place = index.find(hash, is_same).copied().unwrap_or_else(|| {
            // There are no more kinds than tasks, of which 2^32 do not fit into memory.
            let place = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
            kinds.push(*kind);
            let rehash = |place: &u32| kinds.get(*place as usize).map_or(0, |kind| hasher.hash_one(kind));
            index.insert_unique(hash, place, rehash);
            place
        });
        KindName(NonZeroU32::MIN.saturating_add(place))
    }

    /// The kind of a name.
    pub(super) fn get(&self, name: KindName) -> Kind {
        self.all.get(name.place()).copied().unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Takes the kinds of another collection, whose names are these here, and says what each of them is here.
    pub(super) fn merge(&mut self, other: &Self, here: &Renamed) -> RenamedKinds {
        let renamed = other.all.iter().map(|kind| {
            let mut kind = *kind;
            for (at, text) in kind.texts.iter_mut().enumerate() {
                if kind.given.has(at) {
                    *text = here.name(*text);
                }
            }
            self.name(&kind)
        });
        RenamedKinds(renamed.collect())
    }
}

/// The kinds of one collection in another; without any, both are one.
#[derive(Default)]
pub(super) struct RenamedKinds(Vec<KindName>);

impl RenamedKinds {
    pub(super) fn name(&self, kind: KindName) -> KindName {
        self.0.get(kind.place()).copied().unwrap_or(kind)
    }
}
