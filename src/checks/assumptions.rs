//! What the flows of a contract rely on and nobody has said: proposed as inferred constraints, few, grouped by what
//! they are about, most consequential first. Only what a flow uses is asked about.

use std::collections::BTreeMap;

use super::honour::{About, topics};
use super::topics::names;
use crate::base::yaml::Span;
use crate::contract::{ConstraintKind, Contract, Deletes, Flow, Paginate, Write};
use crate::model::{Basis, CursorFrom, Operation, Pagination, System};

/// A person reads them all; more than this nobody does.
pub const MOST: usize = 10;

/// Something that a flow relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// Kebab-case handle.
    pub id: String,
    /// What it is about: a topic.
    pub topic: &'static str,
    /// What is relied on, in words.
    pub says: String,
    /// What comes of it when it does not hold.
    pub if_wrong: String,
    /// The facts it arises from: `system#/json/pointer`.
    pub from: Vec<String>,
    /// The clause that relies on it.
    pub at: Span,
    /// The system it is about.
    pub system: String,
    /// The flows that rely on it.
    pub flows: Vec<String>,
    /// The fields, as `system.path`.
    pub fields: Vec<String>,
    /// A rule inferred the fact itself; the description does not state it. Else the fact is stated or plain, and what
    /// is assumed is that it will stay so.
    pub inferred_fact: bool,
    /// Larger is worse.
    weight: u8,
}

/// What the flows rely on, most consequential first, at most [`MOST`]. What a constraint of the contract already says is
/// left out.
#[must_use]
pub fn assumptions(contract: &Contract, systems: &BTreeMap<String, &System>) -> Vec<Assumption> {
    let mut all: Vec<Assumption> = Vec::new();
    // Of a system whose description could not be read, something else is said.
    let read =
        |flow: &&Flow| [&flow.source.system, &flow.target.system].iter().all(|s| systems.contains_key(s.as_str()));
    for flow in contract.flows.values().filter(read) {
        for one in of_flow(flow, systems).into_iter().flatten() {
            match all.iter_mut().find(|a| a.id == one.id && a.says == one.says) {
                Some(known) => known.flows.extend(one.flows),
                None => all.push(one),
            }
        }
    }
    all.retain(|a| !covered(contract, a));
    all.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.id.cmp(&b.id)));
    all.truncate(MOST);
    all
}

/// Some constraint is about the same thing in the same place: one that a person is asked about, or one that a system
/// states. What the owner merely wants makes nothing so, but for what is theirs to want: that deleted records stay.
fn covered(contract: &Contract, assumption: &Assumption) -> bool {
    contract.constraints.iter().any(|c| {
        let about = About::from(c);
        let origin = about.origin.and_then(|o| o.split_once('#')).map(|(s, _)| s);
        let elsewhere = |systems: &[&str]| !systems.is_empty() && !systems.contains(&assumption.system.as_str());
        let other_flow = !about.flows.is_empty() && !assumption.flows.iter().any(|f| about.flows.contains(&f.as_str()));
        let tells = c.kind != ConstraintKind::Soft || assumption.topic == "deletes";
        (c.id.value == assumption.id && c.kind == ConstraintKind::Inferred)
            || (tells
                && topics(&about).any(|t| t.code == assumption.topic)
                && !elsewhere(&about.systems)
                && !elsewhere(&origin.into_iter().filter(|s| contract.systems.contains_key(*s)).collect::<Vec<_>>())
                && !other_flow)
    })
}

fn of_flow(flow: &Flow, systems: &BTreeMap<String, &System>) -> [Option<Assumption>; 9] {
    let (from, to) = (flow.source.system.value.as_str(), flow.target.system.value.as_str());
    let list = systems.get(from).zip(flow.source.operation.as_ref()).and_then(|(s, name)| s.operation(name));
    let write = flow.target.write.operations().into_iter().rev().find(|(role, _)| *role != "find" && *role != "update");
    let write = write.and_then(|(_, name)| systems.get(to).and_then(|s| s.operation(name)));
    [
        identity(flow, from, to),
        money(flow, from),
        natural_key(flow, from, to),
        changes(flow, from, list),
        idempotency(flow, to, write),
        paging(flow, from, list),
        deliveries(flow, from),
        deletes(flow, from, to),
        rate(flow, to, write),
    ]
}

fn identity(flow: &Flow, from: &str, to: &str) -> Option<Assumption> {
    let key = &flow.source.key;
    Some(Assumption {
        fields: vec![format!("{from}.{}", key.value)],
        if_wrong: format!(
            "a record under a new {0} becomes a second one in {to}; one under a used {0} overwrites another's",
            key.value
        ),
        ..of(
            flow,
            from,
            "ids-stable",
            "identity",
            key.at,
            100,
            format!("the {} of a record of {from} never changes and is never used again", key.value),
        )
    })
}

fn money(flow: &Flow, from: &str) -> Option<Assumption> {
    let rule = flow.map.iter().find(|r| names(&r.value, "minor_to_major") || names(&r.value, "major_to_minor"))?;
    let source = rule.value.get("from").and_then(|n| n.as_str()).unwrap_or(&rule.key);
    Some(Assumption {
        fields: vec![format!("{from}.{source}")],
        if_wrong: "every amount is off by a power of ten, and no type check sees it".to_owned(),
        ..of(
            flow,
            from,
            "minor-units",
            "money",
            rule.key_at,
            96,
            format!("amounts in {from} count the minor units that ISO 4217 gives their currency"),
        )
    })
}

fn natural_key(flow: &Flow, from: &str, to: &str) -> Option<Assumption> {
    let (Write::Upsert { matching, .. } | Write::Bulk { key: matching, .. }) = &flow.target.write else { return None };
    let m = &matching.value;
    Some(Assumption {
        fields: vec![format!("{to}.{m}")],
        if_wrong: format!("two records of {from} are written over each other in {to}, or one appears twice"),
        ..of(
            flow,
            to,
            &format!("{}-unique", kebab(m)),
            "natural-key",
            matching.at,
            94,
            format!("{m} is unique in {to}: it belongs to one record only"),
        )
    })
}

fn changes(flow: &Flow, from: &str, list: Option<&Operation>) -> Option<Assumption> {
    let (at, fields, basis, says) = match (&flow.source.incremental, &flow.source.feed) {
        (Some(clause), _) => {
            let known = list.and_then(|op| op.incremental.as_ref()).filter(|i| i.param == clause.param.value);
            let says = format!(
                "{} moves forward with every change, and reading {} from a time on, that time included, misses nothing",
                clause.field.value, clause.param.value
            );
            (clause.at, vec![format!("{from}.{}", clause.field.value)], known.map(|i| &i.basis), says)
        }
        (None, Some(feed)) => {
            let known = list.and_then(|op| op.feed.as_ref());
            let token = &feed.token.value;
            let says = format!(
                "the list that {token} leads to tells of everything that changed, whole and not in parts, and misses nothing"
            );
            (feed.at, Vec::new(), known.map(|f| &f.basis), says)
        }
        (None, None) => return None,
    };
    Some(Assumption {
        fields,
        if_wrong: "changes are missed for good: nothing reads them again".to_owned(),
        from: pointers(from, basis),
        inferred_fact: basis.is_some_and(inferred),
        ..of(flow, from, "changes-seen", "changes", at, 90, says)
    })
}

fn idempotency(flow: &Flow, to: &str, write: Option<&Operation>) -> Option<Assumption> {
    let header = match &flow.target.write {
        Write::Create { idempotency, .. } | Write::Upsert { idempotency, .. } => idempotency.as_ref()?,
        Write::Put { .. } | Write::Bulk { .. } => return None,
    };
    let basis = write.and_then(|op| op.idempotency.as_ref()).map(|i| &i.basis);
    let retry = &flow.delivery.retry;
    // The longest that attempts can be apart: each waits as long as the cap at most, and may time out.
    let horizon = u64::from(retry.attempts) * (retry.cap_ms + flow.delivery.timeout_ms) / 60_000 + 1;
    Some(Assumption {
        if_wrong: "a write that is sent again after that is booked twice".to_owned(),
        from: pointers(to, basis),
        inferred_fact: basis.is_some_and(inferred),
        ..of(
            flow,
            to,
            "keys-remembered",
            "idempotency",
            header.at,
            88,
            format!(
                "{to} remembers an {} for at least {horizon} minutes and answers a repeated one without a second effect",
                header.value
            ),
        )
    })
}

fn paging(flow: &Flow, from: &str, list: Option<&Operation>) -> Option<Assumption> {
    let op = list?;
    let at = flow.source.operation.as_ref()?.at;
    if matches!(flow.source.paginate, Paginate::Explicit(_)) {
        return None;
    }
    let if_wrong = "records between two pages are skipped or read twice".to_owned();
    match &op.pagination {
        Some(pages) => Some(Assumption {
            if_wrong,
            from: pointers(from, Some(&pages.basis)),
            inferred_fact: inferred(&pages.basis),
            ..of(
                flow,
                from,
                "pages-whole",
                "paging",
                at,
                80,
                format!(
                    "{} is paged by {} and keeps its order while it is read{}",
                    op.id,
                    pages.style.as_str().replace('_', " "),
                    // Its description does not say how the end is recognised: then this is how the connector does it.
                    if ends(pages) { "" } else { ", and a page without records is its last" }
                ),
            )
        }),
        None => Some(Assumption {
            if_wrong: "everything after the first page is never read".to_owned(),
            from: vec![format!("{from}{}", op.pointer)],
            ..of(flow, from, "list-whole", "paging", at, 92, format!("{} answers with everything at once", op.id))
        }),
    }
}

/// Without a sweep, what the sender gives up on is lost, and nobody is told.
fn deliveries(flow: &Flow, from: &str) -> Option<Assumption> {
    let hook = flow.source.webhook.as_ref().filter(|_| flow.source.operation.is_none())?;
    let event = crate::base::text::quoted(&hook.event, 60);
    Some(Assumption {
        if_wrong: "what was never delivered is missing, and no run can see it; a sweep would (source.operation)"
            .to_owned(),
        ..of(
            flow,
            from,
            "events-complete",
            "deliveries",
            hook.at,
            91,
            format!("{from} delivers every {event} until it is acknowledged, for longer than we are ever down"),
        )
    })
}

fn deletes(flow: &Flow, from: &str, to: &str) -> Option<Assumption> {
    if flow.source.deletes != Deletes::Ignore {
        return None;
    }
    let at = flow.source.deletes_at.unwrap_or(flow.source.at);
    Some(Assumption {
        if_wrong: format!("what was deleted in {from} lives on in {to}, personal data included"),
        ..of(
            flow,
            from,
            "deletes-ignored",
            "deletes",
            at,
            70,
            format!("what is deleted in {from} need not be deleted in {to}"),
        )
    })
}

fn rate(flow: &Flow, to: &str, write: Option<&Operation>) -> Option<Assumption> {
    let write = write?;
    let Some(limit) = &write.rate_limit else { return unlimited(flow, to, write) };
    if !inferred(&limit.basis) {
        return None;
    }
    let seconds = (limit.window_ms / 1000).max(1);
    Some(Assumption {
        if_wrong: "the target refuses with 429, or blocks the key".to_owned(),
        from: pointers(to, Some(&limit.basis)),
        inferred_fact: true,
        ..of(
            flow,
            to,
            "rate-as-inferred",
            "rate",
            flow.delivery.rate.as_ref().map_or(flow.at, |r| r.at),
            60,
            format!("{to} takes {} requests per {seconds} s", limit.requests),
        )
    })
}

/// Nothing that was read states a limit: then the contract's own rate is what is relied on, or that there is none.
fn unlimited(flow: &Flow, to: &str, write: &Operation) -> Option<Assumption> {
    let elsewhere = format!(" (another one goes into delivery.rate, or into overlays/{to}.knowledge.yaml)");
    let (at, says) = match &flow.delivery.rate {
        Some(rate) => {
            let seconds = (rate.value.window_ms / 1000).max(1);
            let known = format!("{to} takes {} requests per {seconds} s from {}", rate.value.requests, write.id);
            (rate.at, format!("{known}; its description states no limit{elsewhere}"))
        }
        None => (
            flow.at,
            format!("{to} takes {} as fast as the flow sends it; its description states no limit{elsewhere}", write.id),
        ),
    };
    Some(Assumption {
        if_wrong: "the target refuses with 429, or blocks the key".to_owned(),
        ..of(flow, to, "rate-unstated", "rate", at, 58, says)
    })
}

/// The description says how the last page is told from the others.
fn ends(pages: &Pagination) -> bool {
    pages.more.is_some()
        || pages.total.is_some()
        || pages.style.follows_links()
        || matches!(pages.next, Some(CursorFrom::Body(_)))
}

fn of(flow: &Flow, system: &str, id: &str, topic: &'static str, at: Span, weight: u8, says: String) -> Assumption {
    Assumption {
        id: format!("{}-{id}", kebab(system)),
        topic,
        says,
        if_wrong: String::new(),
        from: Vec::new(),
        at,
        system: system.to_owned(),
        flows: vec![flow.name.clone()],
        fields: Vec::new(),
        inferred_fact: false,
        weight,
    }
}

const fn inferred(basis: &Basis) -> bool {
    matches!(basis, Basis::Inferred { .. })
}

fn pointers(system: &str, basis: Option<&Basis>) -> Vec<String> {
    let all = match basis {
        Some(Basis::Stated { pointer }) => std::slice::from_ref(pointer),
        Some(Basis::Inferred { from, .. }) => from.as_slice(),
        None => &[],
    };
    all.iter().take(3).map(|pointer| format!("{system}{pointer}")).collect()
}

/// Letters and digits of a name in lower case, everything else one hyphen.
fn kebab(name: &str) -> String {
    let words = crate::base::text::words(name);
    let joined = words.join("-");
    if joined.starts_with(|c: char| c.is_ascii_lowercase()) { joined } else { format!("x-{joined}") }
}
