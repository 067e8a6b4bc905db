//! Undoing: what a run wrote is taken back where nobody has touched it since, once, whatever happens on the way.

use std::future::Future as _;
use std::pin::pin;
use std::task::Poll;

use serde_json::json;

use super::stage::{Stage, create_only, path, put};
use super::world::Fault;
use crate::connector::{DeletesPlan, UndoReport, confirm, deliver, undo};
use crate::evidence::{Checkpoint, EffectState, Ledger as _, Verdict};

/// A run over three customers, one of whom the target has in another form.
async fn ran() -> (Stage, String) {
    let stage = Stage::with(3);
    stage.systems.contacts.lock().unwrap().push(before());
    let report = stage.run().await;
    assert_eq!(report.counts.written, 3);
    (stage, report.detail.run)
}

fn before() -> serde_json::Value {
    json!({"id": "k-old", "email": "u2@x.example", "name": "Before", "phone": "1"})
}

async fn undone(stage: &Stage, run: &str, apply: bool) -> UndoReport {
    let from = stage.ledger.runs(9).unwrap().into_iter().find(|r| r.id == run).and_then(|r| r.checkpoint);
    undo(&stage.plan, &stage.world, run, apply, true, from.as_ref()).await
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_tells_what_would_be_undone_and_sends_no_write() {
    let (stage, run) = ran().await;
    let sent = stage.systems.seen.lock().unwrap().len();
    let report = undone(&stage, &run, false).await;
    assert_eq!((report.verdict, report.tally.deleted, report.tally.restored), (Verdict::Pass, 2, 1), "{report:?}");
    let keys: Vec<_> = report.done.iter().map(|i| (i.key.as_str(), i.outcome.as_str())).collect();
    assert_eq!(keys, [("c1", "deleted"), ("c2", "restored"), ("c3", "deleted")]);
    assert!(stage.systems.seen.lock().unwrap()[sent..].iter().all(|s| s.request.method.safe()));
    assert_eq!(stage.systems.emails().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn undoing_leaves_the_target_as_it_was_and_a_second_time_does_nothing() {
    let (stage, run) = ran().await;
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.verdict, report.tally.whole()), (Verdict::Pass, true), "{report:?}");
    assert_eq!(*stage.systems.contacts.lock().unwrap(), [before()]);
    assert_eq!(stage.checkpoint(), Checkpoint::default(), "the next run reads from where this one began");
    assert_eq!(stage.effect("c1").unwrap().state, EffectState::Undone);
    let sent = stage.systems.seen.lock().unwrap().len();
    let again = undone(&stage, &run, true).await;
    assert_eq!((again.verdict, again.tally.as_before), (Verdict::Pass, 3));
    assert_eq!(stage.systems.seen.lock().unwrap().len(), sent, "the journal knows");
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3), "a further run does it anew");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_since_stays_and_is_listed() {
    let (stage, run) = ran().await;
    {
        let mut contacts = stage.systems.contacts.lock().unwrap();
        for contact in contacts.iter_mut() {
            match contact["email"].as_str().unwrap() {
                // Of a record that is deleted every field counts that a person may fill in.
                "u1@x.example" => contact["phone"] = json!("079"),
                "u2@x.example" => contact["name"] = json!("Somebody Else"),
                _ => {}
            }
        }
    }
    let mut stage = stage;
    // As the target shows it: with the empty field.
    stage.plan.target.back.writable.push("notes".into());
    let report = undone(&stage, &run, true).await;
    let stay: Vec<_> = report.stay.iter().map(|i| (i.key.as_str(), i.outcome.as_str())).collect();
    assert_eq!(stay, [("c1", "changed-since"), ("c2", "changed-since")], "{report:?}");
    assert_eq!((report.verdict, report.tally.changed_since), (Verdict::Partial, 2));
    assert_eq!(stage.systems.contact("u2@x.example")["name"], "Somebody Else");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_was_filled_in_since_is_not_deleted() {
    let stage = Stage::with(1);
    // The target answers a creation with all that it holds of the contact.
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(200, vec![], json!({"results": []})));
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k0", "email": "z@x.example"}));
    let run = stage.run().await.detail.run;
    let line = stage.ledger.undos(&run, "", 1).unwrap().remove(0);
    let shown = json!({"email": "u1@x.example", "name": "User 1", "phone": null});
    let effect = stage.effect("c1").unwrap();
    let known = crate::evidence::Undo { wrote: Some(shown), ..line };
    stage.ledger.put_effect_undoable(&effect, &known).unwrap();
    stage.systems.contacts.lock().unwrap()[1]["phone"] = json!("079");
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.tally.changed_since, stage.systems.emails().len()), (1, 2), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_creation_showed_nothing_is_not_deleted_once_it_holds_more() {
    let stage = Stage::with(2);
    stage.systems.fault("POST /contacts", 2, Fault::DoneButRaw("application/json", r#"{"success": true}"#));
    let run = stage.run().await.detail.run;
    stage.systems.contacts.lock().unwrap()[0]["phone"] = json!("079");
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.tally.deleted, report.tally.changed_since), (1, 1), "{report:?}");
    assert!(report.stay[0].because.contains("phone"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_ours_and_was_found_in_another_form_is_not_called_restored() {
    let stage = Stage::with(1);
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(200, vec![], json!({"results": []})));
    stage.systems.fault("POST /contacts", 1, Fault::DoneButLost);
    // The target keeps names in capitals, until they are set anew.
    let systems = stage.systems.clone();
    let capitals = move || {
        for contact in systems.contacts.lock().unwrap().iter_mut() {
            contact["name"] = json!("USER 1");
        }
    };
    let running = async {
        while stage.systems.requests("POST /contacts").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        capitals();
    };
    let (report, ()) = tokio::join!(stage.run(), running);
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1), "{report:?}");
    assert_eq!(stage.systems.requests("PATCH /contacts/*").len(), 1);
    let report = undone(&stage, &report.detail.run, true).await;
    assert_eq!((report.verdict, report.tally.cannot), (Verdict::Partial, 1), "{report:?}");
    assert_eq!(report.stay[0].because.split(':').next(), Some("maybe-made"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_undone_says_why() {
    let mut stage = Stage::with(2);
    stage.plan.target.write = put();
    stage.systems.contacts.lock().unwrap().push(json!({"id": "c2", "email": "u2@x.example", "name": "Before"}));
    let run = stage.run().await.detail.run;
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.verdict, report.tally.deleted, report.tally.cannot), (Verdict::Partial, 1, 1), "{report:?}");
    assert_eq!(
        (report.stay[0].key.as_str(), report.stay[0].because.split(':').next()),
        ("c2", Some("no-before-image"))
    );

    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(None);
    stage.plan.target.back.delete = None;
    let run = stage.run().await.detail.run;
    let report = undone(&stage, &run, true).await;
    assert_eq!(report.stay[0].because.split(':').next(), Some("no-delete-operation"), "{report:?}");
    stage.plan.target.back.get = None;
    let report = undone(&stage, &run, true).await;
    assert_eq!(report.stay[0].because.split(':').next(), Some("not-readable"), "{report:?}");
    let nothing = undone(&stage, "r-dropped", true).await;
    assert_eq!(nothing.verdict, Verdict::Unproven, "it wrote, and the journal holds nothing of it");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_do_it_fails_the_undoing() {
    let (stage, run) = ran().await;
    stage.systems.fault("DELETE /contacts/*", 1, Fault::Answer(403, vec![], json!({"title": "no"})));
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.verdict, report.tally.failed), (Verdict::Fail, 1), "{report:?}");
    let again = undone(&stage, &run, true).await;
    assert_eq!((again.verdict, again.tally.deleted, again.tally.as_before), (Verdict::Pass, 1, 2));

    // Taken with a smile, and not done.
    let (stage, run) = ran().await;
    stage.systems.fault("PATCH /contacts/*", 1, Fault::Answer(200, vec![], json!({"id": "k-old"})));
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.verdict, report.tally.failed), (Verdict::Fail, 1), "{report:?}");
    assert!(report.stay[0].because.contains("name"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_await_of_an_undoing_is_gone_on_with() {
    for n in 1.. {
        let (stage, run) = ran().await;
        stage.systems.fault("DELETE /contacts/*", 1, Fault::DoneButLost);
        let ended = {
            let mut work = pin!(undone(&stage, &run, true));
            let mut polls = 0;
            std::future::poll_fn(|cx| {
                polls += 1;
                if polls > n { Poll::Ready(false) } else { work.as_mut().poll(cx).map(|_| true) }
            })
            .await
        };
        let report = undone(&stage, &run, true).await;
        assert_eq!(report.verdict, Verdict::Pass, "crash at {n}: {report:?}");
        assert_eq!(*stage.systems.contacts.lock().unwrap(), [before()], "crash at {n}");
        if ended {
            assert!(n > 5, "there are awaits to crash at");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_of_unknown_outcome_is_found_by_its_natural_key() {
    let mut stage = Stage::with(1);
    stage.plan.delivery.retry.attempts = 1;
    stage.systems.fault("POST /contacts", 1, Fault::DoneButLost);
    let run = stage.run().await.detail.run;
    assert_eq!(stage.systems.emails().len(), 1, "it is there, and nobody acknowledged it");
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.verdict, report.tally.deleted), (Verdict::Pass, 1), "{report:?}");
    assert!(stage.systems.emails().is_empty());
}

#[tokio::test(start_paused = true)]
async fn reading_back_finds_what_is_missing_different_and_doubled() {
    let stage = Stage::with(5);
    stage.run().await;
    let fine = confirm(&stage.plan, &stage.world).await;
    assert_eq!((fine.verdict, fine.tally.same, fine.how.as_str()), (Verdict::Pass, 5, "by search"), "{fine:?}");
    {
        let mut contacts = stage.systems.contacts.lock().unwrap();
        let at =
            |contacts: &[serde_json::Value], email: &str| contacts.iter().position(|c| c["email"] == email).unwrap();
        let gone = at(&contacts, "u1@x.example");
        contacts.remove(gone);
        let other = at(&contacts, "u2@x.example");
        contacts[other]["name"] = json!("Somebody Else");
        contacts.push(json!({"id": "k-more", "email": "U3@x.example", "name": "User 3"}));
    }
    let mut later = super::stage::customer(4);
    later["name"] = json!("Renamed Since");
    stage.set_customer(3, later);
    let checkpoint = stage.checkpoint();
    let found = confirm(&stage.plan, &stage.world).await;
    let mut shown: Vec<_> =
        found.differences.iter().map(|d| (d.key.as_str(), d.wrong.as_str(), d.fields.join(" "))).collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            ("c1", "missing", String::new()),
            ("c2", "different", "/name".to_owned()),
            ("c3", "doubled", String::new()),
            ("c4", "since-changed", "/name".to_owned())
        ]
    );
    assert_eq!((found.verdict, found.tally.unique, found.tally.same), (Verdict::Fail, 5, 1));
    assert_eq!(stage.checkpoint(), checkpoint, "and nothing is moved");
    assert!(stage.systems.seen.lock().unwrap().iter().rev().take(6).all(|s| s.request.method.safe()));
}

#[tokio::test(start_paused = true)]
async fn what_the_source_has_deleted_is_read_back_as_gone() {
    let mut stage = Stage::with(2);
    stage.run().await;
    stage.plan.source.deletes = DeletesPlan::Tombstone { field: path("deleted"), is: None, max_share: 10.0 };
    let mut gone = stage.systems.customers.lock().unwrap()[0].clone();
    gone["deleted"] = json!(true);
    stage.set_customer(0, gone);
    let first = confirm(&stage.plan, &stage.world).await;
    assert_eq!(first.differences[0].because, "it is deleted at the source, and still there", "{first:?}");
    stage.systems.contacts.lock().unwrap().retain(|c| c["email"] != "u1@x.example");
    assert_eq!(confirm(&stage.plan, &stage.world).await.verdict, Verdict::Pass);
}

#[tokio::test(start_paused = true)]
async fn a_target_is_read_back_by_key_or_by_list_and_else_nothing_is_proven() {
    let mut stage = Stage::with(3);
    stage.plan.target.write = put();
    stage.run().await;
    let by_key = confirm(&stage.plan, &stage.world).await;
    assert_eq!((by_key.verdict, by_key.how.as_str()), (Verdict::Pass, "by key"), "{by_key:?}");
    stage.plan.target.back.get = None;
    let crate::connector::WritePlan::Put { key, .. } = &mut stage.plan.target.write else { panic!("a put") };
    *key = Some(vec!["email".into()]);
    let by_list = confirm(&stage.plan, &stage.world).await;
    assert_eq!(
        (by_list.verdict, by_list.how.as_str(), by_list.tally.same),
        (Verdict::Pass, "by list", 3),
        "{by_list:?}"
    );
    stage.systems.contacts.lock().unwrap().remove(0);
    assert_eq!(confirm(&stage.plan, &stage.world).await.tally.missing, 1);
    stage.plan.target.back.list = None;
    let unproven = confirm(&stage.plan, &stage.world).await;
    assert_eq!((unproven.verdict, unproven.tally.unique), (Verdict::Unproven, 0));
    assert!(unproven.how.contains("no operation that reads one record"), "{unproven:?}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_among_the_dead_letters_is_not_called_missing() {
    let stage = Stage::with(2);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({})));
    stage.run().await;
    let found = confirm(&stage.plan, &stage.world).await;
    assert_eq!((found.verdict, found.tally.not_delivered, found.tally.same), (Verdict::Partial, 1, 1), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_is_undone_leaves_its_dead_letters_waiting_and_the_checkpoint_where_it_is() {
    // More than are under way at once, so that it is not the newest, which each run reads again.
    let stage = Stage::with(9);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({})));
    stage.run().await;
    let (letters, checkpoint) = (stage.letters(), stage.checkpoint());
    assert_eq!(letters.len(), 1);
    let payloads: Vec<_> = letters.into_iter().map(|l| l.payload).collect();
    let replayed = deliver(&stage.plan, &stage.world, payloads.clone()).await;
    assert_eq!((replayed.counts.written, stage.letters().len()), (1, 0));
    let report = undone(&stage, &replayed.detail.run, true).await;
    assert_eq!((report.verdict, report.tally.deleted), (Verdict::Pass, 1), "{report:?}");
    assert_eq!((stage.letters().len(), stage.checkpoint()), (1, checkpoint), "it waits, and nothing is read again");
    assert_eq!(stage.run().await.counts.written, 0, "a run does not write it anew");
    assert_eq!(deliver(&stage.plan, &stage.world, payloads).await.counts.written, 1, "a replay does");
    assert_eq!((stage.letters().len(), stage.systems.emails().len()), (0, 9));
}

#[tokio::test(start_paused = true)]
async fn the_checkpoint_goes_back_before_the_first_record_is_marked_and_not_where_nothing_is() {
    let (stage, run) = ran().await;
    let there = stage.checkpoint();
    for contact in stage.systems.contacts.lock().unwrap().iter_mut() {
        contact["name"] = json!("Somebody Else");
    }
    let report = undone(&stage, &run, true).await;
    assert_eq!((report.tally.changed_since, stage.checkpoint()), (3, there.clone()), "{report:?}");

    // One is refused; what was undone is read again all the same.
    let (stage, run) = ran().await;
    stage.systems.fault("DELETE /contacts/*", 1, Fault::Answer(403, vec![], json!({"title": "no"})));
    undone(&stage, &run, true).await;
    assert_eq!(stage.checkpoint(), Checkpoint::default());
    stage.run().await;
    assert_eq!(stage.checkpoint(), there);
    let emails = stage.systems.emails().len();
    assert_eq!(emails, 3, "what was undone was written anew");
}
