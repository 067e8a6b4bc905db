//! The plans of the examples.

use std::collections::BTreeMap;
use std::sync::Arc;

use platform_integration::connector::{Plan, PlanError, plan};
use platform_integration::contract::{declared, parse};
use platform_integration::mapping::compile;
use platform_integration::model::System;
use platform_integration::readers::read_bytes;

/// A plan and the systems it is about.
pub(crate) type Bench = (Plan, BTreeMap<String, Arc<System>>);

/// The first example.
pub(crate) fn billing_to_crm() -> Bench {
    example("billing-to-crm", |_| {})
}

/// The second example.
pub(crate) fn payments_to_ledger() -> Bench {
    example("payments-to-ledger", |_| {})
}

/// Paged by offset, times without a zone, written with PUT.
pub(crate) fn erp_to_shop() -> Bench {
    example("erp-to-shop", |_| {})
}

/// Many records in one request.
pub(crate) fn stock_to_market() -> Bench {
    example("stock-to-market", |_| {})
}

/// Link headers, forms, a look-up before each write.
pub(crate) fn issues_to_tickets() -> Bench {
    example("issues-to-tickets", |_| {})
}

/// Asked for by GraphQL, as a connection.
pub(crate) fn people_to_badges() -> Bench {
    example("people-to-badges", |_| {})
}

/// By webhook, with a sweep, to a create.
pub(crate) fn tills_to_books() -> Bench {
    example("tills-to-books", |_| {})
}

/// By webhook alone, to an upsert, with a version.
pub(crate) fn hooks() -> Bench {
    bench("tests/fixtures/lab/hooks", |_| {})
}

/// The same under another scheme, which signs no time, with the id in the payload.
pub(crate) fn hooks_by_hmac() -> Bench {
    bench("tests/fixtures/lab/hooks", |text| {
        let ours = "{scheme: standard-webhooks, secret: env:SHOP_HOOK, tolerance: 5m}";
        assert!(text.contains(ours));
        let theirs =
            "{scheme: hmac, header: X-Shop-Mac, encoding: base64, secret: env:SHOP_HOOK}\n        id: event_id";
        *text = text.replace(ours, theirs);
    })
}

/// The same, signed with the time, which stands in a header of its own.
pub(crate) fn hooks_by_hmac_with_time() -> Bench {
    bench("tests/fixtures/lab/hooks", |text| {
        let ours = "{scheme: standard-webhooks, secret: env:SHOP_HOOK, tolerance: 5m}";
        assert!(text.contains(ours));
        let theirs = "{scheme: hmac, header: X-Shop-Mac, timestamp: X-Shop-Time, signed: \"v0:{timestamp}:{body}\", prefix: \"v0=\", \
                      secret: env:SHOP_HOOK, tolerance: 5m}\n        id: event_id";
        *text = text.replace(ours, theirs);
    })
}

/// Deletions are carried over, in this way.
pub(crate) fn deletes(how: &str) -> Bench {
    bench("tests/fixtures/lab/deletes", |text| {
        assert!(text.contains("deletes: sweep"));
        *text = text.replace("deletes: sweep", how);
    })
}

/// Of a source that marks what is deleted, tells when a record changed, and whose description does not say which field is the key.
pub(crate) fn roster() -> Bench {
    bench("tests/fixtures/lab/deletes", |text| {
        let marked = "deletes: tombstone\n      incremental: {field: changed_at, param: changed_since}";
        for (from, to) in [
            ("club.yaml", "roster.yaml"),
            ("key: id", "key: memberNo"),
            ("deletes: sweep", marked),
            ("unmapped: [removed]", "unmapped: [removed, changed_at]"),
        ] {
            assert!(text.contains(from), "{from}");
            *text = text.replace(from, to);
        }
    })
}

/// The second example, with every record in order.
pub(crate) fn payments_in_order() -> Bench {
    example("payments-to-ledger", |text| {
        assert!(text.contains("order: none"));
        *text = text.replace("order: none", "order: total");
    })
}

/// The hooks, while their secret is being changed.
pub(crate) fn hooks_rotating() -> Bench {
    bench("tests/fixtures/lab/hooks", |text| {
        let one = "secret: env:SHOP_HOOK, tolerance";
        assert!(text.contains(one));
        *text = text.replace(one, "secret: env:SHOP_HOOK, previous: env:SHOP_HOOK_OLD, tolerance");
    })
}

/// Limits that are told before they are refused, and errors inside a success.
pub(crate) fn limits() -> Bench {
    bench("tests/fixtures/lab/limits", |_| {})
}

/// The source gives the URL of the next page in its body.
pub(crate) fn linked() -> Bench {
    bench("tests/fixtures/lab/linked", |_| {})
}

/// Changes are followed by a token.
pub(crate) fn feed() -> Bench {
    bench("tests/fixtures/lab/feed", without_deletions)
}

/// By a token, a link, or a cursor that goes on for ever; what is cancelled is deleted.
pub(crate) fn feeds() -> [Bench; 3] {
    [
        feed_by("visits.yaml", "{token: next_sync_token, param: sync_token}").unwrap(),
        feed_by("visits-linked.yaml", "{token: delta_link}").unwrap(),
        feed_by("visits-by-cursor.yaml", "{token: next_cursor, param: cursor}").unwrap(),
    ]
}

/// By this description and in this way: the plan, or why there is none.
pub(crate) fn feed_by(api: &str, how: &str) -> Result<Bench, PlanError> {
    planned("tests/fixtures/lab/feed", |text| {
        for (from, to) in [("visits.yaml", api), ("{token: next_sync_token, param: sync_token}", how)] {
            assert!(text.contains(from), "{from}");
            *text = text.replace(from, to);
        }
    })
}

fn without_deletions(text: &mut String) {
    for line in ["      deletes: {by: tombstone, field: cancelled}\n", "      delete: deleteGuest\n"] {
        assert!(text.contains(line), "{line}");
        *text = text.replace(line, "");
    }
}

/// Deletions that are told by the flag of the description, by another field with a value, and by nothing.
pub(crate) fn deleting() -> Vec<Bench> {
    ["deletes: tombstone", "deletes: {by: tombstone, field: name, is: gone}", "deletes: sweep"].map(deletes).into()
}

/// People name the records, with signs that an address writes in another way.
pub(crate) fn named_by_people() -> Bench {
    bench("tests/fixtures/lab/named", |_| {})
}

/// The first example, with a refresh token that a person's consent gave.
pub(crate) fn refreshing() -> Bench {
    example("billing-to-crm", |text| {
        let ours = "client_secret: env:CRM_CLIENT_SECRET\n";
        assert!(text.contains(ours));
        *text = text.replace(ours, &format!("{ours}      refresh_token: env:CRM_REFRESH_TOKEN\n"));
    })
}

/// The first example, of which late records are read as well.
pub(crate) fn late() -> Bench {
    example("billing-to-crm", |text| {
        let whole = "param: \"updated[gte]\"}";
        assert!(text.contains(whole));
        *text = text.replace(whole, "param: \"updated[gte]\", overlap: 10m}");
    })
}

/// Every example, and what they do not show, by name.
pub(crate) fn named() -> Vec<(&'static str, Bench)> {
    vec![
        ("crm", billing_to_crm()),
        ("ledger", payments_to_ledger()),
        ("erp", erp_to_shop()),
        ("stock", stock_to_market()),
        ("tickets", issues_to_tickets()),
        ("badges", people_to_badges()),
        ("tills", tills_to_books()),
        ("hooks", hooks()),
        ("hmac", hooks_by_hmac()),
        ("ordered", payments_in_order()),
        ("rotating", hooks_rotating()),
        ("limits", limits()),
        ("linked", linked()),
        ("late", late()),
        ("named", named_by_people()),
        ("feed", feed()),
    ]
}

/// Whether the connector of other hands knows its pages, bodies and signatures: not `Link` headers, not forms.
pub(crate) fn is_plain(name: &str) -> bool {
    !["tickets", "badges", "hmac"].contains(&name)
}

/// All of them.
pub(crate) fn all() -> Vec<Bench> {
    named().into_iter().map(|(_, bench)| bench).collect()
}

/// Those that the connector of other hands knows, by name.
pub(crate) fn plain() -> Vec<(&'static str, Bench)> {
    named().into_iter().filter(|(name, _)| is_plain(name)).collect()
}

/// An example with a change in its contract.
pub(crate) fn example(name: &str, edit: impl FnOnce(&mut String)) -> Bench {
    bench(&format!("examples/{name}"), edit)
}

/// A source that is searched by POST.
pub(crate) fn search() -> Bench {
    bench("tests/fixtures/lab/search", |_| {})
}

/// The same, with a change in its contract: the plan, or why there is none.
pub(crate) fn search_with(edit: impl FnOnce(&mut String)) -> Result<Bench, PlanError> {
    planned("tests/fixtures/lab/search", edit)
}

/// A target that answers 202 to every write.
pub(crate) fn accepted() -> Bench {
    bench("tests/fixtures/lab/accepted", |_| {})
}

fn bench(dir: &str, edit: impl FnOnce(&mut String)) -> Bench {
    planned(dir, edit).unwrap()
}

fn planned(dir: &str, edit: impl FnOnce(&mut String)) -> Result<Bench, PlanError> {
    let dir = format!("{}/{dir}", env!("CARGO_MANIFEST_DIR"));
    let file = format!("{dir}/integration.yaml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    edit(&mut text);
    let (contract, findings) = parse(&text, &file);
    let contract = contract.unwrap_or_else(|| panic!("{findings:?}"));
    let systems: BTreeMap<String, Arc<System>> = contract
        .systems
        .iter()
        .map(|(name, used)| {
            let path = format!("{dir}/{}", used.api.value);
            let read = read_bytes(&std::fs::read(&path).unwrap(), &path);
            let system = read.system.unwrap_or_else(|| panic!("{:?}", read.findings));
            (name.clone(), declared(&Arc::new(system), used))
        })
        .collect();
    let (name, flow) = contract.flows.first().unwrap();
    let (mapping, findings) = compile(&flow.map, &contract.file);
    assert!(findings.is_empty(), "{findings:?}");
    Ok((plan(&contract, name, &systems, mapping, &BTreeMap::new())?, systems))
}
