//! Events that the source's records do not account for, put among those that do.

use std::sync::Arc;

use serde_json::Value;

use super::{Setup, hooked};
use crate::base::rng::Rng;
use crate::connector::HookPlan;
use crate::lab::bench::Bench;
use crate::lab::courier::{Courier, Delivery};
use crate::lab::mock::{MockOptions, MockSystem};

/// Records of the source's kind that the source does not hold.
pub(super) fn strangers(bench: &Bench, count: usize, rng: &mut Rng) -> Vec<Value> {
    let options = MockOptions { first_serial: 9_000, ..MockOptions::default() };
    MockSystem::of(Arc::clone(&bench.source), 0, options).draw_records(&bench.source_entity, count, rng)
}

/// A courier that sends `count` events of [`strangers`] at the first start, anywhere among the source's. `id` begins their ids and
/// `spoilt` says what is done to the one of that number before it is sent.
pub(super) fn among(
    id: &'static str,
    count: usize,
    spoilt: impl Fn(Delivery, usize, &HookPlan, &mut Rng) -> Delivery + Send + 'static,
) -> Courier {
    Box::new(move |bench, start, fresh, rng| {
        let Ok(hook) = hooked(bench) else { return };
        if start > 0 {
            return;
        }
        for (n, record) in strangers(bench, count, rng).into_iter().enumerate() {
            let one = Delivery::of(bench, hook, format!("{id}_{n}"), record, rng);
            let one = spoilt(one, n, hook, rng);
            slip_in(fresh, one, rng);
        }
    })
}

/// Of what the source holds from the beginning, every second event is lost on its way, where a list tells of it as well: what is read of
/// the list then shows in the target, which no event makes good.
pub(super) fn unheard(bench: &Bench, mut setup: Setup) -> Setup {
    if bench.plan.source.list.is_some() && hooked(bench).is_ok() {
        setup.courier = Some(Box::new(|_, start, fresh, rng| {
            if start == 0 {
                fresh.retain(|_| rng.one_in(2));
            }
        }));
    }
    setup
}

/// Puts an event anywhere among others, at the end too.
pub(super) fn slip_in(fresh: &mut Vec<Delivery>, one: Delivery, rng: &mut Rng) {
    let place = usize::try_from(rng.below(fresh.len() as u64 + 1)).unwrap_or(0);
    fresh.insert(place, one);
}

/// Gives `other` the fields of `record` that its identity in the target is made of: those by which the two differ there.
pub(super) fn keep_identity(bench: &Bench, record: &Value, other: &mut Value) {
    let of = |r: &Value| bench.plan.mapped(r).ok().and_then(|m| bench.identity_of(r, &m));
    let wanted = of(record);
    if of(other) == wanted {
        return;
    }
    let Some(fields) = record.as_object() else { return };
    for (name, value) in fields {
        let before = other.get(name).cloned();
        other[name] = value.clone();
        if of(other) == wanted {
            return;
        }
        match before {
            Some(before) => other[name] = before,
            None => {
                if let Some(map) = other.as_object_mut() {
                    map.remove(name);
                }
            }
        }
    }
    other.clone_from(record);
}
