//! What there is to do about a line of the journal: from what the record was, what the run made of it, and what it is now.

use serde_json::{Map, Value};

use super::super::compare::satisfied;
use super::super::readback::There;
use super::super::run::Run;
use super::super::{body, remake};
use super::restoring::{change, is_marked};
use super::{UndoOutcome, filled};
use crate::evidence::{Undo, UndoAct};
use crate::model::back::{MAYBE_MADE, NO_BEFORE, NO_DELETE};

/// What there is to do about a line.
pub(super) enum Todo {
    Delete(String),
    Restore(String, Value, Value),
    /// Makes it again; with what it held.
    Remake(Value),
    /// An earlier try restored what can be restored; the words say what cannot.
    Half(String, String),
    Nothing,
    Stays(UndoOutcome, String),
}

/// What the run wrote, as far as it is known.
pub(super) fn wrote(line: &Undo) -> Option<&Value> {
    line.wrote.as_ref().or(line.intends.as_ref())
}

pub(super) fn todo(own: &Run<'_>, line: &Undo, there: There) -> Todo {
    use UndoOutcome::{Cannot, ChangedSince};
    let back = &own.plan.target.back;
    let stays = |outcome, because: &str| Todo::Stays(outcome, because.to_owned());
    if line.act == UndoAct::Deleted {
        return deleted(own, line, there);
    }
    if line.act == UndoAct::Replaced {
        return stays(Cannot, if line.before.is_some() { MAYBE_MADE } else { NO_BEFORE });
    }
    let (id, now) = match there {
        There::Unreadable(why) => return Todo::Stays(Cannot, format!("not-readable: {why}")),
        There::Gone if line.act == UndoAct::Created => return Todo::Nothing,
        There::Gone => return stays(ChangedSince, "somebody deleted it since"),
        There::Record(id, now) => (id, now),
    };
    let ours = [&line.wrote, &line.intends].into_iter().flatten().any(|w| satisfied(w, Some(&now)));
    let former = line.before.as_ref().map(|before| former(line, before));
    if let Some(former) = &former {
        if as_before(former, &now) {
            return Todo::Nothing;
        }
        let left = differing(former, &now);
        if left.iter().all(|name| emptied(own, former, &now, name)) {
            return Todo::Half(id, no_null(&left));
        }
    }
    if !ours {
        return stays(ChangedSince, "it does not hold any more what the run wrote");
    }
    match former {
        Some(former) => Todo::Restore(id, former, now),
        None if back.delete.is_none() => stays(Cannot, NO_DELETE),
        None => match filled::by_whom_nobody_knows(&back.writable, line, &now).as_slice() {
            [] => Todo::Delete(id),
            names => Todo::Stays(
                ChangedSince,
                format!("it also holds {}, which the run did not write and was not shown", names.join(", ")),
            ),
        },
    }
}

/// What there is to do about a record that the run deleted.
fn deleted(own: &Run<'_>, line: &Undo, there: There) -> Todo {
    use UndoOutcome::{Cannot, ChangedSince};
    let stays = |outcome, because: &str| Todo::Stays(outcome, because.to_owned());
    let values = line.before.as_ref().map(|before| remake::values(own, before));
    match (there, values) {
        (There::Unreadable(why), _) => Todo::Stays(Cannot, format!("not-readable: {why}")),
        (There::Record(_, now), _) if is_marked(&now) && !line.before.as_ref().is_some_and(is_marked) => {
            stays(Cannot, "kept-as-deleted: the target keeps it and says that it was deleted")
        }
        (There::Record(_, now), Some(values)) if as_before(&values, &now) => Todo::Nothing,
        (There::Record(id, now), Some(values)) if remade_by_the_run(line, &now) => Todo::Restore(id, values, now),
        (There::Record(..), _) => stays(ChangedSince, "somebody made it again since"),
        (There::Gone, None) => stays(Cannot, "no-before-image: it was deleted, and nobody could read what it held"),
        (There::Gone, Some(values)) => match remake::possible(own, &values) {
            Ok(()) => Todo::Remake(values),
            Err(because) => stays(Cannot, because),
        },
    }
}

/// The run wrote it anew after it had deleted it, and it holds that still.
fn remade_by_the_run(line: &Undo, now: &Value) -> bool {
    let wrote = |w: &&Value| w.as_object().is_some_and(|map| !map.is_empty());
    [&line.wrote, &line.intends].into_iter().flatten().filter(wrote).any(|w| satisfied(w, Some(now)))
}

/// The fields that the run wrote with the values that they had before; null where there were none.
fn former(line: &Undo, before: &Value) -> Value {
    let mut out = Map::new();
    for written in [&line.wrote, &line.intends].into_iter().flatten().filter_map(Value::as_object) {
        for name in written.keys() {
            out.insert(name.clone(), before.get(name).cloned().unwrap_or(Value::Null));
        }
    }
    Value::Object(out)
}

/// Whether the record holds the former values, in both directions: `{}` is satisfied by everything, and is not equal to it.
pub(in crate::connector) fn as_before(former: &Value, now: &Value) -> bool {
    differing(former, now).is_empty()
}

/// The fields that do not hold their former values.
pub(super) fn differing<'f>(former: &'f Value, now: &Value) -> Vec<&'f str> {
    let differs = |(name, was): &(&String, &Value)| {
        let is = now.get(name.as_str()).unwrap_or(&Value::Null);
        !(satisfied(was, Some(is)) && satisfied(is, Some(was)))
    };
    former.as_object().into_iter().flatten().filter(differs).map(|(name, _)| name.as_str()).collect()
}

/// A field that was empty before and holds an empty text, which is as far as a form goes: it has no null.
pub(super) fn emptied(own: &Run<'_>, former: &Value, now: &Value, name: &str) -> bool {
    let form = change(own).is_some_and(|call| body::is_form(&call.content_type));
    form && former.get(name).is_some_and(Value::is_null) && now.get(name).is_some_and(|is| is == "")
}

pub(super) fn no_null(names: &[&str]) -> String {
    format!(
        "no-null-in-a-form: {} was empty before, and the most that a form can write is an empty text",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_empty_before_is_not_as_before_once_it_is_filled() {
        assert!(!as_before(&json!({"tags": []}), &json!({"tags": ["a"]})));
        assert!(!as_before(&json!({"o": {}}), &json!({"o": {"a": 1}})));
        assert!(as_before(&json!({"name": null}), &json!({"id": 1})));
    }
}
