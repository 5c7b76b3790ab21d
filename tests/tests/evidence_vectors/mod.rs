//! Adapters for evidence and the command line program.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use unblended::{Error, ErrorCode, Evidence, EvidenceBuilder, EvidenceOptions, Result, Timestamp};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceInput {
    as_of: Timestamp,
    default_cpu: u64,
    /// Name and content: text as it is, a list as one JSON value a line, anything else as JSON.
    files: Vec<(String, Value)>,
}

fn evidence(input: &EvidenceInput) -> Result<Evidence> {
    let mut builder = EvidenceBuilder::new();
    for (name, content) in &input.files {
        let bytes = match content {
            Value::String(text) => text.clone(),
            Value::Array(events) => events.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"),
            other => other.to_string(),
        };
        builder.add(name, bytes.as_bytes())?;
    }
    builder.finish(&EvidenceOptions { default_cpu: input.default_cpu, as_of: input.as_of })
}

fn open_end(end: Timestamp) -> Value {
    if end == Timestamp::MAX { Value::Null } else { json!(end) }
}

/// What the vectors name of the findings; informational ones they do not name are free.
fn diagnostics(evidence: &Evidence) -> BTreeSet<String> {
    evidence.diagnostics.list().iter().map(|found| found.code.to_string()).collect()
}

pub(crate) fn runs(input: &EvidenceInput) -> Result<Value> {
    let evidence = evidence(input)?;
    let runs: Vec<Value> = evidence
        .tasks
        .iter()
        .map(|run| {
            let task = run.task.rsplit('/').next();
            json!({
                "task": task, "service": &run.service, "instance": &run.instance, "cpu": run.cpu, "memory": run.memory,
                "start": run.interval.start, "end": open_end(run.interval.end),
            })
        })
        .collect();
    Ok(json!({"runs": runs, "diagnostics": diagnostics(&evidence)}))
}

pub(crate) fn attachments(input: &EvidenceInput) -> Result<Value> {
    let evidence = evidence(input)?;
    let attachments: Vec<Value> = evidence
        .attachments
        .iter()
        .map(|attachment| {
            json!({
                "volume": attachment.volume, "instance": attachment.instance,
                "start": attachment.interval.start, "end": open_end(attachment.interval.end),
            })
        })
        .collect();
    Ok(json!({"attachments": attachments, "diagnostics": diagnostics(&evidence)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandInput {
    args: Vec<String>,
    files: Map<String, Value>,
}

/// Runs the program in a folder with the files. Of its output, only the fields that the vector names are compared, and
/// of its diagnostics only how often the codes occur that it names.
pub(crate) fn command(input: &CommandInput, expect: &Value) -> Result<Value> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &input.files {
        fs::write(folder.path().join(name), text.as_str().unwrap()).unwrap();
    }
    // Tests run from target/PROFILE/deps; the program is built one folder above.
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join(format!("unblended{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "run `cargo build -p unblended --features cli` first");
    let done = Command::new(program).args(&input.args).current_dir(folder.path()).output().unwrap();
    if done.status.code() == Some(2) {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let code = ErrorCode::ALL.iter().find(|code| said.contains(code.as_str()));
        assert!(done.stdout.is_empty(), "bad input gave output");
        return Err(Error::new(*code.unwrap_or_else(|| panic!("{said}")), said));
    }
    let output: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    let named = expect["output"].as_object().unwrap().keys();
    let named_fields: Map<String, Value> = named.map(|key| (key.clone(), output[key].clone())).collect();
    let mut got = json!({"exit": done.status.code(), "output": named_fields});
    if let Some(codes) = expect["counts"].as_object() {
        let found = output["diagnostics"].as_array().unwrap();
        let count = |code: &String| {
            let of_code = found.iter().filter(|one| one["code"] == code.as_str());
            of_code.map(|one| one["count"].as_u64().unwrap()).sum::<u64>()
        };
        got["counts"] = codes.keys().map(|code| (code.clone(), json!(count(code)))).collect::<Map<_, _>>().into();
    }
    Ok(got)
}
