//! A list that is asked for by GraphQL: by POST at the base URL, and nothing half answered is taken for an answer.

use serde_json::{Value, json};

use super::stage::{Stage, customer, path};
use super::world::answer;
use crate::connector::Query;
use crate::evidence::Verdict;
use crate::model::{CursorFrom, Method, TypeSet};

fn stage() -> Stage {
    let mut stage = Stage::with(0);
    let source = &mut stage.plan.source;
    source.base_url = "https://source.example/customers".into();
    let list = source.list.as_mut().expect("the stage has a list");
    list.method = Method::Post;
    list.path = "/".into();
    list.query = Some(Query {
        document: "query customers($first: Int, $after: String) { customers }".into(),
        name: "customers".into(),
        fixed: serde_json::Map::new(),
        kinds: [("first".to_owned(), TypeSet::INTEGER)].into(),
    });
    source.items = path("data.customers.edges");
    source.inside = path("node");
    source.limit = Some(2);
    source.incremental = None;
    if let Some(pages) = &mut source.pagination {
        pages.param = Some("after".into());
        pages.limit_param = Some("first".into());
        pages.next = Some(CursorFrom::Body(path("data.customers.pageInfo.endCursor")));
        pages.more = Some(path("data.customers.pageInfo.hasNextPage"));
        pages.total = None;
    }
    stage
}

fn page(nodes: &[Value], cursor: &str, more: bool) -> Value {
    let edges: Vec<Value> = nodes.iter().map(|n| json!({"node": n})).collect();
    json!({"data": {"customers": {"edges": edges, "pageInfo": {"endCursor": cursor, "hasNextPage": more}}}})
}

/// The source answers with these bodies, one after another; the last one again and again.
fn answers(stage: &Stage, mut bodies: Vec<Value>) {
    bodies.reverse();
    stage.systems.list_as(move |_, _| {
        let body = if bodies.len() > 1 { bodies.pop().unwrap() } else { bodies[0].clone() };
        answer(200, &body)
    });
}

#[tokio::test(start_paused = true)]
async fn pages_are_asked_for_by_variables() {
    let stage = stage();
    answers(&stage, vec![page(&[customer(1)], "a", true), page(&[customer(2)], "b", false)]);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 2), "{report:?}");
    let seen = stage.systems.seen.lock().unwrap();
    let sent: Vec<&crate::connector::Request> =
        seen.iter().filter(|s| s.system == "source").map(|s| &s.request).collect();
    let variables: Vec<Value> =
        sent.iter().map(|r| serde_json::from_slice::<Value>(&r.body).unwrap()["variables"].take()).collect();
    assert_eq!(variables, [json!({"first": 2}), json!({"first": 2, "after": "a"})]);
    assert_eq!((sent[0].method, sent[0].url.as_str()), (Method::Post, "https://source.example/customers"));
    assert_eq!(sent[0].header("content-type"), Some("application/json"));
    assert!(sent[0].header("accept").unwrap().starts_with("application/graphql-response+json"));
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_data_is_no_success() {
    let stage = stage();
    let mut partial = page(&[customer(1)], "a", false);
    partial["errors"] = json!([{"message": "shard is down", "extensions": {"code": "SERVICE_UNAVAILABLE"}}]);
    answers(&stage, vec![partial, page(&[customer(1), customer(2)], "a", false)]);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, report.retries), (Verdict::Pass, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn throttling_in_the_body_is_waited_out() {
    let stage = stage();
    let throttled = json!({"data": null, "errors": [{"message": "Too costly.", "extensions": {"code": "THROTTLED"}}]});
    answers(&stage, vec![throttled.clone(), throttled, page(&[customer(1)], "a", false)]);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, report.retries), (Verdict::Pass, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_stays_is_not_asked_for_again() {
    let stage = stage();
    answers(&stage, vec![json!({"errors": [{"message": "Cannot query field x."}]})]);
    let report = stage.run().await;
    assert_eq!((report.requests, report.stopped.unwrap().0.as_str()), (1, "error-envelope"));
}

#[tokio::test(start_paused = true)]
async fn null_is_no_empty_page() {
    for body in
        [json!({"data": null}), json!({"data": {"customers": null}}), json!({"data": {"customers": {"edges": null}}})]
    {
        let stage = stage();
        answers(&stage, vec![body]);
        let report = stage.run().await;
        assert_eq!(report.stopped.unwrap().0, "unexpected-answer");
    }
}

#[tokio::test(start_paused = true)]
async fn an_edge_without_a_node_is_a_dead_letter() {
    let stage = stage();
    answers(&stage, vec![page(&[customer(1), Value::Null], "a", false)]);
    let report = stage.run().await;
    assert_eq!(
        (report.verdict, report.counts.written, report.counts.settled()),
        (Verdict::Partial, 1, 2),
        "{report:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_refused_leads_back_to_the_beginning() {
    let stage = stage();
    let gone = json!({"data": null, "errors": [{"message": "The cursor is no longer valid.", "extensions": {"code": "BAD_USER_INPUT"}}]});
    answers(&stage, vec![page(&[customer(1)], "a", true), gone, page(&[customer(1), customer(2)], "b", false)]);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 2), "{report:?}");
}
