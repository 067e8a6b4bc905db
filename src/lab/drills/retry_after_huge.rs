//! Told to come back in six hours, a connector does not come sooner, and does not fall asleep without a word: it ends and
//! says why, or says that it waits. "Unbounded Retry-After" is a denial of service by one header; RFC 9110 section 10.2.3
//! sets no limit.
//!
//! Source: RFC 9110 section 10.2.3, which sets no limit; CWE-400.

use serde_json::Value;

use super::super::faults::{Quota, Tell};
use super::super::judge::Evidence;
use super::super::trace::Event;
use super::{Drill, Setup, owed, retries, somewhere};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// What the server asks for.
const WAIT_MS: i64 = 6 * 3600 * 1000;
/// A run that waits this long has to say so.
const SILENT_MS: i64 = 3600 * 1000;
/// A program that waits this long, of real time, has to have said so; it is asked to end a little later.
const SILENT_OF_A_PROGRAM_MS: i64 = 10 * 1000;

/// See the module.
pub(super) struct RetryAfterHuge;

impl Drill for RetryAfterHuge {
    fn code(&self) -> &'static str {
        "retry-after-huge"
    }

    fn hypothesis(&self) -> &'static str {
        "Told to come back in six hours, a connector comes no sooner, and does not sleep without a word."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if !bench.plan.delivery.retry.honor_retry_after {
            return Err("the contract does not heed Retry-After".to_owned());
        }
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = somewhere(bench, owed(bench, records), rng);
        let mut setup = Setup::with(Quota::new(aim, WAIT_MS, Tell::Seconds)).passes(2).lenient();
        setup.pause_ms = WAIT_MS + 60_000;
        if bench.real.is_some() {
            // Nobody waits six hours for a program, and who keeps in mind what it was told sends nothing when it is started again.
            setup.passes = 1;
            setup.expect.may_wait = true;
            setup.expect.values = false;
        }
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let mut out = Vec::new();
        let silent = match &evidence.foreign {
            Some(program) => SILENT_OF_A_PROGRAM_MS * i64::from(program.scale.max(1)),
            None => SILENT_MS,
        };
        for seen in evidence.runs.iter().filter(|r| r.to.0 - r.from.0 > silent) {
            let told = evidence.trace.run(seen.run).find(|x| x.fault == Some("quota")).and_then(|x| x.ended);
            let Some(told) = told else { continue };
            if evidence.foreign.is_some() && seen.to.0 - told.0 < silent {
                continue;
            }
            // What a program says when it is asked to end, after that, is no word about the wait.
            let soon = told.0 + silent.min(60_000);
            let said = |e: &Event| matches!(e, Event::Logged { at, .. } if *at >= told && at.0 <= soon);
            if !evidence.trace.events.iter().any(said) {
                out.push(format!("asleep: run {} waited {} s without a word", seen.run, (seen.to.0 - told.0) / 1000));
            }
        }
        out
    }
}
