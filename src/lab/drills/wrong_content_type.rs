//! An answer that is no JSON, where the description promises JSON, is no answer of the system: not an empty page, and not
//! the acknowledgement of a write (RFC 9110 section 8.3; a captive portal or a proxy answers so).
//!
//! Source: RFC 9110 section 8.3.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, WrongType};
use super::{Drill, Setup, in_target, owed, promises_json, protected, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct WrongContentType;

impl Drill for WrongContentType {
    fn code(&self) -> &'static str {
        "wrong-content-type"
    }

    fn hypothesis(&self) -> &'static str {
        "An answer that is no JSON where JSON was promised is no empty page, and acknowledges no write."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        if purposes(bench).is_empty() {
            return Err("no answer is promised to be JSON".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let purposes = purposes(bench);
        let Some(purpose) = rng.pick(&purposes).copied() else { return Setup::clean() };
        let (content_type, body) = [
            ("text/plain", "OK"),
            ("text/plain; charset=utf-8", "upstream is being restarted"),
            ("application/xml", "<?xml version=\"1.0\"?><result/>"),
            ("text/csv", "id;name\n"),
        ][usize::try_from(rng.below(4)).unwrap_or(0)];
        let at = |purpose: Purpose, rng: &mut Rng| match purpose {
            Purpose::List => Aim::at([Purpose::List]).after(rng.below(3)),
            other => in_target(vec![other], owed(bench, records), rng),
        };
        let mut aim = at(purpose, rng);
        if bench.real.is_some() {
            // A program is given few schedules: each of its operations is answered so in every one.
            aim = purposes.iter().filter(|p| **p != purpose).fold(aim, |aim, other| aim.also(at(*other, rng)));
        }
        let aim = aim.times(survivable(bench, 2, rng));
        let mut setup = Setup::with(WrongType { aim, content_type, body }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}

/// What is called for an answer in JSON. A create that cannot be repeated is left alone: nobody may ask twice.
fn purposes(bench: &Bench) -> Vec<Purpose> {
    promises_json(bench).into_iter().filter(|p| !p.writes() || protected(bench).is_ok()).collect()
}
