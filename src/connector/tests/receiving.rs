//! Webhooks: kept before they are answered, told apart, and settled like a page.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};

use super::stage::{Stage, create_only, customer, path};
use super::world::Fault;
use crate::base::clock::Timestamp;
use crate::connector::{
    Bell, HookPlan, IdPlan, MOST_BYTES, Receiver, Request, Signing, World, receive, run_all_hearing, run_once,
};
use crate::contract::SignatureScheme;
use crate::evidence::{Ledger as _, Verdict};
use crate::model::{Method, Tell, TellPlace};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Timestamp = Timestamp(1_795_428_000_000);

fn hooked() -> Stage {
    let mut stage = Stage::with(0);
    let secret = stage.secret("HOOK", SECRET);
    stage.plan.source.list = None;
    stage.plan.source.webhook = Some(HookPlan {
        event: "customerChanged".into(),
        path: "/hooks/a".into(),
        signing: Signing {
            scheme: SignatureScheme::StandardWebhooks,
            header: "webhook-signature".into(),
            base64: false,
            prefix: None,
            timed: None,
            tolerance_ms: Some(300_000),
        },
        secrets: vec![secret],
        id: IdPlan::Header("webhook-id".into()),
        record: path("data"),
        version: Some(path("updated_at")),
        tells: vec![Tell { place: TellPlace::Field("type".into()), values: vec!["customer.changed".into()] }],
    });
    stage
}

fn delivery(stage: &Stage, id: &str, payload: &Value) -> Request {
    let body = Bytes::from(payload.to_string());
    let hook = stage.plan.source.webhook.as_ref().unwrap();
    let headers = hook.signing.sign(SECRET, id, &body, NOW).unwrap();
    Request { method: Method::Post, url: "https://us.example/hooks/a?x=1".into(), headers, body }
}

fn event(n: usize) -> Value {
    json!({"type": "customer.changed", "data": customer(n)})
}

fn post(stage: &Stage, id: &str, payload: &Value) -> u16 {
    receive(&stage.plan, &stage.world, &delivery(stage, id, payload)).status
}

#[tokio::test(start_paused = true)]
async fn each_delivery_is_answered_by_what_it_is() {
    let stage = hooked();
    let good = delivery(&stage, "e1", &event(1));
    let said = |change: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        receive(&stage.plan, &stage.world, &request).status
    };
    assert_eq!(said(&|r| r.url = "/hooks/b".into()), 404);
    assert_eq!(said(&|r| r.method = Method::Get), 405);
    assert_eq!(said(&|r| r.headers.clear()), 401);
    assert_eq!(said(&|r| r.body = Bytes::from_static(b"{}")), 401);
    assert_eq!(said(&|r| r.body = Bytes::from(vec![b' '; MOST_BYTES + 1])), 413);
    let resigned = |body: &'static [u8], at: Timestamp| {
        let signing = &stage.plan.source.webhook.as_ref().unwrap().signing;
        let headers = signing.sign(SECRET, "e2", body, at).unwrap();
        receive(&stage.plan, &stage.world, &Request { headers, body: Bytes::from_static(body), ..good.clone() }).status
    };
    assert_eq!(resigned(b"{\"data\":{}}", NOW.plus_ms(-301_000)), 400);
    assert_eq!(resigned(b"{\"data\":{}}", NOW.plus_ms(301_000)), 400);
    assert_eq!(resigned(b"not json", NOW), 400);
    assert_eq!(
        resigned(b"{\"type\":\"till.closed\"}", NOW),
        204,
        "another event at the same address is taken and left"
    );
    assert_eq!(stage.ledger.inbox("contacts", 0, 10).unwrap(), []);
    assert_eq!(said(&|_| {}), 204);
    assert_eq!(said(&|_| {}), 204, "sent again, it is known");
    assert_eq!(stage.ledger.inbox("contacts", 0, 10).unwrap().len(), 1);
    stage.secrets.0.lock().unwrap().clear();
    assert_eq!(said(&|_| {}), 503);
    stage.world.stop.cancel();
    assert_eq!(said(&|_| {}), 503);
    assert!(!stage.shown().contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
}

#[tokio::test(start_paused = true)]
async fn what_came_in_is_settled_once_and_leaves_the_inbox() {
    let stage = hooked();
    for (id, n) in [("e1", 1), ("e2", 2), ("e1", 1), ("e3", 3)] {
        assert_eq!(post(&stage, id, &event(n)), 204);
    }
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.read, report.counts.written), (Verdict::Pass, 3, 3));
    assert_eq!(stage.systems.emails().len(), 3);
    assert_eq!(stage.ledger.inbox("contacts", 0, 10).unwrap(), []);
    assert_eq!(post(&stage, "e2", &event(2)), 204);
    let again = stage.run().await;
    assert_eq!((again.verdict, again.counts.read, again.requests), (Verdict::Pass, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_older_event_does_not_overwrite_a_newer_one() {
    let stage = hooked();
    let mut newer = event(1);
    newer["data"]["name"] = "Newer".into();
    newer["data"]["updated_at"] = "2026-11-02T00:00:00Z".into();
    assert_eq!(post(&stage, "e2", &newer), 204);
    assert_eq!(post(&stage, "e1", &event(1)), 204);
    let report = stage.run().await;
    assert_eq!((report.counts.read, report.counts.unique, report.counts.written), (2, 1, 1));
    assert!(format!("{:?}", stage.systems.contacts.lock().unwrap()).contains("Newer"));
}

#[tokio::test(start_paused = true)]
async fn an_event_without_a_record_is_a_dead_letter_and_the_others_go_on() {
    let stage = hooked();
    assert_eq!(post(&stage, "e1", &json!({"type": "customer.changed", "id": "not a record"})), 204);
    assert_eq!(post(&stage, "e2", &event(2)), 204);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.dead_lettered, report.counts.written), (Verdict::Partial, 1, 1));
    assert_eq!(stage.letters()[0].code, "record-missing");
    assert_eq!(stage.letters()[0].payload["id"], "not a record");
    assert_eq!(stage.ledger.inbox("contacts", 0, 10).unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_the_target_refused_is_not_asked_again_by_the_sweep_of_the_same_pass() {
    let mut stage = hooked();
    stage.plan.source.list = Stage::with(0).plan.source.list;
    stage.plan.target.write = create_only(Some("idempotency-key"));
    *stage.systems.customers.lock().unwrap() = vec![customer(1)];
    let refusal = Fault::Answer(422, vec![("content-type", "application/json")], json!({"error": "no"}));
    stage.systems.fault("POST /contacts", 9, refusal);
    assert_eq!(post(&stage, "e1", &event(1)), 204);
    let report = stage.run().await;
    assert_eq!((report.counts.read, report.counts.unique, report.counts.dead_lettered), (2, 1, 1));
    // One page, one write.
    assert_eq!((report.requests, stage.letters().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_listens_works_when_the_bell_rings_and_sweeps_at_its_pace() {
    let mut stage = hooked();
    stage.plan.source.list = Stage::with(0).plan.source.list;
    stage.plan.every_ms = Some(600_000);
    *stage.systems.customers.lock().unwrap() = vec![customer(9)];
    let (bell, stop) = (Bell::default(), stage.world.stop.clone());
    let receiver = Receiver::new(std::slice::from_ref(&stage.plan), &stage.world, &bell);
    assert_eq!(receiver.paths(), ["/hooks/a"]);
    let passes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&passes);
    let work = async {
        let on_report = move |_: &crate::connector::Report| {
            count.fetch_add(1, Ordering::SeqCst);
        };
        run_all_hearing(std::slice::from_ref(&stage.plan), &stage.world, false, &bell, &on_report).await
    };
    let outside = async {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(passes.load(Ordering::SeqCst), 1, "the first sweep");
        assert_eq!(receiver.answer(&delivery(&stage, "e1", &event(1))).status, 204);
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        assert_eq!(passes.load(Ordering::SeqCst), 2, "what came in did not wait for the sweep");
        tokio::time::sleep(std::time::Duration::from_secs(600)).await;
        assert_eq!(passes.load(Ordering::SeqCst), 3, "the second sweep");
        stop.cancel();
    };
    let (reports, ()) = tokio::join!(work, outside);
    assert_eq!((reports[0].verdict, reports[0].counts.written), (Verdict::Pass, 2));
    assert_eq!(receiver.answer(&delivery(&stage, "e2", &event(2))).status, 503);
    assert_eq!(receiver.answer(&Request { url: "/".into(), ..delivery(&stage, "e2", &event(2)) }).status, 404);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_while_the_target_was_down_is_settled_by_the_next_run() {
    let stage = hooked();
    assert_eq!(post(&stage, "e1", &event(1)), 204);
    stage.world.stop.cancel();
    let stopped = run_once(&stage.plan, &stage.world).await;
    assert_eq!(stopped.stopped.map(|s| s.0).as_deref(), Some("stopped"));
    let world = World { stop: tokio_util::sync::CancellationToken::new(), ..stage.world.clone() };
    let report = run_once(&stage.plan, &world).await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1));
}

/// Events that say nothing of their order, with records named like this.
fn unordered(forms: &[(usize, &str, &str)]) -> Stage {
    let mut stage = hooked();
    stage.plan.source.webhook.as_mut().unwrap().version = None;
    stage.plan.source.incremental = None;
    for (at, (n, email, name)) in forms.iter().enumerate() {
        let payload =
            json!({"type": "customer.changed", "data": {"id": format!("c{n}"), "email": email, "name": name}});
        assert_eq!(post(&stage, &format!("e{at}"), &payload), 204);
    }
    stage
}

#[tokio::test(start_paused = true)]
async fn a_form_that_was_refused_is_sent_again_once_another_form_was_taken_between() {
    let stage = unordered(&[(1, "a@x.example", "A"), (1, "a@x.example", "B"), (1, "a@x.example", "A")]);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({"title": "not now"})));
    let report = stage.run().await;
    assert_eq!(stage.systems.contact("a@x.example")["name"], "A", "{report:?}");
    assert_eq!(stage.letters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_natural_key_that_its_record_has_left_is_free_for_another_one() {
    let stage = unordered(&[
        (1, "n1@x.example", "One"),
        (1, "n2@x.example", "One"),
        (2, "n1@x.example", "Two"),
        (3, "n2@x.example", "Three"),
    ]);
    let report = stage.run().await;
    assert_eq!(stage.letter_codes(), [("c3".to_owned(), "equal-keys".to_owned())], "{report:?}");
    assert_eq!(stage.systems.contact("n1@x.example")["name"], "Two");
    assert_eq!(stage.systems.contact("n2@x.example")["name"], "One");
    assert_eq!(stage.systems.emails().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_natural_key_to_which_its_record_came_back_is_not_free() {
    let there_and_back = [
        (1, "n1@x.example", "One"),
        (1, "n2@x.example", "One"),
        (1, "n1@x.example", "One"),
        (2, "n1@x.example", "Two"),
    ];
    let stage = unordered(&there_and_back);
    stage.run().await;
    assert_eq!(stage.letter_codes(), [("c2".to_owned(), "equal-keys".to_owned())]);
    assert_eq!(stage.systems.emails(), ["n1@x.example"]);

    // What is refused has left nothing.
    let stage = unordered(&[(1, "n1@x.example", "One"), (1, "n2@x.example", "One"), (2, "n1@x.example", "Two")]);
    stage.systems.fault("PATCH /contacts/*", 1, Fault::Answer(422, vec![], json!({"title": "no"})));
    stage.run().await;
    let codes: Vec<String> = stage.letter_codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["rejected-by-target", "equal-keys"]);
    assert_eq!(stage.systems.contact("n1@x.example")["name"], "One");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_stopped_is_tried_again_soon_and_no_event_makes_up_for_it() {
    let mut stage = hooked();
    *stage.systems.customers.lock().unwrap() = vec![customer(1), customer(2)];
    stage.plan.source.list = Some(super::stage::call("listCustomers", Method::Get, "/customers"));
    stage.plan.every_ms = Some(24 * 3_600_000);
    stage.plan.delivery.retry.attempts = 1;
    stage.systems.fault("GET /customers", 1, Fault::Answer(500, vec![], json!({})));
    let stop = stage.world.stop.clone();
    let plans = [stage.plan.clone()];
    let ended = async {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let early = stage.systems.emails().len();
        tokio::time::sleep(std::time::Duration::from_secs(120)).await;
        stop.cancel();
        early
    };
    let bell = Bell::default();
    let (reports, early) = tokio::join!(run_all_hearing(&plans, &stage.world, false, &bell, &|_| {}), ended);
    assert_eq!((early, stage.systems.emails().len()), (0, 2), "{reports:?}");
    assert_eq!(reports[0].verdict, Verdict::Pass);

    let mut stage = hooked();
    *stage.systems.customers.lock().unwrap() = vec![customer(1), customer(2)];
    stage.plan.source.list = Some(super::stage::call("listCustomers", Method::Get, "/customers"));
    stage.plan.every_ms = Some(24 * 3_600_000);
    stage.plan.delivery.retry.attempts = 1;
    stage.systems.fault("GET /customers", 1_000, Fault::Answer(500, vec![], json!({})));
    assert_eq!(post(&stage, "e1", &event(3)), 204);
    let stop = stage.world.stop.clone();
    let plans = [stage.plan.clone()];
    let ended = async {
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        stop.cancel();
    };
    let bell = Bell::default();
    let (reports, ()) = tokio::join!(run_all_hearing(&plans, &stage.world, false, &bell, &|_| {}), ended);
    assert_ne!(reports[0].verdict, Verdict::Pass, "the list was never read: {reports:?}");
}

#[tokio::test(start_paused = true)]
async fn an_event_with_half_a_character_is_kept_and_told_of() {
    let stage = hooked();
    let body = Bytes::from_static(
        br#"{"type": "customer.changed", "data": {"id": "c1", "email": "a@x.example", "name": "cut \ud83d"}}"#,
    );
    let signing = &stage.plan.source.webhook.as_ref().unwrap().signing;
    let headers = signing.sign(SECRET, "e1", &body, NOW).unwrap();
    let request = Request { method: Method::Post, url: "https://us.example/hooks/a".into(), headers, body };
    assert_eq!(receive(&stage.plan, &stage.world, &request).status, 204);
    stage.run().await;
    assert_eq!(stage.letter_codes(), [("c1".to_owned(), "broken-text".to_owned())]);
}
