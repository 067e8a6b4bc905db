//! Finds the record by its natural key, and creates or updates it.

use super::super::WritePlan;
use super::super::address;
use super::super::body::{at, scalar};
use super::super::compare::satisfied;
use super::super::exchange::{self, Tries};
use super::super::find::{self, Found};
use super::super::page::Listing;
use super::super::reconcile::Settled;
use super::ack::EMPTY_ANSWER;
use super::conflict::{Conflict, conflict, in_progress};
use super::{Delivery, Undelivered, Wrote};
use crate::evidence::UndoAct;

/// How often one record is looked up anew because the target contradicts itself (`exists` and cannot be found; found
/// and gone).
const CONTRADICTIONS: u32 = 3;

impl Delivery<'_, '_> {
    pub(super) async fn upsert(&mut self) -> Result<Settled, Undelivered> {
        let run = self.run;
        let WritePlan::Upsert {
            matching,
            find,
            find_param,
            find_items,
            find_pages,
            create,
            update,
            target_key,
            idempotency,
        } = &run.plan.target.write
        else {
            return Err(self.dead("unmappable", "the plan is no upsert".to_owned()));
        };
        let Some(wanted) = at(self.mapped, matching).and_then(scalar).filter(|w| !w.trim().is_empty()) else {
            return Err(
                self.dead("match-missing", format!("{} is empty, and records are matched by it", matching.join(".")))
            );
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
        let mut known = self.known.prior.as_ref().and_then(|p| p.target_id.clone());
        let mut finds = Tries::default();
        let mut contradictions = 0;
        let mut absent = false;
        loop {
            // Also before every further create, unless the last one is known to have done nothing: an attempt whose
            // answer was lost may have made the record.
            let found = if std::mem::take(&mut absent) {
                Ok(Found::None)
            } else {
                find::find(run, listing, find_param, matching, &wanted, &mut finds, self.trace).await
            };
            let id = match found.map_err(|miss| self.missed(miss, finds.made))? {
                Found::Many => {
                    return Err(
                        self.dead("ambiguous-match", format!("several records have this {}", matching.join(".")))
                    );
                }
                Found::Unclear(why) => return Err(self.dead("match-unclear", why)),
                Found::One(record) => {
                    let Some(id) = record.get(target_key).and_then(scalar) else {
                        return Err(self.dead("target-key-missing", format!("the record found has no {target_key}")));
                    };
                    if satisfied(self.mapped, Some(&record)) {
                        if self.history.last().is_some_and(|tried| tried.code == EMPTY_ANSWER) {
                            // It had its effect: a target that keeps its answers to itself is not down.
                            exchange::works(run, &run.target, create.method);
                        }
                        if self.writes == 0 && self.stood_there()? {
                            self.adopt(id)?;
                            return Ok(Settled::Unchanged);
                        }
                        self.done(Some(id), Some(&record))?;
                        return Ok(if self.writes > 0 { Settled::Written } else { Settled::Unchanged });
                    }
                    Some((id, Some(record)))
                }
                // The key changed at the source: the record that this one became is still known by its id.
                Found::None => known.take().map(|id| (id, None)),
            };
            let refused = match id {
                Some((id, found)) => {
                    // Known by its id alone, nobody looked at what it holds; and what our own creation may have made was
                    // not there before.
                    let looked_at = found.is_some() && !self.maybe_made;
                    let act = if looked_at { UndoAct::Updated } else { UndoAct::Replaced };
                    self.known_id = Some(id.clone());
                    let url = address::of_record(&run.plan.target.base_url, update, &id);
                    match self.write(update, url, None, target_key, (act, found)).await? {
                        Wrote::Acked(ack) => {
                            let ack = self.seen(ack, Some(&id)).await?;
                            self.done(Some(id), ack.shows.as_ref())?;
                            return Ok(Settled::Written);
                        }
                        Wrote::Again(again) => {
                            known = Some(id);
                            self.wait(again).await?;
                            continue;
                        }
                        Wrote::Refused(refused) if matches!(refused.status, 404 | 410) => refused,
                        Wrote::Refused(refused) => return Err(self.refused(refused)),
                    }
                }
                None => {
                    let url = address::url(&run.plan.target.base_url, create, &[], &[]);
                    self.known_id = None;
                    let made = (UndoAct::Created, None);
                    match self.write(create, url, idempotency.as_deref(), target_key, made).await? {
                        Wrote::Acked(ack) => {
                            let ack = self.seen(ack, None).await?;
                            self.done(ack.id, ack.shows.as_ref())?;
                            return Ok(Settled::Written);
                        }
                        Wrote::Again(again) => {
                            absent = !again.unknown;
                            self.maybe_made |= again.unknown;
                            self.wait(again).await?;
                            continue;
                        }
                        Wrote::Refused(refused) if refused.status == 409 => {
                            match conflict(&refused, idempotency.is_some()) {
                                Conflict::Exists => refused,
                                Conflict::InProgress => {
                                    self.wait(in_progress(refused)).await?;
                                    continue;
                                }
                                Conflict::KeyReused => return Err(self.key_conflict(&refused)),
                            }
                        }
                        Wrote::Refused(refused) => return Err(self.refused(refused)),
                    }
                }
            };
            // Gone, or there after all: look again.
            contradictions += 1;
            if contradictions >= CONTRADICTIONS {
                return Err(self.refused(refused));
            }
        }
    }
}
