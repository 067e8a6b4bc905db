//! How runs of a program ended, and whether its exit code is true: 0 says that all is well, anything else that it is not.

use super::Foreign;
use crate::contract::Retry;
use crate::lab::drills::Claim;
use crate::lab::judge::{Evidence, RunSeen, some};
use crate::lab::trace::Outcome;
use crate::lab::world::RunEnd;

/// The fault that sets the switch.
const SWITCHED_OFF: &str = "disabled";

/// Real milliseconds before its end in which whoever sent something was at work.
const STILL_MS: i64 = 15_000;

pub(super) fn ended(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    for seen in &e.runs {
        match &seen.end {
            RunEnd::Deadline => {
                let run = seen.run;
                let given = if program.left_open.contains(&run) { program.deadline_s } else { program.longest_s };
                let waits = longest_waits_s(&e.bench.plan.delivery.retry) / u64::from(program.scale.max(1));
                let still = seen.to.plus_ms(-program.ms(STILL_MS));
                let hint = if waits < given && e.trace.run(run).any(|x| x.at >= still) {
                    "; it was at work till then: a slow program may need --deadline, on a busy machine fewer --jobs"
                        .to_owned()
                } else if waits < given {
                    String::new()
                } else {
                    format!(
                        "; the contract's own waits between attempts may take {waits} s: give it more by --deadline, or scale its time"
                    )
                };
                let not = if program.service { "had come to no rest" } else { "was not over" };
                let open = if program.left_open.contains(&run) { never_given_up(e, run) } else { String::new() };
                out.push(format!("hangs: run {run} {not} after {given} s, and was killed{open}{hint}"));
            }
            RunEnd::Runaway => {
                let sent = e.trace.run(seen.run).count();
                out.push(format!("endless: run {} had sent {sent} requests and went on", seen.run));
            }
            RunEnd::Exited(exit) if exit.overran => out.push(format!("drain: run {} {}", seen.run, exit.words())),
            RunEnd::Exited(exit) if program.service && !exit.asked => {
                out.push(format!("ended: run {} is a service and {}", seen.run, exit.words()));
            }
            RunEnd::Exited(exit) if exit.signal.is_some() && !exit.asked => {
                out.push(format!("crash: run {} {}", seen.run, exit.words()));
            }
            RunEnd::Exited(_) | RunEnd::Finished(_) | RunEnd::RolledBack(_) | RunEnd::Crashed | RunEnd::Panicked(_) => {
            }
        }
    }
}

/// Which request it was; of several without an answer some may have been given up.
fn never_given_up(e: &Evidence<'_>, run: usize) -> String {
    let open: Vec<u64> = e.trace.run(run).filter(|x| x.outcome == Outcome::Open).map(|x| x.nth).collect();
    match open.as_slice() {
        [one] => format!("; request {one} was never given up"),
        _ => "; a request was never given up".to_owned(),
    }
}

/// Seconds that one request may take by the waits between its attempts.
pub(in crate::lab) fn longest_waits_s(retry: &Retry) -> u64 {
    let wait = |nth: u32| retry.base_ms.saturating_mul(1 << nth.min(30)).min(retry.cap_ms);
    let all: u64 = (0..retry.attempts.saturating_sub(1).min(100)).map(wait).sum();
    all / 1000
}

pub(super) fn judge(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    if program.service {
        return;
    }
    given_up_without_a_word(e, program, out);
    let last = e.runs.iter().filter(|r| r.run < program.spare_from).map(|r| r.run).max();
    for seen in &e.runs {
        let RunEnd::Exited(exit) = &seen.end else { continue };
        // Who was switched off ends in good order, with whatever code.
        if e.trace.run(seen.run).any(|x| x.fault == Some(SWITCHED_OFF)) {
            continue;
        }
        if exit.is_success() {
            let untakable = |key: &&String| e.expected.iter().any(|x| x.key == **key && x.mapped.is_err());
            let (untold, missing): (Vec<&String>, Vec<&String>) = seen.missing.iter().partition(untakable);
            if !missing.is_empty() {
                let missing: Vec<String> = missing.into_iter().cloned().collect();
                out.push(format!("dishonest: run {} ends with exit code 0 without {}", seen.run, some(&missing, 3)));
            }
            if !untold.is_empty() {
                let untold: Vec<String> = untold.into_iter().cloned().collect();
                out.push(format!(
                    "dishonest: run {} ends with exit code 0 and not a word about {}, which the mapping cannot take",
                    seen.run,
                    some(&untold, 3)
                ));
            }
            let untold = seen.letters.iter().filter(|l| !program.filed.contains(&l.key)).map(|l| l.key.clone());
            let untold: Vec<String> = untold.collect();
            if !untold.is_empty() {
                out.push(format!(
                    "dishonest: run {} ends with exit code 0, though {} could not be delivered as it is, and is not in the file of dead letters",
                    seen.run,
                    some(&untold, 3)
                ));
            }
        } else if Some(seen.run) == last
            && e.expect.claim == Claim::Exact
            && !exit.asked
            // What was given up, in whatever run, is told by the code as well; what was left behind it excuses nobody.
            && (e.letters.is_empty() || !seen.missing.is_empty())
        {
            let attempts = e.bench.plan.delivery.retry.attempts;
            let why = if seen.missing.is_empty() {
                "though every record is in the target".to_owned()
            } else {
                format!("without {}, though the contract allows {attempts} attempts", some(&seen.missing, 3))
            };
            out.push(format!("gave up: run {} {}, {why}", seen.run, exit.words()));
        }
    }
}

/// What was given up in a run that was killed, and is not in the file of dead letters, needs the word of a later run.
fn given_up_without_a_word(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    let exits = || e.runs.iter().filter_map(|r| if let RunEnd::Exited(exit) = &r.end { Some(exit) } else { None });
    if exits().next().is_none() || !exits().all(|exit| exit.is_success()) {
        return;
    }
    let killed = |run: &&RunSeen| run.end == RunEnd::Crashed;
    // What waited in its state directory and was delivered later was not given up.
    let must = |key: &String| e.expected.iter().any(|x| x.key == *key && e.must_be_dead(x));
    let untold = e.runs.iter().filter(killed).flat_map(|r| &r.letters).map(|l| &l.key);
    let untold: Vec<String> = untold.filter(|key| !program.filed.contains(*key) && must(key)).cloned().collect();
    if !untold.is_empty() {
        out.push(format!(
            "dishonest: {} was given up in a run that was killed, is not in the file of dead letters, and every later run \
             ends with exit code 0",
            some(&untold, 3)
        ));
    }
}
