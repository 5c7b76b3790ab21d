//! One bill delivered twice: two assemblies of one billing period would both count (spec 2.6).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorCode, Location, Result};
use crate::read::source::assembly::Assembly;
use crate::read::source::folders::assembly_folder;
use crate::read::source::input::{Input, Source};
use crate::time::BillingPeriod;

/// The delivery that a manifest's files are.
#[derive(Debug)]
pub(in crate::read) struct Delivery {
    bill: String,
    version: String,
    period: Option<BillingPeriod>,
    manifest: String,
}

impl Delivery {
    pub(in crate::read) fn of(assembly: &Assembly) -> Arc<Self> {
        Arc::new(Self {
            bill: assembly.manifest.bill.clone(),
            version: assembly.manifest.version.clone(),
            period: assembly.period,
            manifest: assembly.path.to_string_lossy().into_owned(),
        })
    }

    /// The error for two manifests of which only one can count.
    pub(in crate::read) fn conflict(&self, other: &Self) -> Error {
        two_assemblies(&self.manifest, &other.manifest, "manifest")
    }
}

/// Refuses two deliveries of one bill: by what the manifests say, and by the folders that the files lie in.
///
/// With a `wanted` period those of other periods, which do not count, may be there as often as they are.
///
/// # Errors
/// `read.duplicate` naming both.
pub(in crate::read) fn refuse_two_deliveries(inputs: &[Input], wanted: Option<BillingPeriod>) -> Result<()> {
    let counts = |period: Option<BillingPeriod>| wanted.is_none() || period.is_none() || period == wanted;
    let mut manifests: BTreeMap<(&str, Option<BillingPeriod>), &Delivery> = BTreeMap::new();
    let mut folders: BTreeMap<String, (String, &str)> = BTreeMap::new();
    for input in inputs {
        if let Some(delivery) = input.delivery.as_deref().filter(|delivery| counts(delivery.period)) {
            let first = manifests.entry((&delivery.bill, delivery.period)).or_insert(delivery);
            if first.version != delivery.version {
                return Err(first.conflict(delivery));
            }
        }
        if let Some(folder) = assembly_folder(&whole_path(input)).filter(|folder| counts(Some(folder.period))) {
            let (version, name) =
                folders.entry(folder.bill).or_insert_with(|| (folder.version.clone(), input.name.as_str()));
            if *version != folder.version {
                return Err(two_assemblies(name, input.name(), "file"));
            }
        }
    }
    Ok(())
}

/// A person who stands in the folder of a period names only what is below it.
fn whole_path(input: &Input) -> String {
    match &input.source {
        Source::Path(path) => std::path::absolute(path).as_deref().unwrap_or(path).to_string_lossy().into_owned(),
        _ => input.name.clone(),
    }
}

fn two_assemblies(first: &str, second: &str, what: &str) -> Error {
    let (first, second) = if first <= second { (first, second) } else { (second, first) };
    let message = format!(
        "the {what}s `{first}` and `{second}` are of two assemblies of one billing period, which would count twice: name \
         the manifest of the one that is wanted"
    );
    Error::new(ErrorCode::ReadDuplicate, message).at(Location::file(second))
}
