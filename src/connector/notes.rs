//! Effects on their way into the ledger. What is intended is noted for a whole page in one commit, before any request of
//! it leaves, and what would undo it for all that are about to leave; what was done is noted for some records together. A
//! process that is killed in between finds effects that were intended and may have been done: it sends them again under the
//! same key, or finds them there, as it does after a lost answer.

use std::time::Duration;

use tokio::time::Instant;

use super::WritePlan;
use super::run::{Run, Stop, lock};
use crate::evidence::{Effect, Undo};

/// So many effects are noted together at most,
const TOGETHER: usize = 64;
/// and none waits for others longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Effects that were done and are not yet noted, each with what undoes it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    done: Vec<(Effect, Option<Undo>)>,
    since: Option<Instant>,
}

/// What would undo writes that are about to leave, and is not yet noted.
#[derive(Debug, Default)]
pub(super) struct Intents {
    waiting: Vec<Undo>,
    /// How many were given, and how many of them are noted.
    given: u64,
    noted: u64,
    failed: Option<Stop>,
}

impl Run<'_> {
    /// Notes what would undo a write, before it leaves: with those of other records that are ready at the same moment, in one
    /// commit.
    pub(super) async fn intended(&self, line: Undo) -> Result<(), Stop> {
        let place = {
            let mut intents = lock(&self.intents);
            intents.waiting.push(line);
            intents.given += 1;
            intents.given
        };
        // Whoever else is ready comes before this one goes on.
        tokio::task::yield_now().await;
        let lines = {
            let mut intents = lock(&self.intents);
            if let Some(stop) = &intents.failed {
                return Err(stop.clone());
            }
            if intents.noted >= place {
                return Ok(());
            }
            std::mem::take(&mut intents.waiting)
        };
        let noted = self.world.ledger.put_undos(&lines);
        let mut intents = lock(&self.intents);
        match noted {
            Ok(()) => {
                intents.noted += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                let stop = Stop::from(error);
                intents.failed = Some(stop.clone());
                Err(stop)
            }
        }
    }

    /// Notes that an effect was done, now or with others of its page.
    pub(super) fn done(&self, effect: Effect, undo: Option<Undo>) -> Result<(), Stop> {
        // Where the target cannot tell a repetition, nothing may lie between its answer and the note.
        let at_once = matches!(self.plan.target.write, WritePlan::Create { idempotency: None, .. });
        let now = Instant::now();
        let due = {
            let mut notes = lock(&self.notes);
            notes.done.push((effect, undo));
            let since = *notes.since.get_or_insert(now);
            notes.done.len() >= TOGETHER || now.duration_since(since) >= PATIENCE
        };
        if at_once || due { self.noted() } else { Ok(()) }
    }

    /// Notes all that was done so far. Before a checkpoint moves, and before the ledger is asked for what was done.
    pub(super) fn noted(&self) -> Result<(), Stop> {
        let done = {
            let mut notes = lock(&self.notes);
            notes.since = None;
            std::mem::take(&mut notes.done)
        };
        if done.is_empty() {
            return Ok(());
        }
        Ok(self.world.ledger.put_effects_undoable(&self.plan.flow, &done)?)
    }
}
