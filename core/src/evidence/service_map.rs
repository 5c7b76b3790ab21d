//! Service → product area (spec 4.5).

use serde::{Deserialize, Serialize};

use crate::ids::{Cluster, ProductArea, Service};
use crate::time::Timestamp;

/// The product area of a service, where and while it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceOwner {
    /// Service name, or `family:NAME`.
    pub service: Service,
    /// Only in this cluster, by full ARN or name.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Only in this account.
    #[serde(default)]
    pub account: Option<String>,
    /// From this instant on.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Before this instant.
    #[serde(default)]
    pub to: Option<Timestamp>,
    /// Who owns it.
    pub area: ProductArea,
}

/// All service owners, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceMap(Vec<ServiceOwner>);

impl ServiceMap {
    /// A map of these owners.
    #[must_use]
    pub fn new(mut owners: Vec<ServiceOwner>) -> Self {
        owners.sort_unstable();
        owners.dedup();
        Self(owners)
    }

    /// The owners, sorted.
    #[must_use]
    pub fn owners(&self) -> &[ServiceOwner] {
        &self.0
    }

    /// Who owns a service at an instant: the most specific entry (cluster and account, cluster, account, neither).
    #[must_use]
    pub fn area(&self, cluster: &Cluster, service: &Service, at: Timestamp) -> Option<&ProductArea> {
        let first = self.0.partition_point(|owner| owner.service < *service);
        self.0
            .get(first..)?
            .iter()
            .take_while(|owner| owner.service == *service)
            .filter(|owner| owner.holds(cluster, at))
            .max_by_key(|owner| (owner.cluster.is_some(), owner.account.is_some()))
            .map(|owner| &owner.area)
    }
}

impl ServiceOwner {
    fn holds(&self, cluster: &Cluster, at: Timestamp) -> bool {
        let text = cluster.as_str();
        let name = text.rsplit('/').next().unwrap_or(text);
        let account = text.starts_with("arn:").then(|| text.split(':').nth(4)).flatten();
        self.cluster.as_deref().is_none_or(|named| named == text || named == name)
            && self.account.as_deref().is_none_or(|named| account == Some(named))
            && self.from.is_none_or(|from| from <= at)
            && self.to.is_none_or(|to| at < to)
    }
}
