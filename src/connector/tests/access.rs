//! Credentials: fetched once, renewed once, never shown, never sent elsewhere.

use serde_json::json;

use super::stage::Stage;
use super::world::Fault;
use crate::connector::AuthPlan;
use crate::evidence::Verdict;

#[tokio::test(start_paused = true)]
async fn one_token_serves_everybody() {
    let stage = Stage::with(12).with_tokens();
    *stage.systems.page_size.lock().unwrap() = 12;
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 12), "{report:?}");
    let asked = stage.systems.requests("POST /oauth/token");
    assert_eq!(asked.len(), 1);
    let body = String::from_utf8_lossy(&asked[0].request.body).into_owned();
    assert_eq!(body, "grant_type=client_credentials&scope=contacts.write");
    assert_eq!(asked[0].request.header("authorization"), Some("Basic Y2xpZW50LTc3Omh1c2gtaHVzaCUyRjE="));
    let sent = stage.systems.requests("POST /contacts");
    assert!(sent.iter().all(|s| s.request.header("authorization") == Some("Bearer token-1-abcdefgh")));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_midway_is_renewed_once_by_all_together() {
    let stage = Stage::with(16).with_tokens();
    *stage.systems.page_size.lock().unwrap() = 8;
    // Revoked at the source of truth while eight are at work.
    let systems = stage.systems.clone();
    let mut pages = 0;
    stage.systems.list_as(move |_, _| {
        pages += 1;
        if pages == 2 {
            systems.tokens.lock().unwrap().remove("token-1-abcdefgh");
        }
        let all = systems.customers.lock().unwrap();
        let (from, to) = if pages == 1 { (0, 8) } else { (8, 16) };
        super::world::answer(
            200,
            &json!({"data": all[from..to], "next_cursor": "n", "has_more": pages == 1, "total": 16}),
        )
    });
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 16), "{report:?}");
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 2, "one refresh, shared");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_expires() {
    let mut stage = Stage::with(3).with_tokens();
    *stage.systems.expires_in.lock().unwrap() = Some(10);
    stage.plan.delivery.order = crate::contract::Order::Total;
    *stage.systems.latency.lock().unwrap() = std::time::Duration::from_millis(4_500);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(stage.events("unauthorized"), 0);
    assert!(stage.systems.requests("POST /oauth/token").len() > 1);
}

fn kept(stage: &Stage) -> String {
    stage.secrets.0.lock().unwrap()["env:REFRESH"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_used_once_and_the_next_one_is_kept() {
    let stage = Stage::with(12).with_refresh();
    *stage.systems.page_size.lock().unwrap() = 12;
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 12), "{report:?}");
    let asked = stage.systems.requests("POST /oauth/token");
    assert_eq!(asked.len(), 1, "one refresh for all");
    let body = String::from_utf8_lossy(&asked[0].request.body).into_owned();
    assert_eq!(body, "grant_type=refresh_token&refresh_token=refresh-0-abcdefgh&scope=contacts.write");
    assert_eq!(kept(&stage), "refresh-1-abcdefgh");
    // Another start goes on with it.
    let mut changed = super::stage::customer(3);
    changed["name"] = json!("Other");
    changed["updated_at"] = json!("2026-11-02T00:00:00Z");
    stage.set_customer(2, changed);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(kept(&stage), "refresh-2-abcdefgh");
    let shown = stage.shown();
    assert!(!shown.contains("refresh-0") && !shown.contains("refresh-1") && !shown.contains("token-1-a"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn parallel_401s_lead_to_one_refresh() {
    let stage = Stage::with(8).with_refresh();
    *stage.systems.page_size.lock().unwrap() = 8;
    stage.systems.fault("GET /contacts/search", 8, Fault::Answer(401, vec![], json!({})));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 8), "{report:?}");
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 2);
    assert_eq!(kept(&stage), "refresh-2-abcdefgh");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_somebody_else_renewed_is_read_again_and_one_that_is_spent_ends_the_run() {
    let stage = Stage::with(1).with_refresh();
    stage.systems.fault("POST /oauth/token", 1, Fault::Answer(400, vec![], json!({"error": "invalid_grant"})));
    let report = stage.run().await;
    let (code, because) = report.stopped.clone().unwrap();
    assert_eq!(code, "auth-failed");
    assert!(because.contains("agree again") && because.contains("env:REFRESH"), "{because}");
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 1, "a spent token is not sent twice");
    assert!(report.needs_somebody());
}

/// Nothing is spent before there is a place for what comes back.
#[tokio::test(start_paused = true)]
async fn a_full_disk_is_found_out_before_the_refresh_token_is_spent() {
    let stage = Stage::with(1).with_refresh();
    stage.secrets.1.store(true, std::sync::atomic::Ordering::Relaxed);
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "refresh-token-unkept");
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 0);
    stage.secrets.1.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
}

#[tokio::test(start_paused = true)]
async fn several_credentials_go_together() {
    let mut stage = Stage::with(1).with_tokens();
    let key = AuthPlan::HeaderKey { name: "X-Api-Key".into(), secret: stage.secret("H", "header-key-1") };
    let cookie = |name: &str, secret| AuthPlan::CookieKey { name: name.into(), secret };
    let (one, two) = (cookie("sid", stage.secret("C", "cookie-1")), cookie("tenant", stage.secret("T", "t-9999")));
    let token = std::mem::replace(&mut stage.plan.target.auth, AuthPlan::None);
    stage.plan.target.auth = AuthPlan::All(vec![token, key, one, two]);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    let post = stage.systems.requests("POST /contacts").remove(0).request;
    assert_eq!(post.header("authorization"), Some("Bearer token-1-abcdefgh"));
    assert_eq!(post.header("x-api-key"), Some("header-key-1"));
    assert_eq!(post.header("cookie"), Some("sid=cookie-1; tenant=t-9999"));
    assert_eq!(stage.plan.secret_refs().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_that_is_refused_ends_the_run() {
    let stage = Stage::with(3).with_tokens();
    stage.systems.fault("GET /contacts/search", 100, Fault::Answer(401, vec![], json!({})));
    let report = stage.run().await;
    assert_eq!(report.stopped.as_ref().unwrap().0, "auth-failed");
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.needs_somebody());
    assert!(stage.systems.requests("POST /oauth/token").len() <= 2, "no loop");
    assert!(stage.systems.requests("GET /contacts/search").len() <= 4);
    assert_eq!(stage.letters().len(), 0, "no record is to blame");
}

/// Slack's way: the status is 200, whatever came of it.
#[tokio::test(start_paused = true)]
async fn a_token_that_expired_inside_a_200_is_renewed_once() {
    let expired = || Fault::Answer(200, vec![], json!({"ok": false, "error": "token_expired"}));
    let stage = Stage::with(3).with_tokens();
    stage.systems.fault("POST /contacts", 1, expired());
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3), "{report:?}");
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 2);

    let stage = Stage::with(3).with_tokens();
    stage.systems.fault("POST /contacts", 100, expired());
    let report = stage.run().await;
    assert_eq!(report.stopped.as_ref().unwrap().0, "auth-failed");
    assert!(stage.systems.requests("POST /oauth/token").len() <= 2, "no loop");
    assert_eq!(stage.letters().len(), 0, "no record is to blame");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_a_life_is_used_until_it_is_refused() {
    let stage = Stage::with(3).with_tokens();
    let token = json!({"access_token": "token-0-abcdefgh", "token_type": "bearer", "expires_in": 0});
    stage.systems.fault("POST /oauth/token", 9, Fault::Answer(200, vec![], token));
    stage.systems.tokens.lock().unwrap().insert("token-0-abcdefgh".into());
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_given_ends_the_run_without_hammering() {
    for (status, body) in [(400, json!({"error": "invalid_grant"})), (401, json!({"error": "access_denied"}))] {
        let stage = Stage::with(8).with_tokens();
        *stage.systems.page_size.lock().unwrap() = 8;
        stage.systems.fault("POST /oauth/token", 100, Fault::Answer(status, vec![], body));
        let report = stage.run().await;
        assert_eq!(report.stopped.unwrap().0, "auth-failed");
        assert_eq!(stage.systems.requests("POST /oauth/token").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_stumbles_is_asked_again() {
    let stage = Stage::with(1).with_tokens();
    stage.systems.fault("POST /oauth/token", 1, Fault::Answer(503, vec![], json!({})));
    stage.systems.fault("POST /oauth/token", 1, Fault::Raw(200, "text/html", "<html>"));
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_reads_the_form_gets_the_client_in_the_form() {
    for (status, says) in [
        (401, json!({"error": "invalid_client"})),
        (400, json!({"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"})),
    ] {
        let stage = Stage::with(1).with_tokens();
        stage.systems.fault("POST /oauth/token", 1, Fault::Answer(status, vec![], says));
        assert_eq!(stage.run().await.verdict, Verdict::Pass);
        let asked = stage.systems.requests("POST /oauth/token");
        assert!(String::from_utf8_lossy(&asked[1].request.body).contains("client_secret=hush-hush%2F1"));
        assert_eq!(asked[1].request.header("authorization"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_static_token_is_read_again_once_when_it_is_refused() {
    let mut stage = Stage::with(1);
    stage.systems.tokens.lock().unwrap().insert("rotated-1".into());
    stage.plan.target.auth = AuthPlan::Bearer(stage.secret("TOKEN", "old-token-1"));
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "auth-failed", "the same value is not sent twice");
    assert_eq!(stage.systems.requests("GET /contacts/search").len(), 1);

    let secrets = stage.secrets.clone();
    let systems = stage.systems.clone();
    stage.systems.list_as(move |_, _| {
        let all = systems.customers.lock().unwrap().clone();
        super::world::answer(200, &json!({"data": all, "has_more": false}))
    });
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(401, vec![], json!({})));
    secrets.0.lock().unwrap().insert("env:TOKEN".into(), "rotated-1".into());
    // Resolved before the fault, rotated after it.
    let report = stage.run().await;
    assert_ne!(report.verdict, Verdict::Pass, "the value is the same when it is read again");
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
}

#[tokio::test(start_paused = true)]
async fn credentials_go_where_the_scheme_says() {
    let mut stage = Stage::with(1);
    stage.plan.source.auth = AuthPlan::QueryKey { name: "api_key".into(), secret: stage.secret("Q", "query-key-1") };
    stage.plan.target.auth =
        AuthPlan::HeaderKey { name: "X-Api-Key".into(), secret: stage.secret("H", "header-key-1") };
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.requests("GET /customers")[0].query()["api_key"], "query-key-1");
    let post = stage.systems.requests("POST /contacts").remove(0).request;
    assert_eq!(post.header("x-api-key"), Some("header-key-1"));
    assert!(!post.url.contains("header-key-1"));

    let mut stage = Stage::with(1);
    let (username, password) = (stage.secret("U", "ada"), stage.secret("P", "lovelace"));
    stage.plan.target.auth = AuthPlan::Basic { username, password: Some(password) };
    stage.run().await;
    let post = stage.systems.requests("POST /contacts").remove(0).request;
    assert_eq!(post.header("authorization"), Some("Basic YWRhOmxvdmVsYWNl"));

    // Both in one secret (RFC 7617 section 2: the first colon parts them), and a user name alone.
    for (secret, sent) in [("ada:love:lace", "Basic YWRhOmxvdmU6bGFjZQ=="), ("sk_test_1", "Basic c2tfdGVzdF8xOg==")] {
        let mut stage = Stage::with(1);
        stage.plan.target.auth = AuthPlan::Basic { username: stage.secret("U", secret), password: None };
        stage.run().await;
        let post = stage.systems.requests("POST /contacts").remove(0).request;
        assert_eq!(post.header("authorization"), Some(sent), "{secret}");
    }
}

/// What holds another secret is masked first: `YWJjZGVm` alone would leave the password of the header behind it.
#[tokio::test(start_paused = true)]
async fn a_whole_header_that_is_echoed_is_masked_whole() {
    let mut stage = Stage::with(1);
    let (username, password) = (stage.secret("U", "abcdef"), stage.secret("P", "wonderland-pw"));
    stage.plan.target.auth = AuthPlan::Basic { username, password: Some(password) };
    let echo = json!({"title": "bad header Basic YWJjZGVmOndvbmRlcmxhbmQtcHc="});
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], echo));
    stage.run().await;
    let shown = stage.shown();
    assert!(shown.contains("[redacted]") && !shown.contains("OndvbmRlcmxhbmQtcHc"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_token_for_ever_is_one_for_long() {
    let stage = Stage::with(3).with_tokens();
    *stage.systems.expires_in.lock().unwrap() = Some(u64::MAX);
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_ends_the_run_before_anything_is_sent() {
    let mut stage = Stage::with(1);
    stage.plan.source.auth = AuthPlan::Bearer(crate::base::secret::SecretRef::Env("NOT_SET".into()));
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!((code.as_str(), report.requests), ("secret-missing", 0));
    assert!(because.contains("env:NOT_SET"), "{because}");
}

/// Never with the test key in the place of the real one.
#[tokio::test(start_paused = true)]
async fn pseudonyms_are_made_with_the_key_of_the_run_or_not_at_all() {
    const RULES: &str = "email: email\nname: {from: name, with: [{pseudonym: {key: env:PEPPER, length: 20}}]}";
    let mut stage = Stage::with(1);
    stage.plan.mapping = super::stage::mapping(RULES);
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!((code.as_str(), report.requests), ("secret-missing", 0));
    assert!(because.contains("env:PEPPER"), "{because}");

    stage.secret("PEPPER", "too short");
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!((code.as_str(), report.requests), ("secret-malformed", 0));
    assert!(!because.contains("too short"), "{because}");

    let key = "0123456789abcdef0123456789abcdef";
    let reference = stage.secret("PEPPER", key);
    assert!(stage.plan.secret_refs().contains(&reference));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 1), "{report:?}");
    let sent = stage.systems.requests("POST /contacts").remove(0).request;
    let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    let test = stage.plan.mapped(&super::stage::customer(1)).unwrap();
    assert_eq!(sent["name"].as_str().map(str::len), Some(20));
    assert_ne!(sent["name"], test["name"]);
    assert!(!stage.shown().contains(key));
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_missing_ends_the_run_and_is_named() {
    let stage = Stage::with(3).with_tokens();
    let headers = vec![("www-authenticate", r#"Bearer error="insufficient_scope", scope="contacts.write""#)];
    stage.systems.fault("POST /contacts", 100, Fault::Answer(403, headers, json!({})));
    let report = stage.run().await;
    let (code, because) = report.stopped.unwrap();
    assert_eq!(code, "scope-missing");
    assert!(because.contains("contacts.write"), "{because}");
    assert_eq!(stage.letters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed() {
    let stage = Stage::with(1).with_tokens();
    let elsewhere = vec![("location", "https://evil.example/contacts")];
    stage.systems.fault("POST /contacts", 1, Fault::Answer(307, elsewhere, json!({})));
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "redirect-refused");
    assert!(stage.systems.seen.lock().unwrap().iter().all(|s| !s.request.url.contains("evil")));
}

#[tokio::test(start_paused = true)]
async fn a_system_that_echoes_the_credential_does_not_get_it_into_logs_or_dead_letters() {
    let mut stage = Stage::with(2).with_tokens();
    stage.plan.source.auth = AuthPlan::QueryKey { name: "api_key".into(), secret: stage.secret("Q", "s3cr3t/value") };
    stage.systems.fault(
        "GET /customers",
        1,
        Fault::Answer(
            500,
            vec![],
            json!({"message": "GET /customers?api_key=s3cr3t%2Fvalue with s3cr3t/value failed"}),
        ),
    );
    let echo = json!({"detail": "Authorization: Bearer token-1-abcdefgh; aHVzaC1odXNoLzE= hush-hush/1 hush-hush%2F1"});
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], echo));
    let report = stage.run().await;
    assert_eq!(report.counts.dead_lettered, 1);
    let shown = format!("{}{report:?}", stage.shown());
    for secret in ["s3cr3t", "hush-hush", "token-1-abcdefgh", "aHVzaC1odXNoLzE="] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("[redacted]"));
}

#[tokio::test(start_paused = true)]
async fn half_a_credential_is_not_shown_either_where_a_message_is_cut() {
    let key = "0123456789abcdef0123456789abcdef";
    // Whatever a message is cut to, one of these has the key across the cut.
    for filler in (0..400).step_by(20) {
        let mut stage = Stage::with(2).with_tokens();
        stage.plan.source.auth = AuthPlan::QueryKey { name: "api_key".into(), secret: stage.secret("Q", key) };
        let said = format!("{}{key} is refused", "x".repeat(filler));
        for body in [json!({ "message": said }), json!(said)] {
            stage.systems.fault("GET /customers", 1, Fault::Answer(500, vec![], body));
        }
        let report = stage.run().await;
        let shown = format!("{}{report:?}", stage.shown());
        assert!(!shown.contains(&key[..12]), "behind {filler} letters: {shown}");
        assert!(shown.contains("xxxxxx") || filler == 0, "what it says otherwise is shown: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_where_the_plan_does_not_point() {
    for base in ["https://source.example", "http://127.0.0.1"] {
        for path in ["@192.0.2.2:18080/v1/x", ".evil.example/v1/x", ":8443/v1/x"] {
            let mut stage = Stage::with(3).with_tokens();
            stage.plan.source.base_url = base.to_owned();
            stage.plan.source.list.as_mut().unwrap().path = path.to_owned();
            let report = stage.run().await;
            assert_eq!(report.stopped.as_ref().unwrap().0, "other-origin", "{base}{path}: {report:?}");
            assert_eq!(stage.systems.lines(), Vec::<String>::new(), "{base}{path}");
        }
    }
}
