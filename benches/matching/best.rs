//! F1 as baselines are commonly told: one to one, at the threshold that turns out best for the whole file. Nobody has that
//! threshold before the answers are known.

use std::collections::BTreeSet;

use platform_integration::mapping::matcher::{Likely, one_to_one};

use super::gold::Row;

/// Thresholds that are tried: 0.01 to 0.95.
const TRIED: usize = 95;

/// Counts of a file at each threshold.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    gold: f64,
    /// Right, proposed, and proposed for sources that have gold.
    at: Vec<(f64, f64, f64)>,
}

impl Default for Best {
    fn default() -> Self {
        Self { gold: 0.0, at: vec![(0.0, 0.0, 0.0); TRIED] }
    }
}

impl Best {
    pub(crate) fn add(&mut self, row: &Row, ranked: &[Likely]) {
        self.gold += (row.gold.len() + row.unlisted) as f64;
        let with_gold: BTreeSet<usize> = row.gold.iter().map(|g| g.0).collect();
        for (n, slot) in self.at.iter_mut().enumerate() {
            for p in one_to_one(ranked, (n + 1) as f32 / 100.0) {
                slot.0 += f64::from(u8::from(row.gold.contains(&(p.source, p.target))));
                slot.1 += 1.0;
                slot.2 += f64::from(u8::from(with_gold.contains(&p.source)));
            }
        }
    }

    /// F1, and F1 that judges sources with gold alone, each at its best threshold; and the threshold of the first.
    pub(crate) fn f1(&self) -> (f64, f64, f64) {
        let mut best = (0.0, 0.0, 0.0);
        for (n, (right, all, judged)) in self.at.iter().enumerate() {
            let f1 = |proposed: f64| 2.0 * right / (proposed + self.gold).max(1.0);
            if f1(*all) > best.0 {
                (best.0, best.2) = (f1(*all), (n + 1) as f64 / 100.0);
            }
            best.1 = f1(*judged).max(best.1);
        }
        best
    }
}
