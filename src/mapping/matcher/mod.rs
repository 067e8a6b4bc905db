//! Proposes rules between two schemas. Every pair of fields is measured (`features.rs`: words of names and paths by the
//! vocabulary of `words.txt`, types, formats, values, descriptions), weighed by learned trees alone and then beside its rivals
//! (`rank.rs`), and the best set of pairs is taken, one source to one target (`assign.rs`). It abstains below a threshold, and
//! where no rule of the language would type-check.

mod assign;
mod features;
mod field;
mod leaves;
mod lists;
mod model;
mod prepare;
mod propose;
mod rank;
mod rivals;
mod roles;
mod shapes;
mod types;
mod weights;
mod words;

pub use self::features::{COUNT, NAMES};
pub use self::field::{Field, Side};
pub use self::model::Forest;
pub use self::rank::{BOTH, LEAST, Likely, Looked, MOST, one_to_one, rank, shared, sorted, threshold};
pub use self::rivals::{Candidate, NAMES as RIVAL_NAMES};
pub use self::types::types_named;

use std::collections::BTreeMap;

use self::leaves::{Leaf, leaves};
use self::words::Vocabulary;
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
    /// How likely, 0 to 0.70: the likelihood times the ceiling of an inference. The higher, the likelier.
    pub score: f64,
    /// Why, and what is still open.
    pub because: String,
    /// Other sources of the same target, the likeliest first, at most three: path, score as above, why.
    pub alternatives: Vec<(String, f64, String)>,
}

/// An inference is never surer than this (law 5).
const CEILING: f64 = 0.70;
/// A source feeds a second target where that is at least so likely.
pub const SHARED: f32 = 0.28;
/// Where names share no word, a pair must be so likely to be written down: types and values alone mislead.
const WORDLESS: f32 = 0.5;
/// What is less likely is not named as an alternative.
const ALTERNATIVE: f32 = 0.04;

/// What one side is called, where that is known: fields that carry these names mean nothing by them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'n> {
    /// The record: `contact`.
    pub entity: &'n str,
    /// The system: `hubspot`.
    pub system: &'n str,
}

/// Proposes a rule for each target field that a source field fits, in the order of the target's fields.
#[must_use]
pub fn suggest(source: (&Schemas, SchemaId), target: (&Schemas, SchemaId)) -> Vec<Suggestion> {
    suggest_named(source, target, [Names::default(); 2])
}

/// The same, where it is known what both sides are called.
#[must_use]
pub fn suggest_named(
    source: (&Schemas, SchemaId),
    target: (&Schemas, SchemaId),
    names: [Names<'_>; 2],
) -> Vec<Suggestion> {
    let from = leaves(source.0, source.1, leaves::Side::Source);
    let to = leaves(target.0, target.1, leaves::Side::Target);
    let side = |leaves: &[Leaf], names: Names<'_>| Side {
        entity: names.entity.to_owned(),
        system: names.system.to_owned(),
        fields: leaves.iter().map(Leaf::field).collect(),
    };
    let [of_source, of_target] = names;
    let ranked = rank(&side(&from, of_source), &side(&to, of_target));
    let least = threshold(&ranked, LEAST, MOST);
    let mut rules: BTreeMap<(usize, usize), (usize, propose::Proposal)> = BTreeMap::new();
    for pair in ranked.iter().take_while(|p| p.likelihood > least) {
        let (Some(s), Some(t)) = (from.get(pair.source), to.get(pair.target)) else { continue };
        if pair.likelihood < WORDLESS && !propose::share_words(s, t) {
            continue;
        }
        let rule = if propose::other_part(s, t) {
            let part = propose::part_of_name(source, target, &from, t);
            part.and_then(|(leaf, rule)| Some((from.iter().position(|l| l.path == leaf.path)?, rule)))
        } else {
            propose::rule(source, target, &from, s, t).map(|rule| (pair.source, rule))
        };
        if let Some(rule) = rule {
            rules.insert((pair.source, pair.target), rule);
        }
    }
    let ruled: Vec<Likely> = ranked.iter().filter(|p| rules.contains_key(&(p.source, p.target))).copied().collect();
    let mut chosen = one_to_one(&ruled, least);
    chosen.extend(shared(&ruled, &chosen, SHARED.max(least)));
    let mut out: BTreeMap<usize, Suggestion> = BTreeMap::new();
    for pair in &chosen {
        let (Some(t), Some((s, rule))) = (to.get(pair.target), rules.remove(&(pair.source, pair.target))) else {
            continue;
        };
        let Some(fed) = from.get(s) else { continue };
        let others = alternatives(&ranked, (&from, t), (s, pair.target));
        out.insert(pair.target, suggestion(t, fed, rule, pair.likelihood, others));
    }
    for (i, t) in to.iter().enumerate() {
        if !out.contains_key(&i)
            && let Some((s, rule)) = propose::part_of_name(source, target, &from, t)
        {
            out.insert(i, suggestion(t, s, rule, least, Vec::new()));
        }
    }
    out.into_values().collect()
}

/// How alike two names are by their words alone, 0 to 1: `customers` and `contact`, `lineItem` and `order_line`.
#[must_use]
pub fn names_alike(a: &str, b: &str) -> f32 {
    let vocabulary = Vocabulary::get();
    let (a, b) = (vocabulary.words_of(a), vocabulary.words_of(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let best = |w: &String, others: &[String]| others.iter().map(|o| vocabulary.likeness(w, o)).fold(0.0, f32::max);
    let both = a.iter().map(|w| best(w, &b)).sum::<f32>() + b.iter().map(|w| best(w, &a)).sum::<f32>();
    both / (a.len() + b.len()) as f32
}

fn scored(likelihood: f32) -> f64 {
    (f64::from(likelihood.clamp(0.0, 1.0)) * CEILING * 100.0).round() / 100.0
}

fn alternatives(
    ranked: &[Likely],
    (from, t): (&[Leaf], &Leaf),
    (source, target): (usize, usize),
) -> Vec<(String, f64, String)> {
    ranked
        .iter()
        .filter(|p| p.target == target && p.source != source && p.likelihood >= ALTERNATIVE)
        .take(3)
        .filter_map(|p| Some((p, from.get(p.source)?)))
        .map(|(p, s)| (s.path.to_string(), scored(p.likelihood), propose::names(s, t)))
        .collect()
}

fn suggestion(
    t: &Leaf,
    s: &Leaf,
    rule: propose::Proposal,
    likelihood: f32,
    alternatives: Vec<(String, f64, String)>,
) -> Suggestion {
    Suggestion {
        target: t.path.to_string(),
        source: s.path.to_string(),
        rule_yaml: rule.yaml,
        score: scored(likelihood),
        because: rule.because,
        alternatives,
    }
}
