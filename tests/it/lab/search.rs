//! A list that is read by POST and paged by fields of its body: the mock that serves it, and the drills on it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use platform_integration::base::clock::Timestamp;
use platform_integration::base::rng::Rng;
use platform_integration::connector::{Plan, Report, Request, Response, Transport, TransportError, World, run_once};
use platform_integration::evidence::Verdict;
use platform_integration::lab::mock::{MockOptions, MockSystem};
use platform_integration::lab::{DrillOptions, RealConnector, Subject, run_drills};
use platform_integration::model::Method;
use serde_json::{Value, json};

use super::plans;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const PATH: &str = "/v1/members/search";

fn directory(records: usize) -> MockSystem {
    let systems = plans::search().1;
    let mut mock = MockSystem::new(Arc::clone(&systems["directory"]), 1, MockOptions::default());
    mock.seed_records("member", records, &mut Rng::seeded(2));
    mock
}

fn ask(mock: &mut MockSystem, body: &Value) -> (u16, Value) {
    let headers = vec![
        ("authorization".to_owned(), "Bearer any".to_owned()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ];
    let url = format!("https://directory.example{PATH}");
    let response = mock.handle(&Request { method: Method::Post, url, headers, body: body.to_string().into() }, NOW);
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

#[test]
fn a_search_is_walked_by_the_cursor_in_its_body() {
    let mut mock = directory(7);
    let (mut cursor, mut ids, mut sizes) = (Value::Null, BTreeSet::new(), Vec::new());
    loop {
        let asked = json!({"filter": {"status": "active"}, "page": {"size": 3, "cursor": cursor}});
        let (status, body) = ask(&mut mock, &asked);
        assert_eq!(status, 200, "{body}");
        let members = body["members"].as_array().unwrap();
        sizes.push(members.len());
        ids.extend(members.iter().map(|m| m["id"].to_string()));
        cursor = body["page"]["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((ids.len(), sizes), (7, vec![3, 3, 1]));
}

#[test]
fn the_body_of_a_search_is_held_to_its_schema_and_bounds_what_is_found() {
    let mut mock = directory(5);
    let (status, all) = ask(&mut mock, &json!({"filter": {"status": "active"}}));
    assert_eq!((status, all["members"].as_array().unwrap().len()), (200, 5));
    let third = all["members"][2]["changed_at"].clone();
    let since = ask(&mut mock, &json!({"filter": {"status": "active", "changed_since": third}})).1;
    assert_eq!(since["members"].as_array().unwrap().len(), 3, "inclusive");
    // A page size above the most is cut down, as in a query.
    assert_eq!(ask(&mut mock, &json!({"filter": {"status": "active"}, "page": {"size": 5000}})).0, 200);
    for (body, says) in [
        (json!({}), "filter"),
        (json!({"filter": {"status": "away"}}), "status"),
        (json!({"filter": {"status": "active"}, "limit": 3}), "limit"),
        (json!({"filter": {"status": "active"}, "page": {"cursor": "made up"}}), "cursor"),
    ] {
        let (status, answer) = ask(&mut mock, &body);
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer.to_string().contains(says), "{body}: {answer}");
    }
}

/// What went out to the source.
type Sent = Arc<Mutex<Vec<Request>>>;

/// Our connector, overheard.
struct Overheard(Sent);

struct Ear(Arc<dyn Transport>, Sent);

#[async_trait::async_trait]
impl Transport for Ear {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        if request.url.contains(PATH) {
            self.1.lock().unwrap().push(request.clone());
        }
        self.0.send(system, request).await
    }
}

#[async_trait::async_trait]
impl Subject for Overheard {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let transport: Arc<dyn Transport> = Arc::new(Ear(Arc::clone(&world.transport), Arc::clone(&self.0)));
        run_once(plan, &World { transport, ..world.clone() }).await
    }
}

fn options(only: Option<&str>, schedules: usize) -> DrillOptions {
    DrillOptions { seed: 5, schedules, only: only.map(str::to_owned), shrink: false, ..DrillOptions::default() }
}

#[test]
fn pages_are_asked_for_in_the_body_and_reading_by_post_is_reading() {
    let (plan, systems) = plans::search();
    let sent = Sent::default();
    let subject = Overheard(Arc::clone(&sent));
    for drill in ["happy-path", "second-run-incremental", "burst-503"] {
        let matrix = run_drills(&plan, &systems, &subject, &options(Some(drill), 3), &mut |_| {}).unwrap();
        assert_eq!(matrix.verdict, Verdict::Pass, "{drill}: {:?}", matrix.rows[0].failures);
    }
    let sent = sent.lock().unwrap();
    let bodies: Vec<Value> = sent.iter().map(|r| serde_json::from_slice(&r.body).expect("JSON")).collect();
    for (request, body) in sent.iter().zip(&bodies) {
        assert_eq!(
            (request.method, request.url.as_str()),
            (Method::Post, "https://directory.example/v1/members/search")
        );
        assert_eq!(request.header("idempotency-key"), None);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(body["filter"]["status"], "active");
        assert!(body["page"]["size"].is_u64(), "{body}");
    }
    assert!(bodies.iter().any(|b| b["page"]["cursor"].is_string()), "a second page was asked for");
    assert!(bodies.iter().any(|b| b["filter"]["changed_since"].is_string()), "changes alone were asked for");
}

#[test]
fn the_paging_drills_play_on_a_search_and_the_connector_passes_them_all() {
    let (plan, systems) = plans::search();
    let matrix = run_drills(&plan, &systems, &RealConnector, &options(None, 6), &mut |_| {}).unwrap();
    for row in &matrix.rows {
        let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
        assert_eq!(row.verdict, Verdict::Pass, "{}: fired {} {}", row.code, row.fired, why.unwrap_or_default());
    }
    for code in [
        "page-overlap",
        "short-page",
        "empty-page-midway",
        "repeating-cursor",
        "cursor-expired",
        "empty-cursor-string",
        "duplicate-delivery",
        "second-run-incremental",
    ] {
        assert!(matrix.rows.iter().any(|r| r.code == code), "{code}: {:?}", matrix.not_applicable);
    }
}

#[test]
fn pages_that_the_contract_spells_out_go_into_the_body_too() {
    let pages =
        "paginate: {style: cursor, param: page.cursor, limit_param: page.size, limit: 4, next: page.next_cursor}";
    let (plan, systems) =
        plans::search_with(|text| *text = text.replace("key: id\n", &format!("key: id\n      {pages}\n"))).unwrap();
    let search = plan.source.list.as_ref().unwrap().search.as_ref().expect("it is asked for by its body");
    assert_eq!(
        search.fields.keys().map(String::as_str).collect::<Vec<_>>(),
        ["filter.changed_since", "page.cursor", "page.size"]
    );
    let matrix = run_drills(&plan, &systems, &RealConnector, &options(Some("happy-path"), 3), &mut |_| {}).unwrap();
    assert_eq!(matrix.verdict, Verdict::Pass, "{:?}", matrix.rows[0].failures);
}

#[test]
fn what_a_body_cannot_be_asked_for_is_refused_by_name() {
    let refused = |param: &str| {
        let pages = format!("paginate: {{style: cursor, param: {param}, next: page.next_cursor}}");
        plans::search_with(|text| *text = text.replace("key: id\n", &format!("key: id\n      {pages}\n")))
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!([refused("filter"), refused("page.curser")].join("\n"));
}
