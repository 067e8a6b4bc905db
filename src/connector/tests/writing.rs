//! Writing: one effect per record, whatever happens on the way.

use serde_json::{Value, json};

use super::stage::{Stage, call, create_only, customer, mapping, path, put, with_key};
use super::world::{Fault, answer};
use crate::connector::{WritePlan, deliver};
use crate::contract::Order;
use crate::evidence::{EffectState, Ledger as _, Verdict};
use crate::model::Method;

#[tokio::test(start_paused = true)]
async fn a_lost_answer_does_not_make_a_second_contact() {
    for fault in [
        Fault::DoneButLost,
        Fault::DoneBut(503),
        Fault::DoneBut(500),
        Fault::DoneButRaw("application/json", ""),
        Fault::DoneButEndless,
        Fault::DoneButRaw("text/html", "<html>gateway</html>"),
        Fault::DoneButRaw("application/json", r#"{"id": "k"#),
        Fault::Hang,
        Fault::NoConnection,
    ] {
        for header in [false, true] {
            let mut stage = Stage::with(3);
            if header {
                with_key(&mut stage.plan.target.write, "Idempotency-Key");
            }
            stage.systems.fault("POST /contacts", 2, fault.clone());
            let report = stage.run().await;
            assert_eq!(stage.systems.emails(), ["u1@x.example", "u2@x.example", "u3@x.example"], "{fault:?}");
            assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3), "{fault:?} {report:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn text_where_json_was_promised_acknowledges_nothing() {
    for (content_type, body) in [("text/plain", "OK"), ("application/xml", "<ok/>"), ("text/csv", "id;name")] {
        let stage = Stage::with(2);
        stage.systems.fault("POST /contacts", 1, Fault::Raw(200, content_type, body));
        let report = stage.run().await;
        assert_eq!(stage.systems.emails(), ["u1@x.example", "u2@x.example"], "{content_type}");
        assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 2), "{content_type}");
    }
    // Where the description promises nothing, a plain OK is one.
    let mut stage = Stage::with(1);
    if let WritePlan::Upsert { create, .. } = &mut stage.plan.target.write {
        create.answers_json = false;
    }
    stage.systems.fault("POST /contacts", 1, Fault::DoneButRaw("text/plain", "OK"));
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.requests("POST /contacts").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stored_error_that_comes_again_for_its_key_is_not_asked_for_for_ever() {
    let mut stage = Stage::with(2);
    *stage.systems.page_size.lock().unwrap() = 2;
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.systems.fault("POST /contacts", 1, Fault::Answer(500, vec![], json!({})));
    stage.systems.fault("POST /contacts", 9, Fault::Answer(500, vec![("idempotent-replayed", "true")], json!({})));
    let report = stage.run().await;
    let codes: Vec<String> = stage.letter_codes().into_iter().map(|(_, code)| code).collect();
    assert!(codes.iter().all(|c| c == "stored-error") && !codes.is_empty(), "{codes:?}");
    assert!(stage.systems.requests("POST /contacts").len() <= 4, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_contact_is_looked_for_before_it_is_made_again() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 1, Fault::DoneButLost);
    stage.run().await;
    assert_eq!(
        stage.systems.lines(),
        ["GET /customers", "GET /contacts/search", "POST /contacts", "GET /contacts/search"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_did_nothing_needs_no_second_look() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(429, vec![("retry-after", "1")], json!({})));
    stage.run().await;
    assert_eq!(stage.systems.lines(), ["GET /customers", "GET /contacts/search", "POST /contacts", "POST /contacts"]);
}

#[tokio::test(start_paused = true)]
async fn all_attempts_at_one_effect_carry_the_same_idempotency_key() {
    let mut stage = Stage::with(2);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.systems.fault("POST /contacts", 1, Fault::DoneButLost);
    stage.systems.fault("POST /contacts", 1, Fault::DoneBut(503));
    stage.systems.fault("POST /contacts", 1, Fault::Hang);
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 2));
    let keys = |email: &str| -> Vec<String> {
        let posts = stage.systems.requests("POST /contacts");
        let of = posts.iter().filter(|s| String::from_utf8_lossy(&s.request.body).contains(email));
        of.map(|s| s.request.header("idempotency-key").unwrap().to_owned()).collect()
    };
    let (one, two) = (keys("u1@"), keys("u2@"));
    assert_eq!(one.len() + two.len(), 5);
    assert!(one.iter().all(|k| *k == one[0]) && two.iter().all(|k| *k == two[0]) && one[0] != two[0]);
    assert!(one[0].len() <= 64);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_target_saw_with_another_body_is_never_replaced_by_a_new_one() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.systems.fault("POST /contacts", 100, Fault::Answer(422, vec![], json!({"title": "idempotency_key_reused"})));
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.requests("POST /contacts").len()), (Verdict::Partial, 1));
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "key-conflict".to_owned())]);
    stage.run().await;
    let keys: Vec<_> = stage
        .systems
        .requests("POST /contacts")
        .iter()
        .map(|s| s.request.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "also in the next run");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_still_in_progress_is_waited_for_with_the_same_key() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.systems.fault(
        "POST /contacts",
        2,
        Fault::Answer(409, vec![("retry-after", "3")], json!({"title": "A request with this key is in progress"})),
    );
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 1));
    let posts = stage.systems.requests("POST /contacts");
    assert!(posts[1].at - posts[0].at >= 3_000);
    assert_eq!(posts[0].request.header("idempotency-key"), posts[2].request.header("idempotency-key"));
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_exists_is_updated_and_one_that_says_the_same_is_left_alone() {
    let stage = Stage::with(2);
    *stage.systems.contacts.lock().unwrap() = vec![
        json!({"id": "k1", "email": "U1@X.example", "name": "Old", "phone": "1"}),
        json!({"id": "k2", "email": "u2@x.example", "name": "User 2"}),
    ];
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, report.counts.unchanged), (Verdict::Pass, 1, 1));
    assert_eq!(stage.systems.requests("PATCH /contacts/*").len(), 1);
    assert_eq!(stage.systems.contact("u1@x.example")["name"], "User 1");
    assert_eq!(stage.systems.requests("POST /contacts").len(), 0, "another case is the same address");
}

#[tokio::test(start_paused = true)]
async fn what_a_fuzzy_search_finds_is_compared_exactly() {
    let mut stage = Stage::with(1);
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k1", "email": "u1@x.example.org", "name": "Other"}));
    stage.plan.delivery.order = Order::None;
    let report = stage.run().await;
    assert_eq!(report.counts.written, 1);
    assert_eq!(stage.systems.contact("u1@x.example.org")["name"], "Other");
    assert_eq!(stage.systems.emails().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_contacts_with_the_key_are_left_alone() {
    let stage = Stage::with(2);
    *stage.systems.contacts.lock().unwrap() =
        vec![json!({"id": "k1", "email": "u1@x.example"}), json!({"id": "k2", "email": "U1@x.example"})];
    let report = stage.run().await;
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "ambiguous-match".to_owned())]);
    assert_eq!((report.verdict, report.counts.written), (Verdict::Partial, 1));
}

#[tokio::test(start_paused = true)]
async fn a_search_that_does_not_show_the_key_is_no_leave_to_create() {
    let stage = Stage::with(1);
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(200, vec![], json!({"results": [{"id": "k1"}]})));
    stage.run().await;
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "match-unclear".to_owned())]);
    assert_eq!(stage.systems.requests("POST /contacts").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_record_without_natural_key_is_a_dead_letter() {
    let stage = Stage::with(1);
    stage.set_customer(0, json!({"id": "c1", "email": " ", "name": "x"}));
    stage.run().await;
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "match-missing".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_record_is_tried_once_and_the_others_arrive() {
    for status in [400, 404, 410, 413, 415, 422] {
        let stage = Stage::with(4);
        let refusal = Fault::Answer(status, vec![], json!({"title": "Invalid", "detail": "name is too long"}));
        stage.systems.fault("POST /contacts", 1, refusal);
        let report = stage.run().await;
        assert_eq!(report.verdict, Verdict::Partial);
        assert_eq!((report.counts.written, report.counts.dead_lettered, report.retries), (3, 1, 0), "{status}");
        let letter = stage.letters().remove(0);
        assert_eq!((letter.code.as_str(), letter.attempts), ("rejected-by-target", 1));
        assert!(letter.because.contains("name is too long"), "{}", letter.because);
        assert_eq!(letter.payload["id"], letter.key.as_str());
        assert_eq!(stage.checkpoint().watermark.as_deref(), Some("2026-11-01T00:00:04Z"), "it does not block the rest");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_a_success_is_no_acknowledgement() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(None);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(200, vec![], json!({"ok": false, "error": "bad name"})));
    let report = stage.run().await;
    assert_eq!((report.counts.written, report.counts.dead_lettered), (0, 1));
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "error-envelope".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_always_breaks_the_target_does_not_hold_up_the_others() {
    let mut stage = Stage::with(6);
    stage.plan.source.pagination = None;
    *stage.systems.page_size.lock().unwrap() = 10;
    // The poison record: its creation is answered 500 for ever, the others' are fine.
    let systems = stage.systems.clone();
    stage.plan.target.write = WritePlan::Put { put: call("put", Method::Put, "/contacts/{id}"), key: None };
    systems.fault("PUT /contacts/c3", 1_000, Fault::Answer(500, vec![], json!({})));
    let report = stage.run().await;
    assert_eq!((report.counts.written, report.counts.dead_lettered), (5, 1), "{report:?}");
    assert_eq!(stage.letter_codes(), [("c3".to_owned(), "attempts-exhausted".to_owned())]);
    assert!(stage.systems.requests("PUT /contacts/c3").len() <= 8, "bounded");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_on_create_becomes_an_update() {
    let stage = Stage::with(1);
    // Somebody else makes the contact between the search and the creation.
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k1", "email": "u1@x.example", "name": "Racer"}));
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(200, vec![], json!({"results": []})));
    stage.systems.fault("POST /contacts", 1, Fault::Answer(409, vec![], json!({"title": "email exists"})));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1));
    assert_eq!(stage.systems.contact("u1@x.example")["name"], "User 1");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_never_ends_is_a_dead_letter() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 100, Fault::Answer(409, vec![], json!({"title": "phone exists"})));
    stage.run().await;
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "rejected-by-target".to_owned())]);
    assert!(stage.systems.requests("POST /contacts").len() <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_is_gone_when_it_is_updated_is_made_again() {
    let stage = Stage::with(1);
    let gone = json!({"results": [{"id": "k7", "email": "u1@x.example", "name": "Old"}]});
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(200, vec![], gone));
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 1));
}

#[tokio::test(start_paused = true)]
async fn a_changed_natural_key_changes_the_same_contact() {
    let stage = Stage::with(1);
    stage.run().await;
    stage.set_customer(
        0,
        json!({"id": "c1", "email": "new@x.example", "name": "User 1", "updated_at": "2026-11-02T00:00:00Z"}),
    );
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1));
    assert_eq!(stage.systems.emails(), ["new@x.example"]);
}

#[tokio::test(start_paused = true)]
async fn two_source_records_that_become_one_contact_are_reported() {
    let stage = Stage::with(3);
    let mut twin = customer(3);
    twin["email"] = json!("U1@x.example");
    stage.set_customer(2, twin);
    let report = stage.run().await;
    assert_eq!(stage.letter_codes(), [("c3".to_owned(), "equal-keys".to_owned())]);
    assert_eq!((report.verdict, report.counts.written), (Verdict::Partial, 2));
    assert_eq!(stage.systems.contact("u1@x.example")["name"], "User 1", "not overwritten");
}

#[tokio::test(start_paused = true)]
async fn an_older_version_never_overwrites_a_newer_one() {
    let stage = Stage::with(0);
    let version = |name: &str, at: &str| json!({"id": "c1", "email": "u1@x.example", "name": name, "updated_at": at});
    let data = json!([
        version("second", "2026-11-01T10:00:00Z"),
        version("first", "2026-11-01T11:30:00+02:00"),
        version("third", "2026-11-01T10:00:00Z"),
    ]);
    stage.systems.list_as(move |_, _| answer(200, &json!({"data": data, "has_more": false})));
    let report = stage.run().await;
    assert_eq!(stage.systems.contact("u1@x.example")["name"], "third", "equal or newer, as an instant");
    assert_eq!((report.verdict, report.counts.unique, report.counts.written), (Verdict::Pass, 1, 1));
    let sent: Vec<Value> = (stage.systems.seen.lock().unwrap().iter())
        .filter_map(|s| serde_json::from_slice(&s.request.body).ok())
        .collect();
    assert_eq!(sent.iter().map(|b: &Value| b["name"].as_str().unwrap()).collect::<Vec<_>>(), ["second", "third"]);
}

/// The newest form waits for somebody; one that comes late neither closes its letter nor takes its place.
#[tokio::test(start_paused = true)]
async fn an_older_form_says_nothing_about_the_letter_of_a_newer_one() {
    let mut stage = Stage::with(1);
    stage.plan.mapping = mapping("email: email\nname: {from: name, values: {User 1: A, Old: B}, else: reject}");
    let form = |name: &str, second: u32| {
        let mut form = customer(1);
        form["name"] = json!(name);
        form["updated_at"] = json!(format!("2026-11-01T00:01:{second:02}Z"));
        form
    };
    let seen = async |stage: &Stage, record: Value| {
        stage.set_customer(0, record);
        stage.ledger.set_checkpoint("contacts", &crate::evidence::Checkpoint::default()).unwrap();
        stage.run().await
    };
    assert_eq!(seen(&stage, form("Unknown", 20)).await.counts.rejected, 1);
    for late in [form("Old", 10), form("Unknown, too", 15)] {
        let report = seen(&stage, late).await;
        assert_eq!((report.counts.written, report.counts.rejected), (0, 0), "{report:?}");
        let waiting = stage.letters();
        assert_eq!((waiting.len(), &waiting[0].payload["name"]), (1, &json!("Unknown")), "{waiting:?}");
    }
    let mended = seen(&stage, form("User 1", 30)).await;
    assert_eq!((mended.verdict, mended.counts.written, stage.letters().len()), (Verdict::Pass, 1, 0), "{mended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_create_without_a_key_is_sent_once_whatever_came_of_it() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(None);
    stage.plan.delivery.retry.attempts = 1;
    // Whatever patience it asks for.
    stage.systems.fault("POST /contacts", 1, Fault::Answer(503, vec![("retry-after", "1")], json!({})));
    assert_eq!(stage.run().await.counts.dead_lettered, 1);
    let again = stage.run().await;
    assert_eq!((again.counts.dead_lettered, stage.systems.requests("POST /contacts").len()), (1, 1), "{again:?}");
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "outcome-unknown".to_owned())]);

    // Refused, or never there: nothing came of it.
    for fault in [Fault::Answer(422, vec![], json!({})), Fault::NoConnection] {
        let mut stage = Stage::with(1);
        stage.plan.target.write = create_only(None);
        stage.plan.delivery.retry.attempts = 1;
        stage.systems.fault("POST /contacts", 1, fault);
        assert_eq!(stage.run().await.counts.dead_lettered, 1);
        assert_eq!(stage.run().await.counts.written, 1);
        assert_eq!(stage.letters().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_without_a_key_that_never_left_is_sent_by_the_next_run() {
    let mut stage = Stage::with(1).with_tokens();
    stage.plan.target.write = create_only(None);
    stage.plan.delivery.retry.attempts = 1;
    stage.systems.fault("POST /contacts", 100, Fault::Answer(401, vec![], json!({})));
    assert_eq!(stage.run().await.stopped.unwrap().0, "auth-failed");
    stage.systems.mend();
    let report = stage.run().await;
    assert_eq!((report.counts.written, stage.letters().len()), (1, 0), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reset_under_an_answer_of_no_limit_asks_for_no_patience() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    let reset = vec![("x-ratelimit-reset", "1"), ("x-ratelimit-remaining", "4999")];
    stage.systems.fault("POST /contacts", 1_000, Fault::Answer(500, reset, json!({})));
    stage.run().await;
    assert_eq!(stage.systems.requests("POST /contacts").len(), 4, "as many attempts as the contract allows");
}

#[tokio::test(start_paused = true)]
async fn what_is_only_created_is_not_created_again_when_it_changes() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.run().await;
    stage.set_customer(
        0,
        json!({"id": "c1", "email": "u1@x.example", "name": "Changed", "updated_at": "2026-11-02T00:00:00Z"}),
    );
    let report = stage.run().await;
    assert_eq!(stage.systems.emails().len(), 1);
    assert_eq!(report.verdict, Verdict::Partial);
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "changed-after-create".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_put_goes_to_the_key_that_the_record_names() {
    let mut stage = Stage::with(2);
    stage.plan.mapping = mapping("email: email\nexternal_id: id");
    stage.plan.target.write = WritePlan::Put {
        put: call("putContact", Method::Put, "/contacts/{external_id}"),
        key: Some(path("external_id")),
    };
    stage.systems.fault("PUT /contacts/c1", 1, Fault::DoneButLost);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, stage.systems.emails().len()), (Verdict::Pass, 2, 2));
    assert_eq!(stage.systems.requests("PUT /contacts/c1").len(), 2);
}

/// `.` and `..` are no names in a path (RFC 3986 section 5.2.4), however they are encoded.
#[tokio::test(start_paused = true)]
async fn a_key_that_would_lead_to_another_resource_is_a_dead_letter() {
    for key in ["..", ".", ""] {
        let mut stage = Stage::with(2);
        let mut customer = stage.systems.customers.lock().unwrap()[0].clone();
        customer["ref"] = json!(key);
        stage.set_customer(0, customer);
        let mut other = stage.systems.customers.lock().unwrap()[1].clone();
        other["ref"] = json!("a..b");
        stage.set_customer(1, other);
        stage.plan.mapping = mapping("email: email\nexternal_id: ref");
        stage.plan.target.write = WritePlan::Put {
            put: call("putContact", Method::Put, "/contacts/{external_id}"),
            key: Some(path("external_id")),
        };
        let report = stage.run().await;
        let sent: Vec<String> = stage.systems.lines().into_iter().filter(|l| l.starts_with("PUT")).collect();
        assert_eq!(sent, ["PUT /contacts/a..b"], "{key}: {report:?}");
        assert_eq!(stage.letters().len(), 1, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_intention_is_noted_before_the_first_write() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 1_000, Fault::Answer(422, vec![], json!({})));
    stage.run().await;
    let effect = stage.effect("c1").unwrap();
    assert_eq!(effect.state, EffectState::Intended);
    assert_eq!(effect.version.as_deref(), Some("2026-11-01T00:00:01Z"));
}

#[tokio::test(start_paused = true)]
async fn a_repaired_dead_letter_is_delivered_once_and_settled() {
    let stage = Stage::with(2);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({})));
    stage.run().await;
    let letters = stage.letters();
    assert_eq!(letters.len(), 1);
    let before = stage.checkpoint();
    let report = deliver(&stage.plan, &stage.world, letters.iter().map(|l| l.payload.clone()).collect()).await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1));
    assert_eq!(stage.letters().len(), 0);
    assert_eq!(stage.checkpoint(), before);
    let again = deliver(&stage.plan, &stage.world, letters.into_iter().map(|l| l.payload).collect()).await;
    assert_eq!((again.counts.unchanged, again.requests), (1, 0), "each once");
}

#[tokio::test(start_paused = true)]
async fn records_of_one_page_are_delivered_side_by_side_unless_order_is_total() {
    for (order, most) in [(Order::PerKey, 8), (Order::None, 8), (Order::Total, 1)] {
        let mut stage = Stage::with(30);
        *stage.systems.page_size.lock().unwrap() = 30;
        *stage.systems.latency.lock().unwrap() = std::time::Duration::from_millis(50);
        stage.plan.delivery.order = order;
        let report = stage.run().await;
        assert_eq!(report.verdict, Verdict::Pass);
        assert_eq!(*stage.systems.most_in_flight.lock().unwrap(), most, "{order:?}");
        if order == Order::Total {
            let names: Vec<String> =
                stage.systems.contacts.lock().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(names, (1..=30).map(|n| format!("User {n}")).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_answers_every_write_with_nothing_or_without_end_stops_the_flow_and_buries_nobody() {
    for fault in [Fault::Raw(200, "application/json", ""), Fault::Raw(201, "", " \n"), Fault::DoneButEndless] {
        for write in [None, Some(create_only(Some("Idempotency-Key"))), Some(put())] {
            let mut stage = Stage::with(40);
            *stage.systems.page_size.lock().unwrap() = 20;
            if let Some(write) = write {
                stage.plan.target.write = write;
            }
            let endless = matches!(fault, Fault::DoneButEndless);
            if endless && matches!(stage.plan.target.write, WritePlan::Upsert { .. }) {
                // What was done is found, so this target is none that is down.
                continue;
            }
            for route in ["POST /contacts", "PATCH /contacts/*", "PUT /contacts/*"] {
                stage.systems.fault(route, 10_000, fault.clone());
            }
            let report = stage.run().await;
            let stopped = report.stopped.clone().map(|(code, _)| code);
            assert_eq!((stopped.as_deref(), report.verdict), (Some("target-down"), Verdict::Partial), "{report:?}");
            assert!(stage.letters().is_empty(), "{fault:?}: {:?}", stage.letter_codes());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_writes_and_keeps_its_answers_to_itself_is_found_to_have_written() {
    let stage = Stage::with(40);
    *stage.systems.page_size.lock().unwrap() = 20;
    stage.systems.fault("POST /contacts", 10_000, Fault::DoneButRaw("application/json", ""));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, stage.systems.emails().len()), (Verdict::Pass, 40, 40));
    assert_eq!(stage.systems.requests("POST /contacts").len(), 40, "each is looked for, and none is made twice");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_described_without_an_answer_is_acknowledged_by_none() {
    for body in [Fault::DoneButRaw("", ""), Fault::DoneButRaw("application/json", "")] {
        let mut stage = Stage::with(8);
        if let WritePlan::Upsert { create, .. } = &mut stage.plan.target.write {
            create.answers_json = false;
        }
        stage.systems.fault("POST /contacts", 10_000, body);
        let report = stage.run().await;
        assert_eq!((report.verdict, report.retries), (Verdict::Pass, 0), "{report:?}");
        assert_eq!(stage.systems.requests("GET /contacts/search").len(), 8, "nobody looks twice");
    }
}
