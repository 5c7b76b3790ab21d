//! Where a bill's bytes come from: files, archives, manifests, folders; and what their names say (spec 2.1, 2.7, 2.8).

#[cfg(feature = "fs")]
pub(super) mod archive;
#[cfg(feature = "fs")]
mod assembly;
#[cfg(feature = "fs")]
pub(super) mod deliveries;
#[cfg(feature = "fs")]
mod folders;
#[cfg(feature = "fs")]
pub(super) mod input;
#[cfg(feature = "fs")]
mod manifest;
pub(super) mod name;
#[cfg(feature = "fs")]
pub(super) mod positioned;
