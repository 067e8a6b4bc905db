//! Takes back what the last run wrote, by the same other hands.

use platform_integration::connector::{Call, UndoItem, UndoOutcome, UndoReport};
use platform_integration::evidence::{RunRecord, Undo, UndoAct};

use super::*;

/// What is in the target.
enum There {
    Record(String, Value),
    Gone,
    Unknown(String),
}

impl Run<'_> {
    /// Notes where the flow stands when a run begins.
    pub(super) fn remember(&self) -> Result<(), String> {
        let record = RunRecord {
            id: self.id.clone(),
            flow: self.plan.flow.clone(),
            started: self.world.clock.now(),
            ended: None,
            verdict: Verdict::Unproven.as_str().to_owned(),
            counts: String::new(),
            checkpoint: Some(self.kept(self.world.ledger.checkpoint(&self.plan.flow))?),
        };
        self.kept(self.world.ledger.put_run(&record))
    }

    /// Notes what would take back a write that is about to be sent, or was taken.
    pub(super) fn journal(
        &self,
        effect: &Effect,
        before: Option<&Value>,
        id: Option<&str>,
        mapped: &Value,
        done: bool,
    ) -> Result<(), String> {
        let line = Undo {
            run: self.id.clone(),
            flow: self.plan.flow.clone(),
            key: effect.key.clone(),
            act: if before.is_some() { UndoAct::Updated } else { UndoAct::Created },
            target_id: id.map(str::to_owned),
            before: before.cloned(),
            intends: (!done).then(|| mapped.clone()),
            wrote: done.then(|| mapped.clone()),
            at: self.world.clock.now(),
            undone: false,
        };
        self.kept(self.world.ledger.put_undo(&line))
    }

    /// Takes back the last run with a line in the journal, one record after the other.
    pub(super) async fn take_back(&mut self) -> UndoReport {
        let (ledger, flow) = (&self.world.ledger, self.plan.flow.clone());
        let mut report = UndoReport::nothing(&flow);
        let runs = ledger.runs(1_000).unwrap();
        let Some(run) = runs.into_iter().find(|r| ledger.undo_counts(&r.id).is_ok_and(|c| c.open + c.undone > 0))
        else {
            return report;
        };
        report.run.clone_from(&run.id);
        let lines = ledger.undos(&run.id, "", 100_000).unwrap();
        if self.bug == Bug::RollbackMarksFirst {
            for line in &lines {
                self.mark(line, &run);
            }
        }
        for line in lines {
            report.tally.writes += 1;
            let outcome = if line.undone { Ok(UndoOutcome::AsBefore) } else { self.undo(&line).await };
            let stays = outcome.is_err() || matches!(outcome, Ok(UndoOutcome::ChangedSince | UndoOutcome::Cannot));
            if !line.undone && (!stays || (outcome.is_err() && self.bug == Bug::RollbackFailsQuietly)) {
                self.mark(&line, &run);
            }
            let (outcome, because) = match outcome {
                Ok(outcome) => (outcome, String::new()),
                Err(why) => (UndoOutcome::Failed, why),
            };
            match outcome {
                UndoOutcome::Deleted => report.tally.deleted += 1,
                UndoOutcome::Restored => report.tally.restored += 1,
                UndoOutcome::AsBefore => report.tally.as_before += 1,
                UndoOutcome::ChangedSince => report.tally.changed_since += 1,
                UndoOutcome::Cannot => report.tally.cannot += 1,
                UndoOutcome::Failed => report.tally.failed += 1,
            }
            let item = UndoItem { key: line.key, act: line.act, target_id: line.target_id, outcome, because };
            if stays { report.stay.push(item) } else { report.done.push(item) }
        }
        report.verdict = match report.tally.verdict(true, self.wire.stop.is_none()) {
            _ if self.bug == Bug::RollbackAlwaysPass => Verdict::Pass,
            verdict => verdict,
        };
        report.stopped = self.wire.stop.clone().map(|why| ("stopped".to_owned(), why));
        report.requests = self.wire.requests;
        report
    }

    /// The line is done with: the checkpoint goes back where the run began, and the record will be written anew.
    fn mark(&self, line: &Undo, run: &RunRecord) {
        let ledger = &self.world.ledger;
        if let Some(from) = run.checkpoint.as_ref().filter(|_| self.bug != Bug::RollbackKeepsCheckpoint) {
            ledger.set_checkpoint(&line.flow, from).unwrap();
        }
        let mut effect = ledger.effect(&line.flow, &line.key).unwrap();
        if let Some(effect) = effect.as_mut().filter(|_| self.bug != Bug::RollbackKeepsEffects) {
            effect.state = EffectState::Undone;
        }
        ledger.undone(&line.run, &line.flow, &line.key, effect.as_ref()).unwrap();
    }

    async fn undo(&mut self, line: &Undo) -> Result<UndoOutcome, String> {
        let plan = self.plan;
        let wrote: Vec<&Value> = [&line.wrote, &line.intends].into_iter().flatten().collect();
        let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
        let (id, now) = match self.there(line, wrote.first().copied(), &trace).await {
            There::Gone if line.act == UndoAct::Created => return Ok(UndoOutcome::AsBefore),
            There::Gone => return Ok(UndoOutcome::ChangedSince),
            There::Unknown(why) => return Err(why),
            There::Record(id, now) => (id, now),
        };
        let found = line.before.as_ref().filter(|_| self.bug != Bug::RollbackDeletesFound);
        let former = found.map(|before| {
            let names = wrote.iter().filter_map(|w| w.as_object()).flatten().map(|(name, _)| name.clone());
            let pairs = names.map(|name| (name.clone(), before.get(&name).cloned().unwrap_or(Value::Null)));
            Value::Object(pairs.collect())
        });
        if former.as_ref().is_some_and(|former| holds(&now, former)) {
            return Ok(UndoOutcome::AsBefore);
        }
        if !wrote.iter().any(|wrote| holds(&now, wrote)) && self.bug != Bug::RollbackOverwritesLater {
            return Ok(UndoOutcome::ChangedSince);
        }
        let WritePlan::Upsert { update, .. } = &plan.target.write else { unreachable!("it rolls back upserts only") };
        let (call, outcome) = match (&former, &plan.target.back.delete) {
            (Some(_), _) => (update, UndoOutcome::Restored),
            (None, Some(delete)) => (delete, UndoOutcome::Deleted),
            (None, None) => return Ok(UndoOutcome::Cannot),
        };
        match self.send(call, &id, former.as_ref(), &trace).await {
            Ok(_) | Err(Failure::Refused(404, _)) => Ok(outcome),
            Err(Failure::Refused(_, why) | Failure::Exhausted(why)) => Err(why),
            Err(Failure::Stopped) => Err("asked to stop".to_owned()),
        }
    }

    async fn send(&mut self, call: &Call, id: &str, body: Option<&Value>, trace: &str) -> Result<Value, Failure> {
        let name = call.path.rsplit('{').next().and_then(|s| s.split('}').next()).unwrap_or_default();
        let path = [(name, id)];
        let ask = Ask { call, path: &path, query: vec![], body, key: None, trace, url: None, only: None };
        self.wire.json(&self.plan.target.system, &ask).await
    }

    /// By the key that the target gave it, else by the search of the flow.
    async fn there(&mut self, line: &Undo, wrote: Option<&Value>, trace: &str) -> There {
        let plan = self.plan;
        let known = line.target_id.clone();
        if let (Some(id), Some(get)) = (&known, &plan.target.back.get) {
            return match self.send(get, id, None, trace).await {
                Ok(record) => There::Record(id.clone(), record),
                Err(Failure::Refused(404, _)) => There::Gone,
                Err(why) => There::Unknown(format!("{why:?}")),
            };
        }
        let WritePlan::Upsert { matching, find, find_param, find_items, target_key, .. } = &plan.target.write else {
            unreachable!("it rolls back upserts only")
        };
        let Some(natural) = wrote.and_then(|w| dig(w, matching)).map(text) else {
            return There::Unknown("no natural key".to_owned());
        };
        let query = vec![(find_param.clone(), natural)];
        let ask = Ask { call: find, path: &[], query, body: None, key: None, trace, url: None, only: None };
        match self.wire.json(&plan.target.system, &ask).await {
            Ok(answer) => match dig(&answer, find_items).and_then(Value::as_array).and_then(|items| items.first()) {
                Some(record) => There::Record(record.get(target_key).map(text).unwrap_or_default(), record.clone()),
                None => There::Gone,
            },
            Err(why) => There::Unknown(format!("{why:?}")),
        }
    }
}

/// The record holds these values; nothing and null are the same.
fn holds(record: &Value, values: &Value) -> bool {
    match (record, values) {
        (Value::Object(record), Value::Object(values)) => {
            values.iter().all(|(name, value)| holds(record.get(name).unwrap_or(&Value::Null), value))
        }
        _ => record == values,
    }
}
