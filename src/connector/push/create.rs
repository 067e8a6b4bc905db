//! Creates the record, once.

use super::super::exchange::Miss;
use super::super::reconcile::Settled;
use super::super::run::Stop;
use super::super::{Call, address};
use super::conflict::{Conflict, conflict, in_progress};
use super::{Delivery, Undelivered, Wrote};
use crate::evidence::{EffectState, UndoAct};

impl Delivery<'_, '_> {
    pub(super) async fn create(&mut self, create: &Call, header: Option<&str>) -> Result<Settled, Undelivered> {
        if self.known.prior.as_ref().is_some_and(|p| p.state == EffectState::Done && !p.is_gone()) {
            let by_other = self.known.prior.as_ref().is_some_and(|p| p.is_of_other(&self.known.mapping));
            let what = if by_other { "the contract's mapping" } else { "the record" };
            return Err(self.dead(
                "changed-after-create",
                format!("{what} changed after it was created in the target, and this flow only creates"),
            ));
        }
        let attempts = self.run.plan.delivery.retry.attempts.max(1);
        // Without a key, and sent once at most: what came of it a person has to find out.
        if header.is_none() && attempts == 1 && !self.run.replays && self.was_sent()? {
            return Err(self.dead(
                "outcome-unknown",
                "it was sent before, nobody knows what came of it, and the target would not know it again; look there, then replay or drop it".to_owned(),
            ));
        }
        let url = address::url(&self.run.plan.target.base_url, create, &[], &[]);
        loop {
            match self.write(create, url.clone(), header, "id", (UndoAct::Created, None)).await? {
                Wrote::Acked(ack) => {
                    let ack = self.seen(ack, None).await?;
                    self.done(ack.id, ack.shows.as_ref())?;
                    return Ok(Settled::Written);
                }
                // Whatever patience it asks for: each further one may be one more record.
                Wrote::Again(again) if header.is_none() && self.unknown && self.writes >= attempts => {
                    return Err(self.missed(Miss::Exhausted(again), self.writes));
                }
                Wrote::Again(again) => self.wait(again).await?,
                Wrote::Refused(refused) => match conflict(&refused, header.is_some()) {
                    Conflict::InProgress => self.wait(in_progress(refused)).await?,
                    Conflict::KeyReused => return Err(self.key_conflict(&refused)),
                    Conflict::Exists => return Err(self.refused(refused)),
                },
            }
        }
    }

    /// An earlier write of it left, and was neither acknowledged nor refused.
    fn was_sent(&self) -> Result<bool, Undelivered> {
        let intended = self.known.prior.as_ref().is_some_and(|p| p.state == EffectState::Intended);
        Ok(intended && self.run.world.ledger.unanswered(&self.run.plan.flow, self.key).map_err(Stop::from)?)
    }
}
