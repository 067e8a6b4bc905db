//! Grows the matcher's trees from pairs with gold: gradient boosting for the logistic loss over binned numbers (Friedman
//! 2001; second-order leaves as in XGBoost, Chen and Guestrin 2016). The same rows give the same trees.

use std::borrow::Cow;

use platform_integration::mapping::matcher::Forest;

/// How to grow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) trees: usize,
    pub(crate) depth: usize,
    pub(crate) rate: f32,
    /// Least sum of second derivatives in a leaf.
    pub(crate) least: f32,
    pub(crate) lambda: f32,
    /// Parts of numbers and of rows that each tree sees.
    pub(crate) numbers: f32,
    pub(crate) rows: f32,
}

const BINS: usize = 48;

/// Rows of numbers, each with whether it is a match and what it weighs; and for each number whether more of it speaks for a
/// match (1), against it (-1), or either (0).
pub(crate) fn grow(rows: &[&[f32]], match_: &[bool], weights: &[f32], directions: &[i8], plan: Plan) -> Forest {
    let width = rows.first().map_or(0, |r| r.len());
    let cuts: Vec<Vec<f32>> = (0..width).map(|n| cuts(rows, n)).collect();
    let binned: Vec<u8> = rows
        .iter()
        .flat_map(|row| row.iter().zip(&cuts).map(|(v, cuts)| cuts.partition_point(|c| c < v) as u8))
        .collect();
    let positives = match_.iter().filter(|m| **m).count() as f32;
    let rate = (positives / rows.len().max(1) as f32).clamp(1e-4, 0.5);
    let base = (rate / (1.0 - rate)).ln();
    let mut sums = vec![base; rows.len()];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (inner, outer) = ((1_usize << plan.depth) - 1, 1_usize << plan.depth);
    let (mut asked, mut at, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.trees {
        let used: Vec<usize> = (0..width).filter(|_| random.part() < plan.numbers).collect();
        let mut gradients: Vec<(f32, f32)> = Vec::with_capacity(rows.len());
        let mut seen: Vec<u32> = Vec::new();
        for (i, (sum, is)) in sums.iter().zip(match_).enumerate() {
            let p = 1.0 / (1.0 + (-sum).exp());
            gradients.push((p - f32::from(u8::from(*is)), (p * (1.0 - p)).max(1e-6)));
            if *is || random.part() < plan.rows {
                seen.push(i as u32);
            }
        }
        // Matches are all seen; the others stand for those left out.
        for ((g, is), weight) in gradients.iter_mut().zip(match_).zip(weights) {
            let stands = if *is { *weight } else { *weight / plan.rows };
            g.0 *= stands;
            g.1 *= stands;
        }
        let (mut tree_asked, mut tree_cuts, mut tree_leaves) =
            (vec![0_u8; inner], vec![f32::MAX; inner], vec![0.0_f32; outer]);
        let mut tree_bins = vec![u8::MAX; inner];
        let mut members: Vec<Vec<u32>> = vec![seen];
        // Between which values a node's leaves may lie, so that a number that speaks for a match never speaks against it.
        let mut bounds = vec![(f32::MIN, f32::MAX)];
        for level in 0..plan.depth {
            let mut next = Vec::with_capacity(members.len() * 2);
            let mut next_bounds = Vec::with_capacity(members.len() * 2);
            for (place, node) in members.iter().enumerate() {
                let at = (1 << level) - 1 + place;
                match split(node, &binned, width, &used, &gradients, directions, bounds[place], plan) {
                    Some((number, bin, middle)) => {
                        tree_asked[at] = number as u8;
                        tree_cuts[at] = cuts[number][usize::from(bin)];
                        tree_bins[at] = bin;
                        let (left, right) = node.iter().partition(|i| binned[**i as usize * width + number] <= bin);
                        next.push(left);
                        next.push(right);
                        let (low, high) = bounds[place];
                        match directions[number] {
                            0 => next_bounds.extend([(low, high), (low, high)]),
                            1 => next_bounds.extend([(low, middle), (middle, high)]),
                            _ => next_bounds.extend([(middle, high), (low, middle)]),
                        }
                    }
                    None => {
                        next.push(node.clone());
                        next.push(Vec::new());
                        next_bounds.extend([bounds[place], bounds[place]]);
                    }
                }
            }
            members = next;
            bounds = next_bounds;
        }
        for ((leaf, node), (low, high)) in tree_leaves.iter_mut().zip(&members).zip(&bounds) {
            let (g, h) =
                node.iter().fold((0.0, 0.0), |(g, h), i| (g + gradients[*i as usize].0, h + gradients[*i as usize].1));
            if !node.is_empty() {
                *leaf = (plan.rate * (-g / (h + plan.lambda)).clamp(*low, *high) * 1e4).round() / 1e4;
            }
        }
        for (i, sum) in sums.iter_mut().enumerate() {
            let mut node = 0;
            for _ in 0..plan.depth {
                let right =
                    tree_bins[node] != u8::MAX && binned[i * width + usize::from(tree_asked[node])] > tree_bins[node];
                node = 2 * node + 1 + usize::from(right);
            }
            *sum += tree_leaves[node - inner];
        }
        asked.extend(tree_asked);
        at.extend(tree_cuts);
        leaves.extend(tree_leaves);
    }
    Forest { base, depth: plan.depth, asked: Cow::Owned(asked), cuts: Cow::Owned(at), leaves: Cow::Owned(leaves) }
}

/// Where a number is cut into bins of as many rows each as its values allow, with four digits.
fn cuts(rows: &[&[f32]], number: usize) -> Vec<f32> {
    let step = (rows.len() / 20_000).max(1);
    let mut values: Vec<f32> = rows.iter().step_by(step).map(|r| r[number]).collect();
    values.sort_by(f32::total_cmp);
    let mut distinct = values.clone();
    distinct.dedup();
    let middle = |a: f32, b: f32| (f32::midpoint(a, b) * 1e4).round() / 1e4;
    let mut out: Vec<f32> = if distinct.len() <= BINS {
        distinct.windows(2).map(|w| middle(w[0], w[1])).collect()
    } else {
        // Half of the cuts by rows, half by values: what is rare is telling here.
        let by_rows = (1..BINS / 2).map(|i| values[i * values.len() / (BINS / 2)]);
        let by_values = (1..BINS / 2).map(|i| distinct[i * distinct.len() / (BINS / 2)]);
        by_rows.chain(by_values).map(|v| (v * 1e4).round() / 1e4).collect()
    };
    out.sort_by(f32::total_cmp);
    out.dedup();
    out
}

#[allow(clippy::too_many_arguments, reason = "what a split is judged by")]
fn split(
    node: &[u32],
    binned: &[u8],
    width: usize,
    used: &[usize],
    gradients: &[(f32, f32)],
    directions: &[i8],
    (low, high): (f32, f32),
    plan: Plan,
) -> Option<(usize, u8, f32)> {
    if node.len() < 2 {
        return None;
    }
    let mut sums = vec![(0.0_f32, 0.0_f32); used.len() * (BINS + 1)];
    let (mut all_g, mut all_h) = (0.0_f32, 0.0_f32);
    for i in node {
        let (g, h) = gradients[*i as usize];
        all_g += g;
        all_h += h;
        let row = &binned[*i as usize * width..];
        for (k, number) in used.iter().enumerate() {
            let slot = &mut sums[k * (BINS + 1) + usize::from(row[*number])];
            slot.0 += g;
            slot.1 += h;
        }
    }
    let worth = |g: f32, h: f32| g * g / (h + plan.lambda);
    let whole = worth(all_g, all_h);
    let value = |g: f32, h: f32| (-g / (h + plan.lambda)).clamp(low, high);
    let mut best: Option<(f32, usize, u8, f32)> = None;
    for (k, number) in used.iter().enumerate() {
        let (mut g, mut h) = (0.0, 0.0);
        for bin in 0..BINS {
            let one = sums[k * (BINS + 1) + bin];
            g += one.0;
            h += one.1;
            if h < plan.least || all_h - h < plan.least {
                continue;
            }
            let gain = worth(g, h) + worth(all_g - g, all_h - h) - whole;
            let (left, right) = (value(g, h), value(all_g - g, all_h - h));
            let turned = match directions[*number] {
                0 => false,
                1 => left > right,
                _ => left < right,
            };
            if gain > 0.5 && !turned && best.is_none_or(|b| gain > b.0) {
                best = Some((gain, *number, bin as u8, f32::midpoint(left, right)));
            }
        }
    }
    best.map(|(_, number, bin, middle)| (number, bin, middle))
}

/// splitmix64
struct Random(u64);

impl Random {
    fn part(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
    }
}
