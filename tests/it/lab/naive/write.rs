//! How it writes one record: made, put, or looked up first.

use platform_integration::connector::Call;
use platform_integration::model::Method;

use super::*;

impl Run<'_> {
    pub(super) async fn write(&mut self, record: &Value, mapped: &Value, effect: &Effect, trace: &str) -> Settled {
        let system = &self.plan.target.system;
        match &self.plan.target.write {
            WritePlan::Create { create, idempotency } => {
                let fresh = || format!("{}-{:08x}", effect.idempotency_key, self.world.rng.lock().unwrap().next_u32());
                let key = if self.bug == Bug::CreatesAgain { fresh() } else { effect.idempotency_key.clone() };
                let key = idempotency.as_ref().filter(|_| self.bug != Bug::NoIdempotencyKey).map(|h| (h.as_str(), key));
                let ask = Ask {
                    call: create,
                    path: &[],
                    query: vec![],
                    body: Some(mapped),
                    key,
                    trace,
                    url: None,
                    only: None,
                };
                self.settle(system, &ask).await
            }
            WritePlan::Put { put, key } => {
                let id =
                    key.as_ref().map_or_else(|| effect.key.clone(), |p| text(dig(mapped, p).unwrap_or(&Value::Null)));
                let _ = record;
                let name = put.path.rsplit('{').next().and_then(|s| s.split('}').next()).unwrap_or_default();
                let path = [(name, id.as_str())];
                let ask = Ask {
                    call: put,
                    path: &path,
                    query: vec![],
                    body: Some(mapped),
                    key: None,
                    trace,
                    url: None,
                    only: None,
                };
                self.settle(system, &ask).await
            }
            WritePlan::Upsert { .. } => self.upsert(mapped, effect, trace).await,
            WritePlan::Bulk { .. } => unreachable!("pages go out as batches"),
        }
    }

    async fn settle(&mut self, system: &str, ask: &Ask<'_>) -> Settled {
        match self.wire.json(system, ask).await {
            Ok(answer) => Settled::Written(answer.get("id").map(text)),
            Err(Failure::Stopped) => Settled::Stopped,
            Err(Failure::Refused(_, why)) => Settled::Dead("rejected-by-target".to_owned(), why),
            Err(Failure::Exhausted(why)) => Settled::Dead("attempts-exhausted".to_owned(), why),
        }
    }

    /// Looks before every attempt to write: what a lost answer has done is seen before it is done again.
    async fn upsert(&mut self, mapped: &Value, effect: &Effect, trace: &str) -> Settled {
        let WritePlan::Upsert {
            matching, find, find_param, find_items, create, update, target_key, idempotency, ..
        } = &self.plan.target.write
        else {
            unreachable!("called for upserts only")
        };
        let system = &self.plan.target.system;
        let Some(natural) = dig(mapped, matching).filter(|key| !key.is_null()).map(text) else {
            return Settled::Dead("match-missing".to_owned(), "it cannot be looked up".to_owned());
        };
        let attempts = self.plan.delivery.retry.attempts;
        let mut last = Settled::Dead("attempts-exhausted".to_owned(), "no attempt".to_owned());
        for attempt in 1..=attempts {
            let query = vec![(find_param.clone(), natural.clone())];
            let ask = Ask { call: find, path: &[], query, body: None, key: None, trace, url: None, only: None };
            let found = match self.wire.json(system, &ask).await {
                Ok(answer) => match (dig(&answer, find_items).and_then(Value::as_array), self.bug) {
                    (Some(items), _) => items.clone(),
                    (None, Bug::EnvelopeIsEmpty | Bug::GarbageIsEmpty | Bug::TooLargeIsEmpty) => Vec::new(),
                    (None, _) => {
                        last = Settled::Dead("bad-answer".to_owned(), "the search holds no records".to_owned());
                        continue;
                    }
                },
                Err(Failure::Stopped) => return Settled::Stopped,
                Err(Failure::Refused(_, why)) => return Settled::Dead("rejected-by-target".to_owned(), why),
                Err(Failure::Exhausted(why)) => return Settled::Dead("attempts-exhausted".to_owned(), why),
            };
            let id = found.first().and_then(|r| r.get(target_key)).map(text);
            if let Some(there) = found.first()
                && mapped.as_object().is_some_and(|m| m.iter().all(|(n, v)| there.get(n) == Some(v)))
                && self.bug != Bug::Forgetful
            {
                return Settled::Unchanged(id);
            }
            if let Err(why) = self.journal(effect, found.first(), id.as_deref(), mapped, false) {
                self.wire.stop = Some(why);
                return Settled::Stopped;
            }
            if self.bug == Bug::NeverUpdates && id.is_some() {
                return Settled::Written(id);
            }
            let id = if self.bug == Bug::UpdatesFirstHit { Some("con_5000".to_owned()) } else { id };
            let id = match id {
                Some(id) if self.bug == Bug::DeletesFirst => {
                    self.gone(system, update, &id, trace, attempt).await;
                    None
                }
                other => other,
            };
            let answer = match &id {
                Some(id) => {
                    let name = update.path.rsplit('{').next().and_then(|s| s.split('}').next()).unwrap_or_default();
                    let path = [(name, id.as_str())];
                    let ask = Ask {
                        call: update,
                        path: &path,
                        query: vec![],
                        body: Some(mapped),
                        key: None,
                        trace,
                        url: None,
                        // One attempt between two looks, here as well.
                        only: Some(attempt),
                    };
                    self.wire.json(system, &ask).await
                }
                None => {
                    let blind = matches!(self.bug, Bug::CreatesAgain | Bug::TrustsUnknownKey);
                    let header = if self.bug == Bug::TrustsUnknownKey {
                        Some("idempotency-key")
                    } else {
                        idempotency.as_deref().filter(|_| !blind)
                    };
                    let key = header.map(|h| (h, effect.idempotency_key.clone()));
                    // One attempt between two looks.
                    let only = (!blind).then_some(attempt);
                    let ask =
                        Ask { call: create, path: &[], query: vec![], body: Some(mapped), key, trace, url: None, only };
                    self.wire.json(system, &ask).await
                }
            };
            match answer {
                Ok(answer) => {
                    let id = id.or_else(|| answer.get(target_key).map(text));
                    if let Err(why) = self.journal(effect, found.first(), id.as_deref(), mapped, true) {
                        self.wire.stop = Some(why);
                    }
                    return Settled::Written(id);
                }
                // Somebody else, or our own lost attempt, was faster: look again.
                Err(Failure::Refused(409, why))
                    if !matches!(self.bug, Bug::CreatesAgain | Bug::TrustsUnknownKey | Bug::ConflictIsFinal) =>
                {
                    last = Settled::Dead("conflict".to_owned(), why);
                }
                Err(Failure::Refused(404, _)) if self.bug == Bug::GoneIsDone && id.is_some() => {
                    return Settled::Written(id);
                }
                Err(Failure::Stopped) => return Settled::Stopped,
                Err(Failure::Refused(_, why)) => return Settled::Dead("rejected-by-target".to_owned(), why),
                Err(Failure::Exhausted(why)) => last = Settled::Dead("attempts-exhausted".to_owned(), why),
            }
        }
        last
    }

    /// Takes out what is there.
    async fn gone(&mut self, system: &str, update: &Call, id: &str, trace: &str, attempt: u32) {
        let name = update.path.rsplit('{').next().and_then(|s| s.split('}').next()).unwrap_or_default();
        let call = Call { method: Method::Delete, ..update.clone() };
        let path = [(name, id)];
        let ask = Ask {
            call: &call,
            path: &path,
            query: vec![],
            body: None,
            key: None,
            trace,
            url: None,
            only: Some(attempt),
        };
        let _ = self.wire.json(system, &ask).await;
    }
}
