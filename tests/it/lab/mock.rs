//! Mock systems, asked directly.

use std::sync::Arc;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::rng::Rng;
use platform_integration::connector::{Request, Response};
use platform_integration::lab::mock::{Credentials, Effect, MockOptions, MockSystem};
use platform_integration::model::{Direction, Method, validate};
use serde_json::{Value, json};

use super::plans;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A mock of one system of the examples, some records in it, and the header that it wants.
struct Bench {
    mock: MockSystem,
    headers: Vec<(String, String)>,
}

impl Bench {
    fn of(system: &str, entity: &str, records: usize) -> Self {
        let mut systems = plans::billing_to_crm().1;
        systems.extend(plans::payments_to_ledger().1);
        let mut mock = MockSystem::new(Arc::clone(&systems[system]), 1, MockOptions::default());
        mock.seed_records(entity, records, &mut Rng::seeded(2));
        let headers = vec![
            ("authorization".to_owned(), "Bearer any".to_owned()),
            ("x-ledgerly-key".to_owned(), "any".to_owned()),
            ("payline-version".to_owned(), "2026-09-01".to_owned()),
        ];
        Self { mock, headers }
    }

    fn ask(&mut self, method: Method, path: &str, body: Option<&Value>, more: &[(&str, &str)]) -> Response {
        let mut headers = self.headers.clone();
        headers.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = body.map(|b| b.to_string()).unwrap_or_default().into();
        let request = Request { method, url: format!("https://api.example{path}"), headers, body };
        self.mock.handle(&request, NOW)
    }

    fn get(&mut self, path: &str) -> (u16, Value) {
        let response = self.ask(Method::Get, path, None, &[]);
        (response.status, value(&response))
    }
}

fn value(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// Follows a list to its end; the keys of each page.
fn walk(
    bench: &mut Bench,
    path: &str,
    items: &str,
    mut next: impl FnMut(&Value) -> Option<String>,
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut query = String::new();
    for _ in 0..20 {
        let (status, page) = bench.get(&format!("{path}{query}"));
        assert_eq!(status, 200, "{page}");
        let keys = page[items].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned());
        pages.push(keys.collect());
        match next(&page) {
            Some(more) => query = more,
            None => return pages,
        }
    }
    panic!("no end of {path}")
}

#[test]
fn lists_are_paged_in_the_style_of_the_description() {
    let mut billing = Bench::of("billing", "customer", 7);
    let pages = walk(&mut billing, "/v1/customers?limit=3", "data", |p| {
        assert_eq!(p["has_more"].as_bool().unwrap(), !p["next_cursor"].is_null());
        // A cursor is opaque, and may hold what a query writes in another way.
        p["next_cursor"].as_str().map(|c| {
            assert!(c.ends_with("+/=="), "{c}");
            format!("&cursor={}", c.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
        })
    });
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);

    let mut payline = Bench::of("payline", "payment", 7);
    let pages = walk(&mut payline, "/v1/payments?limit=3", "data", |p| {
        assert_eq!((p["object"].as_str(), p["url"].as_str()), (Some("list"), Some("/v1/payments")));
        let last = p["data"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap();
        p["has_more"].as_bool().unwrap().then(|| format!("&starting_after={last}"))
    });
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    // Newest first, as its documentation says.
    assert!(pages[0][0] > pages[2][0]);

    let mut crm = Bench::of("crm", "contact", 7);
    let mut offset = 0;
    let pages = walk(&mut crm, "/v2/contacts?limit=3", "results", |p| {
        assert_eq!((p["total"].as_u64(), p["offset"].as_u64(), p["limit"].as_u64()), (Some(7), Some(offset), Some(3)));
        offset += 3;
        (offset < 7).then(|| format!("&offset={offset}"))
    });
    assert_eq!(pages.concat().len(), 7);

    let mut ledgerly = Bench::of("ledgerly", "entry", 7);
    let (_, page) = ledgerly.get("/entries?per_page=3&page=3");
    assert_eq!((page["pages"].as_u64(), page["total"].as_u64(), page["page"].as_u64()), (Some(3), Some(7), Some(3)));
    assert_eq!(page["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn a_page_size_above_the_maximum_is_cut_and_nonsense_is_refused() {
    let mut billing = Bench::of("billing", "customer", 120);
    assert_eq!(billing.get("/v1/customers?limit=5000").1["data"].as_array().unwrap().len(), 100);
    assert_eq!(billing.get("/v1/customers").1["data"].as_array().unwrap().len(), 10);
    for bad in ["limit=0", "limit=x", "cursor=x", "cursor=WzAsMV0+/==", "updated%5Bgte%5D=yesterday"] {
        assert_eq!(billing.get(&format!("/v1/customers?{bad}")).0, 400, "{bad}");
    }
}

#[test]
fn a_plus_in_a_query_is_a_space_and_that_is_said() {
    let mut billing = Bench::of("billing", "customer", 2);
    let (status, problem) = billing.get("/v1/customers?updated%5Bgte%5D=2026-01-01T00:00:00+00:00");
    assert_eq!(status, 400);
    assert!(problem.to_string().contains("(a + in a query is a space; write it as %2B)"), "{problem}");
    let (status, problem) = billing.get("/v1/customers?updated%5Bgte%5D=yes+terday");
    assert_eq!(status, 400);
    assert!(!problem.to_string().contains("%2B"), "{problem}");
    assert_eq!(billing.get("/v1/customers?updated%5Bgte%5D=2026-01-01T00:00:00%2B00:00").0, 200);
}

#[test]
fn who_misses_a_path_is_told_which_there_are() {
    let mut billing = Bench::of("billing", "customer", 0);
    for (path, told) in [
        ("/customers", "nothing lies at /customers; did you mean /v1/customers?"),
        ("/v1/custmers", "nothing lies at /v1/custmers; did you mean /v1/customers?"),
        ("/", "nothing lies at /; the description has /v1/customers"),
    ] {
        let (status, problem) = billing.get(path);
        assert_eq!(status, 404);
        assert!(problem.to_string().contains(told), "{problem}");
    }
}

#[test]
fn the_lower_bound_is_inclusive() {
    let mut billing = Bench::of("billing", "customer", 5);
    let all = billing.get("/v1/customers").1;
    let third = all["data"][2]["updated_at"].as_str().unwrap().to_owned();
    let since = billing.get(&format!("/v1/customers?updated%5Bgte%5D={third}")).1;
    assert_eq!(since["data"].as_array().unwrap(), &all["data"].as_array().unwrap()[2..]);

    let mut payline = Bench::of("payline", "payment", 5);
    let all = payline.get("/v1/payments").1;
    let third = all["data"][2]["created"].as_i64().unwrap();
    assert_eq!(payline.get(&format!("/v1/payments?created%5Bgte%5D={third}")).1["data"].as_array().unwrap().len(), 3);
}

#[test]
fn seeded_records_fit_the_schema_and_are_all_different() {
    for (system, entity) in [("billing", "customer"), ("crm", "contact"), ("payline", "payment"), ("ledgerly", "entry")]
    {
        let bench = Bench::of(system, entity, 60);
        let blueprint = bench.mock.blueprint();
        let schema = blueprint.kinds[entity].record.unwrap();
        let records: Vec<&Value> = bench.mock.collection(entity).unwrap().iter().map(|(_, r)| r).collect();
        assert_eq!(records.len(), 60);
        for record in &records {
            assert_eq!(validate(&blueprint.system.schemas, schema, record, Direction::Response), [], "{record}");
        }
        let mut emails: Vec<&str> = records.iter().filter_map(|r| r["email"].as_str()).collect();
        let count = emails.len();
        emails.sort_unstable();
        emails.dedup();
        assert_eq!(emails.len(), count);
    }
}

#[test]
fn credentials_are_asked_for() {
    let mut crm = Bench::of("crm", "contact", 1);
    crm.headers.clear();
    let denied = crm.ask(Method::Get, "/v2/contacts", None, &[]);
    assert_eq!((denied.status, denied.header("content-type")), (401, Some("application/problem+json")));
    assert_eq!(value(&denied)["status"].as_u64(), Some(401));

    let token = |crm: &mut Bench, scope: &str| {
        let body = format!("grant_type=client_credentials&client_id=i&client_secret=s&scope={scope}");
        let request = Request {
            method: Method::Post,
            url: "https://api.crm.example/oauth2/token".to_owned(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: body.into(),
        };
        value(&crm.mock.handle(&request, NOW))
    };
    let read = token(&mut crm, "contacts.read");
    let bearer = format!("Bearer {}", read["access_token"].as_str().unwrap());
    assert_eq!(crm.ask(Method::Get, "/v2/contacts", None, &[("authorization", &bearer)]).status, 200);
    let contact = json!({"email": "a@example.com", "stage": "lead"});
    let lacks = crm.ask(Method::Post, "/v2/contacts", Some(&contact), &[("authorization", &bearer)]);
    assert_eq!(lacks.status, 403);
    assert!(lacks.header("www-authenticate").unwrap().contains("insufficient_scope"));
    assert_eq!(token(&mut crm, "contacts.everything")["error"], "invalid_scope");

    crm.mock.revoke_tokens(NOW);
    let over = crm.ask(Method::Get, "/v2/contacts", None, &[("authorization", &bearer)]);
    assert_eq!(over.status, 401);
    assert!(over.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[test]
fn only_known_credentials_open_a_strict_mock() {
    let system = Arc::clone(&plans::payments_to_ledger().1["ledgerly"]);
    let options = MockOptions { credentials: Credentials::Only(vec!["right".to_owned()]), ..MockOptions::default() };
    let mut bench = Bench { mock: MockSystem::new(system, 1, options), headers: vec![] };
    for (key, status) in [("right", 200), ("wrong", 401), ("", 401)] {
        assert_eq!(bench.ask(Method::Get, "/entries", None, &[("x-ledgerly-key", key)]).status, status, "{key}");
    }
}

#[test]
fn unknown_routes_and_methods_are_told_apart() {
    let mut billing = Bench::of("billing", "customer", 1);
    assert_eq!(billing.get("/v1/nothing").0, 404);
    assert_eq!(billing.get("/v1/customers/nobody").0, 404);
    let wrong = billing.ask(Method::Delete, "/v1/customers", None, &[]);
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, POST")));
}

#[test]
fn what_is_written_is_checked_and_kept() {
    let mut crm = Bench::of("crm", "contact", 2);
    let bad = crm.ask(Method::Post, "/v2/contacts", Some(&json!({"email": "no", "stage": "friend"})), &[]);
    assert_eq!(bad.status, 422);
    let pointers: Vec<String> =
        value(&bad)["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
    assert_eq!(pointers, ["/email", "/stage"]);

    let contact = json!({"email": "Ada@Example.com", "stage": "lead", "first_name": "Ada"});
    let made = crm.ask(Method::Post, "/v2/contacts", Some(&contact), &[]);
    assert_eq!(made.status, 201, "{}", value(&made));
    let made = value(&made);
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(made["created_at"].as_str().unwrap().starts_with("2027-01-15T"), "{made}");
    assert_eq!(crm.ask(Method::Post, "/v2/contacts", Some(&contact), &[]).status, 409);

    let found = crm.get("/v2/contacts/search?email=ada%40example.com").1;
    assert_eq!((found["total"].as_u64(), found["results"][0]["id"].as_str()), (Some(1), Some(id.as_str())));
    let changed = crm.ask(Method::Patch, &format!("/v2/contacts/{id}"), Some(&json!({"stage": "customer"})), &[]);
    assert_eq!(value(&changed)["first_name"], "Ada");
    assert_eq!(crm.get(&format!("/v2/contacts/{id}")).1["stage"], "customer");
    assert_eq!(crm.ask(Method::Delete, &format!("/v2/contacts/{id}"), None, &[]).status, 204);
    assert_eq!(crm.get(&format!("/v2/contacts/{id}")).0, 404);
    let effects: Vec<bool> = crm.mock.seen().map(|s| matches!(s.effect, Effect::Created { .. })).collect();
    assert_eq!(effects.iter().filter(|e| **e).count(), 1);
}

#[test]
fn an_idempotency_key_is_answered_as_before() {
    let mut ledger = Bench::of("ledgerly", "entry", 0);
    let entry = json!({
        "account": "a", "amount": "1.00", "currency": "EUR", "kind": "sale",
        "booked_at": "2026-11-23T00:00:00Z", "external_id": "pay_1",
    });
    assert_eq!(ledger.ask(Method::Post, "/entries", Some(&entry), &[]).status, 400, "the key is required");
    let key = [("idempotency-key", "key-00001")];
    let first = ledger.ask(Method::Post, "/entries", Some(&entry), &key);
    let again = ledger.ask(Method::Post, "/entries", Some(&entry), &key);
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = json!({"account": "b", "amount": "1.00", "currency": "EUR", "kind": "sale",
        "booked_at": "2026-11-23T00:00:00Z", "external_id": "pay_1"});
    let reused = ledger.ask(Method::Post, "/entries", Some(&other), &key);
    assert_eq!((reused.status, value(&reused)["code"].as_str()), (422, Some("key_reused")));
    assert_eq!(ledger.mock.collection("entry").unwrap().len(), 1);
}

#[test]
fn the_same_requests_get_the_same_answers() {
    let play = || {
        let mut crm = Bench::of("crm", "contact", 3);
        let contact = json!({"email": "a@example.com", "stage": "lead"});
        crm.ask(Method::Post, "/v2/contacts", Some(&contact), &[]);
        crm.get("/v2/contacts");
        crm.mock.seen().cloned().collect::<Vec<_>>()
    };
    assert_eq!(play(), play());
}

#[test]
fn a_described_limit_is_kept_and_told() {
    let system = Arc::clone(&plans::billing_to_crm().1["crm"]);
    let limit = system.operations.iter().find_map(|o| o.rate_limit.as_ref()).expect("the example states one").clone();
    let mut bench = Bench::of("crm", "contact", 3);
    bench.mock = MockSystem::new(system, 1, MockOptions { limits: true, ..MockOptions::default() });
    let mut made = 0;
    let mut ask = || {
        made += 1;
        let contact = json!({
            "email": format!("ada.{made}@example.com"), "first_name": "Ada", "last_name": "Lovelace", "balance": "1.00",
            "currency": "EUR", "stage": "lead", "origin": "billing", "external_id": format!("cus_{made}"),
        });
        bench.ask(Method::Post, "/v2/contacts", Some(&contact), &[])
    };
    let statuses: Vec<u16> = (0..=limit.requests).map(|_| ask().status).collect();
    let (last, before) = statuses.split_last().unwrap();
    assert_eq!((*last, before.iter().all(|s| *s == 201)), (429, true), "{statuses:?}");
    let seconds: u64 = ask().header("retry-after").unwrap().parse().unwrap();
    assert!(seconds >= 1 && seconds <= limit.window_ms.div_ceil(1000), "{seconds}");
}

#[test]
fn lists_lag_behind_writes_and_a_record_itself_does_not() {
    let mut bench = Bench::of("billing", "customer", 0);
    let system = Arc::clone(&plans::billing_to_crm().1["billing"]);
    bench.mock = MockSystem::new(system, 1, MockOptions { lag_ms: 5_000, ..MockOptions::default() });
    let record = bench.mock.seed_records("customer", 1, &mut Rng::seeded(4)).remove(0);
    let path = format!("/v1/customers/{}", record["id"].as_str().unwrap());
    let shown = |bench: &mut Bench, at: i64| {
        let url = "https://api.example/v1/customers".to_owned();
        let request = Request { method: Method::Get, url, headers: bench.headers.clone(), body: Default::default() };
        let answer = value(&bench.mock.handle(&request, NOW.plus_ms(at)));
        answer["data"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let old = record["name"].as_str().unwrap().to_owned();
    assert_eq!(bench.ask(Method::Patch, &path, Some(&json!({"name": "New Name"})), &[]).status, 200);
    assert_eq!(bench.get(&path).1["name"], "New Name");
    assert_eq!(shown(&mut bench, 4_999), [old]);
    assert_eq!(shown(&mut bench, 5_000), ["New Name"]);
}

#[test]
fn the_example_that_a_request_prefers_is_answered_and_nothing_is_done() {
    let api = "
openapi: 3.1.0
info: {title: Zoo, version: '1'}
servers: [{url: https://zoo.example}]
paths:
  /cats:
    post:
      operationId: createCat
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses:
        '201':
          description: Made.
          content:
            application/json:
              schema: {type: object, required: [id], properties: {id: {type: string}}}
              examples:
                tabby: {value: {id: c1, coat: striped}}
                shared: {$ref: '#/components/examples/Tom'}
                elsewhere: {externalValue: https://zoo.example/cat.json}
        '409':
          description: There already.
          content: {application/json: {schema: {type: object}, examples: {twice: {value: {code: exists}}}}}
components: {examples: {Tom: {value: {id: c2}}}}
";
    let read = platform_integration::readers::read_bytes(api.as_bytes(), "zoo.yaml");
    let mut mock = MockSystem::new(Arc::new(read.system.expect("a system")), 1, MockOptions::default());
    let mut ask = |prefer: &str, query: &str| {
        let headers =
            vec![("prefer".to_owned(), prefer.to_owned()), ("content-type".to_owned(), "application/json".to_owned())];
        let url = format!("https://zoo.example/cats{query}");
        let response = mock.handle(&Request { method: Method::Post, url, headers, body: "{}".into() }, NOW);
        (response.status, value(&response))
    };
    assert_eq!(ask("example=tabby", ""), (201, json!({"id": "c1", "coat": "striped"})));
    assert_eq!(ask("", "?__example=shared"), (201, json!({"id": "c2"})));
    assert_eq!(ask("code=409, example=twice", ""), (409, json!({"code": "exists"})));
    let refused: Vec<String> = ["example=lion", "example=twice", "code=409, example=tabby", "example=elsewhere"]
        .iter()
        .map(|prefer| {
            let (status, answer) = ask(prefer, "");
            assert_eq!(status, 404, "{answer}");
            format!("{prefer}: {}", answer["detail"].as_str().unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(refused.join("\n"));
    assert!(mock.seen().all(|s| matches!(s.effect, Effect::Nothing)));
}
