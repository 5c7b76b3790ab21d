//! Evidence is a function of the set of events (spec 0.3).

use proptest::prelude::*;

use super::*;

/// An event drawn from few tasks, hosts and volumes, so that events meet.
fn any_event() -> impl Strategy<Value = Value> {
    let day = (1..10u32, 0..24u32).prop_map(|(day, hour)| format!("2016-12-{day:02}T{hour:02}:00:00Z"));
    let id = || 1..4u8;
    let status = prop::sample::select(vec!["PENDING", "RUNNING", "STOPPED"]);
    let task = (id(), 1..5u64, status, prop::option::of(day.clone()), prop::option::of(day.clone()), 0..3u64, id());
    let task = task.prop_map(|(id, version, status, started, stopped, cpu, host)| {
        let fields = json!({
            "lastStatus": status, "startedAt": started, "stoppedAt": stopped, "cpu": (cpu * 900).to_string(),
            "containerInstanceArn": host_arn(&format!("h{host}")), "group": format!("service:s{cpu}"),
        });
        super::task(&format!("t{id}"), version, &fields)
    });
    let state = prop::sample::select(vec!["ACTIVE", "DRAINING", "INACTIVE", "DEREGISTERING"]);
    let host = (id(), day.clone(), state, 1..4u64)
        .prop_map(|(id, at, state, cpu)| super::host(&format!("h{id}"), &at, state, cpu * 1024));
    let pair = || (id(), id()).prop_map(|(volume, host)| (format!("vol-{volume}"), format!("i-h{host}")));
    let attach = (pair(), day.clone()).prop_map(|((volume, instance), at)| super::attach(&volume, &instance, &at));
    let detach = (pair(), day.clone(), prop::option::of(day.clone())).prop_map(|((volume, instance), at, from)| {
        super::detach(&volume, &instance, &at, from.map(|from| time(&from).millis()))
    });
    let snapshot = (pair(), day.clone(), any::<bool>()).prop_map(|((volume, instance), at, is_multi_attach)| {
        let attachments = json!([{"InstanceId": instance, "AttachTime": at, "State": "attached"}]);
        json!({"Volumes": [{"VolumeId": volume, "MultiAttachEnabled": is_multi_attach, "Attachments": attachments}]})
    });
    let row = (pair(), day.clone(), prop::option::of(day.clone())).prop_map(|((volume, instance), attached, detached)| {
        json!({"volume": volume, "instance": instance, "attached": attached, "detached": detached})
    });
    let delete = (id(), day.clone())
        .prop_map(|(id, at)| call("DeleteVolume", &at, &json!({"volumeId": format!("vol-{id}")}), &Value::Null));
    let ended = (id(), day.clone()).prop_map(|(id, at)| instance_state(&format!("i-h{id}"), "terminated", &at));
    let other = day.prop_map(|at| event("Something Else", &at, &json!({})));
    prop_oneof![6 => task, 2 => host, 4 => attach, 4 => detach, 1 => snapshot, 1 => row, 1 => delete, 1 => ended, 1 => other]
}

/// Everything but where diagnostics were found.
fn said(evidence: &Evidence) -> (Evidence, Vec<(String, u64)>) {
    let found = evidence.diagnostics.list().into_iter();
    let found = found.map(|found| (format!("{} {}", found.code, found.message), found.count)).collect();
    (Evidence { diagnostics: crate::Diagnostics::default(), ..evidence.clone() }, found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn order_duplicates_and_cuts_change_nothing(
        (events, shuffled) in prop::collection::vec(any_event(), 1..40).prop_flat_map(|events| {
            let twice = [events.clone(), events.iter().step_by(3).cloned().collect()].concat();
            (Just(events), Just(twice).prop_shuffle())
        }),
        cut in 1..10usize,
        as_array in any::<bool>(),
    ) {
        let files: Vec<String> = shuffled
            .chunks(cut)
            .map(|chunk| {
                let texts: Vec<String> = chunk.iter().map(Value::to_string).collect();
                if as_array { format!("[{}]", texts.join(",")) } else { texts.concat() }
            })
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (expected, cut) = (evidence(&events), evidence_of(&files).unwrap());
        prop_assert_eq!(said(&expected), said(&cut));
        prop_assert_eq!(expected.digest(), cut.digest());

        let mut merged = EvidenceBuilder::new();
        for file in files {
            let mut builder = EvidenceBuilder::new();
            builder.add("events.json", file.as_bytes()).unwrap();
            merged.merge(builder);
        }
        prop_assert_eq!(said(&expected), said(&merged.finish(&OPTIONS).unwrap()));
    }

    #[test]
    fn intervals_of_one_pair_never_overlap(events in prop::collection::vec(any_event(), 1..60)) {
        let seen = evidence(&events);
        prop_assert!(seen.attachments.iter().all(|attachment| !attachment.interval.is_empty()));
        for pair in seen.attachments.windows(2) {
            let is_same = (&pair[0].volume, &pair[0].instance) == (&pair[1].volume, &pair[1].instance);
            prop_assert!(!is_same || pair[0].interval.end <= pair[1].interval.start, "{pair:?}");
        }
        prop_assert!(seen.tasks.to_vec().is_sorted() && seen.registrations.is_sorted());
        prop_assert!(seen.tasks.iter().all(|run| run.interval.start <= run.interval.end));
    }

    #[test]
    fn service_maps_do_not_depend_on_order_or_cut(
        (entries, shuffled) in prop::collection::vec((0..4u8, 0..2usize, 1..6u8, 1..6u8), 1..6).prop_flat_map(|entries| {
            let twice = [entries.clone(), entries.clone()].concat();
            (Just(entries), Just(twice).prop_shuffle())
        }),
        cut in 1..5usize,
    ) {
        let finish = |files: &[&[(u8, usize, u8, u8)]]| {
            let mut builder = EvidenceBuilder::new();
            for file in files {
                let row = |(service, area, from, length): &(u8, usize, u8, u8)| {
                    let area = ["d2Vic2l0ZQ==", "cGxhdGZvcm0="][*area];
                    json!({"service": format!("s{service}"), "area": area, "from": format!("2016-{from:02}"),
                        "to": format!("2016-{:02}", from + length - 1)})
                };
                let rows: Vec<Value> = file.iter().map(row).collect();
                builder.add_services("m", json!(rows).to_string().as_bytes(), Encoding::Auto).unwrap();
            }
            builder.finish(&OPTIONS).map(|evidence| said(&evidence)).map_err(|error| error.to_string())
        };
        let cut: Vec<&[_]> = shuffled.chunks(cut).collect();
        prop_assert_eq!(finish(&[&entries]), finish(&cut));
    }
}
