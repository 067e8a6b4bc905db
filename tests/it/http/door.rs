//! Who and what is let in.

use platform_integration::base::digest::Digest;
use platform_integration::mcp::{Principals, Tls};
use serde_json::json;

use super::{ADA, Came, GRACE, both, came, client, serve};

#[tokio::test]
async fn who_has_no_good_token_is_told_so_and_no_more() {
    let served = serve(|o| o.principals = both()).await;
    let mut page = String::new();
    for (what, header) in [
        ("no token", None),
        ("another scheme", Some("Basic YWRhOmFkYQ==".to_owned())),
        ("a token of nobody", Some("Bearer token-of-nobody-0123456789abcdef".to_owned())),
        ("the beginning of a good one", Some(format!("Bearer {}", &ADA[..ADA.len() - 1]))),
        ("a good one and a letter", Some(format!("Bearer {ADA}0"))),
        ("the digest of a good one", Some(format!("Bearer {}", Digest::of_bytes(ADA.as_bytes())))),
        ("nothing after the scheme", Some("Bearer ".to_owned())),
    ] {
        let headers: Vec<(&str, &str)> = header.iter().map(|h| ("authorization", h.as_str())).collect();
        let came = served.send(&headers, "{}").await;
        assert_eq!(came.status, 401, "{what}");
        page.push_str(&came.page(what));
    }
    insta::assert_snapshot!(page);
    // The scheme is not case-sensitive, and space around a token is none of it.
    let lower = format!("bearer  {ADA} ");
    assert_ne!(served.send(&[("authorization", &lower)], "{}").await.status, 401);
    for token in [ADA, GRACE] {
        let listed = served.modern(Some(token), "tools/list", json!({})).await;
        assert_eq!(listed.status, 200, "{}", listed.text);
        assert!(listed.json()["result"]["tools"].as_array().unwrap().len() >= 12);
    }
}

#[tokio::test]
async fn a_principal_may_have_two_tokens_and_is_one() {
    let served = serve(|o| {
        let mut all = Principals::default();
        all.add("ada", &Digest::of_bytes(b"the old one"));
        all.add("ada", &Digest::of_bytes(b"the new one"));
        o.principals = Some(all);
    })
    .await;
    let open = json!({"name": "open_session", "arguments": {"name": "a-to-b"}});
    let opened = served.modern(Some("the old one"), "tools/call", open).await.json();
    let session = opened["result"]["structuredContent"]["session"].as_str().unwrap();
    let query = json!({"name": "query_evidence", "arguments": {"session": session}});
    let seen = served.modern(Some("the new one"), "tools/call", query).await.json();
    assert_eq!(seen["result"]["structuredContent"]["events"][0]["kind"], "session-opened", "{seen}");
}

#[tokio::test]
async fn a_foreign_host_and_a_foreign_page_are_turned_away() {
    let served = serve(|o| {
        o.principals = both();
        o.hosts = vec!["mcp.example.com".to_owned()];
        o.origins = vec!["https://app.example.com".to_owned()];
    })
    .await;
    let bearer = format!("Bearer {ADA}");
    let ask = |name: &'static str, value: &'static str| {
        let (served, bearer) = (&served, bearer.as_str());
        async move {
            let body = super::modern("tools/list", json!({})).to_string();
            let headers =
                [("authorization", bearer), ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
            served.send(&[&headers[..], &[(name, value)]].concat(), body).await
        }
    };
    let mut page = String::new();
    for (name, value) in [
        ("host", "evil.example.com"),
        ("host", "mcp.example.com.evil.example"),
        ("origin", "https://evil.example.com"),
        ("origin", "https://app.example.com:8443"),
        ("origin", "http://app.example.com"),
        ("origin", "null"),
    ] {
        let came = ask(name, value).await;
        assert_eq!(came.status, 403, "{name}: {value}");
        page.push_str(&came.page(&format!("{name}: {value}")));
    }
    insta::assert_snapshot!(page);
    for (name, value) in [
        ("host", "mcp.example.com"),
        ("host", "mcp.example.com:8443"),
        ("host", "localhost:1"),
        ("origin", "https://app.example.com"),
        ("origin", "http://localhost:3000"),
        ("origin", "http://127.0.0.1:6274"),
    ] {
        assert_eq!(ask(name, value).await.status, 200, "{name}: {value}");
    }
}

#[tokio::test]
async fn what_is_no_protocol_is_said_and_nothing_falls_over() {
    let served = serve(|_| {}).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut page = String::new();
    for (what, body) in [
        ("nothing", String::new()),
        ("no JSON", "GET / HTTP/1.1".to_owned()),
        ("half an object", "{\"jsonrpc\": \"2.0\", \"id\": 1, ".to_owned()),
        ("deep nesting", deep),
        ("no request", "{\"jsonrpc\": \"2.0\"}".to_owned()),
        ("zeros", "\0".repeat(64)),
        ("a batch", "[]".to_owned()),
        ("a legacy call without its session", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string()),
    ] {
        let came = served.send(&[], body).await;
        assert!((400..500).contains(&came.status), "{what}: {came:?}");
        page.push_str(&came.page(what));
    }
    let mut other = |what: &str, came: Came| page.push_str(&came.page(what));
    other("another content type", served.send(&[("content-type", "text/plain")], "{}").await);
    other("an answer that is not taken", served.send(&[("accept", "text/html")], "{}").await);
    let root = format!("http://{}", served.addr);
    other("another path", came(served.client.get(format!("{root}/")).send().await.unwrap()).await);
    other("another method", came(served.client.put(&served.url).send().await.unwrap()).await);
    other("the health of it", came(served.client.get(format!("{root}/healthz")).send().await.unwrap()).await);
    insta::assert_snapshot!(page);
    let unknown = served.modern(None, "tools/call", json!({"name": "no_such_tool", "arguments": {}})).await;
    assert!(unknown.text.contains("unknown tool \\\"no_such_tool\\\""), "{}", unknown.text);
    assert_eq!(served.modern(None, "tools/list", json!({})).await.status, 200, "it still serves");
}

#[tokio::test]
async fn with_a_key_the_server_speaks_tls_alone() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = Tls::new(certificate.as_bytes(), key.as_bytes()).unwrap();
    let mut served = serve(|o| {
        o.principals = both();
        o.tls = Some(tls);
    })
    .await;
    assert!(served.url.starts_with("https://127.0.0.1:"));
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let stranger = std::mem::replace(&mut served.client, client().tls_certs_only([root]).build().unwrap());
    let listed = served.modern(Some(ADA), "tools/list", json!({})).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    assert_eq!(served.modern(None, "tools/list", json!({})).await.status, 401);
    // Who does not trust the certificate does not talk, and plain HTTP is not answered.
    assert!(stranger.get(&served.url).send().await.is_err());
    assert!(stranger.get(served.url.replace("https", "http")).send().await.is_err());
    assert_eq!(served.modern(Some(GRACE), "tools/list", json!({})).await.status, 200, "it still serves");
}

#[test]
fn a_key_that_does_not_fit_is_said_before_anything_listens() {
    let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (one, other) = (make(), make());
    let (certificate, key) = (one.cert.pem(), other.signing_key.serialize_pem());
    let mut page = String::new();
    for (what, certificate, key) in [
        ("no certificate", "", key.as_str()),
        ("a certificate that is none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key.as_str()),
        ("no key", certificate.as_str(), ""),
        ("the certificate twice", certificate.as_str(), certificate.as_str()),
        ("the key of another", certificate.as_str(), key.as_str()),
    ] {
        let refusal = Tls::new(certificate.as_bytes(), key.as_bytes()).unwrap_err();
        page.push_str(&format!("{what}\n{refusal}\n\n"));
    }
    insta::assert_snapshot!(page);
}
