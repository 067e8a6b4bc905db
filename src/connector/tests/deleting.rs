//! What is deleted at the source is deleted in the target, and nothing else is.

use serde_json::json;

use super::stage::{Stage, call, create_only, customer, path};
use super::world::{Fault, answer};
use crate::connector::{DELETED, DeletePlan, DeletesPlan, UndoReport, WritePlan, rehearse, undo};
use crate::evidence::{Ledger as _, UndoAct, Verdict};
use crate::model::Method;

fn deleting(mut stage: Stage, deletes: DeletesPlan) -> Stage {
    if deletes != (DeletesPlan::Tombstone { field: path("deleted"), is: None, max_share: 10.0 }) {
        stage.plan.source.incremental = None;
    }
    stage.plan.source.deletes = deletes;
    stage.plan.target.delete =
        Some(DeletePlan { call: call("deleteContact", Method::Delete, "/contacts/{contact_id}"), set: None });
    stage
}

fn tombstones(customers: usize) -> Stage {
    deleting(Stage::with(customers), DeletesPlan::Tombstone { field: path("deleted"), is: None, max_share: 10.0 })
}

fn sweeping(customers: usize, max_share: f64) -> Stage {
    deleting(Stage::with(customers), DeletesPlan::Sweep { max_share })
}

fn mark(stage: &Stage, at: usize, second: usize) {
    let mut gone = customer(at + 1);
    gone["deleted"] = json!(true);
    gone["email"] = json!(null);
    gone["updated_at"] = json!(format!("2026-11-01T00:01:{second:02}Z"));
    stage.set_customer(at, gone);
}

#[tokio::test(start_paused = true)]
async fn what_the_source_marks_is_deleted_once_even_where_it_does_not_fit_any_more() {
    let stage = tombstones(4);
    assert_eq!(stage.run().await.counts.written, 4);
    mark(&stage, 1, 0);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1), "{report:?}");
    assert_eq!(stage.systems.emails(), ["u1@x.example", "u3@x.example", "u4@x.example"]);
    assert_eq!(stage.effect("c2").unwrap().digest, DELETED);
    assert_eq!(stage.run().await.counts.written, 0);
    assert_eq!(stage.systems.requests("DELETE /contacts/*").len(), 1);
    // It comes back, and is made anew.
    let mut back = customer(2);
    back["updated_at"] = json!("2026-11-01T00:02:00Z");
    stage.set_customer(1, back);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_this_flow_never_wrote_is_left_alone() {
    let stage = tombstones(2);
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k9", "email": "u1@x.example", "name": "Theirs"}));
    let mut gone = customer(1);
    gone["deleted"] = json!(true);
    stage.set_customer(0, gone);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.unchanged), (Verdict::Pass, 1), "{report:?}");
    assert_eq!(stage.systems.requests("DELETE /contacts/*").len(), 0);
}

/// Its one write was refused, and what stands under its natural key is somebody else's.
#[tokio::test(start_paused = true)]
async fn what_was_never_written_leaves_others_alone_when_it_is_deleted() {
    let stage = tombstones(2);
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k9", "email": "u1@x.example", "name": "Theirs"}));
    stage.systems.fault("PATCH /contacts/*", 1, Fault::Answer(422, vec![], json!({"title": "no"})));
    assert_eq!(stage.run().await.counts.dead_lettered, 1);
    let mut gone = customer(1);
    gone["deleted"] = json!(true);
    gone["updated_at"] = json!("2026-11-01T00:01:00Z");
    stage.set_customer(0, gone);
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.requests("DELETE /contacts/*").len()), (Verdict::Pass, 0), "{report:?}");
    assert_eq!(stage.letters().len(), 0, "nothing is owed any more");

    // And a sweep is not held up by it.
    let stage = sweeping(3, 50.0);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({"title": "no"})));
    assert_eq!(stage.run().await.counts.dead_lettered, 1);
    let refused = stage.letters().remove(0).key;
    stage.systems.customers.lock().unwrap().retain(|c| c["id"] != refused.as_str());
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.letters().len()), (Verdict::Pass, 0), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_gone_before_it_was_ever_written_is_not_made_by_an_older_form_of_it() {
    let stage = tombstones(3);
    mark(&stage, 1, 0);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails(), ["u1@x.example", "u3@x.example"]);
    // A replica that lags shows it as it was.
    stage.set_customer(1, customer(2));
    stage.ledger.set_checkpoint("contacts", &crate::evidence::Checkpoint::default()).unwrap();
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails(), ["u1@x.example", "u3@x.example"]);
    // It is made once it is there again.
    let mut back = customer(2);
    back["updated_at"] = json!("2026-11-01T00:02:00Z");
    stage.set_customer(1, back);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_is_lost_is_sent_again_and_one_that_is_refused_is_a_dead_letter() {
    let stage = tombstones(3);
    stage.run().await;
    mark(&stage, 0, 0);
    mark(&stage, 1, 1);
    stage.systems.fault("DELETE /contacts/*", 1, Fault::DoneButLost);
    stage.systems.fault("DELETE /contacts/*", 1, Fault::Answer(409, vec![], json!({"title": "has invoices"})));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, report.counts.dead_lettered), (Verdict::Partial, 1, 1));
    assert_eq!(stage.letter_codes().iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>(), ["rejected-by-target"]);
    assert_eq!(stage.systems.emails().len(), 2);
    assert_eq!(stage.systems.requests("DELETE /contacts/*").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_record_may_be_marked_in_the_target_instead() {
    let mut stage = tombstones(2);
    stage.plan.target.delete = Some(DeletePlan {
        call: call("updateContact", Method::Patch, "/contacts/{contact_id}"),
        set: Some(json!({"archived": true})),
    });
    stage.run().await;
    mark(&stage, 0, 0);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.contact("u1@x.example")["archived"], true);
    assert_eq!(stage.systems.contact("u2@x.example")["archived"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn records_that_are_put_or_only_created_are_deleted_too() {
    let mut put = tombstones(2);
    put.plan.target.write =
        WritePlan::Put { put: call("putContact", Method::Put, "/contacts/{contact_id}"), key: None };
    let mut create = tombstones(2);
    create.plan.target.write = create_only(Some("Idempotency-Key"));
    for stage in [put, create] {
        stage.run().await;
        mark(&stage, 0, 0);
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1), "{report:?}");
        assert_eq!(stage.systems.emails(), ["u2@x.example"]);
        let mut back = customer(1);
        back["updated_at"] = json!("2026-11-01T00:03:00Z");
        stage.set_customer(0, back);
        assert_eq!(stage.run().await.verdict, Verdict::Pass);
        assert_eq!(stage.systems.emails().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_whole_list_does_not_show_is_deleted() {
    let stage = sweeping(5, 40.0);
    stage.run().await;
    stage.systems.customers.lock().unwrap().remove(2);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert_eq!(stage.systems.emails(), ["u1@x.example", "u2@x.example", "u4@x.example", "u5@x.example"]);
    assert_eq!(stage.events("record-deleted"), 1);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.requests("DELETE /contacts/*").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_nearly_empty_deletes_nothing() {
    let stage = sweeping(20, 10.0);
    stage.run().await;
    stage.systems.customers.lock().unwrap().truncate(17);
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!((code.as_str(), report.verdict), ("sweep-too-large", Verdict::Partial));
    assert!(because.contains("3 of 20 records") && because.contains("at most 2"), "{because}");
    assert_eq!(stage.systems.emails().len(), 20);
    stage.systems.customers.lock().unwrap().push(customer(20));
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails().len(), 18);
}

/// Its second page is missing, its total lies, it ends in an error, it hides a record once: none of them deletes.
#[tokio::test(start_paused = true)]
async fn a_list_that_was_not_seen_whole_deletes_nothing() {
    for how in 0..4 {
        let stage = sweeping(6, 100.0);
        stage.run().await;
        let systems = stage.systems.clone();
        let mut asked = 0;
        stage.systems.list_as(move |_, query| {
            asked += 1;
            let all = systems.customers.lock().unwrap();
            let page = |from: usize, to: usize, more: bool| {
                let next = more.then(|| format!("c{to}"));
                json!({"data": all[from..to], "next_cursor": next, "has_more": more, "total": 6})
            };
            match (how, query.get("cursor").map(String::as_str)) {
                (0, None) => answer(200, &page(0, 3, false)),
                (1, None) => answer(200, &page(0, 3, true)),
                (1, Some(_)) => answer(400, &json!({"title": "no"})),
                (2, None) => {
                    let mut short = page(0, 5, false);
                    short["data"].as_array_mut().unwrap().push(json!({"name": "no key"}));
                    answer(200, &short)
                }
                // The first look misses one, the second shows it.
                (3, None) if asked == 1 => {
                    let mut short = page(0, 5, false);
                    short["total"] = json!(null);
                    answer(200, &short)
                }
                _ => {
                    let mut whole = page(0, 6, false);
                    whole["total"] = json!(null);
                    answer(200, &whole)
                }
            }
        });
        stage.run().await;
        assert_eq!(stage.systems.emails().len(), 6, "{how}");
        assert_eq!(stage.systems.requests("DELETE /contacts/*").len(), 0, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_goes_on_from_a_checkpoint_does_not_sweep() {
    let stage = sweeping(6, 100.0);
    stage.run().await;
    stage.systems.fault(
        "GET /customers",
        1,
        Fault::Answer(
            200,
            vec![],
            json!({"data": [customer(1), customer(2)], "next_cursor": "c2", "has_more": true, "total": 6}),
        ),
    );
    stage.systems.fault("GET /customers", 4, Fault::Answer(503, vec![], json!({})));
    assert_eq!(stage.run().await.stopped.unwrap().0, "source-down");
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert_eq!((stage.systems.emails().len(), stage.events("sweep-skipped")), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn what_stood_in_the_target_as_it_should_be_is_not_taken_out() {
    let adopting = |stage: &Stage| {
        let own = json!({"id": "own1", "email": "u1@x.example", "name": "User 1", "phone": "kept by hand"});
        stage.systems.contacts.lock().unwrap().push(own);
    };
    let stage = tombstones(2);
    adopting(&stage);
    let report = stage.run().await;
    assert_eq!((report.counts.written, report.counts.unchanged), (1, 1), "{report:?}");
    assert!(stage.effect("c1").unwrap().is_adopted() && !stage.effect("c2").unwrap().is_adopted());
    mark(&stage, 0, 0);
    mark(&stage, 1, 1);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails(), ["u1@x.example"]);

    let stage = sweeping(3, 100.0);
    adopting(&stage);
    stage.run().await;
    stage.systems.customers.lock().unwrap().drain(..2);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.emails(), ["u1@x.example", "u3@x.example"]);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_what_it_would_delete() {
    let stage = tombstones(3);
    stage.run().await;
    mark(&stage, 0, 0);
    let seen = rehearse(&stage.plan, &stage.world, &crate::connector::Gates::default(), false).await;
    assert_eq!((seen.delete, seen.create, seen.update), (1, 0, 0), "{seen:?}");
    assert_eq!(stage.systems.emails().len(), 3);
}

async fn undone(stage: &Stage, run: &str) -> UndoReport {
    let from = stage.ledger.runs(9).unwrap().into_iter().find(|r| r.id == run).and_then(|r| r.checkpoint);
    undo(&stage.plan, &stage.world, run, true, true, from.as_ref()).await
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_undone_by_making_the_record_again_and_the_next_run_deletes_it_anew() {
    let stage = tombstones(3);
    stage.run().await;
    let held = stage.systems.contact("u2@x.example");
    mark(&stage, 1, 0);
    let run = stage.run().await.detail.run;
    let line = stage.ledger.undos(&run, "", 9).unwrap().remove(0);
    assert_eq!((line.act, line.before.as_ref()), (UndoAct::Deleted, Some(&held)));
    let report = undone(&stage, &run).await;
    assert_eq!((report.verdict, report.tally.restored, report.tally.writes), (Verdict::Pass, 1, 1), "{report:?}");
    let mut back = stage.systems.contact("u2@x.example");
    assert_eq!(Some(back["id"].as_str().unwrap()), report.done[0].target_id.as_deref());
    back["id"] = held["id"].clone();
    assert_eq!(back, held);
    assert_eq!(undone(&stage, &run).await.tally.as_before, 1, "once");
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 2), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_cannot_be_undone_is_listed_with_the_reason() {
    // Nobody could read what it held.
    let mut stage = tombstones(2);
    stage.plan.target.back.get = None;
    stage.run().await;
    mark(&stage, 0, 0);
    let run = stage.run().await.detail.run;
    stage.plan.target.back.get = Some(call("getContact", Method::Get, "/contacts/{contact_id}"));
    let report = undone(&stage, &run).await;
    assert_eq!((report.verdict, report.tally.cannot), (Verdict::Partial, 1), "{report:?}");
    assert_eq!(report.stay[0].because.split(':').next(), Some("no-before-image"));

    // Somebody else made another one under its natural key.
    let stage = tombstones(2);
    stage.run().await;
    mark(&stage, 0, 0);
    let run = stage.run().await.detail.run;
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k9", "email": "u1@x.example", "name": "Theirs"}));
    let report = undone(&stage, &run).await;
    assert_eq!((report.verdict, report.tally.changed_since), (Verdict::Partial, 1), "{report:?}");
    assert_eq!(stage.systems.contact("u1@x.example")["name"], "Theirs");
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_found_and_a_refused_deletion_is_not_in_the_journal() {
    let stage = tombstones(2);
    stage.run().await;
    mark(&stage, 0, 0);
    mark(&stage, 1, 1);
    stage.systems.fault("DELETE /contacts/*", 1, Fault::Answer(409, vec![], json!({"title": "has invoices"})));
    let run = stage.run().await.detail.run;
    assert_eq!(stage.ledger.undos(&run, "", 9).unwrap().len(), 1);
    stage.systems.fault("POST /contacts", 1, Fault::DoneButLost);
    let report = undone(&stage, &run).await;
    assert_eq!((report.verdict, report.tally.failed), (Verdict::Fail, 1), "{report:?}");
    let report = undone(&stage, &run).await;
    assert_eq!((report.verdict, report.tally.restored), (Verdict::Pass, 1), "{report:?}");
    assert_eq!(stage.systems.emails().len(), 2, "and not doubled");
}
