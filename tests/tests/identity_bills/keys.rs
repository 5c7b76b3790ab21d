//! The keys of policies: those that there are, by the schema, and those that a policy has.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

/// Every key of a policy by its path, and every value of keys that have few, by the schema of policies.
pub(crate) fn known() -> &'static BTreeSet<String> {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let schemas = unblended::facade::schemas();
        let schema = serde_json::to_value(&schemas["policy"]).unwrap();
        let mut keys = BTreeSet::new();
        walk_schema(&schema, &schema, "", &mut keys);
        keys
    })
}

fn walk_schema(of: &Value, root: &Value, path: &str, keys: &mut BTreeSet<String>) {
    if let Some(name) = of["$ref"].as_str() {
        return walk_schema(&root["$defs"][name.rsplit('/').next().unwrap()], root, path, keys);
    }
    for either in ["anyOf", "oneOf"] {
        for one in of[either].as_array().into_iter().flatten() {
            walk_schema(one, root, path, keys);
        }
    }
    let values = of["enum"].as_array().into_iter().flatten().chain(of.get("const"));
    keys.extend(values.filter_map(Value::as_str).map(|value| format!("{path} = {value}")));
    if of["items"].is_object() {
        walk_schema(&of["items"], root, path, keys);
    }
    for (key, of) in of["properties"].as_object().into_iter().flatten() {
        let path = joined(path, key);
        walk_schema(of, root, &path, keys);
        keys.insert(path);
    }
}

/// The keys of a policy by their paths, and texts with them.
pub(crate) fn of_policy(policy: &Value, path: &str, keys: &mut BTreeSet<String>) {
    match policy {
        Value::Object(entries) => {
            for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                let path = joined(path, key);
                of_policy(value, &path, keys);
                keys.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| of_policy(item, path, keys)),
        Value::String(text) => {
            keys.insert(format!("{path} = {text}"));
        }
        _ => {}
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
