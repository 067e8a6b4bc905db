//! Somebody else makes the record between the look-up and the create: the 409 that follows is looked into, and the record
//! updated (RFC 9110 section 15.5.10: a conflict that the user might be able to resolve).
//!
//! Source: RFC 9110 section 15.5.10: a conflict that the user might be able to resolve.

use serde_json::Value;

use super::super::faults::{Aim, Altered, SourceChanged};
use super::super::mock::{MockOptions, MockSystem, dig, put};
use super::{Drill, Setup, deliverable, retries};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct CreatedMeanwhile;

impl Drill for CreatedMeanwhile {
    fn code(&self) -> &'static str {
        "created-meanwhile"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that somebody else makes between look-up and create is found at a second look, and updated."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        let WritePlan::Upsert { matching, .. } = &bench.plan.target.write else {
            return Err("records are not looked up before they are made".to_owned());
        };
        let natural = bench.target.kinds.get(&bench.target_entity).and_then(|k| k.natural.as_ref());
        match matching.as_slice() {
            [field] if natural == Some(field) => Ok(()),
            _ => Err(format!(
                "the target is not described to refuse a second record with the same {}",
                matching.join(".")
            )),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let source = records.iter().find(|r| bench.source_key(r).as_ref() == Some(&key));
        let mapped = source.and_then(|r| bench.plan.mapped(r).ok());
        let options = MockOptions { first_serial: 8_000, ..MockOptions::default() };
        let mut others = MockSystem::of(bench.target.clone(), 0, options);
        let WritePlan::Upsert { matching, .. } = &bench.plan.target.write else { return Setup::clean() };
        let Some((mapped, natural)) = mapped.and_then(|m| dig(&m, matching).cloned().map(|natural| (m, natural)))
        else {
            return Setup::clean();
        };
        // Theirs has other values: of one that is the same nobody can say whether an attempt of his own has made it.
        let theirs = (0..8).find_map(|_| {
            let mut theirs = others.draw_records(&bench.target_entity, 1, rng).pop()?;
            put(&mut theirs, matching, natural.clone());
            let same = mapped.as_object().into_iter().flatten().all(|(name, value)| theirs.get(name) == Some(value));
            (!same).then_some(theirs)
        });
        let Some(theirs) = theirs else { return Setup::clean() };
        let entity = bench.target_entity.clone();
        let change = SourceChanged {
            aim: Aim::at([Purpose::Create]).record(identity),
            change: Some(Box::new(move |target| {
                target.keep(&entity, theirs);
                Altered { what: "somebody else has made the record in the target".to_owned(), ..Altered::default() }
            })),
        };
        Setup::with(change)
    }
}
