//! Reading as a whole, through the public functions; fixtures are built here.

#[cfg(feature = "fs")]
mod archives;
mod bases;
#[cfg(feature = "batches")]
mod batches;
#[cfg(feature = "parquet")]
mod columns;
mod cost_categories;
mod dialects;
#[cfg(feature = "fs")]
mod fast_path;
mod headers;
#[cfg(feature = "fs")]
mod invariants;
mod malformed_rows;
#[cfg(feature = "fs")]
mod manifest_folders;
#[cfg(feature = "fs")]
mod manifests;
#[cfg(feature = "fs")]
mod many_inputs;
#[cfg(feature = "parquet")]
mod parquet;
mod periods;
#[cfg(feature = "fs")]
mod rows;
#[cfg(feature = "fs")]
mod samples;
mod split_rows;
mod tag_keys;

use super::{ScanOptions, scan_reader};
use crate::bill::Bill;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::error::{Error, Result};
use crate::money::Currency;

/// A consolidated header with two tag columns.
pub(super) const HEADER: &str = "InvoiceID,PayerAccountId,LinkedAccountId,RecordType,RecordId,ProductName,RateId,\
    SubscriptionId,PricingPlanId,UsageType,Operation,AvailabilityZone,ReservedInstance,ItemDescription,UsageStartDate,\
    UsageEndDate,UsageQuantity,BlendedRate,BlendedCost,UnBlendedRate,UnBlendedCost,ResourceId,user:team,aws:createdBy";

/// A usage row of [`HEADER`] that starts in an hour of June 2016.
pub(super) fn usage(hour: u32, cost: &str, resource: &str, team: &str) -> String {
    let (day, next) = (1 + hour / 24, 1 + (hour + 1) / 24);
    format!(
        "11111111,695725541871,095669871260,LineItem,25470304986286315974946822,Amazon Elastic Compute Cloud,1,2,3,\
         USW2-BoxUsage:m4.large,RunInstances,us-west-2a,N,\"$0.1 per hour, Linux\",2016-06-{day:02} {:02}:00:00,\
         2016-06-{next:02} {:02}:00:00,1.00000000,0.2,0.3,0.1,{cost},{resource},{team},",
        hour % 24,
        (hour + 1) % 24
    )
}

pub(super) fn csv(rows: &[String]) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        text.push_str(row);
        text.push('\n');
    }
    text
}

pub(super) fn read(content: impl AsRef<[u8]>) -> Result<Bill> {
    read_with(content, &ScanOptions::default())
}

pub(super) fn read_with(content: impl AsRef<[u8]>, options: &ScanOptions) -> Result<Bill> {
    scan_reader("bill.csv", content.as_ref(), options)
}

pub(super) fn billed(bill: &Bill) -> String {
    bill.billed(Currency::USD).unwrap().to_string()
}

pub(super) fn found(bill: &Bill, code: DiagnosticCode) -> Vec<Diagnostic> {
    bill.diagnostics().unwrap().list().into_iter().filter(|diagnostic| diagnostic.code == code).collect()
}

/// Code and place of an error in one text.
pub(super) fn brief(error: &Error) -> String {
    match error.location() {
        Some(location) => format!("{} at {location}", error.code()),
        None => error.code().to_string(),
    }
}
