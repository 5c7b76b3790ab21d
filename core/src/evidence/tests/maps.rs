//! Service maps and the digest.

use super::*;
use crate::error::ErrorCode;
use crate::evidence::ServiceOwner;
use crate::evidence::TaskRun;

fn services(files: &[(&str, &str, Encoding)]) -> Result<Evidence> {
    let mut builder = EvidenceBuilder::new();
    for (name, text, encoding) in files {
        builder.add_services(name, text.as_bytes(), *encoding)?;
    }
    builder.finish(&OPTIONS)
}

fn pairs(evidence: &Evidence) -> Vec<(&str, &str)> {
    evidence.services.owners().iter().map(|owner| (owner.service.as_str(), owner.area.as_str())).collect()
}

#[test]
fn every_form_of_a_map_is_the_same_map() {
    let expected = [("api", "platform"), ("web", "website")];
    for (name, text) in [
        ("m.json", "{\"web\": \"website\", \"api\": \"platform\"}"),
        (
            "m",
            "\u{feff}[ {\"service\": \"api\", \"area\": \"platform\"}, {\"area\": \"website\", \"service\": \"web\", \"note\": \"x\"}]",
        ),
        ("m.csv", "area,service\nwebsite,web\nplatform,api\n"),
        ("m.toml", "[services]\nweb = \"website\"\n\"api\" = \"platform\"\n"),
        ("m", "# owners\n[services]\nweb = \"website\"\napi = \"platform\"\n"),
    ] {
        assert_eq!(pairs(&services(&[(name, text, Encoding::Auto)]).unwrap()), expected, "{text}");
    }
    let split = [("a", "{\"web\": \"website\"}", Encoding::Plain), ("b", "{\"api\":\"platform\"}", Encoding::Auto)];
    assert_eq!(pairs(&services(&split).unwrap()), expected, "several add up");
    assert!(
        services(&[("a", "[]", Encoding::Auto), ("b", "{}", Encoding::Auto)]).unwrap().diagnostics.list().is_empty()
    );
}

#[test]
fn scopes_and_dates_limit_an_owner() {
    let csv = "service,area,cluster,account,from,to\n\
        web,a,main,111111111111,2016-11,2016-12-15\nweb,b,main,111111111111,2016-12-16,\nweb,c,,,,\n";
    let seen = services(&[("m.csv", csv, Encoding::Plain)]).unwrap();
    let scoped: Vec<&ServiceOwner> = seen.services.owners().iter().filter(|owner| owner.cluster.is_some()).collect();
    let midnight = Some(time("2016-12-16 00:00:00"));
    assert_eq!((scoped[0].from, scoped[0].to), (Some(time("2016-11-01 00:00:00")), midnight));
    assert_eq!((scoped[1].from, scoped[1].to), (midnight, None));
    let area = |at: &str| {
        let found = seen.services.area(&CLUSTER.into(), &"web".into(), time(at));
        found.unwrap().as_str().to_owned()
    };
    assert_eq!([area("2016-10-31"), area("2016-12-15"), area("2016-12-16")], ["c", "a", "b"]);
    let month =
        services(&[("m", "[{\"service\":\"s\",\"area\":\"a\",\"to\":\"2016-12\",\"account\":7}]", Encoding::Auto)]);
    let owner = month.unwrap().services.owners()[0].clone();
    assert_eq!((owner.to, owner.account.as_deref()), (Some(time("2017-01-01 00:00:00")), Some("7")));
}

#[test]
fn auto_decodes_only_if_every_value_is_base64_of_a_name() {
    let encoded = "{\"web\": \"d2Vic2l0ZQ==\", \"api\": \"cGxhdGZvcm0=\"}";
    let seen = services(&[("m.json", encoded, Encoding::Auto)]).unwrap();
    assert_eq!(pairs(&seen), [("api", "platform"), ("web", "website")]);
    let found = findings(&seen, DiagnosticCode::EvidenceBase64);
    assert_eq!(found, [(2, "the values of the service map were read as base64".to_owned())]);

    for plain in [
        "{\"web\": \"d2Vic2l0ZQ==\", \"api\": \"platform\"}", // one value is plain
        "{\"web\": \"d2Vic2l0ZQ\"}",                          // not padded
        "{\"web\": \"YQphCmE=\"}",                            // holds line ends
        "{\"web\": \"data\"}",                                // decodes to bytes that are no name
    ] {
        let seen = services(&[("m.json", plain, Encoding::Auto)]).unwrap();
        assert!(!seen.diagnostics.has(DiagnosticCode::EvidenceBase64), "{plain}");
        assert!(plain.contains(&format!("\"{}\"", pairs(&seen).last().unwrap().1)), "{plain}");
    }
    // The decision does not depend on how the map is cut into files.
    let cut = [("a", "{\"web\": \"d2Vic2l0ZQ==\"}", Encoding::Auto), ("b", "{\"api\": \"platform\"}", Encoding::Auto)];
    assert_eq!(pairs(&services(&cut).unwrap()), [("api", "platform"), ("web", "d2Vic2l0ZQ==")]);
}

#[test]
fn a_named_encoding_is_obeyed() {
    let map = "{\"web\": \"d2Vic2l0ZQ==\"}";
    assert_eq!(pairs(&services(&[("m", map, Encoding::Plain)]).unwrap()), [("web", "d2Vic2l0ZQ==")]);
    let seen = services(&[("m", map, Encoding::Base64)]).unwrap();
    assert_eq!(pairs(&seen), [("web", "website")]);
    assert!(seen.diagnostics.list().is_empty());
    let error =
        services(&[("m.csv", "service,area\nweb,d2Vic2l0ZQ==\napi,platform!\n", Encoding::Base64)]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::EvidenceBadServiceMap);
    assert_eq!(error.location().unwrap().to_string(), "m.csv, row 3, column `area`");
}

#[test]
fn maps_that_contradict_each_other_are_refused() {
    let row = |rest: &str| format!("service,area,cluster,account,from,to\n{rest}\n");
    for (contradiction, rows) in [
        (true, "web,a,,,,\nweb,b,,,,"),
        (true, "web,a,,,2016-01,2016-03\nweb,b,,,2016-03,"),
        (true, "web,a,,,2015-01,\nweb,a,,,2016-01,2016-02\nweb,b,,,2016-05,2016-06"),
        (false, "web,a,,,2016-01,2016-02\nweb,b,,,2016-03,"),
        (false, "web,a,main,,,\nweb,b,other,,,\nweb,c,,1,,\nweb,d,,,,"),
        (false, "web,a,,,,\nweb,a,,,2016-01,"),
    ] {
        let seen = services(&[("m.csv", &row(rows), Encoding::Auto)]);
        assert_eq!(seen.is_err(), contradiction, "{rows}");
        if let Err(error) = seen {
            assert_eq!(error.code(), ErrorCode::EvidenceBadServiceMap);
        }
    }
    for twice in ["{\"web\": \"a\", \"web\": \"b\"}", "{\"web\": \"YQ==\", \"web\": \"Yg==\"}"] {
        assert!(services(&[("m", twice, Encoding::Auto)]).is_err());
    }
    let files = [("a", "{\"web\": \"a\"}", Encoding::Auto), ("b", "{\"web\": \"b\"}", Encoding::Plain)];
    let error = services(&files).unwrap_err();
    assert_eq!(error.to_string(), "service `web` belongs to `a` and to `b` at the same time");
}

#[test]
fn a_map_of_no_known_form_is_an_error_with_its_place() {
    for (name, text, place) in [
        ("m.json", "{\"web\": ", "m.json, row 1"),
        ("m.json", "{\"web\": {\"x\": 1}}", "m.json, column `web`"),
        ("m.json", "{\"web\": null}", "m.json, column `area`"),
        ("m.json", "[{\"service\": \"web\"}]", "m.json, row 1, column `area`"),
        ("m.json", "[{\"area\": \"a\"}]", "m.json, row 1, column `service`"),
        ("m.csv", "service,owner\nweb,a\n", "m.csv, row 1, column `area`"),
        ("m.csv", "service,area\nweb\n", "m.csv, row 2"),
        ("m.csv", "service,area,from\nweb,a,2016\n", "m.csv, row 2, column `from`"),
        ("m.csv", "service,area,from,to\nweb,a,2016-05,2016-04\n", "m.csv, row 2, column `to`"),
        ("m.toml", "web = \"a\"\n", "m.toml"),
        ("m.toml", "[services]\nweb = 5\n", "m.toml, column `web`"),
        ("m.toml", "[services\n", "m.toml"),
    ] {
        let error = services(&[(name, text, Encoding::Auto)]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::EvidenceBadServiceMap, "{text}");
        assert_eq!(error.location().unwrap().to_string(), place, "{text}");
    }
    let error = EvidenceBuilder::new().add_services("m", b"\xff", Encoding::Auto).unwrap_err();
    assert_eq!(error.code(), ErrorCode::EvidenceBadServiceMap);
}

fn change_run(evidence: &mut Evidence, change: fn(&mut TaskRun)) {
    let mut runs = evidence.tasks.to_vec();
    change(&mut runs[0]);
    evidence.tasks = runs.into();
}

#[test]
fn the_digest_says_what_the_evidence_says() {
    let base = || {
        let mut evidence = evidence(&[
            task("t1", 1, &json!({"startedAt": "2016-12-02T00:00:00Z", "tags": [{"key": "a", "value": "b"}]})),
            host("h1", "2016-12-01T00:00:00Z", "ACTIVE", 2048),
            attach("vol-1", "i-1", "2016-12-02T00:00:00Z"),
        ]);
        evidence.services = services(&[("m", "{\"web\": \"a\"}", Encoding::Plain)]).unwrap().services;
        evidence
    };
    let digest = base().digest();
    assert_eq!(base().digest(), digest);
    let changes: [fn(&mut Evidence); 7] = [
        |evidence| change_run(evidence, |run| run.cpu += 1),
        |evidence| change_run(evidence, |run| run.instance = None),
        |evidence| change_run(evidence, |run| run.interval.end = Timestamp::from_millis(1)),
        |evidence| change_run(evidence, |run| run.tags.clear()),
        |evidence| evidence.registrations[0].since = Timestamp::MIN,
        |evidence| evidence.attachments.clear(),
        |evidence| evidence.services = crate::evidence::ServiceMap::default(),
    ];
    for change in changes {
        let mut other = base();
        change(&mut other);
        assert_ne!(other.digest(), digest);
    }
    let mut said_twice = base();
    said_twice.diagnostics.add(DiagnosticCode::EvidenceNeverRan, "x", 1, None);
    assert_eq!(said_twice.digest(), digest, "diagnostics are no evidence");
}
