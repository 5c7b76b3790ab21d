//! Task runs and container instances.

use super::*;
use crate::error::ErrorCode;
use crate::evidence::{Capacity, TaskRun};

fn only(events: &[Value]) -> TaskRun {
    let evidence = evidence(events);
    assert_eq!(evidence.tasks.len(), 1);
    evidence.tasks.to_vec().pop().unwrap()
}

fn started(more: &Value) -> Value {
    let mut fields = json!({"startedAt": "2016-12-02T00:00:10Z"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

#[test]
fn a_run_lasts_from_start_to_stop_on_the_joined_instance() {
    let run = only(&[
        task(
            "t1",
            6,
            &json!({"lastStatus": "STOPPED", "startedAt": "2016-12-02T00:00:10.5Z", "stoppedAt": "2016-12-03T00:00:00Z"}),
        ),
        task("t1", 3, &json!({"startedAt": "2016-12-02T00:00:10.5Z"})),
        host("h1", "2016-12-01T00:00:00Z", "ACTIVE", 2048),
    ]);
    assert_eq!(run.interval, december("02 00:00:10.500", Some("03 00:00:00")));
    assert_eq!(run.instance.unwrap().as_str(), "i-h1");
    assert_eq!((run.cluster.as_str(), run.service.as_str()), (CLUSTER, "web"));
    assert_eq!((run.cpu, run.memory, run.fargate), (256, 512, false));
}

#[test]
fn the_highest_version_wins_per_field_whatever_the_order() {
    let events = [
        task("t1", 5, &started(&json!({"cpu": "512", "stoppedAt": null}))),
        task("t1", 7, &json!({"cpu": null, "stoppedAt": "2016-12-05T00:00:00Z"})),
        task("t1", 6, &json!({"cpu": "1024", "stoppedAt": "2016-12-04T00:00:00Z"})),
    ];
    let run = only(&events);
    assert_eq!(run.cpu, 1024);
    assert_eq!(run.interval, december("02 00:00:10", Some("05 00:00:00")));
    let reversed: Vec<Value> = events.iter().rev().cloned().collect();
    assert_eq!(only(&reversed), run);
}

#[test]
fn a_missing_start_is_guessed_only_for_a_task_that_ran() {
    let guessed = evidence(&[
        task("pulled", 3, &json!({"pullStoppedAt": "2016-12-02T00:00:05Z"})),
        task("created", 3, &json!({"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited"})),
        task("failed", 3, &json!({"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart"})),
        task("pending", 3, &json!({"lastStatus": "PENDING"})),
    ]);
    let starts: Vec<_> = guessed.tasks.iter().map(|run| (run.task, run.interval.start)).collect();
    let (created, pulled) = (task_arn("created"), task_arn("pulled"));
    assert_eq!(starts, [(created.as_str(), time("2016-12-02 00:00:00")), (&pulled, time("2016-12-02 00:00:05"))]);
    assert_eq!(findings(&guessed, DiagnosticCode::EvidenceStartGuessed).len(), 2);
    assert_eq!(findings(&guessed, DiagnosticCode::EvidenceNeverRan)[0].0, 2);
}

#[test]
fn a_run_without_stop_ends_with_its_host() {
    let open = task("t1", 3, &started(&json!({})));
    let active = host("h1", "2016-12-01T00:00:00Z", "ACTIVE", 2048);
    let end = |more: &[Value]| only(&[&[open.clone(), active.clone()], more].concat()).interval.end;
    assert_eq!(end(&[]), Timestamp::MAX);
    let early = host("h1", "2016-12-01T12:00:00Z", "INACTIVE", 0);
    let left = host("h1", "2016-12-06T00:00:00Z", "DEREGISTERING", 0);
    let later = host("h1", "2016-12-07T00:00:00Z", "INACTIVE", 0);
    assert_eq!(end(&[later, left.clone(), early]), time("2016-12-06 00:00:00"));
    let terminated = instance_state("i-h1", "terminated", "2016-12-05T00:00:00Z");
    assert_eq!(end(&[left.clone(), terminated]), time("2016-12-05 00:00:00"));
    let items = json!({"instancesSet": {"items": [{"instanceId": "i-h1"}, {"instanceId": "i-9"}]}});
    let call = call("TerminateInstances", "2016-12-04T00:00:00Z", &items, &items);
    assert_eq!(end(&[left, call]), time("2016-12-04 00:00:00"));
    let shutting = instance_state("i-h1", "shutting-down", "2016-12-03T00:00:00Z");
    assert_eq!(end(&[shutting]), Timestamp::MAX);
}

#[test]
fn a_known_stop_is_not_cut_by_the_end_of_the_host() {
    let run = only(&[
        task("t1", 3, &started(&json!({"stoppedAt": "2016-12-09T00:00:00Z"}))),
        host("h1", "2016-12-06T00:00:00Z", "INACTIVE", 2048),
    ]);
    assert_eq!(run.interval.end, time("2016-12-09 00:00:00"));
}

#[test]
fn runs_open_for_more_than_30_days_are_listed() {
    let seen = evidence(&[
        task("old", 3, &json!({"startedAt": "2016-12-01T23:59:59Z"})),
        task("new", 3, &json!({"startedAt": "2016-12-02T00:00:00Z"})),
    ]);
    let listed = findings(&seen, DiagnosticCode::EvidenceOpenRun);
    assert_eq!(listed.len(), 1);
    assert!(listed[0].1.contains(&task_arn("old")), "{listed:?}");
}

#[test]
fn cpu_and_memory_fall_back_to_the_containers_and_the_default() {
    let containers = json!([{"cpu": 100, "memory": 64, "memoryReservation": "32"}, {"cpu": "28", "memory": "16"}]);
    let run = only(&[task("t1", 3, &started(&json!({"cpu": "0", "memory": null, "containers": containers})))]);
    assert_eq!((run.cpu, run.memory), (128, 48));
    let none = json!({"cpu": null, "memory": null, "containers": [{"name": "a"}, {"cpu": "0"}]});
    let defaulted = evidence(&[task("t1", 3, &started(&none)), task("t2", 3, &started(&none))]);
    assert!(defaulted.tasks.iter().all(|run| (run.cpu, run.memory) == (128, 0)));
    let found = findings(&defaulted, DiagnosticCode::EvidenceDefaultCpu);
    assert_eq!(found, [(2, "tasks of service `web` reserve no CPU; 128 CPU units are used".to_owned())]);
}

#[test]
fn a_task_of_an_unknown_instance_is_listed_with_its_cpu_time() {
    let stopped = started(&json!({"cpu": "1024", "stoppedAt": "2016-12-02T00:01:10Z"}));
    let seen = evidence(&[
        task("t1", 3, &stopped),
        task("t2", 3, &stopped),
        task(
            "t3",
            3,
            &json!({"cpu": "512", "containerInstanceArn": host_arn("h2"), "startedAt": "2016-12-31T23:59:00Z"}),
        ),
    ]);
    assert!(seen.tasks.iter().all(|run| run.instance.is_none() && !run.fargate));
    let expected = |host: &str, seconds: u32| {
        let known = format!("container instance `{host}` of cluster `{CLUSTER}` has no known EC2 instance");
        format!("{known}; its tasks reserved {seconds} vCPU-seconds")
    };
    let found = findings(&seen, DiagnosticCode::EvidenceUnknownInstance);
    assert_eq!(found, [(2, expected("h1", 120)), (1, expected("h2", 30))]);
}

#[test]
fn fargate_tasks_need_no_instance() {
    let seen = evidence(&[
        task("t1", 3, &started(&json!({"launchType": "FARGATE", "containerInstanceArn": null}))),
        task(
            "t2",
            3,
            &started(
                &json!({"launchType": null, "capacityProviderName": "FARGATE_SPOT", "containerInstanceArn": null}),
            ),
        ),
        task("t3", 3, &started(&json!({"launchType": null, "containerInstanceArn": null}))),
    ]);
    let fargate: Vec<bool> = seen.tasks.iter().map(|run| run.fargate).collect();
    assert_eq!(fargate, [true, true, false]);
    assert_eq!(findings(&seen, DiagnosticCode::EvidenceUnknownInstance)[0].0, 1);
}

#[test]
fn standalone_tasks_are_named_by_their_family() {
    let definition = "arn:aws:ecs:us-west-2:111111111111:task-definition/report:12";
    for (fields, expected) in [
        (json!({"group": "service:a:b"}), "a:b"),
        (json!({"group": "family:etl", "taskDefinitionArn": definition}), "family:etl"),
        (json!({"group": "nightly", "taskDefinitionArn": definition}), "family:report"),
        (json!({"group": null, "taskDefinitionArn": definition}), "family:report"),
        (json!({"group": "nightly"}), "family:nightly"),
    ] {
        assert_eq!(only(&[task("t1", 3, &started(&fields))]).service.as_str(), expected);
    }
}

#[test]
fn tags_of_tasks_are_kept_and_an_empty_list_says_nothing() {
    let run = only(&[
        task(
            "t1",
            3,
            &started(&json!({"tags": [{"key": "team", "value": "a"}, {"key": "product_area", "value": "x"}]})),
        ),
        task("t1", 4, &started(&json!({"tags": []}))),
    ]);
    assert_eq!(
        run.tags.into_iter().collect::<Vec<_>>(),
        [("product_area".to_owned(), "x".to_owned()), ("team".to_owned(), "a".to_owned()),]
    );
}

#[test]
fn a_stop_before_the_start_is_not_used() {
    let seen = evidence(&[task("t1", 3, &started(&json!({"stoppedAt": "2016-12-01T00:00:00Z"})))]);
    assert!(seen.tasks.is_empty());
    assert_eq!(findings(&seen, DiagnosticCode::EvidenceBadInterval).len(), 1);
}

#[test]
fn snapshots_join_events_across_both_arn_forms() {
    let tasks = json!({"tasks": [task_detail("t1", 3, &started(&json!({"startedAt": 1_480_636_810.5, "cpu": "256"})))], "failures": []});
    let old_form = "arn:aws:ecs:us-west-2:111111111111:container-instance/h1";
    let hosts = json!({"containerInstances": [{
        "containerInstanceArn": old_form, "ec2InstanceId": "i-1", "status": "ACTIVE",
        "registeredResources": [{"name": "CPU", "integerValue": 4096}, {"name": "MEMORY", "integerValue": 7985}],
    }]});
    let seen = evidence_of(&[&tasks.to_string(), &hosts.to_string()]).unwrap();
    assert_eq!(seen.tasks.to_vec()[0].instance.as_ref().unwrap().as_str(), "i-1");
    assert_eq!(seen.tasks.to_vec()[0].interval, december("02 00:00:10.500", None));
    assert_eq!(seen.registrations[0].since, Timestamp::MIN);
    assert_eq!(seen.registrations[0].capacity, Capacity { cpu: 4096, memory: 7985 });
}

#[test]
fn every_packing_and_mix_gives_the_same_evidence() {
    let events = [
        task("t1", 3, &started(&json!({}))),
        host("h1", "2016-12-01T00:00:00Z", "ACTIVE", 2048),
        attach("vol-1", "i-h1", "2016-12-02T00:00:00Z"),
    ];
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    let expected = evidence(&events);
    assert_eq!((expected.tasks.len(), expected.registrations.len(), expected.attachments.len()), (1, 1, 1));
    let pretty = serde_json::to_string_pretty(&events).unwrap();
    let array = format!("[{}]", texts.join(","));
    for file in [texts.concat(), array.clone(), pretty, format!("\u{feff}{array}\n{array}"), texts.join("\r\n")] {
        assert_eq!(evidence_of(&[&file]).unwrap(), expected);
    }
    let files: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(evidence_of(&files).unwrap(), expected);
    assert_eq!(evidence_of(&["", " \n", "[]"]).unwrap(), Evidence::default());
}

#[test]
fn tables_in_csv_and_json_are_evidence() {
    let tasks = "task,cluster,service,instance,cpu,memory,started,stopped\n\
        t1,main,web,i-1,256,512,2016-12-02T00:00:10Z,1480723210\n\
        t2,main,family:etl,,1024,,2016-12-02 00:00:10,\n\
        t3,main,web,arn:aws:ecs:us-west-2:111111111111:container-instance/h1,0,,1480636810000,\n\
        t4,main,web,i-1,1,1,,\n";
    let hosts = "container_instance,cluster,instance,cpu,memory,since\n\
        h1,main,i-9,2048,3767,2016-12-01T00:00:00Z\nh2,main,i-8,,,\n";
    let seen = evidence_of(&[tasks, hosts]).unwrap();
    let runs: Vec<_> = seen
        .tasks
        .iter()
        .map(|run| {
            (
                run.kind.service.as_str(),
                run.kind.instance.as_ref().map(crate::ids::InstanceId::as_str),
                run.cpu,
                run.fargate,
            )
        })
        .collect();
    assert_eq!(
        runs,
        [("web", Some("i-1"), 256, false), ("family:etl", None, 1024, true), ("web", Some("i-9"), 128, false)]
    );
    assert_eq!(seen.tasks.to_vec()[0].interval, december("02 00:00:10", Some("03 00:00:10")));
    assert_eq!(seen.tasks.to_vec()[2].interval, december("02 00:00:10", None));
    assert_eq!(seen.registrations.len(), 1);
    assert_eq!(seen.registrations[0].since, time("2016-12-01 00:00:00"));
    assert_eq!(findings(&seen, DiagnosticCode::EvidenceNeverRan)[0].0, 1);

    let rows = json!([
        {"task": "t1", "cluster": "main", "service": "web", "instance": "i-1", "cpu": 256, "memory": "512",
         "started": "2016-12-02T00:00:10Z", "stopped": 1_480_723_210},
        {"task": "t2", "cluster": "main", "service": "family:etl", "instance": null, "cpu": 1024,
         "started": "2016-12-02 00:00:10"},
        {"task": "t3", "cluster": "main", "service": "web",
         "instance": "arn:aws:ecs:us-west-2:111111111111:container-instance/h1", "started": 1_480_636_810_000_u64},
        {"task": "t4", "cluster": "main", "service": "web", "instance": "i-1", "cpu": "1", "memory": "1"},
        {"container_instance": "h1", "cluster": "main", "instance": "i-9", "cpu": 2048, "memory": 3767,
         "since": "2016-12-01T00:00:00Z"},
    ]);
    assert_eq!(evidence_of(&[&rows.to_string()]).unwrap(), seen);
}

#[test]
fn an_event_is_newer_than_a_row_of_a_table() {
    let table = format!(
        "task,cluster,service,instance,cpu,memory,started,stopped\n{},main,api,i-7,999,9,2016-12-02,2016-12-03\n",
        task_arn("t1")
    );
    let event = task("t1", 0, &json!({"startedAt": "2016-12-02T06:00:00Z"})).to_string();
    let run = evidence_of(&[&table, &event]).unwrap().tasks.to_vec().pop().unwrap();
    assert_eq!(run.interval, december("02 06:00:00", Some("03 00:00:00")));
    assert_eq!((run.service.as_str(), run.cpu), ("web", 999), "at equal versions the bytewise larger text");
    let newer = task("t1", 1, &json!({"startedAt": "2016-12-02T06:00:00Z"})).to_string();
    assert_eq!(evidence_of(&[&table, &newer]).unwrap().tasks.to_vec()[0].cpu, 256);
}

#[test]
fn other_events_are_counted_once_and_never_an_error() {
    let other = event("ECS Service Action", "2016-12-01T00:00:00Z", &json!({"tasks": 5}));
    let odd = json!({"detail-type": "Scheduled Event", "detail": "text", "resources": [{"ARN": "x"}]});
    let run = call("RunInstances", "2016-12-01T00:00:00Z", &json!([1]), &json!("x"));
    let seen = evidence(&[other.clone(), other, odd.clone(), odd, run]);
    assert_eq!(
        findings(&seen, DiagnosticCode::EvidenceIgnoredEvent),
        [
            (1, "events of type `AWS API Call via CloudTrail` of other calls are no evidence".to_owned()),
            (1, "events of type `ECS Service Action` are no evidence".to_owned()),
            (1, "events of type `Scheduled Event` are no evidence".to_owned()),
        ]
    );
}

#[test]
fn broken_json_is_an_error_with_its_offset_and_line() {
    let good = task("t1", 1, &json!({})).to_string();
    for (broken, offset) in [
        (r#"{"a": nope}"#, 7),
        (r#"{"detail-type":"x""#, 17),
        (r#"[{"detail-type":"x"} {"detail-type":"y"}]"#, 21),
        (r#"[{"detail-type":"x"},]"#, 21),
        (",", 0),
    ] {
        let error = refusal(&format!("{good}\n{broken}"));
        assert_eq!(error.code(), ErrorCode::EvidenceBadJson, "{broken}: {}", error.report());
        let place = error.location().unwrap();
        assert_eq!((place.file.as_deref(), place.row), (Some("file-0"), Some(2)), "{broken}");
        let expected = u64::try_from(good.len() + 1 + offset).unwrap();
        assert_eq!(place.byte, Some(expected), "{broken}");
    }
    let mut builder = EvidenceBuilder::new();
    let error = builder.add("x.json", b"{\"id\": \"\xff\"}").unwrap_err();
    assert_eq!((error.code(), error.location().unwrap().byte), (ErrorCode::EvidenceBadJson, Some(8)));
    assert_eq!(builder.add("x.json", b"nope").unwrap_err().code(), ErrorCode::EvidenceBadJson);
}

#[test]
fn an_event_with_a_wrong_field_is_an_error_that_names_it() {
    let good = task("t0", 1, &json!({}));
    let state = "ECS Container Instance State Change";
    for (bad, column) in [
        (task("t1", 1, &json!({"taskArn": null})), "detail.taskArn"),
        (task("t1", 1, &json!({"clusterArn": ""})), "detail.clusterArn"),
        (task("t1", 1, &json!({"group": null})), "detail.group"),
        (task("t1", 1, &json!({"cpu": "much"})), "detail.cpu"),
        (task("t1", 1, &json!({"cpu": {}})), "detail.cpu"),
        (task("t1", 1, &json!({"cpu": -1})), "detail.cpu"),
        (task("t1", 1, &json!({"startedAt": "soon"})), "detail.startedAt"),
        (task("t1", 4_294_967_295, &json!({})), "detail.version"),
        (task("t1", 1, &json!({"containers": 1})), "detail"),
        (json!({"detail-type": "ECS Task State Change"}), "detail"),
        (
            event(state, "2016-12-01T00:00:00Z", &json!({"containerInstanceArn": host_arn("h1")})),
            "detail.ec2InstanceId",
        ),
        (event(state, "", &json!({"containerInstanceArn": host_arn("h1"), "ec2InstanceId": "i"})), "detail.time"),
        (json!({"foo": 1}), "detail-type"),
    ] {
        let error = refusal(&format!("{good}{bad}"));
        let place = error.location().unwrap();
        assert_eq!(error.code(), ErrorCode::EvidenceBadEvent, "{bad}");
        assert_eq!((place.file.as_deref(), place.row), (Some("file-0"), Some(2)), "{bad}");
        let expected = if column == "detail.time" { "time" } else { column };
        assert_eq!(place.column.as_deref(), Some(expected), "{bad}");
    }
    let error = refusal(&json!({"tasks": [task_detail("t1", 1, &json!({})), {"group": "x"}]}).to_string());
    assert_eq!(error.location().unwrap().row, Some(2));
    assert_eq!(error.location().unwrap().column.as_deref(), Some("tasks[].taskArn"));
    for text in ["5", "[5]", "[[]]", "{\"tasks\": 5}"] {
        let error = EvidenceBuilder::new().add("x.json", text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EvidenceBadEvent, "{text}");
    }
}

#[test]
fn a_bad_table_is_an_error_with_row_and_column() {
    let header = "task,cluster,service,instance,cpu,memory,started,stopped\n";
    for (table, row, column) in [
        (format!("{header}t1,main,web,i-1,x,,,\n"), 2, Some("cpu")),
        (format!("{header}t1,main,web,i-1,1,,,\nt1,main,,i-1,1,,,\n"), 3, Some("service")),
        (format!("{header}t1,main,web,i-1,1,,yesterday,\n"), 2, Some("started")),
        (format!("{header}t1,main\n"), 2, None),
        ("task,cluster,service,instance,cpu,memory,startd,stopped\n".to_owned(), 1, Some("started")),
        ("volume,instance,attached,detached\nvol-1,i-1,,\n".to_owned(), 2, Some("attached")),
        ("container_instance,cluster,instance,cpu\nh1,main,,5\n".to_owned(), 2, Some("instance")),
        ("hello\n".to_owned(), 1, None),
        ("[{\"task\": \"t1\", \"cluster\": \"main\"}]".to_owned(), 1, Some("service")),
    ] {
        let error = refusal(&table);
        assert_eq!(error.code(), ErrorCode::EvidenceBadTable, "{table}");
        let place = error.location().unwrap();
        assert_eq!((place.row, place.column.as_deref()), (Some(row), column), "{table}");
        assert_eq!(place.file.as_deref(), Some("file-0"));
    }
    let error = EvidenceBuilder::new().add("t.csv", b"task,cluster,service,instance,cpu,started,stopped\n\xff,,,,,,\n");
    assert_eq!(error.unwrap_err().code(), ErrorCode::EvidenceBadTable);
}
