//! Any text is some resource: its bare id is a part of it, and is what it is itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unblended::{bare_resource_id, is_instance_id, is_task_arn, is_volume_id};

fuzz_target!(|text: &str| {
    let bare = bare_resource_id(text);
    assert!(text.ends_with(bare));
    assert_eq!(bare_resource_id(bare), bare);
    let kinds = [is_instance_id(bare), is_volume_id(bare), is_task_arn(bare)];
    assert!(kinds.iter().filter(|is_kind| **is_kind).count() <= 1);
});
