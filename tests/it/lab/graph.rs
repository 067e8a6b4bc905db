//! A mock GraphQL endpoint, asked directly, and a source of that kind drilled in ways that examples do not.

use std::sync::Arc;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::rng::Rng;
use platform_integration::connector::{Request, Response};
use platform_integration::evidence::Verdict;
use platform_integration::lab::mock::{MockOptions, MockSystem};
use platform_integration::lab::{DrillOptions, RealConnector, run_drills};
use platform_integration::model::Method;
use serde_json::{Value, json};

use super::plans;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn roster(records: usize) -> MockSystem {
    let systems = plans::people_to_badges().1;
    let mut mock = MockSystem::new(Arc::clone(&systems["roster"]), 1, MockOptions::default());
    mock.seed_records("person", records, &mut Rng::seeded(2));
    mock
}

fn post(mock: &mut MockSystem, body: &Value) -> Response {
    let headers = vec![("authorization".to_owned(), "Bearer any".to_owned())];
    let url = "https://api.roster.example/graphql".to_owned();
    mock.handle(&Request { method: Method::Post, url, headers, body: body.to_string().into() }, NOW)
}

fn ask(mock: &mut MockSystem, query: &str, variables: Value) -> (u16, Value) {
    let response = post(mock, &json!({"query": query, "variables": variables}));
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

const PAGES: &str = "query p($first: Int!, $after: String, $filter: PersonFilter) {
  people(first: $first, after: $after, filter: $filter) {
    totalCount edges { node { id updatedAt } } pageInfo { endCursor hasNextPage }
  }
}";

#[test]
fn a_connection_is_walked_by_its_cursor() {
    let mut mock = roster(7);
    let (mut after, mut ids, mut sizes) = (Value::Null, std::collections::BTreeSet::new(), Vec::new());
    loop {
        let (status, body) = ask(&mut mock, PAGES, json!({"first": 3, "after": after}));
        assert_eq!(status, 200, "{body}");
        let people = &body["data"]["people"];
        assert_eq!(people["totalCount"], 7);
        let edges = people["edges"].as_array().unwrap();
        sizes.push(edges.len());
        ids.extend(edges.iter().map(|e| e["node"]["id"].to_string()));
        after = people["pageInfo"]["endCursor"].clone();
        if people["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert!(after.is_string(), "the last page has an end, too");
    assert_eq!((ids.len(), sizes), (7, vec![3, 3, 1]));
}

#[test]
fn the_answer_holds_what_is_selected_and_nothing_else() {
    let mut mock = roster(1);
    let query =
        "{ p: people { edges { node { __typename mail: workEmail ...S } } } } fragment S on Person { site { code } }";
    let (_, body) = ask(&mut mock, query, json!({}));
    let node = body["data"]["p"]["edges"][0]["node"].as_object().unwrap();
    assert_eq!(node.keys().collect::<Vec<_>>(), ["__typename", "mail", "site"]);
    assert_eq!(node["__typename"], "Person");
}

#[test]
fn the_lower_bound_is_a_field_of_the_filter() {
    let mut mock = roster(5);
    let all = ask(&mut mock, PAGES, json!({"first": 10})).1;
    let third = all["data"]["people"]["edges"][2]["node"]["updatedAt"].clone();
    let some = ask(&mut mock, PAGES, json!({"first": 10, "filter": {"updatedSince": third}})).1;
    assert_eq!(some["data"]["people"]["edges"].as_array().unwrap().len(), 3, "inclusive");
}

#[test]
fn one_record_is_asked_for_by_its_key() {
    let mut mock = roster(2);
    let id = ask(&mut mock, PAGES, json!({"first": 1})).1["data"]["people"]["edges"][0]["node"]["id"].clone();
    let query = "query q($id: ID!) { person(id: $id) { id } }";
    assert_eq!(ask(&mut mock, query, json!({"id": id})).1, json!({"data": {"person": {"id": id}}}));
    assert_eq!(ask(&mut mock, query, json!({"id": "nobody"})).1, json!({"data": {"person": null}}));
}

#[test]
fn a_request_that_does_not_fit_the_schema_says_why() {
    let mut mock = roster(1);
    for (query, variables, because) in [
        ("{ people { edges { node { salary } } } }", json!({}), "Cannot query field \"salary\" on type \"Person\""),
        ("{ people { edges } }", json!({}), "must have a selection of subfields"),
        ("{ people { totalCount { x } } }", json!({}), "has no subfields"),
        ("{ folk { id } }", json!({}), "Cannot query field \"folk\""),
        ("query q($n: String) { people(first: $n) { totalCount } }", json!({}), "expecting type \"Int!\""),
        ("query q($n: Int!) { people { totalCount } }", json!({}), "never used"),
        ("{ people(limit: 3) { totalCount } }", json!({}), "Unknown argument \"limit\""),
        ("{ person { id } }", json!({}), "Argument \"id\" is required"),
        (PAGES, json!({"first": "three"}), "invalid value"),
        (PAGES, json!({"first": 1, "filter": {"status": "ASLEEP"}}), "invalid value"),
        (PAGES, json!({"first": 1, "after": "rubbish"}), "cursor"),
        ("{ people {", json!({}), "Syntax Error"),
        (
            "mutation { personMove(input: {personId: 1, siteId: 2}) { person { id } } }",
            json!({}),
            "answers queries only",
        ),
    ] {
        let (_, body) = ask(&mut mock, query, variables);
        let said = body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(said.contains(because), "{query}: {body}");
        assert!(body["data"].is_null());
    }
}

#[test]
fn who_shows_no_credential_is_told_so_in_the_words_of_both_protocols() {
    let mut mock = roster(1);
    let body = json!({"query": "{ people { totalCount } }"}).to_string().into();
    let url = "https://api.roster.example/graphql".to_owned();
    let response = mock.handle(&Request { method: Method::Post, url, headers: Vec::new(), body }, NOW);
    let said: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, &said["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")));
}

#[test]
fn a_token_that_ends_midway_is_renewed_for_a_graphql_source_too() {
    let (plan, systems) = plans::example("people-to-badges", |text| {
        *text = text.replace(
            "{scheme: bearer, secret: env:ROSTER_TOKEN}",
            "{scheme: oauth2, token_url: \"https://login.roster.example/token\", client_id: env:ROSTER_ID, client_secret: env:ROSTER_SECRET}",
        );
    });
    let options =
        DrillOptions { only: Some("token-expires-midway".to_owned()), schedules: 4, ..DrillOptions::default() };
    let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
    assert_eq!(matrix.verdict, Verdict::Pass, "{:?}", matrix.rows[0].failures);
}

/// A record without what none of these paths leads to.
fn pruned(record: &Value, paths: &[Vec<String>]) -> Value {
    match record {
        Value::Object(map) if !paths.iter().any(Vec::is_empty) => {
            let below = |name: &String| -> Vec<Vec<String>> {
                paths.iter().filter(|p| p.first() == Some(name)).map(|p| p[1..].to_vec()).collect()
            };
            let kept = map.iter().map(|(name, v)| (name, v, below(name))).filter(|(_, _, b)| !b.is_empty());
            kept.map(|(name, v, below)| (name.clone(), pruned(v, &below))).collect()
        }
        Value::Array(items) => items.iter().map(|v| pruned(v, paths)).collect(),
        other => other.clone(),
    }
}

/// What is asked for follows from what the rules say they read: the lab cuts its records down by the same word, so that
/// it is proven here.
#[test]
fn a_mapping_reads_nothing_but_what_it_says() {
    for (plan, systems) in plans::all() {
        let system = &systems[&plan.source.system];
        let Some(list) = &plan.source.list else { continue };
        let entity = system.operation(&list.id).and_then(|o| o.entity.clone()).unwrap();
        let mut mock = MockSystem::new(Arc::clone(system), 1, MockOptions::default());
        let reads: Vec<Vec<String>> = plan.mapping.reads().collect();
        for record in mock.draw_records(&entity, 30, &mut Rng::seeded(7)) {
            assert_eq!(plan.mapping.apply(&pruned(&record, &reads)), plan.mapping.apply(&record), "{}", plan.flow);
        }
    }
}

#[test]
fn the_request_asks_for_what_the_flow_needs() {
    let (plan, _) = plans::people_to_badges();
    insta::assert_snapshot!(plan.source.list.unwrap().query.unwrap().document);
}
