//! Dead letters of a program: those that must be are told, and nothing else is given up.

use std::collections::BTreeSet;

use super::{Foreign, TOLD};
use crate::lab::judge::{Evidence, owed, some};
use crate::lab::mock::Effect;
use crate::lab::trace::Exchanged;
use crate::lab::world::RunEnd;

pub(super) fn judge(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    let told: BTreeSet<&str> = e.letters.iter().map(|l| l.key.as_str()).collect();
    let lacking: Vec<String> = e
        .expected
        .iter()
        .filter(|x| e.must_be_dead(x) && !told.contains(x.key.as_str()))
        .map(|x| x.key.clone())
        .collect();
    if !lacking.is_empty() {
        out.push(format!(
            "dead letters: {} should be told and is not (in the file of dead letters, or with an exit code other than 0 \
             in the state directory or the output): {}",
            lacking.len(),
            some(&lacking, 3)
        ));
    }
    // Who opens the file next has to know what to mend.
    if let Some(key) = program.unreasoned.first() {
        out.push(format!("dead letters: the letter of {key} does not say why (\"reason\")"));
    }
    // What was told and is in the target as it should be was not given up.
    let owed = owed(e.bench, e.expect, &e.expected, e.target);
    for letter in &e.letters {
        let Some(expected) = e.expected.iter().find(|x| x.key == letter.key) else { continue };
        if !e.may_be_dead(expected) && owed.contains(&letter.key) {
            let says =
                if letter.because == TOLD { String::new() } else { format!("; its letter says {:?}", letter.because) };
            out.push(format!("dead letters: {} was given up for no reason{says}", letter.key));
        }
        if !e.may_be_dead(expected) && !owed.contains(&letter.key) && program.lettered.contains(&letter.key) {
            out.extend(expected.identity.as_deref().and_then(|identity| delivered_too(e, &letter.key, identity)));
        }
    }
}

/// In its only run the program has been told that the record is written, and leaves a dead letter of it all the same. A letter of an
/// earlier run was true when it was written, and so was one of a record that it left for others and came back to; an event may have
/// come in several forms, a key may be that of two records, and who is asked to end may not have read the answer.
fn delivered_too(e: &Evidence<'_>, key: &str, identity: &str) -> Option<String> {
    let [only] = e.runs.as_slice() else { return None };
    let asked = matches!(&only.end, RunEnd::Exited(exit) if exit.asked || exit.signal.is_some());
    let shared = e.expected.iter().chain(&e.gone).filter(|x| x.identity.as_deref() == Some(identity)).count() > 1;
    if asked || shared || e.bench.plan.source.webhook.is_some() {
        return None;
    }
    let about = |x: &&Exchanged| {
        x.identity.as_deref() == Some(identity) || x.batch.iter().any(|one| one.as_deref() == Some(identity))
    };
    let writes: Vec<&Exchanged> = e.trace.run(only.run).filter(|x| x.purpose.writes()).collect();
    let first = writes.iter().position(about)?;
    let end = writes.iter().rposition(about)?;
    if !writes.get(first..end)?.iter().all(about) {
        return None;
    }
    let last = *writes.get(end)?;
    // Of an answer that a fault made nobody knows what it told.
    let told = last.fault.is_none() && last.status().is_some_and(|s| (200..300).contains(&s));
    let kept = match last.effect.as_ref()? {
        Effect::Many(effects) => {
            last.batch.iter().zip(effects).any(|(one, effect)| one.as_deref() == Some(identity) && effect.keeps())
        }
        effect => effect.keeps(),
    };
    (told && kept).then(|| {
        format!("dead letters: {key} stands in the file, and request {} was told that it is written", last.nth)
    })
}
