//! A bill, evidence about it, and fees of other periods.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;
use unblended::facade::border::{Large, answer, request};
use unblended::facade::{self, AttributeRequest, EvidenceRequest, EvidenceView, ExplainRequest};
use unblended::{Error, ErrorCode, ReservationBook, Result, Timestamp};

use crate::answer::Answer;
use crate::border::{call, promise, value};
use crate::report::Report;
use crate::stream::Stream;

/// The charges of one billing period (spec 3.5), and what is known without them as JSON text.
#[napi]
#[derive(Debug, Default)]
pub struct Bill {
    pub(crate) bill: Arc<Large<unblended::Bill>>,
    head: String,
}

impl Bill {
    pub(crate) fn of(bill: unblended::Bill) -> Result<Self> {
        Ok(Self { head: answer(&facade::bill_head(&bill))?, bill: Arc::new(bill.into()) })
    }
}

#[napi]
impl Bill {
    /// The empty bill.
    #[napi(factory)]
    pub fn empty() -> napi::Result<Self> {
        call(|| Self::of(unblended::Bill::default()))
    }

    /// Reads a saved bill.
    #[napi]
    pub fn load(env: &Env, path: String) -> napi::Result<Object<'_>> {
        promise(env, move || Self::of(facade::load_bill(Path::new(&path))?))
    }

    /// Reads a saved bill from a stream.
    #[napi]
    pub fn receive<'env>(env: &'env Env, stream: &Stream) -> napi::Result<Object<'env>> {
        let reader = stream.0.reader();
        promise(env, move || Self::of(unblended::Bill::load(BufReader::new(reader))?))
    }

    /// Writes the bill to a file.
    #[napi]
    pub fn save<'env>(&self, env: &'env Env, path: String) -> napi::Result<Object<'env>> {
        let bill = Arc::clone(&self.bill);
        promise(env, move || facade::save_bill(&bill, Path::new(&path)))
    }

    /// The bill as bytes.
    #[napi]
    pub fn to_bytes<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let bill = Arc::clone(&self.bill);
        promise(env, move || {
            let mut bytes = Vec::new();
            bill.save(&mut bytes).map(|()| Uint8Array::from(bytes))
        })
    }

    /// Both bills as one.
    #[napi]
    pub fn merge<'env>(&self, env: &'env Env, other: &Bill) -> napi::Result<Object<'env>> {
        let (one, other) = (Arc::clone(&self.bill), Arc::clone(&other.bill));
        promise(env, move || Self::of(unblended::Bill::clone(&one).merge(unblended::Bill::clone(&other))?))
    }

    /// What is known without looking at charges, as JSON text.
    #[napi]
    pub fn head(&self) -> String {
        self.head.clone()
    }

    /// The answer to a question that looks at all charges.
    #[napi]
    pub fn ask<'env>(&self, env: &'env Env, question: String, argument: Option<String>) -> napi::Result<Object<'env>> {
        let bill = Arc::clone(&self.bill);
        let as_of = |instant: Option<&str>| instant.map_or_else(|| Ok(facade::now()), value::<Timestamp>);
        promise(env, move || match (question.as_str(), argument.as_deref()) {
            ("billed", Some(currency)) => Answer::of(&bill.billed(value(currency)?)?),
            ("digest", None) => Answer::of(&bill.digest()?),
            ("inspect", instant) => Answer::of(&facade::inspect(&bill, as_of(instant)?)?),
            ("status", instant) => Answer::of(&bill.status(as_of(instant)?)?),
            _ => Err(Error::new(ErrorCode::ConfigBadValue, format!("`{question}` is no question"))),
        })
    }

    /// Attributes the bill.
    #[napi]
    pub fn attribute<'env>(
        &self,
        env: &'env Env,
        evidence: &Evidence,
        fees: &Reservations,
        job: String,
    ) -> napi::Result<Object<'env>> {
        let (bill, evidence, fees) = (Arc::clone(&self.bill), Arc::clone(&evidence.0), Arc::clone(&fees.book));
        promise(env, move || {
            Report::of(facade::attribute(&bill, &evidence, &fees, &request::<AttributeRequest>(&job)?)?)
        })
    }

    /// Every charge replaced by its allocated charges.
    #[napi]
    pub fn allocated_charges<'env>(
        &self,
        env: &'env Env,
        evidence: &Evidence,
        fees: &Reservations,
        job: String,
    ) -> napi::Result<Object<'env>> {
        let (bill, evidence, fees) = (Arc::clone(&self.bill), Arc::clone(&evidence.0), Arc::clone(&fees.book));
        promise(env, move || {
            let table = facade::allocated_charges(&bill, &evidence, &fees, &request::<AttributeRequest>(&job)?)?;
            Answer::of(&table.objects())
        })
    }

    /// Why cells are what they are.
    #[napi]
    pub fn explain<'env>(
        &self,
        env: &'env Env,
        evidence: &Evidence,
        fees: &Reservations,
        job: String,
    ) -> napi::Result<Object<'env>> {
        let (bill, evidence, fees) = (Arc::clone(&self.bill), Arc::clone(&evidence.0), Arc::clone(&fees.book));
        promise(env, move || Answer::of(&facade::explain(&bill, &evidence, &fees, &request::<ExplainRequest>(&job)?)?))
    }
}

/// Task runs, capacities, attachments and service map, read once (spec 4).
#[napi]
#[derive(Debug, Default)]
pub struct Evidence(pub(crate) Arc<Large<unblended::Evidence>>);

#[napi]
impl Evidence {
    /// No evidence.
    #[napi(factory)]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads evidence.
    #[napi]
    pub fn read(env: &Env, sources: String) -> napi::Result<Object<'_>> {
        promise(env, move || {
            facade::evidence(&request::<EvidenceRequest>(&sources)?).map(|evidence| Self(Arc::new(evidence.into())))
        })
    }

    /// A part of what it says.
    #[napi]
    pub fn ask<'env>(&self, env: &'env Env, part: String) -> napi::Result<Object<'env>> {
        let evidence = Arc::clone(&self.0);
        promise(env, move || {
            let view = EvidenceView::of(&evidence);
            match part.as_str() {
                "tasks" => Answer::of(&view.tasks),
                "attachments" => Answer::of(&view.attachments),
                "unattached" => Answer::of(&view.unattached),
                "services" => Answer::of(view.services),
                "diagnostics" => Answer::of(&view.diagnostics),
                "resources" => Answer::of(&view.resources),
                "digest" => Answer::of(&evidence.digest()),
                _ => Err(Error::new(ErrorCode::ConfigBadValue, format!("`{part}` is no part"))),
            }
        })
    }
}

/// Fees billed in other periods (spec 6.2), and their hash.
#[napi]
#[derive(Debug, Default)]
pub struct Reservations {
    pub(crate) book: Arc<Large<ReservationBook>>,
    digest: String,
}

impl Reservations {
    pub(crate) fn of(book: ReservationBook) -> Self {
        Self { digest: book.digest().to_string(), book: Arc::new(book.into()) }
    }
}

#[napi]
impl Reservations {
    /// The empty book.
    #[napi(factory)]
    pub fn empty() -> Self {
        Self::of(ReservationBook::default())
    }

    /// Reads a table of fees.
    #[napi]
    pub fn read(env: &Env, path: String) -> napi::Result<Object<'_>> {
        promise(env, move || facade::reservations(Path::new(&path)).map(Self::of))
    }

    /// This table and the fees a store keeps.
    #[napi]
    pub fn combine<'env>(&self, env: &'env Env, stored: &Reservations) -> napi::Result<Object<'env>> {
        let (one, other) = (Arc::clone(&self.book), Arc::clone(&stored.book));
        promise(env, move || ReservationBook::combine(&one, &other).map(Self::of))
    }

    /// Hash of the fees.
    #[napi]
    pub fn digest(&self) -> String {
        self.digest.clone()
    }

    /// The fees.
    #[napi]
    pub fn fees<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let book = Arc::clone(&self.book);
        promise(env, move || Answer::of(&**book))
    }
}
