//! Writes the record at its address.

use super::super::body::{at, scalar};
use super::super::reconcile::Settled;
use super::super::{Call, address};
use super::{Delivery, Undelivered, Wrote};
use crate::evidence::UndoAct;

impl Delivery<'_, '_> {
    pub(super) async fn put(&mut self, put: &Call, path: Option<&[String]>) -> Result<Settled, Undelivered> {
        let id = match path {
            None => self.key.to_owned(),
            Some(path) => match at(self.mapped, path).and_then(scalar).filter(|id| !id.is_empty()) {
                Some(id) => id,
                None => {
                    return Err(self.dead(
                        "match-missing",
                        format!("{} is empty, and it is the record's address", path.join(".")),
                    ));
                }
            },
        };
        loop {
            self.known_id = Some(id.clone());
            let blind = (UndoAct::Replaced, None);
            match self.write(put, address::of_record(&self.run.plan.target.base_url, put, &id), None, "", blind).await?
            {
                Wrote::Acked(ack) => {
                    let ack = self.seen(ack, Some(&id)).await?;
                    // 201 and only 201 says that there was none before (RFC 9110 section 9.3.4).
                    if ack.made {
                        self.intended = Some((UndoAct::Created, None));
                    }
                    self.done(Some(id), ack.shows.as_ref())?;
                    return Ok(Settled::Written);
                }
                Wrote::Again(again) => self.wait(again).await?,
                Wrote::Refused(refused) => return Err(self.refused(refused)),
            }
        }
    }
}
