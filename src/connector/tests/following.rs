//! Changes that are followed by a token: what the last page gave is asked with, whatever form it has, and a token that is taken no
//! more leads to one look at everything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stage::{Stage, call, customer, path};
use super::world::{Fault, answer};
use crate::connector::{DeletePlan, DeletesPlan, FeedPlan, FixedParam, Response};
use crate::evidence::{Checkpoint, Ledger as _, Verdict};
use crate::model::{Method, ParamIn};

type Query = BTreeMap<String, String>;

fn following(customers: usize, token: &str, param: Option<&str>) -> Stage {
    let mut stage = Stage::with(customers);
    stage.plan.source.incremental = None;
    stage.plan.source.feed = Some(FeedPlan { token: path(token), param: param.map(str::to_owned) });
    stage
}

/// One page with these records, and what else it tells.
fn page(records: &[usize], told: &Value) -> Response {
    let mut body = json!({"data": records.iter().map(|n| customer(*n)).collect::<Vec<_>>(), "has_more": false});
    body.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
    answer(200, &body)
}

fn asked(stage: &Stage) -> Vec<String> {
    let all = stage.systems.requests("GET /customers");
    all.iter().map(|s| s.request.url.split_once('?').map_or("", |(_, query)| query).to_owned()).collect()
}

/// The token that is kept, without what it was asked for; `feed:` where none holds.
fn kept(stage: &Stage) -> Option<String> {
    let kept = stage.checkpoint().watermark?;
    let token = kept.strip_prefix("feed:").unwrap().split_once(':');
    Some(token.map_or_else(|| "feed:".to_owned(), |(_, token)| token.to_owned()))
}

/// A flow that carries deletions over, by a flag in what the feed tells.
fn deleting(customers: usize) -> Stage {
    let mut stage = following(customers, "sync", Some("since"));
    stage.plan.source.deletes = DeletesPlan::Tombstone { field: path("deleted"), is: None, max_share: 10.0 };
    let call = call("deleteContact", Method::Delete, "/contacts/{contact_id}");
    stage.plan.target.delete = Some(DeletePlan { call, set: None });
    stage
}

fn deletions(stage: &Stage) -> usize {
    stage.systems.requests("DELETE /contacts/*").len()
}

#[tokio::test(start_paused = true)]
async fn the_token_of_the_last_page_is_asked_with_on_every_page_of_the_next_pass() {
    let stage = following(0, "sync", Some("since"));
    stage.systems.list_as(|_, q: &Query| {
        match (q.get("since").map(String::as_str), q.get("cursor").map(String::as_str)) {
            (None, None) => page(&[1, 2], &json!({"next_cursor": "b", "has_more": true, "sync": "too early"})),
            (None, Some("b")) => page(&[3], &json!({"sync": "t1"})),
            (Some("t1"), None) => page(&[4], &json!({"next_cursor": "d", "has_more": true})),
            (Some("t1"), Some("d")) => page(&[5], &json!({"sync": "t2"})),
            (Some("t2"), None) => page(&[], &json!({"sync": "t2"})),
            other => panic!("asked for {other:?}"),
        }
    });
    let first = stage.run().await;
    assert_eq!((first.verdict, first.counts.written), (Verdict::Pass, 3), "{first:?}");
    assert_eq!(kept(&stage).as_deref(), Some("t1"));
    assert_eq!(stage.run().await.counts.written, 2);
    assert_eq!(stage.run().await.counts.read, 0);
    assert_eq!(asked(&stage), ["", "cursor=b", "since=t1", "since=t1&cursor=d", "since=t2"]);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_takes_token_and_place_is_sent_once() {
    let stage = following(0, "next_cursor", Some("cursor"));
    stage.systems.list_as(|_, q: &Query| match q.get("cursor").map(String::as_str) {
        None => page(&[1], &json!({"next_cursor": "a", "has_more": true})),
        Some("a") => page(&[2], &json!({"next_cursor": "b"})),
        Some("b") => page(&[3], &json!({"next_cursor": "c", "has_more": true})),
        Some("c") => page(&[], &json!({"next_cursor": "c"})),
        other => panic!("asked for {other:?}"),
    });
    assert_eq!(stage.run().await.counts.written, 2);
    let second = stage.run().await;
    assert_eq!((second.verdict, second.counts.written), (Verdict::Pass, 1), "{second:?}");
    assert_eq!(asked(&stage), ["", "cursor=a", "cursor=b", "cursor=c"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_tells_of_more_a_page_without_records_is_the_end_of_a_cursor_that_goes_on() {
    let mut stage = following(0, "next_cursor", Some("cursor"));
    let pages = stage.plan.source.pagination.as_mut().unwrap();
    (pages.more, pages.total) = (None, None);
    stage.systems.list_as(|_, q: &Query| match q.get("cursor").map(String::as_str) {
        None => page(&[1], &json!({"next_cursor": "a"})),
        Some("a") => page(&[], &json!({"next_cursor": "a"})),
        other => panic!("asked for {other:?}"),
    });
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1), "{report:?}");
    assert_eq!(kept(&stage).as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_a_url_is_followed_and_only_to_where_the_contract_points() {
    let stage = following(0, "delta", None);
    stage.systems.list_as(|_, q: &Query| match q.get("after").map(String::as_str) {
        None => page(&[1], &json!({"delta": "/customers?after=1"})),
        Some("1") => page(&[2], &json!({"delta": "https://source.example/customers?after=2"})),
        Some("2") => page(&[3], &json!({"delta": "https://elsewhere.example/customers?after=3"})),
        other => panic!("asked for {other:?}"),
    });
    assert_eq!((stage.run().await.counts.written, stage.run().await.counts.written), (1, 1));
    let third = stage.run().await;
    assert_eq!(third.stopped.unwrap().0, "foreign-link");
    assert_eq!(kept(&stage).as_deref(), Some("https://source.example/customers?after=2"), "nothing moved");
    for other in ["https://elsewhere.example/customers?after=2", "t1"] {
        let token = Checkpoint { watermark: Some(format!("feed:{other}")), ..Checkpoint::default() };
        stage.ledger.set_checkpoint("contacts", &token).unwrap();
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.read), (Verdict::Pass, 1), "{other}: {report:?}");
        assert_eq!(asked(&stage).last().map(String::as_str), Some(""), "{other} is not asked: all is read anew");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_taken_no_more_leads_to_one_look_at_everything() {
    for status in [410, 400, 409] {
        let stage = following(0, "sync", Some("since"));
        stage.systems.list_as(move |_, q: &Query| match q.get("since") {
            None => page(&[1, 2, 3], &json!({"sync": "t1"})),
            Some(_) => answer(status, &json!({"title": "sync token is no longer valid"})),
        });
        assert_eq!(stage.run().await.counts.written, 3);
        let second = stage.run().await;
        assert_eq!((second.verdict, second.counts.unchanged), (Verdict::Pass, 3), "{second:?}");
        assert_eq!(asked(&stage), ["", "since=t1", ""]);
        assert_eq!((stage.events("feed-token-expired"), kept(&stage).as_deref()), (1, Some("t1")));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_while_no_token_held_is_deleted_and_never_much() {
    for (left, deleted) in [(vec![1, 2], 1), (vec![1], 0)] {
        let stage = deleting(0);
        let mut first = true;
        let few = left.clone();
        stage.systems.list_as(move |_, q: &Query| match q.get("since") {
            Some(_) => answer(410, &json!({})),
            None if std::mem::take(&mut first) => page(&[1, 2, 3], &json!({"sync": "t1"})),
            None => page(&few, &json!({"sync": "t2"})),
        });
        assert_eq!(stage.run().await.counts.written, 3);
        let second = stage.run().await;
        assert_eq!(deletions(&stage), deleted, "{left:?}: {second:?}");
        match (second.stopped, deleted) {
            (None, 1) => {}
            (Some((code, because)), 0) => {
                assert_eq!(code, "sweep-too-large");
                assert!(
                    because.starts_with("2 of 3 records are not in the source's list any more (c2, c3),"),
                    "{because}"
                );
            }
            other => panic!("{left:?}: {other:?}"),
        }
        // Until that is settled no token is kept, and the next pass looks again.
        assert_eq!(kept(&stage).as_deref(), Some(if deleted > 0 { "t2" } else { "feed:" }));
        if deleted == 0 {
            let mut stage = stage;
            let DeletesPlan::Tombstone { max_share, .. } = &mut stage.plan.source.deletes else { unreachable!() };
            *max_share = 70.0;
            assert_eq!(stage.run().await.verdict, Verdict::Pass);
            assert_eq!((deletions(&stage), kept(&stage).as_deref()), (2, Some("t2")));
        }
    }
}

/// What is in the source's list, and what `since` is answered.
fn shows(stage: &Stage, records: Vec<usize>, told: Value) {
    stage.systems.list_as(move |_, q: &Query| match q.get("since") {
        None => page(&records, &told),
        Some(_) => answer(410, &json!({})),
    });
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_once_what_was_deleted_before_it_is_deleted_and_not_sooner() {
    let stage = deleting(0);
    shows(&stage, vec![1, 2, 3], json!({"sync": "t1"}));
    assert_eq!(stage.run().await.counts.written, 3);
    shows(&stage, vec![1, 2], json!({"sync": "t2"}));
    stage.systems.fault("DELETE /contacts/*", 1, Fault::Answer(403, Vec::new(), json!({"title": "not today"})));
    let second = stage.run().await;
    assert_eq!(second.stopped.unwrap().0, "sweep-incomplete");
    assert_eq!(kept(&stage).as_deref(), Some("feed:"));
    let third = stage.run().await;
    assert_eq!((third.verdict, deletions(&stage)), (Verdict::Pass, 2), "{third:?}");
    assert_eq!(kept(&stage).as_deref(), Some("t2"));
    assert_eq!(asked(&stage).last().map(String::as_str), Some(""), "a second look, at everything");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_says_less_than_all_keeps_no_token_where_deletions_are_owed() {
    let stage = deleting(0);
    shows(&stage, vec![1, 2, 3], json!({"sync": "t1"}));
    stage.run().await;
    shows(&stage, vec![1, 2], json!({"sync": "t2", "total": 3}));
    let second = stage.run().await;
    assert_eq!((second.verdict, deletions(&stage)), (Verdict::Partial, 0), "{second:?}");
    assert_eq!((stage.events("sweep-skipped"), kept(&stage).as_deref()), (1, Some("feed:")));
    shows(&stage, vec![1, 2], json!({"sync": "t3", "total": 2}));
    assert_eq!((stage.run().await.verdict, deletions(&stage)), (Verdict::Pass, 1));
    assert_eq!(kept(&stage).as_deref(), Some("t3"));
}

#[tokio::test(start_paused = true)]
async fn who_reads_everything_again_finds_what_was_deleted_as_well() {
    for none in [Checkpoint::default(), Checkpoint { watermark: Some("feed:".to_owned()), ..Checkpoint::default() }] {
        let stage = deleting(0);
        shows(&stage, vec![1, 2, 3], json!({"sync": "t1"}));
        stage.run().await;
        shows(&stage, vec![1, 3], json!({"sync": "t2"}));
        // As a full refresh leaves it, and the rollback of a first run.
        stage.ledger.set_checkpoint("contacts", &none).unwrap();
        let second = stage.run().await;
        assert_eq!((second.verdict, deletions(&stage)), (Verdict::Pass, 1), "{second:?}");
        assert_eq!(kept(&stage).as_deref(), Some("t2"));
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_token_is_ever_given_each_pass_finds_what_is_gone() {
    let stage = deleting(0);
    shows(&stage, vec![1, 2, 3], json!({}));
    assert_eq!((stage.run().await.counts.written, kept(&stage).as_deref()), (3, Some("feed:")));
    shows(&stage, vec![2, 3], json!({"sync": null}));
    let second = stage.run().await;
    assert_eq!((second.verdict, deletions(&stage)), (Verdict::Pass, 1), "{second:?}");
    assert_eq!((stage.events("feed-token-missing"), kept(&stage).as_deref()), (2, Some("feed:")));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_while_its_pages_are_read_leads_to_one_look_at_everything() {
    let stage = following(0, "sync", Some("since"));
    stage.systems.list_as(|_, q: &Query| match (q.contains_key("since"), q.contains_key("cursor")) {
        (false, false) => page(&[1], &json!({"next_cursor": "b", "has_more": true})),
        (false, true) => page(&[2, 3], &json!({"sync": "t1"})),
        (true, false) => page(&[1], &json!({"next_cursor": "z", "has_more": true})),
        (true, true) => answer(410, &json!({"title": "gone"})),
    });
    assert_eq!(stage.run().await.counts.written, 3);
    let second = stage.run().await;
    assert_eq!((second.verdict, second.counts.unchanged), (Verdict::Pass, 3), "{second:?}");
    let queries = asked(&stage);
    assert_eq!(queries[2..], ["since=t1", "since=t1&cursor=z", "since=t1", "since=t1&cursor=z", "", "cursor=b"]);
    assert_eq!(kept(&stage).as_deref(), Some("t1"));
}

/// Another system, other parameters, another form: what is kept says nothing of that list, and is not sent to it.
#[tokio::test(start_paused = true)]
async fn a_token_goes_on_with_the_list_for_which_it_was_given() {
    let edits: [fn(&mut Stage); 3] = [
        |stage| stage.plan.source.base_url = "https://source.example/v2".to_owned(),
        |stage| stage.plan.source.feed.as_mut().unwrap().param = Some("changes".to_owned()),
        |stage| {
            let fixed = FixedParam { name: "city".to_owned(), place: ParamIn::Query, value: "KOELN".to_owned() };
            stage.plan.source.list.as_mut().unwrap().params.push(fixed);
        },
    ];
    for edit in edits {
        let mut stage = following(0, "sync", Some("since"));
        stage.systems.list_as(|_, _| page(&[1], &json!({"sync": "https://source.example/customers?after=1"})));
        stage.run().await;
        stage.run().await;
        assert!(asked(&stage).last().unwrap().starts_with("since="), "{:?}", asked(&stage));
        edit(&mut stage);
        stage.run().await;
        let all = stage.systems.requests("GET /*");
        let last = &all.last().unwrap().request.url;
        assert!(!last.contains("after"), "{last}");
        assert_eq!(stage.events("checkpoint-of-another-kind"), 1);
    }
}

/// The natural key of a record that is gone belongs to another one now: what stands in the target is that one's.
#[tokio::test(start_paused = true)]
async fn a_record_whose_natural_key_another_one_has_now_is_not_deleted_with_the_first() {
    let taken = |n: usize, like: usize| {
        let mut record = customer(n);
        record["email"] = customer(like)["email"].clone();
        record
    };
    let gone = |n: usize| {
        let mut record = customer(n);
        record["deleted"] = json!(true);
        record
    };
    // By the whole list after a lost token; by tombstones, after the other one, with it, and before it.
    for told in [
        vec![],
        vec![vec![taken(4, 1)], vec![gone(1)]],
        vec![vec![taken(4, 1), gone(1)]],
        vec![vec![gone(1), taken(4, 1)]],
    ] {
        let stage = deleting(0);
        stage.systems.list_as(|_, _| page(&[1, 2, 3], &json!({"sync": "t1"})));
        assert_eq!(stage.run().await.counts.written, 3);
        let pages = told.clone();
        stage.systems.list_as(move |_, q: &Query| {
            let held = |records: &[Value], told: &Value| {
                let mut body = json!({"data": records, "has_more": false});
                body.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
                answer(200, &body)
            };
            let at = q.get("cursor").map_or(0, |c| c.parse::<usize>().unwrap());
            match (q.contains_key("since"), pages.get(at)) {
                (true, None) => answer(410, &json!({})),
                (true, Some(records)) if at + 1 < pages.len() => {
                    held(records, &json!({"next_cursor": (at + 1).to_string(), "has_more": true}))
                }
                (true, Some(records)) => held(records, &json!({"sync": "t2"})),
                (false, _) => held(&[customer(2), customer(3), taken(4, 1)], &json!({"sync": "t2"})),
            }
        });
        let second = stage.run().await;
        assert_eq!(second.verdict, Verdict::Pass, "{told:?}: {second:?}");
        assert_eq!(stage.systems.emails(), ["u1@x.example", "u2@x.example", "u3@x.example"], "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_does_not_come_to_the_end_keeps_the_token_it_had() {
    let stage = following(0, "sync", Some("since"));
    stage.systems.list_as(|_, q: &Query| match q.get("since") {
        None => page(&[1], &json!({"sync": "t1"})),
        Some(_) => page(&[2], &json!({"next_cursor": "b", "has_more": true, "sync": "too early"})),
    });
    stage.run().await;
    stage.systems.list_as(|_, q: &Query| match q.get("cursor") {
        None => page(&[2], &json!({"next_cursor": "b", "has_more": true, "sync": "too early"})),
        Some(_) => answer(404, &json!({"title": "gone"})),
    });
    let second = stage.run().await;
    assert_eq!((second.verdict, second.counts.written), (Verdict::Partial, 1), "{second:?}");
    let checkpoint = stage.checkpoint();
    assert_eq!((kept(&stage).as_deref(), checkpoint.cursor.as_deref()), (Some("t1"), Some("b")));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_gives_no_token_is_read_whole_and_the_log_says_so() {
    let stage = following(3, "sync", Some("since"));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3));
    assert_eq!((stage.events("feed-token-missing"), kept(&stage)), (1, None));
    assert_eq!(stage.run().await.counts.unchanged, 3);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_of_another_kind_is_no_token_and_a_token_no_time() {
    let stage = following(3, "sync", Some("since"));
    let time = Checkpoint { watermark: Some("2026-11-01T00:00:03Z".to_owned()), ..Checkpoint::default() };
    stage.ledger.set_checkpoint("contacts", &time).unwrap();
    assert_eq!(stage.run().await.counts.written, 3);
    assert!(asked(&stage).iter().all(|query| !query.contains("since")), "{:?}", asked(&stage));

    let stage = Stage::with(3);
    let token = Checkpoint { watermark: Some("feed:t1".to_owned()), ..Checkpoint::default() };
    stage.ledger.set_checkpoint("contacts", &token).unwrap();
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3), "{report:?}");
    assert_eq!(stage.checkpoint().watermark.as_deref(), Some("2026-11-01T00:00:03Z"));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_is_not_taken_for_a_token_that_has_ended() {
    let stage = following(0, "sync", Some("since"));
    stage.systems.list_as(|_, _| page(&[1], &json!({"sync": "t1"})));
    stage.run().await;
    for nth in 2..40 {
        stage.systems.fault("GET /customers", nth, Fault::NoConnection);
    }
    let second = stage.run().await;
    assert_eq!(second.stopped.unwrap().0, "source-down");
    assert_eq!(kept(&stage).as_deref(), Some("t1"));
}
