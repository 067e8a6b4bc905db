//! `check --fix`: the changes of findings that leave nothing to decide, made in the contract itself.

use std::collections::BTreeSet;

use super::super::subject::Compiled;
use super::super::{App, Fault, No};
use crate::base::fs;
use crate::finding::{Change, changed};

/// Most rounds: a change may uncover another finding, as a field that is found at last is of the wrong type.
const ROUNDS: usize = 4;

/// Most changes that are tried one by one, where all of them together leave something worse.
const SINGLY: usize = 40;

/// Makes the safe changes of a contract and tells how many places they change; comments and the rest of the file stay as they
/// are. A change counts as safe when the check says so afterwards: what leaves as many findings as before, or other errors, as a
/// word inside quotes or behind an anchor does, is not made. The file is written whole, once, and only where something changed;
/// a link stays a link.
///
/// # Errors
/// A refusal where it cannot be read, a fault where it cannot be written.
pub fn mend(app: &App, contract: &str) -> Result<usize, No> {
    let full = app.path(contract);
    app.allow(&full, contract)?;
    let first = Compiled::load_with(app, contract, None)?;
    let (old, mut now, mut made) = (first.text.clone(), first, 0);
    for _ in 0..ROUNDS {
        let own = now.findings.iter().flat_map(|f| &f.edits).filter(|e| e.file == contract);
        let mut changes: Vec<Change> = own.map(|e| e.change.clone()).collect();
        changes.dedup();
        let all: Vec<&Change> = changes.iter().collect();
        let next = better(app, contract, &now, &all).map(|next| (next, places(&now.text, &all))).or_else(|| {
            // One of them spoils the rest.
            let mut kept: Option<(Compiled, usize)> = None;
            // From the end on, so that the places of the others stay.
            for change in changes.iter().rev().take(SINGLY) {
                let (so_far, count) = kept.as_ref().map_or((&now, 0), |(c, n)| (c, *n));
                kept = better(app, contract, so_far, &[change]).map(|next| (next, count + 1)).or(kept);
            }
            kept
        });
        match next {
            Some((next, count)) => (now, made) = (next, made + count),
            None => break,
        }
    }
    if now.text == old {
        return Ok(0);
    }
    // Where the name is a link, what it leads to is written.
    let to = full.canonicalize().unwrap_or(full);
    fs::write_atomic(&to, now.text.as_bytes())
        .map_err(|e| No::from(Fault::new(e.to_string(), "see that the file may be written, then check --fix again")))?;
    Ok(made)
}

/// How many places of a text the changes change.
fn places(text: &str, changes: &[&Change]) -> usize {
    changes.iter().filter_map(|c| c.within(text)).map(|(from, to, _)| (from, to)).collect::<BTreeSet<_>>().len()
}

/// The contract with these changes, where that leaves fewer findings and no more errors.
fn better(app: &App, contract: &str, now: &Compiled, changes: &[&Change]) -> Option<Compiled> {
    let text = changed(&now.text, changes.iter().copied());
    if text == now.text {
        return None;
    }
    let next = Compiled::of_text(app, contract, text, None);
    let ((errors, all), (were, had)) = (tally(&next), tally(now));
    // A change may uncover another finding: then there are as many, of another kind.
    let codes = |c: &Compiled| c.findings.iter().map(|f| (f.code, f.message.clone())).collect::<BTreeSet<_>>();
    let meant = only(now, changes);
    let gone = codes(&next).is_disjoint(&meant);
    // Behind a name that nothing was found under, more may be wrong than could be seen.
    let named = gone && meant.iter().all(|(code, _)| code.starts_with("unknown-"));
    let worse = (errors > were && !named) || next.contract.is_none() || unreadable(&next) > unreadable(now);
    let mended = named || all < had || (errors <= were && gone);
    (!worse && mended).then_some(next)
}

/// How much of it cannot be read: what a change does where its word stands in quotes.
fn unreadable(compiled: &Compiled) -> usize {
    let odd = |code: &str| code.starts_with("bad-") || ["wrong-type", "unknown-key", "duplicate-key"].contains(&code);
    compiled.findings.iter().filter(|f| odd(f.code)).count()
}

/// What the changes are to mend.
fn only(now: &Compiled, changes: &[&Change]) -> BTreeSet<(&'static str, String)> {
    let meant = now.findings.iter().filter(|f| f.edits.iter().any(|e| changes.contains(&&e.change)));
    meant.map(|f| (f.code, f.message.clone())).collect()
}

/// How many errors, and how many findings in all.
fn tally(compiled: &Compiled) -> (usize, usize) {
    (compiled.errors(), compiled.findings.len())
}
