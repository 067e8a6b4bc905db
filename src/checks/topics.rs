//! What constraints between two systems are about, as a table: the words that tell, the clauses that honour it, the
//! drills that would show a breach, and the line of the runbook under which it would be seen.

use super::honour::Clause;
use crate::base::yaml::{Kind, Node, Span, Spanned};
use crate::contract::{Contract, Deletes, Flow, Paginate, Write};

/// One thing that constraints are about.
#[derive(Debug)]
pub struct Topic {
    /// Kebab-case name.
    pub code: &'static str,
    /// Phrases of a constraint's words, in lower case; one is enough.
    pub says: &'static [&'static str],
    /// Parts of an origin, in lower case; one is enough.
    pub origin: &'static [&'static str],
    /// The clauses of a flow that honour it.
    pub clauses: fn(&Contract, &Flow) -> Vec<Clause>,
    /// Drills that would show a breach; the lab has each of them.
    pub drills: &'static [&'static str],
    /// What is seen in operation, in the words of the runbook's table.
    pub watch: &'static str,
}

const DEAD_LETTERS: &str = "verdict PARTIAL, dead letters";
const FAIL: &str = "verdict FAIL";
const DOWN: &str = "the target is down";
const STOPPED: &str = "the run stopped with `auth-failed` or `secret-missing`";

/// Words about deletions, whether they are carried over or not.
const DELETED: &[&str] = &["delet", "removed from"];

/// All topics.
pub static TOPICS: [Topic; 11] = [
    Topic {
        code: "rate",
        says: &["requests per", "request per", "calls per", "rate limit", "requests a ", "calls a "],
        origin: &["ratelimit", "rate-limit", "responses/429"],
        clauses: |_, flow| {
            let polls = flow.source.every_ms.map(|_| flow.source.at);
            let polls = polls.map(|at| Clause { at, path: format!("flows.{}.source.every", flow.name) });
            let writes = delivery(flow, "rate", flow.delivery.rate.as_ref().map(|r| r.at));
            writes.into_iter().chain(polls).collect()
        },
        drills: &["rate-limited-seconds", "rate-limited-date"],
        watch: DOWN,
    },
    Topic {
        code: "natural-key",
        says: &["unique", "belongs to one", "only one ", "at most one ", "a second one", "duplicate"],
        origin: &["responses/409"],
        clauses: |_, flow| match &flow.target.write {
            Write::Upsert { matching, .. } => target(flow, "upsert.match", matching.at),
            Write::Put { operation, key } => target(flow, "put", key.as_ref().unwrap_or(operation).at),
            Write::Bulk { key, .. } => target(flow, "bulk.key", key.at),
            Write::Create { idempotency: Some(header), .. } => target(flow, "create.idempotency", header.at),
            Write::Create { .. } => Vec::new(),
        },
        drills: &["duplicate-delivery", "second-run-idle", "committed-then-503"],
        watch: FAIL,
    },
    Topic {
        code: "idempotency",
        says: &["idempoten", "remembers an ", "remembers a key", "retried safely"],
        origin: &["idempoten"],
        clauses: |_, flow| {
            let header = match &flow.target.write {
                Write::Upsert { idempotency, .. } | Write::Create { idempotency, .. } => idempotency.as_ref(),
                Write::Put { .. } | Write::Bulk { .. } => None,
            };
            let Some(header) = header else { return Vec::new() };
            let retry = delivery(flow, "retry", (flow.delivery.retry.at.line > 0).then_some(flow.delivery.retry.at));
            [target(flow, "idempotency", header.at), retry].concat()
        },
        drills: &["committed-then-503", "timeout-after-commit", "crash-anywhere", "idempotency-key-in-progress"],
        watch: FAIL,
    },
    Topic {
        code: "identity",
        says: &[
            "never used again",
            "never reused",
            "id never changes",
            "ids never change",
            "never changes and is never",
        ],
        origin: &[],
        clauses: |_, flow| source(flow, "key", &flow.source.key),
        drills: &["duplicate-delivery", "second-run-idle"],
        watch: FAIL,
    },
    Topic {
        code: "changes",
        says: &[
            "never changes",
            "is final",
            "are final",
            "immutable",
            "creation time",
            "moves forward",
            "misses nothing",
            "inclusive",
        ],
        origin: &[],
        clauses: |_, flow| match (&flow.source.incremental, &flow.source.feed) {
            (Some(i), _) => source(flow, "incremental", &i.field),
            (None, Some(feed)) => source(flow, "feed", &feed.token),
            (None, None) => Vec::new(),
        },
        drills: &["second-run-idle", "equal-timestamps"],
        watch: FAIL,
    },
    Topic {
        code: "paging",
        says: &["page", "paging", "cursor", "keeps its order", "everything at once"],
        origin: &["/parameters/cursor", "/parameters/page"],
        clauses: |_, flow| match &flow.source.paginate {
            Paginate::Auto => {
                flow.source.operation.as_ref().map_or_else(Vec::new, |name| source(flow, "operation", name))
            }
            Paginate::Explicit(pages) => {
                vec![Clause { at: pages.at, path: format!("flows.{}.source.paginate", flow.name) }]
            }
        },
        drills: &["page-overlap", "short-page", "empty-page-midway", "repeating-cursor"],
        watch: FAIL,
    },
    Topic {
        code: "deletes",
        says: DELETED,
        origin: &[],
        clauses: |_, flow| deletes(flow, flow.source.deletes == Deletes::Ignore),
        // What stays in the target, no drill takes out of it.
        drills: &[],
        watch: FAIL,
    },
    Topic {
        code: "deletions",
        says: DELETED,
        origin: &[],
        clauses: |_, flow| deletes(flow, flow.source.deletes != Deletes::Ignore),
        drills: &["deleted-at-source", "sweep-after-partial-read"],
        watch: FAIL,
    },
    Topic {
        code: "deliveries",
        says: &["webhook", "delivers every", "delivers each", "sends again", "an event", "every event", "signature"],
        origin: &["#/webhooks", "/callbacks/"],
        clauses: |_, flow| {
            let hook = flow.source.webhook.iter();
            hook.map(|h| Clause { at: h.at, path: format!("flows.{}.source.webhook", flow.name) }).collect()
        },
        drills: &["webhook-duplicated", "webhook-forged", "webhook-replayed", "webhook-crash-before-answer"],
        watch: FAIL,
    },
    Topic {
        code: "money",
        says: &["minor unit", "currency", "cents", "amounts"],
        origin: &[],
        clauses: |_, flow| {
            let rules =
                flow.map.iter().filter(|r| names(&r.value, "minor_to_major") || names(&r.value, "major_to_minor"));
            rules.map(|r| Clause { at: r.key_at, path: format!("flows.{}.map.{}", flow.name, r.key) }).collect()
        },
        drills: &["happy-path", "poison-record"],
        watch: DEAD_LETTERS,
    },
    Topic {
        code: "access",
        says: &["live key", "token expires", "access token", "scope", "credential"],
        origin: &["securityschemes"],
        clauses: |contract, flow| {
            let of = |name: &Spanned<String>| {
                let at = contract.systems.get(name.as_str()).and_then(|s| s.auth.as_ref()).map(|a| a.at);
                at.map(|at| Clause { at, path: format!("systems.{}.auth", name.value) })
            };
            [of(&flow.source.system), of(&flow.target.system)].into_iter().flatten().collect()
        },
        drills: &["token-expires-midway"],
        watch: STOPPED,
    },
];

/// Whether a rule of `map` names this source path or transform, as a word of its own.
pub(super) fn names(node: &Node, word: &str) -> bool {
    match &node.kind {
        Kind::String(text) => text == word || text.strip_prefix(word).is_some_and(|rest| rest.starts_with(['.', '['])),
        Kind::Seq(items) => items.iter().any(|item| names(item, word)),
        Kind::Map(entries) => entries.iter().any(|e| e.key == word || names(&e.value, word)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => false,
    }
}

fn source(flow: &Flow, key: &str, word: &Spanned<String>) -> Vec<Clause> {
    vec![Clause { at: word.at, path: format!("flows.{}.source.{key}", flow.name) }]
}

fn deletes(flow: &Flow, so: bool) -> Vec<Clause> {
    let at = flow.source.deletes_at.filter(|_| so);
    at.map(|at| Clause { at, path: format!("flows.{}.source.deletes", flow.name) }).into_iter().collect()
}

fn target(flow: &Flow, key: &str, at: Span) -> Vec<Clause> {
    vec![Clause { at, path: format!("flows.{}.target.{key}", flow.name) }]
}

fn delivery(flow: &Flow, key: &str, at: Option<Span>) -> Vec<Clause> {
    at.map(|at| Clause { at, path: format!("flows.{}.delivery.{key}", flow.name) }).into_iter().collect()
}
