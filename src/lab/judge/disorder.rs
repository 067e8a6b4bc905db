//! Order, from the wire: what the contract wants one after the other is written one after the other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Evidence;
use crate::contract::Order;
use crate::lab::bench::Purpose;
use crate::lab::mock::dig;
use crate::lab::trace::Exchanged;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    if e.bench.plan.delivery.order == Order::None {
        return;
    }
    for seen in &e.runs {
        let writes: Vec<&Exchanged> = e.trace.run(seen.run).filter(|x| x.purpose.writes()).collect();
        per_key(seen.run, &writes, out);
        if e.bench.plan.delivery.order == Order::Total && e.bench.plan.source.webhook.is_none() {
            total(e, seen.run, &writes, out);
        }
    }
}

/// Two writes of one record are not under way at once, and a form that was replaced does not come back.
fn per_key(run: usize, writes: &[&Exchanged], out: &mut Vec<String>) {
    let mut by_key: BTreeMap<&str, Vec<&Exchanged>> = BTreeMap::new();
    for x in writes {
        if let Some(identity) = &x.identity {
            by_key.entry(identity).or_default().push(x);
        }
    }
    for (key, all) in by_key.into_iter().filter(|(_, all)| all.len() > 1) {
        for pair in all.windows(2) {
            // One that was given up is not under way any more.
            if pair[0].ended.is_some_and(|end| end > pair[1].at) {
                out.push(format!(
                    "disorder: run {run} sent request {} about {key} while request {} was under way",
                    pair[1].nth, pair[0].nth
                ));
            }
        }
        let mut forms: Vec<&Exchanged> = all;
        forms.dedup_by(|b, a| a.request.body == b.request.body);
        let back = (2..forms.len()).find(|i| forms[..i - 1].iter().any(|f| f.request.body == forms[*i].request.body));
        if let Some(i) = back {
            out.push(format!(
                "disorder: run {run} wrote an earlier form of {key} again in request {}, after request {}",
                forms[i].nth,
                forms[i - 1].nth
            ));
        }
    }
}

/// Records are written in the order in which they were read, and each after the one before.
fn total(e: &Evidence<'_>, run: usize, writes: &[&Exchanged], out: &mut Vec<String>) {
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    for x in e.trace.run(run).filter(|x| x.purpose == Purpose::List && x.status() == Some(200)) {
        let body = x.answer().and_then(|r| serde_json::from_slice::<Value>(&r.body).ok());
        let items = body.as_ref().and_then(|b| dig(b, &e.bench.plan.source.items)).and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            let Some(record) = dig(item, &e.bench.plan.source.inside) else { continue };
            let Ok(mapped) = e.bench.plan.mapped(record) else { continue };
            if let Some(identity) = e.bench.identity_of(record, &mapped) {
                let next = place.len();
                place.entry(identity).or_insert(next);
            }
        }
    }
    let of = |x: &Exchanged| x.identity.as_ref().and_then(|i| place.get(i)).copied();
    let placed: Vec<(usize, &Exchanged)> = writes.iter().filter_map(|x| Some((of(x)?, *x))).collect();
    for pair in placed.windows(2) {
        let ((before, a), (after, b)) = (pair[0], pair[1]);
        if after < before {
            out.push(format!(
                "disorder: run {run} wrote request {} after request {}, though its record came before",
                b.nth, a.nth
            ));
            return;
        }
        if a.ended.is_some_and(|end| end > b.at) {
            out.push(format!("disorder: run {run} sent request {} while request {} was under way", b.nth, a.nth));
            return;
        }
    }
}
