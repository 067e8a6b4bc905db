//! Learns the two forests from rows with gold, and tries them on systems that they have not seen.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use platform_integration::mapping::matcher::{Judge, Likely, Looked, NAMES, RIVAL_NAMES, sorted};

use super::gold::Row;
use super::grow::{Plan, grow};
use super::line::fitted;

const FIRST: Plan = Plan { trees: 80, depth: 4, rate: 0.12, least: 3.0, lambda: 2.0, numbers: 0.5, rows: 0.4 };
const SECOND: Plan = Plan { trees: 300, depth: 4, rate: 0.05, least: 3.0, lambda: 4.0, numbers: 0.3, rows: 0.5 };
/// Parts that likelihoods of the first forest come from, each judged by a forest that has not seen it.
const PARTS: u64 = 3;

/// What is learned.
pub(crate) struct Learned {
    pub(crate) first: Judge,
    pub(crate) second: Judge,
}

impl Learned {
    pub(crate) fn rank(&self, looked: &Looked) -> Vec<Likely> {
        let alone = looked.alone(&self.first);
        let scores: Vec<f32> = looked.beside(&alone).iter().map(|f| self.second.likelihood(f)).collect();
        sorted(&looked.candidates, &scores)
    }
}

/// A row with its pairs measured.
pub(crate) struct Seen<'r> {
    pub(crate) row: &'r Row,
    /// What each of its pairs weighs in learning.
    pub(crate) weight: f32,
    pub(crate) looked: Looked,
}

/// FNV-1a.
pub(crate) fn part_of(name: &str, parts: u64) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)) / 7 % parts
}

fn judge(rows: &[&[f32]], is: &[bool], weights: &[f32], plan: Plan) -> Judge {
    Judge { forest: grow(rows, is, weights, &directions(), plan), line: fitted(rows, is, weights) }
}

fn grown(seen: &[&Seen<'_>], plan: Plan) -> Judge {
    let (mut rows, mut is, mut weights): (Vec<&[f32]>, Vec<bool>, Vec<f32>) = (Vec::new(), Vec::new(), Vec::new());
    for one in seen {
        for (c, f) in one.looked.candidates.iter().zip(&one.looked.features) {
            if !one.row.ignored.contains(&(c.source, c.target)) {
                rows.push(f);
                weights.push(one.weight);
                is.push(one.row.gold.contains(&(c.source, c.target)));
            }
        }
    }
    judge(&rows, &is, &weights, plan)
}

/// Which way each number speaks.
fn directions() -> Vec<i8> {
    NAMES.iter().chain(&RIVAL_NAMES).map(|(_, way)| *way).collect()
}

/// Both forests from these rows.
pub(crate) fn learn(seen: &[&Seen<'_>]) -> Learned {
    let system = |s: &Seen<'_>| s.row.systems.first().map_or(0, |n| part_of(n, PARTS));
    let mut wide: Vec<Vec<f32>> = Vec::new();
    let (mut is, mut weights) = (Vec::new(), Vec::new());
    for part in 0..PARTS {
        let others: Vec<&Seen<'_>> = seen.iter().filter(|s| system(s) != part).copied().collect();
        let own: Vec<&Seen<'_>> = seen.iter().filter(|s| system(s) == part).copied().collect();
        if own.is_empty() {
            continue;
        }
        let first = grown(&others, FIRST);
        for one in own {
            let alone = one.looked.alone(&first);
            for (c, f) in one.looked.candidates.iter().zip(one.looked.beside(&alone)) {
                if !one.row.ignored.contains(&(c.source, c.target)) {
                    wide.push(f.to_vec());
                    weights.push(one.weight);
                    is.push(one.row.gold.contains(&(c.source, c.target)));
                }
            }
        }
    }
    let rows: Vec<&[f32]> = wide.iter().map(Vec::as_slice).collect();
    Learned { first: grown(seen, FIRST), second: judge(&rows, &is, &weights, SECOND) }
}

/// Rankings of each row by forests that have seen no row of any of its systems, in the order of `seen`; `extra` rows teach, and
/// are not ranked.
pub(crate) fn cross(seen: &[Seen<'_>], extra: &[Seen<'_>], parts: u64) -> Vec<Vec<Likely>> {
    folds(seen, extra, parts, |train| {
        let learned = learn(train);
        move |looked: &Looked| learned.rank(looked)
    })
}

/// Threads that learn at once.
const WORKERS: usize = 2;

/// The same for anything that is learned from rows and then ranks others.
pub(crate) fn folds<R: Fn(&Looked) -> Vec<Likely>>(
    seen: &[Seen<'_>],
    extra: &[Seen<'_>],
    parts: u64,
    learn: impl Fn(&[&Seen<'_>]) -> R + Sync,
) -> Vec<Vec<Likely>> {
    let apart = |row: &Row| -> BTreeSet<u64> {
        row.systems.iter().map(|name| part_of(&format!("{name}/fold"), parts)).collect()
    };
    let sets: Vec<BTreeSet<u64>> = seen.iter().map(|s| apart(s.row)).collect::<BTreeSet<_>>().into_iter().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done: Vec<(usize, Vec<Likely>)> = Vec::new();
        while let Some(set) = sets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let train: Vec<&Seen<'_>> = seen.iter().chain(extra).filter(|s| apart(s.row).is_disjoint(set)).collect();
            let rank = learn(&train);
            let own = seen.iter().enumerate().filter(|(_, s)| apart(s.row) == *set);
            done.extend(own.map(|(i, one)| (i, rank(&one.looked))));
        }
        done
    };
    let mut out: Vec<Vec<Likely>> = seen.iter().map(|_| Vec::new()).collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        for (i, ranked) in running.into_iter().flat_map(|one| one.join().unwrap_or_default()) {
            out[i] = ranked;
        }
    });
    out
}

/// The source file with the forests.
pub(crate) fn source(learned: &Learned) -> String {
    let mut out = String::from(
        "//! Made by `cargo run --release --example match-accuracy -- --train PATH`; not written by hand.\n\
         #![cfg_attr(rustfmt, rustfmt::skip)]\n\
         #![allow(clippy::approx_constant, reason = \"that a cut is near a constant is chance\")]\n\nuse std::borrow::Cow;\n\nuse super::model::{Forest, Judge, Line};\n\n",
    );
    for (name, judge) in [("first", &learned.first), ("second", &learned.second)] {
        let upper = name.to_uppercase();
        let Judge { forest, line } = judge;
        let _ = writeln!(
            out,
            "/// The {name} look.\npub(super) fn {name}() -> Judge {{\n    Judge {{\n        \
             forest: Forest {{ base: {:?}, depth: {}, asked: Cow::Borrowed(&{upper}_ASKED), \
             cuts: Cow::Borrowed(&{upper}_CUTS), leaves: Cow::Borrowed(&{upper}_LEAVES) }},\n        \
             line: Line {{ base: {:?}, weights: Cow::Borrowed(&{upper}_LINE) }},\n    }}\n}}\n",
            forest.base, forest.depth, line.base
        );
        list(&mut out, &format!("{upper}_ASKED"), "u8", forest.asked.iter().map(u8::to_string));
        let cut = |v: &f32| if *v == f32::MAX { "9e9".to_owned() } else { format!("{v}") };
        list(&mut out, &format!("{upper}_CUTS"), "f32", forest.cuts.iter().map(|v| float(cut(v))));
        list(&mut out, &format!("{upper}_LEAVES"), "f32", forest.leaves.iter().map(|v| float(v.to_string())));
        list(&mut out, &format!("{upper}_LINE"), "f32", line.weights.iter().map(|v| float(v.to_string())));
    }
    out
}

fn float(text: String) -> String {
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}

fn list(out: &mut String, name: &str, of: &str, values: impl ExactSizeIterator<Item = String>) {
    let _ = write!(out, "static {name}: [{of}; {}] = [", values.len());
    let mut width = usize::MAX;
    for value in values {
        if width > 110 {
            out.push_str("\n    ");
            width = 4;
        }
        width += value.len() + 1;
        let _ = write!(out, "{value},");
    }
    out.push_str("\n];\n\n");
}
