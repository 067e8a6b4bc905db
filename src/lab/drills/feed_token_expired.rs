//! A token that the source takes no more leads to one look at everything: nothing is lost, nothing is done twice, and what was
//! deleted while no token held does not stay in the target.
//!
//! Source: Google Calendar, "Synchronize resources efficiently" (410: all is to be read anew); Microsoft Graph, "Use delta
//! query to track changes" (410 `syncStateNotFound`); RFC 9110 section 15.5.11.

use serde_json::Value;

use super::super::faults::{Aim, FeedTokenExpired, Unavailable};
use super::deleted_at_source::for_good;
use super::{Drill, Setup, two_more};
use crate::base::rng::Rng;
use crate::connector::DeletesPlan;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct FeedTokenExpiredDrill;

impl Drill for FeedTokenExpiredDrill {
    fn code(&self) -> &'static str {
        "feed-token-expired"
    }

    fn hypothesis(&self) -> &'static str {
        "A token that the source takes no more leads to one look at everything: nothing is lost, nothing is done twice, and what \
         was deleted meanwhile goes, also where it does not go at once."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match bench.plan.source.feed {
            Some(_) => Ok(()),
            None => Err("no token leads from one run to the next".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let source = &bench.plan.source;
        let status = if rng.one_in(2) { 410 } else { 400 };
        let mut setup = Setup::with(FeedTokenExpired::new(Aim::at([Purpose::List]), status)).passes(2).honest();
        let carried = matches!(source.deletes, DeletesPlan::Tombstone { .. }) && for_good(bench).is_ok();
        let there = |r: &&Value| !source.deletes.marks(r) && bench.plan.mapped(r).is_ok();
        let kept: Vec<Value> = records.iter().filter(there).cloned().collect();
        // Nothing tells of it any more but that it is not there.
        let gone = rng.pick(&kept).filter(|_| carried).and_then(|record| bench.source_key(record));
        // What is deleted because it was not read is no part of what was read.
        setup.expect.counts = gone.is_none();
        match rng.below(3) {
            // The target refuses to delete in the pass that read all anew: the next one has to know of it. How often a program of
            // its own tries is not known.
            0 if gone.is_some() && bench.real.is_none() => {
                let attempts = u64::from(bench.plan.delivery.retry.attempts);
                let aim = Aim::at([Purpose::Delete]).times(attempts);
                setup.faults.push(Box::new(Unavailable { aim, status: 503, turns: false }));
                setup = setup.passes(3);
            }
            1 => setup.crashes = 1,
            _ => {}
        }
        setup.between = Some(Box::new(move |bench, source, rng| {
            let more = two_more(bench, source, rng);
            match gone {
                Some(key) if source.forget(&bench.source_entity, &key) => format!("{more}, and {key} is deleted"),
                _ => more,
            }
        }));
        setup
    }
}
