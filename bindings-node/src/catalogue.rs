//! What there is: policies, error codes, JSON Schemas, the demo and the command line program.

use std::path::Path;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use unblended::facade;
use unblended::facade::border::{self, answer, request};
use unblended::{Policy, Result};

use crate::answer::Answer;
use crate::border::{call, promise, value};

/// Version of core and binding.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Policy text in TOML or JSON → the whole policy as JSON text, with its digest and the tag keys a scan must keep.
#[napi]
pub fn policy(text: String, is_json: bool) -> napi::Result<Vec<String>> {
    call(|| described(&border::policy(&text, is_json)?))
}

/// The same of a file.
#[napi]
pub fn read_policy(env: &Env, path: String) -> napi::Result<Object<'_>> {
    promise(env, move || described(&facade::read_policy(Path::new(&path))?))
}

fn described(policy: &Policy) -> Result<Vec<String>> {
    Ok(vec![answer(policy)?, policy.digest().to_string(), answer(&policy.tag_keys())?])
}

/// The tag keys that files have; those of one billing period where it is given.
#[napi]
pub fn tag_keys(env: &Env, paths: Vec<String>, period: Option<String>) -> napi::Result<Object<'_>> {
    promise(env, move || Answer::of(&facade::tag_keys(&paths, period.as_deref().map(value).transpose()?)?))
}

/// Every error code, as JSON text.
#[napi]
pub fn error_codes() -> napi::Result<String> {
    call(|| answer(&facade::error_codes()))
}

/// JSON Schemas by name, as JSON text.
#[napi]
pub fn schemas() -> napi::Result<String> {
    call(|| answer(&facade::schemas()))
}

/// A fresh run id.
#[napi]
pub fn new_run_id() -> String {
    facade::new_run_id()
}

/// Writes a demo month; its files.
#[napi]
pub fn demo(env: &Env, dir: String, options: String) -> napi::Result<Object<'_>> {
    promise(env, move || Answer::of(&facade::write_demo(Path::new(&dir), &request(&options)?)?))
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
    if at_once {
        call(|| facade::fail(&code))?;
    }
    promise(env, move || facade::fail(&code))
}
