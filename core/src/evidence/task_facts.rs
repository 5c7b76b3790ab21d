//! What is known of one task, field by field the value of the highest version (spec 4.1, R17).
//!
//! Later events of a task mostly say all that earlier ones said, so that one version stands for all fields, of which all
//! but the times are those of many tasks. Only where fields of different versions count has each its own: there may be
//! millions of tasks.
//!
//! Invariant: merging is commutative, associative and idempotent; both forms say the same.

use super::kinds::{Flags, Given, Kind, KindName, Kinds, RenamedKinds};
use super::names::{Latest, Name, Names, Renamed, is_larger_text};
use crate::time::{Interval, Timestamp};

pub(super) const TEXTS: usize = 9;
pub(super) const NUMBERS: usize = 4;
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

/// All that is known of a task but its times, whatever version said it.
#[derive(Debug)]
pub(super) struct KindFields {
    pub(super) texts: Fields<Option<Name>>,
    pub(super) numbers: Numbers<Option<u64>>,
    /// Some event shows RUNNING or a later status.
    pub(super) was_running: bool,
    /// A normalized table lists the task without an instance.
    pub(super) is_hostless_row: bool,
}

/// What events say of a task while they come in.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// All fields of one version.
    Alike(Task),
    /// Fields of several versions.
    Mixed(Box<Mixed>),
}

/// All fields of a task, of one version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    version: u32,
    kind: KindName,
    /// In milliseconds.
    times: [i64; TIMES],
}

/// The same, kind and all.
#[derive(Clone, Copy, Debug, Default)]
struct Alike {
    version: u32,
    kind: Kind,
    times: [i64; TIMES],
}

/// Fields with a version each.
#[derive(Clone, Debug, Default)]
pub(super) struct Mixed {
    texts: [Latest<Name>; TEXTS],
    numbers: [Latest<u64>; NUMBERS],
    times: [Latest<Timestamp>; TIMES],
    flags: Flags,
}

impl Default for Known {
    fn default() -> Self {
        Self::Alike(Task { version: 0, kind: Kinds::UNKNOWN, times: [0; TIMES] })
    }
}

impl Known {
    /// Takes what an event says. Texts that do not count are not even named.
    pub(super) fn take(&mut self, said: &Said<'_>, names: &mut Names, kinds: &mut Kinds) {
        match self {
            Self::Alike(known) if known.kind == Kinds::UNKNOWN => *known = said.task(names, kinds),
            Self::Alike(known) if known.says_more(said, kinds) => {}
            _ => self.add_to_known(&said.named(names), names, kinds),
        }
    }

    /// Takes what another collection of events says, whose names and kinds are these here.
    pub(super) fn merge(&mut self, other: Self, here: (&Renamed, &RenamedKinds), names: &Names, kinds: &mut Kinds) {
        match other {
            Self::Alike(other) => self.add(other.renamed(here.1), names, kinds),
            Self::Mixed(other) => self.change(kinds, |known| known.merge(&other, here.0, names)),
        }
    }

    /// Takes fields of one version.
    pub(super) fn add(&mut self, new: Task, names: &Names, kinds: &mut Kinds) {
        match self {
            Self::Alike(known) if known.kind == Kinds::UNKNOWN => *known = new,
            _ => self.add_to_known(&Alike::of(&new, kinds), names, kinds),
        }
    }

    fn add_to_known(&mut self, new: &Alike, names: &Names, kinds: &mut Kinds) {
        if let Self::Alike(known) = self {
            let mut alike = Alike::of(known, kinds);
            if alike.add(new, names) {
                *known = alike.named(kinds);
                return;
            }
        }
        self.change(kinds, |known| known.add(new, names));
    }

    /// Changes the fields with a version each.
    fn change(&mut self, kinds: &Kinds, change: impl FnOnce(&mut Mixed)) {
        let mut mixed = match std::mem::take(self) {
            Self::Alike(alike) => Box::new(Mixed::of(&Alike::of(&alike, kinds))),
            Self::Mixed(mixed) => mixed,
        };
        change(&mut mixed);
        *self = Self::Mixed(mixed);
    }

    /// What is known in the end.
    pub(super) fn last(&self, kinds: &mut Kinds) -> Task {
        match self {
            Self::Alike(alike) => *alike,
            Self::Mixed(mixed) => mixed.last().named(kinds),
        }
    }
}

impl Task {
    /// What a row of a table says that is of this kind; times that it does not say are at the epoch.
    #[cfg(feature = "fs")]
    pub(super) fn of_row(kind: KindName, started: Timestamp, stopped: Timestamp) -> Self {
        let times = Times { started: started.millis(), stopped: stopped.millis(), ..Times::default() };
        Self { version: 0, kind, times: times.into_array() }
    }

    /// The same in another collection, which has these kinds.
    pub(super) fn renamed(&self, here: &RenamedKinds) -> Self {
        Self { kind: here.name(self.kind), ..*self }
    }

    /// Whether an event of a lower version says nothing that counts.
    fn says_more(&self, said: &Said<'_>, kinds: &Kinds) -> bool {
        let kind = kinds.get(self.kind);
        said.version < self.version && kind.given.has_all_of(said.given()) && kind.flags.has_all_of(said.flags())
    }

    /// What it has in common with others.
    pub(super) fn kind(&self) -> KindName {
        self.kind
    }

    /// From its start to its stop, of a kind that [has both](Kind::has_whole_times); `None` where that is no time, or open.
    pub(super) fn whole(&self) -> Option<Interval> {
        let Times { started, stopped, .. } = Times::of_array(self.times.map(Timestamp::from_millis));
        (started <= stopped && stopped != Timestamp::MAX).then(|| Interval::new(started, stopped))
    }
}

impl Said<'_> {
    fn given(&self) -> Given {
        let texts = self.texts.into_array().map(|text| text.is_some());
        let numbers = self.numbers.into_array().map(|number| number.is_some());
        let times = self.times.into_array().map(|time| time.is_some());
        Given::of(texts.into_iter().chain(numbers).chain(times))
    }

    fn flags(&self) -> Flags {
        Flags { was_running: self.is_running, is_hostless_row: self.is_hostless_row }
    }

    /// All that it says.
    pub(super) fn task(&self, names: &mut Names, kinds: &mut Kinds) -> Task {
        self.named(names).named(kinds)
    }

    fn named(&self, names: &mut Names) -> Alike {
        let (given, flags) = (self.given(), self.flags());
        let texts = self.texts.into_array().map(|text| text.map(|text| names.name(text)).unwrap_or_default());
        let numbers = self.numbers.into_array().map(Option::unwrap_or_default);
        let times = self.times.into_array().map(|time| time.map(Timestamp::millis).unwrap_or_default());
        Alike { version: self.version, kind: Kind { given, texts, numbers, flags }, times }
    }
}

fn is_later(a: Timestamp, b: Timestamp) -> bool {
    a > b
}

impl Alike {
    fn of(task: &Task, kinds: &Kinds) -> Self {
        Self { version: task.version, kind: kinds.get(task.kind), times: task.times }
    }

    fn named(&self, kinds: &mut Kinds) -> Task {
        Task { version: self.version, kind: kinds.name(&self.kind), times: self.times }
    }

    /// Takes other fields; `false`, and nothing changed, where they would be of several versions.
    fn add(&mut self, new: &Self, names: &Names) -> bool {
        let (given, flags) = (self.kind.given, self.kind.flags);
        if new.version < self.version && given.has_all_of(new.kind.given) {
            self.kind.flags.add(new.kind.flags);
            return true;
        }
        if new.version > self.version && new.kind.given.has_all_of(given) {
            *self = *new;
            self.kind.flags.add(flags);
            return true;
        }
        if new.version == self.version {
            self.add_equal(new, names);
            self.kind.flags.add(new.kind.flags);
            return true;
        }
        false
    }

    /// Takes fields of the same version: of two values the larger one.
    fn add_equal(&mut self, new: &Self, names: &Names) {
        let (kind, more) = (&mut self.kind, &new.kind);
        let known = kind.given;
        let is_new = |at: usize, is_larger: &dyn Fn() -> bool| more.given.has(at) && (!known.has(at) || is_larger());
        for (at, (to, from)) in kind.texts.iter_mut().zip(more.texts).enumerate() {
            if is_new(at, &|| names.is_larger(from, *to)) {
                *to = from;
            }
        }
        for (at, (to, from)) in kind.numbers.iter_mut().zip(more.numbers).enumerate() {
            if is_new(TEXTS + at, &|| is_larger_text(from, *to)) {
                *to = from;
            }
        }
        for (at, (to, from)) in self.times.iter_mut().zip(new.times).enumerate() {
            if is_new(TEXTS + NUMBERS + at, &|| from > *to) {
                *to = from;
            }
        }
        kind.given = known.with(more.given);
    }
}

impl Kind {
    /// The fields that have a value.
    pub(super) fn fields(&self) -> KindFields {
        let given = |at: usize| self.given.has(at);
        let mut at = 0..;
        let mut is_given = || at.next().is_some_and(given);
        KindFields {
            texts: Fields::of_array(self.texts.map(|name| is_given().then_some(name))),
            numbers: Numbers::of_array(self.numbers.map(|number| is_given().then_some(number))),
            was_running: self.flags.was_running,
            is_hostless_row: self.flags.is_hostless_row,
        }
    }

    /// Whether tasks of this kind say when they started and when they stopped.
    pub(super) fn has_whole_times(&self) -> bool {
        let times = self.times_of([0; TIMES]);
        times.started.is_some() && times.stopped.is_some()
    }

    /// The times of a task of this kind.
    pub(super) fn times(&self, task: &Task) -> Times<Option<Timestamp>> {
        self.times_of(task.times)
    }

    fn times_of(&self, times: [i64; TIMES]) -> Times<Option<Timestamp>> {
        let mut at = TEXTS + NUMBERS..;
        let mut is_given = || at.next().is_some_and(|at| self.given.has(at));
        Times::of_array(times.map(|time| is_given().then_some(Timestamp::from_millis(time))))
    }
}

impl Mixed {
    fn of(alike: &Alike) -> Self {
        let mut mixed = Self { flags: alike.kind.flags, ..Self::default() };
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
        self.flags.add(new.kind.flags);
    }

    fn offer(&mut self, new: &Alike, is_larger_name: impl Fn(Name, Name) -> bool) {
        let KindFields { texts, numbers, .. } = new.kind.fields();
        for (to, from) in self.texts.iter_mut().zip(texts.into_array()) {
            to.offer(new.version, from, &is_larger_name);
        }
        for (to, from) in self.numbers.iter_mut().zip(numbers.into_array()) {
            to.offer(new.version, from, is_larger_text);
        }
        for (to, from) in self.times.iter_mut().zip(new.kind.times_of(new.times).into_array()) {
            to.offer(new.version, from, is_later);
        }
    }

    /// The values, whatever their versions.
    fn last(&self) -> Alike {
        let (texts, numbers) = (self.texts.map(|text| text.get()), self.numbers.map(|number| number.get()));
        let times = self.times.map(|time| time.get());
        let is_given = texts.iter().map(Option::is_some).chain(numbers.iter().map(Option::is_some));
        let given = Given::of(is_given.chain(times.iter().map(Option::is_some)));
        let (texts, numbers) = (texts.map(Option::unwrap_or_default), numbers.map(Option::unwrap_or_default));
        let times = times.map(|time| time.map(Timestamp::millis).unwrap_or_default());
        Alike { version: 0, kind: Kind { given, texts, numbers, flags: self.flags }, times }
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

    fn seen(known: &Known, names: &Names, mut kinds: Kinds) -> String {
        let task = known.last(&mut kinds);
        let kind = kinds.get(task.kind());
        let (KindFields { texts, numbers, was_running, is_hostless_row }, times) = (kind.fields(), kind.times(&task));
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
            let (mut names, mut kinds) = (Names::default(), Kinds::default());
            let mut by_field = Known::Mixed(Box::default());
            let mut together = Known::default();
            for event in &events {
                by_field.take(event, &mut names, &mut kinds);
                together.take(event, &mut names, &mut kinds);
            }
            let expected = seen(&by_field, &names, kinds.clone());
            prop_assert_eq!(seen(&together, &names, kinds), &*expected);

            let (first, second) = events.split_at(cut.min(events.len()));
            let (mut ours, mut mine, mut my_kinds) = (Known::default(), Names::default(), Kinds::default());
            let (mut theirs, mut other, mut other_kinds) = (Known::default(), Names::default(), Kinds::default());
            for event in second {
                theirs.take(event, &mut other, &mut other_kinds);
            }
            for event in first.iter().rev() {
                ours.take(event, &mut mine, &mut my_kinds);
            }
            let here = mine.merge(&other);
            let kinds_here = my_kinds.merge(&other_kinds, &here);
            ours.merge(theirs, (&here, &kinds_here), &mine, &mut my_kinds);
            prop_assert_eq!(seen(&ours, &mine, my_kinds), &*expected);
        }
    }
}
