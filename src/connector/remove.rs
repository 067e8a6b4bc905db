//! Takes a record out of the target that is deleted at the source. Only what this flow wrote is taken out: the ledger
//! says what that is, and under which key.

use serde_json::{Value, json};

use super::body::{self, at, scalar};
use super::compare::versions;
use super::exchange::{self, Ask, Miss, Side, Tries};
use super::find::{self, Found};
use super::page::Listing;
use super::push::{self, Undelivered};
use super::readback::{self, There};
use super::reconcile::Settled;
use super::run::{Run, Stop};
use super::trace::Trace;
use super::{WritePlan, address};
use crate::evidence::{Effect, EffectState, Undo, UndoAct};

/// Digest of an effect that took a record out.
pub const DELETED: &str = crate::evidence::TAKEN_OUT;

/// Deletes the record that was written for a source key. `mapped`: what the source record would become, to find it by
/// where its key in the target is not known.
pub(super) async fn remove(
    run: &Run<'_>,
    key: &str,
    version: Option<&str>,
    mapped: Option<&Value>,
    trace: &mut Trace,
) -> Result<Settled, Undelivered> {
    let flow = &run.plan.flow;
    let prior = run.world.ledger.effect(flow, key).map_err(Stop::from)?;
    let Some(delete) = &run.plan.target.delete else { return Ok(Settled::Unchanged) };
    let Some(prior) = prior else {
        // Nothing to take out. That it is gone is noted all the same: an older form of it may come yet, and must not be made.
        if version.is_some() && !run.rehearses() {
            let never = Effect {
                key: key.to_owned(),
                digest: DELETED.to_owned(),
                version: version.map(str::to_owned),
                idempotency_key: push::idempotency_key(run, key, DELETED, None),
                target_id: None,
                state: EffectState::Done,
                mapping: None,
            };
            run.world.ledger.put_effect(flow, &never).map_err(Stop::from)?;
        }
        return Ok(Settled::Unchanged);
    };
    if prior.version.as_deref().zip(version).is_some_and(|(done, now)| versions(now, done).is_lt()) {
        return Ok(Settled::Stale);
    }
    if prior.is_gone() {
        return Ok(Settled::Unchanged);
    }
    let mut tries = Tries::default();
    let id = match prior.target_id.clone() {
        // Somebody else's, though it was as this flow would have made it.
        _ if prior.is_adopted() => None,
        Some(id) => Some(id),
        // Taken back, or refused each time it was sent: what stands under its natural key is somebody else's.
        None if !is_there(run, &prior)? => None,
        None => looked_up(run, key, mapped, &mut tries, trace).await?,
    };
    let effect = |state, target_id| Effect {
        key: key.to_owned(),
        digest: DELETED.to_owned(),
        version: version.map(str::to_owned).or_else(|| prior.version.clone()),
        idempotency_key: push::idempotency_key(run, key, DELETED, Some(&prior)),
        target_id,
        state,
        mapping: None,
    };
    let note = |state, id: Option<&String>| {
        run.world.ledger.put_effect(flow, &effect(state, id.cloned())).map_err(|e| Undelivered::Stop(e.into()))
    };
    let Some(id) = id else {
        // It was meant to be written and never was.
        note(EffectState::Done, None)?;
        return Ok(Settled::Unchanged);
    };
    if let Some(other) = held_by_another(run, key, &id)? {
        // The natural key was given to another record of the source, and what stands there is that one's.
        note(EffectState::Done, None)?;
        run.log("info", "record-taken-over", Some(&trace.id), json!({"key": key, "by": other}));
        return Ok(Settled::Unchanged);
    }
    if run.rehearsed_delete() {
        return Ok(Settled::Written);
    }
    // Looked at first, and noted with the intention: what it held is all that could bring it back.
    let before = match readback::there(run, key, Some(&id), None, trace).await? {
        There::Record(_, before) => Some(Some(before)),
        There::Unreadable(_) => Some(None),
        There::Gone => None,
    };
    let journal = |state| {
        let Some(before) = &before else { return note(state, Some(&id)) };
        let done = state == EffectState::Done;
        let sent = delete.set.clone().unwrap_or_else(|| json!({}));
        let line = Undo {
            run: run.id.clone(),
            flow: flow.clone(),
            key: key.to_owned(),
            act: if delete.set.is_some() { UndoAct::Updated } else { UndoAct::Deleted },
            target_id: Some(id.clone()),
            before: before.clone(),
            intends: (!done).then(|| sent.clone()),
            wrote: done.then_some(sent),
            at: run.world.clock.now(),
            undone: false,
        };
        let target_id = if done { None } else { Some(id.clone()) };
        run.world.ledger.put_effect_undoable(&effect(state, target_id), &line).map_err(|e| Undelivered::Stop(e.into()))
    };
    // It did nothing: there is nothing to undo.
    let refused_for_good = || run.world.ledger.refuse_undo(&run.id, key).map_err(|e| Undelivered::Stop(e.into()));
    journal(EffectState::Intended)?;
    let url = address::of_record(&run.plan.target.base_url, &delete.call, &id);
    let ask = match &delete.set {
        Some(set) => Ask::write(&delete.call, url, body::encode(&delete.call.content_type, set)),
        None => Ask::read(&delete.call, url),
    };
    let mut attempts = 0;
    loop {
        attempts += 1;
        let answer = exchange::attempt(run, Side::Target, &ask, trace).await;
        match answer.and_then(|response| push::acked(run, delete.call.answers_json, &response, "id")) {
            Ok(_) => break,
            // Gone already; by an attempt of ours whose answer was lost, or by somebody else.
            Err(Miss::Refused(refused)) if matches!(refused.status, 404 | 410) => {
                if attempts > 1 {
                    journal(EffectState::Done)?;
                    return Ok(Settled::Written);
                }
                refused_for_good()?;
                note(EffectState::Done, None)?;
                return Ok(Settled::Unchanged);
            }
            Err(Miss::Refused(refused)) => {
                if attempts == 1 {
                    refused_for_good()?;
                }
                return Err(Undelivered::Dead {
                    code: refused.code,
                    because: refused.words(),
                    attempts,
                    history: Vec::new(),
                });
            }
            Err(Miss::Stop(stop)) => return Err(Undelivered::Stop(stop)),
            Err(Miss::Again(again) | Miss::Exhausted(again)) => {
                match exchange::back_off(run, &run.target, &mut tries, again, trace).await {
                    Ok(()) => {}
                    Err(Miss::Stop(stop)) => return Err(Undelivered::Stop(stop)),
                    Err(Miss::Refused(refused)) => {
                        return Err(Undelivered::Dead {
                            code: refused.code,
                            because: refused.words(),
                            attempts,
                            history: Vec::new(),
                        });
                    }
                    Err(Miss::Again(again) | Miss::Exhausted(again)) => {
                        let because = format!("{} ({})", again.because, again.code);
                        return Err(Undelivered::Dead {
                            code: "attempts-exhausted",
                            because,
                            attempts,
                            history: Vec::new(),
                        });
                    }
                }
            }
        }
    }
    journal(EffectState::Done)?;
    Ok(Settled::Written)
}

/// Whether the target may hold what this effect wrote: it was acknowledged, or sent and not refused.
fn is_there(run: &Run<'_>, effect: &Effect) -> Result<bool, Undelivered> {
    match effect.state {
        EffectState::Done => Ok(true),
        EffectState::Undone => Ok(false),
        EffectState::Intended => Ok(run.world.ledger.sent(&run.plan.flow, &effect.key).map_err(Stop::from)?),
    }
}

/// The other source record that the target's record with this key is now, where two can become one: by a natural key, one after
/// the other.
fn held_by_another(run: &Run<'_>, key: &str, id: &str) -> Result<Option<String>, Undelivered> {
    match run.plan.target.write {
        WritePlan::Create { .. } | WritePlan::Put { key: None, .. } => Ok(None),
        WritePlan::Upsert { .. } | WritePlan::Put { key: Some(_), .. } | WritePlan::Bulk { .. } => {
            let other = run.world.ledger.another_of(&run.plan.flow, id, key).map_err(Stop::from)?;
            Ok(other.map(|effect| effect.key))
        }
    }
}

/// The target's key of a record whose write was meant and not acknowledged.
async fn looked_up(
    run: &Run<'_>,
    key: &str,
    mapped: Option<&Value>,
    tries: &mut Tries,
    trace: &mut Trace,
) -> Result<Option<String>, Undelivered> {
    let unknown =
        |because: String| Undelivered::Dead { code: "target-key-unknown", because, attempts: 0, history: Vec::new() };
    match &run.plan.target.write {
        WritePlan::Put { key: None, .. } => Ok(Some(key.to_owned())),
        WritePlan::Put { key: Some(path), .. } => Ok(mapped.and_then(|m| at(m, path)).and_then(scalar)),
        WritePlan::Upsert { matching, find, find_param, find_items, find_pages, target_key, .. } => {
            let Some(wanted) = mapped.and_then(|m| at(m, matching)).and_then(scalar) else {
                return Err(unknown(format!(
                    "it is not known under which key the target has it, and the deleted record shows no {}",
                    matching.join(".")
                )));
            };
            let listing = Listing {
                call: find,
                base_url: &run.plan.target.base_url,
                items: find_items,
                inside: &[],
                pagination: find_pages.as_ref(),
                limit: find_pages.as_ref().and_then(|p| p.limit_max),
                feed: None,
            };
            let found = find::find(run, listing, find_param, matching, &wanted, tries, trace).await;
            match found {
                Ok(Found::None) => Ok(None),
                Ok(Found::One(record)) => match record.get(target_key).and_then(scalar) {
                    Some(id) => Ok(Some(id)),
                    None => Err(unknown(format!("the record found has no {target_key}"))),
                },
                Ok(Found::Many) => Err(unknown(format!("several records have this {}", matching.join(".")))),
                Ok(Found::Unclear(why)) => Err(unknown(why)),
                Err(Miss::Stop(stop)) => Err(Undelivered::Stop(stop)),
                Err(Miss::Refused(refused)) => Err(Undelivered::Dead {
                    code: refused.code,
                    because: refused.words(),
                    attempts: 0,
                    history: Vec::new(),
                }),
                Err(Miss::Again(again) | Miss::Exhausted(again)) => Err(Undelivered::Dead {
                    code: "attempts-exhausted",
                    because: format!("{} ({})", again.because, again.code),
                    attempts: tries.made,
                    history: Vec::new(),
                }),
            }
        }
        WritePlan::Create { .. } | WritePlan::Bulk { .. } => Err(unknown(
            "the target did not say under which key it keeps the record; delete it there by hand".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::connector::DeletesPlan;

    #[test]
    fn a_mark_is_read_as_people_write_it() {
        let by = |field: &str, is: Option<&str>| DeletesPlan::Tombstone {
            field: field.split('.').map(str::to_owned).collect(),
            is: is.map(str::to_owned),
            max_share: 10.0,
        };
        let flag = by("meta.deleted_at", None);
        for gone in [json!("2026-01-01"), json!(true), json!(1), json!("yes"), json!({"by": "x"})] {
            assert!(flag.marks(&json!({"meta": {"deleted_at": gone}})), "{gone}");
        }
        for there in [json!(null), json!(false), json!(0), json!(""), json!("False"), json!("no")] {
            assert!(!flag.marks(&json!({"meta": {"deleted_at": there}})), "{there}");
        }
        assert!(!flag.marks(&json!({})));
        let status = by("status", Some("closed"));
        assert!(status.marks(&json!({"status": "closed"})) && !status.marks(&json!({"status": "open"})));
        assert!(by("n", Some("9")).marks(&json!({"n": 9})));
        assert!(!DeletesPlan::Sweep { max_share: 10.0 }.marks(&json!({"deleted": true})));
    }
}
