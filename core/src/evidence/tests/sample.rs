//! The sample events, where the folder named by `UNBLENDED_SAMPLES` has them.

use super::*;

#[test]
#[cfg(feature = "fs")]
fn the_sample_events_give_the_counted_evidence() {
    let Ok(samples) = std::env::var("UNBLENDED_SAMPLES") else {
        eprintln!("skipped: UNBLENDED_SAMPLES is not set, so the sample events were not read");
        return;
    };
    let mut builder = EvidenceBuilder::new();
    for file in ["tasks.jsonl", "instances.json", "volumes.jsonl"] {
        builder.add_path(&format!("{samples}/events/{file}")).unwrap();
    }
    builder.add_services_path(&format!("{samples}/events/services.json"), Encoding::Auto).unwrap();
    let seen = builder.finish(&OPTIONS).unwrap();
    let cpu_milliseconds: u128 = seen
        .tasks
        .iter()
        .filter(|run| run.interval.end < Timestamp::MAX)
        .map(|run| u128::from(run.cpu) * u128::from(run.interval.millis()))
        .sum();
    let attached_milliseconds: u64 = seen
        .attachments
        .iter()
        .filter(|attachment| attachment.interval.end < Timestamp::MAX)
        .map(|attachment| attachment.interval.millis())
        .sum();
    let counts = [seen.tasks.len(), seen.registrations.len(), seen.attachments.len(), seen.services.owners().len()];
    assert_eq!(counts, [8, 3, 17, 5]);
    // Counted from the files by an independent script.
    assert_eq!((cpu_milliseconds, attached_milliseconds), (11_219_263_195_136, 7_630_691_000));
    assert!(seen.tasks.iter().all(|run| run.instance.is_some()));
    let found: Vec<_> = seen.diagnostics.list().into_iter().map(|found| (found.code, found.count)).collect();
    assert_eq!(found, [(DiagnosticCode::EvidenceBase64, 5)]);
}
