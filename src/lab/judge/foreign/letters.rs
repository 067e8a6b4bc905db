//! Dead letters of a program: those that must be are told, and nothing else is given up.

use std::collections::BTreeSet;

use crate::lab::judge::{Evidence, owed, some};

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
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
    // What was told and is in the target as it should be was not given up.
    let owed = owed(e.bench, e.expect, &e.expected, e.target);
    for letter in &e.letters {
        let Some(expected) = e.expected.iter().find(|x| x.key == letter.key) else { continue };
        if !e.may_be_dead(expected) && owed.contains(&letter.key) {
            out.push(format!("dead letters: {} was given up for no reason", letter.key));
        }
    }
}
