//! The contract's mapping changes: what was delivered before is told, and delivered anew when somebody asks for it.

use serde_json::json;

use super::stage::{Stage, create_only, customer, mapping, put};
use crate::connector::{Wrong, confirm, refresh, rehearse};
use crate::evidence::{Ledger as _, RunRecord, UndoAct, Verdict};

/// Six customers, delivered; then the mapping gives other names.
async fn remapped() -> Stage {
    let mut stage = Stage::with(6);
    assert_eq!(stage.run().await.counts.written, 6);
    stage.plan.mapping = mapping("email: email\nname: {from: name, with: [upper]}\nphone: id");
    stage
}

fn other(stage: &Stage) -> u64 {
    stage.ledger.of_other_mappings("contacts", stage.plan.mapping.digest()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_digest_of_a_mapping_is_that_of_its_rules() {
    let one = mapping("email: email\nname: name");
    assert_eq!(one.digest(), mapping("# a word\nname:   name\nemail: \"email\"").digest());
    assert_ne!(one.digest(), mapping("email: email\nname: id").digest());
    assert_eq!(one.digest().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn an_incremental_run_delivers_nothing_anew_and_the_ledger_knows_what_is_of_an_earlier_mapping() {
    let stage = remapped().await;
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    // The newest is read again, and is delivered as it is now.
    assert_eq!((report.counts.written, other(&stage)), (1, 5), "{report:?}");
    let confirmed = confirm(&stage.plan, &stage.world).await;
    assert_eq!(
        (confirmed.tally.mapping_changed, confirmed.tally.since_changed, confirmed.tally.same, confirmed.verdict),
        (5, 0, 1, Verdict::Partial),
        "{confirmed:?}"
    );
    assert!(confirmed.differences.iter().all(|d| d.wrong == Wrong::MappingChanged && !d.fields.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn what_is_newer_at_the_source_is_delivered_by_any_run_and_is_no_matter_of_the_mapping() {
    let stage = remapped().await;
    let mut newer = customer(2);
    newer["updated_at"] = json!("2026-11-20T00:00:00Z");
    stage.set_customer(1, newer);
    let confirmed = confirm(&stage.plan, &stage.world).await;
    assert_eq!((confirmed.tally.mapping_changed, confirmed.tally.since_changed), (5, 1), "{confirmed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_refresh_delivers_by_this_mapping_with_journal_and_new_keys_and_only_once() {
    let stage = remapped().await;
    let before = stage.effect("c1").unwrap();
    assert!(refresh(&stage.plan, stage.ledger.as_ref()).unwrap());
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, other(&stage)), (Verdict::Pass, 6, 0), "{report:?}");
    let after = stage.effect("c1").unwrap();
    assert_ne!(before.idempotency_key, after.idempotency_key);
    let mut names: Vec<String> =
        stage.systems.contacts.lock().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["USER 1", "USER 2", "USER 3", "USER 4", "USER 5", "USER 6"]);
    let RunRecord { id, checkpoint, .. } = stage.ledger.runs(1).unwrap().remove(0);
    let lines = stage.ledger.undos(&id, "", 100).unwrap();
    assert!(lines.len() == 6 && lines.iter().all(|l| l.act == UndoAct::Updated && l.before.is_some()), "{lines:?}");
    assert_eq!(checkpoint.unwrap().watermark, None, "taken back, it is read from the beginning again");
    assert_eq!(confirm(&stage.plan, &stage.world).await.verdict, Verdict::Pass);
    refresh(&stage.plan, stage.ledger.as_ref()).unwrap();
    assert_eq!(stage.run().await.counts.written, 0);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_makes_the_same_of_a_record_costs_no_write_and_is_noted() {
    for write in [None, Some(put())] {
        let mut stage = Stage::with(6);
        if let Some(write) = write {
            stage.plan.target.write = write;
        }
        stage.run().await;
        stage.plan.mapping = mapping("email: email\nname: {from: name, with: [trim]}");
        refresh(&stage.plan, stage.ledger.as_ref()).unwrap();
        let report = stage.run().await;
        assert_eq!((report.counts.written, report.counts.unchanged, other(&stage)), (0, 6, 0), "{report:?}");
        assert_eq!(stage.effect("c1").unwrap().mapping.as_deref(), Some(stage.plan.mapping.digest()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_source_holds_no_more_is_not_told_for_ever() {
    let stage = remapped().await;
    stage.systems.customers.lock().unwrap().remove(0);
    refresh(&stage.plan, stage.ledger.as_ref()).unwrap();
    stage.run().await;
    assert_eq!((other(&stage), stage.effect("c1").unwrap().mapping), (0, None), "nobody can deliver it anew");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_rehearsed_and_a_flow_that_only_creates_says_that_the_mapping_changed() {
    let mut stage = remapped().await;
    assert_eq!(
        rehearse(&stage.plan, &stage.world, &crate::connector::Gates::default(), false).await.update,
        1,
        "the newest alone"
    );
    assert_eq!(rehearse(&stage.plan, &stage.world, &crate::connector::Gates::default(), true).await.update, 6);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    refresh(&stage.plan, stage.ledger.as_ref()).unwrap();
    stage.run().await;
    let letters = stage.letters();
    let wanted = "the contract's mapping changed after it was created in the target, and this flow only creates";
    assert!(letters.len() == 6 && letters.iter().all(|l| l.because == wanted), "{letters:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_only_receives_has_nothing_to_read_anew() {
    let mut stage = Stage::with(1);
    stage.plan.source.list = None;
    assert!(!refresh(&stage.plan, stage.ledger.as_ref()).unwrap());
}
