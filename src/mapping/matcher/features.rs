//! What can be measured of a source field beside a target field, as numbers. The model weighs them; nothing here decides.

use super::field::{Field, Side};
use super::lists::{common, contained, cosine, excludes, overlap};
use super::prepare::{Prepared, Vocabularies};
use super::roles::Class;
use super::types::{code, types};

/// How many numbers describe a pair.
pub const COUNT: usize = 70;

/// Their names, in order.
pub const NAMES: [&str; COUNT] = [
    "same name",
    "name letters",
    "name trigrams",
    "name words",
    "name words, plain",
    "core words",
    "core words, plain",
    "path words",
    "words above",
    "source name in target path",
    "target name in source path",
    "source core in target's",
    "target core in source's",
    "last word",
    "first word",
    "last word of name",
    "rarest shared word",
    "numbers",
    "words that exclude each other",
    "words on one side that exclude",
    "initials",
    "source name above target",
    "target name above source",
    "path trigrams",
    "source id",
    "target id",
    "descriptions",
    "names and descriptions",
    "source name in target description",
    "target name in source description",
    "described",
    "types",
    "source type",
    "target type",
    "format",
    "class",
    "source class",
    "target class",
    "target required",
    "presence",
    "values",
    "values contained",
    "value words",
    "both have values",
    "ranges",
    "value shapes",
    "values and names",
    "source depth",
    "target depth",
    "depths",
    "lists",
    "source position",
    "positions",
    "source fields",
    "target fields",
    "source rarity",
    "target rarity",
    "source twins",
    "target twins",
    "last key",
    "source values",
    "target values",
    "source number",
    "target number",
    "source keeps ids",
    "target keeps ids",
    "source made or changed",
    "target made or changed",
    "own affair",
    "at a glance",
];

/// One pair's numbers.
pub(super) type Features = [f32; COUNT];

/// Both sides, ready to be compared.
pub(super) struct Pairs {
    pub(super) source: Vec<Prepared>,
    pub(super) target: Vec<Prepared>,
    words: Vocabularies,
    /// Whether a side has a field for the id that the record has elsewhere: then its own id and times are its own affair.
    keeps: [f32; 2],
}

impl Pairs {
    pub(super) fn of(source: &Side, target: &Side) -> Self {
        let (words, source, target) = Vocabularies::prepare(source, target);
        let keeps = |side: &[Prepared]| flag(side.iter().any(|f| f.identity == 3.0));
        Self { keeps: [keeps(&source), keeps(&target)], source, target, words }
    }

    /// Overlap of two lists of words, both ways: weighted by rarity, and plain.
    fn dice(&self, a: &[u32], b: &[u32]) -> (f32, f32) {
        if a.is_empty() || b.is_empty() {
            return (0.0, 0.0);
        }
        let (mut hit, mut all, mut plain) = (0.0, 0.0, 0.0);
        for w in a {
            let best = b.iter().map(|o| self.words.alike(*w, *o)).fold(0.0, f32::max);
            let weight = self.words.rarity_source(*w);
            hit += best * weight;
            all += weight;
            plain += best;
        }
        for o in b {
            let best = a.iter().map(|w| self.words.alike(*w, *o)).fold(0.0, f32::max);
            let weight = self.words.rarity_target(*o);
            hit += best * weight;
            all += weight;
            plain += best;
        }
        (hit / all.max(1e-6), plain / (a.len() + b.len()) as f32)
    }

    /// How much of the source's words the target has.
    fn covered_source(&self, a: &[u32], b: &[u32]) -> f32 {
        let (mut hit, mut all) = (0.0, 0.0);
        for w in a {
            let weight = self.words.rarity_source(*w);
            hit += b.iter().map(|o| self.words.alike(*w, *o)).fold(0.0, f32::max) * weight;
            all += weight;
        }
        hit / f32::max(all, 1e-6)
    }

    /// How much of the target's words the source has.
    fn covered_target(&self, a: &[u32], b: &[u32]) -> f32 {
        let (mut hit, mut all) = (0.0, 0.0);
        for o in b {
            let weight = self.words.rarity_target(*o);
            hit += a.iter().map(|w| self.words.alike(*w, *o)).fold(0.0, f32::max) * weight;
            all += weight;
        }
        hit / f32::max(all, 1e-6)
    }

    /// A quick look: enough to leave out pairs that have nothing in common.
    pub(super) fn glance(&self, s: usize, t: usize) -> f32 {
        let (Some(a), Some(b)) = (self.source.get(s), self.target.get(t)) else { return 0.0 };
        let core = self.dice(&a.core, &b.core).0;
        let path = self.dice(&a.path, &b.path).0;
        let letters = overlap(&a.trigrams, &b.trigrams);
        let told = if a.told.is_empty() || b.told.is_empty() { 0.0 } else { cosine(&a.told, &b.told) };
        let mut out = core + 0.6 * path + 0.5 * letters + 0.8 * told;
        if !a.values.is_empty() && !b.values.is_empty() {
            out += 0.8 * overlap(&a.values, &b.values) + 0.5 * cosine(&a.value_words, &b.value_words).max(0.0);
        }
        if a.identity > 0.0 && b.identity > 0.0 && a.identity != 2.0 && b.identity != 2.0 {
            out += 2.0;
        }
        // Types and places alone are no reason to think of a match.
        if out < 0.1 {
            return 0.0;
        }
        if a.class == b.class && a.class != Class::None {
            out += 0.15;
        }
        out - 0.02 * a.depth.abs_diff(b.depth) as f32 - 0.05 * types(a.types, b.types).mul_add(-1.0, 1.0)
    }

    /// All numbers of a pair.
    pub(super) fn features(&self, s: usize, t: usize) -> Features {
        let mut f = [0.0; COUNT];
        let (Some(a), Some(b)) = (self.source.get(s), self.target.get(t)) else { return f };
        let mut next = 0;
        let mut put = |value: f32| {
            if let Some(slot) = f.get_mut(next) {
                *slot = value;
            }
            next += 1;
        };
        put(flag(a.flat == b.flat));
        put(strsim::jaro_winkler(&a.flat, &b.flat) as f32);
        put(overlap(&a.trigrams, &b.trigrams));
        let name = self.dice(&a.name, &b.name);
        put(name.0);
        put(name.1);
        let core = self.dice(&a.core, &b.core);
        put(core.0);
        put(core.1);
        put(self.dice(&a.path, &b.path).0);
        put(if a.above.is_empty() && b.above.is_empty() { -1.0 } else { self.dice(&a.above, &b.above).0 });
        put(self.covered_source(&a.name, &b.path));
        put(self.covered_target(&a.path, &b.name));
        put(self.covered_source(&a.core, &b.core));
        put(self.covered_target(&a.core, &b.core));
        let ends = |x: Option<&u32>, y: Option<&u32>| match (x, y) {
            (Some(x), Some(y)) => self.words.alike(*x, *y),
            _ => 0.0,
        };
        put(ends(a.core.last(), b.core.last()));
        put(ends(a.core.first(), b.core.first()));
        put(ends(a.name.last(), b.name.last()));
        let mut rarest: f32 = 0.0;
        for w in &a.core {
            for o in &b.core {
                let both = self.words.rarity_source(*w).min(self.words.rarity_target(*o));
                rarest = rarest.max(self.words.alike(*w, *o) * both);
            }
        }
        put(rarest);
        put(match (a.numbers.is_empty(), b.numbers.is_empty()) {
            (true, true) => 0.0,
            (false, false) => {
                if a.numbers == b.numbers {
                    1.0
                } else {
                    -1.0
                }
            }
            _ => -0.5,
        });
        let (against, alone) = excludes(&a.excludes, &b.excludes);
        put(against);
        put(alone);
        put(flag(initials(a, b)));
        put(self.covered_source(&a.name, &b.above));
        put(self.covered_target(&a.above, &b.name));
        put(overlap(&a.path_trigrams, &b.path_trigrams));
        put(a.identity);
        put(b.identity);
        put(cosine(&a.described, &b.described));
        put(cosine(&a.told, &b.told));
        put(contained(&a.named, &b.described));
        put(contained(&b.named, &a.described));
        put(flag(!a.described.is_empty()) + 2.0 * flag(!b.described.is_empty()));
        put(types(a.types, b.types));
        put(code(a.types));
        put(code(b.types));
        put(match (&a.format, &b.format) {
            (Some(x), Some(y)) => {
                if x == y {
                    1.0
                } else {
                    -1.0
                }
            }
            (None, None) => 0.0,
            _ => 0.2,
        });
        put(match (a.class, b.class) {
            (Class::None, Class::None) => 0.0,
            (Class::None, _) | (_, Class::None) => -0.5,
            (x, y) => {
                if x == y {
                    1.0
                } else {
                    -1.0
                }
            }
        });
        put(f32::from(a.class as u8));
        put(f32::from(b.class as u8));
        put(flag(b.required));
        put(flag(a.required == b.required) + flag(a.nullable == b.nullable));
        let both = !a.values.is_empty() && !b.values.is_empty();
        let shared = common(&a.values, &b.values) as f32;
        put(if both { shared / (a.values.len() + b.values.len()) as f32 * 2.0 } else { -1.0 });
        put(if both { shared / a.values.len().min(b.values.len()) as f32 } else { -1.0 });
        put(if both { cosine(&a.value_words, &b.value_words) } else { -1.0 });
        put(flag(both));
        put(match (a.range, b.range) {
            (Some(x), Some(y)) => {
                let inner = x.1.min(y.1) - x.0.max(y.0);
                (inner / (x.1.max(y.1) - x.0.min(y.0)).max(1e-6)).clamp(-1.0, 1.0)
            }
            (None, None) => -2.0,
            _ => -1.5,
        });
        put(if both {
            1.0 - a.shape.iter().zip(&b.shape).map(|(x, y)| (x - y).abs()).sum::<f32>() / 4.0
        } else {
            -1.0
        });
        put(contained(&a.named, &b.value_words).max(contained(&b.named, &a.value_words)));
        put(a.depth as f32);
        put(b.depth as f32);
        put(a.depth as f32 - b.depth as f32);
        put(a.lists as f32 - b.lists as f32);
        put(a.position);
        put((a.position - b.position).abs());
        put((self.source.len() as f32).ln());
        put((self.target.len() as f32).ln());
        put(a.core.iter().map(|w| self.words.rarity_source(*w)).sum());
        put(b.core.iter().map(|w| self.words.rarity_target(*w)).sum());
        put(a.twins);
        put(b.twins);
        put(ends(a.key.last(), b.key.last()));
        put((a.values.len() as f32).ln_1p());
        put((b.values.len() as f32).ln_1p());
        put(a.number);
        put(b.number);
        put(self.keeps[0]);
        put(self.keeps[1]);
        put(flag(a.audit));
        put(flag(b.audit));
        let own = |f: &Prepared, keeps: f32| keeps > 0.0 && (f.audit || f.identity == 1.0);
        put(flag(own(a, self.keeps[0])) + flag(own(b, self.keeps[1])));
        put(self.glance(s, t));
        debug_assert_eq!(next, COUNT);
        f
    }
}

const fn flag(is: bool) -> f32 {
    if is { 1.0 } else { 0.0 }
}

/// The first letters of one name's words are a word of the other.
fn initials(a: &Prepared, b: &Prepared) -> bool {
    let is = |x: &str, words: &[String]| x.len() >= 2 && words.iter().any(|w| w == x);
    is(&a.initials, &b.texts) || is(&b.initials, &a.texts)
}

/// Whether a field can be matched at all.
pub(super) fn usable(field: &Field) -> bool {
    !field.leaf().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(source: &[&str], target: &[&str]) -> Pairs {
        let side = |entity: &str, paths: &[&str]| Side {
            entity: entity.to_owned(),
            fields: paths.iter().map(|p| Field::at(p)).collect(),
            ..Side::default()
        };
        Pairs::of(&side("deal", source), &side("deal", target))
    }

    fn number(pairs: &Pairs, name: &str, s: usize, t: usize) -> f32 {
        let at = NAMES.iter().position(|n| *n == name).expect("a number of this name");
        pairs.features(s, t)[at]
    }

    #[test]
    fn the_record_s_own_name_means_nothing_in_its_fields() {
        let p = pairs(&["dealname", "deal_id", "amount"], &["name", "id"]);
        assert!(number(&p, "core words", 0, 0) > 0.9);
        assert_eq!(number(&p, "source id", 1, 1), 1.0);
        assert!(number(&p, "core words", 2, 0) < 0.5);
    }

    #[test]
    fn words_that_exclude_each_other_are_counted() {
        let p = pairs(&["billing_city", "created_at"], &["shipping_city", "modified_on", "billing_town"]);
        assert!(number(&p, "words that exclude each other", 0, 0) > 0.0);
        assert!(number(&p, "words that exclude each other", 1, 1) > 0.0);
        assert_eq!(number(&p, "words that exclude each other", 0, 2), 0.0);
    }

    #[test]
    fn a_record_that_keeps_another_s_id_has_times_of_its_own() {
        let p = pairs(&["id", "created_at"], &["id", "remote_id", "created_at"]);
        assert_eq!(number(&p, "own affair", 0, 0), 1.0);
        assert_eq!(number(&p, "own affair", 0, 1), 0.0);
        assert_eq!(number(&p, "own affair", 1, 2), 1.0);
    }

    #[test]
    fn a_wrapper_says_nothing_and_what_is_above_a_bare_word_counts() {
        let p = pairs(&["values.amount[].value", "owner.id"], &["amount", "owner_id"]);
        assert!(number(&p, "core words", 0, 0) > 0.9);
        assert!(number(&p, "core words", 1, 1) > 0.9);
    }

    #[test]
    fn each_number_has_a_name_and_is_finite() {
        let mut odd = Field::at("x[].y[].\u{1f600}");
        odd.values = vec!["1e400".into(), String::new(), "NaN".into()];
        odd.description = "\u{0}".repeat(5000);
        let side = Side { fields: vec![odd, Field::default()], ..Side::default() };
        let p = Pairs::of(&side, &side);
        for (s, t) in [(0, 0), (0, 1), (1, 0), (1, 1), (7, 7)] {
            assert!(p.features(s, t).iter().all(|n| n.is_finite()));
        }
    }
}
