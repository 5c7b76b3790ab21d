//! Volume facts while events come in, and instance terminations (spec 4.4, R18).

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::Deserialize;

use super::attachments::{Timeline, intervals};
use super::model::VolumeAttachment;
use super::names::{Name, Names, Renamed};
use super::scalar::{Field, Shape};
use crate::diagnostic::Diagnostics;
use crate::error::Result;
use crate::ids::{InstanceId, VolumeId, bare_resource_id};
use crate::time::Timestamp;

/// A volume of `describe-volumes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribedVolume<'a> {
    #[serde(borrow)]
    volume_id: Field<'a>,
    state: Field<'a>,
    multi_attach_enabled: Option<bool>,
    attachments: Option<Vec<DescribedAttachment<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedAttachment<'a> {
    #[serde(borrow)]
    instance_id: Field<'a>,
    attach_time: Field<'a>,
    state: Field<'a>,
}

/// A reservation of `describe-instances`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reservation<'a> {
    #[serde(borrow)]
    pub(super) instances: Option<Vec<DescribedInstance<'a>>>,
}

/// An instance of `describe-instances`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribedInstance<'a> {
    #[serde(borrow)]
    instance_id: Field<'a>,
    block_device_mappings: Option<Vec<BlockDevice<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlockDevice<'a> {
    #[serde(borrow)]
    ebs: Option<Ebs<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ebs<'a> {
    #[serde(borrow)]
    volume_id: Field<'a>,
    attach_time: Field<'a>,
    status: Field<'a>,
}

/// What is known of one volume; a set, so that duplicates and order do not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct VolumeFacts {
    attached: BTreeSet<(Timestamp, Name)>,
    /// Detach → the attachment time it names; the earliest where several records of one call differ.
    detached: BTreeMap<(Timestamp, Name), Option<Timestamp>>,
    rows: BTreeSet<(Timestamp, Option<Timestamp>, Name)>,
    deleted: BTreeSet<Timestamp>,
    is_multi_attach: bool,
    /// Whether a snapshot says that it is attached to nothing, and whether one says that it is in use.
    is_available: bool,
    is_in_use: bool,
}

/// All volumes.
#[derive(Clone, Debug, Default)]
pub(super) struct Volumes(HashMap<Name, VolumeFacts, FixedState>);

/// When instances were terminated.
#[derive(Clone, Debug, Default)]
pub(super) struct Terminations(BTreeMap<InstanceId, BTreeSet<Timestamp>>);

impl Terminations {
    /// An instance was terminated.
    pub(super) fn add(&mut self, instance: &str, at: Timestamp) {
        self.0.entry(InstanceId::from(instance)).or_default().insert(at);
    }

    /// Takes the terminations of another collection.
    pub(super) fn merge(&mut self, other: Self) {
        for (instance, times) in other.0 {
            self.0.entry(instance).or_default().extend(times);
        }
    }

    /// The first termination after an instant.
    pub(super) fn first_after(&self, instance: &str, start: Timestamp) -> Option<Timestamp> {
        self.all(instance).find(|at| *at > start)
    }

    /// Every time at which the instance is said to be terminated, sorted.
    pub(super) fn all(&self, instance: &str) -> impl Iterator<Item = Timestamp> {
        self.0.get(instance).into_iter().flatten().copied()
    }
}

impl Volumes {
    fn volume(&mut self, names: &mut Names, volume: &str) -> &mut VolumeFacts {
        self.0.entry(names.name(bare_resource_id(volume))).or_default()
    }

    /// Takes what another collection says, whose names are these here.
    pub(super) fn merge(&mut self, other: Self, here: &Renamed) {
        for (volume, facts) in other.0 {
            let known = self.0.entry(here.name(volume)).or_default();
            known.attached.extend(facts.attached.into_iter().map(|(at, instance)| (at, here.name(instance))));
            for ((at, instance), attach_time) in facts.detached {
                let detach = known.detached.entry((at, here.name(instance))).or_default();
                *detach = detach.iter().copied().chain(attach_time).min();
            }
            let rows = facts.rows.into_iter();
            known.rows.extend(rows.map(|(attached, detached, instance)| (attached, detached, here.name(instance))));
            known.deleted.extend(facts.deleted);
            known.is_multi_attach |= facts.is_multi_attach;
            known.is_available |= facts.is_available;
            known.is_in_use |= facts.is_in_use;
        }
    }

    /// The volume was attached.
    pub(super) fn attach(&mut self, names: &mut Names, volume: &str, instance: &str, at: Timestamp) {
        let instance = names.name(bare_resource_id(instance));
        self.volume(names, volume).attached.insert((at, instance));
    }

    /// The volume was detached; `attach_time` is when it had been attached, where said.
    pub(super) fn detach(
        &mut self,
        names: &mut Names,
        volume: &str,
        instance: &str,
        at: Timestamp,
        attach_time: Option<Timestamp>,
    ) {
        let instance = names.name(bare_resource_id(instance));
        let known = self.volume(names, volume).detached.entry((at, instance)).or_default();
        *known = known.iter().copied().chain(attach_time).min();
    }

    /// The volume was deleted.
    pub(super) fn delete(&mut self, names: &mut Names, volume: &str, at: Timestamp) {
        self.volume(names, volume).deleted.insert(at);
    }

    /// A row of a normalized table.
    pub(super) fn add_row(
        &mut self,
        names: &mut Names,
        (volume, instance): (&str, &str),
        attached: Timestamp,
        detached: Option<Timestamp>,
    ) {
        let instance = names.name(bare_resource_id(instance));
        self.volume(names, volume).rows.insert((attached, detached, instance));
    }

    /// A volume of a snapshot.
    ///
    /// # Errors
    /// `evidence.bad_event` naming the field.
    pub(super) fn add_described(
        &mut self,
        names: &mut Names,
        described: &DescribedVolume<'_>,
        shape: Shape,
    ) -> Result<()> {
        let volume = shape.required(&described.volume_id, "VolumeId")?;
        let state = shape.text(&described.state, "State")?;
        let known = self.volume(names, volume);
        known.is_multi_attach |= described.multi_attach_enabled == Some(true);
        known.is_available |= state == Some("available");
        known.is_in_use |= state == Some("in-use");
        for attachment in described.attachments.as_deref().unwrap_or_default() {
            // Attachments that AWS services manage name no instance; a detached one does not say since when.
            let is_over = shape.text(&attachment.state, "Attachments.State")? == Some("detached");
            let instance = shape.text(&attachment.instance_id, "Attachments.InstanceId")?;
            if let (Some(instance), false) = (instance, is_over) {
                let at = shape.required_time(&attachment.attach_time, "Attachments.AttachTime")?;
                self.attach(names, volume, instance, at);
            }
        }
        Ok(())
    }

    /// An instance of a snapshot, with its root volume.
    ///
    /// # Errors
    /// `evidence.bad_event` naming the field.
    pub(super) fn add_instance(
        &mut self,
        names: &mut Names,
        described: &DescribedInstance<'_>,
        shape: Shape,
    ) -> Result<()> {
        let instance = shape.required(&described.instance_id, "InstanceId")?;
        let devices = described.block_device_mappings.as_deref().unwrap_or_default();
        for ebs in devices.iter().filter_map(|device| device.ebs.as_ref()) {
            let volume = shape.required(&ebs.volume_id, "BlockDeviceMappings.Ebs.VolumeId")?;
            if shape.text(&ebs.status, "BlockDeviceMappings.Ebs.Status")? != Some("detached") {
                let at = shape.required_time(&ebs.attach_time, "BlockDeviceMappings.Ebs.AttachTime")?;
                self.attach(names, volume, instance, at);
            }
        }
        Ok(())
    }

    /// The attachments as intervals, sorted.
    pub(super) fn attachments(
        &self,
        names: &Names,
        terminations: &Terminations,
        diagnostics: &mut Diagnostics,
    ) -> Vec<VolumeAttachment> {
        let mut attachments = Vec::new();
        for (volume, facts) in &self.0 {
            let placed = |(at, instance): &(Timestamp, Name)| (*at, names.text(*instance));
            let mut timeline = Timeline {
                volume: names.text(*volume),
                starts: facts.attached.iter().map(placed).collect(),
                detached: facts.detached.iter().map(|(key, attach_time)| (placed(key), *attach_time)).collect(),
                deleted: &facts.deleted,
                terminations,
                is_multi_attach: facts.is_multi_attach,
            };
            let rows = facts.rows.iter().map(|(from, to, instance)| (*from, *to, names.text(*instance)));
            timeline.add_rows(&rows.collect::<Vec<_>>(), diagnostics);
            for (instance, interval) in intervals(timeline, diagnostics) {
                let (volume, instance) = (VolumeId::from(names.text(*volume)), InstanceId::from(instance));
                attachments.push(VolumeAttachment { volume, instance, interval });
            }
        }
        attachments.sort_unstable();
        attachments.dedup();
        attachments
    }

    /// The volumes that snapshots show attached to nothing and of which nothing else is known, sorted (R95).
    pub(super) fn unattached(&self, names: &Names) -> Vec<VolumeId> {
        let is_unattached = |facts: &VolumeFacts| {
            let is_silent = facts.attached.is_empty() && facts.detached.is_empty() && facts.rows.is_empty();
            facts.is_available && !facts.is_in_use && is_silent
        };
        let found = self.0.iter().filter(|(_, facts)| is_unattached(facts));
        let mut volumes: Vec<VolumeId> = found.map(|(volume, _)| VolumeId::from(names.text(*volume))).collect();
        volumes.sort_unstable();
        volumes
    }
}
