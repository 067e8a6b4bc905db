//! Proposes rules between two schemas. Every pair of fields is measured (`features.rs`, `numbers.rs`: words of names and paths by the
//! vocabulary of `words.txt`, types, formats, values, descriptions), weighed by learned trees alone and then beside its rivals
//! (`rank.rs`), and the best set of pairs is taken, one source to one target (`assign.rs`). It abstains below a threshold, and
//! where no rule of the language would type-check.

mod alike;
mod assign;
mod count;
mod features;
mod field;
mod leaves;
mod lists;
mod model;
mod numbers;
mod pairs;
mod parts;
mod prepare;
mod propose;
mod rank;
mod rivals;
mod roles;
mod shapes;
mod sides;
mod steps;
mod table;
mod types;
mod weights;
mod words;

pub use self::field::{Field, Side};
pub use self::model::{Forest, Judge, Line, likelihood};
pub use self::numbers::{COUNT, NAMES};
pub use self::rank::{BOTH, Likely, Looked, one_to_one, rank, shared, sorted, threshold};
pub use self::rivals::{Candidate, NAMES as RIVAL_NAMES};
pub use self::table::OpenTable;
pub use self::types::types_named;

use std::collections::BTreeMap;

use self::leaves::{Leaf, leaves};
use self::parts::Both;
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
/// Where names share no word, a pair must be so likely to be written down: types and values alone mislead.
const WORDLESS: f32 = 0.5;
/// Where two fields are so likely the same, a table of values is asked for.
const ASKED: f32 = 0.1;
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
    propose_all(source, target, names).rules
}

/// What is proposed between two records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposed {
    /// Rules, in the order of the target's fields.
    pub rules: Vec<Suggestion>,
    /// Tables of values that a person has to fill, for targets without a rule.
    pub tables: Vec<OpenTable>,
}

/// Rules, and what is likely but open: tables of values.
#[must_use]
pub fn propose_all(source: (&Schemas, SchemaId), target: (&Schemas, SchemaId), names: [Names<'_>; 2]) -> Proposed {
    let from = leaves(source.0, source.1, leaves::Side::Source);
    let to = leaves(target.0, target.1, leaves::Side::Target);
    let side = |leaves: &[Leaf], names: Names<'_>| Side {
        entity: names.entity.to_owned(),
        system: names.system.to_owned(),
        fields: leaves.iter().map(Leaf::field).collect(),
    };
    let [of_source, of_target] = names;
    let ranked = rank(&side(&from, of_source), &side(&to, of_target));
    let least = threshold(&ranked, from.len().min(to.len()));
    let both = Both { source, target, from: &from, to: &to };
    let mut rules: BTreeMap<(usize, usize), (usize, propose::Proposal)> = BTreeMap::new();
    for pair in ranked.iter().take_while(|p| p.likelihood > least) {
        let (Some(s), Some(t)) = (from.get(pair.source), to.get(pair.target)) else { continue };
        if pair.likelihood < WORDLESS && !propose::share_words(s, t) {
            continue;
        }
        let rule = if parts::other_part(s, t) {
            let part = parts::part_of_name(&both, t);
            part.and_then(|(leaf, rule)| Some((from.iter().position(|l| l.path == leaf.path)?, rule)))
        } else {
            // A part of what the source has, or the whole of its parts, says more than a copy of one field does.
            let part = parts::composed(&both, t).filter(|(leaf, _)| leaf.path == s.path);
            part.map(|(_, rule)| rule)
                .or_else(|| propose::rule(source, target, &from, s, t))
                .map(|rule| (pair.source, rule))
        };
        if let Some(rule) = rule {
            rules.insert((pair.source, pair.target), rule);
        }
    }
    let ruled: Vec<Likely> = ranked.iter().filter(|p| rules.contains_key(&(p.source, p.target))).copied().collect();
    let mut chosen = one_to_one(&ruled, least);
    chosen.extend(shared(&ruled, &chosen, least));
    let mut out: BTreeMap<usize, Suggestion> = BTreeMap::new();
    for pair in &chosen {
        let (Some(t), Some((s, rule))) = (to.get(pair.target), rules.remove(&(pair.source, pair.target))) else {
            continue;
        };
        let Some(fed) = from.get(s) else { continue };
        let others = alternatives(&ranked, (&from, t), (s, pair.target));
        out.insert(pair.target, suggestion(t, fed, rule, pair.likelihood, others));
    }
    let mut tables = Vec::new();
    for (i, t) in to.iter().enumerate().filter(|(i, _)| !out.contains_key(i)).collect::<Vec<_>>() {
        if let Some((s, rule)) = parts::composed(&both, t) {
            out.insert(i, suggestion(t, s, rule, least, Vec::new()));
            continue;
        }
        let likely = ranked.iter().filter(|p| p.target == i && p.likelihood > ASKED);
        tables.extend(likely.filter_map(|p| Some((from.get(p.source)?, p))).find_map(|(s, p)| {
            let named = propose::share_words(s, t).then(|| propose::names(s, t))?;
            table::open_table(s, t, scored(p.likelihood), &named)
        }));
    }
    Proposed { rules: out.into_values().collect(), tables }
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
