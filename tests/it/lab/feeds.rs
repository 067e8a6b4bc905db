//! Changes that are followed by a token, in the three forms that sources give one.

use std::collections::BTreeSet;
use std::sync::Arc;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::rng::Rng;
use platform_integration::connector::Request;
use platform_integration::evidence::Verdict;
use platform_integration::lab::mock::{MockOptions, MockSystem};
use platform_integration::lab::{DrillOptions, RealConnector, coverage, run_drills};
use platform_integration::model::Method;
use serde_json::{Value, json};

use super::plans;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// A mock of the visits, with so many of them.
fn visits(form: usize, records: usize) -> MockSystem {
    let (_, systems) = plans::feeds().into_iter().nth(form).unwrap();
    let options = MockOptions { page_size: 3, ..MockOptions::default() };
    let mut mock = MockSystem::new(Arc::clone(&systems["visits"]), 1, options);
    mock.seed_records("visit", records, &mut Rng::seeded(1));
    mock
}

fn get(mock: &mut MockSystem, url: &str) -> (u16, Value) {
    let request = Request { method: Method::Get, url: url.to_owned(), headers: Vec::new(), body: Default::default() };
    let response = mock.handle(&request, NOW);
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

fn encoded(text: &str) -> String {
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Ids that a list shows from a URL on, and the last page.
fn walk(mock: &mut MockSystem, from: &str, next: impl Fn(&Value) -> Option<String>) -> (Vec<String>, Value) {
    let (mut ids, mut url) = (Vec::new(), from.to_owned());
    for _ in 0..20 {
        let (status, page) = get(mock, &url);
        assert_eq!(status, 200, "{url}: {page}");
        ids.extend(page["visits"].as_array().unwrap().iter().map(|v| v["id"].as_str().unwrap().to_owned()));
        match next(&page) {
            Some(to) => url = to,
            None => return (ids, page),
        }
    }
    panic!("the list does not end");
}

const LIST: &str = "https://visits.example/visits";

#[test]
fn the_last_page_gives_a_token_and_with_it_only_what_changed_is_listed() {
    let mut mock = visits(0, 7);
    let on = |query: String| {
        move |page: &Value| {
            let next = page["next_page_token"].as_str()?;
            assert!(page["next_sync_token"].is_null(), "only the last page gives a token: {page}");
            Some(format!("{LIST}?{query}page_token={}", encoded(next)))
        }
    };
    let (all, last) = walk(&mut mock, LIST, on(String::new()));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 7);
    let token = last["next_sync_token"].as_str().unwrap();
    let since = format!("sync_token={}", encoded(token));
    let (none, quiet) = walk(&mut mock, &format!("{LIST}?{since}"), on(format!("{since}&")));
    assert_eq!((none.len(), &quiet["next_sync_token"]), (0, &json!(token)), "nothing has changed");

    let changed = mock.collection("visit").unwrap().get(&all[2]).cloned().unwrap();
    mock.keep("visit", changed);
    let new = mock.seed_records("visit", 4, &mut Rng::seeded(2));
    let (some, _) = walk(&mut mock, &format!("{LIST}?{since}"), on(format!("{since}&")));
    let ids = new.iter().map(|v| v["id"].as_str().unwrap().to_owned());
    assert_eq!(some, [all[2].clone()].into_iter().chain(ids).collect::<Vec<_>>(), "in the order of change");
}

#[test]
fn what_changes_while_pages_are_read_comes_once_more() {
    let mut mock = visits(0, 5);
    let (_, first) = get(&mut mock, LIST);
    let early = first["visits"][0].clone();
    mock.keep("visit", early.clone());
    let next = encoded(first["next_page_token"].as_str().unwrap());
    let (_, second) = get(&mut mock, &format!("{LIST}?page_token={next}"));
    let ids: Vec<&Value> = second["visits"].as_array().unwrap().iter().map(|v| &v["id"]).collect();
    assert_eq!(ids.last(), Some(&&early["id"]), "{second}");
}

#[test]
fn a_delta_link_is_a_url_and_leads_to_what_changed() {
    let mut mock = visits(1, 4);
    let follow = |page: &Value| page["next_link"].as_str().map(str::to_owned);
    let (all, last) = walk(&mut mock, LIST, follow);
    assert_eq!(all.len(), 4);
    let link = last["delta_link"].as_str().unwrap().to_owned();
    assert!(link.starts_with(LIST), "{link}");
    let new = mock.seed_records("visit", 1, &mut Rng::seeded(2));
    let (some, later) = walk(&mut mock, &link, follow);
    assert_eq!(some, [new[0]["id"].as_str().unwrap()]);
    assert_ne!(later["delta_link"], json!(link));
}

#[test]
fn a_cursor_that_goes_on_for_ever_is_both_place_and_token_where_the_contract_says_so() {
    // As the lab does it: no description says that this cursor outlives its list.
    let (plan, systems) = plans::feeds().into_iter().nth(2).unwrap();
    let feed = [("visit".to_owned(), plan.source.feed.unwrap())].into();
    let options = MockOptions { page_size: 3, feed, ..MockOptions::default() };
    let mut mock = MockSystem::new(Arc::clone(&systems["visits"]), 1, options);
    mock.seed_records("visit", 4, &mut Rng::seeded(1));
    let to = |page: &Value| format!("{LIST}?cursor={}", encoded(page["next_cursor"].as_str().unwrap()));
    let follow = |page: &Value| (page["has_more"] == json!(true)).then(|| to(page));
    let (all, last) = walk(&mut mock, LIST, follow);
    assert_eq!(all.len(), 4);
    let new = mock.seed_records("visit", 5, &mut Rng::seeded(2));
    let (some, _) = walk(&mut mock, &to(&last), follow);
    assert_eq!(some.len(), new.len(), "{some:?}");
}

/// The second page would be one of the whole list, and what changed there would never be read.
#[test]
fn a_link_to_changes_wants_pages_that_follow_links() {
    let refused = plans::feed_by("visits-by-cursor.yaml", "{token: next_cursor}").unwrap_err().to_string();
    assert!(refused.contains("the pages of listVisits do not follow links"), "{refused}");
    assert!(refused.contains("set source.feed.param"), "{refused}");
}

#[test]
fn a_token_that_was_never_given_is_refused() {
    let mut mock = visits(0, 2);
    for token in ["yesterday", "since-99%2B%2F%3D%3D", "since-1"] {
        let (status, body) = get(&mut mock, &format!("{LIST}?sync_token={token}"));
        assert_eq!(status, 410, "{token}: {body}");
    }
}

#[test]
fn the_connector_that_we_ship_follows_a_token_in_every_form() {
    for (plan, systems) in plans::feeds() {
        let form = plan.source.feed.clone();
        let options = DrillOptions { seed: 3, schedules: 8, ..DrillOptions::default() };
        let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
        for row in &matrix.rows {
            let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
            assert_eq!(row.verdict, Verdict::Pass, "{form:?}: {}: {}", row.code, why.unwrap_or_default());
        }
        for code in ["feed-token-expired", "second-run-incremental", "deleted-at-source", "failed-record-forgotten"] {
            assert!(matrix.rows.iter().any(|r| r.code == code), "{form:?}: {code}: {:?}", matrix.not_applicable);
        }
        let covered = coverage(&plan, &matrix.rows).into_iter().find(|c| c.clause == "source/feed").unwrap();
        assert!(covered.drills.contains(&"second-run-idle"), "{covered:?}");
    }
}
