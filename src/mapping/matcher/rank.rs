//! Both sides' fields to likely pairs: a glance at all, a close look at the best of each field, then beside their rivals.

use super::assign::{Edge, assign};
use super::features::Features;
use super::field::Side;
use super::model::Judge;
use super::numbers;
use super::pairs::{Pairs, usable};
use super::rivals::{self, Candidate, rivals};
use super::weights;

/// So many pairs of each field are looked at closely.
const CLOSELY: usize = 14;

/// Between these the threshold of two records lies, whatever their pairs are like.
const LEAST: f32 = 0.1;
/// See [`LEAST`].
const MOST: f32 = 0.3;
/// The part of the smaller record's fields that have a counterpart, at the least: who asks for a match has a reason to. Where likelihoods
/// are lower than that, the words are foreign to us, and not the records to each other.
const COUNTERPARTS: f32 = 0.2;

/// What is asked of the second forest: the numbers of the pair and of its rivals.
pub const BOTH: usize = numbers::COUNT + rivals::COUNT;

/// Pairs looked at closely, with their numbers.
pub struct Looked {
    pairs: Pairs,
    /// The pairs, by source, then target.
    pub candidates: Vec<Candidate>,
    /// Their numbers.
    pub features: Vec<Features>,
}

impl Looked {
    /// Looks at both sides.
    #[must_use]
    pub fn at(source: &Side, target: &Side) -> Self {
        let pairs = Pairs::of(source, target);
        let (n, m) = (source.fields.len(), target.fields.len());
        let mut glance = vec![0.0_f32; n * m];
        for ((s, t), slot) in (0..n).flat_map(|s| (0..m).map(move |t| (s, t))).zip(glance.iter_mut()) {
            *slot = pairs.glance(s, t);
        }
        let at = |s: usize, t: usize| glance.get(s * m + t).copied().unwrap_or(0.0);
        let mut kept = vec![false; n * m];
        let mut keep_best = |line: &mut Vec<(f32, usize)>| {
            line.retain(|(g, _)| *g > 0.05);
            if line.len() > CLOSELY {
                line.select_nth_unstable_by(CLOSELY, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                line.truncate(CLOSELY);
            }
            for (_, i) in line.iter() {
                if let Some(slot) = kept.get_mut(*i) {
                    *slot = true;
                }
            }
        };
        let good = |f: Option<&super::field::Field>| f.is_some_and(usable);
        for s in (0..n).filter(|s| good(source.fields.get(*s))) {
            keep_best(&mut (0..m).filter(|t| good(target.fields.get(*t))).map(|t| (at(s, t), s * m + t)).collect());
        }
        for t in (0..m).filter(|t| good(target.fields.get(*t))) {
            keep_best(&mut (0..n).filter(|s| good(source.fields.get(*s))).map(|s| (at(s, t), s * m + t)).collect());
        }
        let candidates: Vec<Candidate> = kept
            .iter()
            .enumerate()
            .filter(|(_, k)| **k)
            .map(|(i, _)| Candidate { source: i / m, target: i % m })
            .collect();
        let features = candidates.iter().map(|c| pairs.features(c.source, c.target)).collect();
        Self { pairs, candidates, features }
    }

    /// Likelihoods by the pairs' own numbers alone.
    #[must_use]
    pub fn alone(&self, judge: &Judge) -> Vec<f32> {
        self.features.iter().map(|f| judge.likelihood(f)).collect()
    }

    /// The numbers of each pair with those of its rivals, by likelihoods of a first look.
    #[must_use]
    pub fn beside(&self, alone: &[f32]) -> Vec<[f32; BOTH]> {
        let rivals = rivals(&self.pairs, &self.candidates, alone);
        self.features
            .iter()
            .zip(rivals)
            .map(|(own, rival)| {
                let mut out = [0.0; BOTH];
                for (slot, n) in out.iter_mut().zip(own.iter().chain(&rival)) {
                    *slot = *n;
                }
                out
            })
            .collect()
    }
}

/// A pair and how likely it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likely {
    /// Index of the source field.
    pub source: usize,
    /// Index of the target field.
    pub target: usize,
    /// 0 to 1.
    pub likelihood: f32,
}

/// All pairs that deserved a close look, the likeliest first; ties in the order of the fields.
#[must_use]
pub fn rank(source: &Side, target: &Side) -> Vec<Likely> {
    let looked = Looked::at(source, target);
    let alone = looked.alone(&weights::first());
    let second = weights::second();
    let scores = looked.beside(&alone).iter().map(|f| second.likelihood(f)).collect::<Vec<_>>();
    sorted(&looked.candidates, &scores)
}

/// Pairs with their likelihoods, the likeliest first.
#[must_use]
pub fn sorted(candidates: &[Candidate], scores: &[f32]) -> Vec<Likely> {
    let mut out: Vec<Likely> = candidates
        .iter()
        .zip(scores)
        .map(|(c, p)| Likely { source: c.source, target: c.target, likelihood: *p })
        .collect();
    out.sort_by(|a, b| {
        b.likelihood.total_cmp(&a.likelihood).then(a.target.cmp(&b.target)).then(a.source.cmp(&b.source))
    });
    out
}

/// The best set of pairs, one source to one target, above a threshold.
#[must_use]
pub fn one_to_one(ranked: &[Likely], threshold: f32) -> Vec<Likely> {
    let above: Vec<Likely> = ranked.iter().filter(|p| p.likelihood > threshold).copied().collect();
    let edges: Vec<Edge> =
        above.iter().map(|p| Edge { source: p.source, target: p.target, worth: p.likelihood - threshold }).collect();
    assign(&edges).into_iter().filter_map(|i| above.get(i).copied()).collect()
}

/// Pairs beyond those chosen one to one: a target still without, fed by a source that feeds another one too, where that is likelier
/// than a threshold.
#[must_use]
pub fn shared(ranked: &[Likely], chosen: &[Likely], threshold: f32) -> Vec<Likely> {
    let mut taken: std::collections::BTreeSet<usize> = chosen.iter().map(|p| p.target).collect();
    let above = ranked.iter().take_while(|p| p.likelihood > threshold);
    above.filter(|p| taken.insert(p.target)).copied().collect()
}

/// The threshold at which F1 is expected to be best for these two records, of which the smaller has so many fields: where few pairs
/// are likely, as between records of different worlds, less likely ones are worth proposing too.
#[must_use]
pub fn threshold(ranked: &[Likely], fields: usize) -> f32 {
    let mut chosen: Vec<f32> = one_to_one(ranked, 0.01).iter().map(|p| p.likelihood).collect();
    chosen.sort_by(|a, b| b.total_cmp(a));
    let right = chosen.iter().sum::<f32>().max(COUNTERPARTS * fields as f32);
    let (mut sum, mut best, mut at) = (0.0, 0.0, MOST);
    for (n, p) in (1_u16..).zip(&chosen) {
        sum += p;
        let f1 = 2.0 * sum / (f32::from(n) + right);
        if f1 > best {
            (best, at) = (f1, *p);
        }
    }
    (at * 0.999).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::matcher::Field;

    fn side(entity: &str, paths: &[&str]) -> Side {
        Side { entity: entity.to_owned(), fields: paths.iter().map(|p| Field::at(p)).collect(), ..Side::default() }
    }

    fn named(source: &Side, target: &Side) -> Vec<(String, String)> {
        let ranked = rank(source, target);
        let chosen = one_to_one(&ranked, threshold(&ranked, source.fields.len().min(target.fields.len())));
        let name = |side: &Side, i: usize| side.fields[i].keys.join(".");
        chosen.iter().map(|p| (name(source, p.source), name(target, p.target))).collect()
    }

    #[test]
    fn fields_of_the_same_meaning_find_each_other() {
        let source = side("contact", &["contactid", "given_name", "surname", "mobilephone", "createdate", "shoe_size"]);
        let target =
            side("contact", &["external_id", "firstName", "lastName", "mobile_phone", "createdAt", "tax_class"]);
        let found = named(&source, &target);
        for (s, t) in [
            ("given_name", "firstName"),
            ("surname", "lastName"),
            ("mobilephone", "mobile_phone"),
            ("createdate", "createdAt"),
        ] {
            assert!(found.contains(&(s.to_owned(), t.to_owned())), "{s} {t} {found:?}");
        }
        assert!(!found.iter().any(|(s, t)| s == "shoe_size" || t == "tax_class"), "{found:?}");
    }

    #[test]
    fn records_of_different_worlds_are_left_alone() {
        let source = side("sensor", &["voltage", "firmware", "antenna_gain"]);
        let target = side("recipe", &["ingredient", "oven_celsius", "servings"]);
        assert_eq!(named(&source, &target), []);
    }

    #[test]
    fn no_fields_and_fields_without_names_are_no_trouble() {
        let (empty, odd) = (Side::default(), side("", &["", ".", "[]", "a"]));
        assert_eq!(rank(&empty, &odd), []);
        assert_eq!(rank(&odd, &empty), []);
        assert!(rank(&odd, &odd).iter().all(|p| p.source == 3 && p.target == 3));
    }

    #[test]
    fn names_that_nobody_gave_are_matched_in_no_more_time() {
        let long = |i: usize| format!("{}{i}.{}", "lengthyword".repeat(2000), "a_b_".repeat(3000));
        let side = side("", &(0..40).map(long).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>());
        assert!(rank(&side, &side).len() >= 40);
    }

    #[test]
    fn the_threshold_follows_what_is_likely() {
        let pair = |i: usize, likelihood: f32| Likely { source: i, target: i, likelihood };
        let sure: Vec<Likely> = (0..4).map(|i| pair(i, 0.9)).chain((4..8).map(|i| pair(i, 0.2))).collect();
        let vague: Vec<Likely> = (0..8).map(|i| pair(i, 0.2)).collect();
        assert!(threshold(&sure, 8) > 0.29);
        assert!(threshold(&vague, 8) < 0.2);
        assert!(threshold(&[], 0) > 0.29);
        // Two likely ones among many fields: what is likely is understated.
        let few: Vec<Likely> = (0..2).map(|i| pair(i, 0.4)).chain((2..10).map(|i| pair(i, 0.12))).collect();
        assert!(threshold(&few, 200) < 0.12 && threshold(&few, 2) > 0.29);
    }
}
