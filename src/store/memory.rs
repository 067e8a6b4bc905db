//! The log in memory, for tests, for bundles, and for calls that must leave nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::letters::holds_text;
use super::log::page_size;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::evidence::{
    Blob, ChainFault, Dropped, Event, Head, Keep, KeptBundle, Page, Proof, Query, Recorded, Session, SessionQuery,
    Store, StoreError, Walk, chain_hash, compactions, data_digest, may_lack,
};

#[derive(Debug, Default, Clone)]
struct Kept {
    sessions: Vec<Session>,
    events: Vec<Event>,
    blobs: BTreeMap<String, String>,
    bundles: BTreeMap<String, KeptBundle>,
}

/// A store that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Kept>);

impl MemoryStore {
    /// A store of records from elsewhere, which may lack some of a chain: what a bundle holds, to be queried.
    #[must_use]
    pub fn of(events: Vec<Event>, blobs: Vec<Blob>) -> Self {
        let sessions = events.iter().filter_map(|e| Session::opened_by(&e.event)).collect();
        let blobs = blobs.into_iter().map(|b| (b.digest.as_str().to_owned(), b.text)).collect();
        Self(Mutex::new(Kept { sessions, events, blobs, bundles: BTreeMap::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Poisoned only by a panic while held; nothing in here panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn append(&mut self, record: Recorded) -> Result<Event, StoreError> {
        let Recorded { event, blobs, bundle } = record;
        if let Some(session) = Session::opened_by(&event) {
            if self.sessions.iter().any(|s| s.id == session.id) {
                return Err(StoreError::Unusable {
                    path: "memory".to_owned(),
                    what: "written",
                    because: format!("session {} exists already", session.id),
                });
            }
            self.sessions.push(session);
        }
        if let Some(id) = &event.session
            && !self.sessions.iter().any(|s| s.id == *id)
        {
            return Err(StoreError::NoSession(id.clone()));
        }
        for Blob { digest, text } in blobs {
            self.blobs.entry(digest.as_str().to_owned()).or_insert(text);
        }
        if let Some(bundle) = bundle {
            self.bundles.entry(bundle.digest.as_str().to_owned()).or_insert(bundle);
        }
        let head = self.head();
        let event = Event::chained(head.seq + 1, &head.hash, event);
        self.events.push(event.clone());
        Ok(event)
    }

    fn head(&self) -> Head {
        self.events.last().map_or_else(Head::default, |e| Head { seq: e.seq, hash: e.hash.clone() })
    }

    fn owner<'k>(&'k self, event: &'k Event) -> Option<&'k str> {
        match &event.event.session {
            None => event.event.provenance.principal.as_deref(),
            Some(id) => self.sessions.iter().find(|s| s.id == *id).and_then(|s| s.principal.as_deref()),
        }
    }

    fn walk(&self) -> (Option<ChainFault>, Head) {
        let mut walk = Walk::from(&Head::default());
        for event in &self.events {
            let known = |hash: &str| Ok::<_, std::convert::Infallible>(self.events.iter().any(|e| e.hash == hash));
            let Ok(fault) = walk.step(event, known);
            let fault = fault.or_else(|| {
                let sound = event.dropped || data_digest(&event.event) == event.data_digest;
                (!sound).then(|| ChainFault { seq: event.seq, because: "altered".to_owned() })
            });
            if fault.is_some() {
                return (fault, walk.head());
            }
        }
        (None, walk.head())
    }
}

impl Store for MemoryStore {
    fn session(&self, id: &str) -> Result<Session, StoreError> {
        self.lock().sessions.iter().find(|s| s.id == id).cloned().ok_or_else(|| StoreError::NoSession(id.to_owned()))
    }

    fn sessions(&self, query: &SessionQuery) -> Result<Vec<Session>, StoreError> {
        let SessionQuery { principal, after, limit } = query;
        let kept = self.lock();
        let place = |s: &Session| (s.opened_at, s.id.clone());
        let mut found: Vec<&Session> = kept
            .sessions
            .iter()
            .filter(|s| principal.is_none() || s.principal == *principal)
            .filter(|s| after.as_ref().is_none_or(|a| place(s) < *a))
            .collect();
        found.sort_by_key(|s| std::cmp::Reverse(place(s)));
        Ok(found.into_iter().take(*limit).cloned().collect())
    }

    fn append(&self, records: Vec<Recorded>) -> Result<Vec<Event>, StoreError> {
        let mut kept = self.lock();
        // All or none.
        let mut next = kept.clone();
        let events = records.into_iter().map(|r| next.append(r)).collect::<Result<_, _>>()?;
        *kept = next;
        Ok(events)
    }

    fn query(&self, query: &Query) -> Result<Page, StoreError> {
        // Destructured, so that a new condition cannot be forgotten here.
        let Query { session, adhoc, principal, phase, kind, since, until, text, after, limit } = query;
        let limit = page_size(*limit);
        let kept = self.lock();
        let mut events: Vec<Event> = kept
            .events
            .iter()
            .filter(|e| {
                let n = &e.event;
                after.is_none_or(|a| e.seq > a)
                    && session.as_ref().is_none_or(|s| n.session.as_ref() == Some(s))
                    && (!adhoc || n.session.is_none())
                    && principal.as_ref().is_none_or(|p| kept.owner(e) == Some(p))
                    && phase.is_none_or(|p| n.phase == p)
                    && kind.is_none_or(|k| n.kind == k)
                    && since.is_none_or(|t| n.at >= t)
                    && until.is_none_or(|t| n.at < t)
                    && text.as_ref().is_none_or(|t| holds_text(n, t.as_str()))
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

    fn blob(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        Ok(self.lock().blobs.get(digest.as_str()).cloned())
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.lock().head())
    }

    fn verify(&self) -> Result<Proof, StoreError> {
        let kept = self.lock();
        let (mut fault, head) = kept.walk();
        let mut known = Vec::new();
        kept.events.iter().for_each(|e| compactions(e, &mut known));
        let lacks = |e: &Event| {
            e.dropped
                || !kept.blobs.contains_key(e.event.input.as_str())
                || !kept.blobs.contains_key(e.event.output.as_str())
        };
        let thinned: Vec<&Event> = kept.events.iter().filter(|e| lacks(e)).collect();
        if fault.is_none()
            && let Some(event) = thinned.iter().find(|e| !may_lack(e, e.dropped, &known))
        {
            fault = Some(ChainFault { seq: event.seq, because: "its input, answer or data was removed".to_owned() });
        }
        Ok(Proof {
            head,
            origin: kept.events.first().map(|e| e.hash.clone()),
            sessions: kept.sessions.len() as u64,
            blobs: kept.blobs.len() as u64,
            thinned: thinned.len() as u64,
            fault,
            beside: Vec::new(),
        })
    }

    fn verify_session(&self, session: &str) -> Result<Option<ChainFault>, StoreError> {
        let kept = self.lock();
        let of_session = |e: &&Event| e.event.session.as_deref() == Some(session);
        let altered = kept.events.iter().filter(of_session).find(|e| chain_hash(e.seq, e) != e.hash);
        Ok(kept.walk().0.or_else(|| altered.map(|e| ChainFault { seq: e.seq, because: "altered".to_owned() })))
    }

    fn compact(
        &self,
        before: Timestamp,
        record: &mut dyn FnMut(&Dropped) -> Recorded,
    ) -> Result<(Dropped, Event), StoreError> {
        let mut kept = self.lock();
        let mut next = kept.clone();
        let mut dropped = Dropped::default();
        let old = |e: &Event| e.event.at < before && e.format > 1;
        for event in next.events.iter_mut().filter(|e| old(e) && e.event.kind.keep() == Keep::Record && !e.dropped) {
            dropped.data += 1;
            dropped.bytes += event.event.data.to_string().len() as u64;
            event.event.data = serde_json::Value::Null;
            event.dropped = true;
        }
        let needed: BTreeSet<&str> = kept
            .events
            .iter()
            .filter(|e| !old(e) || e.event.kind.keep() == Keep::All)
            .flat_map(|e| [e.event.input.as_str(), e.event.output.as_str()])
            .collect();
        next.blobs.retain(|digest, text| {
            let stays = needed.contains(digest.as_str());
            if !stays {
                dropped.blobs += 1;
                dropped.bytes += text.len() as u64;
            }
            stays
        });
        let event = next.append(record(&dropped))?;
        *kept = next;
        Ok((dropped, event))
    }

    fn bundles(&self, origin: Option<&str>) -> Result<Vec<KeptBundle>, StoreError> {
        let kept = self.lock();
        Ok(kept.bundles.values().filter(|b| origin.is_none_or(|o| b.origin == o)).cloned().collect())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}
