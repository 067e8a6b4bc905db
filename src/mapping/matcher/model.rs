//! The learned part: trees, and a line beside them, that say how likely a pair is from its numbers. `weights.rs` holds them; the example
//! `match-accuracy` makes that file.

use std::borrow::Cow;

/// Trees of one depth, summed.
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
    /// The sum; above 0 for what is likelier than not.
    #[must_use]
    pub fn sum(&self, numbers: &[f32]) -> f32 {
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
        sum
    }
}

/// A weight for each number, summed.
#[derive(Debug, Clone)]
pub struct Line {
    /// What the sum starts with.
    pub base: f32,
    /// In the order of the numbers.
    pub weights: Cow<'static, [f32]>,
}

impl Line {
    /// The sum; above 0 for what is likelier than not.
    #[must_use]
    pub fn sum(&self, numbers: &[f32]) -> f32 {
        self.base + self.weights.iter().zip(numbers).map(|(w, n)| w * n).sum::<f32>()
    }
}

/// Trees and a line: trees know more of records like those they grew from, a line goes on where they end.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The trees.
    pub forest: Forest,
    /// The line.
    pub line: Line,
}

/// How much the line counts beside the trees.
const LINE: f32 = 0.4;

impl Judge {
    /// Likelihood that these numbers are those of a match, 0 to 1.
    #[must_use]
    pub fn likelihood(&self, numbers: &[f32]) -> f32 {
        likelihood((1.0 - LINE) * self.forest.sum(numbers) + LINE * self.line.sum(numbers))
    }
}

/// The logistic function.
#[must_use]
pub fn likelihood(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_and_line_are_weighed_together() {
        let forest = Forest {
            base: -1.0,
            depth: 1,
            asked: Cow::Borrowed(&[1]),
            cuts: Cow::Borrowed(&[0.5]),
            leaves: Cow::Borrowed(&[-2.0, 3.0]),
        };
        let line = Line { base: 0.5, weights: Cow::Borrowed(&[2.0, -1.0]) };
        assert_eq!((forest.sum(&[9.0, 0.4]), forest.sum(&[9.0, 0.6])), (-3.0, 2.0));
        assert_eq!(line.sum(&[1.0, 3.0]), -0.5);
        let judge = Judge { forest, line };
        let sum = (1.0 - LINE) * 2.0 + LINE * (0.5 + 2.0 - 1.0);
        assert_eq!(judge.likelihood(&[1.0, 1.0]), likelihood(sum));
        assert!(likelihood(0.0) == 0.5 && likelihood(-100.0) >= 0.0 && likelihood(100.0) <= 1.0);
    }
}
