//! The learned part: trees that say how likely a pair is, from its numbers. `weights.rs` holds them; the example
//! `match-accuracy` makes that file.

use std::borrow::Cow;

/// Trees of one depth, summed; the logistic function of the sum is the likelihood.
#[derive(Debug, Clone)]
pub struct Forest {
    /// What the sum starts with.
    pub base: f32,
    /// Questions from root to leaf.
    pub depth: usize,
    /// For each tree, level by level: which number is asked for.
    pub asked: Cow<'static, [u8]>,
    /// And above what it goes right.
    pub cuts: Cow<'static, [f32]>,
    /// For each tree, left to right: what its leaves add.
    pub leaves: Cow<'static, [f32]>,
}

impl Forest {
    /// Likelihood that these numbers are those of a match, 0 to 1.
    #[must_use]
    pub fn likelihood(&self, numbers: &[f32]) -> f32 {
        let (inner, outer) = ((1 << self.depth) - 1, 1 << self.depth);
        let mut sum = self.base;
        let trees =
            self.asked.chunks_exact(inner).zip(self.cuts.chunks_exact(inner)).zip(self.leaves.chunks_exact(outer));
        for ((asked, cuts), leaves) in trees {
            let mut at = 0;
            for _ in 0..self.depth {
                let number = asked.get(at).and_then(|n| numbers.get(usize::from(*n))).copied().unwrap_or(0.0);
                at = 2 * at + 1 + usize::from(number > cuts.get(at).copied().unwrap_or(f32::MAX));
            }
            sum += leaves.get(at - inner).copied().unwrap_or(0.0);
        }
        1.0 / (1.0 + (-sum).exp())
    }
}
