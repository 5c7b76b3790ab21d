//! What is known of one task, field by field the value of the highest version (spec 4.1, R17).
//!
//! Later events of a task mostly say all that earlier ones said, so that one version stands for all fields. Only where
//! fields of different versions count has each its own: there may be millions of tasks.
//!
//! Invariant: merging is commutative, associative and idempotent; both forms say the same.

use super::names::{Latest, Name, Names, Renamed, is_larger_text};
use crate::time::Timestamp;

const TEXTS: usize = 9;
const NUMBERS: usize = 4;
const TIMES: usize = 4;

/// What one event, snapshot or row says of a task.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) version: u32,
    pub(super) texts: Fields<Option<&'a str>>,
    pub(super) numbers: Numbers<Option<u64>>,
    pub(super) times: Times<Option<Timestamp>>,
    /// It shows RUNNING or a later status.
    pub(super) is_running: bool,
    /// A normalized table lists the task without an instance, as it does on Fargate.
    pub(super) is_hostless_row: bool,
}

/// The texts of a task. They recur, and are [`Name`]s where they are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<T> {
    pub(super) cluster: T,
    pub(super) container_instance: T,
    /// EC2 instance, which only a normalized table names.
    pub(super) instance: T,
    pub(super) group: T,
    pub(super) definition: T,
    pub(super) launch_type: T,
    pub(super) capacity_provider: T,
    pub(super) stop_code: T,
    /// Tags as a JSON object with sorted keys.
    pub(super) tags: T,
}

/// The numbers of a task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers<T> {
    pub(super) cpu: T,
    pub(super) memory: T,
    pub(super) containers_cpu: T,
    pub(super) containers_memory: T,
}

/// The times of a task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times<T> {
    pub(super) created: T,
    pub(super) pulled: T,
    pub(super) started: T,
    pub(super) stopped: T,
}

impl<T> Fields<T> {
    fn into_array(self) -> [T; TEXTS] {
        let Self { cluster, container_instance, instance, group, .. } = self;
        let Self { definition, launch_type, capacity_provider, stop_code, tags, .. } = self;
        [cluster, container_instance, instance, group, definition, launch_type, capacity_provider, stop_code, tags]
    }

    fn of_array(array: [T; TEXTS]) -> Self {
        let [cluster, container_instance, instance, group, definition, launch_type, capacity_provider, stop_code, tags] =
            array;
        Self {
            cluster,
            container_instance,
            instance,
            group,
            definition,
            launch_type,
            capacity_provider,
            stop_code,
            tags,
        }
    }
}

impl<T> Numbers<T> {
    fn into_array(self) -> [T; NUMBERS] {
        [self.cpu, self.memory, self.containers_cpu, self.containers_memory]
    }

    fn of_array([cpu, memory, containers_cpu, containers_memory]: [T; NUMBERS]) -> Self {
        Self { cpu, memory, containers_cpu, containers_memory }
    }
}

impl<T> Times<T> {
    fn into_array(self) -> [T; TIMES] {
        [self.created, self.pulled, self.started, self.stopped]
    }

    fn of_array([created, pulled, started, stopped]: [T; TIMES]) -> Self {
        Self { created, pulled, started, stopped }
    }
}

/// All that is known of a task, whatever version said it.
#[derive(Debug)]
pub(super) struct TaskFacts {
    pub(super) texts: Fields<Option<Name>>,
    pub(super) numbers: Numbers<Option<u64>>,
    pub(super) times: Times<Option<Timestamp>>,
    /// Some event shows RUNNING or a later status.
    pub(super) was_running: bool,
    /// A normalized table lists the task without an instance.
    pub(super) is_hostless_row: bool,
}

/// What events say of a task while they come in.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// All fields of one version.
    Alike(Alike),
    /// Fields of several versions.
    Mixed(Box<Mixed>),
}

/// Fields of one version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alike {
    version: u32,
    /// A bit for each field that has a value: texts, numbers, times.
    given: Given,
    texts: [Name; TEXTS],
    numbers: [u64; NUMBERS],
    /// In milliseconds.
    times: [i64; TIMES],
    flags: Flags,
}

/// Fields with a version each.
#[derive(Clone, Debug, Default)]
pub(super) struct Mixed {
    texts: [Latest<Name>; TEXTS],
    numbers: [Latest<u64>; NUMBERS],
    times: [Latest<Timestamp>; TIMES],
    flags: Flags,
}

/// What once said stays.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    was_running: bool,
    is_hostless_row: bool,
}

impl Flags {
    fn add(&mut self, other: Self) {
        self.was_running |= other.was_running;
        self.is_hostless_row |= other.is_hostless_row;
    }
}

/// Which fields have a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Given(u32);

impl Given {
    fn of(fields: impl Iterator<Item = bool>) -> Self {
        Self(fields.zip(0..32).fold(0, |bits, (is_given, at)| bits | u32::from(is_given) << at))
    }

    fn has(self, at: usize) -> bool {
        self.0 >> at & 1 != 0
    }

    fn has_all_of(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

impl Default for Known {
    fn default() -> Self {
        Self::Alike(Alike::default())
    }
}

impl Known {
    /// Takes what an event says. Texts that do not count are not even named.
    pub(super) fn take(&mut self, said: &Said<'_>, names: &mut Names) {
        let given = said.given();
        let flags = Flags { was_running: said.is_running, is_hostless_row: said.is_hostless_row };
        if let Self::Alike(known) = self
            && known.is_above(said.version, given)
        {
            known.flags.add(flags);
            return;
        }
        let new = said.named(given, flags, names);
        self.add(&new, names);
    }

    /// Takes what another collection of events says, whose names are these here.
    pub(super) fn merge(&mut self, other: Self, here: &Renamed, names: &Names) {
        match other {
            Self::Alike(mut other) => {
                for name in &mut other.texts {
                    *name = here.name(*name);
                }
                self.add(&other, names);
            }
            Self::Mixed(other) => {
                self.change(|known| known.merge(&other, here, names));
            }
        }
    }

    fn add(&mut self, new: &Alike, names: &Names) {
        if let Self::Alike(known) = self
            && known.add(new, names)
        {
            return;
        }
        self.change(|known| known.add(new, names));
    }

    /// Changes the fields with a version each.
    fn change(&mut self, change: impl FnOnce(&mut Mixed)) {
        let mut mixed = match std::mem::take(self) {
            Self::Alike(alike) => Box::new(Mixed::of(&alike)),
            Self::Mixed(mixed) => mixed,
        };
        change(&mut mixed);
        *self = Self::Mixed(mixed);
    }

    /// What is known in the end.
    pub(super) fn into_facts(self) -> TaskFacts {
        match self {
            Self::Alike(alike) => alike.facts(),
            Self::Mixed(mixed) => TaskFacts {
                texts: Fields::of_array(mixed.texts.map(|text| text.get())),
                numbers: Numbers::of_array(mixed.numbers.map(|number| number.get())),
                times: Times::of_array(mixed.times.map(|time| time.get())),
                was_running: mixed.flags.was_running,
                is_hostless_row: mixed.flags.is_hostless_row,
            },
        }
    }
}

impl Said<'_> {
    fn given(&self) -> Given {
        let texts = self.texts.into_array().map(|text| text.is_some());
        let numbers = self.numbers.into_array().map(|number| number.is_some());
        let times = self.times.into_array().map(|time| time.is_some());
        Given::of(texts.into_iter().chain(numbers).chain(times))
    }

    fn named(&self, given: Given, flags: Flags, names: &mut Names) -> Alike {
        Alike {
            version: self.version,
            given,
            texts: self.texts.into_array().map(|text| text.map(|text| names.name(text)).unwrap_or_default()),
            numbers: self.numbers.into_array().map(Option::unwrap_or_default),
            times: self.times.into_array().map(|time| time.map(Timestamp::millis).unwrap_or_default()),
            flags,
        }
    }
}

fn is_later(a: Timestamp, b: Timestamp) -> bool {
    a > b
}

impl Alike {
    /// Whether an event of a version has nothing to say that counts.
    fn is_above(&self, version: u32, given: Given) -> bool {
        version < self.version && self.given.has_all_of(given)
    }

    /// Takes other fields; `false`, and nothing changed, where they would be of several versions.
    fn add(&mut self, new: &Self, names: &Names) -> bool {
        let flags = self.flags;
        if self.is_above(new.version, new.given) {
            self.flags.add(new.flags);
            return true;
        }
        if new.version > self.version && new.given.has_all_of(self.given) {
            *self = *new;
            self.flags.add(flags);
            return true;
        }
        if new.version == self.version {
            self.add_equal(new, names);
            self.flags.add(new.flags);
            return true;
        }
        false
    }

    /// Takes fields of the same version: of two values the larger one.
    fn add_equal(&mut self, new: &Self, names: &Names) {
        let known = self.given;
        let is_new = |at: usize, is_larger: &dyn Fn() -> bool| new.given.has(at) && (!known.has(at) || is_larger());
        for (at, (to, from)) in self.texts.iter_mut().zip(new.texts).enumerate() {
            if is_new(at, &|| names.is_larger(from, *to)) {
                *to = from;
            }
        }
        for (at, (to, from)) in self.numbers.iter_mut().zip(new.numbers).enumerate() {
            if is_new(TEXTS + at, &|| is_larger_text(from, *to)) {
                *to = from;
            }
        }
        for (at, (to, from)) in self.times.iter_mut().zip(new.times).enumerate() {
            if is_new(TEXTS + NUMBERS + at, &|| from > *to) {
                *to = from;
            }
        }
        self.given = Given(known.0 | new.given.0);
    }

    fn facts(&self) -> TaskFacts {
        let mut at = 0..;
        let mut given = || at.next().is_some_and(|at| self.given.has(at));
        TaskFacts {
            texts: Fields::of_array(self.texts.map(|name| given().then_some(name))),
            numbers: Numbers::of_array(self.numbers.map(|number| given().then_some(number))),
            times: Times::of_array(self.times.map(|time| given().then_some(Timestamp::from_millis(time)))),
            was_running: self.flags.was_running,
            is_hostless_row: self.flags.is_hostless_row,
        }
    }
}

impl Mixed {
    fn of(alike: &Alike) -> Self {
        let mut mixed = Self { flags: alike.flags, ..Self::default() };
        // No field has a value to compare with.
        mixed.offer(alike, |_, _| true);
        mixed
    }

    fn merge(&mut self, other: &Self, here: &Renamed, names: &Names) {
        for (to, from) in self.texts.iter_mut().zip(other.texts) {
            to.merge(from, |name| here.name(name), |a, b| names.is_larger(a, b));
        }
        for (to, from) in self.numbers.iter_mut().zip(other.numbers) {
            to.merge(from, |number| number, is_larger_text);
        }
        for (to, from) in self.times.iter_mut().zip(other.times) {
            to.merge(from, |time| time, is_later);
        }
        self.flags.add(other.flags);
    }

    fn add(&mut self, new: &Alike, names: &Names) {
        self.offer(new, |a, b| names.is_larger(a, b));
        self.flags.add(new.flags);
    }

    fn offer(&mut self, new: &Alike, is_larger_name: impl Fn(Name, Name) -> bool) {
        let TaskFacts { texts, numbers, times, .. } = new.facts();
        for (to, from) in self.texts.iter_mut().zip(texts.into_array()) {
            to.offer(new.version, from, &is_larger_name);
        }
        for (to, from) in self.numbers.iter_mut().zip(numbers.into_array()) {
            to.offer(new.version, from, is_larger_text);
        }
        for (to, from) in self.times.iter_mut().zip(times.into_array()) {
            to.offer(new.version, from, is_later);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What an event says, by small numbers: 0 is nothing.
    fn said(version: u32, fields: &[usize]) -> Said<'static> {
        let field = |at: usize| fields.get(at).copied().filter(|value| *value > 0);
        let text = |at: usize| field(at).map(|value| ["", "a", "b", "c"][value]);
        // Of 9 and 10 the first is the larger text.
        let number = |at: usize| field(at).map(|value| [0, 9, 10, 11][value]);
        let time = |at: usize| field(at).map(|value| Timestamp::from_millis([0, 1, 2, 3][value]));
        Said {
            version,
            texts: Fields { cluster: text(0), group: text(1), tags: text(2), ..Fields::default() },
            numbers: Numbers { cpu: number(3), containers_memory: number(4), ..Numbers::default() },
            times: Times { created: time(5), stopped: time(6), ..Times::default() },
            is_running: field(7).is_some(),
            is_hostless_row: false,
        }
    }

    fn seen(known: Known, names: &Names) -> String {
        let TaskFacts { texts, numbers, times, was_running, is_hostless_row } = known.into_facts();
        let texts = texts.into_array().map(|name| name.map(|name| names.text(name).to_owned()));
        format!("{texts:?} {numbers:?} {times:?} {was_running} {is_hostless_row}")
    }

    proptest! {
        #[test]
        fn one_version_for_all_fields_says_what_a_version_for_each_says(
            events in prop::collection::vec((0u32..3, prop::collection::vec(0usize..4, 8)), 0..6),
            cut in 0usize..6,
            shared in any::<bool>(),
        ) {
            let events: Vec<Said<'_>> = events
                .iter()
                .map(|(version, fields)| {
                    // Events that mostly say all, as they do in life.
                    let all: Vec<usize> = fields.iter().map(|field| (*field).max(usize::from(shared))).collect();
                    said(*version, &all)
                })
                .collect();
            let mut names = Names::default();
            let mut by_field = Known::Mixed(Box::default());
            let mut together = Known::default();
            for event in &events {
                by_field.take(event, &mut names);
                together.take(event, &mut names);
            }
            let expected = seen(by_field, &names);
            prop_assert_eq!(seen(together, &names), &*expected);

            let (first, second) = events.split_at(cut.min(events.len()));
            let (mut ours, mut mine) = (Known::default(), Names::default());
            let (mut theirs, mut other) = (Known::default(), Names::default());
            for event in second {
                theirs.take(event, &mut other);
            }
            for event in first.iter().rev() {
                ours.take(event, &mut mine);
            }
            let here = mine.merge(&other);
            ours.merge(theirs, &here, &mine);
            prop_assert_eq!(seen(ours, &mine), &*expected);
        }
    }
}
