//! A checkpoint that the source cannot read is not the end of the flow.
//!
//! Source: RFC 9110 section 15.5.1: a source answers 400 to what it cannot read; a cursor of another day or of another version of
//! the API is such a thing.

use serde_json::Value;

use super::super::judge::Evidence;
use super::paged;
use super::{Drill, Setup, two_more};
use crate::base::rng::Rng;
use crate::evidence::Checkpoint;
use crate::lab::bench::Bench;
use crate::model::PageStyle;

/// No source has given it out. Letters alone: they are the same in every encoding of a URL.
const GARBAGE: &str = "CursorOfAnotherDay";

/// See the module.
pub(super) struct CheckpointGarbage;

impl Drill for CheckpointGarbage {
    fn code(&self) -> &'static str {
        "checkpoint-garbage"
    }

    fn hypothesis(&self) -> &'static str {
        "With a cursor that the source does not know it starts over or stops and says so; it loses nothing and writes nothing twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match paged(bench)?.style {
            PageStyle::Cursor => Ok(()),
            _ => Err("pages are not asked for by a cursor".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2).honest();
        setup.expect.may_stop = true;
        setup.between = Some(Box::new(two_more));
        setup.process.tamper =
            Some(Box::new(|_| Checkpoint { cursor: Some(GARBAGE.to_owned()), ..Checkpoint::default() }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let asked = evidence.trace.run(2).filter(|x| {
            x.request.url.contains(GARBAGE) || x.request.body.windows(GARBAGE.len()).any(|w| w == GARBAGE.as_bytes())
        });
        asked.count() as u64
    }
}
