//! What is taken back is as before, what is not is named, and what others did since stays.

use serde_json::{Map, Value};

use super::{Evidence, some};
use crate::connector::{Call, UndoOutcome, UndoReport, WritePlan};
use crate::evidence::Verdict;
use crate::lab::mock::Effect;
use crate::lab::rollback::{Held, RolledBack};
use crate::lab::world::RunEnd;
use crate::model::{Direction, Operation, validate};

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let Some(back) = &e.rolled_back else { return };
    for (run, end) in &back.tries {
        if !matches!(end, RunEnd::RolledBack(_) | RunEnd::Crashed) {
            out.push(format!("rollback: run {run} came to no end of its own: {end:?}"));
        }
    }
    let Some((run, RunEnd::RolledBack(report))) = back.clean() else { return };
    if e.left_half_taken_back() {
        return;
    }
    let mut stays = Vec::new();
    for key in keys(e.target_before, back) {
        if one(e, back, report, key, out) {
            stays.push(key.to_owned());
        }
    }
    let verdict = report.verdict;
    if verdict == Verdict::Pass && !stays.is_empty() {
        out.push(format!("dishonest: rollback run {run} claims PASS, and {} is not as before", some(&stays, 3)));
    }
    // Of a run that wrote nothing there is nothing to take back, and nothing is proven by it.
    let wrote = back.wrote != *e.target_before;
    if verdict != Verdict::Pass && stays.is_empty() && wrote {
        out.push(format!("rollback: run {run} claims {verdict}, and everything is as before"));
    }
    repeated(e, back, out);
}

/// Every key of the target that there ever was.
fn keys<'e>(before: &'e Held, back: &'e RolledBack) -> Vec<&'e str> {
    let all = [before, &back.wrote, &back.found, &back.left];
    let mut keys: Vec<&str> = all.iter().flat_map(|held| held.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Judges one record; true where it is not as it was before the run.
fn one(e: &Evidence<'_>, back: &RolledBack, report: &UndoReport, key: &str, out: &mut Vec<String>) -> bool {
    let (before, wrote) = (e.target_before.get(key), back.wrote.get(key));
    let (found, left) = (back.found.get(key), back.left.get(key));
    if before == wrote {
        if left != found {
            out.push(format!("bystander: the rollback changed {key}, which the run had not touched"));
        }
        return false;
    }
    let outcome = listed(e, back, report, key);
    if back.meddled.contains(key) {
        if left != found {
            let did = if left.is_none() { "deleted" } else { "overwrote" };
            out.push(format!("rollback: it {did} {key}, which somebody else had changed since the run"));
        } else if outcome != Some(UndoOutcome::ChangedSince)
            // What could not be put back in any case need not be looked at any closer.
            && (outcome != Some(UndoOutcome::Cannot) || could(e, before, wrote))
        {
            out.push(format!("rollback: {key} was changed by somebody else, and is not listed as changed since"));
        }
        return true;
    }
    let as_before = match (before, left) {
        (None, left) => left.is_none(),
        (Some(_), None) => {
            out.push(format!("rollback: it deleted {key}, which was there before the run"));
            return true;
        }
        (Some(before), Some(left)) => {
            let differs = wrote.and_then(|wrote| differs(e, before, wrote, left));
            if let Some(field) = differs
                && outcome.is_none()
            {
                out.push(format!("rollback: {field} of {key} is not as before, and that is not listed"));
                return true;
            }
            differs.is_none()
        }
    };
    if as_before {
        return false;
    }
    match outcome {
        Some(UndoOutcome::Cannot | UndoOutcome::Failed) if !could(e, before, wrote) => {}
        Some(outcome) => {
            out.push(format!("rollback: {key} could be taken back, and is listed as {}", outcome.as_str()));
        }
        None => out.push(format!("rollback: the run made {key}, it is still there, and that is not listed")),
    }
    true
}

/// What the report says of a record that stays.
fn listed(e: &Evidence<'_>, back: &RolledBack, report: &UndoReport, key: &str) -> Option<UndoOutcome> {
    let identity = back.found.get(key).and_then(|record| e.bench.identity_kept(key, record));
    let source = e.expected.iter().find(|x| x.identity.is_some() && x.identity == identity).map(|x| x.key.as_str());
    let about = |item: &&crate::connector::UndoItem| match &item.target_id {
        Some(id) => id == key,
        None => source == Some(item.key.as_str()),
    };
    report.stay.iter().find(about).map(|item| item.outcome)
}

/// The plan has what it takes to put this record back.
fn could(e: &Evidence<'_>, before: Option<&Value>, wrote: Option<&Value>) -> bool {
    let target = &e.bench.plan.target;
    match before {
        None => target.back.delete.is_some(),
        Some(before) => match &target.write {
            WritePlan::Upsert { update, .. } => wrote.is_none_or(|wrote| empties(e, update, before, wrote)),
            WritePlan::Put { .. } | WritePlan::Bulk { .. } | WritePlan::Create { .. } => false,
        },
    }
}

/// The target takes null in every field that was empty before and that the run filled; where its description does not let
/// it, or where it takes forms, which have no null, such a field cannot be emptied again.
fn empties(e: &Evidence<'_>, update: &Call, before: &Value, wrote: &Value) -> bool {
    let system = &e.bench.target.system;
    let known = |op: &&Operation| op.method == update.method && op.path == update.path;
    let Some(schema) = system.operations.iter().find(known).and_then(|op| op.body.as_ref()?.schema) else {
        return true;
    };
    let form = update.content_type.starts_with("application/x-www-form-urlencoded");
    let wrong = |body: &Value| validate(&system.schemas, schema, body, Direction::Request).len();
    let mut filled = wrote.as_object().into_iter().flatten().filter(|(name, value)| {
        let was = before.get(*name).is_none_or(Value::is_null);
        was && !value.is_null() && !e.bench.target.sets_itself(&e.bench.target_entity, name)
    });
    // The one field alone, empty and as it was written: whatever else the description wants is wanting in both.
    let alone = |name: &String, value: &Value| wrong(&Value::Object(Map::from_iter([(name.clone(), value.clone())])));
    filled.all(|(name, value)| !form && alone(name, &Value::Null) <= alone(name, value))
}

/// A field that the run changed and that does not hold its former value; what the system sets by itself is its own.
fn differs<'v>(e: &Evidence<'_>, before: &'v Value, wrote: &'v Value, left: &Value) -> Option<&'v str> {
    let own = |name: &str| e.bench.target.sets_itself(&e.bench.target_entity, name);
    let of = |record: &'v Value, name: &str| record.get(name).cloned().unwrap_or(Value::Null);
    let names = wrote.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| !own(name));
    names.filter(|name| of(before, name) != of(wrote, name)).find(|name| {
        let is = left.get(*name).cloned().unwrap_or(Value::Null);
        of(before, name) != is
    })
}

/// Asked for once more, it finds nothing to do.
fn repeated(e: &Evidence<'_>, back: &RolledBack, out: &mut Vec<String>) {
    let Some((run, _)) = back.tries.last() else { return };
    let changes = |effect: &Effect| match effect {
        Effect::Updated { .. } => true,
        other => other.keeps() || matches!(other, Effect::Deleted { .. }),
    };
    if let Some(x) = e.trace.run(*run).find(|x| x.effect.as_ref().is_some_and(changes)) {
        out.push(format!(
            "rollback: asked for once more, run {run} sent request {}, and there was nothing to do",
            x.nth
        ));
    }
    if back.twice != back.left {
        out.push(format!("rollback: asked for once more, run {run} changed what the target holds"));
    }
}
