//! What can be measured of a source field beside a target field, as numbers. The model weighs them; nothing here decides.

use super::lists::{common, contained, cosine, excludes, overlap};
use super::numbers::COUNT;
use super::pairs::{Pairs, flag};
use super::prepare::Prepared;
use super::roles::Class;
use super::types::{code, types};

/// One pair's numbers.
pub(super) type Features = [f32; COUNT];

impl Pairs {
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
        put(cosine(&a.spread, &b.spread));
        put(flag(a.secondary != b.secondary));
        put(flag(a.secondary));
        put(flag(a.counted != b.counted));
        debug_assert_eq!(next, COUNT);
        f
    }
}

/// The first letters of one name's words are a word of the other.
fn initials(a: &Prepared, b: &Prepared) -> bool {
    let is = |x: &str, words: &[String]| x.len() >= 2 && words.iter().any(|w| w == x);
    is(&a.initials, &b.texts) || is(&b.initials, &a.texts)
}

#[cfg(test)]
mod tests {
    use super::super::field::{Field, Side};
    use super::super::numbers::NAMES;
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
        let at = NAMES.iter().position(|(n, _)| *n == name).expect("a number of this name");
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
    fn a_person_s_title_is_a_job_s() {
        let side = |entity: &str, path: &str| Side {
            entity: entity.to_owned(),
            fields: vec![Field::at(path)],
            ..Side::default()
        };
        let core = |entity: &str| {
            number(&Pairs::of(&side(entity, "title"), &side(entity, "job_title")), "core words, plain", 0, 0)
        };
        assert!(core("contact") > 0.99 && core("document") < 0.9);
    }

    #[test]
    fn descriptions_of_near_meaning_are_near() {
        let told = |text: &str| Side {
            fields: vec![Field { description: text.to_owned(), ..Field::at("x1") }, Field::at("unrelated")],
            ..Side::default()
        };
        let near = |a: &str, b: &str| number(&Pairs::of(&told(a), &told(b)), "near meanings", 0, 0);
        let (alike, apart) = (("how the physician treated it", "therapy by the caregiver"), "colour of the sky");
        assert!(near(alike.0, alike.1) > near(alike.0, apart) + 0.05);
    }

    #[test]
    fn what_is_second_or_counted_is_told_from_what_is_not() {
        let p = pairs(&["secondary_email", "notes_count"], &["email", "other_email", "notes"]);
        assert_eq!(number(&p, "secondary on one side", 0, 0), 1.0);
        assert_eq!(number(&p, "secondary on one side", 0, 1), 0.0);
        assert_eq!(number(&p, "counted on one side", 1, 2), 1.0);
        assert_eq!(number(&p, "counted on one side", 0, 0), 0.0);
    }

    #[test]
    fn fields_of_one_beginning_stand_together() {
        let flat = ["id", "name", "email", "billing_city", "billing_zip", "billing_street", "owner", "phone"];
        let p = pairs(&flat, &["id"]);
        let group = |i: usize| p.source[i].group;
        assert!(group(3) == group(4) && group(4) == group(5) && group(3) != group(0) && group(0) == group(7));
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
