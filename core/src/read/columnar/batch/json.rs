//! Maps, lists of keys and values, and structures as texts of JSON objects.

use arrow_array::cast::AsArray;
use arrow_array::{Array, OffsetSizeTrait, StructArray};
use arrow_schema::DataType;

use super::rendered::Rendered;
use super::text::{TextColumn, Unreadable};

/// One JSON object a row, in the order of the entries; those whose value is null or empty are left out.
pub(super) fn objects(array: &dyn Array) -> Result<Rendered, Unreadable> {
    match array.data_type() {
        DataType::Struct(_) => structures(array.as_struct()),
        DataType::Map(..) => {
            let map = array.as_map();
            entries(array, map.value_offsets(), map.entries())
        }
        DataType::List(field) if is_entry(field.data_type()) => {
            let list = array.as_list::<i32>();
            entries(array, list.value_offsets(), list.values().as_struct())
        }
        DataType::LargeList(field) if is_entry(field.data_type()) => {
            let list = array.as_list::<i64>();
            entries(array, list.value_offsets(), list.values().as_struct())
        }
        other => Err(Unreadable::Type(other.clone())),
    }
}

/// Whether the entries of a list are those of a map, as programs write them whose tables have no maps.
fn is_entry(data_type: &DataType) -> bool {
    let DataType::Struct(fields) = data_type else { return false };
    fields.iter().map(|field| field.name().as_str()).eq(["key", "value"])
}

fn structures(array: &StructArray) -> Result<Rendered, Unreadable> {
    let mut fields = Vec::new();
    for (field, values) in array.fields().iter().zip(array.columns()) {
        fields.push((field.name().as_str(), JsonColumn::of(values.as_ref())?));
    }
    Rendered::write(array.len(), |row, text| {
        if array.is_valid(row) {
            push_object(text, fields.iter().map(|(name, values)| (*name, values, row)));
        }
        Ok(())
    })
}

/// `all` are the entries of every row, `offsets` where those of a row start and end.
fn entries<O: OffsetSizeTrait>(array: &dyn Array, offsets: &[O], all: &StructArray) -> Result<Rendered, Unreadable> {
    let first = offsets.first().map_or(0, |offset| offset.as_usize());
    let last = offsets.last().map_or(0, |offset| offset.as_usize());
    // Only those of these rows: a large batch is read in slices.
    let all = all.slice(first, last.saturating_sub(first));
    let [keys, values] = all.columns() else { return Err(Unreadable::Type(array.data_type().clone())) };
    let row_of = |entry: usize| offsets.iter().skip(1).take_while(|end| end.as_usize() - first <= entry).count();
    let in_row = |cause| match cause {
        Unreadable::NotUtf8 { row: entry } => Unreadable::NotUtf8 { row: row_of(entry) },
        cause @ Unreadable::Type(_) => cause,
    };
    let keys = TextColumn::of(keys.as_ref()).map_err(in_row)?;
    let values = JsonColumn::of(values.as_ref()).map_err(in_row)?;
    Rendered::write(array.len(), |row, text| {
        let span = (offsets.get(row), offsets.get(row + 1));
        if let ((Some(start), Some(end)), true) = (span, array.is_valid(row)) {
            let of_row = start.as_usize() - first..end.as_usize() - first;
            push_object(text, of_row.map(|entry| (keys.get(entry), &values, entry)));
        }
        Ok(())
    })
}

/// The values of entries.
struct JsonColumn {
    texts: TextColumn,
    /// Whether the texts are JSON as they are: numbers, booleans, objects.
    is_json: bool,
}

impl JsonColumn {
    fn of(array: &dyn Array) -> Result<Self, Unreadable> {
        let data_type = match array.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            data_type => data_type,
        };
        let is_json = data_type.is_numeric() || data_type.is_nested() || *data_type == DataType::Boolean;
        Ok(Self { texts: TextColumn::of(array)?, is_json })
    }
}

fn push_object<'a>(text: &mut String, entries: impl Iterator<Item = (&'a str, &'a JsonColumn, usize)>) {
    text.push('{');
    let mut is_first = true;
    for (key, values, at) in entries {
        let value = values.texts.get(at);
        if value.is_empty() {
            continue;
        }
        if !std::mem::replace(&mut is_first, false) {
            text.push(',');
        }
        push_string(text, key);
        text.push(':');
        // JSON has no word for what is no number.
        if values.is_json && !value.ends_with(['N', 'f']) {
            text.push_str(value);
        } else {
            push_string(text, value);
        }
    }
    text.push('}');
}

fn push_string(text: &mut String, value: &str) {
    if value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else if let Ok(json) = serde_json::to_string(value) {
        text.push_str(&json);
    }
}
