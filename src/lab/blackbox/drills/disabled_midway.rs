//! The switch is set while the program works: no call goes out after a second; what was left is done when it is on again.

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::drills::{Drill, Setup, TARGET};
use crate::lab::faults::{Aim, SlowAnswer, Unavailable, Wire};
use crate::lab::judge::Evidence;

/// Milliseconds after which nothing may go out any more: a second, and a little for what was under way.
const SOON_MS: i64 = 1_250;
/// Answers take so long from then on: else who ignores the switch would be done before it is seen to.
const SLOW_MS: u64 = 900;

pub(super) struct DisabledMidway;

impl Drill for DisabledMidway {
    fn code(&self) -> &'static str {
        "disabled-midway"
    }

    fn hypothesis(&self) -> &'static str {
        "Once it is switched off, no call goes out after a second; switched on again, it goes on where it was."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match bench.real {
            Some(real) if real.knows_switch => Ok(()),
            _ => {
                Err("nothing in the program mentions DISABLE_FILE; where it knows the switch by another name, give it \
                      {disable_file}"
                    .to_owned())
            }
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let skip = rng.below(3);
        let wire = OnWire { code: "disabled", aim: Aim::at(TARGET).after(skip), wire: Wire::Disable };
        let mut setup = Setup::with(wire).passes(2).honest();
        let every = [TARGET.as_slice(), &[Purpose::List]].concat();
        if rng.one_in(2) {
            let aim = Aim::at(every).after(skip + 2).times(u64::MAX / 2);
            setup.faults.push(Box::new(SlowAnswer { aim, ms: SLOW_MS }));
        } else {
            // Who waits between two attempts looks at the switch as well.
            let aim = Aim::at(TARGET).after(skip + 1).times(u64::MAX / 2);
            setup.faults.push(Box::new(Unavailable { aim, status: 503, turns: false }));
        }
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.trace.exchanges.iter().filter(|x| x.fault == Some("disabled")).count() as u64
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let scale = evidence.foreign.as_ref().map_or(1, |f| i64::from(f.scale.max(1)));
        let Some(set) = evidence.trace.exchanges.iter().find(|x| x.fault == Some("disabled")) else {
            return Vec::new();
        };
        let late = evidence.trace.run(set.run).filter(|x| x.at.0 > set.at.0 + SOON_MS * scale);
        let late: Vec<u64> = late.map(|x| x.nth).collect();
        match late.first() {
            Some(first) => vec![format!(
                "switch: it was switched off at request {}, and {} more went out after a second (request {first} first)",
                set.nth,
                late.len()
            )],
            None => Vec::new(),
        }
    }
}
