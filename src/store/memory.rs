//! The log in memory, for tests and for calls that must leave nothing behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::chain::Walk;
use super::log::{holds_text, page_size};
use crate::base::clock::Timestamp;
use crate::evidence::{ChainFault, Event, GENESIS, NewEvent, Page, Query, Session, Store, StoreError, chain_hash};

#[derive(Debug, Default)]
struct Kept {
    sessions: Vec<Session>,
    events: Vec<Event>,
}

/// A store that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Kept>);

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Poisoned only by a panic while held; nothing in here panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn open_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut kept = self.lock();
        if kept.sessions.iter().any(|s| s.id == session.id) {
            return Err(StoreError::Unusable {
                path: self.place(),
                what: "written",
                because: format!("session {} exists already", session.id),
            });
        }
        kept.sessions.push(session.clone());
        Ok(())
    }

    fn session(&self, id: &str) -> Result<Session, StoreError> {
        self.lock().sessions.iter().find(|s| s.id == id).cloned().ok_or_else(|| StoreError::NoSession(id.to_owned()))
    }

    fn sessions(&self, limit: usize, before: Option<Timestamp>) -> Result<Vec<Session>, StoreError> {
        let kept = self.lock();
        let mut found: Vec<&Session> =
            kept.sessions.iter().rev().filter(|s| before.is_none_or(|b| s.opened_at < b)).collect();
        // Stable: of sessions opened in the same millisecond, the later one stays first.
        found.sort_by_key(|s| std::cmp::Reverse(s.opened_at));
        Ok(found.into_iter().take(limit).cloned().collect())
    }

    fn append(&self, event: NewEvent) -> Result<Event, StoreError> {
        let mut kept = self.lock();
        if let Some(id) = &event.session
            && !kept.sessions.iter().any(|s| s.id == *id)
        {
            return Err(StoreError::NoSession(id.clone()));
        }
        let (seq, prev) = kept.events.last().map_or((1, GENESIS.to_owned()), |e| (e.seq + 1, e.hash.clone()));
        let hash = chain_hash(seq, &prev, &event);
        let event = Event { seq, event, prev, hash };
        kept.events.push(event.clone());
        Ok(event)
    }

    fn query(&self, query: &Query) -> Result<Page, StoreError> {
        // Destructured, so that a new condition cannot be forgotten here.
        let Query { session, phase, kind, since, until, text, after, limit } = query;
        let limit = page_size(*limit);
        let needle = text.as_deref().map(str::to_lowercase);
        let kept = self.lock();
        let mut events: Vec<Event> = kept
            .events
            .iter()
            .filter(|e| {
                let n = &e.event;
                after.is_none_or(|a| e.seq > a)
                    && session.as_ref().is_none_or(|s| n.session.as_ref() == Some(s))
                    && phase.is_none_or(|p| n.phase == p)
                    && kind.is_none_or(|k| n.kind == k)
                    && since.is_none_or(|t| n.at >= t)
                    && until.is_none_or(|t| n.at < t)
                    && needle.as_ref().is_none_or(|t| holds_text(n, t))
            })
            .take(limit + 1)
            .cloned()
            .collect();
        let next = (events.len() > limit).then(|| {
            events.truncate(limit);
            events.last().map_or(0, |e| e.seq)
        });
        Ok(Page { events, next })
    }

    fn head(&self) -> Result<String, StoreError> {
        Ok(self.lock().events.last().map_or_else(|| GENESIS.to_owned(), |e| e.hash.clone()))
    }

    fn verify_chain(&self) -> Result<Option<ChainFault>, StoreError> {
        let kept = self.lock();
        let mut walk = Walk::new();
        for event in &kept.events {
            let fault = walk.step(event, |hash| Ok(kept.events.iter().any(|e| e.hash == hash)))?;
            if fault.is_some() {
                return Ok(fault);
            }
        }
        Ok(None)
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
