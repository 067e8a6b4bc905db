//! Both sides' words, counted once: a word that many fields share tells little.

use std::collections::{BTreeMap, BTreeSet};

use super::field::{Field, Side};
use super::roles::{Class, audit, class, identity, own_id};
use super::shapes::{MOST_VALUES, plain, range, shape, trigrams, weigh};
use super::words::{Entry, Vocabulary, alike};
use crate::model::TypeSet;

/// A field, taken apart. Lists of numbers are sorted; words are numbers of [`Vocabularies`].
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) flat: String,
    pub(super) name: Vec<u32>,
    /// The name without the record's own name; where a wrapper or a word as common as `id`, with what is above it.
    pub(super) core: Vec<u32>,
    pub(super) above: Vec<u32>,
    pub(super) path: Vec<u32>,
    /// The last key that is no wrapper.
    pub(super) key: Vec<u32>,
    pub(super) texts: Vec<String>,
    pub(super) initials: String,
    pub(super) trigrams: Vec<u32>,
    pub(super) path_trigrams: Vec<u32>,
    pub(super) numbers: Vec<String>,
    /// When the record was made or changed, and no more.
    pub(super) audit: bool,
    /// The last number in the path; 0 where there is none.
    pub(super) number: f32,
    /// Sets of excluding words and the members named, as bits.
    pub(super) excludes: Vec<(u16, u16)>,
    /// 0 no id, 1 the record's own, 2 another record's, 3 the id elsewhere.
    pub(super) identity: f32,
    pub(super) named: Vec<(u32, f32)>,
    pub(super) described: Vec<(u32, f32)>,
    pub(super) told: Vec<(u32, f32)>,
    pub(super) values: Vec<u32>,
    pub(super) value_words: Vec<(u32, f32)>,
    pub(super) range: Option<(f32, f32)>,
    /// Parts of digits, letters, others; and length.
    pub(super) shape: [f32; 4],
    pub(super) types: TypeSet,
    pub(super) format: Option<String>,
    pub(super) class: Class,
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) depth: usize,
    pub(super) lists: usize,
    /// 0 the first field, 1 the last.
    pub(super) position: f32,
    /// How many fields of the side have the same core.
    pub(super) twins: f32,
    /// Which fields stand beside it: those with the same number.
    pub(super) group: usize,
}

/// The words of names on both sides, and how alike they are.
pub(super) struct Vocabularies {
    rarity: [Vec<f32>; 2],
    alike: Vec<f32>,
    targets: usize,
}

impl Vocabularies {
    pub(super) fn alike(&self, s: u32, t: u32) -> f32 {
        self.alike.get(s as usize * self.targets + t as usize).copied().unwrap_or(0.0)
    }

    pub(super) fn rarity_source(&self, word: u32) -> f32 {
        self.rarity[0].get(word as usize).copied().unwrap_or(1.0)
    }

    pub(super) fn rarity_target(&self, word: u32) -> f32 {
        self.rarity[1].get(word as usize).copied().unwrap_or(1.0)
    }

    pub(super) fn prepare(source: &Side, target: &Side) -> (Self, Vec<Prepared>, Vec<Prepared>) {
        let mut shared = Shared::default();
        let (mut s, mut t) = (Words::default(), Words::default());
        let mut from = take_apart(source, &mut s, &mut shared);
        let mut to = take_apart(target, &mut t, &mut shared);
        // Descriptions are weighed by how many fields of both sides have a word.
        let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
        for field in from.iter().chain(&to) {
            for (word, _) in &field.told {
                *seen.entry(*word).or_default() += 1;
            }
        }
        let fields = (from.len() + to.len()) as f32;
        let rare = |w: u32| (1.0 + fields / seen.get(&w).copied().unwrap_or(1) as f32).ln();
        for field in from.iter_mut().chain(&mut to) {
            for list in [&mut field.named, &mut field.described, &mut field.told] {
                weigh(list, rare);
            }
            weigh(&mut field.value_words, |_| 1.0);
        }
        let vocabulary = Vocabulary::get();
        let known =
            |words: &Words| -> Vec<Option<&'static Entry>> { words.list.iter().map(|w| vocabulary.entry(w)).collect() };
        let (ks, kt) = (known(&s), known(&t));
        let mut table = Vec::with_capacity(s.list.len() * t.list.len());
        for (a, x) in s.list.iter().zip(&ks) {
            for (b, y) in t.list.iter().zip(&kt) {
                table.push(if a == b { 1.0 } else { alike((a, *x), (b, *y)) });
            }
        }
        let words = Self { rarity: [s.rarity(from.len()), t.rarity(to.len())], alike: table, targets: t.list.len() };
        (words, from, to)
    }
}

/// Numbers for words, values and meanings that both sides share.
#[derive(Default)]
struct Shared(BTreeMap<String, u32>);

impl Shared {
    fn number(&mut self, text: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        if let Some(n) = self.0.get(text) { *n } else { *self.0.entry(text.to_owned()).or_insert(next) }
    }

    /// The number of a word's meaning.
    fn meaning(&mut self, word: &str) -> u32 {
        match Vocabulary::get().entry(word).and_then(|e| e.same.first()) {
            Some(line) => self.number(&format!("\u{1}{line}")),
            None => self.number(word),
        }
    }
}

#[derive(Default)]
struct Words {
    numbers: BTreeMap<String, u32>,
    list: Vec<String>,
    fields: Vec<u32>,
}

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(n) = self.numbers.get(word) {
            return *n;
        }
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), next);
        self.list.push(word.to_owned());
        self.fields.push(0);
        next
    }

    fn all(&mut self, words: &[String]) -> Vec<u32> {
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            let n = self.number(word);
            if !out.contains(&n) {
                out.push(n);
            }
        }
        out
    }

    fn rarity(&self, fields: usize) -> Vec<f32> {
        const WEAK: [&str; 8] = ["the", "of", "a", "an", "is", "has", "by", "in"];
        let n = fields.max(1) as f32;
        let top = (1.0 + n).ln();
        let of = |(word, count): (&String, &u32)| {
            let rare = (1.0 + n / (*count).max(1) as f32).ln() / top;
            let wrapper = Vocabulary::get().entry(word).is_some_and(|e| e.wrapper);
            if WEAK.contains(&word.as_str()) {
                0.15 * rare
            } else if wrapper {
                0.4 * rare
            } else {
                rare
            }
        };
        self.list.iter().zip(&self.fields).map(of).collect()
    }
}

/// Most words of one key, and most keys of one path, the innermost: what is longer was not named by people.
const MOST_WORDS: usize = 10;
const MOST_KEYS: usize = 6;
/// Longest description that is read, in bytes; what a field is stands at its beginning.
const MOST_TEXT: usize = 600;
const STOP: [&str; 40] = [
    "the", "of", "a", "an", "and", "or", "to", "in", "for", "is", "this", "that", "with", "be", "by", "as", "it",
    "are", "if", "on", "at", "from", "was", "which", "will", "can", "has", "have", "not", "when", "used", "use", "its",
    "their", "may", "you", "your", "any", "all", "field",
];

fn take_apart(side: &Side, words: &mut Words, shared: &mut Shared) -> Vec<Prepared> {
    let vocabulary = Vocabulary::get();
    let system = side.system.split(['_', '-', '.', ' ']).next().unwrap_or_default().to_lowercase();
    let mut entity: Vec<String> =
        side.entity.rsplit(['.', '/']).next().map(|e| vocabulary.words_of(e)).unwrap_or_default();
    if system.len() > 2 {
        entity.push(system);
    }
    let count = side.fields.len().max(2) as f32 - 1.0;
    let mut groups: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut out: Vec<Prepared> = Vec::with_capacity(side.fields.len());
    for (i, field) in side.fields.iter().enumerate() {
        let next = groups.len();
        let above_keys: Vec<String> = field.keys.iter().take(field.keys.len().saturating_sub(1)).cloned().collect();
        let group = *groups.entry(above_keys).or_insert(next);
        let mut one = prepared(field, &entity, words, shared);
        one.position = i as f32 / count;
        one.group = group;
        for n in &one.path {
            if let Some(seen) = words.fields.get_mut(*n as usize) {
                *seen += 1;
            }
        }
        out.push(one);
    }
    let mut cores: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    let sorted = |c: &[u32]| {
        let mut c = c.to_vec();
        c.sort_unstable();
        c
    };
    for one in &out {
        *cores.entry(sorted(&one.core)).or_default() += 1;
    }
    own_id(&mut out, &entity);
    for one in &mut out {
        one.twins = cores.get(&sorted(&one.core)).copied().unwrap_or(1) as f32;
    }
    out
}

fn prepared(field: &Field, entity: &[String], words: &mut Words, shared: &mut Shared) -> Prepared {
    let vocabulary = Vocabulary::get();
    let words_of = |key: &String| vocabulary.words_of(key).into_iter().take(MOST_WORDS).collect();
    let from = field.keys.len().saturating_sub(MOST_KEYS);
    let keys: Vec<Vec<String>> = field.keys.iter().skip(from).map(words_of).collect();
    let leaf = keys.last().cloned().unwrap_or_default();
    let wrapper = |w: &String| vocabulary.entry(w).is_some_and(|e| e.wrapper);
    let without = |key: &[String]| -> Vec<String> {
        let rest: Vec<String> = key.iter().filter(|w| !entity.contains(w)).cloned().collect();
        if rest.is_empty() { key.to_vec() } else { rest }
    };
    let telling: Vec<&Vec<String>> = keys.iter().filter(|k| !k.iter().all(wrapper)).collect();
    let mut key = telling.last().map_or_else(|| leaf.clone(), |k| (*k).clone());
    // `_ownerid_value` is the owner's id.
    while key.len() > 2 && key.last().is_some_and(wrapper) {
        key.pop();
    }
    let mut core = without(&key);
    const BARE: [&str; 14] = [
        "id", "name", "type", "code", "number", "amount", "label", "url", "status", "date", "title", "email", "unit",
        "count",
    ];
    if core.len() == 1
        && core.iter().all(|w| BARE.contains(&w.as_str()))
        && telling.len() > 1
        && let Some(before) = telling.get(telling.len() - 2)
    {
        let mut with: Vec<String> = before.iter().filter(|w| !entity.contains(w)).cloned().collect();
        with.extend(core);
        core = with;
    }
    let above: Vec<String> =
        keys.iter().take(keys.len().saturating_sub(1)).flatten().filter(|w| !wrapper(w)).cloned().collect();
    let path: Vec<String> = keys.iter().flatten().cloned().collect();
    let flat: String =
        field.leaf().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(60).collect();
    let joined: String = field
        .keys
        .iter()
        .flat_map(|k| k.chars())
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(120)
        .collect();
    let audit = field.keys.len() == 1 && audit(&core);
    let numbers: Vec<String> = path.iter().filter(|w| w.bytes().all(|b| b.is_ascii_digit())).cloned().collect();
    let mut excludes: BTreeMap<u16, u16> = BTreeMap::new();
    for (set, place) in core.iter().filter_map(|w| vocabulary.entry(w)).flat_map(|e| &e.excludes) {
        *excludes.entry(*set).or_default() |= 1 << place.min(&15);
    }
    let end = field
        .description
        .char_indices()
        .map(|(i, c)| i + c.len_utf8())
        .take_while(|i| *i <= MOST_TEXT)
        .last()
        .unwrap_or(0);
    let text = field.description.get(..end).unwrap_or_default();
    let mut described = Vec::new();
    if !text.is_empty() {
        for word in vocabulary.words_of(text).iter().filter(|w| w.len() > 1 && !STOP.contains(&w.as_str())) {
            described.push((shared.meaning(word), 1.0));
        }
    }
    let named: Vec<(u32, f32)> = core.iter().map(|w| (shared.meaning(w), 1.0)).collect();
    let mut told = described.clone();
    told.extend(named.iter().map(|(w, _)| (*w, 2.0)));
    let values: BTreeSet<u32> =
        field.values.iter().take(MOST_VALUES).map(|v| shared.number(&format!("\u{2}{}", plain(v)))).collect();
    let mut value_words = Vec::new();
    for value in field.values.iter().take(MOST_VALUES).filter(|v| v.bytes().any(|b| b.is_ascii_alphabetic())) {
        for word in vocabulary.words_of(value).iter().filter(|w| !STOP.contains(&w.as_str())).take(12) {
            value_words.push((shared.meaning(word), 1.0));
        }
    }
    let format = field.format.as_ref().map(|f| f.to_lowercase());
    let class = class(field, &core, &leaf);
    let identity = identity(field, entity, &core, &key);
    Prepared {
        trigrams: trigrams(&flat),
        path_trigrams: trigrams(&joined),
        flat,
        initials: if core.len() > 1 { core.iter().filter_map(|w| w.chars().next()).collect() } else { String::new() },
        name: words.all(&leaf),
        core: words.all(&core),
        above: words.all(&above),
        path: words.all(&path),
        key: words.all(&key),
        texts: core,
        audit,
        number: numbers.last().and_then(|n| n.parse().ok()).map_or(0.0, |n: f32| n.min(10.0)),
        numbers,
        excludes: excludes.into_iter().collect(),
        identity,
        named,
        described,
        told,
        values: values.into_iter().collect(),
        range: range(&field.values),
        shape: shape(&field.values),
        value_words,
        types: field.types,
        format,
        class,
        required: field.required,
        nullable: field.nullable,
        depth: field.keys.len().saturating_sub(1),
        lists: field.lists,
        position: 0.0,
        twins: 1.0,
        group: 0,
    }
}
