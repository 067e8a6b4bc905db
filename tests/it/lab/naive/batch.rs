//! Many records in one request, by the same other hands.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

struct Open {
    key: String,
    record: Value,
    mapped: Value,
    effect: Effect,
}

impl Run<'_> {
    /// One page in one go; a page is never larger than a batch in the lab.
    pub(super) async fn batch(&mut self, records: &[Value]) -> Result<(), String> {
        self.stops()?;
        if records.len() > 50 {
            // Only where all of the source was read first.
            for part in records.chunks(50) {
                Box::pin(self.batch(part)).await?;
            }
            return Ok(());
        }
        let flow = self.plan.flow.clone();
        let mut open = Vec::new();
        for record in records {
            self.counts.read += 1;
            let key = dig(record, &self.plan.source.key).map(text).ok_or("a record without a key")?;
            if !self.keys.insert(key.clone()) && !self.newer(&key, record)? && self.bug != Bug::OlderFormWins {
                continue;
            }
            self.counts.unique = self.keys.len() as u64;
            if self.bug == Bug::SkipsFuture && self.after_now(record) {
                self.counts.unchanged += 1;
                continue;
            }
            let taken = record::taken(self.bug, self.plan, record);
            let mut mapped = match self.plan.mapping.apply(&taken) {
                Ok(mapped) => mapped,
                Err(why) => {
                    self.counts.rejected += 1;
                    self.bury(&key, record, why.code, &why.to_string())?;
                    continue;
                }
            };
            record::written(self.bug, self.plan, record, &mut mapped);
            if let Some(other) = self.claimed(&key, &mapped) {
                self.counts.dead_lettered += 1;
                self.bury(&key, record, "equal-keys", &format!("{other} becomes the same target record"))?;
                continue;
            }
            let digest = Digest::of_json(&mapped).to_string();
            let known = self.kept(self.world.ledger.effect(&flow, &key))?;
            if known.is_some_and(|e| e.digest == digest && e.state == EffectState::Done) {
                self.counts.unchanged += 1;
                continue;
            }
            let effect = Effect {
                key: key.clone(),
                digest,
                version: self.plan.source.version().and_then(|path| dig(record, path)).map(text),
                idempotency_key: String::new(),
                target_id: None,
                state: if self.bug == Bug::BatchDoneFirst { EffectState::Done } else { EffectState::Intended },
                mapping: None,
            };
            self.kept(self.world.ledger.put_effect(&flow, &effect))?;
            open.push(Open { key, record: record.clone(), mapped, effect });
        }
        let mut todo = vec![open];
        while let Some(mut open) = todo.pop() {
            if let Some(half) = self.send_batch(&mut open).await? {
                todo.push(half);
                todo.push(open);
            }
        }
        Ok(())
    }

    /// Sends until each is settled; or leaves the first half, and gives the second.
    async fn send_batch(&mut self, open: &mut Vec<Open>) -> Result<Option<Vec<Open>>, String> {
        let WritePlan::Bulk { write, records, results, key, .. } = &self.plan.target.write else {
            unreachable!("called for bulk writes only")
        };
        let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
        let (attempts, base) = (self.plan.delivery.retry.attempts, self.plan.delivery.retry.base_ms);
        let mut written: BTreeMap<String, bool> = BTreeMap::new();
        for attempt in 1..=attempts {
            if open.is_empty() {
                return Ok(None);
            }
            let list: Vec<Value> = open.iter().map(|o| o.mapped.clone()).collect();
            let body = records.iter().rev().fold(Value::Array(list), |inner, name| serde_json::json!({ name: inner }));
            let ask = Ask {
                call: write,
                path: &[],
                query: vec![],
                body: Some(&body),
                key: None,
                trace: &trace,
                url: None,
                only: None,
            };
            let answer = self.wire.json(&self.plan.target.system, &ask).await;
            if let Some(why) = &self.wire.stop {
                return Err(why.clone());
            }
            let answer = match answer {
                Ok(answer) => answer,
                Err(Failure::Refused(400 | 413 | 422, _)) if open.len() > 1 => {
                    return Ok(Some(open.split_off(open.len() / 2)));
                }
                Err(Failure::Stopped) => return Err("asked to stop".to_owned()),
                Err(Failure::Refused(_, why) | Failure::Exhausted(why)) => {
                    for one in std::mem::take(open) {
                        self.counts.dead_lettered += 1;
                        self.bury(&one.key, &one.record, "rejected-by-target", &why)?;
                    }
                    return Ok(None);
                }
            };
            let empty = Vec::new();
            let results = dig(&answer, results).and_then(Value::as_array).unwrap_or(&empty);
            let good = |r: &Value| r["status"].as_u64().is_some_and(|s| (200..300).contains(&s));
            if self.bug == Bug::WholeBatchDropped && !results.iter().all(good) {
                return Ok(None);
            }
            let mut left = Vec::new();
            for (place, mut one) in std::mem::take(open).into_iter().enumerate() {
                let wanted = dig(&one.mapped, key);
                let result = match self.bug {
                    Bug::ResultsByPlace => results.get(place),
                    _ => results.iter().find(|r| r.get(&key[key.len() - 1]) == wanted),
                };
                let status = result
                    .and_then(|r| r["status"].as_u64())
                    .unwrap_or(if self.bug == Bug::SilenceIsSuccess { 200 } else { 503 });
                let believed = self.bug == Bug::ItemsUnread || (200..300).contains(&status);
                if believed && !written.contains_key(&one.key) {
                    self.counts.written += 1;
                    written.insert(one.key.clone(), true);
                    one.effect.state = EffectState::Done;
                    let flow = &self.plan.flow;
                    self.kept(self.world.ledger.put_effect(flow, &one.effect))?;
                    if self.bug != Bug::ReplayDoesNotSettle {
                        self.kept(self.world.ledger.absolve(flow, &one.key, DeadState::Replayed))?;
                    }
                }
                if believed {
                    // Kept for the case that the whole batch goes out again.
                    if self.bug == Bug::WholeBatchAgain {
                        left.push((one, true));
                    }
                } else if status == 429 || status >= 500 {
                    left.push((one, false));
                } else {
                    self.counts.dead_lettered += 1;
                    self.bury(&one.key, &one.record, "rejected-by-target", &format!("status {status}"))?;
                }
            }
            if left.iter().all(|(_, taken)| *taken) {
                return Ok(None);
            }
            *open = left.into_iter().map(|(one, _)| one).collect();
            if attempt < attempts {
                tokio::time::sleep(Duration::from_millis(base << attempt.min(6))).await;
            }
        }
        for one in std::mem::take(open) {
            self.counts.dead_lettered += 1;
            self.bury(&one.key, &one.record, "attempts-exhausted", "it failed each time")?;
        }
        Ok(None)
    }
}
