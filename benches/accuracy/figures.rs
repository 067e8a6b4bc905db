//! Hits, misses and what they come to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What became of a row of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A value of ours is the one of the truth.
    Hit,
    /// Values of ours, none of them that of the truth.
    Wrong,
    /// No value of ours.
    Silent,
}

impl Outcome {
    /// Whether it fits, and whether anything was said.
    pub(crate) const fn of(fits: bool, said: bool) -> Self {
        match (fits, said) {
            (true, _) => Self::Hit,
            (false, true) => Self::Wrong,
            (false, false) => Self::Silent,
        }
    }
}

/// The rows of one figure.
#[derive(Debug, Default)]
pub(crate) struct Figure {
    hits: u32,
    wrong: u32,
    silent: u32,
    /// Rows whose description could not be read: counted as silent in the recall.
    unread: u32,
    misses: Vec<String>,
}

impl Figure {
    /// Of the values given, how many fit.
    pub(crate) fn precision(&self) -> f64 {
        ratio(self.hits, self.hits + self.wrong)
    }

    /// Of all rows, how many were found.
    pub(crate) fn recall(&self) -> f64 {
        ratio(self.hits, self.rows())
    }

    /// The harmonic mean of both: a wrong value lowers both, silence only the recall.
    pub(crate) fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }
    }

    /// All rows.
    pub(crate) const fn rows(&self) -> u32 {
        self.hits + self.wrong + self.silent + self.unread
    }
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

/// All figures by name.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<String, Figure>);

impl Figures {
    /// Counts a row.
    pub(crate) fn add(&mut self, name: &str, outcome: Outcome, miss: impl FnOnce() -> String) {
        let figure = self.0.entry(name.to_owned()).or_default();
        match outcome {
            Outcome::Hit => figure.hits += 1,
            Outcome::Wrong => figure.wrong += 1,
            Outcome::Silent => figure.silent += 1,
        }
        if outcome != Outcome::Hit {
            let word = if outcome == Outcome::Wrong { "wrong" } else { "silent" };
            figure.misses.push(format!("{word}: {}", miss()));
        }
    }

    /// Counts a row whose description could not be read.
    pub(crate) fn unread(&mut self, name: &str, row: impl FnOnce() -> String) {
        let figure = self.0.entry(name.to_owned()).or_default();
        figure.unread += 1;
        figure.misses.push(format!("unread: {}", row()));
    }

    /// A table, and the misses below it where they are asked for.
    pub(crate) fn text(&self, misses: bool) -> String {
        let head = ["", "precision", "recall", "F1", "rows", "hit", "wrong", "silent", "unread"];
        let mut out = format!(
            "{:<28} {:>9} {:>6} {:>5} {:>5} {:>4} {:>5} {:>6} {:>6}\n",
            head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8]
        );
        for (name, f) in &self.0 {
            out.push_str(&format!(
                "{name:<28} {:>9.2} {:>6.2} {:>5.2} {:>5} {:>4} {:>5} {:>6} {:>6}\n",
                f.precision(),
                f.recall(),
                f.f1(),
                f.rows(),
                f.hits,
                f.wrong,
                f.silent,
                f.unread
            ));
        }
        if misses {
            for (name, figure) in &self.0 {
                out.push_str(&format!("\n{name}: {} of {} missed\n", figure.misses.len(), figure.rows()));
                for miss in &figure.misses {
                    out.push_str(&format!("  {miss}\n"));
                }
            }
        }
        out
    }

    /// The same for machines.
    pub(crate) fn json(&self, misses: bool) -> Value {
        let one = |f: &Figure| {
            let mut value = json!({"precision": f.precision(), "recall": f.recall(), "f1": f.f1(), "rows": f.rows(),
                "hit": f.hits, "wrong": f.wrong, "silent": f.silent, "unread": f.unread});
            if misses {
                value["misses"] = json!(f.misses);
            }
            value
        };
        Value::Object(self.0.iter().map(|(name, f)| (name.clone(), one(f))).collect())
    }
}
