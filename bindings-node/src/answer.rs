//! Large answers in pieces, because JavaScript parses and converts text on the thread of the event loop.

use std::collections::{BTreeMap, VecDeque};

use napi_derive::napi;
use serde::Serialize;
use serde_json::value::RawValue;
use unblended::facade::border;
use unblended::{Error, ErrorCode, Result};

/// Bytes of JSON text that are handed over between two turns of the event loop: about two milliseconds of work.
const PAGE: usize = 1 << 16;

/// JSON texts: first the answer, with lists that are too long for a page emptied; then what belongs into them, each text
/// a pair of the path to the list and its next items. Made on the thread that made the answer.
#[napi]
#[derive(Debug, Default)]
pub struct Answer(VecDeque<String>);

#[napi]
impl Answer {
    /// The next text.
    #[napi]
    pub fn next_text(&mut self) -> Option<String> {
        self.0.pop_front()
    }
}

impl Answer {
    pub(crate) fn of(answer: &impl Serialize) -> Result<Self> {
        let text = border::answer(answer)?;
        let mut pages = Self::default();
        let whole = pages.shortened(&mut Vec::new(), &text)?;
        pages.0.push_front(whole);
        Ok(pages)
    }

    /// A text with the long lists in it emptied into pages. Lists inside the items of a list stay whole; names are
    /// those of fields, without escapes.
    fn shortened<'t>(&mut self, path: &mut Vec<&'t str>, text: &'t str) -> Result<String> {
        if text.len() <= PAGE {
            return Ok(text.to_owned());
        }
        if text.starts_with('[') {
            self.cut(path, &parts::<Vec<&RawValue>>(text)?)?;
            return Ok("[]".to_owned());
        }
        let mut fields: Vec<_> = parts::<BTreeMap<&str, &RawValue>>(text)?.into_iter().collect();
        // In the order of the text, as in an answer that is short.
        fields.sort_by_key(|(_, value)| value.get().as_ptr());
        let mut short = Vec::new();
        for (name, value) in fields {
            path.push(name);
            short.push(format!("\"{name}\":{}", self.shortened(path, value.get())?));
            path.pop();
        }
        Ok(format!("{{{}}}", short.join(",")))
    }

    fn cut(&mut self, path: &[&str], items: &[&RawValue]) -> Result<()> {
        let mut rest = items;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|item| {
                let is_room = bytes < PAGE;
                bytes += item.get().len();
                is_room
            });
            let (page, more) = rest.split_at(fits.count());
            self.0.push_back(border::answer(&(path, page))?);
            rest = more;
        }
        Ok(())
    }
}

fn parts<'t, T: serde::Deserialize<'t>>(text: &'t str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|cause| Error::new(ErrorCode::OutputIo, "an answer cannot be cut into pages").with_cause(cause))
}
