//! What the matcher is measured against: a plain logistic regression over the numbers of each pair, as matchers of fields are
//! commonly built. No rivals, no trees; on the same pairs, in the same folds.

use platform_integration::mapping::matcher::{Likely, Looked, likelihood, sorted};

use super::learn::{Seen, folds};
use super::line::fitted;

/// Rankings of each row by a regression that has seen no row of any of its systems, in the order of `seen`.
pub(crate) fn cross(seen: &[Seen<'_>], parts: u64) -> Vec<Vec<Likely>> {
    folds(seen, &[], parts, |train| {
        let (mut rows, mut is): (Vec<&[f32]>, Vec<bool>) = (Vec::new(), Vec::new());
        for one in train {
            for (c, f) in one.looked.candidates.iter().zip(&one.looked.features) {
                let at = (c.source, c.target);
                if !one.row.ignored.contains(&at) {
                    rows.push(f);
                    is.push(one.row.gold.contains(&at));
                }
            }
        }
        let line = fitted(&rows, &is, &vec![1.0; rows.len()]);
        move |looked: &Looked| {
            let scores: Vec<f32> = looked.features.iter().map(|f| likelihood(line.sum(f))).collect();
            sorted(&looked.candidates, &scores)
        }
    })
}
