//! What changes at the source after it was delivered is changed in the target by the next run: a connector that only makes
//! records, or that takes what it has sent once for done, leaves the target behind for good.
//!
//! Source: Airbyte, "Append + Deduped": the newest version of a record replaces the one before.

use serde_json::Value;

use super::super::judge::{Evidence, Expected};
use super::spoiled::{fate, fields};
use super::{Drill, Setup};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct ChangedBetweenRuns;

impl Drill for ChangedBetweenRuns {
    fn code(&self) -> &'static str {
        "changed-between-runs"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that changes at the source after it was delivered is changed in the target by the next run."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        changeable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(|bench, source, rng| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let mut count = 0;
            let first = usize::try_from(rng.below(64)).unwrap_or(0);
            for record in &all {
                if count > 0 && rng.one_in(4) {
                    continue;
                }
                // In one field alone, each in another: what is left out of a comparison shows. A program is given few schedules.
                let alone = (count > 0 || bench.real.is_some())
                    .then(|| in_one_field(bench, record, &all, first + count, rng))
                    .flatten();
                let Some(changed) = alone.or_else(|| another_form(bench, record, &all, rng)) else { continue };
                source.keep(&bench.source_entity, changed);
                count += 1;
            }
            format!("{count} in the source have other values")
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let second = evidence.runs.get(1).map_or(usize::MAX, |r| r.run);
        let exchanges = evidence.trace.exchanges.iter().filter(|x| x.run >= second);
        u64::from(exchanges.filter(|x| x.purpose == Purpose::List).any(|x| x.status() == Some(200)))
    }
}

/// Records that were delivered can change at the source, where a list shows them, and the target can follow.
pub(super) fn changeable(bench: &Bench) -> Result<(), String> {
    if bench.plan.source.list.is_none() {
        return Err("the source sends webhooks; no list of it is read".to_owned());
    }
    if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
        return Err("a record is only created, so it has one form".to_owned());
    }
    // Another seed than that of the records: with theirs each would be its own other form.
    let mut rng = Rng::seeded(1);
    let all = super::spoiled::drawn(bench);
    match all.iter().any(|r| another_form(bench, r, &all, &mut rng).is_some()) {
        true => Ok(()),
        false => Err("nothing that the mapping reads can change".to_owned()),
    }
}

/// The same record, later, with values that the mapping makes something else of.
pub(super) fn another_form(bench: &Bench, record: &Value, all: &[Value], rng: &mut Rng) -> Option<Value> {
    let before = fate(bench, record)?;
    let was = before.mapped.as_ref().ok()?;
    let stranger = super::strangers(bench, 1, rng).pop()?;
    let mut changed = match bench.plan.source.version() {
        Some(_) => super::versions::touched_last(bench, record, all)?,
        None => record.clone(),
    };
    let stays = |x: Expected| x.identity == before.identity && x.mapped.is_ok();
    for (name, value) in fields(bench, &stranger) {
        let mut further = changed.clone();
        further[name] = changed.get(name).and_then(|held| forward(held, value)).unwrap_or_else(|| value.clone());
        if fate(bench, &further).is_some_and(stays) {
            changed = further;
        }
    }
    fate(bench, &changed)?.mapped.is_ok_and(|becomes| becomes != *was).then_some(changed)
}

/// The same record, later, with another value in one field alone of those that the mapping reads; they are tried from the one at
/// `from` on.
fn in_one_field(bench: &Bench, record: &Value, all: &[Value], from: usize, rng: &mut Rng) -> Option<Value> {
    let before = fate(bench, record)?;
    let was = before.mapped.as_ref().ok()?;
    let stranger = super::strangers(bench, 1, rng).pop()?;
    let touched = match bench.plan.source.version() {
        Some(_) => super::versions::touched_last(bench, record, all)?,
        None => record.clone(),
    };
    let mut fields = fields(bench, &stranger);
    let from = from.checked_rem(fields.len()).unwrap_or(0);
    fields.rotate_left(from);
    fields.into_iter().find_map(|(name, value)| {
        let mut changed = touched.clone();
        changed[name] = touched.get(name).and_then(|held| forward(held, value)).unwrap_or_else(|| value.clone());
        let after = fate(bench, &changed).filter(|x| x.identity == before.identity)?;
        after.mapped.is_ok_and(|becomes| becomes != *was && holds_all(&becomes, was)).then_some(changed)
    })
}

/// Every field that one has a value for has one in the other: what is left out of a form, or of a PATCH, is left as it was.
fn holds_all(becomes: &Value, was: &Value) -> bool {
    match (becomes, was) {
        (_, Value::Null) => true,
        (Value::Object(becomes), Value::Object(was)) => {
            was.iter().all(|(name, held)| becomes.get(name).is_some_and(|now| holds_all(now, held)))
        }
        (becomes, _) => !becomes.is_null(),
    }
}

/// Of two times the one that was there, an hour later, where the other lies before it: what a record tells of its own change does
/// not go back when it changes.
pub(super) fn forward(held: &Value, other: &Value) -> Option<Value> {
    let (was, then) = (held.as_str()?, other.as_str()?);
    if let (Some(was), Some(then)) = (local(was), local(then)) {
        let later = was.checked_add(jiff::Span::new().hours(1)).ok().filter(|_| then <= was)?;
        let at = if held.as_str().is_some_and(|text| text.contains(' ')) { " " } else { "T" };
        return Some(later.strftime(&format!("%Y-%m-%d{at}%H:%M:%S")).to_string().into());
    }
    let (was, then) = (Timestamp::parse(was)?, Timestamp::parse(then)?);
    if then > was { None } else { super::versions::shifted(held, 3_600_000) }
}

/// A time of day without a zone.
fn local(text: &str) -> Option<jiff::civil::DateTime> {
    if text.len() <= 10 || text.parse::<jiff::Timestamp>().is_ok() {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::forward;

    #[test]
    fn a_time_that_would_go_back_goes_on_in_the_form_that_it_had() {
        for (held, other, wanted) in [
            ("2026-03-01 14:05:00", "2025-01-01 10:00:00", Some("2026-03-01 15:05:00")),
            ("2026-03-01T14:05:00", "2026-03-01T14:05:00", Some("2026-03-01T15:05:00")),
            ("2026-03-01 14:05:00", "2026-03-01 14:05:01", None),
            ("2026-03-01T23:30:00Z", "2025-01-01T10:00:00Z", Some("2026-03-02T00:30:00Z")),
            ("2026-03-01", "2025-01-01", Some("2026-03-02")),
            ("2026-03-01", "2027-01-01", None),
            ("a name", "2027-01-01", None),
        ] {
            assert_eq!(forward(&json!(held), &json!(other)), wanted.map(|w| json!(w)), "{held} {other}");
        }
        assert_eq!(forward(&json!(7), &json!(6)), None);
    }
}
