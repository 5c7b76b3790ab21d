//! Volume attachments.

use super::*;
use crate::error::ErrorCode;
use crate::ids::VolumeId;

fn attachments(evidence: &Evidence) -> Vec<(&str, &str, Interval)> {
    let all = evidence.attachments.iter();
    all.map(|found| (found.volume.as_str(), found.instance.as_str(), found.interval)).collect()
}

#[test]
fn only_what_every_snapshot_shows_attached_to_nothing_is_unattached() {
    let shown =
        |volume: &str, state: &str| json!({"Volumes": [{"VolumeId": volume, "State": state, "Attachments": []}]});
    let mut files =
        vec![shown("v-1", "available"), shown("v-1", "available"), shown("v-2", "in-use"), shown("v-4", "creating")];
    // Used by a service that names no instance at another time; attached and detached again.
    files.extend([shown("v-3", "available"), shown("v-3", "in-use"), shown("v-5", "available")]);
    files.push(json!([{"volume": "v-5", "instance": "i-1", "attached": "2016-06-01T00:00:00Z", "detached": "2016-06-02T00:00:00Z"}]));
    let of = |files: &[serde_json::Value]| {
        let mut builder = EvidenceBuilder::new();
        for (at, file) in files.iter().enumerate() {
            // Builders merge in any order.
            let mut one = EvidenceBuilder::new();
            one.add(&format!("{at}.json"), file.to_string().as_bytes()).unwrap();
            builder.merge(one);
        }
        builder.finish(&EvidenceOptions { default_cpu: 128, as_of: Timestamp::MAX }).unwrap()
    };
    let evidence = of(&files);
    assert_eq!(evidence.unattached, [VolumeId::from("v-1")]);
    let named: Vec<&str> = evidence.resources().collect();
    assert_eq!(named, ["v-5", "v-1"]);
    files.reverse();
    assert_eq!(of(&files).digest(), evidence.digest());
    assert_ne!(of(&files[1..]).digest(), of(&files[2..]).digest());
}

#[test]
fn calls_through_event_bridge_and_log_files_are_one_evidence() {
    let calls = [
        attach("vol-1", "i-1", "2016-12-02T00:00:00Z"),
        detach("vol-1", "i-1", "2016-12-04T00:00:00Z", Some(1_480_636_800_000)),
    ];
    let expected = evidence(&calls);
    assert_eq!(attachments(&expected), [("vol-1", "i-1", december("02 00:00:00", Some("04 00:00:00")))]);
    let bare: Vec<Value> = calls.iter().map(|call| call["detail"].clone()).collect();
    assert_eq!(evidence(&bare), expected);
    let log = json!({"Records": bare}).to_string();
    let both: Vec<String> = calls.iter().map(Value::to_string).chain([log.clone()]).collect();
    assert_eq!(evidence_of(&[&log]).unwrap(), expected);
    assert_eq!(evidence_of(&[&both.join("\n")]).unwrap(), expected);
}

#[test]
fn a_detach_without_attach_starts_at_its_attach_time() {
    let seen = evidence(&[
        detach("vol-1", "i-1", "2016-12-04T00:00:00Z", Some(1_480_636_800_000)),
        detach("vol-2", "i-1", "2016-12-04T00:00:00Z", None),
        detach("vol-3", "i-1", "2016-12-01T00:00:00Z", Some(1_480_636_800_000)),
    ]);
    assert_eq!(attachments(&seen), [("vol-1", "i-1", december("02 00:00:00", Some("04 00:00:00")))]);
    assert_eq!(findings(&seen, DiagnosticCode::EvidenceDetachWithoutAttach).len(), 1);
    assert_eq!(findings(&seen, DiagnosticCode::EvidenceBadInterval).len(), 1);
}

#[test]
fn failed_calls_are_counted_once_and_change_nothing() {
    let mut failed = attach("vol-1", "i-1", "2016-12-02T00:00:00Z");
    failed["detail"]["errorCode"] = "Client.VolumeInUse".into();
    failed["detail"]["responseElements"] = Value::Null;
    let bare = failed["detail"].clone();
    let seen = evidence(&[failed.clone(), failed, bare]);
    assert!(seen.attachments.is_empty());
    let found = findings(&seen, DiagnosticCode::EvidenceIgnoredEvent);
    assert_eq!(found, [(1, "failed calls of `AttachVolume` are no evidence".to_owned())]);
}

#[test]
fn calls_of_other_services_are_no_evidence() {
    let mut other = attach("vol-1", "i-1", "2016-12-02T00:00:00Z");
    other["detail"]["eventSource"] = "opsworks.amazonaws.com".into();
    assert!(evidence(&[other]).attachments.is_empty());
}

#[test]
fn termination_and_deletion_end_attachments() {
    let attached = |volume: &str| attach(volume, "i-1", "2016-12-02T00:00:00Z");
    let delete = call("DeleteVolume", "2016-12-03T00:00:00Z", &json!({"volumeId": "vol-2"}), &json!({"_return": true}));
    let mut gone = event(
        "EBS Volume Notification",
        "2016-12-04T00:00:00Z",
        &json!({"event": "deleteVolume", "result": "deleted"}),
    );
    gone["resources"] = json!(["arn:aws:ec2:us-west-2:111111111111:volume/vol-3"]);
    let mut kept = gone.clone();
    kept["resources"] = json!(["arn:aws:ec2:us-west-2:111111111111:volume/vol-1"]);
    kept["detail"]["result"] = "failed".into();
    kept["id"] = "other".into();
    let seen = evidence(&[
        attached("vol-1"),
        attached("vol-2"),
        attached("vol-3"),
        delete,
        gone,
        kept,
        instance_state("i-1", "terminated", "2016-12-05T00:00:00Z"),
        instance_state("i-1", "stopped", "2016-12-02T12:00:00Z"),
    ]);
    let until = |day: &str| december("02 00:00:00", Some(&format!("{day} 00:00:00")));
    assert_eq!(
        attachments(&seen),
        [("vol-1", "i-1", until("05")), ("vol-2", "i-1", until("03")), ("vol-3", "i-1", until("04")),]
    );
    assert_eq!(findings(&seen, DiagnosticCode::EvidenceIgnoredEvent).len(), 2);
}

#[test]
fn snapshots_give_root_volumes_and_multi_attach() {
    let volumes = |is_multi_attach: bool| {
        json!({"Volumes": [{
            "VolumeId": "vol-1", "MultiAttachEnabled": is_multi_attach, "State": "in-use",
            "Attachments": [
                {"VolumeId": "vol-1", "InstanceId": "i-1", "State": "attached", "AttachTime": "2016-12-02T00:00:00.000Z"},
                {"VolumeId": "vol-1", "InstanceId": null, "AssociatedResource": "arn:x", "State": "attached"},
                {"VolumeId": "vol-1", "InstanceId": "i-3", "State": "detached", "AttachTime": "2016-12-02T00:00:00.000Z"},
            ],
        }]})
    };
    let instances = json!({"Reservations": [{"Instances": [{
        "InstanceId": "i-2",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-9", "AttachTime": "2016-12-01T00:00:00+00:00", "Status": "attached"}},
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
        ],
    }]}, {"Instances": []}]});
    let second = attach("vol-1", "i-2", "2016-12-05T00:00:00Z");
    let seen = evidence(&[volumes(true), instances, second.clone()]);
    assert_eq!(
        attachments(&seen),
        [
            ("vol-1", "i-1", december("02 00:00:00", None)),
            ("vol-1", "i-2", december("05 00:00:00", None)),
            ("vol-9", "i-2", december("01 00:00:00", None)),
        ]
    );
    let seen = evidence(&[second, volumes(false)]);
    assert_eq!(attachments(&seen)[0], ("vol-1", "i-1", december("02 00:00:00", Some("05 00:00:00"))));
    let found = findings(&seen, DiagnosticCode::EvidenceMissedDetach);
    assert_eq!(found, [(1, "volume `vol-1` was attached to `i-2` without a detach from `i-1`".to_owned())]);
}

#[test]
fn a_snapshot_says_nothing_new_about_a_known_attachment() {
    let snapshot = json!({"Volumes": [{
        "VolumeId": "vol-1", "Attachments": [{"InstanceId": "i-1", "AttachTime": "2016-12-02T00:00:01Z", "State": "attached"}],
    }]});
    let seen = evidence(&[attach("vol-1", "i-1", "2016-12-02T00:00:00Z"), snapshot]);
    assert_eq!(attachments(&seen), [("vol-1", "i-1", december("02 00:00:00", None))]);
}

#[test]
fn a_table_of_volumes_is_evidence() {
    let table = "volume,instance,attached,detached\n\
        arn:aws:ec2:us-west-2:1:volume/vol-1,i-1,2016-12-02T00:00:00Z,2016-12-04T00:00:00Z\nvol-1,i-2,1480809600,\n";
    let seen = evidence_of(&[table]).unwrap();
    assert_eq!(
        attachments(&seen),
        [
            ("vol-1", "i-1", december("02 00:00:00", Some("04 00:00:00"))),
            ("vol-1", "i-2", december("04 00:00:00", None)),
        ]
    );
    assert_eq!(seen.diagnostics.list(), []);
}

#[test]
fn a_call_that_lacks_a_field_is_an_error_that_names_it() {
    let at = "2016-12-02T00:00:00Z";
    let mut no_time = attach("vol-1", "i-1", at);
    no_time["time"] = Value::Null;
    no_time["detail"]["eventTime"] = Value::Null;
    let deleted = event("EBS Volume Notification", at, &json!({"event": "deleteVolume", "result": "deleted"}));
    for (bad, column) in [
        (call("AttachVolume", at, &json!({"volumeId": "vol-1"}), &Value::Null), "detail.responseElements.instanceId"),
        (call("DetachVolume", at, &json!({}), &json!({"instanceId": "i-1"})), "detail.requestParameters.volumeId"),
        (call("DeleteVolume", at, &json!("vol-1"), &Value::Null), "detail.requestParameters"),
        (
            call("TerminateInstances", at, &json!({}), &Value::Null),
            "detail.requestParameters.instancesSet.items.instanceId",
        ),
        (no_time, "detail.eventTime"),
        (event("EC2 Instance State-change Notification", at, &json!({"state": "terminated"})), "detail.instance-id"),
        (deleted, "resources"),
        (json!({"Records": [{"eventVersion": "1.05"}]}), "Records[].eventName"),
        (
            json!({"Volumes": [{"VolumeId": "v", "Attachments": [{"InstanceId": "i"}]}]}),
            "Volumes[].Attachments.AttachTime",
        ),
        (json!({"Reservations": [{"Instances": [{}]}]}), "Reservations[].Instances[].InstanceId"),
    ] {
        let error = refusal(&bad.to_string());
        assert_eq!(error.code(), ErrorCode::EvidenceBadEvent, "{bad}");
        assert_eq!(error.location().unwrap().column.as_deref(), Some(column), "{}", error.report());
        assert_eq!(error.location().unwrap().row, Some(1));
    }
}
