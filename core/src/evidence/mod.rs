//! What the bill does not say: who ran where, and when (spec 4).

mod model;
mod service_map;

pub use model::{Capacity, Evidence, Registration, TaskRun, VolumeAttachment};
pub use service_map::{ServiceMap, ServiceOwner};
