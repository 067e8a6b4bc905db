//! A write that was taken and is not done yet.

use serde_json::{Value, json};

use super::super::compare::satisfied;
use super::super::readback::{self, There};
use super::ack::Ack;
use super::{Delivery, Undelivered};
use crate::evidence::UndoAct;

/// How often the target is looked at for what it took and has not done yet, with growing pauses between.
const LOOKS: u32 = 6;

impl Delivery<'_, '_> {
    /// After 202, which promises nothing (RFC 9110 section 15.3.3): looks until the target shows what was written. Where nobody
    /// can look, the acknowledgement has to do, and a check has said so. `id`: the target's key of the record, where it is
    /// known before the answer.
    pub(super) async fn seen(&mut self, ack: Ack, id: Option<&str>) -> Result<Ack, Undelivered> {
        if !ack.taken {
            return Ok(ack);
        }
        // It may be done at any time from now on.
        self.unknown = true;
        let (run, mapped) = (self.run, self.mapped);
        let known = id.or(ack.id.as_deref());
        let policy = &run.plan.delivery.retry;
        // A target that trims or folds shows other values than it was given: that a record is there, or is another one than
        // before, tells as much.
        let before = self.intended.as_ref().map(|(act, before)| (*act, before.clone()));
        let done = |now: &Value| match &before {
            Some((UndoAct::Created, _)) => true,
            Some((_, Some(before))) => before != now || satisfied(mapped, Some(now)),
            _ => satisfied(mapped, Some(now)),
        };
        for look in 0..LOOKS {
            match readback::there(run, self.key, known, Some(mapped), self.trace).await? {
                There::Record(id, now) if done(&now) => {
                    return Ok(Ack { id: Some(id), shows: Some(now), taken: false, ..ack });
                }
                There::Unreadable(because) => {
                    let told = json!({"key": self.key, "because": because});
                    run.log("warn", "accepted-unseen", Some(&self.trace.id), told);
                    return Ok(ack);
                }
                There::Record(..) | There::Gone => {}
            }
            let wait = policy.base_ms.saturating_mul(1 << look).min(policy.cap_ms);
            run.sleep(std::time::Duration::from_millis(wait)).await?;
        }
        self.tried("accepted-not-done", 202);
        Err(self.dead(
            "accepted-not-done",
            format!("the target took it (status 202) and does not show it, at {LOOKS} looks since: it failed there, or is done later"),
        ))
    }
}
