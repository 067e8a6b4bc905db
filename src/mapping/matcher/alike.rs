//! Two words beside each other.

use super::words::{Entry, LONGEST};

/// How alike two different words are, 0 to 1: of one meaning, near each other, one the beginning of the other, or a slip apart.
pub(super) fn alike(a: (&str, Option<&Entry>), b: (&str, Option<&Entry>)) -> f32 {
    if let (Some(x), Some(y)) = (a.1, b.1) {
        let meet = |p: &[u16], q: &[u16]| p.iter().any(|l| q.contains(l));
        if meet(&x.same, &y.same) {
            return 0.9;
        }
        if meet(&x.left, &y.right) || meet(&x.right, &y.left) {
            return 0.5;
        }
    }
    // Two words that are both known are not a slip of each other: current and currency.
    let known = a.1.is_some() && b.1.is_some();
    let (short, long) = if a.0.len() <= b.0.len() { (a.0, b.0) } else { (b.0, a.0) };
    if short.len() < 3 || long.len() > LONGEST || short.as_bytes().first() != long.as_bytes().first() {
        return 0.0;
    }
    if long.starts_with(short) {
        return if short.len() >= 5 { 0.85 } else { 0.6 };
    }
    if short.len() < 4 {
        return 0.0;
    }
    if known {
        return 0.0;
    }
    // The same stem: operate, operation; diagnosis, diagnostic.
    let common = short.bytes().zip(long.bytes()).take_while(|(x, y)| x == y).count();
    if common >= 5 && common * 10 >= short.len() * 7 {
        return 0.75;
    }
    let near = strsim::damerau_levenshtein(short, long);
    match near {
        1 if short.len() >= 5 => 0.85,
        2 if short.len() >= 8 => 0.7,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Vocabulary;
    use super::*;

    #[test]
    fn words_of_one_meaning_are_alike_and_opposites_are_known() {
        let v = Vocabulary::get();
        let of = |a: &'static str, b: &'static str| alike((a, v.entry(a)), (b, v.entry(b)));
        assert!(of("updated", "modified") > 0.8);
        assert!(of("phone", "mobile") < 0.7);
        assert!(of("colour", "color") > 0.6);
        assert!(of("charge", "price") > of("charge", "city"));
        let set = |w: &str| v.entry(w).map(|e| e.excludes.clone()).unwrap_or_default();
        assert!(set("modified").iter().any(|(s, p)| set("created").iter().any(|(t, q)| s == t && p != q)));
    }
}
