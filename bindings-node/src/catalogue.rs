//! What there is: policies, error codes, JSON Schemas, the demo and the command line program.

use std::collections::BTreeMap;
use std::path::Path;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use unblended::facade;
use unblended::{BillingPeriod, DemoDialect, DemoOptions, Error, ErrorCode, Location, Policy, Result};

use crate::border::{call, parsed, promise, value, written};

/// Version of core and binding.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Policy text in TOML or JSON → the whole policy as JSON text, with its digest and the tag keys a scan must keep.
#[napi]
pub fn policy(text: String, is_json: bool) -> napi::Result<Vec<String>> {
    call(|| described(&if is_json { Policy::from_json(&text) } else { Policy::from_toml(&text) }?))
}

/// The same of a file.
#[napi]
pub fn read_policy(env: &Env, path: String) -> napi::Result<Object<'_>> {
    promise(env, move || described(&facade::read_policy(Path::new(&path))?))
}

fn described(policy: &Policy) -> Result<Vec<String>> {
    Ok(vec![written(policy)?, policy.digest().to_string(), written(&policy.tag_keys())?])
}

/// The tag keys that files have; those of one billing period where it is given.
#[napi]
pub fn tag_keys(env: &Env, paths: Vec<String>, period: Option<String>) -> napi::Result<Object<'_>> {
    promise(env, move || facade::tag_keys(&paths, period.as_deref().map(value).transpose()?))
}

/// Every error code, as JSON text.
#[napi]
pub fn error_codes() -> napi::Result<String> {
    call(|| written(&facade::error_codes()))
}

/// JSON Schemas by name, as JSON text.
#[napi]
pub fn schemas() -> napi::Result<String> {
    call(|| written(&facade::schemas()))
}

/// A fresh run id.
#[napi]
pub fn new_run_id() -> String {
    facade::new_run_id()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoRequest {
    period: BillingPeriod,
    seed: Option<u64>,
    rows: Option<u64>,
    instances: Option<u32>,
    areas: Option<Vec<String>>,
    dialects: Option<Vec<String>>,
}

/// Writes a demo month; its files, as JSON text.
#[napi]
pub fn demo(env: &Env, dir: String, request: String) -> napi::Result<Object<'_>> {
    promise(env, move || {
        let asked: DemoRequest = parsed(&request)?;
        let usual = DemoOptions::new(asked.period);
        let options = DemoOptions {
            seed: asked.seed.unwrap_or(usual.seed),
            rows: asked.rows.unwrap_or(usual.rows),
            instances: asked.instances.unwrap_or(usual.instances),
            areas: asked.areas.unwrap_or(usual.areas),
            dialects: asked.dialects.map_or(Ok(usual.dialects), DemoDialect::named)?,
            period: usual.period,
        };
        let files = unblended::demo(Path::new(&dir), &options)?;
        let bills: BTreeMap<_, _> = files.bills.iter().map(|bill| (bill.dialect.as_str(), &bill.path)).collect();
        written(&json!({
            "bill": files.bill, "bills": bills, "tasks": files.tasks, "instances": files.instances, "volumes": files.volumes,
            "services": files.services, "policy": files.policy, "readme": files.readme, "rows": files.rows,
            "total": files.total, "rounding": files.rounding,
        }))
    })
}

/// The command line program; the first argument is its name.
#[napi]
pub fn run_cli(env: &Env, argv: Vec<String>) -> napi::Result<Object<'_>> {
    promise(env, move || Ok(unblended::run_cli(argv)))
}

/// Fails with an error code, or panics where the text is none or is that of a panic, to show what becomes of it: at
/// once, or in a promise.
#[napi]
pub fn fail_for_test(env: &Env, code: String, at_once: bool) -> napi::Result<Object<'_>> {
    let known = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
    let fail = move || deliberate(known.copied());
    if at_once {
        call(fail)?;
    }
    promise(env, fail)
}

#[expect(clippy::panic, reason = "that is what it is for")]
fn deliberate(code: Option<ErrorCode>) -> Result<()> {
    match code {
        None | Some(ErrorCode::InternalPanic) => panic!("deliberate"),
        Some(code) => Err(Error::new(code, "deliberate").at(Location::file("f")).with_cause("deliberate too")),
    }
}
