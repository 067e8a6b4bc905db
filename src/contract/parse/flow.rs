//! One entry of `flows`.

use super::reader::{Fields, Reader};
use super::webhook;
use crate::base::yaml::{Entry, Kind, Span, Spanned};
use crate::contract::keys::{
    ACCEPT, BREAKER, BULK, CREATE, DEAD_LETTER, DELIVERY, FLOW, IDEMPOTENCY, INCREMENTAL, PAGINATE, PUT, RETRY, SLO,
    SOURCE, TARGET, UPSERT,
};
use crate::contract::{
    Breaker, Delivery, ExplicitPages, Flow, IncrementalClause, Order, Paginate, Retry, Slo, Source, Target, Write,
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
    let delivery = f.node("delivery").map_or_else(Delivery::default, |n| {
        r.fields(n, &DELIVERY, &f.path("delivery")).map_or_else(Delivery::default, |d| delivery(r, &d))
    });
    // These say what the connector does anyway; anything else is refused by the table.
    r.word(&f, "drift");
    r.word(&f, "fallback");
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
    let key = r.text(s, "key");
    let every_ms = r.duration(s, "every");
    let paginate = paginate(r, s);
    let incremental = s.node("incremental").and_then(|n| {
        let i = r.fields(n, &INCREMENTAL, &s.path("incremental"))?;
        let (field, param) = (r.text(&i, "field"), r.text(&i, "param"));
        let overlap_ms = r.duration(&i, "overlap");
        Some(IncrementalClause { at: i.at, field: field?, param: param?, overlap_ms })
    });
    r.word(s, "deletes");
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
        webhook,
        every_ms,
        key: key?,
        paginate,
        incremental,
        deletes_at: s.node("deletes").map(|n| n.at),
        params,
    })
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
    let params = r.scalars(t, "params");
    Some(Target { at: t.at, system: system?, write: upsert.or(put).or(bulk).or(create)?, params })
}

fn header(r: &mut Reader<'_>, f: &Fields<'_>) -> Option<Spanned<String>> {
    let i = r.fields(f.node("idempotency")?, &IDEMPOTENCY, &f.path("idempotency"))?;
    r.text(&i, "header")
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
    Delivery {
        at: d.at,
        order,
        retry,
        timeout_ms: r.duration(d, "timeout").unwrap_or(usual.timeout_ms),
        rate: r.rate(d, "rate"),
        breaker,
        alert_at: alert_at.unwrap_or(usual.alert_at),
    }
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
