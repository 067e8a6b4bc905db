//! One entry of `flows`.

use super::reader::{Fields, Reader};
use super::webhook;
use crate::base::yaml::{Entry, Kind, Span, Spanned};
use crate::contract::keys::{
    ACCEPT, BREAKER, BULK, CREATE, DEAD_LETTER, DELETE, DELETES, DELIVERY, FEED, FLOW, IDEMPOTENCY, INCREMENTAL,
    PAGINATE, PUT, RETRY, SLO, SOURCE, TARGET, TIMEOUT, UPSERT,
};
use crate::contract::{
    Breaker, DeleteClause, Deletes, Delivery, Drift, ExplicitPages, Fallback, FeedClause, Flow, IncrementalClause,
    Order, Paginate, Retry, Slo, Source, Target, Write,
};
use crate::model::PageStyle;

pub(super) fn flow(r: &mut Reader<'_>, entry: &Entry) -> Option<Flow> {
    let path = format!("flows.{}", entry.key);
    r.handle(entry, &path);
    let f = r.fields(&entry.value, &FLOW, &path)?;
    let source = f.node("source").and_then(|n| {
        let s = r.fields(n, &SOURCE, &f.path("source"))?;
        source(r, &s)
    });
    let target = f.node("target").and_then(|n| {
        let t = r.fields(n, &TARGET, &f.path("target"))?;
        target(r, &t)
    });
    let map = f.node("map").and_then(|n| {
        let entries = r.entries(n, &f.path("map"), "a mapping of target paths to source paths or rules")?;
        if entries.is_empty() {
            let message = format!("{} maps nothing", f.path("map"));
            r.error("bad-value", n.at, message, "add a line per target field: target.path: source.path".to_owned());
        }
        Some((entries.to_vec(), n.at))
    });
    let unmapped = r.texts(&f, "unmapped");
    let mut delivery = f.node("delivery").map_or_else(Delivery::default, |n| {
        r.fields(n, &DELIVERY, &f.path("delivery")).map_or_else(Delivery::default, |d| delivery(r, &d))
    });
    if r.word(&f, "drift") == Some("freeze") {
        delivery.drift = Drift::Freeze;
    }
    delivery.fallback = match r.word(&f, "fallback") {
        Some("spool") => Fallback::Spool,
        Some("skip") => Fallback::Skip,
        _ => Fallback::Hold,
    };
    let slo = f.node("slo").and_then(|n| {
        let s = r.fields(n, &SLO, &f.path("slo"))?;
        Some(Slo { freshness_ms: r.duration(&s, "freshness"), success: r.percent(&s, "success") })
    });
    let (map, map_at) = map?;
    Some(Flow {
        name: entry.key.clone(),
        at: entry.key_at,
        source: source?,
        target: target?,
        map,
        map_at,
        unmapped,
        delivery,
        slo,
    })
}

fn source(r: &mut Reader<'_>, s: &Fields<'_>) -> Option<Source> {
    let system = r.text(s, "system");
    let operation = r.text(s, "operation");
    let webhook = s.node("webhook").map(|n| webhook::webhook(r, n, s));
    let file = r.text(s, "file");
    if let Some(file) = &file {
        let known = [".jsonl", ".ndjson", ".csv"].iter().any(|end| file.to_ascii_lowercase().ends_with(end));
        if !known {
            let message = format!("{} is none that the connector reads", s.path("file"));
            r.error("bad-value", file.at, message, "name a file that ends in .jsonl, .ndjson or .csv".to_owned());
        }
        if operation.is_none() {
            let message = format!("{} has records, and nothing says what they are", s.path("file"));
            let fix = "add operation: the list of the system whose records the file holds; it is not called".to_owned();
            r.error("missing-key", file.at, message, fix);
        }
    }
    let key = r.text(s, "key");
    let every_ms = r.duration(s, "every");
    let paginate = paginate(r, s);
    let incremental = s.node("incremental").and_then(|n| {
        let i = r.fields(n, &INCREMENTAL, &s.path("incremental"))?;
        let (field, param) = (r.text(&i, "field"), r.text(&i, "param"));
        let overlap_ms = r.duration(&i, "overlap");
        Some(IncrementalClause { at: i.at, field: field?, param: param?, overlap_ms })
    });
    let feed = s.node("feed").and_then(|n| {
        let f = r.fields(n, &FEED, &s.path("feed"))?;
        let (token, param) = (r.text(&f, "token"), r.text(&f, "param"));
        if incremental.is_some() {
            let message = format!("{} and {} are two ways to read changes", s.path("incremental"), s.path("feed"));
            r.error("exclusive-keys", f.at, message, "keep exactly one of incremental, feed".to_owned());
        }
        Some(FeedClause { at: f.at, token: token?, param })
    });
    let deletes = deletes(r, s);
    let params = r.scalars(s, "params");
    // A clause that is there and could not be read has been complained about.
    if operation.is_none() && webhook.is_none() {
        return None;
    }
    let webhook = match webhook {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Source {
        at: s.at,
        system: system?,
        operation,
        file,
        webhook,
        every_ms,
        key: key?,
        paginate,
        incremental,
        feed,
        deletes_at: s.node("deletes").map(|n| n.at),
        deletes,
        params,
    })
}

/// Records that one pass deletes at most, in percent, where nobody says.
const MAX_SHARE: f64 = 10.0;

fn deletes(r: &mut Reader<'_>, s: &Fields<'_>) -> Deletes {
    let Some(node) = s.node("deletes") else { return Deletes::Ignore };
    if !matches!(node.kind, Kind::Map(_)) {
        return match r.word(s, "deletes") {
            Some("tombstone") => Deletes::Tombstone { field: None, is: None, max_share: MAX_SHARE },
            Some("sweep") => Deletes::Sweep { max_share: MAX_SHARE },
            _ => Deletes::Ignore,
        };
    }
    let Some(d) = r.fields(node, &DELETES, &s.path("deletes")) else { return Deletes::Ignore };
    let (field, is, share) = (r.text(&d, "field"), r.text(&d, "is"), r.percent(&d, "max_share"));
    let by = r.word(&d, "by");
    let (others, of): (&[&str], &str) = match by {
        // A feed whose token was lost is compared with a whole list too.
        Some("tombstone") if s.node("feed").is_none() => (&["max_share"], "sweep, or of tombstone beside feed"),
        Some("tombstone") | None => (&[], ""),
        Some(_) => (&["field", "is"], "tombstone"),
    };
    for key in others {
        if let Some(node) = d.node(key) {
            let message = format!("{} is a key of {of}", d.path(key));
            let by = of.split(',').next().unwrap_or(of);
            r.error("exclusive-keys", node.at, message, format!("take it out, or write by: {by}"));
        }
    }
    let max_share = share.unwrap_or(MAX_SHARE);
    match by {
        Some("tombstone") => Deletes::Tombstone { field, is, max_share },
        Some(_) => Deletes::Sweep { max_share },
        None => Deletes::Ignore,
    }
}

fn paginate(r: &mut Reader<'_>, s: &Fields<'_>) -> Paginate {
    let Some(node) = s.node("paginate") else { return Paginate::Auto };
    if matches!(node.kind, Kind::String(_)) {
        r.word(s, "paginate");
        return Paginate::Auto;
    }
    let Some(p) = r.fields(node, &PAGINATE, &s.path("paginate")) else { return Paginate::Auto };
    let style = match r.word(&p, "style") {
        Some("page") => PageStyle::Page,
        Some("offset") => PageStyle::Offset,
        Some("link" | "link_header") => PageStyle::LinkHeader,
        Some("link_body") => PageStyle::LinkBody,
        Some(_) => PageStyle::Cursor,
        None => return Paginate::Auto,
    };
    Paginate::Explicit(ExplicitPages {
        at: p.at,
        style,
        param: r.text(&p, "param"),
        limit_param: r.text(&p, "limit_param"),
        limit: r.count(&p, "limit"),
        next: r.text(&p, "next"),
        items: r.text(&p, "items"),
    })
}

fn target(r: &mut Reader<'_>, t: &Fields<'_>) -> Option<Target> {
    let system = r.text(t, "system");
    let upsert = t.node("upsert").and_then(|n| {
        let u = r.fields(n, &UPSERT, &t.path("upsert"))?;
        let (matching, find) = (r.text(&u, "match"), r.text(&u, "find"));
        let (create, update) = (r.text(&u, "create"), r.text(&u, "update"));
        let idempotency = header(r, &u);
        Some(Write::Upsert { matching: matching?, find: find?, create: create?, update: update?, idempotency })
    });
    let put = t.node("put").and_then(|n| {
        if matches!(n.kind, Kind::String(_)) {
            return Some(Write::Put { operation: r.plain_text(n, &t.path("put"))?, key: None });
        }
        let p = r.fields(n, &PUT, &t.path("put"))?;
        let key = r.text(&p, "key");
        Some(Write::Put { operation: r.text(&p, "operation")?, key })
    });
    let bulk = t.node("bulk").and_then(|n| {
        let b = r.fields(n, &BULK, &t.path("bulk"))?;
        let (operation, key, size) = (r.text(&b, "operation"), r.text(&b, "key"), r.count(&b, "size"));
        Some(Write::Bulk { operation: operation?, key: key?, size })
    });
    let create = t.node("create").and_then(|n| {
        if matches!(n.kind, Kind::String(_)) {
            let operation = r.plain_text(n, &t.path("create"))?;
            return Some(Write::Create { operation, idempotency: None, duplicates_accepted_by: None });
        }
        let c = r.fields(n, &CREATE, &t.path("create"))?;
        let operation = r.text(&c, "operation");
        let idempotency = header(r, &c);
        let duplicates_accepted_by = c.node("accept_duplicates").and_then(|a| {
            let a = r.fields(a, &ACCEPT, &c.path("accept_duplicates"))?;
            // Without a reason nobody has accepted anything.
            let (by, because) = (r.text(&a, "by"), r.text(&a, "because"));
            because.and(by)
        });
        Some(Write::Create { operation: operation?, idempotency, duplicates_accepted_by })
    });
    let delete = t.node("delete").and_then(|n| {
        if matches!(n.kind, Kind::String(_)) {
            let operation = r.plain_text(n, &t.path("delete"))?;
            return Some(DeleteClause { at: n.at, operation, set: Vec::new() });
        }
        let d = r.fields(n, &DELETE, &t.path("delete"))?;
        let (operation, set) = (r.text(&d, "operation"), r.scalars(&d, "set"));
        Some(DeleteClause { at: d.at, operation: operation?, set })
    });
    let params = r.scalars(t, "params");
    Some(Target { at: t.at, system: system?, write: upsert.or(put).or(bulk).or(create)?, delete, params })
}

fn header(r: &mut Reader<'_>, f: &Fields<'_>) -> Option<Spanned<String>> {
    let i = r.fields(f.node("idempotency")?, &IDEMPOTENCY, &f.path("idempotency"))?;
    r.header(&i, "header")
}

fn delivery(r: &mut Reader<'_>, d: &Fields<'_>) -> Delivery {
    let usual = Delivery::default();
    let order = match r.word(d, "order") {
        Some("none") => Order::None,
        Some("total") => Order::Total,
        _ => Order::PerKey,
    };
    let retry = d.node("retry").map_or_else(Retry::default, |n| {
        r.fields(n, &RETRY, &d.path("retry")).map_or_else(Retry::default, |f| retry(r, &f))
    });
    let breaker = match d.node("breaker") {
        None => usual.breaker,
        Some(n) if matches!(n.kind, Kind::String(_)) => {
            if r.word(d, "breaker").is_some() {
                None
            } else {
                usual.breaker
            }
        }
        Some(n) => r.fields(n, &BREAKER, &d.path("breaker")).map(|b| {
            let usual = Breaker::default();
            let open_after = r.count(&b, "open_after").and_then(|c| u32::try_from(c).ok());
            Breaker {
                open_after: open_after.unwrap_or(usual.open_after),
                probe_every_ms: r.duration(&b, "probe_every").unwrap_or(usual.probe_every_ms),
            }
        }),
    };
    let alert_at = d.node("dead_letter").and_then(|n| {
        let l = r.fields(n, &DEAD_LETTER, &d.path("dead_letter"))?;
        r.count(&l, "alert_at")
    });
    let (timeout_ms, connect_ms, first_byte_ms) = timeout(r, d);
    Delivery {
        at: d.at,
        order,
        retry,
        timeout_ms: timeout_ms.unwrap_or(usual.timeout_ms),
        connect_ms,
        first_byte_ms,
        rate: r.rate(d, "rate"),
        breaker,
        alert_at: alert_at.unwrap_or(usual.alert_at),
        drift: usual.drift,
        fallback: usual.fallback,
    }
}

/// For the whole, to connect, and until the first byte.
fn timeout(r: &mut Reader<'_>, d: &Fields<'_>) -> (Option<u64>, Option<u64>, Option<u64>) {
    let Some(node) = d.node("timeout").filter(|n| matches!(n.kind, Kind::Map(_))) else {
        return (r.duration(d, "timeout"), None, None);
    };
    let Some(f) = r.fields(node, &TIMEOUT, &d.path("timeout")) else { return (None, None, None) };
    let whole = r.duration(&f, "whole");
    let parts = ["connect", "first_byte"].map(|key| {
        let part = r.duration(&f, key)?;
        if whole.is_some_and(|whole| part > whole) {
            let at = f.node(key).map_or(f.at, |n| n.at);
            let message = format!("{} is longer than the whole", f.path(key));
            r.error("bad-value", at, message, "make it at most as long as whole".to_owned());
        }
        Some(part)
    });
    (whole, parts[0], parts[1])
}

fn retry(r: &mut Reader<'_>, f: &Fields<'_>) -> Retry {
    let usual = Retry::default();
    let base_ms = r.duration(f, "base").unwrap_or(usual.base_ms);
    let cap_ms = r.duration(f, "cap").unwrap_or_else(|| usual.cap_ms.max(base_ms));
    if cap_ms < base_ms {
        let at: Span = f.node("cap").map_or(f.at, |n| n.at);
        let message = format!("{} is shorter than the first wait", f.path("cap"));
        r.error("bad-value", at, message, "make cap at least as long as base".to_owned());
    }
    Retry {
        at: f.at,
        attempts: r.count(f, "attempts").and_then(|c| u32::try_from(c).ok()).unwrap_or(usual.attempts),
        base_ms,
        cap_ms,
        full_jitter: r.word(f, "jitter").is_none_or(|w| w == "full"),
        honor_retry_after: r.flag(f, "honor_retry_after").unwrap_or(usual.honor_retry_after),
    }
}
