//! Event files, snapshots and maps → evidence.

use serde::{Deserialize, Serialize};

use super::border::{TEXT_BYTES_MAX, at_most};
use crate::error::Result;
use crate::evidence::{Encoding, Evidence, EvidenceBuilder, EvidenceOptions};
use crate::time::Timestamp;

/// One source of events, snapshots or normalized tables: a path, or bytes with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceSource {
    /// File, directory or glob, gzip or not.
    Path(String),
    /// Uncompressed text of at most 32 MiB, with the name that stands in locations.
    Text {
        /// Name in locations.
        name: String,
        /// JSON lines, JSON, or CSV with a header.
        text: String,
    },
}

/// One service map and how its values are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceSource {
    /// JSON, CSV or TOML.
    pub source: EvidenceSource,
    /// `plain`, `base64` or `auto`.
    #[serde(default)]
    pub encoding: Encoding,
}

/// All evidence of a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceRequest {
    /// ECS tasks, container instances, volumes: any mix, in any file.
    pub events: Vec<EvidenceSource>,
    /// Service → product area.
    pub services: Vec<ServiceSource>,
    /// CPU units of a task that reserves none; the policy's default where `null`.
    pub default_cpu: Option<u64>,
    /// Instant that open runs are judged at; now where `null`.
    pub as_of: Option<Timestamp>,
}

/// Reads evidence.
///
/// # Errors
/// `evidence.*` naming file, row and column; `read.*` where a file cannot be read; `config.too_large` where a text given
/// inline is larger than [`TEXT_BYTES_MAX`].
pub fn evidence(request: &EvidenceRequest) -> Result<Evidence> {
    let mut builder = EvidenceBuilder::new();
    for source in &request.events {
        match source {
            EvidenceSource::Path(path) => builder.add_path(path)?,
            EvidenceSource::Text { name, text } => builder.add(name, inline(name, text)?)?,
        }
    }
    for ServiceSource { source, encoding } in &request.services {
        match source {
            EvidenceSource::Path(path) => builder.add_services_path(path, *encoding)?,
            EvidenceSource::Text { name, text } => builder.add_services(name, inline(name, text)?, *encoding)?,
        }
    }
    builder.finish(&EvidenceOptions {
        default_cpu: request.default_cpu.unwrap_or_else(|| crate::policy::ContainerPolicy::default().default_cpu),
        as_of: request.as_of.unwrap_or_else(super::now),
    })
}

fn inline<'t>(name: &str, text: &'t str) -> Result<&'t [u8]> {
    at_most(TEXT_BYTES_MAX, &format!("the text `{name}`"), text).map(|()| text.as_bytes())
}
