//! Somebody deletes the record between the look-up and the update: the 404 that follows is looked into, and the record made
//! anew, or told of. It is not written, whatever was found before.
//!
//! Source: RFC 9110 section 15.5.5: the server has no current representation of the resource.

use serde_json::Value;

use super::super::faults::{Aim, Altered, SourceChanged};
use super::super::mock::{dig, text_of};
use super::{Drill, Setup, deliverable, retries};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct DeletedMeanwhile;

impl Drill for DeletedMeanwhile {
    fn code(&self) -> &'static str {
        "deleted-meanwhile"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that somebody deletes between look-up and update is made anew, or told of as a dead letter."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        match &bench.plan.target.write {
            WritePlan::Upsert { .. } => Ok(()),
            _ => Err("records are not looked up before they are written".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let WritePlan::Upsert { matching, .. } = &bench.plan.target.write else { return Setup::clean() };
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let (entity, matching, wanted) = (bench.target_entity.clone(), matching.clone(), identity.clone());
        let change = SourceChanged {
            aim: Aim::at([Purpose::Update]).record(identity),
            change: Some(Box::new(move |target| {
                let held = target.collection(&entity);
                let is_it = |record: &Value| dig(record, &matching).map(text_of).as_ref() == Some(&wanted);
                let there = held.and_then(|all| all.iter().find(|(_, r)| is_it(r)).map(|(key, _)| key.to_owned()));
                if let Some(there) = there {
                    target.forget(&entity, &there);
                }
                Altered { what: "somebody else has deleted the record in the target".to_owned(), ..Altered::default() }
            })),
        };
        // Who stops at the 404 and says so finds nothing in the next run, and makes it.
        let mut setup = Setup::with(change).passes(2).lenient();
        setup.older.insert(key);
        setup
    }
}
