//! Which clauses of a flow the drills came to: of each schedule it is told what of the contract it put to work, from what
//! happened and not from what the drill is for. A clause that no schedule came to is no clause that holds.

use std::collections::BTreeSet;

use super::bench::Purpose;
use super::courier::How;
use super::judge::Evidence;
use super::matrix::DrillRow;
use super::mock::{Effect, LINK_PARAM, asked_of};
use super::trace::{Exchanged, Outcome};
use super::world::RunEnd;
use crate::contract::Order;
use crate::mapping::rule::Else;

/// A clause, as a path of keys below its flow, and when a schedule has put it to work.
type Clause = (&'static str, fn(&Evidence<'_>) -> bool);

/// The clauses of a flow that something can put to work, except the lines of its mapping. What needs a clock of days or a person
/// (`every`, `slo`, `deletes: ignore`) is put to work by no drill, and says so.
const CLAUSES: [Clause; 32] = [
    ("source/every", |_| false),
    ("source/webhook", |e| e.trace.deliveries.iter().any(|d| d.acknowledged())),
    ("source/webhook/verify", |e| {
        e.trace.deliveries.iter().any(|d| !d.is_genuine() && d.delivery.how != How::OtherEvent && d.status.is_some())
    }),
    ("source/webhook/verify/previous", |e| {
        e.trace.deliveries.iter().any(|d| d.delivery.how == super::courier::How::PreviousSecret && d.acknowledged())
    }),
    ("source/webhook/verify/tolerance", |e| {
        use super::courier::How;
        e.trace.deliveries.iter().any(|d| matches!(d.delivery.how, How::Replayed(_) | How::Skewed(_)))
    }),
    ("source/webhook/id", |e| twice(e.trace.deliveries.iter().filter(|d| d.acknowledged()).map(|d| &d.delivery.id))),
    ("source/webhook/version", |e| twice(genuine(e))),
    ("source/key", |e| e.runs.iter().any(|r| twice(read_in(e, r.run)))),
    ("source/paginate", |e| e.runs.iter().any(|r| lists(e, r.run).map(|x| x.asks).collect::<BTreeSet<_>>().len() > 1)),
    ("source/incremental", incremental),
    ("source/feed", feed),
    ("source/deletes", deletes),
    ("target/upsert", |e| {
        let made = |p: Purpose| e.trace.exchanges.iter().any(|x| x.purpose == p && x.effect.is_some());
        made(Purpose::Find) && made(Purpose::Update)
    }),
    ("target/upsert/idempotency", |e| effects(e).any(|x| matches!(x, Effect::Replayed))),
    ("target/delete", deletes),
    ("target/put", |e| effects(e).any(|x| matches!(x, Effect::Updated { changed: true, .. }))),
    ("target/bulk", |e| e.trace.exchanges.iter().any(|x| x.purpose == Purpose::Bulk && x.batch.len() > 1)),
    ("target/create", |e| effects(e).any(|x| matches!(x, Effect::Created { .. }))),
    ("target/create/idempotency", |e| effects(e).any(|x| matches!(x, Effect::Replayed))),
    ("delivery/order", ordered),
    ("delivery/retry", |e| most_in_vain(e) >= 1),
    ("delivery/retry/attempts", |e| most_in_vain(e) >= e.bench.plan.delivery.retry.attempts.saturating_sub(1).max(1)),
    ("delivery/retry/base", |e| most_in_vain(e) >= 1),
    ("delivery/retry/jitter", |e| most_in_vain(e) >= 1),
    ("delivery/retry/cap", |e| {
        let retry = &e.bench.plan.delivery.retry;
        let doubled = most_in_vain(e).saturating_sub(1).min(40);
        most_in_vain(e) > 0 && retry.base_ms.saturating_mul(1 << doubled) >= retry.cap_ms
    }),
    ("delivery/retry/honor_retry_after", |e| {
        e.trace.exchanges.iter().any(|x| x.answer().is_some_and(|a| a.header("retry-after").is_some()))
    }),
    ("delivery/timeout", |e| {
        let crashed = |run: usize| e.runs.iter().any(|r| r.run == run && r.end == RunEnd::Crashed);
        e.trace.exchanges.iter().any(|x| x.outcome == Outcome::Open && !crashed(x.run))
    }),
    ("delivery/rate", |e| {
        let Some(rate) = &e.bench.plan.delivery.rate else { return false };
        let target = &e.bench.plan.target.system;
        e.trace.exchanges.iter().filter(|x| x.system == *target).count() as u64 > rate.value.requests
    }),
    ("delivery/breaker", outage),
    ("delivery/dead_letter", |e| !e.letters.is_empty()),
    ("fallback", outage),
    ("drift", |e| e.expected.iter().any(|x| x.mapped.is_err())),
];

/// Clauses that no drill can put to work, whatever happens.
const UNDRILLED: [&str; 1] = ["slo"];

/// What a schedule has put to work: clauses, and lines of the mapping that rejected a record.
pub(super) fn reached(e: &Evidence<'_>) -> BTreeSet<String> {
    let clauses = CLAUSES.iter().filter(|(_, reached)| reached(e)).map(|(name, _)| (*name).to_owned());
    let rejected = e.expected.iter().filter(|x| x.mapped.is_err());
    let lines = rejected.filter_map(|x| Some(format!("map/{}", e.bench.plan.mapped(&x.record).err()?.target)));
    clauses.chain(lines).collect()
}

/// One clause and who came to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// Keys below the flow, with slashes: `delivery/retry/attempts`, `map/stage`.
    pub clause: String,
    /// The drills that put it to work in this run.
    pub drills: Vec<&'static str>,
}

/// Every clause that a flow can have, and every line of its mapping that may reject a record, with the drills that came
/// to it. Which of them the flow has is for its file to say.
#[must_use]
pub fn coverage(plan: &crate::connector::Plan, rows: &[DrillRow]) -> Vec<Covered> {
    let rejecting = plan.mapping.rules().iter().filter(|rule| {
        let table = rule.values.as_ref().is_some_and(|t| matches!(t.otherwise, None | Some(Else::Reject)));
        table || rule.required.is_some()
    });
    let names = CLAUSES.iter().map(|(name, _)| (*name).to_owned());
    let names = names.chain(UNDRILLED.map(str::to_owned)).chain(rejecting.map(|r| format!("map/{}", r.target)));
    names
        .map(|clause| {
            let drills = rows.iter().filter(|r| r.reached.contains(&clause)).map(|r| r.code).collect();
            Covered { clause, drills }
        })
        .collect()
}

fn twice<T: Ord>(all: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    let mut all = all;
    all.any(|one| !seen.insert(one))
}

/// Records about which the source told more than once, by key.
fn genuine<'e>(e: &'e Evidence<'_>) -> impl Iterator<Item = &'e str> {
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    let all = e.trace.deliveries.iter().filter(|d| d.is_genuine() && d.acknowledged()).map(|d| &d.delivery);
    all.filter(move |d| known.insert((&d.key, &d.id))).map(|d| d.key.as_str())
}

fn lists<'e>(e: &'e Evidence<'_>, run: usize) -> impl Iterator<Item = &'e Exchanged> {
    e.trace.run(run).filter(|x| x.purpose == Purpose::List && x.status() == Some(200))
}

fn read_in<'e>(e: &'e Evidence<'_>, run: usize) -> impl Iterator<Item = &'e String> {
    lists(e, run)
        .filter_map(|x| if let Some(Effect::Read { keys, .. }) = &x.effect { Some(keys) } else { None })
        .flatten()
}

fn effects<'e>(e: &'e Evidence<'_>) -> impl Iterator<Item = &'e Effect> {
    e.trace.exchanges.iter().filter(|x| x.purpose.writes()).filter_map(|x| x.effect.as_ref())
}

/// A deletion was carried over. What a rollback deletes is none.
fn deletes(e: &Evidence<'_>) -> bool {
    e.rolled_back.is_none() && e.trace.exchanges.iter().any(|x| matches!(x.effect, Some(Effect::Deleted { .. })))
}

/// A later run asked from where an earlier one had come to.
fn incremental(e: &Evidence<'_>) -> bool {
    let Some((_, param)) = &e.bench.plan.source.incremental else { return false };
    let graph = e.bench.plan.source.by_graphql();
    let asks = |x: &Exchanged| graph || asked_of(&x.request).iter().any(|(name, _)| name == param);
    e.runs.iter().skip(1).any(|r| lists(e, r.run).any(asks))
}

/// A later run asked with the token of an earlier one.
fn feed(e: &Evidence<'_>) -> bool {
    let Some(feed) = &e.bench.plan.source.feed else { return false };
    let param = feed.param.as_deref().unwrap_or(LINK_PARAM);
    let asks = |x: &Exchanged| asked_of(&x.request).iter().any(|(name, value)| name == param && !value.is_empty());
    e.runs.iter().skip(1).any(|r| lists(e, r.run).any(asks))
}

/// Something stood in the way of the order that the contract wants.
fn ordered(e: &Evidence<'_>) -> bool {
    let writes = || e.trace.exchanges.iter().filter(|x| x.purpose.writes());
    match e.bench.plan.delivery.order {
        Order::None => writes().zip(writes().skip(1)).any(|(a, b)| a.ended.is_some_and(|end| end > b.at)),
        Order::PerKey => e.runs.iter().any(|r| {
            let mut forms = BTreeSet::new();
            let of_run = e.trace.run(r.run).filter(|x| x.purpose.writes());
            let distinct = of_run.filter(|x| forms.insert((x.identity.clone(), x.request.body.clone())));
            twice(distinct.filter_map(|x| x.identity.as_deref()).collect::<Vec<_>>().into_iter())
        }),
        Order::Total => writes().any(|x| x.fault.is_some()),
    }
}

fn in_vain(x: &Exchanged) -> bool {
    x.status().is_none_or(|s| s == 429 || s >= 500)
}

/// How often one request failed in one run, at most, such that it could be sent again.
fn most_in_vain(e: &Evidence<'_>) -> u32 {
    let mut counts = std::collections::BTreeMap::new();
    for x in e.trace.exchanges.iter().filter(|x| in_vain(x)) {
        *counts.entry((x.run, x.asks)).or_insert(0_u32) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

/// The target failed so often in a row that its breaker had to open.
fn outage(e: &Evidence<'_>) -> bool {
    let Some(breaker) = e.bench.plan.delivery.breaker else { return false };
    let mut row = 0;
    e.trace.exchanges.iter().filter(|x| x.system == e.bench.plan.target.system && x.purpose != Purpose::Token).any(
        |x| {
            row = if x.status().is_none_or(|s| s >= 500) { row + 1 } else { 0 };
            row >= breaker.open_after
        },
    )
}
