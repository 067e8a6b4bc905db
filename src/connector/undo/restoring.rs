//! Writes what was there before, or takes away what was not, and looks whether it is so.

use serde_json::{Map, Value};

use super::super::exchange::{self, Ask, Miss, Side, Tries};
use super::super::push::acked;
use super::super::readback::{self, There};
use super::super::run::{Run, Stop};
use super::super::trace::Trace;
use super::super::{Call, WritePlan, address, body};
use super::UndoOutcome;
use super::todo::{differing, emptied, no_null, wrote};
use crate::evidence::Undo;
use crate::model::Method;

/// The operation that changes one record.
pub(super) fn change<'r>(own: &'r Run<'_>) -> Option<&'r Call> {
    match &own.plan.target.write {
        WritePlan::Upsert { update, .. } => Some(update),
        WritePlan::Put { put, .. } => Some(put),
        WritePlan::Bulk { .. } | WritePlan::Create { .. } => None,
    }
}

/// Deletes; the words say why not.
pub(super) async fn delete(
    own: &Run<'_>,
    line: &Undo,
    id: &str,
    trace: &mut Trace,
) -> Result<Result<(), String>, Stop> {
    let Some(call) = &own.plan.target.back.delete else { return Ok(Err("it has no delete operation".to_owned())) };
    let ask = Ask::read(call, address::of_record(&own.plan.target.base_url, call, id));
    match sent(own, &ask, trace).await {
        Ok(()) => {}
        Err(Miss::Refused(refused)) if matches!(refused.status, 404 | 410) => {}
        Err(miss) => return refusal(miss),
    }
    // Some systems take a deletion and only mark the record: what is still there was not undone.
    match readback::there(own, &line.key, Some(id), wrote(line), trace).await? {
        There::Record(_, now) if !is_marked(&now) => {
            Ok(Err("the target took the deletion, and the record is still there".to_owned()))
        }
        There::Record(..) | There::Gone | There::Unreadable(_) => Ok(Ok(())),
    }
}

/// A record that is kept only to say that it was deleted.
pub(super) fn is_marked(record: &Value) -> bool {
    let told = |name: &str| record.get(name).is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)));
    ["deleted", "is_deleted", "isDeleted", "deleted_at", "deletedAt", "archived", "archived_at", "archivedAt"]
        .into_iter()
        .any(told)
}

/// Why a record was not restored.
pub(super) struct NotRestored {
    pub(super) outcome: UndoOutcome,
    pub(super) because: String,
    /// The target took the write: the record is neither as the run left it nor as before.
    pub(super) half: bool,
}

impl NotRestored {
    const fn failed(because: String) -> Self {
        Self { outcome: UndoOutcome::Failed, because, half: false }
    }
}

/// Writes the former values back, and looks whether they are there.
pub(super) async fn restore(
    own: &Run<'_>,
    line: &Undo,
    id: &str,
    former: &Value,
    now: &Value,
    trace: &mut Trace,
) -> Result<Result<(), NotRestored>, Stop> {
    // What only marks a record as deleted is another operation than the one that writes it.
    let marks = own.plan.target.delete.as_ref().filter(|d| d.set.is_some() && d.set.as_ref() == wrote(line));
    let Some(call) = marks.map(|marks| &marks.call).or_else(|| change(own)) else {
        return Ok(Err(NotRestored::failed("the flow has no operation that changes one record".to_owned())));
    };
    let body = if call.method == Method::Put { whole(own, former, now) } else { former.clone() };
    let ask = Ask::write(
        call,
        address::of_record(&own.plan.target.base_url, call, id),
        body::encode(&call.content_type, &body),
    );
    if let Err(miss) = sent(own, &ask, trace).await {
        return Ok(refusal(miss)?.map_err(NotRestored::failed));
    }
    let (outcome, because) = match readback::there(own, &line.key, Some(id), Some(former), trace).await? {
        There::Record(_, is) => {
            let left = differing(former, &is);
            if left.is_empty() {
                return Ok(Ok(()));
            }
            if left.iter().all(|name| emptied(own, former, &is, name)) {
                (UndoOutcome::Cannot, no_null(&left))
            } else {
                let because = format!("the target took the former values and holds others in {}", left.join(", "));
                (UndoOutcome::Failed, because)
            }
        }
        There::Gone => (UndoOutcome::Failed, "the record went away meanwhile".to_owned()),
        There::Unreadable(why) => (UndoOutcome::Failed, format!("it was written back and cannot be looked at: {why}")),
    };
    Ok(Err(NotRestored { outcome, because, half: true }))
}

/// A whole record for an operation that replaces: what is there now, with the former values in the fields of the run.
fn whole(own: &Run<'_>, former: &Value, now: &Value) -> Value {
    let writable = &own.plan.target.back.writable;
    let mut out: Map<String, Value> = now
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| writable.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, was) in former.as_object().into_iter().flatten() {
        match was {
            Value::Null => drop(out.shift_remove(name)),
            was => drop(out.insert(name.clone(), was.clone())),
        }
    }
    Value::Object(out)
}

pub(in crate::connector) async fn sent(own: &Run<'_>, ask: &Ask, trace: &mut Trace) -> Result<(), Miss> {
    let mut tries = Tries::default();
    exchange::repeat(own, Side::Target, ask, &mut tries, trace, |response| acked(own, false, &response, "").map(drop))
        .await
}

pub(in crate::connector) fn refusal(miss: Miss) -> Result<Result<(), String>, Stop> {
    match miss {
        Miss::Stop(stop) => Err(stop),
        Miss::Refused(refused) => Ok(Err(format!("the target refuses (status {}): {}", refused.status, refused.says))),
        Miss::Again(again) | Miss::Exhausted(again) => Ok(Err(format!("{} ({})", again.because, again.code))),
    }
}
