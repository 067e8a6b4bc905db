//! Reading: the end is the end only when the source says so, and no error is taken for an empty page.

use serde_json::{Value, json};

use super::stage::{Stage, customer, pagination, path};
use super::world::{Fault, answer};
use crate::connector::{Response, WritePlan};
use crate::evidence::{Checkpoint, Verdict};
use crate::model::{CursorFrom, PageStyle, Pagination};

fn page(records: &[usize], cursor: &Value, more: bool) -> Response {
    let data: Vec<Value> = records.iter().map(|n| customer(*n)).collect();
    answer(200, &json!({"data": data, "next_cursor": cursor, "has_more": more}))
}

/// The source answers with these pages, one after another; the last one again and again.
fn pages(stage: &Stage, mut pages: Vec<Response>) {
    pages.reverse();
    stage.systems.list_as(move |_, _| if pages.len() > 1 { pages.pop().unwrap() } else { pages[0].clone() });
}

#[tokio::test(start_paused = true)]
async fn every_record_of_every_page_arrives_once() {
    let stage = Stage::with(5);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert_eq!((report.counts.expected, report.counts.read, report.counts.written), (Some(5), 5, 5));
    assert_eq!(stage.systems.emails().len(), 5);
    assert_eq!(stage.systems.contact("u3@x.example")["name"], "User 3");
    assert_eq!((report.requests, report.retries), (3 + 5 * 2, 0));
}

#[tokio::test(start_paused = true)]
async fn neither_a_short_nor_an_empty_page_is_the_end() {
    let stage = Stage::with(0);
    pages(
        &stage,
        vec![
            page(&[1], &json!("a"), true),
            page(&[], &json!("b"), true),
            page(&[], &json!("c"), true),
            page(&[2, 3], &json!(null), false),
        ],
    );
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3));
}

#[tokio::test(start_paused = true)]
async fn an_empty_cursor_is_the_end() {
    let stage = Stage::with(0);
    stage.systems.list_as(|_, _| answer(200, &json!({"data": [customer(1)], "next_cursor": ""})));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.requests), (Verdict::Pass, 3));
}

#[tokio::test(start_paused = true)]
async fn a_repeating_cursor_ends_the_run() {
    let stage = Stage::with(0);
    pages(&stage, vec![page(&[1], &json!("a"), true), page(&[2], &json!("a"), true)]);
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "repeating-cursor");
    assert_eq!((report.verdict, report.counts.written), (Verdict::Partial, 2));
    assert_eq!(stage.checkpoint().cursor, None, "the next run begins anew");
    assert_eq!(stage.checkpoint().watermark, None, "what lies behind the loop was never seen");
}

#[tokio::test(start_paused = true)]
async fn cursors_that_go_in_a_circle_end_the_run() {
    let stage = Stage::with(0);
    let mut n = 0;
    stage.systems.list_as(move |_, _| {
        n += 1;
        page(&[1], &json!(["a", "b", "c"][n % 3]), true)
    });
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "repeating-cursor");
    assert!(report.requests < 12);
}

#[tokio::test(start_paused = true)]
async fn more_without_a_cursor_is_no_success() {
    let stage = Stage::with(0);
    pages(&stage, vec![page(&[1], &json!(null), true)]);
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "cursor-missing");
    assert_eq!(report.verdict, Verdict::Partial);
}

#[tokio::test(start_paused = true)]
async fn an_expired_cursor_starts_again_and_writes_nothing_twice() {
    for status in [410, 400] {
        let stage = Stage::with(5);
        let mut calls = 0;
        let systems = stage.systems.clone();
        stage.systems.list_as(move |_, query| {
            calls += 1;
            if calls == 2 {
                return answer(status, &json!({"title": "cursor expired"}));
            }
            let from: usize = query.get("cursor").map_or(0, |c| c.parse().unwrap());
            let all = systems.customers.lock().unwrap();
            let to = (from + 2).min(all.len());
            let next = (to < all.len()).then(|| to.to_string());
            answer(200, &json!({"data": all[from..to], "next_cursor": next, "has_more": to < all.len(), "total": 5}))
        });
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.unique, report.counts.written), (Verdict::Pass, 5, 5), "{report:?}");
        assert_eq!(report.counts.read, 7, "the first page was read again");
        assert_eq!(stage.systems.requests("POST /contacts").len(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_always_refused_ends_the_run() {
    let stage = Stage::with(0);
    stage.systems.list_as(|_, query| match query.get("cursor") {
        None => page(&[1], &json!("x"), true),
        Some(_) => answer(410, &json!({})),
    });
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "cursor-expired");
    assert_eq!(report.verdict, Verdict::Partial);
}

#[tokio::test(start_paused = true)]
async fn a_broken_page_is_read_again_and_never_taken_as_empty() {
    for fault in [
        Fault::Raw(200, "application/json", r#"{"data": [{"id": "c1", "#),
        Fault::Raw(200, "text/html", "<html>maintenance</html>"),
        Fault::Raw(200, "application/json", ""),
        Fault::Raw(200, "application/json", r#"{"hello": "world"}"#),
        Fault::Raw(200, "application/json", r#"{"data": {"id": "c1"}}"#),
        Fault::Raw(502, "text/html", "<html>bad gateway</html>"),
        Fault::NoConnection,
        Fault::Hang,
    ] {
        let stage = Stage::with(3);
        stage.systems.fault("GET /customers", 2, fault.clone());
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.written, report.retries), (Verdict::Pass, 3, 2), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_stays_broken_is_no_success() {
    for (fault, code) in [
        (Fault::Raw(200, "text/html", "<html>login</html>"), "unexpected-answer"),
        (Fault::Answer(503, vec![], json!({})), "source-down"),
        (Fault::Answer(403, vec![], json!({"title": "no"})), "source-refused"),
        (Fault::BadCertificate, "tls-refused"),
        (Fault::Answer(302, vec![("location", "https://evil.example/x")], json!({})), "redirect-refused"),
    ] {
        let stage = Stage::with(3);
        stage.systems.fault("GET /customers", 100, fault);
        let report = stage.run().await;
        assert_eq!(report.stopped.as_ref().unwrap().0, code);
        assert_ne!(report.verdict, Verdict::Pass);
        assert!(report.requests <= 4, "bounded: {report:?}");
        assert_eq!(stage.checkpoint().watermark, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_a_success_is_not_an_empty_page() {
    for body in [
        json!({"ok": false, "error": "invalid_cursor"}),
        json!({"success": false, "data": []}),
        json!({"errors": [{"message": "no such field"}], "data": []}),
        json!({"status": "error", "data": []}),
    ] {
        let stage = Stage::with(3);
        stage.systems.fault("GET /customers", 100, Fault::Answer(200, vec![], body.clone()));
        let report = stage.run().await;
        assert_eq!(report.stopped.unwrap().0, "error-envelope", "{body}");
        assert_eq!((report.verdict, report.requests), (Verdict::Fail, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_inside_a_success_is_waited_for() {
    let stage = Stage::with(3);
    stage.systems.fault(
        "GET /customers",
        1,
        Fault::Answer(200, vec![("retry-after", "9")], json!({"ok": false, "error": "ratelimited"})),
    );
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3));
    assert!(stage.systems.requests("GET /customers")[1].at >= 9_000);
}

#[tokio::test(start_paused = true)]
async fn a_record_without_a_key_waits_among_the_dead_letters_and_the_others_go_on() {
    let stage = Stage::with(0);
    let data = json!([customer(1), {"email": "no@key.example"}, "no object", {"id": null}, customer(2)]);
    stage.systems.list_as(move |_, _| answer(200, &json!({"data": data, "has_more": false})));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written, report.counts.dead_lettered), (Verdict::Partial, 2, 3));
    assert_eq!(report.counts.settled(), report.counts.unique);
    assert!(stage.letters().iter().all(|l| l.code == "key-missing"));
    assert_eq!(stage.letters()[0].payload, json!({"email": "no@key.example"}));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_overlaps_the_one_before_is_counted_by_key() {
    let stage = Stage::with(0);
    pages(&stage, vec![page(&[1, 2], &json!("a"), true), page(&[2, 3], &json!(null), false)]);
    let report = stage.run().await;
    assert_eq!((report.counts.read, report.counts.unique, report.counts.written), (4, 3, 3));
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(stage.systems.requests("POST /contacts").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_total_that_differs_from_what_came_is_no_success() {
    let stage = Stage::with(0);
    stage.systems.list_as(|_, _| answer(200, &json!({"data": [customer(1)], "has_more": false, "total": 2})));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.expected, report.counts.unique), (Verdict::Partial, Some(2), 1));
}

#[tokio::test(start_paused = true)]
async fn the_key_of_the_last_record_is_a_cursor() {
    let mut stage = Stage::with(5);
    stage.plan.source.pagination = Some(Pagination {
        param: Some("starting_after".into()),
        next: Some(CursorFrom::LastItem("id".into())),
        more: Some(path("has_more")),
        ..pagination(PageStyle::Cursor)
    });
    let systems = stage.systems.clone();
    stage.systems.list_as(move |_, query| {
        let all = systems.customers.lock().unwrap();
        let from = query.get("starting_after").map_or(0, |c| all.iter().position(|r| r["id"] == *c).unwrap() + 1);
        let to = (from + 2).min(all.len());
        answer(200, &json!({"data": all[from..to], "has_more": to < all.len()}))
    });
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 5));
}

/// Offset paging over whatever the source holds at that moment; a page may be shorter than asked for.
fn by_offset(stage: &mut Stage, total: bool, mut meanwhile: impl FnMut(u32, &mut Vec<Value>) + Send + 'static) {
    stage.plan.source.pagination = Some(Pagination {
        param: Some("offset".into()),
        limit_param: Some("limit".into()),
        total: total.then(|| path("total")),
        ..pagination(PageStyle::Offset)
    });
    stage.plan.source.limit = Some(2);
    let systems = stage.systems.clone();
    let mut calls = 0;
    stage.systems.list_as(move |_, query| {
        let mut all = systems.customers.lock().unwrap();
        calls += 1;
        meanwhile(calls, &mut all);
        let from: usize = query.get("offset").map_or(0, |o| o.parse().unwrap()).min(all.len());
        let to = (from + query["limit"].parse::<usize>().unwrap()).min(all.len());
        answer(200, &json!({"data": all[from..to], "total": all.len()}))
    });
}

#[tokio::test(start_paused = true)]
async fn offsets_go_on_until_the_total_is_reached_or_a_page_is_empty() {
    for total in [true, false] {
        let mut stage = Stage::with(5);
        by_offset(&mut stage, total, |_, _| ());
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 5));
        let offsets: Vec<_> =
            stage.systems.requests("GET /customers").iter().map(|s| s.query().get("offset").cloned()).collect();
        let wanted: &[Option<&str>] =
            if total { &[None, Some("2"), Some("4")] } else { &[None, Some("2"), Some("4"), Some("5")] };
        assert_eq!(offsets.iter().map(Option::as_deref).collect::<Vec<_>>(), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_slipped_past_the_offset_is_found_at_a_second_look() {
    let mut stage = Stage::with(6);
    by_offset(&mut stage, true, |call, all| {
        if call == 2 {
            // Everything behind moves up by one, past the offset.
            all.remove(0);
        }
    });
    let report = stage.run().await;
    assert!(stage.systems.emails().contains(&"u3@x.example".to_owned()), "it was skipped at the first look");
    assert_eq!(report.counts.written, 6);
    assert_ne!(report.verdict, Verdict::Fail);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_changed_while_its_pages_were_counted_is_reason_for_a_second_look() {
    // The total stays the same, and from a checkpoint on nobody knows how many there should be.
    let mut stage = Stage::with(6);
    by_offset(&mut stage, true, |call, all| {
        if call == 2 {
            let mut first = all.remove(0);
            first["name"] = json!("Changed");
            first["updated_at"] = json!("2026-11-01T00:00:59Z");
            all.push(first);
        }
    });
    stage
        .world
        .ledger
        .set_checkpoint(
            "contacts",
            &Checkpoint { watermark: Some("2026-11-01T00:00:01Z".into()), ..Checkpoint::default() },
        )
        .unwrap();
    let report = stage.run().await;
    assert!(stage.systems.emails().contains(&"u3@x.example".to_owned()), "it was skipped at the first look");
    assert_eq!(stage.systems.contact("u1@x.example")["name"], "Changed");
    assert_eq!((report.verdict, stage.events("pages-shifted")), (Verdict::Pass, 1));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ignores_the_page_number_does_not_run_for_ever() {
    let mut stage = Stage::with(0);
    stage.plan.source.pagination = Some(Pagination { param: Some("page".into()), ..pagination(PageStyle::Page) });
    stage.systems.list_as(|_, _| answer(200, &json!({"data": [customer(1), customer(2)]})));
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "repeating-cursor");
    assert_eq!(report.counts.written, 2);
}

#[tokio::test(start_paused = true)]
async fn page_numbers_count_from_where_the_system_counts() {
    for first in [0, 1] {
        let mut stage = Stage::with(5);
        stage.plan.source.pagination =
            Some(Pagination { param: Some("page".into()), first_page: first, ..pagination(PageStyle::Page) });
        let systems = stage.systems.clone();
        stage.systems.list_as(move |_, query| {
            let all = systems.customers.lock().unwrap();
            let number: u64 = query.get("page").map_or(first, |p| p.parse().unwrap());
            let from = (usize::try_from(number - first).unwrap() * 2).min(all.len());
            answer(200, &json!({"data": all[from..(from + 2).min(all.len())]}))
        });
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 5), "first page {first}");
    }
}

#[tokio::test(start_paused = true)]
async fn links_in_header_and_body_are_followed() {
    for in_header in [true, false] {
        let mut stage = Stage::with(5);
        let style = if in_header { PageStyle::LinkHeader } else { PageStyle::LinkBody };
        stage.plan.source.pagination =
            Some(Pagination { next: Some(CursorFrom::Body(path("links.next"))), ..pagination(style) });
        let systems = stage.systems.clone();
        stage.systems.list_as(move |_, query| {
            let all = systems.customers.lock().unwrap();
            let from: usize = query.get("after").map_or(0, |a| a.parse().unwrap());
            let to = (from + 2).min(all.len());
            let next = (to < all.len()).then(|| format!("/customers?after={to}&keep=this"));
            if !in_header {
                return answer(200, &json!({"data": all[from..to], "links": {"next": next}}));
            }
            let mut response = answer(200, &json!({"data": all[from..to]}));
            if let Some(next) = next {
                let link = format!("<https://source.example{next}>; rel=\"next\", </customers>; rel=\"first\"");
                response.headers.push(("link".into(), link));
            }
            response
        });
        let report = stage.run().await;
        assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 5), "{in_header}");
        assert_eq!(stage.systems.requests("GET /customers")[1].query()["keep"], "this");
    }
}

/// JSON:API 1.1: a link is a text, or an object with `href`. What is neither is no end.
#[tokio::test(start_paused = true)]
async fn a_link_may_be_an_object() {
    for (next, written, verdict) in [
        (json!({"href": "/customers?page=2"}), 2, Verdict::Pass),
        (json!({"url": "/customers?page=2"}), 1, Verdict::Partial),
        (json!(null), 1, Verdict::Pass),
        (json!(false), 1, Verdict::Pass),
    ] {
        let mut stage = Stage::with(2);
        stage.plan.source.pagination =
            Some(Pagination { next: Some(CursorFrom::Body(path("links.next"))), ..pagination(PageStyle::LinkBody) });
        let systems = stage.systems.clone();
        let told = next.clone();
        stage.systems.list_as(move |_, query| {
            let all = systems.customers.lock().unwrap();
            match query.get("page") {
                None => answer(200, &json!({"data": all[..1], "links": {"next": told}})),
                Some(_) => answer(200, &json!({"data": all[1..], "links": {"next": null}})),
            }
        });
        let report = stage.run().await;
        assert_eq!((report.counts.written, report.verdict), (written, verdict), "{next}: {report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_to_another_host_is_not_followed() {
    let mut stage = Stage::with(0);
    stage.plan.source.pagination =
        Some(Pagination { next: Some(CursorFrom::Body(path("next"))), ..pagination(PageStyle::LinkBody) });
    stage
        .systems
        .list_as(|_, _| answer(200, &json!({"data": [customer(1)], "next": "https://evil.example/customers"})));
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "foreign-link");
    assert!(stage.systems.seen.lock().unwrap().iter().all(|s| !s.request.url.contains("evil")));
}

#[tokio::test(start_paused = true)]
async fn a_search_of_several_pages_is_looked_through() {
    let mut stage = Stage::with(1);
    stage.systems.contacts.lock().unwrap().push(json!({"id": "k1", "email": "u1@x.example", "name": "Old"}));
    if let WritePlan::Upsert { find, find_param, find_pages, .. } = &mut stage.plan.target.write {
        find.path = "/customers".into();
        *find_param = "q".into();
        *find_pages = stage.plan.source.pagination.clone();
    }
    stage.systems.list_as(|_, _| answer(200, &json!({"data": [customer(1)], "has_more": false})));
    // The search answers with the wanted record on its second page only.
    stage.systems.fault(
        "GET /customers",
        1,
        Fault::Answer(200, vec![], json!({"data": [customer(1)], "has_more": false})),
    );
    stage.systems.fault(
        "GET /customers",
        1,
        Fault::Answer(
            200,
            vec![],
            json!({"results": [{"id": "k9", "email": "u11@x.example"}], "has_more": true, "next_cursor": "n"}),
        ),
    );
    stage.systems.fault(
        "GET /customers",
        1,
        Fault::Answer(200, vec![], json!({"results": [{"id": "k1", "email": "U1@x.example"}], "has_more": false})),
    );
    let report = stage.run().await;
    assert_eq!(report.counts.written, 1);
    assert_eq!(stage.systems.requests("PATCH /contacts/k1").len(), 1);
    assert_eq!(stage.systems.requests("POST /contacts").len(), 0);
}

/// A filter that works on whole pages leaves many of them empty.
#[tokio::test(start_paused = true)]
async fn a_flag_that_says_more_is_believed_over_many_empty_pages_and_not_for_ever() {
    let mut stage = Stage::with(0);
    stage.plan.source.pagination = Some(crate::model::Pagination {
        param: Some("page".into()),
        more: Some(path("has_more")),
        ..super::stage::pagination(crate::model::PageStyle::Page)
    });
    stage.systems.list_as(|_, query| {
        let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
        let data = match page {
            1 => vec![customer(1), customer(2)],
            12 => vec![customer(3)],
            _ => Vec::new(),
        };
        answer(200, &json!({"data": data, "has_more": page < 12}))
    });
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3), "{report:?}");

    let mut stage = stage;
    stage.plan.flow = "others".into();
    stage.systems.list_as(|_, _| answer(200, &json!({"data": [], "has_more": true})));
    assert_eq!(stage.run().await.stopped.unwrap().0, "pages-without-end");
}
