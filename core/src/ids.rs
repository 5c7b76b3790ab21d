//! Identifiers as newtypes: opaque text that is never parsed as a number and matches exactly (spec 3.7).

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        // Copies share their text: millions of task runs name few clusters, services and instances.
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "facade", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "facade", schemars(transparent))]
        pub struct $name(#[cfg_attr(feature = "facade", schemars(with = "String"))] Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    )*};
}

ids! {
    /// An AWS account id: usually 12 digits, leading zeros included.
    AccountId;
    /// An ECS cluster: the full ARN as given, or the name when only that is known (spec 11.2).
    Cluster;
    /// An EC2 instance id (`i-…`) or an external ECS instance id (`mi-…`).
    InstanceId;
    /// A product area: the owner of cost.
    ProductArea;
    /// An ECS service name, or `family:NAME` for standalone tasks (spec 4.3).
    Service;
    /// An ECS task ARN.
    TaskArn;
    /// An EBS volume id (`vol-…`).
    VolumeId;
}

/// The bare id of an EC2 instance or volume ARN; any other text unchanged (spec 3.7).
///
/// ```
/// use unblended::bare_resource_id;
/// assert_eq!(bare_resource_id("arn:aws:ec2:us-west-2:111111111111:instance/i-1"), "i-1");
/// assert_eq!(bare_resource_id("arn:aws:s3:::bucket"), "arn:aws:s3:::bucket");
/// ```
#[must_use]
pub fn bare_resource_id(resource: &str) -> &str {
    let mut parts = resource.splitn(6, ':');
    if parts.next() != Some("arn") || parts.nth(1) != Some("ec2") {
        return resource;
    }
    parts
        .nth(2)
        .and_then(|tail| tail.strip_prefix("instance/").or_else(|| tail.strip_prefix("volume/")))
        .filter(|id| !id.is_empty() && !id.contains(['/', ':']))
        .unwrap_or(resource)
}

/// Whether the id is that of an EC2 or external ECS instance.
#[must_use]
pub fn is_instance_id(resource: &str) -> bool {
    resource.starts_with("i-") || resource.starts_with("mi-")
}

/// Whether the id is that of an EBS volume.
#[must_use]
pub fn is_volume_id(resource: &str) -> bool {
    resource.starts_with("vol-")
}

/// Whether the id is the ARN of an ECS task, as Fargate rows carry it.
#[must_use]
pub fn is_task_arn(resource: &str) -> bool {
    resource.starts_with("arn:") && resource.split(':').nth(2) == Some("ecs") && resource.contains(":task/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_ec2_arns_are_reduced() {
        for (given, expected) in [
            ("arn:aws-cn:ec2:cn-north-1:1:volume/vol-0a", "vol-0a"),
            ("arn:aws:ec2:us-east-1:1:snapshot/snap-1", "arn:aws:ec2:us-east-1:1:snapshot/snap-1"),
            ("arn:aws:ec2:us-east-1:1:instance/", "arn:aws:ec2:us-east-1:1:instance/"),
            ("i-12345678", "i-12345678"),
            ("", ""),
        ] {
            assert_eq!(bare_resource_id(given), expected);
        }
        assert!(is_task_arn("arn:aws:ecs:us-west-2:1:task/main/0"));
        assert!(!is_task_arn("arn:aws:ecs:us-west-2:1:service/main"));
    }
}
