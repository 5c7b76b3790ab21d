//! Files in, [`Evidence`] out (spec 4).

use super::containers::ContainerInstances;
use super::event::{Ignored, Place, at_next};
use super::json::{each_event, is_json};
use super::model::{Evidence, EvidenceOptions};
use super::names::Names;
use super::runs::Runs;
use super::service_files::{Encoding, ServiceFiles};
use super::task_facts::Task;
use super::tasks::Tasks;
use super::volumes::{Terminations, Volumes};
use crate::diagnostic::Diagnostics;
use crate::error::{Location, Result};

/// Collects events, snapshots, tables and service maps; order, duplicates and cuts do not matter.
///
/// ```
/// use unblended::{Encoding, EvidenceBuilder, EvidenceOptions, Timestamp};
/// let mut evidence = EvidenceBuilder::new();
/// evidence.add("tasks.csv", b"task,cluster,service,instance,cpu,memory,started,stopped\n\
///     t-1,main,web,i-1,256,512,2016-12-01T00:00:00Z,2016-12-02T00:00:00Z\n")?;
/// evidence.add_services("services.json", br#"{"web": "website"}"#, Encoding::Auto)?;
/// let evidence = evidence.finish(&EvidenceOptions { default_cpu: 128, as_of: Timestamp::MAX })?;
/// assert_eq!(evidence.tasks.to_vec()[0].service.as_str(), "web");
/// # Ok::<(), unblended::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct EvidenceBuilder {
    pub(super) names: Names,
    pub(super) tasks: Tasks,
    pub(super) container_instances: ContainerInstances,
    pub(super) volumes: Volumes,
    pub(super) terminations: Terminations,
    pub(super) ignored: Ignored,
    services: ServiceFiles,
}

impl EvidenceBuilder {
    /// No evidence yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one uncompressed file: JSON events or snapshots in any packing and mix, or a normalized table (CSV or
    /// JSON rows). `name` appears in locations; its ending decides between JSON and CSV only where the first
    /// character does not.
    ///
    /// # Errors
    /// `evidence.bad_json`, `evidence.bad_event`, `evidence.bad_table` with their places. The builder may then hold
    /// the events before that place.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let content = without_mark(bytes);
        if !is_json(name, content) {
            return self.add_csv(content).map_err(|error| error.at(Location::file(name)));
        }
        let mut place = Place::new(name);
        place.before.bytes = bytes.len() - content.len();
        self.add_block(content, true, &mut place).map(drop)
    }

    /// Takes a block of a file of JSON objects; gives how many of its bytes were used.
    pub(super) fn add_block(&mut self, block: &[u8], is_last: bool, place: &mut Place<'_>) -> Result<usize> {
        let read = each_event(block, is_last, place.before, &mut |event| self.add_object(event, place));
        let read = read.map_err(|error| at_next(error, place))?;
        if !is_last {
            place.before = place.before.after(block.get(..read).unwrap_or_default());
        }
        Ok(read)
    }

    /// Takes what a row of a table says of a task.
    pub(super) fn add_run(&mut self, task: &str, said: Task) {
        self.tasks.add(task, said, &self.names);
    }

    /// Takes all that another builder took. Like events, builders can come in any order.
    pub fn merge(&mut self, mut other: Self) {
        if self.tasks.len() < other.tasks.len() {
            std::mem::swap(self, &mut other);
        }
        let here = self.names.merge(&other.names);
        self.tasks.merge(other.tasks, &here, &self.names);
        self.container_instances.merge(other.container_instances, &here, &self.names);
        self.volumes.merge(other.volumes, &here);
        self.terminations.merge(other.terminations);
        self.ignored.merge(other.ignored);
        self.services.merge(other.services);
    }

    /// Takes a service map: JSON, CSV or TOML (spec 4.5). Several add up.
    ///
    /// # Errors
    /// `evidence.bad_service_map` with its place.
    pub fn add_services(&mut self, name: &str, bytes: &[u8], encoding: Encoding) -> Result<()> {
        self.services.add(name, without_mark(bytes), encoding)
    }

    /// Makes intervals of all that was added.
    ///
    /// # Errors
    /// `evidence.bad_service_map` where the service maps contradict each other.
    pub fn finish(self, options: &EvidenceOptions) -> Result<Evidence> {
        let mut diagnostics = Diagnostics::default();
        let services = self.services.finish(&mut diagnostics)?;
        self.ignored.report(&mut diagnostics);
        let attachments = self.volumes.attachments(&self.names, &self.terminations, &mut diagnostics);
        let unattached = self.volumes.unattached(&self.names);
        let registrations = self.container_instances.registrations(&self.names);
        let hosts = self.container_instances.index(&self.names);
        let tasks = Runs {
            names: &self.names,
            hosts: &hosts,
            terminations: &self.terminations,
            options: *options,
            diagnostics: &mut diagnostics,
        }
        .make(self.tasks);
        Ok(Evidence { tasks, registrations, attachments, unattached, services, diagnostics })
    }
}

/// Without the byte order mark that some editors write.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
