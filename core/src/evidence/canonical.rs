//! What evidence says, as one text: what its digest is made of (spec 7.2).

use super::model::Evidence;
use super::task_runs::TaskKind;
use crate::bill::{Digest, Digester};
use crate::ids::InstanceId;
use crate::time::{Interval, Timestamp};

/// Length-prefixed parts, hashed a few at a time: the text of millions of runs is never held.
#[derive(Default)]
struct Canonical {
    hashed: Digester,
    /// Not hashed yet: what stays in the nearest cache.
    parts: Vec<u8>,
}

impl Canonical {
    const BLOCK: usize = 1 << 13;

    fn bytes(&mut self, bytes: &[u8]) {
        if self.parts.len() + bytes.len() > Self::BLOCK {
            self.hashed.add(&self.parts);
            self.parts.clear();
        }
        self.parts.extend_from_slice(bytes);
    }

    fn part(&mut self, text: &str) {
        self.numbers([u64::try_from(text.len()).unwrap_or(u64::MAX)]);
        self.bytes(text.as_bytes());
    }

    fn numbers<const N: usize>(&mut self, numbers: [u64; N]) {
        self.bytes(numbers.map(u64::to_le_bytes).as_flattened());
    }

    fn times<const N: usize>(&mut self, times: [Timestamp; N]) {
        self.bytes(times.map(|time| time.millis().to_le_bytes()).as_flattened());
    }

    fn list<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.part(name);
        for item in items {
            self.part("item");
            each(self, item);
        }
        self.part("end");
    }

    fn kind(&mut self, kind: &TaskKind) {
        self.part(kind.cluster.as_str());
        self.part(kind.service.as_str());
        self.part(kind.instance.as_ref().map_or("", InstanceId::as_str));
        self.numbers([kind.cpu, kind.memory, u64::from(kind.fargate)]);
        self.list("tags", &kind.tags, |text, (key, value)| {
            text.part(key);
            text.part(value);
        });
    }

    /// What runs have in common, sorted; then each run by what its task does not share with the one before it, the place of
    /// what it has in common with others, and when it ran.
    fn tasks(&mut self, evidence: &Evidence) {
        let kinds = evidence.tasks.kinds();
        let mut sorted: Vec<&TaskKind> = kinds.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let places: Vec<u64> =
            kinds.iter().map(|kind| sorted.partition_point(|known| *known < kind)).map(|at| at as u64).collect();
        self.list("kinds", sorted, Self::kind);
        self.part("tasks");
        self.numbers([evidence.tasks.len() as u64]);
        let mut last = "";
        for ((kind, Interval { start, end }), run) in evidence.tasks.spans().zip(evidence.tasks.iter()) {
            let task = run.task.as_bytes();
            let shared = shared_start(last.as_bytes(), task);
            let own = task.get(shared..).unwrap_or_default();
            self.numbers([shared as u64, own.len() as u64, places.get(kind).copied().unwrap_or_default()]);
            self.times([start, end]);
            self.bytes(own);
            last = run.task;
        }
    }
}

impl Evidence {
    /// A hash of what the evidence says; equal however its events were delivered (spec 7.2). Diagnostics are left out.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut text = Canonical::default();
        text.tasks(self);
        text.list("registrations", &self.registrations, |text, registration| {
            text.part(registration.instance.as_str());
            text.times([registration.since]);
            text.numbers([registration.capacity.cpu, registration.capacity.memory]);
        });
        text.list("attachments", &self.attachments, |text, attachment| {
            text.part(attachment.volume.as_str());
            text.part(attachment.instance.as_str());
            text.times([attachment.interval.start, attachment.interval.end]);
        });
        text.list("unattached", &self.unattached, |text, volume| text.part(volume.as_str()));
        text.list("services", self.services.owners(), |text, owner| {
            text.part(owner.service.as_str());
            text.part(owner.cluster.as_deref().unwrap_or_default());
            text.part(owner.account.as_deref().unwrap_or_default());
            text.times([owner.from.unwrap_or(Timestamp::MIN), owner.to.unwrap_or(Timestamp::MAX)]);
            text.part(owner.area.as_str());
        });
        text.hashed.add(&text.parts);
        text.hashed.finish()
    }
}

/// How many bytes two texts start with alike.
fn shared_start(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let alike = 8 * words.take_while(|(a, b)| a == b).count();
    let rests = a.iter().zip(b).skip(alike);
    alike + rests.take_while(|(a, b)| a == b).count()
}
