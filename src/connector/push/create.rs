//! Creates the record, once.

use super::super::reconcile::Settled;
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
        let url = address::url(&self.run.plan.target.base_url, create, &[], &[]);
        loop {
            match self.write(create, url.clone(), header, "id", (UndoAct::Created, None)).await? {
                Wrote::Acked(ack) => {
                    let ack = self.seen(ack, None).await?;
                    self.done(ack.id, ack.shows.as_ref())?;
                    return Ok(Settled::Written);
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
}
