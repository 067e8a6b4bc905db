//! Effects on their way into the ledger. What is intended is noted for a whole page in one commit, before any request of
//! it leaves; what was done is noted for some records together. A process that is killed in between finds effects that
//! were intended and may have been done: it sends them again under the same key, or finds them there, as it does after a
//! lost answer.

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

impl Run<'_> {
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
