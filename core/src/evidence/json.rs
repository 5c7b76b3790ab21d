//! JSON in every packing events come in: lines, arrays, concatenated objects, one object (spec 4.1).
//!
//! Values are read one after the other, borrowing from the input; an event's `detail` stays raw until its type is known.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::cloudtrail::Call;
use super::containers::ContainerInstanceDetail;
use super::scalar::{Field, Scalar, Shape};
use super::task_event::task_event;
use super::tasks::TaskDetail;
use super::volumes::{DescribedVolume, Reservation};
use crate::error::{Error, ErrorCode, Location, Result};

/// Any object that is evidence: an EventBridge event, a CloudTrail record or log file, a snapshot, a row of a table.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(rename = "detail-type", borrow)]
    pub(super) detail_type: Field<'a>,
    pub(super) id: Field<'a>,
    pub(super) time: Field<'a>,
    pub(super) resources: Option<Vec<Scalar<'a>>>,
    pub(super) detail: Option<&'a RawValue>,

    #[serde(rename = "Records")]
    pub(super) records: Option<Vec<Call<'a>>>,
    #[serde(rename = "eventName")]
    pub(super) event_name: Field<'a>,
    #[serde(rename = "eventSource")]
    pub(super) event_source: Field<'a>,
    #[serde(rename = "eventTime")]
    pub(super) event_time: Field<'a>,
    #[serde(rename = "eventID")]
    pub(super) event_id: Field<'a>,
    #[serde(rename = "errorCode")]
    pub(super) error_code: Field<'a>,
    #[serde(rename = "requestParameters")]
    pub(super) request_parameters: Option<&'a RawValue>,
    #[serde(rename = "responseElements")]
    pub(super) response_elements: Option<&'a RawValue>,

    pub(super) tasks: Option<Vec<TaskDetail<'a>>>,
    #[serde(rename = "containerInstances")]
    pub(super) container_instances: Option<Vec<ContainerInstanceDetail<'a>>>,
    #[serde(rename = "Volumes")]
    pub(super) volumes: Option<Vec<DescribedVolume<'a>>>,
    #[serde(rename = "Reservations")]
    pub(super) reservations: Option<Vec<Reservation<'a>>>,

    pub(super) task: Field<'a>,
    pub(super) cluster: Field<'a>,
    pub(super) service: Field<'a>,
    pub(super) instance: Field<'a>,
    pub(super) cpu: Field<'a>,
    pub(super) memory: Field<'a>,
    pub(super) started: Field<'a>,
    pub(super) stopped: Field<'a>,
    pub(super) container_instance: Field<'a>,
    pub(super) since: Field<'a>,
    pub(super) volume: Field<'a>,
    pub(super) attached: Field<'a>,
    pub(super) detached: Field<'a>,
}

/// What the objects of a file are.
pub(super) enum Event<'e, 'a> {
    /// A state of a task.
    Task(&'e TaskDetail<'a>),
    /// Any object that is evidence.
    Object(Box<Envelope<'a>>),
}

/// Whether bytes are JSON objects or arrays rather than a table.
pub(super) fn is_json(name: &str, bytes: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[') | None)
        || [".json", ".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending))
}

/// What was read of a file before a block of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    /// Bytes before the block.
    pub(super) bytes: usize,
    /// Line ends before the block.
    pub(super) lines: usize,
}

/// Calls `on_event` for each object of a block, in order, and gives the number of bytes that were used: all of them in
/// the last block of a file, else up to an object that goes on in the next one.
///
/// # Errors
/// `evidence.bad_json` with the byte offset and line; `evidence.bad_event` where a value is JSON but no event; and what
/// `on_event` says.
pub(super) fn each_event<'a>(
    block: &'a [u8],
    is_last: bool,
    before: Before,
    on_event: &mut dyn FnMut(Event<'_, 'a>) -> Result<()>,
) -> Result<usize> {
    let text = text_of(block, is_last, before)?;
    let mut rest = text.trim_ascii_start();
    while !rest.is_empty() {
        if let Some((task, read)) = task_event(rest) {
            on_event(Event::Task(&task))?;
            rest = rest.get(read..).unwrap_or_default().trim_ascii_start();
            continue;
        }
        let mut refused = None;
        let mut reader = serde_json::Deserializer::from_str(rest);
        let seed = Events { on_event, refused: &mut refused };
        if let Err(error) = seed.deserialize(&mut reader) {
            if error.is_eof() && !is_last {
                return Ok(text.len() - rest.len());
            }
            let used = block.get(..text.len() - rest.len()).unwrap_or_default();
            return Err(refused.unwrap_or_else(|| unreadable(before.after(used), rest.as_bytes(), &error)));
        }
        let read = reader.into_iter::<IgnoredAny>().byte_offset();
        rest = rest.get(read..).unwrap_or_default().trim_ascii_start();
    }
    Ok(text.len())
}

impl Before {
    /// After more bytes were read.
    pub(super) fn after(self, used: &[u8]) -> Self {
        let lines = used.split(|byte| *byte == b'\n').count().saturating_sub(1);
        Self { bytes: self.bytes + used.len(), lines: self.lines + lines }
    }
}

/// The block as text; a character may go on in the next block.
fn text_of(block: &[u8], is_last: bool, before: Before) -> Result<&str> {
    std::str::from_utf8(block).or_else(|error| {
        let valid = block.get(..error.valid_up_to()).unwrap_or_default();
        if error.error_len().is_none() && !is_last {
            return Ok(std::str::from_utf8(valid).unwrap_or_default());
        }
        let byte = u64::try_from(before.bytes + valid.len()).ok();
        let message = "the file is not UTF-8 text";
        Err(Error::new(ErrorCode::EvidenceBadJson, message).at(Location { byte, ..Location::default() }))
    })
}

/// The error of the reader, with the offset in the whole file.
fn unreadable(before: Before, rest: &[u8], error: &serde_json::Error) -> Error {
    let is_event_problem = error.is_data();
    let code = if is_event_problem { ErrorCode::EvidenceBadEvent } else { ErrorCode::EvidenceBadJson };
    let lines = rest.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let offset = lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1);
    let place = before.after(rest.get(..offset).unwrap_or(rest));
    let known = |number: usize| u64::try_from(number).ok();
    // The row of an event is its number, which the caller knows; that of broken JSON is its line.
    let row = if is_event_problem { None } else { known(place.lines + 1) };
    Error::new(code, without_position(error)).at(Location { row, byte: known(place.bytes), ..Location::default() })
}

/// Reads one object, or an array of them without holding it.
struct Events<'s, 'a> {
    on_event: &'s mut dyn FnMut(Event<'_, 'a>) -> Result<()>,
    refused: &'s mut Option<Error>,
}

impl<'a> Events<'_, 'a> {
    fn event<E: serde::de::Error>(&mut self, event: Envelope<'a>) -> std::result::Result<(), E> {
        (self.on_event)(Event::Object(Box::new(event))).map_err(|error| {
            *self.refused = Some(error);
            E::custom("refused")
        })
    }
}

impl<'a> DeserializeSeed<'a> for Events<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Events<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event or an array of events")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, map: A) -> std::result::Result<(), A::Error> {
        let event = Envelope::deserialize(MapAccessDeserializer::new(map))?;
        self.event(event)
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> std::result::Result<(), A::Error> {
        while let Some(event) = seq.next_element()? {
            self.event(event)?;
        }
        Ok(())
    }
}

/// A part of an event that was kept raw.
///
/// # Errors
/// `evidence.bad_event` naming the part where a value in it is of the wrong type.
pub(super) fn part<'a, T: Deserialize<'a>>(raw: &'a RawValue, shape: Shape, field: &str) -> Result<T> {
    serde_json::from_str(raw.get()).map_err(|error| shape.wrong(field, without_position(&error)))
}

/// The message without the position, which is relative to a part of the input.
fn without_position(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}
