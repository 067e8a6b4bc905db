//! Proposes rules between two schemas: by name words, path, type, format, values and description; one source for one
//! target, best pairs first. It abstains below a threshold, and where no rule of the language would type-check.

mod assign;
mod features;
mod field;
mod leaves;
mod model;
mod prepare;
mod propose;
mod rank;
mod rivals;
mod score;
mod vocabulary;
mod weights;
mod words;

pub use self::features::{COUNT, NAMES, types_named};
pub use self::field::{Field, Side};
pub use self::model::Forest;
pub use self::rank::{BOTH, Likely, Looked, one_to_one, rank, shared, sorted};
pub use self::rivals::{Candidate, NAMES as RIVAL_NAMES};
pub use self::weights::THRESHOLD as LEARNED_THRESHOLD;

use self::leaves::{Leaf, leaves};
use crate::model::{SchemaId, Schemas};

/// One proposed rule. A proposal is an inference: a person or the type checker decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Target path.
    pub target: String,
    /// Source path.
    pub source: String,
    /// The rule as it is written after `target: `, on one line.
    pub rule_yaml: String,
    /// 0 to 1; never above 0.70, the ceiling of an inference.
    pub score: f64,
    /// Why, and what is still open.
    pub because: String,
}

/// Below this score a pair is not proposed.
const THRESHOLD: f64 = 0.50;
/// An inference is never surer than this (law 5).
const CEILING: f64 = 0.70;

/// Proposes a rule for each target field that a source field fits, in the order of the target's fields.
#[must_use]
pub fn suggest(source: (&Schemas, SchemaId), target: (&Schemas, SchemaId)) -> Vec<Suggestion> {
    let from = leaves(source.0, source.1, leaves::Side::Source);
    let to = leaves(target.0, target.1, leaves::Side::Target);
    let mut out: Vec<(usize, Suggestion)> = Vec::new();
    for pair in assign(&from, &to) {
        let (Some(s), Some(t)) = (from.get(pair.source), to.get(pair.target)) else { continue };
        if let Some(rule) = propose::rule(source, target, &from, s, t) {
            out.push((pair.target, suggestion(t, s, rule, pair.score)));
        }
    }
    for (i, t) in to.iter().enumerate() {
        if !out.iter().any(|(j, _)| *j == i)
            && let Some((s, rule)) = propose::part_of_name(source, target, &from, t)
        {
            out.push((i, suggestion(t, s, rule, THRESHOLD)));
        }
    }
    out.sort_by_key(|(i, _)| *i);
    out.into_iter().map(|(_, s)| s).collect()
}

fn suggestion(t: &Leaf, s: &Leaf, rule: propose::Proposal, score: f64) -> Suggestion {
    let score = (score.min(1.0) * CEILING * 100.0).round() / 100.0;
    Suggestion {
        target: t.path.to_string(),
        source: s.path.to_string(),
        rule_yaml: rule.yaml,
        score,
        because: rule.because,
    }
}

struct Pair {
    source: usize,
    target: usize,
    score: f64,
}

/// One to one, best first; ties go to the fields that stand first.
fn assign(from: &[Leaf], to: &[Leaf]) -> Vec<Pair> {
    let corpus = score::Corpus::of(from, to);
    let mut pairs: Vec<Pair> = Vec::new();
    for (target, t) in to.iter().enumerate() {
        for (source, s) in from.iter().enumerate() {
            let score = corpus.score(s, t);
            if score >= THRESHOLD {
                pairs.push(Pair { source, target, score });
            }
        }
    }
    pairs.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.target.cmp(&b.target)).then(a.source.cmp(&b.source)));
    let (mut sources, mut targets) = (vec![false; from.len()], vec![false; to.len()]);
    pairs.retain(|p| {
        let (Some(s), Some(t)) = (sources.get_mut(p.source), targets.get_mut(p.target)) else { return false };
        let free = !*s && !*t;
        if free {
            (*s, *t) = (true, true);
        }
        free
    });
    pairs
}
