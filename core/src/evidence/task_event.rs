//! An ECS Task State Change event in one pass over its bytes: a month has millions of them.
//!
//! Invariant: an event is read exactly as the general reader (`json`) reads it, or not at all. Whatever is not of the
//! plainest form (escapes, fractions, a key given twice, keys of other shapes) is left to that one, so that all errors
//! and their places come from there.

use super::scalar::{Field, Scalar};
use super::tasks::{ContainerDetail, TagDetail, TaskDetail};

/// Values that nobody asks for are followed this deep; the general reader goes deeper.
const DEPTH: u32 = 16;

/// Reads the event that a text starts with, and says how many bytes it takes.
pub(super) fn task_event(text: &str) -> Option<(TaskDetail<'_>, usize)> {
    let mut json = Plain { text, at: 0 };
    let mut task = TaskDetail::default();
    let (mut kind, mut seen) = (None, 0);
    json.object(|json, key| match key {
        "detail-type" => {
            first(&mut seen, 0)?;
            kind = Some(json.text()?);
            Some(())
        }
        "detail" => {
            first(&mut seen, 1)?;
            json.task(&mut task)
        }
        "id" => first(&mut seen, 2).and_then(|()| json.text()).map(drop),
        "time" => first(&mut seen, 3).and_then(|()| json.text()).map(drop),
        "resources" => first(&mut seen, 4).and_then(|()| json.list(|json| json.text().map(drop))),
        "version" | "source" | "account" | "region" => json.text().map(drop),
        _ => None,
    })?;
    (kind? == "ECS Task State Change" && seen & 2 != 0).then_some((task, json.at))
}

/// Notes that a key was seen; `None` where it was before.
fn first(seen: &mut u32, key: u32) -> Option<()> {
    let bit = 1 << key;
    let is_first = *seen & bit == 0;
    *seen |= bit;
    is_first.then_some(())
}

/// A reader of the plainest JSON; `None` is anything else.
struct Plain<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Plain<'a> {
    fn task(&mut self, task: &mut TaskDetail<'a>) -> Option<()> {
        let mut seen = 0;
        self.object(|json, key| {
            let (at, field) = match key {
                "taskArn" => (0, &mut task.task_arn),
                "clusterArn" => (1, &mut task.cluster_arn),
                "containerInstanceArn" => (2, &mut task.container_instance_arn),
                "taskDefinitionArn" => (3, &mut task.task_definition_arn),
                "group" => (4, &mut task.group),
                "launchType" => (5, &mut task.launch_type),
                "capacityProviderName" => (6, &mut task.capacity_provider_name),
                "lastStatus" => (7, &mut task.last_status),
                "stopCode" => (8, &mut task.stop_code),
                "cpu" => (9, &mut task.cpu),
                "memory" => (10, &mut task.memory),
                "createdAt" => (11, &mut task.created_at),
                "pullStoppedAt" => (12, &mut task.pull_stopped_at),
                "startedAt" => (13, &mut task.started_at),
                "stoppedAt" => (14, &mut task.stopped_at),
                "version" => (15, &mut task.version),
                "containers" => {
                    first(&mut seen, 16)?;
                    let containers = task.containers.insert(Vec::new());
                    return json.list(|json| json.container().map(|container| containers.push(container)));
                }
                "tags" => {
                    first(&mut seen, 17)?;
                    let tags = task.tags.insert(Vec::new());
                    return json.list(|json| json.tag().map(|tag| tags.push(tag)));
                }
                _ => return json.skip(DEPTH),
            };
            first(&mut seen, at)?;
            *field = json.scalar()?;
            Some(())
        })
    }

    fn container(&mut self) -> Option<ContainerDetail<'a>> {
        let (mut container, mut seen) = (ContainerDetail::default(), 0);
        self.object(|json, key| {
            let (at, field) = match key {
                "cpu" => (0, &mut container.cpu),
                "memory" => (1, &mut container.memory),
                "memoryReservation" => (2, &mut container.memory_reservation),
                _ => return json.skip(DEPTH),
            };
            first(&mut seen, at)?;
            *field = json.scalar()?;
            Some(())
        })?;
        Some(container)
    }

    fn tag(&mut self) -> Option<TagDetail<'a>> {
        let (mut tag, mut seen) = (TagDetail::default(), 0);
        self.object(|json, key| {
            let (at, field) = match key {
                "key" => (0, &mut tag.key),
                "value" => (1, &mut tag.value),
                _ => return json.skip(DEPTH),
            };
            first(&mut seen, at)?;
            *field = json.scalar()?;
            Some(())
        })?;
        Some(tag)
    }

    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            return self.expect(b'}');
        }
        loop {
            let key = self.text()?;
            self.expect(b':')?;
            member(self, key)?;
            match self.token()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        if self.peek()? == b']' {
            return self.expect(b']');
        }
        loop {
            item(self)?;
            match self.token()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Text or a whole number as its text, or nothing.
    fn scalar(&mut self) -> Option<Field<'a>> {
        match self.peek()? {
            b'"' => self.text().map(Some),
            b'n' => self.word("null").map(|()| None),
            _ => self.number().map(Some),
        }
        .map(|text| text.map(|text| Scalar::Text(text.into())))
    }

    fn skip(&mut self, depth: u32) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match self.peek()? {
            b'"' => self.text().map(drop),
            b'{' => self.object(|json, _| json.skip(deeper)),
            b'[' => self.list(|json| json.skip(deeper)),
            b'n' => self.word("null"),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            _ => self.number().map(drop),
        }
    }

    fn text(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let rest = self.text.get(self.at..)?;
        let text = rest.get(..plain_length(rest.as_bytes())?)?;
        self.at += text.len() + 1;
        Some(text)
    }

    /// A number whose text is that of its value: digits without a sign or a leading zero, as many as an integer has.
    fn number(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..length).filter(|number| *number == "0" || !number.starts_with('0'))?;
        self.at += length;
        (1..=18).contains(&length).then_some(number)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// The next byte that is no space, which is left there.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn token(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.token()? == byte).then_some(())
    }
}

/// How many bytes come before the closing quote; `None` where one of them is an escape or a control character.
fn plain_length(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest marked byte is the first one below the bound; those above it may be marked wrongly.
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGHS;
    let mut at = 0;
    let (words, _) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let found = quotes | below(word ^ (ONES * u64::from(b'\\')), 1) | below(word, 0x20);
        if found != 0 {
            let is_quote = quotes & found & found.wrapping_neg() != 0;
            return is_quote.then_some(at + usize::try_from(found.trailing_zeros() / 8).ok()?);
        }
        at += 8;
    }
    let end = bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    (bytes.get(at + end) == Some(&b'"')).then_some(at + end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVENT: &str = r#"{"version": "0", "id": "e", "detail-type": "ECS Task State Change", "source": "aws.ecs",
        "account": "1", "time": "2016-12-01T00:00:00Z", "region": "r", "resources": ["arn:é"], "detail": {
        "taskArn": "t", "clusterArn": "c", "containerInstanceArn": null, "group": "service:web", "version": 4, "cpu": "0",
        "memory": 512, "containers": [{"name": "a", "cpu": 7, "networks": [{"ports": []}, true]}, {}],
        "tags": [{"key": "team", "value": "data"}], "attachments": {"a": [null, false, 12]}, "startedAt": 1480550400}}"#;

    fn general(text: &str) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Event<'a> {
            #[serde(borrow)]
            detail: TaskDetail<'a>,
        }
        serde_json::from_str::<Event<'_>>(text).ok().map(|event| format!("{:?}", event.detail))
    }

    fn plain(text: &str) -> Option<String> {
        task_event(text).map(|(task, _)| format!("{task:?}"))
    }

    #[test]
    fn a_plain_event_is_read_as_the_general_reader_reads_it() {
        assert_eq!(task_event(EVENT).unwrap().1, EVENT.len());
        assert_eq!(plain(EVENT), general(EVENT));
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_general_reader() {
        for (from, to) in [
            ("\"t\"", "\"t\\u0031\""),
            ("\"t\"", "\"t\u{1}\""),
            ("512", "512.0"),
            ("512", "-512"),
            ("512", "0512"),
            ("512", "true"),
            ("512", "1234567890123456789"),
            ("\"memory\"", "\"cpu\""),
            ("\"id\"", "\"time\""),
            ("\"id\"", "\"Records\""),
            ("[{\"name\"", "[[],{\"name\""),
            ("State Change", "State"),
            ("\"detail\"", "\"region\""),
            ("web\"", "web\\\""),
            ("{}]", "{}],"),
        ] {
            let text = EVENT.replacen(from, to, 1);
            assert_ne!(text, EVENT, "{from}");
            assert_eq!(plain(&text), None, "{text}");
        }
    }

    #[test]
    fn an_event_that_is_cut_anywhere_is_not_read() {
        for (at, _) in EVENT.char_indices() {
            assert_eq!(plain(EVENT.split_at(at).0), None);
        }
    }

    proptest! {
        #[test]
        fn a_changed_event_is_read_as_the_general_reader_reads_it_or_not_at_all(
            at in 0..EVENT.len(),
            with in prop::sample::select(vec!["", "\"", "\\", ",", "{", "}", "[", "]", "0", "x", "\u{1f}", " ", "null", "é"]),
        ) {
            prop_assume!(EVENT.is_char_boundary(at) && EVENT.is_char_boundary(at + 1));
            let text = format!("{}{with}{}", EVENT.split_at(at).0, EVENT.split_at(at + 1).1);
            if let Some((task, used)) = task_event(&text) {
                prop_assert_eq!(Some(format!("{task:?}")), general(text.split_at(used).0));
            }
        }

        #[test]
        fn the_end_of_a_text_is_where_a_search_finds_it(bytes in prop::collection::vec(prop_oneof![
            6 => 0x20u8..=0xff, 1 => Just(b'"'), 1 => Just(b'\\'), 1 => 0u8..0x20,
        ], 0..40)) {
            let end = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
            prop_assert_eq!(plain_length(&bytes), end.filter(|end| bytes[*end] == b'"'));
        }
    }
}
