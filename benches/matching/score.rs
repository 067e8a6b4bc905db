//! What counts as found.

use std::collections::{BTreeMap, BTreeSet};

use platform_integration::mapping::matcher::{Likely, one_to_one, shared, threshold};
use serde_json::{Value, json};

use super::best::Best;
use super::gold::Row;

/// Counts over the rows of a file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Score {
    pub(crate) rows: usize,
    pub(crate) gold: f64,
    pub(crate) proposed: f64,
    pub(crate) judged: f64,
    pub(crate) hits: f64,
    /// The same when no source may feed two targets.
    pub(crate) strict: f64,
    pub(crate) strict_hits: f64,
    pub(crate) apart: f64,
    pub(crate) apart_hits: f64,
    /// Sources with gold, those with a right target among the first three, and sums of 1/rank.
    pub(crate) sources: f64,
    pub(crate) top3: f64,
    pub(crate) reciprocal: f64,
    /// The same seen from the targets.
    pub(crate) targets: f64,
    pub(crate) target_top3: f64,
    pub(crate) target_reciprocal: f64,
    /// Right pairs whose target is among the first three of the source.
    pub(crate) pair_top3: f64,
    pub(crate) apart_top3: f64,
    pub(crate) seconds: f64,
    /// Sums over rows of each row's own F1, F1g and recall at three.
    pub(crate) row_f1: f64,
    pub(crate) row_f1_judged: f64,
    pub(crate) row_top3: f64,
    pub(crate) best: Best,
}

impl Score {
    /// Counts one row; what was proposed wrongly and missed goes to `told`.
    pub(crate) fn add(&mut self, row: &Row, ranked: &[Likely], told: &mut Vec<String>) {
        let ranked: Vec<Likely> =
            ranked.iter().filter(|p| !row.ignored.contains(&(p.source, p.target))).copied().collect();
        self.best.add(row, &ranked);
        let threshold = threshold(&ranked, row.source.fields.len().min(row.target.fields.len()));
        let one = one_to_one(&ranked, threshold);
        let also = shared(&ranked, &one, threshold);
        let pair = |p: &Likely| (p.source, p.target);
        let strict: BTreeSet<(usize, usize)> = one.iter().map(pair).collect();
        let chosen: BTreeSet<(usize, usize)> = one.iter().chain(&also).map(pair).collect();
        self.strict += strict.len() as f64;
        self.strict_hits += strict.intersection(&row.gold).count() as f64;
        let with_gold: BTreeSet<usize> = row.gold.iter().map(|g| g.0).collect();
        self.rows += 1;
        self.gold += (row.gold.len() + row.unlisted) as f64;
        self.proposed += chosen.len() as f64;
        self.hits += chosen.intersection(&row.gold).count() as f64;
        self.judged += chosen.iter().filter(|p| with_gold.contains(&p.0)).count() as f64;
        self.apart += row.apart.len() as f64;
        self.apart_hits += chosen.intersection(&row.apart).count() as f64;
        let (mut by_source, mut by_target): (BTreeMap<usize, Vec<usize>>, BTreeMap<usize, Vec<usize>>) =
            Default::default();
        for p in &ranked {
            by_source.entry(p.source).or_default().push(p.target);
            by_target.entry(p.target).or_default().push(p.source);
        }
        let first = |list: Option<&Vec<usize>>, right: &dyn Fn(usize) -> bool| {
            list.and_then(|l| l.iter().position(|i| right(*i)))
        };
        for s in &with_gold {
            let rank = first(by_source.get(s), &|t| row.gold.contains(&(*s, t)));
            self.sources += 1.0;
            self.top3 += f64::from(u8::from(rank.is_some_and(|r| r < 3)));
            self.reciprocal += rank.map_or(0.0, |r| 1.0 / (r + 1) as f64);
        }
        for t in row.gold.iter().map(|g| g.1).collect::<BTreeSet<_>>() {
            let rank = first(by_target.get(&t), &|s| row.gold.contains(&(s, t)));
            self.targets += 1.0;
            self.target_top3 += f64::from(u8::from(rank.is_some_and(|r| r < 3)));
            self.target_reciprocal += rank.map_or(0.0, |r| 1.0 / (r + 1) as f64);
        }
        let among = |(s, t): &(usize, usize)| by_source.get(s).is_some_and(|l| l.iter().take(3).any(|o| o == t));
        self.pair_top3 += row.gold.iter().filter(|g| among(g)).count() as f64;
        self.apart_top3 += row.apart.iter().filter(|g| among(g)).count() as f64;
        let own_hits = chosen.intersection(&row.gold).count() as f64;
        let own_gold = (row.gold.len() + row.unlisted) as f64;
        let own_judged = chosen.iter().filter(|p| with_gold.contains(&p.0)).count() as f64;
        self.row_f1 += 2.0 * own_hits / (chosen.len() as f64 + own_gold).max(1.0);
        self.row_f1_judged += 2.0 * own_hits / (own_judged + own_gold).max(1.0);
        self.row_top3 += row.gold.iter().filter(|g| among(g)).count() as f64 / own_gold.max(1.0);
        let path =
            |f: Option<&platform_integration::mapping::matcher::Field>| f.map(|f| f.keys.join(".")).unwrap_or_default();
        for (s, t) in &row.gold {
            if !chosen.contains(&(*s, *t)) {
                let p = ranked.iter().find(|p| (p.source, p.target) == (*s, *t)).map_or(-1.0, |p| p.likelihood);
                told.push(format!(
                    "{} missed {} -> {} {p:.2}",
                    row.id,
                    path(row.source.fields.get(*s)),
                    path(row.target.fields.get(*t))
                ));
            }
        }
        for p in ranked
            .iter()
            .filter(|p| chosen.contains(&(p.source, p.target)) && !row.gold.contains(&(p.source, p.target)))
        {
            told.push(format!(
                "{} wrong {} -> {} {:.2}",
                row.id,
                path(row.source.fields.get(p.source)),
                path(row.target.fields.get(p.target)),
                p.likelihood
            ));
        }
    }

    pub(crate) fn f1(&self) -> f64 {
        2.0 * self.hits / (self.proposed + self.gold).max(1.0)
    }

    pub(crate) fn f1_judged(&self) -> f64 {
        2.0 * self.hits / (self.judged + self.gold).max(1.0)
    }

    /// The figures by name, in order.
    pub(crate) fn figures(&self) -> Vec<(&'static str, f64)> {
        let part = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        vec![
            ("precision", part(self.hits, self.proposed)),
            ("recall", part(self.hits, self.gold)),
            ("F1", self.f1()),
            ("F1 best", self.best.f1().0),
            ("F1g best", self.best.f1().1),
            ("best at", self.best.f1().2),
            ("F1 1:1", 2.0 * self.strict_hits / (self.strict + self.gold).max(1.0)),
            ("F1g", self.f1_judged()),
            ("R@3", part(self.target_top3, self.targets)),
            ("MRR", part(self.target_reciprocal, self.targets)),
            ("R@3 source", part(self.top3, self.sources)),
            ("MRR source", part(self.reciprocal, self.sources)),
            ("R@3 pairs", part(self.pair_top3, self.gold)),
            ("apart recall", part(self.apart_hits, self.apart)),
            ("apart R@3", part(self.apart_top3, self.apart)),
            ("row F1", part(self.row_f1, self.rows as f64)),
            ("row F1g", part(self.row_f1_judged, self.rows as f64)),
            ("row R@3", part(self.row_top3, self.rows as f64)),
            ("ms a pair", part(self.seconds * 1000.0, self.rows as f64)),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        let mut out = serde_json::Map::new();
        out.insert("pairs".to_owned(), json!(self.rows));
        out.insert("gold".to_owned(), json!(self.gold));
        for (name, value) in self.figures() {
            out.insert(name.replace(' ', "_"), json!((value * 1e4).round() / 1e4));
        }
        Value::Object(out)
    }
}
