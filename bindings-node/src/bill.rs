//! A bill, evidence about it, and fees of other periods.

use std::path::Path;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;
use serde_json::json;
use unblended::facade::{self, AttributeRequest, EvidenceRequest, ExplainRequest};
use unblended::{Error, ErrorCode, ReservationBook, Timestamp};

use crate::border::{call, parsed, promise, value, written};
use crate::report::Report;

/// The charges of one billing period (spec 3.5).
#[napi]
#[derive(Debug, Default)]
pub struct Bill(pub(crate) Arc<unblended::Bill>);

#[napi]
impl Bill {
    /// The empty bill.
    #[napi(factory)]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a saved bill.
    #[napi]
    pub fn load(env: &Env, path: String) -> napi::Result<Object<'_>> {
        promise(env, move || facade::load_bill(Path::new(&path)).map(|bill| Self(Arc::new(bill))))
    }

    /// Reads the bytes of a saved bill.
    #[napi]
    pub fn from_bytes(env: &Env, bytes: Uint8Array) -> napi::Result<Object<'_>> {
        let bytes = bytes.to_vec();
        promise(env, move || unblended::Bill::load(bytes.as_slice()).map(|bill| Self(Arc::new(bill))))
    }

    /// Writes the bill to a file.
    #[napi]
    pub fn save<'env>(&self, env: &'env Env, path: String) -> napi::Result<Object<'env>> {
        let bill = Arc::clone(&self.0);
        promise(env, move || facade::save_bill(&bill, Path::new(&path)))
    }

    /// The bill as bytes.
    #[napi]
    pub fn to_bytes<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let bill = Arc::clone(&self.0);
        promise(env, move || {
            let mut bytes = Vec::new();
            bill.save(&mut bytes).map(|()| Uint8Array::from(bytes))
        })
    }

    /// Both bills as one.
    #[napi]
    pub fn merge<'env>(&self, env: &'env Env, other: &Bill) -> napi::Result<Object<'env>> {
        let (one, other) = (Arc::clone(&self.0), Arc::clone(&other.0));
        promise(env, move || (*one).clone().merge((*other).clone()).map(|bill| Self(Arc::new(bill))))
    }

    /// What is known without looking at charges, as JSON text.
    #[napi]
    pub fn head(&self) -> napi::Result<String> {
        let Self(bill) = self;
        call(|| {
            written(&json!({
                "period": bill.period(), "basis": bill.basis(), "tag_keys": bill.tag_keys(), "rows": bill.rows(),
                "excluded_rows": bill.excluded_rows(), "charges": bill.charges().len(),
            }))
        })
    }

    /// The answer to a question that looks at all charges, as JSON text.
    #[napi]
    pub fn ask<'env>(&self, env: &'env Env, question: String, argument: Option<String>) -> napi::Result<Object<'env>> {
        let bill = Arc::clone(&self.0);
        let as_of = |instant: Option<&str>| instant.map_or_else(|| Ok(facade::now()), value::<Timestamp>);
        promise(env, move || match (question.as_str(), argument.as_deref()) {
            ("billed", Some(currency)) => written(&bill.billed(value(currency)?)?),
            ("currencies", None) => written(&bill.currencies()),
            ("digest", None) => written(&bill.digest()?),
            ("inspect", instant) => written(&facade::inspect(&bill, as_of(instant)?)?),
            ("payers", None) => written(&bill.payers()),
            ("status", instant) => written(&bill.status(as_of(instant)?)?),
            _ => Err(Error::new(ErrorCode::ConfigBadValue, format!("`{question}` is no question"))),
        })
    }

    /// Attributes the bill.
    #[napi]
    pub fn attribute<'env>(
        &self,
        env: &'env Env,
        evidence: &Evidence,
        reservations: &Reservations,
        request: String,
    ) -> napi::Result<Object<'env>> {
        let (bill, evidence, book) = (Arc::clone(&self.0), Arc::clone(&evidence.0), Arc::clone(&reservations.0));
        promise(env, move || {
            let request: AttributeRequest = parsed(&request)?;
            facade::attribute(&bill, &evidence, &book, &request).map(|report| Report(Arc::new(report)))
        })
    }

    /// Why cells are what they are, as JSON text.
    #[napi]
    pub fn explain<'env>(
        &self,
        env: &'env Env,
        evidence: &Evidence,
        reservations: &Reservations,
        request: String,
    ) -> napi::Result<Object<'env>> {
        let (bill, evidence, book) = (Arc::clone(&self.0), Arc::clone(&evidence.0), Arc::clone(&reservations.0));
        promise(env, move || {
            let request: ExplainRequest = parsed(&request)?;
            written(&facade::explain(&bill, &evidence, &book, &request)?)
        })
    }
}

/// Task runs, capacities, attachments and service map, read once (spec 4).
#[napi]
#[derive(Debug, Default)]
pub struct Evidence(Arc<unblended::Evidence>);

#[napi]
impl Evidence {
    /// No evidence.
    #[napi(factory)]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads evidence.
    #[napi]
    pub fn read(env: &Env, request: String) -> napi::Result<Object<'_>> {
        promise(env, move || {
            let request: EvidenceRequest = parsed(&request)?;
            facade::evidence(&request).map(|evidence| Self(Arc::new(evidence)))
        })
    }

    /// Runs, attachments, map, findings, resources and digest, as JSON text.
    #[napi]
    pub fn to_json<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let evidence = Arc::clone(&self.0);
        promise(env, move || {
            let open = |end: Timestamp| (end != Timestamp::MAX).then_some(end);
            let tasks = evidence.tasks.iter().map(|run| {
                json!({"task": run.task, "cluster": run.cluster, "service": run.service, "instance": run.instance,
                       "cpu": run.cpu, "memory": run.memory, "fargate": run.fargate,
                       "started": run.interval.start, "stopped": open(run.interval.end)})
            });
            let attachments = evidence.attachments.iter().map(|attachment| {
                json!({"volume": attachment.volume, "instance": attachment.instance,
                       "attached": attachment.interval.start, "detached": open(attachment.interval.end)})
            });
            written(&json!({
                "tasks": tasks.collect::<Vec<_>>(), "attachments": attachments.collect::<Vec<_>>(),
                "services": evidence.services, "diagnostics": evidence.diagnostics.list(),
                "resources": evidence.resources().collect::<std::collections::BTreeSet<_>>(),
                "digest": evidence.digest(),
            }))
        })
    }
}

/// Fees billed in other periods (spec 6.2).
#[napi]
#[derive(Debug, Default)]
pub struct Reservations(pub(crate) Arc<ReservationBook>);

#[napi]
impl Reservations {
    /// The empty book.
    #[napi(factory)]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a table of fees.
    #[napi]
    pub fn read(env: &Env, path: String) -> napi::Result<Object<'_>> {
        promise(env, move || facade::reservations(Path::new(&path)).map(|book| Self(Arc::new(book))))
    }

    /// This table and the fees a store keeps.
    #[napi]
    pub fn combine(&self, stored: &Reservations) -> napi::Result<Self> {
        call(|| ReservationBook::combine(&self.0, &stored.0).map(|book| Self(Arc::new(book))))
    }

    /// Hash of the fees.
    #[napi]
    pub fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    /// The fees, as JSON text.
    #[napi]
    pub fn to_json(&self) -> napi::Result<String> {
        call(|| written(self.0.as_ref()))
    }
}
