//! Sorted lists beside each other: what they share, and how much of it.

/// Members that two sorted lists share.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                i += 1;
                j += 1;
            }
        }
    }
    both
}

/// Dice of two sorted lists.
pub(super) fn overlap(a: &[u32], b: &[u32]) -> f32 {
    if a.is_empty() || b.is_empty() { 0.0 } else { 2.0 * common(a, b) as f32 / (a.len() + b.len()) as f32 }
}

/// Sum over shared members of what each side gives them.
pub(super) fn product(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += x.1 * y.1;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

/// Cosine of two lists of weighted words that have length one; -1 where a side has none.
pub(super) fn cosine(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    if a.is_empty() || b.is_empty() { -1.0 } else { product(a, b) }
}

/// How much of `a`'s weight stands in `b`; -1 where a side has none.
pub(super) fn contained(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    if a.is_empty() || b.is_empty() {
        return -1.0;
    }
    let (mut i, mut j, mut hit) = (0, 0, 0.0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                hit += x.1 * x.1;
                i += 1;
                j += 1;
            }
        }
    }
    hit
}

/// Sets of words where each side names another member, and where one side alone names any.
pub(super) fn excludes(a: &[(u16, u16)], b: &[(u16, u16)]) -> (f32, f32) {
    let (mut against, mut alone) = (0.0, 0.0);
    for (set, members) in a {
        match b.iter().find(|(other, _)| other == set) {
            Some((_, others)) => against += f32::from(u8::from(members & others == 0)),
            None => alone += 1.0,
        }
    }
    alone += b.iter().filter(|(set, _)| !a.iter().any(|(other, _)| other == set)).count() as f32;
    (against, alone)
}
