//! Many records in one request.

use serde_json::{Value, json};

use super::stage::{Stage, call, path};
use super::world::Fault;
use crate::connector::WritePlan;
use crate::evidence::{EffectState, Verdict};
use crate::model::Method;

const BULK: &str = "POST /contacts/bulk";

/// So many customers on one page, written in batches of this size.
fn stage(customers: usize, size: u64, result_key: Option<&str>) -> Stage {
    let mut stage = Stage::with(customers);
    stage.plan.source.pagination = None;
    *stage.systems.page_size.lock().unwrap() = 50;
    stage.plan.target.write = WritePlan::Bulk {
        write: call("upsertContacts", Method::Post, "/contacts/bulk"),
        records: path("contacts"),
        results: path("results"),
        key: path("email"),
        result_key: result_key.map(str::to_owned),
        size,
    };
    stage
}

fn results(of: &[(usize, u16)]) -> Value {
    let one = |(n, status): &(usize, u16)| json!({"email": format!("u{n}@x.example"), "status": status});
    json!({"results": of.iter().map(one).collect::<Vec<_>>()})
}

fn answers(stage: &Stage, status: u16, body: Value) {
    stage.systems.fault(BULK, 1, Fault::Answer(status, vec![], body));
}

/// Which customers each request carried.
fn sent(stage: &Stage) -> Vec<Vec<usize>> {
    let of = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).unwrap();
        let list = body["contacts"].as_array().unwrap().clone();
        list.iter()
            .map(|c| c["email"].as_str().unwrap().trim_start_matches('u').split('@').next().unwrap().parse().unwrap())
            .collect()
    };
    stage.systems.requests(BULK).iter().map(|s| of(&s.request.body)).collect()
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_taken_in_part_only_the_rest_is_sent_again() {
    let stage = stage(3, 10, Some("email"));
    // In another order than it was sent.
    answers(&stage, 207, results(&[(3, 422), (2, 503), (1, 201)]));
    answers(&stage, 200, results(&[(2, 200)]));
    let report = stage.run().await;
    assert_eq!(sent(&stage), [vec![1, 2, 3], vec![2]]);
    assert_eq!((report.verdict, report.counts.written, report.counts.dead_lettered), (Verdict::Partial, 2, 1));
    assert_eq!(stage.letter_codes(), [("c3".to_owned(), "rejected-by-target".to_owned())]);
    assert_eq!(stage.effect("c1").map(|e| e.state), Some(EffectState::Done));
    assert_eq!(stage.effect("c3").map(|e| e.state), Some(EffectState::Intended));
    let ids: std::collections::BTreeSet<Option<String>> =
        stage.systems.requests(BULK).iter().map(|s| s.request.header("x-correlation-id").map(str::to_owned)).collect();
    assert_eq!(ids.len(), 1, "a batch and its rest are one trace");
}

#[tokio::test(start_paused = true)]
async fn a_batch_refused_as_a_whole_is_halved_until_one_record_stands_alone() {
    let stage = stage(4, 10, Some("email"));
    let no = json!({"title": "a contact does not fit"});
    answers(&stage, 422, no.clone());
    answers(&stage, 200, results(&[(1, 201), (2, 201)]));
    answers(&stage, 422, no.clone());
    answers(&stage, 200, results(&[(3, 201)]));
    answers(&stage, 422, no);
    let report = stage.run().await;
    assert_eq!(sent(&stage), [vec![1, 2, 3, 4], vec![1, 2], vec![3, 4], vec![3], vec![4]]);
    assert_eq!((report.counts.written, report.counts.dead_lettered), (3, 1));
    assert!(stage.letters()[0].because.contains("a contact does not fit"), "{:?}", stage.letters());
}

#[tokio::test(start_paused = true)]
async fn what_the_answer_does_not_speak_of_is_sent_again() {
    let keyed = stage(2, 10, Some("email"));
    answers(&keyed, 200, results(&[(2, 200)]));
    answers(&keyed, 200, results(&[(1, 200)]));
    keyed.run().await;
    assert_eq!(sent(&keyed), [vec![1, 2], vec![1]]);

    // By place nobody can tell which one is missing.
    let placed = stage(2, 10, None);
    answers(&placed, 200, json!({"results": [{"status": 200}]}));
    answers(&placed, 200, json!({"results": [{"status": 200}, {"status": 422}]}));
    let report = placed.run().await;
    assert_eq!(sent(&placed), [vec![1, 2], vec![1, 2]]);
    assert_eq!((report.counts.written, report.counts.dead_lettered), (1, 1));
    assert_eq!(placed.letters()[0].key, "c2");
}

#[tokio::test(start_paused = true)]
async fn batches_are_no_larger_than_the_contract_says_and_a_second_run_sends_none() {
    let stage = stage(5, 2, Some("email"));
    answers(&stage, 200, results(&[(1, 201), (2, 201)]));
    answers(&stage, 200, results(&[(3, 201), (4, 201)]));
    answers(&stage, 200, results(&[(5, 201)]));
    assert_eq!(stage.run().await.counts.written, 5);
    let again = stage.run().await;
    assert_eq!(sent(&stage), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!((again.verdict, again.counts.written), (Verdict::Pass, 0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_lost_on_the_way_is_sent_again_as_it_is_and_not_for_ever() {
    let lost = stage(2, 10, Some("email"));
    lost.systems.fault(BULK, 1, Fault::Hang);
    answers(&lost, 200, results(&[(1, 200), (2, 200)]));
    assert_eq!(lost.run().await.counts.written, 2);
    assert_eq!(sent(&lost), [vec![1, 2], vec![1, 2]]);

    let down = stage(2, 10, Some("email"));
    down.systems.fault(BULK, 1_000, Fault::Answer(500, vec![], json!({})));
    let report = down.run().await;
    assert_eq!(report.counts.dead_lettered, 2, "{report:?}");
    assert_eq!(sent(&down).len(), 4, "as many attempts as the contract allows");
    assert_eq!(down.letter_codes()[0], ("c1".to_owned(), "attempts-exhausted".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_an_error_or_nothing_is_never_taken_for_success() {
    for (status, body) in [(200, json!({"ok": false, "error": "try again later"})), (200, json!({})), (200, json!([]))]
    {
        let stage = stage(1, 10, Some("email"));
        answers(&stage, status, body.clone());
        answers(&stage, 200, results(&[(1, 201)]));
        let report = stage.run().await;
        assert_eq!((sent(&stage).len(), report.counts.written), (2, 1), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_says_neither_is_not_taken_for_done() {
    let stage = stage(3, 10, Some("email"));
    let result = |n: usize, more: Value| {
        let mut result = json!({"email": format!("u{n}@x.example")});
        result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        result
    };
    answers(
        &stage,
        200,
        json!({"results": [
            result(1, json!({"status": "422", "message": "no such tax"})),
            result(2, json!({"status": "updated"})),
            result(3, json!({"message": "record is locked"})),
        ]}),
    );
    answers(&stage, 200, json!({"results": [result(3, json!({"status": "ok"}))]}));
    let report = stage.run().await;
    assert_eq!(sent(&stage), [vec![1, 2, 3], vec![3]]);
    assert_eq!((report.counts.written, stage.letter_codes()[0].0.as_str()), (2, "c1"));
}
