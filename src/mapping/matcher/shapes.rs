//! What values and names look like, as short lists of numbers.

/// Most values that are looked at.
pub(super) const MOST_VALUES: usize = 200;

/// Adds what stands twice, weighs, and brings to length one.
pub(super) fn weigh(list: &mut Vec<(u32, f32)>, rare: impl Fn(u32) -> f32) {
    list.sort_unstable_by_key(|(w, _)| *w);
    list.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    for (word, weight) in list.iter_mut() {
        *weight = (1.0 + *weight).ln() * rare(*word);
    }
    let length = list.iter().map(|(_, w)| w * w).sum::<f32>().sqrt().max(1e-6);
    list.iter_mut().for_each(|(_, w)| *w /= length);
}

pub(super) fn plain(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(80).collect()
}

pub(super) fn trigrams(text: &str) -> Vec<u32> {
    let letters: Vec<u32> = std::iter::once(1).chain(text.chars().map(u32::from)).chain(std::iter::once(2)).collect();
    let mut out: Vec<u32> = letters
        .windows(3)
        .map(|w| w.iter().fold(0_u32, |hash, c| hash.wrapping_mul(0x0100_0193).wrapping_add(*c)))
        .collect();
    out.sort_unstable();
    out.dedup();
    out
}

pub(super) fn range(values: &[String]) -> Option<(f32, f32)> {
    let numbers: Vec<f32> =
        values.iter().filter_map(|v| v.trim().parse::<f32>().ok()).filter(|n| n.is_finite()).collect();
    (!numbers.is_empty() && numbers.len() * 2 > values.len())
        .then(|| numbers.iter().fold((f32::MAX, f32::MIN), |(low, high), n| (low.min(*n), high.max(*n))))
}

pub(super) fn shape(values: &[String]) -> [f32; 4] {
    let (mut digits, mut letters, mut others, mut all) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for c in values.iter().take(MOST_VALUES).flat_map(|v| v.chars().take(60)) {
        all += 1.0;
        if c.is_ascii_digit() {
            digits += 1.0;
        } else if c.is_alphabetic() {
            letters += 1.0;
        } else {
            others += 1.0;
        }
    }
    let n = all.max(1.0);
    let mean = all / values.len().clamp(1, MOST_VALUES) as f32;
    [digits / n, letters / n, others / n, (mean / 40.0).min(1.0)]
}
